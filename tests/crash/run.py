"""``python -m tests.crash.run``: every fault at every boundary, every pair of faults, many orders.

What `make test` runs of this is each single fault once in each of its surroundings, whichever story
has them, a fixed sample of the pairs, and every order of two invocations with one preemption. This
adds

- every single fault of every story, also where it can hardly matter;
- all pairs of the text messages' stories: for each single fault, every second fault at every
  boundary that follows the first, in the recovery and in what a person settles as well (but for
  faults that leave the same world behind as another one: `faults.distinct_faults_at` and
  `faults.repeated_look_ups`);
- of the other channels' stories, every twelfth (of sequences, every sixtieth) of the pairs that
  strike where a delivery is taken, sent, looked up or settled: what is around that is the same code
  and the same rows for every provider;
- every order with at most three preemptions, or two where there are many effects.

A line for each provider tells how many deliveries were parked and how many of them the provider's
own records settled. The last line sums everything up. Crash points are the boundaries of the
stories without a fault; each pair adds those of its first fault. It exits with 1 on any duplicate,
any loss, or any other finding.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context, parent_process
from threading import Thread

from devstack import dynamodb_local
from tests.crash.connection import FaultyConnection
from tests.crash.contests import CONTESTS, every_order_of
from tests.crash.faults import Boundary, Fault
from tests.crash.harness import (
    Count,
    Plan,
    Run,
    is_sampled,
    pair_plans,
    prepared,
    run,
    single_plans,
)
from tests.crash.registry import ALL_PAIRS, PROVIDERS, STORIES
from tests.support.tables import create_tables

# The first parts of these two stories are the same until the provider wants a pause; that pause
# is a fault of its own, so that a fault before it and one after it would be three.
_CONTINUES = {"retry": "three_parts"}
_PROGRESS_SECONDS = 15.0
_PREEMPTIONS = 3
# Of the stories whose pairs are not all run, one pair in this many is. Sequences are long, and what
# sends their steps is what sends every draft.
_SAMPLE_ELSEWHERE = 12
_SAMPLE_OF_SEQUENCES = 60

_held = ExitStack()
_connections: list[FaultyConnection] = []


def main() -> int:
    """Run the suite, and return the exit code."""
    options = _parser().parse_args()
    total = Count()
    with ProcessPoolExecutor(
        options.processes, mp_context=get_context("spawn"), initializer=_start_engine
    ) as pool:
        stories, contests = options.stories or list(STORIES), [] if options.stories else CONTESTS
        traces = dict(zip(stories, pool.map(_trace, stories), strict=True))
        total.runs += len(traces)
        tasks = [
            (name, plan, _has_pairs(name, plan, traces), options.sample)
            for name, trace in traces.items()
            for plan in single_plans(trace)
        ]
        faulty = pool.map(_single_and_its_pairs, tasks)
        orders = pool.map(_every_order, contests)
        providers = [PROVIDERS[name] for name, *_ in tasks]
        by_provider = _add_up(faulty, providers, "first faults", total)
        _add_up(orders, ["contests"] * len(contests), "contests", total)
    for provider, count in by_provider.items():
        share = count.found / count.parked if count.parked else 1.0
        print(f"{provider}: parked {count.parked}, found {count.found} ({share:.0%})")
    print(
        f"crash points {sum(map(len, traces.values()))}, faults {len(Fault)}, "
        f"runs {total.runs}, duplicates {total.duplicates}, lost {total.lost}, "
        f"parked {total.parked}, found {total.found}, parked-and-settled {total.settled}"
    )
    return 1 if total.failures else 0


def _add_up(
    counts: Iterable[Count], groups: Sequence[str], what: str, total: Count
) -> dict[str, Count]:
    """Add the counts as they come, and tell on standard error how far it is.

    Args:
        groups: the name of the group of each count.

    Returns:
        The sum of each group.
    """
    sums: dict[str, Count] = {}
    told = time.monotonic()
    for done, (group, count) in enumerate(zip(groups, counts, strict=True), 1):
        total.merge(count)
        sums.setdefault(group, Count()).merge(count)
        for failure in count.failures:
            print(failure, file=sys.stderr, flush=True)
        if done == len(groups) or time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            progress = f"{done} of {len(groups)} {what}, {total.runs} runs"
            print(progress, file=sys.stderr, flush=True)
    return sums


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="a quicker look: every single fault, but only one pair in N, whatever the story",
    )
    parser.add_argument(
        "--stories",
        nargs="+",
        choices=STORIES,
        metavar="STORY",
        help="only these, and no contests",
    )
    return parser


def _has_pairs(name: str, plan: Plan, traces: dict[str, tuple[Boundary, ...]]) -> bool:
    earlier = _CONTINUES.get(name)
    return earlier not in traces or plan[0][0] > _alike(traces[name], traces[earlier])


def _alike(one: tuple[Boundary, ...], other: tuple[Boundary, ...]) -> int:
    """Return how many boundaries two traces share from their beginning."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


# --- in a process of the pool --------------------------------------------------------------------


def _start_engine() -> None:
    Thread(target=_end_with_the_run, daemon=True).start()
    # The engine ends with this process, whichever way that ends.
    connection = FaultyConnection(_held.enter_context(dynamodb_local.running()))
    create_tables(connection)
    _held.enter_context(prepared())
    _connections.append(connection)


def _end_with_the_run() -> None:
    """End this process when the one that gives it work is killed."""
    run_itself = parent_process()
    if run_itself is not None:
        run_itself.join()
        os._exit(1)


def _trace(name: str) -> tuple[Boundary, ...]:
    """Run the story without a fault; it must go well, or no other run means anything."""
    whole = run(STORIES[name], _connections[0])
    if whole.failed or whole.parked:
        raise RuntimeError(f"{name} fails without a fault: {whole.describe()}")
    return whole.trace


def _single_and_its_pairs(task: tuple[str, Plan, bool, int | None]) -> Count:
    name, plan, has_pairs, sample = task
    make, connection = STORIES[name], _connections[0]
    count = Count()
    single = run(make, connection, plan)
    count.add(single)
    if has_pairs:
        for pair in _pairs(name, single, sample):
            count.add(run(make, connection, pair))
    count.failures = [f"{name} {failure}" for failure in count.failures]
    return count


def _pairs(name: str, single: Run, sample: int | None) -> list[Plan]:
    all_of_them = name in ALL_PAIRS
    pairs = pair_plans(single, of_deliveries=not all_of_them)
    elsewhere = _SAMPLE_OF_SEQUENCES if name.startswith("sequence") else _SAMPLE_ELSEWHERE
    one_in = sample or (1 if all_of_them else elsewhere)
    return [pair for pair in pairs if is_sampled(name, pair, one_in=one_in)]


def _every_order(name: str) -> Count:
    outcome = every_order_of(name, _connections[0], preemptions=_PREEMPTIONS)
    return Count(runs=outcome.orders, failures=list(outcome.complaints))


if __name__ == "__main__":
    sys.exit(main())
