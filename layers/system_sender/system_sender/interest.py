"""Recognises a text that surely says whether its sender is interested. Pure.

Whatever could be a matter of time, of something else or of somebody else is neither.
"""

import re

from system_sender.wording import LONGEST, clauses, plain

_AROUND = (
    r"(?:thanks|thank you|thx|hi|hello|hey|sorry|yes|yeah|no|ok|okay|we are|we re|i am|i m|im|"
    r"really|currently|very|definitely|please|unfortunately|just)"
)
_WHEN_OR_WHAT = (
    r"(?: (?:at all|at this time|at the moment|right now|anymore|any more|sorry|thanks|thank you|"
    r"in (?:this|that|it|your (?:offer|service|services|product|company))))*"
)
_NOT_INTERESTED = re.compile(
    rf"(?:{_AROUND} )*(?:(?:not|no longer|not at all) (?:really )?interested|no interest)"
    rf"{_WHEN_OR_WHAT}"
)
_INTERESTED = re.compile(rf"(?:{_AROUND} )*interested(?: (?:thanks|thank you|please|in this))*")
_UNSURE = re.compile(
    r"\b(?:but|however|unless|until|if|why|yet|maybe|later|next|again|instead|try|check|follow|"
    r"contact|reach|may be|might|someone|colleague|who)\b"
)


def is_not_interested(text: str) -> bool:
    """Say whether a text declines, and says nothing that would open the matter again."""
    if len(text) > LONGEST or "?" in text:
        return False
    declines = any(_NOT_INTERESTED.fullmatch(clause) for clause in clauses(text))
    return declines and _UNSURE.search(plain(text)) is None


def is_interested(text: str) -> bool:
    """Say whether a text says that its sender is interested, and nothing else."""
    if len(text) > LONGEST or "?" in text:
        return False
    said = plain(text)
    return not said.startswith("no ") and _INTERESTED.fullmatch(said) is not None
