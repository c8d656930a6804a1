"""What tests run on. Everything is started once and ends with the test session.

A folder's name is its marker: `tests/engine` runs on DynamoDB Local, `tests/e2e` over HTTP against
the deployed local stack, `tests/crash` many faults against the whole system.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import deployment
from devstack import dynamodb_local as engine
from devstack.deployment import LocalSystem
from devstack.dynamodb_local import DynamoDBLocal

_TESTS = Path(__file__).parent
_MARKED_FOLDERS = ("engine", "e2e", "crash")
# The deployed stack, and the simulated months: made once, and not once in each process.
_COSTLY = {"local_system", "small_month", "whole_month"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder, and keep those that share something costly in one process."""
    for item in items:
        folder = item.path.relative_to(_TESTS).parts[0]
        if folder in _MARKED_FOLDERS:
            item.add_marker(folder)
        for fixture in _COSTLY & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(fixture))


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[DynamoDBLocal]:
    """Amazon's own engine, empty at first; each test process has one of its own."""
    with engine.running() as running:
        yield running


@pytest.fixture(scope="session")
def local_system() -> Iterator[LocalSystem]:
    """The template deployed on the local AWS, with the provider sandbox in the provider's place.

    The schedule is off: a test that wants a sweep invokes the function.
    """
    with deployment.running(sweeps=False) as running:
        yield running
