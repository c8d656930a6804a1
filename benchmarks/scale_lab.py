"""The system with a great many enrolments, a clock that jumps, and a provider in this process."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from pynamodb.connection import Connection

from benchmarks import scale_rows
from benchmarks.scale_rows import Person
from devstack.dynamodb_local import DynamoDBLocal
from devstack.sandbox.provider import Sandbox
from system_sender.models import MODELS
from system_sender.providers import CHANNELS_OF
from system_sender.settings import Settings
from system_sender.store import Store
from system_sender.system import System
from system_sender.telemetry import log
from system_sender.world import World
from tests.support.scene import FixedSecrets
from tests.support.tables import create_tables
from tests.support.transport import SandboxTransport

# Noon in New York on a Tuesday, when everybody may be texted.
BEGINS = 1_772_557_200_000
MINUTE = 60_000
_DAY = 24 * 60 * MINUTE
# What a row and an index entry take beside their attributes, as AWS counts storage.
_OVERHEAD_BYTES = 100


class ScaleWorld(World):
    """Real effects under a clock that begins at a fixed moment and can be sent ahead."""

    def __init__(self) -> None:
        self._ahead = BEGINS - super().now()

    def now(self) -> int:
        """Return the wall clock of this world, epoch milliseconds, UTC."""
        return super().now() + self._ahead

    def go_to(self, moment: int) -> None:
        """Jump to a moment, epoch milliseconds, UTC."""
        self._ahead = moment - super().now()


@dataclass
class LogMeter:
    """Takes log lines and keeps their length."""

    bytes: int = 0

    def write(self, text: str) -> int:
        """Take a text."""
        self.bytes += len(text.encode())
        return len(text)

    def flush(self) -> None:
        """Have nothing to flush."""


@dataclass
class Lab:
    """What is measured.

    Attributes:
        connection: the product's way to the engine. It waits longer for an answer than the
            product does, since this machine may be busy with other things.
        client: boto3's, for seeding and for the baselines.
        people: everybody, enrolled or not yet.
    """

    connection: Connection
    client: Any
    people: Sequence[Person]
    workspaces: int
    public_key: str = ""
    world: ScaleWorld = field(default_factory=ScaleWorld)
    sandbox: Sandbox = field(init=False)
    system: System = field(init=False)
    log: LogMeter = field(default_factory=LogMeter)
    _enrolled: int = 0
    _moments: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        """Make the system, and the rows that its workspaces have."""
        create_tables(self.connection)
        self.sandbox = Sandbox(clock=lambda: self.world.now() / 1000, seed="scale")
        self.system = System(
            world=self.world,
            store=Store(self.world, self.connection),
            secrets=FixedSecrets(),  # type: ignore[arg-type]
            transport=SandboxTransport(self.sandbox),
            settings=Settings(
                secrets_prefix="/scale",
                base_urls=dict.fromkeys(CHANNELS_OF, "http://127.0.0.1"),
                gohighlevel_webhook_public_keys=(self.public_key,) if self.public_key else (),
            ),
        )
        for handler in log.handlers:
            handler.setStream(self.log)  # type: ignore[attr-defined]
        names = scale_rows.workspaces_of(self.workspaces)
        rows = (row for name in names for row in scale_rows.rows_of_workspace(name))
        scale_rows.put(self.client, rows)

    @classmethod
    def on(
        cls, engine: DynamoDBLocal, enrolled: int, workspaces: int, *, public_key: str = ""
    ) -> "Lab":
        """Return a lab on an engine, with workspaces and nobody enrolled."""
        connection = Connection(
            host=engine.endpoint_url,
            region="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            connect_timeout_seconds=5,
            read_timeout_seconds=60,
            max_pool_connections=64,
        )
        config = Config(max_pool_connections=32, parameter_validation=False, read_timeout=60)
        client = boto3.client("dynamodb", config=config, **engine.client_options)
        people = scale_rows.people_of(enrolled, workspaces)
        return cls(connection, client, people, workspaces, public_key)

    def enrol(self, count: int) -> list[Person]:
        """Enrol so many more, due in the coming month. Their leads' rows nobody reads so soon."""
        people = self._next(count)
        start, end = BEGINS + 3 * _DAY, BEGINS + 33 * _DAY
        scale_rows.put(self.client, scale_rows.spread(people, start, end))
        return people

    def enrol_due(self, count: int) -> list[Person]:
        """Enrol so many more with their leads, and go to the moment at which all of them are due.

        Each time, the moment is twenty minutes after the one before it.
        """
        people = self._next(count)
        start = BEGINS + next(self._moments) * 20 * MINUTE
        self.add_leads(people)
        scale_rows.put(self.client, scale_rows.spread(people, start, start + 5 * MINUTE))
        self.world.go_to(start + 6 * MINUTE)
        return people

    def add_leads(self, people: Sequence[Person]) -> None:
        """Write the rows of leads."""
        rows = (row for person in people for row in scale_rows.rows_of_lead(person, BEGINS - _DAY))
        scale_rows.put(self.client, rows)

    def stored_bytes(self) -> int:
        """Return what the tables and their indexes hold, as AWS counts storage."""
        return sum(self._bytes_of(model.Meta.table_name) for model in MODELS)

    def _bytes_of(self, table: str) -> int:
        told = self.client.describe_table(TableName=table)["Table"]
        indexes = told.get("GlobalSecondaryIndexes", [])
        size = int(told["TableSizeBytes"]) + sum(int(each["IndexSizeBytes"]) for each in indexes)
        items = int(told["ItemCount"]) + sum(int(each["ItemCount"]) for each in indexes)
        return size + items * _OVERHEAD_BYTES

    def _next(self, count: int) -> list[Person]:
        people = list(self.people[self._enrolled : self._enrolled + count])
        if len(people) < count:
            raise IndexError("There is nobody left to enrol.")
        self._enrolled += count
        return people
