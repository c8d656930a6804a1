"""Everything an engine test acts with: a scene on DynamoDB Local under a clock of its own."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from pynamodb.connection import Connection

from devstack.dynamodb_local import DynamoDBLocal
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.webhooks import (
    Signer,
    Webhook,
    contact_dnd_update,
    inbound_message,
    outbound_message,
    workflow_reply,
)
from system_sender.budget import Budget
from system_sender.gate import send_approved_draft
from system_sender.models import Draft, Inbound, Lead, Message, Suppression
from system_sender.result import SendResult
from system_sender.sending import approve_and_send_draft_system
from system_sender.store import Store, Write
from system_sender.sweep import SweepReport, sweep
from system_sender.system import System
from system_sender.webhook import WebhookResponse, handle
from system_sender.world import Effect, World
from tests.crash.connection import FaultyConnection, Strike
from tests.support.scene import Scene
from tests.support.tables import create_tables, empty_tables, rows

T = TypeVar("T")

# Noon in New York on a Tuesday, so that no test crosses a day by accident.
NOON = 1_772_557_200_000


class StageWorld(World):
    """A virtual clock, a record of every outside effect, and a hook before each.

    Attributes:
        effects: what was performed, in order.
        before: called before each effect, with its kind and its name; may raise.
        after: called after each effect that did not fail.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self._milliseconds = NOON
        self.effects: list[tuple[Effect, str]] = []
        self.before: Callable[[Effect, str], None] = nothing
        self.after: Callable[[Effect, str], None] = nothing

    def now(self) -> int:
        """Return the virtual wall clock, epoch milliseconds, UTC."""
        return self._milliseconds

    def monotonic(self) -> float:
        """Return the virtual monotonic clock in seconds."""
        return self._milliseconds / 1000

    def new_id(self) -> str:
        """Return an id that no other stage has: DynamoDB remembers tokens for ten minutes."""
        return f"{self._name}-{next(self._ids)}"

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.step(seconds)

    def step(self, seconds: float) -> None:
        """Let virtual time pass."""
        with self._lock:
            self._milliseconds += int(seconds * 1000)

    def perform(self, effect: Effect, name: str, call: Callable[[], T]) -> T:
        """Perform one effect between the two hooks."""
        self.before(effect, name)
        with self._lock:
            self.effects.append((effect, name))
        result = call()
        self.after(effect, name)
        return result

    def round_trips(self) -> int:
        """Return how often DynamoDB was asked."""
        database = (Effect.DATABASE_READ, Effect.DATABASE_WRITE)
        return sum(effect in database for effect, _ in self.effects)


def nothing(effect: Effect, name: str) -> None:
    """Let an effect happen as it does."""


def named(start: str, end: str = "") -> Callable[[Effect, str], bool]:
    """Return what says whether an effect's name starts and ends like this."""

    def when(effect: Effect, name: str) -> bool:
        return name.startswith(start) and name.endswith(end)

    return when


class Once:
    """Calls something the first time that a condition holds."""

    def __init__(self, when: Callable[[Effect, str], bool], call: Callable[[], object]) -> None:
        self._when = when
        self._call = call
        self.happened = 0

    def __call__(self, effect: Effect, name: str) -> None:
        """Look at an effect; see :class:`StageWorld`."""
        if not self.happened and self._when(effect, name):
            self.happened += 1
            self._call()


def is_claim(effect: Effect, name: str) -> bool:
    """Say whether this effect is the claim of a delivery."""
    return effect is Effect.DATABASE_WRITE and name.startswith("write suppression+")


def is_settlement(effect: Effect, name: str) -> bool:
    """Say whether this effect is the settlement of a delivery."""
    return effect is Effect.DATABASE_WRITE and name.startswith("write message+")


def is_send(effect: Effect, name: str) -> bool:
    """Say whether this effect is a request that sends."""
    return effect is Effect.PROVIDER and name == "send"


Which = Callable[[str, dict[str, Any]], bool]


def any_call(operation: str, arguments: dict[str, Any]) -> bool:
    """Strike every call to DynamoDB."""
    return True


def any_write(operation: str, arguments: dict[str, Any]) -> bool:
    """Strike every transaction."""
    return operation == "TransactWriteItems"


def any_read(operation: str, arguments: dict[str, Any]) -> bool:
    """Strike every read."""
    return not any_write(operation, arguments)


def claims(operation: str, arguments: dict[str, Any]) -> bool:
    """Strike claims: only they check the suppression."""
    return any_write(operation, arguments) and any(
        "ConditionCheck" in step for step in arguments["TransactItems"]
    )


def settlements(operation: str, arguments: dict[str, Any]) -> bool:
    """Strike settlements: they update a delivery, and check nothing else."""
    if not any_write(operation, arguments) or claims(operation, arguments):
        return False
    updates = [step["Update"] for step in arguments["TransactItems"] if "Update" in step]
    return any(update["TableName"].endswith("-messages") for update in updates)


def connect(engine: DynamoDBLocal) -> Connection:
    """Return a connection to an engine, which has every table from here on."""
    connection = Connection(
        host=engine.endpoint_url,
        region="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        connect_timeout_seconds=5,
        read_timeout_seconds=30,
        max_pool_connections=64,
    )
    create_tables(connection)
    return connection


@cache
def _broom(endpoint_url: str) -> FaultyConnection:
    """Return a connection that costs little: before each test all tables are looked into."""
    return FaultyConnection(DynamoDBLocal(endpoint_url))


# Many threads may post at once, but no two stages have the same name.
_NUMBERS = itertools.count(1)
_SIGNER = Signer()


@dataclass
class Stage:
    """A scene, its world, and short words for what happens on it."""

    connection: Connection
    world: StageWorld
    scene: Scene
    signer: Signer
    system: System

    @classmethod
    def open(cls, connection: Connection, **parts: Any) -> "Stage":
        """Return a workspace with a campaign and a lead, and nothing else in any table."""
        empty_tables(_broom(connection.client.meta.endpoint_url))
        name = f"acme{next(_NUMBERS)}"
        world = StageWorld(name)
        sandbox = Sandbox(clock=lambda: world.now() / 1000, seed=name)
        store = Store(world, connection)
        scene = Scene(store, world, sandbox, name, public_key=_SIGNER.public_key()).seed()
        world.effects.clear()
        return cls(connection, world, scene, _SIGNER, scene.system(**parts))

    @property
    def sandbox(self) -> Sandbox:
        """The provider."""
        return self.scene.sandbox

    # --- acting

    def budget(self, seconds: float = 28) -> Budget:
        """Return the budget of one invocation."""
        return Budget.of_seconds(self.world, seconds)

    def send(self, draft_id: str, **changes: Any) -> SendResult:
        """Send an approved draft, as the cron does."""
        system = changes.pop("system", self.system)
        return send_approved_draft(system, draft_id, budget=self.budget(), **changes)

    def approve_and_send(self, draft_id: str, sent_by: str = "ai") -> SendResult:
        """Call the public function."""
        return approve_and_send_draft_system(
            draft_id, sent_by=sent_by, system=self.system, budget=self.budget()
        )

    def sweep(self, seconds: float = 120, **options: Any) -> SweepReport:
        """Do one round of what is due."""
        return sweep(self.system, self.budget(seconds), **{"workers": 1, **options})

    def fail(self, kind: Kind, **options: Any) -> None:
        """Let the provider misbehave once (or as `times` says)."""
        self.sandbox.program(Fault(kind, **options))

    # --- webhooks

    def text(self, text: str, **fields: Any) -> Webhook:
        """Return a signed inbound text of the lead."""
        return inbound_message(self.signer, **self._envelope(text, fields))

    def human_text(self, text: str, **fields: Any) -> Webhook:
        """Return the signed echo of a person's own text to the lead."""
        return outbound_message(self.signer, **self._envelope(text, {"source": "app", **fields}))

    def dnd(self, **fields: Any) -> Webhook:
        """Return a signed do-not-disturb update of the lead."""
        return contact_dnd_update(
            self.signer,
            **{
                "location_id": self.scene.location,
                "contact_id": self.scene.contact,
                "timestamp": self._iso(),
                **fields,
            },
        )

    def workflow_text(self, text: str, secret: str | None, **fields: Any) -> Webhook:
        """Return an inbound text as a workflow's webhook action posts it."""
        return workflow_reply(
            secret=secret,
            **{
                "location_id": self.scene.location,
                "contact_id": self.scene.contact,
                "text": text,
                **fields,
            },
        )

    def _envelope(self, text: str, fields: dict[str, Any]) -> dict[str, Any]:
        moment = self._iso()
        return {
            "location_id": self.scene.location,
            "contact_id": self.scene.contact,
            "text": text,
            "timestamp": moment,
            "dateAdded": moment,
            **fields,
        }

    def _iso(self) -> str:
        moment = datetime.fromtimestamp(self.world.now() / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def post(self, webhook: Webhook | bytes, **changes: Any) -> WebhookResponse:
        """Post a webhook to the workspace's path; `changes` replace parts of the event."""
        body = webhook.body if isinstance(webhook, Webhook) else webhook
        headers = dict(webhook.headers) if isinstance(webhook, Webhook) else {}
        event = {
            "headers": headers,
            "body": body.decode("utf-8", "surrogateescape"),
            "isBase64Encoded": False,
            "pathParameters": {"workspace": self.scene.workspace},
            "queryStringParameters": None,
            **changes,
        }
        system = event.pop("system", self.system)
        return handle(system, event, self.budget())

    def post_signed(self, body: bytes, **changes: Any) -> WebhookResponse:
        """Post any bytes with their true signature."""
        webhook = Webhook(body, {"X-GHL-Signature": self.signer.signature(body)})
        return self.post(webhook, **changes)

    def post_event(self, event: dict[str, Any], **changes: Any) -> WebhookResponse:
        """Post an event with its true signature."""
        return self.post_signed(json.dumps(event).encode(), **changes)

    # --- misfortune

    @contextmanager
    def struck(
        self, strike: Strike, when: "Which", times: int | None = None
    ) -> Iterator[list[str]]:
        """Let DynamoDB calls be struck: the first `times` that `when` is true for, or all.

        Yields the operations that were struck so far.
        """
        client: Any = self.connection.client
        original = client._make_api_call
        hit: list[str] = []

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            left = times is None or len(hit) < times
            if not (left and when(operation, arguments)):
                return original(operation, arguments)
            hit.append(operation)
            return strike(operation, arguments, lambda: original(operation, arguments))

        client._make_api_call = call
        try:
            yield hit
        finally:
            client._make_api_call = original

    # --- looking

    def drafts(self) -> list[Draft]:
        """Return every draft."""
        return rows(self.connection, Draft)

    def leads(self) -> list[Lead]:
        """Return every lead."""
        return rows(self.connection, Lead)

    def inbound(self) -> list[Inbound]:
        """Return every recorded event."""
        return rows(self.connection, Inbound)

    def messages(self) -> list[Message]:
        """Return every delivery, in order of its key."""
        found = rows(self.connection, Message)
        return sorted(found, key=lambda row: (str(row.draft_id), int(row.part)))

    def suppressions(self) -> set[str]:
        """Return the key of every suppression."""
        return {str(row.suppression) for row in rows(self.connection, Suppression)}

    def state(self, draft_id: str) -> str:
        """Return the state of a draft."""
        return str(self.scene.draft_now(draft_id).state)

    def delete(self, model: Any, key: str, sort: int | None = None) -> None:
        """Delete a row, as an operator or an erasure would."""
        arguments = model.get_operation_kwargs_from_class(key, range_key=sort)
        self.connection.dispatch("DeleteItem", arguments)

    def update(self, row: Any, *actions: Any) -> None:
        """Change a row behind everybody's back."""
        write = Write(self.world.new_id())
        write.update("row", row, actions)
        write.commit(self.connection)
