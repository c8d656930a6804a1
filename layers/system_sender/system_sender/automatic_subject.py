"""Recognises by its subject an e-mail that a machine wrote. Pure.

For providers that do not say so themselves. Mail programs put the words at the start of the
subject; a person's answer has "Re:" there.
"""

import re

# What a subject begins with, in lower case, when a machine answers in somebody's place.
_ANSWERS = (
    *("automatic reply", "auto-reply", "auto reply", "autoreply", "automatic response"),
    *("out of office", "out of the office", "automatische antwort", "abwesenheitsnotiz"),
    *("abwesenheit", "réponse automatique", "respuesta automática", "resposta automática"),
    *("risposta automatica", "automatisch antwoord", "automatiskt svar", "automatisk svar"),
    *("autosvar", "odpowiedź automatyczna", "automatyczna odpowiedź", "автоответ"),
)
# And when a mail server tells that something did not arrive.
_NOTICES = (
    *("undeliverable", "undelivered mail returned to sender", "undelivered mail", "unzustellbar"),
    *("delivery status notification", "mail delivery failed", "mail delivery failure"),
    *("delivery failure", "returned mail", "failure notice", "mail delivery subsystem"),
)
# What such words are followed by. "Out of office furniture" is about furniture.
_AFTER = (
    r"\s*(?:$|[^\w\s]|re\s*:|fwd?\s*:|aw\s*:)|"
    r"\s+(?:until|till|from|to|through|on|since|today|bis|vom|ab)\b"
)
_MACHINE = re.compile(
    # RFC 5230: what an answer made by a Sieve script has before the subject it answers.
    rf"\s*(?:auto:|(?:{'|'.join(map(re.escape, (*_ANSWERS, *_NOTICES)))})(?:{_AFTER}))",
    re.IGNORECASE,
)


def is_automatic(subject: str | None) -> bool:
    """Say whether a subject is a machine's: an auto-reply's, or a mail server's notice."""
    return subject is not None and _MACHINE.match(subject) is not None
