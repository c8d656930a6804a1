"""`make invoke`: one function and one event under AWS's own runtime interface emulator.

It is what `sam local invoke` puts into its container, run without one: the emulator ships inside
the aws-sam-cli package, and the function is the output of `sam build`.
"""

import argparse
import json
import os
import platform
import sys
import urllib.error
import urllib.request
from pathlib import Path

from devstack import paths, prepare, sam, servers
from devstack.up import running_state

_READY_SECONDS = 30
_FUNCTIONS = {"webhook_sms": "WebhookSmsFunction", "followup_cron": "FollowupCronFunction"}
_MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def main() -> None:
    """Invoke one function with one event and print its answer."""
    parser = argparse.ArgumentParser(prog="python -m devstack.invoke", description=__doc__)
    parser.add_argument("function", choices=list(_FUNCTIONS))
    parser.add_argument("event", type=Path, help="a file from events/")
    options = parser.parse_args()
    try:
        event = options.event.read_bytes()
    except OSError as error:
        sys.exit(f"The event {options.event} cannot be read ({error.strerror}). See events/.")
    try:
        prepare.prepare("runtime")
        with sam.alone():
            sam.build()
        print(invoke(options.function, event))
    except (prepare.PreparationError, sam.SamError, servers.ServerError) as error:
        sys.exit(str(error))


def invoke(function: str, event: bytes) -> str:
    """Run a built function once; its logs go to .local/logs.

    Args:
        function: a folder of functions/, such as `webhook_sms`.
        event: the event's JSON.

    Returns:
        The function's answer as indented JSON.
    """
    port = servers.free_port()
    server = servers.Server.start(
        f"invoke-{function}",
        [
            *(_emulator(), "--runtime-interface-emulator-address", f"{servers.HOST}:{port}"),
            *("--runtime-api-address", f"{servers.HOST}:{servers.free_port()}"),
            *(paths.RUNTIME_VENV / "bin" / "python", "-m", "awslambdaric", "app.handler"),
        ],
        environment=_environment(function),
        folder=sam.OUTPUT / _FUNCTIONS[function],
    )
    try:
        server.wait_until(lambda: _listens(port), seconds=_READY_SECONDS)
        request = urllib.request.Request(
            f"http://{servers.HOST}:{port}/2015-03-31/functions/function/invocations",
            data=event,
            method="POST",
        )
        with urllib.request.urlopen(request) as response:
            answer = json.loads(response.read())
    finally:
        server.stop()
    print(f"Its log is {server.log}", file=sys.stderr)
    return json.dumps(answer, indent=2, ensure_ascii=False)
