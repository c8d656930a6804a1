"""The minute's round: everything that is due, oldest first, within a count and a time.

It is performed at once, or put into the queue for workers to perform.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.dispatching import MOST_DISPATCHED, dispatch
from system_sender.due import find_due, find_questions
from system_sender.gate import send_approved_draft
from system_sender.models import SHARDS, Message, Review
from system_sender.pacing import REQUESTS_A_MINUTE
from system_sender.result import SendResult
from system_sender.store import StorageError
from system_sender.telemetry import log
from system_sender.work import WorkItem, perform_or_postpone
from system_sender.work_queue import WorkQueue

if TYPE_CHECKING:
    from system_sender.system import System

MOST_ITEMS = 200
WORKERS = 8
# What the alarm for parked deliveries counts up to, a shard.
MOST_PARKED_COUNTED = 250
# What the alarm for questions that are not shown counts up to: one read.
MOST_UNSHOWN_COUNTED = 100


@dataclass(slots=True)
class SweepReport:
    """What one round did, as counts by code; nothing personal."""

    due: int = 0
    dispatched: int = 0
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
            "dispatched": self.dispatched,
            "performed": self.performed,
            "left": self.left,
            "failed": self.failed,
            "oldest_due_seconds": self.oldest_due_seconds,
            "parked": self.parked,
            "unshown": self.unshown,
            "codes": self.codes,
        }


def sweep(
    system: "System",
    budget: Budget,
    *,
    workers: int = WORKERS,
    queue: WorkQueue | None = None,
) -> SweepReport:
    """Perform what is due. Overlapping rounds do no harm: every item is idempotent by its id.

    Args:
        workers: so many threads.
        queue: where what is due goes instead, for others to perform.
    """
    now = system.world.now()
    questions = find_questions(system, MOST_ITEMS)
    if queue is None:
        items = find_due(system, now, questions)[:MOST_ITEMS]
    else:
        found = find_due(system, now, questions, most_of_each=REQUESTS_A_MINUTE)
        items = found[:MOST_DISPATCHED]
    report = SweepReport(due=len(items))
    if items:
        oldest = min(item.due_at for item in items)
        report.oldest_due_seconds = max(0.0, (now - oldest) / 1000)
    if queue is None:
        _count(report, _perform_all(system, items, budget, workers))
    else:
        report.dispatched = dispatch(system, queue, items, budget, workers)
        report.left = len(items) - report.dispatched
    report.parked = _count_parked(system)
    report.unshown = _count_unshown(system, [item.id for item in questions])
    return report


def _count(report: SweepReport, codes: list[str | None]) -> None:
    for code in codes:
        if code is None:
            report.left += 1
        else:
            report.performed += 1
            report.codes[code] = report.codes.get(code, 0) + 1
    report.failed = report.codes.get(Code.INTERNAL_ERROR.value, 0)


def send_and_show(system: "System", draft_id: str, budget: Budget) -> SendResult:
    """Send an approved draft now, and show what became of it to those who were asked."""
    from system_sender.slack.reviewing import show_review

    result = send_approved_draft(system, draft_id, budget=budget)
    try:
        show_review(system, draft_id, budget)
    except StorageError as error:
        # It is due, and what became of the draft is known.
        fields = {"draft_id": draft_id, "error": type(error).__name__}
        log.warning("review_left_to_sweep", extra=fields)
    return result


def _perform_all(
    system: "System", items: list[WorkItem], budget: Budget, workers: int
) -> list[str | None]:
    """Perform the items side by side, and return only when every thread is done."""
    perform = partial(_perform_one, system, budget)
    if workers == 1 or len(items) < 2:
        return [perform(item) for item in items]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(perform, items))


def _perform_one(system: "System", budget: Budget, item: WorkItem) -> str | None:
    try:
        return perform_or_postpone(system, item, budget)
    except StorageError:
        # The log has it. It is due as before, and the next round is the retry.
        return Code.INTERNAL_ERROR.value


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
