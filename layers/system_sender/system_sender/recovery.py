"""Settles what a dead invocation left behind, by what its deliveries say."""

from typing import TYPE_CHECKING

from system_sender import audit
from system_sender.budget import next_look_up, overdue_at
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, leave
from system_sender.followups.waking import is_answer, note_answer
from system_sender.models import Draft, Lead, Message
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.settlement import DraftFate, park
from system_sender.states import DraftState, MessageState
from system_sender.telemetry import log

if TYPE_CHECKING:
    from system_sender.system import System


def recover(system: "System", draft: Draft) -> Code:
    """Move a draft on that says `sending` although nobody can be at it any more."""
    now = system.world.now()
    if draft.due_at is None or draft.due_at > now:
        return Code.IN_PROGRESS
    keys = [(Message, draft.draft_id, part) for part in range(int(draft.parts))]
    rows = [row for row in system.store.read(*keys) if row is not None] if keys else []
    by_state = {MessageState(row.state): row for row in reversed(rows)}
    in_flight = by_state.get(MessageState.SENDING)
    if in_flight is not None:
        return _park_overdue(system, draft, in_flight, now)
    fate = _fate_of_parts(set(by_state), now)
    if fate.state is DraftState.SENT and any(is_answer(draft, row.sent_by) for row in rows):
        _note_answer(system, draft)
    try:
        leave(system.store, system.world, draft, fate, actor=audit.SWEEP)
    except DraftRefused:
        return Code.DRAFT_CHANGED
    return fate.code


def _note_answer(system: "System", draft: Draft) -> None:
    lead = system.store.get(Lead, draft.lead_id)
    if lead is not None:
        note_answer(system, lead, int(draft.seen_inbounds))


def _fate_of_parts(states: set[MessageState], now: int) -> DraftFate:
    """Say what becomes of a draft that is `sending` although none of its parts is. Pure."""
    if MessageState.UNKNOWN in states:
        return DraftFate(DraftState.UNKNOWN, Code.INTERRUPTED, next_look_up(now, 0))
    if MessageState.REJECTED in states:
        return DraftFate(DraftState.FAILED, Code.REJECTED_BY_PROVIDER)
    if states == {MessageState.SENT}:
        return DraftFate(DraftState.SENT, Code.SENT)
    return DraftFate(DraftState.APPROVED, Code.PARTS_REMAIN, now)


def _park_overdue(system: "System", draft: Draft, message: Message, now: int) -> Code:
    if message.post_by is not None and overdue_at(int(message.post_by)) > now:
        return Code.IN_PROGRESS
    outcome = Outcome(OutcomeKind.UNKNOWN, Code.INTERRUPTED)
    parked = park(system.store, system.world, draft, message, outcome)
    if parked:
        fields = {"draft_id": draft.draft_id, "part": int(message.part)}
        log.warning("delivery_parked", extra=fields)
    return Code.INTERRUPTED if parked else Code.DRAFT_CHANGED
