"""Starting and ending local servers."""

import os
import subprocess
import sys

import psutil
import pytest

from devstack import servers
from devstack.servers import Server, ServerError


def start(script: str, *, tethered: bool = True) -> Server:
    environment = servers.clean_environment()
    command = [sys.executable, "-c", script]
    return Server.start("server-test", command, environment=environment, tethered=tethered)


def never() -> bool:
    return False


def test_a_server_that_ends_early_is_reported_with_what_it_printed() -> None:
    server = start("import sys; sys.exit('the port is taken')")
    with pytest.raises(ServerError, match=r"server-test ended; .*\n.*the port is taken"):
        server.wait_until(never, seconds=30)


def test_a_server_that_is_not_ready_in_time_is_reported_and_ended() -> None:
    server = start("import time; time.sleep(600)")
    with pytest.raises(ServerError, match="was not ready after 0 seconds"):
        server.wait_until(never, seconds=0.2)
    assert server.process.poll() is not None


def test_no_aws_setting_of_the_machine_reaches_a_local_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    environment = servers.clean_environment(AWS_ACCESS_KEY_ID="test")
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & set(environment) == set()
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


class TestEndingWhatAnEarlierCommandStarted:
    def test_a_running_server_is_ended(self) -> None:
        server = start("import time; time.sleep(600)", tethered=False)
        process = psutil.Process(server.process.pid)
        assert servers.end_process_group(process.pid, process.create_time())
        assert not process.is_running()
        server.process.wait(30)

    def test_a_stranger_that_was_given_the_same_number_is_left_alone(self) -> None:
        stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        try:
            started = psutil.Process(stranger.pid).create_time()
            assert not servers.end_process_group(stranger.pid, started - 60)
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait(30)

    def test_a_server_that_has_ended_already_is_no_mistake(self) -> None:
        server = start("pass", tethered=False)
        process = psutil.Process(server.process.pid)
        started = process.create_time()
        server.process.wait(30)
        assert not servers.end_process_group(server.process.pid, started)
