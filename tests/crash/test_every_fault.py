"""P1 and P2 under every single fault, and under a fixed sample of the pairs.

`make crash` adds every other pair; see `tests/crash/run.py`.
"""

import zlib

import pytest
from system_sender.world import Effect

from tests.crash.connection import FaultyConnection
from tests.crash.faults import Fault, faults_at
from tests.crash.harness import Plan, Run, pair_plans, run, single_plans
from tests.crash.stories import STORIES

# One pair in this many is run here. Which ones depends on their names alone.
SAMPLE = 60


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest) -> str:
    """Every story in turn."""
    return str(request.param)


@pytest.fixture
def whole(story: str, connection: FaultyConnection) -> Run:
    """The story without a fault."""
    return run(STORIES[story], connection)


def test_without_a_fault_the_draft_leaves_and_nothing_is_parked(whole: Run) -> None:
    assert not whole.failed, whole.describe()
    assert whole.parked == 0
    effects = {boundary.effect for boundary in whole.trace}
    assert effects >= {Effect.DATABASE_READ, Effect.DATABASE_WRITE, Effect.PROVIDER}


@pytest.mark.parametrize("fault", Fault)
def test_no_single_fault_sends_twice_or_loses(
    story: str, fault: Fault, whole: Run, connection: FaultyConnection
) -> None:
    struck = [run(STORIES[story], connection, plan) for plan in _plans(whole, fault)]
    if not struck:
        pytest.skip("this fault strikes an effect that this story does not have")
    failures = [one.describe() for one in struck if one.failed]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("fault", Fault)
def test_no_pair_of_faults_in_the_sample_sends_twice_or_loses(
    story: str, fault: Fault, whole: Run, connection: FaultyConnection
) -> None:
    failures: list[str] = []
    for plan in _plans(whole, fault):
        pairs = pair_plans(run(STORIES[story], connection, plan))
        runs = [run(STORIES[story], connection, pair) for pair in pairs if _is_sampled(story, pair)]
        failures += [one.describe() for one in runs if one.failed]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize(
    ("fault", "parks"),
    [
        (Fault.KILLED_AFTER, True),
        (Fault.RESET_BEFORE, True),
        (Fault.STALLED_AFTER, True),
        (Fault.SERVER_ERROR_AFTER, True),
        (Fault.RATE_LIMITED, False),
        (Fault.REFUSED, False),
        (Fault.UNAUTHORIZED, False),
    ],
)
def test_only_an_unknown_outcome_is_parked_and_a_person_settles_it(
    fault: Fault, parks: bool, connection: FaultyConnection
) -> None:
    whole = run(STORIES["function"], connection)
    request = next(at for at in whole.trace if at.effect is Effect.PROVIDER)
    struck = run(STORIES["function"], connection, ((request.number, fault),))
    assert not struck.failed, struck.describe()
    assert (struck.parked, struck.settled) == ((1, 1) if parks else (0, 0))


def test_every_fault_of_the_list_strikes_somewhere(connection: FaultyConnection) -> None:
    traces = [run(make, connection).trace for make in STORIES.values()]
    struck = {fault for trace in traces for at in trace for fault in faults_at(at)}
    assert struck == set(Fault)


def _plans(whole: Run, fault: Fault) -> list[Plan]:
    return [plan for plan in single_plans(whole.trace) if plan[0][1] is fault]


def _is_sampled(story: str, plan: Plan) -> bool:
    name = " ".join([story, *(f"{number} {fault.value}" for number, fault in plan)])
    return zlib.crc32(name.encode()) % SAMPLE == 0
