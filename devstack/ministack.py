"""MiniStack, the local AWS: every service that the template uses, on one port of loopback."""

import http.client
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack import paths, prepare, servers
from devstack.servers import ClientOptions

REGION = "us-east-1"
_READY_SECONDS = 60
_SCRATCH_KEPT_SECONDS = 7 * 24 * 3600
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class MiniStack:
    """A running local AWS. Its state ends with it."""

    server: servers.Server
    port: int
    scratch: Path

    @property
    def endpoint_url(self) -> str:
        """Where every service answers."""
        return f"http://{servers.HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The AWS environment variables that lead SDKs and command lines here."""
        return {
            **_CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    @property
    def client_options(self) -> ClientOptions:
        """Keyword arguments for `boto3.client(service, ...)`."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": REGION,
            "aws_access_key_id": _CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": _CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        }

    def stop(self) -> None:
        """End it with the function processes that it started, and remove what they unpacked."""
        self.server.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)


def start(*, models: str = "", tethered: bool = True) -> MiniStack:
    """Start a local AWS and wait until it answers.

    Args:
        models: where what Bedrock's models are asked goes on to, in OpenAI's shape, without the
            version. Empty: they answer with what no reply is made of.
        tethered: end it when this process ends. False leaves it running.

    Raises:
        ServerError: it did not answer within a minute.
        PreparationError: it could not be installed.
    """
    prepare.prepare("ministack")
    port = servers.free_port()
    scratch = _fresh_scratch()
    server = servers.Server.start(
        f"ministack-{port}",
        [paths.MINISTACK_VENV / "bin" / "python", "-m", "ministack"],
        environment=servers.clean_environment(
            **_CREDENTIALS,
            # Requests are checked against the template's own policies, as on AWS.
            AUTH="true",
            BIND_HOST=servers.HOST,
            GATEWAY_PORT=str(port),
            MINISTACK_HOST=servers.HOST,
            MINISTACK_REGION=REGION,
            LAMBDA_EXECUTOR="local",
            MINISTACK_BEDROCK_PROXY_URL=models,
            PYTHONUNBUFFERED="1",
            TMPDIR=str(scratch),
        ),
        tethered=tethered,
    )
    local = MiniStack(server, port, scratch)
    try:
        server.wait_until(lambda: _answers(port), seconds=_READY_SECONDS)
    except BaseException:
        local.stop()
        raise
    return local


@contextmanager
def running(*, models: str = "") -> Iterator[MiniStack]:
    """A local AWS for the time of the block; the argument is that of `start`."""
    local = start(models=models)
    try:
        yield local
    finally:
        local.stop()


def _fresh_scratch() -> Path:
    """Make a folder for what functions are unpacked into, and forget those of killed runs."""
    paths.RUN.mkdir(parents=True, exist_ok=True)
    for old in paths.RUN.glob("ministack-*"):
        if time.time() - old.stat().st_mtime > _SCRATCH_KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix="ministack-", dir=paths.RUN))


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return False
    finally:
        connection.close()
