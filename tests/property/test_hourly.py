"""However a cap is dealt out, nothing of it is lost and nothing is given twice."""

from hypothesis import given
from hypothesis import strategies as st

from system_sender.hourly import SHARES, HourReading, part_of, share_for

NOW = 1_772_557_200_000


@given(st.integers(0, 1_000))
def test_the_shares_of_a_cap_are_the_cap(cap: int) -> None:
    assert sum(part_of(cap, share) for share in range(SHARES)) == cap


@given(st.text(), st.integers(1, 40), st.lists(st.integers(0, 6), min_size=8, max_size=8))
def test_a_draft_gets_a_share_that_has_something_left_if_there_is_one(
    draft_id: str, cap: int, used: list[int]
) -> None:
    share = share_for(draft_id, cap, HourReading(NOW, tuple(used)), NOW)
    if share is not None:
        assert used[share] < part_of(cap, share)
    else:
        no_share_is_open = all(used[n] >= part_of(cap, n) for n in range(SHARES))
        assert no_share_is_open or sum(used) >= cap
