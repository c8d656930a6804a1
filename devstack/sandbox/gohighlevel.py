"""GoHighLevel (LeadConnector), API version 2021-04-15: SMS, e-mail, and looking messages up.

An e-mail has two ids: ``messageId`` and, which is what the ledger shows, ``emailMessageId``. Lists
name the second and leave the body out; it is read one by one. The ledger shows an e-mail under its
``emailTo``, and its text is the HTML without tags.

Where no official source states a shape or a wording, the comment says "unconfirmed". The limits of
the rate-limit headers are the documented ones; they are shown, not enforced.
"""

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from devstack.sandbox.contract import (
    Accepted,
    IdSource,
    Injected,
    Invalid,
    LookUp,
    Send,
    Settings,
    account_of,
)
from devstack.sandbox.gohighlevel_messages import (
    EMAIL,
    SMS,
    InjectedMail,
    Mail,
    Message,
    SendMail,
    plain,
)
from devstack.sandbox.ledger import Operation
from devstack.sandbox.wire import Request, Response, json_response

_VERSION = "2021-04-15"
_MESSAGES = "/conversations/messages"
_EXPORT = f"{_MESSAGES}/export"
_SEARCH = "/conversations/search"

_TYPES = "SMS, RCS, Email, WhatsApp, IG, FB, Custom, Live_Chat, TIKTOK"

_RATE_LIMIT = {
    "X-RateLimit-Limit-Daily": "200000",
    "X-RateLimit-Daily-Remaining": "199000",
    "X-RateLimit-Interval-Milliseconds": "10000",
    "X-RateLimit-Max": "100",
    "X-RateLimit-Remaining": "99",
}
_RATE_LIMIT_USED_UP = {**_RATE_LIMIT, "X-RateLimit-Remaining": "0"}

_DND_SMS = "Cannot send message as DND is active for SMS."

# Each is the status and the body. Both spellings of the status key were observed in the wild.
_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "dnd_sms": (400, {"statusCode": 400, "message": _DND_SMS}),
    "dnd_sms_status_key": (400, {"status": 400, "message": _DND_SMS}),
    "dnd_all": (400, {"statusCode": 400, "message": "Cannot send message as DND is active"}),
    "dnd_email": (  # wording unconfirmed
        400,
        {"statusCode": 400, "message": "Cannot send message as DND is active for Email."},
    ),
    "missing_email": (400, {"statusCode": 400, "message": "Missing email"}),  # unconfirmed
    "missing_phone": (400, {"statusCode": 400, "message": "Missing phone number"}),
    "unsubscribed": (
        400,
        {"statusCode": 400, "message": "Cannot send message as +15550100001 has unsubscribed"},
    ),
    "invalid_country_code": (400, {"statusCode": 400, "message": "Invalid country calling code"}),
    "duplicate": (400, {"statusCode": 400, "message": "Duplicate message"}),  # wording unconfirmed
    "inactive_location": (  # wording unconfirmed
        400,
        {"statusCode": 400, "message": "Cannot send message as the location is inactive"},
    ),
    "invalid_token": (
        401,
        {
            "statusCode": 401,
            "message": "Invalid token: access token is invalid",
            "error": "Unauthorized",
        },
    ),
    "invalid_jwt": (401, {"statusCode": 401, "message": "Invalid JWT"}),  # a truncated token
    "insufficient_balance": (  # wording unconfirmed
        402,
        {"statusCode": 402, "message": "Insufficient wallet balance", "error": "Payment Required"},
    ),
    "forbidden": (
        403,
        {
            "statusCode": 403,
            "message": "The token does not have access to this location.",
            "error": "Forbidden",
        },
    ),
    "contact_not_found": (
        404,
        {"statusCode": 404, "message": "Contact not found", "error": "Not Found"},
    ),
    "unprocessable": (  # the message is an array
        422,
        {
            "statusCode": 422,
            "message": ["contactId must be a string", "contactId should not be empty"],
            "error": "Unprocessable Entity",
        },
    ),
    "too_many_requests": (
        429,
        {"statusCode": 429, "message": "Too Many Requests", "error": "Too Many Requests"},
    ),
}


class GoHighLevel:
    """The provider's rules, its shapes and the messages it holds."""

    name = "gohighlevel"
    refusals: Sequence[str] = tuple(_REFUSALS)

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._messages: list[Message] = []

    # -- understanding requests

    def read(self, request: Request, settings: Settings) -> Send | LookUp | Invalid | None:
        """Understands a request; ``None`` for a path that is not one of these."""
        if not request.path.startswith("/conversations/"):
            return None
        if request.method == "POST" and request.path == _MESSAGES:
            return _read_send(request, settings)
        if request.method == "GET":
            return self._read_look_up(request, settings)
        return None

    def _read_look_up(self, request: Request, settings: Settings) -> LookUp | Invalid | None:
        answer = self._look_up_of(request)
        if answer is None:
            return None
        account, refused = _authenticate(request, settings)
        if refused is None:
            refused = _check_location(request, account, settings)
        if refused is not None:
            return Invalid(account, refused, Operation.LOOK_UP)

        def visible(until: float) -> Response:
            messages = [message for message in self._messages if message.added_at <= until]
            if settings.tokens is not None:
                messages = [message for message in messages if message.account == account]
            return answer(request.query, messages)

        return LookUp(account, visible, request.query.get("contactId", ""))

    def _look_up_of(
        self, request: Request
    ) -> Callable[[Mapping[str, str], list[Message]], Response] | None:
        if request.path == _EXPORT:
            return _export
        if request.path == _SEARCH:
            return _search
        match request.path.split("/")[2:]:
            case ["messages", "email", email_id] if email_id:
                return lambda _, messages: _email(email_id, messages)
            case ["messages", message_id] if message_id:
                return lambda _, messages: _message(message_id, messages)
            case [conversation_id, "messages"] if conversation_id:
                return lambda query, messages: _conversation(conversation_id, query, messages)
        return None

    # -- taking messages

    def accept(self, send: Send, now: float) -> Accepted:
        """Takes a message that the API sent."""
        if isinstance(send, SendMail):
            message = Injected(send.account, send.contact, send.text, "outbound", "api")
            return self._store(message, "pending", now, send.mail)
        message = Injected(send.account, send.contact_id, send.text, "outbound", "api")
        return self._store(message, "pending", now)

    def inject(self, message: Injected, now: float) -> Accepted:
        """Puts in a message that no request sent: a lead's reply, or a person's own text."""
        mail = None
        if isinstance(message, InjectedMail):
            markup = message.html or f"<p>{html.escape(message.text)}</p>"
            mail = Mail(markup, message.subject, message.to)
        return self._store(message, "delivered", now, mail)

    def _store(
        self, message: Injected, status: str, now: float, mail: Mail | None = None
    ) -> Accepted:
        stored = Message(
            id=message.message_id or self._ids.next(),
            conversation_id=self._ids.derived(f"conversation/{message.contact_id}"),
            account=message.account,
            contact_id=message.contact_id,
            direction=message.direction,
            source=message.source,
            status=status,
            body=message.text,
            added_at=now if message.added_at is None else message.added_at,
            mail=mail,
            email_id=self._ids.next() if mail is not None else "",
        )
        self._messages.append(stored)
        return Accepted(stored.email_id or stored.id, stored.conversation_id)

    def clear(self) -> None:
        """Forgets all messages."""
        self._messages.clear()

    # -- answers

    def success(self, accepted: Accepted) -> Response:
        """201; the specification says 200, a sibling of this call was seen to answer 201."""
        body = {
            "conversationId": accepted.conversation_id,
            "messageId": accepted.message_id,
            "status": "pending",
        }
        mail = next((one for one in self._messages if one.email_id == accepted.message_id), None)
        if mail is not None:
            body |= {"messageId": mail.id, "emailMessageId": mail.email_id}
        return json_response(201, body, _RATE_LIMIT)

    def success_without_id(self, accepted: Accepted | None) -> Response:
        """A success that names the conversation at most."""
        body = {"status": "pending", "msg": "Message queued successfully."}
        if accepted is not None:
            body["conversationId"] = accepted.conversation_id
        return json_response(201, body, _RATE_LIMIT)

    def success_error_body(self) -> Response:
        """HTTP 200 around a failure."""
        return json_response(200, {"ok": False, "error": "Message was not sent"}, _RATE_LIMIT)

    def refusal(self, name: str, retry_after: str | None) -> Response:
        """One of the error answers; 429 shows that no request is left in this interval."""
        response = _refused(name)
        if retry_after is None:
            return response
        return replace(response, headers={**response.headers, "Retry-After": retry_after})

    def duplicate(self, status: int) -> Response:
        """The refusal of a duplicate message."""
        return json_response(status, {**_REFUSALS["duplicate"][1], "statusCode": status})

    def server_error(self, status: int) -> Response:
        """A server error in the API's shape, or a gateway's page for 502 to 504."""
        if status in (502, 503, 504):
            page = f"<html><head><title>{status}</title></head><body>nginx</body></html>"
            return Response(status, {"Content-Type": "text/html"}, page.encode())
        return json_response(status, {"statusCode": status, "message": "Internal server error"})


def _refused(name: str) -> Response:
    status, body = _REFUSALS[name]
    return json_response(status, body, _RATE_LIMIT_USED_UP if status == 429 else _RATE_LIMIT)


def _unprocessable(*messages: str) -> Response:
    body = {"statusCode": 422, "message": list(messages), "error": "Unprocessable Entity"}
    return json_response(422, body, _RATE_LIMIT)


def _unauthorized(message: str) -> Response:
    return json_response(401, {"statusCode": 401, "message": message})


def _authenticate(request: Request, settings: Settings) -> tuple[str, Response | None]:
    """The account of the request's token, and the refusal if its headers are not in order."""
    scheme, _, token = request.header("Authorization").partition(" ")
    account = account_of(token.strip(), settings) if scheme.lower() == "bearer" else None
    if account is None:
        return "", _refused("invalid_token")
    version = request.header("Version")
    if not version:
        return account, _unauthorized("version header was not found.")
    if version != _VERSION:
        return account, _unauthorized("version header is invalid")
    return account, None


def _read_send(request: Request, settings: Settings) -> Send | Invalid:
    body = _json_object(request.body)
    contact = _text_of(body, "contactId")
    is_email = _text_of(body, "type") == EMAIL
    recipient = (_text_of(body, "emailTo").lower() or contact) if is_email else contact
    text = plain(_text_of(body, "html")) if is_email else ""
    text = text or _text_of(body, "message")
    account, refused = _authenticate(request, settings)
    if refused is None:
        refused = _check_send(request, body, account, settings)
    if refused is not None:
        return Invalid(account, refused, Operation.SEND, recipient, text)
    if is_email and body is not None:
        mail = _mail_of(body, recipient)
        return SendMail(account, recipient, text, contact, mail, cc=mail.cc)
    return Send(account, contact, text)


def _mail_of(body: Mapping[str, Any], recipient: str) -> Mail:
    return Mail(
        html=_text_of(body, "html") or _text_of(body, "message"),
        subject=_text_of(body, "subject"),
        to=recipient,
        cc=tuple(body.get("emailCc") or ()),
        bcc=tuple(body.get("emailBcc") or ()),
        thread_id=_text_of(body, "threadId") or None,
        answers=_text_of(body, "replyMessageId") or None,
    )


def _check_send(
    request: Request, body: Mapping[str, Any] | None, account: str, settings: Settings
) -> Response | None:
    # A body of another media type is not read, so its fields are missing; wording unconfirmed.
    is_json = request.header("Content-Type").partition(";")[0].strip() == "application/json"
    if body is None and is_json:
        return json_response(
            400, {"statusCode": 400, "message": "Unexpected token in JSON", "error": "Bad Request"}
        )
    fields = body if body is not None and is_json else {}
    problems = []
    if fields.get("type") not in (SMS, EMAIL):  # the other channels are not spoken here
        problems.append(f"type must be one of the following values: {_TYPES}")
    if not isinstance(fields.get("contactId"), str):
        problems.append("contactId must be a string")
    if not fields.get("contactId"):
        problems.append("contactId should not be empty")
    for name in ("message", "html", "subject", "emailTo", "replyMessageId", "threadId"):
        if name in fields and not isinstance(fields[name], str):
            problems.append(f"{name} must be a string")
    problems += _problems_of_email(fields) if fields.get("type") == EMAIL else []
    if problems:
        return _unprocessable(*problems)
    return _check_contact(fields, account, settings)


def _problems_of_email(fields: Mapping[str, Any]) -> list[str]:
    """The refusals of an e-mail's own fields; all but the mode's values by report."""
    problems = []
    if not fields.get("subject"):
        problems.append("subject should not be empty")
    for name in ("emailCc", "emailBcc"):
        value = fields.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            problems.append(f"each value in {name} must be a string")
    mode = fields.get("emailReplyMode")
    if mode is not None and mode not in ("reply", "reply_all"):
        problems.append("emailReplyMode must be a valid enum value")
    if mode is not None and not fields.get("replyMessageId"):
        problems.append("emailReplyMode is only for a reply")
    return problems


def _check_contact(fields: Mapping[str, Any], account: str, settings: Settings) -> Response | None:
    if settings.contacts is not None:
        owner = settings.contacts.get(fields["contactId"])
        if owner is None:
            return _refused("contact_not_found")
        if settings.tokens is not None and owner != account:
            return _refused("forbidden")
    text = fields.get("message", "").strip() or fields.get("html", "").strip()
    if not text and not fields.get("attachments"):
        message = "There is no message or attachments for this message. Skip sending."
        return json_response(422, {"statusCode": 422, "message": message}, _RATE_LIMIT)
    return None


def _check_location(request: Request, account: str, settings: Settings) -> Response | None:
    if request.path not in (_EXPORT, _SEARCH):
        return None
    location_id = request.query.get("locationId")
    if not location_id:
        return _unprocessable("locationId must be a string", "locationId should not be empty")
    if settings.tokens is not None and location_id != account:
        return _refused("forbidden")
    return None


# -- look-ups


def _export(query: Mapping[str, str], messages: list[Message]) -> Response:
    """GET /conversations/messages/export: flat, newest first unless ``sortOrder=asc``."""
    limit = _number(query.get("limit", "20"))
    begin = _moment(query.get("startDate"), 0.0)
    end = _moment(query.get("endDate"), float("inf"))
    cursor = _number(query.get("cursor", "0"))
    if limit is None or not 10 <= limit <= 500:
        return _unprocessable("limit must not be less than 10", "limit must not exceed 500")
    if begin is None or end is None or cursor is None:
        return _unprocessable("startDate, endDate and cursor must be valid")
    found = [
        message
        for message in messages
        if query.get("channel", SMS) == message.channel
        and query.get("contactId") in (None, message.contact_id)
        and query.get("conversationId") in (None, message.conversation_id)
        and begin <= message.added_at <= end
    ]
    found.sort(key=lambda message: message.added_at, reverse=query.get("sortOrder") != "asc")
    page = found[cursor : cursor + limit]
    following = cursor + len(page)
    return _found(
        {
            "messages": [message.to_json(query["locationId"]) for message in page],
            "nextCursor": str(following) if following < len(found) else None,
            "total": len(found),
        }
    )


def _search(query: Mapping[str, str], messages: list[Message]) -> Response:
    """GET /conversations/search: one entry for each conversation, the liveliest first."""
    latest: dict[str, Message] = {}
    for message in sorted(messages, key=lambda message: message.added_at):
        if query.get("contactId") in (None, message.contact_id):
            latest[message.conversation_id] = message
    conversations = [
        {
            "id": message.conversation_id,
            "contactId": message.contact_id,
            "locationId": query["locationId"],
            "lastMessageBody": message.body,
            "lastMessageType": f"TYPE_{message.channel.upper()}",
            "lastMessageDirection": message.direction,
            "lastMessageDate": int(message.added_at * 1000),
            "type": "TYPE_PHONE",
            "unreadCount": 0,
        }
        for message in sorted(latest.values(), key=lambda message: -message.added_at)
    ]
    return _found({"conversations": conversations, "total": len(conversations)})


def _conversation(
    conversation_id: str, query: Mapping[str, str], messages: list[Message]
) -> Response:
    """GET /conversations/{id}/messages: nested once more than the specification says."""
    limit = _number(query.get("limit", "20"))
    if limit is None or not 1 <= limit <= 100:
        return _unprocessable("limit must be a number from 1 to 100")
    found = [message for message in messages if message.conversation_id == conversation_id]
    if not found:
        return _not_found("Conversation not found")
    wanted = query.get("type", "TYPE_SMS")
    found = [message for message in found if f"TYPE_{message.channel.upper()}" == wanted]
    found.sort(key=lambda message: message.added_at, reverse=True)
    ids = [message.id for message in found]
    last_id = query.get("lastMessageId")
    first = ids.index(last_id) + 1 if last_id in ids else 0
    page = found[first : first + limit]
    return _found(
        {
            "messages": {
                "lastMessageId": page[-1].id if page else "",
                "nextPage": first + len(page) < len(found),
                "messages": [message.to_json(message.account) for message in page],
            }
        }
    )


def _message(message_id: str, messages: list[Message]) -> Response:
    """GET /conversations/messages/{id}."""
    for message in messages:
        if message.id == message_id:
            return _found(message.to_json(message.account))
    return _not_found("Message not found")


def _email(email_id: str, messages: list[Message]) -> Response:
    """GET /conversations/messages/email/{id}: the only place that has the body."""
    for message in messages:
        if message.mail is not None and message.email_id == email_id:
            return _found(message.email_to_json(message.mail))
    return _not_found("Email message not found")


def _found(body: object) -> Response:
    return json_response(200, body, _RATE_LIMIT)


def _not_found(message: str) -> Response:
    return json_response(404, {"statusCode": 404, "message": message, "error": "Not Found"})


# -- small readers


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _text_of(body: Mapping[str, Any] | None, name: str) -> str:
    value = (body or {}).get(name)
    return value if isinstance(value, str) else ""


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _moment(text: str | None, default: float) -> float | None:
    """Epoch seconds of an ISO date or of epoch milliseconds; ``None`` if it is neither."""
    if text is None:
        return default
    if text.isdecimal():
        return int(text) / 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
