"""P1 and P2 under every single fault, and under a fixed sample of the pairs.

`make crash` adds every other pair; see `tests/crash/run.py`.
"""

from functools import cache

import pytest

from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.faults import Fault, faults_at, is_send
from tests.crash.harness import Plan, Run, is_sampled, pair_plans, run, single_plans
from tests.crash.registry import ALL_PAIRS, STORIES

# One pair in this many is run here. Which ones depends on their names alone. The other channels
# differ from text messages in what their providers say, which single faults show.
SAMPLE = 40
SAMPLE_ELSEWHERE = 400
REPLIES = ("webhook", "gohighlevel e-mail", "emailbison", "smartlead", "instantly", "unipile")


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest) -> str:
    """Every story in turn."""
    return str(request.param)


@cache
def whole(story: str, connection: FaultyConnection) -> Run:
    """Return the story's run without a fault."""
    return run(STORIES[story], connection)


def test_without_a_fault_the_draft_leaves_and_nothing_is_parked(
    story: str, connection: FaultyConnection
) -> None:
    unharmed = whole(story, connection)
    assert not unharmed.failed, unharmed.describe()
    assert unharmed.parked == 0
    effects = {boundary.effect for boundary in unharmed.trace}
    assert effects >= {Effect.DATABASE_READ, Effect.DATABASE_WRITE, Effect.PROVIDER}


@pytest.mark.parametrize("fault", Fault)
def test_no_single_fault_and_no_sampled_pair_sends_twice_or_loses(
    story: str, fault: Fault, connection: FaultyConnection
) -> None:
    failures: list[str] = []
    for plan in _plans(whole(story, connection), fault):
        single = run(STORIES[story], connection, plan)
        pairs = [pair for pair in pair_plans(single) if _is_sampled(story, pair)]
        runs = [single, *(run(STORIES[story], connection, pair) for pair in pairs)]
        failures += [one.describe() for one in runs if one.failed]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("story", REPLIES)
@pytest.mark.parametrize(
    ("fault", "parks", "finds"),
    [
        (Fault.KILLED_AFTER, True, True),
        (Fault.RESET_BEFORE, True, False),
        (Fault.STALLED_AFTER, True, True),
        (Fault.ACCEPTED_LATE, True, True),
        (Fault.SERVER_ERROR_AFTER, True, True),
        (Fault.RATE_LIMITED, False, False),
        (Fault.REFUSED, False, False),
        (Fault.UNAUTHORIZED, False, False),
    ],
)
def test_only_an_unknown_outcome_is_parked_and_what_left_is_found_in_the_providers_records(
    story: str, fault: Fault, parks: bool, finds: bool, connection: FaultyConnection
) -> None:
    unharmed = whole(story, connection)
    request = next(at for at in unharmed.trace if is_send(at))
    struck = run(STORIES[story], connection, ((request.number, fault),))
    assert not struck.failed, struck.describe()
    assert (struck.parked, struck.settled) == ((1, 1) if parks else (0, 0))
    assert struck.found == int(finds)


def test_every_fault_of_the_list_strikes_somewhere(connection: FaultyConnection) -> None:
    traces = [whole(story, connection).trace for story in STORIES]
    struck = {fault for trace in traces for at in trace for fault in faults_at(at)}
    assert struck == set(Fault)


def _plans(unharmed: Run, fault: Fault) -> list[Plan]:
    return [plan for plan in single_plans(unharmed.trace) if plan[0][1] is fault]


def _is_sampled(story: str, plan: Plan) -> bool:
    return is_sampled(story, plan, one_in=SAMPLE if story in ALL_PAIRS else SAMPLE_ELSEWHERE)
