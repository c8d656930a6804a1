"""One engine a test process, emptied before each test."""

import logging
from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection

from devstack.dynamodb_local import DynamoDBLocal
from tests.engine.stage import Stage, connect
from tests.support.scene import PHONE, SECRET


@pytest.fixture(scope="session")
def engine_connection(dynamodb_local: DynamoDBLocal) -> Connection:
    """A connection to an engine that has every table."""
    return connect(dynamodb_local)


@pytest.fixture
def stage(engine_connection: Connection, caplog: pytest.LogCaptureFixture) -> Iterator[Stage]:
    """A workspace with a campaign and a lead, and nothing else in any table.

    Whatever a test does, nothing personal may have been logged by the end of it.
    """
    stage = Stage.open(engine_connection)
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
