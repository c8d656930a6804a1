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
from devstack.events import SECRET_IN_URL, SIGNING_SECRET, WEBHOOK_SECRET
from devstack.prepare import PreparationError
from devstack.sam import SamError
from devstack.sandbox import (
    emailbison_webhooks,
    instantly_webhooks,
    smartlead_webhooks,
    unipile_webhooks,
    webhooks,
)
from devstack.sandbox.webhooks import Signer, Webhook
from devstack.servers import ServerError

STATE = paths.RUN / "up.json"
SEED = paths.PROJECT / "devstack" / "seeds" / "demo.json"
# What follows is in the seed.
WORKSPACE = "acme"
LOCATION = "acme-location"
CONTACT = "contact-dana"
PHONE = "+12125550101"
EMAIL = "erin@example.com"
PERSON = "ACoAALiamExample"


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
    for provider in deployment.PROVIDERS:
        whose = ("--provider", provider)
        token = f"any-token-does-for-{provider}-in-the-sandbox"
        _sender(system, "secret", WORKSPACE, "token", *whose, answer=token)
        _sender(system, "secret", WORKSPACE, "webhook_secret", *whose, answer=WEBHOOK_SECRET)
    slack = ("--provider", "slack")
    _sender(system, "secret", WORKSPACE, "token", *slack, answer="any-token-does-for-slack")
    _sender(system, "secret", WORKSPACE, "signing_secret", *slack, answer=SIGNING_SECRET)


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


def _webhooks(signer: Signer) -> dict[str, Webhook]:
    """Return what each provider posts when a lead writes."""
    text = "Is Tuesday still free?"
    return {
        "gohighlevel": webhooks.inbound_message(
            signer, location_id=LOCATION, contact_id=CONTACT, text=text, **{"from": PHONE}
        ),
        "emailbison": emailbison_webhooks.lead_replied(None, text=text, lead=EMAIL),
        "smartlead": smartlead_webhooks.email_reply(WEBHOOK_SECRET, text=text, lead=EMAIL),
        "instantly": instantly_webhooks.reply_received(
            WEBHOOK_SECRET, text=text, lead=EMAIL, workspace="acme-instantly"
        ),
        "unipile": unipile_webhooks.message_received(
            secret=WEBHOOK_SECRET, account_id="acme-linkedin", contact_id=PERSON, text=text
        ),
    }


def _written(system: deployment.LocalSystem, provider: str, webhook: Webhook) -> dict[str, Any]:
    """Write a webhook's body down, and return where and how it is posted."""
    body = paths.RUN / f"inbound-{provider}.json"
    body.write_bytes(webhook.body)
    query = f"?secret={WEBHOOK_SECRET}" if provider in SECRET_IN_URL else ""
    return {
        "url": system.webhook_url(WORKSPACE, provider) + query,
        "headers": dict(webhook.headers),
        "body": str(body.relative_to(paths.PROJECT)),
    }


def _state_of(system: deployment.LocalSystem) -> dict[str, Any]:
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
        "webhooks": {
            provider: _written(system, provider, webhook)
            for provider, webhook in _webhooks(system.signer).items()
        },
        "sandbox_url": system.sandbox_url,
        "environment": system.environment,
        "function_environment": _variables(system),
    }


def _variables(system: deployment.LocalSystem) -> dict[str, str]:
    """Return what the functions are told, all together."""
    nouns = ["webhook-sms", "followup-cron", *(["send-worker"] if system.queue_url else [])]
    return {
        name: value for noun in nouns for name, value in system.function_environment(noun).items()
    }


def _curl(webhook: Mapping[str, Any]) -> str:
    headers = "".join(
        f"-H {shlex.quote(f'{name}: {value}')} " for name, value in webhook["headers"].items()
    )
    return f"curl -i {headers}--data-binary @{webhook['body']} {shlex.quote(webhook['url'])}"


def _shown(state: Mapping[str, Any]) -> str:
    exports = " ".join(f"{name}={value}" for name, value in state["environment"].items())
    logs = "\n".join(f"  {Path(server['log'])}" for server in state["servers"])
    urls = "\n".join(
        f"  {deployment.PROVIDERS[provider]:<16}  {webhook['url']}"
        for provider, webhook in state["webhooks"].items()
    )
    curls = "\n".join(
        f"  # {deployment.PROVIDERS[provider]}\n  {_curl(webhook)}"
        for provider, webhook in state["webhooks"].items()
    )
    return f"""
The system runs. `make down` ends it.

  local AWS         {state["endpoint_url"]}
  provider sandbox  {state["sandbox_url"]}

Webhooks of the workspace {WORKSPACE}:
{urls}

For the `sender` command (`.venv/bin/sender`) and AWS's own:
  export {exports}

A lead writes, as each provider tells of it; {WORKSPACE} answers it once, however often it comes:
{curls}

What the providers accepted:
  curl -s {state["sandbox_url"]}/_sandbox/ledger

Logs:
{logs}"""


if __name__ == "__main__":
    main()
