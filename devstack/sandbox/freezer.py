"""Stops the process at the other end of a connection in mid-request, as a Lambda is frozen."""

import os
from dataclasses import dataclass
from threading import Event, Lock

import psutil


@dataclass(frozen=True)
class Frozen:
    """A stopped process, and the number of the request in which it was stopped."""

    pid: int
    name: str
    number: int


class Freezer:
    """Stops client processes (SIGSTOP) and lets them go on (SIGCONT). Thread-safe.

    It finds a process by the local port that it owns, never stops this process itself, and ``thaw``
    leaves none of those that it stopped behind.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._frozen: list[tuple[psutil.Process, Frozen, Event]] = []

    def freeze(self, client: tuple[str, int], server: tuple[str, int], number: int) -> Event:
        """Stops the process that owns the client's end; the event is set when it is thawed.

        Raises:
            LookupError: no process, or only this one, owns that end of the connection.
        """
        process = _owner(client, server)
        with self._lock:
            thawed = Event()
            frozen = Frozen(process.pid, process.name(), number)
            process.suspend()
            self._frozen.append((process, frozen, thawed))
            return thawed

    def thaw(self) -> list[Frozen]:
        """Lets all stopped processes go on; returns those that were still there."""
        with self._lock:
            alive = []
            for process, frozen, thawed in self._frozen:
                try:
                    process.resume()
                    alive.append(frozen)
                except psutil.NoSuchProcess:
                    pass  # killed while it stood still: what a timed-out Lambda comes to
                thawed.set()
            self._frozen.clear()
            return alive

    def frozen(self) -> list[Frozen]:
        """The processes that were stopped and are still there."""
        with self._lock:
            return [frozen for process, frozen, _ in self._frozen if process.is_running()]


def _owner(client: tuple[str, int], server: tuple[str, int]) -> psutil.Process:
    for connection in psutil.net_connections(kind="tcp4"):
        if connection.laddr == client and connection.raddr == server and connection.pid:
            if connection.pid == os.getpid():
                raise LookupError("The client runs in the sandbox's own process: not frozen.")
            return psutil.Process(connection.pid)
    raise LookupError(f"No process that can be seen owns the client's port {client[1]}.")
