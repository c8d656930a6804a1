"""The system under test at its jobs, one story a job, all on one workspace of their own."""

import base64
from abc import ABC, abstractmethod
from functools import cache
from typing import Any

from pynamodb.models import Model

from devstack.sandbox.provider import Fault as SandboxFault
from devstack.sandbox.provider import Kind
from devstack.sandbox.webhooks import Signer, Webhook, inbound_message
from system_sender.budget import Budget
from system_sender.drafts import DraftRefused
from system_sender.models import Lead
from system_sender.recording import event_id
from system_sender.replying import reply_draft_id
from system_sender.sending import approve_and_send_draft_system
from system_sender.sms_text import split_sms
from system_sender.states import DraftState, MessageState
from system_sender.store import Store, Write
from system_sender.sweep import sweep
from system_sender.system import System
from system_sender.webhook import handle
from system_sender.word import settle_by_word
from system_sender.world import World
from tests.crash.faults import Fault
from tests.crash.story import StoryMaker, Verdict
from tests.crash.watch import Rows, Watch
from tests.crash.world import PAST_EVERY_DEADLINE, FaultyWorld, WorldSecrets, transport_of
from tests.support.scene import Scene

# More than any recovery needs: what is still due after this many rounds never comes to rest.
MOST_ROUNDS = 25
MOST_DELIVERIES = 8
_WEBHOOK_SECONDS = 28
_CRON_SECONDS = 120

ONE_PART = "Hi Dana, does 2pm Tuesday work?"
THREE_PARTS = "\n".join(
    " ".join([f"{ordinal} part of a longer text"] + [f"{ordinal}{n}" for n in range(count)])
    for ordinal, count in (("first", 18), ("second", 16), ("third", 12))
)


@cache
def signer() -> Signer:
    """Return the provider's key pair; making one costs more than a run."""
    return Signer()


class SystemStory(ABC):
    """What all stories of the system share: sweeping, settling, judging, cleaning."""

    text = ONE_PART

    def __init__(self, world: FaultyWorld) -> None:
        self.world = world
        # Seeds and looks pass by the numbered seam: they are the test's, not the system's.
        self.store = Store(World(), world.connection)
        self.scene = Scene(
            self.store, world, world.sandbox, world.name, public_key=signer().public_key()
        )
        self.watch = Watch(self.store, self.draft_id, self.event_id)
        world.watch = self.watch.look
        world.interfere = self._bump_lead
        world.recover = self._go_on_without

    # --- of each story

    @property
    def draft_id(self) -> str:
        """The draft whose sending is told."""
        return f"{self.world.name}:hello"

    @property
    def event_id(self) -> str | None:
        """The inbound event that causes the draft, if one does."""
        return None

    def seed(self) -> None:
        """Write what is there before anything can fail."""
        self.scene.seed()

    @abstractmethod
    def deliver(self) -> bool:
        """Ask for the work once; say whether the asker is content."""

    # --- the course of every run

    def begin(self) -> None:
        """Make the first invocation."""
        self.watch.look()
        self.deliver()

    def recover(self) -> None:
        """Deliver until the asker is content and once more, and sweep until nothing is due."""
        for _ in range(MOST_DELIVERIES):
            if self.deliver():
                break
            self.world.advance(60_000)
        else:
            self.world.problems.append("the asker was never content")
        self.sweep_until_quiet()

    def _go_on_without(self) -> None:
        """Do all that can happen while one process is frozen, up to a new attempt by word.

        That attempt is not waited for: if it dies, the frozen one wakes up to find it in flight.
        """
        self.recover()
        parked = self.rows().parked()
        if not parked:
            return
        self.world.advance(PAST_EVERY_DEADLINE)
        for row in parked:
            self._give_word(int(row.part))
        self.deliver()

    def sweep_until_quiet(self) -> None:
        """Let the cron run whenever something is due."""
        for _ in range(MOST_ROUNDS):
            due_at = self.rows().due_at()
            if due_at is None:
                return
            self.world.advance_to(due_at + 1)
            self.sweep()
        self.world.problems.append("the sweeps never came to rest")

    def sweep(self) -> None:
        """Run the cron once, in a process of its own."""
        self.world.invoke(lambda: sweep(self.system(), self.budget(_CRON_SECONDS), workers=1))

    def settle(self) -> int:
        """Let a person look at the provider's screen, and say what they saw."""
        settled = 0
        for _ in range(MOST_ROUNDS):
            parked = self.rows().parked()
            if not parked:
                return settled
            settled += len(parked)
            # Nobody says "it did not leave" while the provider may still be at it.
            self.world.advance(PAST_EVERY_DEADLINE)
            for row in parked:
                self._give_word(int(row.part))
            self.recover()
        self.world.problems.append("what was settled was parked again and again")
        return settled

    def _give_word(self, part: int) -> None:
        """Settle one delivery, as often as it takes to see it settled."""
        sent = bool(self.accepted(part))
        for _ in range(MOST_DELIVERIES):
            if self.world.invoke(lambda: self._settle(part, sent=sent)):
                return
        self.world.problems.append("a person's word could not be written down")

    def _settle(self, part: int, *, sent: bool) -> None:
        try:
            settle_by_word(self.system(), self.draft_id, part, sent=sent, resend=not sent)
        except DraftRefused:
            return  # their first try had been written, though it did not look so

    def close(self) -> None:
        """Deliver once more and sweep days later."""
        self.deliver()
        self.world.advance(3 * 24 * 3_600_000)
        self.sweep()

    # --- judging

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        """Judge by the provider's ledger; our tables only have to agree with it."""
        rows = self.rows()
        counts = [len(self.accepted(part)) for part in range(len(self.parts))]
        problems = [*self.world.problems, *self.watch.problems]
        problems += _foreign_texts(self.scene, self.parts)
        problems += [
            f"part {part} is {row.state}, and the provider accepted it {counts[part]} times"
            for part, row in rows.messages.items()
            if not _honest(MessageState(row.state), counts[part], final=final)
        ]
        return Verdict(
            duplicates=sum(max(0, count - 1) for count in counts),
            lost=int(not self._accounted_for(rows, counts, faults, final=final)),
            parked=len(rows.parked()),
            problems=tuple(problems),
        )

    def _accounted_for(
        self, rows: Rows, counts: list[int], faults: frozenset[Fault], *, final: bool
    ) -> bool:
        if rows.draft is None or rows.due_at() is not None:
            return False
        state = rows.draft.state
        if state == DraftState.SENT:
            return all(counts)
        if state == DraftState.FAILED:
            return Fault.REFUSED in faults
        return state == DraftState.UNKNOWN and bool(rows.parked()) and not final

    @property
    def parts(self) -> list[str]:
        """The texts that must arrive."""
        return [span.of(self.text) for span in split_sms(self.text).spans]

    def accepted(self, part: int) -> list[Any]:
        """Return what the provider accepted of one part."""
        ledger = self.world.sandbox.ledger
        return ledger.accepted(contact_id=self.scene.contact, text=self.parts[part])

    # --- helpers

    def rows(self) -> Rows:
        """Return the rows as they are now: as they were after the last write."""
        if self.watch.rows is None:
            self.watch.look()
        assert self.watch.rows is not None
        return self.watch.rows

    def system(self, *, slow: int = 0) -> System:
        """Return a fresh system, as a new process makes one.

        Args:
            slow: the milliseconds that the provider's answers take to be read.
        """
        world = self.world
        return self.scene.system(
            world=world,
            store=Store(world, world.connection),
            secrets=WorldSecrets(world),
            transport=transport_of(world, slow=slow),
        )

    def budget(self, seconds: float) -> Budget:
        """Return the budget of an invocation."""
        return Budget.of_seconds(self.world, seconds)

    def _bump_lead(self) -> None:
        """Change the lead as another writer would."""
        write = Write(self.world.new_id())
        write.update("lead", Lead(self.scene.lead_id), [Lead.version.add(1)], Lead.lead_id.exists())
        self.store.write(write)

    def clean(self) -> None:
        """Delete what another run's sweep would find."""
        delete_open(self.world, self.rows())


def delete_open(world: FaultyWorld, rows: Rows) -> None:
    """Delete the rows of a draft on which somebody would still act."""
    if rows.due_at() is None and not rows.parked():
        return
    for row in (rows.draft, rows.inbound, *rows.messages.values()):
        if row is not None:
            _delete(world, row)


def _honest(state: MessageState, accepted: int, *, final: bool) -> bool:
    """Say whether a delivery's row agrees with the ledger."""
    if state is MessageState.SENT:
        return accepted > 0
    if state in (MessageState.SENDING, MessageState.UNKNOWN):
        return not final
    return accepted == 0


def _foreign_texts(scene: Scene, parts: list[str]) -> list[str]:
    texts = [text for text in scene.sent_texts() if text not in parts]
    in_order = [text for text in scene.sent_texts() if text in parts]
    problems = ["a text left that nobody approved"] if texts else []
    if in_order != sorted(in_order, key=parts.index):
        problems.append("the parts left out of order")
    return problems


def _delete(world: FaultyWorld, row: Model) -> None:
    keys = [getattr(row, key["AttributeName"]) for key in row._get_schema()["key_schema"]]
    world.connection.dispatch("DeleteItem", row.get_operation_kwargs_from_class(*keys))


class FunctionStory(SystemStory):
    """A person approves a draft, and the function sends it at once."""

    def seed(self) -> None:
        super().seed()
        self.scene.draft("hello", self.text, state=DraftState.PENDING, sent_by=None)

    def deliver(self) -> bool:
        return self.world.invoke(
            lambda: approve_and_send_draft_system(
                self.draft_id, sent_by="setter", system=self.system(), budget=self.budget(25)
            )
        )


class CronStory(SystemStory):
    """An approved draft whose delay is over leaves with the minute's sweep."""

    def seed(self) -> None:
        super().seed()
        self.scene.draft("hello", self.text)

    def deliver(self) -> bool:
        self.world.advance(60_000)
        self.sweep()
        return True


class ThreePartStory(FunctionStory):
    """A long text leaves in three parts."""

    text = THREE_PARTS


class RetryStory(ThreePartStory):
    """The provider wants a pause before the second part; the cron goes on after it."""

    def seed(self) -> None:
        super().seed()
        self.world.sandbox.program(
            SandboxFault(
                Kind.REFUSE,
                refusal="too_many_requests",
                retry_after="30",
                text_contains="second part",
            )
        )


class WebhookStory(SystemStory):
    """A signed webhook is recorded, answered by a draft, and the draft leaves."""

    def __init__(self, world: FaultyWorld) -> None:
        self._message_id = f"msg{world.name}"
        super().__init__(world)
        self.event = api_gateway_event(world.name, self._webhook())

    @property
    def draft_id(self) -> str:
        return reply_draft_id(self.event_id)

    @property
    def event_id(self) -> str:
        return event_id(self.world.name, f"message:{self._message_id}")

    def _webhook(self) -> Webhook:
        return inbound_message(
            signer(),
            location_id=self.scene.location,
            contact_id=self.scene.contact,
            text="Yes, please",
            messageId=self._message_id,
            webhookId=f"hook{self.world.name}",
            timestamp="2026-06-29T14:00:00.000Z",
            dateAdded="2026-06-29T14:00:00.000Z",
        )

    def deliver(self) -> bool:
        answers: list[int] = []
        self.world.invoke(
            lambda: answers.append(
                handle(self.system(), self.event, self.budget(_WEBHOOK_SECONDS)).status
            )
        )
        if answers and answers[0] == 200:
            if self.rows().inbound is None:
                self.world.problems.append("the webhook answered 200 and nothing is recorded")
            return True
        if answers and answers[0] != 429:
            self.world.problems.append(f"the webhook answered {answers[0]}")
        return False


def api_gateway_event(workspace: str, webhook: Webhook) -> dict[str, Any]:
    """Return the proxy event of a REST API, with the body in base64 as AWS hands it over."""
    return {
        "resource": "/webhooks/gohighlevel/{workspace}",
        "path": f"/webhooks/gohighlevel/{workspace}",
        "httpMethod": "POST",
        "headers": dict(webhook.headers),
        "queryStringParameters": None,
        "pathParameters": {"workspace": workspace},
        "isBase64Encoded": True,
        "body": base64.b64encode(webhook.body).decode(),
    }


STORIES: dict[str, StoryMaker] = {
    "function": FunctionStory,
    "cron": CronStory,
    "webhook": WebhookStory,
    "three_parts": ThreePartStory,
    "retry": RetryStory,
}
