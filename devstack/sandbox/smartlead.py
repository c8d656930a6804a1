"""SmartLead, API v1: answers in a campaign's conversation, and a lead's message history.

Where no official source states a shape or a wording, the comment says "unconfirmed". The limit of
60 requests a minute is not enforced.

A conversation is known by its ``stats_id``. Here the digits at its end are the id of the lead, so
that an answer finds the history it belongs to; ``lead_id`` and ``stats_id`` make both from the
lead's address. Everybody can be written to: ``Settings.contacts`` is not asked.
"""

import hashlib
import html
import json
import re
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

_CAMPAIGNS = "/api/v1/campaigns/"
_REQUIRED = ("email_stats_id", "email_body", "reply_message_id", "reply_email_time")
_COMMA_SEPARATED = ("cc", "bcc")
_STATS_ID = re.compile(r"[A-Za-z0-9-]{0,100}?-([0-9]{12})")

# Each is the status and the body.
_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "invalid_stats_id": (400, {"error": "Invalid email_stats_id or campaign_id"}),
    "duplicate": (400, {"error": "Duplicate reply"}),  # wording unconfirmed
    "api_key_required": (401, {"message": "API key is required."}),
    "invalid_token": (401, {"message": "Invalid API Key"}),  # wording unconfirmed
    "insufficient_balance": (402, {"message": "Plan expired"}),  # wording unconfirmed
    "forbidden": (403, {"message": "Forbidden"}),  # wording unconfirmed
    "campaign_not_found": (404, {"error": "Campaign not found"}),  # wording unconfirmed
    "too_many_requests": (
        429,
        {
            "error": {
                "code": "RATE_LIMIT_EXCEEDED",
                "message": "Too many requests",
                "retry_after": 30,
            }
        },
    ),
}


def lead_id(email: str) -> str:
    """The id of the lead with this address: up to 9 digits, always the same."""
    digest = hashlib.sha256(email.lower().encode()).digest()
    return str(1 + int.from_bytes(digest[:4], "big") % 999_999_999)


def stats_id(email: str, step: int = 1) -> str:
    """The id of a step's conversation with the lead of this address."""
    return f"8f7c2b10-{step:04d}-4bbb-8ccc-{int(lead_id(email)):012d}"


@dataclass(frozen=True)
class _Reply(Send):
    """An answer, and the conversation it belongs to."""

    campaign_id: str
    lead_id: str
    stats_id: str
    html: str


@dataclass(frozen=True)
class _Message:
    account: str
    contact_id: str
    campaign_id: str | None
    lead_id: str
    stats_id: str
    type: str
    message_id: str
    html: str
    added_at: float

    def to_json(self) -> dict[str, Any]:
        return {
            "stats_id": self.stats_id,
            "type": self.type,
            "message_id": self.message_id,
            "time": _iso(self.added_at),
            "email_body": self.html,
            "subject": "Re: Intro",
        }


class SmartLead:
    """The provider's rules, its shapes and the messages it holds."""

    name = "smartlead"
    refusals: Sequence[str] = tuple(_REFUSALS)

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._messages: list[_Message] = []

    # -- understanding requests

    def read(self, request: Request, settings: Settings) -> Send | LookUp | Invalid | None:
        """Understands a request; ``None`` for a path that is not one of these."""
        if not request.path.startswith(_CAMPAIGNS):
            return None
        match request.method, *request.path.removeprefix(_CAMPAIGNS).split("/"):
            case ["POST", campaign_id, "reply-email-thread"]:
                return _read_send(request, campaign_id, settings)
            case ["GET", campaign_id, "leads", lead, "message-history"]:
                return self._read_look_up(request, campaign_id, lead, settings)
        return None

    def _read_look_up(
        self, request: Request, campaign_id: str, lead: str, settings: Settings
    ) -> LookUp | Invalid:
        account, refused = _authenticate(request, settings)
        if refused is not None:
            return Invalid(account, refused, Operation.LOOK_UP)

        def visible(until: float) -> Response:
            since = _moment(request.query.get("event_time_gt"))
            rows = [
                message
                for message in self._messages
                if since < message.added_at <= until
                and message.lead_id == lead
                and message.campaign_id in (None, campaign_id)
                and (settings.tokens is None or message.account == account)
            ]
            rows.sort(key=lambda message: message.added_at)
            return _found(rows)

        known = (each.contact_id for each in self._messages if each.lead_id == lead)
        return LookUp(account, visible, next(known, lead))

    # -- taking messages

    def accept(self, send: Send, now: float) -> Accepted:
        """Takes an answer that the API sent."""
        if not isinstance(send, _Reply):
            raise TypeError("SmartLead sends answers only.")
        message = _Message(
            account=send.account,
            contact_id=send.contact_id,
            campaign_id=send.campaign_id,
            lead_id=send.lead_id,
            stats_id=send.stats_id,
            type="SENT",
            message_id=self._message_id("out"),
            html=send.html,
            added_at=now,
        )
        self._messages.append(message)
        return Accepted(message.message_id, message.stats_id)

    def inject(self, message: Injected, now: float) -> Accepted:
        """Puts in a message that no request sent; ``contact_id`` is the lead's address.

        An answer has the message id of what it answers, as in the published sample.
        """
        lead = lead_id(message.contact_id)
        inbound = message.direction == "inbound"
        earlier = [each.message_id for each in self._messages if each.lead_id == lead]
        answered = earlier[-1] if earlier and inbound else self._message_id("mail")
        stored = _Message(
            account=message.account,
            contact_id=message.contact_id.lower(),
            campaign_id=None,
            lead_id=lead,
            stats_id=stats_id(message.contact_id),
            type="REPLY" if inbound else "SENT",
            message_id=message.message_id or answered,
            html=f"<div>{html.escape(message.text)}</div>",
            added_at=now if message.added_at is None else message.added_at,
        )
        self._messages.append(stored)
        return Accepted(stored.message_id, stored.stats_id)

    def _message_id(self, host: str) -> str:
        return f"<{self._ids.next()}@{host}.example.com>"

    def clear(self) -> None:
        """Forgets all messages."""
        self._messages.clear()

    # -- answers

    def success(self, accepted: Accepted) -> Response:  # noqa: ARG002
        """The older reference's success. It never names the message."""
        return json_response(200, {"ok": True, "data": "success"})

    def success_without_id(self, accepted: Accepted | None) -> Response:  # noqa: ARG002
        """The newer reference's success, which names no message either."""
        return json_response(200, {"success": True, "message": "Reply sent successfully"})

    def success_error_body(self) -> Response:
        """HTTP 200 around a failure."""
        return json_response(200, {"ok": False, "error": "Reply was not sent"})

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
        return json_response(status, {"message": "Internal Server Error"})


def _authenticate(request: Request, settings: Settings) -> tuple[str, Response | None]:
    """The account of the request's key, which is in the query, and the refusal without one."""
    key = request.query.get("api_key", "")
    if not key:
        return "", _refused("api_key_required")
    account = account_of(key, settings)
    return (account, None) if account is not None else ("", _refused("invalid_token"))


def _read_send(request: Request, campaign_id: str, settings: Settings) -> Send | Invalid:
    body = _json_object(request.body)
    address = _text_of(body, "to_email").lower()
    markup = _text_of(body, "email_body")
    account, refused = _authenticate(request, settings)
    conversation = _STATS_ID.fullmatch(_text_of(body, "email_stats_id"))
    refused = refused or _check_send(body)
    if refused is not None or conversation is None or not campaign_id.isdecimal():
        refused = refused or _refused("invalid_stats_id")
        return Invalid(account, refused, Operation.SEND, address, _readable(markup))
    return _Reply(
        account=account,
        contact_id=address,
        text=_readable(markup),
        campaign_id=campaign_id,
        lead_id=str(int(conversation[1])),
        stats_id=conversation[0],
        html=markup,
        cc=tuple(filter(None, _text_of(body, "cc").split(","))),
    )


def _check_send(body: Mapping[str, Any]) -> Response | None:
    """Checks the fields; which of them are required, and the wordings, are unconfirmed."""
    missing = [name for name in _REQUIRED if not _text_of(body, name)]
    if missing:
        return json_response(400, {"error": f"{missing[0]} is required"})
    wrong = [name for name in _COMMA_SEPARATED if not isinstance(body.get(name, ""), str)]
    if wrong:
        return json_response(400, {"error": f"{wrong[0]} must be a string"})
    # Without it the answer would go to the campaign's lead, whoever wrote; a test wants to know.
    if "@" not in _text_of(body, "to_email"):
        return json_response(400, {"error": "to_email must be a valid email"})
    return None


def _refused(name: str) -> Response:
    status, body = _REFUSALS[name]
    return json_response(status, body)


def _found(rows: Sequence[_Message]) -> Response:
    """GET .../message-history: neither paged nor the list that one reference shows."""
    history = [message.to_json() for message in rows]
    lead = rows[-1].contact_id if rows else ""
    return json_response(200, {"history": history, "from": "sam@out.example.com", "to": lead})


# -- small readers


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text_of(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _readable(markup: str) -> str:
    """What a person reads in HTML as simple as an answer's."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def _moment(text: str | None) -> float:
    """Epoch seconds of an ISO date; what is none bounds nothing."""
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except ValueError:
        return float("-inf")


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
