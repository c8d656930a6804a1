"""The queue between the sweep and the workers: Amazon SQS, first in, first out within a group."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from system_sender.settings import ConfigurationError
from system_sender.telemetry import log
from system_sender.world import Effect, World

# So many SQS takes at once.
BATCH = 10
INLINE, QUEUE = "inline", "queue"
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message for a worker.

    Attributes:
        group: its messages are worked on one batch at a time.
        deduplication: a message with the same one is dropped for five minutes.
    """

    group: str
    deduplication: str
    body: str


class WorkQueue(Protocol):
    """Takes messages, and delivers each at least once."""

    def push(self, messages: Sequence[QueueMessage]) -> int:
        """Put up to ten messages in, and return how many were taken. It never raises for SQS."""
        ...


class SqsQueue:
    """A queue of SQS, by its URL.

    Args:
        client: makes or returns the client of SQS; boto3's by default.
    """

    def __init__(self, world: World, url: str, client: Callable[[], Any] | None = None) -> None:
        self._world = world
        self._url = url
        self._client = client or _client

    def connect(self) -> None:
        """Make the client now, while the environment starts."""
        self._client()

    def push(self, messages: Sequence[QueueMessage]) -> int:
        """Put messages in; see :class:`WorkQueue`. What is not taken is named in the log."""
        from botocore.exceptions import BotoCoreError, ClientError

        entries = [
            {
                "Id": str(number),
                "MessageBody": message.body,
                "MessageGroupId": message.group,
                "MessageDeduplicationId": message.deduplication,
            }
            for number, message in enumerate(messages)
        ]
        try:
            answer = self._world.perform(
                Effect.QUEUE,
                "push",
                lambda: self._client().send_message_batch(QueueUrl=self._url, Entries=entries),
            )
        except (BotoCoreError, ClientError) as error:
            fields = {"messages": len(messages), "error": _code_of(error)}
            log.warning("not_queued", extra=fields)
            return 0
        refused = answer.get("Failed", [])
        if refused:
            codes = sorted({str(entry.get("Code")) for entry in refused})
            log.warning("not_queued", extra={"messages": len(refused), "error": codes})
        return len(messages) - len(refused)


def queue_of(world: World, environment: Mapping[str, str] = os.environ) -> SqsQueue | None:
    """Return the queue that due work goes into, or None where the sweep performs it itself.

    Raises:
        ConfigurationError: DISPATCH is neither inline nor queue, or the queue has no URL.
    """
    dispatch = environment.get("DISPATCH", "") or INLINE
    if dispatch not in (INLINE, QUEUE):
        raise ConfigurationError("DISPATCH must be `inline` or `queue`.")
    if dispatch == INLINE:
        return None
    url = environment.get("WORK_QUEUE_URL", "")
    if not url:
        raise ConfigurationError("DISPATCH is `queue`, so WORK_QUEUE_URL must name the queue.")
    return SqsQueue(world, url)


def _code_of(error: Exception) -> str:
    """Return what SQS calls an error, or what kind it is."""
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code") or type(error).__name__)


@cache
def _client() -> Any:
    import boto3
    from botocore.config import Config

    # What is not taken now is due in the next minute as well.
    config = Config(
        connect_timeout=1,
        read_timeout=3,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=_CONNECTIONS,
    )
    return boto3.client("sqs", config=config)
