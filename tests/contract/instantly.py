"""Instantly, held to the contract."""

from dataclasses import replace
from typing import Any

from devstack.sandbox.contract import Injected
from devstack.sandbox.instantly import MAILBOX
from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind
from system_sender.letter import Letter
from system_sender.outcome import OutcomeKind
from system_sender.providers import SignedRequest
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
    json_of,
)
from tests.contract.payloads import payloads_in


def _letter(lead: str) -> Letter:
    return Letter(
        channel="email",
        text=TEXT,
        to=lead,
        handles={
            # The sandbox reads the lead's address out of it.
            "email_id": f"0195aaaa-{lead.encode().hex()}",
            "mailbox": MAILBOX,
            "lead": lead,
        },
        subject="Re: Intro",
        answered_text="Tue works",
        route="send",
    )


def _read(request: Request) -> Sent:
    body = json_of(request)
    return Sent(
        to=body["reply_to_uuid"],
        text=body["body"]["text"],
        html=body["body"]["html"],
        subject=body["subject"],
        cc=tuple(filter(None, body.get("cc_address_email_list", "").split(","))),
        bcc=tuple(filter(None, body.get("bcc_address_email_list", "").split(","))),
    )


def _message(letter: Letter, text: str, **fields: Any) -> Injected:
    return Injected(ACCOUNT, letter.to, text, **fields)


def _without(*names: str) -> Letter:
    kept = {name: value for name, value in _LETTER.handles.items() if name not in names}
    return replace(_LETTER, handles=kept)


def _error(status: int, name: str, message: str) -> dict[str, Any]:
    return {"statusCode": status, "error": name, "message": message}


_LETTER = _letter("dana@example.com")
_ID = "0195bbbb-1111-7222-8333-444455556666"
_THREAD = "0197aaaa-1111-7222-8333-444455556666"

CASES = (
    Case(
        name="instantly-email",
        provider_name="instantly",
        letter=_LETTER,
        other=_letter("lee@example.com"),
        path="/api/v2/emails/reply",
        token_at=("header", "Authorization", "Bearer {token}"),
        read=_read,
        recipient=lambda letter: letter.handles["email_id"],
        has_subject=True,
        has_copies=True,
        answers=Answers(
            confirmed=Confirmed(payloads_in("instantly")["reply_answer"], _ID, _THREAD),
            unnamed=({"ue_type": 3}, {}),
            id_fields=("id", "thread_id"),
            contradictions=({"id": _ID, "error": "Sending failed"}, {"id": _ID, "ok": False}),
            error=lambda text: _error(400, "Bad Request", text),
            duplicates=(_error(400, "Bad Request", "Duplicate reply"),),
            finals={402: Code.PAYMENT_REQUIRED, 404: Code.THREAD_NOT_FOUND},
            known=(
                Meaning(
                    "not_found",
                    404,
                    _error(404, "Not Found", "Email not found"),
                    OutcomeKind.REJECTED,
                    Code.THREAD_NOT_FOUND,
                ),
                Meaning(
                    "no_plan",
                    402,
                    _error(402, "Payment Required", "Workspace has no active plan"),
                    OutcomeKind.REJECTED,
                    Code.PAYMENT_REQUIRED,
                ),
                Meaning(
                    "scope",
                    403,
                    _error(403, "Forbidden", "API key lacks the required scope"),
                    OutcomeKind.NOT_SENT,
                    Code.UNAUTHORIZED,
                    unhealthy=True,
                ),
            ),
        ),
        records=Records(message=_message, rows="items", most=30, filters=("eaccount",)),
        blind=(_without("lead"), _without("mailbox")),
        incomplete=(
            (_without("email_id"), Code.NO_THREAD),
            (_without("mailbox"), Code.NO_THREAD),
            # It would go to whoever wrote, whomever the letter is for.
            (replace(_LETTER, to="lee@example.com"), Code.NO_THREAD),
        ),
    ),
)

_HANDLES = {
    "email_id": "0195aaaa-1111-7222-8333-444455556666",
    "mailbox": MAILBOX,
    "lead": "dana@example.com",
}
_AWAY = {
    "text": "I am away until Monday.",
    "sender": "dana@example.com",
    "subject": "Automatic reply: Intro",
    "automated": True,
    "handles": _HANDLES,
}

EVENTS = Events(
    provider_name="instantly",
    payloads=payloads_in("instantly"),
    sample="reply_received",
    type_at="event_type",
    ignored_types=(
        "email_opened",
        "link_clicked",
        "email_link_clicked",
        "account_error",
        "campaign_completed",
        "lead_interested",
        "a label of one's own",
    ),
    not_events=("email_list", "reply_answer"),
    told={
        "reply_received": Told(
            EventKind.MESSAGE,
            fields={
                "text": "Tue works 👍",
                "sender": "dana@example.com",
                "email": "dana@example.com",
                "to": (MAILBOX,),
                "cc": (),
                "subject": "Re: Intro",
                "first_name": "Dana",
                "account": "0190aaaa-1111-7222-8333-444455556666",
                "automated": False,
                "handles": _HANDLES,
            },
            answerable=True,
            delivery=("timestamp", "unibox_url", "campaign_name"),
            own=("email_id",),
        ),
        "auto_reply_received": Told(
            EventKind.MESSAGE,
            fields={**_AWAY, "out_of_office": False},
            answerable=True,
            delivery=("timestamp",),
            own=("email_id",),
        ),
        "lead_out_of_office": Told(
            EventKind.MESSAGE,
            fields={**_AWAY, "out_of_office": True},
            answerable=True,
            delivery=("timestamp",),
            own=("email_id",),
        ),
        "email_sent_manual": Told(
            EventKind.ECHO,
            fields={
                # The whole of it, to be compared with what we sent.
                "text": "Great, Tuesday at 2pm it is.\n\nBest regards\nSam",
                "sender": MAILBOX,
                "email": "dana@example.com",
                "to": ("dana@example.com",),
                "provider_message_id": "0195dddd-1111-7222-8333-444455556666",
            },
            delivery=("timestamp",),
            own=("email_id",),
        ),
        "email_bounced": Told(
            EventKind.STATUS,
            fields={"email": "dana@example.com", "status": DeliveryStatus.BOUNCED},
            delivery=("timestamp",),
            own=("email_id",),
        ),
        "lead_unsubscribed": Told(
            EventKind.DO_NOT_DISTURB,
            fields={"email": "dana@example.com"},
            delivery=("campaign_name", "companyName"),
            own=("timestamp", "lead_email"),
        ),
        "email_sent_campaign": Told(EventKind.IGNORED),
        "lead_interested": Told(EventKind.IGNORED),
        "account_error": Told(EventKind.IGNORED),
    },
)


def _request(body: bytes = b"{}", query: str | None = None, **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedRequest(body, named, {} if query is None else {"secret": query})


DOORS = (
    Door(
        provider_name="instantly",
        places={
            "header": lambda secret: _request(x_webhook_secret=secret),
            "bearer": lambda secret: _request(authorization=f"Bearer {secret}"),
            "bearer_in_capitals": lambda secret: _request(authorization=f"BEARER {secret}"),
        },
        elsewhere={
            "basic": lambda secret: _request(authorization=f"Basic {secret}"),
            "without_a_scheme": lambda secret: _request(authorization=secret),
            "query": lambda secret: _request(query=secret),
            "another_header": lambda secret: _request(x_secret=secret),
            "body": lambda secret: _request(
                b'{"secret_key": "' + secret.encode(errors="surrogatepass") + b'"}'
            ),
        },
    ),
)
