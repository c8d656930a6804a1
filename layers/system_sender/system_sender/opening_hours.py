"""Hours that open and close by the clock on somebody's wall, and when they open next. Pure.

Moments are epoch milliseconds, UTC. A window lasts from the first moment of its day at which the
clock shows its opening time, or a later one, to the first at which it shows its closing time, or a
later one; the closing moment is outside. So where the clock is put forward over the opening time,
it opens with the jump, and where the clock is put back, the first of two equal times counts.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES_OF_DAY = 24 * 60
DAYS_OF_WEEK = 7
# Whoever is closed for longer than this is taken to be closed for good.
HORIZON_DAYS = 90
_HORIZON = HORIZON_DAYS * MINUTES_OF_DAY * 60_000


@dataclass(frozen=True, slots=True)
class Window:
    """When it is open, of a day.

    Attributes:
        opens: minutes of the wall clock since the day's midnight.
        closes: likewise; past 24 hours it is on the next day.
    """

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A week of windows in a zone.

    Attributes:
        week: the window that opens on each day, Monday first; None where none does.
        is_closed: says of a day that its window does not open, whatever the week says.
    """

    zone: ZoneInfo
    week: tuple[Window | None, ...]
    is_closed: Callable[[date], bool]

    def next_open(self, moment: int) -> int | None:
        """Return the first open moment from this one on; None if there is none before long."""
        today = datetime.fromtimestamp(moment / 1000, self.zone).date()
        # The window of the day before may be open past midnight.
        for ahead in range(-1, HORIZON_DAYS + 1):
            day = today + timedelta(days=ahead)
            window = self.week[day.weekday()]
            if window is None or self.is_closed(day):
                continue
            opens = first_moment(day, window.opens, self.zone)
            closes = first_moment(day, window.closes, self.zone)
            if max(opens, moment) < closes:
                return max(opens, moment)
        return None


def never_closed(day: date) -> bool:  # noqa: ARG001 - the shape of every such question
    """Say of every day that nothing closes it."""
    return False


def next_open(hours: Sequence[OpeningHours], now: int) -> int | None:
    """Return the first moment from `now` on at which all are open; None if there is none."""
    moment = now
    while moment - now <= _HORIZON:
        latest = moment
        for some in hours:
            opens = some.next_open(latest)
            if opens is None:
                return None
            latest = opens
        if latest == moment:
            return moment
        moment = latest
    return None


def first_moment(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return the first moment at which the clock shows this time of this day, or a later one.

    Args:
        minutes: since the day's midnight; 24 hours and more are on the next day.
    """
    days, minute = divmod(minutes, MINUTES_OF_DAY)
    shown = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60))
    moment = _milliseconds(shown.replace(tzinfo=zone))
    if _shown_at(moment, zone) == shown:
        return moment
    # The clock skips this time. Taken with the offset of after the jump, it lies before it.
    before = _milliseconds(shown.replace(tzinfo=zone, fold=1))
    jumped = range(before, moment + 1)
    return jumped[bisect_left(jumped, shown, key=lambda one: _shown_at(one, zone))]


def _shown_at(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment / 1000, zone).replace(tzinfo=None, fold=0)


def _milliseconds(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
