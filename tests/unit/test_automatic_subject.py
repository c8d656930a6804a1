"""Which subjects are a machine's."""

import pytest

from system_sender.automatic_subject import is_automatic, is_away, is_notice

AWAY = [
    " Out of Office Re: Intro",
    "Out of the office until Monday",
    "Out of office (back on Monday)",
    "OOO: Intro",
    "Auto: Out of office",
    "Automatic reply: Out of Office: Intro",
    "Automatische Antwort: Abwesenheit",
    "Abwesenheit bis Montag",
    "Fuera de la oficina: Intro",
    "Fr\u00e5nvaro: Intro",
    "Fra\u030anvaro: Intro",  # the same, written with a mark of its own
    "Afwezig: Intro",
]
NOTICES = [
    "Undeliverable: Intro",
    "Delivery Status Notification (Failure)",
    "Mail delivery failed: returning message to sender",
    "Undelivered Mail Returned to Sender",
    "Returned mail: see transcript for details",
    "failure notice",
]
ANSWERS = [
    "Automatic reply: Intro",
    "Automatic reply",
    "AUTO-REPLY: away until Monday",
    "autoreply - Intro",
    "Auto: Re: Intro",
    "Automatic reply from Dana",
    "AUTOMATISCHE ANTWORT: Intro",
    "R\u00e9ponse automatique : Intro",
    "Automatyczna odpowied\u017a: Intro",
    "Odpowied\u017a automatyczna: Intro",
]
PEOPLE = [
    None,
    "",
    "Intro",
    "Re: Intro",
    "Re: Automatic reply: Intro",
    "Re: Out of office",
    "Out of office furniture",
    "Out of offices",
    "Auto insurance",
    "Automation for our sales team",
    "Delivery failures in June",
    "Automatic replies for your team",
    "OOOH: Intro",
    "Abwesenheiten im Juni",
]


@pytest.mark.parametrize("subject", [*AWAY, *NOTICES, *ANSWERS])
def test_a_machines_subject_is_known(subject: str) -> None:
    assert is_automatic(subject)
    assert is_automatic(subject.upper())


@pytest.mark.parametrize("subject", PEOPLE)
def test_a_persons_subject_is_no_machines(subject: str | None) -> None:
    assert not is_automatic(subject)
    assert not is_away(subject)
    assert not is_notice(subject)


@pytest.mark.parametrize("subject", [*AWAY, *NOTICES, *ANSWERS])
def test_a_machines_subject_tells_whether_somebody_is_away_or_something_came_back(
    subject: str,
) -> None:
    assert is_away(subject) is (subject in AWAY)
    assert is_notice(subject) is (subject in NOTICES)
