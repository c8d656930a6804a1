"""One workspace's requests, a slot each, on a virtual clock."""

from dataclasses import dataclass, field

import pytest

from system_sender.pacing import REQUESTS, REQUESTS_A_MINUTE, SECONDS, Pace, PacedTransport
from system_sender.transport import Answer, Guard, NoAnswer, Request
from tests.support.clock import SteppingWorld

REQUEST = Request("POST", "https://example.com", {})


def permit() -> None:
    """Let a request begin."""


@dataclass
class NotingTransport:
    """Notes when each request begins, and how long it may take."""

    world: SteppingWorld
    takes: float = 0.0
    begun: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    forgotten: int = 0

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        self.begun.append(self.world.monotonic())
        self.limits.append(seconds)
        self.world.step(self.takes)
        return Answer(200, {}, b"")

    def forget_connections(self) -> None:
        self.forgotten += 1


def test_a_burst_is_stretched_to_ninety_in_ten_seconds() -> None:
    world = SteppingWorld()
    noted = NotingTransport(world)
    paced = PacedTransport(noted, Pace(world))
    for _ in range(REQUESTS + 1):
        paced.send(REQUEST, seconds=15, guard=permit)
    assert noted.begun[0] == 0.0
    assert noted.begun[-1] == pytest.approx(SECONDS)


def test_who_is_slower_than_the_pace_never_waits() -> None:
    world = SteppingWorld()
    noted = NotingTransport(world, takes=0.5)
    paced = PacedTransport(noted, Pace(world))
    for _ in range(5):
        paced.send(REQUEST, seconds=15, guard=permit)
    assert noted.begun == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
    assert noted.limits == [15] * 5


def test_the_wait_is_part_of_the_time_that_a_request_has() -> None:
    world = SteppingWorld()
    noted = NotingTransport(world)
    paced = PacedTransport(noted, Pace(world))
    paced.send(REQUEST, seconds=15, guard=permit)
    paced.send(REQUEST, seconds=15, guard=permit)
    assert noted.limits == pytest.approx([15, 15 - SECONDS / REQUESTS])


def test_the_next_worker_keeps_the_pace_as_well() -> None:
    world = SteppingWorld()
    noted = NotingTransport(world)
    for _ in range(REQUESTS // 10 + 1):
        pace = Pace(world)  # of another process, which knows nothing of the one before
        for _ in range(10):
            PacedTransport(noted, pace).send(REQUEST, seconds=15, guard=permit)
        pace.rest()
    assert noted.begun[REQUESTS] - noted.begun[0] >= SECONDS - 1e-6


def test_connections_are_forgotten_underneath() -> None:
    world = SteppingWorld()
    noted = NotingTransport(world)
    PacedTransport(noted, Pace(world)).forget_connections()
    assert noted.forgotten == 1


def test_a_workspace_does_540_requests_a_minute() -> None:
    assert REQUESTS_A_MINUTE == 540
