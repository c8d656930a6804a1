"""The system under test at its jobs, one story a job, all on one workspace of their own."""

import json
from abc import ABC, abstractmethod
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from pynamodb.expressions.update import Action
from pynamodb.models import Model

from devstack.sandbox.emailbison import MAILBOX_ID
from devstack.sandbox.ledger import Entry
from devstack.sandbox.provider import Fault as SandboxFault
from devstack.sandbox.provider import Kind
from devstack.sandbox.slack import Posted, Slack
from devstack.sandbox.slack_interactions import buttons, click_on
from devstack.sandbox.unipile import provider_id_of
from devstack.sandbox.webhooks import Webhook
from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.drafts import DraftRefused
from system_sender.going import CronFunction
from system_sender.models import Campaign, Lead, Workspace
from system_sender.policy import SETTER_MANAGED
from system_sender.replying import reply_draft_id
from system_sender.sending import (
    SendMeta,
    approve_and_send_draft_system,
    send_linkedin_system,
)
from system_sender.slack.interactions import SlackReply
from system_sender.slack.interactions import handle as handle_slack
from system_sender.slack.message import Action as Press
from system_sender.slack.reviewing import CLAIM_MILLISECONDS
from system_sender.states import DraftState, MessageState
from system_sender.store import Store, Write
from system_sender.sweep import send_and_show, sweep
from system_sender.system import System
from system_sender.text_parts import parts_of
from system_sender.transport import Request
from system_sender.webhook import handle
from system_sender.word import settle_by_word
from system_sender.work_queue import QueueMessage
from system_sender.working import Batch
from system_sender.world import World
from tests.crash.deliveries import Deliveries
from tests.crash.faults import FREEZES, Boundary, Fault, is_settlement
from tests.crash.story import StoryMaker, Verdict
from tests.crash.watch import Rows, Watch
from tests.crash.world import (
    BEGINNING,
    PAST_EVERY_DEADLINE,
    FaultyWorld,
    WorldSecrets,
    transport_of,
)
from tests.support.correspondents import CORRESPONDENTS, SMS, Correspondent, signer
from tests.support.scene import SIGNING_SECRET, Scene
from tests.support.slack import SandboxSlack

# More than any recovery needs: what is still due after this many rounds never comes to rest.
MOST_ROUNDS = 25
MOST_DELIVERIES = 8
_WEBHOOK_SECONDS = 28
_SIGNATURE_HOLDS = 5 * 60_000
_ASKED_IN, SAM, KIM = "C0ASK", "U0SAM", "U0KIM"
_CRON_SECONDS = 120
_WORKER_SECONDS = 60

ONE_PART = "Hi Dana, does 2pm Tuesday work?"
THREE_PARTS = "\n".join(
    " ".join([f"{ordinal} part of a longer text"] + [f"{ordinal}{n}" for n in range(count)])
    for ordinal, count in (("first", 18), ("second", 16), ("third", 12))
)


# After these nobody knows whether it was accepted.
_UNKNOWN = frozenset(
    {
        Kind.RESET_BEFORE,
        Kind.RESET_AFTER,
        Kind.STALL_BEFORE,
        Kind.STALL_AFTER,
        Kind.ACCEPT_LATE,
        Kind.SERVER_ERROR_BEFORE,
        Kind.SERVER_ERROR_AFTER,
        Kind.EMPTY_SUCCESS,
    }
)


class SystemStory(ABC):
    """What all stories of the system share: sweeping, settling, judging, cleaning.

    Attributes:
        through: the provider and the channel that the draft leaves by.
        ordered: how many attempts had begun when a person ordered another, for each order. No
            clock tells: it may have been set back between the two.
    """

    text = ONE_PART
    through: Correspondent = SMS

    def __init__(self, world: FaultyWorld) -> None:
        self.world = world
        world.refusals = self.through.refusals
        self.ordered: list[int] = []
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
        self.through.integrate(self.scene)

    @property
    def recipient(self) -> str:
        """What the provider's ledger calls the lead."""
        return self.through.recipient(self.scene)

    def closed(self, request: Request) -> str | None:
        """Return the name of the refusal if the provider always refuses such a request."""
        return None

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
        # With a clock that was set back, an echo waits by the minute until its delivery is overdue.
        for _ in range(6 * MOST_ROUNDS):
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
        if not sent:
            self.order()
        for _ in range(MOST_DELIVERIES):
            if self.world.invoke(lambda: self._settle(part, sent=sent)):
                return
        self.world.problems.append("a person's word could not be written down")

    def order(self) -> None:
        """Note that a person orders another attempt."""
        self.ordered.append(len(self.world.sandbox.ledger.sends()))

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

    def post(self, event: dict[str, Any]) -> bool:
        """Let the provider post a webhook; say whether it is content."""
        answers: list[int] = []
        self.world.invoke(
            lambda: answers.append(
                handle(self.system(), event, self.budget(_WEBHOOK_SECONDS)).status
            )
        )
        if answers and answers[0] not in (200, self.through.trouble):
            self.world.problems.append(f"the webhook answered {answers[0]}")
        return answers == [200]

    # --- judging

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        """Judge by the provider's ledger; our tables only have to agree with it."""
        rows = self.rows()
        counts = [len(self.accepted(part)) for part in range(len(self.parts))]
        problems = [*self.world.problems, *self.watch.problems]
        problems += self._foreign_texts()
        problems += self._unordered_attempts()
        untold = self.watch.untold(self.scene.lead_id)
        problems += [f"the audit does not tell that the draft became {state}" for state in untold]
        problems += [
            f"part {part} is {row.state}, and the provider accepted it {counts[part]} times"
            for part, row in rows.messages.items()
            if not honest(MessageState(row.state), counts[part], final=final)
        ]
        return Verdict(
            duplicates=sum(max(0, count - 1) for count in counts),
            lost=int(not self._accounted_for(rows, counts, faults, final=final)),
            parked=len(rows.parked()),
            found=len(self.watch.found),
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
        if state in (DraftState.FAILED, DraftState.NEEDS_REVIEW):
            return Fault.REFUSED in faults
        return state == DraftState.UNKNOWN and bool(rows.parked()) and not final

    @property
    def parts(self) -> list[str]:
        """The texts that must arrive."""
        return [span.of(self.text) for span in parts_of(self.through.channel, self.text).spans]

    def accepted(self, part: int) -> list[Entry]:
        """Return what the provider accepted of one part."""
        ledger = self.world.sandbox.ledger
        return ledger.accepted(contact_id=self.recipient, text=self.parts[part])

    def _foreign_texts(self) -> list[str]:
        accepted, parts = self.world.sandbox.ledger.accepted(), self.parts
        problems: list[str] = []
        if any(entry.text not in parts for entry in accepted):
            problems.append("a text left that nobody approved")
        if any(entry.contact_id != self.recipient for entry in accepted):
            problems.append("a text left for somebody else")
        in_order = [entry.text for entry in accepted if entry.text in parts]
        if in_order != sorted(in_order, key=parts.index):
            problems.append("the parts left out of order")
        return problems

    def _unordered_attempts(self) -> list[str]:
        """Find what was sent again, on whatever way, though nobody knew and nobody ordered it."""
        problems: list[str] = []
        for part in self.parts:
            sends = enumerate(self.world.sandbox.ledger.sends())
            of_part = [(number, entry) for number, entry in sends if entry.text == part]
            for (before, earlier), (number, _) in pairwise(of_part):
                ordered = any(before < at <= number for at in self.ordered)
                if earlier.fault in _UNKNOWN and not ordered:
                    problems.append(f"an attempt followed one that {earlier.fault}")
        return problems

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
            transport=transport_of(world, slow=slow, closed=self.closed),
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
    for row in (rows.draft, rows.review, *rows.events, *rows.messages.values()):
        if row is not None:
            _delete(world, row)


def honest(state: MessageState, accepted: int, *, final: bool) -> bool:
    """Say whether a delivery's row agrees with the ledger."""
    if state is MessageState.SENT:
        return accepted > 0
    if state in (MessageState.SENDING, MessageState.UNKNOWN):
        return not final
    return accepted == 0


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


def want_a_pause(world: FaultyWorld, text: str) -> None:
    """Let the provider want a pause, once, before it takes a text that contains this."""
    world.sandbox.program(
        SandboxFault(Kind.REFUSE, refusal="too_many_requests", retry_after="30", text_contains=text)
    )


class RetryStory(ThreePartStory):
    """The provider wants a pause before the second part; the cron goes on after it."""

    def seed(self) -> None:
        super().seed()
        want_a_pause(self.world, "second part")


class ReplyStory(SystemStory):
    """The lead's message is recorded, answered by a draft, and the draft leaves in its thread."""

    def __init__(self, world: FaultyWorld) -> None:
        super().__init__(world)
        webhook = self.through.inbound(self.scene, "Yes, please", at=BEGINNING)
        self.event = self.through.event(self.scene, webhook)

    @property
    def draft_id(self) -> str:
        return reply_draft_id(self.event_id)

    @property
    def event_id(self) -> str:
        return self.through.event_id(self.scene, self.through.inbound_identity(self.scene))

    def deliver(self) -> bool:
        if not self.post(self.event):
            return False
        if not self.rows().events:
            self.world.problems.append("the webhook answered 200 and nothing is recorded")
        return True

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        verdict = super().judge(faults, final=final)
        path = self.through.answer_path(self.scene)
        sends = self.world.sandbox.ledger.sends()
        if path is None or all(entry.path == path for entry in sends):
            return verdict
        return replace(verdict, problems=(*verdict.problems, "an answer left its thread"))


class WebhookStory(ReplyStory):
    """A signed webhook is recorded, answered by a draft, and the draft leaves."""


class ReplyThroughGoHighLevel(ReplyStory):
    """An e-mail through GoHighLevel is answered."""

    through = CORRESPONDENTS["gohighlevel-email"]


class ReplyThroughEmailBison(ReplyStory):
    """An e-mail through EmailBison is answered."""

    through = CORRESPONDENTS["emailbison"]


class ReplyThroughSmartLead(ReplyStory):
    """An e-mail through SmartLead is answered; it never tells the id of what it took."""

    through = CORRESPONDENTS["smartlead"]


class ReplyThroughInstantly(ReplyStory):
    """An e-mail through Instantly is answered."""

    through = CORRESPONDENTS["instantly"]


class ReplyThroughUnipile(ReplyStory):
    """A LinkedIn message is answered in its chat."""

    through = CORRESPONDENTS["unipile"]


class SenderFallbackStory(ReplyStory):
    """The mailbox that was written to is definitely refused, and another one answers for it."""

    through = CORRESPONDENTS["emailbison"]

    def seed(self) -> None:
        self.scene.seed()
        self.through.integrate(self.scene, senders=["58"])

    def closed(self, request: Request) -> str | None:
        body = json.loads(request.body or b"{}")
        return "sender_unhealthy" if body.get("sender_email_id") == MAILBOX_ID else None


class LinkedInStepsStory(SystemStory):
    """A first message on LinkedIn: two ways to the person are closed, and the third is open."""

    through = CORRESPONDENTS["unipile"]

    @property
    def _public_identifier(self) -> str:
        return f"dana-{self.world.name}"

    @property
    def recipient(self) -> str:
        return provider_id_of(self._public_identifier)

    def seed(self) -> None:
        url = f"https://www.linkedin.com/in/{self._public_identifier}"
        self.scene.seed(linkedin_id=None, linkedin_url=url)
        self.through.integrate(self.scene)

    def closed(self, request: Request) -> str | None:
        if urlsplit(request.url).path != "/api/v1/chats":
            return None
        return "no_credits" if b"linkedin[inmail]" in (request.body or b"") else "not_connected"

    def deliver(self) -> bool:
        return self.world.invoke(
            lambda: send_linkedin_system(
                self.scene.lead_id,
                self.text,
                SendMeta("hello"),
                system=self.system(),
                budget=self.budget(25),
            )
        )

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        verdict = super().judge(faults, final=final)
        row = self.rows().messages.get(0)
        if row is None or row.code != Code.SENT:
            return verdict
        invited = all(entry.path == "/api/v1/users/invite" for entry in self.accepted(0))
        if (row.sent_as == "connection_request") == invited:
            return verdict
        return replace(verdict, problems=(*verdict.problems, f"it was sent as {row.sent_as}"))


class EchoStory(CronStory):
    """The provider tells of what left, again and again: before it is settled, and ever after.

    Attributes:
        people: whether a person writes as well, once ours is out.
        sign: what the provider puts in front of our text.
    """

    people = False
    sign = ""

    def __init__(self, world: FaultyWorld) -> None:
        super().__init__(world)
        self._told = self._owed = False
        world.before = self._tell_before_it_is_settled

    def seed(self) -> None:
        SystemStory.seed(self)
        self.scene.draft("hello", self.text, channel=self.through.channel)

    def deliver(self) -> bool:
        super().deliver()
        return self.tell()

    def tell(self) -> bool:
        """Let the provider tell of what it accepted; say whether it is content."""
        contents = [self.post(event) for event in self.echoes()]
        self._owed = not all(contents)
        return not self._owed

    def sweep_until_quiet(self) -> None:
        super().sweep_until_quiet()
        for _ in range(MOST_DELIVERIES):
            if not self._owed:
                return
            self.world.advance(60_000)
            self.tell()
            super().sweep_until_quiet()
        self.world.problems.append("the provider was never content")

    def echoes(self) -> list[dict[str, Any]]:
        """Return what the provider tells of so far."""
        return [self._echo(*message) for message in self._messages()]

    def _tell_before_it_is_settled(self, boundary: Boundary) -> None:
        if is_settlement(boundary) and not self._told and self.accepted(0):
            self._told = True
            self.tell()

    def _messages(self) -> list[tuple[str, str, int]]:
        """Return what left the account: text, id and time."""
        text = f"{self.sign}{self.text}"
        ours = [(text, str(each.message_id), each.began_at) for each in self.accepted(0)]
        if not ours or not self.people:
            return ours
        return [*ours, ("This is Kim, I'll call you", f"kim{self.world.name}", ours[0][2] + 2_000)]

    def _echo(self, text: str, message_id: str, at: int) -> dict[str, Any]:
        echo = self.through.echo(self.scene, text, message_id=message_id, at=at)
        assert echo is not None
        identity = self.through.echo_identity(message_id)
        event_id = self.through.event_id(self.scene, identity)
        if event_id not in self.watch.event_ids:
            self.watch.event_ids.append(event_id)
        return self.through.event(self.scene, echo)

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        verdict = super().judge(faults, final=final)
        counted = int(self.scene.lead_now().human_outbound_count)
        expected = int(self.people and bool(self.accepted(0)))
        if counted == expected:
            return verdict
        problem = f"{counted} messages count as a person's, and {expected} are"
        return replace(verdict, problems=(*verdict.problems, problem))


class LinkedInEchoStory(EchoStory):
    """Nothing says who wrote what left, a person or we; and a person does write as well."""

    through = CORRESPONDENTS["unipile"]
    people = True


class ChangedEchoStory(LinkedInEchoStory):
    """The same where the provider changes the text on its way, so that only its id tells."""

    sign = "Forwarded: "


class InvokedLater:
    """AWS Lambda, which takes an invocation that nobody waits for and begins it afterwards."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        """Take an invocation; see boto3."""
        self.taken.append(arguments["Payload"])
        return {"StatusCode": 202}


class SlackStory(ReplyStory):
    """Two people press at once what is asked in Slack; the draft leaves once, and both see it."""

    def __init__(self, world: FaultyWorld) -> None:
        super().__init__(world)
        self._lambda = InvokedLater()
        self._seen: Posted | None = None

    def seed(self) -> None:
        super().seed()
        workspace, campaign = Workspace(self.world.name), Campaign(f"{self.world.name}:autumn")
        write = Write(f"seed-{self.world.name}")
        asks = [Workspace.slack_channel.set(_ASKED_IN), Workspace.slack_approvers.set([SAM, KIM])]
        write.update("workspace", workspace, asks)
        write.update("campaign", campaign, self.campaign_changes())
        self.store.write(write)

    def campaign_changes(self) -> list[Action]:
        """Return what makes the campaign one whose replies people are asked about."""
        return [Campaign.response_mode.set(SETTER_MANAGED)]

    def system(self, *, slow: int = 0) -> System:
        slack = SandboxSlack(self.slack, timed_out=self.world.timed_out)
        return replace(super().system(slow=slow), slack=slack)

    @property
    def slack(self) -> Slack:
        """Slack itself."""
        return self.world.sandbox.slack

    # --- the course

    def deliver(self) -> bool:
        """Let the lead write, the cron ask, and two people press what they see."""
        if not super().deliver():
            return False
        question = self.question()
        if question is None:
            self.world.advance(CLAIM_MILLISECONDS + 1)
            self.sweep()
            question = self.question()
        return question is not None and self._decide(question)

    def question(self) -> Posted | None:
        """Return the question that people saw first, or see now, with its buttons as they were."""
        asked = [one for one in self.slack.messages() if Press.APPROVE in buttons(one.blocks)]
        self._seen = self._seen or (asked[0] if asked else None)
        return self._seen

    def _decide(self, question: Posted) -> bool:
        contents = [self.press(Press.APPROVE, question, user) for user in (SAM, KIM)]
        self.let_it_go()
        return all(contents)

    def press(self, button: Press, question: Posted, user: str) -> bool:
        """Press a button; say whether Slack got the answer that it wants."""
        now = self.world.now() / 1000
        return self.interact(click_on(question, button, SIGNING_SECRET, user=user, at=now))

    def interact(self, webhook: Webhook) -> bool:
        """Let Slack post what a person did; say whether it got the answer that it wants."""
        pressed_at = self.world.now()
        event = {
            "headers": dict(webhook.headers),
            "body": webhook.body.decode(),
            "pathParameters": {"workspace": self.world.name},
        }
        replies: list[SlackReply] = []
        self.world.invoke(lambda: replies.append(self._handle(event)))
        # A process that was stopped for longer than a signature holds lets nobody in.
        too_late = self.world.now() - pressed_at > _SIGNATURE_HOLDS
        if replies and replies[0].status not in (200, 503, *((401,) if too_late else ())):
            self.world.problems.append(f"Slack was answered {replies[0].status}")
        return bool(replies) and replies[0].status == 200

    def _handle(self, event: dict[str, Any]) -> SlackReply:
        cron = CronFunction(self.world, "followup-cron", lambda: self._lambda)
        return handle_slack(self.system(), event, cron)

    def let_it_go(self) -> None:
        """Begin the invocations that were taken, each in a process of its own."""
        taken, self._lambda.taken = self._lambda.taken, []
        for _ in taken:
            self.world.invoke(self._send_and_show)

    def _send_and_show(self) -> None:
        send_and_show(self.system(), self.draft_id, self.budget(120))

    # --- judging

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        verdict = super().judge(faults, final=final)
        problems = self.unshown(faults)
        return replace(verdict, problems=(*verdict.problems, *problems))

    def unshown(self, faults: frozenset[Fault]) -> list[str]:
        """Find what people do not see as it is."""
        review, draft = self.rows().review, self.rows().draft
        if review is None or draft is None or review.message is None:
            return ["nobody was asked"]
        (standing,) = [one for one in self.slack.messages() if one.ts == review.message]
        problems = []
        if review.shown_version != review.version:
            problems.append("the question is not shown as it is")
        if buttons(standing.blocks):
            problems.append(f"the draft is {draft.state}, and its question still has buttons")
        # Whoever is stopped right before asking asks once more when they go on.
        if len(self.slack.messages()) > 1 and not faults & FREEZES:
            problems.append("people were asked twice")
        return problems


class ByQueue(SystemStory):
    """The same where the cron fills a queue and workers perform what is in it.

    Webhooks and people do as before.
    """

    def __init__(self, world: FaultyWorld) -> None:
        super().__init__(world)
        self._deliveries = Deliveries(world)

    def sweep(self) -> None:
        """Run the cron once, and a worker for each message that then comes."""
        self.world.invoke(self._dispatch)
        self._deliveries.deliver(lambda message: self.world.invoke(lambda: self._work(message)))

    def _dispatch(self) -> None:
        queue = self._deliveries.queue()
        sweep(self.system(), self.budget(_CRON_SECONDS), workers=1, queue=queue)

    def _work(self, message: QueueMessage) -> None:
        batch = Batch(self.system(), self._deliveries.queue(), self.budget(_WORKER_SECONDS))
        batch.perform(message)
        batch.finish()


class CronByQueue(ByQueue, CronStory):
    """An approved draft whose delay is over leaves by the queue."""


class WebhookByQueue(ByQueue, WebhookStory):
    """A webhook answers at once; what it left undone, a worker finishes."""


def _reply_through(name: str) -> StoryMaker:
    """Return the story of a reply through another provider."""
    return type(f"ReplyThrough{name.title()}", (ReplyStory,), {"through": CORRESPONDENTS[name]})
