"""One engine a test process, emptied before each test."""

import itertools
from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection
from system_sender.store import Store

from devstack.dynamodb_local import DynamoDBLocal
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.webhooks import Signer
from tests.engine.stage import Stage, StageWorld
from tests.support.scene import Scene
from tests.support.tables import create_tables, empty_tables

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def engine_connection(dynamodb_local: DynamoDBLocal) -> Connection:
    """A connection to an engine that has every table."""
    connection = Connection(
        host=dynamodb_local.endpoint_url,
        region="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        connect_timeout_seconds=5,
        read_timeout_seconds=30,
        max_pool_connections=64,
    )
    create_tables(connection)
    return connection


@pytest.fixture(scope="session")
def signer() -> Signer:
    """GoHighLevel's key pair."""
    return Signer()


@pytest.fixture
def stage(engine_connection: Connection, signer: Signer) -> Iterator[Stage]:
    """A workspace with a campaign and a lead, and nothing else in any table."""
    empty_tables(engine_connection)
    world = StageWorld()
    scene = Scene(
        Store(world, engine_connection),
        world,
        Sandbox(clock=lambda: world.now() / 1000),
        f"acme{next(_NUMBERS)}",
        public_key=signer.public_key(),
    ).seed()
    world.effects.clear()
    return Stage(engine_connection, world, scene, signer, scene.system())
