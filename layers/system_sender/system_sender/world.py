"""The one seam to everything outside this process: DynamoDB, providers, secrets, time, ids."""

import random
import time
import uuid
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Effect(StrEnum):
    """The kinds of outside effect that pass through :meth:`World.perform`."""

    DATABASE_READ = "database_read"
    DATABASE_WRITE = "database_write"
    PROVIDER = "provider"
    SECRET = "secret"
    INVOKE = "invoke"
    MODEL = "model"
    CHAT = "chat"
    QUEUE = "queue"


class World:
    """The real world. Tests put another one in its place and break it at every boundary."""

    def now(self) -> int:
        """Return the wall clock in epoch milliseconds, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean anything."""
        return time.monotonic()

    def new_id(self) -> str:
        """Return a fresh random id (UUID 4, hexadecimal)."""
        return str(uuid.uuid4())

    def wait(self, seconds: float) -> None:
        """Wait at least so long; a little longer, so that many who wait do not come at once."""
        time.sleep(seconds * random.uniform(1.0, 1.25))

    def perform(self, effect: Effect, name: str, call: Callable[[], T]) -> T:  # noqa: ARG002
        """Perform one outside effect. Every effect of the system goes through here."""
        return call()
