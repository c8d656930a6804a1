"""EmailBison: answers to the replies in a workspace's mailboxes, and the folders of a lead's mail.

Where no official source states a shape or a wording, the comment says "unconfirmed". The limits
of a key are not enforced.

A message is known by its number. Here the number of a lead's message begins with the lead's own,
so that an answer finds whose it is; ``lead_id`` and ``reply_id`` make both from the lead's
address. A shorter number is taken, too, and the answer to it is found under every lead. Everybody
can be written to, from any mailbox: ``Settings.contacts`` is not asked.
"""

import hashlib
import html
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

MAILBOX = "sam@out.example.com"
MAILBOX_ID = 57

_PREFIX = "/api/"
_PAGE = 15  # its framework's default; unconfirmed
_REPLY_ID = re.compile(r"([0-9]{9})[0-9]{6}")
_LISTS = ("to_emails", "cc_emails", "bcc_emails")

# Each is the status and the body. Only that of 429 is published, the other wordings are
# unconfirmed; the shapes are its framework's.
_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "bad_request": (400, {"message": "The request could not be processed."}),
    "duplicate": (400, {"message": "Duplicate reply"}),
    "invalid_token": (401, {"message": "Unauthenticated."}),
    "insufficient_balance": (402, {"message": "This workspace has no active plan."}),
    "forbidden": (403, {"message": "This key belongs to another workspace."}),
    "reply_not_found": (404, {"message": "No query results for model [Reply]."}),
    "sender_unhealthy": (
        422,
        {
            "message": "The selected sender email id is invalid.",
            "errors": {"sender_email_id": ["The selected sender email id is invalid."]},
        },
    ),
    "unprocessable": (
        422,
        {
            "message": "The message field is required.",
            "errors": {"message": ["The message field is required."]},
        },
    ),
    "too_many_requests": (429, {"error": "rate_limited", "retry_after": 8}),
}


def lead_id(email: str) -> str:
    """The id of the lead with this address: 9 digits, always the same."""
    digest = hashlib.sha256(email.lower().encode()).digest()
    return str(100_000_000 + int.from_bytes(digest[:4], "big") % 900_000_000)


def reply_id(email: str, number: int | None = None) -> int:
    """The id of a message from the lead with this address; a new one without a number."""
    own = uuid.uuid4().int if number is None else number
    return int(f"{lead_id(email)}{own % 10**6:06d}")


@dataclass(frozen=True)
class _Reply(Send):
    """An answer, and what it answers."""

    parent_id: int
    sender_email_id: int
    subject: str
    html: str


@dataclass(frozen=True)
class _Message:
    account: str
    contact_id: str
    lead_id: str | None
    id: int | str
    parent_id: int | None
    sender_email_id: int
    inbound: bool
    subject: str
    html: str
    cc: tuple[str, ...]
    added_at: float

    @property
    def folder(self) -> str:
        return "Inbox" if self.inbound else "Sent"

    def to_json(self) -> dict[str, Any]:
        author, reader = (MAILBOX, self.contact_id)[:: -1 if self.inbound else 1]
        return {
            "id": self.id,
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, str(self.id))),
            "folder": self.folder,
            "subject": self.subject,
            "read": True,
            "interested": False,
            "automated_reply": False,
            "html_body": self.html,
            "text_body": _readable(self.html),
            "date_received": _iso(self.added_at),
            # The published sample of an answer has this type, though it left.
            "type": "Tracked Reply" if self.inbound else "Untracked Reply",
            "tracked_reply": self.inbound,
            "lead_id": int(self.lead_id) if self.lead_id else None,
            "sender_email_id": self.sender_email_id,
            "from_name": "Dana Example" if self.inbound else "Sam Example",
            "from_email_address": author,
            "primary_to_email_address": reader,
            "to": [{"name": None, "address": reader}],
            "cc": [{"name": None, "address": each} for each in self.cc] or None,
            "bcc": None,
            "parent_id": self.parent_id,
            "attachments": [],
            "created_at": _iso(self.added_at),
            "updated_at": _iso(self.added_at),
        }


class EmailBison:
    """The provider's rules, its shapes and the messages it holds."""

    name = "emailbison"
    refusals: Sequence[str] = tuple(_REFUSALS)

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._messages: list[_Message] = []

    # -- understanding requests

    def read(self, request: Request, settings: Settings) -> Send | LookUp | Invalid | None:
        """Understands a request; ``None`` for a path that is not one of these."""
        if not request.path.startswith(_PREFIX):
            return None
        match request.method, *request.path.removeprefix(_PREFIX).split("/"):
            case ["POST", "replies", answered, "reply"]:
                return _read_send(request, answered, settings)
            case ["GET", "leads", lead, "replies"]:
                return self._read_look_up(request, lead.lower(), settings)
        return None

    def _read_look_up(self, request: Request, lead: str, settings: Settings) -> LookUp | Invalid:
        account, refused = _authenticate(request, settings)
        if refused is not None:
            return Invalid(account, refused, Operation.LOOK_UP)

        def visible(until: float) -> Response:
            rows = [
                message
                for message in self._messages
                if message.added_at <= until
                and lead in (message.lead_id or lead, message.contact_id)
                and (settings.tokens is None or message.account == account)
            ]
            return _list(request, rows)

        known = (each.contact_id for each in self._messages if each.lead_id == lead)
        return LookUp(account, visible, next(known, lead))

    # -- taking messages

    def accept(self, send: Send, now: float) -> Accepted:
        """Takes an answer that the API sent."""
        if not isinstance(send, _Reply):
            raise TypeError("EmailBison sends answers only.")
        return self._store(
            _Message(
                account=send.account,
                contact_id=send.contact_id,
                lead_id=_lead_in(send.parent_id),
                id=self._number(),
                parent_id=send.parent_id,
                sender_email_id=send.sender_email_id,
                inbound=False,
                subject=send.subject,
                html=send.html,
                cc=send.cc,
                added_at=now,
            )
        )

    def inject(self, message: Injected, now: float) -> Accepted:
        """Puts in a message that no request sent; ``contact_id`` is the lead's address."""
        inbound = message.direction == "inbound"
        own = self._number()
        return self._store(
            _Message(
                account=message.account,
                contact_id=message.contact_id.lower(),
                lead_id=lead_id(message.contact_id),
                id=message.message_id or (reply_id(message.contact_id, own) if inbound else own),
                parent_id=None,
                sender_email_id=MAILBOX_ID,
                inbound=inbound,
                subject="Re: Intro",
                html=f"<div>{html.escape(message.text)}</div>",
                cc=(),
                added_at=now if message.added_at is None else message.added_at,
            )
        )

    def _store(self, message: _Message) -> Accepted:
        self._messages.append(message)
        return Accepted(str(message.id), message.lead_id or message.contact_id)

    def _number(self) -> int:
        return int.from_bytes(self._ids.next().encode(), "big") % 10**9

    def clear(self) -> None:
        """Forgets all messages."""
        self._messages.clear()

    # -- answers

    def success(self, accepted: Accepted) -> Response:
        """The message that was sent, whole."""
        [row] = [each for each in self._messages if str(each.id) == accepted.message_id]
        return _sent(reply=row.to_json())

    def success_without_id(self, accepted: Accepted | None) -> Response:  # noqa: ARG002
        """A success that names no message, as a user reports it."""
        return _sent()

    def success_error_body(self) -> Response:
        """HTTP 200 around a failure."""
        return json_response(200, {"data": {"success": False, "message": "Reply was not sent"}})

    def refusal(self, name: str, retry_after: str | None) -> Response:
        """One of the error answers; that of 429 has a wait in its body, too."""
        status, body = _REFUSALS[name]
        return json_response(status, body, {"Retry-After": retry_after} if retry_after else None)

    def duplicate(self, status: int) -> Response:
        """The refusal of a duplicate message."""
        return json_response(status, _REFUSALS["duplicate"][1])

    def server_error(self, status: int) -> Response:
        """A server error, or a gateway's page for 502 to 504."""
        if status in (502, 503, 504):
            page = f"<html><head><title>{status}</title></head><body>nginx</body></html>"
            return Response(status, {"Content-Type": "text/html"}, page.encode())
        return json_response(status, {"message": "Server Error"})


def _authenticate(request: Request, settings: Settings) -> tuple[str, Response | None]:
    """The account of the request's key, and the refusal without one."""
    scheme, _, token = request.header("Authorization").partition(" ")
    account = account_of(token.strip(), settings) if scheme.lower() == "bearer" else None
    return (account, None) if account is not None else ("", _refused("invalid_token"))


def _read_send(request: Request, answered: str, settings: Settings) -> Send | Invalid:
    body = _json_object(request.body)
    to, cc = _addresses(body, "to_emails"), _addresses(body, "cc_emails")
    address = to[0].lower() if to else ""
    text = _readable(_text_of(body, "message"))
    account, refused = _authenticate(request, settings)
    refused = refused or _check_send(body)
    if refused is not None or not (answered.isascii() and answered.isdecimal()):
        refused = refused or _refused("reply_not_found")
        return Invalid(account, refused, Operation.SEND, address, text)
    return _Reply(
        account=account,
        contact_id=address,
        text=text,
        parent_id=int(answered),
        sender_email_id=body["sender_email_id"],
        subject=_text_of(body, "subject"),
        html=_text_of(body, "message"),
        cc=cc,
    )


def _check_send(body: Mapping[str, Any]) -> Response | None:
    """Checks the fields that the provider's page requires."""
    if not _text_of(body, "message"):
        return _refused("unprocessable")
    if type(body.get("sender_email_id")) is not int:
        return _refused("sender_unhealthy")
    if not _addresses(body, "to_emails"):
        return _wrong("to_emails", "The to emails field is required.")
    for name in _LISTS:
        written = body.get(name) or []
        if not isinstance(written, list) or len(written) != len(_addresses(body, name)):
            return _wrong(name, f"The {name}.0.email_address must be a valid email address.")
    return None


def _wrong(name: str, message: str) -> Response:
    return json_response(422, {"message": message, "errors": {name: [message]}})


def _refused(name: str) -> Response:
    status, body = _REFUSALS[name]
    return json_response(status, body)


def _sent(**more: Any) -> Response:
    data = {"success": True, "message": "Successfully sent email", **more}
    return json_response(200, {"data": data})


def _list(request: Request, rows: Sequence[_Message]) -> Response:
    """GET .../replies: newest first, in pages, as its framework has them."""
    folder = request.query.get("filters[folder]", "all").lower()
    mailbox = request.query.get("filters[sender_email_id]")
    found = [
        row
        for row in sorted(rows, key=lambda row: row.added_at, reverse=True)
        if folder in ("all", row.folder.lower()) and mailbox in (None, str(row.sender_email_id))
    ]
    asked = request.query.get("page", "1")
    page = int(asked) if asked.isdecimal() else 1
    last = max(1, -(-len(found) // _PAGE))
    start = (page - 1) * _PAGE
    following = f"https://send.example.com{request.path}?page={page + 1}"
    return json_response(
        200,
        {
            "data": [row.to_json() for row in found[start : start + _PAGE]],
            "links": {"next": following if page < last else None},
            "meta": {
                "current_page": page,
                "last_page": last,
                "per_page": _PAGE,
                "total": len(found),
            },
        },
    )


# -- small readers


def _lead_in(number: int) -> str | None:
    """The lead's id at the beginning of a number that ``reply_id`` made."""
    match = _REPLY_ID.fullmatch(str(number))
    return match[1] if match else None


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text_of(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _addresses(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The addresses of a list; a request calls them otherwise than a row does."""
    people = body.get(name)
    written = [
        person.get("email_address")
        for person in (people if isinstance(people, list) else [])
        if isinstance(person, dict)
    ]
    return tuple(each for each in written if isinstance(each, str) and "@" in each)


def _readable(markup: str) -> str:
    """What a person reads in HTML as simple as an answer's."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")
