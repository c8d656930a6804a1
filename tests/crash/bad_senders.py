"""Five senders that are known to be wrong. The harness must convict each of them.

Each is written as it is found in the wild, on the same rows, the same provider client and the
same seam as the real one. A webhook starts it, the webhook is delivered again, and a cron comes by
for whatever still says `approved`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)

from system_sender.letter import Access, Letter
from system_sender.models import Draft, Message
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers.gohighlevel import PROVIDER
from system_sender.states import DraftState, MessageState
from system_sender.store import AnswerLost, ConditionsFailed, StorageError, Store, Write
from system_sender.world import Effect, World
from tests.crash.connection import FaultyConnection
from tests.crash.faults import Fault
from tests.crash.story import StoryMaker, Verdict
from tests.crash.world import FaultyWorld, transport_of
from tests.support.scene import PHONE, Scene

IDEMPOTENCY_TABLE = "stock-idempotency"
_TEXT = "Hi Dana, does 2pm Tuesday work?"
_TIMEOUT = 5 * 60_000


class BadSender(ABC):
    """What the five have in common: a draft, a provider, and being called more than once."""

    def __init__(self, world: FaultyWorld) -> None:
        self.world = world
        self.own_store = Store(World(), world.connection)
        self.store = Store(world, world.connection)
        self.scene = Scene(self.own_store, world, world.sandbox, world.name)
        self.transport = transport_of(world)
        world.recover = self.recover

    @property
    def draft_id(self) -> str:
        """The one draft."""
        return f"{self.world.name}:hello"

    @abstractmethod
    def send(self) -> None:
        """Send the draft unless it was sent: the part that each gets wrong."""

    # --- the course of every run

    def seed(self) -> None:
        """Write the approved draft."""
        self.scene.seed()
        self.scene.draft("hello", _TEXT)

    def begin(self) -> None:
        """Be called by the webhook."""
        self.world.invoke(self.send)

    def recover(self) -> None:
        """Be called again, soon and late, by the webhook and by the cron."""
        for pause in (1_000, 60_000, 10 * 60_000, 2 * 3_600_000):
            self.world.advance(pause)
            self.world.invoke(self.send)

    def settle(self) -> int:
        """Nothing of theirs is ever parked."""
        return 0

    def close(self) -> None:
        """Be called once more, days later."""
        self.world.advance(3 * 24 * 3_600_000)
        self.world.invoke(self.send)

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        """Judge by the provider's ledger alone."""
        accepted = len(self.world.sandbox.ledger.accepted(contact_id=self.scene.contact))
        gone = not accepted and not faults & {Fault.REFUSED}
        return Verdict(max(0, accepted - 1), int(gone and final), parked=0)

    def clean(self) -> None:
        """Take the draft out of the due index."""
        self._move(self.own_store, self.world.new_id(), DraftState.SENT, Draft.draft_id.exists())

    # --- what they are made of

    def state(self) -> str:
        """Return the draft's state."""
        draft = self.store.get(Draft, self.draft_id)
        assert draft is not None
        return str(draft.state)

    def mark(self, state: DraftState, condition: Any = None) -> None:
        """Write the draft's state."""
        self._move(self.store, self.world.new_id(), state, condition)

    def _move(self, store: Store, token: str, state: DraftState, condition: Any) -> None:
        write = Write(token)
        actions: list[Any] = [
            Draft.state.set(state.value),
            Draft.updated_at.set(self.world.now()),
            Draft.due_at.remove(),
        ]
        write.update("draft", Draft(self.draft_id), actions, condition)
        store.write(write)

    def message(self) -> Message:
        """Return an outbound message's row, ready to be written."""
        return Message(
            self.draft_id,
            0,
            workspace=self.world.name,
            lead_id=self.scene.lead_id,
            channel="sms",
            provider="gohighlevel",
            address="+15550100001",
            state=MessageState.SENT.value,
            revision=1,
            start=0,
            end=len(_TEXT),
            sent_by="ai",
            created_at=self.world.now(),
        )

    def post(self) -> Outcome:
        """Make the provider request."""
        letter = Letter("sms", _TEXT, PHONE, contact_id=self.scene.contact, route="send")
        access = Access("http://127.0.0.1", "pit-test", self.scene.location)
        request = PROVIDER.send_request(access, letter)
        answer = self.world.perform(
            Effect.PROVIDER,
            "send",
            lambda: self.transport.send(request, seconds=15.0, guard=_always),
        )
        return PROVIDER.outcome(answer, self.world.now(), letter)

    def post_or_raise(self) -> None:
        """Make the provider request, and treat everything but a success as a failure."""
        outcome = self.post()
        if outcome.kind is not OutcomeKind.SENT:
            raise StorageError(f"The provider did not confirm: {outcome.code}")


def _always() -> None:
    """Let every request begin."""


class CheckThenSend(BadSender):
    """Looks for an existing message, sends, and then inserts one."""

    def send(self) -> None:
        if self.store.get(Message, self.draft_id, 0) is not None:
            return
        self.post_or_raise()
        write = Write(self.world.new_id())
        write.put("message", self.message())
        self.store.write(write)


class MarkSentBeforePost(BadSender):
    """Takes the draft by marking it sent, and sends it then."""

    def send(self) -> None:
        try:
            self.mark(DraftState.SENT, Draft.state == DraftState.APPROVED.value)
        except ConditionsFailed:
            return
        self.post_or_raise()


class TokenFromDraft(BadSender):
    """Claims in a transaction whose client request token is made from the draft's id."""

    def send(self) -> None:
        if self.state() == DraftState.SENT:
            return
        write = Write(f"{self.draft_id}-claim"[-36:])
        write.put("message", self._claim(), Message.draft_id.does_not_exist())
        try:
            self.store.write(write)
        except ConditionsFailed:
            return
        except AnswerLost:
            self.store.write(write)  # "safe": the token makes it idempotent
        self.post_or_raise()
        self.mark(DraftState.SENT)

    def _claim(self) -> Message:
        row = self.message()
        row.state = MessageState.SENDING.value
        row.created_at = 0  # the same token asks for the same content
        return row


class ReleaseAfterTimeout(BadSender):
    """Claims properly, and takes a claim that is five minutes old for a dead one's."""

    def send(self) -> None:
        now = self.world.now()
        fresh = Draft.state == DraftState.APPROVED.value
        stuck = (Draft.state == DraftState.SENDING.value) & (Draft.updated_at < now - _TIMEOUT)
        try:
            self.mark(DraftState.SENDING, fresh | stuck)
        except ConditionsFailed:
            return
        self.post_or_raise()
        self.mark(DraftState.SENT, Draft.state == DraftState.SENDING.value)


class StockPowertools(BadSender):
    """The idempotency utility with its own DynamoDB layer, set up as its documentation says.

    Its records are kept for a month: with the default, an hour, it needs no fault to send twice.
    """

    def send(self) -> None:
        config = IdempotencyConfig(expires_after_seconds=30 * 24 * 3600)
        config.register_lambda_context(_LambdaContext())  # type: ignore[arg-type]
        layer = DynamoDBPersistenceLayer(
            IDEMPOTENCY_TABLE,
            boto3_client=_SeamClient(self.world),  # type: ignore[arg-type]
        )

        @idempotent_function(  # type: ignore[untyped-decorator]
            data_keyword_argument="draft_id", persistence_store=layer, config=config
        )
        def deliver(*, draft_id: str) -> dict[str, str]:
            self.post_or_raise()
            return {"sent": draft_id}

        with _powertools_clock(self.world):
            try:
                deliver(draft_id=self.draft_id)
            except (IdempotencyAlreadyInProgressError, IdempotencyPersistenceLayerError):
                return  # the next delivery tries again


class _LambdaContext:
    def get_remaining_time_in_millis(self) -> int:
        return 28_000


class _SeamClient:
    """The boto3 calls that the utility makes, as numbered effects."""

    def __init__(self, world: FaultyWorld) -> None:
        self._world = world

    def get_item(self, **arguments: Any) -> Any:
        return self._perform(Effect.DATABASE_READ, "GetItem", arguments)

    def put_item(self, **arguments: Any) -> Any:
        return self._perform(Effect.DATABASE_WRITE, "PutItem", arguments)

    def update_item(self, **arguments: Any) -> Any:
        return self._perform(Effect.DATABASE_WRITE, "UpdateItem", arguments)

    def delete_item(self, **arguments: Any) -> Any:
        return self._perform(Effect.DATABASE_WRITE, "DeleteItem", arguments)

    def _perform(self, effect: Effect, operation: str, arguments: dict[str, Any]) -> Any:
        client = self._world.connection.client
        return self._world.perform(
            effect, operation, lambda: client._make_api_call(operation, arguments)
        )


@contextmanager
def _powertools_clock(world: FaultyWorld) -> Iterator[None]:
    """Let the utility read the virtual clock: it expires its records by the wall."""

    class Now(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(world.now() / 1000, tz)

    clock = SimpleNamespace(datetime=Now, timedelta=timedelta, timezone=SimpleNamespace(utc=UTC))
    package = "aws_lambda_powertools.utilities.idempotency"
    modules = ("base", "persistence.base", "persistence.dynamodb", "persistence.datarecord")
    with ExitStack() as patches:
        for module in modules:
            patches.enter_context(mock.patch(f"{package}.{module}.dt", clock))
        yield


def create_idempotency_table(connection: FaultyConnection) -> None:
    """Create the table that the stock utility wants."""
    if IDEMPOTENCY_TABLE not in connection.list_tables()["TableNames"]:
        connection.create_table(
            IDEMPOTENCY_TABLE,
            billing_mode="PAY_PER_REQUEST",
            key_schema=[{"attribute_name": "id", "key_type": "HASH"}],
            attribute_definitions=[{"attribute_name": "id", "attribute_type": "S"}],
        )


BAD_SENDERS: dict[str, StoryMaker] = {
    "check_then_send": CheckThenSend,
    "stock_powertools": StockPowertools,
    "mark_sent_before_post": MarkSentBeforePost,
    "token_from_draft": TokenFromDraft,
    "release_after_timeout": ReleaseAfterTimeout,
}
