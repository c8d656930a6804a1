"""One lead's conversation on every channel, with every decision about it, in order of time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from system_sender.audit import entries_of
from system_sender.dashboard.caller import Caller
from system_sender.dashboard.rows import lead_of, revisions_of, rows_of
from system_sender.dashboard.views import Entry, LeadView, Thread, number, sentence_of
from system_sender.models import Audit, Draft, Inbound, Message, Revision
from system_sender.result import message_id
from system_sender.store import Store

if TYPE_CHECKING:
    from system_sender.system import System

_Texts = Mapping[tuple[str, int], Revision]

# What came in stands before what was written of it in the same millisecond, and a decision before
# what it let go.
_PLACES = {"draft": 1, "decision": 2, "outbound": 3}


def show_thread(system: "System", caller: Caller, lead_id: str, limit: int) -> Thread:
    """Show the latest that happened with a lead, oldest first."""
    store = system.store
    lead = lead_of(store, caller, lead_id)
    entries = [
        *_events(store, lead_id, limit),
        *_drafts(store, lead_id, limit),
        *map(_decision, entries_of(store, lead_id, limit)),
    ]
    entries.sort(key=lambda entry: (entry.at, _PLACES.get(entry.kind, 0), entry.entry_id))
    return Thread(lead=LeadView.of(lead), entries=entries[-limit:])


def _events(store: Store, lead_id: str, limit: int) -> list[Entry]:
    keys = store.query(Inbound.lead_index, lead_id, newest_first=True, limit=limit)
    rows = rows_of(store, ((Inbound, key["event_id"]) for key in keys))
    return [_event(row) for row in rows if row is not None]


def _event(row: Inbound) -> Entry:
    return Entry(
        at=int(row.received_at),
        kind=row.kind,
        entry_id=row.event_id,
        channel=row.channel,
        state=row.status,
        code=row.finished_code,
        sentence=sentence_of(row.finished_code),
        provider_message_id=row.provider_message_id,
        subject=row.subject,
        text=row.text,
    )


def _drafts(store: Store, lead_id: str, limit: int) -> list[Entry]:
    """Return drafts and their deliveries."""
    keys = store.query(Draft.lead_index, lead_id, newest_first=True, limit=limit)
    found = rows_of(store, ((Draft, key["draft_id"]) for key in keys))
    drafts = [row for row in found if row is not None]
    parts = [(row.draft_id, part) for row in drafts for part in range(int(row.parts))]
    found = rows_of(store, ((Message, draft_id, part) for draft_id, part in parts))
    messages = [row for row in found if row is not None]
    texts = revisions_of(store, ((r.draft_id, int(r.revision)) for r in (*drafts, *messages)))
    return [
        *(_draft(row, texts) for row in drafts),
        *(_delivery(row, texts) for row in messages),
    ]


def _draft(row: Draft, texts: _Texts) -> Entry:
    revision = texts.get((row.draft_id, int(row.revision)))
    return Entry(
        at=int(row.created_at),
        kind="draft",
        entry_id=row.draft_id,
        draft_id=row.draft_id,
        channel=row.channel,
        state=row.state,
        code=row.code,
        sentence=sentence_of(row.code),
        sent_by=row.sent_by,
        revision=int(row.revision),
        confidence=row.confidence,
        text_hash=row.text_hash,
        subject=revision.subject if revision is not None else None,
        text=revision.text if revision is not None else None,
    )


def _delivery(row: Message, texts: _Texts) -> Entry:
    revision = texts.get((row.draft_id, int(row.revision)))
    return Entry(
        at=int(row.created_at),
        kind="outbound",
        entry_id=message_id(row.draft_id, int(row.part)),
        draft_id=row.draft_id,
        channel=row.channel,
        state=row.state,
        code=row.code,
        sentence=sentence_of(row.code),
        sent_by=row.sent_by,
        revision=int(row.revision),
        attempt=int(row.attempt),
        provider_message_id=row.provider_message_id,
        # The part's own text, cut from the revision that was claimed.
        text=revision.text[int(row.start) : int(row.end)] if revision is not None else None,
    )


def _decision(row: Audit) -> Entry:
    return Entry(
        at=int(row.at),
        kind="decision",
        entry_id=row.entry,
        draft_id=row.draft_id,
        state=row.target,
        code=row.code,
        sentence=sentence_of(row.code),
        actor=row.actor,
        sent_by=row.sent_by,
        revision=int(row.revision),
        confidence=row.confidence,
        attempt=number(row.attempt),
        until=number(row.until),
        text_hash=row.text_hash,
        provider_message_id=row.provider_message_id,
    )
