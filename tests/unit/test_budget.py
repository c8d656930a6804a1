"""What still fits into an invocation."""

import pytest

from system_sender.budget import (
    LEAST_REQUEST_SECONDS,
    REQUEST_SECONDS,
    SETTLE_SECONDS,
    Budget,
    overdue_at,
)
from system_sender.switches import (
    CLOCK_SKEW_SECONDS,
    MAX_AGE_SECONDS,
    POST_WINDOW_SECONDS,
    SETTLING_SECONDS,
)
from system_sender.world import World


class StillWorld(World):
    """A world whose clock stands where it is put."""

    def __init__(self, monotonic: float = 1_000.0) -> None:
        self.seconds = monotonic

    def monotonic(self) -> float:
        return self.seconds


def test_a_budget_ends_when_the_invocation_does() -> None:
    world = StillWorld()
    budget = Budget.of_invocation(world, lambda: 28_000)
    assert budget.left(world) == 28
    world.seconds += 20
    assert budget.left(world) == 8


@pytest.mark.parametrize(
    ("left", "request_seconds"),
    [
        (60.0, REQUEST_SECONDS),
        (REQUEST_SECONDS + SETTLE_SECONDS, REQUEST_SECONDS),
        (10.0, 6.0),
        (LEAST_REQUEST_SECONDS + SETTLE_SECONDS, LEAST_REQUEST_SECONDS),
        (LEAST_REQUEST_SECONDS + SETTLE_SECONDS - 0.5, None),
        (0.0, None),
        (-5.0, None),
    ],
)
def test_a_request_leaves_time_to_write_down_its_answer(
    left: float, request_seconds: float | None
) -> None:
    world = StillWorld()
    assert Budget.of_seconds(world, left).request_seconds(world) == request_seconds


def test_a_claim_is_overdue_a_minute_after_its_request_could_have_ended() -> None:
    assert overdue_at(1_000) == 1_000 + (15 + 60) * 1000


def test_a_pause_waits_for_every_request_that_an_older_reading_allows() -> None:
    assert SETTLING_SECONDS >= MAX_AGE_SECONDS + POST_WINDOW_SECONDS + CLOCK_SKEW_SECONDS
