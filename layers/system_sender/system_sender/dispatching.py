"""Hands what is due to the workers' queue, instead of performing it."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from system_sender.budget import Budget
from system_sender.work import LEAST_SECONDS, WorkItem
from system_sender.work_queue import BATCH, QueueMessage, WorkQueue

if TYPE_CHECKING:
    from system_sender.system import System

MOST_DISPATCHED = 30_000


def message_of(item: WorkItem) -> QueueMessage:
    """Return what a worker is told of an item: ids and a time, nothing personal. Pure.

    As long as an item waits it is the same message, which the queue drops for five minutes; once
    it is due at another time, it is another one.
    """
    body = json.dumps(item.to_dict(), sort_keys=True)
    return QueueMessage(
        group=item.workspace,
        deduplication=hashlib.sha256(body.encode()).hexdigest(),
        body=body,
    )


def dispatch(
    system: "System", queue: WorkQueue, items: Sequence[WorkItem], budget: Budget, workers: int
) -> int:
    """Put items into the queue in their order, and return how many it took.

    What it did not take, and what the time did not suffice for, is due as before.
    """
    push = partial(_push, system, queue, budget)
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    if workers == 1 or len(batches) < 2:
        return sum(map(push, batches))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return sum(pool.map(push, batches))


def _push(system: "System", queue: WorkQueue, budget: Budget, items: Sequence[WorkItem]) -> int:
    if budget.left(system.world) < LEAST_SECONDS:
        return 0
    return queue.push([message_of(item) for item in items])
