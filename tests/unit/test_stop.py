"""What an event forbids, and to whom."""

from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, InboundEvent
from system_sender.models import Lead
from system_sender.stop import EVERY_CHANNEL, Stop, is_automated, opts_out, stop_of

DANA, LEE = "dana@example.com", "lee@example.com"
PHONE = "+15550100001"


def told(kind: EventKind = EventKind.MESSAGE, **fields: Any) -> InboundEvent:
    """Return an e-mail event; `fields` replace parts of it."""
    return InboundEvent(kind, "emailbison", "message:1", **{"channel": "email", **fields})


def lead(**columns: Any) -> Lead:
    """Return a lead who can be reached everywhere; `columns` replace parts of the row."""
    known = {"phone": "(555) 010-0001", "email": "Dana@Example.com", "linkedin_id": "ACoAAdana"}
    return Lead("acme:dana", workspace="acme", **{**known, **columns})


def stopped(event: InboundEvent, known: Lead | None) -> Stop:
    stop = stop_of(event, known, "US")
    assert stop is not None
    return stop


@pytest.mark.parametrize(
    "event",
    [
        told(text="Tuesday works"),
        told(text="STOP", automated=True),
        told(text="STOP", out_of_office=True),
        told(text="STOP", sender="mailer-daemon@mx.example.com"),
        told(subject="Unsubscribe", automated=True),
        told(EventKind.ECHO, subject="Unsubscribe"),
        told(text="Tuesday works", subject="Unsubscribe"),
        told(channel="linkedin", subject="Unsubscribe"),
        told(EventKind.ECHO, text="STOP"),
        told(EventKind.HUMAN_OUTBOUND, text="STOP"),
        told(EventKind.STATUS, status=DeliveryStatus.DELIVERED, email=DANA),
        told(EventKind.STATUS, status=DeliveryStatus.FAILED, email=DANA),
    ],
)
def test_most_events_stop_nothing(event: InboundEvent) -> None:
    assert stop_of(event, lead(), "US") is None


@pytest.mark.parametrize(
    ("channel", "address"),
    [("sms", PHONE), ("email", DANA), ("linkedin", "ACoAAdana")],
)
def test_an_address_is_stopped_in_the_form_that_a_claim_looks_for(
    channel: str, address: str
) -> None:
    stop = stopped(told(EventKind.DO_NOT_DISTURB, channel=channel), lead())
    assert stop == Stop(Code.DO_NOT_DISTURB, ((channel, address),), frozenset({channel}))


def test_the_address_that_the_event_names_is_stopped_beside_the_known_one() -> None:
    stop = stopped(told(EventKind.DO_NOT_DISTURB, email=LEE), lead())
    assert stop.addresses == (("email", DANA), ("email", LEE))


def test_who_asks_for_silence_is_left_alone_and_so_is_the_lead() -> None:
    stop = stopped(told(text="Unsubscribe", email=DANA, sender=LEE), lead())
    assert stop == Stop(Code.OPTED_OUT, (("email", DANA), ("email", LEE)), frozenset({"email"}))


def test_a_word_of_refusal_elsewhere_stops_no_email() -> None:
    stop = stopped(told(channel="linkedin", text="STOP", sender=LEE), lead())
    assert stop.addresses == (("linkedin", "ACoAAdana"),)


def test_an_event_that_stops_everything_stops_channels_without_an_address_too() -> None:
    event = told(EventKind.DO_NOT_DISTURB, channel=EVERY_CHANNEL)
    stop = stopped(event, lead(linkedin_id=None))
    assert set(stop.addresses) == {("sms", PHONE), ("email", DANA)}
    assert stop.channels == {"sms", "email", "linkedin"}


@pytest.mark.parametrize(
    ("known", "bounced", "channels"),
    [
        (lead(), DANA, {"email"}),
        (lead(), "DANA@example.com", {"email"}),
        (lead(), LEE, set()),
        (lead(email=None), LEE, set()),
        (None, LEE, set()),
    ],
)
def test_a_bounce_stops_the_address_and_the_channel_only_of_the_lead_whose_it_is(
    known: Lead | None, bounced: str, channels: set[str]
) -> None:
    event = told(EventKind.STATUS, status=DeliveryStatus.BOUNCED, email=bounced)
    stop = stopped(event, known)
    assert stop == Stop(Code.BOUNCED, (("email", bounced.lower()),), frozenset(channels))


def test_a_bounce_that_names_no_address_stops_nothing() -> None:
    event = told(EventKind.STATUS, status=DeliveryStatus.BOUNCED, email="no address")
    assert stop_of(event, lead(), "US") is None


@pytest.mark.parametrize("subject", ["unsubscribe", "STOP", "Re: Unsubscribe", "remove me"])
def test_the_subject_of_an_email_without_a_text_asks_for_silence(subject: str) -> None:
    event = told(subject=subject, sender=LEE)
    assert opts_out(event)
    assert stopped(event, lead()).reason is Code.OPTED_OUT


# --- machines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@mx.example.com",
        "Mail Delivery System <mailer-daemon@mx.example.com>",
        "postmaster@example.com",
        "no-reply@example.com",
        "do_not_reply@example.com",
        "bounces+1842@example.com",
    ],
)
def test_what_comes_from_an_address_that_nobody_reads_is_a_machines(sender: str) -> None:
    assert is_automated(told(text="Your message could not be delivered.", sender=sender))


@pytest.mark.parametrize(
    "event",
    [
        told(text="Tuesday works", sender=DANA),
        told(text="Tuesday works", sender="noreply.dana@example.com"),
        told(text="Tuesday works"),
        told(text="Tuesday works", sender="no address"),
        # Our own mailbox may be called anything.
        told(EventKind.ECHO, text="Tuesday?", sender="noreply@out.example.com"),
    ],
)
def test_what_a_person_may_have_written_is_no_machines(event: InboundEvent) -> None:
    assert not is_automated(event)
