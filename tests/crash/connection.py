"""A DynamoDB connection that fails as the real one does, below PynamoDB and above the engine.

The failures are botocore's own errors, so that the code that tells them apart is the code under
test. DynamoDB Local never produces a conflict of transactions: it is made here.

The calls go to the engine in its own JSON protocol, without botocore's client: signing and
endpoint rules cost more time than the engine needs, and the suite makes millions of calls. The
engine tests and the real kills use botocore's client.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.connection import Connection

from devstack.dynamodb_local import DynamoDBLocal

# DynamoDB Local hangs up after half a minute.
_LONGEST_IDLE_SECONDS = 10.0

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
        self._address = urlsplit(engine.endpoint_url).netloc
        self._connection = connection
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []
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
        connection = self._socket()
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Authorization": self._authorization,
        }
        connection.request("POST", "/", json.dumps(arguments), headers)
        response = connection.getresponse()
        answer: Any = json.loads(response.read())
        if response.status == http.client.OK:
            return dict(answer)
        code = str(answer["__type"]).rpartition("#")[2]
        message = answer.get("message") or answer.get("Message") or ""
        raise _error(operation, code, message, **answer)

    def _socket(self) -> http.client.HTTPConnection:
        """Return this thread's connection; one that was idle for long is opened anew."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        now = time.monotonic()
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(self._address)
            self._open.append(connection)
        elif now - self._local.used_at > _LONGEST_IDLE_SECONDS:
            connection.close()
        self._local.used_at = now
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.close()


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
