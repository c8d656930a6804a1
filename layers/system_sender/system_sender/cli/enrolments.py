"""Enrols leads, one or a file of them, and tells who is enrolled."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from system_sender.cli import screen
from system_sender.cli.command import Answer, usage
from system_sender.cli.documents import sentence_of
from system_sender.cli.enrolment_file import COLUMNS, EnrolmentItem, EnrolmentRows, Row
from system_sender.cli.followups import show_followup
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem, Trouble
from system_sender.cli.sequences import unwritable
from system_sender.cli.sound_file import mistake_of
from system_sender.codes import Code
from system_sender.followups.enrolment import EnrolmentRefused, enrol, enrolment_key
from system_sender.followups.lifecycle import EnrolmentState
from system_sender.followups.sequence import SequenceWrong, Step, steps_of
from system_sender.models import Enrolment, Lead, Workspace, workspace_of
from system_sender.models import Sequence as SequenceRow
from system_sender.store import Key
from system_sender.zones import own_zone

ENROLLED = "enrolled"
ALREADY = "already"
REFUSED = "refused"

# A lead and an enrolment are read for each row, and DynamoDB reads 100 rows at once.
_ROWS_AT_ONCE = 50
# So many rows are told of; a report has them all.
_MOST_TOLD = 1_000

_NOT_AT_BEGINNING = (
    "The lead has steps behind it, or is not active, where the file comes from; here it would get "
    "them again."
)
_SENTENCES: dict[Code | Trouble, str] = {
    Trouble.NOT_AT_BEGINNING: _NOT_AT_BEGINNING,
    Code.SEQUENCE_NOT_FOUND: "There is no such sequence; import it first.",
    Code.SEQUENCE_INACTIVE: "The sequence is switched off; switch it on first.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one row of a file."""

    row: str
    lead: str
    sequence: str
    result: str
    code: str | None = None
    sentence: str | None = None


# --- enrolling -----------------------------------------------------------------------------------


class _Enroller:
    """Enrols rows of a file; what they have in common is read once."""

    def __init__(self, operator: Operator, user: str | None) -> None:
        self._operator = operator
        self._user = user
        self._workspace = cache(lambda name: operator.store.get(Workspace, name))
        self._steps = cache(self._read_steps)

    def enrol(self, rows: Sequence[Row]) -> Iterator[Told]:
        """Enrol some rows, and tell of each."""
        keys: list[Key] = [(Lead, item.lead) for _, item in rows]
        keys += [(Enrolment, enrolment_key(item.sequence, item.lead)) for _, item in rows]
        found = self._operator.rows(keys)
        known = zip(rows, found[: len(rows)], found[len(rows) :], strict=True)
        for (place, item), lead, enrolment in known:
            yield _told(place, item, self._enrol(item, lead, enrolment))

    def _enrol(
        self, item: EnrolmentItem, lead: Lead | None, enrolment: Enrolment | None
    ) -> Code | Trouble | None:
        """Return why a lead is not enrolled; None: it is, by this."""
        if enrolment is not None and enrolment.lead_id:
            return Code.ALREADY_ENROLLED
        obstacle = _obstacle(item, lead)
        workspace = self._workspace(workspace_of(item.lead))
        if obstacle is not None or lead is None or workspace is None:
            return obstacle or Code.WORKSPACE_NOT_FOUND
        steps = self._steps(item.sequence)
        if isinstance(steps, Code):
            return steps
        zone = own_zone(lead, workspace)
        try:
            enrol(
                self._operator.system,
                lead,
                item.sequence,
                steps,
                time_zone=zone.key if zone is not None else "UTC",
                user=self._user,
                facts=item.facts,
                starts_at=item.began,
            )
        except EnrolmentRefused as refusal:
            return refusal.code
        return None

    def _read_steps(self, sequence_id: str) -> tuple[Step, ...] | Code:
        row = self._operator.store.get(SequenceRow, sequence_id)
        if row is None:
            return Code.SEQUENCE_NOT_FOUND
        if not row.active:
            return Code.SEQUENCE_INACTIVE
        try:
            return steps_of(row.steps)
        except SequenceWrong:
            return Code.SEQUENCE_WRONG


def _told(place: str, item: EnrolmentItem, code: Code | Trouble | None) -> Told:
    if code is None:
        return Told(place, item.lead, item.sequence, ENROLLED)
    result = ALREADY if code is Code.ALREADY_ENROLLED else REFUSED
    return Told(place, item.lead, item.sequence, result, code.value, reason_of(code))


def _obstacle(item: EnrolmentItem, lead: Lead | None) -> Code | Trouble | None:
    """Return why a lead is not to be enrolled: once it was, it never can be again."""
    if lead is None:
        return Code.LEAD_NOT_FOUND
    if lead.blacklisted:
        return Code.BLACKLISTED
    if lead.booked:
        return Code.LEAD_BOOKED
    return None if item.is_at_beginning else Trouble.NOT_AT_BEGINNING


def reason_of(code: Code | Trouble) -> str:
    """Return why a lead was not enrolled, as a sentence."""
    return _SENTENCES.get(code) or str(sentence_of(code.value))


def enrol_lead(
    operator: Operator,
    lead_id: str,
    sequence_id: str,
    *,
    facts: Mapping[str, str],
    starts_at: str | None,
    user: str | None,
) -> Answer:
    """Enrol one lead.

    Raises:
        Problem: it is not enrolled by this; the code says why.
    """
    operator.lead(lead_id)
    operator.sequence(sequence_id)
    values = {"lead": lead_id, "sequence": sequence_id, "facts": facts, "starts_at": starts_at}
    try:
        item = EnrolmentItem.model_validate(values)
    except ValidationError as error:
        first = mistake_of(error.errors()[0])
        raise usage(f"{first.path}: {first.problem.rstrip('.')}.") from None
    (told,) = _Enroller(operator, user).enrol([("", item)])
    if told.code is not None:
        code = next(one for kind in (Code, Trouble) for one in kind if one.value == told.code)
        raise Problem(code, told.sentence)
    said = "Enrolled. The sweep of each minute takes it from here."
    return show_followup(operator, enrolment_key(sequence_id, lead_id), said)


# --- import --------------------------------------------------------------------------------------


class _Tally:
    """Counts what became of rows, and keeps those that are told of."""

    def __init__(self, report: Any) -> None:
        self._report = report
        self.counts: Counter[str] = Counter()
        self.rows: list[Told] = []
        self.refused_beyond = 0

    def add(self, told: Told) -> None:
        """Take a row down; beyond the first ones only what was refused, and not too much of it."""
        self.counts[told.result] += 1
        if self._report is not None:
            self._report.writerow([getattr(told, one.name) for one in fields(Told)])
        if len(self.rows) < _MOST_TOLD:
            self.rows.append(told)
        elif told.result == REFUSED and self.refused_beyond < _MOST_TOLD:
            self.refused_beyond += 1
            self.rows.append(told)

    @property
    def untold(self) -> int:
        """Return how many rows only the counts tell of."""
        return sum(self.counts.values()) - len(self.rows)


def import_enrolments(
    operator: Operator, file: Path, report: Path | None, user: str | None
) -> Answer:
    """Check a file as a whole, then enrol its leads, and tell of each row."""
    rows = EnrolmentRows(file)
    enroller = _Enroller(operator, user)
    with _opened(report) as output:
        tally = _Tally(_writer(output))
        left = iter(rows)
        while batch := list(islice(left, _ROWS_AT_ONCE)):
            for told in enroller.enrol(batch):
                tally.add(told)
    return _imported(tally)


def _opened(report: Path | None) -> AbstractContextManager[TextIO | None]:
    if report is None:
        return nullcontext()
    try:
        return report.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise unwritable(report, error) from None


def _writer(output: TextIO | None) -> Any:
    if output is None:
        return None
    writer = csv.writer(output)
    writer.writerow([one.name for one in fields(Told)])
    return writer


def _imported(tally: _Tally) -> Answer:
    counts = {result: tally.counts[result] for result in (ENROLLED, ALREADY, REFUSED)}
    rows = [{one.name: getattr(row, one.name) for one in fields(Told)} for row in tally.rows]
    document = {"counts": counts, "rows": rows, "untold": tally.untold}
    said = ", ".join(f"{number} {result}" for result, number in counts.items()) + "."
    if tally.untold:
        said += f" {tally.untold} rows are not listed here; --report FILE has them all."
    table = screen.table(
        ("lead", "sequence", "row", "result", "why"),
        [
            (
                screen.written(row["lead"]),
                screen.written(row["sequence"]),
                screen.written(row["row"]),
                screen.written(row["result"], "red" if row["result"] == REFUSED else ""),
                screen.written(row["sentence"] or "-"),
            )
            for row in rows
        ],
    )
    return Answer(document, [table, said] if rows else [said])


# --- export --------------------------------------------------------------------------------------


def export_enrolments(
    operator: Operator, sequence_id: str, states: Sequence[str], output: Path | None
) -> Answer:
    """Tell who is enrolled in a sequence, and where each stands; a file is written row by row."""
    workspace = str(operator.sequence(sequence_id).workspace)
    wanted = [EnrolmentState(state) for state in states]

    def rows() -> Iterator[dict[str, Any]]:
        found = operator.enrolments(workspace, wanted, sequence_id=sequence_id)
        return map(enrolment_item, found)

    if output is None:
        document = {"enrolments": list(rows())}
        text = json.dumps(document, indent=2, ensure_ascii=False)
        return Answer(document, [screen.as_it_is(text)])
    write = _write_csv if output.suffix.lower() == ".csv" else _write_json
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            count = write(file, rows)
    except OSError as error:
        raise unwritable(output, error) from None
    return Answer({"file": str(output), "count": count}, [f"{count} enrolments are in {output}."])


def enrolment_item(row: Enrolment) -> dict[str, Any]:
    """Return an enrolment as its file has it; times are ISO 8601, UTC."""
    return {
        "lead": str(row.lead_id),
        "sequence": str(row.sequence_id),
        # Behind a step, it says nothing about the beginning any more.
        "starts_at": None if row.done else _iso(row.spaced_from),
        "state": str(row.state),
        "code": row.code,
        "until": _iso(row.until),
        "step": row.step,
        "next_at": _iso(row.due_at),
        "started_at": _iso(row.started_at),
        "done": {key: entry["code"] for key, entry in row.done.items()},
        "facts": dict(row.facts or {}),
    }


def _iso(at: Any) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(int(at) / 1000, UTC).isoformat(timespec="milliseconds")


def _write_csv(file: TextIO, rows: Callable[[], Iterator[dict[str, Any]]]) -> int:
    # The columns come first, so that all names of facts have to be known by then.
    facts = sorted({name for row in rows() for name in row["facts"]})
    writer = csv.writer(file)
    writer.writerow([*COLUMNS, *facts])
    count = 0
    for row in rows():
        done = " ".join(f"{key}={code}" for key, code in row["done"].items())
        cells = {**row, "done": done}
        writer.writerow(
            [*(cells[name] for name in COLUMNS), *(row["facts"].get(name) for name in facts)]
        )
        count += 1
    return count


def _write_json(file: TextIO, rows: Callable[[], Iterator[dict[str, Any]]]) -> int:
    file.write('{"enrolments": [')
    count = 0
    for row in rows():
        file.write(("," if count else "") + "\n  " + json.dumps(row, ensure_ascii=False))
        count += 1
    file.write("\n]}\n")
    return count
