"""Hours, against somebody who looks at the clock on the wall again and again."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from system_sender.opening_hours import OpeningHours, Window, never_closed, next_open

STEP = 5 * 60_000
HOUR = 12 * STEP
DAY = 24 * HOUR
NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"
SYDNEY = "Australia/Sydney"


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


zones = st.sampled_from([NEW_YORK, BERLIN, SYDNEY, "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
# Around every change of the clock in these zones, and days without one.
days_near_changes = st.sampled_from(
    [
        date(2026, 3, 8),
        date(2026, 3, 29),
        date(2026, 4, 5),
        date(2026, 6, 15),
        date(2026, 10, 4),
        date(2026, 10, 25),
        date(2026, 11, 1),
        date(2028, 2, 29),
    ]
)
# What a clock is put forward or back by is a multiple of this, too.
times = st.integers(0, 24 * 12 - 1).map(lambda number: 5 * number)


class Looked:
    """Hours as somebody sees them who looks at the clock every five minutes, day by day."""

    def __init__(self, hours: OpeningHours, first: date, days: int) -> None:
        self._open: set[int] = set()
        for number in range(days):
            day = first + timedelta(days=number)
            window = hours.week[day.weekday()]
            if window is not None:
                self._look(day, window, hours.zone)

    def _look(self, day: date, window: Window, zone: ZoneInfo) -> None:
        midnight = datetime.combine(day, time())
        opens = midnight + timedelta(minutes=window.opens)
        closes = midnight + timedelta(minutes=window.closes)
        began = ended = False
        at = utc(midnight.isoformat()) - 15 * HOUR
        while not ended:
            wall = datetime.fromtimestamp(at / 1000, zone).replace(tzinfo=None, fold=0)
            began = began or wall >= opens
            ended = wall >= closes
            if began and not ended:
                self._open.add(at)
            at += STEP

    def is_open(self, moment: int) -> bool:
        return moment - moment % STEP in self._open


@given(
    zones, days_near_changes, times, times, st.sets(st.integers(0, 6)), st.integers(0, 2 * 24 * 12)
)
def test_it_opens_at_the_first_open_moment_and_at_none_before(
    zone: str, day: date, opens: int, closes: int, days: set[int], later: int
) -> None:
    window = Window(opens, closes if closes > opens else closes + 24 * 60)
    week = tuple(window if number in days else None for number in range(7))
    hours = OpeningHours(ZoneInfo(zone), week, never_closed)
    now = utc(f"{day - timedelta(days=1)}T00:00") + later * STEP
    looked = Looked(hours, day - timedelta(days=3), 8)
    end = now + 2 * DAY
    expected = next((at for at in range(now, end, STEP) if looked.is_open(at)), None)
    found = hours.next_open(now)
    assert (found if found is not None and found < end else None) == expected


@given(
    st.lists(st.tuples(zones, times, times), min_size=1, max_size=3),
    days_near_changes,
    st.integers(0, 24 * 12),
)
def test_several_open_at_the_first_moment_at_which_all_are_open(
    several: list[tuple[str, int, int]], day: date, later: int
) -> None:
    hours = []
    for zone, opens, closes in several:
        window = Window(opens, closes if closes > opens else closes + 24 * 60)
        hours.append(OpeningHours(ZoneInfo(zone), (window,) * 7, never_closed))
    now = utc(f"{day}T00:00") + later * STEP
    looked = [Looked(one, day - timedelta(days=2), 6) for one in hours]
    end = now + DAY
    everywhere = (at for at in range(now, end, STEP) if all(one.is_open(at) for one in looked))
    found = next_open(hours, now)
    assert (found if found is not None and found < end else None) == next(everywhere, None)
