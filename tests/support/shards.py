"""One shard of each sparse index instead of several."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from system_sender import due, models, sweep


@contextmanager
def one_shard() -> Iterator[None]:
    """Let the block's sweeps read one shard: they read every other one in the same way."""
    with (
        mock.patch.object(models, "SHARDS", 1),
        mock.patch.object(sweep, "SHARDS", 1),
        mock.patch.object(due, "SHARDS", 1),
    ):
        yield
