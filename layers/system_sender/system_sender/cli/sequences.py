"""Sequences: imported from a file, exported into one, looked at, and switched on and off."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem, Trouble
from system_sender.cli.sequence_changes import Standing, changes_between, hazards
from system_sender.cli.sequence_file import (
    SequenceItem,
    parse_sequences,
    sequence_item,
    step_rows,
)
from system_sender.cli.sound_file import Mistake, invalid_file, read_json
from system_sender.codes import Code
from system_sender.followups.enrolment import (
    EnrolmentRefused,
    draft_id_of,
    resume_by_person,
    withdraw_order,
)
from system_sender.followups.lifecycle import EnrolmentState, may_be_sent_by_person
from system_sender.followups.sequence import SequenceWrong, Step, offset_reached, steps_of
from system_sender.followups.waking import MOST_WOKEN, wake
from system_sender.models import Campaign, Draft, Enrolment, Sequence, Workspace
from system_sender.store import ConditionsFailed, Key, Write

OPEN = (EnrolmentState.ACTIVE, EnrolmentState.PAUSED)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A sequence of a file beside the row that there is."""

    item: SequenceItem
    steps: tuple[Step, ...]
    known: Sequence | None
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def result(self) -> str:
        """Return what is to become of it."""
        return "created" if self.known is None else "updated" if self.changes else "unchanged"

    @property
    def is_switched_off(self) -> bool:
        """Say whether the file switches it off."""
        return "active" in self.item.model_fields_set and not self.item.active


def import_sequences(operator: Operator, file: Path) -> Answer:
    """Check a file of sequences as a whole, then write what differs.

    Raises:
        Problem: before anything is written, when something does not fit.
    """
    parsed = parse_sequences(read_json(file))
    _check_references(operator, [item for item, _ in parsed])
    rows = operator.rows((Sequence, item.id) for item, _ in parsed)
    mistakes: list[Mistake] = []
    planned: list[_Planned] = []
    for number, ((item, steps), known) in enumerate(zip(parsed, rows, strict=True)):
        plan = _Planned(item, steps, known)
        if known is not None:
            renamed = _compare(operator, plan)
            mistakes += [Mistake(f"sequences[{number}].steps", said) for said in renamed]
        planned.append(plan)
    if mistakes:
        raise invalid_file(mistakes)
    for plan in planned:
        _write(operator, plan)
        if plan.known is not None and plan.is_switched_off:
            _call_back(operator, plan.known)
    return _told(planned)


def _check_references(operator: Operator, items: list[SequenceItem]) -> None:
    keys: list[Key] = [(Workspace, item.workspace) for item in items]
    keys += [(Campaign, item.campaign or "-") for item in items]
    found = operator.rows(keys)
    mistakes = []
    for number, item in enumerate(items):
        if found[number] is None:
            said = f"names the workspace '{item.workspace}', which is not in the stack"
            mistakes.append(Mistake(f"sequences[{number}].id", said))
        if item.campaign is not None and found[len(items) + number] is None:
            said = f"'{item.campaign}' is not in the stack"
            mistakes.append(Mistake(f"sequences[{number}].campaign", said))
    if mistakes:
        raise invalid_file(mistakes)


def _compare(operator: Operator, plan: _Planned) -> list[str]:
    """Note what changes, and what it means for those on their way; return what must not be."""
    known, item = plan.known, plan.item
    assert known is not None
    before = _steps_before(known)
    plan.changes.extend(_values_changed(known, item))
    if before is None:
        plan.changes.append("the steps, which could not be understood")
        return []
    if before == plan.steps:
        return []
    plan.changes.extend(changes_between(before, plan.steps))
    standing = (
        Standing(
            str(row.step or ""), frozenset(row.done), offset_reached(row.done), bool(row.drafted)
        )
        for row in operator.enrolments(item.workspace, OPEN, sequence_id=item.id)
    )
    found = hazards(before, plan.steps, standing)
    plan.warnings.extend(found.warnings)
    return found.mistakes


def _steps_before(known: Sequence) -> tuple[Step, ...] | None:
    try:
        return steps_of(known.steps)
    except SequenceWrong:
        return None


def _values_changed(known: Sequence, item: SequenceItem) -> list[str]:
    """Return what the file says differently. What it does not mention stays as it is."""
    values: dict[str, tuple[Any, Any]] = {
        "name": (known.name, item.name),
        "active": (bool(known.active), item.active),
        "campaign": (known.campaign_id, item.campaign),
    }
    return [
        f"{name}: {_plain(old)} → {_plain(new)}"
        for name, (old, new) in values.items()
        if name in item.model_fields_set and old != new
    ]


def _plain(value: Any) -> str:
    return {True: "true", False: "false", None: "none"}.get(value, str(value))


def _write(operator: Operator, plan: _Planned) -> None:
    """Write a sequence, unless it is so already."""
    item, said = plan.item, plan.item.model_fields_set
    if plan.known is not None and not plan.changes:
        return

    def build(token: str) -> Write:
        write = Write(token)
        if plan.known is None:
            row = Sequence(
                item.id,
                workspace=item.workspace,
                name=item.name,
                active=item.active,
                campaign_id=item.campaign,
                steps=step_rows(plan.steps),
            )
            write.put("sequence", row, Sequence.sequence_id.does_not_exist())
            return write
        actions: list[Any] = [Sequence.name.set(item.name)]
        actions.append(Sequence.steps.set(step_rows(plan.steps)))
        if "active" in said:
            actions.append(Sequence.active.set(item.active))
        if "campaign" in said:
            campaign = Sequence.campaign_id
            actions.append(campaign.set(item.campaign) if item.campaign else campaign.remove())
        # What was compared is what is changed: somebody else's steps are not overwritten unseen.
        as_read = Sequence.steps == plan.known.steps
        write.update("sequence", Sequence(item.id), actions, as_read)
        return write

    try:
        operator.store.write_patiently(build)
    except ConditionsFailed:
        raise Problem(
            Trouble.STORAGE_FAILED,
            f"The sequence '{item.id}' was changed while it was compared. Import it again: what is "
            "done stays as it is.",
        ) from None


def _told(planned: list[_Planned]) -> Answer:
    document = [
        {
            "id": plan.item.id,
            "result": plan.result,
            "changes": plan.changes,
            "warnings": plan.warnings,
        }
        for plan in planned
    ]
    shown: list[Any] = [
        screen.table(
            ("sequence", "result", "changes"),
            [
                (
                    screen.written(row["id"]),
                    screen.written(row["result"]),
                    screen.written("\n".join(row["changes"]) or "-"),
                )
                for row in document
            ],
        )
    ]
    shown += [
        screen.line(("Note", "bold yellow"), (f" ({row['id']}): {said}", ""))
        for row in document
        for said in row["warnings"]
    ]
    return Answer({"sequences": document}, shown)


# --- export --------------------------------------------------------------------------------------


def export_sequences(operator: Operator, name: str, output: Path | None) -> Answer:
    """Write a sequence, or all those of a workspace, as a file that can be imported again."""
    if ":" in name:
        rows = [operator.sequence(name)]
    else:
        rows = operator.sequences(str(operator.workspace(name).workspace))
    document = {"sequences": [sequence_item(row) for row in rows]}
    return exported(document, output, f"{len(rows)} sequences")


def exported(document: dict[str, Any], output: Path | None, what: str) -> Answer:
    """Write a document into a file, or print it."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        return Answer(document, [screen.as_it_is(text)])
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(output, error) from None
    said = f"{what} are in {output}."
    return Answer({"file": str(output), "count": len(next(iter(document.values())))}, [said])


def unwritable(path: Path, error: OSError) -> Problem:
    """Return the problem of a file that cannot be written."""
    return Problem(Trouble.FILE_UNWRITABLE, f"The file {path} cannot be written: {error.strerror}.")


# --- looking at them -----------------------------------------------------------------------------


def list_sequences(operator: Operator, workspace: str | None) -> Answer:
    """List sequences by their ids."""
    if workspace is not None:
        operator.workspace(workspace)
    document = [_summary(row) for row in operator.sequences(workspace)]
    if not document:
        return Answer(
            {"sequences": []}, ["There are no sequences; `sender sequence import` makes them."]
        )
    table = screen.table(
        ("sequence", "name", "state", "steps", "days", "channels", "campaign"),
        [
            (
                screen.written(row["id"]),
                screen.written(row["name"]),
                _state(row),
                screen.written("-" if row["steps"] is None else row["steps"]),
                screen.written("-" if row["days"] is None else row["days"]),
                screen.written(", ".join(row["channels"]) or "-"),
                screen.written(row["campaign"] or "-"),
            )
            for row in document
        ],
    )
    return Answer({"sequences": document}, [table])


def _summary(row: Sequence) -> dict[str, Any]:
    steps = _steps_before(row)
    return {
        "id": str(row.sequence_id),
        "name": str(row.name),
        "active": bool(row.active),
        "campaign": row.campaign_id,
        "sound": steps is not None,
        "steps": None if steps is None else len(steps),
        "days": None if steps is None else steps[-1].day,
        "channels": sorted({step.channel for step in steps or ()}),
    }


def _state(row: dict[str, Any]) -> Any:
    if not row["sound"]:
        return screen.written("cannot be understood", "red")
    return screen.written("on", "green") if row["active"] else screen.written("off", "bold yellow")


def show_sequence(operator: Operator, sequence_id: str, said: str = "") -> Answer:
    """Show a sequence with its steps, and how many leads are on their way through it."""
    row = operator.sequence(sequence_id)
    counts = {state.value: _count(operator, row, (state,)) for state in OPEN}
    document = {"sequence": {**sequence_item(row), "enrolments": counts}}
    steps = _steps_before(row)
    shown: list[Any] = [said] if said else []
    shown.append(screen.facts(_facts(row, counts)))
    if steps is None:
        shown.append(screen.written(Code.SEQUENCE_WRONG.sentence, "red"))
    else:
        shown.append(_steps_table(steps))
    return Answer(document, shown)


def _count(operator: Operator, row: Sequence, states: Iterable[EnrolmentState]) -> int:
    ids = operator.enrolment_ids(str(row.workspace), states, sequence_id=str(row.sequence_id))
    return sum(1 for _ in ids)


def _facts(row: Sequence, counts: dict[str, int]) -> list[tuple[str, Any]]:
    return [
        ("sequence", screen.written(row.sequence_id)),
        ("name", screen.written(row.name)),
        ("state", _state({"sound": True, "active": bool(row.active)})),
        ("campaign", screen.written(row.campaign_id or "-")),
        ("enrolments", ", ".join(f"{number} {state}" for state, number in counts.items())),
    ]


def _steps_table(steps: tuple[Step, ...]) -> Any:
    return screen.table(
        ("step", "day", "minute", "channel", "when", "approval", "text"),
        [
            (
                screen.written(step.key),
                str(step.day),
                str(step.minute),
                step.channel,
                step.condition.value.replace("_", " "),
                "by a person" if step.approval else "-",
                screen.written(
                    f"{step.subject}\n{step.template}" if step.subject else step.template
                ),
            )
            for step in steps
        ],
    )


# --- on and off ----------------------------------------------------------------------------------


def switch_on(operator: Operator, sequence_id: str, *, resume: bool, user: str | None) -> Answer:
    """Switch a sequence on; with `resume`, the enrolments that it had stopped go on as well."""
    row = _switched(operator, sequence_id, active=True)
    stopped = [
        str(enrolment.enrolment_id)
        for enrolment in operator.enrolments(
            str(row.workspace), (EnrolmentState.PAUSED,), sequence_id=sequence_id
        )
        if enrolment.code == Code.SEQUENCE_INACTIVE.value
    ]
    said = "On: its steps go out as they are due."
    if resume:
        resumed = sum(_resumed(operator, one, user) for one in stopped)
        said += f" {resumed} enrolments that it had stopped go on."
    elif stopped:
        said += (
            f" {len(stopped)} enrolments stand still because it was off; `sender sequence on "
            f"{sequence_id} --resume` lets them go on."
        )
    return show_sequence(operator, sequence_id, said)


def switch_off(operator: Operator, sequence_id: str) -> Answer:
    """Switch a sequence off: what waits is taken back, and nothing more is written.

    Should it be interrupted, it can be said again.
    """
    row = _switched(operator, sequence_id, active=False)
    waiting = _call_back(operator, row)
    said = "Off: its enrolments pause when their next step is due."
    if waiting:
        said += (
            f" {waiting} of them have a step that is written; the next sweep takes back what has "
            "not left by then."
        )
    return show_sequence(operator, sequence_id, said)


def _call_back(operator: Operator, sequence: Sequence) -> int:
    """Let the enrolments whose step is written be looked at now; return how many there are.

    What a person had let go is theirs no longer, or the look would leave it alone. They may have
    done so while the enrolment was paused, or before the step was due again.
    """
    enrolments = operator.enrolments(
        str(sequence.workspace), OPEN, sequence_id=str(sequence.sequence_id)
    )
    count = 0
    while batch := list(islice(enrolments, MOST_WOKEN)):
        drafts = operator.rows((Draft, draft_id_of(enrolment)) for enrolment in batch)
        ordered = [row for row in drafts if row is not None and may_be_sent_by_person(row)]
        for draft in ordered:
            withdraw_order(operator.system, draft)
        woken = {draft.enrolment_id for draft in ordered}
        written = [
            enrolment
            for enrolment in batch
            if enrolment.state == EnrolmentState.ACTIVE
            and enrolment.drafted
            and enrolment.enrolment_id not in woken
        ]
        if written:
            _wake(operator, written)
        count += len(ordered) + len(written)
    return count


def _wake(operator: Operator, enrolments: list[Enrolment]) -> None:
    now = operator.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        for enrolment in enrolments:
            wake(write, str(enrolment.enrolment_id), now)
        return write

    operator.store.write_patiently(build)


def _switched(operator: Operator, sequence_id: str, *, active: bool) -> Sequence:
    row = operator.sequence(sequence_id)

    def build(token: str) -> Write:
        write = Write(token)
        exists = Sequence.sequence_id.exists()
        write.update("sequence", Sequence(sequence_id), [Sequence.active.set(active)], exists)
        return write

    try:
        operator.store.write_patiently(build)
    except ConditionsFailed:
        raise Problem(Code.SEQUENCE_NOT_FOUND) from None
    return row


def _resumed(operator: Operator, enrolment_id: str, user: str | None) -> bool:
    """Let an enrolment go on; one that moved on by itself meanwhile needs nobody."""
    try:
        resume_by_person(operator.system, enrolment_id, user=user)
    except EnrolmentRefused:
        return False
    return True
