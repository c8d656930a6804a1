"""EmailBison, held to the contract from the mailbox that was written to and from a stand-in."""

from dataclasses import replace
from typing import Any

from devstack.sandbox.contract import Injected
from devstack.sandbox.emailbison import MAILBOX, MAILBOX_ID, lead_id, reply_id
from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind
from system_sender.letter import Letter
from system_sender.outcome import OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.transport import Request
from tests.contract.case import (
    ACCESS,
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
from tests.contract.payloads import payloads_in

_STAND_IN = 58


def _letter(lead: str, mailbox: int) -> Letter:
    return Letter(
        channel="email",
        text=TEXT,
        to=lead,
        to_name="Dana Example",
        handles={
            "reply_id": str(reply_id(lead, 41021)),
            "sender_email_id": str(MAILBOX_ID),
            "mailbox": MAILBOX,
            "lead_id": lead_id(lead),
            "campaign_id": "9",
        },
        subject="Re: Intro",
        answered_text="Tue works",
        route=f"sender:{mailbox}",
    )


def _without(*names: str) -> Letter:
    letter = _letter("dana@example.com", MAILBOX_ID)
    kept = {name: value for name, value in letter.handles.items() if name not in names}
    return replace(letter, handles=kept)


def _read(request: Request, mailbox: int) -> Sent:
    body = json_of(request)
    assert body["sender_email_id"] == mailbox
    assert body["content_type"] == "html"
    # It would add the lead's own words, links and signature to what was approved.
    assert body["inject_previous_email_body"] is False
    assert "reply_all" not in body
    [to] = body["to_emails"]
    return Sent(
        to=to["email_address"],
        html=body["message"],
        subject=body["subject"],
        cc=tuple(each["email_address"] for each in body["cc_emails"]),
        bcc=tuple(each["email_address"] for each in body["bcc_emails"]),
    )


def _message(letter: Letter, text: str, **fields: Any) -> Injected:
    return Injected(ACCOUNT, letter.to, text, **fields)


_REJECTED, _NOT_SENT, _UNKNOWN = OutcomeKind.REJECTED, OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN
_REFUSED_MAILBOX = payloads_in("emailbison")["sender_invalid"]
_LIMITED = payloads_in("emailbison")["rate_limited"]

_KNOWN = (
    # A definite refusal of the mailbox leaves the next one open.
    *(
        Meaning(
            f"mailbox_refused_{status}",
            status,
            _REFUSED_MAILBOX,
            _NOT_SENT,
            Code.SENDER_UNHEALTHY,
            next_route=True,
        )
        for status in (400, 422)
    ),
    Meaning("mailbox_refused_500", 500, _REFUSED_MAILBOX, _UNKNOWN, Code.PROVIDER_ERROR),
    Meaning("wait_in_the_body", 429, _LIMITED, _NOT_SENT, Code.RATE_LIMITED, wait=8_000),
    Meaning(
        "wait_in_the_header_wins",
        429,
        _LIMITED,
        _NOT_SENT,
        Code.RATE_LIMITED,
        headers={"retry-after": "12"},
        wait=12_000,
    ),
    *(
        Meaning(
            f"senseless_wait_{name}",
            429,
            {"error": "rate_limited", "retry_after": asked},
            _NOT_SENT,
            Code.RATE_LIMITED,
        )
        for name, asked in (("text", "8"), ("negative", -1), ("huge", 10**30), ("true", True))
    ),
    Meaning(
        "token_of_another_workspace",
        403,
        {"message": "This key belongs to another workspace."},
        _NOT_SENT,
        Code.UNAUTHORIZED,
        unhealthy=True,
    ),
    Meaning(
        "reply_not_found",
        404,
        {"message": "No query results for model [Reply]."},
        _REJECTED,
        Code.THREAD_NOT_FOUND,
    ),
    Meaning(
        "inner_failure",
        200,
        {"data": {"success": False, "message": "Reply was not sent"}},
        _REJECTED,
        Code.REJECTED_BY_PROVIDER,
    ),
)


def _case(mailbox: int, name: str) -> Case:
    letter = _letter("dana@example.com", mailbox)
    return Case(
        name=f"emailbison-{name}",
        provider_name="emailbison",
        access=replace(ACCESS, senders=(str(_STAND_IN),)),
        letter=letter,
        other=_letter("lee@example.com", mailbox),
        path=f"/api/replies/{letter.handles['reply_id']}/reply",
        token_at=("header", "Authorization", "Bearer {token}"),
        read=lambda request: _read(request, mailbox),
        recipient=lambda letter: letter.to,
        has_subject=True,
        has_copies=True,
        answers=Answers(
            confirmed=Confirmed(payloads_in("emailbison")["reply_answer"], "41077"),
            unnamed=({"data": {"success": True, "message": "Successfully sent email"}}, {}),
            id_fields=("data.reply.id",),
            contradictions=(
                {"data": {"success": True, "error": "not sent"}},
                {"data": {"success": False, "reply": {"id": 5}}},
                {"success": True, "data": {"success": False}},
            ),
            error=lambda text: {"message": text, "errors": {"message": [text]}},
            duplicates=({"message": "Duplicate reply"},),
            finals={402: Code.PAYMENT_REQUIRED, 404: Code.THREAD_NOT_FOUND},
            words=(Words("The selected sender email id is invalid.", Code.SENDER_UNHEALTHY),),
            known=_KNOWN,
        ),
        records=Records(message=_message, rows="data", most=150, filters=("filters[folder]",)),
        blind=(_without("lead_id"),),
        incomplete=(
            (_without("reply_id"), Code.NO_THREAD),
            (_without("sender_email_id"), Code.NO_THREAD),
            (replace(letter, handles={}), Code.NO_THREAD),
        ),
    )


CASES = (_case(MAILBOX_ID, "mailbox"), _case(_STAND_IN, "stand-in"))

_OURS = "sam@out.example.com"
_AGAIN = ("event.name", "event.workspace_name", "event.instance_url")
_NOT_ITS_OWN = (*_AGAIN, "data.reply.updated_at", "data.reply.created_at", "data.reply.uuid")


def _message_told(reply: str, **fields: Any) -> Told:
    return Told(
        EventKind.MESSAGE,
        fields={
            "account": "12",
            "sender": "dana@example.com",
            "email": "dana@example.com",
            "to": (_OURS,),
            "contact_id": "3301",
            "provider_message_id": reply,
            "handles": {
                "reply_id": reply,
                "sender_email_id": "57",
                "mailbox": _OURS,
                "lead_id": "3301",
                "campaign_id": "9",
            },
            **fields,
        },
        answerable=True,
        delivery=(*_NOT_ITS_OWN, "data.campaign_event.created_at", "data.campaign_event.id"),
        own=("data.reply.id",),
    )


_REPLIED = {
    "text": "Tue works 👍",
    "cc": ("ops@example.com",),
    "subject": "Re: Intro",
    "first_name": "Dana",
    "sender_name": "Dana Lee",
    "automated": False,
}

EVENTS = Events(
    provider_name="emailbison",
    payloads=payloads_in("emailbison"),
    sample="lead_replied",
    type_at="event.type",
    ignored_types=(
        "EMAIL_SENT",
        "EMAIL_OPENED",
        "EMAIL_ACCOUNT_DISCONNECTED",
        "TAG_ATTACHED",
        "SOMETHING_NEW",
    ),
    not_events=("rate_limited", "reply_answer", "sender_invalid", "sent_folder"),
    told={
        "lead_replied": _message_told("41021", **_REPLIED),
        # The same answer again, with its ids as texts.
        "lead_interested": _message_told("41021", **_REPLIED),
        "lead_replied_automated": _message_told(
            "41022", text="I am away until Monday.", automated=True
        ),
        "lead_replied_colleague": _message_told(
            "41025",
            text="I took this over from Dana.",
            sender="lee@example.com",
            sender_name="Lee Park",
            cc=("dana@example.com",),
        ),
        "untracked_delay_notice": _message_told(
            "41031", sender="mailer-daemon@mx.example.com", automated=True
        ),
        "untracked_reply_received": Told(
            EventKind.MESSAGE,
            fields={
                "text": "Who is this?",
                "sender": "kim@example.com",
                "email": "kim@example.com",
                "contact_id": None,
            },
            answerable=True,
            delivery=_NOT_ITS_OWN,
            own=("data.reply.id",),
        ),
        "untracked_bounce_notice": Told(
            EventKind.STATUS,
            fields={"email": "dana@example.com", "status": DeliveryStatus.BOUNCED},
            delivery=_NOT_ITS_OWN,
            own=("data.reply.id",),
        ),
        "manual_email_sent": Told(
            EventKind.ECHO,
            fields={
                # The whole of it, to be compared with what we sent.
                "text": "Great, Tuesday at 2pm it is.\n\nBest regards\nSam",
                "sender": _OURS,
                "email": "dana@example.com",
                "to": ("dana@example.com",),
                "provider_message_id": "41077",
            },
            delivery=_NOT_ITS_OWN,
            own=("data.reply.id",),
        ),
        "manual_email_sent_scheduled": Told(
            EventKind.ECHO,
            fields={"text": "Great, Tuesday at 2pm it is.", "email": "dana@example.com"},
            delivery=_AGAIN,
            own=("data.scheduled_email.id",),
        ),
        "email_bounced": Told(
            EventKind.STATUS,
            fields={"email": "dana@example.com", "status": DeliveryStatus.BOUNCED},
            delivery=_AGAIN,
            own=("data.scheduled_email.id", "data.lead.email"),
        ),
        "lead_unsubscribed": Told(
            EventKind.DO_NOT_DISTURB,
            fields={"email": "dana@example.com"},
            delivery=_AGAIN,
            own=("data.campaign_event.id", "data.lead.email"),
        ),
        "email_sent": Told(EventKind.IGNORED),
        "email_account_disconnected": Told(EventKind.IGNORED),
    },
)


def _request(body: bytes = b"{}", query: str | None = None, **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedRequest(body, named, {} if query is None else {"secret": query})


DOORS = (
    Door(
        provider_name="emailbison",
        places={
            "header": lambda secret: _request(x_webhook_secret=secret),
            "query": lambda secret: _request(query=secret),
        },
        elsewhere={
            "bearer": lambda secret: _request(authorization=f"Bearer {secret}"),
            "another_header": lambda secret: _request(x_secret=secret),
            "another_parameter": lambda secret: SignedRequest(b"{}", {}, {"token": secret}),
            "body": lambda secret: _request(
                b'{"secret_key": "' + secret.encode(errors="surrogatepass") + b'"}'
            ),
        },
    ),
)
