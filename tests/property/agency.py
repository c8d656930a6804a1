"""The state machine's stage: a small agency, everything that happens to it, and its judge.

The judge is the provider's ledger. Our own tables are only compared with it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine
from pynamodb.connection import Connection

from devstack.sandbox.ledger import Entry
from devstack.sandbox.webhooks import Webhook
from system_sender.codes import Code
from system_sender.drafting.conversation import Conversation
from system_sender.drafting.judging import Judgement
from system_sender.drafting.writing import Written
from system_sender.inbound import EventKind
from system_sender.models import Draft, Message, Revision, Switch
from system_sender.states import (
    DRAFT_BORN,
    DRAFT_TRANSITIONS,
    MESSAGE_TRANSITIONS,
    DraftState,
    MessageState,
)
from system_sender.store import StorageError
from system_sender.webhook import WebhookResponse
from system_sender.world import Effect
from tests.engine.stage import Stage
from tests.support.correspondents import CORRESPONDENTS, SMS, Correspondent, signer
from tests.support.tables import rows

Delivery = tuple[str, int]

# How the agency writes on each channel.
THROUGH: dict[str, Correspondent] = {
    "sms": SMS,
    "email": CORRESPONDENTS["gohighlevel-email"],
    "linkedin": CORRESPONDENTS["unipile"],
}


@dataclass(frozen=True, slots=True)
class Posted:
    """A webhook, and how it reaches us."""

    through: Correspondent
    webhook: Webhook


class Killed(BaseException):
    """The process is gone. No handler of the code under test may catch it."""


class Numbered:
    """Answers every inbound text with a text of its own, so that the judge can tell them apart."""

    def write(self, conversation: Conversation, *, seconds: float) -> Written | Code:
        """Return the reply; every third one is long."""
        inbound = conversation.inbound
        number = int(inbound.sequence)
        text = f"Answer to {inbound.event_id}."
        if number % 3 == 0:
            text = " ".join(f"{text} Sentence {n}." for n in range(4))
        return Written(text, None, "numbered")

    def judge(self, conversation: Conversation, text: str, *, seconds: float) -> Judgement | Code:
        """Return the judgement; every fifth one is unsure."""
        sure = int(conversation.inbound.sequence) % 5 != 0
        return Judgement(1.0 if sure else 0.5, True, False, "", "numbered")


class Agency(RuleBasedStateMachine):
    """What the rules act on, and what must hold after each of them.

    Attributes:
        connection: to the engine; set before the machine runs.
        seen: every state that any run has reached, as "draft sent", "message unknown"; every
            channel that something was sent on, as "sent on sms"; and whether an echo was matched
            and a delivery was settled by evidence.
        moves: every move that any run has made.
    """

    connection: Connection
    seen: set[str]
    moves: set[tuple[str, str, str]]

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage.open(self.connection, writer=Numbered(), evaluator=Numbered())
        scene = self.stage.scene
        scene.public_key, self.stage.signer = signer().public_key(), signer()
        self.stage.system = scene.system(writer=Numbered(), evaluator=Numbered())
        for through in THROUGH.values():
            through.integrate(scene)
        self.stage.world.after = self._after
        self.stage.world.before = self._before
        self._kill_in: int | None = None
        self._kill_after = False
        self._draft_states: dict[str, DraftState] = {}
        self._message_states: dict[Delivery, MessageState] = {}
        self.problems: list[str] = []
        # How many further acceptances people ordered of a delivery, knowing it might be a second.
        self.orders: Counter[Delivery] = Counter()
        # Deliveries that a person gave a word about, which may be a false one.
        self.words: set[Delivery] = set()
        # What people wrote in the providers' own apps, by the ids of these messages.
        self.by_people: set[str] = set()

    # --- acting

    def act(self, call: Callable[[], Any], kill: int | None = None, *, after: bool = False) -> Any:
        """Run one invocation, which dies at an effect if told to; then look at everything."""
        closed = self._closed()
        sends = len(self.stage.sandbox.ledger.sends())
        self._kill_in, self._kill_after = kill, after
        try:
            result = call()
        except (Killed, StorageError):
            result = None
        finally:
            self._kill_in = None
        self._check_permission(self.stage.sandbox.ledger.sends()[sends:], closed)
        self.check()
        return result

    def _before(self, effect: Effect, name: str) -> None:
        if self._kill_in is None:
            return
        self._kill_in -= 1
        if self._kill_in == 0 and not self._kill_after:
            raise Killed

    def _after(self, effect: Effect, name: str) -> None:
        if effect is Effect.DATABASE_WRITE:
            self._look_at_moves()
        if self._kill_in == 0 and self._kill_after:
            raise Killed

    def deliver(self, posted: Posted, kill: int | None, *, after: bool) -> None:
        """Post a webhook; what was answered 2xx must be durable."""
        resource = f"/webhooks/{posted.through.provider}/{{workspace}}"
        before = {str(event.event_id) for event in self.stage.inbound()}
        answer: WebhookResponse | None = self.act(
            lambda: self.stage.post(posted.webhook, resource=resource), kill, after=after
        )
        now = {str(event.event_id) for event in self.stage.inbound()}
        assert before <= now, "P6: an event is forgotten"
        assert len(now) <= len(before) + 1, "P6: one webhook made two events"
        if answer is not None:
            assert answer.status in (200, 400, posted.through.trouble)
            if answer.status == 200 and answer.code is not Code.EVENT_IGNORED:
                event_id = str(answer.fields["event_id"])
                assert event_id in now, "P6: answered 200 before it was durable"
                fresh = answer.code is Code.RECORDED
                assert fresh == (event_id not in before), "P6: a duplicate changed something"

    # --- looking

    def drafts(self) -> list[Draft]:
        """Return every draft, in order of its id."""
        found = rows(self.connection, Draft)
        return sorted(found, key=lambda row: str(row.draft_id))

    def messages(self) -> list[Message]:
        """Return every delivery, in order of its key."""
        return self.stage.messages()

    def _look_at_moves(self) -> None:
        for draft in self.drafts():
            key, state = str(draft.draft_id), DraftState(draft.state)
            before = self._draft_states.get(key)
            self._draft_states[key] = state
            if state is not before:
                legal = state in (DRAFT_BORN if before is None else DRAFT_TRANSITIONS[before])
                self._note("draft", before, state, legal=legal)
        for message in self.messages():
            delivery = (str(message.draft_id), int(message.part))
            became = MessageState(message.state)
            was = self._message_states.get(delivery)
            self._message_states[delivery] = became
            if became is not was:
                born = {MessageState.QUEUED, MessageState.SENDING}
                legal = became in (born if was is None else MESSAGE_TRANSITIONS[was])
                self._note("message", was, became, legal=legal)
            if became is MessageState.SENT:
                self.seen.add(f"sent on {message.channel}")
            if message.code == Code.SENT_BY_EVIDENCE:
                self.seen.add("settled by evidence")

    def _note(self, what: str, before: str | None, after: str, *, legal: bool) -> None:
        self.seen.add(f"{what} {after}")
        self.moves.add((what, before or "absent", after))
        if not legal:
            self.problems.append(f"{what} went from {before} to {after}")

    def _closed(self) -> set[str]:
        """Return the channels on which nothing may leave now."""
        lead = self.stage.scene.lead_now()
        if lead.blacklisted:
            return set(THROUGH)
        closed = {key.split(":")[1] for key in self.stage.suppressions()}
        for row in rows(self.connection, Switch):
            if row.scope in ("*", self.stage.scene.workspace):
                closed |= set(THROUGH) if row.paused else set(row.paused_channels or ())
        return closed

    def channel_of(self, entry: Entry) -> str:
        """Return the channel that a request was for, as the ledger calls the lead on each."""
        scene = self.stage.scene
        recipients = {each.recipient(scene): channel for channel, each in THROUGH.items()}
        return recipients[entry.contact_id]

    # --- judging

    def check(self) -> None:
        """Check the promises that must hold between any two invocations, however they ended."""
        self._look_at_moves()
        assert self.problems == []
        drafts = {str(draft.draft_id): draft for draft in self.drafts()}
        messages = {(str(row.draft_id), int(row.part)): row for row in self.messages()}
        texts = self._texts(messages)
        accepted: Counter[Delivery] = Counter()
        for entry in self.stage.sandbox.ledger.accepted():
            assert entry.text in texts, "P4: a text left that is no claimed revision's"
            accepted[texts[entry.text]] += 1
        for delivery, count in accepted.items():
            assert count <= 1 + self.orders[delivery], f"P1: {delivery} left {count} times"
        for delivery, row in messages.items():
            self._check_message(delivery, row, accepted[delivery])
        self._check_echoes(list(messages.values()))
        for draft in drafts.values():
            self._check_draft(draft, messages)
        for event in self.stage.inbound():
            unfinished = event.finished_code is None
            assert unfinished == (event.due_at is not None), "P2: an event nobody would finish"
        lead = self.stage.scene.lead_now()
        assert lead.automated_in_a_row <= 3, "P5: the cap was passed"
        assert lead.automated_today <= 5, "P5: the day's cap was passed"

    def _texts(self, messages: dict[Delivery, Message]) -> dict[str, Delivery]:
        revisions = {
            (str(row.draft_id), int(row.revision)): str(row.text)
            for row in rows(self.connection, Revision)
        }
        return {
            revisions[delivery[0], int(row.revision)][int(row.start) : int(row.end)]: delivery
            for delivery, row in messages.items()
        }

    def _check_message(self, delivery: Delivery, row: Message, accepted: int) -> None:
        if row.state == MessageState.SENT and row.code != Code.SENT_BY_WORD:
            assert accepted >= 1, "P3: it says sent, and the provider has nothing"
        known_not = {
            MessageState.QUEUED,
            MessageState.NOT_SENT,
            MessageState.REJECTED,
            MessageState.DROPPED,
        }
        if row.state in known_not and delivery not in self.words:
            assert accepted == 0, f"P3: it says {row.state}, and the provider took it"
        unknown = row.state == MessageState.UNKNOWN
        assert unknown == (row.attention == "parked"), "P2: unknown and on nobody's list"

    def _check_draft(self, draft: Draft, messages: dict[Delivery, Message]) -> None:
        waits = draft.state in (DraftState.APPROVED, DraftState.SENDING)
        # These may be due for a look at the provider's records.
        may_wait = waits or draft.state in (DraftState.UNKNOWN, DraftState.SENT)
        is_due = draft.due_at is not None
        assert waits <= is_due <= may_wait, f"P2: {draft.state} and due {draft.due_at}"
        assert is_due == (draft.due_shard is not None)
        listed = None if draft.state == DraftState.SENDING else f"{draft.workspace}#{draft.state}"
        assert draft.state_key == listed
        parts = [messages[str(draft.draft_id), n] for n in range(int(draft.parts))]
        states = {str(part.state) for part in parts}
        if draft.state == DraftState.SENT:
            assert states == {"sent"}, f"P3: the draft is sent, its parts are {states}"
        if draft.state == DraftState.UNKNOWN:
            assert "unknown" in states, "P2: the draft is unknown and nobody sees why"
        assert ("sending" in states) <= (draft.state == DraftState.SENDING)

    def _check_permission(self, sends: list[Entry], closed: set[str]) -> None:
        stopped = {self.channel_of(entry) for entry in sends} & closed
        assert not stopped, f"P5: sent on {stopped} in spite of a switch or an opt-out"

    def _check_echoes(self, messages: list[Message]) -> None:
        """Check that ours never counts as a person's, nor one message as two deliveries."""
        for event in self.stage.inbound():
            if event.finished_code == Code.ECHO_MATCHED:
                self.seen.add("echo matched")
            told = event.kind == EventKind.ECHO and event.finished_code == Code.HUMAN_REPLIED
            assert not told or event.provider_message_id in self.by_people, (
                "P6: our own message counts as a person's"
            )
        named = Counter(
            (str(row.provider), str(row.provider_message_id))
            for row in messages
            if row.provider_message_id is not None
        )
        assert all(count == 1 for count in named.values()), "P3: one message, two deliveries"

    # --- the end

    def settle_down(self) -> None:
        """Let everything that can end by itself end: nothing may be left waiting for ever."""
        self.stage.sandbox.clear_faults()
        for row in rows(self.connection, Switch):
            self.act(partial(self.stage.scene.put, Switch(row.scope, changed_at=1)))
        for _ in range(6):
            self.stage.world.step(26 * 3600)
            self.act(self.stage.sweep)
        left = {str(draft.state) for draft in self.drafts()}
        assert not left & {"approved", "sending"}, f"P2: something waits for ever: {left}"
        assert all(event.finished_code for event in self.stage.inbound()), "P2: an event is stuck"
