"""The front doors of the providers: where each posts, how it proves itself, and what it says."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devstack.sandbox import emailbison as emailbison_sandbox
from devstack.sandbox.instantly import email_id
from devstack.sandbox.smartlead import lead_id, stats_id
from devstack.sandbox.webhooks import Webhook
from system_sender.webhook import WebhookResponse
from tests.engine.stage import Stage
from tests.support.scene import EMAIL, SECRET

MAILBOX = "sam@out.example.com"


@dataclass(frozen=True)
class Door:
    """How one provider posts an inbound message of the lead.

    Attributes:
        body: the event, in the provider's own fields, with a fresh id.
        headers, query: where its secret stands, if not in the body.
    """

    provider: str
    channel: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def webhook(self, **changes: Any) -> Webhook:
        """Return the webhook; `changes` replace fields of the event."""
        body = json.dumps({**self.body, **changes}).encode("utf-8", "surrogatepass")
        return Webhook(body, dict(self.headers))

    def post(self, stage: Stage, webhook: Webhook | None = None, **event: Any) -> WebhookResponse:
        """Post at the provider's own path; `event` replaces parts of the proxy event."""
        parts = {
            "resource": f"/webhooks/{self.provider}/{{workspace}}",
            "queryStringParameters": dict(self.query) or None,
            **event,
        }
        return stage.post(webhook or self.webhook(), **parts)


def account_of(stage: Stage, provider: str) -> str:
    """Return the account that :meth:`Scene.integrate` gives the workspace at a provider."""
    return f"{provider}-{stage.scene.workspace}"


def emailbison(stage: Stage, text: str = "Tuesday works") -> Door:
    """EmailBison can neither sign nor set a header: the secret stands in the URL."""
    reply = {
        "id": emailbison_sandbox.reply_id(EMAIL),
        "uuid": str(uuid.uuid4()),
        "email_subject": "Re: Intro",
        "from_email_address": EMAIL,
        "from_name": "Dana Example",
        "to": [{"address": MAILBOX, "name": None}],
        "cc": [],
        "bcc": [],
        "html_body": f"<p>{text}</p>",
        "text_body": text,
        "date_received": "2026-03-03T17:00:00.000000Z",
        "automated_reply": False,
        "interested": False,
        "type": "Tracked Reply",
        "folder": "Inbox",
    }
    body = {
        "event": {
            "type": "LEAD_REPLIED",
            "name": "Lead Replied",
            "instance_url": "https://send.example.com",
            "workspace_id": account_of(stage, "emailbison"),
            "workspace_name": "Acme",
        },
        "data": {
            "campaign": {"id": 9, "name": "Q1"},
            "lead": {
                "id": int(emailbison_sandbox.lead_id(EMAIL)),
                "email": EMAIL,
                "first_name": "Dana",
                "last_name": "Example",
            },
            "reply": reply,
            "sender_email": {"id": 57, "email": MAILBOX, "name": "Sam"},
        },
    }
    return Door("emailbison", "email", body, query={"secret": SECRET})


def smartlead(stage: Stage, text: str = "Tuesday works") -> Door:
    """SmartLead puts the secret into the body."""
    moment = "2026-03-03T17:00:00.000+00:00"
    body = {
        "event_type": "EMAIL_REPLY",
        "event_timestamp": moment,
        "campaign_id": 9181,
        "campaign_name": "Q1",
        "stats_id": stats_id(EMAIL),
        "sl_email_lead_id": lead_id(EMAIL),
        "sl_lead_email": EMAIL,
        "from_email": MAILBOX,
        "to_email": EMAIL,
        "to_name": "Dana Example",
        "cc_emails": [],
        "subject": "Re: Intro",
        "reply_message": {
            "message_id": f"<{uuid.uuid4().hex}@mail.example.com>",
            "html": f"<p>{text}</p>",
            "text": text,
            "time": moment,
        },
        "secret_key": SECRET,
    }
    return Door("smartlead", "email", body)


def instantly(stage: Stage, text: str = "Tuesday works") -> Door:
    """Instantly sends whatever headers the webhook was made with."""
    body = {
        "timestamp": "2026-03-03T17:00:00.000Z",
        "event_type": "reply_received",
        "workspace": account_of(stage, "instantly"),
        "campaign_id": "0191bbbb-1111-7222-8333-444455556666",
        "lead_email": EMAIL,
        "email_account": MAILBOX,
        "email_id": email_id(EMAIL),
        "reply_subject": "Re: Intro",
        "reply_text": text,
        "reply_html": f"<div>{text}</div>",
    }
    return Door("instantly", "email", body, headers={"X-Webhook-Secret": SECRET})


def unipile(stage: Stage, text: str = "Tuesday works") -> Door:
    """Unipile sends a static header, and does not say that its body is JSON."""
    person = {
        "attendee_id": "at_1",
        "attendee_name": "Dana Example",
        "attendee_provider_id": stage.scene.linkedin_id,
        "attendee_profile_url": f"https://www.linkedin.com/in/{stage.scene.linkedin_id}",
    }
    body = {
        "event": "message_received",
        "account_id": account_of(stage, "unipile"),
        "account_type": "LINKEDIN",
        "account_info": {"type": "LINKEDIN", "feature": "classic", "user_id": "ACoAAself"},
        "chat_id": "ch_8Xa",
        "message_id": uuid.uuid4().hex[:22],
        "message": text,
        "timestamp": "2026-03-03T17:00:00.000Z",
        "webhook_name": "system-sender",
        "sender": person,
        "attendees": [person],
        "is_sender": False,
    }
    return Door("unipile", "linkedin", body, headers={"Unipile-Auth": SECRET})


DOORS = {
    "emailbison": emailbison,
    "smartlead": smartlead,
    "instantly": instantly,
    "unipile": unipile,
}
