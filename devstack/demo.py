"""`make demo`: the main job on every channel on this machine, from an empty stack to the closing
table. What has to wait for a timeout waits while the other chapters are told.
"""

import json
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from devstack import deployment, paths
from devstack.demo_closing import line_of, strangers, table_of
from devstack.demo_deciding import Deciding
from devstack.demo_followups import Followups
from devstack.demo_people import (
    COLLEAGUE,
    CONNECTED,
    DANA,
    ERIN,
    LENA,
    LIAM,
    MIA,
    NORA,
    OMAR,
    PEOPLE,
    WORKSPACE,
)
from devstack.demo_stage import DemoError, Stage
from devstack.deployment import LocalSystem
from devstack.events import WEBHOOK_SECRET
from devstack.prepare import PreparationError
from devstack.sam import SamError
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Fault, Kind
from devstack.sandbox.unipile_webhooks import message_received
from devstack.sandbox.webhooks import Webhook
from devstack.servers import ServerError

SEEDS = paths.PROJECT / "devstack" / "seeds"
# A delivery is taken for dead this long after its claim: the time to begin, the longest request
# and a minute of grace; see docs/design.md.
OVERDUE_SECONDS = 5 + 15 + 60
SWEEP_PATIENCE_SECONDS = 75


@dataclass
class Frozen:
    """An invocation that stands still in the middle of its request.

    Attributes:
        since: monotonic seconds.
        answer: what API Gateway says once the function's own timeout has killed it.
    """

    webhook: Webhook
    since: float
    answer: "Future[requests.Response]"


@dataclass
class Demo:
    """The story, chapter by chapter."""

    stage: Stage

    def seed(self) -> None:
        """Write a workspace with the product's own command."""
        stage = self.stage
        stage.title("A workspace, its accounts at five providers, a campaign and some leads")
        stage.sender("seed", str((SEEDS / "demo.json").relative_to(paths.PROJECT)))
        stage.secrets(("gohighlevel", "token", "demo-token"))
        stage.say("Acme answers its leads by itself: campaign mode AI_AUTO_SEND.")

    def connect(self) -> None:
        """Store what e-mail and LinkedIn need besides, and whom they are shown with."""
        stage = self.stage
        stage.title("Meanwhile: credentials for e-mail and LinkedIn")
        others = (ERIN.provider, NORA.provider, LIAM.provider)
        stage.secrets(
            *((provider, "token", "demo-token") for provider in others),
            *((provider, "webhook_secret", WEBHOOK_SECRET) for provider in others),
        )
        stage.sender("seed", str((SEEDS / "outreach.json").relative_to(paths.PROJECT)))

    # --- text messages ---

    def text(self) -> Webhook:
        """Show the main job."""
        stage = self.stage
        stage.title("SMS: a signed inbound text arrives, the approved reply leaves")
        webhook = stage.webhook(DANA, "Is Tuesday still free?")
        stage.tell(stage.post(DANA, webhook))
        (entry,) = stage.expect(DANA, 1)
        stage.say(f"[green]→ {entry.text}[/green]")
        return webhook

    def repeat(self, webhook: Webhook) -> None:
        """Show that the same event, however often it comes, sends nothing more."""
        stage = self.stage
        stage.title("The same webhook five more times, and five at once")
        answers = [stage.post(DANA, webhook) for _ in range(5)]
        with ThreadPoolExecutor(5) as pool:
            answers += pool.map(lambda _: stage.post(DANA, webhook), range(5))
        statuses = sorted({answer.status_code for answer in answers})
        stage.say(f"ten more deliveries were answered {statuses}")
        stage.expect(DANA, 1)

    def freeze(self) -> Frozen:
        """Freeze the function in the middle of its request, and let its timeout kill it."""
        stage = self.stage
        stage.title("The function freezes in mid-send, until its timeout kills it")
        stage.sandbox.program(Fault(Kind.FREEZE_CLIENT, contact_id=OMAR.address))
        webhook = stage.webhook(OMAR, "Do you also work on Saturdays?")
        pool = ThreadPoolExecutor(1)
        frozen = Frozen(webhook, time.monotonic(), pool.submit(stage.post, OMAR, webhook))
        pool.shutdown(wait=False)
        stage.until(lambda: len(stage.accepted(OMAR)) == 1, 20)
        stage.expect(OMAR, 1)
        stage.say("The provider took the text; our process stands still, and never hears of it.")
        return frozen

    def hold(self) -> None:
        """Throw the kill switch."""
        stage = self.stage
        stage.title("Meanwhile: the kill switch")
        stage.sender("pause", "--workspace", WORKSPACE)
        stage.tell(stage.says(LENA, "Do you have time tomorrow?"))
        stage.expect(LENA, 0)
        stage.sender("resume", "--workspace", WORKSPACE)
        stage.say("Resumed. The held reply is due within a minute, by the sweep.")

    # --- e-mail ---

    def lose_an_answer(self) -> str:
        """Let a provider accept an e-mail, and its answer get lost. Returns the draft's id."""
        stage = self.stage
        stage.title("E-mail: SmartLead accepts the reply, and its answer is lost on the way")
        stage.sandbox.program(Fault(Kind.RESET_AFTER, contact_id=NORA.address))
        told = stage.tell(stage.says(NORA, "What does it cost?"))
        stage.expect(NORA, 1)
        stage.say("Whether it left is unknown, so it is parked, and nobody sends it again.")
        stage.say("Soon a sweep will look into SmartLead's own records.")
        return str(told["draft_id"])

    def mail(self) -> None:
        """Answer an e-mail in its thread, with the lead's colleague still in copy."""
        stage = self.stage
        stage.title("E-mail: EmailBison, in the thread, with the lead's colleague still in copy")
        webhook = stage.webhook(ERIN, "Kim and I would like to see a demo.", cc=[COLLEAGUE])
        stage.tell(stage.post(ERIN, webhook))
        (entry,) = stage.expect(ERIN, 1)
        answered = json.loads(webhook.body)["data"]["reply"]["id"]
        if entry.path != f"/api/replies/{answered}/reply":
            raise DemoError(f"The reply answers another message than {answered}: {entry.path}")
        if entry.cc != (COLLEAGUE,):
            raise DemoError(f"The reply went to {entry.cc} in copy, not to {COLLEAGUE}.")
        stage.say(f"{entry.method} {entry.path}")
        stage.say(f"To {entry.contact_id}, Cc {', '.join(entry.cc)}")
        stage.say(f"[green]→ {entry.text}[/green]")

    # --- LinkedIn ---

    def chat(self) -> None:
        """Answer in a chat, and recognise our own message when the provider tells of it."""
        stage = self.stage
        stage.title("LinkedIn: a reply in the chat, and its echo")
        stage.tell(stage.says(LIAM, "Are you still looking for partners?"))
        (entry,) = stage.expect(LIAM, 1)
        stage.say(f"{entry.method} {entry.path}")
        stage.say("Unipile tells of every message of the account, ours too:")
        echo = message_received(
            secret=WEBHOOK_SECRET,
            account_id=CONNECTED,
            contact_id=LIAM.address,
            text=entry.text,
            own=True,
            message_id=entry.message_id,
        )
        told = stage.tell(stage.post(LIAM, echo))
        if told.get("work") != "echo_matched":
            raise DemoError("The echo of our own message was not recognised.")
        stage.say("Recognised as our own: no person's message, nobody's answer, no reply to it.")

    def reach_out(self) -> None:
        """Try one way to a person after another, each only after a definite refusal."""
        stage = self.stage
        stage.title("LinkedIn: nobody we know yet; direct and InMail are refused, one by one")
        for refusal in ("not_connected", "no_credits"):
            stage.sandbox.program(Fault(Kind.REFUSE, refusal=refusal, contact_id=MIA.address))
        approved = stage.sender("draft", "approve", "acme:hello-mia", "--user", "kim", "--now")
        delivery = stage.delivery("acme:hello-mia")
        routes = [*delivery["refused_routes"], delivery["route"]]
        tried = stage.sandbox.ledger().sends(contact_id=MIA.address)
        for route, entry in zip(routes, tried, strict=True):
            taken = "[green]accepted[/green]" if entry.accepted else "refused"
            stage.say(f"{route:<11} {entry.method} {entry.path}  {entry.status}  {taken}")
        stage.expect(MIA, 1)
        if delivery["sent_as"] != "connection_request":
            raise DemoError(f"It was not recorded as a connection request: {approved}")
        stage.say(f"Recorded as what it left as: [bold]{delivery['sent_as']}[/bold]")

    # --- what the sweep settles ---

    def wait(self, frozen: Frozen) -> None:
        """Wait until the frozen invocation is dead by any clock."""
        stage = self.stage
        stage.title("The function's own timeout kills what stood still")
        killed = frozen.answer.result(timeout=120)
        stage.say(f"The killed invocation was answered {killed.status_code}.")
        self._wait_until(frozen.since + OVERDUE_SECONDS + 2)

    def settle(self, frozen: Frozen, lost: str) -> None:
        """Let the sweep find the dead delivery, the lost answer and the held draft."""
        stage = self.stage
        stage.title("The minute's sweep finds what was left behind")
        stage.say(f"sweep: {stage.sweep()['codes'] or 'nothing was due'}")
        self._settle_parked(frozen)
        self._show_found(lost)
        stage.until(lambda: len(stage.accepted(LENA)) == 1, SWEEP_PATIENCE_SECONDS)
        stage.say("And the reply that the switch held has left:")
        stage.expect(LENA, 1)

    def _show_found(self, draft_id: str) -> None:
        """Show that the e-mail whose answer was lost has been found, by the sweep alone."""
        stage = self.stage
        delivery: dict[str, Any] = {}

        def is_sent() -> bool:
            delivery.update(stage.delivery(draft_id))
            return bool(delivery["state"] == "sent")

        stage.until(is_sent, SWEEP_PATIENCE_SECONDS)
        if delivery["code"] != "sent_by_evidence":
            raise DemoError(f"Nora's reply was not found, but is {delivery['code']}.")
        for entry in stage.sandbox.ledger().requests():
            if entry.provider == NORA.provider and entry.operation is Operation.LOOK_UP:
                stage.say(f"{entry.method} {entry.path}")
        stage.say(f"The look-up's finding: {delivery['look_ups'][-1]['finding']}")
        stage.say(f"Nora's reply has settled by itself: [bold]{delivery['code']}[/bold]")
        stage.expect(NORA, 1)

    def _settle_parked(self, frozen: Frozen) -> None:
        """Show Omar's parked delivery; a person is quicker here than its first look-up."""
        stage = self.stage
        everything = stage.sender("parked")["parked"]
        mine = [delivery for delivery in everything if delivery["lead_id"] == OMAR.lead]
        if not mine:
            # This machine took its time, and a look-up was quicker than a person.
            stage.say("It was parked, and the provider's own records have settled it: it left.")
            stage.expect(OMAR, 1)
            return
        (parked,) = mine
        stage.say(f"parked: [yellow]{parked['id']}[/yellow]  {parked['code']}")
        stage.say(parked["sentence"])
        stage.tell(stage.post(OMAR, frozen.webhook))
        stage.expect(OMAR, 1)
        stage.say("It would be looked up in half a minute. A person has looked already: it left.")
        stage.sender("settle", parked["id"], "--sent")

    def close(self) -> None:
        """Put the providers' ledger beside our tables."""
        stage = self.stage
        stage.title("The providers' ledger beside our tables")
        threads = stage.threads(PEOPLE)
        ledger = stage.sandbox.ledger().accepted()
        lines = [
            line_of(person, ledger, thread) for person, thread in zip(PEOPLE, threads, strict=True)
        ]
        stage.console.print(table_of(lines))
        if strangers(ledger, PEOPLE) or not all(line.agrees for line in lines):
            raise DemoError("The tables and the ledger disagree.")

    def _wait_until(self, moment: float) -> None:
        """Show how long it is until a moment, in monotonic seconds."""
        remaining = max(0.0, moment - time.monotonic())
        with Progress(
            TextColumn("  past every deadline in"),
            BarColumn(),
            TimeRemainingColumn(),
            console=self.stage.console,
            transient=True,
        ) as progress:
            task = progress.add_task("", total=max(1.0, remaining))
            while time.monotonic() < moment:
                time.sleep(0.25)
                progress.advance(task, 0.25)


def run(system: LocalSystem, console: Console) -> None:
    """Tell the whole story on a running system."""
    demo = Demo(Stage(system, console))
    demo.seed()
    webhook = demo.text()
    # What takes its time begins early: the dead invocation, the lost answer, the held reply.
    frozen = demo.freeze()
    deciding = Deciding(demo.stage)
    deciding.begin()
    demo.hold()
    followups = Followups(demo.stage)
    followups.begin()
    demo.connect()
    lost = demo.lose_an_answer()
    demo.repeat(webhook)
    demo.mail()
    demo.chat()
    demo.reach_out()
    demo.wait(frozen)
    followups.show()
    demo.settle(frozen, lost)
    deciding.show()
    demo.close()


def main() -> None:
    """Start the system, tell the story, end everything."""
    console = Console()
    console.print(
        Panel(
            "Approved drafts leave as real messages, once each.\n"
            "[dim]The real template on a local AWS; providers that keep their own ledger.[/dim]",
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
