"""What a schedule may say, what it then means, and that it is closed where it cannot be read."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from system_sender.opening_hours import OpeningHours
from system_sender.public_holidays import PublicHolidays
from system_sender.schedule import ScheduleInvalid, scheduled_hours, validate_schedule
from tests.support.decisions import at

NEW_YORK = ZoneInfo("America/New_York")
CUSTOM = {"mode": "CUSTOM", "start": "10:00", "end": "14:00", "days": [1, 5]}


def hours(
    campaign: Any = None, workspace: Any = None, zone: ZoneInfo = NEW_YORK
) -> OpeningHours | None:
    return scheduled_hours(campaign, workspace, zone)


def opens(now: str, campaign: Any = None, workspace: Any = None) -> int | None:
    """When it is next open, from a moment in New York."""
    found = hours(campaign, workspace)
    return at(now) if found is None else found.next_open(at(now))


# --- whose hours ---------------------------------------------------------------------------------


def test_without_any_schedule_it_is_always_open() -> None:
    assert hours() is None
    assert hours({"mode": "ALWAYS"}, {"mode": "BUSINESS_HOURS"}) is None


def test_a_campaign_without_a_mode_takes_the_workspace_s() -> None:
    assert opens("2026-03-03T18:00", {}, CUSTOM) == at("2026-03-07T10:00")


def test_the_campaign_s_own_hours_go_before_the_workspace_s() -> None:
    assert opens("2026-03-03T08:00", CUSTOM, {"mode": "BUSINESS_HOURS"}) == at("2026-03-03T10:00")


def test_business_hours_are_weekdays_from_nine_to_five() -> None:
    office = {"mode": "BUSINESS_HOURS"}
    assert opens("2026-03-06T16:59", office) == at("2026-03-06T16:59")
    assert opens("2026-03-06T17:00", office) == at("2026-03-09T09:00")


def test_business_hours_begin_and_end_as_the_workspace_says() -> None:
    workspace = {"mode": "ALWAYS", "start": "08:00", "end": "16:00"}
    assert opens("2026-03-03T16:00", {"mode": "BUSINESS_HOURS"}, workspace) == at(
        "2026-03-04T08:00"
    )
    own = {"mode": "BUSINESS_HOURS", "end": "18:00"}
    assert opens("2026-03-03T17:00", own, workspace) == at("2026-03-03T17:00")


def test_only_custom_hours_may_have_a_zone_of_their_own() -> None:
    berlin = {**CUSTOM, "time_zone": "Europe/Berlin"}
    assert opens("2026-03-03T02:00", berlin) == at("2026-03-03T10:00", "Europe/Berlin")
    assert validate_schedule({"mode": "BUSINESS_HOURS", "time_zone": "Europe/Berlin"}) is not None


def test_days_count_from_monday() -> None:
    monday = {**CUSTOM, "days": [0]}
    assert opens("2026-03-03T12:00", monday) == at("2026-03-09T10:00")
    sunday = {**CUSTOM, "days": [6]}
    assert opens("2026-03-03T12:00", sunday) == at("2026-03-08T10:00")


def test_hours_over_midnight_belong_to_the_day_they_begin_on() -> None:
    friday = {"mode": "CUSTOM", "start": "22:00", "end": "06:00", "days": [4]}
    assert opens("2026-03-07T05:59", friday) == at("2026-03-07T05:59")
    assert opens("2026-03-06T05:00", friday) == at("2026-03-06T22:00"), "Thursday has no night"
    free_friday = {**friday, "blackout_dates": ["2026-03-06"]}
    assert opens("2026-03-07T05:00", free_friday) == at("2026-03-13T22:00")
    free_saturday = {**friday, "blackout_dates": ["2026-03-07"]}
    assert opens("2026-03-07T05:00", free_saturday) == at("2026-03-07T05:00")


def test_midnight_ends_a_day_as_24_00_and_as_00_00() -> None:
    for midnight in ("24:00", "00:00"):
        schedule = {"mode": "CUSTOM", "start": "12:00", "end": midnight, "days": [1]}
        assert opens("2026-03-03T23:59", schedule) == at("2026-03-03T23:59")
        assert opens("2026-03-04T00:00", schedule) == at("2026-03-10T12:00")


# --- days on which nothing goes ------------------------------------------------------------------


def test_blackouts_of_workspace_and_campaign_add_up() -> None:
    campaign = {"mode": "ALWAYS", "blackout_dates": ["2026-03-04"]}
    workspace = {"mode": "BUSINESS_HOURS", "blackout_ranges": [["2026-03-05", "2026-03-06"]]}
    assert opens("2026-03-04T12:00", campaign, workspace) == at("2026-03-07T00:00")


def test_a_range_holds_both_its_ends() -> None:
    year_end = {"mode": "ALWAYS", "blackout_ranges": [["2026-12-24", "2027-01-01"]]}
    assert opens("2026-12-24T00:00", year_end) == at("2027-01-02T00:00")
    assert opens("2027-01-01T23:59", year_end) == at("2027-01-02T00:00")
    one_day = {"mode": "ALWAYS", "blackout_ranges": [["2026-12-24", "2026-12-24"]]}
    assert opens("2026-12-24T12:00", one_day) == at("2026-12-25T00:00")


@pytest.mark.parametrize(
    ("day", "free_until"),
    [
        ("2026-12-25", "2026-12-28"),  # Christmas, and a weekend
        ("2026-11-26", "2026-11-27"),  # Thanksgiving moves with the calendar
        ("2026-07-03", "2026-07-06"),  # the 4th is a Saturday: observed on Friday
        ("2027-12-31", "2028-01-03"),  # New Year's Day of the next year, observed in this one
    ],
)
def test_a_public_holiday_is_free_and_so_is_the_day_it_is_moved_to(
    day: str, free_until: str
) -> None:
    office = {"mode": "BUSINESS_HOURS", "holidays": {"country": "US"}}
    assert opens(f"{day}T10:00", office) == at(f"{free_until}T09:00")


def test_a_subdivision_has_holidays_of_its_own() -> None:
    """Epiphany is one in Bavaria, and not in Berlin."""
    bavaria, berlin = (
        {"mode": "ALWAYS", "holidays": {"country": "DE", "subdivision": name}}
        for name in ("BY", "BE")
    )
    assert opens("2026-01-06T12:00", bavaria) == at("2026-01-07T00:00")
    assert opens("2026-01-06T12:00", berlin) == at("2026-01-06T12:00")


@pytest.mark.parametrize(
    ("country", "name", "day"),
    [
        ("US", "Columbus Day", "2026-10-12"),
        ("US", "Independence Day", "2026-07-03"),
        ("DE", "Tag der Deutschen Einheit", "2026-10-03"),
    ],
)
def test_a_holiday_that_is_excepted_is_a_day_like_others_also_where_it_is_moved(
    country: str, name: str, day: str
) -> None:
    free = {"mode": "ALWAYS", "holidays": {"country": country}}
    assert opens(f"{day}T12:00", free) != at(f"{day}T12:00")
    excepted = {"mode": "ALWAYS", "holidays": {"country": country, "except": [name]}}
    assert opens(f"{day}T12:00", excepted) == at(f"{day}T12:00")


def test_holidays_are_called_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "uk")
    unity = PublicHolidays("DE", None, frozenset({"Tag der Deutschen Einheit"}))
    assert date(2033, 10, 3) not in unity, "no other test has asked for that year"
    assert date(2033, 12, 25) in unity


# --- what cannot be understood -------------------------------------------------------------------

MISTAKES: dict[str, Any] = {
    "a text": "always",
    "a list": [],
    "a mode nobody knows": {"mode": "SOMETIMES"},
    "a mode that is no text": {"mode": 7},
    "a field nobody knows": {"mode": "ALWAYS", "blackout_date": ["2026-12-24"]},
    "custom hours without days": {"mode": "CUSTOM", "start": "09:00", "end": "17:00"},
    "custom hours without an end": {"mode": "CUSTOM", "start": "09:00", "days": [0]},
    "no day at all": {**CUSTOM, "days": []},
    "an eighth day": {**CUSTOM, "days": [7]},
    "a day before Monday": {**CUSTOM, "days": [-1]},
    "a day's name": {**CUSTOM, "days": ["monday"]},
    "a day that is true": {**CUSTOM, "days": [True]},
    "a day that is no list": {**CUSTOM, "days": "0"},
    "days of business hours": {"mode": "BUSINESS_HOURS", "days": [0]},
    "a time without its zero": {**CUSTOM, "start": "9:00"},
    "a time of the afternoon": {**CUSTOM, "end": "05:00 PM"},
    "a 25th hour": {**CUSTOM, "end": "25:00"},
    "a 60th minute": {**CUSTOM, "end": "13:60"},
    "digits of another script": {**CUSTOM, "start": "\u0660\u0669:00"},
    "a time as a number": {**CUSTOM, "start": 9},
    "a beginning at the day's end": {**CUSTOM, "start": "24:00"},
    "hours of no length": {**CUSTOM, "start": "09:00", "end": "09:00"},
    "business hours of no length": {"mode": "BUSINESS_HOURS", "start": "17:00"},
    "a zone nobody knows": {**CUSTOM, "time_zone": "Mars/Olympus"},
    "a zone that is no text": {**CUSTOM, "time_zone": 7},
    "a country nobody knows": {"mode": "ALWAYS", "holidays": {"country": "XX"}},
    "no country": {"mode": "ALWAYS", "holidays": {"except": []}},
    "holidays that are no object": {"mode": "ALWAYS", "holidays": "US"},
    "a subdivision nobody knows": {
        "mode": "ALWAYS",
        "holidays": {"country": "US", "subdivision": "ZZ"},
    },
    "a subdivision that is no text": {
        "mode": "ALWAYS",
        "holidays": {"country": "US", "subdivision": ["CA"]},
    },
    "an exception that is no text": {
        "mode": "ALWAYS",
        "holidays": {"country": "US", "except": [7]},
    },
    "a date of no calendar": {"mode": "ALWAYS", "blackout_dates": ["2026-02-29"]},
    "a date without dashes": {"mode": "ALWAYS", "blackout_dates": ["20261224"]},
    "a date that is no text": {"mode": "ALWAYS", "blackout_dates": [20261224]},
    "dates that are no list": {"mode": "ALWAYS", "blackout_dates": "2026-12-24"},
    "a range of one day": {"mode": "ALWAYS", "blackout_ranges": [["2026-12-24"]]},
    "a range backwards": {"mode": "ALWAYS", "blackout_ranges": [["2026-12-24", "2026-12-23"]]},
    "a range that is no list": {"mode": "ALWAYS", "blackout_ranges": ["2026-12-24"]},
}


@pytest.mark.parametrize("schedule", MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("place", ["campaign", "workspace"])
def test_a_schedule_that_cannot_be_understood_is_refused_with_a_sentence(
    schedule: Any, place: str
) -> None:
    sentence = validate_schedule(schedule)
    assert sentence is not None
    assert sentence[0].isalpha()
    assert sentence.endswith(".")
    with pytest.raises(ScheduleInvalid):
        hours(**{place: schedule})


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        {},
        {"mode": None, "start": None, "blackout_dates": None, "holidays": None},
        {"mode": "ALWAYS"},
        {"mode": "BUSINESS_HOURS", "start": "08:30", "end": "24:00"},
        {**CUSTOM, "time_zone": "Europe/Berlin"},
        {"blackout_dates": ["2028-02-29"]},
        {"holidays": {"country": "US", "subdivision": None, "except": ["Columbus Day"]}},
    ],
)
def test_a_schedule_that_can_be_understood_has_nothing_wrong_with_it(schedule: Any) -> None:
    assert validate_schedule(schedule) is None


def test_the_leap_day_can_be_free() -> None:
    leap = {"mode": "ALWAYS", "blackout_dates": ["2028-02-29"]}
    assert opens("2028-02-29T12:00", leap) == at("2028-03-01T00:00")
