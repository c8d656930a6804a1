"""Unipile, API version 1, for LinkedIn: messages, InMails, invitations, profiles and look-ups.

Where no official source states a shape or a wording, the comment says "unconfirmed". A chat is
named after the person it is with, so that a webhook and the sandbox agree without being told. It
takes as many invitations to one person as it gets: a judge of doubles must not prevent them.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from devstack.sandbox.ledger import Operation
from devstack.sandbox.wire import Request, Response, json_response

_PREFIX = "/api/v1"
_CHAT_PREFIX = "chat-"

_MESSAGE = "message"
_NEW_CHAT = "new_chat"
_INVITATION = "invitation"

# A paid account's; a free one's is 200.
_LONGEST_NOTE = 300

_PROVIDER_ID = re.compile(r"(?:ACo|ACw|AE)[A-Za-z0-9_-]{2,120}")


def _problem(status: int, kind: str, title: str, detail: str = "") -> tuple[int, dict[str, Any]]:
    body = {"status": status, "type": f"errors/{kind}", "title": title}
    return status, body | ({"detail": detail} if detail else {})


_NOT_FIRST_DEGREE = "The recipient appears not to be first degree connection."
_LATER = "You have reached a temporary provider limit. Please try again later."

_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "not_connected": _problem(
        422, "no_connection_with_recipient", "Recipient cannot be reached", _NOT_FIRST_DEGREE
    ),
    "cannot_be_reached": _problem(
        422, "recipient_cannot_be_reached", "Recipient cannot be reached", _NOT_FIRST_DEGREE
    ),
    "invalid_recipient": _problem(422, "invalid_recipient", "Invalid recipient"),
    "no_credits": _problem(422, "insufficient_credits", "Insufficient credits"),
    "no_credits_402": (402, {"status": 402, "title": "InMail balance is empty"}),  # unconfirmed
    "inmail_not_allowed": _problem(422, "not_allowed_inmail", "InMail not allowed"),
    "inmail_restricted": _problem(403, "resource_access_restricted", "Resource access restricted"),
    "already_invited": _problem(
        422,
        "already_invited_recently",
        "Should delay new invitation to this recipient",
        "An invitation has already been sent recently to this recipient.",
    ),
    "cannot_resend_yet": _problem(422, "cannot_resend_yet", "Cannot resend yet", _LATER),
    "too_many_characters": _problem(400, "too_many_characters", "Too many characters"),
    "disconnected": _problem(401, "disconnected_account", "Disconnected account"),
    "invalid_key": _problem(401, "missing_credentials", "Missing credentials"),
    "restricted": _problem(403, "account_restricted", "Account restricted"),
    "not_found": _problem(404, "resource_not_found", "Resource not found."),
    "account_not_found": _problem(  # the detail is unconfirmed
        404, "resource_not_found", "Resource not found.", "Account not found"
    ),
    "too_many_requests": _problem(429, "too_many_requests", "Too many requests"),
    "limit_as_500": _problem(500, "provider_error", "Provider error"),
}


@dataclass(frozen=True)
class _UnipileSend(Send):
    """What kind of message it is, and in which chat."""

    kind: str
    chat_id: str


@dataclass(frozen=True)
class _UnipileAccepted(Accepted):
    kind: str


@dataclass(frozen=True)
class _Message:
    id: str
    kind: str
    chat_id: str
    account: str
    contact_id: str
    is_sender: bool
    text: str
    added_at: float

    def to_json(self) -> dict[str, Any]:
        """A row of a list of messages; 0 and 1 where a webhook has false and true."""
        return {
            "object": "Message",
            "id": self.id,
            "provider_id": f"2-{self.id}",
            "chat_id": self.chat_id,
            "account_id": self.account,
            "sender_id": own_provider_id(self.account) if self.is_sender else self.contact_id,
            "text": self.text,
            "timestamp": _iso(self.added_at),
            "is_sender": int(self.is_sender),
            "message_type": "MESSAGE",
            "delivered": 1,
            "seen": 0,
            "edited": 0,
            "deleted": 0,
            "hidden": 0,
            "is_event": 0,
            "attachments": [],
            "reactions": [],
        }

    def to_invitation(self) -> dict[str, Any]:
        """A row of the list of sent invitations."""
        return {
            "object": "InvitationSent",
            "id": self.id,
            "date": "Sent today",
            "parsed_datetime": _iso(self.added_at),
            "invitation_text": self.text or None,
            "invited_user": "Dana Example",
            "invited_user_id": self.contact_id,
            "invited_user_public_id": "dana-example",
            "invited_user_description": "Example",
        }


def chat_with(contact_id: str) -> str:
    """The chat with a person."""
    return f"{_CHAT_PREFIX}{contact_id}"


def provider_id_of(identifier: str) -> str:
    """The provider id of the person behind a public identifier; an id is its own."""
    if _PROVIDER_ID.fullmatch(identifier):
        return identifier
    return "ACoAA" + hashlib.sha256(identifier.encode()).hexdigest()[:34]


def own_provider_id(account: str) -> str:
    """The provider id of a connected account's owner."""
    return "ACoAA" + hashlib.sha256(f"own/{account}".encode()).hexdigest()[:34]


class Unipile:
    """The provider's rules, its shapes and the messages it holds."""

    name = "unipile"
    refusals: Sequence[str] = tuple(_REFUSALS)

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._messages: list[_Message] = []

    # -- understanding requests

    def read(self, request: Request, settings: Settings) -> Send | LookUp | Invalid | None:
        """Understands a request; ``None`` for a path that is not one of these."""
        if not request.path.startswith(f"{_PREFIX}/"):
            return None
        path = request.path.removeprefix(f"{_PREFIX}/").split("/")
        if request.method == "POST":
            match path:
                case ["chats"] | ["chats", _, "messages"] | ["users", "invite"]:
                    return _read_send(request, path, settings)
        return self._read_look_up(request, path, settings) if request.method == "GET" else None

    def _read_look_up(
        self, request: Request, path: list[str], settings: Settings
    ) -> LookUp | Invalid | None:
        contact_id, answer = self._look_up_of(path, request.query)
        if answer is None:
            return None
        account = account_of(request.header("X-API-KEY"), settings)
        if account is None:
            return Invalid("", _refused("invalid_key"), Operation.LOOK_UP, contact_id)
        given = request.query.get("account_id")
        needs_account = path[0] == "users"
        if (needs_account and not given) or not _is_known_account(given, account, settings):
            return Invalid(account, _refused("account_not_found"), Operation.LOOK_UP, contact_id)
        if path[0] == "users" and not _is_known_person(contact_id, settings):
            return Invalid(account, _refused("not_found"), Operation.LOOK_UP, contact_id)

        def visible(until: float) -> Response:
            messages = [message for message in self._messages if message.added_at <= until]
            if given:
                messages = [message for message in messages if message.account == given]
            return answer(messages)

        return LookUp(account, visible, contact_id)

    def _look_up_of(
        self, path: list[str], query: Mapping[str, str]
    ) -> tuple[str, Callable[[list[_Message]], Response] | None]:
        match path:
            case ["chats", chat, "messages"]:
                contact = chat.removeprefix(_CHAT_PREFIX)
                return contact, lambda messages: _messages(
                    [each for each in messages if each.chat_id == chat], query
                )
            case ["chat_attendees", contact, "messages"]:
                return contact, lambda messages: _messages(
                    [each for each in messages if each.contact_id == contact], query
                )
            case ["messages", message_id]:
                return "", lambda messages: _message(message_id, messages)
            case ["users", "invite", "sent"]:
                return "", lambda messages: _invitations(messages, query)
            case ["users", identifier]:
                contact = provider_id_of(identifier)
                return contact, lambda _: _profile(identifier, contact)
        return "", None

    # -- taking messages

    def accept(self, send: Send, now: float) -> Accepted:
        """Takes a message or an invitation that the API sent."""
        kind = send.kind if isinstance(send, _UnipileSend) else _MESSAGE
        chat = send.chat_id if isinstance(send, _UnipileSend) else chat_with(send.contact_id)
        message = Injected(send.account, send.contact_id, send.text, "outbound", "api")
        return self._store(message, kind, chat, now)

    def inject(self, message: Injected, now: float) -> Accepted:
        """Puts in a message that no request sent: a lead's answer, or a person's own text."""
        return self._store(message, _MESSAGE, chat_with(message.contact_id), now)

    def _store(self, message: Injected, kind: str, chat: str, now: float) -> Accepted:
        stored = _Message(
            id=message.message_id or self._ids.next(),
            kind=kind,
            chat_id=chat,
            account=message.account,
            contact_id=message.contact_id,
            is_sender=message.direction == "outbound",
            text=message.text,
            added_at=now if message.added_at is None else message.added_at,
        )
        self._messages.append(stored)
        return _UnipileAccepted(stored.id, stored.chat_id, kind)

    def clear(self) -> None:
        """Forgets all messages."""
        self._messages.clear()

    # -- answers

    def success(self, accepted: Accepted) -> Response:
        """201; which ids it names depends on what was sent."""
        kind = accepted.kind if isinstance(accepted, _UnipileAccepted) else _MESSAGE
        if kind == _INVITATION:
            body = {"object": "UserInvitationSent", "invitation_id": accepted.message_id}
            return json_response(201, body)
        body = {"object": "MessageSent", "message_id": accepted.message_id}
        if kind == _NEW_CHAT:
            body |= {"object": "ChatStarted", "chat_id": accepted.conversation_id}
        return json_response(201, body)

    def success_without_id(self, accepted: Accepted | None) -> Response:  # noqa: ARG002
        """A success for which LinkedIn named no message: the id is there, and null."""
        return json_response(201, {"object": "MessageSent", "message_id": None})

    def success_error_body(self) -> Response:
        """HTTP 200 around a failure (unconfirmed)."""
        return json_response(200, {"ok": False, "error": "Message was not sent"})

    def refusal(self, name: str, retry_after: str | None) -> Response:
        """One of the error answers."""
        response = _refused(name)
        if retry_after is None:
            return response
        return replace(response, headers={**response.headers, "Retry-After": retry_after})

    def duplicate(self, status: int) -> Response:
        """The refusal of something that was done already."""
        _, body = _problem(status, "action_already_performed", "Action already performed")
        return json_response(status, body)

    def server_error(self, status: int) -> Response:
        """LinkedIn's trouble, Unipile's own, or a gateway's page for 502."""
        if status == 502:
            page = b"<html><head><title>502</title></head><body>nginx</body></html>"
            return Response(status, {"Content-Type": "text/html"}, page)
        kind = {503: "no_client_session", 504: "request_timeout"}.get(status, "provider_error")
        return json_response(status, _problem(status, kind, kind.replace("_", " "))[1])


def _refused(name: str) -> Response:
    status, body = _REFUSALS[name]
    return json_response(status, body)


# -- sends


def _read_send(request: Request, path: list[str], settings: Settings) -> Send | Invalid:
    fields = _fields_of(request)
    kind, chat, contact, text = _addressed(path, fields)
    token_account = account_of(request.header("X-API-KEY"), settings)
    account = fields.get("account_id") or token_account or ""
    refused = (
        _refused("invalid_key")
        if token_account is None
        else _check_send(kind, contact, text, fields, token_account, settings)
    )
    if refused is not None:
        return Invalid(account, refused, Operation.SEND, contact, text)
    return _UnipileSend(account, contact, text, kind, chat)


def _addressed(path: list[str], fields: Mapping[str, str]) -> tuple[str, str, str, str]:
    """The kind of message, its chat, whom it is for, and its text."""
    if path == ["users", "invite"]:
        contact = fields.get("provider_id", "")
        return _INVITATION, chat_with(contact), contact, fields.get("message", "")
    text = fields.get("text", "")
    if path == ["chats"]:
        contact = fields.get("attendees_ids", "")
        return _NEW_CHAT, chat_with(contact), contact, text
    return _MESSAGE, path[1], path[1].removeprefix(_CHAT_PREFIX), text


def _check_send(
    kind: str,
    contact: str,
    text: str,
    fields: Mapping[str, str],
    token_account: str,
    settings: Settings,
) -> Response | None:
    given = fields.get("account_id")
    if kind != _MESSAGE and not given:
        return _invalid("Required property account_id is missing")
    if not _is_known_account(given, token_account, settings):
        return _refused("account_not_found")
    if not text and kind != _INVITATION:
        return _invalid("Required property text is missing")
    if kind == _INVITATION and len(text) > _LONGEST_NOTE:
        return _refused("too_many_characters")
    if kind == _MESSAGE or (contact and _is_known_person(contact, settings)):
        return None
    return _refused("invalid_recipient")


def _invalid(detail: str) -> Response:
    """The refusal of a request that breaks the schema; the wording is unconfirmed."""
    return json_response(*_problem(400, "invalid_parameters", "Invalid parameters", detail))


def _is_known_account(given: str | None, account: str, settings: Settings) -> bool:
    return settings.tokens is None or given in (None, "", account)


def _is_known_person(contact: str, settings: Settings) -> bool:
    if not contact:
        # A list that is about nobody in particular.
        return True
    if not _PROVIDER_ID.fullmatch(contact):
        return False
    return settings.contacts is None or contact in settings.contacts


def _fields_of(request: Request) -> Mapping[str, str]:
    """The fields of a form, or of JSON, which Unipile takes, too (users' code)."""
    kind, _, rest = request.header("Content-Type").partition(";")
    if kind.strip() == "application/json":
        return _fields_of_json(request.body)
    boundary = rest.partition("boundary=")[2].strip().strip('"')
    if kind.strip() != "multipart/form-data" or not boundary:
        return {}
    fields: dict[str, str] = {}
    # The bytes between the boundaries are the text; a parser of e-mail would mend its line ends.
    for part in request.body.split(b"--" + boundary.encode())[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name:
            text = value.removesuffix(b"\r\n").decode("utf-8", "replace")
            fields[name[1].decode().removesuffix("[]")] = text
    return fields


def _fields_of_json(body: bytes) -> Mapping[str, str]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    people = value.get("attendees_ids")
    if isinstance(people, list):
        value["attendees_ids"] = people[0] if len(people) == 1 else None
    return {name: each for name, each in value.items() if isinstance(each, str)}


# -- look-ups


def _messages(messages: list[_Message], query: Mapping[str, str]) -> Response:
    """A list of messages, newest first, within ``after`` and ``before``."""
    after = _moment(query.get("after"), float("-inf"))
    before = _moment(query.get("before"), float("inf"))
    if after is None or before is None:
        return _invalid("after and before must be ISO 8601 times in UTC")
    found = [
        message.to_json()
        for message in sorted(messages, key=lambda each: -each.added_at)
        if message.kind != _INVITATION and after < message.added_at < before
    ]
    return _page("MessageList", found, query)


def _invitations(messages: list[_Message], query: Mapping[str, str]) -> Response:
    found = [each.to_invitation() for each in reversed(messages) if each.kind == _INVITATION]
    return _page("InvitationList", found, query)


def _page(kind: str, rows: list[dict[str, Any]], query: Mapping[str, str]) -> Response:
    limit, first = query.get("limit", "100"), query.get("cursor", "0")
    if not limit.isdigit() or not 1 <= int(limit) <= 250 or not first.isdigit():
        return _invalid("limit must be a number from 1 to 250, and cursor one that was given")
    end = int(first) + int(limit)
    cursor = str(end) if end < len(rows) else None
    return json_response(200, {"object": kind, "items": rows[int(first) : end], "cursor": cursor})


def _message(message_id: str, messages: list[_Message]) -> Response:
    for message in messages:
        if message.id == message_id:
            return json_response(200, message.to_json())
    return _refused("not_found")


def _profile(identifier: str, provider_id: str) -> Response:
    return json_response(
        200,
        {
            "object": "UserProfile",
            "provider": "LINKEDIN",
            "provider_id": provider_id,
            "public_identifier": identifier,
            "first_name": "Dana",
            "last_name": "Example",
            "network_distance": "FIRST_DEGREE",
            "is_self": False,
        },
    )


def _moment(text: str | None, absent: float) -> float | None:
    if text is None:
        return absent
    if not text.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _iso(at: float) -> str:
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
