"""The model of a day keeps its books, and no tenant in it passes its provider's limit."""

from collections import Counter
from typing import Any

import pytest

from benchmarks.day import percentile, summary_of
from benchmarks.day_load import Load, arrivals
from benchmarks.day_model import (
    MOST_IN_DAY,
    MOST_IN_WINDOW,
    WINDOW_SECONDS,
    Day,
    Run,
    Seen,
    Setup,
    in_turns,
)
from benchmarks.uneven import uneven

SMALL = Load(messages=40_000, tenants=12, uneven=1.0)
SETUPS = (Setup("inline", queue=False), Setup("queue", workers=2), Setup("many", workers=40))


def lived(setup: Setup, load: Load = SMALL) -> Day:
    return Day(load, setup, keeps_runs=True).live()


def most_in_window(runs: list[Run]) -> int:
    """Return the most requests in any ten seconds, by looking at each."""
    moments = [moment for run in runs for moment in run.moments()]
    assert moments == sorted(moments)
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= WINDOW_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_what_came_in_left_or_waits_or_was_given_up(setup: Setup) -> None:
    day = lived(setup)
    given_up = sum(tenant.given_up for tenant in day.tenants)
    assert day.sent + day.waiting[-1] + given_up == SMALL.messages
    assert day.sent == sum(day.left) == sum(day.ages.values())
    for tenant, size in zip(day.tenants, SMALL.sizes(), strict=True):
        assert tenant.sent + tenant.waiting + tenant.given_up == size


@pytest.mark.parametrize("setup", SETUPS[1:], ids=lambda setup: setup.name)
def test_no_tenant_is_over_its_limit_in_any_ten_seconds(setup: Setup) -> None:
    day = lived(setup)
    most = [most_in_window(runs) for runs in day.runs]
    assert max(most) <= summary_of(day).most_in_window <= MOST_IN_WINDOW
    assert max(most) > MOST_IN_WINDOW / 2, "somebody came near"


def test_a_burst_would_be_seen() -> None:
    assert most_in_window([Run(0.0, 0.05, 300)]) == 200


def test_nothing_leaves_while_no_provider_answers() -> None:
    day = lived(SETUPS[2])
    for first, end in SMALL.outages:
        # The first minute of the list is the second of the day: what is due first is found then.
        assert sum(day.left[first - 1 : end - 1]) == 0
        assert sum(day.left[end - 1 : end + 60]) > 0
    assert day.refused > 0


def test_more_attempts_outlast_an_outage() -> None:
    few, many = (
        sum(tenant.given_up for tenant in lived(Setup("", workers=40, attempts=attempts)).tenants)
        for attempts in (6, 8)
    )
    assert many < few / 5


def test_a_tenant_gets_no_more_through_than_its_provider_takes_in_a_day() -> None:
    load = Load(messages=260_000, tenants=1, outages=(), throttled=())
    day = lived(Setup("", workers=40), load)
    assert day.tenants[0].sent == MOST_IN_DAY
    assert day.refused > 0


def test_all_of_a_day_is_due_in_it_whatever_the_zone() -> None:
    for due_in, size in zip(arrivals(SMALL), SMALL.sizes(), strict=True):
        assert sum(due_in) == size
        assert min(due_in) >= 0


@pytest.mark.parametrize(
    ("wanted", "most", "dealt"),
    [
        ({0: 3, 1: 5}, 8, {0: 3, 1: 5}),
        ({0: 1, 1: 9, 2: 9}, 9, {0: 1, 1: 4, 2: 4}),
        ({0: 9, 1: 9}, 5, {0: 3, 1: 2}),
        ({0: 4, 1: 4}, 1, {0: 1}),
    ],
)
def test_turns_are_dealt_out_evenly(wanted: Any, most: int, dealt: Any) -> None:
    assert in_turns(wanted, most, 0) == dealt


def test_the_odd_one_goes_to_somebody_else_each_minute() -> None:
    assert [in_turns({0: 4, 1: 4}, 1, minute) for minute in (0, 1)] == [{0: 1}, {1: 1}]


def test_a_sweep_sees_the_oldest_of_too_much() -> None:
    seen = Seen(10)
    for minute in range(5):
        seen.add(minute, 4)
    assert seen.upto(9) == 2
    seen.add(0, -4)
    assert seen.upto(9) == 3
    seen.add(1, -4)
    seen.add(2, -4)
    assert seen.upto(9) == 9


def test_the_parts_are_the_whole_and_the_largest_comes_first() -> None:
    parts = uneven(100_000, 200, 1.0)
    assert sum(parts) == 100_000
    assert parts == sorted(parts, reverse=True)
    assert min(parts) >= 1
    assert uneven(3, 3, 5.0) == [1, 1, 1]


def test_ages_are_told_by_whole_minutes() -> None:
    ages = Counter({0: 98, 4: 1, 60: 1})
    assert [percentile(ages, part) for part in (0.5, 0.99, 1.0)] == [60, 300, 3660]
