"""Recognises by its text what a machine wrote in somebody's place. Pure.

A note stands at the beginning of a text. What a machine is not known to have written counts only
if it also says what people do not: a person may well write "I'm out of the office, call me Monday".
"""

from collections.abc import Iterable

from system_sender import away_phrases as phrases
from system_sender.wording import plain

# Where such a note has said what it is.
_BEGINNING = 600


def says_away(text: str) -> bool:
    """Say whether a machine's text tells that somebody is away."""
    return _has(_beginning(text), phrases.AWAY)


def is_away_note(text: str) -> bool:
    """Say whether a text of unknown origin is surely an out-of-office note."""
    said = _beginning(text)
    if not _has(said, phrases.AWAY):
        return False
    asks = any(mark in text for mark in "?\uff1f\u061f")
    return _has(said, phrases.MACHINES) or (not asks and _has(said, phrases.PROMISES))


def is_machines_note(text: str) -> bool:
    """Say whether a text of unknown origin says of itself that a machine wrote it."""
    return _has(_beginning(text), phrases.MACHINES)


def _beginning(text: str) -> str:
    return f" {plain(text[:_BEGINNING])} "


def _has(said: str, listed: Iterable[str]) -> bool:
    return any(f" {phrase} " in said for phrase in listed)
