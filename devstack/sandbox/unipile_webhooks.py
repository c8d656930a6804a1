"""Unipile's webhooks, ready to post: a static header, and nothing signed.

A webhook that was made by the API posts JSON without saying so in its Content-Type.
"""

import json
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from devstack.sandbox.unipile import chat_with, own_provider_id
from devstack.sandbox.webhooks import Webhook


def message_received(
    *,
    secret: str | None,
    account_id: str,
    contact_id: str,
    text: str,
    own: bool = False,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A message in the chat with a person: theirs, or with ``own`` one that left the account.

    ``fields`` replaces or adds fields, ``omit`` leaves fields out: older events have neither
    ``account_info`` nor ``is_sender``.
    """
    person = _attendee(contact_id, "Dana Example")
    ourselves = _attendee(own_provider_id(account_id), "Sam Example")
    event = _event("message_received", account_id, contact_id) | {
        "attendees": [person],
        "sender": ourselves if own else person,
        "subject": None,
        "message": text,
        "attachments": [],
        "is_sender": own,
        "is_event": 0,
        "is_group": False,
        "message_type": "MESSAGE",
        "folder": ["INBOX", "INBOX_LINKEDIN_CLASSIC"],
    }
    return _posted(secret, _shaped(event, fields, omit))


def nested_message_received(
    *,
    secret: str | None,
    account_id: str,
    contact_id: str,
    text: str,
    own: bool = False,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The same in the form that older set-ups know: the message in an object of its own."""
    flat = _event("message.received", account_id, contact_id)
    event = {
        "event": flat["event"],
        "account_id": account_id,
        "account_type": "LINKEDIN",
        "account_info": flat["account_info"],
        "message": {
            "id": flat["message_id"],
            "chat_id": flat["chat_id"],
            "text": text,
            "sender_id": own_provider_id(account_id) if own else contact_id,
            "sender_name": "Sam Example" if own else "Dana Example",
            "timestamp": flat["timestamp"],
            "attendees": [_attendee(contact_id, "Dana Example")],
        },
    }
    return _posted(secret, _shaped(event, fields, omit))


def message_status(
    *,
    secret: str | None,
    account_id: str,
    contact_id: str,
    message_id: str,
    event: str = "message_read",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A message of ours was delivered or read (``message_delivered``, ``message_read``)."""
    body = _event(event, account_id, contact_id) | {
        "message_id": message_id,
        "attendees": [_attendee(contact_id, "Dana Example")],
        "sender": _attendee(own_provider_id(account_id), "Sam Example"),
    }
    return _posted(secret, _shaped(body, fields, omit))


def account_status(*, secret: str | None, account_id: str, message: str = "CREDENTIALS") -> Webhook:
    """The connected account changed its state; it has no ``event`` field."""
    status = {"account_id": account_id, "message": message, "account_type": "LINKEDIN"}
    return _posted(secret, {"AccountStatus": status})


def _event(name: str, account_id: str, contact_id: str) -> dict[str, Any]:
    message_id = uuid.uuid4().hex[:22]
    return {
        "event": name,
        "account_id": account_id,
        "account_type": "LINKEDIN",
        "account_info": {
            "type": "LINKEDIN",
            "feature": "classic",
            "user_id": own_provider_id(account_id),
        },
        "webhook_name": "system-sender",
        "chat_id": chat_with(contact_id),
        "message_id": message_id,
        "provider_message_id": f"2-{message_id}",
        "timestamp": _now(),
    }


def _attendee(provider_id: str, name: str) -> dict[str, Any]:
    return {
        "attendee_id": f"at-{provider_id}",
        "attendee_provider_id": provider_id,
        "attendee_name": name,
        "attendee_profile_url": f"https://www.linkedin.com/in/{provider_id}",
        "attendee_specifics": {"provider": "LINKEDIN", "is_company": False},
    }


def _posted(secret: str | None, event: Mapping[str, Any]) -> Webhook:
    headers = {} if secret is None else {"Unipile-Auth": secret}
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    return Webhook(body, headers)


def _shaped(
    event: Mapping[str, Any], fields: Mapping[str, Any], omit: Collection[str]
) -> dict[str, Any]:
    return {name: value for name, value in {**event, **fields}.items() if name not in omit}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
