"""Performs what the queue delivers. An item that comes twice, late or in any order does no harm."""

import json
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.pacing import Pace, PacedTransport
from system_sender.telemetry import log
from system_sender.work import WorkItem, perform_or_postpone
from system_sender.work_queue import QueueMessage, WorkQueue

if TYPE_CHECKING:
    from system_sender.system import System

# Of one batch, side by side. A send takes about half a second, so these keep one workspace's pace,
# and none of them waits long for its turn between a claim and its request.
WORKERS = 5


class NotDone(Exception):
    """The message is to come again. The text is a code; nothing personal is in it."""


class Batch:
    """The messages of one delivery, at the pace of each workspace.

    The queue gives the messages of a workspace to one worker at a time. So a batch that ends only
    when the next request may begin keeps the pace over any number of batches and workers.

    Args:
        dead: where a message goes that nobody can ever perform.
    """

    def __init__(self, system: "System", dead: WorkQueue, budget: Budget) -> None:
        self._system = system
        self._dead = dead
        self._budget = budget
        self._lock = threading.Lock()
        self._systems: dict[str, tuple[Pace, System]] = {}
        self._codes: Counter[str] = Counter()

    def perform(self, message: QueueMessage) -> None:
        """Perform one message's item, or bury what is none. Threads may share the batch.

        Raises:
            NotDone: it was not begun, or broke and could not be put off.
            StorageError: as `perform_or_postpone` says.
        """
        try:
            item = _item_of(message.body)
        except ValueError:
            self._bury(message)
            return
        code = perform_or_postpone(self._paced(item.workspace), item, self._budget)
        if code is None:
            raise NotDone("no_time_left")
        with self._lock:
            self._codes[code] += 1

    def finish(self) -> int:
        """Keep the pace to the end, and return how many items failed and were put off."""
        for pace, _ in self._systems.values():
            pace.rest()
        log.info("batch_performed", extra={"codes": dict(self._codes)})
        return self._codes[Code.INTERNAL_ERROR.value]

    def _paced(self, workspace: str) -> "System":
        with self._lock:
            if workspace not in self._systems:
                pace = Pace(self._system.world)
                transport = PacedTransport(self._system.transport, pace)
                self._systems[workspace] = pace, replace(self._system, transport=transport)
            return self._systems[workspace][1]

    def _bury(self, message: QueueMessage) -> None:
        """Put what is no item aside at once: retried, it would hold up its group in vain."""
        log.error("message_is_no_item", extra={"message_id": message.deduplication})
        if not self._dead.push([message]):
            raise NotDone("not_buried")


def _item_of(body: str) -> WorkItem:
    """Return the item that a message tells of.

    Raises:
        ValueError: it tells of none.
    """
    try:
        values: Any = json.loads(body)
    except RecursionError as error:
        raise ValueError("This is no item of work: it is nested without end.") from error
    return WorkItem.from_dict(values)
