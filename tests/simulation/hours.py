"""When an agency may write to a person, told apart from the system: by the clock on their wall."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.agencies import Agency, Person

_BUSINESS: Mapping[str, Any] = {"start": "09:00", "end": "17:00", "days": [0, 1, 2, 3, 4]}
_QUIET = {"start": "20:00", "end": "09:00", "sunday_start": "12:00"}
_SUNDAY = 6


def zone_of(agency: Agency, person: Person) -> ZoneInfo:
    """Return whose clock counts for a person."""
    return ZoneInfo(person.time_zone or agency.time_zone)


def local(at: int, zone: ZoneInfo) -> datetime:
    """Return what the clock shows at a moment (epoch milliseconds, UTC)."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def may_write(agency: Agency, person: Person, channel: str, at: int, *, asked: bool) -> bool:
    """Say whether automation may write to a person at a moment (epoch milliseconds, UTC).

    Args:
        asked: they wrote within the hour, and no hour is quiet for an answer.
    """
    now = local(at, zone_of(agency, person))
    if not _is_scheduled(agency, now):
        return False
    return channel != "sms" or asked or not _is_quiet(agency, now)


def _is_scheduled(agency: Agency, now: datetime) -> bool:
    schedule = agency.schedule
    if schedule is None:
        return True
    week = _BUSINESS if schedule["mode"] == "BUSINESS_HOURS" else schedule
    if now.date().isoformat() in schedule.get("blackout_dates", ()):
        return False
    return now.weekday() in week["days"] and week["start"] <= _clock(now) < week["end"]


def _is_quiet(agency: Agency, now: datetime) -> bool:
    quiet = agency.quiet_hours or _QUIET
    opens = quiet["end"]
    if now.weekday() == _SUNDAY and "sunday_start" in quiet:
        opens = max(opens, quiet["sunday_start"])
    return not opens <= _clock(now) < quiet["start"]


def _clock(now: datetime) -> str:
    return now.strftime("%H:%M")


def days_later(at: int, days: int, minutes: int, zone: ZoneInfo) -> int:
    """Return the moment so many days of the wall's clock, and then minutes, after another one."""
    later = local(at, zone) + timedelta(days=days)
    return int((later.astimezone(UTC) + timedelta(minutes=minutes)).timestamp() * 1000)


def day_of(at: int, zone: ZoneInfo) -> date:
    """Return the day it is on the wall's calendar."""
    return local(at, zone).date()
