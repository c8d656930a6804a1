"""One measured figure beside its baseline, and the table and file of all of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


class Against(StrEnum):
    """What a bound limits: the figure itself, its ratio to the baseline, or what it adds to it."""

    VALUE = "value"
    RATIO = "ratio"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that is allowed."""

    against: Against
    at_most: float


@dataclass(frozen=True, slots=True)
class Row:
    """A figure.

    Attributes:
        group: the question it belongs to.
        name: stable, for comparing two runs.
        baseline_name: what the baseline is.
        higher_is_better: true for a rate.
    """

    group: str
    name: str
    value: float
    unit: str
    baseline: float
    baseline_name: str
    bound: Bound | None = None
    higher_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """The figure in units of its baseline, or None where the baseline is nothing."""
        return self.value / self.baseline if self.baseline else None

    @property
    def within(self) -> bool | None:
        """Whether the bound holds; None where there is none."""
        if self.bound is None:
            return None
        measured = {
            Against.VALUE: self.value,
            Against.RATIO: self.ratio,
            Against.DIFFERENCE: self.value - self.baseline,
        }[self.bound.against]
        return measured is not None and measured <= self.bound.at_most

    def to_json(self) -> dict[str, Any]:
        """Return the row for the file: rounded, so that two runs can be compared by eye."""
        bound = self.bound
        return {
            "group": self.group,
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "baseline": round(self.baseline, 3),
            "baseline_name": self.baseline_name,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "higher_is_better": self.higher_is_better,
            "bound": bound and {"against": bound.against.value, "at_most": bound.at_most},
            "within": self.within,
        }


def missed(rows: Iterable[Row]) -> list[Row]:
    """Return the rows whose bound does not hold."""
    return [row for row in rows if row.within is False]


def write(rows: Sequence[Row], machine: dict[str, Any], path: Path) -> None:
    """Write the file that two runs are compared by."""
    content = {"machine": machine, "rows": [row.to_json() for row in rows]}
    path.write_text(json.dumps(content, indent=2) + "\n")


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table, and then every bound that was missed."""
    group = None
    table = Table(title="system-sender: what the promise costs")
    for name in ("figure", "value", "baseline", "ratio", "bound", ""):
        table.add_column(name, justify="left" if name == "figure" else "right")
    for row in rows:
        if row.group != group:
            group = row.group
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        table.add_row(*_cells(row))
    console.print(table)
    for row in missed(rows):
        console.print(f"[bold red]missed[/bold red] {row.group}: {row.name} ({_bound(row)})")
    if not missed(rows):
        console.print("[bold green]Every bound holds.[/bold green]")


def _cells(row: Row) -> tuple[str, ...]:
    verdicts = {
        None: "",
        True: "[green]within[/green]",
        False: "[bold red]missed[/bold red]",
    }
    return (
        f"{row.name}\n[dim]against {row.baseline_name}[/dim]",
        f"{_number(row.value)} {row.unit}",
        f"{_number(row.baseline)} {row.unit}",
        "" if row.ratio is None else f"{row.ratio:.2f}x",
        _bound(row),
        verdicts[row.within],
    )


def _bound(row: Row) -> str:
    if row.bound is None:
        return ""
    most = f"{row.bound.at_most:g}"
    return {
        Against.VALUE: f"at most {most} {row.unit}",
        Against.RATIO: f"at most {most}x",
        Against.DIFFERENCE: f"at most +{most} {row.unit}",
    }[row.bound.against]


def _number(value: float) -> str:
    return f"{value:g}" if value == int(value) else f"{value:.2f}"
