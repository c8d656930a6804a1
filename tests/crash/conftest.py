"""What all crash tests share: tables of their own, and the harness made ready."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from devstack.dynamodb_local import DynamoDBLocal
from tests.crash.connection import FaultyConnection
from tests.crash.harness import prepared
from tests.support.tables import create_tables


@pytest.fixture(scope="session")
def connection(dynamodb_local: DynamoDBLocal) -> Iterator[FaultyConnection]:
    """A connection that can be made to fail, to tables of these tests' own.

    What other tests leave due would be swept here, and what these leave would slow others down.
    """
    connection = FaultyConnection(replace(dynamodb_local, access_key="crash"))
    create_tables(connection)
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def _prepared() -> Iterator[None]:
    with prepared():
        yield
