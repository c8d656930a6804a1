"""A queue between the cron and its workers, as unkind as SQS may be."""

from collections.abc import Callable

from system_sender.work_queue import QueueMessage, SqsQueue
from tests.crash.world import FaultyWorld
from tests.support.queue import LocalSqs


class Deliveries:
    """Every message comes twice at once, the last one first, and again with the next round.

    Whoever takes a message and never comes back has not taken it out: it comes again as well.
    """

    def __init__(self, world: FaultyWorld) -> None:
        self._world = world
        self._sqs = LocalSqs(world.now)
        self._late: list[QueueMessage] = []

    def queue(self) -> SqsQueue:
        """Return the queue, as a new process sees it."""
        return SqsQueue(self._world, "work", lambda: self._sqs)

    def deliver(self, work: Callable[[QueueMessage], object]) -> None:
        """Let workers take everything that waits, one message a worker."""
        late, fresh = self._late, self._sqs.take()
        # Those who go on while a worker is frozen find its messages here.
        self._late = fresh
        for message in reversed([*late, *fresh, *fresh]):
            work(message)
