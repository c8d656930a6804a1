"""When nobody is texted unasked, by the clock where the lead is. Pure.

A workspace's quiet hours are a JSON object: {"start": "20:00", "end": "09:00", "sunday_start":
"12:00"}. They begin at `start` in the evening and end at `end` in the morning, on Sundays at
`sunday_start`, if it says so. That is also what holds where a workspace says nothing: the United
States allow calls and texts from 8 in the morning to 9 in the evening where the recipient is, some
of their states only to 8 and on Sundays from noon. With `start` and `end` the same there are none.
"""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from system_sender.opening_hours import (
    DAYS_OF_WEEK,
    MINUTES_OF_DAY,
    OpeningHours,
    Window,
    never_closed,
)
from system_sender.schedule import ScheduleInvalid, minutes_in, said_in

DEFAULT = {"start": "20:00", "end": "09:00", "sunday_start": "12:00"}
# Whoever wrote this recently is awake and expects an answer. An hour holds a reply's delay and a
# provider's trouble, and not an evening's reply that would arrive in the night.
ASKED_FOR_MILLISECONDS = 60 * 60 * 1000

_FIELDS = frozenset(DEFAULT)
_SUNDAY = 6


def is_asked_for(last_inbound_at: int | None, now: int) -> bool:
    """Say whether a message at this moment would answer what the lead has just written."""
    return last_inbound_at is not None and abs(now - last_inbound_at) <= ASKED_FOR_MILLISECONDS


def texting_hours(quiet: Any, zones: Iterable[ZoneInfo]) -> list[OpeningHours]:
    """Return the hours in which a text may come unasked, one for each zone the lead may be in.

    Raises:
        ScheduleInvalid: the quiet hours cannot be understood.
    """
    week = _week(DEFAULT if quiet is None else quiet)
    return [OpeningHours(zone, week, never_closed) for zone in zones]


def validate_quiet_hours(value: Any) -> str | None:
    """Return what is wrong with quiet hours, in a sentence, or None."""
    try:
        texting_hours(value, ())
    except ScheduleInvalid as invalid:
        return str(invalid)
    return None


def _week(quiet: Any) -> tuple[Window | None, ...]:
    fields = said_in(quiet, "Quiet hours", _FIELDS)
    start, end = minutes_in(fields, "start"), minutes_in(fields, "end")
    if start is None or end is None:
        raise ScheduleInvalid("Quiet hours need start and end.")
    opens, closes = (0, MINUTES_OF_DAY) if start == end else (end, start or MINUTES_OF_DAY)
    if closes <= opens:
        # Read the other way round they would allow the night alone.
        raise ScheduleInvalid("Quiet hours begin in the evening and end in the morning.")
    sunday = minutes_in(fields, "sunday_start")
    weekday = Window(opens, closes)
    on_sunday = weekday if sunday is None else _later(weekday, sunday)
    return tuple(on_sunday if day == _SUNDAY else weekday for day in range(DAYS_OF_WEEK))


def _later(window: Window, opens: int) -> Window | None:
    opens = max(window.opens, opens)
    return Window(opens, window.closes) if opens < window.closes else None
