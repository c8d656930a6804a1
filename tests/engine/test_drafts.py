"""Every move of a draft that is not a sending, and who may not make it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, NewDraft, approve, create_draft, edit, leave, reject
from system_sender.models import Draft, Lead, Revision, Workspace
from system_sender.result import SendOutcome
from system_sender.settlement import DraftFate
from system_sender.states import DraftState, IllegalTransition
from tests.engine.stage import Once, Stage, is_claim, is_send, named


def approve_now(stage: Stage, draft: Draft, **options: Any) -> None:
    approve(
        stage.system.store,
        stage.world,
        draft,
        stage.scene.lead_now(),
        **{"sent_by": "setter", **options},
    )


def edit_now(stage: Stage, draft: Draft, text: str) -> Draft:
    return edit(stage.system.store, stage.world, draft, text)


def reject_now(stage: Stage, draft: Draft) -> None:
    reject(stage.system.store, stage.world, draft)


def refusal(call: Callable[[], object]) -> Code:
    with pytest.raises(DraftRefused) as refused:
        call()
    return refused.value.code


def in_state(stage: Stage, state: DraftState) -> Draft:
    """Bring a draft into a state the way it gets there."""
    if state in (DraftState.PENDING, DraftState.NEEDS_REVIEW, DraftState.APPROVED):
        return stage.scene.draft(state=state)
    draft = stage.scene.draft(state=DraftState.APPROVED)
    if state is DraftState.SUPERSEDED:
        fate = DraftFate(state, Code.NEWER_INBOUND)
        leave(stage.system.store, stage.world, draft, fate)
    elif state is DraftState.REJECTED:
        reject_now(stage, draft)
    else:
        if state is DraftState.UNKNOWN:
            stage.fail(Kind.RESET_AFTER)
        if state is DraftState.FAILED:
            stage.fail(Kind.REFUSE, refusal="missing_phone")
        if state is DraftState.SENDING:
            stage.world.before = Once(is_send, _die)
            with pytest.raises(_Killed):
                stage.send(draft.draft_id)
        else:
            stage.send(draft.draft_id)
    found = stage.scene.draft_now(draft.draft_id)
    assert found.state == state
    return found


class _Killed(BaseException):
    """The process is gone."""


def _die() -> None:
    raise _Killed


# Who may do what from where: None is allowed, a code is the reason why not.
APPROVE = {
    DraftState.PENDING: None,
    DraftState.NEEDS_REVIEW: None,
    DraftState.APPROVED: None,
    DraftState.SUPERSEDED: None,
    DraftState.SENDING: Code.IN_PROGRESS,
    DraftState.UNKNOWN: Code.DRAFT_CLAIMED,
    DraftState.SENT: Code.DRAFT_SENT,
    DraftState.FAILED: Code.PART_FINAL,
    DraftState.REJECTED: Code.DRAFT_REJECTED,
}
EDIT = {
    DraftState.PENDING: None,
    DraftState.NEEDS_REVIEW: None,
    DraftState.APPROVED: None,
    DraftState.SUPERSEDED: None,
    DraftState.REJECTED: None,
    DraftState.SENDING: Code.DRAFT_CLAIMED,
    DraftState.UNKNOWN: Code.DRAFT_CLAIMED,
    DraftState.SENT: Code.DRAFT_CLAIMED,
    DraftState.FAILED: Code.DRAFT_CLAIMED,
}


@pytest.mark.parametrize(("state", "code"), APPROVE.items())
def test_a_person_approves_what_may_still_go(
    stage: Stage, state: DraftState, code: Code | None
) -> None:
    draft = in_state(stage, state)
    if code is not None:
        assert refusal(lambda: approve_now(stage, draft)) is code
        assert stage.state(draft.draft_id) == state
        return
    approve_now(stage, draft)
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.sent_by, now.due_at) == ("approved", "setter", stage.world.now())
    assert draft.draft_id in (stage.scene.lead_now().open_drafts or ())


@pytest.mark.parametrize(
    "state", [DraftState.NEEDS_REVIEW, DraftState.SUPERSEDED, DraftState.FAILED]
)
def test_a_machine_does_not_approve_what_a_person_must_see(stage: Stage, state: DraftState) -> None:
    draft = in_state(stage, state)
    assert refusal(lambda: approve_now(stage, draft, sent_by="ai")) is Code.AWAITING_PERSON


@pytest.mark.parametrize(("state", "code"), EDIT.items())
def test_an_edit_makes_a_new_revision_until_a_part_was_claimed(
    stage: Stage, state: DraftState, code: Code | None
) -> None:
    draft = in_state(stage, state)
    if code is not None:
        assert refusal(lambda: edit_now(stage, draft, "Other")) is code
        return
    edited = edit_now(stage, draft, "Other")
    assert (edited.state, edited.revision) == ("pending", 2)
    assert edited.due_at is None
    first, second = (
        stage.system.store.get(Revision, str(draft.draft_id), number) for number in (1, 2)
    )
    assert first is not None
    assert second is not None
    assert (first.text, second.text) == ("Hi Dana", "Other")
    assert stage.send(draft.draft_id).code is Code.AWAITING_PERSON
    assert stage.scene.sent_texts() == []


def test_an_empty_edit_is_refused(stage: Stage) -> None:
    draft = in_state(stage, DraftState.PENDING)
    assert refusal(lambda: edit_now(stage, draft, " \n")) is Code.EMPTY_TEXT


@pytest.mark.parametrize(
    "state", [DraftState.PENDING, DraftState.NEEDS_REVIEW, DraftState.APPROVED]
)
def test_an_open_draft_is_rejected_and_stays_so(stage: Stage, state: DraftState) -> None:
    draft = in_state(stage, state)
    reject_now(stage, draft)
    assert stage.state(draft.draft_id) == "rejected"
    assert not stage.scene.lead_now().open_drafts
    stage.world.step(3600)
    # At most the people who were asked about it are to be shown that it is over.
    assert set(stage.sweep().codes) <= {Code.REVIEW_NOT_CONFIGURED}
    assert stage.sweep().due == 0
    assert stage.approve_and_send(draft.draft_id, "setter").code is Code.DRAFT_REJECTED


@pytest.mark.parametrize("state", [DraftState.SENDING, DraftState.UNKNOWN, DraftState.FAILED])
def test_a_claimed_draft_is_not_rejected(stage: Stage, state: DraftState) -> None:
    draft = in_state(stage, state)
    assert refusal(lambda: reject_now(stage, draft)) is Code.DRAFT_CLAIMED


def test_a_sent_draft_is_not_rejected(stage: Stage) -> None:
    draft = in_state(stage, DraftState.SENT)
    assert refusal(lambda: reject_now(stage, draft)) is Code.DRAFT_SENT


# --- two at once ---------------------------------------------------------------------------------


def test_of_two_edits_from_the_same_look_one_wins(stage: Stage) -> None:
    draft = in_state(stage, DraftState.PENDING)

    def one(text: str) -> bool:
        try:
            edit_now(stage, draft, text)
        except DraftRefused as refused:
            assert refused.code is Code.DRAFT_CHANGED
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, [f"text {n}" for n in range(6)])) == 1
    assert stage.scene.draft_now(draft.draft_id).revision == 2


def test_an_approval_is_for_the_revision_that_was_seen(stage: Stage) -> None:
    draft = in_state(stage, DraftState.PENDING)
    edit_now(stage, stage.scene.draft_now(draft.draft_id), "Changed meanwhile")
    assert refusal(lambda: approve_now(stage, draft)) is Code.DRAFT_CHANGED
    assert stage.state(draft.draft_id) == "pending"


def test_an_older_verdict_does_not_undo_a_newer_approval(stage: Stage) -> None:
    """A machine's draft is judged over its cap, while a person approves that very draft."""
    stage.update(Workspace(stage.scene.workspace), Workspace.automated_in_a_row.set(0))
    draft = stage.scene.draft()

    def person_meanwhile() -> None:
        stage.world.step(1)
        approve_now(stage, stage.scene.draft_now(draft.draft_id))

    stage.world.before = Once(named("write draft"), person_meanwhile)
    result = stage.send(draft.draft_id)
    assert result.code is Code.DRAFT_CHANGED
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.sent_by) == ("approved", "setter")
    stage.sweep()
    assert stage.scene.sent_texts() == ["Hi Dana"]


def test_a_claim_that_meets_a_new_approval_is_judged_again(stage: Stage) -> None:
    """Approved again for later, right before the claim: the earlier permission is void."""
    draft = stage.scene.draft()
    later = stage.world.now() + 3_600_000

    def postpone() -> None:
        stage.world.step(1)
        approve_now(stage, stage.scene.draft_now(draft.draft_id), due_at=later)

    stage.world.before = Once(is_claim, postpone)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.due_at) == (SendOutcome.WAITING, later)
    assert stage.sandbox.ledger.sends() == []


# --- creating ------------------------------------------------------------------------------------


def new(stage: Stage, **changes: Any) -> NewDraft:
    values: dict[str, Any] = {
        "draft_id": f"{stage.scene.workspace}:k1",
        "workspace": stage.scene.workspace,
        "lead_id": stage.scene.lead_id,
        "channel": "sms",
        "text": "Hi",
        "state": DraftState.PENDING,
        "origin": "test",
        "seen_inbounds": 0,
        "seen_human_outbounds": 0,
    }
    return NewDraft(**{**values, **changes})


def create(stage: Stage, **changes: Any) -> Draft:
    return create_draft(stage.system.store, stage.world, new(stage, **changes))


def test_a_key_makes_one_draft_however_often_it_is_used(stage: Stage) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: create(stage), range(6)))
    assert {draft.draft_id for draft in made} == {f"{stage.scene.workspace}:k1"}
    assert len(stage.drafts()) == 1


@pytest.mark.parametrize("changes", [{"text": "Hi!"}, {"channel": "email"}])
def test_a_key_belongs_to_its_first_text(stage: Stage, changes: dict[str, Any]) -> None:
    create(stage)
    assert refusal(lambda: create(stage, **changes)) is Code.KEY_REUSED


def test_a_draft_needs_its_lead(stage: Stage) -> None:
    assert refusal(lambda: create(stage, lead_id=f"{stage.scene.workspace}:x")) is (
        Code.LEAD_NOT_FOUND
    )
    assert stage.drafts() == []


def test_a_draft_is_born_open(stage: Stage) -> None:
    with pytest.raises(IllegalTransition, match="cannot be born sent"):
        create(stage, state=DraftState.SENT)


def test_an_approved_draft_is_due_from_its_first_moment(stage: Stage) -> None:
    draft = create(stage, state=DraftState.APPROVED, sent_by="ai")
    assert (draft.due_at, draft.approved_at) == (stage.world.now(), stage.world.now())
    assert stage.sweep().codes == {"sent": 1}


def test_the_lead_lists_what_is_open(stage: Stage) -> None:
    one = create(stage)
    two = create(stage, draft_id=f"{stage.scene.workspace}:k2", state=DraftState.APPROVED)
    assert stage.scene.lead_now().open_drafts == {one.draft_id, two.draft_id}
    stage.send(two.draft_id)
    assert stage.scene.lead_now().open_drafts == {one.draft_id}
    assert isinstance(stage.scene.lead_now(), Lead)
