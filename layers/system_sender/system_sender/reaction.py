"""Recognises a reaction to a message of ours, which a telephone sends as a text. Pure.

It quotes what it reacts to: Liked “Reply STOP to opt out” is no word of the person's own.
"""

import re

# Apple's words, and those of Google's Messages, which puts the sign itself in front.
_REACTION = re.compile(
    r"\s*(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|"
    r"reacted [^\n\"“]{1,40} to|removed an? [^\n\"“]{1,40} from|[^\w\n]{1,12}to) ?"
    r"[\"“].*[\"”]\s*",
    re.IGNORECASE | re.DOTALL,
)


def is_reaction(text: str) -> bool:
    """Say whether a text is nothing but a reaction, with the quoted message in it."""
    return _REACTION.fullmatch(text) is not None
