"""However requests come, no ten seconds hold more of them than a provider takes."""

from hypothesis import given
from hypothesis import strategies as st

from system_sender.pacing import REQUESTS, SECONDS, next_slot

GAPS = st.lists(st.floats(0, 30, allow_nan=False), max_size=400)


@given(GAPS)
def test_no_ten_seconds_hold_more_than_ninety_requests(gaps: list[float]) -> None:
    now = free_at = 0.0
    begun: list[float] = []
    for gap in gaps:
        now += gap
        begins, free_at = next_slot(free_at, now)
        begun.append(begins)
    for first, beyond in zip(begun, begun[REQUESTS:], strict=False):
        assert beyond - first >= SECONDS - 1e-6


@given(GAPS)
def test_nobody_waits_longer_than_those_before_them_need(gaps: list[float]) -> None:
    now = free_at = 0.0
    for count, gap in enumerate(gaps):
        now += gap
        begins, free_at = next_slot(free_at, now)
        assert now <= begins <= now + count * SECONDS / REQUESTS + 1e-6
