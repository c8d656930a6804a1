"""What every provider's webhook events are read as, and that none is too odd to be read."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest

from devstack.sandbox.gohighlevel_messages import MAILBOX
from system_sender.addressing import Correspondence, address
from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.email_text import reply_subject
from system_sender.inbound import EventKind, EventRefused, InboundEvent
from system_sender.inbound_fields import LONGEST_TEXT
from system_sender.letter import Letter
from system_sender.models import Draft, Inbound, Integration, Lead, Workspace
from system_sender.providers import CHANNELS_OF
from tests.contract.case import ACCESS, NOW, Events, Told, at, changed, paths_of
from tests.contract.cases import EVENTS
from tests.contract.oddities import ODD_VALUES

OUR_MAILBOX = "sam@out.example.com"

# A subject, by RFC 5322, has no longer line.
LONGEST_SUBJECT = 998
# What a key in DynamoDB may hold, with the names before it.
LONGEST_IDENTITY = 1_000

TOLD = [
    pytest.param(events, name, id=f"{events.provider_name}-{name}")
    for events in EVENTS
    for name in events.told
]
by_provider: Mapping[str, Any] = {"argvalues": EVENTS, "ids": lambda each: each.provider_name}


def read(events: Events, name: str, body: Any = None) -> InboundEvent:
    payload = events.payloads[name] if body is None else body
    return events.provider.parse_event(told(events, name).webhook, payload, NOW)


def told(events: Events, name: str) -> Told:
    return events.told[name]


def sound(event: InboundEvent, provider: str) -> InboundEvent:
    """Check what must hold of every event, however it was made."""
    assert event.provider == provider
    assert isinstance(event.kind, EventKind)
    if event.kind is not EventKind.IGNORED:
        assert 0 < len(event.identity) <= LONGEST_IDENTITY
        assert event.channel in {*CHANNELS_OF[provider], "*"}
    assert len(event.text) <= LONGEST_TEXT
    assert len(event.subject or "") <= LONGEST_SUBJECT
    # It can be stored and logged: no lone surrogates anywhere.
    json.dumps(asdict(event), ensure_ascii=False, default=str).encode()
    for name in ("account", "contact_id", "phone", "email", "linkedin_id", "sender"):
        assert isinstance(getattr(event, name), str | None)
    for name in ("first_name", "last_name", "sender_name", "subject", "provider_message_id"):
        assert isinstance(getattr(event, name), str | None)
    for name in ("first_name", "last_name", "sender_name"):
        assert len(getattr(event, name) or "") <= 200
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", getattr(event, name) or "")
    assert all(isinstance(each, str) and each for each in (*event.to, *event.cc))
    assert len(event.to) <= 50
    assert len(event.cc) <= 50
    for name, value in event.handles.items():
        assert isinstance(name, str)
        assert isinstance(value, str)
        assert 0 < len(value) <= LONGEST_SUBJECT
    assert event.occurred_at is None or type(event.occurred_at) is int
    assert (event.status is not None) == (event.kind is EventKind.STATUS)
    return event


def answer_to(event: InboundEvent) -> Letter:
    """Return an ordinary answer, made of nothing but the event."""
    to = {"sms": event.phone, "email": event.sender, "linkedin": event.linkedin_id}
    address = to[event.channel] or ""
    return Letter(
        channel=event.channel,
        text="Great, Tuesday it is.",
        to=to_address(address) or address,
        contact_id=event.contact_id,
        handles=event.handles,
        subject=reply_subject(event.subject) if event.channel == "email" else None,
        answered_text=event.text,
        answered_at=event.occurred_at or NOW,
    )


# --- what they are -------------------------------------------------------------------------------


def test_every_provider_tells_of_events() -> None:
    assert {events.provider_name for events in EVENTS} == set(CHANNELS_OF)


@pytest.mark.parametrize("events", **by_provider)
def test_every_payload_is_under_contract(events: Events) -> None:
    assert set(events.payloads) == {*events.told, *events.not_events}


@pytest.mark.parametrize(("events", "name"), TOLD)
def test_an_event_is_read_as_what_it_is(events: Events, name: str) -> None:
    expected, event = told(events, name), sound(read(events, name), events.provider_name)
    assert event.kind is expected.kind
    if event.kind is EventKind.IGNORED:
        assert event.identity == ""
        return
    assert event.channel == expected.channel
    found = {attribute: getattr(event, attribute) for attribute in expected.fields}
    assert found == dict(expected.fields)


@pytest.mark.parametrize(("events", "name"), TOLD)
def test_reading_changes_nothing_and_depends_on_nothing(events: Events, name: str) -> None:
    before = json.dumps(events.payloads[name])
    first = read(events, name)
    assert json.dumps(events.payloads[name]) == before
    again = dict(reversed(json.loads(before).items()))
    assert read(events, name, again) == first


ANSWERABLE = [
    pytest.param(events, name, id=f"{events.provider_name}-{name}")
    for events in EVENTS
    for name, each in events.told.items()
    if each.kind is EventKind.MESSAGE
]


@pytest.mark.parametrize(("events", "name"), ANSWERABLE)
def test_a_message_can_be_answered_from_what_was_read(events: Events, name: str) -> None:
    event, provider = read(events, name), events.provider
    letter = answer_to(event)
    if not told(events, name).answerable:
        assert provider.refusal(letter) is Code.NO_THREAD
        return
    assert provider.refusal(letter) is None
    ways = provider.routes(ACCESS, letter)
    assert ways
    for way in ways:
        routed = Letter(**{**plain(letter), "route": way})
        assert provider.send_request(ACCESS, routed).url.startswith(ACCESS.base_url)


EMAILS = [
    pytest.param(events, name, id=f"{events.provider_name}-{name}")
    for events in EVENTS
    for name, each in events.told.items()
    if each.kind is EventKind.MESSAGE and each.channel == "email"
]


@pytest.mark.parametrize(("events", "name"), EMAILS)
def test_an_answer_goes_to_whoever_wrote_and_never_to_ourselves(events: Events, name: str) -> None:
    """Addressed as the gate does it, from rows with what was read."""
    event = read(events, name)
    letter = address(correspondence(event), event.provider)
    if event.automated and "mailer-daemon" in (event.sender or ""):
        # Nobody reads that; the lead is left.
        assert isinstance(letter, Letter)
        assert letter.to == event.email
        return
    assert isinstance(letter, Letter)
    assert letter.to == event.sender
    others = {*event.cc, event.email} - {event.sender}
    assert set(letter.cc) == others
    assert not {letter.to, *letter.cc} & {OUR_MAILBOX, MAILBOX}
    assert letter.subject is not None
    assert letter.subject.startswith("Re:")


def correspondence(event: InboundEvent) -> Correspondence:
    columns: dict[str, Any] = {
        **{name: getattr(event, name) for name in ("provider", "subject", "sender", "text")},
        "handles": dict(event.handles),
        "to": list(event.to),
        "cc": list(event.cc),
    }
    return Correspondence(
        draft=Draft("acme:1", channel="email"),
        lead=Lead("acme:dana", email=event.email),
        workspace=Workspace("acme"),
        answered=Inbound("acme:in", received_at=NOW, **columns),
        integrations={event.provider: Integration("acme#x", provider=event.provider)},
        text="Great, Tuesday it is.",
        subject=None,
    )


def plain(letter: Letter) -> dict[str, Any]:
    return {name: getattr(letter, name) for name in letter.__dataclass_fields__}


# --- which is which ------------------------------------------------------------------------------


def parts(name: str) -> list[Any]:
    return [
        pytest.param(events, event, path, id=f"{events.provider_name}-{event}-{path}")
        for events in EVENTS
        for event, each in events.told.items()
        for path in getattr(each, name)
    ]


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, int):
        return value + 1
    text = str(value)
    if "@" in text:
        return f"<x{text[1:]}" if text.startswith("<") else f"x{text}"
    if text[:4].isdigit() and "T" in text:
        return "2026-03-02T15:08:59.000Z"
    return text[:-1] + ("8" if text.endswith("9") else "9")


@pytest.mark.parametrize(("events", "name", "path"), parts("delivery"))
def test_another_delivery_is_the_same_event(events: Events, name: str, path: str) -> None:
    """It comes at another time, through another webhook, with other words around it."""
    body = events.payloads[name]
    first = read(events, name)
    present = path in paths_of(body)
    assert present or "." not in path
    again = changed(body, path, other(at(body, path)) if present else "something")
    assert read(events, name, again).identity == first.identity
    if present:
        *way, last = path.split(".")
        without = json.loads(json.dumps(body))
        del (at(without, ".".join(way)) if way else without)[last]
        assert read(events, name, without).identity == first.identity


@pytest.mark.parametrize(("events", "name", "path"), parts("own"))
def test_another_event_is_another_event(events: Events, name: str, path: str) -> None:
    body = events.payloads[name]
    again = changed(body, path, other(at(body, path)))
    assert read(events, name, again).identity != read(events, name).identity


@pytest.mark.parametrize("events", **by_provider)
def test_no_two_of_the_events_are_taken_for_one(events: Events) -> None:
    """But for those that tell of one message twice."""
    seen: dict[str, set[Any]] = {}
    for name in events.told:
        event = read(events, name)
        if event.kind is not EventKind.IGNORED:
            meant = (event.kind, event.provider_message_id, event.status)
            seen.setdefault(event.identity, set()).add(meant)
    assert [identity for identity, meant in seen.items() if len(meant) > 1] == []


# --- what changes nothing ------------------------------------------------------------------------

IGNORED = [
    pytest.param(events, name, id=f"{events.provider_name}-{number}")
    for events in EVENTS
    for number, name in enumerate(events.ignored_types)
]


@pytest.mark.parametrize(("events", "name"), IGNORED)
def test_an_event_of_another_type_is_ignored(events: Events, name: str) -> None:
    payload = changed(events.payloads[events.sample], events.type_at, name)
    event = sound(read(events, events.sample, payload), events.provider_name)
    assert (event.kind, event.identity) == (EventKind.IGNORED, "")


@pytest.mark.parametrize("events", **by_provider)
def test_what_is_no_event_is_refused_or_ignored(events: Events) -> None:
    odd = [{}, {"x": 1}, *(events.payloads[name] for name in events.not_events)]
    for body in odd:
        event = attempt(events, events.sample, body)
        assert event is None or event.kind is EventKind.IGNORED


# --- fields of the wrong type --------------------------------------------------------------------


def attempt(events: Events, name: str, body: Any) -> InboundEvent | None:
    """Read an event that may be refused; return None where it was, for its body."""
    try:
        event = read(events, name, body)
    except EventRefused as refused:
        assert refused.code in (Code.BODY_WRONG, Code.EVENT_STALE)
        assert "eve@example.com" not in str(refused)
        assert len(str(refused)) < 400
        return None
    return sound(event, events.provider_name)


@pytest.mark.parametrize(("events", "name"), TOLD)
def test_a_field_of_the_wrong_type_is_refused_or_makes_no_difference(
    events: Events, name: str
) -> None:
    body = events.payloads[name]
    tried = 0
    for path in paths_of(body):
        for odd in ODD_VALUES:
            attempt(events, name, changed(body, path, odd))
            tried += 1
    assert tried >= len(body) * len(ODD_VALUES)


@pytest.mark.parametrize(("events", "name"), TOLD)
def test_a_field_that_is_missing_is_refused_or_makes_no_difference(
    events: Events, name: str
) -> None:
    body = events.payloads[name]
    for path in paths_of(body):
        *way, last = path.split(".")
        without = json.loads(json.dumps(body))
        holder = at(without, ".".join(way)) if way else without
        del holder[int(last) if isinstance(holder, list) else last]
        attempt(events, name, without)


@pytest.mark.parametrize("events", **by_provider)
def test_an_id_that_becomes_part_of_a_path_is_an_id(events: Events) -> None:
    """What a stranger could put into a body must not lead a request elsewhere."""
    body = events.payloads[events.sample]
    for path in paths_of(body):
        for odd in ("../../admin", "1/../2", "1?x=1", "1#y", "1\r\nHost: x", "%2e%2e%2f", "1 2"):
            event = attempt(events, events.sample, changed(body, path, odd))
            if event is None or event.kind is not EventKind.MESSAGE:
                continue
            letter = answer_to(event)
            if events.provider.refusal(letter) is not None:
                continue
            way = events.provider.routes(ACCESS, letter)[0]
            routed = Letter(**{**plain(letter), "route": way})
            assert odd not in events.provider.send_request(ACCESS, routed).url


@pytest.mark.parametrize("kind", ["", "something", "webhook", "marketplace", "workflow"])
@pytest.mark.parametrize("events", **by_provider)
def test_any_kind_of_webhook_is_read_or_refused(events: Events, kind: str) -> None:
    for body in events.payloads.values():
        try:
            event = events.provider.parse_event(kind, body, NOW)
        except EventRefused as refused:
            assert refused.code is Code.BODY_WRONG
        else:
            sound(event, events.provider_name)
