"""Asks the deployed sweep function to send a draft now, without waiting for what comes of it."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from system_sender.telemetry import log
from system_sender.world import Effect, World


class Cron(Protocol):
    """The function that sends what is due."""

    def go_now(self, draft_id: str) -> None:
        """Ask for one draft to be looked at now. It is due anyway, so a failure delays it only."""
        ...


class CronFunction:
    """The deployed function, by its name.

    Args:
        client: makes or returns the client of Lambda; boto3's by default.
    """

    def __init__(self, world: World, name: str, client: Callable[[], Any] | None = None) -> None:
        self._world = world
        self._name = name
        self._client = client or _client

    def connect(self) -> None:
        """Make the client now: it takes tens of milliseconds, and no person should wait."""
        self._client()

    def go_now(self, draft_id: str) -> None:
        """Invoke the function; see :class:`Cron`."""
        from botocore.exceptions import BotoCoreError, ClientError

        payload = json.dumps({"draft_id": draft_id}).encode()
        try:
            self._world.perform(
                Effect.INVOKE,
                "go now",
                lambda: self._client().invoke(
                    FunctionName=self._name, InvocationType="Event", Payload=payload
                ),
            )
        except (BotoCoreError, ClientError) as error:
            fields = {"draft_id": draft_id, "error": type(error).__name__}
            log.warning("left_to_the_sweep", extra=fields)


@cache
def _client() -> Any:
    import boto3
    from botocore.config import Config

    # A person waits for the answer, and Slack no longer than three seconds.
    return boto3.client(
        "lambda",
        config=Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}),
    )
