"""Months to look at; each test process has one engine for them."""

from collections.abc import Iterator

import pytest

from devstack.dynamodb_local import DynamoDBLocal
from tests.crash.connection import FaultyConnection
from tests.simulation.month import History, live_month
from tests.simulation.plan import make_plan
from tests.support.tables import create_tables


@pytest.fixture(scope="session")
def connection(dynamodb_local: DynamoDBLocal) -> Iterator[FaultyConnection]:
    """A connection to an engine that has every table."""
    connection = FaultyConnection(dynamodb_local)
    create_tables(connection)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def small_month(connection: FaultyConnection) -> History:
    """A month of two people of each agency, in which nothing is wrong."""
    return live_month(make_plan(7, people=2), connection)


@pytest.fixture(scope="session")
def whole_month(connection: FaultyConnection) -> History:
    """The month of the documents."""
    return live_month(make_plan(), connection)
