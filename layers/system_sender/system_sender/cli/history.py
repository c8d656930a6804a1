"""What happened to a lead's drafts and sequences, row by row: who or what did it, when, and why."""

from typing import Any

from system_sender.audit import entries_of
from system_sender.cli import screen
from system_sender.cli.documents import sentence_of
from system_sender.cli.operator import Operator
from system_sender.codes import Code
from system_sender.followups.lifecycle import EnrolmentState
from system_sender.models import Audit, Draft
from system_sender.result import message_id

# How much of a hash tells two texts of a draft apart.
_HASH_SHOWN = 8

_PERSON = "person"
_NO_TEXT = "-"

# What pauses an enrolment that is paused already; anything else is what became of a step.
_PAUSES = frozenset(
    {
        Code.LEAD_REPLIED.value,
        Code.LEAD_AWAY.value,
        Code.PAUSED_BY_PERSON.value,
        Code.SEQUENCE_INACTIVE.value,
        Code.SEQUENCE_WRONG.value,
        Code.VARIABLE_MISSING.value,
        Code.TEMPLATE_WRONG.value,
        Code.WORKSPACE_NOT_FOUND.value,
    }
)


def moves_of(operator: Operator, lead_id: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest moves of a lead's drafts and sequences as plain values, oldest first."""
    rows = entries_of(operator.store, lead_id, limit)
    ids = sorted({str(row.draft_id) for row in rows if row.text_hash != _NO_TEXT})
    drafts = dict(zip(ids, operator.rows((Draft, one) for one in ids), strict=True))
    return [_move(row, drafts.get(str(row.draft_id))) for row in rows]


def _move(row: Audit, draft: Draft | None) -> dict[str, Any]:
    part = _number(row.part)
    enrolment_id, step = _enrolment_of(row)
    draft_id = row.draft_id if enrolment_id is None else None
    return {
        "at": int(row.at),
        "kind": "move",
        "what": f"· {actor_words(row.actor)}",
        "id": enrolment_id or (draft_id if part is None else message_id(row.draft_id, part)),
        "channel": draft.channel if draft is not None else None,
        "state": row.target,
        "code": row.code,
        "sentence": sentence_of(row.code),
        "entry": row.entry,
        "draft_id": draft_id,
        "enrolment_id": enrolment_id,
        "step": step,
        "actor": row.actor,
        "source": row.source,
        "target": row.target,
        "until": _number(row.until),
        "confidence": None if row.confidence is None else float(row.confidence),
        "revision": None if enrolment_id else int(row.revision),
        "text_hash": None if enrolment_id else row.text_hash,
        "sent_by": row.sent_by,
        "part": part,
        "attempt": _number(row.attempt),
        "claimed_at": _number(row.claimed_at),
        "provider_message_id": row.provider_message_id,
    }


def _enrolment_of(row: Audit) -> tuple[str | None, str | None]:
    """Return the enrolment that a move is one of, and its step; a draft's move is of none.

    What is no draft's has no text.
    """
    if row.text_hash != _NO_TEXT:
        return None, None
    enrolment_id, _, step = str(row.draft_id).partition("#")
    return enrolment_id, step or None


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def actor_words(actor: str) -> str:
    """Say who or what moved a draft; a person by the name they gave."""
    kind, _, name = actor.partition(":")
    if kind != _PERSON:
        return actor.replace("_", " ")
    return f"{name}, a person" if name else "a person"


def move_words(move: dict[str, Any]) -> str:
    """Say what is known of a move beside its states and its code."""
    if move["enrolment_id"] is not None:
        return step_words(move)
    facts = {
        "until": move["until"] and screen.moment(move["until"]),
        "confidence": move["confidence"],
        "as": {"ai": "the AI", "setter": "a person"}.get(str(move["sent_by"])),
        "revision": move["revision"],
        "text": move["text_hash"][:_HASH_SHOWN],
        "part": move["part"],
        "attempt": move["attempt"],
        "claimed": move["claimed_at"] and screen.moment(move["claimed_at"]),
        "provider's id": move["provider_message_id"],
    }
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)


def step_words(move: dict[str, Any]) -> str:
    """Say what a move did to a sequence's step: went, was skipped, or is held up."""
    step, code = move["step"], move["code"]
    if step is None:
        return "enrolled"
    if code == Code.SEQUENCE_COMPLETED:
        return "all steps are done"
    if move["target"] == EnrolmentState.CANCELLED:
        return f"ended before the step {step}"
    moved = move["source"] != move["target"] and move["target"] == EnrolmentState.PAUSED
    if moved or code in _PAUSES:
        return f"paused before the step {step}"
    fate = {Code.STEP_SENT.value: "sent", Code.STEP_NOT_DUE.value: "is next"}.get(code, "skipped")
    return f"step {step} {fate}"


def path_of(move: dict[str, Any]) -> str:
    """Say from which state to which a draft went; one that waits stays where it is."""
    if move["source"] == move["target"]:
        return str(move["target"])
    return f"{move['source'] or 'new'} → {move['target']}"
