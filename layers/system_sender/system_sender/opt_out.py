"""Recognises a text that asks not to be written to again. Pure."""

import re
import unicodedata

# The words carriers and regulators name. "end" and "quit" and "cancel" opt out only when they are
# the whole message: "cancel Tuesday" is about Tuesday.
_WORDS = frozenset(
    {
        "stop",
        "stopall",
        "stop all",
        "quit",
        "end",
        "revoke",
        "cancel",
        "unsubscribe",
        "optout",
        "opt out",
    }
)
# What politeness puts around such a word without changing it.
_PADDING = r"(?:please|pls|plz|now|thanks|thank you|thx|ok|okay|no|hi|hello|hey|just|sorry|sir|it)"
_POLITE = re.compile(rf"^(?:{_PADDING} )*(?P<word>.+?)(?: {_PADDING})*$")

_PHRASES = re.compile(
    r"\b(?:"
    r"unsubscribe|opt(?:ing|ed)? ?(?:me )?out|stopall|"
    r"stop (?:text|texting|messaging|message|messages|contacting|emailing|calling|sending|writing|"
    r"spamming|bothering|harassing)|"
    r"(?:please )?stop (?:this|these|all|your) (?:texts?|messages?|sms|spam)|"
    r"(?:do not|don t|dont|never) (?:ever )?(?:text|message|contact|call|email|write|sms)(?: to)? "
    r"(?:me|us|this|again|anymore)|"
    r"(?:remove|delete|take) (?:me|my number|this number|us)\b(?: (?:from|off))?|"
    r"(?:no more|stop with the) (?:texts?|messages?|sms)|"
    r"(?:i )?revoke (?:my )?(?:consent|permission)|"
    r"leave me alone|lose my number"
    r")\b"
)


def is_opt_out(text: str) -> bool:
    """Say whether the sender of this text asks not to be written to again.

    A word of refusal counts alone or with nothing but politeness around it ("STOP PLEASE"), a
    phrase counts anywhere ("please stop texting me"). "Stop by at 3" is neither.
    """
    plain = _plain(text)
    if not plain:
        return False
    polite = _POLITE.match(plain)
    alone = polite["word"] if polite else plain
    return plain in _WORDS or alone in _WORDS or bool(_PHRASES.search(plain))


def _plain(text: str) -> str:
    """Fold case and width, and turn everything but letters and digits into single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w]+|_", " ", folded).split())
