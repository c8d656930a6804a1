"""Hours by the clock on a wall, through both its changes in three zones, and otherwise."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from system_sender.opening_hours import (
    HORIZON_DAYS,
    OpeningHours,
    Window,
    first_moment,
    never_closed,
    next_open,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"
SYDNEY = "Australia/Sydney"


def minutes(text: str) -> int:
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def daily(zone: str, opens: str, closes: str, days: Iterable[int] = range(7)) -> OpeningHours:
    """Hours that are the same on some days; past midnight if they close before they open."""
    first, last = minutes(opens), minutes(closes)
    window = Window(first, last if last > first else last + 24 * 60)
    week = tuple(window if day in set(days) else None for day in range(7))
    return OpeningHours(ZoneInfo(zone), week, never_closed)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def shown(moment: int, zone: str) -> str:
    return datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).isoformat(timespec="minutes")


# --- a time that the clock skips, or shows twice -------------------------------------------------

FORWARD = [
    # The clock jumps from 2:00 to 3:00.
    (NEW_YORK, date(2026, 3, 8), "2026-03-08T07:00"),
    (BERLIN, date(2026, 3, 29), "2026-03-29T01:00"),
    (SYDNEY, date(2026, 10, 4), "2026-10-03T16:00"),
]
BACK = [
    # The zone, the day, and when the clock first shows 2:30: it does so again an hour later.
    (NEW_YORK, date(2026, 11, 1), "01:30", "2026-11-01T05:30"),
    (BERLIN, date(2026, 10, 25), "02:30", "2026-10-25T00:30"),
    (SYDNEY, date(2026, 4, 5), "02:30", "2026-04-04T15:30"),
]


@pytest.mark.parametrize(("zone", "day", "jump"), FORWARD)
@pytest.mark.parametrize("skipped", ["02:00", "02:01", "02:30", "02:59", "03:00"])
def test_a_time_that_the_clock_skips_is_the_moment_of_the_jump(
    zone: str, day: date, jump: str, skipped: str
) -> None:
    assert first_moment(day, minutes(skipped), ZoneInfo(zone)) == utc(jump)


@pytest.mark.parametrize(("zone", "day", "time", "first"), BACK)
def test_of_two_equal_times_the_first_counts(zone: str, day: date, time: str, first: str) -> None:
    assert first_moment(day, minutes(time), ZoneInfo(zone)) == utc(first)


@pytest.mark.parametrize(("zone", "day", "jump"), FORWARD)
def test_hours_that_begin_in_what_is_skipped_open_with_the_jump(
    zone: str, day: date, jump: str
) -> None:
    hours = daily(zone, "02:30", "05:00")
    before = utc(jump) - 1
    assert hours.next_open(before) == utc(jump)
    assert shown(utc(jump), zone).startswith(f"{day}T03:00")


@pytest.mark.parametrize(("zone", "day", "jump"), FORWARD)
def test_hours_that_lie_wholly_in_what_is_skipped_open_the_day_after(
    zone: str, day: date, jump: str
) -> None:
    hours = daily(zone, "02:15", "02:45")
    opens = hours.next_open(utc(jump) - 1)
    assert opens is not None
    assert shown(opens, zone).startswith(f"{day + timedelta(days=1)}T02:15")


@pytest.mark.parametrize(("zone", "day", "time", "first"), BACK)
def test_hours_do_not_begin_twice_where_the_clock_is_put_back(
    zone: str, day: date, time: str, first: str
) -> None:
    closes = f"{time[:3]}45"
    hours = daily(zone, time, closes)
    opened, closed = utc(first), utc(first) + 15 * MINUTE
    assert hours.next_open(opened) == opened
    later = hours.next_open(closed)
    assert later is not None
    assert shown(later, zone).startswith(f"{day + timedelta(days=1)}T{time}")


@pytest.mark.parametrize(
    ("zone", "night", "length"),
    [
        (NEW_YORK, "2026-03-07", 7),
        (NEW_YORK, "2026-10-31", 9),
        (BERLIN, "2026-03-28", 7),
        (BERLIN, "2026-10-24", 9),
        (SYDNEY, "2026-10-03", 7),
        (SYDNEY, "2026-04-04", 9),
    ],
)
def test_a_night_in_which_the_clock_changes_is_an_hour_shorter_or_longer(
    zone: str, night: str, length: int
) -> None:
    hours = daily(zone, "22:00", "06:00")
    opens = first_moment(date.fromisoformat(night), minutes("22:00"), ZoneInfo(zone))
    closes = opens + length * HOUR
    assert hours.next_open(opens - 1) == opens
    assert hours.next_open(closes - 1) == closes - 1
    reopened = hours.next_open(closes)
    assert reopened is not None
    assert reopened > closes
    assert shown(closes, zone)[11:16] == "06:00"


@pytest.mark.parametrize(
    ("zone", "now", "opens"),
    [
        (NEW_YORK, "2026-03-07T12:00", "2026-03-08T09:00-04:00"),
        (NEW_YORK, "2026-10-31T12:00", "2026-11-01T09:00-05:00"),
        (BERLIN, "2026-03-28T12:00", "2026-03-29T09:00+02:00"),
        (BERLIN, "2026-10-24T12:00", "2026-10-25T09:00+01:00"),
        (SYDNEY, "2026-10-03T12:00", "2026-10-04T09:00+11:00"),
        (SYDNEY, "2026-04-04T12:00", "2026-04-05T09:00+10:00"),
    ],
)
def test_nine_in_the_morning_is_nine_by_the_clock_after_it_was_changed(
    zone: str, now: str, opens: str
) -> None:
    moment = int(datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    opened = daily(zone, "09:00", "10:00").next_open(moment)
    assert opened is not None
    assert shown(opened, zone) == opens


def test_a_whole_day_has_as_many_hours_as_the_clock_gives_it() -> None:
    sunday = daily(NEW_YORK, "00:00", "24:00", days=[6])
    short, long = utc("2026-03-08T05:00"), utc("2026-11-01T04:00")
    for begins, length in ((short, 23), (long, 25)):
        ends = begins + length * HOUR
        assert sunday.next_open(begins - 1) == begins
        assert sunday.next_open(ends - 1) == ends - 1
        assert sunday.next_open(ends) != ends


def test_a_day_that_a_place_leaves_out_altogether_has_no_hours() -> None:
    """Samoa went over the date line: after 29 December 2011 came the 31st."""
    apia = daily("Pacific/Apia", "09:00", "17:00")
    closed = utc("2011-12-30T03:00")  # 17:00 on the 29th
    assert apia.next_open(closed) == utc("2011-12-30T19:00")  # 9:00 on the 31st


# --- days ----------------------------------------------------------------------------------------


def test_the_leap_day_is_a_day_like_others() -> None:
    hours = daily(NEW_YORK, "09:00", "17:00")
    opens = hours.next_open(utc("2028-02-28T22:00"))  # 17:00, closed
    assert opens == utc("2028-02-29T14:00")
    assert hours.next_open(utc("2028-02-29T22:00")) == utc("2028-03-01T14:00")


def test_a_day_that_is_closed_takes_its_night_with_it() -> None:
    friday = date(2026, 3, 6)
    nights = daily(NEW_YORK, "22:00", "06:00")
    closed = OpeningHours(nights.zone, nights.week, lambda day: day == friday)
    assert closed.next_open(utc("2026-03-06T08:00")) == utc("2026-03-06T08:00"), "Thursday's night"
    assert closed.next_open(utc("2026-03-07T04:00")) == utc("2026-03-08T03:00"), "Saturday at 22"


def test_the_closing_moment_is_outside() -> None:
    hours = daily("UTC", "09:00", "17:00")
    last = utc("2026-03-03T17:00") - 1
    assert hours.next_open(last) == last
    assert hours.next_open(last + 1) == utc("2026-03-04T09:00")


def test_what_is_closed_for_longer_than_the_horizon_never_opens() -> None:
    now = utc("2026-03-03T12:00")
    reopens = date(2026, 3, 3) + timedelta(days=HORIZON_DAYS)
    hours = daily("UTC", "00:00", "24:00")
    just = OpeningHours(hours.zone, hours.week, lambda day: day < reopens)
    assert next_open([just], now) == utc("2026-06-01T00:00")
    never = OpeningHours(hours.zone, hours.week, lambda day: day <= reopens)
    assert next_open([never], now) is None


# --- several hours at once -----------------------------------------------------------------------


def test_nothing_to_keep_to_is_open_now() -> None:
    assert next_open([], 17) == 17


def test_several_are_open_where_all_are() -> None:
    hours = [daily(NEW_YORK, "09:00", "17:00"), daily("America/Los_Angeles", "09:00", "17:00")]
    assert next_open(hours, utc("2026-03-03T14:00")) == utc("2026-03-03T17:00")
    assert next_open(hours, utc("2026-03-03T22:00")) == utc("2026-03-04T17:00")


def test_hours_that_never_meet_are_never_open() -> None:
    hours = [daily("UTC", "09:00", "12:00"), daily("UTC", "12:00", "15:00")]
    assert next_open(hours, utc("2026-03-03T10:00")) is None
