"""A warm send against the naive ones: time, CPU, and sends a second."""

from collections.abc import Mapping, Sequence

from benchmarks.agency import WORKSPACE, Agency
from benchmarks.floor import Floor
from benchmarks.naive import Naive, with_stock_powertools
from benchmarks.rows import Against, Bound, Row
from benchmarks.turns import Contestant, Turn, in_turns, rates
from system_sender.result import SendOutcome
from system_sender.sending import approve_and_send_draft_system
from system_sender.system import System

OURS = "approve_and_send_draft_system"
NAIVE = "naive get, post, put, update"
STOCK = "the same behind stock Powertools"
BAREST = "barest reading: one get, post, one put, one update"
FLOOR = "our own five requests made bare, without our code"
_OTHERS = (NAIVE, STOCK, BAREST, FLOOR)

_RATIO = {0: 1.15, 150: 1.03}
_CPU_MILLISECONDS = 3.0
_ROUNDS = {0: 200, 150: 30}
_THREADS = (1, 8, 32)
_CALLS = {0: 96, 150: 96}


def measure(agency: Agency, base_url: str, token: str, delay: int, *, quick: bool) -> list[Row]:
    """Measure single sends, turn by turn, against a provider that takes `delay` milliseconds."""
    contestants = _contestants(agency, base_url, token)
    rounds = _ROUNDS[delay] // (10 if quick else 1)
    turns = in_turns(contestants, rounds)
    ours = turns[OURS]
    rows = [_time(delay, ours, turns, other) for other in _OTHERS]
    return rows + [_cpu(delay, ours, turns, other) for other in _OTHERS]


def measure_rates(
    agency: Agency, base_url: str, token: str, delay: int, *, quick: bool
) -> list[Row]:
    """Measure sends a second of this process, with different leads at once."""
    contestants = [
        contestant
        for contestant in _contestants(agency, base_url, token)
        if contestant.name in (OURS, NAIVE, FLOOR)
    ]
    rows = []
    for threads in _THREADS:
        calls = 32 if quick or threads == 1 else _CALLS[delay]
        rate = rates(contestants, threads, calls, rounds=1 if quick else 3)
        rows += [
            Row(
                group=f"sends a second of one process, provider at {delay} ms",
                name=f"{threads} at once" if threads > 1 else "one at a time",
                value=rate[OURS],
                unit="/s",
                baseline=rate[other],
                baseline_name=other,
                higher_is_better=True,
            )
            for other in (NAIVE, FLOOR)
        ]
    return rows


def send(system: System, draft_id: str) -> None:
    """Send a draft, and make sure that it went: a refusal would be quick, and no measurement."""
    result = approve_and_send_draft_system(draft_id, sent_by="ai", system=system)
    if result.outcome is not SendOutcome.SENT or result.replayed:
        raise RuntimeError(f"The benchmark's draft was not sent: {result.sentence}")


def _contestants(agency: Agency, base_url: str, token: str) -> Sequence[Contestant]:
    system = agency.system(base_url)
    naive = Naive(base_url, token)
    stock = with_stock_powertools(Naive(base_url, token))
    bare = Naive(base_url, token)
    floor = Floor(system, Naive(base_url, token), agency.lead_with_draft())

    def plain() -> str:
        return agency.lead_with_plain_draft().draft_id

    def barely(draft_id: str) -> str:
        # Any contact will do: the sandbox knows them all.
        return bare.send_barely(draft_id, "contact", WORKSPACE)

    def approved() -> str:
        return agency.lead_with_draft().draft_id

    return [
        Contestant(NAIVE, plain, naive.send),
        Contestant(OURS, approved, lambda draft_id: send(system, draft_id)),
        Contestant(STOCK, plain, stock),
        Contestant(BAREST, plain, barely),
        Contestant(FLOOR, approved, floor.send),
    ]


def _time(delay: int, ours: Turn, turns: Mapping[str, Turn], other: str) -> Row:
    return Row(
        group=f"one warm send, provider at {delay} ms",
        name="wall clock",
        value=ours.wall,
        unit="ms",
        baseline=turns[other].wall,
        baseline_name=other,
        bound=Bound(Against.RATIO, _RATIO[delay]) if other == NAIVE else None,
    )


def _cpu(delay: int, ours: Turn, turns: Mapping[str, Turn], other: str) -> Row:
    bounded = other == NAIVE and delay == 0
    return Row(
        group=f"one warm send, provider at {delay} ms",
        name="CPU of this process",
        value=ours.cpu,
        unit="ms",
        baseline=turns[other].cpu,
        baseline_name=other,
        bound=Bound(Against.DIFFERENCE, _CPU_MILLISECONDS) if bounded else None,
    )
