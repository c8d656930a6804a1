"""Recognises a message that speaks to the machine instead of the agency. Pure.

It is the first net, not the only one: what gets through meets rules that no text can move.
"""

import re
import unicodedata

from system_sender.drafting.injection_phrases import TO_THE_MACHINE
from system_sender.wording import pattern, plain

# What a lead says to people does not run longer; an injection may hide anywhere in it.
_LONGEST = 50_000

# What gives texts a role in a conversation with a model, or an answer its fields.
_MARKERS = pattern(
    r"^[ \t]{0,20}(?:system|assistant|developer|user|human)[ \t]{0,3}:|"
    r"<\|[^|<>]{1,40}\|>|\[/?(?:inst|system|sys)\]|<</?sys>>|"
    r"^[ \t]{0,20}#{2,6}[ \t]{0,3}(?:system|instructions?|assistant|response|user|new)\b|"
    r"</?[ \t]{0,3}(?:system|assistant|instructions?|prompt|user|human|message|conversation|data|"
    r"tool\w*|function\w*)\b[^<>]{0,60}>|"
    r"\b(?:safe_to_send|needs_review|latest_message|reply_to_judge|agency_notes|allowed_links)\b|"
    r"[\"'](?:confidence|role|content|text|sentiment|reason)[\"']\s{0,3}:",
    re.IGNORECASE | re.MULTILINE,
)
_URL = re.compile(r"\S{0,40}://\S+|\bwww\.\S+")
# Nobody writes words of this length; what is so long is meant for a decoder.
_BLOB = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{48,}")
_HEXADECIMAL = re.compile(r"\b(?:[0-9a-fA-F]{2}[\s:]?){32,}")
# Letters that nobody sees: the flag of a country in an emoji has a handful.
_MOST_TAGS = 7


def speaks_to_machine(text: str) -> bool:
    """Say whether a message gives orders to a model, or carries what only a machine would read."""
    text = text[:_LONGEST]
    if sum(0xE0000 <= ord(letter) <= 0xE007F for letter in text) > _MOST_TAGS:
        return True
    folded = unicodedata.normalize("NFKC", text)
    seen = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    if _MARKERS().search(seen) or TO_THE_MACHINE().search(plain(text)):
        return True
    words = _URL.sub(" ", seen)
    if _HEXADECIMAL.search(words):
        return True
    return any(_is_encoded(blob.group()) for blob in _BLOB.finditer(words))


def _is_encoded(blob: str) -> bool:
    """Say whether a long word is none: small and capital letters and digits, mixed."""
    kinds = (str.islower, str.isupper, str.isdigit)
    return sum(any(kind(letter) for letter in blob) for kind in kinds) >= 2
