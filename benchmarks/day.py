"""`python -m benchmarks.day`: ten million messages on one day, by a model with a virtual clock."""

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import day_picture
from benchmarks.day_load import Load
from benchmarks.day_model import MINUTE, MOST_IN_WINDOW, WINDOW_SECONDS, Day, Setup
from devstack import paths
from system_sender.secrets import CACHE_SECONDS

PICTURE = paths.PROJECT / "docs" / "day.svg"
SETUPS = (
    Setup("inline", queue=False),
    Setup("queue, 20 workers"),
    Setup("queue, 100 workers", workers=100),
)
# Back to what it was before an outage, but for so much.
_DRAINED = 1.1


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of a day. Ages are seconds between being due and leaving.

    Attributes:
        drained: for each outage, minutes after its end until no more waited than before it.
        most_in_window: the most requests of one tenant that any ten seconds can have seen.
        secrets_a_second: in the busiest minute, if every worker keeps what it read for a minute.
    """

    messages: int
    sent: int
    waiting: int
    given_up: int
    refused: int
    busiest_second: float
    ages: Mapping[float, float]
    median_tenant: float
    worst_tenant: float
    drained: tuple[int | None, ...]
    most_in_window: int
    largest_tenants_requests: int
    secrets_a_second: float


def main() -> int:
    """Live the day in every setup, print what came of it, and draw it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.day", description=__doc__)
    parser.add_argument("--picture", type=Path, default=PICTURE, help="the file to draw")
    options = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 120)
    days = [Day(Load(), setup).live() for setup in SETUPS]
    console.print(_table(days))
    options.picture.write_text(day_picture.draw(days))
    return 0


def summary_of(day: Day) -> Summary:
    """Return what is told of a day. Pure."""
    means = [tenant.mean_age for tenant in day.tenants if tenant.sent]
    closest = min(tenant.closest_seconds for tenant in day.tenants)
    return Summary(
        messages=day.load.messages,
        sent=day.sent,
        waiting=day.waiting[-1],
        given_up=sum(tenant.given_up for tenant in day.tenants),
        refused=day.refused,
        busiest_second=max(day.left) / MINUTE,
        ages={part: percentile(day.ages, part) for part in (0.5, 0.95, 0.99, 1.0)},
        median_tenant=median(means),
        worst_tenant=max(means),
        drained=tuple(_minutes_to_drain(day, *outage) for outage in day.load.outages),
        most_in_window=int(WINDOW_SECONDS / closest) + 1,
        largest_tenants_requests=max(tenant.requests for tenant in day.tenants),
        secrets_a_second=_secrets_a_second(day),
    )


def percentile(ages: Counter[int], part: float) -> float:
    """Return the age, in seconds, that this part of the messages did not exceed. Pure.

    Args:
        ages: how many were so many whole minutes old.
    """
    wanted, seen = part * sum(ages.values()), 0
    for minutes in sorted(ages):
        seen += ages[minutes]
        if seen >= wanted:
            return (minutes + 1) * MINUTE
    return 0.0


def _minutes_to_drain(day: Day, first: int, end: int) -> int | None:
    most = day.waiting[first - 2] * _DRAINED
    after = (minute - end for minute in range(end, len(day.waiting)) if day.waiting[minute] <= most)
    return next(after, None)


def _secrets_a_second(day: Day) -> float:
    """Return how often a tenant's token is read: whenever a worker has not had it for a minute."""
    rate = max(day.left) / MINUTE
    workers = max(1.0, rate * day.setup.batch_seconds / 10) if day.setup.queue else 1.0
    sizes = day.load.sizes()
    rates = [rate * size / day.load.messages for size in sizes]
    return sum(each / (1 + each / workers * CACHE_SECONDS) for each in rates)


def _table(days: list[Day]) -> Table:
    load = days[0].load
    table = Table(title=f"{load.messages:,} messages of {load.tenants:,} tenants, two outages")
    table.add_column("")
    for day in days:
        table.add_column(day.setup.name, justify="right")
    lines = [list(_lines(summary_of(day)).items()) for day in days]
    for cells in zip(*lines, strict=True):
        table.add_row(cells[0][0], *(value for _, value in cells))
    return table


def _lines(summary: Summary) -> dict[str, str]:
    drained = ["never" if each is None else f"{each} min" for each in summary.drained]
    ages = {f"age, {part:.0%} at most": _time(age) for part, age in summary.ages.items()}
    return {
        "sent": f"{summary.sent:,}",
        "waiting at midnight": f"{summary.waiting:,}",
        "given up after the last attempt": f"{summary.given_up:,}",
        "requests refused or unanswered": f"{summary.refused:,}",
        "sent a second, busiest minute": f"{summary.busiest_second:.0f}",
        **ages,
        "age, median tenant's mean": _time(summary.median_tenant),
        "age, worst tenant's mean": _time(summary.worst_tenant),
        "drained after the outages": ", ".join(drained),
        f"one tenant in any 10 s (limit {MOST_IN_WINDOW})": str(summary.most_in_window),
        "largest tenant's requests": f"{summary.largest_tenants_requests:,}",
        "secrets read a second, busiest minute": f"{summary.secrets_a_second:.0f}",
    }


def _time(seconds: float) -> str:
    minutes = round(seconds / MINUTE)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


if __name__ == "__main__":
    raise SystemExit(main())
