"""Unipile, held to the contract on each of its ways to a person."""

from dataclasses import replace
from typing import Any

from devstack.sandbox.contract import Injected
from devstack.sandbox.unipile import chat_with
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
    Words,
    form_of,
    json_of,
)
from tests.contract.payloads import payloads_in

_DANA, _LEE = "ACoAADANAEXAMPLE", "ACoAALEEEXAMPLE"
_HOURS = 3_600_000


def _letter(person: str, route: str, subject: str | None = None) -> Letter:
    handles = {"chat_id": chat_with(person), "account": ACCOUNT} if route == "chat" else {}
    return Letter("linkedin", TEXT, person, handles=handles, subject=subject, route=route)


def _read_chat(request: Request) -> Sent:
    fields = form_of(request)
    assert set(fields) == {"account_id", "text"}
    assert fields["account_id"] == ACCOUNT
    return Sent(to=request.url.rpartition("/chats/")[2].partition("/")[0], text=fields["text"])


def _read_new_chat(request: Request) -> Sent:
    fields = form_of(request)
    assert set(fields) == {"account_id", "attendees_ids", "text", "linkedin[api]"}
    assert fields["account_id"] == ACCOUNT
    return Sent(to=fields["attendees_ids"], text=fields["text"])


def _read_inmail(request: Request) -> Sent:
    fields = form_of(request)
    assert fields["linkedin[inmail]"] == "true"
    assert fields["account_id"] == ACCOUNT
    return Sent(fields["attendees_ids"], fields["text"], subject=fields.get("subject"))


def _read_invitation(request: Request) -> Sent:
    body = json_of(request)
    assert set(body) == {"account_id", "provider_id", "message"}
    assert body["account_id"] == ACCOUNT
    return Sent(to=body["provider_id"], text=body["message"])


def _message(letter: Letter, text: str, **fields: Any) -> Injected:
    return Injected(ACCOUNT, letter.to, text, **fields)


def _problem(status: int, kind: str, title: str = "", detail: str = "") -> dict[str, Any]:
    return {"status": status, "type": f"errors/{kind}", "title": title, "detail": detail}


def _means(status: int, kind: str, outcome: OutcomeKind, code: Code, **more: Any) -> Meaning:
    detail = more.pop("detail", "")
    name = f"{kind}_{status}" + ("_" + detail.lower().replace(" ", "_") if detail else "")
    return Meaning(name, status, _problem(status, kind, detail=detail), outcome, code, **more)


_REJECTED, _NOT_SENT, _UNKNOWN = OutcomeKind.REJECTED, OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN
_DISCONNECTED = (
    "disconnected_account",
    "expired_credentials",
    "invalid_credentials",
    "checkpoint_error",
)

# What every way has in common.
_EVERYWHERE = (
    _means(401, "missing_credentials", _NOT_SENT, Code.UNAUTHORIZED, unhealthy=True),
    *(
        _means(401, kind, _NOT_SENT, Code.ACCOUNT_DISCONNECTED, unhealthy=True)
        for kind in _DISCONNECTED
    ),
    _means(403, "account_restricted", _NOT_SENT, Code.ACCOUNT_DISCONNECTED, unhealthy=True),
    _means(
        404,
        "resource_not_found",
        _NOT_SENT,
        Code.ACCOUNT_DISCONNECTED,
        detail="Account not found",
        unhealthy=True,
    ),
    _means(400, "too_many_characters", _REJECTED, Code.TEXT_TOO_LONG),
    _means(415, "unsupported_media_type", _REJECTED, Code.REJECTED_BY_PROVIDER),
    # LinkedIn's limits count by the day and the week.
    _means(429, "too_many_requests", _NOT_SENT, Code.RATE_LIMITED, wait=4 * _HOURS),
    _means(422, "cannot_resend_yet", _NOT_SENT, Code.RATE_LIMITED, wait=24 * _HOURS),
    _means(500, "provider_error", _UNKNOWN, Code.PROVIDER_ERROR),
    _means(503, "no_client_session", _UNKNOWN, Code.PROVIDER_ERROR),
    _means(504, "request_timeout", _UNKNOWN, Code.PROVIDER_ERROR),
    # Whatever the status says: LinkedIn may have taken it.
    _means(422, "provider_error", _UNKNOWN, Code.PROVIDER_ERROR),
    _means(408, "request_timeout", _UNKNOWN, Code.PROVIDER_ERROR),
    # What would close this way in a 4xx says nothing in a 5xx.
    _means(500, "no_connection_with_recipient", _UNKNOWN, Code.PROVIDER_ERROR),
    _means(502, "insufficient_credits", _UNKNOWN, Code.PROVIDER_ERROR),
)
_LIMIT = _means(422, "limit_exceeded", _NOT_SENT, Code.RATE_LIMITED, wait=4 * _HOURS)


def _unreachable(code: Code, **more: Any) -> tuple[Meaning, ...]:
    kinds = ("recipient_cannot_be_reached", "no_connection_with_recipient", "invalid_recipient")
    return tuple(_means(422, kind, _REJECTED, code, **more) for kind in kinds)


def _answers(
    confirmed: Confirmed,
    *,
    id_fields: tuple[str, ...],
    finals: dict[int, Code],
    known: tuple[Meaning, ...],
    words: tuple[Words, ...] = (),
    sent_as: str | None = None,
) -> Answers:
    return Answers(
        confirmed=confirmed,
        unnamed=({"object": "MessageSent", "message_id": None}, {"object": "MessageSent"}, {}),
        id_fields=id_fields,
        contradictions=(
            {"message_id": "m1", "error": "not sent"},
            {"invitation_id": "7", "ok": False},
        ),
        error=lambda text: _problem(422, "unprocessable_entity", "Unprocessable", text),
        duplicates=(_problem(422, "action_already_performed", "Action already performed"),),
        finals=finals,
        words=words,
        known=(*_EVERYWHERE, *known),
        default_wait=4 * _HOURS,
        sent_as=sent_as,
    )


_NOT_CONNECTED = (
    Words("The recipient appears not to be first degree connection.", Code.NOT_CONNECTED),
)
_STARTED = {"object": "ChatStarted", "chat_id": "ch_8Xa", "message_id": "mOut4Kp"}
_STRANGER = Letter("linkedin", TEXT, "dana-example", route="direct")

CASES = (
    Case(
        name="unipile-chat",
        provider_name="unipile",
        letter=_letter(_DANA, "chat"),
        other=_letter(_LEE, "chat"),
        path=f"/api/v1/chats/{chat_with(_DANA)}/messages",
        token_at=("header", "X-API-KEY", "{token}"),
        read=_read_chat,
        recipient=lambda letter: letter.handles["chat_id"],
        answers=_answers(
            Confirmed(
                {"object": "MessageSent", "message_id": "mOut4Kp"}, "mOut4Kp", chat_with(_DANA)
            ),
            id_fields=("message_id",),
            finals={402: Code.PAYMENT_REQUIRED, 404: Code.THREAD_NOT_FOUND},
            known=(_LIMIT, *_unreachable(Code.NOT_CONNECTED)),
            words=_NOT_CONNECTED,
        ),
        records=Records(message=_message, rows="items", most=1000, filters=("after", "before")),
        blind=(replace(_letter(_DANA, "chat"), handles={}),),
        incomplete=((_STRANGER, Code.MISSING_LINKEDIN),),
    ),
    Case(
        name="unipile-direct",
        provider_name="unipile",
        letter=_letter(_DANA, "direct"),
        other=_letter(_LEE, "direct"),
        path="/api/v1/chats",
        token_at=("header", "X-API-KEY", "{token}"),
        read=_read_new_chat,
        recipient=lambda letter: letter.to,
        answers=_answers(
            Confirmed(_STARTED, "mOut4Kp", "ch_8Xa"),
            id_fields=("message_id", "chat_id"),
            finals={402: Code.PAYMENT_REQUIRED, 404: Code.PROFILE_NOT_FOUND},
            known=(_LIMIT, *_unreachable(Code.NOT_CONNECTED, next_route=True)),
            words=_NOT_CONNECTED,
        ),
        records=Records(message=_message, rows="items", most=1000, filters=("after", "before")),
        blind=(),
        incomplete=(
            (_STRANGER, Code.MISSING_LINKEDIN),
            (replace(_STRANGER, to=""), Code.MISSING_LINKEDIN),
        ),
    ),
    Case(
        name="unipile-inmail",
        provider_name="unipile",
        letter=_letter(_DANA, "inmail", "A question"),
        other=_letter(_LEE, "inmail", "A question"),
        path="/api/v1/chats",
        token_at=("header", "X-API-KEY", "{token}"),
        read=_read_inmail,
        recipient=lambda letter: letter.to,
        has_subject=True,
        answers=_answers(
            Confirmed(_STARTED, "mOut4Kp", "ch_8Xa"),
            id_fields=("message_id", "chat_id"),
            finals={402: Code.NO_INMAIL, 404: Code.PROFILE_NOT_FOUND},
            known=(
                *_unreachable(Code.NO_INMAIL, next_route=True),
                *(
                    _means(422, kind, _REJECTED, Code.NO_INMAIL, next_route=True)
                    for kind in ("insufficient_credits", "not_allowed_inmail", "limit_exceeded")
                ),
                _means(
                    403, "resource_access_restricted", _REJECTED, Code.NO_INMAIL, next_route=True
                ),
                Meaning(
                    "no_credits_402",
                    402,
                    {"status": 402, "title": "InMail balance is empty"},
                    _REJECTED,
                    Code.NO_INMAIL,
                    next_route=True,
                ),
            ),
            words=(Words("You have no InMail credits left.", Code.NO_INMAIL),),
            sent_as="inmail",
        ),
        records=Records(message=_message, rows="items", most=1000, filters=("after", "before")),
        blind=(),
        incomplete=((replace(_STRANGER, route="inmail"), Code.MISSING_LINKEDIN),),
    ),
    Case(
        name="unipile-invitation",
        provider_name="unipile",
        letter=_letter(_DANA, "invitation"),
        other=_letter(_LEE, "invitation"),
        path="/api/v1/users/invite",
        token_at=("header", "X-API-KEY", "{token}"),
        read=_read_invitation,
        recipient=lambda letter: letter.to,
        answers=_answers(
            Confirmed({"object": "UserInvitationSent", "invitation_id": "700"}, "700"),
            id_fields=("invitation_id",),
            finals={402: Code.PAYMENT_REQUIRED, 404: Code.PROFILE_NOT_FOUND},
            known=(
                _LIMIT,
                _means(422, "already_invited_recently", _REJECTED, Code.ALREADY_INVITED),
                _means(422, "invalid_recipient", _REJECTED, Code.PROFILE_NOT_FOUND),
            ),
            words=(Words("An invitation is already pending.", Code.ALREADY_INVITED),),
            sent_as="connection_request",
        ),
        # LinkedIn says only in words when an invitation was sent.
        records=Records(
            message=_message, rows="items", most=1000, slack=24 * _HOURS, noise_by_sending=True
        ),
        blind=(),
        incomplete=((replace(_STRANGER, route="invitation"), Code.MISSING_LINKEDIN),),
    ),
)

_HANDLES = {"chat_id": "ch_8Xa", "account": "acc_Vf3"}
_AGAIN = ("timestamp", "webhook_name")
_FROM_DANA = {
    "text": "Tue works",
    "account": "acc_Vf3",
    "linkedin_id": _DANA,
    "contact_id": _DANA,
    "sender_name": "Dana Example",
    "first_name": "Dana",
    "last_name": "Example",
    "sender": None,
    "to": (),
    "cc": (),
    "handles": _HANDLES,
}


def _told_dana(**fields: Any) -> Told:
    return Told(
        EventKind.MESSAGE,
        "linkedin",
        {**_FROM_DANA, **fields},
        answerable=True,
        delivery=_AGAIN,
        own=("message_id",),
    )


EVENTS = Events(
    provider_name="unipile",
    payloads=payloads_in("unipile"),
    sample="message_received",
    type_at="event",
    ignored_types=(
        "message_reaction",
        "message_edited",
        "message_deleted",
        "new_relation",
        "mail_received",
        "something.new",
    ),
    not_events=("chat_messages", "invitations_sent", "profile"),
    told={
        "message_received": _told_dana(provider_message_id="mIn7Zq"),
        "message_received_published": _told_dana(provider_message_id="mIn7Zq"),
        "message_received_inmail": _told_dana(provider_message_id="mIn8Rt"),
        "message_received_nested": replace(
            _told_dana(provider_message_id="mIn7Zq"),
            delivery=("message.timestamp",),
            own=("message.id",),
        ),
        "message_received_own": Told(
            EventKind.ECHO,
            "linkedin",
            {
                "text": "Tue at 2pm?",
                "account": "acc_Vf3",
                "linkedin_id": _DANA,
                "provider_message_id": "mOut4Kp",
                "handles": _HANDLES,
            },
            delivery=_AGAIN,
            own=("message_id",),
        ),
        "message_delivered": Told(
            EventKind.STATUS,
            "linkedin",
            {"provider_message_id": "mOut4Kp", "status": DeliveryStatus.DELIVERED},
            delivery=_AGAIN,
            own=("message_id",),
        ),
        "message_read": Told(
            EventKind.STATUS,
            "linkedin",
            {"provider_message_id": "mOut4Kp", "status": DeliveryStatus.READ},
            delivery=_AGAIN,
            own=("message_id",),
        ),
        "message_reaction": Told(EventKind.IGNORED),
        "message_edited": Told(EventKind.IGNORED),
        "message_deleted": Told(EventKind.IGNORED),
        "new_relation": Told(EventKind.IGNORED),
        "account_status": Told(EventKind.IGNORED),
    },
)


def _request(body: bytes = b"{}", query: str | None = None, **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedRequest(body, named, {} if query is None else {"secret": query})


DOORS = (
    Door(
        provider_name="unipile",
        places={
            "header": lambda secret: _request(x_webhook_secret=secret),
            "usual_header": lambda secret: _request(unipile_auth=secret),
            "older_header": lambda secret: _request(x_unipile_secret=secret),
        },
        elsewhere={
            "bearer": lambda secret: _request(authorization=f"Bearer {secret}"),
            "query": lambda secret: _request(query=secret),
            "another_header": lambda secret: _request(x_api_key=secret),
            "body": lambda secret: _request(
                b'{"secret_key": "' + secret.encode(errors="surrogatepass") + b'"}'
            ),
        },
    ),
)
