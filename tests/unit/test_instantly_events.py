"""Instantly's webhook payloads, read into the one vocabulary."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.providers import SignedRequest
from system_sender.providers.instantly import PROVIDER

PAYLOADS = Path(__file__).parents[1] / "payloads" / "instantly"
NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
WORKSPACE = "0190aaaa-1111-7222-8333-444455556666"
EMAIL_ID = "0195aaaa-1111-7222-8333-444455556666"


def payload(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    event = {**json.loads((PAYLOADS / f"{name}.json").read_bytes()), **changes}
    return {key: value for key, value in event.items() if key not in omit}


def read(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> InboundEvent:
    return PROVIDER.parse_event("webhook", payload(name, omit=omit, **changes), NOW)


def refusal(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> EventRefused:
    with pytest.raises(EventRefused) as refused:
        read(name, omit=omit, **changes)
    assert refused.value.code is Code.BODY_WRONG
    return refused.value


# --- authentication ------------------------------------------------------------------------------


def authenticate(headers: dict[str, str], secret: str | None = "secret-1") -> str:
    return PROVIDER.authenticate(SignedRequest(b"{}", headers, {}), lambda: secret, ())


def never() -> str | None:
    pytest.fail("The secret was read for a request that gives none.")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-webhook-secret": "secret-1"},
        {"authorization": "Bearer secret-1"},
        {"authorization": "bearer secret-1"},
    ],
)
def test_the_secret_is_a_header_that_one_sets_up(headers: dict[str, str]) -> None:
    assert authenticate(headers) == "webhook"


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"x-webhook-secret": "other"}, "secret-1"),
        ({"x-webhook-secret": "other", "authorization": "Bearer secret-1"}, "secret-1"),
        ({"authorization": "Bearer \udce9"}, "secret-1"),
        ({"authorization": "Bearer secret-1"}, None),
        ({"authorization": "Bearer secret-1"}, ""),
    ],
)
def test_another_secret_is_refused(headers: dict[str, str], secret: str | None) -> None:
    with pytest.raises(EventRefused) as refused:
        authenticate(headers, secret)
    assert refused.value.code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Basic secret-1"},
        {"authorization": "Bearer "},
        {"authorization": "secret-1"},
        {"x-webhook-secret": ""},
    ],
)
def test_without_a_secret_nobody_passes_and_none_is_read(headers: dict[str, str]) -> None:
    request = SignedRequest(b'{"secret_key": "secret-1"}', headers, {"secret": "secret-1"})
    with pytest.raises(EventRefused) as refused:
        PROVIDER.authenticate(request, never, ())
    assert refused.value.code is Code.SIGNATURE_MISSING


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_is_read() -> None:
    assert read("reply_received") == InboundEvent(
        EventKind.MESSAGE,
        "instantly",
        f"message:{EMAIL_ID}",
        WORKSPACE,
        channel="email",
        text="Tue works 👍",
        subject="Re: Intro",
        email="dana@example.com",
        first_name="Dana",
        last_name="Lee",
        sender="dana@example.com",
        to=("sam@out.example.com",),
        handles={
            "email_id": EMAIL_ID,
            "mailbox": "sam@out.example.com",
            "lead": "dana@example.com",
        },
        provider_message_id=EMAIL_ID,
        occurred_at=NOW,
    )


def test_a_machines_answer_is_recorded_as_one() -> None:
    event = read("auto_reply_received")
    assert (event.kind, event.automated, event.out_of_office) == (EventKind.MESSAGE, True, False)
    away = read("lead_out_of_office")
    assert (away.kind, away.automated, away.out_of_office) == (EventKind.MESSAGE, True, True)
    assert away.text == "I am away until Monday."


@pytest.mark.parametrize("subject", ["Automatic reply: Intro", "Undeliverable: Intro"])
def test_a_machines_subject_tells_when_it_comes_as_an_ordinary_answer(subject: str) -> None:
    assert read("reply_received", reply_subject=subject).automated
    assert not read("reply_received", reply_subject=f"Re: {subject}").automated


def test_one_message_under_several_event_types_is_one_event() -> None:
    names = ("reply_received", "auto_reply_received", "lead_out_of_office")
    assert {read(name).identity for name in names} == {f"message:{EMAIL_ID}"}


def test_out_of_office_as_a_mere_label_changes_nothing() -> None:
    bare = ("reply_text", "reply_html", "reply_text_snippet")
    assert read("lead_out_of_office", omit=bare) == ignored("instantly", WORKSPACE)


def test_a_redelivery_with_another_time_is_the_same_event() -> None:
    again = read("reply_received", timestamp="2026-03-02T19:00:00Z")
    assert again.identity == read("reply_received").identity


def test_without_an_id_the_message_itself_identifies_it_and_cannot_be_answered() -> None:
    first = read("reply_received", omit=("email_id",))
    assert "email_id" not in first.handles
    assert first == read("reply_received", omit=("email_id",))
    later = read("reply_received", omit=("email_id",), timestamp="2026-03-02T15:10:00Z")
    other = read("reply_received", omit=("email_id",), reply_text="No, Wednesday.")
    assert len({first.identity, later.identity, other.identity}) == 3
    assert "Tue" not in first.identity


def test_the_leads_own_columns_are_not_the_events_fields() -> None:
    columns: dict[str, Any] = dict.fromkeys(("text", "subject", "email", "account", "type"), "x")
    assert read("reply_received", **columns) == read("reply_received")


def test_without_text_and_html_the_snippet_is_the_text() -> None:
    bare = ("reply_text", "reply_html")
    assert read("reply_received", omit=bare).text == "Tue works"
    assert read("reply_received", omit=("reply_text",)).text == "Tue works 👍"
    assert read("reply_received", omit=(*bare, "reply_text_snippet")).text == ""


# --- what left -----------------------------------------------------------------------------------


def test_campaign_mail_changes_nothing() -> None:
    assert read("email_sent_campaign") == ignored("instantly", WORKSPACE)


def test_mail_without_a_step_is_an_echo_with_its_whole_text() -> None:
    event = read("email_sent_manual")
    assert (event.kind, event.human) == (EventKind.ECHO, True)
    assert event.text == "Great, Tuesday at 2pm it is.\n\nBest regards\nSam"
    assert (event.email, event.sender, event.to) == (
        "dana@example.com",
        "sam@out.example.com",
        ("dana@example.com",),
    )
    assert event.provider_message_id == "0195dddd-1111-7222-8333-444455556666"
    assert event.identity == "sent:0195dddd-1111-7222-8333-444455556666"
    assert event.occurred_at == 1_772_463_961_000


def test_an_echos_html_is_read_as_text() -> None:
    event = read("email_sent_manual", omit=("email_text",))
    assert event.text.split() == [
        "Great,",
        "Tuesday",
        "at",
        "2pm",
        "it",
        "is.",
        "Best",
        "regards",
        "Sam",
    ]


def test_an_echo_that_says_nothing_changes_nothing() -> None:
    bare = ("email_id", "email_text", "email_html")
    assert read("email_sent_manual", omit=bare) == ignored("instantly", WORKSPACE)


# --- the rest ------------------------------------------------------------------------------------


def test_a_bounce_is_a_status_of_the_leads_address() -> None:
    event = read("email_bounced")
    assert (event.kind, event.status) == (EventKind.STATUS, DeliveryStatus.BOUNCED)
    assert (event.email, event.account) == ("dana@example.com", WORKSPACE)
    assert event.provider_message_id == "0195cccc-1111-7222-8333-444455556666"
    assert event.identity == "bounce:0195cccc-1111-7222-8333-444455556666"


@pytest.mark.parametrize("name", ["lead_unsubscribed", "unsubscribed", "Unsubscribed"])
def test_an_unsubscribe_is_do_not_disturb(name: str) -> None:
    event = read("lead_unsubscribed", event_type=name)
    assert (event.kind, event.email) == (EventKind.DO_NOT_DISTURB, "dana@example.com")
    assert event.identity == read("lead_unsubscribed").identity
    later = read("lead_unsubscribed", timestamp="2026-04-02T15:04:05.671Z")
    assert later.identity != event.identity


@pytest.mark.parametrize("name", ["account_error", "lead_interested"])
def test_troubles_and_labels_change_nothing(name: str) -> None:
    assert read(name) == ignored("instantly", WORKSPACE)
    assert read(name).called == name


@pytest.mark.parametrize("name", ["email_opened", "link_clicked", "Any label of one's own"])
def test_other_events_change_nothing(name: str) -> None:
    assert read("reply_received", event_type=name).kind is EventKind.IGNORED


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event_type": None}, "event_type"),
        ({"event_type": 7}, "event_type"),
        ({"workspace": None}, "workspace"),
        ({"workspace": "../other"}, "workspace"),
        ({"email_id": "a b"}, "email_id"),
        ({"email_id": ["a"]}, "email_id"),
        ({"lead_email": None}, "lead_email"),
        ({"lead_email": "nobody"}, "lead_email"),
        ({"lead_email": 7}, "lead_email"),
        ({"reply_text": 7}, "reply_text"),
        ({"reply_html": {}}, "reply_html"),
        ({"reply_subject": 7}, "reply_subject"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(changes: dict[str, Any], field: str) -> None:
    assert field in refusal("reply_received", **changes).detail


@pytest.mark.parametrize("name", ["email_sent_manual", "email_bounced", "lead_unsubscribed"])
def test_without_an_address_it_is_nobodys(name: str) -> None:
    assert "lead_email" in refusal(name, omit=("lead_email",)).detail
    assert "workspace" in refusal(name, omit=("workspace",)).detail


def test_without_a_readable_mailbox_it_is_recorded_and_cannot_be_answered() -> None:
    event = read("reply_received", email_account="nobody")
    assert (event.to, "mailbox" in event.handles) == ((), False)


def test_what_cannot_be_stored_is_replaced_and_long_texts_are_cut() -> None:
    event = read(
        "reply_received",
        reply_text="\ud800 yes " + "x" * 30_000,
        reply_subject="s\ud800" * 5_000,
        firstName="n" * 500,
    )
    assert len(event.text) == 20_000
    assert len(event.subject or "") < 1_000
    assert len(event.first_name or "") == 200
    assert "\\ud800" not in json.dumps([event.text, event.subject])


# Lone surrogates among them.
TEXT = st.text(st.characters())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
# fmt: off
NAMES = (
    "reply_received", "auto_reply_received", "lead_out_of_office", "email_sent", "email_bounced",
    "lead_unsubscribed",
)
FIELDS = (
    "timestamp", "workspace", "lead_email", "email_account", "step", "email_id", "email_subject",
    "email_text", "email_html", "reply_text_snippet", "reply_subject", "reply_text", "reply_html",
    "firstName", "first_name", "lastName", "last_name",
)
# fmt: on
VALUES = JSON | st.sampled_from(["Dana <a@example.com>", "2026-03-02T15:04:05Z"])


@settings(deadline=None, database=None, derandomize=True)
@given(st.sampled_from(NAMES) | st.text(), st.dictionaries(st.sampled_from(FIELDS), VALUES))
@example("reply_received", {"lead_email": "a" * 20_000 + "@example.com"})
@example("email_sent", {"email_html": "<![x", "step": None})
def test_any_json_is_read_or_refused(name: str, fields: dict[str, Any]) -> None:
    whole = {"workspace": WORKSPACE, "lead_email": "dana@example.com", **fields}
    try:
        event = PROVIDER.parse_event("webhook", {"event_type": name, **whole}, NOW)
    except EventRefused as refused:
        assert refused.code is Code.BODY_WRONG
        return
    assert event.provider == "instantly"
    texts = [event.identity, event.text, event.subject, event.sender, *event.handles.values()]
    assert all(text is None or text.encode() == text.encode("utf-8", "replace") for text in texts)
