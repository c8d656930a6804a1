"""The minute's round: everything that is due, oldest first, within a count and a time."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pynamodb.indexes import GlobalSecondaryIndex

from system_sender import audit
from system_sender.budget import Budget, next_look_up, overdue_at
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, leave
from system_sender.gate import send_approved_draft
from system_sender.looking import fill_in_id, look_up
from system_sender.models import SHARDS, Draft, Inbound, Message, Review, workspace_of
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.replying import perform_inbound
from system_sender.result import SendResult
from system_sender.settlement import DraftFate, park
from system_sender.slack.reviewing import show_review
from system_sender.states import DraftState, MessageState
from system_sender.store import ConditionsFailed, StorageError, Write
from system_sender.telemetry import log

if TYPE_CHECKING:
    from system_sender.system import System

MOST_ITEMS = 200
WORKERS = 8
# An item is not begun with less than this left: a send needs its time limit and its settlement.
LEAST_SECONDS = 10.0
# An item that fails unexpectedly steps back, so that it cannot stand in front of the others.
POSTPONED = 5 * 60_000
# What the alarm for parked deliveries counts up to, a shard.
MOST_PARKED_COUNTED = 250
# What the alarm for questions that are not shown counts up to: one read.
MOST_UNSHOWN_COUNTED = 100


@dataclass(frozen=True, slots=True)
class _Item:
    due_at: int
    name: str
    perform: Callable[[Budget], str]
    postpone: Callable[[], None]


@dataclass(slots=True)
class SweepReport:
    """What one round did, as counts by code; nothing personal."""

    due: int = 0
    performed: int = 0
    left: int = 0
    failed: int = 0
    oldest_due_seconds: float = 0.0
    parked: int = 0
    unshown: int = 0
    codes: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "due": self.due,
            "performed": self.performed,
            "left": self.left,
            "failed": self.failed,
            "oldest_due_seconds": self.oldest_due_seconds,
            "parked": self.parked,
            "unshown": self.unshown,
            "codes": self.codes,
        }


def sweep(system: "System", budget: Budget, *, workers: int = WORKERS) -> SweepReport:
    """Perform what is due. Overlapping rounds do no harm: every item is idempotent by its id."""
    now = system.world.now()
    questions = _questions(system)
    items = _due_items(system, now, questions)
    report = SweepReport(due=len(items))
    if items:
        oldest = min(item.due_at for item in items)
        report.oldest_due_seconds = max(0.0, (now - oldest) / 1000)
    for code in _perform_all(system, items, budget, workers):
        if code is None:
            report.left += 1
        else:
            report.performed += 1
            report.codes[code] = report.codes.get(code, 0) + 1
    report.failed = report.codes.get(Code.INTERNAL_ERROR.value, 0)
    report.parked = _count_parked(system)
    report.unshown = _count_unshown(system, [row["draft_id"] for row in questions])
    return report


def send_and_show(system: "System", draft_id: str, budget: Budget) -> SendResult:
    """Send an approved draft now, and show what became of it to those who were asked."""
    result = send_approved_draft(system, draft_id, budget=budget)
    try:
        show_review(system, draft_id, budget)
    except StorageError as error:
        # It is due, and what became of the draft is known.
        fields = {"draft_id": draft_id, "error": type(error).__name__}
        log.warning("review_left_to_sweep", extra=fields)
    return result


def _questions(system: "System") -> list[dict[str, Any]]:
    """Return the questions that are to be shown, now or later, by when."""
    found = [
        row
        for shard in range(SHARDS)
        for row in system.store.query(Review.due_index, str(shard), limit=MOST_ITEMS)
    ]
    return sorted(found, key=lambda row: (row["due_at"], row["draft_id"]))


def _due_items(system: "System", now: int, questions: list[dict[str, Any]]) -> list[_Item]:
    items: list[_Item] = []
    for shard in range(SHARDS):
        for row in _due_rows(system, Draft.due_index, shard, now):
            draft_id = row["draft_id"]
            items.append(
                _Item(
                    row["due_at"],
                    draft_id,
                    partial(_perform_draft, system, draft_id),
                    partial(_postpone_draft, system, draft_id),
                )
            )
        for row in _due_rows(system, Inbound.due_index, shard, now):
            event_id = row["event_id"]
            items.append(
                _Item(
                    row["due_at"],
                    event_id,
                    partial(_perform_inbound, system, event_id),
                    partial(_postpone_inbound, system, event_id),
                )
            )
    shown = [_show_item(system, row) for row in questions if row["due_at"] <= now]
    # What is sent goes first: a Slack that does not answer must not hold it up.
    return [*_in_turns(items), *_in_turns(shown)][:MOST_ITEMS]


def _show_item(system: "System", row: dict[str, Any]) -> _Item:
    draft_id = row["draft_id"]
    return _Item(
        row["due_at"],
        draft_id,
        partial(_perform_review, system, draft_id),
        partial(_postpone_review, system, draft_id),
    )


def _in_turns(items: list[_Item]) -> list[_Item]:
    """Let every workspace have its turn, oldest first, so that one's backlog delays no other."""
    queues: dict[str, deque[_Item]] = {}
    for item in sorted(items, key=lambda item: (item.due_at, item.name)):
        queues.setdefault(workspace_of(item.name), deque()).append(item)
    ordered: list[_Item] = []
    while queues:
        for workspace in list(queues):
            ordered.append(queues[workspace].popleft())
            if not queues[workspace]:
                del queues[workspace]
    return ordered


def _due_rows(
    system: "System", index: GlobalSecondaryIndex[Any], shard: int, now: int
) -> list[dict[str, Any]]:
    return system.store.query(index, str(shard), upto=now, limit=MOST_ITEMS)


def _perform_all(
    system: "System", items: list[_Item], budget: Budget, workers: int
) -> list[str | None]:
    """Perform the items side by side, and return only when every thread is done."""
    perform = partial(_perform_one, system, budget)
    if workers == 1 or len(items) < 2:
        return [perform(item) for item in items]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(perform, items))


def _perform_one(system: "System", budget: Budget, item: _Item) -> str | None:
    """Perform one item; one that breaks is reported and steps back, and hurts no other."""
    if budget.left(system.world) < LEAST_SECONDS:
        return None
    try:
        return item.perform(budget)
    except Exception as error:  # noqa: BLE001 - one broken item must not stop the others
        fields = {"item": item.name, "error": type(error).__name__}
        log.error("item_failed", extra=fields)
    try:
        item.postpone()
    except StorageError as error:
        log.error("item_not_postponed", extra={**fields, "error": type(error).__name__})
    return Code.INTERNAL_ERROR.value


def _perform_inbound(system: "System", event_id: str, budget: Budget) -> str:
    performed = perform_inbound(system, event_id, budget=budget, may_call_models=True)
    return (performed.result.code if performed.result else performed.code).value


def _perform_draft(system: "System", draft_id: str, budget: Budget) -> str:
    draft = system.store.get(Draft, draft_id)
    if draft is None:
        return Code.DRAFT_NOT_FOUND.value
    if draft.state == DraftState.SENDING:
        return _recover(system, draft).value
    if draft.state == DraftState.UNKNOWN:
        return look_up(system, draft, budget).value
    if draft.state == DraftState.SENT:
        return fill_in_id(system, draft, budget).value
    return send_approved_draft(system, draft_id, budget=budget, draft=draft).code.value


def _perform_review(system: "System", draft_id: str, budget: Budget) -> str:
    return show_review(system, draft_id, budget).value


def _postpone_draft(system: "System", draft_id: str) -> None:
    due_at = system.world.now() + POSTPONED

    def build(token: str) -> Write:
        write = Write(token)
        write.update("draft", Draft(draft_id), [Draft.due_at.set(due_at)], Draft.due_at.exists())
        return write

    _write_unless_gone(system, build)


def _postpone_inbound(system: "System", event_id: str) -> None:
    due_at = system.world.now() + POSTPONED

    def build(token: str) -> Write:
        write = Write(token)
        actions = [Inbound.due_at.set(due_at)]
        write.update("event", Inbound(event_id), actions, Inbound.due_at.exists())
        return write

    _write_unless_gone(system, build)


def _postpone_review(system: "System", draft_id: str) -> None:
    due_at = system.world.now() + POSTPONED

    def build(token: str) -> Write:
        write = Write(token)
        write.update(
            "review", Review(draft_id), [Review.due_at.set(due_at)], Review.due_at.exists()
        )
        return write

    _write_unless_gone(system, build)


def _write_unless_gone(system: "System", build: Callable[[str], Write]) -> None:
    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return  # it is not due any more, so there is nothing to put off


def _recover(system: "System", draft: Draft) -> Code:
    """Settle what a dead invocation left `sending`, by what its deliveries say."""
    now = system.world.now()
    if draft.due_at is None or draft.due_at > now:
        return Code.IN_PROGRESS
    keys = [(Message, draft.draft_id, part) for part in range(int(draft.parts))]
    rows = [row for row in system.store.read(*keys) if row is not None] if keys else []
    by_state = {MessageState(row.state): row for row in reversed(rows)}
    in_flight = by_state.get(MessageState.SENDING)
    if in_flight is not None:
        return _park_overdue(system, draft, in_flight, now)
    fate = _fate_of_parts(set(by_state), now)
    try:
        leave(system.store, system.world, draft, fate, actor=audit.SWEEP)
    except DraftRefused:
        return Code.DRAFT_CHANGED
    return fate.code


def _fate_of_parts(states: set[MessageState], now: int) -> DraftFate:
    """Say what becomes of a draft that is `sending` although none of its parts is. Pure."""
    if MessageState.UNKNOWN in states:
        return DraftFate(DraftState.UNKNOWN, Code.INTERRUPTED, next_look_up(now, 0))
    if MessageState.REJECTED in states:
        return DraftFate(DraftState.FAILED, Code.REJECTED_BY_PROVIDER)
    if states == {MessageState.SENT}:
        return DraftFate(DraftState.SENT, Code.SENT)
    return DraftFate(DraftState.APPROVED, Code.PARTS_REMAIN, now)


def _park_overdue(system: "System", draft: Draft, message: Message, now: int) -> Code:
    if message.post_by is not None and overdue_at(int(message.post_by)) > now:
        return Code.IN_PROGRESS
    outcome = Outcome(OutcomeKind.UNKNOWN, Code.INTERRUPTED)
    parked = park(system.store, system.world, draft, message, outcome)
    if parked:
        fields = {"draft_id": draft.draft_id, "part": int(message.part)}
        log.warning("delivery_parked", extra=fields)
    return Code.INTERRUPTED if parked else Code.DRAFT_CHANGED


def _count_parked(system: "System") -> int:
    index = Message.attention_index
    return sum(
        len(system.store.query(index, str(shard), limit=MOST_PARKED_COUNTED))
        for shard in range(SHARDS)
    )


def _count_unshown(system: "System", questions: list[str]) -> int:
    """Count the questions of which nobody could be shown what there is to see."""
    counted = questions[-MOST_UNSHOWN_COUNTED:]
    if not counted:
        return 0
    rows = system.store.read(*((Review, draft_id) for draft_id in counted))
    return sum(row is not None and row.code is not None for row in rows)
