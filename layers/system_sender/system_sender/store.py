"""Reads and transactional writes of rows, with failures sorted by what they leave behind."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError, VerboseClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from system_sender.world import Effect, World

M = TypeVar("M", bound=Model)
T = TypeVar("T")

# A function has 28 s at most, and a provider may take 15 of them. Standard retries happen inside
# the SDK; every transaction carries a token, so a retried one is applied once.
CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 3.0
RETRY_ATTEMPTS = 2
POOL_CONNECTIONS = 64

_CONTENTION = frozenset(
    {
        "TransactionConflict",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)
_CONFLICT_RETRIES = 6
_NOTE = "note"
_LONGEST_PAUSE = 0.5


class StorageError(Exception):
    """DynamoDB did not do what was asked. Nothing personal is in the text."""


class StorageUnavailable(StorageError):
    """A read failed; asking again later is safe."""


class Contention(StorageError):
    """The write was certainly not applied: other writers or the throughput stood in its way."""


class AnswerLost(StorageError):
    """The write may or may not have been applied: only a consistent read can tell."""


class ConditionsFailed(StorageError):
    """The write was certainly not applied, because rows are not as the caller believed.

    Attributes:
        failed: the labels of the steps whose condition was false, each with the row as it was
            found (where the step asked for it), in DynamoDB's own format.
    """

    def __init__(self, failed: dict[str, dict[str, Any] | None]) -> None:
        super().__init__("conditions failed: " + ", ".join(sorted(failed)))
        self.failed = failed


Key = tuple[type[Model], str] | tuple[type[Model], str, int]


class Write:
    """One transaction in the making. Each step has a label that a refusal is reported under.

    The client request token must be fresh for each attempt: two attempts that share one would
    both be told they succeeded.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self._checks: list[tuple[str, type[Model], str, Condition]] = []
        self._deletes: list[tuple[str, Model, Condition | None]] = []
        self._puts: list[tuple[str, Model, Condition | None, bool]] = []
        self._updates: list[tuple[str, Model, Sequence[Action], Condition | None, bool]] = []
        self._notes: list[Model] = []

    def check(self, label: str, model: type[Model], key: str, condition: Condition) -> None:
        """Require a condition of a row that is not written."""
        self._checks.append((label, model, key, condition))

    def delete(self, label: str, row: Model, condition: Condition | None = None) -> None:
        """Delete a row named by its key."""
        self._deletes.append((label, row, condition))

    def put(
        self,
        label: str,
        row: Model,
        condition: Condition | None = None,
        *,
        return_old: bool = False,
    ) -> None:
        """Write a whole row."""
        self._puts.append((label, row, condition, return_old))

    def update(
        self,
        label: str,
        row: Model,
        actions: Sequence[Action],
        condition: Condition | None = None,
        *,
        return_old: bool = False,
    ) -> None:
        """Change attributes of a row named by its key."""
        self._updates.append((label, row, actions, condition, return_old))

    def note(self, row: Model) -> None:
        """Write a row that only tells of the others, and never stands in their way."""
        self._notes.append(row)

    @property
    def notes(self) -> int:
        """Return how many rows only tell of the others."""
        return len(self._notes)

    @property
    def name(self) -> str:
        """Return what the transaction is about, in one word a step."""
        return "write " + "+".join(label for label in self.labels if label != _NOTE)

    @property
    def labels(self) -> list[str]:
        """Return the labels in PynamoDB's order of the steps: check, delete, put, update."""
        checks = [step[0] for step in self._checks]
        deletes = [step[0] for step in self._deletes]
        puts = [step[0] for step in self._puts]
        return [
            *checks,
            *deletes,
            *puts,
            *([_NOTE] * self.notes),
            *(step[0] for step in self._updates),
        ]

    def commit(self, connection: Connection) -> None:
        """Apply the transaction, all of it or nothing."""
        with TransactWrite(connection=connection, client_request_token=self.token) as write:
            for _, model, key, condition in self._checks:
                write.condition_check(model, key, condition=condition)
            for _, gone, delete_condition in self._deletes:
                write.delete(gone, delete_condition)
            for _, row, put_condition, old in self._puts:
                write.save(row, put_condition, return_values="ALL_OLD" if old else None)
            for note in self._notes:
                write.save(note)
            for _, row, actions, update_condition, old in self._updates:
                write.update(
                    row,
                    list(actions),
                    update_condition,
                    return_values="ALL_OLD" if old else None,
                )


class Store:
    """All rows, read strongly consistently and written in transactions."""

    def __init__(self, world: World, connection: Connection | None = None) -> None:
        self._world = world
        self._connection = connection or shared_connection()

    def connect(self) -> None:
        """Make the client now: it takes tens of milliseconds, and no request should wait."""
        _ = self._connection.client

    def get(self, model: type[M], key: str, sort: int | None = None) -> M | None:
        """Read one row, or None where there is none."""
        arguments = model.get_operation_kwargs_from_class(key, range_key=sort)
        arguments["ConsistentRead"] = True
        answer = self._read(
            f"get {model.Meta.table_name}",
            lambda: self._connection.dispatch("GetItem", arguments),
        )
        item = answer.get("Item")
        return model.from_raw_data(item) if item else None

    def read(self, *keys: Key) -> list[Any]:
        """Read rows of any tables in one round trip, strongly consistently; None for no row.

        Not a transactional get: that one fails while any of its rows is being written, and costs
        twice. The rows are each current, but not of one moment; whoever acts on them says so in
        the conditions of a write.
        """
        wanted = [_RowKey.of(key) for key in keys]
        found: dict[_RowKey, Any] = {}
        requests = _request_items(wanted)
        for attempt in range(_CONFLICT_RETRIES):
            answer = self._read(
                "batch_get",
                partial(self._connection.dispatch, "BatchGetItem", {"RequestItems": requests}),
            )
            found.update(_found_rows(answer["Responses"], wanted))
            requests = answer.get("UnprocessedKeys") or {}
            if not requests:
                return [found.get(key) for key in wanted]
            self._world.wait(0.02 * 2**attempt)
        raise StorageUnavailable("batch_get: throttled")

    def write(self, write: Write) -> None:
        """Apply a transaction.

        Raises:
            ConditionsFailed, Contention: certainly nothing was written.
            AnswerLost: it may have been written.
        """

        def commit() -> None:
            try:
                write.commit(self._connection)
            except (PynamoDBException, BotoCoreError, ClientError) as error:
                raise _write_failure(error, write.labels) from error

        self._world.perform(Effect.DATABASE_WRITE, write.name, commit)

    def write_patiently(self, build: Callable[[str], Write], *, until: float | None = None) -> None:
        """Apply a transaction, trying again under contention or after a lost answer.

        Only for writes that are conditional on what they change, or change nothing the second
        time: a repeated one then reports ConditionsFailed, which the caller reads as done.

        Args:
            build: makes the transaction under a token; the same token makes the same one.
            until: the monotonic time in seconds to try until; a few times, if none is given.
        """
        # One token for all tries: if one of them was applied although its answer was lost,
        # DynamoDB answers the next with success, and applies it once.
        write = build(self._world.new_id())
        for attempt in itertools.count():
            try:
                self.write(write)
            except (Contention, AnswerLost):
                if not self._may_wait(attempt, until):
                    raise
            else:
                return

    def _may_wait(self, attempt: int, until: float | None) -> bool:
        pause = min(0.02 * 2**attempt, _LONGEST_PAUSE)
        if until is None:
            may = attempt + 1 < _CONFLICT_RETRIES
        else:
            may = self._world.monotonic() + pause < until
        if may:
            self._world.wait(pause)
        return may

    def query(
        self,
        index: GlobalSecondaryIndex[M],
        partition: str,
        *,
        upto: int | None = None,
        newest_first: bool = False,
        limit: int,
        after: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the keys of rows in an index partition, by its sort key.

        An index lags behind its table: read a row again before acting on it.

        Args:
            upto: only rows whose sort key is at most this.
            limit: at most this many rows.
            after: only what follows the row with these keys, in DynamoDB's own format.
        """
        model: Any = index._model  # the only handle PynamoDB offers on an index's table
        attributes = index.Meta.attributes.values()
        hash_name = next(a.attr_name for a in attributes if a.is_hash_key)
        range_name = next(a.attr_name for a in attributes if a.is_range_key)
        names = {"#hash": hash_name}
        values: dict[str, Any] = {":hash": {"S": partition}}
        expression = "#hash = :hash"
        if upto is not None:
            names["#range"] = range_name
            values[":upto"] = {"N": str(upto)}
            expression += " AND #range <= :upto"
        arguments: dict[str, Any] = {
            "TableName": model.Meta.table_name,
            "IndexName": index.Meta.index_name,
            "KeyConditionExpression": expression,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not newest_first,
        }
        if after is not None:
            arguments["ExclusiveStartKey"] = dict(after)
        return [_plain(item) for item in self._pages(arguments, limit)]

    def newest(self, model: type[M], partition: str, *, limit: int) -> list[M]:
        """Return the rows of a table's partition, the last by its sort key first, consistently."""
        hash_name = next(a.attr_name for a in model.get_attributes().values() if a.is_hash_key)
        arguments: dict[str, Any] = {
            "TableName": model.Meta.table_name,
            "KeyConditionExpression": "#hash = :hash",
            "ExpressionAttributeNames": {"#hash": hash_name},
            "ExpressionAttributeValues": {":hash": {"S": partition}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
        }
        return [model.from_raw_data(item) for item in self._pages(arguments, limit)]

    def _pages(self, arguments: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while len(rows) < limit:
            page = {**arguments, "Limit": limit - len(rows)}
            answer = self._read(
                f"query {arguments['TableName']}",
                partial(self._connection.dispatch, "Query", page),
            )
            rows.extend(answer.get("Items", []))
            if "LastEvaluatedKey" not in answer:
                break
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return rows

    def _read(self, name: str, call: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return call()
            except (PynamoDBException, BotoCoreError, ClientError) as error:
                raise StorageUnavailable(f"{name}: {_code_of(error)}") from error

        return self._world.perform(Effect.DATABASE_READ, name, guarded)


@dataclass(frozen=True, slots=True)
class _RowKey:
    """A row's table and key, in DynamoDB's own format, as something that can be looked up."""

    model: type[Model]
    attributes: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, key: Key) -> "_RowKey":
        arguments = key[0].get_operation_kwargs_from_class(*key[1:])
        return cls(key[0], _flat(arguments["Key"]))

    @property
    def raw(self) -> dict[str, dict[str, str]]:
        return {name: {kind: value} for name, kind, value in self.attributes}


def _flat(raw: Mapping[str, Mapping[str, str]]) -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted((n, k, str(v)) for n, value in raw.items() for k, v in value.items()))


def _request_items(keys: Iterable[_RowKey]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for key in dict.fromkeys(keys):
        table = tables.setdefault(key.model.Meta.table_name, {"ConsistentRead": True, "Keys": []})
        table["Keys"].append(key.raw)
    return tables


def _found_rows(
    responses: Mapping[str, list[dict[str, Any]]], wanted: Iterable[_RowKey]
) -> dict[_RowKey, Any]:
    """Match the rows of an answer, which come in any order, to the keys that asked for them."""
    rows: dict[_RowKey, Any] = {}
    for key in wanted:
        names = {name for name, _, _ in key.attributes}
        for item in responses.get(key.model.Meta.table_name, ()):
            if _flat({name: item[name] for name in names}) == key.attributes:
                rows[key] = key.model.from_raw_data(item)
    return rows


@cache
def shared_connection() -> Connection:
    """Return the one DynamoDB connection of this process: a client costs tens of milliseconds."""
    connection = Connection(
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        max_retry_attempts=RETRY_ATTEMPTS,
        max_pool_connections=POOL_CONNECTIONS,
    )
    # botocore puts its user agent together twice for each request, and that takes 8 % of a send's
    # CPU. One that is given is taken as it stands.
    session = connection.session
    session.set_default_client_config(Config(user_agent=session.user_agent()))
    return connection


def _code_of(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, ClientError):
        return str(cause.response.get("Error", {}).get("Code", "ClientError"))
    return type(cause).__name__


def _write_failure(error: Exception, labels: Iterable[str]) -> StorageError:
    """Tell a refusal, a contention and a lost answer apart."""
    code = _code_of(error)
    if isinstance(error, TransactWriteError) and code == "TransactionCanceledException":
        return _cancellation(error, labels)
    if code in _CONTENTION:
        return Contention(code)
    return AnswerLost(code)


def _cancellation(error: TransactWriteError, labels: Iterable[str]) -> StorageError:
    reasons = list(zip(labels, error.cancellation_reasons, strict=False))
    failed = {
        label: reason.raw_item
        for label, reason in reasons
        if reason is not None and reason.code == "ConditionalCheckFailed"
    }
    if failed:
        return ConditionsFailed(failed)
    codes = {reason.code for _, reason in reasons if reason is not None}
    if codes and codes <= _CONTENTION:
        return Contention(", ".join(sorted(codes)))
    cause = error.cause
    detail = ", ".join(sorted(codes)) if codes else type(cause).__name__
    if isinstance(cause, VerboseClientError) and codes:
        # ValidationError and the like: cancelled, so nothing was written, but a bug to be seen.
        return StorageError(f"transaction cancelled: {detail}")
    return AnswerLost(detail)


def _plain(item: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Turn the keys of an index row into plain values."""
    return {
        name: int(value["N"]) if "N" in value else value.get("S") for name, value in item.items()
    }
