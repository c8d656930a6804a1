"""Settles a parked delivery by a person's word, and repairs what a settlement could not reach."""

from typing import TYPE_CHECKING, Any

from system_sender.codes import Code
from system_sender.drafts import DraftRefused, is_stale, list_draft
from system_sender.models import Draft, Lead, Message
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.result import message_id
from system_sender.settlement import DraftFate, clear_attention, draft_actions
from system_sender.states import (
    DRAFT_OPEN,
    DRAFT_TRANSITIONS,
    DraftState,
    MessageState,
    check_draft_move,
    check_message_move,
)
from system_sender.store import ConditionsFailed, Write

if TYPE_CHECKING:
    from system_sender.system import System


def settle_by_word(
    system: "System",
    draft_id: str,
    part: int,
    *,
    sent: bool,
    resend: bool,
    override_stale: bool = False,
) -> DraftFate | None:
    """Write down what a person found out about a parked delivery.

    Args:
        sent: True when the message is known to have left.
        resend: order one new attempt; only together with `sent=False`.
        override_stale: order it although the conversation has moved on, knowingly.

    Returns:
        What became of the draft, or None where the draft is gone or beyond it, and only the
        delivery was settled.

    Raises:
        DraftRefused: when the delivery is not parked, is settled at this very moment, or is
            already known to have ended otherwise.
    """
    message, draft = system.store.read((Message, draft_id, part), (Draft, draft_id))
    if message is None:
        raise DraftRefused(Code.MESSAGE_NOT_FOUND)
    if message.attention is None:
        raise DraftRefused(Code.NOT_PARKED, draft)
    _refuse_contradiction(message, sent=sent, resend=resend)
    lead = None if draft is None else system.store.get(Lead, draft.lead_id)
    if resend and draft is not None and lead is not None:
        _refuse_stale(draft, lead, part, override_stale=override_stale)
    fate = None if draft is None else _fate(system, draft, message, sent=sent, resend=resend)
    if draft is not None and fate is not None and not _may_become(draft, fate):
        fate = None
    word = _Word(message, draft, lead, fate, sent=sent, now=system.world.now())
    try:
        system.store.write_patiently(word.write)
    except ConditionsFailed:
        raise DraftRefused(Code.DRAFT_CHANGED, draft) from None
    return fate


def _refuse_contradiction(message: Message, *, sent: bool, resend: bool) -> None:
    """Let a word decide only what is unknown; of a repair it can but confirm what is known."""
    state = MessageState(message.state)
    if state is MessageState.UNKNOWN:
        return
    if sent != (state is MessageState.SENT) or (resend and state is MessageState.REJECTED):
        raise DraftRefused(Code.NOT_PARKED)


def _refuse_stale(draft: Draft, lead: Lead, part: int, *, override_stale: bool) -> None:
    """Let a whole text be ordered anew past a newer message only by a word that says so."""
    if part == 0 and is_stale(draft, lead) and not override_stale:
        raise DraftRefused(Code.STALE_NEEDS_WORD, draft)


def _may_become(draft: Draft, fate: DraftFate) -> bool:
    return fate.state in DRAFT_TRANSITIONS[DraftState(draft.state)]


def _fate(
    system: "System", draft: Draft, message: Message, *, sent: bool, resend: bool
) -> DraftFate:
    now = system.world.now()
    if not sent:
        if resend:
            return DraftFate(DraftState.APPROVED, Code.RESEND_ORDERED, now)
        return DraftFate(DraftState.FAILED, Code.SETTLED_NOT_SENT)
    if int(message.part) < int(draft.parts) - 1:
        return DraftFate(DraftState.APPROVED, Code.PARTS_REMAIN, now)
    return DraftFate(DraftState.SENT, Code.SENT_BY_WORD)


class _Word:
    """A person's word as a transaction; the same input always makes the same one."""

    def __init__(
        self,
        message: Message,
        draft: Draft | None,
        lead: Lead | None,
        fate: DraftFate | None,
        *,
        sent: bool,
        now: int,
    ) -> None:
        self._message = message
        self._draft = draft
        self._lead = lead
        self._fate = fate
        self._sent = sent
        self._now = now

    def write(self, token: str) -> Write:
        """Return the transaction, under a token of its own."""
        write = Write(token)
        self._settle_message(write)
        if self._draft is not None and self._fate is not None:
            self._settle_draft(write, self._draft, self._fate)
        return write

    def _settle_message(self, write: Write) -> None:
        message = self._message
        actions: list[Any] = [*clear_attention(), Message.settled_at.set(self._now)]
        if message.state == MessageState.UNKNOWN:
            target = MessageState.SENT if self._sent else MessageState.NOT_SENT
            check_message_move(MessageState.UNKNOWN, target)
            outcome = (
                Outcome(OutcomeKind.SENT, Code.SENT_BY_WORD)
                if self._sent
                else Outcome(OutcomeKind.NOT_SENT, Code.SETTLED_NOT_SENT)
            )
            actions += [
                Message.state.set(target.value),
                Message.code.set(outcome.code.value),
                Message.outcome.set(outcome.to_dict()),
            ]
        write.update(
            "message",
            Message(message.draft_id, int(message.part)),
            actions,
            (Message.state == message.state) & (Message.claim_id == message.claim_id),
        )

    def _result(self, draft: Draft, fate: DraftFate) -> dict[str, Any]:
        """Return what a repeated call answers from."""
        return {
            **(draft.result or {}),
            "code": fate.code.value,
            "message_id": message_id(draft.draft_id, int(self._message.part)),
        }

    def _settle_draft(self, write: Write, draft: Draft, fate: DraftFate) -> None:
        check_draft_move(DraftState(draft.state), fate.state)
        actions = draft_actions(draft, fate, self._now)
        actions += [Draft.attempts.set(0), Draft.result.set(self._result(draft, fate))]
        if self._lead is not None:
            if fate.state in DRAFT_OPEN:
                # Whoever orders it anew knows what it now answers: staleness was asked about.
                actions += [
                    Draft.seen_inbounds.set(self._lead.inbound_count),
                    Draft.seen_human_outbounds.set(self._lead.human_outbound_count),
                    Draft.approved_at.set(self._now),
                    Draft.ready_at.set(self._now),
                ]
            list_draft(write, draft, listed=fate.state in DRAFT_OPEN)
        held = (
            Draft.claim_id == draft.claim_id
            if draft.claim_id is not None
            else Draft.claim_id.does_not_exist()
        )
        as_read = (Draft.state == draft.state) & held
        write.update("draft", Draft(draft.draft_id), actions, as_read)
