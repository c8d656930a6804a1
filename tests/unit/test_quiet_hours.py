"""When nobody is texted unasked."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from system_sender.opening_hours import next_open
from system_sender.quiet_hours import is_asked_for, texting_hours, validate_quiet_hours
from tests.support.decisions import at

MINUTE = 60_000
NEW_YORK = ZoneInfo("America/New_York")


def texting(now: str, quiet: Any = None, *zones: str) -> int | None:
    """When somebody may be texted next, from a moment in New York."""
    places = [ZoneInfo(zone) for zone in zones] or [NEW_YORK]
    return next_open(texting_hours(quiet, places), at(now))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-03T08:59", "2026-03-03T09:00"),
        ("2026-03-03T09:00", "2026-03-03T09:00"),
        ("2026-03-03T19:59", "2026-03-03T19:59"),
        ("2026-03-03T20:00", "2026-03-04T09:00"),
        ("2026-03-07T20:00", "2026-03-08T12:00"),  # a Saturday evening
        ("2026-03-08T11:59", "2026-03-08T12:00"),
        ("2026-03-08T20:00", "2026-03-09T09:00"),
    ],
)
def test_where_nothing_is_said_texts_go_from_nine_to_eight_and_on_sundays_from_noon(
    now: str, until: str
) -> None:
    assert texting(now) == at(until)


def test_what_a_workspace_says_takes_the_place_of_all_of_it() -> None:
    own = {"start": "18:00", "end": "10:00"}
    assert texting("2026-03-08T10:00", own) == at("2026-03-08T10:00"), "Sundays are like others"
    assert texting("2026-03-08T18:00", own) == at("2026-03-09T10:00")


def test_quiet_hours_of_no_length_are_none() -> None:
    none = {"start": "09:00", "end": "09:00"}
    for now in ("2026-03-03T03:00", "2026-03-08T00:00", "2026-03-08T23:59"):
        assert texting(now, none) == at(now)


def test_quiet_hours_may_begin_at_midnight() -> None:
    late = {"start": "00:00", "end": "09:00"}
    assert texting("2026-03-03T23:59", late) == at("2026-03-03T23:59")
    assert texting("2026-03-04T00:00", late) == at("2026-03-04T09:00")


def test_a_sunday_that_begins_before_the_other_days_begins_with_them() -> None:
    early = {"start": "20:00", "end": "09:00", "sunday_start": "06:00"}
    assert texting("2026-03-08T06:00", early) == at("2026-03-08T09:00")


def test_a_sunday_that_begins_when_it_ends_is_quiet_altogether() -> None:
    silent = {"start": "20:00", "end": "09:00", "sunday_start": "20:00"}
    assert texting("2026-03-08T12:00", silent) == at("2026-03-09T09:00")


def test_it_must_suit_every_zone_that_the_lead_may_be_in() -> None:
    coasts = ("America/New_York", "America/Los_Angeles")
    assert texting("2026-03-03T10:00", None, *coasts) == at("2026-03-03T12:00")
    assert texting("2026-03-03T19:59", None, *coasts) == at("2026-03-03T19:59")
    assert texting("2026-03-03T20:00", None, *coasts) == at("2026-03-04T12:00")


@pytest.mark.parametrize(
    ("zone", "day", "offset"),
    [
        ("America/New_York", "2026-03-07", "-04:00"),
        ("America/New_York", "2026-10-31", "-05:00"),
        ("Europe/Berlin", "2026-03-28", "+02:00"),
        ("Europe/Berlin", "2026-10-24", "+01:00"),
        ("Australia/Sydney", "2026-10-03", "+11:00"),
        ("Australia/Sydney", "2026-04-04", "+10:00"),
    ],
)
def test_through_a_night_in_which_the_clock_changes_they_end_by_the_new_clock(
    zone: str, day: str, offset: str
) -> None:
    """All these nights are those to a Sunday."""
    from datetime import datetime

    found = next_open(texting_hours(None, [ZoneInfo(zone)]), at(f"{day}T21:00", zone))
    assert found is not None
    shown = datetime.fromtimestamp(found / 1000, ZoneInfo(zone)).isoformat(timespec="minutes")
    assert shown[10:] == f"T12:00{offset}"


@pytest.mark.parametrize(
    "quiet",
    [
        "20:00-09:00",
        [],
        {},
        {"start": "20:00"},
        {"end": "09:00"},
        {"start": "20:00", "end": "9"},
        {"start": "20:00", "end": "09:00", "saturday_start": "12:00"},
        {"start": "09:00", "end": "20:00"},
        {"start": "20:00", "end": "09:00", "sunday_start": "noon"},
    ],
)
def test_quiet_hours_that_cannot_be_understood_are_refused_with_a_sentence(quiet: Any) -> None:
    sentence = validate_quiet_hours(quiet)
    assert sentence is not None
    assert sentence.endswith(".")


def test_nothing_is_wrong_with_quiet_hours_that_can_be_understood() -> None:
    assert validate_quiet_hours(None) is None
    assert validate_quiet_hours({"start": "21:00", "end": "08:00", "sunday_start": None}) is None


def test_an_answer_is_asked_for_within_the_hour() -> None:
    assert is_asked_for(0, 60 * MINUTE)
    assert not is_asked_for(0, 60 * MINUTE + 1)
    assert not is_asked_for(None, 0)


def test_a_message_from_the_future_asks_for_nothing_but_for_clocks_that_differ_a_little() -> None:
    assert is_asked_for(5_000, 0)
    assert not is_asked_for(61 * MINUTE, 0)
