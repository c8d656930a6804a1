"""A DynamoDB connection that fails as the real one does, below PynamoDB and above the engine.

The failures are botocore's own errors, so that the code that tells them apart is the code under
test. DynamoDB Local never produces a conflict of transactions: it is made here.

The calls go to the engine in its own JSON protocol, without botocore's client: signing, endpoint
rules and Python's own HTTP cost more time than the engine needs, and the suite makes millions of
calls. The engine tests and the real kills use botocore's client.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, ReadTimeoutError
from httptools import HttpResponseParser
from pynamodb.connection import Connection

from devstack.dynamodb_local import DynamoDBLocal

# DynamoDB Local hangs up after half a minute.
_LONGEST_IDLE_SECONDS = 10.0
_MOST_AT_ONCE = 65_536

Call = Callable[[], dict[str, Any]]
# A strike decides what becomes of one API call: operation, arguments, and the call itself.
Strike = Callable[[str, dict[str, Any], Call], dict[str, Any]]


class FaultyConnection(Connection):
    """A connection to DynamoDB Local whose next call may be struck."""

    def __init__(self, engine: DynamoDBLocal) -> None:
        super().__init__(region=engine.client_options["region_name"], host=engine.endpoint_url)
        self._armed = threading.local()
        self._lean = _Client(engine, self)

    def arm(self, strike: Strike | None) -> None:
        """Let the next call of this thread be struck, or (None) no call."""
        self._armed.strike = strike

    def take(self) -> Strike | None:
        """Return the strike that waits for this thread's call, once."""
        strike: Strike | None = getattr(self._armed, "strike", None)
        self._armed.strike = None
        return strike

    @property
    def client(self) -> Any:
        """Return what PynamoDB makes its calls through."""
        return self._lean

    def close(self) -> None:
        """Close the sockets of all threads."""
        self._lean.close()


class _Client:
    """Speaks DynamoDB's JSON protocol, on a kept connection a thread."""

    def __init__(self, engine: DynamoDBLocal, connection: FaultyConnection) -> None:
        self.meta = SimpleNamespace(endpoint_url=engine.endpoint_url)
        address = urlsplit(engine.endpoint_url)
        self._host, self._port = str(address.hostname), address.port
        self._connection = connection
        self._local = threading.local()
        self._open: list[socket.socket] = []
        # DynamoDB Local reads the region and the key from this, and checks no signature.
        options = engine.client_options
        scope = f"{options['aws_access_key_id']}/20260101/{options['region_name']}"
        self._authorization = (
            f"AWS4-HMAC-SHA256 Credential={scope}/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0"
        )

    def _make_api_call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Make one call, or what the strike makes of it; named as PynamoDB calls it."""
        strike = self._connection.take()

        def call() -> dict[str, Any]:
            return self._post(operation, arguments)

        return call() if strike is None else strike(operation, arguments, call)

    def _post(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(arguments).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            "Content-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: DynamoDB_20120810.{operation}\r\n"
            f"Authorization: {self._authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection = self._socket()
        connection.sendall(head.encode() + body)
        status, answer = _Response.read(connection)
        if status == HTTPStatus.OK:
            return dict(answer)
        code = str(answer["__type"]).rpartition("#")[2]
        message = answer.get("message") or answer.get("Message") or ""
        raise _error(operation, code, message, **answer)

    def _socket(self) -> socket.socket:
        """Return this thread's connection; one that was idle for long is opened anew."""
        connection: socket.socket | None = getattr(self._local, "connection", None)
        now = time.monotonic()
        if connection is not None and now - self._local.used_at > _LONGEST_IDLE_SECONDS:
            connection.close()
            connection = None
        if connection is None:
            connection = self._local.connection = socket.create_connection((self._host, self._port))
            self._open.append(connection)
        self._local.used_at = now
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.close()


class _Response:
    """One response, as the parser tells of it."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._is_complete = False

    @classmethod
    def read(cls, connection: socket.socket) -> tuple[int, Any]:
        """Return the status and the document that come next on a connection."""
        response = cls()
        while not response._is_complete:
            data = connection.recv(_MOST_AT_ONCE)
            if not data:
                raise ConnectionError("DynamoDB Local hung up in the middle of an answer.")
            response._parser.feed_data(data)
        return response._parser.get_status_code(), json.loads(b"".join(response._pieces))

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body; named as httptools calls it."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Note that the response is whole; named as httptools calls it."""
        self._is_complete = True


def _no_answer() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="http://127.0.0.1")


def request_lost(operation: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
    """Lose the request: nothing happens, and nobody says so."""
    raise _no_answer()


def reply_lost(operation: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
    """Do it, and lose the reply, whatever it was."""
    try:
        call()
    except ClientError as refusal:
        raise _no_answer() from refusal
    raise _no_answer()


def echoed(operation: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
    """Do it twice with the same token, as an SDK does that missed the first answer."""
    call()
    return call()


def throttled(operation: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
    """Refuse for throughput."""
    raise _error(operation, "ThrottlingException", "Rate exceeded.")


def conflict(operation: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
    """Cancel the transaction because another one is at its last row."""
    if "TransactItems" not in arguments:
        raise _error(operation, "TransactionConflictException", "Another one is at this row.")
    steps = len(arguments["TransactItems"])
    reasons = [{"Code": "None"}] * (steps - 1) + [{"Code": "TransactionConflict"}]
    raise _cancelled(operation, reasons)


def conflict_and_condition(operation: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
    """Do it; if a condition was false, report a conflict at another row as well."""
    try:
        return call()
    except ClientError as refusal:
        answer: dict[str, Any] = dict(refusal.response)
        reasons = list(answer.get("CancellationReasons", ()))
        untouched = [n for n, reason in enumerate(reasons) if reason["Code"] == "None"]
        if not untouched:
            raise
        reasons[untouched[-1]] = {"Code": "TransactionConflict"}
        raise _cancelled(operation, reasons) from refusal


def _cancelled(operation: str, reasons: list[dict[str, Any]]) -> ClientError:
    codes = ", ".join(reason["Code"] for reason in reasons)
    return _error(
        operation,
        "TransactionCanceledException",
        f"Transaction cancelled, please refer to cancellation reasons [{codes}]",
        CancellationReasons=reasons,
    )


def _error(operation: str, code: str, message: str, **more: Any) -> ClientError:
    answer: Any = {**more, "Error": {"Code": code, "Message": message}}
    return ClientError(answer, operation)
