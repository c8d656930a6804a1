"""GoHighLevel, held to the contract with its text messages and its e-mails."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devstack.sandbox import webhooks
from devstack.sandbox.contract import Injected
from devstack.sandbox.gohighlevel_messages import MAILBOX, InjectedMail
from devstack.sandbox.webhooks import Signer, Webhook
from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind
from system_sender.letter import Letter
from system_sender.outcome import OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.providers.gohighlevel import EVERY_CHANNEL, MARKETPLACE, WORKFLOW
from system_sender.transport import Request
from tests.contract.case import (
    ACCOUNT,
    TEXT,
    Answers,
    Case,
    Confirmed,
    Door,
    Events,
    Meaning,
    Records,
    Sent,
    Told,
    Words,
    json_of,
)

_CONTACT, _OTHER_CONTACT = "ct8Qm2LwZpR4sT6vXy1B", "ct2Lk9PqWx5ZaB7cDe3F"
_TEXT_MESSAGE = Letter("sms", TEXT, "+15550100001", contact_id=_CONTACT, route="send")
_EMAIL = Letter(
    "email",
    TEXT,
    "dana@example.com",
    contact_id=_CONTACT,
    handles={"email_message_id": "em1Aa2Bb3Cc4Dd5Ee6Ff", "thread_id": "th1Aa2Bb3Cc4Dd5Ee6Ff"},
    subject="Re: Intro",
    route="send",
)
_AT = "2026-03-02T15:04:05.120Z"


def _read_text(request: Request) -> Sent:
    body = json_of(request)
    assert set(body) == {"type", "contactId", "message"}
    assert body["type"] == "SMS"
    return Sent(to=body["contactId"], text=body["message"])


def _read_email(request: Request) -> Sent:
    body = json_of(request)
    assert body["type"] == "Email"
    # Nobody else may be added: all approved recipients are named.
    assert body.get("emailReplyMode", "reply") == "reply"
    return Sent(
        to=f"{body['contactId']} {body['emailTo']}",
        html=body["html"],
        subject=body["subject"],
        cc=tuple(body.get("emailCc", ())),
        bcc=tuple(body.get("emailBcc", ())),
    )


def _message(letter: Letter, text: str, **fields: Any) -> Injected:
    contact = letter.contact_id or ""
    if letter.channel == "sms":
        return Injected(ACCOUNT, contact, text, **fields)
    return InjectedMail(ACCOUNT, contact, text, to=letter.to, **fields)


_REJECTED, _NOT_SENT, _UNKNOWN = OutcomeKind.REJECTED, OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN
_DND, _UNSUBSCRIBED = Code.DO_NOT_DISTURB, Code.UNSUBSCRIBED
_WORDS = (
    Words("Cannot send message as DND is active for SMS.", _DND, suppress=True),
    Words("Cannot send message as DND is active for Email.", _DND, suppress=True),
    Words("Cannot send message as DND is active", _DND, suppress=True),
    Words("Cannot send message as +15550100001 has unsubscribed", _UNSUBSCRIBED, suppress=True),
    Words("Missing phone number", Code.MISSING_PHONE),
    Words("Invalid country calling code", Code.INVALID_PHONE),
    Words("Invalid phone", Code.INVALID_PHONE),
    Words("Missing email", Code.MISSING_EMAIL),
    Words("Invalid email", Code.INVALID_EMAIL),
    Words("Contact not found", Code.CONTACT_NOT_FOUND),
)


def _limited(name: str, wait: int, body: Any = b"", **headers: str) -> Meaning:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Meaning(name, 429, body, _NOT_SENT, Code.RATE_LIMITED, headers=named, wait=wait)


_KNOWN = (
    *(
        Meaning(
            f"words_{number}_{status}",
            status,
            {"statusCode": status, "message": words.text},
            _REJECTED,
            words.code,
            suppress=words.suppress,
        )
        for number, words in enumerate(_WORDS)
        # Its refusals were seen as a 5xx, too: the text decides.
        for status in (400, 422, 500)
    ),
    Meaning(
        "words_in_a_list",
        422,
        {"statusCode": 422, "message": ["x", "Missing phone number"], "error": "Unprocessable"},
        _REJECTED,
        Code.MISSING_PHONE,
    ),
    Meaning(
        "words_by_another_status_key",
        400,
        {"status": 400, "message": "Cannot send message as DND is active for SMS."},
        _REJECTED,
        _DND,
        suppress=True,
    ),
    Meaning(
        "token",
        401,
        {"statusCode": 401, "message": "Invalid JWT", "error": "Unauthorized"},
        _NOT_SENT,
        Code.UNAUTHORIZED,
        unhealthy=True,
    ),
    Meaning(
        "inactive_location",
        400,
        {"statusCode": 400, "message": "Cannot send message as the location is inactive"},
        _REJECTED,
        Code.REJECTED_BY_PROVIDER,
    ),
    Meaning(
        "gateway_page",
        502,
        b"<html><body>DND is active</body></html>",
        _UNKNOWN,
        Code.PROVIDER_ERROR,
    ),
    _limited("interval", 10_000, x_ratelimit_interval_milliseconds="10000"),
    _limited("interval_of_a_minute", 60_000, x_ratelimit_interval_milliseconds="60000"),
    _limited("day_used_up", 3_600_000, x_ratelimit_daily_remaining="0"),
    _limited("day_not_used_up", 10_000, x_ratelimit_daily_remaining="5"),
    _limited("overloaded", 30_000, {"message": "Failed to create point in time"}),
    _limited("overloaded_too", 30_000, {"message": "max_open_pit_context exceeded"}),
    _limited("senseless_interval", 10_000, x_ratelimit_interval_milliseconds="soon"),
    _limited("retry_after_first", 5_000, retry_after="5", x_ratelimit_daily_remaining="0"),
)


def _answers(confirmed: Confirmed, *id_fields: str) -> Answers:
    return Answers(
        confirmed=confirmed,
        unnamed=({"status": "pending", "msg": "Message queued successfully."}, {}),
        id_fields=id_fields,
        contradictions=(
            {"messageId": "ms1", "error": "not sent"},
            {"messageId": "ms1", "ok": False},
        ),
        error=lambda text: {"statusCode": 400, "message": text},
        duplicates=({"statusCode": 400, "message": "Duplicate message"},),
        finals={402: Code.PAYMENT_REQUIRED, 404: Code.CONTACT_NOT_FOUND},
        words=_WORDS,
        known=_KNOWN,
    )


CASES = (
    Case(
        name="gohighlevel-sms",
        provider_name="gohighlevel",
        letter=_TEXT_MESSAGE,
        other=replace(_TEXT_MESSAGE, to="+15550100009", contact_id=_OTHER_CONTACT),
        path="/conversations/messages",
        token_at=("header", "Authorization", "Bearer {token}"),
        read=_read_text,
        recipient=lambda letter: letter.contact_id or "",
        answers=_answers(
            Confirmed(
                {"conversationId": "cv1", "messageId": "ms1", "status": "pending"}, "ms1", "cv1"
            ),
            "messageId",
            "conversationId",
        ),
        records=Records(
            message=_message, rows="messages", most=500, filters=("startDate", "endDate")
        ),
        blind=(replace(_TEXT_MESSAGE, contact_id=None),),
        incomplete=((replace(_TEXT_MESSAGE, contact_id=None), Code.MISSING_CONTACT),),
    ),
    Case(
        name="gohighlevel-email",
        provider_name="gohighlevel",
        letter=_EMAIL,
        other=replace(_EMAIL, to="lee@example.com", contact_id=_OTHER_CONTACT),
        path="/conversations/messages",
        token_at=("header", "Authorization", "Bearer {token}"),
        read=_read_email,
        recipient=lambda letter: f"{letter.contact_id} {letter.to}",
        has_subject=True,
        has_copies=True,
        answers=_answers(
            Confirmed(
                # The first is the thread's.
                {"conversationId": "cv1", "messageId": "th1", "emailMessageId": "em1"},
                "em1",
                "cv1",
            ),
            "emailMessageId",
            "conversationId",
        ),
        records=Records(
            message=_message, rows="messages", most=500, filters=("startDate", "endDate")
        ),
        blind=(replace(_EMAIL, contact_id=None),),
        incomplete=((replace(_EMAIL, contact_id=None), Code.MISSING_CONTACT),),
    ),
)


# --- events --------------------------------------------------------------------------------------

_SIGNER = Signer()
_WHOSE: Mapping[str, Any] = {"location_id": "loc7Kq", "contact_id": _CONTACT}
_WHEN: Mapping[str, Any] = {"timestamp": "2026-03-02T15:04:06Z", "dateAdded": _AT}
_HTML = (
    '<div dir="ltr">Tue works 👍</div><div class="gmail_quote"><div class="gmail_attr">On Sun '
    "Sam wrote:</div><blockquote>Tue?</blockquote></div>"
)


def _body(webhook: Webhook) -> dict[str, Any]:
    body = json.loads(webhook.body)
    assert isinstance(body, dict)
    return body


def _stats(event: str, **fields: Any) -> dict[str, Any]:
    body = _body(webhooks.email_stats(_SIGNER, location_id="loc7Kq", event=event, **fields))
    body["webhookPayload"] |= {"id": f"Ase7i2zs-{event}", "timestamp": 1_772_463_845}
    return body | {"timestamp": _WHEN["timestamp"]}


_PAYLOADS: dict[str, dict[str, Any]] = {
    "text": _body(
        webhooks.inbound_message(_SIGNER, **_WHOSE, **_WHEN, text="Tue works \n", messageId="ms2In")
    ),
    # As published: neither of the two ids.
    "text_published": _body(
        webhooks.inbound_message(
            _SIGNER,
            **_WHOSE,
            dateAdded=_AT,
            text="Tue",
            omit=("messageId", "webhookId", "timestamp"),
        )
    ),
    "text_echo": _body(
        webhooks.outbound_message(_SIGNER, **_WHOSE, **_WHEN, text=TEXT, messageId="ms3Out")
    ),
    "text_of_a_person": _body(
        webhooks.outbound_message(_SIGNER, **_WHOSE, **_WHEN, text="Hi", source="app")
    ),
    "email": _body(
        webhooks.inbound_email(
            _SIGNER,
            **_WHOSE,
            **_WHEN,
            text="Tue",
            body=_HTML,
            cc=["ops@example.com"],
            emailMessageId="em2In",
            threadId="th2In",
        )
    ),
    "email_echo": _body(
        webhooks.outbound_email(_SIGNER, **_WHOSE, **_WHEN, text=TEXT, emailMessageId="em3Out")
    ),
    "email_of_a_person": _body(
        webhooks.outbound_email(_SIGNER, **_WHOSE, **_WHEN, text="Hi", source="app")
    ),
    "email_delivered": _stats("delivered"),
    "email_opened": _stats("opened"),
    "email_bounced": _stats("failed", severity="permanent"),
    "email_tried_again": _stats("failed", severity="temporary"),
    "email_complained": _stats("complained"),
    "email_unsubscribed": _stats("unsubscribed"),
    "do_not_disturb": _body(
        webhooks.contact_dnd_update(
            _SIGNER, **_WHOSE, timestamp=_WHEN["timestamp"], webhookId="wh1"
        )
    ),
    "do_not_disturb_by_text": _body(
        webhooks.contact_dnd_update(
            _SIGNER,
            **_WHOSE,
            timestamp=_WHEN["timestamp"],
            webhookId="wh2",
            dnd=False,
            dndSettings={"SMS": {"status": "active"}, "Email": {"status": "inactive"}},
        )
    ),
    "do_not_disturb_lifted": _body(
        webhooks.contact_dnd_update(_SIGNER, **_WHOSE, timestamp=_WHEN["timestamp"], dnd=False)
    ),
    "workflow_text": _body(webhooks.workflow_reply(secret="x", **_WHOSE, text="Tue works ")),
    "workflow_email": _body(
        webhooks.workflow_reply(
            secret="x",
            **_WHOSE,
            text="Tue",
            message={"type": 3, "body": _HTML},
        )
    ),
}

_AGAIN = ("webhookId", "timestamp", "appId")
_DANA = {"contact_id": _CONTACT, "account": "loc7Kq"}
_STATUS = {"email": "dana@example.com", "contact_id": None, "account": "loc7Kq"}


def _told(kind: EventKind, channel: str, **fields: Any) -> Told:
    return Told(kind, channel, {**_DANA, **fields}, webhook=MARKETPLACE)


def _told_status(status: DeliveryStatus) -> Told:
    return Told(
        EventKind.STATUS,
        "email",
        {**_STATUS, "status": status},
        delivery=_AGAIN,
        own=("webhookPayload.id",),
        webhook=MARKETPLACE,
    )


_TOLD_STOP = Told(
    EventKind.DO_NOT_DISTURB,
    "email",
    _STATUS,
    delivery=_AGAIN,
    own=("webhookPayload.id",),
    webhook=MARKETPLACE,
)
_IGNORED = Told(EventKind.IGNORED, webhook=MARKETPLACE)

EVENTS = Events(
    provider_name="gohighlevel",
    payloads=_PAYLOADS,
    sample="text",
    type_at="type",
    ignored_types=("ContactCreate", "AppointmentUpdate", "ConversationUnread", "SomethingNew"),
    told={
        "text": replace(
            _told(
                EventKind.MESSAGE,
                "sms",
                text="Tue works",
                phone="+15550100001",
                provider_message_id="ms2In",
                identified=True,
                handles={},
            ),
            answerable=True,
            delivery=_AGAIN,
            own=("messageId",),
        ),
        "text_published": replace(
            _told(EventKind.MESSAGE, "sms", text="Tue", phone="+15550100001"),
            answerable=True,
            own=("dateAdded", "body", "contactId", "locationId"),
        ),
        "text_echo": replace(
            _told(
                EventKind.ECHO,
                "sms",
                text=TEXT,
                phone="+15550100001",
                human=False,
                provider_message_id="ms3Out",
            ),
            delivery=_AGAIN,
            own=("messageId",),
        ),
        "text_of_a_person": replace(
            _told(EventKind.HUMAN_OUTBOUND, "sms", text="Hi", human=True),
            delivery=_AGAIN,
            own=("messageId",),
        ),
        "email": replace(
            _told(
                EventKind.MESSAGE,
                "email",
                text="Tue works 👍",
                sender="dana@example.com",
                sender_name="Dana Example",
                email="dana@example.com",
                to=(MAILBOX,),
                cc=("ops@example.com",),
                subject="Re: Intro",
                handles={"email_message_id": "em2In", "thread_id": "th2In"},
            ),
            answerable=True,
            delivery=_AGAIN,
            own=("emailMessageId",),
        ),
        "email_echo": replace(
            _told(
                EventKind.ECHO,
                "email",
                text=TEXT,
                email="dana@example.com",
                to=("dana@example.com",),
                sender=MAILBOX,
                human=False,
                provider_message_id="em3Out",
            ),
            delivery=_AGAIN,
            own=("emailMessageId",),
        ),
        "email_of_a_person": replace(
            _told(EventKind.HUMAN_OUTBOUND, "email", text="Hi", human=True),
            delivery=_AGAIN,
            own=("emailMessageId",),
        ),
        "email_delivered": _told_status(DeliveryStatus.DELIVERED),
        "email_opened": _told_status(DeliveryStatus.READ),
        "email_bounced": _told_status(DeliveryStatus.BOUNCED),
        "email_tried_again": _IGNORED,
        "email_complained": _TOLD_STOP,
        "email_unsubscribed": _TOLD_STOP,
        "do_not_disturb": replace(
            _told(
                EventKind.DO_NOT_DISTURB,
                EVERY_CHANNEL,
                phone="+15550100001",
                email="dana@example.com",
            ),
            delivery=("timestamp", "appId"),
            own=("webhookId",),
        ),
        "do_not_disturb_by_text": replace(
            _told(EventKind.DO_NOT_DISTURB, "sms", phone="+15550100001"),
            delivery=("timestamp", "appId"),
            own=("webhookId",),
        ),
        "do_not_disturb_lifted": _IGNORED,
        "workflow_text": Told(
            EventKind.MESSAGE,
            "sms",
            {**_DANA, "text": "Tue works", "phone": "+15550100001", "identified": True},
            answerable=True,
            delivery=("tags", "triggerData"),
            own=("customData.Date", "customData.Time", "message.body", "contact_id"),
            webhook=WORKFLOW,
        ),
        "workflow_email": Told(
            EventKind.MESSAGE,
            "email",
            {
                **_DANA,
                "text": "Tue works 👍",
                "sender": "dana@example.com",
                "email": "dana@example.com",
            },
            answerable=True,
            delivery=("tags",),
            own=("customData.Date", "customData.Time", "message.body"),
            webhook=WORKFLOW,
        ),
    },
)


def _request(body: bytes = b"{}", query: str | None = None, **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedRequest(body, named, {} if query is None else {"secret": query})


DOORS = (
    Door(
        provider_name="gohighlevel",
        kind=WORKFLOW,
        places={
            "header": lambda secret: _request(x_webhook_secret=secret),
            "query": lambda secret: _request(query=secret),
        },
        elsewhere={
            "bearer": lambda secret: _request(authorization=f"Bearer {secret}"),
            "another_header": lambda secret: _request(x_secret=secret),
            "another_parameter": lambda secret: SignedRequest(b"{}", {}, {"key": secret}),
            "body": lambda secret: _request(
                b'{"secret_key": "' + secret.encode(errors="surrogatepass") + b'"}'
            ),
        },
    ),
)
