"""GoHighLevel's webhooks, ready to post: marketplace events (signed) and workflow actions.

The bytes in ``body`` are the bytes that were signed: post them as they are.
"""

import base64
import html
import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from devstack.sandbox.gohighlevel_messages import MAILBOX


@dataclass(frozen=True)
class Webhook:
    """What the provider posts."""

    body: bytes
    headers: Mapping[str, str]


class Signer:
    """An Ed25519 key pair in GoHighLevel's place."""

    def __init__(self, key: Ed25519PrivateKey | None = None) -> None:
        self._key = key or Ed25519PrivateKey.generate()

    @classmethod
    def from_seed(cls, seed: str) -> "Signer":
        """The signer that ``seed()`` came from.

        Raises:
            ValueError: it is not base64 of 32 bytes.
        """
        return cls(Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed, validate=True)))

    def seed(self) -> str:
        """The private key, base64 of its 32 raw bytes: to keep one over several processes."""
        octets = self._key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return base64.b64encode(octets).decode()

    def public_key(self) -> str:
        """The public key as base64 of its DER SubjectPublicKeyInfo, as GoHighLevel publishes it."""
        octets = self._key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(octets).decode()

    def signature(self, body: bytes) -> str:
        """The ``X-GHL-Signature`` of a body: base64, over the raw bytes."""
        return base64.b64encode(self._key.sign(body)).decode()

    def sign(self, event: Mapping[str, Any]) -> Webhook:
        """A marketplace webhook with this event as its body."""
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "X-GHL-Signature": self.signature(body)}
        return Webhook(body, headers)


def inbound_message(
    signer: Signer,
    *,
    location_id: str,
    contact_id: str,
    text: str,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A lead's SMS. ``fields`` replaces or adds fields, ``omit`` leaves fields out.

    Official examples have no ``messageId``, ``webhookId`` or ``timestamp``; live events do.
    """
    event = _message_event(location_id, contact_id, text) | {
        "type": "InboundMessage",
        "direction": "inbound",
        "status": "delivered",
        "from": "+15550100001",
        "to": "+15550100002",
    }
    return signer.sign(_shaped(event, fields, omit))


def outbound_message(
    signer: Signer,
    *,
    location_id: str,
    contact_id: str,
    text: str,
    source: str = "api",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The echo of a text that left: ``source`` is ``api`` for our own, ``app`` for a person's.

    A person's has a ``userId``.
    """
    event = _message_event(location_id, contact_id, text) | {
        "type": "OutboundMessage",
        "direction": "outbound",
        "status": "sent",
        "source": source,
        "from": "+15550100002",
        "to": "+15550100001",
    }
    if source == "app":
        event["userId"] = _identifier()
    return signer.sign(_shaped(event, fields, omit))


def inbound_email(
    signer: Signer,
    *,
    location_id: str,
    contact_id: str,
    text: str,
    sender: str = "Dana Example <dana@example.com>",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A lead's e-mail: ``body`` is HTML, and, as in the official example, no ``messageId``."""
    event = _email_event(location_id, contact_id, text) | {
        "type": "InboundMessage",
        "direction": "inbound",
        "status": "delivered",
        "from": sender,
        "to": [MAILBOX],
    }
    return signer.sign(_shaped(event, fields, omit))


def outbound_email(
    signer: Signer,
    *,
    location_id: str,
    contact_id: str,
    text: str,
    source: str = "api",
    to: str = "dana@example.com",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The echo of an e-mail that left: ``source`` is ``api`` for our own, ``app`` for a person's.

    ``emailMessageId`` and ``messageId`` are those that the send answered.
    """
    event = _email_event(location_id, contact_id, text) | {
        "type": "OutboundMessage",
        "direction": "outbound",
        "status": "sent",
        "source": source,
        "messageId": _identifier(),
        "from": MAILBOX,
        "to": [to],
    }
    if source == "app":
        event["userId"] = _identifier()
    return signer.sign(_shaped(event, fields, omit))


def email_stats(
    signer: Signer,
    *,
    location_id: str,
    recipient: str = "dana@example.com",
    event: str = "delivered",
    severity: str | None = None,
    email_message_id: str | None = None,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """What became of an e-mail: an event of the mail service, wrapped.

    ``event`` is ``delivered``, ``opened``, ``failed`` (then with a ``severity`` of ``permanent`` or
    ``temporary``), ``complained``, ``unsubscribed`` ... The contact is not named.
    """
    told: dict[str, Any] = {
        "event": event,
        "id": _identifier(),
        "timestamp": int(datetime.now(UTC).timestamp()),
        "recipient": recipient,
        "recipient-domain": recipient.rpartition("@")[2],
        "message": {"headers": {"message-id": f"{_identifier()}@acme.example.com"}},
        "lc-operations": {
            "location_id": location_id,
            "email_message_id": email_message_id or _identifier(),
            "email_type": "other",
        },
    }
    if event == "failed":
        permanent = severity == "permanent"
        told["delivery-status"] = {"code": 550 if permanent else 451, "message": "refused"}
    if severity is not None:
        told["severity"] = severity
    envelope = _envelope(location_id) | {
        "type": "LCEmailStats",
        "companyId": "co4Hn8VbTq2LsXe6Rm1K",
    }
    return signer.sign(_shaped(envelope | {"webhookPayload": told}, fields, omit))


def contact_dnd_update(
    signer: Signer,
    *,
    location_id: str,
    contact_id: str,
    dnd: bool = True,
    channels: Collection[str] = ("SMS",),
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A contact's do-not-disturb state changed, on the channels named.

    ``dnd`` is the state of all channels together; ``dnd=False, dndSettings={...}`` makes one that
    is about single channels.
    """
    status = "active" if dnd else "inactive"
    event = _envelope(location_id) | {
        "type": "ContactDndUpdate",
        "id": contact_id,
        "dnd": dnd,
        "dndSettings": {
            channel: {"status": status, "message": "STOP", "code": "opt_out"}
            for channel in channels
        },
        "firstName": "Dana",
        "lastName": "Example",
        "email": "dana@example.com",
        "phone": "+15550100001",
    }
    return signer.sign(_shaped(event, fields, omit))


def workflow_reply(
    *,
    secret: str | None,
    location_id: str,
    contact_id: str,
    text: str,
    phone: str = "+15550100001",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The body of a workflow's webhook action: no message id, no conversation id, no signature.

    ``secret`` goes into ``X-Webhook-Secret``; ``None`` leaves the header out. The text stands in
    ``message.body`` as it was typed, and trimmed in ``customData.Message``.
    """
    now = datetime.now(UTC)
    payload = {
        "contact_id": contact_id,
        "first_name": "Dana",
        "last_name": "Example",
        "full_name": "Dana Example",
        "email": "dana@example.com",
        "phone": phone,
        "tags": "",
        "country": "US",
        "date_created": "2026-01-10T09:00:00.000Z",  # the contact's, not the message's
        "contact_type": "lead",
        "location": {"id": location_id, "name": "Acme"},
        "message": {"type": 2, "body": text},
        "workflow": {"id": "wf7Qm2LwZpR4sT6vXy1B", "name": "SMS reply"},
        "triggerData": {},
        "customData": {
            "ID": contact_id,
            "Phone Number": phone,
            "First Name": "Dana",
            "Last Name": "Example",
            "Email": "dana@example.com",
            "Message": text.strip(),
            "Date": f"{now.month}/{now.day}/{now.year}",
            "Time": now.strftime("%I:%M:%S %p"),
            "Client": "acme",
        },
    }
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["X-Webhook-Secret"] = secret
    body = json.dumps(_shaped(payload, fields, omit), ensure_ascii=False).encode()
    return Webhook(body, headers)


def _envelope(location_id: str) -> dict[str, Any]:
    return {
        "webhookId": str(uuid.uuid4()),
        "timestamp": _now(),
        "appId": "ap5Kx9WqLm3RtYv7Zc1B",
        "locationId": location_id,
    }


def _message_event(location_id: str, contact_id: str, text: str) -> dict[str, Any]:
    return _envelope(location_id) | {
        "contactId": contact_id,
        "conversationId": f"cv{contact_id[:18]}",
        "messageId": _identifier(),
        "messageType": "SMS",
        "messageTypeId": 2,
        "messageTypeString": "TYPE_SMS",
        "contentType": "text/plain",
        "body": text,
        "attachments": [],
        "dateAdded": _now(),
    }


def _email_event(location_id: str, contact_id: str, text: str) -> dict[str, Any]:
    paragraphs = "".join(f"<p>{html.escape(each)}</p>" for each in text.split("\n\n"))
    return _envelope(location_id) | {
        "contactId": contact_id,
        "conversationId": f"cv{contact_id[:18]}",
        "emailMessageId": _identifier(),
        "threadId": f"th{contact_id[:18]}",
        "messageType": "Email",
        "messageTypeId": 3,
        "messageTypeString": "TYPE_EMAIL",
        "contentType": "text/html",
        "provider": "Leadconnector",
        "subject": "Re: Intro",
        "body": paragraphs.replace("\n", "<br>"),
        "cc": [],
        "bcc": [],
        "attachments": [],
        "dateAdded": _now(),
    }


def _shaped(
    event: Mapping[str, Any], fields: Mapping[str, Any], omit: Collection[str]
) -> dict[str, Any]:
    return {name: value for name, value in {**event, **fields}.items() if name not in omit}


def _identifier() -> str:
    return uuid.uuid4().hex[:20]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
