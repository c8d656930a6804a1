"""What is started locally ends with whoever started it, however that one ends."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

PROJECT = Path(__file__).parents[3]
# A server that starts a worker of its own and tells both numbers.
SERVER = """
import os, subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()} {worker.pid}")
os.rename(sys.argv[1], sys.argv[2])
time.sleep(600)
"""
STARTER = """
import sys
from devstack import servers
server = servers.Server.start("tether-test", sys.argv[1:], environment=servers.clean_environment())
print("started", flush=True)
sys.stdin.read()
"""


def start(folder: Path) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """Start somebody who starts a server with a worker; return who, and the other two."""
    script, ready = folder / "server.py", folder / "ready"
    script.write_text(SERVER)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, sys.executable, script, folder / "draft", ready],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == "started\n"
    while not ready.exists():
        assert starter.poll() is None
    return starter, [psutil.Process(int(pid)) for pid in ready.read_text().split()]


def close(starter: "subprocess.Popen[str]") -> None:
    for pipe in (starter.stdin, starter.stdout):
        assert pipe is not None
        pipe.close()
    starter.wait(30)


def test_a_killed_starter_takes_its_server_and_the_servers_workers_along(tmp_path: Path) -> None:
    starter, family = start(tmp_path)
    starter.kill()
    _, alive = psutil.wait_procs(family, timeout=30)
    close(starter)
    assert alive == []


def test_a_starter_that_ends_by_itself_leaves_nothing_running(tmp_path: Path) -> None:
    starter, family = start(tmp_path)
    close(starter)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
