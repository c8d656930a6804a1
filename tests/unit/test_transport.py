"""HttpTransport on real loopback sockets: did the request begin, and is there an answer?"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.server import SandboxServer
from system_sender.codes import Code
from system_sender.transport import (
    IDLE_SECONDS,
    LARGEST_ANSWER,
    LARGEST_PAGE,
    Answer,
    HttpTransport,
    NoAnswer,
    Request,
    Withheld,
)
from system_sender.world import World


class ClockedWorld(World):
    """A world whose wall clock stands where it is put."""

    milliseconds = 1_772_500_000_000

    def now(self) -> int:
        return self.milliseconds


def allow() -> None:
    """A guard with nothing against it."""


@pytest.fixture
def world() -> ClockedWorld:
    return ClockedWorld()


@pytest.fixture
def transport(world: ClockedWorld) -> Iterator[HttpTransport]:
    one = HttpTransport(world)
    yield one
    one.forget_connections()


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


def text_message(url: str, text: str = "Hi Dana") -> Request:
    return Request(
        "POST",
        f"{url}/conversations/messages",
        {
            "Authorization": "Bearer pit-test",
            "Version": "2021-04-15",
            "Content-Type": "application/json",
        },
        json.dumps({"type": "SMS", "contactId": "ct1", "message": text}).encode(),
    )


def timed(call: Callable[[], Answer | NoAnswer]) -> tuple[Answer | NoAnswer, float]:
    begin = time.monotonic()
    return call(), time.monotonic() - begin


def test_an_answer_comes_back_whole_with_lower_case_headers(
    server: SandboxServer, transport: HttpTransport
) -> None:
    answer = transport.send(text_message(server.url, "Grüße \U0001f44b"), seconds=5, guard=allow)
    assert isinstance(answer, Answer)
    assert answer.status == 201
    assert answer.headers["x-ratelimit-max"] == "100"
    [entry] = server.sandbox.ledger.accepted(text="Grüße \U0001f44b")
    assert json.loads(answer.body)["messageId"] == entry.message_id


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_an_error_status_is_an_answer_and_is_asked_for_once(
    status: int, server: SandboxServer, transport: HttpTransport
) -> None:
    names = {400: "missing_phone", 401: "invalid_token", 429: "too_many_requests"}
    fault = (
        Fault(Kind.REFUSE, refusal=names[status], retry_after="0")
        if status in names
        else Fault(Kind.SERVER_ERROR_BEFORE, status=status)
    )
    server.sandbox.program(fault)
    answer = transport.send(text_message(server.url), seconds=5, guard=allow)
    assert isinstance(answer, Answer)
    assert answer.status == status
    assert len(server.sandbox.ledger.requests()) == 1


# --- certainly not begun -------------------------------------------------------------------------


def test_a_refused_connection_did_not_begin(transport: HttpTransport) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound, so nobody else takes it, and not listening
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        answer = transport.send(text_message(url), seconds=5, guard=allow)
    assert answer == NoAnswer(began=False, code=Code.UNREACHABLE)


def test_a_connection_that_is_never_made_did_not_begin(transport: HttpTransport) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):  # the queue of connections is full from here on
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        answer, seconds = timed(lambda: transport.send(text_message(url), seconds=0.4, guard=allow))
    assert answer == NoAnswer(began=False, code=Code.UNREACHABLE)
    assert seconds < 2


def test_a_name_that_does_not_resolve_did_not_begin(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = transport.send(text_message("http://nowhere.example"), seconds=5, guard=allow)
    assert answer == NoAnswer(began=False, code=Code.UNREACHABLE)


def test_a_failed_tls_handshake_did_not_begin(
    server: SandboxServer, transport: HttpTransport
) -> None:
    url = server.url.replace("http:", "https:")
    answer = transport.send(text_message(url), seconds=0.5, guard=allow)
    assert answer == NoAnswer(began=False, code=Code.UNREACHABLE)
    assert server.sandbox.ledger.sends() == []


@pytest.mark.parametrize("token", ["pit\n", "pit-\u2026", "pit\r\nX-Evil: 1"])
def test_a_token_that_fits_into_no_header_did_not_begin(
    token: str, server: SandboxServer, transport: HttpTransport
) -> None:
    request = text_message(server.url)
    broken = Request(
        request.method,
        request.url,
        {**request.headers, "Authorization": f"Bearer {token}"},
        request.body,
    )
    answer = transport.send(broken, seconds=5, guard=allow)
    assert answer == NoAnswer(began=False, code=Code.UNREACHABLE)
    assert server.sandbox.ledger.requests() == []


@pytest.mark.parametrize("code", [Code.TOO_LATE, Code.PAUSED_ALL, Code.BUSY])
def test_a_guard_that_refuses_lets_no_byte_out(code: Code, transport: HttpTransport) -> None:
    def refuse() -> None:
        raise Withheld(code)

    with RawServer() as raw:
        answer = transport.send(text_message(raw.url), seconds=5, guard=refuse)
        assert answer == NoAnswer(began=False, code=code)
        transport.forget_connections()
        raw.until_quiet()
        assert raw.received == b""


def test_the_guard_is_asked_once_right_before_the_first_byte(
    server: SandboxServer, transport: HttpTransport
) -> None:
    asked: list[int] = []
    transport.send(
        text_message(server.url),
        seconds=5,
        guard=lambda: asked.append(len(server.sandbox.ledger.requests())),
    )
    assert asked == [0]


def test_a_guard_that_outlasts_the_deadline_lets_no_byte_out(transport: HttpTransport) -> None:
    with RawServer() as raw:
        answer = transport.send(text_message(raw.url), seconds=0.2, guard=lambda: time.sleep(0.5))
        assert answer == NoAnswer(began=False, code=Code.UNREACHABLE)
        transport.forget_connections()
        raw.until_quiet()
        assert raw.received == b""


# --- begun ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.STALL_BEFORE, Kind.STALL_AFTER, Kind.ACCEPT_LATE])
def test_a_read_timeout_began(kind: Kind, server: SandboxServer, transport: HttpTransport) -> None:
    server.sandbox.program(Fault(kind, seconds=5))
    answer, seconds = timed(
        lambda: transport.send(text_message(server.url), seconds=0.4, guard=allow)
    )
    assert answer == NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT)
    assert seconds < 2
    assert len(server.sandbox.ledger.sends()) == 1


@pytest.mark.parametrize(("kind", "accepted"), [(Kind.RESET_BEFORE, 0), (Kind.RESET_AFTER, 1)])
def test_a_reset_began_whether_the_provider_accepted_or_not(
    kind: Kind, accepted: int, server: SandboxServer, transport: HttpTransport
) -> None:
    server.sandbox.program(Fault(kind))
    answer = transport.send(text_message(server.url), seconds=5, guard=allow)
    assert answer == NoAnswer(began=True, code=Code.PROVIDER_RESET)
    assert len(server.sandbox.ledger.accepted()) == accepted
    assert len(server.sandbox.ledger.sends()) == 1, "nothing is tried again by itself"


def test_an_answer_that_drips_ends_at_the_total_deadline(
    server: SandboxServer, transport: HttpTransport
) -> None:
    server.sandbox.program(Fault(Kind.DRIP, seconds=20))
    answer, seconds = timed(
        lambda: transport.send(text_message(server.url), seconds=0.5, guard=allow)
    )
    assert answer == NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT)
    assert seconds < 2


def test_a_redirect_is_not_followed(server: SandboxServer, transport: HttpTransport) -> None:
    server.sandbox.program(Fault(Kind.REDIRECT, status=307))
    answer = transport.send(text_message(server.url), seconds=5, guard=allow)
    assert isinstance(answer, Answer)
    assert answer.status == 307
    assert [entry.status for entry in server.sandbox.ledger.requests()] == [307]


def test_an_endless_answer_is_not_read_to_its_end(transport: HttpTransport) -> None:
    body = b"x" * (LARGEST_ANSWER * 3)
    with RawServer(body=body) as raw:
        answer = transport.send(text_message(raw.url), seconds=5, guard=allow)
    assert isinstance(answer, Answer)
    assert len(answer.body) == LARGEST_ANSWER


def test_a_page_of_records_is_read_whole_up_to_a_larger_bound(transport: HttpTransport) -> None:
    whole, endless = b"x" * (LARGEST_ANSWER * 3), b"x" * (LARGEST_PAGE + 1)
    for body, length in ((whole, len(whole)), (endless, LARGEST_PAGE)):
        with RawServer(body=body) as raw:
            answer = transport.send(Request("GET", raw.url, {}), seconds=5, guard=allow)
        assert isinstance(answer, Answer)
        assert len(answer.body) == length


# --- connections ---------------------------------------------------------------------------------


def test_a_connection_is_used_again_within_seconds_and_not_after(world: ClockedWorld) -> None:
    transport = HttpTransport(world)
    with RawServer() as raw:
        for _ in range(3):
            assert isinstance(transport.send(text_message(raw.url), seconds=5, guard=allow), Answer)
        assert raw.connections == 1
        world.milliseconds += int(IDLE_SECONDS * 1000) + 1
        transport.send(text_message(raw.url), seconds=5, guard=allow)
        assert raw.connections == 2
        transport.forget_connections()
        transport.send(text_message(raw.url), seconds=5, guard=allow)
        assert raw.connections == 3
        transport.forget_connections()


def test_a_connection_is_idle_though_others_are_in_use(world: ClockedWorld) -> None:
    transport = HttpTransport(world)
    with RawServer() as busy, RawServer() as quiet:
        transport.send(text_message(quiet.url), seconds=5, guard=allow)
        for _ in range(3):
            world.milliseconds += int(IDLE_SECONDS * 1000) - 1000
            transport.send(text_message(busy.url), seconds=5, guard=allow)
        transport.send(text_message(quiet.url), seconds=5, guard=allow)
        assert (busy.connections, quiet.connections) == (1, 2)
        transport.forget_connections()


def test_a_connection_is_not_used_again_behind_a_clock_that_was_set_back(
    world: ClockedWorld,
) -> None:
    transport = HttpTransport(world)
    with RawServer() as raw:
        transport.send(text_message(raw.url), seconds=5, guard=allow)
        world.milliseconds -= 60_000
        transport.send(text_message(raw.url), seconds=5, guard=allow)
        assert raw.connections == 2
        transport.forget_connections()


def test_threads_that_start_after_an_idle_do_not_take_connections_from_each_other(
    world: ClockedWorld, server: SandboxServer
) -> None:
    transport = HttpTransport(world)
    with ThreadPoolExecutor(8) as pool:
        for round_number in range(10):
            world.milliseconds += 60_000
            texts = [f"{round_number}-{number}" for number in range(8)]
            answers = pool.map(
                lambda text: transport.send(text_message(server.url, text), seconds=5, guard=allow),
                texts,
            )
            assert [type(answer) for answer in answers] == [Answer] * 8
    transport.forget_connections()
    assert len(server.sandbox.ledger.accepted()) == 80


def test_concurrent_requests_keep_their_own_guards_and_answers(
    server: SandboxServer, transport: HttpTransport
) -> None:
    def refuse() -> None:
        raise Withheld(Code.TOO_LATE)

    def one(number: int) -> tuple[int, Answer | NoAnswer]:
        guard = refuse if number % 2 else allow
        request = text_message(server.url, f"text {number}")
        return number, transport.send(request, seconds=5, guard=guard)

    with ThreadPoolExecutor(16) as pool:
        for number, answer in pool.map(one, range(64)):
            sent = server.sandbox.ledger.accepted(text=f"text {number}")
            if number % 2:
                assert answer == NoAnswer(began=False, code=Code.TOO_LATE)
                assert sent == []
            else:
                assert isinstance(answer, Answer)
                assert json.loads(answer.body)["messageId"] == sent[0].message_id


# --- what the environment must not change --------------------------------------------------------


def test_proxies_and_netrc_of_the_environment_are_ignored(
    server: SandboxServer,
    transport: HttpTransport,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with RawServer() as raw:
        answer = transport.send(text_message(raw.url), seconds=5, guard=allow)
        assert isinstance(answer, Answer)
        assert b"Bearer pit-test" in raw.received
        assert b"Basic " not in raw.received


def test_cookies_are_neither_kept_nor_sent(transport: HttpTransport) -> None:
    with RawServer(headers=("Set-Cookie: id=7; Path=/",)) as raw:
        for _ in range(2):
            transport.send(text_message(raw.url), seconds=5, guard=allow)
        assert b"cookie" not in raw.received.lower()


def test_a_query_is_sent_encoded(server: SandboxServer, transport: HttpTransport) -> None:
    request = Request(
        "GET",
        f"{server.url}/conversations/messages/export",
        {"Authorization": "Bearer pit-test", "Version": "2021-04-15"},
        query={"locationId": "loc", "contactId": "a b&c", "limit": "10"},
    )
    answer = transport.send(request, seconds=5, guard=allow)
    assert isinstance(answer, Answer)
    assert answer.status == 200
    [entry] = server.sandbox.ledger.requests()
    assert (entry.operation, entry.contact_id) == (Operation.LOOK_UP, "a b&c")


class RawServer:
    """A server that notes every byte and answers every whole request alike, keeping connections."""

    def __init__(self, body: bytes = b'{"messageId":"ms1"}', headers: tuple[str, ...] = ()) -> None:
        self.received = b""
        self.connections = 0
        self._connected = threading.Event()
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
        self._answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._peers: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "RawServer":
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def until_quiet(self) -> None:
        """Returns when every connection has been ended by its client."""
        assert self._connected.wait(5), "nobody connected"
        for peer in self._peers:
            peer.join(5)
            assert not peer.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # shut down
            # Before it is answered: whoever has the answer may ask for the number.
            self.connections += 1
            self._peers.append(threading.Thread(target=self._talk, args=(connection,), daemon=True))
            self._peers[-1].start()
            self._connected.set()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            pending = b""
            while True:
                try:
                    octets = connection.recv(65536)
                except OSError:
                    return
                if not octets:
                    return
                self.received += octets
                pending += octets
                head, _, rest = pending.partition(b"\r\n\r\n")
                _, _, length_on = head.lower().partition(b"content-length: ")
                length = int(length_on.split(b"\r\n")[0] or 0)
                if len(rest) >= length:
                    pending = b""
                    try:
                        connection.sendall(self._answer)
                    except OSError:
                        return
