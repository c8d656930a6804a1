"""P1 and P2 under every fault in all its surroundings, and under a fixed sample of the pairs.

A fault at an effect that an earlier story met between the same effects, and of the same provider
where the delivery is concerned, is left to `make crash`, which runs every single fault of every
story and the other pairs as well; see `tests/crash/run.py`.
"""

from functools import cache
from itertools import takewhile

import pytest

from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.faults import (
    Fault,
    distinct_faults_at,
    faults_at,
    is_of_the_delivery,
    is_send,
    repeated_look_ups,
)
from tests.crash.harness import Plan, Run, is_sampled, pair_plans, run
from tests.crash.registry import ALL_PAIRS, PROVIDERS, STORIES

# One pair in this many is run here. Which ones depends on their names alone. The other channels
# differ from text messages in what their providers say, which single faults show.
SAMPLE = 400
SAMPLE_ELSEWHERE = 5_000
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


def test_no_single_fault_and_no_sampled_pair_sends_twice_or_loses(
    story: str, connection: FaultyConnection
) -> None:
    failures: list[str] = []
    for plan in _plans_of_its_own(story, connection):
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


def test_each_story_but_those_by_queue_meets_faults_where_no_other_does(
    connection: FaultyConnection,
) -> None:
    alike = {story for story in STORIES if not _plans_of_its_own(story, connection)}
    assert alike <= {story for story in STORIES if story.endswith("by queue")}


def _plans_of_its_own(story: str, connection: FaultyConnection) -> list[Plan]:
    """Return the single faults of a story in surroundings that no story before it has."""
    known: set[tuple[str, ...]] = set()
    for earlier in takewhile(lambda name: name != story, STORIES):
        known |= set(_surroundings(earlier, connection))
    own = _surroundings(story, connection)
    return [plan for where, plan in own.items() if where not in known]


@cache
def _surroundings(story: str, connection: FaultyConnection) -> dict[tuple[str, ...], Plan]:
    """Return the story's single faults by what makes each of them a case of its own."""
    trace = whole(story, connection).trace
    names = ["", *(at.name for at in trace), ""]
    repeated = repeated_look_ups(trace)
    return {
        (
            fault.value,
            *names[at.number - 1 : at.number + 2],
            PROVIDERS[story] if is_of_the_delivery(at) else "",
        ): ((at.number, fault),)
        for at in reversed(trace)
        if at.number not in repeated
        for fault in distinct_faults_at(at, trace[at.number - 2] if at.number > 1 else None)
    }


def _is_sampled(story: str, plan: Plan) -> bool:
    return is_sampled(story, plan, one_in=SAMPLE if story in ALL_PAIRS else SAMPLE_ELSEWHERE)
