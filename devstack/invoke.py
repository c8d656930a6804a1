"""`make invoke`: one function and one event under AWS's own runtime interface emulator.

It is what `sam local invoke` puts into its container, run without one: the emulator ships inside
the aws-sam-cli package, and the function is the output of `sam build`.
"""

import argparse
import json
import platform
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from devstack import paths, prepare, sam, servers
from devstack.events import signed_now
from devstack.up import running_state

_READY_SECONDS = 30
_TIMEOUT_SECONDS = 120
_FUNCTIONS = {
    "webhook_sms": "WebhookSmsFunction",
    "webhook_email": "WebhookEmailFunction",
    "webhook_linkedin": "WebhookLinkedinFunction",
    "slack_interactions": "SlackInteractionsFunction",
    "dashboard_api": "DashboardApiFunction",
    "followup_cron": "FollowupCronFunction",
    "send_worker": "SendWorkerFunction",
}
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
    state = running_state()
    if state is None:
        sys.exit("A function needs its tables: start the local system with `make up` first.")
    if (
        options.function == "send_worker"
        and "DEAD_WORK_QUEUE_URL" not in state["function_environment"]
    ):
        sys.exit("There are no workers: start the local system with `DISPATCH=queue make up`.")
    try:
        prepare.prepare("runtime")
        with sam.alone():
            sam.build()
            event = json.dumps(signed_now(json.loads(event))).encode()
            print(invoke(options.function, event, state["function_environment"]))
    except (prepare.PreparationError, sam.SamError, servers.ServerError) as error:
        sys.exit(str(error))


def invoke(function: str, event: bytes, environment: Mapping[str, str]) -> str:
    """Run a built function once; its log goes to .local/logs.

    Args:
        function: a folder of functions/, such as `webhook_sms`.
        event: the event's JSON.
        environment: the function's own variables and the AWS variables that lead to its account.

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
        environment=servers.clean_environment(
            **environment,
            AWS_LAMBDA_FUNCTION_NAME=f"{environment['TABLE_PREFIX']}-{function.replace('_', '-')}",
            FOLLOWUP_CRON_FUNCTION=f"{environment['TABLE_PREFIX']}-followup-cron",
            AWS_LAMBDA_FUNCTION_TIMEOUT=str(_TIMEOUT_SECONDS),
            LOG_LEVEL="warn",
            PYTHONPATH=str(sam.OUTPUT / "SystemSenderLayer" / "python"),
        ),
        folder=sam.OUTPUT / _FUNCTIONS[function],
    )
    try:
        server.wait_until(lambda: _listens(port), seconds=_READY_SECONDS)
        answer = requests.post(
            f"http://{servers.HOST}:{port}/2015-03-31/functions/function/invocations",
            data=event,
            timeout=_TIMEOUT_SECONDS + _READY_SECONDS,
        )
    finally:
        server.stop()
    print(f"Its log is {server.log}", file=sys.stderr)
    return json.dumps(answer.json(), indent=2, ensure_ascii=False)


def _emulator() -> Path:
    machine = _MACHINES.get(platform.machine())
    found = list(paths.SAM_VENV.glob(f"lib/python*/site-packages/samcli/local/rapid/*-{machine}"))
    if not found:
        raise servers.ServerError(
            f"AWS's runtime emulator is made for {', '.join(sorted(_MACHINES))} only, and this is "
            f"{platform.machine()}; on a machine with Docker use `sam local invoke`."
        )
    return found[0]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((servers.HOST, port), timeout=5):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
