"""What the outcome of one part makes of its draft."""

import pytest

from system_sender.budget import ID_LOOK_UP_AFTER, LOOK_UP_AFTER
from system_sender.codes import Code
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.settlement import (
    MOST_ATTEMPTS,
    UNHEALTHY_MILLISECONDS,
    DraftFate,
    draft_fate,
)
from system_sender.states import DRAFT_TRANSITIONS, DraftState

NOW = 1_772_500_000_000


def fate(outcome: Outcome, *, attempts: int = 0, is_last: bool = True) -> DraftFate:
    return draft_fate(outcome, attempts=attempts, is_last=is_last, now=NOW)


def test_the_last_part_sent_is_the_draft_sent() -> None:
    sent = Outcome(OutcomeKind.SENT, Code.SENT, provider_message_id="ms1")
    assert fate(sent) == DraftFate(DraftState.SENT, Code.SENT)


def test_a_message_without_an_id_is_sent_and_its_id_is_looked_for_once() -> None:
    without_id = Outcome(OutcomeKind.SENT, Code.SENT)
    assert fate(without_id) == DraftFate(DraftState.SENT, Code.SENT, NOW + ID_LOOK_UP_AFTER)


def test_an_earlier_part_sent_leaves_the_draft_sending_where_a_sweep_finds_it() -> None:
    result = fate(Outcome(OutcomeKind.SENT, Code.SENT), is_last=False)
    assert (result.state, result.code) == (DraftState.SENDING, Code.PARTS_REMAIN)
    assert result.due_at == NOW + 75_000


def test_the_unknown_is_looked_up_soon_and_nothing_else_happens_to_it() -> None:
    unknown = Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_TIMEOUT)
    assert fate(unknown) == DraftFate(
        DraftState.UNKNOWN, Code.PROVIDER_TIMEOUT, NOW + LOOK_UP_AFTER[0]
    )


def test_a_refusal_ends_the_draft() -> None:
    rejected = Outcome(OutcomeKind.REJECTED, Code.DO_NOT_DISTURB)
    assert fate(rejected) == DraftFate(DraftState.FAILED, Code.DO_NOT_DISTURB)


@pytest.mark.parametrize(("attempts", "wait"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480)])
def test_a_certain_non_send_is_tried_again_ever_later(attempts: int, wait: int) -> None:
    outcome = Outcome(OutcomeKind.NOT_SENT, Code.UNREACHABLE, retry_at=NOW + 10_000)
    assert fate(outcome, attempts=attempts) == DraftFate(
        DraftState.APPROVED, Code.UNREACHABLE, NOW + wait * 1000
    )


def test_the_providers_own_wait_is_honoured_when_it_is_longer() -> None:
    outcome = Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=NOW + 3_600_000)
    assert fate(outcome, attempts=1).due_at == NOW + 3_600_000


def test_attempts_are_bounded() -> None:
    outcome = Outcome(OutcomeKind.NOT_SENT, Code.UNREACHABLE, retry_at=NOW)
    assert fate(outcome, attempts=MOST_ATTEMPTS - 1).state is DraftState.APPROVED
    assert fate(outcome, attempts=MOST_ATTEMPTS) == DraftFate(
        DraftState.FAILED, Code.ATTEMPTS_EXHAUSTED
    )


def test_the_attempts_outlast_an_outage_of_an_hour() -> None:
    tried_at = NOW
    for attempts in range(1, MOST_ATTEMPTS):
        outcome = Outcome(OutcomeKind.NOT_SENT, Code.UNREACHABLE, retry_at=tried_at)
        after = draft_fate(outcome, attempts=attempts, is_last=True, now=tried_at)
        assert after.due_at is not None
        tried_at = after.due_at
    assert tried_at - NOW > 3_600_000


def test_a_withheld_attempt_goes_again_soon_without_growing_later() -> None:
    outcome = Outcome(OutcomeKind.NOT_SENT, Code.TOO_LATE, retry_at=NOW + 30_000, counts=False)
    assert fate(outcome, attempts=4).due_at == NOW + 30_000


def test_refused_credentials_wait_as_long_as_the_integration_counts_as_unhealthy() -> None:
    outcome = Outcome(OutcomeKind.NOT_SENT, Code.UNAUTHORIZED, integration_unhealthy=True)
    assert fate(outcome).due_at == NOW + UNHEALTHY_MILLISECONDS


@pytest.mark.parametrize("kind", OutcomeKind)
@pytest.mark.parametrize("attempts", [0, 1, MOST_ATTEMPTS, 50])
@pytest.mark.parametrize("is_last", [True, False])
def test_every_fate_is_a_legal_move_and_whatever_goes_on_is_due(
    kind: OutcomeKind, attempts: int, is_last: bool
) -> None:
    result = fate(Outcome(kind, Code.UNREACHABLE), attempts=attempts, is_last=is_last)
    assert result.state in DRAFT_TRANSITIONS[DraftState.SENDING]
    # An unknown one is looked up, and so is the id of one that was sent without telling it.
    goes_on = result.state is not DraftState.FAILED
    assert (result.due_at is not None) == goes_on
