"""The sandbox on real sockets: what a client of each fault goes through."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from devstack.sandbox.client import SandboxClient
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Entry, Operation
from devstack.sandbox.server import SandboxServer

Send = Callable[..., requests.Response]


def test_a_text_message_is_accepted_and_on_the_ledger(send: Send, control: SandboxClient) -> None:
    before = time.time() * 1000
    response = send("Grüße, مرحبا 👋")
    assert response.status_code == 201
    [entry] = control.ledger().accepted(contact_id="ct1", text="Grüße, مرحبا 👋")
    assert response.json()["messageId"] == entry.message_id
    assert response.headers["X-RateLimit-Max"] == "100"
    assert int(before) <= entry.began_at <= time.time() * 1000


def test_a_connection_is_kept_for_the_next_request(server: SandboxServer) -> None:
    request = b"GET /_sandbox/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        for _ in range(3):
            client.sendall(request)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_two_requests_sent_at_once_are_both_answered(server: SandboxServer) -> None:
    request = b"GET /_sandbox/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(request + last)
        assert read_all(client).count(b"HTTP/1.1 200 OK\r\n") == 2


@pytest.mark.parametrize(("kind", "accepted"), [(Kind.RESET_BEFORE, 0), (Kind.RESET_AFTER, 1)])
def test_a_reset_is_a_real_reset(
    kind: Kind, accepted: int, send: Send, control: SandboxClient
) -> None:
    control.program(Fault(kind))
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        send()
    assert len(control.ledger().accepted()) == accepted
    assert send("again").status_code == 201


@pytest.mark.parametrize(
    ("kind", "accepted"), [(Kind.STALL_BEFORE, False), (Kind.STALL_AFTER, True)]
)
def test_a_stall_outlasts_the_clients_patience(
    kind: Kind, accepted: bool, send: Send, control: SandboxClient
) -> None:
    control.program(Fault(kind, seconds=30))
    with pytest.raises(requests.ReadTimeout):
        send(timeout=0.3)
    [entry] = eventually(lambda: control.ledger().sends())
    assert entry.accepted is accepted


def test_a_stall_after_accepting_ends_with_the_answer(send: Send, control: SandboxClient) -> None:
    control.program(Fault(Kind.STALL_AFTER, seconds=0.3))
    response = send()
    assert response.status_code == 201
    assert response.elapsed.total_seconds() >= 0.3


def test_a_stall_before_accepting_ends_with_a_reset(send: Send, control: SandboxClient) -> None:
    control.program(Fault(Kind.STALL_BEFORE, seconds=0.2))
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        send()
    assert control.ledger().accepted() == []


def test_a_late_provider_accepts_after_the_client_has_gone(
    send: Send, control: SandboxClient
) -> None:
    control.program(Fault(Kind.ACCEPT_LATE, seconds=1))
    with pytest.raises(requests.ReadTimeout):
        send(timeout=0.1)
    assert control.ledger().accepted() == []
    [entry] = eventually(lambda: control.ledger().accepted())
    assert entry.accepted_at is not None
    assert entry.accepted_at - entry.began_at >= 1000


@pytest.mark.parametrize(
    ("kind", "accepted"), [(Kind.SERVER_ERROR_BEFORE, 0), (Kind.SERVER_ERROR_AFTER, 1)]
)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_may_hide_an_accepted_message(
    kind: Kind, accepted: int, status: int, send: Send, control: SandboxClient
) -> None:
    control.program(Fault(kind, status=status))
    assert send().status_code == status
    assert len(control.ledger().accepted()) == accepted


def test_a_server_error_may_carry_a_refusal(send: Send, control: SandboxClient) -> None:
    control.program(Fault(Kind.SERVER_ERROR_REFUSAL, refusal="dnd_sms"))
    response = send()
    assert response.status_code == 500
    assert "DND is active" in response.text


def test_successes_may_be_empty_html_without_an_id_or_failures(
    send: Send, control: SandboxClient
) -> None:
    control.program(
        Fault(Kind.EMPTY_SUCCESS),
        Fault(Kind.HTML_SUCCESS),
        Fault(Kind.SUCCESS_WITHOUT_ID),
        Fault(Kind.SUCCESS_ERROR_BODY),
    )
    empty, page, nameless, failed = send(), send(), send(), send()
    assert (empty.status_code, empty.content) == (201, b"")
    assert page.headers["Content-Type"] == "text/html"
    assert page.text.startswith("<!DOCTYPE html>")
    assert nameless.status_code == 201
    assert "messageId" not in nameless.json()
    assert (failed.status_code, failed.json()["ok"]) == (200, False)
    assert [entry.accepted for entry in control.ledger().sends()] == [True, True, True, False]


def test_a_redirect_leads_a_credulous_client_back_here(
    send: Send, control: SandboxClient, server: SandboxServer
) -> None:
    control.program(Fault(Kind.REDIRECT, status=307))
    response = send()
    assert response.status_code == 307
    assert response.headers["Location"].startswith(server.url)
    assert control.ledger().accepted() == []
    control.program(Fault(Kind.REDIRECT, status=307))
    assert send(allow_redirects=True).status_code == 201  # the mistake that this fault uncovers
    assert len(control.ledger().accepted()) == 1


def test_a_drip_defeats_a_read_timeout_but_ends(send: Send, control: SandboxClient) -> None:
    control.program(Fault(Kind.DRIP, seconds=0.6))
    response = send(timeout=0.3, stream=True)
    begin = time.monotonic()
    assert response.json()["status"] == "pending"
    assert time.monotonic() - begin + response.elapsed.total_seconds() >= 0.5


def test_every_refusal_reaches_the_client(send: Send, control: SandboxClient) -> None:
    control.program(
        Fault(Kind.REFUSE, refusal="unprocessable"),
        Fault(Kind.REFUSE, refusal="too_many_requests", retry_after="3"),
        Fault(Kind.DUPLICATE, status=409),
    )
    unprocessable, limited, duplicate = send(), send(), send()
    assert isinstance(unprocessable.json()["message"], list)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    assert duplicate.status_code == 409
    assert control.ledger().accepted() == []


def test_a_request_is_stamped_when_its_first_byte_arrives(
    server: SandboxServer, control: SandboxClient
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        before = time.time()
        client.sendall(b"P")
        time.sleep(0.3)  # a client that dawdles over its request
        body = b'{"type":"SMS","contactId":"ct1","message":"Hi"}'
        client.sendall(
            b"OST /conversations/messages HTTP/1.1\r\nAuthorization: Bearer t\r\n"
            b"Version: 2021-04-15\r\nContent-Type: application/json\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        assert client.recv(65536).startswith(b"HTTP/1.1 201")
    [entry] = control.ledger().accepted()
    assert entry.accepted_at is not None
    assert entry.began_at >= int(before * 1000)
    assert entry.accepted_at - entry.began_at >= 250


def test_a_request_cut_off_in_the_middle_is_recorded_and_not_accepted(
    server: SandboxServer, control: SandboxClient
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"POST /conversations/messages HTTP/1.1\r\nContent-Length: 99\r\n\r\n{")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    [entry] = control.ledger().requests()
    assert (entry.operation, entry.accepted) == (Operation.INCOMPLETE, False)
    assert entry.path == "/conversations/messages"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Transfer-Encoding: chunked", b"411"),
        (b"Content-Length: many", b"400"),
        (b"Content-Length: 99999999999", b"413"),
    ],
)
def test_a_length_that_cannot_be_used_is_a_clear_answer(
    header: bytes, status: bytes, server: SandboxServer
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"POST /conversations/messages HTTP/1.1\r\n" + header + b"\r\n\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 " + status)


def test_the_delay_is_taken_on_every_request(send: Send, control: SandboxClient) -> None:
    control.configure(delay_ms=200)
    assert send().elapsed.total_seconds() >= 0.2


def test_64_clients_at_once_are_served_side_by_side(
    server: SandboxServer, control: SandboxClient
) -> None:
    control.configure(delay_ms=300)
    request = (
        b"POST /conversations/messages HTTP/1.1\r\nAuthorization: Bearer t\r\n"
        b"Version: 2021-04-15\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b'Content-Length: 47\r\n\r\n{"type":"SMS","contactId":"ct1","message":"Hi"}'
    )

    def one(_: int) -> bytes:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(request)
            return read_all(client)

    begin = time.monotonic()
    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(one, range(64)))
    elapsed = time.monotonic() - begin
    assert all(answer.startswith(b"HTTP/1.1 201") for answer in answers)
    assert len(control.ledger().accepted()) == 64
    assert elapsed < 64 * 0.3 / 4  # one after another would take 19 s


def test_stopping_ends_stalls_and_open_connections(server: SandboxServer, send: Send) -> None:
    server.sandbox.program(Fault(Kind.STALL_AFTER, seconds=600))
    with ThreadPoolExecutor(1) as threads:
        stalled = threads.submit(send, timeout=60)
        eventually(server.sandbox.ledger.accepted)
        server.stop()
        with pytest.raises(requests.ConnectionError):
            stalled.result(timeout=10)
    with pytest.raises(requests.ConnectionError):
        send()


def read_all(client: socket.socket) -> bytes:
    octets = b""
    while chunk := client.recv(65536):
        octets += chunk
    return octets


def eventually(look: Callable[[], list[Entry]], seconds: float = 5.0) -> list[Entry]:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "It did not come in time."
        time.sleep(0.01)
    return found
