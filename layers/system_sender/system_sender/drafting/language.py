"""Tells whether a text is in another language than a conversation, where that can be told. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

# Below this many letters nobody can tell one Latin language from another.
_LEAST_LETTERS = 18
# A name in another script is no other language; a whole short word is.
_LEAST_OF_SCRIPT = 2
_LEAST_LATIN = 6
# How far a language must be behind another to be told from it: neighbours are closer.
_CLOSE = 0.8

_LATIN = "LATIN"
# Japanese mixes three, and Chinese is one of them.
_SAME_SCRIPT = {"HIRAGANA": "CJK", "KATAKANA": "CJK"}


def is_in_another_language(text: str, conversation: Sequence[str]) -> bool:
    """Say whether a text is certainly in another language than what was said.

    Args:
        conversation: what was said, the latest last. Only as much of it counts as is needed to
            tell its language.
    """
    said = _enough_of(conversation)
    ours, theirs = script_of(text), script_of(said)
    if ours is None or theirs is None:
        return False
    if ours != theirs:
        return True
    if min(_letters(text), _letters(said)) < _LEAST_LETTERS:
        return False
    return _differ(text, said)


def script_of(text: str) -> str | None:
    """Return the script that most letters of a text are of; None where there are too few."""
    counts = Counter(_script(letter) for letter in text if letter.isalpha())
    if not counts:
        return None
    script, count = counts.most_common(1)[0]
    return script if count >= (_LEAST_LATIN if script == _LATIN else _LEAST_OF_SCRIPT) else None


def _enough_of(conversation: Sequence[str]) -> str:
    """Return the latest of what was said, and what was said before while it is too little."""
    said = ""
    for text in reversed(conversation):
        said = f"{text} {said}"
        if _letters(said) >= _LEAST_LETTERS:
            break
    return said


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


@cache
def _script(letter: str) -> str:
    first = unicodedata.name(letter, "UNKNOWN").split(" ")[0].split("-")[0]
    return _SAME_SCRIPT.get(first, first)


def _differ(text: str, said: str) -> bool:
    ours, theirs = _scores(text), _scores(said)
    if not ours or not theirs:
        return False
    our_best, their_best = max(ours, key=ours.__getitem__), max(theirs, key=theirs.__getitem__)
    if our_best == their_best:
        return False
    # Either is so unlike the other's language that it cannot be taken for it.
    return (
        ours.get(their_best, 0.0) < _CLOSE * ours[our_best]
        and theirs.get(our_best, 0.0) < _CLOSE * theirs[their_best]
    )


def _scores(text: str) -> dict[str, float]:
    """Return how much a text is like each language; nothing where the detector is unsure."""
    result: Any = _detector().detect(text)
    return dict(result.scores()) if result.is_reliable() else {}


@cache
def _detector() -> Any:
    # Imported here because its tables take a fifth of a second, which few texts need.
    from eld import LanguageDetector

    return LanguageDetector()
