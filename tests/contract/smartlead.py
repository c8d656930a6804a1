"""SmartLead, held to the contract."""

import json
from dataclasses import replace
from typing import Any

from devstack.sandbox.contract import Injected
from devstack.sandbox.smartlead import lead_id, stats_id
from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind
from system_sender.letter import Letter
from system_sender.outcome import OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.transport import Request
from tests.contract.case import (
    ACCOUNT,
    NOW,
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
from tests.contract.payloads import payloads_in


def _letter(lead: str) -> Letter:
    return Letter(
        channel="email",
        text=TEXT,
        to=lead,
        handles={
            "campaign_id": "9181",
            "stats_id": stats_id(lead),
            "message_id": "<CAF1@mail.example.com>",
            "mailbox": "sam@out.example.com",
            "lead_id": lead_id(lead),
        },
        subject="Re: Intro",
        answered_text="Tue works",
        answered_at=NOW - 60_000,
        route="send",
    )


def _read(request: Request) -> Sent:
    body = json_of(request)
    return Sent(
        to=body["to_email"],
        html=body["email_body"],
        cc=tuple(filter(None, body.get("cc", "").split(","))),
        bcc=tuple(filter(None, body.get("bcc", "").split(","))),
    )


def _message(letter: Letter, text: str, **fields: Any) -> Injected:
    return Injected(ACCOUNT, letter.to, text, **fields)


def _without(*names: str) -> Letter:
    kept = {name: value for name, value in _LETTER.handles.items() if name not in names}
    return replace(_LETTER, handles=kept)


_LETTER = _letter("dana@example.com")
_LIMIT = {"code": "RATE_LIMIT_EXCEEDED", "message": "Too many requests"}

CASES = (
    Case(
        name="smartlead-email",
        provider_name="smartlead",
        letter=_LETTER,
        other=_letter("lee@example.com"),
        path="/api/v1/campaigns/9181/reply-email-thread",
        token_at=("query", "api_key", "{token}"),
        read=_read,
        recipient=lambda letter: letter.to,
        has_copies=True,
        answers=Answers(
            confirmed=Confirmed({"ok": True, "data": "success"}),
            unnamed=({"success": True, "message": "Reply sent successfully"}, {}),
            id_fields=(),
            contradictions=(
                {"ok": True, "error": "Reply was not sent"},
                {"success": True, "ok": False},
            ),
            error=lambda text: {"error": text},
            duplicates=({"error": "Duplicate reply"},),
            finals={402: Code.PAYMENT_REQUIRED, 404: Code.THREAD_NOT_FOUND},
            words=(Words("Invalid email_stats_id or campaign_id", Code.THREAD_NOT_FOUND),),
            known=(
                Meaning(
                    "invalid_stats_id",
                    400,
                    {"error": "Invalid email_stats_id or campaign_id"},
                    OutcomeKind.REJECTED,
                    Code.THREAD_NOT_FOUND,
                ),
                Meaning(
                    "key_required",
                    401,
                    {"message": "API key is required."},
                    OutcomeKind.NOT_SENT,
                    Code.UNAUTHORIZED,
                    unhealthy=True,
                ),
                Meaning(
                    "wait_in_the_body",
                    429,
                    {"error": {**_LIMIT, "retry_after": 30}},
                    OutcomeKind.NOT_SENT,
                    Code.RATE_LIMITED,
                    wait=30_000,
                ),
                Meaning(
                    "wait_in_the_header_wins",
                    429,
                    {"error": {**_LIMIT, "retry_after": 30}},
                    OutcomeKind.NOT_SENT,
                    Code.RATE_LIMITED,
                    headers={"retry-after": "12"},
                    wait=12_000,
                ),
                *(
                    Meaning(
                        f"senseless_wait_{name}",
                        429,
                        {"error": {**_LIMIT, "retry_after": asked}},
                        OutcomeKind.NOT_SENT,
                        Code.RATE_LIMITED,
                    )
                    for name, asked in (("text", "30"), ("negative", -1), ("huge", 10**30))
                ),
            ),
            default_wait=60_000,
        ),
        records=Records(
            message=_message, rows="history", most=None, filters=("event_time_gt",), names_it=False
        ),
        blind=(_without("campaign_id"), _without("lead_id")),
        incomplete=(
            (_without("campaign_id"), Code.NO_THREAD),
            (_without("stats_id"), Code.NO_THREAD),
            (_without("message_id"), Code.NO_THREAD),
            (replace(_LETTER, answered_at=None), Code.NO_THREAD),
        ),
    ),
)

_DELIVERED_AGAIN = ("webhook_id", "webhook_name", "metadata.webhook_created_at", "description")

EVENTS = Events(
    provider_name="smartlead",
    payloads=payloads_in("smartlead"),
    sample="email_reply",
    type_at="event_type",
    ignored_types=(
        "EMAIL_SENT",
        "FIRST_EMAIL_SENT",
        "EMAIL_OPEN",
        "EMAIL_LINK_CLICK",
        "LEAD_CATEGORY_UPDATED",
        "CAMPAIGN_STATUS_CHANGED",
        "SOMETHING_NEW",
    ),
    not_events=("message_history", "rate_limited"),
    told={
        "email_reply": Told(
            EventKind.MESSAGE,
            fields={
                "text": "Tue works 👍",
                "sender": "dana@example.com",
                "email": "dana@example.com",
                "to": ("sam@out.example.com",),
                "cc": ("ops@example.com",),
                "subject": "Re: Intro",
                "contact_id": "1482001",
                "automated": False,
                "handles": {
                    "campaign_id": "9181",
                    "stats_id": "8f7c2b10-1111-4bbb-8ccc-123456789012",
                    "message_id": "<CAF1@mail.example.com>",
                    "mailbox": "sam@out.example.com",
                    "lead_id": "1482001",
                },
            },
            answerable=True,
            delivery=(*_DELIVERED_AGAIN, "event_timestamp", "time_replied"),
            own=("reply_message.message_id",),
        ),
        "email_reply_colleague": Told(
            EventKind.MESSAGE,
            fields={
                "text": "I took this over from Dana.",
                "sender": "lee@example.com",
                "sender_name": "Lee Park",
                "email": "dana@example.com",
                "to": ("sam@out.example.com",),
                "account": "111",
            },
            answerable=True,
            delivery=(*_DELIVERED_AGAIN, "event_timestamp"),
            own=("reply_message.message_id",),
        ),
        "email_replied_nested": Told(
            EventKind.MESSAGE,
            fields={
                "text": "Tue works",
                "sender": "dana@example.com",
                "email": "dana@example.com",
                "first_name": "Dana",
                "subject": "Re: Intro",
            },
            own=("timestamp", "reply.body", "lead.email"),
        ),
        "untracked_replies": Told(
            EventKind.MESSAGE,
            fields={
                "text": "Who is this?",
                "sender": "kim@example.com",
                "email": "kim@example.com",
                "to": ("sam@out.example.com", "ops@out.example.com"),
                "cc": ("lee@example.com",),
                "handles": {},
            },
            delivery=(*_DELIVERED_AGAIN, "event_timestamp"),
            own=("reply_message.message_id",),
        ),
        "email_bounce": Told(
            EventKind.STATUS,
            fields={
                "email": "dana@example.com",
                "status": DeliveryStatus.BOUNCED,
                "provider_message_id": "<S1@out.example.com>",
            },
            delivery=(*_DELIVERED_AGAIN, "event_timestamp"),
            own=("bounce_message.message_id", "sl_lead_email"),
        ),
        "lead_unsubscribed": Told(
            EventKind.DO_NOT_DISTURB,
            fields={"email": "dana@example.com"},
            delivery=_DELIVERED_AGAIN,
            own=("event_timestamp", "to_email"),
        ),
        "email_sent": Told(EventKind.IGNORED),
        "lead_category_updated": Told(EventKind.IGNORED),
    },
)


def _request(body: object = None, **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else json.dumps(body or {"event": 1}).encode()
    return SignedRequest(raw, named, {})


DOORS = (
    Door(
        provider_name="smartlead",
        places={
            "body": lambda secret: _request({"secret_key": secret}),
            "header": lambda secret: _request(x_webhook_secret=secret),
            "bearer": lambda secret: _request(authorization=f"Bearer {secret}"),
        },
        elsewhere={
            "nested": lambda secret: _request({"data": {"secret_key": secret}}),
            "another_field": lambda secret: _request({"secret": secret}),
            "in_a_list": lambda secret: _request([{"secret_key": secret}]),
            "a_list_of_it": lambda secret: _request({"secret_key": [secret]}),
            "another_header": lambda secret: _request(x_smartlead=secret),
            "basic": lambda secret: _request(authorization=f"Basic {secret}"),
            "query": lambda secret: SignedRequest(b"{}", {}, {"secret": secret}),
            "no_json": lambda secret: _request(secret.encode(errors="surrogatepass")),
        },
    ),
)
