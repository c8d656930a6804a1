"""Recognises by its subject an e-mail that a machine wrote. Pure.

For providers that do not say so themselves. Mail programs put the words at the start of the
subject; a person's answer has "Re:" there.
"""

import re
import unicodedata
from collections.abc import Iterable

# What a subject begins with, in lower case, when a machine answers because somebody is away,
_AWAY = (
    *("out of office", "out of the office", "ooo", "away from office"),
    *("abwesenheitsnotiz", "abwesenheit", "absence du bureau", "absent du bureau"),
    *("message d'absence", "fuera de la oficina", "ausente de la oficina", "ausência temporária"),
    *("fora do escritório", "fuori sede", "fuori ufficio", "assenza dall'ufficio"),
    *("afwezig", "afwezigheid", "afwezigheidsbericht", "frånvaro", "frånvaromeddelande"),
    *("fravær", "fraværsmelding", "ikke på kontoret", "nieobecność", "poza biurem"),
    *("нет на месте", "отсутствие на рабочем месте"),
)
# when it answers for another reason, or does not say which,
_ANSWERS = (
    *("automatic reply", "auto-reply", "auto reply", "autoreply", "automatic response"),
    *("automatische antwort", "réponse automatique", "respuesta automática"),
    *("resposta automática", "risposta automatica", "automatisch antwoord"),
    *("automatiskt svar", "automatisk svar", "autosvar", "odpowiedź automatyczna"),
    *("automatyczna odpowiedź", "автоответ"),
)
# and when a mail server tells that something did not arrive.
_NOTICES = (
    *("undeliverable", "undelivered mail returned to sender", "undelivered mail", "unzustellbar"),
    *("delivery status notification", "mail delivery failed", "mail delivery failure"),
    *("delivery failure", "returned mail", "failure notice", "mail delivery subsystem"),
)
# RFC 5230: what an answer made by a Sieve script has before the subject it answers.
_SIEVE = "auto:"
# What such words are followed by. "Out of office furniture" is about furniture.
_AFTER = re.compile(
    r"\s*(?:$|[^\w\s]|re\s*:|fwd?\s*:|aw\s*:)|"
    r"\s+(?:until|till|from|to|through|on|since|today|bis|vom|ab)\b"
)
_LONGEST = 500


def is_automatic(subject: str | None) -> bool:
    """Say whether a subject is a machine's: an auto-reply's, or a mail server's notice."""
    folded = _folded(subject)
    return folded.startswith(_SIEVE) or _behind(folded, (*_AWAY, *_ANSWERS, *_NOTICES)) is not None


def is_away(subject: str | None) -> bool:
    """Say whether a machine's subject tells that the person is away."""
    folded = _folded(subject).removeprefix(_SIEVE).lstrip()
    # Some programs write "Automatic reply: Out of office: Intro".
    answering = _behind(folded, _ANSWERS)
    folded = folded if answering is None else answering.lstrip(" :-\u2013")
    return _behind(folded, _AWAY) is not None


def is_notice(subject: str | None) -> bool:
    """Say whether a subject is a mail server's, which tells that a message did not arrive."""
    return _behind(_folded(subject), _NOTICES) is not None


def _folded(subject: str | None) -> str:
    return unicodedata.normalize("NFC", (subject or "")[:_LONGEST]).casefold().lstrip()


def _behind(folded: str, phrases: Iterable[str]) -> str | None:
    """Return what stands behind one of these phrases at the beginning; None without one."""
    for phrase in phrases:
        if folded.startswith(phrase) and _AFTER.match(folded, len(phrase)):
            return folded[len(phrase) :]
    return None
