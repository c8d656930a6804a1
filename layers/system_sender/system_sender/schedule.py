"""When automation may write: the schedules of a campaign and of its workspace. Pure.

A schedule is a JSON object:

    {"mode": "CUSTOM", "start": "09:00", "end": "17:00", "days": [0, 1, 2, 3, 4],
     "time_zone": "Europe/Berlin",
     "holidays": {"country": "US", "subdivision": "CA", "except": ["Columbus Day"]},
     "blackout_dates": ["2026-12-24"],
     "blackout_ranges": [["2026-12-27", "2027-01-02"]]}

`mode` is ALWAYS, BUSINESS_HOURS (Monday to Friday, 09:00 to 17:00 unless `start` and `end` say
otherwise) or CUSTOM (`days` from `start` to `end`; 0 is Monday). `end` is outside; where it is not
after `start`, it is of the next day, and the day on which the window opens counts for everything.
Days and times are those of the lead's time zone, else of the workspace's; only CUSTOM may name
one. The mode is the campaign's, else the workspace's, else ALWAYS. Blackouts of both add up.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from system_sender.opening_hours import DAYS_OF_WEEK, MINUTES_OF_DAY, OpeningHours, Window
from system_sender.public_holidays import PublicHolidays, are_known
from system_sender.zones import zone_named

ALWAYS = "ALWAYS"
BUSINESS_HOURS = "BUSINESS_HOURS"
CUSTOM = "CUSTOM"
MODES = (ALWAYS, BUSINESS_HOURS, CUSTOM)

_WORKDAYS = frozenset(range(5))
_BUSINESS_START = 9 * 60
_BUSINESS_END = 17 * 60
_FIELDS = frozenset(
    {
        "mode",
        "start",
        "end",
        "days",
        "time_zone",
        "holidays",
        "blackout_dates",
        "blackout_ranges",
    }
)
_HOLIDAY_FIELDS = frozenset({"country", "subdivision", "except"})
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_RANGE_ENDS = 2


class ScheduleInvalid(ValueError):
    """Hours that cannot be understood; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as it was written down; None for what it does not say.

    Attributes:
        start, end: minutes since midnight.
    """

    mode: str | None = None
    start: int | None = None
    end: int | None = None
    days: frozenset[int] = frozenset()
    zone: ZoneInfo | None = None
    dates: frozenset[date] = frozenset()
    ranges: tuple[tuple[date, date], ...] = ()
    holidays: PublicHolidays | None = None

    def blacks_out(self, day: date) -> bool:
        """Say whether nothing goes by a window that opens on this day."""
        return (
            day in self.dates
            or any(first <= day <= last for first, last in self.ranges)
            or (self.holidays is not None and day in self.holidays)
        )

    @property
    def has_blackouts(self) -> bool:
        """Say whether there is any such day."""
        return bool(self.dates or self.ranges or self.holidays)


def scheduled_hours(campaign: Any, workspace: Any, zone: ZoneInfo) -> OpeningHours | None:
    """Return the hours in which automation may write; None where it may at any time.

    Args:
        campaign, workspace: their schedules, as JSON; None for none.
        zone: the lead's, or the workspace's.

    Raises:
        ScheduleInvalid: one of them cannot be understood.
    """
    own, general = read_schedule(campaign), read_schedule(workspace)
    leading = own if own.mode is not None else general
    week = _week(leading, general)
    if week is None and not (own.has_blackouts or general.has_blackouts):
        return None

    def is_closed(day: date) -> bool:
        return own.blacks_out(day) or general.blacks_out(day)

    whole_days = (Window(0, MINUTES_OF_DAY),) * DAYS_OF_WEEK
    return OpeningHours(leading.zone or zone, week or whole_days, is_closed)


def validate_schedule(value: Any) -> str | None:
    """Return what is wrong with a schedule, in a sentence, or None."""
    try:
        schedule = read_schedule(value)
        _week(schedule, schedule)
    except ScheduleInvalid as invalid:
        return str(invalid)
    return None


def read_schedule(value: Any) -> Schedule:
    """Read a schedule.

    Raises:
        ScheduleInvalid: it cannot be understood. What a schedule does not know is a mistake, too.
    """
    if value is None:
        return Schedule()
    fields = said_in(value, "A schedule", _FIELDS)
    mode, custom = _mode(fields), fields.get("mode") == CUSTOM
    if not custom and ("days" in fields or "time_zone" in fields):
        raise ScheduleInvalid(f"days and time_zone belong to a schedule of mode {CUSTOM} alone.")
    schedule = Schedule(
        mode,
        minutes_in(fields, "start"),
        minutes_in(fields, "end"),
        _days(fields["days"]) if "days" in fields else frozenset(),
        _zone(fields["time_zone"]) if "time_zone" in fields else None,
        frozenset(_date(day) for day in _list(fields, "blackout_dates")),
        tuple(_range(pair) for pair in _list(fields, "blackout_ranges")),
        _holidays(fields["holidays"]) if "holidays" in fields else None,
    )
    if custom and (None in (schedule.start, schedule.end) or not schedule.days):
        raise ScheduleInvalid(f"A schedule of mode {CUSTOM} needs start, end and days.")
    return schedule


def _week(leading: Schedule, general: Schedule) -> tuple[Window | None, ...] | None:
    """Return the windows of a week; None for all of it."""
    if leading.mode == CUSTOM:
        return week_of(leading.days, leading.start or 0, leading.end or 0)
    if leading.mode == BUSINESS_HOURS:
        start = _first_said(leading.start, general.start, _BUSINESS_START)
        end = _first_said(leading.end, general.end, _BUSINESS_END)
        return week_of(_WORKDAYS, start, end)
    return None


def week_of(days: Iterable[int], start: int, end: int) -> tuple[Window | None, ...]:
    """Return a week with the same window on some of its days."""
    if start == end:
        raise ScheduleInvalid("start and end are the same; a whole day is 00:00 to 24:00.")
    window = Window(start, end if end > start else end + MINUTES_OF_DAY)
    return tuple(window if day in set(days) else None for day in range(DAYS_OF_WEEK))


def _first_said(*values: int | None) -> int:
    return next(value for value in values if value is not None)


# --- reading -------------------------------------------------------------------------------------


def said_in(value: Any, what: str, known: frozenset[str]) -> Mapping[str, Any]:
    """Return the fields of a JSON object that are not null.

    Raises:
        ScheduleInvalid: it is no object, or has a field that is not known.
    """
    if not isinstance(value, Mapping):
        raise ScheduleInvalid(f"{what} must be an object.")
    unknown = sorted(str(name) for name in value.keys() - known)
    if unknown:
        raise ScheduleInvalid(f"{what} has no {', '.join(unknown)}.")
    return {name: said for name, said in value.items() if said is not None}


def minutes_in(fields: Mapping[str, Any], name: str) -> int | None:
    """Return a time of day in minutes since midnight, or None where nothing is said.

    Raises:
        ScheduleInvalid: it is no time of day.
    """
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        raise ScheduleInvalid(f"{name} must be a time of day such as 09:00.")
    if value == "24:00" and name != "end":
        raise ScheduleInvalid(f"{name} must be a time of day such as 09:00; only end may be 24:00.")
    hours, minutes = value.split(":")
    return int(hours) * 60 + int(minutes)


def _mode(fields: Mapping[str, Any]) -> str | None:
    mode = fields.get("mode")
    if mode is not None and mode not in MODES:
        raise ScheduleInvalid(f"mode must be one of {', '.join(MODES)}.")
    return mode


def _days(value: Any) -> frozenset[int]:
    days = value if isinstance(value, list) else [value]
    # JSON as DynamoDB and a seed keep it has no other numbers; True is no day.
    known = all(type(day) is int and 0 <= day < DAYS_OF_WEEK for day in days)
    if not known or not days:
        raise ScheduleInvalid("days must be a list of days from 0, Monday, to 6, Sunday.")
    return frozenset(days)


def _zone(value: Any) -> ZoneInfo:
    zone = zone_named(value) if isinstance(value, str) else None
    if zone is None:
        raise ScheduleInvalid("time_zone must be an IANA time zone such as America/New_York.")
    return zone


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise ScheduleInvalid(f"{name} must be a list.")
    return value


def _date(value: Any) -> date:
    try:
        # Python reads more than one form of ISO 8601; one is enough.
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        day = None
    if day is None or day.isoformat() != value:
        raise ScheduleInvalid("A blackout's day must be a date such as 2026-12-24.")
    return day


def _range(value: Any) -> tuple[date, date]:
    if not isinstance(value, list) or len(value) != _RANGE_ENDS:
        raise ScheduleInvalid("A blackout's range must be a list of its first and last day.")
    first, last = map(_date, value)
    if first > last:
        raise ScheduleInvalid("A blackout's range must not end before it begins.")
    return first, last


def _holidays(value: Any) -> PublicHolidays:
    fields = said_in(value, "holidays", _HOLIDAY_FIELDS)
    country, subdivision = fields.get("country"), fields.get("subdivision")
    if not isinstance(country, str) or not isinstance(subdivision, str | None):
        raise ScheduleInvalid("holidays needs a country of two letters; its subdivision is a text.")
    excepted = _list(fields, "except")
    if not all(isinstance(name, str) for name in excepted):
        raise ScheduleInvalid("except must be a list of holidays' names.")
    if not are_known(country, subdivision):
        raise ScheduleInvalid("The holidays of this country or subdivision are not known.")
    return PublicHolidays(country, subdivision, frozenset(excepted))
