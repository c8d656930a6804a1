"""The minute's round: what is due, oldest first, bounded, and harmless when it overlaps."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender import replying
from system_sender import sweep as sweeping
from system_sender.codes import Code
from system_sender.drafting.conversation import Conversation
from system_sender.drafting.writing import Written
from system_sender.models import Draft, Lead
from system_sender.result import SendOutcome
from system_sender.transport import Guard, NoAnswer, Request
from system_sender.work import POSTPONED
from tests.engine.stage import Once, Stage, is_send, is_settlement, named, nothing
from tests.support.transport import SandboxTransport


class Killed(BaseException):
    """The process is gone."""


def die() -> None:
    raise Killed


def killed(stage: Stage, when: Callable[[Any, str], bool], act: Callable[[], object]) -> None:
    """Run `act` in a process that dies right before an effect."""
    stage.world.before = Once(when, die)
    with pytest.raises(Killed):
        act()
    stage.world.before = nothing


def test_scheduled_drafts_go_when_they_are_due_and_not_before(stage: Stage) -> None:
    draft = stage.scene.draft(due_at=stage.world.now() + 3_600_000)
    assert stage.sweep().due == 0
    stage.world.step(3600)
    report = stage.sweep()
    assert (report.due, report.performed, report.codes) == (1, 1, {"sent": 1})
    assert stage.state(draft.draft_id) == "sent"
    assert stage.sweep().due == 0


def test_the_longest_waiting_goes_first(stage: Stage) -> None:
    now = stage.world.now()
    for minutes in (3, 1, 2):
        stage.scene.draft(f"d{minutes}", text=f"after {minutes}", due_at=now + minutes * 60_000)
    stage.world.step(600)
    report = stage.sweep()
    assert stage.scene.sent_texts() == ["after 1", "after 2", "after 3"]
    assert report.oldest_due_seconds == 540


def test_a_round_is_bounded_by_count_and_the_next_one_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "MOST_ITEMS", 2)
    for number in range(3):
        stage.scene.draft(f"d{number}")
    assert stage.sweep().performed == 2
    assert stage.sweep().performed == 1
    assert len(stage.scene.sent_texts()) == 3


def test_a_round_is_bounded_by_time_and_nothing_is_lost(stage: Stage) -> None:
    for number in range(3):
        stage.scene.draft(f"d{number}")
    stage.world.after = lambda effect, name: stage.world.step(8 * is_send(effect, name))
    report = stage.sweep(seconds=15)
    assert (report.due, report.performed, report.left) == (3, 1, 2)
    assert stage.sweep(seconds=120).performed == 2
    assert len(stage.scene.sent_texts()) == 3


def test_overlapping_rounds_do_no_harm(stage: Stage) -> None:
    drafts = [stage.scene.draft(f"d{number}", sent_by="ai") for number in range(3)]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: stage.sweep(workers=2), range(4)))
    stage.world.step(61)
    stage.sweep()
    assert {stage.state(draft.draft_id) for draft in drafts} == {"sent"}
    assert len(stage.sandbox.ledger.sends()) == 3
    assert sum(report.failed for report in reports) == 0


def test_a_round_within_a_round_does_no_harm(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.world.before = Once(is_send, stage.sweep)
    stage.sweep()
    assert len(stage.sandbox.ledger.sends()) == 1
    assert stage.state(draft.draft_id) == "sent"


# --- what a dead process left --------------------------------------------------------------------


def test_a_delivery_left_sending_is_parked_once_it_can_be_no_other_way(stage: Stage) -> None:
    draft = stage.scene.draft()
    killed(stage, is_settlement, lambda: stage.send(draft.draft_id))
    assert len(stage.sandbox.ledger.accepted()) == 1
    claimed_at = stage.world.now()
    stage.world.step(79)
    assert stage.sweep().parked == 0
    assert stage.state(draft.draft_id) == "sending"
    stage.world.step(2)
    report = stage.sweep()
    assert (report.codes, report.parked) == ({"interrupted": 1}, 1)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.code, row.attention) == ("unknown", "interrupted", "parked")
    assert row.attention_at > claimed_at
    # The provider's records show it; nobody sends it again to find out.
    stage.world.step(3600)
    assert stage.sweep().codes == {"sent_by_evidence": 1}
    for _ in range(3):
        stage.world.step(3600)
        assert stage.sweep().due == 0
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_process_that_died_before_the_request_is_parked_too_and_not_guessed(
    stage: Stage,
) -> None:
    draft = stage.scene.draft()
    killed(stage, is_send, lambda: stage.send(draft.draft_id))
    stage.world.step(81)
    stage.sweep()
    assert stage.state(draft.draft_id) == "unknown"
    assert stage.sandbox.ledger.sends() == []


def test_an_event_that_was_recorded_but_not_finished_is_finished(stage: Stage) -> None:
    killed(
        stage,
        named("write draft+revision"),
        lambda: stage.post(stage.text("Hello?")),
    )
    [event] = stage.inbound()
    assert event.finished_code is None
    assert stage.drafts() == []
    assert stage.sweep().due == 0, "its own invocation may still be at it"
    stage.world.step(61)
    assert stage.sweep().codes == {"sent": 1}
    assert stage.scene.sent_texts() == ["Hi Dana, does 2pm Tuesday work?"]
    [event] = stage.inbound()
    assert event.finished_code == "reply_drafted"
    assert event.due_at is None


def test_a_reply_that_was_drafted_but_not_sent_is_sent(stage: Stage) -> None:
    killed(
        stage,
        named("write suppression+message"),
        lambda: stage.post(stage.text("Hello?")),
    )
    [draft] = stage.drafts()
    assert draft.state == "approved"
    stage.world.step(61)
    stage.sweep()
    assert len(stage.scene.sent_texts()) == 1


def test_a_redelivery_finishes_what_the_first_delivery_left(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    killed(
        stage,
        named("write draft+revision"),
        lambda: stage.post(webhook),
    )
    answer = stage.post(webhook)
    assert (answer.code, answer.fields["outcome"]) == (Code.DUPLICATE_EVENT, "sent")
    stage.world.step(61)
    stage.sweep()
    assert len(stage.scene.sent_texts()) == 1


# --- what must not stand in the way --------------------------------------------------------------


class PoisonedTransport(SandboxTransport):
    """Breaks at one text."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Any:
        if b"poison" in (request.body or b""):
            guard()
            raise RuntimeError("secret text inside")
        return super().send(request, seconds=seconds, guard=guard)


class PoisonedWriter:
    """Breaks at one inbound text."""

    def write(self, conversation: Conversation, *, seconds: float) -> Written | Code:
        if conversation.message == "poison":
            raise RuntimeError("secret text inside")
        return Written("Hi there", None, "test")


def test_an_event_whose_work_breaks_steps_back_and_hurts_no_other(stage: Stage) -> None:
    stage.system = stage.scene.system(writer=PoisonedWriter())
    answer = stage.post(stage.text("poison"))
    assert (answer.status, answer.fields["work"]) == (200, "due")
    stage.world.step(61)
    healthy = stage.scene.draft("healthy")
    report = stage.sweep()
    assert (report.performed, report.failed) == (2, 1)
    assert stage.state(healthy.draft_id) == "sent"
    [event] = stage.inbound()
    assert event.due_at == stage.world.now() + POSTPONED
    assert stage.sweep().due == 0
    stage.world.step(POSTPONED / 1000 + 1)
    assert stage.sweep().failed == 1, "it comes back, and the alarm for the oldest due work sees it"


def test_a_send_that_breaks_unexpectedly_is_parked_because_it_may_have_left(stage: Stage) -> None:
    draft = stage.scene.draft(text="poison")
    stage.system = stage.scene.system(transport=PoisonedTransport(stage.sandbox))
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.UNKNOWN, Code.INTERNAL_ERROR)
    assert stage.state(draft.draft_id) == "unknown"


def test_a_draft_that_cannot_be_read_steps_back(stage: Stage) -> None:
    from tests.crash.connection import request_lost

    stage.scene.draft("healthy")
    broken = stage.scene.draft("broken")

    def its_row(operation: str, arguments: dict[str, Any]) -> bool:
        return operation == "GetItem" and broken.draft_id in str(arguments["Key"])

    with stage.struck(request_lost, its_row):
        report = stage.sweep()
    assert (report.performed, report.failed) == (2, 1)
    assert stage.scene.draft_now(broken.draft_id).due_at == (stage.world.now() + POSTPONED)
    stage.world.step(POSTPONED / 1000 + 1)
    stage.sweep()
    assert len(stage.scene.sent_texts()) == 2


def test_a_due_row_that_vanished_is_no_trouble(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.world.before = Once(
        named("get ", "drafts"),
        lambda: stage.delete(Draft, draft.draft_id),
    )
    report = stage.sweep()
    assert (report.performed, report.failed, report.codes) == (1, 0, {"draft_not_found": 1})


def test_an_index_that_lags_does_not_send_what_was_taken_back(stage: Stage) -> None:
    from system_sender.drafts import reject

    draft = stage.scene.draft()
    stage.world.before = Once(
        named("get ", "drafts"),
        lambda: reject(stage.system.store, stage.world, draft),
    )
    assert stage.sweep().codes == {"draft_rejected": 1}
    assert stage.sandbox.ledger.sends() == []


def test_the_report_counts_what_is_parked(stage: Stage) -> None:
    for number in range(3):
        stage.scene.draft(f"d{number}")
    stage.fail(Kind.RESET_AFTER, times=3)
    report = stage.sweep()
    assert (report.parked, report.codes) == (3, {"provider_reset": 3})
    plain = report.to_dict()
    assert plain["parked"] == 3
    assert set(plain) == {
        "dispatched",
        "due",
        "performed",
        "left",
        "failed",
        "oldest_due_seconds",
        "parked",
        "unshown",
        "codes",
    }


def test_a_lead_that_vanished_ends_an_event_with_a_reason(stage: Stage) -> None:
    killed(
        stage,
        named("write draft+revision"),
        lambda: stage.post(stage.text("Hello?")),
    )
    stage.delete(Lead, stage.scene.lead_id)
    stage.world.step(61)
    assert stage.sweep().codes == {"lead_not_found": 1}
    [event] = stage.inbound()
    assert event.finished_code == "lead_not_found"


def test_an_event_nobody_recorded_is_told_apart(stage: Stage) -> None:
    performed = replying.perform_inbound(
        stage.system, "acme:x", budget=stage.budget(), may_call_models=True
    )
    assert performed.code is Code.INVALID_REQUEST


def test_threads_are_joined_before_the_round_returns(stage: Stage) -> None:
    import threading

    for number in range(3):
        stage.scene.draft(f"d{number}")
    before = threading.active_count()
    stage.sweep(workers=8)
    assert threading.active_count() <= before


def test_a_request_that_never_began_is_told_from_one_that_may_have(stage: Stage) -> None:
    class Unreachable(SandboxTransport):
        def send(self, request: Request, *, seconds: float, guard: Guard) -> Any:
            return NoAnswer(began=False, code=Code.UNREACHABLE)

    draft = stage.scene.draft()
    result = stage.send(
        draft.draft_id, system=stage.scene.system(transport=Unreachable(stage.sandbox))
    )
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.UNREACHABLE)
    assert stage.scene.draft_now(draft.draft_id).attempts == 1
    stage.world.step(31)
    assert stage.sweep().codes == {"sent": 1}
