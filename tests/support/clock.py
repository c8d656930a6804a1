"""A world whose clock moves only when told to, or by waiting."""

import threading
import time

from system_sender.world import World


class SteppingWorld(World):
    """Real effects under a virtual clock, which starts now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.time()
        self._passed = 0.0

    def now(self) -> int:
        """Return the virtual wall clock, epoch milliseconds, UTC."""
        return int((self._started + self._passed) * 1000)

    def monotonic(self) -> float:
        """Return the virtual seconds that passed."""
        return self._passed

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.step(seconds)

    def step(self, seconds: float) -> None:
        """Let virtual time pass."""
        with self._lock:
            self._passed += seconds
