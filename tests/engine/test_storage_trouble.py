"""DynamoDB in trouble: conflicts, throttling, lost answers. The ledger never shows two.

DynamoDB Local produces none of these by itself, so they are made below PynamoDB.
"""

from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.models import Draft, Lead
from system_sender.result import SendOutcome
from system_sender.store import AnswerLost, Contention, StorageError, StorageUnavailable
from system_sender.switches import pause
from system_sender.word import settle_by_word
from tests.crash.connection import (
    Strike,
    conflict,
    conflict_and_condition,
    echoed,
    reply_lost,
    request_lost,
    throttled,
)
from tests.engine.stage import (
    Once,
    Stage,
    any_read,
    any_write,
    claims,
    is_claim,
    is_send,
    is_settlement,
    settlements,
)

NOTHING_WRITTEN = [conflict, throttled]


# --- at the claim --------------------------------------------------------------------------------


@pytest.mark.parametrize("strike", NOTHING_WRITTEN)
@pytest.mark.parametrize("times", [1, 3])
def test_a_contended_claim_is_tried_again(stage: Stage, strike: Strike, times: int) -> None:
    draft = stage.scene.draft()
    with stage.struck(strike, claims, times) as hit:
        result = stage.send(draft.draft_id)
    assert len(hit) == times
    assert result.outcome is SendOutcome.SENT
    assert len(stage.sandbox.ledger.sends()) == 1


@pytest.mark.parametrize("strike", NOTHING_WRITTEN)
def test_a_claim_that_stays_contended_is_due_again(stage: Stage, strike: Strike) -> None:
    draft = stage.scene.draft()
    with stage.struck(strike, claims) as hit:
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.BUSY)
    assert len(hit) >= 3
    assert (stage.messages(), stage.sandbox.ledger.requests()) == ([], [])
    assert stage.state(draft.draft_id) == "approved"
    assert stage.sweep().codes == {"sent": 1}


def test_a_conflict_beside_a_failed_condition_takes_nothing_and_is_judged_again(
    stage: Stage,
) -> None:
    stage.scene.seed(campaign_id=None)
    draft = stage.scene.draft()
    stage.world.before = Once(is_claim, lambda: stage.post(stage.text("Wait")))
    with stage.struck(conflict_and_condition, claims) as hit:
        result = stage.send(draft.draft_id)
    assert hit
    assert (result.code, stage.state(draft.draft_id)) == (Code.NEWER_INBOUND, "superseded")
    assert stage.sandbox.ledger.requests() == []


def test_a_claim_whose_answer_was_lost_is_ours_if_the_row_says_so(stage: Stage) -> None:
    draft = stage.scene.draft()
    with stage.struck(reply_lost, claims, 1):
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.replayed) == (SendOutcome.SENT, False)
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_claim_that_never_arrived_is_not_ours(stage: Stage) -> None:
    draft = stage.scene.draft()
    with stage.struck(request_lost, claims):
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.BUSY)
    assert stage.sandbox.ledger.requests() == []
    assert stage.sweep().codes == {"sent": 1}
    assert len(stage.sandbox.ledger.sends()) == 1


def test_an_sdk_that_repeats_a_claim_does_not_make_two(stage: Stage) -> None:
    draft = stage.scene.draft()
    with stage.struck(echoed, any_write):
        assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_claim_that_was_lost_and_cannot_be_looked_up_is_not_acted_on(stage: Stage) -> None:
    draft = stage.scene.draft()

    def lost_or_unread(operation: str, arguments: dict[str, Any], call: Any) -> Any:
        strike = reply_lost if operation == "TransactWriteItems" else request_lost
        return strike(operation, arguments, call)

    seen = {"claim": False}

    def from_the_claim_on(operation: str, arguments: dict[str, Any]) -> bool:
        seen["claim"] = seen["claim"] or claims(operation, arguments)
        return seen["claim"]

    with stage.struck(lost_or_unread, from_the_claim_on), pytest.raises(StorageError):
        stage.send(draft.draft_id)
    assert stage.sandbox.ledger.requests() == []
    assert stage.state(draft.draft_id) == "sending"
    stage.world.step(81)
    stage.sweep()
    assert stage.state(draft.draft_id) == "unknown", "nobody can tell, so a person sees it"
    assert stage.sandbox.ledger.requests() == []


# --- at the settlement ---------------------------------------------------------------------------


@pytest.mark.parametrize("strike", [conflict, throttled, request_lost, reply_lost, echoed])
@pytest.mark.parametrize("kind", [None, Kind.RESET_AFTER, "too_many_requests", "missing_phone"])
def test_a_settlement_is_tried_again_until_it_is_whole(
    stage: Stage, strike: Strike, kind: Any
) -> None:
    draft = stage.scene.draft()
    expected = {
        None: ("sent", "sent"),
        Kind.RESET_AFTER: ("unknown", "unknown"),
        "too_many_requests": ("not_sent", "approved"),
        "missing_phone": ("rejected", "failed"),
    }[kind]
    if isinstance(kind, Kind):
        stage.fail(kind)
    elif kind:
        stage.fail(Kind.REFUSE, refusal=kind)
    with stage.struck(strike, settlements, 2):
        stage.send(draft.draft_id)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, stage.state(draft.draft_id)) == expected
    assert row.attention in (None, "parked")
    assert len(stage.sandbox.ledger.sends()) == 1


@pytest.mark.parametrize("strike", [conflict, request_lost])
def test_a_settlement_that_cannot_be_written_does_not_hide_what_is_known(
    stage: Stage, strike: Strike
) -> None:
    draft = stage.scene.draft()
    with stage.struck(strike, settlements):
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.replayed) == (SendOutcome.SENT, False)
    assert stage.state(draft.draft_id) == "sending"
    assert stage.send(draft.draft_id).outcome is SendOutcome.IN_PROGRESS
    stage.world.step(81)
    assert stage.sweep().codes == {"interrupted": 1}
    assert stage.scene.message_now(draft.draft_id).attention == "parked"
    stage.world.step(3600)
    stage.sweep()
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_settlement_that_was_written_though_its_answer_was_lost_stays_as_it_is(
    stage: Stage,
) -> None:
    draft = stage.scene.draft()
    with stage.struck(reply_lost, settlements):
        assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert stage.state(draft.draft_id) == "sent"
    assert stage.scene.message_now(draft.draft_id).state == "sent"


def test_a_lead_that_is_erased_in_mid_flight_does_not_keep_the_rest_from_being_settled(
    stage: Stage,
) -> None:
    draft = stage.scene.draft()
    stage.world.before = Once(is_settlement, lambda: stage.delete(Lead, stage.scene.lead_id))
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, stage.state(draft.draft_id)) == ("sent", "sent")
    assert row.attention is None


def test_an_unknown_outcome_of_a_deleted_draft_is_parked_on_the_message(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.RESET_AFTER)
    stage.world.before = Once(is_settlement, lambda: stage.delete(Draft, draft.draft_id))
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    row = stage.scene.message_now(draft.draft_id)
    assert row.state == "unknown"
    assert row.attention is not None
    assert stage.sweep().parked == 1


def test_a_slow_process_that_was_parked_meanwhile_tells_what_it_knows(stage: Stage) -> None:
    draft = stage.scene.draft()

    def parked_meanwhile() -> None:
        stage.world.step(3600)
        assert stage.sweep().codes == {"interrupted": 1}
        assert stage.state(draft.draft_id) == "unknown"

    stage.world.before = Once(is_settlement, parked_meanwhile)
    stage.send(draft.draft_id)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, stage.state(draft.draft_id)) == ("sent", "sent")
    assert row.attention is None


def test_an_unknown_never_overwrites_what_became_known(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.RESET_AFTER)

    def settled_meanwhile() -> None:
        stage.world.step(3600)
        stage.sweep()
        settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)

    stage.world.before = Once(is_settlement, settled_meanwhile)
    stage.send(draft.draft_id)
    assert stage.scene.message_now(draft.draft_id).state == "sent"
    assert stage.state(draft.draft_id) == "sent"


def test_whoever_lost_the_claim_changes_nothing(stage: Stage) -> None:
    """Parked, declared not sent, sent again - and then the first process wakes up with a 429."""
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")

    def resent_meanwhile() -> None:
        stage.world.step(3600)
        stage.sweep()
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
        stage.sweep()
        assert stage.state(draft.draft_id) == "sent"

    stage.world.before = Once(is_settlement, resent_meanwhile)
    stage.send(draft.draft_id)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.attempt, stage.state(draft.draft_id)) == ("sent", 2, "sent")
    assert len(stage.sandbox.ledger.accepted()) == 1


def test_whoever_lost_the_claim_does_not_settle_somebody_elses_unknown(stage: Stage) -> None:
    """The resend was accepted and its answer lost: the first attempt's 429 says nothing of it."""
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.fail(Kind.RESET_AFTER)

    def resent_meanwhile() -> None:
        stage.world.step(3600)
        stage.sweep()
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
        stage.sweep()
        assert stage.state(draft.draft_id) == "unknown"

    stage.world.before = Once(is_settlement, resent_meanwhile)
    stage.send(draft.draft_id)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.attempt, row.attention) == ("unknown", 2, "parked")
    assert stage.state(draft.draft_id) == "unknown"
    for _ in range(3):
        stage.world.step(3600)
        stage.sweep()
    assert len(stage.sandbox.ledger.accepted()) == 1


# --- elsewhere -----------------------------------------------------------------------------------


def test_a_read_that_fails_raises_and_changes_nothing(stage: Stage) -> None:
    draft = stage.scene.draft()
    with stage.struck(request_lost, any_read), pytest.raises(StorageUnavailable):
        stage.send(draft.draft_id)
    assert stage.state(draft.draft_id) == "approved"
    assert stage.sandbox.ledger.requests() == []


def test_a_switch_that_cannot_be_read_again_lets_nothing_out(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.world.before = Once(is_send, lambda: stage.world.step(1.5))
    claimed = {"yes": False}

    def after_the_claim(operation: str, arguments: dict[str, Any]) -> bool:
        claimed["yes"] = claimed["yes"] or claims(operation, arguments)
        return claimed["yes"] and operation == "BatchGetItem"

    with stage.struck(request_lost, after_the_claim):
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.BUSY)
    assert stage.sandbox.ledger.requests() == []


def test_creating_a_draft_survives_a_lost_answer(stage: Stage) -> None:
    with stage.struck(reply_lost, any_write, 1):
        draft = stage.scene.draft()
    assert stage.state(draft.draft_id) == "approved"
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT


@pytest.mark.parametrize(("strike", "error"), [(conflict, Contention), (request_lost, AnswerLost)])
def test_trouble_that_lasts_is_told_apart(
    stage: Stage, strike: Strike, error: type[Exception]
) -> None:
    with stage.struck(strike, any_write), pytest.raises(error):
        pause(stage.system.store, stage.world, stage.scene.workspace, None)


def test_unprocessed_keys_of_a_read_are_asked_for_again(stage: Stage) -> None:
    draft = stage.scene.draft()
    left: list[dict[str, Any]] = []

    def half(operation: str, arguments: dict[str, Any], call: Any) -> Any:
        whole = arguments["RequestItems"]
        table = next(iter(whole))
        left.append({table: whole[table]})
        arguments["RequestItems"] = {name: whole[name] for name in whole if name != table}
        answer = call()
        answer["UnprocessedKeys"] = left[-1]
        return answer

    with stage.struck(half, lambda operation, _: operation == "BatchGetItem", 1):
        assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert left
