"""`make demo`: the main job on this machine, from an empty stack to the closing table."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
import requests
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from devstack import deployment, paths
from devstack.deployment import LocalSystem
from devstack.prepare import PreparationError
from devstack.sam import SamError
from devstack.sandbox.provider import Fault, Kind
from devstack.sandbox.webhooks import Webhook, inbound_message
from devstack.servers import ServerError

WORKSPACE = "acme"
LOCATION = "acme-location"
SEED = paths.PROJECT / "devstack" / "seeds" / "demo.json"
# A delivery is taken for dead this long after its claim: the time to begin, the longest request
# and a minute of grace; see docs/design.md.
OVERDUE_SECONDS = 5 + 15 + 60
SWEEP_PATIENCE_SECONDS = 75

PEOPLE = {"contact-dana": "Dana", "contact-omar": "Omar", "contact-lena": "Lena"}

PHONES = {
    "contact-dana": "+12125550101",
    "contact-omar": "+12125550102",
    "contact-lena": "+12125550103",
}


class DemoError(Exception):
    """The system did not do what the demo says it does."""


@dataclass
class Demo:
    """One run of the demo: a running system, and a console to tell about it."""

    system: LocalSystem
    console: Console

    # --- the pieces ---

    def sender(self, *arguments: str) -> Any:
        """Run the product's own command and return its JSON answer."""
        command = [sys.executable, "-m", "system_sender.cli", "--json", *arguments]
        self.console.print(f"[dim]$ sender {' '.join(arguments)}[/dim]")
        done = subprocess.run(
            command,
            env={
                **self.system.environment,
                "PATH": "",
                "PYTHONPATH": str(paths.PROJECT / "layers" / "system_sender"),
                "SENDER_STACK": self.system.stack_name,
            },
            cwd=paths.PROJECT,
            capture_output=True,
            text=True,
            check=False,
            input="pit-demo-token\n",
        )
        if done.returncode != 0:
            raise DemoError(f"sender {arguments[0]} failed: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def webhook(self, contact: str, text: str) -> Webhook:
        """Return a signed inbound text, as GoHighLevel posts it."""
        return inbound_message(
            self.system.signer,
            location_id=LOCATION,
            contact_id=contact,
            text=text,
            **{"from": PHONES[contact]},
        )

    def post(self, webhook: Webhook) -> requests.Response:
        """Deliver a webhook to the deployed API."""
        return requests.post(
            self.system.webhook_url(WORKSPACE),
            data=webhook.body,
            headers=dict(webhook.headers),
            timeout=60,
        )

    def accepted(self, contact: str) -> list[str]:
        """Return the texts that the provider accepted for a contact."""
        ledger = self.system.sandbox().ledger()
        return [entry.text or "" for entry in ledger.accepted(contact_id=contact)]

    def expect(self, contact: str, count: int) -> None:
        """Check the provider's ledger, which is the only judge here."""
        texts = self.accepted(contact)
        if len(texts) != count:
            raise DemoError(f"The provider accepted {len(texts)} texts for {contact}, not {count}.")
        name = PEOPLE[contact]
        self.console.print(f"  provider's ledger for {name}: [bold]{len(texts)}[/bold] accepted")

    def title(self, number: int, text: str) -> None:
        """Announce a chapter."""
        self.console.print()
        self.console.rule(f"[bold cyan]{number}[/bold cyan]  {text}", align="left")

    # --- the chapters ---

    def seed(self) -> None:
        """Write a workspace with the product's own command."""
        self.title(1, "A workspace, a campaign and three leads")
        self.sender("seed", str(SEED.relative_to(paths.PROJECT)))
        self.sender("secret", WORKSPACE, "token")
        self.console.print("  Acme answers its leads by itself: campaign mode AI_AUTO_SEND.")

    def answer(self) -> Webhook:
        """Show the main job."""
        self.title(2, "A signed inbound text arrives, the approved reply leaves")
        webhook = self.webhook("contact-dana", "Is Tuesday still free?")
        self.tell(self.post(webhook))
        self.expect("contact-dana", 1)
        self.console.print(f"  [green]→ {self.accepted('contact-dana')[0]}[/green]")
        return webhook

    def repeat(self, webhook: Webhook) -> None:
        """Show that the same event, however often it comes, sends nothing more."""
        self.title(3, "The same webhook five more times, and five at once")
        for _ in range(5):
            self.tell(self.post(webhook), quiet=True)
        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda _: self.post(webhook), range(5)))
        statuses = sorted({answer.status_code for answer in answers})
        self.console.print(f"  ten more deliveries were answered {statuses}")
        self.expect("contact-dana", 1)

    def freeze(self) -> "Future[requests.Response]":
        """Freeze the function in the middle of its request, and let its timeout kill it."""
        self.title(4, "The function freezes in mid-send, until its timeout kills it")
        self.system.sandbox().program(Fault(Kind.FREEZE_CLIENT, contact_id="contact-omar"))
        self.frozen = self.webhook("contact-omar", "Do you also work on Saturdays?")
        pool = ThreadPoolExecutor(1)
        future = pool.submit(self.post, self.frozen)
        pool.shutdown(wait=False)
        self.frozen_at = time.monotonic()
        self.until(lambda: len(self.accepted("contact-omar")) == 1, 20)
        self.expect("contact-omar", 1)
        self.console.print(
            "  The provider took the text; our process stands still, and never hears of it."
        )
        return future

    def hold(self) -> None:
        """Throw the kill switch."""
        self.title(5, "Meanwhile: the kill switch")
        self.sender("pause", "--workspace", WORKSPACE)
        self.tell(self.post(self.webhook("contact-lena", "Can you call me tomorrow?")))
        self.expect("contact-lena", 0)
        self.sender("resume", "--workspace", WORKSPACE)
        self.console.print("  Resumed. The held reply is due within a minute, by the sweep.")

    def park(self, future: "Future[requests.Response]") -> None:
        """Wait for the sweep to find both the dead delivery and the held draft."""
        self.title(6, "The minute's sweep finds what the dead function left")
        killed = future.result(timeout=120)
        self.console.print(f"  The killed invocation was answered {killed.status_code}.")
        self.wait_for_parking()
        (parked,) = self.sender("parked")["parked"]
        self.console.print(
            f"  parked: [yellow]{parked['id']}[/yellow]  {parked['code']}\n  {parked['sentence']}"
        )
        self.tell(self.post(self.frozen))
        self.expect("contact-omar", 1)
        self.until(lambda: len(self.accepted("contact-lena")) == 1, SWEEP_PATIENCE_SECONDS)
        self.console.print("  and the reply that the switch held has left:")
        self.expect("contact-lena", 1)
        self.console.print("  A person looked at the provider: it left. They say so.")
        self.sender("settle", parked["id"], "--sent")

    def close(self) -> None:
        """Put the provider's ledger beside our tables."""
        self.title(7, "The provider's ledger beside our tables")
        table = Table("lead", "provider accepted", "our draft", "our message", "same")
        wrong = 0
        for contact, name in PEOPLE.items():
            texts = self.accepted(contact)
            drafts, messages = self.rows_of(contact)
            same = len(texts) == 1 and drafts == ["sent"] and messages == ["sent"]
            wrong += not same
            table.add_row(
                name,
                f"{len(texts)} × “{texts[0]}”" if texts else "nothing",
                ", ".join(drafts),
                ", ".join(messages),
                "[green]yes[/green]" if same else "[red]NO[/red]",
            )
        self.console.print(table)
        if wrong:
            raise DemoError("The tables and the ledger disagree.")

    # --- helpers of the chapters ---

    def rows_of(self, contact: str) -> tuple[list[str], list[str]]:
        """Return the states of a lead's drafts and outbound messages, as `sender` shows them."""
        thread = self.sender("thread", f"{WORKSPACE}:{PEOPLE[contact].lower()}")
        drafts = [entry["state"] for entry in thread["entries"] if entry["kind"] == "draft"]
        messages = [entry["state"] for entry in thread["entries"] if entry["kind"] == "outbound"]
        return drafts, messages

    def tell(self, answer: requests.Response, *, quiet: bool = False) -> None:
        """Say how a webhook was answered."""
        body = answer.json() if answer.content else {}
        if not quiet:
            work = ", ".join(
                str(body[key]) for key in ("work", "outcome", "outcome_code") if key in body
            )
            code = body.get("code", "")
            self.console.print(f"  HTTP {answer.status_code}  [bold]{code}[/bold]  {work}")

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Poll for a condition, at most so long."""
        ends = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > ends:
                raise DemoError(f"Nothing happened within {seconds:.0f} seconds.")
            time.sleep(0.25)

    def wait_for_parking(self) -> None:
        """Wait until the delivery is past every deadline, then ask for a round at once."""
        remaining = self.frozen_at + OVERDUE_SECONDS + 2 - time.monotonic()
        with Progress(
            TextColumn("  past every deadline in"),
            BarColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        ) as progress:
            task = progress.add_task("", total=max(1.0, remaining))
            ends = time.monotonic() + remaining
            while time.monotonic() < ends:
                time.sleep(0.25)
                progress.advance(task, 0.25)
        report = self.sweep_now()
        self.console.print(f"  sweep: {report['codes'] or 'nothing was due'}")

    def sweep_now(self) -> dict[str, Any]:
        """Invoke the sweep as the schedule does, without waiting for the full minute."""
        function = boto3.client("lambda", **self.system.client_options)
        answer = function.invoke(
            FunctionName=self.system.function_name("followup-cron"), Payload=b"{}"
        )
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        if "codes" not in report:
            raise DemoError(f"The sweep failed: {report}")
        return report


def run(system: LocalSystem, console: Console) -> None:
    """Tell the whole story on a running system."""
    demo = Demo(system, console)
    demo.seed()
    webhook = demo.answer()
    demo.repeat(webhook)
    future = demo.freeze()
    demo.hold()
    demo.park(future)
    demo.close()


def main() -> None:
    """Start the system, tell the story, end everything."""
    console = Console()
    console.print(
        Panel(
            "Approved drafts leave as real messages, once each.\n"
            "[dim]The real template on a local AWS; a provider that keeps its own ledger.[/dim]",
            title="system-sender",
            expand=False,
        )
    )
    started = time.monotonic()
    try:
        with deployment.running(report=lambda text: console.print(f"[dim]{text}[/dim]")) as system:
            run(system, console)
    except (PreparationError, ServerError, SamError, DemoError) as error:
        console.print(f"\n[red]{error}[/red]\nLogs: {paths.LOGS}")
        sys.exit(1)
    seconds = time.monotonic() - started
    console.print(f"\n[bold green]Once each.[/bold green] {seconds:.0f} s. Logs: {paths.LOGS}")


if __name__ == "__main__":
    main()
