"""SmartLead's webhook payloads, read into the one vocabulary."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.providers import SignedRequest
from system_sender.providers.smartlead import PROVIDER

PAYLOADS = Path(__file__).parents[1] / "payloads" / "smartlead"
NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
WROTE_AT = 1_772_463_845_000


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


def authenticate(
    body: bytes, headers: dict[str, str] | None = None, secret: str | None = "secret-1"
) -> str:
    return PROVIDER.authenticate(SignedRequest(body, headers or {}, {}), lambda: secret, ())


def never() -> str | None:
    pytest.fail("The secret was read for a request that gives none.")


def test_the_secret_is_in_the_body() -> None:
    assert authenticate((PAYLOADS / "email_reply.json").read_bytes()) == "webhook"


@pytest.mark.parametrize(
    "headers",
    [{"x-webhook-secret": "secret-1"}, {"authorization": "Bearer secret-1"}],
)
def test_the_secret_may_come_in_a_header(headers: dict[str, str]) -> None:
    assert authenticate(b"{}", headers) == "webhook"


@pytest.mark.parametrize(
    ("body", "headers", "secret"),
    [
        (b'{"secret_key": "other"}', {}, "secret-1"),
        (b'{"secret_key": "\xc3\xa9\\ud800"}', {}, "secret-1"),
        (b'{"secret_key": "secret-1"}', {}, None),
        (b'{"secret_key": "secret-1"}', {}, ""),
        (b'{"secret_key": "secret-1"}', {"x-webhook-secret": "other"}, "secret-1"),
        (b"{}", {"authorization": "Bearer other"}, "secret-1"),
    ],
)
def test_another_secret_is_refused(
    body: bytes, headers: dict[str, str], secret: str | None
) -> None:
    with pytest.raises(EventRefused) as refused:
        authenticate(body, headers, secret)
    assert refused.value.code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"secret_key=secret-1",
        b"[]",
        b"{}",
        b'{"secret_key": ""}',
        b'{"secret_key": null}',
        b'{"secret_key": ["secret-1"]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_without_a_secret_nobody_passes_and_none_is_read(body: bytes) -> None:
    with pytest.raises(EventRefused) as refused:
        PROVIDER.authenticate(SignedRequest(body, {"authorization": "Basic x"}, {}), never, ())
    assert refused.value.code is Code.SIGNATURE_MISSING


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_is_read() -> None:
    event = read("email_reply")
    assert (event.kind, event.provider, event.channel) == (EventKind.MESSAGE, "smartlead", "email")
    assert (event.account, event.contact_id) == (None, "1482001")
    assert event.text == "Tue works 👍"
    assert event.subject == "Re: Intro"
    assert (event.email, event.sender, event.sender_name) == (
        "dana@example.com",
        "dana@example.com",
        "Dana Lee",
    )
    assert event.to == ("sam@out.example.com",)
    assert event.cc == ("ops@example.com",)
    assert event.provider_message_id == "<CAF1@mail.example.com>"
    assert event.occurred_at == WROTE_AT
    assert event.handles == {
        "campaign_id": "9181",
        "stats_id": "8f7c2b10-1111-4bbb-8ccc-123456789012",
        "message_id": "<CAF1@mail.example.com>",
        "mailbox": "sam@out.example.com",
        "lead_id": "1482001",
    }
    assert not event.automated
    assert event.identified


def test_a_colleagues_answer_is_the_colleagues_and_the_leads_conversation() -> None:
    event = read("email_reply_colleague")
    assert (event.email, event.sender) == ("dana@example.com", "lee@example.com")
    assert (event.contact_id, event.account) == ("1482001", "111")


def test_numbers_and_texts_are_the_same_ids() -> None:
    event = read("email_reply", campaign_id="9181", sl_email_lead_id=1482001, client_id=111)
    assert event.handles == read("email_reply").handles
    assert event.account == "111"


def test_our_own_mailbox_is_never_the_one_who_wrote() -> None:
    event = read(
        "email_reply",
        omit=("leadCorrespondence",),
        from_email="dana@example.com",
        to_email="sam@out.example.com",
    )
    assert (event.sender, event.handles["mailbox"]) == ("dana@example.com", "sam@out.example.com")


def test_the_other_spelling_of_the_correspondence_is_read() -> None:
    spelled = {"targetLeadEmail": "dana@example.com", "replyReceivedFrom": "lee@example.com"}
    event = read("email_reply", omit=("leadCorrespondence",), lead_correspondence=spelled)
    assert event.sender == "lee@example.com"


def test_the_older_nested_answer_is_read_and_cannot_be_answered() -> None:
    event = read("email_replied_nested")
    assert (event.kind, event.text, event.sender) == (
        EventKind.MESSAGE,
        "Tue works",
        "dana@example.com",
    )
    assert (event.first_name, event.last_name) == ("Dana", "Lee")
    assert (event.subject, event.occurred_at) == ("Re: Intro", WROTE_AT)
    assert "stats_id" not in event.handles


@pytest.mark.parametrize(
    "cc",
    [
        ["ops@example.com", "Lee <lee@example.com>", "ops@example.com", "nobody", 7, None],
        [{"email": "ops@example.com"}, {"address": "lee@example.com"}, {"name": "x"}],
        "ops@example.com, Lee <lee@example.com>",
    ],
)
def test_copies_are_read_in_every_form(cc: object) -> None:
    assert read("email_reply", cc_emails=cc).cc == ("ops@example.com", "lee@example.com")


def test_without_text_and_html_the_preview_is_the_text() -> None:
    bare = {"message_id": "<CAF1@mail.example.com>", "time": "2026-03-02T15:04:05Z"}
    assert read("email_reply", reply_message=bare).text == "Tue works 👍"
    assert read("email_reply", omit=("reply_body",), reply_message=bare).text == "Tue works"


def test_the_html_alone_is_read_as_text() -> None:
    html = {"html": "<p>Tue<br>works</p>", "message_id": "<CAF1@mail.example.com>"}
    assert read("email_reply", reply_message=html).text == "Tue\nworks"


def test_a_redelivery_is_the_same_event() -> None:
    again = read("email_reply", event_timestamp="2026-03-02T19:00:00Z", webhook_id=95)
    assert again.identity == read("email_reply").identity
    assert again.identity.startswith("message:")
    assert again.identity.isascii()


def test_a_message_told_of_as_tracked_and_untracked_is_one() -> None:
    reply = payload("email_reply")["reply_message"]
    assert read("untracked_replies", reply_message=reply).identity == read("email_reply").identity


def test_two_answers_to_one_step_are_two() -> None:
    reply = payload("email_reply")["reply_message"]
    other = read("email_reply", reply_message={**reply, "message_id": "<CAF9@mail.example.com>"})
    assert other.identity != read("email_reply").identity


def test_an_id_that_is_that_of_what_was_answered_identifies_nothing() -> None:
    reply = payload("email_reply")["reply_message"] | {"message_id": "<S1@out.example.com>"}
    first = read("email_reply", reply_message=reply)
    later = read("email_reply", reply_message={**reply, "time": "2026-03-02T15:09:00Z"})
    other = read("email_reply", reply_message={**reply, "text": "No, Wednesday."})
    assert len({first.identity, later.identity, other.identity}) == 3
    assert read("email_reply", reply_message=reply).identity == first.identity
    assert "Tue" not in first.identity


def test_the_deprecated_id_alone_identifies_nothing() -> None:
    reply = {"text": "Tue works", "time": "2026-03-02T15:04:05Z"}
    first = read("email_reply", reply_message=reply)
    second = read("email_reply", reply_message={**reply, "text": "and Wednesday too"})
    assert first.identity != second.identity
    assert first.handles["message_id"] == "<CAF1@mail.example.com>"


def test_an_untracked_message_is_recorded_without_a_conversation() -> None:
    event = read("untracked_replies")
    assert (event.kind, event.text, event.sender) == (
        EventKind.MESSAGE,
        "Who is this?",
        "kim@example.com",
    )
    assert event.to == ("sam@out.example.com", "ops@out.example.com")
    assert event.cc == ("lee@example.com",)
    assert event.handles == {}


@pytest.mark.parametrize(
    ("subject", "automated"),
    [
        ("Automatic reply: Intro", True),
        ("AUTO-REPLY: away until Monday", True),
        ("Out of Office: Intro", True),
        ("Réponse automatique : Intro", True),
        ("Out of Office Re: Intro", True),
        ("Auto: Re: Intro", True),
        ("Undeliverable: Intro", True),
        ("Re: Automatic reply: Intro", False),
        ("Out of office furniture", False),
        ("Re: Intro", False),
        (None, False),
    ],
)
def test_a_machines_answer_is_told_by_its_subject(subject: str | None, automated: bool) -> None:
    assert read("email_reply", subject=subject).automated is automated
    assert read("untracked_replies", subject=subject).automated is automated


# --- the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["EMAIL_BOUNCE", "EMAIL_BOUNCED", "email_bounce"])
def test_a_bounce_is_a_status_of_the_leads_address(name: str) -> None:
    event = read("email_bounce", event_type=name)
    assert (event.kind, event.status) == (EventKind.STATUS, DeliveryStatus.BOUNCED)
    assert (event.email, event.channel) == ("dana@example.com", "email")
    assert event.provider_message_id == "<S1@out.example.com>"
    again = read("email_bounce", event_type=name, event_timestamp="2026-03-02T19:00:00Z")
    assert again.identity == event.identity
    returned = {"message_id": "<B2@mailer.example.com>"}
    assert read("email_bounce", bounce_message=returned).identity != event.identity


@pytest.mark.parametrize("name", ["LEAD_UNSUBSCRIBED", "EMAIL_UNSUBSCRIBED"])
def test_an_unsubscribe_is_do_not_disturb(name: str) -> None:
    event = read("lead_unsubscribed", event_type=name)
    assert (event.kind, event.email) == (EventKind.DO_NOT_DISTURB, "dana@example.com")
    assert event.channel == "email"
    later = read("lead_unsubscribed", event_timestamp="2026-04-02T15:04:05.671Z")
    assert later.identity != event.identity


@pytest.mark.parametrize("name", ["email_sent", "lead_category_updated"])
def test_campaign_mail_and_labels_change_nothing(name: str) -> None:
    assert read(name) == ignored("smartlead")


@pytest.mark.parametrize("name", ["FIRST_EMAIL_SENT", "EMAIL_OPEN", "EMAIL_LINK_CLICK", "NEW_ONE"])
def test_other_events_change_nothing(name: str) -> None:
    event = read("email_sent", event_type=name, client_id=111)
    assert event == ignored("smartlead", "111")
    assert event.called == name


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event_type": None}, "event_type"),
        ({"event_type": 7}, "event_type"),
        ({"campaign_id": "../9181"}, "campaign_id"),
        ({"campaign_id": 1.5}, "campaign_id"),
        ({"stats_id": {"a": 1}}, "stats_id"),
        ({"sl_email_lead_id": "a/b"}, "sl_email_lead_id"),
        ({"client_id": -1}, "client_id"),
        ({"reply_message": "Tue works"}, "reply_message"),
        ({"reply_message": {"text": 7}}, "text"),
        ({"reply_message": {"html": [1]}}, "html"),
        ({"reply_message": {"message_id": 7}}, "message_id"),
        ({"leadCorrespondence": []}, "leadCorrespondence"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(changes: dict[str, Any], field: str) -> None:
    assert field in refusal("email_reply", **changes).detail


@pytest.mark.parametrize("name", ["email_reply", "email_bounce", "lead_unsubscribed"])
def test_without_an_address_it_is_nobodys(name: str) -> None:
    addresses = ("to_email", "sl_lead_email", "leadCorrespondence", "lead_email")
    assert "to_email" in refusal(name, omit=addresses).detail
    assert "sender_detail" in refusal("untracked_replies", sender_detail="nobody").detail


def test_what_cannot_be_stored_is_replaced_and_long_texts_are_cut() -> None:
    reply = {"message_id": "<a\ud800@x>", "text": "\ud800 yes " + "x" * 30_000}
    event = read("email_reply", reply_message=reply, subject="s" * 5_000, to_name="n" * 500)
    assert len(event.text) == 20_000
    assert len(event.subject or "") < 1_000
    assert len(event.sender_name or "") == 200
    everything = json.dumps([event.text, event.handles, event.provider_message_id])
    assert "\\ud800" not in everything


# Lone surrogates among them.
TEXT = st.text(st.characters())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("EMAIL_REPLY", "UNTRACKED_REPLIES", "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "EMAIL_REPLIED")
# fmt: off
FIELDS = [
    "event", "from_email", "to_email", "cc_emails", "cc", "reply_message", "reply",
    "sent_message", "bounce_message", "lead", "lead_email", "sl_lead_email", "leadCorrespondence",
    "sender_detail", "recipient_detail", "campaign_id", "stats_id", "sl_email_lead_id",
    "client_id", "subject", "to_name", "event_timestamp", "message_id", "reply_body",
    "preview_text", "visible_text", "lead_id",
]
# fmt: on
# fmt: off
INNER = [
    "message_id", "html", "text", "body", "time", "email", "first_name", "targetLeadEmail",
    "replyReceivedFrom",
]
# fmt: on
VALUES = JSON | st.sampled_from(["a@example.com", "Dana <a@example.com>", "2026-03-02T15:04:05Z"])


@settings(deadline=None, database=None, derandomize=True)
@given(
    st.sampled_from(NAMES) | st.text(),
    st.dictionaries(
        st.sampled_from(FIELDS),
        VALUES | st.dictionaries(st.sampled_from(INNER), VALUES, max_size=4),
    ),
)
@example("EMAIL_REPLY", {"to_email": "a@example.com", "cc_emails": [[["deep"]]]})
@example("UNTRACKED_REPLIES", {"sender_detail": "a" * 20_000 + "@example.com"})
def test_any_json_is_read_or_refused(name: str, fields: dict[str, Any]) -> None:
    try:
        event = PROVIDER.parse_event("webhook", {"event_type": name, **fields}, NOW)
    except EventRefused as refused:
        assert refused.code is Code.BODY_WRONG
        return
    assert event.provider == "smartlead"
    texts = [event.identity, event.text, event.subject, event.sender, *event.handles.values()]
    assert all(text is None or text.encode() == text.encode("utf-8", "replace") for text in texts)
