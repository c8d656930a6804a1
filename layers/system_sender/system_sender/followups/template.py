"""Fills in a step's text, in a sandbox: a value that is not known blocks the step. Pure."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import TemplateError
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_LONGEST_RESULT = 20_000


class TemplateWrong(Exception):
    """The template cannot be used, whatever it is filled with; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The values that the text uses and that are not known, by name."""

    names: tuple[str, ...]


def check_template(text: str) -> None:
    """Refuse a template that no values could make a text of.

    Raises:
        TemplateWrong: it is malformed.
    """
    try:
        _environment().parse(text)
    except TemplateError as error:
        raise TemplateWrong(f"the template is malformed in line {_line(error)}") from None


def fill_in(text: str, values: Mapping[str, str | None], *, seed: str) -> str | Missing:
    """Return the text with its values, or the names of those that are missing or empty.

    `variant("Hi", "Hello")` gives one of its texts: always the same for the same seed.

    Args:
        seed: what the choice of variants depends on; the same for each try of a step.

    Raises:
        TemplateWrong: it cannot be filled in.
    """
    missing: list[str] = []

    class Unknown(Undefined):
        """A value that is not known. Whatever a template does with it is written down."""

        def _note(self) -> str:
            missing.append(str(self._undefined_name))
            return ""

        __str__ = _note

        def __bool__(self) -> bool:
            self._note()
            return False

    known = {name: value for name, value in values.items() if value and value.strip()}
    try:
        template = _environment(Unknown).from_string(text)
        result = template.render(known, variant=_Variants(seed))
    except TemplateError:
        raise TemplateWrong("the template cannot be filled in") from None
    except (TypeError, ValueError, OverflowError, ArithmeticError, RecursionError):
        raise TemplateWrong("the template calculates with what cannot be calculated with") from None
    if missing:
        return Missing(tuple(dict.fromkeys(missing)))
    if len(result) > _LONGEST_RESULT:
        raise TemplateWrong(f"the text has more than {_LONGEST_RESULT} characters")
    return result


class _Variants:
    """Chooses among texts, the next choice of a template differently from the one before."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, *texts: str) -> str:
        if not texts:
            raise TemplateWrong("a variant needs at least one text")
        self._count += 1
        number = zlib.crc32(f"{self._seed}#{self._count}".encode())
        return str(texts[number % len(texts)])


def _environment(undefined: type[Undefined] = Undefined) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=False, trim_blocks=True, lstrip_blocks=True, undefined=undefined
    )
    # Nothing that makes much out of little: a template is a text with values.
    for name in ("range", "lipsum", "cycler", "joiner", "namespace", "dict"):
        del environment.globals[name]
    for name in ("center", "indent", "xmlattr", "pprint", "attr", "map", "batch", "slice"):
        del environment.filters[name]
    return environment


def _line(error: TemplateError) -> int:
    return int(getattr(error, "lineno", 1) or 1)
