"""Instantly's webhooks, ready to post: nothing is signed, the secret is a header one sets up."""

import html
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from devstack.sandbox.instantly import MAILBOX, email_id
from devstack.sandbox.webhooks import Webhook

WORKSPACE = "0190aaaa-1111-7222-8333-444455556666"


def reply_received(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    workspace: str = WORKSPACE,
    event_type: str = "reply_received",
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A lead's answer; with another ``event_type``, an automatic one.

    ``fields`` replaces or adds fields, ``omit`` leaves fields out. ``secret`` goes into
    ``X-Webhook-Secret``; ``None`` leaves the header out.
    """
    event = _event(event_type, lead, workspace) | {
        "unibox_url": "https://app.example.com/unibox",
        "step": 1,
        "variant": 1,
        "is_first": True,
        "email_id": email_id(lead),
        "reply_subject": "Re: Intro",
        "reply_text_snippet": text[:60],
        "reply_text": f"{text}\n\nOn Sun, Mar 1, 2026 at 10:00 AM Sam <{MAILBOX}> wrote:\n> Tue?",
        "reply_html": f"<div>{html.escape(text)}</div>",
    }
    return _webhook(secret, event, fields, omit)


def email_sent(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    workspace: str = WORKSPACE,
    step: int | None = None,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """An e-mail left: campaign mail, which has a ``step``, or another."""
    event = _event("email_sent", lead, workspace) | {
        "email_id": email_id(lead),
        "email_subject": "Re: Intro",
        "email_text": text,
        "email_html": f"<div>{html.escape(text)}</div>",
    }
    if step is not None:
        event |= {"step": step, "variant": 1, "is_first": step == 1}
    return _webhook(secret, event, fields, omit)


def email_bounced(
    secret: str | None,
    *,
    lead: str = "dana@example.com",
    workspace: str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """An e-mail came back."""
    event = _event("email_bounced", lead, workspace) | {"step": 1, "email_id": email_id(lead)}
    return _webhook(secret, event, fields, omit)


def lead_unsubscribed(
    secret: str | None,
    *,
    lead: str = "dana@example.com",
    workspace: str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The lead asked to be written to no more."""
    return _webhook(secret, _event("lead_unsubscribed", lead, workspace), fields, omit)


def _event(name: str, lead: str, workspace: str) -> dict[str, Any]:
    return {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "event_type": name,
        "workspace": workspace,
        "campaign_id": "0191bbbb-1111-7222-8333-444455556666",
        "campaign_name": "Q1",
        "lead_email": lead,
        "email_account": MAILBOX,
        # The lead's own columns come along, whatever they are called.
        "firstName": "Dana",
        "lastName": "Example",
        "companyName": "Acme",
    }


def _webhook(
    secret: str | None,
    event: Mapping[str, Any],
    fields: Mapping[str, Any],
    omit: Collection[str],
) -> Webhook:
    shaped = {name: value for name, value in {**event, **fields}.items() if name not in omit}
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["X-Webhook-Secret"] = secret
    return Webhook(json.dumps(shaped, ensure_ascii=False).encode(), headers)
