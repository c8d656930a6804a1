"""Runs invocations side by side, one effect at a time, in every order that is asked for.

Each invocation is a thread that stops in front of each of its effects and goes on when it is its
turn. Who is next is decided here, so an order can be repeated; all orders are found by running one
and then, at each of its turns, every other choice. A *preemption* takes the turn from somebody who
could have gone on: bounding their number (as CHESS does) keeps the count of orders small and finds
the mistakes first.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from system_sender.store import StorageError
from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.faults import Boundary
from tests.crash.world import FaultyWorld

T = TypeVar("T")
_STUCK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One choice: who could have gone, and who went."""

    ready: tuple[int, ...]
    chosen: int


class Baton:
    """Lets one thread at a time go from one effect to the next."""

    def __init__(self, invocations: Sequence[Callable[[], object]]) -> None:
        self._threads = [
            threading.Thread(target=self._live, args=(number, invocation), daemon=True)
            for number, invocation in enumerate(invocations)
        ]
        self._go = [threading.Semaphore(0) for _ in invocations]
        self._back = threading.Semaphore(0)
        self._number = threading.local()
        self._alive = set(range(len(invocations)))
        self.problems: list[str] = []

    def run(self, order: Sequence[int]) -> list[Turn]:
        """Run everything to its end: in this order first, then whoever is at it goes on."""
        for number, thread in enumerate(self._threads):
            thread.start()
            self._give(number)  # up to its first effect
        turns: list[Turn] = []
        current = -1
        while self._alive:
            ready = tuple(sorted(self._alive))
            wanted = order[len(turns)] if len(turns) < len(order) else current
            current = wanted if wanted in self._alive else ready[0]
            turns.append(Turn(ready, current))
            self._give(current)
        for thread in self._threads:
            thread.join()
        return turns

    def reach(self) -> None:
        """Stop in front of an effect until it is this thread's turn."""
        number: int | None = getattr(self._number, "value", None)
        if number is None:
            return  # not one of the invocations: the test itself
        self._back.release()
        self._go[number].acquire()

    def _give(self, number: int) -> None:
        self._go[number].release()
        if not self._back.acquire(timeout=_STUCK_SECONDS):
            raise TimeoutError("An invocation neither ended nor came to its next effect.")

    def _live(self, number: int, invocation: Callable[[], object]) -> None:
        self._number.value = number
        self._go[number].acquire()
        try:
            invocation()
        except StorageError:
            pass  # infrastructure may fail; the work is still due
        except Exception as error:  # noqa: BLE001 - any other exception is a finding
            self.problems.append(f"an invocation raised {type(error).__name__}: {error}")
        finally:
            self._alive.discard(number)
            self._back.release()


class SideBySideWorld(FaultyWorld):
    """A world in which invocations run side by side; nothing fails by itself.

    Attributes:
        applied: the names of the writes that were applied, in order.
    """

    baton: Baton | None = None

    def __init__(self, name: str, connection: FaultyConnection) -> None:
        super().__init__(name, connection)
        self.applied: list[str] = []

    def perform(self, effect: Effect, name: str, call: Callable[[], T]) -> T:
        """Perform one effect when it is this invocation's turn."""
        if self.baton is None:
            return super().perform(effect, name, call)
        self.baton.reach()
        self.trace.append(Boundary(len(self.trace) + 1, effect, name))
        self.advance(3)
        answer = call()
        if effect is Effect.DATABASE_WRITE:
            self.applied.append(name)
            self.watch()
        return answer

    def side_by_side(
        self, order: Sequence[int], invocations: Sequence[Callable[[], object]]
    ) -> list[Turn]:
        """Run invocations in an order of turns."""
        self.baton = Baton(invocations)
        try:
            return self.baton.run(order)
        finally:
            self.problems += self.baton.problems
            self.baton = None


def every_order(
    run: Callable[[tuple[int, ...]], list[Turn]], *, preemptions: int
) -> Iterator[tuple[int, ...]]:
    """Run every order with at most so many preemptions, and yield each after its run."""
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        prefix = waiting.pop()
        turns = run(prefix)
        order = tuple(turn.chosen for turn in turns)
        yield order
        for at in range(len(prefix), len(turns)):
            for other in turns[at].ready:
                branch = (*order[:at], other)
                if other != order[at] and _preemptions(branch, turns) <= preemptions:
                    waiting.append(branch)


def _preemptions(order: tuple[int, ...], turns: list[Turn]) -> int:
    """Count the turns that were taken from somebody who could have gone on."""
    return sum(
        1
        for at in range(1, len(order))
        if order[at] != order[at - 1] and order[at - 1] in turns[at].ready
    )
