"""The engine, the one shard and the quiet log that all crash tests share."""

import logging
from collections.abc import Iterator

import pytest
from devstack.dynamodb_local import DynamoDBLocal
from system_sender.telemetry import log

from tests.crash.connection import FaultyConnection
from tests.crash.harness import one_shard
from tests.support.tables import create_tables


@pytest.fixture(scope="session")
def connection(dynamodb_local: DynamoDBLocal) -> Iterator[FaultyConnection]:
    """A connection that can be made to fail, to an engine with the tables."""
    connection = FaultyConnection(dynamodb_local)
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
