"""Instantly, API v2: answers in a campaign's conversation, and the list of e-mails.

The bodies of its errors are unconfirmed: they are those of the framework that its reference looks
to be made with. The limit of 20 lists a minute is not enforced.

An answer names the e-mail that it answers and no recipient. So that the sandbox knows them without
having seen the e-mail, the ids that ``email_id`` makes end in the lead's address, as hexadecimal
digits. Everybody can be written to: ``Settings.contacts`` is not asked.
"""

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

_EMAILS = "/api/v2/emails"
_REPLY = f"{_EMAILS}/reply"
_FROM_CAMPAIGN, _RECEIVED, _WRITTEN = 1, 2, 3
_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{2,110})")


def _error(status: int, name: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"statusCode": status, "error": name, "message": message}


_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "bad_request": _error(400, "Bad Request", "body/eaccount is not connected"),
    "duplicate": _error(400, "Bad Request", "Duplicate reply"),
    "invalid_token": _error(401, "Unauthorized", "Invalid API key"),
    "insufficient_balance": _error(402, "Payment Required", "Workspace has no active plan"),
    "forbidden": _error(403, "Forbidden", "API key lacks the required scope"),
    "email_not_found": _error(404, "Not Found", "Email not found"),
    "too_many_requests": _error(429, "Too Many Requests", "Rate limit exceeded"),
}


def email_id(lead: str) -> str:
    """A new id of an e-mail from the lead with this address."""
    return f"{uuid.uuid4().hex[:8]}-{lead.lower().encode().hex()}"


@dataclass(frozen=True)
class _Reply(Send):
    """An answer, with what its request said of it."""

    mailbox: str
    subject: str
    body: Mapping[str, str]


@dataclass(frozen=True)
class _Email:
    id: str
    thread_id: str
    account: str
    lead: str
    mailbox: str
    kind: int
    subject: str
    body: Mapping[str, str]
    added_at: float

    def to_json(self) -> dict[str, Any]:
        inbound = self.kind == _RECEIVED
        return {
            "id": self.id,
            "timestamp_created": _iso(self.added_at),
            "timestamp_email": _iso(self.added_at),
            "message_id": f"<{self.id[:60]}@out.example.com>",
            "subject": self.subject,
            "from_address_email": self.lead if inbound else self.mailbox,
            "to_address_email_list": self.mailbox if inbound else self.lead,
            "cc_address_email_list": "",
            "body": dict(self.body),
            "organization_id": self.account,
            "eaccount": self.mailbox,
            "campaign_id": "0191bbbb-1111-7222-8333-444455556666",
            "lead": self.lead,
            "ue_type": self.kind,
            "is_unread": 0,
            "is_auto_reply": 0,
            "i_status": 0,
            "thread_id": self.thread_id,
            "content_preview": self.body.get("text", "")[:60],
        }


class Instantly:
    """The provider's rules, its shapes and the e-mails it holds."""

    name = "instantly"
    refusals: Sequence[str] = tuple(_REFUSALS)

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._emails: list[_Email] = []

    # -- understanding requests

    def read(self, request: Request, settings: Settings) -> Send | LookUp | Invalid | None:
        """Understands a request; ``None`` for a path that is not one of these."""
        if (request.method, request.path) == ("POST", _REPLY):
            return self._read_send(request, settings)
        if (request.method, request.path) == ("GET", _EMAILS):
            return self._read_look_up(request, settings)
        return None

    def _read_send(self, request: Request, settings: Settings) -> Send | Invalid:
        fields = _json_object(request.body)
        body = {name: text for name, text in _body_of(fields).items() if isinstance(text, str)}
        text = body.get("text") or _readable(body.get("html", ""))
        lead = self._lead_of(fields.get("reply_to_uuid"))
        account, refused = _authenticate(request, settings)
        refused = refused or _check_send(fields, body)
        if refused is not None or lead is None:
            refused = refused or _refused("email_not_found")
            return Invalid(account, refused, Operation.SEND, lead or "", text)
        copies = tuple(filter(None, fields.get("cc_address_email_list", "").split(",")))
        return _Reply(account, lead, text, fields["eaccount"], fields["subject"], body, cc=copies)

    def _lead_of(self, answered: object) -> str | None:
        """Whom an answer to this e-mail goes to."""
        if not isinstance(answered, str):
            return None
        known = (each.lead for each in self._emails if each.id == answered)
        return next(known, None) or _lead_in(answered)

    def _read_look_up(self, request: Request, settings: Settings) -> LookUp | Invalid:
        account, refused = _authenticate(request, settings)
        limit = request.query.get("limit", "20")
        if refused is None and not (limit.isdecimal() and 1 <= int(limit) <= 100):
            message = "querystring/limit must be from 1 to 100"
            refused = json_response(*_error(400, "Bad Request", message))
        if refused is not None:
            return Invalid(account, refused, Operation.LOOK_UP)

        def visible(until: float) -> Response:
            emails = [
                email
                for email in self._emails
                if email.added_at <= until and (settings.tokens is None or email.account == account)
            ]
            return _list(request.query, emails)

        return LookUp(account, visible, request.query.get("lead", "").lower())

    # -- taking messages

    def accept(self, send: Send, now: float) -> Accepted:
        """Takes an answer that the API sent."""
        if not isinstance(send, _Reply):
            raise TypeError("Instantly sends answers only.")
        return self._store(
            _Email(
                id=self._id(),
                thread_id=self._thread_of(send.contact_id),
                account=send.account,
                lead=send.contact_id,
                mailbox=send.mailbox,
                kind=_WRITTEN,
                subject=send.subject,
                body=send.body,
                added_at=now,
            )
        )

    def inject(self, message: Injected, now: float) -> Accepted:
        """Puts in an e-mail that no request sent; ``contact_id`` is the lead's address.

        An outbound one is a person's, unless its ``source`` is ``campaign``.
        """
        kind = _FROM_CAMPAIGN if message.source == "campaign" else _WRITTEN
        return self._store(
            _Email(
                id=message.message_id or self._id(),
                thread_id=self._thread_of(message.contact_id.lower()),
                account=message.account,
                lead=message.contact_id.lower(),
                mailbox=MAILBOX,
                kind=_RECEIVED if message.direction == "inbound" else kind,
                subject="Re: Intro",
                body={"text": message.text, "html": f"<div>{html.escape(message.text)}</div>"},
                added_at=now if message.added_at is None else message.added_at,
            )
        )

    def _store(self, email: _Email) -> Accepted:
        self._emails.append(email)
        return Accepted(email.id, email.thread_id)

    def _id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self._ids.next()))

    def _thread_of(self, lead: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self._ids.derived(f"thread/{lead}")))

    def clear(self) -> None:
        """Forgets all e-mails."""
        self._emails.clear()

    # -- answers

    def success(self, accepted: Accepted) -> Response:
        """The e-mail that was sent, whole."""
        [email] = [each for each in self._emails if each.id == accepted.message_id]
        return json_response(200, email.to_json())

    def success_without_id(self, accepted: Accepted | None) -> Response:
        """A success that names the conversation at most."""
        body: dict[str, Any] = {"ue_type": _WRITTEN, "eaccount": MAILBOX}
        if accepted is not None:
            body["thread_id"] = accepted.conversation_id
        return json_response(200, body)

    def success_error_body(self) -> Response:
        """HTTP 200 around a failure."""
        return json_response(200, {"error": "Reply was not sent", "message": "Sending failed"})

    def refusal(self, name: str, retry_after: str | None) -> Response:
        """One of the error answers."""
        status, body = _REFUSALS[name]
        return json_response(status, body, {"Retry-After": retry_after} if retry_after else None)

    def duplicate(self, status: int) -> Response:
        """The refusal of a duplicate message."""
        return json_response(status, {**_REFUSALS["duplicate"][1], "statusCode": status})

    def server_error(self, status: int) -> Response:
        """A server error, or a gateway's page for 502 to 504."""
        if status in (502, 503, 504):
            page = f"<html><head><title>{status}</title></head><body>nginx</body></html>"
            return Response(status, {"Content-Type": "text/html"}, page.encode())
        return json_response(*_error(status, "Internal Server Error", "Something went wrong"))


def _authenticate(request: Request, settings: Settings) -> tuple[str, Response | None]:
    """The account of the request's token, and the refusal without one."""
    scheme, _, token = request.header("Authorization").partition(" ")
    account = account_of(token.strip(), settings) if scheme.lower() == "bearer" else None
    return (account, None) if account is not None else ("", _refused("invalid_token"))


def _check_send(fields: Mapping[str, Any], body: Mapping[str, str]) -> Response | None:
    missing = [
        name
        for name in ("eaccount", "reply_to_uuid", "subject")
        if not isinstance(fields.get(name), str)
    ]
    if not body.get("text") and not body.get("html"):
        missing.append("body")
    if missing:
        message = f"body must have required property '{missing[0]}'"
        return json_response(*_error(400, "Bad Request", message))
    for name in ("cc_address_email_list", "bcc_address_email_list"):
        if not isinstance(fields.get(name, ""), str):
            return json_response(*_error(400, "Bad Request", f"body/{name} must be string"))
    return None


def _refused(name: str) -> Response:
    status, body = _REFUSALS[name]
    return json_response(status, body)


def _list(query: Mapping[str, str], emails: list[_Email]) -> Response:
    """GET /emails: newest first unless ``sort_order=asc``; a page begins after the id given."""
    found = [
        email
        for email in emails
        if query.get("lead", email.lead).lower() == email.lead
        and query.get("eaccount", email.mailbox).lower() == email.mailbox.lower()
    ]
    found.sort(key=lambda email: email.added_at, reverse=query.get("sort_order") != "asc")
    ids = [email.id for email in found]
    after = query.get("starting_after")
    first = ids.index(after) + 1 if after in ids else 0
    page = found[first : first + int(query.get("limit", "20"))]
    body: dict[str, Any] = {"items": [email.to_json() for email in page]}
    if first + len(page) < len(found):
        body["next_starting_after"] = page[-1].id
    return json_response(200, body)


# -- small readers


def _lead_in(answered: str) -> str | None:
    """The address at the end of an id that ``email_id`` made."""
    match = _ID.fullmatch(answered)
    try:
        address = bytes.fromhex(match[1]).decode() if match else ""
    except ValueError:
        return None
    return address if "@" in address else None


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _body_of(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    body = fields.get("body")
    return body if isinstance(body, dict) else {}


def _readable(markup: str) -> str:
    """What a person reads in HTML as simple as an answer's."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
