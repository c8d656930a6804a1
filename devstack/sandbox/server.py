"""The sandbox behind real HTTP on 127.0.0.1: a thread for each connection, keep-alive, resets."""

import socketserver
import time
from datetime import UTC, datetime
from socket import SHUT_RDWR, socket
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TextIO, cast

from devstack.sandbox.connection import Arrival, Connection, MalformedRequestError
from devstack.sandbox.control import PREFIX, Control
from devstack.sandbox.freezer import Freezer
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.wire import Break, Broken, Response, json_response

_LOOPBACK = "127.0.0.1"


class SandboxServer:
    """A sandbox and its HTTP server; as a context manager it runs for the length of the block.

    Args:
        sandbox: what to serve; by default a fresh one.
        port: the port on 127.0.0.1; 0 takes a free one.
        log: where to write one line for each request, without bodies or query; ``None``: nowhere.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, sandbox: Sandbox | None = None, *, port: int = 0, log: TextIO | None = None
    ) -> None:
        self.sandbox = sandbox or Sandbox()
        self.freezer = Freezer()
        self._control = Control(self.sandbox, self.freezer)
        self._log = log
        self._stopping = Event()
        self._listener = _Listener(port, self)
        self._thread = Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._listener.server_address[1]

    @property
    def url(self) -> str:
        """The base URL, for a provider client as for the control API."""
        return f"http://{_LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Begins to answer, in a thread of its own. Connections are queued since construction."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the server, its connections and its stalls, and thaws frozen clients."""
        self._stopping.set()
        self.freezer.thaw()
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join()
        self._listener.close()

    def __enter__(self) -> "SandboxServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(self, connection: Connection, arrival: Arrival) -> bool:
        """Answers one request; returns whether the connection is still of use."""
        request = arrival.request
        if not arrival.whole:
            self.sandbox.interrupted(request, now=arrival.began_at)
            self._note(arrival, "the client went away in mid-request")
            return False
        close = request.header("Connection").lower() == "close"
        if request.path.startswith(PREFIX):
            response = self._control.answer(request)
            self._note(arrival, str(response.status))
            connection.write(response, last=close)
            return not close
        others = (self.sandbox.slack, self.sandbox.models)
        asked = next((other for other in others if other.serves(request)), None)
        number = self.sandbox.begin(request, now=arrival.began_at) if asked is None else 0
        outcome = (asked or self.sandbox).handle(request)
        if isinstance(outcome, Broken):
            self._note(arrival, f"#{number} {outcome.how} accepted={outcome.accepted}")
            self._break(connection, outcome, number)
            return False
        if self.sandbox.settings.delay_ms:
            self._stopping.wait(self.sandbox.settings.delay_ms / 1000)
        connection.write(outcome, last=close)
        self._note(arrival, f"#{number} {outcome.status}")
        return not close

    def _break(self, connection: Connection, broken: Broken, number: int) -> None:
        match broken.how:
            case Break.STALL:
                self._stopping.wait(broken.seconds)
            case Break.FREEZE_CLIENT:
                self._freeze(connection, broken.seconds, number)
        late = broken.resume() if broken.resume is not None else None
        if late is None or self._stopping.is_set():
            connection.reset()
        elif broken.how is Break.DRIP:
            connection.drip(late, broken.seconds, self._stopping)
        else:
            connection.write(late, last=True)

    def _freeze(self, connection: Connection, seconds: float, number: int) -> None:
        try:
            thawed = self.freezer.freeze(connection.client, connection.server, number)
        except LookupError as problem:
            self._write_log(f"#{number} {problem} It is made to wait instead.")
            self._stopping.wait(seconds)
        else:
            if self._stopping.is_set():  # stop() has thawed already and would miss this one
                self.freezer.thaw()
            thawed.wait(seconds)

    def _note(self, arrival: Arrival, outcome: str) -> None:
        if self._log is not None:
            milliseconds = (time.time() - arrival.began_at) * 1000
            method, path = arrival.request.method, arrival.request.path
            self._write_log(f"{method} {path} -> {outcome} ({milliseconds:.1f} ms)")

    def _write_log(self, line: str) -> None:
        if self._log is not None:
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._log.write(f"{moment} {line}\n")
            self._log.flush()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int, owner: SandboxServer) -> None:
        self.owner = owner
        self._lock = Lock()
        self._open: set[socket] = set()
        super().__init__((_LOOPBACK, port), _Handler)

    def opened(self, sock: socket) -> None:
        with self._lock:
            self._open.add(sock)

    def closed(self, sock: socket) -> None:
        with self._lock:
            self._open.discard(sock)

    def close(self) -> None:
        self.server_close()
        with self._lock:
            for sock in self._open:
                try:
                    sock.shutdown(SHUT_RDWR)
                except OSError:
                    continue  # its client, or a reset, has ended it already


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        listener = cast(_Listener, self.server)
        listener.opened(self.request)
        try:
            self._converse(listener.owner)
        except ConnectionError:
            return  # the client went away; the ledger has what it had asked for
        finally:
            listener.closed(self.request)

    def _converse(self, owner: SandboxServer) -> None:
        connection = Connection(self.request)
        try:
            while (arrival := connection.read()) is not None:
                if not owner.answer(connection, arrival):
                    return
        except MalformedRequestError as problem:
            connection.write(_malformed(problem), last=True)


def _malformed(problem: MalformedRequestError) -> Response:
    return json_response(problem.status, {"code": "malformed_request", "message": str(problem)})
