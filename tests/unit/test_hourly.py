"""An hour's cap, dealt out to shares."""

import pytest

from system_sender.hourly import (
    HOUR,
    SHARES,
    SPREAD,
    HourReading,
    hour_of,
    next_hour,
    share_for,
)

NOW = 1_772_557_200_000
EMPTY = HourReading(NOW, (0,) * SHARES)


def test_without_a_reading_every_share_that_has_a_part_may_be_taken() -> None:
    taken = {share_for(f"acme:{number}", 3, None, NOW) for number in range(100)}
    assert taken == {0, 1, 2}
    assert share_for("acme:hello", 0, None, NOW) is None


def test_a_reading_of_another_hour_says_nothing() -> None:
    full = HourReading(NOW, (9,) * SHARES)
    assert share_for("acme:hello", 8, full, NOW) is None
    assert share_for("acme:hello", 8, full, NOW + HOUR - 1) is None
    assert share_for("acme:hello", 8, full, NOW + HOUR) is not None


def test_a_cap_that_was_lowered_counts_what_went_by_the_old_one() -> None:
    by_the_old = HourReading(NOW, (0, 0, 0, 0, 2, 2, 0, 0))
    assert share_for("acme:hello", 4, by_the_old, NOW) is None


def test_many_drafts_are_spread_over_the_shares() -> None:
    taken = [share_for(f"acme:{number}", 80, EMPTY, NOW) for number in range(800)]
    assert all(60 < taken.count(share) < 140 for share in range(SHARES))


@pytest.mark.parametrize("now", [NOW, NOW + 1, NOW + HOUR - 1])
def test_what_found_the_hour_used_up_comes_in_the_first_minutes_of_the_next(now: int) -> None:
    times = {next_hour(f"acme:{number}", now) for number in range(50)}
    assert all(NOW + HOUR <= time < NOW + HOUR + SPREAD for time in times)
    assert len(times) == 50, "not all at once"
    assert hour_of(now) == NOW
