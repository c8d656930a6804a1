"""One engine a test process, emptied before each test."""

import itertools
import logging
from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection
from system_sender.store import Store

from devstack.dynamodb_local import DynamoDBLocal
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.webhooks import Signer
from tests.engine.stage import Stage, StageWorld
from tests.support.scene import PHONE, SECRET, Scene
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
def stage(
    engine_connection: Connection, signer: Signer, caplog: pytest.LogCaptureFixture
) -> Iterator[Stage]:
    """A workspace with a campaign and a lead, and nothing else in any table.

    Whatever a test does, nothing personal may have been logged by the end of it.
    """
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
    stage = Stage(engine_connection, world, scene, signer, scene.system())
    with caplog.at_level(logging.INFO):
        yield stage
    logged = "\n".join(everything_in(record) for record in caplog.get_records("call"))
    assert [private for private in private_of(stage) if private in logged] == []


def private_of(stage: Stage) -> set[str]:
    """Every secret of the stage, and every text that came in or went out."""
    texts = [str(row.text) for row in stage.inbound() if row.text]
    texts += [entry.text for entry in stage.sandbox.ledger.requests()]
    known = {PHONE, PHONE.removeprefix("+1"), SECRET, "pit-test", "Dana", "+15550100077"}
    return known | {text for text in texts if len(text) > 3}


def everything_in(record: logging.LogRecord) -> str:
    """All of a log record: its message, its extra fields and its traceback."""
    trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
    return f"{record.getMessage()} {record.__dict__} {trace}"
