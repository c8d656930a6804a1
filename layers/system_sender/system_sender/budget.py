"""How much time an invocation has left, and what still fits into it."""

from collections.abc import Callable
from dataclasses import dataclass

from system_sender.world import World

# One request's total time limit, from its start to the last byte of the answer.
REQUEST_SECONDS = 15.0
# Kept back for writing down what the provider answered, whatever it takes from DynamoDB.
SETTLE_SECONDS = 4.0
# Less than this for the provider is not worth a claim: the outcome would likely be unknown.
LEAST_REQUEST_SECONDS = 3.0

# After its last possible byte plus this, a delivery that still says `sending` is unknown.
GRACE_SECONDS = 60.0


# When a delivery whose outcome is unknown is looked up at its provider, counted from its parking.
# A provider may show a message only after seconds, and a report says up to ten.
LOOK_UP_AFTER = (30_000, 2 * 60_000, 10 * 60_000, 60 * 60_000)
ID_LOOK_UP_AFTER = 2 * 60_000
# The clocks of two hosts, allowed for on both sides of the time that is looked at.
LOOK_UP_SKEW = 2 * 60_000


def next_look_up(parked_at: int, done: int) -> int | None:
    """Return when the next look-up is due (epoch milliseconds, UTC), or None after the last."""
    return parked_at + LOOK_UP_AFTER[done] if done < len(LOOK_UP_AFTER) else None


def overdue_at(post_by: int) -> int:
    """Return when a claim with this post_by is past every deadline (epoch milliseconds, UTC)."""
    return post_by + int((REQUEST_SECONDS + GRACE_SECONDS) * 1000)


@dataclass(frozen=True, slots=True)
class Budget:
    """The end of an invocation on the monotonic clock, in seconds."""

    ends_at: float

    @classmethod
    def of_invocation(cls, world: World, remaining_milliseconds: Callable[[], int]) -> "Budget":
        """Return the budget of a Lambda invocation."""
        return cls(world.monotonic() + remaining_milliseconds() / 1000)

    @classmethod
    def of_seconds(cls, world: World, seconds: float) -> "Budget":
        """Return a budget that ends this many seconds from now."""
        return cls(world.monotonic() + seconds)

    def left(self, world: World) -> float:
        """Return the seconds that are left."""
        return self.ends_at - world.monotonic()

    def request_seconds(self, world: World) -> float | None:
        """Return the total time a request may take now, or None when none should start."""
        seconds = min(REQUEST_SECONDS, self.left(world) - SETTLE_SECONDS)
        return seconds if seconds >= LEAST_REQUEST_SECONDS else None
