"""`make up`: starts the whole system on this machine and leaves it running, until `make down`."""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from devstack import deployment, paths, servers
from devstack.prepare import PreparationError
from devstack.sam import SamError
from devstack.sandbox import webhooks
from devstack.servers import ServerError

STATE = paths.RUN / "up.json"
WEBHOOK = paths.RUN / "inbound.json"
SEED = paths.PROJECT / "devstack" / "seeds" / "demo.json"
WORKSPACE = "acme"
LOCATION = "acme-location"
CONTACT = "contact-dana"
PHONE = "+12125550101"


class SeedError(Exception):
    """The workspace could not be set up; the text is what the command said."""


def main() -> None:
    """Start the system, or show the one that runs."""
    state = running_state()
    if state is None:
        try:
            state = _start()
        except (PreparationError, ServerError, SamError, SeedError) as error:
            sys.exit(str(error))
    print(_shown(state))


def _start() -> dict[str, Any]:
    system = deployment.start(report=_report, tethered=False)
    try:
        _seed(system)
        state = _state_of(system)
        STATE.write_text(json.dumps(state, indent=2))
    except BaseException:
        system.stop()
        raise
    return state


def running_state() -> dict[str, Any] | None:
    """What the last `make up` left, if all of it still runs; None otherwise."""
    if not STATE.exists():
        return None
    state: dict[str, Any] = json.loads(STATE.read_text())
    return state if all(_runs(server) for server in state["servers"]) else None


def _runs(server: Mapping[str, Any]) -> bool:
    try:
        return bool(psutil.Process(server["pid"]).create_time() == server["started"])
    except psutil.NoSuchProcess:
        return False


def _report(text: str) -> None:
    print(text, flush=True)


def _seed(system: deployment.LocalSystem) -> None:
    """Set up one workspace as an operator does: with the `sender` command."""
    _report(f"Seeding the workspace {WORKSPACE} from {SEED.relative_to(paths.PROJECT)}.")
    _sender(system, "seed", str(SEED))
    _sender(system, "secret", WORKSPACE, "token", answer="any-token-does-for-the-sandbox")


def _sender(system: deployment.LocalSystem, *arguments: str, answer: str = "") -> None:
    done = subprocess.run(
        [paths.VENV / "bin" / "sender", *arguments],
        env=servers.clean_environment(**system.environment),
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SeedError(f"`sender {arguments[0]}` failed: {done.stdout}{done.stderr}")


def _state_of(system: deployment.LocalSystem) -> dict[str, Any]:
    webhook = webhooks.inbound_message(
        system.signer,
        location_id=LOCATION,
        contact_id=CONTACT,
        text="Is Tuesday still free?",
        **{"from": PHONE},
    )
    WEBHOOK.write_bytes(webhook.body)
    return {
        "servers": [
            {
                "name": server.name,
                "pid": server.process.pid,
                "started": psutil.Process(server.process.pid).create_time(),
                "log": str(server.log),
            }
            for server in (system.aws.server, system.sandbox_server)
        ],
        "scratch": str(system.aws.scratch),
        "endpoint_url": system.endpoint_url,
        "webhook_url": system.webhook_url(WORKSPACE),
        "sandbox_url": system.sandbox_url,
        "environment": system.environment,
        "function_environment": system.function_environment("webhook-sms"),
        "webhook_headers": dict(webhook.headers),
    }


def _shown(state: Mapping[str, Any]) -> str:
    headers = " ".join(
        f"-H {shlex.quote(f'{name}: {value}')}" for name, value in state["webhook_headers"].items()
    )
    exports = " ".join(f"{name}={value}" for name, value in state["environment"].items())
    body = WEBHOOK.relative_to(paths.PROJECT)
    logs = "\n".join(f"  {Path(server['log'])}" for server in state["servers"])
    return f"""
The system runs. `make down` ends it.

  local AWS         {state["endpoint_url"]}
  webhook           {state["webhook_url"]}
  provider sandbox  {state["sandbox_url"]}

For the `sender` command (`.venv/bin/sender`) and AWS's own:
  export {exports}

A signed inbound text, as GoHighLevel posts it; the workspace {WORKSPACE} answers it once, however
often it comes:
  curl -i {headers} --data-binary @{body} {state["webhook_url"]}

What the provider accepted:
  curl -s {state["sandbox_url"]}/_sandbox/ledger

Logs:
{logs}"""


if __name__ == "__main__":
    main()
