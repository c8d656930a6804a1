"""What was read a moment ago may be so no longer: nothing leaves on an old reading."""

from collections.abc import Callable
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.drafts import approve
from system_sender.models import Draft, Message, Switch
from system_sender.result import SendOutcome
from system_sender.switches import EVERYTHING, MAX_AGE_SECONDS, pause
from system_sender.word import settle_by_word
from tests.crash.connection import conflict
from tests.engine.stage import (
    Once,
    Stage,
    claims,
    is_claim,
    settlements,
)

ONE = "One " * 39 + "end."
TWO = "Two and last."
TEXT = f"{ONE} {TWO}"
DAY = 24 * 3600


def is_reading(effect: object, name: str) -> bool:
    """Say whether this effect is the read step, or the second look at the switches."""
    return name == "batch_get"


class Suspendable:
    """The stage's world on a host that may be suspended: then only the wall clock moves."""

    def __init__(self, stage: Stage) -> None:
        self._world = stage.world
        self._asleep = 0.0

    def suspended(self, happens: Callable[[], object]) -> None:
        """Let things happen while this host sleeps."""
        before = self._world.monotonic()
        happens()
        self._asleep += self._world.monotonic() - before

    def monotonic(self) -> float:
        """Return the monotonic clock, which slept with the host."""
        return self._world.monotonic() - self._asleep

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


def paused(stage: Stage, scope: str | None = None) -> None:
    stage.scene.put(Switch(scope or stage.scene.workspace, paused=True, changed_at=1))


def resumed(stage: Stage, scope: str | None = None) -> None:
    stage.scene.put(Switch(scope or stage.scene.workspace, paused=False, changed_at=2))


# --- the switches --------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0.001, 2, 30])
def test_a_host_that_slept_after_reading_looks_at_the_switches_again(
    stage: Stage, hours: float
) -> None:
    draft = stage.scene.draft()
    world = Suspendable(stage)

    def meanwhile() -> None:
        stage.world.step(hours * 3600)
        pause(stage.system.store, stage.world, EVERYTHING, None)

    stage.world.after = Once(is_reading, lambda: world.suspended(meanwhile))
    result = stage.send(draft.draft_id, system=stage.scene.system(world=world))
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.PAUSED_ALL)
    assert stage.sandbox.ledger.requests() == []
    assert stage.state(draft.draft_id) == "approved"


def test_a_host_that_slept_while_nobody_paused_sends(stage: Stage) -> None:
    draft = stage.scene.draft()
    world = Suspendable(stage)
    stage.world.after = Once(is_reading, lambda: world.suspended(lambda: stage.world.step(7200)))
    result = stage.send(draft.draft_id, system=stage.scene.system(world=world))
    assert result.outcome is SendOutcome.SENT
    assert sum(name == "batch_get" for _, name in stage.world.effects) == 2


def test_a_look_at_the_switches_that_took_too_long_lets_nothing_out(stage: Stage) -> None:
    draft = stage.scene.draft()
    slow = Once(is_reading, lambda: stage.world.step(MAX_AGE_SECONDS + 2))

    def claimed() -> None:
        stage.world.step(MAX_AGE_SECONDS + 0.2)  # so that the first reading is too old
        stage.world.after = slow

    stage.world.after = Once(is_claim, claimed)
    result = stage.send(draft.draft_id)
    assert slow.happened
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.BUSY)
    assert stage.sandbox.ledger.requests() == []
    row = stage.scene.draft_now(draft.draft_id)
    assert (row.state, row.attempts) == ("approved", 0)
    stage.world.step(61)
    assert stage.sweep().codes == {"sent": 1}


def test_a_look_at_the_switches_that_came_in_time_is_used(stage: Stage) -> None:
    draft = stage.scene.draft()

    def claimed() -> None:
        stage.world.step(MAX_AGE_SECONDS + 0.2)
        stage.world.after = Once(is_reading, lambda: stage.world.step(MAX_AGE_SECONDS - 0.1))

    stage.world.after = Once(is_claim, claimed)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT


# --- the draft -----------------------------------------------------------------------------------


def approved_by_a_person(stage: Stage, draft: Draft, **options: Any) -> None:
    stage.world.step(0.05)
    row = stage.scene.draft_now(draft.draft_id)
    lead = stage.scene.lead_now()
    approve(stage.system.store, stage.world, row, lead, sent_by="setter", user="kim", **options)


def test_a_draft_that_a_person_moves_to_tomorrow_before_the_claim_stays_until_then(
    stage: Stage,
) -> None:
    draft = stage.scene.draft()
    tomorrow = stage.world.now() + DAY * 1000
    once = Once(is_claim, lambda: approved_by_a_person(stage, draft, due_at=tomorrow))
    stage.world.before = once
    result = stage.send(draft.draft_id)
    assert once.happened
    assert (result.outcome, result.code, result.due_at) == (
        SendOutcome.WAITING,
        Code.NOT_DUE,
        tomorrow,
    )
    assert stage.sandbox.ledger.requests() == []
    stage.world.step(DAY)
    assert stage.sweep().codes == {"sent": 1}


def test_a_draft_that_a_person_approves_again_before_the_claim_goes_as_theirs(
    stage: Stage,
) -> None:
    draft = stage.scene.draft()
    once = Once(is_claim, lambda: approved_by_a_person(stage, draft))
    stage.world.before = once
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert once.happened
    row = stage.scene.message_now(draft.draft_id)
    assert (row.sent_by, row.user) == ("setter", "kim")
    lead = stage.scene.lead_now()
    assert (lead.automated_in_a_row, lead.human_outbound_count) == (0, 1)
    assert len(stage.scene.sent_texts()) == 1


@pytest.mark.parametrize("earlier_attempts", [0, 1])
@pytest.mark.parametrize("moment", [is_reading, is_claim])
def test_the_wait_that_another_invocation_was_told_is_respected(
    stage: Stage, earlier_attempts: int, moment: Any
) -> None:
    draft = stage.scene.draft()
    for _ in range(earlier_attempts):
        stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="30")
        stage.send(draft.draft_id)
        stage.world.step(61)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="3600")

    def elsewhere() -> None:
        stage.world.step(0.05)
        stage.send(draft.draft_id)

    other = Once(moment, elsewhere)
    stage.world.before = other
    result = stage.send(draft.draft_id)
    assert other.happened
    assert result.outcome in (SendOutcome.WAITING, SendOutcome.IN_PROGRESS)
    row = stage.scene.draft_now(draft.draft_id)
    assert (row.state, row.code) == ("approved", "rate_limited")
    assert row.due_at - stage.world.now() == 3600_000
    assert len(stage.sandbox.ledger.sends()) == 1 + earlier_attempts
    assert stage.sandbox.ledger.accepted() == []


# --- how long an approval holds ------------------------------------------------------------------


def test_waiting_is_counted_from_the_moment_it_was_to_go(stage: Stage) -> None:
    draft = stage.scene.draft(due_at=stage.world.now() + 3 * DAY * 1000)
    stage.world.step(3 * DAY + 1)
    paused(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.PAUSED_WORKSPACE)
    resumed(stage)
    stage.world.step(61)
    assert stage.sweep().codes == {"sent": 1}


def test_a_draft_that_waited_a_day_from_then_is_shown_to_a_person(stage: Stage) -> None:
    draft = stage.scene.draft(due_at=stage.world.now() + 3 * DAY * 1000)
    paused(stage)
    stage.world.step(4 * DAY - 60)
    assert stage.sweep().codes == {"paused_workspace": 1}
    stage.world.step(121)
    assert stage.sweep().codes == {"waited_too_long": 1}
    assert stage.state(draft.draft_id) == "needs_review"


def half_sent(stage: Stage) -> Draft:
    """Return a draft whose first part is out, and whose second was told to wait."""
    draft = stage.scene.draft(text=TEXT)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="30", skip=1)
    assert stage.send(draft.draft_id).code is Code.RATE_LIMITED
    assert stage.scene.sent_texts() == [ONE]
    return draft


def test_the_rest_of_a_half_sent_text_asks_a_person_after_a_day(stage: Stage) -> None:
    draft = half_sent(stage)
    paused(stage)
    stage.world.step(23 * 3600)
    assert stage.sweep().codes == {"paused_workspace": 1}
    stage.world.step(2 * 3600)
    assert stage.sweep().codes == {"waited_too_long": 1}
    assert stage.state(draft.draft_id) == "needs_review"
    resumed(stage)
    stage.world.step(61)
    assert set(stage.sweep().codes) == {"review_not_configured"}
    assert stage.scene.sent_texts() == [ONE]
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT
    assert stage.scene.sent_texts() == [ONE, TWO]


def test_a_newer_text_does_not_cut_a_message_in_half(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    draft = half_sent(stage)
    stage.post(stage.text("ok"))
    assert stage.state(draft.draft_id) == "approved"
    stage.world.step(61)
    assert stage.sweep().codes == {"sent": 1}
    assert stage.scene.sent_texts() == [ONE, TWO]


def test_an_opt_out_does_cut_a_message_in_half(stage: Stage) -> None:
    draft = half_sent(stage)
    stage.post(stage.text("STOP"))
    stage.world.step(61)
    assert stage.sweep().codes == {"opted_out": 1}
    assert (stage.state(draft.draft_id), stage.scene.sent_texts()) == ("failed", [ONE])


# --- rows that were erased -----------------------------------------------------------------------


@pytest.mark.parametrize("erased", [(0,), (1,), (0, 1)])
def test_a_draft_whose_deliveries_were_erased_is_shown_to_a_person_and_not_sent(
    stage: Stage, erased: tuple[int, ...]
) -> None:
    draft = half_sent(stage)
    for part in erased:
        stage.delete(Message, draft.draft_id, part)
    stage.world.step(61)
    assert stage.sweep().codes == {"draft_claimed": 1}
    assert stage.state(draft.draft_id) == "needs_review"
    for _ in range(2):
        again = stage.approve_and_send(draft.draft_id, "setter")
        assert (again.outcome, again.code) == (SendOutcome.HELD, Code.DRAFT_CLAIMED)
    assert stage.scene.sent_texts() == [ONE]


# --- rows that others are at ---------------------------------------------------------------------


@pytest.mark.parametrize("times", [6, 9, 20])
def test_a_settlement_outlives_conflicts_as_long_as_there_is_time(stage: Stage, times: int) -> None:
    draft = stage.scene.draft()
    with stage.struck(conflict, settlements, times=times) as struck:
        result = stage.send(draft.draft_id)
    assert len(struck) == times
    assert result.outcome is SendOutcome.SENT
    assert stage.scene.message_now(draft.draft_id).state == "sent"
    assert stage.state(draft.draft_id) == "sent"


def test_a_settlement_without_end_to_its_conflicts_ends_with_the_invocation(stage: Stage) -> None:
    draft = stage.scene.draft()
    started = stage.world.now()
    with stage.struck(conflict, settlements):
        stage.send(draft.draft_id)
    assert stage.world.now() - started <= 28_000
    assert stage.state(draft.draft_id) == "sending"
    stage.world.step(90)
    assert stage.sweep().codes == {"interrupted": 1}
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    assert (stage.state(draft.draft_id), len(stage.sandbox.ledger.sends())) == ("sent", 1)


def test_a_claim_that_meets_conflicts_takes_nothing_and_waits(stage: Stage) -> None:
    draft = stage.scene.draft()
    with stage.struck(conflict, claims):
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.BUSY)
    assert stage.sandbox.ledger.requests() == []
    assert stage.state(draft.draft_id) == "approved"
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
