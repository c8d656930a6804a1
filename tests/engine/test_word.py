"""A person's word about a delivery whose outcome nobody knows."""

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, NewDraft, create_draft
from system_sender.models import Draft
from system_sender.result import SendOutcome
from system_sender.states import DraftState
from system_sender.word import settle_by_word
from tests.engine.stage import Once, Stage, is_settlement, named

LONG = "word " * 90


def parked(stage: Stage, kind: Kind = Kind.RESET_AFTER, text: str = "Hi Dana") -> Draft:
    draft = stage.scene.draft(text=text)
    stage.fail(kind)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    return draft


def refusal(stage: Stage, draft_id: str, *, sent: bool, resend: bool = False) -> Code:
    with pytest.raises(DraftRefused) as refused:
        settle_by_word(stage.system, draft_id, 0, sent=sent, resend=resend)
    return refused.value.code


def test_known_to_have_left_is_sent_for_good(stage: Stage) -> None:
    draft = parked(stage)
    fate = settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    assert fate is not None
    assert (fate.state, fate.code) == (DraftState.SENT, Code.SENT_BY_WORD)
    row = stage.scene.message_now(draft.draft_id)
    assert row.state == "sent"
    assert row.attention is None
    stage.world.step(3600)
    stage.sweep()
    again = stage.approve_and_send(draft.draft_id, "setter")
    assert (again.outcome, again.code, again.replayed) == (
        SendOutcome.SENT,
        Code.SENT_BY_WORD,
        True,
    )
    assert len(stage.sandbox.ledger.sends()) == 1


def test_known_not_to_have_left_fails_and_is_not_sent_again_by_itself(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.code) == ("failed", "settled_not_sent")
    assert now.due_at is None
    assert stage.scene.message_now(draft.draft_id).state == "not_sent"
    stage.world.step(3600)
    assert stage.sweep().due == 0
    assert len(stage.sandbox.ledger.sends()) == 1


def test_an_ordered_resend_makes_exactly_one_new_attempt(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    for _ in range(3):
        stage.sweep()
        stage.world.step(60)
    assert stage.scene.sent_texts() == ["Hi Dana"]
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.attempt, stage.state(draft.draft_id)) == ("sent", 2, "sent")


def test_an_ordered_resend_obeys_what_nobody_overrides(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    stage.post(stage.text("STOP"))
    assert refusal(stage, draft.draft_id, sent=False, resend=True) is Code.STALE_NEEDS_WORD
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True, override_stale=True)
    stage.sweep()
    assert stage.state(draft.draft_id) == "failed"
    assert stage.sandbox.ledger.accepted() == []


def test_a_word_about_an_early_part_lets_the_rest_follow(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_AFTER, LONG)
    fate = settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    assert fate is not None
    assert (fate.state, fate.code) == (DraftState.APPROVED, Code.PARTS_REMAIN)
    stage.sweep()
    texts = stage.scene.sent_texts()
    assert len(texts) == len(set(texts)) == 3 or texts[0].startswith("word")
    assert len(stage.sandbox.ledger.accepted()) == 3
    assert stage.state(draft.draft_id) == "sent"


def test_a_word_is_given_once(stage: Stage) -> None:
    draft = parked(stage)
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    assert refusal(stage, draft.draft_id, sent=False, resend=True) is Code.NOT_PARKED


def test_there_is_nothing_to_say_about_what_is_not_parked(stage: Stage) -> None:
    draft = stage.scene.draft()
    assert refusal(stage, draft.draft_id, sent=True) is Code.MESSAGE_NOT_FOUND
    stage.send(draft.draft_id)
    assert refusal(stage, draft.draft_id, sent=False) is Code.NOT_PARKED


def test_two_people_at_once_do_not_both_decide(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    stage.world.before = Once(
        named("write message+"),
        lambda: settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False),
    )
    assert refusal(stage, draft.draft_id, sent=False, resend=True) is Code.DRAFT_CHANGED
    stage.sweep()
    assert stage.state(draft.draft_id) == "sent"
    assert len(stage.sandbox.ledger.sends()) == 1


def test_late_evidence_of_the_attempt_itself_beats_a_persons_not_sent(stage: Stage) -> None:
    """The sweep parks a slow process, a person says it did not leave, and then it reports."""
    draft = stage.scene.draft()

    def meanwhile() -> None:
        stage.world.step(3600)
        stage.sweep()
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)

    stage.world.before = Once(is_settlement, meanwhile)
    result = stage.send(draft.draft_id)
    assert result.outcome is SendOutcome.SENT
    assert stage.scene.message_now(draft.draft_id).state == "sent"
    assert stage.state(draft.draft_id) == "sent"


# --- a draft that is gone ------------------------------------------------------------------------


def deleted_in_mid_flight(stage: Stage) -> Draft:
    draft = stage.scene.draft()
    stage.world.before = Once(is_settlement, lambda: stage.delete(Draft, draft.draft_id))
    result = stage.send(draft.draft_id)
    assert result.outcome is SendOutcome.SENT, "what is known is told"
    return draft


def test_when_the_draft_is_deleted_in_mid_flight_the_message_alone_tells_and_is_flagged(
    stage: Stage,
) -> None:
    draft = deleted_in_mid_flight(stage)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.code, row.attention) == ("sent", "sent", "repair")
    assert stage.sweep().parked == 1, "the alarm sees it"
    assert settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False) is None
    assert stage.scene.message_now(draft.draft_id).attention is None


def test_what_is_known_to_have_left_cannot_be_talked_away(stage: Stage) -> None:
    draft = deleted_in_mid_flight(stage)
    for resend in (False, True):
        assert refusal(stage, draft.draft_id, sent=False, resend=resend) is Code.NOT_PARKED
    assert stage.scene.message_now(draft.draft_id).state == "sent"


def test_a_draft_that_was_made_again_under_the_same_id_does_not_send_the_same_delivery(
    stage: Stage,
) -> None:
    draft = deleted_in_mid_flight(stage)
    stage.delete(*_revision(draft))
    create_draft(
        stage.system.store,
        stage.world,
        NewDraft(
            draft_id=draft.draft_id,
            workspace=stage.scene.workspace,
            lead_id=stage.scene.lead_id,
            channel="sms",
            text="Hi Dana",
            state=DraftState.APPROVED,
            origin="test",
            seen_inbounds=0,
            seen_human_outbounds=0,
            sent_by="ai",
        ),
    )
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.DRAFT_CLAIMED)
    assert stage.state(draft.draft_id) == "needs_review"
    assert len(stage.sandbox.ledger.accepted()) == 1
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    assert stage.scene.message_now(draft.draft_id).attention is None


def _revision(draft: Draft) -> tuple[object, str, int]:
    from system_sender.models import Revision

    return Revision, str(draft.draft_id), 1
