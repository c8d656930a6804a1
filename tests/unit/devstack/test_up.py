"""What `make up` prints can be copied into a shell."""

import json
import shlex
from typing import Any

import pytest

from devstack import up
from devstack.deployment import PROVIDERS, local_signer

WEBHOOKS = up._webhooks(local_signer())


@pytest.fixture
def state() -> Any:
    return {
        "servers": [],
        "endpoint_url": "http://127.0.0.1:1",
        "sandbox_url": "http://127.0.0.1:2",
        "environment": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        "webhooks": {
            provider: {
                "url": f"http://127.0.0.1:1/webhooks/{provider}/acme?a=1&b=2",
                "headers": dict(webhook.headers),
                "body": f".local/run/inbound-{provider}.json",
            }
            for provider, webhook in WEBHOOKS.items()
        },
    }


def test_there_is_a_ready_request_for_every_provider(state: Any) -> None:
    commands = [
        shlex.split(line)
        for line in up._shown(state).splitlines()
        if line.strip().startswith("curl -i")
    ]

    assert [command[-1] for command in commands] == [
        f"http://127.0.0.1:1/webhooks/{provider}/acme?a=1&b=2" for provider in PROVIDERS
    ]
    for command, webhook in zip(commands, WEBHOOKS.values(), strict=True):
        given = [command[number + 1] for number, word in enumerate(command) if word == "-H"]
        assert given == [f"{name}: {value}" for name, value in webhook.headers.items()]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_leads_message_is_of_the_seeds_workspace(provider: str) -> None:
    seed = json.loads(up.SEED.read_text(encoding="utf-8"))
    (workspace,) = seed["workspaces"]
    body = WEBHOOKS[provider].body.decode()

    assert workspace["id"] == up.WORKSPACE
    names = {up.CONTACT, up.EMAIL, up.PERSON}
    assert any(name in body for name in names), "the lead is not in the seed"
    assert names <= set(json.dumps(seed).replace('"', " ").split())
