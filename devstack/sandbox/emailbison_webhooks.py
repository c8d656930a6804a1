"""EmailBison's webhooks, ready to post.

EmailBison signs nothing and sends no secret: it stands in the address that EmailBison is given, as
the query's ``secret``. A webhook here has no address; so ``secret`` is in a header, as a proxy in
front brings it, and ``None`` leaves it out, for whoever posts it with the query.

``fields`` replaces or adds fields: those of a part of the event (``event``, ``reply``,
``sender_email``, ...) when they are called like it and hold a mapping, else of the mail that the
event is about. ``omit`` leaves out parts, or fields of the mail.
"""

import html
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from devstack.sandbox.emailbison import MAILBOX, MAILBOX_ID, lead_id, reply_id
from devstack.sandbox.webhooks import Webhook

WORKSPACE = 12

# fmt: off
_PARTS = (
    "event", "campaign", "lead", "reply", "campaign_event", "sender_email", "scheduled_email",
)
# fmt: on


def lead_replied(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    replier: str | None = None,
    cc: Sequence[str] = (),
    workspace: int | str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A lead's answer, or that of ``replier``, a colleague."""
    data = _data(lead, "replied") | {"reply": _reply(text, lead, replier or lead, cc)}
    return _webhook("LEAD_REPLIED", data, workspace, secret, fields, omit)


def automated_reply(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    workspace: int | str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """What a lead's mailbox answered by itself."""
    about = {"automated_reply": True, "email_subject": "Out of office"}
    data = _data(lead, "replied") | {"reply": _reply(text, lead, lead, ()) | about}
    return _webhook("LEAD_REPLIED", data, workspace, secret, fields, omit)


def lead_interested(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    cc: Sequence[str] = (),
    workspace: int | str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A lead's answer was marked as interested.

    It carries the answer of LEAD_REPLIED again, with its id: give both the same ``id``.
    """
    about = {"interested": True}
    data = _data(lead, "interested") | {"reply": _reply(text, lead, lead, cc) | about}
    return _webhook("LEAD_INTERESTED", data, workspace, secret, fields, omit)


def untracked_reply(
    secret: str | None,
    *,
    text: str,
    sender: str = "dana@example.com",
    workspace: int | str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A message in one of the mailboxes that belongs to no campaign's mail, and to no lead."""
    mail = _reply(text, sender, sender, ()) | {"type": "Untracked Reply"}
    data = {"reply": mail, "sender_email": _mailbox()}
    return _webhook("UNTRACKED_REPLY_RECEIVED", data, workspace, secret, fields, omit)


def manual_email_sent(
    secret: str | None,
    *,
    text: str,
    lead: str = "dana@example.com",
    workspace: int | str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """An answer left, by the API or by hand in the inbox. Its type and fields are unconfirmed."""
    ours = {
        "id": uuid.uuid4().int % 10**9,
        "from_email_address": MAILBOX,
        "from_name": "Sam Example",
        "to": _people([lead]),
        "type": "Untracked Reply",
        "folder": "Sent",
    }
    data = _data(lead, "replied") | {"reply": _reply(text, lead, lead, ()) | ours}
    return _webhook("MANUAL_EMAIL_SENT", data, workspace, secret, fields, omit)


def email_bounced(
    secret: str | None,
    *,
    lead: str = "dana@example.com",
    workspace: int | str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """A mail of the campaign came back."""
    data = _data(lead, "bounced") | {"campaign_event": _happened("bounced"), **_scheduled()}
    return _webhook("EMAIL_BOUNCED", data, workspace, secret, fields, omit)


def lead_unsubscribed(
    secret: str | None,
    *,
    lead: str = "dana@example.com",
    workspace: int | str = WORKSPACE,
    omit: Collection[str] = (),
    **fields: Any,
) -> Webhook:
    """The lead clicked to be written to no more."""
    data = _data(lead, "unsubscribed") | {
        "campaign_event": _happened("unsubscribed"),
        **_scheduled(),
    }
    return _webhook("LEAD_UNSUBSCRIBED", data, workspace, secret, fields, omit)


def _data(lead: str, status: str) -> dict[str, Any]:
    return {
        "campaign": {"id": 9, "name": "Q1"},
        "lead": {
            "id": int(lead_id(lead)),
            "email": lead,
            "first_name": lead.partition("@")[0].title(),
            "last_name": "Example",
            "status": status,
        },
        "sender_email": _mailbox(),
    }


def _mailbox() -> dict[str, Any]:
    return {"id": MAILBOX_ID, "email": MAILBOX, "name": "Sam Example"}


def _reply(text: str, lead: str, author: str, cc: Sequence[str]) -> dict[str, Any]:
    moment = _now()
    return {
        "id": reply_id(lead),
        "uuid": str(uuid.uuid4()),
        "email_subject": "Re: Intro",
        "from_email_address": author,
        "from_name": f"{author.partition('@')[0].title()} Example",
        "to": _people([MAILBOX]),
        "cc": _people(cc),
        "bcc": [],
        "html_body": f'<div dir="ltr">{html.escape(text)}</div>',
        "text_body": f"{text}\n",
        "date_received": moment,
        "created_at": moment,
        "automated_reply": False,
        "interested": False,
        "type": "Tracked Reply",
        "folder": "Inbox",
    }


def _people(addresses: Sequence[str]) -> list[dict[str, str | None]]:
    return [{"address": address, "name": None} for address in addresses]


def _happened(kind: str) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().int % 10**9,
        "type": kind,
        "created_at": _now(),
        "local_timezone": "UTC",
    }


def _scheduled() -> dict[str, Any]:
    mail = {
        "id": uuid.uuid4().int % 10**9,
        "email_subject": "Intro",
        "email_body": "<p>Tue?</p>",
        "status": "sent",
        "sent_at": "2026-03-01T10:00:00.000000Z",
        "raw_message_id": "<S1@out.example.com>",
    }
    return {"scheduled_email": mail}


def _webhook(
    name: str,
    data: Mapping[str, Any],
    workspace: int | str,
    secret: str | None,
    fields: Mapping[str, Any],
    omit: Collection[str],
) -> Webhook:
    event = {
        "type": name,
        "name": name.replace("_", " ").title(),
        "instance_url": "https://send.example.com",
        "workspace_id": workspace,
        "workspace_name": "Acme",
    }
    shaped = _shaped({"event": event, **data}, fields, omit)
    body = {"event": shaped.pop("event", {}), "data": shaped}
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["X-Webhook-Secret"] = secret
    return Webhook(json.dumps(body, ensure_ascii=False).encode(), headers)


def _shaped(
    parts: dict[str, Any], fields: Mapping[str, Any], omit: Collection[str]
) -> dict[str, Any]:
    mail = "reply" if "reply" in parts else "scheduled_email"
    for field, value in fields.items():
        if field not in _PARTS:
            parts[mail] = {**parts[mail], field: value}
        elif isinstance(value, Mapping):
            parts[field] = {**parts.get(field, {}), **value}
        else:
            parts[field] = value
    parts[mail] = {field: value for field, value in parts[mail].items() if field not in omit}
    return {part: value for part, value in parts.items() if part not in omit}


def _now() -> str:
    text = datetime.now(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")
