"""The guard is guarded from within: without any one of its protections the system is convicted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.expressions.condition import Condition

from system_sender import claim, echoes, looking, recovery, replying, request, settlement, work
from system_sender.codes import Code
from system_sender.deliveries import LeadDelivery, deliveries_of
from system_sender.drafting import judging
from system_sender.drafting.judging import Judgement
from system_sender.ledger import DeliveryLedger
from system_sender.models import Draft, Message
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import gohighlevel
from system_sender.settlement import Settlement
from system_sender.states import DraftState, MessageState
from system_sender.store import Store, Write
from system_sender.switches import SwitchReading
from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.contests import CONTESTS, every_order_of
from tests.crash.faults import Boundary, is_of_the_delivery
from tests.crash.harness import run, single_plans
from tests.crash.registry import STORIES

Break = Callable[[pytest.MonkeyPatch], None]
_READS = frozenset({Effect.DATABASE_READ, Effect.SECRET})


def _unconditional(*labels: str, of: str) -> Break:
    """Drop the conditions of these steps, in claims or in settlements."""

    def applies(write: Write, label: str) -> bool:
        is_claim = "suppression" in write.labels
        return label in labels and is_claim == (of == "claim")

    def break_it(patch: pytest.MonkeyPatch) -> None:
        put, update = Write.put, Write.update

        def free_put(
            self: Write, label: str, row: Any, condition: Condition | None = None, **options: Any
        ) -> None:
            put(self, label, row, None if applies(self, label) else condition, **options)

        def free_update(
            self: Write,
            label: str,
            row: Any,
            actions: Any,
            condition: Condition | None = None,
            **options: Any,
        ) -> None:
            kept = None if applies(self, label) else condition
            update(self, label, row, actions, kept, **options)

        patch.setattr(Write, "put", free_put)
        patch.setattr(Write, "update", free_update)

    return break_it


def _settlement_asks_nothing(patch: pytest.MonkeyPatch) -> None:
    """Let a settlement overwrite whoever holds the delivery now."""
    write = Settlement.write

    def free(self: Settlement, token: str) -> Write:
        whole = write(self, token)
        whole._updates = [(*step[:3], None, step[4]) for step in whole._updates]
        return whole

    patch.setattr(Settlement, "write", free)


def _parking_releases(patch: pytest.MonkeyPatch) -> None:
    """Take a delivery past its time for one that did not leave."""

    def release(store: Store, world: Any, draft: Draft, message: Message, _: Outcome) -> bool:
        now = world.now()

        def build(token: str) -> Write:
            write = Write(token)
            key = Message(draft.draft_id, int(message.part))
            write.update("message", key, [Message.state.set(MessageState.NOT_SENT.value)])
            fate = settlement.DraftFate(DraftState.APPROVED, Code.INTERRUPTED, now)
            actions = settlement.draft_actions(draft, fate, now)
            write.update("draft", Draft(draft.draft_id), actions)
            return write

        store.write_patiently(build)
        return True

    patch.setattr(recovery, "park", release)


def _no_answer_is_not_sent(patch: pytest.MonkeyPatch) -> None:
    """Take silence for a message that did not leave."""

    def guess(answer: Any, now: int) -> Outcome:
        return Outcome(OutcomeKind.NOT_SENT, answer.code, retry_at=now)

    patch.setattr(gohighlevel, "without_answer", guess)


def _token_from_the_draft(patch: pytest.MonkeyPatch) -> None:
    """Let all claims of a draft share one client request token."""
    claim_write = claim.claim_write

    def shared(delivery: Any, now: int) -> Write:
        write = claim_write(delivery, 0)
        write.token = f"{delivery.draft.draft_id}#{delivery.part}"[-36:]
        return write

    patch.setattr("system_sender.ledger.claim_write", shared)


def _a_lost_claim_is_ours(patch: pytest.MonkeyPatch) -> None:
    """Believe that a claim whose answer was lost was written."""
    patch.setattr(DeliveryLedger, "_resolve_lost_claim", lambda _ledger: None)


def _the_guard_is_never_late(patch: pytest.MonkeyPatch) -> None:
    """Let a request begin however long ago its claim was written."""
    patch.setattr(request.Guard, "_refuse_late", lambda _guard: None)


def _switches_never_age(patch: pytest.MonkeyPatch) -> None:
    """Trust a reading of the switches for ever, and a claim as well."""
    _the_guard_is_never_late(patch)
    patch.setattr(SwitchReading, "is_fresh", lambda _reading, _monotonic: True)


def _a_claim_leaves_no_due_mark(patch: pytest.MonkeyPatch) -> None:
    """Take a draft out of the due index while it is being sent."""
    take_draft = claim._take_draft

    def forget(write: Write, delivery: Any, now: int) -> None:
        take_draft(write, delivery, now)
        label, row, actions, condition, old = write._updates.pop()
        kept = [action for action in actions if "due" not in str(action)]
        forgotten = [Draft.due_shard.remove(), Draft.due_at.remove()]
        write._updates.append((label, row, [*kept, *forgotten], condition, old))

    patch.setattr(claim, "_take_draft", forget)


def _a_reply_has_a_name_of_its_own(patch: pytest.MonkeyPatch) -> None:
    """Name a reply after the attempt that wrote it, not after the event it answers."""
    draft_reply = replying._draft_reply
    numbers = iter(range(10_000))

    def rename(system: Any, inbound: Any, *rest: Any) -> Any:
        name = f"{inbound.workspace}:reply:{next(numbers)}"
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(replying, "reply_draft_id", lambda _event: name)
            inner.setattr(replying, "finish_step", lambda *_step: None)
            return draft_reply(system, inbound, *rest)

    patch.setattr(replying, "_draft_reply", rename)


def _the_sweep_leaves_sending_alone(patch: pytest.MonkeyPatch) -> None:
    """Never look at what a dead invocation left."""
    patch.setattr(work, "recover", lambda _system, _draft: Code.IN_PROGRESS)


def _every_failure_opens_the_next_way(patch: pytest.MonkeyPatch) -> None:
    """Go on with the next way to a person, whatever became of the one before."""
    on_next_route = request._on_next_route

    def go_on(outcome: Outcome, delivery: Any) -> Outcome:
        failed = outcome.kind is not OutcomeKind.SENT
        return on_next_route(replace(outcome, next_route=True) if failed else outcome, delivery)

    patch.setattr(request, "_on_next_route", go_on)


def _a_silent_judge_agrees(patch: pytest.MonkeyPatch) -> None:
    """Take it for consent that a model does not answer."""
    by_model = judging._by_model

    def agree(*arguments: Any) -> Judgement | Code:
        judgement = by_model(*arguments)
        return Judgement(1.0, True, False, "", "") if isinstance(judgement, Code) else judgement

    patch.setattr(judging, "_by_model", agree)


def _an_echo_is_never_held(patch: pytest.MonkeyPatch) -> None:
    """Decide whose message it is at once, while ours may still be under way."""
    patch.setattr(echoes, "_LONGEST_HOLD", -1)


def _evidence_is_taken_twice(patch: pytest.MonkeyPatch) -> None:
    """Take a message in the records for one delivery, though it is known to be another."""
    unclaimed = looking._unclaimed

    def take(system: Any, message: Message, found: Any, _others: Any) -> Any:
        return unclaimed(system, message, found, [])

    patch.setattr(looking, "_unclaimed", take)


def _equal_texts_are_told_apart(patch: pytest.MonkeyPatch) -> None:
    """Believe that what was found is what was sought, though another one has the same text."""
    patch.setattr(looking, "same_text", lambda *_texts: False)


def _a_sent_text_has_a_name(patch: pytest.MonkeyPatch) -> None:
    """Believe that every delivery that was sent is known by its id."""

    def named(*arguments: Any, **options: Any) -> list[LeadDelivery]:
        return [one for one in deliveries_of(*arguments, **options) if not one.is_unnamed]

    patch.setattr(looking, "deliveries_of", named)


_claim_asks_nothing = _unconditional("message", "draft", "lead", of="claim")

STORY_BREAKS: dict[str, tuple[str, Break]] = {
    "claim without conditions": (
        "function",
        _claim_asks_nothing,
    ),
    "settlement without conditions": ("function", _settlement_asks_nothing),
    "parking releases": ("function", _parking_releases),
    "silence is not sent": ("function", _no_answer_is_not_sent),
    "token from the draft": ("function", _token_from_the_draft),
    "a lost claim is ours": ("function", _a_lost_claim_is_ours),
    "the guard is never late": ("function", _the_guard_is_never_late),
    "a claim leaves no due mark": ("function", _a_claim_leaves_no_due_mark),
    "the sweep leaves sending alone": ("three_parts", _the_sweep_leaves_sending_alone),
    "a reply has a name of its own": ("webhook", _a_reply_has_a_name_of_its_own),
    "a silent judge agrees": ("models", _a_silent_judge_agrees),
    "every failure opens the next way": ("linkedin steps", _every_failure_opens_the_next_way),
    "every failure opens the next mailbox": ("sender fallback", _every_failure_opens_the_next_way),
    "an echo is never held": ("linkedin echo", _an_echo_is_never_held),
}

CONTEST_BREAKS: dict[str, tuple[str, Break]] = {
    "claim without the lead's version": (
        "two drafts, daily cap",
        _unconditional("lead", of="claim"),
    ),
    "claim without conditions": (
        "direct twice",
        _claim_asks_nothing,
    ),
    "claim without the version beside an opt-out": (
        "newer inbound beside a send",
        _unconditional("lead", of="claim"),
    ),
    "evidence is taken twice": ("look-ups of equal texts", _evidence_is_taken_twice),
    "equal texts are told apart": (
        "look-ups of equal texts, both in doubt",
        _equal_texts_are_told_apart,
    ),
    "a sent text has a name": (
        "look-ups of equal texts, one without an id",
        _a_sent_text_has_a_name,
    ),
}


def _convicts_late(boundary: Boundary) -> tuple[bool, bool]:
    """What strikes where a delivery is taken or sent changes most, and at a read least."""
    return boundary.effect in _READS, not is_of_the_delivery(boundary)


@pytest.mark.parametrize("name", STORY_BREAKS)
def test_a_fault_shows_that_a_protection_is_missing(
    name: str, connection: FaultyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, break_it = STORY_BREAKS[name]
    trace = run(STORIES[story], connection).trace
    break_it(monkeypatch)
    plans = sorted(single_plans(trace), key=lambda plan: _convicts_late(trace[plan[0][0] - 1]))
    runs = (run(STORIES[story], connection, plan) for plan in plans)
    convicted = next((one for one in runs if one.failed), None)
    assert convicted is not None
    assert "AttributeError" not in convicted.describe(), "the test broke more than it says"


@pytest.mark.parametrize("name", CONTEST_BREAKS)
def test_an_order_shows_that_a_protection_is_missing(
    name: str, connection: FaultyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, break_it = CONTEST_BREAKS[name]
    assert contest in CONTESTS
    break_it(monkeypatch)
    assert every_order_of(contest, connection, preemptions=2).complaints
