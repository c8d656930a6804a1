"""Which subjects are a machine's."""

import pytest

from system_sender.automatic_subject import is_automatic

MACHINES = [
    "Automatic reply: Intro",
    "Automatic reply",
    "AUTO-REPLY: away until Monday",
    "autoreply - Intro",
    "Auto: Re: Intro",
    "Automatic reply from Dana",
    " Out of Office Re: Intro",
    "Out of the office until Monday",
    "Out of office (back on Monday)",
    "AUTOMATISCHE ANTWORT: Intro",
    "Abwesenheit bis Montag",
    "R\u00e9ponse automatique : Intro",
    "Automatyczna odpowied\u017a: Intro",
    "Odpowied\u017a automatyczna: Intro",
    "Undeliverable: Intro",
    "Delivery Status Notification (Failure)",
    "Mail delivery failed: returning message to sender",
    "Undelivered Mail Returned to Sender",
    "Returned mail: see transcript for details",
    "failure notice",
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
]


@pytest.mark.parametrize("subject", MACHINES)
def test_a_machines_subject_is_known(subject: str) -> None:
    assert is_automatic(subject)


@pytest.mark.parametrize("subject", PEOPLE)
def test_a_persons_subject_is_no_machines(subject: str | None) -> None:
    assert not is_automatic(subject)
