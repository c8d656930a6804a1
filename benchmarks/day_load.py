"""What a day asks for: who has how many messages due, and when; and when providers fail. Pure."""

import random
from dataclasses import dataclass
from itertools import accumulate

from benchmarks.uneven import uneven

SEED = 1
DAY_MINUTES = 24 * 60
# The four zones of the United States: how many hours behind the first, and who lives there.
_HOURS_BEHIND, _INHABITED = (0, 1, 2, 3), (47, 29, 8, 16)
# By the tenant's own clock. What comes due over night waits, and is due when texting begins.
_OPENS, _CLOSES = 9 * 60, 20 * 60
_HELD_OVER_NIGHT, _HELD_MINUTES = 0.10, 5
_BUSY = {10: 2.0, 11: 2.0, 14: 1.5, 15: 1.5}


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the system.

    Attributes:
        uneven: how uneven the tenants are; see :func:`uneven`. At 0.6 and 2,000 tenants the largest
            has nearly as much as GoHighLevel takes of a location in a day, at 1 far more.
        outages: first minute of the day, and the one after the last, in which no provider answers.
        throttled: minutes in which providers take half of their rate, and refuse the rest.
    """

    messages: int = 10_000_000
    tenants: int = 2_000
    uneven: float = 0.6
    outages: tuple[tuple[int, int], ...] = ((10 * 60, 11 * 60), (15 * 60, 16 * 60))
    throttled: tuple[tuple[int, int], ...] = ((13 * 60, 13 * 60 + 30),)

    def sizes(self) -> list[int]:
        """Return how many messages each tenant has, the largest first."""
        return uneven(self.messages, self.tenants, self.uneven)


def arrivals(load: Load) -> list[list[int]]:
    """Return for each tenant how many messages are due in each minute; together, all of them."""
    chance = random.Random(SEED)
    curves = {behind: _cumulative(behind) for behind in _HOURS_BEHIND}
    return [
        _dealt(size, curves[chance.choices(_HOURS_BEHIND, _INHABITED)[0]], chance.random())
        for size in load.sizes()
    ]


def is_within(minute: int, spans: tuple[tuple[int, int], ...]) -> bool:
    """Say whether a minute is in one of the spans."""
    return any(first <= minute < end for first, end in spans)


def _cumulative(hours_behind: int) -> list[float]:
    """Return which part of a tenant's day is due by the end of each minute."""
    weights = [
        _BUSY.get(minute // 60, 1.0) if _OPENS <= minute < _CLOSES else 0.0
        for minute in range(DAY_MINUTES)
    ]
    whole = sum(weights)
    parts = [weight / whole * (1 - _HELD_OVER_NIGHT) for weight in weights]
    for minute in range(_OPENS, _OPENS + _HELD_MINUTES):
        parts[minute] += _HELD_OVER_NIGHT / _HELD_MINUTES
    shift = hours_behind * 60
    return list(accumulate([*parts[-shift:], *parts[:-shift]] if shift else parts))


def _dealt(size: int, cumulative: list[float], phase: float) -> list[int]:
    """Deal whole messages out by the curve; the phase says where in a minute the tenant begins."""
    by_then = [min(size, int(size * part + phase)) for part in cumulative]
    by_then[-1] = size
    return [now - before for before, now in zip([0, *by_then], by_then, strict=False)]
