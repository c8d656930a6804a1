"""Invocations that get in each other's way, and what must hold whatever their order."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from devstack.sandbox.webhooks import Webhook, outbound_message
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, edit, reject
from system_sender.gate import send_approved_draft
from system_sender.models import Draft, Lead, Workspace
from system_sender.sending import approve_and_send_draft_system
from system_sender.store import Write
from system_sender.sweep import sweep
from system_sender.switches import pause
from system_sender.webhook import handle
from system_sender.word import settle_by_word
from tests.crash.connection import FaultyConnection
from tests.crash.interleaving import SideBySideWorld, Turn, every_order
from tests.crash.stories import (
    CronStory,
    RetryStory,
    SystemStory,
    ThreePartStory,
    WebhookStory,
    delete_open,
)
from tests.crash.watch import Rows
from tests.crash.world import BEGINNING, PAST_EVERY_DEADLINE
from tests.support.correspondents import SMS, iso, signer

_numbers = itertools.count(1)
_TIME = iso(BEGINNING)


class Contest:
    """Two invocations of one workspace, and the verdict over what they did together."""

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
        return len(self.story.scene.sent_texts())

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
            delete_open(self.world, Rows(self.story.store, draft_id))

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
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """All orders of one contest."""

    orders: int
    complaints: tuple[str, ...]


def every_order_of(name: str, connection: FaultyConnection, *, preemptions: int) -> Outcome:
    """Play a contest in every order with at most so many preemptions."""
    contests: list[Contest] = []

    def play(order: tuple[int, ...]) -> list[Turn]:
        contests.append(CONTESTS[name](connection))
        return contests[-1].play(order)

    complaints: list[str] = []
    orders = 0
    for order in every_order(play, preemptions=preemptions):
        orders += 1
        contest = contests.pop()
        shown = "".join(map(str, order))
        complaints += [f"{name}, order {shown}: {text}" for text in contest.complaints()]
        contest.clean()
    return Outcome(orders, tuple(complaints))
