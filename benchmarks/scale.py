"""`python -m benchmarks.scale`: measures the cron at scale, and writes benchmarks/scale.json."""

import argparse
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console

from benchmarks import rows
from benchmarks.rows import Against, Bound, Row
from devstack import dynamodb_local, paths, servers
from devstack.dynamodb_local import DynamoDBLocal
from devstack.sandbox.webhooks import Signer

if TYPE_CHECKING:
    from benchmarks.scale_steps import Figure

RESULTS = paths.PROJECT / "benchmarks" / "scale.json"
# Ten times the enrolments and the same due may ask for so many times the round trips.
_GROWTH = 1.2


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Attributes:
        due: how many are due, one measurement after the other.
        sends: what a round may send of them, and the loop beside it.
    """

    enrolments: int
    workspaces: int
    due: tuple[int, ...]
    sends: int

    def more(self) -> list[int]:
        """Return how many must become due for each measurement, beside what was not sent before."""
        left, more = 0, []
        for due in self.due:
            more.append(due - left)
            left = max(0, due - self.sends)
        return more


FULL = Size(enrolments=100_000, workspaces=200, due=(0, 100, 1_000, 4_000), sends=200)
QUICK = Size(enrolments=10_000, workspaces=200, due=(0, 50, 200, 400), sends=200)


def main() -> int:
    """Measure, print the table, write the file. A missed bound is said, not an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: a rough look")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write")
    options = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 120)
    started = time.monotonic()
    with dynamodb_local.running() as engine:
        environment = servers.clean_environment(
            **engine.environment, TABLE_PREFIX="scale", POWERTOOLS_SERVICE_NAME="benchmark"
        )
        os.environ.clear()
        os.environ.update(environment)
        measured = _measure(engine, QUICK if options.quick else FULL, console)
    rows.write(measured, _machine(), options.output)
    console.print(
        f"[dim]{options.output.name} has the same figures; they took "
        f"{time.monotonic() - started:.0f} seconds.[/dim]"
    )
    return 0


def _measure(engine: DynamoDBLocal, size: Size, console: Console) -> list[Row]:
    # Imported here: the tables take their names from the environment when they are imported.
    from benchmarks import scale_steps, scale_table
    from benchmarks.scale_around import measure_around
    from benchmarks.scale_lab import Lab

    signer = Signer()
    lab = Lab.on(engine, size.enrolments, size.workspaces, public_key=signer.public_key())
    small, tenth = size.due[1], size.enrolments // 10
    console.print(f"{tenth:,} enrolments, {small:,} due ...")
    spare = lab.enrol(tenth - small)[: size.sends]
    lab.add_leads(spare)
    due = lab.enrol_due(small)
    trips = scale_steps.send_a_round(lab).count.trips
    console.print(f"{size.enrolments:,} enrolments ...")
    lab.enrol(size.enrolments - tenth - sum(size.more()))
    idle = scale_steps.send_a_round(lab).count
    figures: list[Figure] = []
    growth: list[Row] = []
    for level, more in zip(size.due, size.more(), strict=True):
        console.print(f"{level:,} due ...")
        if more:
            lab.enrol_due(more)
        found, of_finding = scale_steps.measure_finding(lab, level)
        figures += of_finding
        if level:
            figures += scale_steps.measure_dispatching(lab, found)
            sent, of_sending = scale_steps.measure_sending(lab, level, idle, spare)
            figures += of_sending + scale_steps.measure_fairness(found, sent.seconds)
            if level == small:
                growth.append(_growth(sent.count.trips, trips))
    around = measure_around(lab, signer, due[:2])
    scale_table.show(figures, growth + around, console)
    return [*(figure.row() for figure in figures), *growth, *around]


def _growth(trips: int, before: int) -> Row:
    return Row(
        group="growth",
        name="round trips of a whole round, ten times the enrolments and the same due",
        value=trips,
        unit="",
        baseline=before,
        baseline_name="a tenth of the enrolments",
        bound=Bound(Against.RATIO, _GROWTH),
    )


def _machine() -> dict[str, object]:
    process = psutil.Process()
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "resident_megabytes": round(process.memory_info().rss / 1e6),
    }


if __name__ == "__main__":
    raise SystemExit(main())
