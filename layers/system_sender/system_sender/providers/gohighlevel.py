"""GoHighLevel (LeadConnector): text messages out, webhooks in.

Sources: the OpenAPI files and webhook pages of HighLevel's public API documentation repository,
and its webhook integration guide. What is marked unconfirmed was not seen in either.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from system_sender.answers import (
    AnswerTable,
    ErrorText,
    is_number,
    read_json,
    refusal,
    retry_after,
    says_it_failed,
    without_answer,
)
from system_sender.codes import Code
from system_sender.inbound import EventKind, EventRefused, InboundEvent
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.transport import Answer, NoAnswer, Request

NAME: Final = "gohighlevel"

# The only value of the header in the published specification.
_VERSION = "2021-04-15"

# HighLevel answers business refusals as 400 or 422, and by report also as a 5xx, so the text
# decides, whatever the status. The wording is as seen in its answers.
_TABLE = AnswerTable(
    errors=(
        ErrorText("has unsubscribed", Code.UNSUBSCRIBED, suppress=True),
        ErrorText("dnd is active", Code.DO_NOT_DISTURB, suppress=True),
        ErrorText("missing phone number", Code.MISSING_PHONE),
        ErrorText("invalid country calling code", Code.INVALID_PHONE),
        ErrorText("invalid phone", Code.INVALID_PHONE),
        ErrorText("contact not found", Code.CONTACT_NOT_FOUND),
    ),
    duplicates=("duplicate",),
    statuses={404: Code.CONTACT_NOT_FOUND, 402: Code.PAYMENT_REQUIRED},
)
# Search and export answer 429 with these words when their own cursors run out; sooner is useless.
_OVERLOADED = (b"point in time", b"max_open_pit_context")
_OVERLOAD_WAIT = 30_000
_DAY_LIMIT_WAIT = 3_600_000

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_TEXT = 20_000
_LONGEST_NAME = 200

# The window is days wide because redeliveries come for hours and it is unconfirmed whether their
# timestamp is renewed. Deduplication, not the clock, keeps a replay from doing anything.
OLDEST_EVENT = 3 * 24 * 3600 * 1000
EARLIEST_FUTURE = 10 * 60 * 1000

# What a person's message in HighLevel's own app carries as its source; api, workflow, campaign
# and bulk_actions are machines, ourselves among them.
_HUMAN_SOURCE = "app"


class GoHighLevel:
    """Sends a text to a contact. HighLevel has no idempotency key, so each request counts."""

    name = NAME

    def send_request(self, *, base_url: str, token: str, contact_id: str, text: str) -> Request:
        """Return the request that sends one text to one contact."""
        body = {"type": "SMS", "contactId": contact_id, "message": text}
        return Request(
            "POST",
            f"{base_url}/conversations/messages",
            _headers(token) | {"Content-Type": "application/json"},
            json.dumps(body, ensure_ascii=False).encode(),
        )

    def outcome(self, answer: Answer | NoAnswer, now: int, *, text: str = "") -> Outcome:
        """Say what an answer means; see :mod:`system_sender.answers` for the table."""
        if isinstance(answer, NoAnswer):
            return without_answer(answer, now)
        if not 200 <= answer.status < 300:
            return _rate_limit_aware(refusal(answer, _TABLE, now, text=text), answer, now)
        value = read_json(answer.body)
        if not isinstance(value, dict):
            # An empty 201 of a sibling endpoint was seen to mean that nothing had been added.
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)
        if says_it_failed(value):
            if _message_id(value) is not None:
                # It names the message that it says it did not send: believe neither.
                return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
            return refusal(answer, _TABLE, now, text=text)
        return Outcome(
            OutcomeKind.SENT,
            Code.SENT,
            provider_message_id=_message_id(value),
            provider_thread_id=_optional_text(value.get("conversationId")),
        )


PROVIDER = GoHighLevel()


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Version": _VERSION,
        "Accept": "application/json",
    }


def _message_id(value: Mapping[str, Any]) -> str | None:
    ids = value.get("messageIds")
    several = ids[0] if isinstance(ids, list) and ids else None
    return _optional_text(value.get("messageId")) or _optional_text(several)


def _optional_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _rate_limit_aware(outcome: Outcome, answer: Answer, now: int) -> Outcome:
    """Take the wait from HighLevel's own headers where it sends no Retry-After."""
    if outcome.code is not Code.RATE_LIMITED or "retry-after" in answer.headers:
        return outcome
    if answer.headers.get("x-ratelimit-daily-remaining") == "0":
        wait = _DAY_LIMIT_WAIT
    elif any(text in answer.body for text in _OVERLOADED):
        wait = _OVERLOAD_WAIT
    else:
        interval = answer.headers.get("x-ratelimit-interval-milliseconds", "")
        wait = int(interval) if is_number(interval) else 10_000
    wait = retry_after({"retry-after": str(-(-wait // 1000))}, now, default=wait)
    return Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=now + wait)


# --- look-up of inbound messages -------------------------------------------------------------


def inbound_request(
    *, base_url: str, token: str, location_id: str, contact_id: str, since: int
) -> Request:
    """Return the request that lists a contact's text messages since a time (epoch ms, UTC).

    The endpoint's smallest page is 10; leaving the channel out would mix in activity rows.
    """
    return Request(
        "GET",
        f"{base_url}/conversations/messages/export",
        _headers(token),
        query={
            "locationId": location_id,
            "contactId": contact_id,
            "channel": "SMS",
            "startDate": str(since),
            "limit": "100",
            "sortBy": "createdAt",
            "sortOrder": "asc",
        },
    )


def inbound_message_ids(answer: Answer | NoAnswer, text: str) -> list[str] | None:
    """Return the ids of the listed inbound messages with this text, oldest first.

    Returns None when nobody could look, which is not the same as an empty list.
    """
    if isinstance(answer, NoAnswer) or answer.status != 200:
        return None
    value = read_json(answer.body)
    rows = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(rows, list):
        return None
    same = [
        row
        for row in rows
        if isinstance(row, dict)
        and row.get("direction") == "inbound"
        and isinstance(row.get("body"), str)
        and " ".join(row["body"].split()) == " ".join(text.split())
        and isinstance(row.get("id"), str)
        and _ID.fullmatch(row["id"])
    ]
    same.sort(key=lambda row: str(row.get("dateAdded", "")))
    return [row["id"] for row in same]


# --- webhooks: authentication ------------------------------------------------------------------


def verify_signature(body: bytes, signature: str | None, public_keys: Sequence[str]) -> None:
    """Check the Ed25519 signature of a marketplace event over the raw body.

    Args:
        signature: the X-GHL-Signature header, base64.
        public_keys: base64 SPKI keys; any of them may match, so that keys can be rotated.

    Raises:
        EventRefused: when there is no signature or none of the keys made it.
    """
    from cryptography.exceptions import InvalidSignature

    # "N/A" has been seen in place of a signature.
    if not signature or signature == "N/A":
        raise EventRefused(Code.SIGNATURE_MISSING)
    try:
        decoded = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise EventRefused(Code.SIGNATURE_INVALID) from None
    for key in public_keys:
        try:
            _public_key(key).verify(decoded, body)
        except InvalidSignature:
            continue
        return
    raise EventRefused(Code.SIGNATURE_INVALID)


@cache
def _public_key(encoded: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = load_der_public_key(base64.b64decode(encoded))
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError("GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS must hold Ed25519 keys, base64 SPKI.")
    return key


def verify_secret(given: str | None, expected: str) -> None:
    """Check the secret of a workflow webhook in constant time.

    Raises:
        EventRefused: when it is absent or another one.
    """
    if not given:
        raise EventRefused(Code.SIGNATURE_MISSING)
    # A header may hold what UTF-8 cannot.
    if not hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode()):
        raise EventRefused(Code.SIGNATURE_INVALID)


# --- webhooks: marketplace app events ------------------------------------------------------------


def parse_marketplace_event(body: Mapping[str, Any], now: int) -> InboundEvent:
    """Read a marketplace app event, flat or nested under `data` (both have been published)."""
    data = body.get("data")
    event = {**body, **data} if isinstance(data, dict) else dict(body)
    kind = _required(event, "type")
    is_message = kind in ("InboundMessage", "OutboundMessage") and _is_sms(event)
    if not is_message and kind != "ContactDndUpdate":
        # An app is told of much else, and an endpoint that keeps refusing may be cut off.
        return InboundEvent(EventKind.IGNORED, "", "", "")
    _refuse_stale(event.get("timestamp"), now)
    account = _identifier(event, "locationId")
    return _message(event, kind, account) if is_message else _do_not_disturb(event, account)


def _message(event: Mapping[str, Any], kind: str, account: str) -> InboundEvent:
    inbound = kind == "InboundMessage"
    human = event.get("source") == _HUMAN_SOURCE or (
        event.get("source") is None and bool(event.get("userId"))
    )
    if not inbound and not human:
        return InboundEvent(EventKind.IGNORED, "", account, "")
    contact = _identifier(event, "contactId")
    message_id = _optional_identifier(event, "messageId")
    text = _body_text(event.get("body"))
    identity = _marketplace_identity(event, message_id, account, contact, text)
    return InboundEvent(
        EventKind.MESSAGE if inbound else EventKind.HUMAN_OUTBOUND,
        identity,
        account,
        contact,
        # Without an id and a time of its own, only the provider can tell two equal texts apart.
        identified=not inbound or not identity.startswith("hash:") or bool(event.get("dateAdded")),
        text=text,
        phone=_optional_text(event.get("from" if inbound else "to")),
        provider_message_id=message_id,
        occurred_at=_iso_time(event.get("dateAdded")),
    )


def _has_seconds(time: Any) -> bool:
    """Say whether a local time is exact to the second: "10:04:05 AM" is, "10:04 AM" is not."""
    return isinstance(time, str) and bool(re.search(r"\d:\d\d:\d\d", time))


def _marketplace_identity(
    event: Mapping[str, Any], message_id: str | None, account: str, contact: str, text: str
) -> str:
    """Prefer the message's id: a redelivery may come under another webhook id."""
    if message_id:
        return f"message:{message_id}"
    webhook_id = _optional_identifier(event, "webhookId")
    if webhook_id:
        return f"webhook:{webhook_id}"
    # The published example of an inbound text has neither id.
    return "hash:" + _digest(
        account, contact, event.get("conversationId"), event.get("dateAdded"), text
    )


def _do_not_disturb(event: Mapping[str, Any], account: str) -> InboundEvent:
    settings = event.get("dndSettings")
    sms = settings.get("SMS") if isinstance(settings, dict) else None
    status = sms.get("status") if isinstance(sms, dict) else None
    contact = _identifier(event, "id")
    # Switching it off again is no consent to be written to: a person lifts a suppression.
    if event.get("dnd") is not True and status not in ("active", "permanent"):
        return InboundEvent(EventKind.IGNORED, "", account, contact)
    webhook_id = _optional_identifier(event, "webhookId")
    identity = webhook_id or _digest(account, contact, event.get("timestamp"), status)
    return InboundEvent(
        EventKind.DO_NOT_DISTURB,
        f"dnd:{identity}",
        account,
        contact,
        phone=_optional_text(event.get("phone")),
    )


def _is_sms(event: Mapping[str, Any]) -> bool:
    kind = event.get("messageType") or event.get("messageTypeString")
    return kind in ("SMS", "TYPE_SMS", 2) or event.get("messageTypeId") == 2


def _refuse_stale(timestamp: Any, now: int) -> None:
    if timestamp is None:
        return  # absent from the published examples of message events
    at = _iso_time(timestamp)
    if at is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'timestamp' must be an ISO 8601 time.")
    if not now - OLDEST_EVENT <= at <= now + EARLIEST_FUTURE:
        raise EventRefused(Code.EVENT_STALE)


# --- webhooks: workflow action -------------------------------------------------------------------


def parse_workflow_event(body: Mapping[str, Any]) -> InboundEvent:
    """Read the payload of a workflow's webhook action.

    It has no message id. Two equal texts are told apart by the local date and time that the
    workflow puts into its custom data, to the second; without them the provider must be asked.
    """
    custom = _mapping(body, "customData")
    location = _mapping(body, "location")
    message = _mapping(body, "message")
    account = _identifier(location, "id", "location.id")
    contact = _optional_identifier(body, "contact_id") or _identifier(custom, "ID", "contact_id")
    text = _body_text(message.get("body") or custom.get("Message"))
    if not text:
        return InboundEvent(EventKind.IGNORED, "", account, contact)
    date, time = custom.get("Date"), custom.get("Time")
    workflow = _mapping(body, "workflow").get("id")
    return InboundEvent(
        EventKind.MESSAGE,
        "workflow:" + _digest(contact, workflow, date, time, text),
        account,
        contact,
        identified=isinstance(date, str) and bool(date) and _has_seconds(time),
        text=text,
        phone=_optional_text(body.get("phone")) or _optional_text(custom.get("Phone Number")),
        first_name=_name(body.get("first_name")),
        last_name=_name(body.get("last_name")),
    )


# --- reading fields ------------------------------------------------------------------------------


def _mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be an object.")
    return value


def _required(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be a text that is not empty.")
    return value


def _identifier(body: Mapping[str, Any], name: str, shown: str | None = None) -> str:
    value = _optional_identifier(body, name)
    if value is None:
        raise EventRefused(Code.BODY_WRONG, f"Field '{shown or name}' must be an id.")
    return value


def _optional_identifier(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise EventRefused(
            Code.BODY_WRONG,
            f"Field '{name}' must be an id of letters, digits, '-' and '_', at most 128 long.",
        )
    return value


def _body_text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EventRefused(Code.BODY_WRONG, "The message's text must be a text.")
    return _storable(value).strip()[:_LONGEST_TEXT]


def _name(value: Any) -> str | None:
    text = _optional_text(value)
    return _storable(text)[:_LONGEST_NAME] if text else None


def _storable(text: str) -> str:
    """Replace lone surrogates: JSON can carry them, UTF-8 and DynamoDB cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _iso_time(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int(at.timestamp() * 1000) if at.tzinfo else None


def _digest(*parts: Any) -> str:
    """Hash what identifies an event; JSON keeps ("a", "bc") and ("ab", "c") apart."""
    joined = json.dumps([part if isinstance(part, str) else None for part in parts])
    return hashlib.sha256(joined.encode()).hexdigest()[:40]
