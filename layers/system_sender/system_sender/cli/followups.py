"""Who is due in which sequence, who is paused and why, and what the next step will say."""

from collections.abc import Callable, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import Any
from zoneinfo import ZoneInfo

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.documents import sentence_of
from system_sender.cli.forecast import Forecast, Surroundings, Will, forecast
from system_sender.cli.lead import stops_of
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem
from system_sender.codes import Code
from system_sender.followups.enrolment import (
    EnrolmentRefused,
    cancel_by_person,
    draft_id_of,
    pause_by_person,
    resume_by_person,
)
from system_sender.followups.lifecycle import OVER, EnrolmentState
from system_sender.followups.sequence import SequenceWrong, Step, steps_of
from system_sender.models import Draft, Enrolment, Lead, Revision, Workspace
from system_sender.models import Sequence as SequenceRow
from system_sender.states import DRAFT_OPEN, MAYBE_OUT

_NEVER = 1 << 62
_WILL = {
    Will.SKIP: "is skipped",
    Will.END: "is not sent, and the enrolment ends",
    Will.WAIT: "waits",
    Will.PAUSE: "cannot go",
}


def list_followups(
    operator: Operator, workspace: str, states: Sequence[str], sequence_id: str | None, limit: int
) -> Answer:
    """List enrolments in these states, those that are looked at first before the others."""
    name = str(operator.workspace(workspace).workspace)
    if sequence_id is not None:
        operator.sequence(sequence_id)
    wanted = [EnrolmentState(state) for state in states]
    found = operator.enrolments(name, wanted, sequence_id=sequence_id)
    rows = nsmallest(limit, found, key=_order)
    document = _documents(operator, rows)
    return Answer({"followups": document}, [_table(document), _how_many(document, limit)])


def _order(row: Enrolment) -> tuple[int, str]:
    return (_NEVER if row.due_at is None else int(row.due_at), str(row.enrolment_id))


# --- as plain values -----------------------------------------------------------------------------


def _documents(operator: Operator, rows: Sequence[Enrolment]) -> list[dict[str, Any]]:
    """Return enrolments with what stands around them; times are epoch milliseconds, UTC."""
    now = operator.world.now()
    leads = _by_key(operator, Lead, {str(row.lead_id) for row in rows})
    workspaces = _by_key(operator, Workspace, {str(row.workspace) for row in rows})
    sequences = _by_key(operator, SequenceRow, {str(row.sequence_id) for row in rows})
    drafts = _by_key(operator, Draft, {draft_id_of(row) for row in rows})
    written = operator.revisions(
        (str(draft.draft_id), int(draft.revision)) for draft in drafts.values()
    )
    steps = {key: _steps(row) for key, row in sequences.items()}
    documents = []
    for row in rows:
        lead, workspace = leads.get(str(row.lead_id)), workspaces.get(str(row.workspace))
        around = None
        if lead is not None and workspace is not None:
            around = Surroundings(
                lead,
                workspace,
                steps.get(str(row.sequence_id), Code.SEQUENCE_NOT_FOUND),
                stops_of(operator, lead),
            )
        draft = drafts.get(draft_id_of(row))
        revision = written.get((str(draft.draft_id), int(draft.revision))) if draft else None
        documents.append(_document(row, around, draft, revision, now))
    return documents


def _by_key(operator: Operator, model: Any, keys: set[str]) -> dict[str, Any]:
    wanted = sorted(keys)
    rows = operator.rows((model, key) for key in wanted)
    return {key: row for key, row in zip(wanted, rows, strict=True) if row is not None}


def _steps(row: SequenceRow) -> tuple[Step, ...] | Code:
    if not row.active:
        return Code.SEQUENCE_INACTIVE
    try:
        return steps_of(row.steps)
    except SequenceWrong:
        return Code.SEQUENCE_WRONG


def _document(
    row: Enrolment,
    around: Surroundings | None,
    draft: Draft | None,
    revision: Revision | None,
    now: int,
) -> dict[str, Any]:
    zone = around.zone if around is not None else ZoneInfo("UTC")
    goes = draft is not None and draft.state in (*DRAFT_OPEN, *MAYBE_OUT)
    next_at = _next_at(row, draft if goes else None)
    return {
        "enrolment_id": str(row.enrolment_id),
        "workspace": str(row.workspace),
        "lead_id": str(row.lead_id),
        "sequence_id": str(row.sequence_id),
        "state": str(row.state),
        "code": row.code,
        "sentence": sentence_of(row.code),
        "detail": row.detail,
        "until": _number(row.until),
        "step": row.step,
        "next_at": next_at,
        "next_at_local": None if next_at is None else _local(next_at, zone),
        "time_zone": zone.key,
        "started_at": int(row.started_at),
        "facts": dict(row.facts or {}),
        "done": {key: dict(entry) for key, entry in row.done.items()},
        "next": _next(row, around, draft if goes else None, revision, now),
    }


def _next_at(row: Enrolment, draft: Draft | None) -> int | None:
    """Return when the next step may go; None: when something happens."""
    if row.state == EnrolmentState.PAUSED:
        return _number(row.until)
    return _number(row.due_at) if draft is None else _number(draft.due_at)


def _next(
    row: Enrolment,
    around: Surroundings | None,
    draft: Draft | None,
    revision: Revision | None,
    now: int,
) -> dict[str, Any] | None:
    """Return what the next step will do; nothing where there is none, or nobody to reach."""
    if row.state in OVER or around is None:
        return None
    seen = forecast(row, around, now)
    document = _forecast_document(seen)
    if draft is None:
        return document
    # What is written is what goes, whatever a template would say now.
    told = {"text": revision.text, "subject": revision.subject} if revision is not None else {}
    return {**document, **told, "draft_id": draft.draft_id, "draft_state": draft.state}


def _forecast_document(seen: Forecast) -> dict[str, Any]:
    code = None if seen.code is None else seen.code.value
    return {
        "step": None if seen.step is None else seen.step.key,
        "channel": None if seen.step is None else seen.step.channel,
        "approval": seen.step is not None and seen.step.approval,
        "will": seen.will.value,
        "code": code,
        "sentence": sentence_of(code),
        "detail": seen.detail,
        "subject": seen.subject,
        "text": seen.text,
        "draft_id": None,
        "draft_state": None,
    }


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _local(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at / 1000, zone).isoformat(timespec="seconds")


# --- the list ------------------------------------------------------------------------------------


def _table(document: list[dict[str, Any]]) -> Any:
    return screen.table(
        ("enrolment", "state", "goes on", "why", "next step", "says"),
        [
            (
                screen.written(row["enrolment_id"]),
                screen.state(row["state"]),
                screen.written(_when(row)),
                screen.written(_why(row)),
                screen.written(_step_words(row["next"])),
                screen.written(_words(row["next"])),
            )
            for row in document
        ],
    )


def _how_many(document: list[Any], limit: int) -> str:
    if not document:
        return "Nobody is enrolled in these states."
    full = len(document) >= limit
    return f"{len(document)} enrolments" + (", the next ones; --limit shows more." if full else ".")


def _when(row: dict[str, Any]) -> str:
    """Say when an enrolment goes on, by the lead's clock and in UTC."""
    if row["next_at"] is not None:
        return screen.moment_in(row["next_at"], ZoneInfo(row["time_zone"]))
    if row["state"] in OVER:
        return "-"
    return "when something happens"


def _why(row: dict[str, Any]) -> str:
    if row["code"] is None:
        return "-"
    detail = f" ({row['detail']})" if row["detail"] else ""
    return f"{row['code']}: {row['sentence']}{detail}"


def _step_words(following: dict[str, Any] | None) -> str:
    if following is None or following["step"] is None:
        return "-"
    words = f"{following['step']}, {following['channel']}"
    if following["draft_state"] is not None:
        return f"{words}, written: {following['draft_state']}"
    return f"{words}, to be approved" if following["approval"] else words


def _words(following: dict[str, Any] | None) -> str:
    """Return what the next step will say, or why it will say nothing."""
    if following is None:
        return "-"
    if following["text"] is not None:
        subject = f"{following['subject']}\n" if following["subject"] else ""
        return f"{subject}{following['text']}"
    if following["step"] is None:
        return str(following["sentence"])
    detail = f" ({following['detail']})" if following["detail"] else ""
    said = _WILL.get(Will(following["will"]), "has no text any more")
    return f"{said}: {following['sentence']}{detail}" if following["sentence"] else said


# --- one enrolment -------------------------------------------------------------------------------


def show_followup(operator: Operator, enrolment_id: str, said: str = "") -> Answer:
    """Show an enrolment, every step, and what became of each."""
    row = operator.enrolment(enrolment_id)
    (document,) = _documents(operator, [row])
    sequence = operator.store.get(SequenceRow, row.sequence_id)
    document["steps"] = _step_documents(document, sequence)
    shown: list[Any] = [said] if said else []
    return Answer(
        {"followup": document}, [*shown, screen.facts(_facts(document)), _steps_table(document)]
    )


def _step_documents(document: dict[str, Any], sequence: SequenceRow | None) -> list[dict[str, Any]]:
    """Return the steps in order, those that are gone from the sequence and done with them."""
    try:
        named = steps_of(sequence.steps) if sequence is not None else ()
    except SequenceWrong:
        named = ()
    steps = [(step.offset, step.key, step.channel) for step in named]
    known = {step.key for step in named}
    for key, entry in document["done"].items():
        if key not in known:
            steps.append(((int(entry["day"]) - 1, int(entry["minute"])), key, "-"))
    return [
        {
            "step": key,
            "day": days + 1,
            "minute": minute,
            "channel": channel,
            **_fate(document, key),
        }
        for (days, minute), key, channel in sorted(steps, key=lambda step: step[0])
    ]


def _fate(document: dict[str, Any], key: str) -> dict[str, Any]:
    entry = document["done"].get(key)
    if entry is not None:
        sent = entry["code"] == Code.STEP_SENT
        return {
            "what": "sent" if sent else "skipped",
            "code": entry["code"],
            "sentence": sentence_of(entry["code"]),
            "at": int(entry["at"]),
        }
    following = document["next"] or {}
    if following.get("step") == key:
        return {"what": "next", "code": None, "sentence": None, "at": document["next_at"]}
    return {
        "what": "never" if document["state"] in OVER else "later",
        "code": None,
        "sentence": None,
        "at": None,
    }


def _facts(row: dict[str, Any]) -> list[tuple[str, Any]]:
    values = ", ".join(f"{name}={value}" for name, value in sorted(row["facts"].items()))
    following = row["next"]
    draft = following["draft_id"] if following is not None else None
    return [
        ("enrolment", screen.written(row["enrolment_id"])),
        ("lead", screen.written(row["lead_id"])),
        ("sequence", screen.written(row["sequence_id"])),
        ("state", screen.state(row["state"])),
        ("why", screen.written(_why(row))),
        ("goes on", screen.written(_when(row))),
        ("facts", screen.written(values or "-")),
        ("began", screen.written(screen.moment_in(row["started_at"], ZoneInfo(row["time_zone"])))),
        ("next step", screen.written(_step_words(following))),
        *([("draft", screen.written(draft))] if draft else []),
        ("says", screen.written(_words(following))),
    ]


def _steps_table(row: dict[str, Any]) -> Any:
    zone = ZoneInfo(row["time_zone"])
    return screen.table(
        ("step", "day", "minute", "channel", "what", "when", "why"),
        [
            (
                screen.written(step["step"]),
                str(step["day"]),
                str(step["minute"]),
                screen.written(step["channel"]),
                screen.state(step["what"]),
                screen.written("-" if step["at"] is None else screen.moment_in(step["at"], zone)),
                screen.written(step["sentence"] or "-"),
            )
            for step in row["steps"]
        ],
    )


# --- a person's word -----------------------------------------------------------------------------


def pause_followup(operator: Operator, enrolment_id: str, user: str | None) -> Answer:
    """Pause an enrolment until a person resumes it."""
    said = "Paused. Only `sender followups resume` lets it go on."
    return _decided(operator, enrolment_id, pause_by_person, user, said)


def resume_followup(operator: Operator, enrolment_id: str, user: str | None) -> Answer:
    """Let an enrolment go on."""
    said = "It goes on: a step whose time has come goes with the next sweep, within a minute."
    return _decided(operator, enrolment_id, resume_by_person, user, said)


def cancel_followup(operator: Operator, enrolment_id: str, user: str | None) -> Answer:
    """End an enrolment for ever."""
    said = "Ended. No step of it goes out any more."
    return _decided(operator, enrolment_id, cancel_by_person, user, said)


def _decided(
    operator: Operator, enrolment_id: str, decide: Callable[..., None], user: str | None, said: str
) -> Answer:
    row = operator.enrolment(enrolment_id)
    try:
        decide(operator.system, enrolment_id, user=user)
    except EnrolmentRefused as refusal:
        hint = ""
        if refusal.code is Code.LEAD_AWAY:
            hint = f" `sender lead mark {row.lead_id} --back` says that they are back."
        raise Problem(refusal.code, f"{refusal.code.sentence}{hint}") from None
    return show_followup(operator, enrolment_id, said)
