"""SQS as the system uses it: first in, first out, repeats dropped for five minutes."""

from collections.abc import Callable
from typing import Any

from system_sender.work_queue import QueueMessage

_DROPPED_FOR = 5 * 60_000


class LocalSqs:
    """The client of one queue.

    Attributes:
        waiting: the messages that nobody has taken, the oldest first.
        refused: the numbers of the entries of a batch that it does not take.
        error: raised instead of an answer.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self.waiting: list[QueueMessage] = []
        self.refused: set[str] = set()
        self.error: Exception | None = None
        self.calls: list[dict[str, Any]] = []
        self._now = now
        self._seen: dict[tuple[str, str], int] = {}

    def send_message_batch(self, **arguments: Any) -> dict[str, Any]:
        """Take a batch of messages; see boto3."""
        self.calls.append(arguments)
        if self.error is not None:
            raise self.error
        entries = arguments["Entries"]
        assert 1 <= len(entries) <= 10, "SQS takes no other batch"
        for entry in entries:
            if entry["Id"] not in self.refused:
                self._take(entry)
        failed = [{"Id": id_, "Code": "InternalError"} for id_ in sorted(self.refused)]
        return {"Successful": [], **({"Failed": failed} if failed else {})}

    def _take(self, entry: dict[str, Any]) -> None:
        group, deduplication = entry["MessageGroupId"], entry["MessageDeduplicationId"]
        assert 1 <= len(group) <= 128
        assert 1 <= len(deduplication) <= 128
        seen = self._seen.get((group, deduplication))
        if seen is not None and self._now() - seen < _DROPPED_FOR:
            return
        self._seen[group, deduplication] = self._now()
        self.waiting.append(QueueMessage(group, deduplication, entry["MessageBody"]))

    def take(self) -> list[QueueMessage]:
        """Return what waits, and keep none of it."""
        taken, self.waiting = self.waiting, []
        return taken
