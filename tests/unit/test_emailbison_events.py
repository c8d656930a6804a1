"""EmailBison's webhook payloads, read into the one vocabulary."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.providers import SignedRequest
from system_sender.providers.emailbison import PROVIDER

PAYLOADS = Path(__file__).parents[1] / "payloads" / "emailbison"
NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
PARTS = ("campaign", "campaign_event", "lead", "reply", "scheduled_email", "sender_email")


def payload(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A file's event; `changes` are merged into its parts, `omit` are parts to leave out."""
    body = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    for part, fields in changes.items():
        whole = body if part == "event" else body["data"]
        merged = isinstance(fields, dict) and isinstance(whole.get(part, {}), dict)
        whole[part] = {**whole.get(part, {}), **fields} if merged else fields
    body["data"] = {part: value for part, value in body["data"].items() if part not in omit}
    return dict(body)


def read(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> InboundEvent:
    return PROVIDER.parse_event("webhook", payload(name, omit=omit, **changes), NOW)


def refusal(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> EventRefused:
    with pytest.raises(EventRefused) as refused:
        read(name, omit=omit, **changes)
    assert refused.value.code is Code.BODY_WRONG
    return refused.value


# --- authentication ------------------------------------------------------------------------------


def authenticate(
    query: dict[str, str], headers: dict[str, str], secret: str | None = "secret-1"
) -> str:
    return PROVIDER.authenticate(SignedRequest(b"{}", headers, query), lambda: secret, ())


def never() -> str | None:
    pytest.fail("The secret was read for a request that gives none.")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({"secret": "secret-1"}, {}),
        ({}, {"x-webhook-secret": "secret-1"}),
        ({"secret": "other"}, {"x-webhook-secret": "secret-1"}),
    ],
)
def test_the_secret_is_in_the_address_or_a_proxy_brings_it(
    query: dict[str, str], headers: dict[str, str]
) -> None:
    assert authenticate(query, headers) == "webhook"


@pytest.mark.parametrize(
    ("query", "headers", "secret"),
    [
        ({"secret": "other"}, {}, "secret-1"),
        ({"secret": "secret-1"}, {"x-webhook-secret": "other"}, "secret-1"),
        ({"secret": "\udce9"}, {}, "secret-1"),
        ({"secret": "secret-1"}, {}, None),
        ({"secret": "secret-1"}, {}, ""),
    ],
)
def test_another_secret_is_refused(
    query: dict[str, str], headers: dict[str, str], secret: str | None
) -> None:
    with pytest.raises(EventRefused) as refused:
        authenticate(query, headers, secret)
    assert refused.value.code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({}, {}),
        ({"secret": ""}, {"x-webhook-secret": ""}),
        ({"key": "secret-1"}, {"authorization": "Bearer secret-1"}),
    ],
)
def test_without_a_secret_nobody_passes_and_none_is_read(
    query: dict[str, str], headers: dict[str, str]
) -> None:
    request = SignedRequest(b'{"secret": "secret-1"}', headers, query)
    with pytest.raises(EventRefused) as refused:
        PROVIDER.authenticate(request, never, ())
    assert refused.value.code is Code.SIGNATURE_MISSING


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_is_read() -> None:
    assert read("lead_replied") == InboundEvent(
        EventKind.MESSAGE,
        "emailbison",
        "reply-41021",
        "12",
        "3301",
        channel="email",
        text="Tue works 👍",
        subject="Re: Intro",
        email="dana@example.com",
        first_name="Dana",
        last_name="Lee",
        sender="dana@example.com",
        sender_name="Dana Lee",
        to=("sam@out.example.com",),
        cc=("ops@example.com",),
        handles={
            "reply_id": "41021",
            "sender_email_id": "57",
            "mailbox": "sam@out.example.com",
            "lead_id": "3301",
            "campaign_id": "9",
        },
        provider_message_id="41021",
        occurred_at=NOW,
    )


def test_an_answer_that_is_marked_as_interested_is_the_same_event() -> None:
    # Its ids are texts in this file: EmailBison writes them either way.
    assert read("lead_interested") == read("lead_replied")


def test_a_colleagues_answer_is_about_the_lead_and_from_the_colleague() -> None:
    event = read("lead_replied_colleague")
    assert (event.email, event.contact_id) == ("dana@example.com", "3301")
    assert (event.sender, event.sender_name) == ("lee@example.com", "Lee Park")
    assert event.cc == ("dana@example.com",)
    assert event.text == "I took this over from Dana."


def test_a_machines_answer_is_recorded_as_one() -> None:
    event = read("lead_replied_automated")
    assert (event.kind, event.automated) == (EventKind.MESSAGE, True)
    assert event.text == "I am away until Monday."


@pytest.mark.parametrize("value", [None, False, "true", 1])
def test_only_a_plain_yes_makes_it_a_machines_answer(value: object) -> None:
    assert not read("lead_replied", reply={"automated_reply": value}).automated


def test_mail_that_belongs_to_no_lead_is_its_senders() -> None:
    event = read("untracked_reply_received")
    assert (event.kind, event.email, event.contact_id) == (
        EventKind.MESSAGE,
        "kim@example.com",
        None,
    )
    assert (event.tracked, read("lead_replied").tracked) == (False, True)
    assert event.handles == {
        "reply_id": "41030",
        "sender_email_id": "57",
        "mailbox": "sam@out.example.com",
    }


def test_without_our_mailbox_it_is_recorded_and_cannot_be_answered() -> None:
    event = read("lead_replied", omit=("sender_email",))
    assert {"sender_email_id", "mailbox"}.isdisjoint(event.handles)
    assert "mailbox" not in read("lead_replied", sender_email={"email": "nobody"}).handles


def test_without_plain_text_the_html_is_read() -> None:
    assert read("lead_replied", reply={"text_body": None}).text == "Tue works 👍"
    assert read("lead_replied", reply={"text_body": None, "html_body": ""}).text == ""


def test_the_subject_is_read_under_either_name() -> None:
    assert read("lead_replied", reply={"email_subject": None, "subject": "Hi"}).subject == "Hi"
    assert read("lead_replied", reply={"email_subject": None}).subject is None


@pytest.mark.parametrize(
    "value", ["Untracked Reply Received", "untracked_reply_received", " UNTRACKED_REPLY_RECEIVED "]
)
def test_an_events_name_is_read_however_it_is_written(value: str) -> None:
    assert read("untracked_reply_received", event={"type": value}).kind is EventKind.MESSAGE
    assert read("untracked_reply_received", event={"type": None, "name": value}).text


# --- mail servers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sender", ["MAILER-DAEMON@mx.example.com", "postmaster@example.com", "no-reply@example.com"]
)
def test_a_mail_servers_notice_is_automated_and_no_bounce(sender: str) -> None:
    notice = {"from_email_address": sender, "automated_reply": None}
    event = read("untracked_delay_notice", reply=notice)
    assert (event.kind, event.status) == (EventKind.MESSAGE, None)
    assert event.automated
    assert (event.email, event.sender) == ("dana@example.com", sender.lower())


def test_a_notice_that_is_filed_as_a_bounce_is_one() -> None:
    event = read("untracked_bounce_notice")
    assert (event.kind, event.status) == (EventKind.STATUS, DeliveryStatus.BOUNCED)
    assert (event.email, event.contact_id) == ("dana@example.com", "3301")
    assert (event.identity, event.occurred_at) == ("reply-41032", NOW)
    # Not every mail server is called a daemon.
    other = {"from_email_address": "noreply@mx.example.com"}
    assert read("untracked_bounce_notice", reply=other) == event


def test_what_the_lead_wrote_is_no_bounce_wherever_it_is_filed() -> None:
    event = read("lead_replied", reply={"folder": "Bounced"})
    assert event == read("lead_replied")


@pytest.mark.parametrize("name", ["untracked_delay_notice", "untracked_bounce_notice"])
def test_a_notice_about_nobody_we_know_changes_nothing(name: str) -> None:
    assert read(name, omit=("lead",)) == ignored("emailbison", "12")


# --- what left -----------------------------------------------------------------------------------


def test_campaign_mail_changes_nothing() -> None:
    assert read("email_sent") == ignored("emailbison", "12")


def test_mail_that_left_is_an_echo_with_its_whole_text() -> None:
    event = read("manual_email_sent")
    assert (event.kind, event.human) == (EventKind.ECHO, True)
    assert event.text == "Great, Tuesday at 2pm it is.\n\nBest regards\nSam"
    assert (event.email, event.contact_id) == ("dana@example.com", "3301")
    assert (event.sender, event.to) == ("sam@out.example.com", ("dana@example.com",))
    assert (event.identity, event.provider_message_id) == ("sent-41077", "41077")
    assert event.occurred_at == 1_772_463_961_000


def test_an_echo_keeps_the_history_that_it_quotes() -> None:
    text = "Great, Tuesday at 2pm it is.\n\nOn Mon, Mar 2, 2026 Dana <d@example.com> wrote:\n> Yes"
    assert read("manual_email_sent", reply={"text_body": text}).text == text
    html = "<p>Great.</p><blockquote>Yes</blockquote>"
    changes = {"text_body": None, "html_body": html}
    assert read("manual_email_sent", reply=changes).text.split() == ["Great.", "Yes"]


def test_our_own_mail_is_an_echo_whatever_its_event_is_called() -> None:
    for name in ("UNTRACKED_REPLY_RECEIVED", "LEAD_REPLIED", "Manual Email Sent"):
        assert read("manual_email_sent", event={"type": name}) == read("manual_email_sent")


def test_an_echo_may_be_told_as_a_scheduled_mail() -> None:
    event = read("manual_email_sent_scheduled")
    assert (event.kind, event.identity) == (EventKind.ECHO, "scheduled-7002")
    assert event.text == "Great, Tuesday at 2pm it is."
    # A number of the queue names no message of the folder.
    assert event.provider_message_id is None
    assert (event.email, event.sender) == ("dana@example.com", "sam@out.example.com")
    assert (event.subject, event.occurred_at) == ("Re: Intro", 1_772_463_961_000)


def test_without_a_lead_an_echo_is_about_its_recipient() -> None:
    event = read("manual_email_sent", omit=("lead",))
    assert (event.email, event.contact_id) == ("dana@example.com", None)


def test_an_echo_without_any_id_changes_nothing() -> None:
    assert read("manual_email_sent", reply={"id": None}) == ignored("emailbison", "12")
    assert read("manual_email_sent", omit=("reply",)) == ignored("emailbison", "12")


# --- the rest ------------------------------------------------------------------------------------


def test_a_bounce_is_a_status_of_the_leads_address() -> None:
    event = read("email_bounced")
    assert (event.kind, event.status) == (EventKind.STATUS, DeliveryStatus.BOUNCED)
    assert (event.email, event.contact_id, event.account) == ("dana@example.com", "3301", "12")
    assert event.identity.startswith("bounce-")
    assert read("email_bounced").identity == event.identity
    other = read("email_bounced", scheduled_email={"id": 7003})
    assert other.identity != event.identity


def test_an_unsubscribe_is_do_not_disturb() -> None:
    event = read("lead_unsubscribed")
    assert (event.kind, event.email) == (EventKind.DO_NOT_DISTURB, "dana@example.com")
    assert read("lead_unsubscribed").identity == event.identity
    for later in ({"id": 5009}, {"created_at": "2026-04-02T15:04:05Z"}):
        assert read("lead_unsubscribed", campaign_event=later).identity != event.identity


@pytest.mark.parametrize("name", ["EMAIL_OPENED", "CONTACT_FIRST_EMAILED", "TAG_ATTACHED", "new"])
def test_other_events_change_nothing(name: str) -> None:
    event = read("lead_replied", event={"type": name})
    assert event == ignored("emailbison", "12")
    assert event.called == name.upper()


def test_a_mailboxs_troubles_change_nothing() -> None:
    assert read("email_account_disconnected") == ignored("emailbison", "12")


@pytest.mark.parametrize(
    ("workspace", "account"), [(12, "12"), ("12", "12"), ("acme-1", "acme-1"), (None, None)]
)
def test_the_workspace_is_a_number_or_a_text(workspace: object, account: str | None) -> None:
    assert read("lead_replied", event={"workspace_id": workspace}).account == account


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event": {"type": None, "name": None}}, "event.type"),
        ({"event": {"type": 7}}, "event.type"),
        ({"event": 7}, "event"),
        ({"event": {"workspace_id": "../other"}}, "event.workspace_id"),
        ({"reply": []}, "reply"),
        ({"reply": {"id": None}}, "reply.id"),
        ({"reply": {"id": "a b"}}, "reply.id"),
        ({"reply": {"id": True}}, "reply.id"),
        ({"reply": {"from_email_address": None}}, "reply.from_email_address"),
        ({"reply": {"from_email_address": "nobody"}}, "reply.from_email_address"),
        ({"reply": {"text_body": 7}}, "text_body"),
        ({"reply": {"html_body": {"a": 1}}}, "html_body"),
        ({"lead": "dana@example.com"}, "lead"),
        ({"lead": {"id": ["a"]}}, "lead.id"),
        ({"sender_email": 57}, "sender_email"),
        ({"sender_email": {"id": "fifty-seven"}}, "sender_email.id"),
        ({"campaign": {"id": 1.5}}, "campaign.id"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(changes: dict[str, Any], field: str) -> None:
    assert f"'{field}'" in refusal("lead_replied", **changes).detail


@pytest.mark.parametrize("name", ["email_bounced", "lead_unsubscribed"])
def test_without_an_address_it_is_nobodys(name: str) -> None:
    assert "lead.email" in refusal(name, omit=("lead",)).detail
    assert "lead.email" in refusal(name, lead={"email": "nobody"}).detail


def test_what_cannot_be_stored_is_replaced_and_long_texts_are_cut() -> None:
    event = read(
        "lead_replied",
        reply={
            "text_body": "\ud800 yes " + "x" * 30_000,
            "email_subject": "s\ud800" * 5_000,
            "from_name": "n\ud800" * 500,
            "cc": [{"address": f"{number}@example.com"} for number in range(500)],
        },
    )
    assert len(event.text) == 20_000
    assert len(event.subject or "") < 1_000
    assert len(event.sender_name or "") == 200
    assert len(event.cc) == 50
    assert "\\ud800" not in json.dumps([event.text, event.subject, event.sender_name])


@pytest.mark.parametrize("people", [None, "dana@example.com", 7, [7, None, {"name": "x"}, [1]]])
def test_people_that_cannot_be_read_are_none(people: object) -> None:
    assert read("lead_replied", reply={"cc": people}).cc == ()


# Lone surrogates among them.
TEXT = st.text(st.characters())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
# fmt: off
NAMES = (
    "LEAD_REPLIED", "LEAD_INTERESTED", "UNTRACKED_REPLY_RECEIVED", "MANUAL_EMAIL_SENT",
    "EMAIL_BOUNCED", "LEAD_UNSUBSCRIBED",
)
FIELDS = (
    "id", "email", "first_name", "last_name", "email_subject", "subject", "from_email_address",
    "from_name", "to", "cc", "html_body", "text_body", "email_body", "date_received", "sent_at",
    "created_at", "automated_reply", "folder",
)
# fmt: on
VALUES = JSON | st.sampled_from(
    [7, "7", "Sent", "Bounced", "Dana <a@example.com>", "mailer-daemon@example.com"]
)
PART = st.dictionaries(st.sampled_from(FIELDS), VALUES)


@settings(deadline=None, database=None, derandomize=True)
@given(
    JSON | st.dictionaries(st.just("type"), st.sampled_from(NAMES), min_size=1),
    JSON | st.dictionaries(st.sampled_from(PARTS), JSON | PART),
)
@example({"type": "LEAD_REPLIED"}, {"reply": {"from_email_address": "a" * 20_000 + "@b.example"}})
@example({"type": "MANUAL_EMAIL_SENT"}, {"reply": {"id": 1, "html_body": "<![x"}})
def test_any_json_is_read_or_refused(event: Any, data: Any) -> None:
    try:
        read_event = PROVIDER.parse_event("webhook", {"event": event, "data": data}, NOW)
    except EventRefused as refused:
        assert refused.code is Code.BODY_WRONG
        return
    assert read_event.provider == "emailbison"
    names = (read_event.sender_name, read_event.first_name, read_event.last_name)
    texts = [read_event.identity, read_event.text, read_event.subject, *names]
    texts += read_event.handles.values()
    assert all(text is None or text.encode() == text.encode("utf-8", "replace") for text in texts)


@settings(deadline=None, database=None, derandomize=True)
@given(st.sampled_from(NAMES), st.sampled_from(PARTS), PART)
def test_any_part_of_a_real_event_is_read_or_refused(
    name: str, part: str, fields: dict[str, Any]
) -> None:
    changes: dict[str, Any] = {"event": {"type": name}, part: fields}
    body = payload("lead_replied", **changes)
    try:
        event = PROVIDER.parse_event("webhook", body, NOW)
    except EventRefused as refused:
        assert refused.code is Code.BODY_WRONG
        return
    assert event.account == "12"
    assert event.kind is EventKind.IGNORED or event.identity
