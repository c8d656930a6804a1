"""How many automated messages of a workspace a clock hour sees: exactly, and without a queue.

One counter for all would let the claims of a whole workspace wait for each other. So an hour's cap
is dealt out to a few shares. A claim takes one from a share that has something left; which one the
draft's id decides. The sum of the shares is the cap, so it is never passed.

Hours are those of UTC. A draft counts in the hour of its first claim on a day, whenever it leaves.
"""

import hashlib
from dataclasses import dataclass

from system_sender.models import HourlyCount
from system_sender.store import Key, Write

HOUR = 60 * 60 * 1000
SHARES = 8
# Whatever had to wait for the next hour comes within its first minutes, not all at once.
SPREAD = 5 * 60 * 1000
# A count is of no use after its hour, but for whoever looks into yesterday.
_KEPT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class HourReading:
    """What the shares of an hour had used up when they were read."""

    hour: int
    used: tuple[int, ...]


def hour_of(now: int) -> int:
    """Return when the clock hour of this moment began; epoch milliseconds, UTC."""
    return now - now % HOUR


def share_keys(workspace: str, hour: int) -> list[Key]:
    """Return the keys of all shares of an hour."""
    return [(HourlyCount, _share_key(workspace, hour, number)) for number in range(SHARES)]


def reading_of(rows: list[HourlyCount | None], hour: int) -> HourReading:
    """Return what the rows under :func:`share_keys` say."""
    return HourReading(hour, tuple(int(row.used) if row is not None else 0 for row in rows))


def share_for(draft_id: str, cap: int, reading: HourReading | None, now: int) -> int | None:
    """Return the number of the share that a draft is to count in; None if all is used up.

    Args:
        reading: None where the shares were not read. Then one that is used up fails the claim.
    """
    used = reading.used if reading is not None and reading.hour == hour_of(now) else (0,) * SHARES
    if sum(used) >= cap:
        # Also where the cap was lowered within the hour.
        return None
    open_shares = [number for number in range(SHARES) if used[number] < part_of(cap, number)]
    return open_shares[_number_of(draft_id) % len(open_shares)] if open_shares else None


def part_of(cap: int, share: int) -> int:
    """Return how much of an hour's cap a share has."""
    return cap // SHARES + (share < cap % SHARES)


def next_hour(draft_id: str, now: int) -> int:
    """Return when a draft that found an hour used up is to look again."""
    return hour_of(now) + HOUR + _number_of(draft_id) % SPREAD


def count(write: Write, workspace: str, share: int, cap: int, now: int) -> None:
    """Add the step that takes one from a share, and fails where nothing is left."""
    hour = hour_of(now)
    is_left = HourlyCount.share.does_not_exist() | (HourlyCount.used < part_of(cap, share))
    write.update(
        "hour",
        HourlyCount(_share_key(workspace, hour, share)),
        [
            HourlyCount.used.add(1),
            HourlyCount.expires_at.set((hour + HOUR) // 1000 + _KEPT_SECONDS),
        ],
        is_left,
    )


def _share_key(workspace: str, hour: int, number: int) -> str:
    return f"{workspace}:{hour}:{number}"


def _number_of(draft_id: str) -> int:
    return int.from_bytes(hashlib.sha256(draft_id.encode()).digest()[:8], "big")
