"""What an event forbids, and to whom."""

from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, InboundEvent
from system_sender.models import Lead
from system_sender.stop import EVERY_CHANNEL, Stop, reading_of, stop_of

DANA, LEE = "dana@example.com", "lee@example.com"
PHONE = "+15550100001"


def told(kind: EventKind = EventKind.MESSAGE, **fields: Any) -> InboundEvent:
    """Return an e-mail event; `fields` replace parts of it."""
    return InboundEvent(kind, "emailbison", "message:1", **{"channel": "email", **fields})


def lead(**columns: Any) -> Lead:
    """Return a lead who can be reached everywhere; `columns` replace parts of the row."""
    known = {"phone": "(555) 010-0001", "email": "Dana@Example.com", "linkedin_id": "ACoAAdana"}
    return Lead("acme:dana", workspace="acme", **{**known, **columns})


def stop(event: InboundEvent, known: Lead | None) -> Stop | None:
    return stop_of(event, reading_of(event), known, "US")


def stopped(event: InboundEvent, known: Lead | None) -> Stop:
    found = stop(event, known)
    assert found is not None
    return found


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
    assert stop(event, lead()) is None


@pytest.mark.parametrize(
    ("channel", "address"),
    [("sms", PHONE), ("email", DANA), ("linkedin", "ACoAAdana")],
)
def test_an_address_is_stopped_in_the_form_that_a_claim_looks_for(
    channel: str, address: str
) -> None:
    found = stopped(told(EventKind.DO_NOT_DISTURB, channel=channel), lead())
    assert found == Stop(Code.DO_NOT_DISTURB, ((channel, address),), frozenset({channel}))


def test_the_address_that_the_event_names_is_stopped_beside_the_known_one() -> None:
    found = stopped(told(EventKind.DO_NOT_DISTURB, email=LEE), lead())
    assert found.addresses == (("email", DANA), ("email", LEE))


def test_who_asks_for_silence_is_left_alone_and_so_is_the_lead() -> None:
    found = stopped(told(text="Unsubscribe", email=DANA, sender=LEE), lead())
    assert found == Stop(Code.OPTED_OUT, (("email", DANA), ("email", LEE)), frozenset({"email"}))


def test_a_word_of_refusal_elsewhere_stops_no_email() -> None:
    found = stopped(told(channel="linkedin", text="STOP", sender=LEE), lead())
    assert found.addresses == (("linkedin", "ACoAAdana"),)


def test_an_event_that_stops_everything_stops_channels_without_an_address_too() -> None:
    event = told(EventKind.DO_NOT_DISTURB, channel=EVERY_CHANNEL)
    found = stopped(event, lead(linkedin_id=None))
    assert set(found.addresses) == {("sms", PHONE), ("email", DANA)}
    assert found.channels == {"sms", "email", "linkedin"}


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
    found = stopped(event, known)
    assert found == Stop(Code.BOUNCED, (("email", bounced.lower()),), frozenset(channels))


def test_a_bounce_that_names_no_address_stops_nothing() -> None:
    event = told(EventKind.STATUS, status=DeliveryStatus.BOUNCED, email="no address")
    assert stop(event, lead()) is None


@pytest.mark.parametrize("subject", ["unsubscribe", "STOP", "Re: Unsubscribe", "remove me"])
def test_the_subject_of_an_email_without_a_text_asks_for_silence(subject: str) -> None:
    assert stopped(told(subject=subject, sender=LEE), lead()).reason is Code.OPTED_OUT


@pytest.mark.parametrize(
    ("written", "country", "numbers"),
    [
        ("020 7946 0000", "GB", {"+442079460000"}),
        ("020 7946 0000", None, set()),
        ("030 1234567", "DE", {"+49301234567", "+10301234567"}),
        ("(555) 010-0001", "DE", {"+495550100001", PHONE}),
        ("+44 20 7946 0000", "US", {"+442079460000"}),
    ],
)
def test_a_number_that_may_be_one_of_two_is_stopped_as_both(
    written: str, country: str | None, numbers: set[str]
) -> None:
    event = told(text="STOP", channel="sms", phone=written, region=country)
    found = stopped(event, None)
    assert set(found.addresses) == {("sms", number) for number in numbers}


# --- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [kind for kind in EventKind if kind is not EventKind.MESSAGE], ids=str
)
def test_what_nobody_wrote_to_us_is_not_read(kind: EventKind) -> None:
    # Our own mailbox may be called anything.
    assert reading_of(told(kind, text="STOP", sender="noreply@out.example.com")) is None


def test_a_message_is_read_with_all_that_its_provider_says_of_it() -> None:
    kinds = [
        found.kind
        for fields in (
            {"text": "STOP"},
            {"text": "Ticket 12", "automated": True},
            {"text": "Ticket 12", "out_of_office": True},
            {"text": "Ticket 12", "sender": "mailer-daemon@mx.example.com"},
            {"text": "Ticket 12", "subject": "Automatic reply: Intro"},
            {"text": "Ticket 12", "subject": "Automatic reply: Intro", "channel": "sms"},
        )
        if (found := reading_of(told(**fields))) is not None
    ]
    assert kinds == ["opt_out", "automated", "out_of_office", "bounce", "automated", "message"]
