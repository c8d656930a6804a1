"""Recognises a text that asks to be called. Pure."""

import re

from system_sender import call_phrases as phrases
from system_sender.wording import LONGEST, clauses, pattern, with_or

_ASKED = pattern(rf"\b(?:{phrases.ASKED})")
_ORDERED = pattern(phrases.ORDERED)
_REFUSED = pattern(phrases.REFUSED)
_TOLD = pattern(phrases.TOLD)


def wants_call(text: str) -> bool:
    """Say whether the sender of this text asks us to call.

    "I'll call you", "don't call me" and "they call me Sam" ask for nothing.

    Args:
        text: without quoted history and signature.
    """
    # The brackets are those of "(555) 010-0001".
    said = re.sub(r"[()]", " ", with_or(text[:LONGEST]))
    return any(_asks(clause) for clause in clauses(said))


def _asks(clause: str) -> bool:
    asked = any(_is_meant(clause[: found.start()]) for found in _ASKED().finditer(clause))
    return asked or _ORDERED().match(clause) is not None


def _is_meant(before: str) -> bool:
    """Say whether what stands before a wish for a call leaves it one."""
    return not (_REFUSED().search(before) or _TOLD().search(before))
