"""The file of enrolments, in JSON or CSV: what may stand in it, read row by row."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from system_sender.cli.seed_fields import Item
from system_sender.cli.sequence_file import SequenceId
from system_sender.cli.sound_file import (
    Mistake,
    invalid_file,
    mistake_of,
    parsed,
    read_json,
    unreadable,
)
from system_sender.models import workspace_of

# What an export tells beside what an import needs, in the order of its columns.
STANDING = ("state", "code", "until", "step", "next_at", "started_at", "done")
COLUMNS = ("lead", "sequence", "starts_at", *STANDING)
# So many mistakes are told at once; a file may have a hundred thousand rows.
_MOST_MISTAKES = 100
_LATEST_YEAR = 2100
# The one name that templates call.
_RESERVED = frozenset({"variant", *COLUMNS})

LeadId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}:[!-~]{1,300}$"),
    Field(description="The workspace, a colon, and a name.", examples=["acme:dana"]),
]
FactName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,59}$")]
Fact = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Told = Annotated[Any, Field(description="Told by an export; it enrols nobody.")]


class EnrolmentItem(Item):
    """A lead that begins a sequence."""

    lead: LeadId
    sequence: SequenceId
    starts_at: AwareDatetime | None = Field(
        default=None,
        strict=False,
        description="When the sequence begins (ISO 8601 with an offset); now by default.",
    )
    facts: dict[FactName, Fact] = Field(
        default={},
        max_length=50,
        description="Values for the templates. They go before what is known of the lead.",
        examples=[{"event": "the webinar"}],
    )
    state: str | None = Field(
        default=None, description="Told by an export; only what is active begins anew elsewhere."
    )
    done: Mapping[str, str] = Field(
        default={},
        description="Told by an export: the steps behind the lead. Who has some is not enrolled.",
    )
    code: Told = None
    until: Told = None
    step: Told = None
    next_at: Told = None
    started_at: Told = None

    @field_validator("facts")
    @classmethod
    def _are_no_columns(cls, value: dict[str, str]) -> dict[str, str]:
        taken = sorted(value.keys() & _RESERVED)
        if taken:
            raise ValueError(f"has the name '{taken[0]}', which is taken")
        return value

    @field_validator("starts_at")
    @classmethod
    def _is_near(cls, value: AwareDatetime | None) -> AwareDatetime | None:
        if value is not None and not 2000 <= value.year < _LATEST_YEAR:
            raise ValueError(f"must be between 2000 and {_LATEST_YEAR}")
        return value

    @model_validator(mode="after")
    def _is_of_one_workspace(self) -> Self:
        if workspace_of(self.lead) != workspace_of(self.sequence):
            raise ValueError("the lead and the sequence belong to two workspaces")
        return self

    @property
    def began(self) -> int | None:
        """Return when the sequence begins (epoch milliseconds, UTC); None: now."""
        return None if self.starts_at is None else round(self.starts_at.timestamp() * 1000)

    @property
    def is_at_beginning(self) -> bool:
        """Say whether enrolling the lead repeats nothing that it has behind it elsewhere."""
        return not self.done and self.state in (None, "active")


class EnrolmentsFile(Item):
    """Leads that begin sequences."""

    enrolments: list[EnrolmentItem]


Row = tuple[str, EnrolmentItem]


class EnrolmentRows:
    """The rows of a file, each with its place, as often as they are asked for."""

    def __init__(self, path: Path) -> None:
        """Check the file as a whole. A CSV is never in memory as a whole.

        Raises:
            Problem: with its mistakes.
        """
        self._path = path
        self._items: list[EnrolmentItem] | None = None
        if path.suffix.lower() == ".csv":
            self._check()
        else:
            self._items = parsed(EnrolmentsFile, read_json(path)).enrolments

    def __iter__(self) -> Iterator[Row]:
        """Yield every row with its place: `line 2` or `enrolments[0]`."""
        if self._items is not None:
            for number, item in enumerate(self._items):
                yield f"enrolments[{number}]", item
            return
        for place, values in _lines(self._path):
            yield place, EnrolmentItem.model_validate(values)

    def _check(self) -> None:
        mistakes: list[Mistake] = []
        for place, values in _lines(self._path):
            try:
                EnrolmentItem.model_validate(values)
            except ValidationError as error:
                found = [mistake_of(detail) for detail in error.errors()]
                mistakes += [Mistake(f"{place}, {one.path}", one.problem) for one in found]
            if len(mistakes) >= _MOST_MISTAKES:
                break
        if mistakes:
            raise invalid_file(mistakes[:_MOST_MISTAKES])


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the lines of a CSV as its items' values; a column that none has is a fact."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(list(reader.fieldnames or ()))
            for row in reader:
                yield f"line {reader.line_num}", _values(row, f"line {reader.line_num}")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise invalid_file([Mistake("the file", "is not in UTF-8")]) from None
    except csv.Error as error:
        raise invalid_file([Mistake("the file", f"is not CSV: {error}")]) from None


def _check_header(names: list[str]) -> None:
    mistakes = [
        Mistake("line 1", f"has no column '{name}'")
        for name in ("lead", "sequence")
        if name not in names
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    mistakes += [Mistake("line 1", f"has the column '{name}' twice") for name in twice]
    if mistakes:
        raise invalid_file(mistakes)


def _values(row: Mapping[Any, Any], place: str) -> dict[str, Any]:
    if None in row or None in row.values():
        raise invalid_file([Mistake(place, "has more or fewer cells than line 1")])
    given = {name: value for name, value in row.items() if value.strip()}
    facts = {name: value for name, value in given.items() if name not in COLUMNS}
    values = {name: value.strip() for name, value in given.items() if name in COLUMNS}
    if "done" in values:
        pairs = (one.partition("=") for one in values["done"].split())
        values["done"] = {key: code for key, _, code in pairs}
    return {**values, "facts": facts}
