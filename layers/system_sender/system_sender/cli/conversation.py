"""One lead's conversation: what came in, what was drafted, what left, in the order of time."""

from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.operator import Operator
from system_sender.cli.review import draft_document, message_document, part_text
from system_sender.models import Draft, Inbound, Lead, Message

_KINDS = {
    "message": "← message",
    "human_outbound": "→ by hand",
    "do_not_disturb": "← do not disturb",
}


def thread(operator: Operator, lead_id: str, limit: int) -> Answer:
    """Show the latest events of a lead, oldest first. The texts are what the operator asked for."""
    lead = operator.lead(lead_id)
    entries = [
        *_inbound(operator, lead_id, limit),
        *_drafts(operator, lead_id, limit),
        *_messages(operator, lead_id, limit),
    ]
    entries.sort(key=lambda entry: (entry["at"], entry["order"], entry["id"]))
    entries = [
        {name: value for name, value in entry.items() if name != "order"}
        for entry in entries[-limit:]
    ]
    document = {"lead": lead_document(lead), "entries": entries}
    return Answer(document, [_lead_facts(lead), _table(entries)])


def lead_document(lead: Lead) -> dict[str, Any]:
    """Return a lead as plain JSON values."""
    return {
        "lead_id": lead.lead_id,
        "workspace": lead.workspace,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "phone": lead.phone,
        "gohighlevel_contact_id": lead.gohighlevel_contact_id,
        "campaign_id": lead.campaign_id,
        "blacklisted": bool(lead.blacklisted),
        "suppressed_channels": sorted(lead.suppressed_channels or ()),
        "version": int(lead.version),
    }


def _inbound(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    keys = operator.store.query(Inbound.lead_index, lead_id, newest_first=True, limit=limit)
    rows = operator.rows((Inbound, key["event_id"]) for key in keys)
    return [
        {
            "at": int(row.received_at),
            "order": 0,
            "kind": row.kind,
            "id": row.event_id,
            "state": "opt_out" if row.opt_out else "recorded",
            "code": row.finished_code,
            "text": row.text,
        }
        for row in rows
        if row is not None
    ]


def _drafts(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    keys = operator.store.query(Draft.lead_index, lead_id, newest_first=True, limit=limit)
    rows = [row for row in operator.rows((Draft, k["draft_id"]) for k in keys) if row is not None]
    texts = operator.texts([(row.draft_id, int(row.revision)) for row in rows])
    return [
        {
            "at": int(row.created_at),
            "order": 1,
            "kind": "draft",
            "id": row.draft_id,
            "state": row.state,
            "code": row.code,
            "text": texts.get((row.draft_id, int(row.revision))),
            "draft": draft_document(row),
        }
        for row in rows
    ]


def _messages(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    keys = operator.store.query(Draft.lead_index, lead_id, newest_first=True, limit=limit)
    drafts = operator.rows((Draft, key["draft_id"]) for key in keys)
    parts = [(d.draft_id, n) for d in drafts if d is not None for n in range(int(d.parts))]
    found = operator.rows((Message, draft_id, part) for draft_id, part in parts)
    rows = [row for row in found if row is not None]
    texts = operator.texts([(row.draft_id, int(row.revision)) for row in rows])
    documents = [(row, message_document(row)) for row in rows]
    return [
        {
            "at": int(row.created_at),
            "order": 2,
            "kind": "outbound",
            "id": document["id"],
            "state": row.state,
            "code": row.code,
            "text": part_text(row, texts),
            "message": document,
        }
        for row, document in documents
    ]


def _lead_facts(lead: Lead) -> Any:
    name = " ".join(filter(None, (lead.first_name, lead.last_name)))
    stops = ["blacklisted"] if lead.blacklisted else []
    stops += [f"no {channel}" for channel in sorted(lead.suppressed_channels or ())]
    return screen.facts(
        [
            ("lead", screen.written(lead.lead_id)),
            ("name", screen.written(name or "-")),
            ("phone", screen.written(lead.phone or "-")),
            ("contact", screen.written(lead.gohighlevel_contact_id or "-")),
            ("campaign", screen.written(lead.campaign_id or "-")),
            ("stops", screen.written(", ".join(stops) or "-", "bold red" if stops else "")),
        ]
    )


def _table(entries: list[dict[str, Any]]) -> Any:
    if not entries:
        return "Nothing has happened with this lead."
    return screen.table(
        ("when", "what", "state", "code", "text", "id"),
        [
            (
                screen.moment(entry["at"]),
                _KINDS.get(entry["kind"], "→ delivery" if entry["kind"] == "outbound" else "draft"),
                screen.state(str(entry["state"])),
                screen.written(entry["code"] or "-"),
                screen.written(entry["text"]),
                screen.written(entry["id"], "dim"),
            )
            for entry in entries
        ],
    )
