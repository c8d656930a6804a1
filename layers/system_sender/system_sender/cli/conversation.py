"""One lead's conversation on every channel, in the order of time."""

from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.documents import (
    draft_document,
    message_document,
    part_text,
    sentence_of,
    way_of,
)
from system_sender.cli.history import move_words, moves_of, path_of
from system_sender.cli.lead import lead_document, lead_facts
from system_sender.cli.operator import Operator
from system_sender.codes import Code
from system_sender.inbound import EventKind
from system_sender.models import Draft, Inbound, Message

# By what it turned out to be; unfinished, it is nobody's yet.
_ECHOES = {
    "": "· echo, not matched yet",
    Code.HUMAN_REPLIED.value: "→ by hand",
    Code.ECHO_MATCHED.value: "· echo of a delivery",
}


def thread(operator: Operator, lead_id: str, limit: int) -> Answer:
    """Show what happened with a lead lately, oldest first. The texts are what was asked for."""
    lead = operator.lead(lead_id)
    entries = [
        *_inbound(operator, lead_id, limit),
        *_drafts(operator, lead_id, limit),
        *_moves(operator, lead_id, limit),
        *_messages(operator, lead_id, limit),
    ]
    entries.sort(key=lambda entry: (entry["at"], entry["order"], entry.get("entry", entry["id"])))
    entries = [
        {name: value for name, value in entry.items() if name != "order"}
        for entry in entries[-limit:]
    ]
    document = {"lead": lead_document(lead), "entries": entries}
    facts = screen.facts(lead_facts(lead, operator.world.now()))
    return Answer(document, [facts, _table(entries)])


def _inbound(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    keys = operator.store.query(Inbound.lead_index, lead_id, newest_first=True, limit=limit)
    rows = operator.rows((Inbound, key["event_id"]) for key in keys)
    return [_event(row) for row in rows if row is not None]


def _event(row: Inbound) -> dict[str, Any]:
    return {
        "at": int(row.received_at),
        "order": 0,
        "kind": row.kind,
        "what": _event_words(row),
        "id": row.event_id,
        "channel": row.channel,
        "provider": row.provider,
        "state": "opt_out" if row.opt_out else "recorded",
        "code": row.finished_code,
        "sentence": sentence_of(row.finished_code),
        "reading": row.reading,
        "sentiment": row.sentiment,
        "sender": row.sender,
        "sender_name": row.sender_name,
        "to": list(row.to or ()),
        "cc": list(row.cc or ()),
        "subject": row.subject,
        "automated": bool(row.automated),
        "status": row.status,
        "provider_message_id": row.provider_message_id,
        "occurred_at": None if row.occurred_at is None else int(row.occurred_at),
        "text": row.text,
    }


def _event_words(row: Inbound) -> str:
    """Say what a provider told of, an echo by what it turned out to be."""
    if row.kind == EventKind.STATUS:
        return f"· {row.status}"
    if row.kind == EventKind.ECHO:
        return _ECHOES.get(str(row.finished_code or ""), "· echo")
    if row.kind == EventKind.MESSAGE:
        return "← automatic reply" if row.automated else "← message"
    return {
        EventKind.HUMAN_OUTBOUND.value: "→ by hand",
        EventKind.DO_NOT_DISTURB.value: "← do not disturb",
    }.get(str(row.kind), str(row.kind))


def _drafts(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    keys = operator.store.query(Draft.lead_index, lead_id, newest_first=True, limit=limit)
    rows = [row for row in operator.rows((Draft, k["draft_id"]) for k in keys) if row is not None]
    revisions = operator.revisions((row.draft_id, int(row.revision)) for row in rows)
    written = [revisions.get((row.draft_id, int(row.revision))) for row in rows]
    return [
        {
            "at": int(row.created_at),
            "order": 1,
            "kind": "draft",
            "what": "draft",
            "id": row.draft_id,
            "channel": row.channel,
            "state": row.state,
            "code": row.code,
            "sentence": sentence_of(row.code),
            "subject": revision.subject if revision is not None else None,
            "text": revision.text if revision is not None else None,
            "draft": draft_document(row),
        }
        for row, revision in zip(rows, written, strict=True)
    ]


def _messages(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    keys = operator.store.query(Draft.lead_index, lead_id, newest_first=True, limit=limit)
    drafts = operator.rows((Draft, key["draft_id"]) for key in keys)
    parts = [(d.draft_id, n) for d in drafts if d is not None for n in range(int(d.parts))]
    found = operator.rows((Message, draft_id, part) for draft_id, part in parts)
    rows = [row for row in found if row is not None]
    revisions = operator.revisions((row.draft_id, int(row.revision)) for row in rows)
    documents = [(row, message_document(row)) for row in rows]
    return [
        {
            "at": int(row.created_at),
            "order": 3,
            "kind": "outbound",
            "what": f"→ {way_of(document)}",
            "id": document["id"],
            "channel": row.channel,
            "state": row.state,
            "code": row.code,
            "sentence": sentence_of(row.code),
            "text": part_text(row, revisions),
            "message": document,
        }
        for row, document in documents
    ]


def _moves(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    """Return why each draft went, waits, or does not go."""
    return [{**move, "order": 2} for move in moves_of(operator, lead_id, limit)]


def _table(entries: list[dict[str, Any]]) -> Any:
    if not entries:
        return "Nothing has happened with this lead."
    return screen.table(
        ("when", "what", "channel", "state", "why", "text", "id"),
        [
            (
                screen.moment(entry["at"]),
                screen.written(entry["what"]),
                # A do-not-disturb may be about every channel.
                screen.written("all" if entry["channel"] == "*" else entry["channel"]),
                screen.state(_state(entry)),
                screen.written(_why(entry)),
                screen.written(_text(entry)),
                screen.written(entry["id"], "dim"),
            )
            for entry in entries
        ],
    )


def _why(entry: dict[str, Any]) -> str:
    """Return the code with its sentence, which tells why a message went or did not."""
    if entry["code"] is None:
        return "-"
    return f"{entry['code']}: {entry['sentence']}"


def _state(entry: dict[str, Any]) -> str:
    """Return a state with what became of the message afterwards, as far as it is told."""
    if entry["kind"] == "move":
        return path_of(entry)
    told = "message" in entry and entry["message"]["delivery_status"]
    return f"{entry['state']}, {told}" if told else str(entry["state"])


def _text(entry: dict[str, Any]) -> str:
    """Return a text under its subject and its author, who need not be the lead."""
    if entry["kind"] == "move":
        return move_words(entry)
    lines = [f"from {entry['sender']}"] if entry.get("sender") else []
    lines += [entry["subject"]] if entry.get("subject") else []
    return "\n".join([*lines, entry["text"] or ""])
