"""Fills in a step's text: a value that is not known blocks the step. Pure.

Jinja's sandbox fills in. Before that, what a template may consist of is checked: a template is a
text with values, choices among texts, and conditions. There are no loops, no attributes and no
calculation, so nothing makes much out of little or reaches anything but the values.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_RESULT = 20_000
_DEEPEST = 25
_VARIANT = "variant"
# Names that mean something of their own to the engine.
_NO_VALUES = frozenset({_VARIANT, "self", "caller", "varargs", "kwargs"})
_FILTERS = frozenset({"capitalize", "lower", "title", "trim", "upper"})
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Call,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
)


class TemplateWrong(Exception):
    """The template cannot be used, whatever it is filled with; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The values that the text uses and that are not known, by name."""

    names: tuple[str, ...]


def check_template(text: str) -> None:
    """Refuse a template that no values could make a text of.

    Raises:
        TemplateWrong: it is malformed, or does more than a template may.
    """
    _parse(_environment(), text)


def fill_in(text: str, values: Mapping[str, str | None], *, seed: str) -> str | Missing:
    """Return the text with its values, or the names of those that are missing or empty.

    Every value that the template names must be known, whichever way its choices and conditions go:
    then a step is blocked for good reason before anybody is written to, and not by chance.
    `variant("Hi", "Hello")` gives one of its texts: always the same for the same seed.

    Args:
        seed: what the choice of variants depends on; the same for each try of a step.

    Raises:
        TemplateWrong: it cannot be filled in.
    """
    environment = _environment()
    tree = _parse(environment, text)
    known = {name: value for name, value in values.items() if value and value.strip()}
    named = find_undeclared_variables(tree) - {_VARIANT}
    missing = sorted(named - known.keys())
    if missing:
        return Missing(tuple(missing))
    try:
        result = environment.from_string(tree).render({**known, _VARIANT: _Variants(seed)})
    except (TemplateError, TypeError, SyntaxError):
        raise TemplateWrong("the template cannot be filled in") from None
    if not result.strip():
        raise TemplateWrong("nothing is left of the text once it is filled in")
    if len(result) > LONGEST_RESULT:
        raise TemplateWrong(f"the text has more than {LONGEST_RESULT} characters")
    return result


class _Variants:
    """Chooses among texts; each choice of a template is made apart from those before it."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, *texts: str) -> str:
        self._count += 1
        digest = hashlib.sha256(f"{self._seed}#{self._count}".encode()).digest()
        return texts[int.from_bytes(digest[:8], "big") % len(texts)]


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(autoescape=False, trim_blocks=True, lstrip_blocks=True)


def _parse(environment: ImmutableSandboxedEnvironment, text: str) -> nodes.Template:
    try:
        tree = environment.parse(text)
        _check(tree, 0)
    except TemplateError as error:
        line = int(getattr(error, "lineno", 1) or 1)
        raise TemplateWrong(f"the template is malformed in line {line}") from None
    except RecursionError:
        raise TemplateWrong("the template is nested too deeply") from None
    return tree


def _check(node: nodes.Node, depth: int) -> None:
    if depth > _DEEPEST:
        raise TemplateWrong("the template is nested too deeply")
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__.lower()
        raise TemplateWrong(f"a template may not use '{kind}', as in line {node.lineno}")
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        raise TemplateWrong(f"a template may only use the filters {', '.join(sorted(_FILTERS))}")
    if isinstance(node, nodes.Call):
        _check_call(node)
    elif isinstance(node, nodes.Const) and not isinstance(node.value, str):
        # Who writes {{ none }} means a value of that name.
        raise TemplateWrong(f"only texts and values can be used in line {node.lineno}")
    elif isinstance(node, nodes.Name) and node.name in _NO_VALUES:
        raise TemplateWrong(f"'{node.name}' is used like a value in line {node.lineno}")
    for child in _children(node):
        _check(child, depth + 1)


def _check_call(call: nodes.Call) -> None:
    named = isinstance(call.node, nodes.Name) and call.node.name == _VARIANT
    plain = not (call.kwargs or call.dyn_args or call.dyn_kwargs)
    if not (named and plain and call.args):
        raise TemplateWrong(f"only {_VARIANT}('one', 'another') can be called")


def _children(node: nodes.Node) -> list[nodes.Node]:
    """Return what a node consists of, but for the name of what it calls."""
    skipped = ["node"] if isinstance(node, nodes.Call) else []
    return list(node.iter_child_nodes(exclude=skipped))
