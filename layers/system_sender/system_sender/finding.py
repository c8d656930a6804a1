"""What a look at the provider's own records says of a delivery whose outcome is unknown. Plain."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from system_sender.letter import Letter
from system_sender.transport import Answer, NoAnswer, Request

# A look-up reads and sends nothing, so it may take several requests: pages, a list and its items.
Fetch = Callable[[Request], Answer | NoAnswer]


@dataclass(frozen=True, slots=True)
class Sought:
    """A delivery that may have left.

    Attributes:
        letter: what was to be sent, on its last route.
        since, until: when the provider may have accepted it, in epoch milliseconds, UTC, with
            the difference between two hosts' clocks allowed for on both sides.
    """

    letter: Letter
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Found:
    """A message in the provider's records that looks like the one that is sought.

    Attributes:
        at: the provider's time of it, in epoch milliseconds, UTC.
    """

    provider_message_id: str
    at: int
    provider_thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a provider's records hold: every message of ours with this text and in this time.

    Attributes:
        looked: False when nobody could look, which is not the same as seeing nothing.
    """

    looked: bool
    found: tuple[Found, ...] = ()


COULD_NOT_LOOK = Seen(looked=False)


class FindingKind(StrEnum):
    """FOUND settles; the others leave the delivery parked, with the evidence shown."""

    FOUND = "found"
    ABSENT = "absent"
    COULD_NOT_LOOK = "could_not_look"
    AMBIGUOUS = "ambiguous"
