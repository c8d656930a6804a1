"""Runs a story under planned faults, and the same again for every fault and every pair."""

import itertools
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

from system_sender import telemetry
from system_sender.telemetry import log
from tests.crash.connection import FaultyConnection
from tests.crash.faults import (
    Boundary,
    Fault,
    distinct_faults_at,
    faults_at,
    is_of_the_delivery,
    repeated_look_ups,
)
from tests.crash.story import Story, StoryMaker, Verdict
from tests.crash.world import FaultyWorld
from tests.support.shards import one_shard

Plan = tuple[tuple[int, Fault], ...]
_run_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Run:
    """One run and what came of it.

    Attributes:
        trace: the boundaries that a fault could strike, in the order of happening.
        parked, found, settled: deliveries that were parked; those of them that the provider's own
            records settled; and those that these or a person's word settled.
        problems: why the run is a failure, in words; empty when it is none.
    """

    plan: Plan
    trace: tuple[Boundary, ...]
    duplicates: int
    lost: int
    parked: int
    found: int
    settled: int
    problems: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Say whether the promise was broken, or anything else went wrong."""
        return bool(self.duplicates or self.lost or self.problems)

    def describe(self) -> str:
        """Return the run in words, so that it can be told and repeated."""
        names = {boundary.number: boundary.name for boundary in self.trace}
        faults = ", ".join(
            f"{fault.value} at {number} ({names.get(number, 'never reached')})"
            for number, fault in self.plan
        )
        counts = f"duplicates {self.duplicates}, lost {self.lost}"
        return f"[{faults or 'no fault'}]: {counts}; {'; '.join(self.problems) or 'no problem'}"


def run(make: StoryMaker, connection: FaultyConnection, plan: Plan = ()) -> Run:
    """Run a story under a plan, from a fresh workspace to days after its end."""
    world = FaultyWorld(f"run{next(_run_numbers)}", connection, dict(plan))
    story = make(world)
    try:
        return _run(story, world, plan)
    finally:
        story.clean()


def _run(story: Story, world: FaultyWorld, plan: Plan) -> Run:
    faults = frozenset(fault for _, fault in plan)
    story.seed()
    story.begin()
    story.recover()
    quiet = story.judge(faults, final=False)
    settled = story.settle()
    trace = tuple(world.trace)
    story.close()
    final = story.judge(faults, final=True)
    return Run(
        plan=plan,
        trace=trace,
        duplicates=max(quiet.duplicates, final.duplicates),
        lost=max(quiet.lost, final.lost),
        parked=max(quiet.parked, settled) + final.found,
        found=final.found,
        settled=settled + final.found,
        problems=tuple(dict.fromkeys((*quiet.problems, *final.problems, *_still_parked(final)))),
    )


def _still_parked(verdict: Verdict) -> tuple[str, ...]:
    return ("a delivery stayed parked after it was settled",) if verdict.parked else ()


@contextmanager
def prepared() -> Iterator[None]:
    """Make thousands of runs bearable: no log, no metrics, and one shard.

    More shards are the same boundaries once more.
    """
    level = log.log_level
    log.setLevel(logging.CRITICAL)
    try:
        with one_shard(), mock.patch.object(telemetry, "_emit"):
            yield
    finally:
        log.setLevel(level)


def single_plans(trace: tuple[Boundary, ...]) -> list[Plan]:
    """Return every fault at every boundary of a trace."""
    return [((at.number, fault),) for at in trace for fault in faults_at(at)]


def pair_plans(single: Run, *, of_deliveries: bool = False) -> list[Plan]:
    """Return every second fault at every boundary that followed the first.

    Left out is what leaves the same world behind as another: see `faults.distinct_faults_at` and
    `faults.repeated_look_ups`.

    Args:
        of_deliveries: only pairs of which one strikes where a delivery is taken, sent or settled.
    """
    ((number, fault),) = single.plan
    if fault not in _distinct_faults(single, number):
        return []
    alike = repeated_look_ups(single.trace)
    everywhere = not of_deliveries or is_of_the_delivery(single.trace[number - 1])
    return [
        (*single.plan, (at.number, second))
        for at in single.trace
        if at.number > number and at.number not in alike and (everywhere or is_of_the_delivery(at))
        for second in _distinct_faults(single, at.number)
    ]


def is_sampled(story: str, plan: Plan, *, one_in: int) -> bool:
    """Say whether a plan belongs to a fixed sample, which depends on its names alone."""
    name = " ".join([story, *(f"{number} {fault.value}" for number, fault in plan)])
    return zlib.crc32(name.encode()) % one_in == 0


def _distinct_faults(one: Run, number: int) -> tuple[Fault, ...]:
    before = one.trace[number - 2] if number > 1 else None
    return distinct_faults_at(one.trace[number - 1], before)


@dataclass(slots=True)
class Count:
    """The sum of many runs; `failures` tells those that broke the promise or anything else."""

    runs: int = 0
    duplicates: int = 0
    lost: int = 0
    parked: int = 0
    found: int = 0
    settled: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, one: Run) -> None:
        """Add one run."""
        self.runs += 1
        self.duplicates += one.duplicates
        self.lost += one.lost
        self.parked += one.parked
        self.found += one.found
        self.settled += one.settled
        if one.failed:
            self.failures.append(one.describe())

    def merge(self, other: "Count") -> None:
        """Add another sum."""
        self.runs += other.runs
        self.duplicates += other.duplicates
        self.lost += other.lost
        self.parked += other.parked
        self.found += other.found
        self.settled += other.settled
        self.failures += other.failures
