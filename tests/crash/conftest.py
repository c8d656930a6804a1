"""What all crash tests share: an engine of their own, and the harness made ready."""

from collections.abc import Iterator

import pytest

from devstack import dynamodb_local
from tests.crash.connection import FaultyConnection
from tests.crash.harness import prepared
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
def _prepared() -> Iterator[None]:
    with prepared():
        yield
