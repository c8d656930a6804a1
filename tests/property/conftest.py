"""The engine under the properties, and how long Hypothesis looks.

Deterministic: the same code meets the same examples everywhere. To look longer on a free machine:
`HYPOTHESIS_PROFILE=deep`, which is random.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from pynamodb.connection import Connection

from devstack.dynamodb_local import DynamoDBLocal
from tests.crash.connection import FaultyConnection
from tests.support.tables import create_tables

_SLOW_BUT_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "suite",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_BUT_FINE,
)
settings.register_profile(
    "deep",
    max_examples=2_000,
    stateful_step_count=80,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_BUT_FINE,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(scope="session")
def lean_connection(dynamodb_local: DynamoDBLocal) -> Iterator[Connection]:
    """A connection to an engine that has every table, without what botocore costs a call."""
    connection = FaultyConnection(dynamodb_local)
    create_tables(connection)
    yield connection
    connection.close()
