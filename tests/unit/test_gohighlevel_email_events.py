"""GoHighLevel's e-mails, what became of them, and payloads that nobody ought to send."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.sandbox import webhooks
from devstack.sandbox.webhooks import Signer, Webhook
from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent
from system_sender.providers.gohighlevel import MARKETPLACE, PROVIDER, WORKFLOW

NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z

# As published: the body is HTML, and there is neither `messageId` nor `webhookId`.
INBOUND: dict[str, Any] = {
    "type": "InboundMessage",
    "locationId": "loc7Kq",
    "contactId": "ct8Qm",
    "conversationId": "cv3Jd",
    "emailMessageId": "em1Aa",
    "threadId": "th2Bb",
    "messageType": "Email",
    "direction": "inbound",
    "status": "delivered",
    "subject": "Re: Intro",
    "body": '<div dir="ltr">Tue works<br>&amp; Wed</div><div class="gmail_quote">'
    '<div class="gmail_attr">On Mon Sam wrote:</div><blockquote>Tue?</blockquote></div>',
    "from": "Dana Example <dana@example.com>",
    "to": ["Sam <sam@acme.example.com>", "kim@example.com"],
    "cc": ["lee@example.com"],
    "bcc": [],
    "dateAdded": "2026-03-02T15:04:05.120Z",
}
STATS: dict[str, Any] = {
    "type": "LCEmailStats",
    "locationId": "loc7Kq",
    "webhookPayload": {
        "event": "delivered",
        "id": "Ase7i2zsRYeDXztHGENqRA",
        "timestamp": 1_772_463_845,
        "recipient": "dana@example.com",
        "lc-operations": {"email_message_id": "em7Cc"},
    },
}


def email(*, omit: tuple[str, ...] = (), **changes: Any) -> InboundEvent:
    event = {**INBOUND, **changes}
    body = {name: value for name, value in event.items() if name not in omit}
    return PROVIDER.parse_event(MARKETPLACE, body, NOW)


def stats(*, omit: tuple[str, ...] = (), **changes: Any) -> InboundEvent:
    told = {**STATS["webhookPayload"], **changes}
    told = {name: value for name, value in told.items() if name not in omit}
    return PROVIDER.parse_event(MARKETPLACE, {**STATS, "webhookPayload": told}, NOW)


def of_sandbox(webhook: Webhook) -> InboundEvent:
    # The sandbox's time is the machine's, which has nothing to do with this file's.
    body = {**json.loads(webhook.body), "timestamp": "2026-03-02T15:04:06Z"}
    return PROVIDER.parse_event(MARKETPLACE, body, NOW)


# --- e-mails of a lead ---------------------------------------------------------------------------


def test_an_email_is_read_without_its_history_and_with_what_answers_it() -> None:
    event = email()
    assert (event.kind, event.channel, event.text) == (
        EventKind.MESSAGE,
        "email",
        "Tue works\n& Wed",
    )
    assert (event.identity, event.provider_message_id) == ("message:em1Aa", "em1Aa")
    assert event.handles == {"email_message_id": "em1Aa", "thread_id": "th2Bb"}
    assert (event.account, event.contact_id, event.subject) == ("loc7Kq", "ct8Qm", "Re: Intro")
    assert (event.sender, event.sender_name) == ("dana@example.com", "Dana Example")
    assert event.email == "dana@example.com"
    assert event.to == ("sam@acme.example.com", "kim@example.com")
    assert event.cc == ("lee@example.com",)
    assert (event.identified, event.automated) == (True, False)
    assert event.occurred_at == 1_772_463_845_120


@pytest.mark.parametrize(
    "spelling",
    [
        {"messageType": "TYPE_EMAIL"},
        {"messageType": None, "messageTypeString": "TYPE_EMAIL"},
        {"messageType": None, "messageTypeId": 3},
    ],
)
def test_an_email_is_known_by_any_of_its_type_fields(spelling: dict[str, Any]) -> None:
    assert email(**spelling).channel == "email"


def test_two_emails_of_a_thread_with_one_message_id_are_two_events() -> None:
    first = email(messageId="th2Bb")
    second = email(messageId="th2Bb", emailMessageId="em2Bb")
    assert first.identity != second.identity
    bare = ("emailMessageId",)
    third = email(messageId="th2Bb", omit=bare)
    fourth = email(messageId="th2Bb", omit=bare, dateAdded="2026-03-02T16:04:05Z")
    assert third.identity != fourth.identity
    assert third.identity == email(messageId="th2Bb", omit=bare).identity


def test_without_its_own_id_an_email_cannot_be_answered_in_reply_to_it() -> None:
    event = email(omit=("emailMessageId",), webhookId="wh-1")
    assert event.handles == {"thread_id": "th2Bb"}
    assert event.identity == "webhook:wh-1"


def test_without_any_id_the_subject_tells_two_equal_emails_apart() -> None:
    bare = ("emailMessageId", "threadId")
    assert email(omit=bare).identity != email(omit=bare, subject="Other").identity


@pytest.mark.parametrize("body", ["Tue works & 2 < 3\nBye", "Tue works & 2 < 3\nBye\n"])
def test_a_body_that_is_no_html_after_all_keeps_its_signs_and_lines(body: str) -> None:
    assert email(body=body).text == "Tue works & 2 < 3\nBye"


def test_addresses_in_one_text_are_taken_apart() -> None:
    event = email(to="Sam <sam@acme.example.com>, kim@example.com", cc=None)
    assert event.to == ("sam@acme.example.com", "kim@example.com")
    assert event.cc == ()


def test_an_unreadable_address_does_not_take_the_others_with_it() -> None:
    assert "kim@example.com" in email(to=["Doe, Sam <sam@x", "kim@example.com"]).to


def test_an_email_without_a_body_is_still_a_message() -> None:
    event = email(body=None)
    assert (event.kind, event.text) == (EventKind.MESSAGE, "")


@pytest.mark.parametrize(
    ("subject", "automated"),
    [
        ("Automatic reply: Intro", True),
        ("AUTOMATISCHE ANTWORT: Intro", True),
        (" Out of Office Re: Intro", True),
        ("Odpowiedź automatyczna: Intro", True),
        ("Undeliverable: Intro", True),
        ("Out of office furniture", False),
        ("Re: Out of office", False),
        ("Automation for our sales team", False),
        (None, False),
    ],
)
def test_a_machines_answer_is_told_by_the_start_of_its_subject(
    subject: str | None, automated: bool
) -> None:
    event = email(subject=subject)
    assert (event.kind, event.automated) == (EventKind.MESSAGE, automated)


def test_the_id_of_a_thread_is_never_taken_for_that_of_an_email() -> None:
    echo = email(type="OutboundMessage", source="api", messageId="th2Bb", omit=("emailMessageId",))
    assert (echo.kind, echo.provider_message_id) == (EventKind.ECHO, None)


def test_scripts_are_nobodys_words() -> None:
    assert email(body="<script>alert(1)</script><p>Hi</p>").text == "Hi"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"body": 5}, "text"),
        ({"body": ["<p>Hi</p>"]}, "text"),
        ({"to": [7]}, "to"),
        ({"to": {"email": "x"}}, "to"),
        ({"cc": 7}, "cc"),
        ({"emailMessageId": 7.5}, "emailMessageId"),
        ({"threadId": "a b"}, "threadId"),
        ({"contactId": None}, "contactId"),
    ],
)
def test_a_wrong_field_of_an_email_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(EventRefused) as refused:
        email(**changes)
    assert refused.value.code is Code.BODY_WRONG
    assert field in refused.value.detail


# --- e-mails that left ---------------------------------------------------------------------------


def test_our_own_email_is_an_echo_with_its_whole_text() -> None:
    text = "Hi Dana,\n\nOn Monday Kim wrote: see below.\n> like this"
    event = of_sandbox(
        webhooks.outbound_email(
            Signer(), location_id="loc1", contact_id="ct1", text=text, emailMessageId="em7Cc"
        )
    )
    assert (event.kind, event.human, event.channel) == (EventKind.ECHO, False, "email")
    assert (event.identity, event.provider_message_id) == ("echo:em7Cc", "em7Cc")
    assert " ".join(event.text.split()) == " ".join(text.split())
    assert (event.contact_id, event.email) == ("ct1", "dana@example.com")


def test_an_email_from_the_app_is_a_persons() -> None:
    event = of_sandbox(
        webhooks.outbound_email(
            Signer(), location_id="loc1", contact_id="ct1", text="Kim here", source="app"
        )
    )
    assert (event.kind, event.channel) == (EventKind.HUMAN_OUTBOUND, "email")
    assert event.text == "Kim here"


# --- what became of an e-mail --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"event": "delivered"}, DeliveryStatus.DELIVERED),
        ({"event": "opened"}, DeliveryStatus.READ),
        ({"event": "clicked"}, DeliveryStatus.READ),
        ({"event": "rejected"}, DeliveryStatus.FAILED),
        ({"event": "failed", "severity": "permanent"}, DeliveryStatus.BOUNCED),
        ({"event": "failed", "delivery-status": {"code": 550}}, DeliveryStatus.BOUNCED),
        ({"event": "failed", "delivery-status": {"code": 451}}, DeliveryStatus.FAILED),
        ({"event": "failed"}, DeliveryStatus.FAILED),
    ],
)
def test_the_mail_services_word_is_a_status_of_the_mail(
    changes: dict[str, Any], status: DeliveryStatus
) -> None:
    event = stats(**changes)
    assert (event.kind, event.status, event.channel) == (EventKind.STATUS, status, "email")
    assert (event.provider_message_id, event.email) == ("em7Cc", "dana@example.com")
    assert (event.identity, event.account) == ("email:Ase7i2zsRYeDXztHGENqRA", "loc7Kq")
    assert event.occurred_at == 1_772_463_845_000


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "accepted"},
        {"event": "stored"},
        {"event": "failed", "severity": "temporary", "delivery-status": {"code": 550}},
        {"event": None},
        {"event": ["failed"]},
    ],
)
def test_what_settles_nothing_is_ignored(changes: dict[str, Any]) -> None:
    assert stats(**changes).kind is EventKind.IGNORED


@pytest.mark.parametrize("name", ["unsubscribed", "complained"])
def test_who_unsubscribes_or_complains_is_left_alone(name: str) -> None:
    event = stats(event=name)
    assert (event.kind, event.channel) == (EventKind.DO_NOT_DISTURB, "email")
    assert (event.email, event.contact_id, event.status) == ("dana@example.com", None, None)


def test_the_sandboxs_bounce_is_one() -> None:
    bounce = webhooks.email_stats(
        Signer(), location_id="loc1", event="failed", severity="permanent", email_message_id="em1"
    )
    event = of_sandbox(bounce)
    assert (event.status, event.provider_message_id) == (DeliveryStatus.BOUNCED, "em1")


def test_an_event_without_an_id_is_told_by_mail_recipient_kind_and_time() -> None:
    bare = ("id",)
    assert stats(omit=bare).identity == stats(omit=bare).identity
    others = [
        stats(omit=bare, event="opened"),
        stats(omit=bare, timestamp=1_772_463_846),
        stats(omit=bare, recipient="kim@example.com"),
    ]
    assert stats(omit=bare).identity not in {other.identity for other in others}


@pytest.mark.parametrize("time", [None, True, -1, 5e9, float("inf"), float("nan"), "soon"])
def test_a_time_that_is_none_is_left_open(time: Any) -> None:
    assert stats(timestamp=time).occurred_at is None


# --- hostile payloads ----------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.text(st.characters(categories=["Cs"]), max_size=5)
    | st.sampled_from(["SMS", "Email", "app", "<p>", "<!", "a@example.com", "ct1", "failed"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(sorted(INBOUND)), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *INBOUND,
        *("messageId", "webhookId", "timestamp", "source", "userId", "data", "dnd"),
        *("dndSettings", "webhookPayload", "id", "messageTypeId", "contact_id", "message"),
        *("customData", "location", "workflow", "email", "phone", "first_name"),
    ]
)
BASES = st.sampled_from([INBOUND, {**INBOUND, "type": "OutboundMessage"}, STATS, {}])


@given(
    BASES, st.dictionaries(NAMES, ANYTHING, max_size=6), st.sampled_from([MARKETPLACE, WORKFLOW])
)
def test_whatever_comes_is_read_or_refused_by_name(
    base: dict[str, Any], changes: dict[str, Any], kind: str
) -> None:
    try:
        event = PROVIDER.parse_event(kind, {**base, **changes}, NOW)
    except EventRefused as refused:
        assert refused.code in (Code.BODY_WRONG, Code.EVENT_STALE)
        return
    texts = (event.text, event.subject, event.sender, event.sender_name, *event.to, *event.cc)
    for text in (*texts, event.identity, *event.handles.values()):
        (text or "").encode()
    assert len(event.text) <= 20_000
    assert event.kind is EventKind.IGNORED or event.identity


@given(ANYTHING, ANYTHING)
def test_the_mail_services_own_fields_may_be_anything(told: Any, more: Any) -> None:
    body = {**STATS, "webhookPayload": told}
    payload = {**STATS["webhookPayload"], "event": "failed", "lc-operations": more}
    for hostile in (body, {**STATS, "webhookPayload": {**payload, "delivery-status": more}}):
        try:
            assert PROVIDER.parse_event(MARKETPLACE, hostile, NOW).channel
        except EventRefused as refused:
            assert refused.code is Code.BODY_WRONG
