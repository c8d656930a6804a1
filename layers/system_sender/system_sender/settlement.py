"""Writes down what the provider's answer made of a delivery, its draft and its lead."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from system_sender import audit
from system_sender.alarms import tell_operators
from system_sender.budget import ID_LOOK_UP_AFTER, next_look_up, overdue_at
from system_sender.change import Change
from system_sender.codes import Code
from system_sender.delivery import Delivery
from system_sender.followups.waking import answered, is_answer, wake_all
from system_sender.models import (
    Draft,
    Integration,
    Lead,
    Message,
    Suppression,
    integration_key,
    shard_of,
    state_key,
    suppression_key,
)
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.result import SendOutcome, message_id
from system_sender.states import (
    DraftState,
    MessageState,
    check_draft_move,
    check_message_move,
)
from system_sender.store import ConditionsFailed, StorageError, Store, Write
from system_sender.switches import POST_WINDOW_SECONDS
from system_sender.telemetry import emit_contradiction, emit_parked, log
from system_sender.world import World

# Certain failures to leave are retried this often, over 63 minutes, before a person is asked: an
# outage of an hour loses nothing.
MOST_ATTEMPTS = 8
# How long a workspace's sends through a provider wait after it refused its credentials.
UNHEALTHY_MILLISECONDS = 10 * 60 * 1000
_FIRST_RETRY_MILLISECONDS = 30_000

MESSAGE_STATE = {
    OutcomeKind.SENT: MessageState.SENT,
    OutcomeKind.NOT_SENT: MessageState.NOT_SENT,
    OutcomeKind.REJECTED: MessageState.REJECTED,
    OutcomeKind.UNKNOWN: MessageState.UNKNOWN,
}
# While the provider may still show that it left, the lead lists the draft: what comes back of it
# must find it there.
_LISTED = frozenset({DraftState.APPROVED, DraftState.SENDING, DraftState.UNKNOWN})
_RESULT = {
    DraftState.SENT: SendOutcome.SENT,
    DraftState.FAILED: SendOutcome.REFUSED,
    DraftState.UNKNOWN: SendOutcome.UNKNOWN,
    DraftState.APPROVED: SendOutcome.WAITING,
}


class Settled(StrEnum):
    """How much of a settlement could be written."""

    # Message, draft and lead: the normal case.
    WHOLE = "whole"
    # All of it, but the draft had been moved on by a sweep or a person meanwhile.
    LATE = "late"
    # The message alone, flagged for repair: the draft is gone.
    ALONE = "alone"
    # Nothing: somebody else holds or has settled the delivery.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DraftFate:
    """What becomes of a draft.

    Attributes:
        due_at: when it is to be looked at again (epoch milliseconds, UTC).
        ready_at: from when on its waiting counts, where that was planned and is no delay.
    """

    state: DraftState
    code: Code
    due_at: int | None = None
    ready_at: int | None = None


def draft_fate(outcome: Outcome, *, attempts: int, is_last: bool, now: int) -> DraftFate:
    """Say what the outcome of one part makes of its draft. Pure.

    Args:
        attempts: how many of the draft's attempts certainly did not leave, this one included.
        now: epoch milliseconds, UTC.
    """
    if outcome.kind is OutcomeKind.SENT:
        if is_last:
            # Without an id, its provider is asked for it once: what it tells of it later names it.
            due_at = None if outcome.provider_message_id else now + ID_LOOK_UP_AFTER
            return DraftFate(DraftState.SENT, outcome.code, due_at)
        return DraftFate(DraftState.SENDING, Code.PARTS_REMAIN, overdue_at(now))
    if outcome.kind is OutcomeKind.UNKNOWN:
        return DraftFate(DraftState.UNKNOWN, outcome.code, next_look_up(now, 0))
    if outcome.kind is OutcomeKind.REJECTED:
        return DraftFate(DraftState.FAILED, outcome.code)
    if attempts >= MOST_ATTEMPTS:
        return DraftFate(DraftState.FAILED, Code.ATTEMPTS_EXHAUSTED)
    return DraftFate(DraftState.APPROVED, outcome.code, _retry_at(outcome, attempts, now))


def _retry_at(outcome: Outcome, attempts: int, now: int) -> int:
    if outcome.integration_unhealthy:
        return now + UNHEALTHY_MILLISECONDS
    backoff = now + _FIRST_RETRY_MILLISECONDS * 2 ** max(0, attempts - 1)
    return max(outcome.retry_at or now, backoff if outcome.counts else now)


def settle(
    store: Store, world: World, delivery: Delivery, outcome: Outcome, *, until: float | None
) -> "Settlement":
    """Write an attempt's outcome to the message, its draft and its lead, in one transaction.

    An unknown never overwrites something known; whoever lost the claim changes nothing. If the
    draft or the lead cannot take it (deleted in mid-flight), the message alone does, and is
    flagged for repair: what is known about a delivery outlives everything around it.

    Args:
        until: monotonic seconds after which retries under contention end.
    """
    now = world.now()
    extent, gone = Settled.WHOLE, frozenset[str]()
    while extent is not Settled.LOST:
        settlement = Settlement(delivery, outcome, now, extent, gone)
        try:
            store.write_patiently(settlement.write, until=until)
        except ConditionsFailed as refusal:
            newly_gone = (refusal.failed.keys() & {"lead", "integration"}) - gone
            gone |= newly_gone
            if not newly_gone:
                extent = _next_extent(extent, outcome, set(refusal.failed))
        else:
            settlement.tell_operators()
            return settlement
    if not _is_known_to_have_left(store, delivery):
        _report_lost_claim(delivery, outcome)
    return Settlement(delivery, outcome, now, extent, gone)


def _is_known_to_have_left(store: Store, delivery: Delivery) -> bool:
    """Say whether the provider's records already settled this very attempt as sent.

    One attempt is one request, so whatever its late answer says can contradict nothing.
    """
    try:
        row = store.get(Message, delivery.draft.draft_id, delivery.part)
    except StorageError:
        return False
    return row is not None and row.state == MessageState.SENT and row.claim_id == delivery.claim_id


def _next_extent(extent: Settled, outcome: Outcome, failed: set[str]) -> Settled:
    if "draft" not in failed or "message" in failed:
        return Settled.LOST
    if extent is Settled.WHOLE and outcome.kind is not OutcomeKind.UNKNOWN:
        return Settled.LATE
    return Settled.ALONE


def _report_lost_claim(delivery: Delivery, outcome: Outcome) -> None:
    fields = {"message_id": delivery.id, "code": outcome.code.value}
    if outcome.kind is OutcomeKind.SENT:
        # The provider accepted it, yet it was ordered again meanwhile: a person must see this.
        log.error("sent_after_being_settled_otherwise", extra=fields)
        emit_contradiction()
    else:
        log.warning("claim_lost", extra=fields)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One way to write an outcome; the same input always makes the same transaction."""

    delivery: Delivery
    outcome: Outcome
    now: int
    extent: Settled
    gone: frozenset[str]

    def write(self, token: str) -> Write:
        """Return the transaction, under a token of its own."""
        write = Write(token)
        delivery, outcome = self.delivery, self.outcome
        self._message(write)
        if self.extent is Settled.ALONE:
            self._tell_of_delivery(write)
        else:
            self._draft(write)
            self._lead(write)
        if outcome.suppress:
            draft = delivery.draft
            suppress(
                write, draft.workspace, draft.channel, delivery.letter.to, outcome.code, self.now
            )
        if outcome.integration_unhealthy and "integration" not in self.gone:
            self._integration(write)
        return write

    def tell_operators(self) -> None:
        """Tell what they must hear of, once it is written."""
        if self.extent is Settled.ALONE:
            emit_parked()
        elif not (self.outcome.next_route and self.delivery.has_next_route):
            # With another way left, it is not put off: that is tried at once.
            tell_operators(self.delivery.draft, self.fate(), self.now)

    def _message(self, write: Write) -> None:
        target = MESSAGE_STATE[self.outcome.kind]
        draft_id = self.delivery.draft.draft_id
        actions: list[Any] = [
            Message.state.set(target.value),
            Message.outcome.set(self.outcome.to_dict()),
            Message.code.set(self.outcome.code.value),
            Message.settled_at.set(self.now),
        ]
        if self.outcome.provider_message_id:
            actions.append(Message.provider_message_id.set(self.outcome.provider_message_id))
        if self.outcome.provider_thread_id:
            actions.append(Message.provider_thread_id.set(self.outcome.provider_thread_id))
        if self.outcome.sent_as:
            actions.append(Message.sent_as.set(self.outcome.sent_as))
        if self.outcome.next_route:
            refused = [*self.delivery.refused_routes, self.delivery.letter.route]
            actions.append(Message.refused_routes.set(refused))
        if self.extent is Settled.ALONE:
            actions += flag_attention("repair", draft_id, self.now)
        elif target is MessageState.UNKNOWN:
            actions += flag_attention("parked", draft_id, self.now)
        else:
            actions += clear_attention()
        ours = Message.claim_id == self.delivery.claim_id
        sources = _message_sources(target)
        write.update(
            "message",
            Message(draft_id, self.delivery.part),
            actions,
            ours & Message.state.is_in(*(source.value for source in sources)),
        )
        if target is MessageState.REJECTED:
            later = range(self.delivery.part + 1, len(self.delivery.spans))
            drop_parts(write, draft_id, later)

    def _draft(self, write: Write) -> None:
        draft, fate = self.delivery.draft, self.fate()
        sources = _draft_sources(self.outcome, late=self.extent is Settled.LATE)
        for source in sources:
            check_draft_move(source, fate.state)
        actions = draft_actions(draft, fate, self.now)
        actions.append(Draft.attempts.set(self._attempts()))
        actions.append(Draft.result.set(self._result(fate)))
        write.update(
            "draft",
            Draft(draft.draft_id),
            actions,
            Draft.state.is_in(*(source.value for source in sources))
            & (Draft.claim_id == self.delivery.claim_id),
        )

        left = DraftState.SENDING.value if self.extent is Settled.WHOLE else None
        facts = {"source": left, **self._facts()}
        change = Change(fate, audit.PROVIDER, self.now, facts, after_attempt=True)
        change.tell(write, draft)

    def _facts(self) -> dict[str, Any]:
        """Return what the audit tells of an attempt."""
        delivery = self.delivery
        return {
            "sent_by": delivery.sent_by,
            "part": delivery.part,
            "attempt": delivery.attempt,
            "claimed_at": self._claimed_at(),
            "provider_message_id": self.outcome.provider_message_id,
            # Of the attempt, even where the draft's own is about all of them.
            "code": self.outcome.code.value,
        }

    def _claimed_at(self) -> int:
        return self.delivery.post_by - int(POST_WINDOW_SECONDS * 1000)

    def _tell_of_delivery(self, write: Write) -> None:
        target = MESSAGE_STATE[self.outcome.kind].value
        audit.note(
            write,
            self.delivery.draft,
            target=target,
            actor=audit.PROVIDER,
            at=self.now,
            **{"source": None, **self._facts()},
        )

    def fate(self) -> DraftFate:
        """Return what becomes of the draft."""
        fate = draft_fate(
            self.outcome,
            attempts=self._attempts(),
            is_last=self.delivery.is_last,
            now=self.now,
        )
        if self.extent is Settled.LATE and fate.state is DraftState.SENDING:
            return DraftFate(DraftState.APPROVED, Code.PARTS_REMAIN, self.now)
        return fate

    def _attempts(self) -> int:
        counts = self.outcome.kind is OutcomeKind.NOT_SENT and self.outcome.counts
        return int(self.delivery.draft.attempts) + int(counts)

    def _result(self, fate: DraftFate) -> dict[str, Any]:
        """Return what a repeated call answers from, without reading anything but the draft."""
        own = self.outcome.provider_message_id
        return {
            "outcome": _RESULT.get(fate.state, SendOutcome.IN_PROGRESS).value,
            "code": fate.code.value,
            "message_id": self.delivery.id,
            "provider_ids": [*self.delivery.earlier_provider_ids, *([own] if own else [])],
            "part": self.delivery.part,
            "parts": len(self.delivery.spans),
        }

    def _lead(self, write: Write) -> None:
        if "lead" in self.gone:
            return
        draft = self.delivery.draft
        actions: list[Any] = []
        if self.outcome.kind is OutcomeKind.SENT:
            # What came in since the claim is not answered by it.
            left_at = max(self._claimed_at(), int(self.delivery.lead.last_outbound_at or 0))
            actions.append(Lead.last_outbound_at.set(left_at))
        if self.fate().state is DraftState.SENT and is_answer(draft, self.delivery.sent_by):
            # An answer from our side: what paused for the lead's message may go on. What a person
            # sends is one even if it is a step, and other sequences keep their distance from it.
            actions.append(answered(int(draft.seen_inbounds)))
            wake_all(write, self.delivery.lead, self.now, but=draft.enrolment_id)
        if self.fate().state not in _LISTED:
            actions.append(Lead.open_drafts.delete({draft.draft_id}))
        if actions:
            write.update("lead", Lead(draft.lead_id), actions, Lead.lead_id.exists())

    def _integration(self, write: Write) -> None:
        write.update(
            "integration",
            Integration(integration_key(self.delivery.draft.workspace, self.delivery.provider)),
            [
                Integration.unhealthy_until.set(self.now + UNHEALTHY_MILLISECONDS),
                Integration.unhealthy_code.set(self.outcome.code.value),
            ],
            Integration.integration.exists(),
        )


def _message_sources(target: MessageState) -> list[MessageState]:
    """Return the states of its own claim that an answer may still settle."""
    sources = [MessageState.SENDING]
    if target is not MessageState.UNKNOWN:
        # A process that was taken for dead, and parked, knows better than the sweep.
        sources.append(MessageState.UNKNOWN)
    if target is MessageState.SENT:
        # ... and better than a person who was told it had not left.
        sources.append(MessageState.NOT_SENT)
    for source in sources:
        check_message_move(source, target)
    return sources


def _draft_sources(outcome: Outcome, *, late: bool) -> list[DraftState]:
    if not late:
        return [DraftState.SENDING]
    if outcome.kind is OutcomeKind.SENT:
        return [DraftState.UNKNOWN, DraftState.FAILED, DraftState.APPROVED]
    return [DraftState.UNKNOWN]


def draft_actions(draft: Draft, fate: DraftFate, now: int) -> list[Any]:
    """Return the actions that give a draft its new state, code and due time."""
    actions: list[Any] = [
        Draft.state.set(fate.state.value),
        Draft.code.set(fate.code.value),
        Draft.updated_at.set(now),
    ]
    if fate.ready_at is not None:
        actions.append(Draft.ready_at.set(fate.ready_at))
    if fate.state is DraftState.NEEDS_REVIEW:
        actions.append(Draft.asked.set(True))
    if fate.state is DraftState.SENDING:
        actions.append(Draft.state_key.remove())
    else:
        actions.append(Draft.state_key.set(state_key(draft.workspace, fate.state)))
    if fate.due_at is None:
        actions += [Draft.due_shard.remove(), Draft.due_at.remove()]
    else:
        actions += [
            Draft.due_shard.set(shard_of(draft.draft_id)),
            Draft.due_at.set(fate.due_at),
        ]
    return actions


def drop_parts(write: Write, draft_id: str, parts: Iterable[int]) -> None:
    """Drop parts that nobody has begun, or that certainly did not leave, with their draft."""
    sources = (MessageState.QUEUED, MessageState.NOT_SENT)
    for source in sources:
        check_message_move(source, MessageState.DROPPED)
    for part in parts:
        write.update(
            f"part{part}",
            Message(draft_id, part),
            [Message.state.set(MessageState.DROPPED.value)],
            Message.state.is_in(*(source.value for source in sources)),
        )


def suppress(
    write: Write, workspace: str, channel: str, address: str, reason: Code, now: int
) -> None:
    """Add the row that stops every further send to an address on this channel."""
    row = Suppression(
        suppression_key(workspace, channel, address), reason=reason.value, created_at=now
    )
    write.put("suppression", row)


def flag_attention(kind: str, draft_id: str, now: int) -> list[Any]:
    """Return the actions that put a delivery where operators and alarms look."""
    return [
        Message.attention.set(kind),
        Message.attention_shard.set(shard_of(draft_id)),
        Message.attention_at.set(now),
    ]


def clear_attention() -> list[Any]:
    """Return the actions that take a delivery off that list."""
    return [
        Message.attention.remove(),
        Message.attention_shard.remove(),
        Message.attention_at.remove(),
    ]


def park(store: Store, world: World, draft: Draft, message: Message, outcome: Outcome) -> bool:
    """Park a delivery whose process died. Returns False if it was settled meanwhile."""
    now = world.now()
    check_message_move(MessageState.SENDING, MessageState.UNKNOWN)
    check_draft_move(DraftState.SENDING, DraftState.UNKNOWN)
    fate = DraftFate(DraftState.UNKNOWN, outcome.code, next_look_up(now, 0))
    result = {
        **(draft.result or {}),
        "outcome": SendOutcome.UNKNOWN.value,
        "code": outcome.code.value,
        "message_id": message_id(draft.draft_id, int(message.part)),
        "part": int(message.part),
        "parts": int(draft.parts),
    }

    facts = {
        "part": int(message.part),
        "attempt": int(message.attempt),
        "claimed_at": int(message.post_by or 0) - int(POST_WINDOW_SECONDS * 1000),
    }
    change = Change(fate, audit.SWEEP, now, facts)

    def build(token: str) -> Write:
        write = Write(token)
        write.update(
            "message",
            Message(draft.draft_id, int(message.part)),
            [
                Message.state.set(MessageState.UNKNOWN.value),
                Message.outcome.set(outcome.to_dict()),
                Message.code.set(outcome.code.value),
                Message.settled_at.set(now),
                *flag_attention("parked", draft.draft_id, now),
            ],
            (Message.claim_id == message.claim_id) & (Message.state == MessageState.SENDING.value),
        )
        write.update(
            "draft",
            Draft(draft.draft_id),
            [*draft_actions(draft, fate, now), Draft.result.set(result)],
            (Draft.claim_id == draft.claim_id) & (Draft.state == DraftState.SENDING.value),
        )
        change.tell(write, draft)
        return write

    try:
        store.write_patiently(build)
    except ConditionsFailed:
        return False
    tell_operators(draft, fate, now)
    return True
