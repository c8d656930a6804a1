"""What happens to a draft is written down with it, and so is the question that people get."""

from collections.abc import Callable
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.audit import entries_of
from system_sender.codes import Code
from system_sender.drafts import approve, edit, reject
from system_sender.models import Audit, Draft, Review
from system_sender.result import SendOutcome
from system_sender.states import DraftState
from system_sender.switches import pause, resume
from system_sender.word import settle_by_word
from tests.crash.connection import reply_lost
from tests.engine.stage import Once, Stage, is_send, settlements


def entries(stage: Stage) -> list[Audit]:
    return entries_of(stage.system.store, stage.scene.lead_id, 100)


def told(stage: Stage) -> list[tuple[str | None, str, str, str | None]]:
    """Return source, target, actor and code of every entry, oldest first."""
    return [(row.source, row.target, row.actor, row.code) for row in entries(stage)]


def question(stage: Stage, draft: Draft) -> Review | None:
    return stage.system.store.get(Review, draft.draft_id)


def approve_as(stage: Stage, draft_id: str, user: str, **options: Any) -> None:
    lead = stage.scene.lead_now()
    draft = stage.scene.draft_now(draft_id)
    approve(stage.system.store, stage.world, draft, lead, sent_by="setter", user=user, **options)


def test_a_sending_is_told_from_its_draft_to_the_providers_answer(stage: Stage) -> None:
    draft = stage.scene.draft(confidence=0.95)
    stage.send(draft.draft_id)
    assert told(stage) == [
        (None, "approved", "writer", None),
        ("sending", "sent", "provider", "sent"),
    ]
    written, sent = entries(stage)
    message = stage.scene.message_now(draft.draft_id)
    assert (written.confidence, written.revision) == (0.95, 1)
    assert written.text_hash == sent.text_hash == draft.text_hash
    assert (sent.part, sent.attempt, sent.sent_by) == (0, 1, "ai")
    assert sent.provider_message_id == message.provider_message_id
    assert draft.created_at <= sent.claimed_at <= sent.at


def test_each_attempt_has_a_row_of_its_own(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    assert stage.send(draft.draft_id).outcome is SendOutcome.WAITING
    stage.world.step(3600)
    stage.send(draft.draft_id)
    assert [(row.target, row.code, row.attempt) for row in entries(stage)] == [
        ("approved", None, None),
        ("approved", "rate_limited", 1),
        ("sent", "sent", 2),
    ]
    limited = entries(stage)[1]
    assert limited.until is not None
    assert limited.until > limited.at


def test_who_edits_approves_and_rejects_is_told(stage: Stage) -> None:
    draft = stage.scene.draft(state=DraftState.NEEDS_REVIEW, code=Code.BELOW_THRESHOLD)
    store, world = stage.system.store, stage.world
    edit(store, world, draft, "Hi Dana, Tuesday?", user="kim")
    stage.world.step(1)
    approve_as(stage, draft.draft_id, "lee")
    stage.world.step(1)
    reject(store, world, stage.scene.draft_now(draft.draft_id), user="kim")
    assert told(stage) == [
        (None, "needs_review", "writer", "below_threshold"),
        ("needs_review", "pending", "person:kim", "awaiting_person"),
        ("pending", "approved", "person:lee", "not_due"),
        ("approved", "rejected", "person:kim", "draft_rejected"),
    ]
    first, edited, approved, _ = entries(stage)
    assert (edited.revision, approved.revision) == (2, 2)
    assert edited.text_hash == approved.text_hash != first.text_hash
    assert edited.confidence is None


def test_a_wait_that_goes_on_for_the_same_reason_is_told_once(stage: Stage) -> None:
    draft = stage.scene.draft()
    pause(stage.system.store, stage.world, stage.scene.workspace, None)
    for _ in range(5):
        stage.send(draft.draft_id)
        stage.world.step(60)
    resume(stage.system.store, stage.world, stage.scene.workspace, None)
    stage.send(draft.draft_id)
    assert [(row.target, row.code) for row in entries(stage)] == [
        ("approved", None),
        ("approved", "paused_workspace"),
        ("sent", "sent"),
    ]


def test_drafts_that_a_newer_message_overtakes_are_told_of(stage: Stage) -> None:
    later = stage.world.now() + 600_000
    drafts = [stage.scene.draft(key, due_at=later) for key in ("one", "two")]
    stage.post(stage.text("Wait, something else"))
    overtaken = [row for row in entries(stage) if row.target == "superseded"]
    assert {row.draft_id for row in overtaken} == {draft.draft_id for draft in drafts}
    assert {(row.actor, row.code) for row in overtaken} == {("conversation", "newer_inbound")}


def test_a_parked_delivery_tells_of_the_sweep_and_of_whoever_settled_it(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.RESET_BEFORE)
    stage.send(draft.draft_id)
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False, user="kim")
    assert told(stage)[1:] == [
        ("sending", "unknown", "provider", "provider_reset"),
        ("unknown", "sent", "person:kim", "sent_by_word"),
    ]


def test_a_settlement_that_is_written_again_after_a_lost_answer_is_told_once(stage: Stage) -> None:
    draft = stage.scene.draft()
    with stage.struck(reply_lost, settlements, times=1) as hit:
        stage.send(draft.draft_id)
    assert hit
    assert [row.target for row in entries(stage)] == ["approved", "sent"]


def test_the_attempt_is_told_of_although_its_draft_was_deleted_meanwhile(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.world.after = Once(is_send, lambda: stage.delete(Draft, draft.draft_id))
    stage.send(draft.draft_id)
    last = entries(stage)[-1]
    assert (last.target, last.code, last.attempt) == ("sent", "sent", 1)


# --- what people are asked ------------------------------------------------------------------------


def test_a_draft_that_is_held_is_asked_about_at_once(stage: Stage) -> None:
    draft = stage.scene.draft(state=DraftState.NEEDS_REVIEW)
    asked = question(stage, draft)
    assert asked is not None
    assert (asked.workspace, asked.version, asked.due_at) == (
        stage.scene.workspace,
        1,
        draft.created_at,
    )
    assert draft.asked


def test_nobody_is_asked_about_a_draft_that_was_never_held(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.send(draft.draft_id)
    assert question(stage, draft) is None


def test_a_draft_that_the_gate_holds_is_asked_about(stage: Stage) -> None:
    stage.scene.put(stage.scene.lead_now())
    draft = stage.scene.draft(campaign_id=f"{stage.scene.workspace}:gone")
    assert stage.send(draft.draft_id).code is Code.CAMPAIGN_NOT_FOUND
    asked = question(stage, draft)
    assert asked is not None
    assert stage.scene.draft_now(draft.draft_id).asked


@pytest.mark.parametrize("how", ["approve", "edit", "reject", "overtake"])
def test_whatever_becomes_of_a_draft_that_is_asked_about_is_to_be_shown(
    stage: Stage, how: str
) -> None:
    draft = stage.scene.draft(state=DraftState.NEEDS_REVIEW)
    stage.world.step(5)
    store, world = stage.system.store, stage.world
    moves: dict[str, Callable[[], object]] = {
        "approve": lambda: approve_as(stage, draft.draft_id, "kim"),
        "edit": lambda: edit(store, world, draft, "Other words"),
        "reject": lambda: reject(store, world, draft),
        "overtake": lambda: stage.post(stage.text("Something else")),
    }
    moves[how]()
    asked = question(stage, draft)
    assert asked is not None
    assert asked.version == 2
    assert asked.due_at > draft.created_at


def test_the_outcome_of_a_draft_that_was_asked_about_is_to_be_shown(stage: Stage) -> None:
    draft = stage.scene.draft(state=DraftState.NEEDS_REVIEW)
    approve_as(stage, draft.draft_id, "kim")
    stage.fail(Kind.RESET_BEFORE)
    stage.send(draft.draft_id)
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    asked = question(stage, draft)
    assert asked is not None
    # Held, approved, parked, settled.
    assert asked.version == 4
