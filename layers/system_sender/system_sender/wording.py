"""Texts as they are compared with phrases: without case, width and punctuation. Pure."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, partial

# Nobody says in more than this what they want; the rest of a long text is not looked at.
LONGEST = 2_000

_CLAUSE_ENDS = re.compile(r"[.,;:!?\n\r()\u2013\u2014]+|\s-+\s")
_NO_LETTERS = re.compile(r"[^\w]+|_")
_E_MAIL = re.compile(r"\be mail")
_STROKE = re.compile(r"(?<=[^\W\d_]) ?/ ?(?=[^\W\d_])")


def pattern(phrases: str, flags: int = 0) -> Callable[[], re.Pattern[str]]:
    """Return what compiles a long regular expression when it is first asked for, and keeps it.

    Compiling all of them while a function starts would be a tenth of its cold start.
    """
    return cache(partial(re.compile, phrases, flags))


def plain(text: str) -> str:
    """Fold case and width, and turn everything but letters and digits into single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    seen = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return _E_MAIL.sub("email", " ".join(_NO_LETTERS.sub(" ", seen).split()))


def clauses(text: str) -> list[str]:
    """Return what stands between the punctuation of a text, each part as :func:`plain` has it."""
    parts = _CLAUSE_ENDS.split(unicodedata.normalize("NFKC", text))
    return [clause for part in parts if (clause := plain(part))]


def with_or(text: str) -> str:
    """Write out the stroke between two words: "call/text" is "call or text"."""
    return _STROKE.sub(" or ", text)
