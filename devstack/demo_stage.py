"""What every chapter of the demo needs: the command, the webhooks, the provider's ledger."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import boto3
import requests
from rich.console import Console

from devstack import paths, servers
from devstack.demo_people import WORKSPACE, Person, says
from devstack.deployment import LocalSystem
from devstack.sandbox.client import SandboxClient
from devstack.sandbox.ledger import Entry
from devstack.sandbox.webhooks import Webhook


class DemoError(Exception):
    """The system did not do what the demo says it does."""


@dataclass
class Stage:
    """A running system, and a console to tell about it."""

    system: LocalSystem
    console: Console
    _chapter: int = field(default=0, init=False)

    # --- telling ---

    def title(self, text: str) -> None:
        """Announce the next chapter."""
        self._chapter += 1
        self.console.print()
        self.console.rule(f"[bold cyan]{self._chapter}[/bold cyan]  {text}", align="left")

    def say(self, text: str) -> None:
        """Print a line of the story."""
        self.console.print(f"  {text}")

    def tell(self, answer: requests.Response) -> dict[str, Any]:
        """Say how a webhook was answered, and return the answer's fields."""
        body: dict[str, Any] = answer.json() if answer.content else {}
        work = ", ".join(
            str(body[key]) for key in ("work", "outcome", "outcome_code") if key in body
        )
        self.say(f"HTTP {answer.status_code}  [bold]{body.get('code', '')}[/bold]  {work}")
        return body

    # --- acting ---

    def sender(self, *arguments: str, answer: str = "") -> Any:
        """Run the product's own command and return its JSON answer.

        Args:
            answer: what is typed when it asks.

        Raises:
            DemoError: it refused or failed; the text is what it said.
        """
        self.console.print(f"[dim]$ sender {' '.join(arguments)}[/dim]")
        return self._ask_sender(arguments, answer)

    def threads(self, people: tuple[Person, ...]) -> list[list[dict[str, Any]]]:
        """Return each person's conversation, as `sender thread` shows it, side by side."""
        self.console.print("[dim]$ sender thread ...   (for each of them)[/dim]")
        with ThreadPoolExecutor(4) as pool:
            shown = pool.map(lambda person: self._ask_sender(("thread", person.lead), ""), people)
            return [document["entries"] for document in shown]

    def delivery(self, draft_id: str) -> dict[str, Any]:
        """Return a draft's one delivery, as `sender draft show` shows it, without a word."""
        (shown,) = self._ask_sender(("draft", "show", draft_id), "")["messages"]
        return dict(shown)

    def draft(self, draft_id: str) -> dict[str, Any]:
        """Return a draft as `sender draft show` shows it, without a word."""
        return dict(self._ask_sender(("draft", "show", draft_id), "")["draft"])

    def secrets(self, *secrets: tuple[str, str, str]) -> None:
        """Store secrets with `sender secret`, side by side: provider, name and value of each."""
        commands = [
            ("secret", WORKSPACE, name, "--provider", provider) for provider, name, _ in secrets
        ]
        for command in commands:
            self.console.print(f"[dim]$ sender {' '.join(command)}[/dim]")
        with ThreadPoolExecutor(4) as pool:
            values = [value for _, _, value in secrets]
            list(pool.map(self._ask_sender, commands, values))

    def _ask_sender(self, arguments: tuple[str, ...], answer: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "system_sender.cli", "--json", *arguments],
            env=servers.clean_environment(
                **self.system.environment,
                PYTHONPATH=str(paths.PROJECT / "layers" / "system_sender"),
                SENDER_STACK=self.system.stack_name,
            ),
            cwd=paths.PROJECT,
            capture_output=True,
            text=True,
            check=False,
            input=f"{answer}\n",
        )
        if done.returncode != 0:
            raise DemoError(f"sender {arguments[0]} failed: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def post(self, person: Person, webhook: Webhook) -> requests.Response:
        """Deliver a webhook of the person's provider to the deployed API."""
        return requests.post(
            self.system.webhook_url(WORKSPACE, person.provider),
            data=webhook.body,
            headers=dict(webhook.headers),
            timeout=60,
        )

    def says(self, person: Person, text: str, **fields: Any) -> requests.Response:
        """Let a person write, and return what their provider was answered."""
        return self.post(person, self.webhook(person, text, **fields))

    def webhook(self, person: Person, text: str, **fields: Any) -> Webhook:
        """Return what the person's provider posts when they write."""
        return says(person, text, self.system.signer, **fields)

    def sweep(self) -> dict[str, Any]:
        """Invoke the sweep as the schedule does, without waiting for the full minute."""
        answer = boto3.client("lambda", **self.system.client_options).invoke(
            FunctionName=self.system.function_name("followup-cron"), Payload=b"{}"
        )
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        if "codes" not in report:
            raise DemoError(f"The sweep failed: {report}")
        return report

    # --- looking ---

    @property
    def sandbox(self) -> SandboxClient:
        """The provider sandbox, which stands in for all five."""
        return self.system.sandbox()

    def accepted(self, person: Person) -> list[Entry]:
        """Return what the provider accepted for a person."""
        return self.sandbox.ledger().accepted(contact_id=person.address)

    def expect(self, person: Person, count: int) -> list[Entry]:
        """Check the provider's ledger, which is the only judge here, and return its entries.

        Raises:
            DemoError: it has more or fewer messages for the person.
        """
        entries = self.accepted(person)
        if len(entries) != count:
            raise DemoError(
                f"The provider accepted {len(entries)} messages for {person.name}, not {count}."
            )
        self.say(f"provider's ledger for {person.name}: [bold]{count}[/bold] accepted")
        return entries

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Poll for a condition, at most so long.

        Raises:
            DemoError: it did not come true.
        """
        ends = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > ends:
                raise DemoError(f"Nothing happened within {seconds:.0f} seconds.")
            time.sleep(0.25)
