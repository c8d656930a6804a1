"""The engine, the one shard and the quiet log that all crash tests share."""

import logging
from collections.abc import Iterator

import pytest

from devstack import dynamodb_local
from system_sender.telemetry import log
from tests.crash.connection import FaultyConnection
from tests.crash.harness import one_shard
from tests.support.tables import create_tables


@pytest.fixture(scope="session")
def connection() -> Iterator[FaultyConnection]:
    """A connection that can be made to fail, to an engine of these tests' own.

    What other tests leave due would be swept here, and what these leave would slow others down.
    """
    with dynamodb_local.running() as engine:
        connection = FaultyConnection(engine)
        create_tables(connection)
        yield connection
        connection.close()


@pytest.fixture(autouse=True)
def _one_shard() -> Iterator[None]:
    with one_shard():
        yield


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """Thousands of runs would fill the captured log."""
    level = log.log_level
    log.setLevel(logging.CRITICAL)
    yield
    log.setLevel(level)
