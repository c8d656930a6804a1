"""An agency on the deployed system, set up and looked at as an operator does: with `sender`."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from devstack.deployment import SECRETS_PREFIX, LocalSystem
from devstack.sandbox.ledger import Entry
from devstack.sandbox.webhooks import Webhook, inbound_message
from system_sender.secrets import Secrets
from system_sender.world import World

PROJECT = Path(__file__).parents[2]
PHONE = "+12125550101"
SECRET = "a-webhook-secret-of-tests"
REPLY = "Hi Dana, does 2pm Tuesday work?"


@dataclass
class Agency:
    """One workspace of the deployed system, with one lead, Dana, and accounts of its own.

    Attributes:
        number: 1, 2, 3 ...; what providers call by numbers is made of it.
    """

    system: LocalSystem
    number: int
    folder: Path

    @property
    def name(self) -> str:
        return f"agency{self.number}"

    @property
    def location(self) -> str:
        return f"location-{self.name}"

    @property
    def contact(self) -> str:
        return f"contact-{self.name}"

    @property
    def email(self) -> str:
        return f"dana@{self.name}.example.com"

    @property
    def person(self) -> str:
        """Dana's id at LinkedIn."""
        return f"ACoAADana{self.number}"

    @property
    def lead(self) -> str:
        return f"{self.name}:dana"

    def account(self, provider: str) -> str:
        """What a provider calls the agency."""
        return str(self.number) if provider == "emailbison" else f"{provider}-{self.name}"

    def seed(self, **workspace: Any) -> "Agency":
        campaign = f"{self.name}:autumn"
        seed = {
            "workspaces": [
                {
                    "id": self.name,
                    "name": "Acme",
                    "region": "US",
                    "time_zone": "America/New_York",
                    "integrations": {
                        "gohighlevel": {"account": self.location, "webhook": "marketplace"}
                    },
                    "default_campaign": campaign,
                    **workspace,
                }
            ],
            "campaigns": [
                {
                    "id": campaign,
                    "name": "Autumn",
                    "response_mode": "AI_AUTO_SEND",
                    "reply_template": "Hi $first_name, does 2pm Tuesday work?",
                    "delay_seconds": 0,
                }
            ],
            "leads": [
                {
                    "id": self.lead,
                    "first_name": "Dana",
                    "phone": PHONE,
                    "email": self.email,
                    "linkedin_id": self.person,
                    "contacts": {"gohighlevel": self.contact},
                    "campaign": campaign,
                }
            ],
        }
        self.seed_with(seed)
        self.secret("gohighlevel", "token", "pit-for-tests")
        return self

    def connect(self, provider: str) -> "Agency":
        """Give the agency an account at another provider."""
        workspace = {
            "id": self.name,
            "name": "Acme",
            "region": "US",
            "time_zone": "America/New_York",
            "integrations": {provider: {"account": self.account(provider)}},
        }
        self.seed_with({"workspaces": [workspace]})
        self.secret(provider, "token", f"token-for-{provider}")
        self.secret(provider, "webhook_secret", SECRET)
        return self

    def seed_with(self, seed: dict[str, Any]) -> None:
        """Write what is in a seed file."""
        path = self.folder / f"{self.name}.json"
        path.write_text(json.dumps(seed))
        self.sender("seed", str(path))

    def secret(self, provider: str, name: str, value: str) -> None:
        """Store a secret where the functions look for it, as `sender secret` does."""
        boto3.client("ssm", **self.system.client_options).put_parameter(
            Name=Secrets(World(), SECRETS_PREFIX).name(self.name, provider, name),
            Value=value,
            Type="SecureString",
            Overwrite=True,
        )

    def sender(self, *arguments: str, stdin: str = "") -> Any:
        """Run `sender --json` and return what it answers."""
        done = subprocess.run(
            [sys.executable, "-m", "system_sender.cli", "--json", *arguments],
            env={
                **self.system.environment,
                "SENDER_STACK": self.system.stack_name,
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(PROJECT / "layers" / "system_sender"),
            },
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def text(self, text: str, **fields: Any) -> Webhook:
        """Return a signed inbound text of Dana's."""
        return inbound_message(
            self.system.signer,
            location_id=self.location,
            contact_id=self.contact,
            text=text,
            **{"from": PHONE, **fields},
        )

    def post(
        self, webhook: Webhook, workspace: str | None = "", provider: str = "gohighlevel"
    ) -> requests.Response:
        """Deliver a webhook; `workspace=None` takes the path of a shared app."""
        return requests.post(
            self.system.webhook_url(self.name if workspace == "" else workspace, provider),
            data=webhook.body,
            headers=dict(webhook.headers),
            timeout=60,
        )

    def accepted(self, address: str | None = None) -> list[Entry]:
        """Return what the provider accepted for Dana, by what it calls her; by default, texts."""
        return self.system.sandbox().ledger().accepted(contact_id=address or self.contact)

    def delivery(self, draft_id: str) -> dict[str, Any]:
        """Return a draft's one delivery, as the command shows it."""
        (shown,) = self.sender("draft", "show", draft_id)["messages"]
        return dict(shown)

    def make_due(self, draft_id: str) -> None:
        """Let the time come that a draft waits for."""
        boto3.client("dynamodb", **self.system.client_options).update_item(
            TableName=f"{self.system.stack_name}-drafts",
            Key={"draft_id": {"S": draft_id}},
            UpdateExpression="SET due_at = :past",
            ConditionExpression="attribute_exists(due_shard)",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )

    def sweep(self) -> Any:
        """Invoke the sweep as the schedule does; return its report once all of it is done.

        Where workers do it, `codes` are those that they wrote into their log meanwhile.
        """
        if self.system.queue_url is None:
            return self.invoke_sweep()
        before = len(self.worked())
        report = self.invoke_sweep()
        wait_until(lambda: self.queued() == 0)
        codes = Counter[str]()
        for line in self.worked()[before:]:
            codes.update(line["codes"])
        return {**report, "codes": dict(codes)}

    def invoke_sweep(self) -> Any:
        """Invoke the sweep, and do not wait for workers."""
        return self._invoke("followup-cron", {})

    def queued(self, queue: str = "WorkQueueUrl") -> int:
        """Return how many messages wait in a queue, or are with a worker."""
        kinds = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = boto3.client("sqs", **self.system.client_options).get_queue_attributes(
            QueueUrl=self.system.outputs[queue], AttributeNames=list(kinds)
        )
        return sum(int(answer["Attributes"][kind]) for kind in kinds)

    def worked(self) -> list[dict[str, Any]]:
        """Return what workers wrote of their batches, the oldest first."""
        lines = self.system.log_lines("send-worker")
        return [json.loads(line) for line in lines if '"batch_performed"' in line]

    def invoke_webhook(self, event: dict[str, Any]) -> Any:
        """Invoke the webhook function with an event of API Gateway's."""
        return self._invoke("webhook-sms", event)

    def _invoke(self, function: str, event: dict[str, Any]) -> Any:
        answer = boto3.client("lambda", **self.system.client_options).invoke(
            FunctionName=self.system.function_name(function), Payload=json.dumps(event).encode()
        )
        return json.loads(answer["Payload"].read())


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Ask again and again until it holds, and fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{seconds} seconds have passed"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def agencies(
    local_system: LocalSystem, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Agency]:
    numbers = itertools.count(1)
    folder = tmp_path_factory.mktemp("seeds")
    return lambda: Agency(local_system, next(numbers), folder)


@pytest.fixture
def agency(agencies: Callable[[], Agency]) -> Agency:
    """A freshly seeded agency of its own."""
    return agencies().seed()
