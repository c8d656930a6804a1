"""What the harness tells of one sender: its beginning, its work, and how it stands at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.crash.faults import Fault
from tests.crash.world import FaultyWorld


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run stands once everything is quiet.

    Attributes:
        duplicates: requests that the provider accepted beyond the first, over all parts.
        lost: drafts that neither left nor stand where a sweep or a person sees them.
        parked: deliveries that wait for evidence or a person.
        found: deliveries that waited and that the provider's own records settled.
        problems: whatever else must not be, in words.
    """

    duplicates: int
    lost: int
    parked: int
    found: int = 0
    problems: tuple[str, ...] = ()


class Story(Protocol):
    """A sender at work on one approved draft, in a world where things go wrong."""

    world: FaultyWorld

    def seed(self) -> None:
        """Write what is there before anything can fail."""

    def begin(self) -> None:
        """Make the first invocation."""

    def recover(self) -> None:
        """Do what happens afterwards by itself: deliver again, and sweep until it is quiet."""

    def settle(self) -> int:
        """Let a person settle what is parked, by the provider's ledger; return how many."""

    def close(self) -> None:
        """Deliver once more and sweep days later: nothing may happen any more."""

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        """Judge by the provider's ledger."""

    def clean(self) -> None:
        """Take the rows away that another run's sweep would find."""


StoryMaker = Callable[[FaultyWorld], Story]
