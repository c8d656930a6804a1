"""HttpTransport as it meets every real provider: over TLS, with the provider's ledger as judge."""

import json
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.server import SandboxServer
from system_sender.codes import Code
from system_sender.transport import IDLE_SECONDS, Answer, HttpTransport, NoAnswer, Withheld
from tests.unit.test_transport import ClockedWorld, allow, text_message, timed


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a certificate for 127.0.0.1 and its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider.example.com")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "provider.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def handshakes() -> list[object]:
    """One entry for each connection that the provider was asked for."""
    return []


@pytest.fixture
def server(certificate: Path, handshakes: list[object]) -> Iterator[SandboxServer]:
    """The provider sandbox behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running = SandboxServer()
    listener = running._listener
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    accept: Callable[[], tuple[object, object]] = listener.get_request

    def counted() -> tuple[object, object]:
        accepted = accept()
        handshakes.append(accepted)
        return accepted

    listener.get_request = counted  # type: ignore[method-assign, assignment]
    with running:
        yield running


@pytest.fixture
def world() -> ClockedWorld:
    return ClockedWorld()


@pytest.fixture
def transport(world: ClockedWorld, certificate: Path) -> Iterator[HttpTransport]:
    """A transport that trusts the sandbox's certificate."""
    one = HttpTransport(world)
    one._session.verify = str(certificate)
    yield one
    one.forget_connections()


@pytest.fixture
def url(server: SandboxServer) -> str:
    return f"https://127.0.0.1:{server.port}"


def test_the_guard_is_asked_once_and_the_answer_comes_back_whole(
    url: str, server: SandboxServer, transport: HttpTransport
) -> None:
    asked: list[list[object]] = []

    def guard() -> None:
        asked.append([*server.sandbox.ledger.requests()])

    answer = transport.send(text_message(url), seconds=5, guard=guard)
    assert isinstance(answer, Answer)
    assert asked == [[]], "once, and before the provider has seen anything"
    [entry] = server.sandbox.ledger.accepted()
    assert json.loads(answer.body)["messageId"] == entry.message_id


def test_a_guard_that_refuses_lets_no_request_out(
    url: str, server: SandboxServer, transport: HttpTransport
) -> None:
    def refuse() -> None:
        raise Withheld(Code.PAUSED_ALL)

    answer = transport.send(text_message(url), seconds=5, guard=refuse)
    assert answer == NoAnswer(began=False, code=Code.PAUSED_ALL)
    assert server.sandbox.ledger.requests() == []


def test_a_certificate_that_nobody_vouches_for_gets_no_request(
    url: str, server: SandboxServer, world: ClockedWorld
) -> None:
    answer = HttpTransport(world).send(text_message(url), seconds=5, guard=allow)
    assert answer == NoAnswer(began=False, code=Code.UNREACHABLE)
    assert server.sandbox.ledger.requests() == []


@pytest.mark.parametrize(("kind", "accepted"), [(Kind.RESET_BEFORE, 0), (Kind.RESET_AFTER, 1)])
def test_a_reset_began_whether_the_provider_accepted_or_not(
    kind: Kind, accepted: int, url: str, server: SandboxServer, transport: HttpTransport
) -> None:
    server.sandbox.program(Fault(kind))
    answer = transport.send(text_message(url), seconds=5, guard=allow)
    assert answer == NoAnswer(began=True, code=Code.PROVIDER_RESET)
    assert len(server.sandbox.ledger.accepted()) == accepted
    assert len(server.sandbox.ledger.sends()) == 1, "nothing is tried again by itself"


@pytest.mark.parametrize("kind", [Kind.STALL_AFTER, Kind.DRIP])
def test_an_answer_that_does_not_end_ends_at_the_total_deadline(
    kind: Kind, url: str, server: SandboxServer, transport: HttpTransport
) -> None:
    server.sandbox.program(Fault(kind, seconds=20))
    answer, seconds = timed(lambda: transport.send(text_message(url), seconds=1, guard=allow))
    assert answer == NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT)
    assert seconds < 5
    assert len(server.sandbox.ledger.sends()) == 1


def test_a_connection_is_used_again_within_seconds_and_not_after(
    url: str,
    server: SandboxServer,
    transport: HttpTransport,
    world: ClockedWorld,
    handshakes: list[object],
) -> None:
    for _ in range(3):
        assert isinstance(transport.send(text_message(url), seconds=5, guard=allow), Answer)
    assert len(handshakes) == 1
    world.milliseconds += int(IDLE_SECONDS * 1000) + 1
    assert isinstance(transport.send(text_message(url), seconds=5, guard=allow), Answer)
    assert len(handshakes) == 2
    assert len(server.sandbox.ledger.accepted()) == 4
