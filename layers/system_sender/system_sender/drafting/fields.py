"""Checks the fields of a model's answer, which is believed in nothing, not in its types. Pure."""

import unicodedata
from collections.abc import Collection, Mapping
from typing import Any


class Unusable(Exception):
    """A model's answer cannot be used. Nothing of the answer is in the text."""


def check_names(answer: Mapping[str, Any], names: Collection[str]) -> None:
    """Require exactly these fields: who adds others did not understand the question.

    Raises:
        Unusable: one is missing, or there is another.
    """
    if set(answer) != set(names):
        raise Unusable("The answer has other fields than were asked for.")


def text(answer: Mapping[str, Any], name: str, *, longest: int) -> str:
    """Return a field that must be text, without white space around it.

    Raises:
        Unusable: it is none, is longer, or has characters that no message has.
    """
    value = answer[name]
    if not isinstance(value, str) or len(value) > longest:
        raise Unusable(f"{name} is no text of at most {longest} characters.")
    if any(
        unicodedata.category(letter) in ("Cc", "Cs") for letter in value if letter not in "\n\r\t"
    ):
        raise Unusable(f"{name} has control characters.")
    return value.strip()


def flag(answer: Mapping[str, Any], name: str) -> bool:
    """Return a field that must be true or false.

    Raises:
        Unusable: it is neither; a word or a number that means it is not enough.
    """
    value = answer[name]
    if not isinstance(value, bool):
        raise Unusable(f"{name} is neither true nor false.")
    return value


def share(answer: Mapping[str, Any], name: str) -> float:
    """Return a field that must be a number from 0 to 1.

    One beyond is not clamped: whoever says 60 may mean 60 in a hundred.

    Raises:
        Unusable: it is no such number.
    """
    value = answer[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(f"{name} is no number.")
    if not 0 <= value <= 1:
        raise Unusable(f"{name} is not between 0 and 1.")
    return float(value)
