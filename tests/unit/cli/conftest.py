"""The command on a mocked AWS, with tables and a small agency in them."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from typer.testing import CliRunner, Result

from devstack.sandbox.provider import Sandbox
from system_sender.cli.app import app
from system_sender.store import Store, shared_connection
from system_sender.world import World
from tests.support.scene import ANY_HOUR, Scene
from tests.support.tables import create_tables


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual AWS variables, and none of the machine's own."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "SENDER_USER", "SECRETS_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TABLE_PREFIX": "system-sender",
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    """A mocked AWS without any table, for all tests of a file: making a client takes long."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        shared_connection.cache_clear()
        yield
    shared_connection.cache_clear()


@pytest.fixture(scope="module")
def stack(aws: None) -> None:
    """The tables of a deployed stack."""
    create_tables(shared_connection())


@pytest.fixture
def tables(stack: None, environment: None) -> None:
    """The tables, emptied where moto keeps them: to scan them all takes longer than most tests."""
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables.values():
        table.items.clear()


@pytest.fixture
def scene(tables: None) -> Scene:
    """The workspace acme with its campaign and its lead acme:dana."""
    return empty_scene().seed()


def empty_scene() -> Scene:
    """Access to the tables as the functions have it."""
    world = World()
    return Scene(Store(world), world, Sandbox(), "acme", quiet_hours=ANY_HOUR)


@dataclass
class Sender:
    """Runs the command as a person or as a program would."""

    def run(self, *arguments: str, text: str = "") -> Result:
        """Run it; standard input is not a terminal."""
        return CliRunner().invoke(app, list(arguments), input=text, catch_exceptions=False)

    def says(self, *arguments: str, text: str = "") -> str:
        """Run it, expect success, and return what a person reads."""
        result = self.run(*arguments, text=text)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str, text: str = "") -> Any:
        """Run it with --json, expect success, and return the document."""
        result = self.run(*arguments, "--json", text=text)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return json.loads(result.stdout)

    def refuses(self, *arguments: str, text: str = "", exit_code: int = 1) -> Any:
        """Run it with --json, expect a failure, and return the document that explains it."""
        result = self.run(*arguments, "--json", text=text)
        assert result.exit_code == exit_code, result.output
        document = json.loads(result.stdout)
        assert isinstance(document["code"], str)
        assert document["message"].endswith((".", "?", ")")), "an error is a sentence"
        return document


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that something connects to: none, while AWS is mocked."""
    seen: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        seen.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return seen
