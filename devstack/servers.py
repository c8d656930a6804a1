"""Local servers: started on a free port, waited for, and ended with everything they started."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

import psutil

from devstack import paths, tether

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
_LOGS_KEPT_SECONDS = 24 * 3600
# A machine's own AWS settings must not reach the local stack, nor the stack's a real account.
_NOT_INHERITED = ("AWS_", "SAM_CLI_", "POWERTOOLS_", "MINISTACK_")


class ServerError(Exception):
    """A local server did not start; the text names its log."""


class ClientOptions(TypedDict):
    """What a boto3 client of a local service is made with."""

    endpoint_url: str
    region_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


@dataclass(frozen=True)
class Server:
    """A running server. `log` holds what it printed."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        folder: Path = paths.PROJECT,
        tethered: bool = True,
    ) -> Self:
        """Start a server in a process group of its own.

        Args:
            name: names its log file.
            command: the program and its arguments.
            environment: its whole environment; begin with `clean_environment()`.
            folder: its working directory.
            tethered: end it when this process ends, even by a kill. False leaves it running.
        """
        log = _fresh_log(name)
        holder = [sys.executable, str(paths.PROJECT / "devstack" / "tether.py")]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*(holder if tethered else []), *map(str, command)],
                stdin=subprocess.PIPE if tethered else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
            )
        return cls(name, process, log)

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Ask the server itself until it is ready.

        Raises:
            ServerError: it ended, or was not ready in time. It is stopped then.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            ended = self._ended_within(_POLL_SECONDS)
            if ended or time.monotonic() > deadline:
                self.stop()
                what = "ended" if ended else f"was not ready after {seconds:.0f} seconds"
                raise ServerError(f"{self.name} {what}; its log is {self.log}:\n{self._tail()}")

    def stop(self) -> None:
        """End the server and everything it started; harmless when it has ended."""
        if self.process.stdin is None:
            tether.end_group(self.process)
            return
        self.process.stdin.close()
        self.process.wait(2 * tether.GRACE_SECONDS + 5)

    def _ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])


def free_port() -> int:
    """A port on loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without any AWS setting, and with what is given."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)
    }
    # No shared configuration or credentials file either.
    nothing = os.devnull
    return {
        **kept,
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        **more,
    }


def end_process_group(pid: int, started: float) -> bool:
    """End a server that an earlier command left running.

    Args:
        pid: the process that leads the group.
        started: its start time as psutil tells it, so that a reused number ends nobody else.

    Returns:
        Whether it was still running.
    """
    try:
        leader = psutil.Process(pid)
        if leader.create_time() != started:
            return False
        family = [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return False
    for process in family:
        _signal(process.terminate)
    _, alive = psutil.wait_procs(family, timeout=tether.GRACE_SECONDS)
    for process in alive:
        _signal(process.kill)
    psutil.wait_procs(alive, timeout=tether.GRACE_SECONDS)
    return True


def _fresh_log(name: str) -> Path:
    """Return the path of a log, and forget the logs of earlier days."""
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    for old in paths.LOGS.glob("*.log"):
        if time.time() - old.stat().st_mtime > _LOGS_KEPT_SECONDS:
            old.unlink(missing_ok=True)
    return paths.LOGS / f"{name}.log"


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return  # it ended by itself, which is what was wanted
