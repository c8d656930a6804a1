"""Finds what is due: the oldest first, each workspace in turn."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pynamodb.indexes import GlobalSecondaryIndex

from system_sender.models import SHARDS, Draft, Enrolment, Inbound, Review
from system_sender.work import WorkItem, WorkKind

if TYPE_CHECKING:
    from system_sender.system import System

# Keys are small: ten thousand are about a megabyte, one answer. A workspace's backlog would have to
# be longer than this to hide what others have due later.
MOST_FOUND_A_SHARD = 20_000

# What sends or decides goes before what is shown: a Slack that does not answer holds up nothing.
_SENDS: Mapping[WorkKind, tuple[GlobalSecondaryIndex[Any], str]] = {
    WorkKind.DRAFT: (Draft.due_index, "draft_id"),
    WorkKind.INBOUND: (Inbound.due_index, "event_id"),
    WorkKind.ENROLMENT: (Enrolment.due_index, "enrolment_id"),
}


def find_due(
    system: "System",
    now: int,
    questions: Iterable[WorkItem],
    *,
    most_of_each: int | None = None,
) -> list[WorkItem]:
    """Return what is due, in the order in which it is to be done.

    Args:
        now: epoch milliseconds, UTC.
        questions: those that :func:`find_questions` found.
        most_of_each: at most this many of a workspace, the oldest; by default, all.
    """
    items = [
        WorkItem(kind, row[key], row["due_at"])
        for kind, (index, key) in _SENDS.items()
        for shard in range(SHARDS)
        for row in system.store.query(index, str(shard), upto=now, limit=MOST_FOUND_A_SHARD)
    ]
    shown = [item for item in questions if item.due_at <= now]
    return [*in_turns(items, most_of_each), *in_turns(shown, most_of_each)]


def find_questions(system: "System", limit: int) -> list[WorkItem]:
    """Return the questions that are to be shown, now or later, by when.

    Args:
        limit: at most this many of each shard.
    """
    found = [
        WorkItem(WorkKind.REVIEW, row["draft_id"], row["due_at"])
        for shard in range(SHARDS)
        for row in system.store.query(Review.due_index, str(shard), limit=limit)
    ]
    return sorted(found, key=lambda item: (item.due_at, item.id))


def in_turns(items: Iterable[WorkItem], most_of_each: int | None = None) -> list[WorkItem]:
    """Let every workspace have its turn, oldest first, so that one's backlog delays no other.

    Args:
        most_of_each: at most this many of a workspace; by default, all.
    """
    queues: dict[str, deque[WorkItem]] = {}
    for item in sorted(items, key=lambda item: (item.due_at, item.id)):
        queue = queues.setdefault(item.workspace, deque())
        if most_of_each is None or len(queue) < most_of_each:
            queue.append(item)
    ordered: list[WorkItem] = []
    while queues:
        for workspace in list(queues):
            ordered.append(queues[workspace].popleft())
            if not queues[workspace]:
                del queues[workspace]
    return ordered
