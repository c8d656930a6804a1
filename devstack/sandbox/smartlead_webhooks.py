"""SmartLead's webhooks, ready to post: the secret stands in the body, and nothing is signed."""

import html
import json
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from devstack.sandbox.smartlead import lead_id, stats_id
from devstack.sandbox.webhooks import Webhook

MAILBOX = "sam@out.example.com"


def email_reply(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    replier: str | None = None,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A lead's answer, or that of ``replier``, a colleague. ``from_email`` is our mailbox.

    ``fields`` replaces or adds fields, ``omit`` leaves fields out. A ``secret`` of ``None``
    leaves it out.
    """
    moment = _now()
    event = _event("EMAIL_REPLY", lead, secret) | {
        "event_timestamp": moment,
        "stats_id": stats_id(lead),
        "to_email": replier or lead,
        "cc_emails": [],
        "reply_message": {
            "message_id": f"<{uuid.uuid4().hex}@mail.example.com>",
            "html": f'<div dir="ltr">{html.escape(text)}</div>',
            "text": f"{text}\n",
            "time": moment,
        },
        "leadCorrespondence": {"targetLeadEmail": lead, "replyReceivedFrom": replier or lead},
    }
    return _webhook(event, fields, omit)


def nested_reply(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The same as another reference shows it: other names, nested, without a stats id."""
    event = {
        "event": "EMAIL_REPLIED",
        "timestamp": _now(),
        "campaign_id": 9181,
        "campaign_name": "Q1",
        "lead_id": int(lead_id(lead)),
        "email_account_id": 456,
        "lead": {"email": lead, "first_name": "Dana", "last_name": "Example"},
        "sequence_number": 1,
        "email": {"subject": "Intro", "message_id": "S1@out.example.com"},
        "reply": {"subject": "Re: Intro", "body": f"<p>{html.escape(text)}</p>"},
        "secret_key": secret,
    }
    return _webhook(event, fields, omit)


def untracked_reply(
    secret: str | None,
    *,
    text: str,
    sender: str = "dana@example.com",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A message in one of the mailboxes that belongs to no campaign."""
    moment = _now()
    event = {
        "event_type": "UNTRACKED_REPLIES",
        "event_timestamp": moment,
        "reply_message": {
            "message_id": f"<{uuid.uuid4().hex}@mail.example.com>",
            "html": "",
            "text": f"{text}\n",
            "time": moment,
        },
        "secret_key": secret,
        "description": "",
        "sender_detail": f"Dana Example <{sender}>",
        "recipient_detail": MAILBOX,
        "cc": "",
        "bcc": "",
        "subject": "Untracked",
        "visible_text": f"{text}\n",
        "has_attachment": False,
        "webhook_id": 94,
    }
    return _webhook(event, fields, omit)


def email_sent(
    secret: str | None,
    *,
    lead: str = "dana@example.com",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A mail of the campaign left."""
    event = _event("EMAIL_SENT", lead, secret) | {"stats_id": stats_id(lead)}
    return _webhook(event, fields, omit)


def email_bounce(
    secret: str | None,
    *,
    lead: str = "dana@example.com",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A mail came back."""
    event = _event("EMAIL_BOUNCE", lead, secret) | {
        "stats_id": stats_id(lead),
        "is_bounced": True,
        "bounce_message": {
            "message_id": f"<{uuid.uuid4().hex}@mailer.example.com>",
            "html": "<p>No such user</p>",
            "text": "No such user",
        },
    }
    return _webhook(event, fields, omit)


def lead_unsubscribed(
    secret: str | None,
    *,
    lead: str = "dana@example.com",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The lead clicked to be written to no more."""
    event = _event("LEAD_UNSUBSCRIBED", lead, secret) | {"lead_email": lead, "lead_name": "Dana"}
    return _webhook(event, fields, omit)


def _event(name: str, lead: str, secret: str | None) -> dict[str, Any]:
    return {
        "event_type": name,
        "event_timestamp": _now(),
        "campaign_id": 9181,
        "campaign_name": "Q1",
        "campaign_status": "ACTIVE",
        "sequence_number": 1,
        "sl_email_lead_id": lead_id(lead),  # a text here, a number in lists
        "sl_email_lead_map_id": 1438001,
        "sl_lead_email": lead,
        "from_email": MAILBOX,
        "to_email": lead,
        "to_name": "Dana Example",
        "subject": "Re: Intro",
        "sent_message": {
            "message_id": "<S1@out.example.com>",
            "html": "<p>Tue?</p>",
            "text": "Tue?",
            "time": "2026-03-01T10:00:00Z",
        },
        "client_id": None,
        "webhook_id": 94,
        "webhook_name": "system-sender",
        "secret_key": secret,
    }


def _webhook(event: Mapping[str, Any], fields: Mapping[str, Any], omit: Collection[str]) -> Webhook:
    shaped = {name: value for name, value in {**event, **fields}.items() if name not in omit}
    if shaped.get("secret_key") is None:
        shaped.pop("secret_key", None)
    body = json.dumps(shaped, ensure_ascii=False).encode()
    return Webhook(body, {"Content-Type": "application/json"})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
