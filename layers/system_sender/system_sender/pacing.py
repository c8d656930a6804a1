"""How fast one workspace's account is asked: below what its provider allows."""

import threading
from dataclasses import dataclass

from system_sender.transport import Answer, Guard, NoAnswer, Request, Transport
from system_sender.world import World

# GoHighLevel takes a hundred requests of a location in ten seconds. The rest is for the webhooks,
# which send beside the workers.
REQUESTS = 90
SECONDS = 10.0
SLOT_SECONDS = SECONDS / REQUESTS
# What one workspace can do in a minute.
REQUESTS_A_MINUTE = int(60 / SLOT_SECONDS)


def next_slot(free_at: float, now: float) -> tuple[float, float]:
    """Return when the next request may begin, and from when on the one after it.

    Args:
        free_at: from when on this one may begin; like `now`, monotonic seconds.
    """
    begins = max(free_at, now)
    return begins, begins + SLOT_SECONDS


class Pace:
    """Whose turn it is among the requests of one workspace. Threads may share it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._free_at = world.monotonic()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Wait for the next slot, take it, and return the seconds that were waited for."""
        with self._lock:
            now = self._world.monotonic()
            begins, self._free_at = next_slot(self._free_at, now)
        return self._wait(begins - now)

    def rest(self) -> None:
        """Wait until the next request may begin, whoever makes it."""
        self._wait(self._free_at - self._world.monotonic())

    def _wait(self, seconds: float) -> float:
        if seconds > 0:
            self._world.wait(seconds)
        return max(0.0, seconds)


@dataclass(frozen=True, slots=True)
class PacedTransport:
    """Sends what another transport sends, at the pace of one workspace."""

    transport: Transport
    pace: Pace

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request in the next slot; see :class:`Transport`. The time includes the wait."""
        waited = self.pace.take()
        return self.transport.send(request, seconds=seconds - waited, guard=guard)

    def forget_connections(self) -> None:
        """Open fresh connections from here on; see :class:`Transport`."""
        self.transport.forget_connections()
