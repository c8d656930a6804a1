"""The demo's last word: what the providers accepted, beside what our tables say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from devstack.demo_people import Person
from devstack.sandbox.ledger import Entry

_SHOWN = 14


@dataclass(frozen=True)
class Line:
    """One person: both sides of the truth.

    Attributes:
        accepted: what the provider took for them.
        drafts, messages: the states of our rows.
        ways: how each of our messages left.
    """

    person: Person
    accepted: tuple[str, ...]
    drafts: tuple[str, ...]
    messages: tuple[str, ...]
    ways: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether exactly what was to leave left, and every row says so."""
        if not self.person.gets:
            return not self.accepted and not self.messages and "sent" not in self.drafts
        sent = ("sent",) * self.person.gets
        return len(self.accepted) == self.person.gets and self.drafts == self.messages == sent


def line_of(person: Person, ledger: Iterable[Entry], thread: Sequence[Mapping[str, Any]]) -> Line:
    """Return a person's line from the ledger and from what `sender thread` shows."""
    drafts = [entry for entry in thread if entry["kind"] == "draft"]
    messages = [entry for entry in thread if entry["kind"] == "outbound"]
    return Line(
        person,
        tuple(e.text for e in ledger if e.accepted and e.contact_id == person.address),
        tuple(entry["state"] for entry in drafts),
        tuple(entry["state"] for entry in messages),
        tuple(entry["what"].removeprefix("→ ") for entry in messages),
    )


def strangers(ledger: Iterable[Entry], people: Iterable[Person]) -> list[Entry]:
    """Return the messages that a provider accepted for nobody who is in the story."""
    known = {person.address for person in people}
    return [entry for entry in ledger if entry.accepted and entry.contact_id not in known]


def table_of(lines: Iterable[Line]) -> Table:
    """Return the lines as a table for the console."""
    table = Table()
    for name in ("lead", "provider accepted", "draft", "message", "left as", "same"):
        table.add_column(name)
    for line in lines:
        texts = line.accepted
        table.add_row(
            line.person.name,
            f"{len(texts)} × “{_shortened(texts[0])}”" if texts else "nothing",
            ", ".join(line.drafts) or "none",
            ", ".join(line.messages),
            ", ".join(line.ways),
            "[green]yes[/green]" if line.agrees else "[red]NO[/red]",
        )
    return table


def _shortened(text: str) -> str:
    """Cut a text, so that the table has one line for each person on most screens."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
