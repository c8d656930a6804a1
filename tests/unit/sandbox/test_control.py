"""The control API, and the command that runs the sandbox as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
import requests

from devstack.sandbox.client import SandboxClient, SandboxError
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.server import SandboxServer
from system_sender.providers import CHANNELS_OF

Send = Callable[..., requests.Response]
Found = TypeVar("Found")
ROOT = Path(__file__).resolve().parents[3]

# A client of the provider as a process of its own: it can be frozen without freezing the tests.
SENDER = """
import sys, requests
response = requests.post(
    sys.argv[1] + "/conversations/messages",
    json={"type": "SMS", "contactId": "ct1", "message": "Hi"},
    headers={"Authorization": "Bearer t", "Version": "2021-04-15"},
    timeout=30,
)
print(response.status_code)
"""


def test_it_says_that_it_is_well(control: SandboxClient) -> None:
    control.wait_until_ready()
    health = control.health()
    assert health["status"] == "ok"
    assert set(health["providers"]) == set(CHANNELS_OF), "a provider has no place in the sandbox"


def test_waiting_for_a_sandbox_that_is_not_there_ends() -> None:
    with SandboxServer() as gone:
        url = gone.url
    with pytest.raises(TimeoutError, match="No sandbox answered"):
        SandboxClient(url).wait_until_ready(0.1)


def test_faults_go_there_and_back(control: SandboxClient) -> None:
    faults = [
        Fault(Kind.REFUSE, refusal="dnd_sms", times=None, contact_id="ct2"),
        Fault(Kind.STALL_AFTER, seconds=1.5, text_contains="part 2", skip=1),
    ]
    control.program(*faults)
    assert control.faults() == faults
    control.clear_faults()
    assert control.faults() == []


def test_control_requests_are_not_on_the_ledger(control: SandboxClient) -> None:
    control.health()
    assert control.ledger().requests() == []


def test_reset_empties_the_ledger_and_keeps_the_settings(
    control: SandboxClient, send: Send, server: SandboxServer
) -> None:
    control.configure(visibility_delay_s=3)
    send()
    control.reset()
    assert control.ledger().requests() == []
    assert server.sandbox.settings.visibility_delay_s == 3


@pytest.mark.parametrize(
    ("request_line", "body", "status"),
    [
        ("GET nothing", "", 404),
        ("POST faults", "{", 400),
        ("POST faults", "7", 400),
        ("POST faults", '{"kind":"explode"}', 400),
        ("POST faults", '{"kind":"refuse","refusal":"rude"}', 400),
        ("PUT settings", '{"colour":"red"}', 400),
        ("PUT settings", '{"delay_ms":-1}', 400),
        ("PUT settings", '{"delay_ms":"soon"}', 400),
        ("PUT settings", '{"tokens":["a"]}', 400),
        ("POST inbound", '{"contact_id":"ct1"}', 400),
        ("POST inbound", "[1]", 400),
        ("POST inbound", '{"account":"l","contact_id":"c","text":"t","provider":"pigeon"}', 400),
    ],
)
def test_a_control_request_that_makes_no_sense_is_answered_with_a_sentence(
    request_line: str, body: str, status: int, server: SandboxServer, http: requests.Session
) -> None:
    method, name = request_line.split()
    response = http.request(method, f"{server.url}/_sandbox/{name}", data=body, timeout=5)
    assert response.status_code == status
    assert response.json()["code"] in ("invalid_request", "not_found")
    assert response.json()["message"].endswith(".")


def test_the_client_raises_what_the_sandbox_refuses(control: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="no setting colour") as refused:
        control.configure(colour="red")
    assert refused.value.code == "invalid_request"


def test_the_settings_never_show_a_token(
    control: SandboxClient, server: SandboxServer, http: requests.Session
) -> None:
    control.configure(tokens={"pit-secret": "loc1"})
    answer = http.get(f"{server.url}/_sandbox/settings", timeout=5)
    assert answer.ok
    assert "pit-secret" not in answer.text


def test_a_frozen_client_stands_still_until_it_is_thawed(control: SandboxClient) -> None:
    control.program(Fault(Kind.FREEZE_CLIENT))
    with sender(control.url) as process:
        [frozen] = wait_for(control.frozen)
        assert frozen.pid == process.pid
        # The signal is on its way when the process is listed, and arrives in its own time.
        wait_for(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        [entry] = control.ledger().accepted()
        assert (entry.number, entry.status) == (frozen.number, None)
        assert [thawed.pid for thawed in control.thaw()] == [process.pid]
        output, _ = process.communicate(timeout=20)
    assert output == "201\n"
    assert control.frozen() == []


def test_a_frozen_client_can_be_killed_and_was_accepted_once(control: SandboxClient) -> None:
    control.program(Fault(Kind.FREEZE_CLIENT))
    with sender(control.url) as process:
        wait_for(control.frozen)
        process.kill()
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert control.frozen() == []
    assert control.thaw() == []
    assert len(control.ledger().accepted()) == 1


def test_a_client_in_the_sandboxs_own_process_waits_instead_of_freezing_it(
    control: SandboxClient, send: Send
) -> None:
    control.program(Fault(Kind.FREEZE_CLIENT, seconds=0.2))
    assert send().status_code == 201
    assert control.frozen() == []


@pytest.fixture
def command(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    port_file = tmp_path / "port"
    arguments = ["--port", "0", "--port-file", str(port_file)]
    process = subprocess.Popen(
        [sys.executable, "-m", "devstack.sandbox", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process, port_file
    process.kill()
    process.communicate()


def test_the_command_serves_says_where_and_ends_when_told(
    command: tuple[subprocess.Popen[str], Path],
) -> None:
    process, port_file = command
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url == f"http://127.0.0.1:{port_file.read_text().strip()}"
    client = SandboxClient(url)
    client.wait_until_ready()
    with sender(url) as posting:
        assert posting.communicate(timeout=20)[0] == "201\n"
    assert len(client.ledger().accepted()) == 1
    client.close()
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    [line] = [line for line in log.splitlines() if "/conversations/messages" in line]
    assert "POST /conversations/messages -> #1 201" in line
    assert "Hi" not in log


def test_the_command_says_so_when_its_port_is_taken(server: SandboxServer) -> None:
    taken = subprocess.run(
        [sys.executable, "-m", "devstack.sandbox", "--port", str(server.port)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert taken.returncode == 1
    assert f"Port {server.port} cannot be used" in taken.stderr


@contextmanager
def sender(url: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, url], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            # One that stands still never ends by itself, and would be waited for.
            process.kill()


def wait_for(look: Callable[[], Found]) -> Found:
    deadline = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < deadline, "It did not come in time."
        time.sleep(0.02)
    return found
