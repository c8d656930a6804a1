"""Drafts and deliveries as plain JSON values, and in words."""

from collections.abc import Mapping
from typing import Any

from system_sender.cli import screen
from system_sender.codes import Code
from system_sender.models import Draft, Message, Revision
from system_sender.result import message_id

_SENT_AS = {"inmail": "an InMail", "connection_request": "a connection request"}


def draft_document(draft: Draft) -> dict[str, Any]:
    """Return a draft as plain JSON values; times are epoch milliseconds, UTC."""
    return {
        "draft_id": draft.draft_id,
        "workspace": draft.workspace,
        "lead_id": draft.lead_id,
        "channel": draft.channel,
        "reply_to": draft.reply_to,
        "state": draft.state,
        "code": draft.code,
        "sentence": sentence_of(draft.code),
        "revision": int(draft.revision),
        "text_hash": draft.text_hash,
        "origin": draft.origin,
        "campaign_id": draft.campaign_id,
        "confidence": draft.confidence,
        "judgement": draft.judgement,
        "asked": bool(draft.asked),
        "sent_by": draft.sent_by,
        "user": draft.user,
        "approved_at": _number(draft.approved_at),
        "ready_at": _number(draft.ready_at),
        "due_at": _number(draft.due_at),
        "parts": int(draft.parts),
        "attempts": int(draft.attempts),
        "created_at": _number(draft.created_at),
        "updated_at": _number(draft.updated_at),
    }


def message_document(message: Message) -> dict[str, Any]:
    """Return a delivery as plain JSON values; times are epoch milliseconds, UTC."""
    return {
        "id": message_id(message.draft_id, int(message.part)),
        "draft_id": message.draft_id,
        "part": int(message.part),
        "channel": message.channel,
        "state": message.state,
        "code": message.code,
        "sentence": sentence_of(message.code),
        "sent_by": message.sent_by,
        "attempt": int(message.attempt),
        "provider": message.provider,
        "route": message.route,
        "refused_routes": list(message.refused_routes or ()),
        "sent_as": message.sent_as,
        "provider_message_id": message.provider_message_id,
        "provider_thread_id": message.provider_thread_id,
        "address": message.address,
        "look_ups": list(message.look_ups or ()),
        "delivery_status": message.delivery_status,
        "delivery_status_at": _number(message.delivery_status_at),
        "post_by": _number(message.post_by),
        "settled_at": _number(message.settled_at),
        "created_at": _number(message.created_at),
    }


def way_of(row: dict[str, Any]) -> str:
    """Say what a delivery left as, or would have: "email by emailbison, sender:57"."""
    words = f"{row['channel']} by {row['provider']}"
    if row["sent_as"]:
        return f"{words}, as {_SENT_AS.get(row['sent_as'], row['sent_as'])}"
    # Where there is one way only, it has a name that says nothing.
    return words if row["route"] in (None, "send") else f"{words}, {row['route']}"


def afterwards(row: dict[str, Any]) -> str:
    """Say what the provider told of a delivery after it had accepted it."""
    if row["delivery_status"] is None:
        return "-"
    return f"{row['delivery_status']} {screen.moment(row['delivery_status_at'])}"


def sentence_of(code: str | None) -> str | None:
    """Return the sentence of a stored code; a code of a later version explains itself only."""
    return Code(code).sentence if code in set(Code) else code


def part_text(message: Message, revisions: Mapping[tuple[str, int], Revision]) -> str | None:
    """Return the part's own text, cut from the revision that was claimed."""
    revision = revisions.get((str(message.draft_id), int(message.revision)))
    if revision is None:
        return None
    return str(revision.text)[int(message.start) : int(message.end)]


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
