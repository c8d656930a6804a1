"""Invocations that get in each other's way, and what must hold whatever their order."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from devstack.sandbox.faults import Fault as SandboxFault
from devstack.sandbox.faults import Kind
from devstack.sandbox.instantly_webhooks import lead_unsubscribed
from devstack.sandbox.webhooks import Webhook, outbound_message
from system_sender.cli.operator import Operator
from system_sender.cli.sequences import switch_off
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, edit, reject
from system_sender.followups.performing import perform_enrolment
from system_sender.gate import send_approved_draft
from system_sender.models import Draft, Lead, Message, Workspace
from system_sender.sending import approve_and_send_draft_system
from system_sender.states import MessageState
from system_sender.store import Write
from system_sender.sweep import sweep
from system_sender.switches import pause
from system_sender.webhook import handle
from system_sender.word import settle_by_word
from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.interleaving import SideBySideWorld, Turn, every_order
from tests.crash.sequences import SequenceStory
from tests.crash.stories import (
    CronStory,
    EchoStory,
    LinkedInEchoStory,
    ReplyStory,
    ReplyThroughInstantly,
    RetryStory,
    SystemStory,
    ThreePartStory,
    WebhookStory,
    delete_open,
)
from tests.crash.watch import Rows
from tests.crash.world import BEGINNING, PAST_EVERY_DEADLINE
from tests.support.correspondents import SMS, iso, signer
from tests.support.scene import EMAIL, SECRET

_numbers = itertools.count(1)
_TIME = iso(BEGINNING)


class Contest:
    """Two invocations of one workspace, and the verdict over what they did together.

    Attributes:
        less: by how much the bound on preemptions is lower here, where there are many effects.
    """

    less = 0
    story_type: type[SystemStory] = CronStory

    def __init__(self, connection: FaultyConnection) -> None:
        self.world = SideBySideWorld(f"order{next(_numbers)}", connection)
        self.story = self.story_type(self.world)
        self.story.seed()
        self.prepare()

    def prepare(self) -> None:
        """Write what this contest needs beyond its story's seed."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        """Return the two."""
        return self.send, self.sweep

    def play(self, order: Sequence[int]) -> list[Turn]:
        """Run them in this order of turns."""
        self.story.watch.look()
        return self.world.side_by_side(order, self.invocations())

    def complaints(self) -> list[str]:
        """Say what is wrong, once the recovery and a person have done the rest."""
        self.story.recover()
        self.story.settle()
        self.story.close()
        verdict = self.story.judge(frozenset(), final=True)
        problems = list(verdict.problems)
        if verdict.duplicates or verdict.lost or verdict.parked:
            problems.append(
                f"duplicates {verdict.duplicates}, lost {verdict.lost}, parked {verdict.parked}"
            )
        return problems

    def clean(self) -> None:
        """Delete what another run's sweep would find."""
        self.story.clean()

    # --- what invocations do

    def send(self) -> None:
        """Send the draft, as a direct invocation of the function does."""
        send_approved_draft(self.story.system(), self.story.draft_id, budget=self.story.budget(25))

    def sweep(self) -> None:
        """Run the cron once."""
        sweep(self.story.system(), self.story.budget(120), workers=1)

    def accepted(self) -> int:
        """Return how many messages the lead has."""
        return len(self.world.sandbox.ledger.accepted(contact_id=self.story.recipient))

    def deliver(self, webhook: Webhook) -> None:
        """Let the provider's webhook arrive; nobody answers by itself in this campaign."""
        event = SMS.event(self.story.scene, webhook)
        response = handle(self.story.system(), event, self.story.budget(28))
        if response.status != 200:
            self.world.problems.append(f"the webhook answered {response.status}")


class DirectAndCron(Contest):
    """A direct invocation and the cron send the same draft."""


class DirectTwice(Contest):
    """The same draft is asked for twice at once."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.send, self.send


class WebhookTwice(Contest):
    """The provider delivers one event twice at once."""

    story_type = WebhookStory

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self._deliver, self._deliver

    def _deliver(self) -> None:
        story = self.story
        assert isinstance(story, WebhookStory)
        handle(story.system(), story.event, story.budget(28))


class WebhookAndCron(WebhookTwice):
    """The cron comes by while a webhook is at work."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self._deliver, self.sweep


class PartsTwice(Contest):
    """A person approves a text of three parts, and the cron comes by."""

    story_type = ThreePartStory

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self._approve, self.sweep

    def _approve(self) -> None:
        approve_and_send_draft_system(
            self.story.draft_id,
            sent_by="setter",
            system=self.story.system(),
            budget=self.story.budget(25),
        )


class RetryTwice(PartsTwice):
    """The second part is due again after a 429, and two invocations come for it at once."""

    story_type = RetryStory

    def prepare(self) -> None:
        self.world.invoke(self._approve)
        self.world.advance(60_000)

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.send, self.send


class TwoDraftsOneCap(Contest):
    """Two drafts of one lead at the same moment, where only one may go."""

    cap = "automated_per_day"
    code = Code.DAILY_CAP

    def prepare(self) -> None:
        self.story.scene.draft("other", "Hi again, Dana")
        write = Write(self.world.new_id())
        workspace = Workspace(self.world.name)
        write.update("workspace", workspace, [getattr(Workspace, self.cap).set(1)])
        self.story.store.write(write)

    @property
    def _ids(self) -> tuple[str, str]:
        return self.story.draft_id, f"{self.world.name}:other"

    def invocations(self) -> Sequence[Callable[[], object]]:
        return tuple(partial(self._send, draft_id) for draft_id in self._ids)

    def _send(self, draft_id: str) -> None:
        send_approved_draft(self.story.system(), draft_id, budget=self.story.budget(25))

    def complaints(self) -> list[str]:
        self.sweep_alone()
        drafts = [self.story.store.get(Draft, draft_id) for draft_id in self._ids]
        states = sorted(str(draft.state) for draft in drafts if draft is not None)
        codes = {draft.code for draft in drafts if draft is not None}
        problems = [*self.world.problems, *self.story.watch.problems]
        if self.accepted() != 1:
            problems.append(f"{self.accepted()} messages under a cap of one")
        if states not in (["approved", "sent"], ["needs_review", "sent"]) or self.code not in codes:
            problems.append(f"the drafts are {states} with {codes}")
        return problems

    def clean(self) -> None:
        for draft_id in self._ids:
            delete_open(self.world, Rows.of(self.story.store, draft_id))

    def sweep_alone(self) -> None:
        """Let the cron decide whatever was left to it."""
        self.world.advance(1_000)
        self.world.invoke(self.sweep)


class TwoDraftsInARow(TwoDraftsOneCap):
    """The same under the cap of unanswered messages in a row."""

    cap = "automated_in_a_row"
    code = Code.CONSECUTIVE_CAP


class ParkingAndLateSettlement(Contest):
    """A request takes so long that the cron takes its sender for dead, as it comes back."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self._send_slowly, self.sweep

    def _send_slowly(self) -> None:
        system = self.story.system(slow=PAST_EVERY_DEADLINE)
        send_approved_draft(system, self.story.draft_id, budget=self.story.budget(25))


class WordAndLateSettlement(ParkingAndLateSettlement):
    """A person settles by what the provider shows while the sender comes back."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self._send_slowly, self._sweep_and_settle

    def _sweep_and_settle(self) -> None:
        self.sweep()
        sent = self.accepted() > 0
        try:
            settle_by_word(self.story.system(), self.story.draft_id, 0, sent=sent, resend=not sent)
        except DraftRefused:
            return  # not parked (any more)


class Stopped(Contest, ABC):
    """Something lands beside a send that must stop it, if it lands before the claim.

    Attributes:
        landed: how the write begins by which it lands.
    """

    landed = "write event+lead"

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.send, self.stop

    def prepare(self) -> None:
        """Let people answer this lead, so that no reply of our own confuses the count."""
        write = Write(self.world.new_id())
        lead = Lead(self.story.scene.lead_id)
        write.update("lead", lead, [Lead.campaign_id.remove()])
        self.story.store.write(write)

    @abstractmethod
    def stop(self) -> None:
        """Do what must stop the send."""

    def complaints(self) -> list[str]:
        self.world.advance(1_000)
        self.world.invoke(self.sweep)
        problems = [*self.world.problems, *self.story.watch.problems]
        claimed, stopped = self._when("write suppression+message"), self._when(self.landed)
        expected = int(claimed is not None and (stopped is None or claimed < stopped))
        if self.accepted() != expected:
            problems.append(f"claimed at {claimed}, stopped at {stopped}, sent {self.accepted()}")
        return problems

    def _when(self, name: str) -> int | None:
        applied = self.world.applied
        return next((at for at, one in enumerate(applied) if one.startswith(name)), None)


class StoppedByOptOut(Stopped):
    """The lead writes STOP."""

    text = "STOP"

    def stop(self) -> None:
        self.deliver(SMS.inbound(self.story.scene, self.text, at=BEGINNING))


class StoppedByNewerInbound(StoppedByOptOut):
    """The lead writes again."""

    text = "Wait, I have a question"


class StoppedByHumanReply(Stopped):
    """A person answers in the provider's own app."""

    def stop(self) -> None:
        self.deliver(
            outbound_message(
                signer(),
                location_id=self.story.scene.location,
                contact_id=self.story.scene.contact,
                text="This is Kim, I'll call you",
                source="app",
                messageId=f"msg{self.world.name}",
                timestamp=_TIME,
                dateAdded=_TIME,
            )
        )


class StoppedByEdit(Stopped):
    """A person gives the draft another text."""

    landed = "write revision+draft"

    def stop(self) -> None:
        system = self.story.system()
        draft = system.store.get(Draft, self.story.draft_id)
        assert draft is not None
        try:
            edit(system.store, self.world, draft, "Another text")
        except DraftRefused:
            return  # claimed already: its text is final


class StoppedByRejection(Stopped):
    """A person rejects the draft."""

    landed = "write draft+lead"

    def stop(self) -> None:
        system = self.story.system()
        draft = system.store.get(Draft, self.story.draft_id)
        assert draft is not None
        try:
            reject(system.store, self.world, draft)
        except DraftRefused:
            return  # claimed already


class PausedBeside(Contest):
    """The switch is thrown beside a send: after `pause` has returned nothing begins."""

    returned_at: int | None = None

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.send, self._pause

    def _pause(self) -> None:
        pause(self.story.system().store, self.world, self.world.name, None)
        self.returned_at = self.world.now()

    def complaints(self) -> list[str]:
        self.world.advance(1_000)
        self.world.invoke(self.sweep)
        ledger = self.world.sandbox.ledger.sends(contact_id=self.story.scene.contact)
        late = [one for one in ledger if self.returned_at and one.began_at > self.returned_at]
        problems = [*self.world.problems, *self.story.watch.problems]
        return [*problems, "a request began after pause had returned"] if late else problems


class SwitchedOffBeside(Contest):
    """A step is written for the next day while its sequence is switched off: it never leaves."""

    story_type: type[SequenceStory] = SequenceStory

    def prepare(self) -> None:
        """Let automation write to nobody today."""
        write = Write(self.world.new_id())
        workspace = Workspace(self.world.name)
        closed = Workspace.schedule.set({"blackout_dates": [_TIME[: len("2026-06-29")]]})
        write.update("workspace", workspace, [closed])
        self.story.store.write(write)

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self._write_step, self._switch_off

    def _write_step(self) -> None:
        story = self.story
        assert isinstance(story, SequenceStory)
        perform_enrolment(story.system(), story.enrolment_id, budget=story.budget(120))

    def _switch_off(self) -> None:
        story = self.story
        assert isinstance(story, SequenceStory)
        operator = Operator(self.world)
        operator.store = story.system().store
        switch_off(operator, story.sequence_id)

    def complaints(self) -> list[str]:
        self.story.sweep_until_quiet()
        problems = [*self.world.problems, *self.story.watch.problems]
        late = self.accepted()
        return [*problems, "a step left, and its sequence was off"] if late else problems


class EchoAndSettlement(Contest):
    """The provider tells of what left while its sender is writing that down."""

    story_type: type[EchoStory] = EchoStory

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.send, self.tell

    def tell(self) -> None:
        """Let the provider tell of what it accepted, if it did, when this has its turn."""
        self.world.perform(Effect.SECRET, "wait for a turn", lambda: None)
        story = self.story
        assert isinstance(story, EchoStory)
        for event in story.echoes():
            status = handle(story.system(), event, story.budget(28)).status
            if status != 200:
                self.world.problems.append(f"the webhook answered {status}")


class LinkedInEchoAndSettlement(EchoAndSettlement):
    """The same where nothing says who wrote it, with a person's message behind it."""

    story_type = LinkedInEchoStory


class InDoubt(Contest):
    """A delivery of which nobody knows whether it left, when its look-up is due.

    Attributes:
        doubt: what the provider made of its request.
    """

    less = 1
    story_type: type[SystemStory] = EchoStory
    doubt = Kind.RESET_AFTER

    def prepare(self) -> None:
        self.story.watch.look()
        self.world.sandbox.program(SandboxFault(self.doubt))
        self.world.invoke(self.send)
        self.world.advance(31_000)

    def word(self) -> None:
        """Let a person settle it by what the provider's screen shows."""
        sent = self.accepted() > 0
        if not sent:
            self.story.order()
        try:
            settle_by_word(self.story.system(), self.story.draft_id, 0, sent=sent, resend=not sent)
        except DraftRefused:
            return  # the look-up was first
        self.send()


class LookUpTwice(InDoubt):
    """Two invocations of the cron look the same delivery up."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.sweep, self.sweep


class LookUpAndWord(InDoubt):
    """A person says that it left while the cron finds it."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.sweep, self.word


class LookUpAndResend(LookUpAndWord):
    """A person orders it anew while the cron finds nothing."""

    doubt = Kind.RESET_BEFORE


class LookUpAndEcho(InDoubt, EchoAndSettlement):
    """The provider tells of it while the cron finds it."""

    story_type = EchoStory

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.sweep, self.tell


class EchoAndWord(LookUpAndEcho):
    """The provider tells of it while a person says that it left."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.word, self.tell


class LookUpAndLateAnswer(ParkingAndLateSettlement):
    """A sender that was taken for dead comes back while the cron finds what it sent."""

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self._send_slowly, self._park_and_look_up

    def _park_and_look_up(self) -> None:
        self.sweep()
        self.world.advance(31_000)
        self.sweep()


_NOT_ACCEPTED = frozenset({Kind.RESET_BEFORE})


class EqualTexts(Contest):
    """Two drafts with one text for one lead, looked up side by side.

    Attributes:
        fates: what the provider makes of the two requests; None where it just takes it.
    """

    less = 1
    fates: tuple[Kind | None, Kind | None] = (None, Kind.RESET_BEFORE)

    def prepare(self) -> None:
        self.story.watch.look()
        self.story.scene.draft("twin", self.story.text)
        for draft_id, fate in zip(self._ids, self.fates, strict=True):
            if fate is not None:
                self.world.sandbox.program(SandboxFault(fate))
            self.world.invoke(partial(self._send, draft_id))
        self.world.advance(31_000)

    @property
    def _ids(self) -> tuple[str, str]:
        return f"{self.world.name}:twin", self.story.draft_id

    def _send(self, draft_id: str) -> None:
        send_approved_draft(self.story.system(), draft_id, budget=self.story.budget(25))

    def invocations(self) -> Sequence[Callable[[], object]]:
        return self.sweep, self.sweep

    def complaints(self) -> list[str]:
        for _ in range(5):
            self.world.advance(60 * 60_000)
            self.world.invoke(self.sweep)
        store = self.story.store
        messages = [store.get(Message, draft_id, 0) for draft_id in self._ids]
        sent = [row for row in messages if row is not None and row.state == MessageState.SENT]
        problems = [*self.world.problems, *self.story.watch.problems]
        lost = {i for i, fate in zip(self._ids, self.fates, strict=True) if fate in _NOT_ACCEPTED}
        if any(row.draft_id in lost for row in sent):
            problems.append("one says that it is sent by the evidence of the other")
        ids = [row.provider_message_id for row in sent if row.provider_message_id]
        if len(ids) != len(set(ids)):
            problems.append("two deliveries are one message at the provider")
        return problems

    def clean(self) -> None:
        for draft_id in self._ids:
            delete_open(self.world, Rows.of(self.story.store, draft_id))


class EqualTextsBothInDoubt(EqualTexts):
    """One of the two left, and nobody knows which."""

    fates = (Kind.RESET_BEFORE, Kind.RESET_AFTER)


class EqualTextsOneWithoutId(EqualTexts):
    """One left and got no id from the provider's answer; the other one did not leave."""

    fates = (Kind.SUCCESS_WITHOUT_ID, Kind.RESET_BEFORE)


class UnsubscribedBesideReply(Stopped):
    """The lead unsubscribes while their e-mail is being answered."""

    story_type = ReplyThroughInstantly

    def prepare(self) -> None:
        """The campaign answers: the answer is what must stop."""

    def send(self) -> None:
        story = self.story
        assert isinstance(story, ReplyStory)
        handle(story.system(), story.event, story.budget(28))

    def stop(self) -> None:
        scene = self.story.scene
        webhook = lead_unsubscribed(
            SECRET,
            lead=EMAIL,
            workspace=self.story.through.account(scene),
            timestamp=iso(BEGINNING),
        )
        event = self.story.through.event(scene, webhook)
        handle(self.story.system(), event, self.story.budget(28))

    def accepted(self) -> int:
        return len(self.story.accepted(0))

    def _when(self, name: str) -> int | None:
        if name != self.landed:
            return super()._when(name)
        applied = enumerate(self.world.applied)
        return next((at for at, one in applied if one.endswith("+suppression")), None)


CONTESTS: dict[str, type[Contest]] = {
    "direct and cron": DirectAndCron,
    "direct twice": DirectTwice,
    "webhook twice": WebhookTwice,
    "webhook and cron": WebhookAndCron,
    "three parts and cron": PartsTwice,
    "a retry twice": RetryTwice,
    "two drafts, daily cap": TwoDraftsOneCap,
    "two drafts, cap in a row": TwoDraftsInARow,
    "parking and a late settlement": ParkingAndLateSettlement,
    "a person's word and a late settlement": WordAndLateSettlement,
    "opt-out beside a send": StoppedByOptOut,
    "newer inbound beside a send": StoppedByNewerInbound,
    "human reply beside a send": StoppedByHumanReply,
    "edit beside a send": StoppedByEdit,
    "rejection beside a send": StoppedByRejection,
    "pause beside a send": PausedBeside,
    "switch-off beside a step": SwitchedOffBeside,
    "an echo and the settlement": EchoAndSettlement,
    "a linkedin echo and the settlement": LinkedInEchoAndSettlement,
    "a look-up twice": LookUpTwice,
    "a look-up and a person's word": LookUpAndWord,
    "a look-up and a new attempt": LookUpAndResend,
    "a look-up and an echo": LookUpAndEcho,
    "an echo and a person's word": EchoAndWord,
    "a look-up and a late answer": LookUpAndLateAnswer,
    "look-ups of equal texts": EqualTexts,
    "look-ups of equal texts, both in doubt": EqualTextsBothInDoubt,
    "look-ups of equal texts, one without an id": EqualTextsOneWithoutId,
    "unsubscribed beside a reply": UnsubscribedBesideReply,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """All orders of one contest."""

    orders: int
    complaints: tuple[str, ...]


def every_order_of(name: str, connection: FaultyConnection, *, preemptions: int) -> Outcome:
    """Play a contest in every order with at most so many preemptions, less its own reduction.

    One is always allowed.
    """
    bound = max(1, preemptions - CONTESTS[name].less)
    contests: list[Contest] = []

    def play(order: tuple[int, ...]) -> list[Turn]:
        contests.append(CONTESTS[name](connection))
        return contests[-1].play(order)

    complaints: list[str] = []
    orders = 0
    for order in every_order(play, preemptions=bound):
        orders += 1
        contest = contests.pop()
        shown = "".join(map(str, order))
        complaints += [f"{name}, order {shown}: {text}" for text in contest.complaints()]
        contest.clean()
    return Outcome(orders, tuple(complaints))
