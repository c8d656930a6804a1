"""Measures one step of the cron at a time: finding, dispatching, sending, and whose turn it is."""

import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any, TypeVar

from benchmarks.counting import Count, counting
from benchmarks.rows import Row
from benchmarks.scale_lab import Lab
from benchmarks.scale_naive import ClaimingLoop, scan_for_due
from benchmarks.scale_rows import Person
from system_sender.budget import Budget
from system_sender.dispatching import MOST_DISPATCHED, dispatch, message_of
from system_sender.due import find_due, find_questions
from system_sender.pacing import REQUESTS_A_MINUTE
from system_sender.sweep import MOST_ITEMS, WORKERS, SweepReport, sweep
from system_sender.work import WorkItem
from system_sender.work_queue import SqsQueue
from tests.support.queue import LocalSqs

T = TypeVar("T")

SCAN = "a scan for whoever is active and due"
LOOP = "a bare loop of claims"
ONE_BY_ONE = "one message a request"
_REPETITIONS = 3
_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured of a step, with so many due.

    Attributes:
        due: how many were due in all.
    """

    step: str
    name: str
    due: int
    value: float
    unit: str
    baseline: float
    baseline_name: str
    higher_is_better: bool = False

    def row(self) -> Row:
        """Return the figure for the file."""
        return Row(
            group=self.step,
            name=f"{self.due:,} due: {self.name}",
            value=self.value,
            unit=self.unit,
            baseline=self.baseline,
            baseline_name=self.baseline_name,
            higher_is_better=self.higher_is_better,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What was due, in two orders.

    Attributes:
        items: in the order in which the system takes them.
        scanned: the workspaces of what the baseline found, in its order.
    """

    items: list[WorkItem]
    scanned: list[str]


def measure_finding(lab: Lab, due: int) -> tuple[Found, list[Figure]]:
    """Find what is due in both ways.

    The baseline is timed while its memory is watched: the engine does nearly all of its work.
    """
    items, seconds, count = _median(lab.connection.client, lambda: find(lab))
    if len(items) != due:
        raise RuntimeError(f"{due} were to be due, and {len(items)} were found.")
    peak = _peak(lambda: find(lab))
    tracemalloc.start()
    rows, scan_seconds, scan_count = _timed(
        lab.client, lambda: scan_for_due(lab.client, lab.world.now())
    )
    scan_peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    step = "finding"
    figures = [
        Figure(step, "wall clock", due, seconds * 1000, "ms", scan_seconds * 1000, SCAN),
        Figure(step, "found a second", due, due / seconds, "/s", due / scan_seconds, SCAN, True),
        Figure(step, "round trips", due, count.trips, "", scan_count.trips, SCAN),
        Figure(step, "read units", due, count.read_units, "", scan_count.read_units, SCAN),
        Figure(step, "peak memory", due, peak / 1024, "KiB", scan_peak / 1024, SCAN),
    ]
    return Found(items, [row["workspace"]["S"] for row in rows]), figures


def find(lab: Lab) -> list[WorkItem]:
    """Return what the sweep finds due, all of it."""
    system = lab.system
    return find_due(system, lab.world.now(), find_questions(system, MOST_ITEMS))


def measure_dispatching(lab: Lab, found: Found) -> list[Figure]:
    """Queue what is due, into a queue in this process: what SQS itself takes is not in it."""
    due, sqs, single = len(found.items), LocalSqs(lab.world.now), LocalSqs(lab.world.now)
    items = find_due(lab.system, lab.world.now(), [], most_of_each=REQUESTS_A_MINUTE)
    items = items[:MOST_DISPATCHED]
    queue = SqsQueue(lab.world, "work", lambda: sqs)
    alone = SqsQueue(lab.world, "work", lambda: single)
    budget = Budget.of_seconds(lab.world, _SECONDS)
    taken, seconds, _ = _timed(
        lab.client, lambda: dispatch(lab.system, queue, items, budget, WORKERS)
    )
    _, single_seconds, _ = _timed(
        lab.client, lambda: [alone.push([message_of(item)]) for item in items]
    )
    step, requests = "dispatching", len(single.calls)
    rates = taken / seconds, len(items) / single_seconds
    return [
        Figure(step, "queued a second, SQS not counted", due, rates[0], "/s", rates[1], ONE_BY_ONE),
        Figure(step, "requests to SQS", due, len(sqs.calls), "", requests, ONE_BY_ONE),
    ]


@dataclass(frozen=True, slots=True)
class Sent:
    """What one round of the sweep did.

    Attributes:
        seconds: for each send, on the wall clock, several at once.
    """

    report: SweepReport
    count: Count
    seconds: float
    stored: float
    logged: float


def send_a_round(lab: Lab) -> Sent:
    """Do one round of the sweep as it is by default, and make sure that all of it was sent."""
    before = len(lab.sandbox.ledger.sends())
    stored, logged = lab.stored_bytes(), lab.log.bytes
    budget = Budget.of_seconds(lab.world, _SECONDS)
    report, seconds, count = _timed(lab.connection.client, lambda: sweep(lab.system, budget))
    sends = len(lab.sandbox.ledger.sends()) - before
    if sends != report.performed or report.failed or report.left:
        raise RuntimeError(f"Of {report.due} items, {sends} were sent: {report.codes}.")
    each = max(1, sends)
    return Sent(
        report,
        count,
        seconds / each,
        (lab.stored_bytes() - stored) / each,
        (lab.log.bytes - logged) / each,
    )


def measure_sending(
    lab: Lab, due: int, idle: Count, spare: Sequence[Person]
) -> tuple[Sent, list[Figure]]:
    """Send a round, and as many others in the bare loop.

    Args:
        idle: what a round asked for that found nothing.
        spare: enrolled people, with leads, for the loop.
    """
    sent = send_a_round(lab)
    performed = sent.report.performed
    loop = ClaimingLoop(lab.client, lab.sandbox, WORKERS)
    _, loop_seconds, loop_count = _timed(
        lab.client, lambda: loop.send(spare[:performed], lab.world.now())
    )
    trips = (sent.count.trips - idle.trips) / performed
    written, loop_written = sent.count.write_units, loop_count.write_units / performed
    step = "sending, 8 at once, the provider in this process"
    figures = [
        ("sent in the round", performed, "", performed, True),
        ("sent a second", 1 / sent.seconds, "/s", performed / loop_seconds, True),
        ("round trips for each", trips, "", loop_count.trips / performed, False),
        ("write units for each", written / performed, "", loop_written, False),
        ("of them in indexes", sent.count.index_units / performed, "", 0.0, False),
        ("read units for each", sent.count.read_units / performed, "", 2.0, False),
        ("bytes stored for each", sent.stored, "", 0.0, False),
        ("bytes logged for each", sent.logged, "", 0.0, False),
    ]
    return sent, [
        Figure(step, name, due, value, unit, baseline, LOOP, higher)
        for name, value, unit, baseline, higher in figures
    ]


def measure_fairness(found: Found, seconds: float) -> list[Figure]:
    """Compare how long workspaces wait for their messages on average, in both orders.

    Args:
        seconds: what one message takes.
    """
    due = len(found.items)
    ours = waits([item.workspace for item in found.items], seconds)
    scanned = waits(found.scanned, seconds)
    step, name = "fairness", "in the scan's order, nobody in turn"
    of_median, of_worst = "the median workspace waits", "the worst workspace waits"
    return [
        Figure(step, of_median, due, median(ours), "s", median(scanned), name),
        Figure(step, of_worst, due, max(ours), "s", max(scanned), name),
    ]


def waits(workspaces: Iterable[str], seconds: float) -> list[float]:
    """Return how long each workspace waits on average if items are taken in this order. Pure.

    Args:
        workspaces: whose each item is.
        seconds: what one item takes.
    """
    places: dict[str, list[int]] = {}
    for place, workspace in enumerate(workspaces):
        places.setdefault(workspace, []).append(place)
    return [mean(of_one) * seconds for of_one in places.values()]


def _median(client: Any, work: Callable[[], T]) -> tuple[T, float, Count]:
    runs = [_timed(client, work) for _ in range(_REPETITIONS)]
    result, _, count = runs[-1]
    return result, median(seconds for _, seconds, _ in runs), count


def _timed(client: Any, work: Callable[[], T]) -> tuple[T, float, Count]:
    with counting(client) as count:
        started = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - started
    return result, seconds, count


def _peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
