"""Which fates of a draft operators hear of."""

from typing import Any

import pytest

from system_sender import alarms
from system_sender.alarms import tell_operators
from system_sender.codes import Code
from system_sender.models import Draft
from system_sender.settlement import DraftFate
from system_sender.states import DraftState

NOW = 1_772_500_000_000
MINUTE = 60_000

Told = list[tuple[str, float]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What was emitted, in order."""
    heard: Told = []
    monkeypatch.setattr(alarms, "emit_parked", lambda: heard.append(("parked", 1)))
    monkeypatch.setattr(alarms, "emit_failed_draft", lambda: heard.append(("failed", 1)))
    monkeypatch.setattr(alarms, "emit_held_up", lambda seconds: heard.append(("held up", seconds)))
    return heard


def tell(fate: DraftFate, ready_at: int | None = NOW - 20 * MINUTE, **columns: Any) -> None:
    tell_operators(Draft("acme:hello", ready_at=ready_at, **columns), fate, NOW)


def put_off(code: Code, ready_at: int | None = None) -> DraftFate:
    return DraftFate(DraftState.APPROVED, code, NOW + MINUTE, ready_at)


@pytest.mark.parametrize(
    "code",
    [
        Code.PAUSED_ALL,
        Code.INTEGRATION_UNHEALTHY,
        Code.INTEGRATION_NOT_CONFIGURED,
        Code.UNAUTHORIZED,
        Code.UNREACHABLE,
        Code.TOO_LATE,
        Code.BUSY,
    ],
)
def test_what_could_have_gone_and_is_put_off_is_as_old_as_its_wait(told: Told, code: Code) -> None:
    tell(put_off(code))
    assert told == [("held up", 1200)]


def test_a_wait_for_hours_is_no_delay(told: Told) -> None:
    tell(put_off(Code.QUIET_HOURS, ready_at=NOW + MINUTE))
    tell(put_off(Code.LEAD_AWAY, ready_at=NOW + MINUTE))
    assert told == []


@pytest.mark.parametrize(
    "code",
    [
        *(Code.DAILY_CAP, Code.HOURLY_CAP, Code.RATE_LIMITED, Code.ECHO_HELD),
        *(Code.PARTS_REMAIN, Code.SEQUENCE_LOOKS, Code.NO_TIME),
    ],
)
def test_a_limit_that_is_kept_is_no_trouble(told: Told, code: Code) -> None:
    tell(put_off(code))
    assert told == []


@pytest.mark.parametrize(("due_at", "seconds"), [(NOW - 2 * MINUTE, 120), (NOW + MINUTE, 0)])
def test_what_a_limit_has_held_until_now_is_held_up_from_then(
    told: Told, due_at: int, seconds: int
) -> None:
    tell(put_off(Code.UNREACHABLE), code="daily_cap", due_at=due_at)
    tell(put_off(Code.UNREACHABLE), code="unreachable", due_at=due_at)
    assert told == [("held up", seconds), ("held up", 1200)]


def test_a_draft_of_which_nobody_knows_since_when_it_waits_rings_nothing(told: Told) -> None:
    tell(put_off(Code.UNREACHABLE), ready_at=None)
    assert told == []


@pytest.mark.parametrize(
    "code", [Code.ATTEMPTS_EXHAUSTED, Code.PAYMENT_REQUIRED, Code.INVALID_PHONE]
)
def test_a_failed_draft_is_told(told: Told, code: Code) -> None:
    tell(DraftFate(DraftState.FAILED, code))
    assert told == [("failed", 1)]


@pytest.mark.parametrize(
    "code",
    [
        Code.OPTED_OUT,
        Code.BLACKLISTED,
        Code.DO_NOT_DISTURB,
        Code.UNSUBSCRIBED,
        Code.ALREADY_INVITED,
    ],
)
def test_what_the_recipient_decided_is_nobody_elses_to_mend(told: Told, code: Code) -> None:
    tell(DraftFate(DraftState.FAILED, code))
    assert told == []


def test_a_parking_is_told(told: Told) -> None:
    tell(DraftFate(DraftState.UNKNOWN, Code.PROVIDER_TIMEOUT, NOW + MINUTE))
    assert told == [("parked", 1)]


@pytest.mark.parametrize(
    "state",
    [
        DraftState.SENT,
        DraftState.SENDING,
        DraftState.NEEDS_REVIEW,
        DraftState.SUPERSEDED,
        DraftState.REJECTED,
    ],
)
def test_the_ordinary_rings_nothing(told: Told, state: DraftState) -> None:
    tell(DraftFate(state, Code.SENT))
    assert told == []
