"""Settles a delivery after the fact: by a person's word, or by the provider's own records."""

from typing import TYPE_CHECKING, Any

from system_sender import audit
from system_sender.change import Change
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, is_stale, list_draft
from system_sender.finding import Found
from system_sender.followups.waking import answered, is_answer, wake_all
from system_sender.linkedin import SENT_AS
from system_sender.models import Draft, Evidence, Lead, Message, evidence_key
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.result import message_id
from system_sender.settlement import (
    MESSAGE_STATE,
    DraftFate,
    clear_attention,
    draft_actions,
)
from system_sender.states import (
    DRAFT_OPEN,
    DRAFT_TRANSITIONS,
    DraftState,
    MessageState,
    check_draft_move,
    check_message_move,
)
from system_sender.store import ConditionsFailed, Write
from system_sender.switches import POST_WINDOW_SECONDS

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
    user: str | None = None,
) -> DraftFate | None:
    """Write down what a person found out about a parked delivery.

    Args:
        sent: True when the message is known to have left.
        resend: order one new attempt; only together with `sent=False`.
        override_stale: order it although the conversation has moved on, knowingly.
        user: whose word it is.

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
    outcome = _BY_WORD[sent]
    actor, now = audit.person(user), system.world.now()
    _write(system, _Verdict(message, draft, lead, fate, outcome, actor=actor, now=now))
    return fate


def settle_by_evidence(
    system: "System",
    message: Message,
    draft: Draft,
    found: Found,
    *,
    source: str,
    named: bool = True,
    look_ups: list[dict[str, Any]] | None = None,
) -> DraftFate | None:
    """Write down that a message in the provider's records is this delivery; it settles no other.

    Args:
        message, draft: as they were read: an undecided delivery, or one that was taken for not
            sent, and its draft.
        source: "look_up" or "echo".
        named: False where the id is not what the provider calls the message, and only keeps the
            evidence from being used again.
        look_ups: what all look-ups came to, where this one is written down with them.

    Returns:
        What became of the draft, or None where it is beyond it and only the delivery was settled.

    Raises:
        DraftRefused: the delivery or the draft is not as it was read, or the evidence is used up.
    """
    now = system.world.now()
    fate: DraftFate | None = _sent_fate(draft, message, Code.SENT_BY_EVIDENCE, now)
    if fate is not None and not _may_become(draft, fate):
        fate = None
    outcome = Outcome(
        OutcomeKind.SENT,
        Code.SENT_BY_EVIDENCE,
        provider_message_id=found.provider_message_id if named else None,
        provider_thread_id=found.provider_thread_id,
    )
    evidence = evidence_row(message, found, source, now)
    lead = system.store.get(Lead, draft.lead_id)
    verdict = _Verdict(
        message,
        draft,
        lead,
        fate,
        outcome,
        actor=source,
        now=now,
        evidence=evidence,
        look_ups=look_ups,
    )
    _write(system, verdict)
    return fate


def evidence_row(message: Message, found: Found, source: str, now: int) -> Evidence:
    """Return the row that uses up a message in the provider's records for this delivery."""
    return Evidence(
        evidence_key(message.workspace, message.provider, found.provider_message_id),
        delivery=message_id(message.draft_id, int(message.part)),
        source=source,
        created_at=now,
    )


def _write(system: "System", verdict: "_Verdict") -> None:
    try:
        system.store.write_patiently(verdict.write)
    except ConditionsFailed:
        raise DraftRefused(Code.DRAFT_CHANGED) from None


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
    return _sent_fate(draft, message, Code.SENT_BY_WORD, now)


def _sent_fate(draft: Draft, message: Message, code: Code, now: int) -> DraftFate:
    if int(message.part) < int(draft.parts) - 1:
        return DraftFate(DraftState.APPROVED, Code.PARTS_REMAIN, now)
    return DraftFate(DraftState.SENT, code)


_BY_WORD = {
    True: Outcome(OutcomeKind.SENT, Code.SENT_BY_WORD),
    False: Outcome(OutcomeKind.NOT_SENT, Code.SETTLED_NOT_SENT),
}


class _Verdict:
    """What was found out, as a transaction; the same input always makes the same one."""

    def __init__(
        self,
        message: Message,
        draft: Draft | None,
        lead: Lead | None,
        fate: DraftFate | None,
        outcome: Outcome,
        *,
        actor: str,
        now: int,
        evidence: Evidence | None = None,
        look_ups: list[dict[str, Any]] | None = None,
    ) -> None:
        self._message = message
        self._draft = draft
        self._lead = lead
        self._fate = fate
        self._outcome = outcome
        self._actor = actor
        self._now = now
        self._evidence = evidence
        self._look_ups = look_ups

    def write(self, token: str) -> Write:
        """Return the transaction, under a token of its own."""
        write = Write(token)
        if self._evidence is not None:
            write.put("evidence", self._evidence, Evidence.evidence.does_not_exist())
        self._settle_message(write)
        if self._draft is not None and self._fate is not None:
            self._settle_draft(write, self._draft, self._fate)
        return write

    def _settle_message(self, write: Write) -> None:
        message, outcome = self._message, self._outcome
        actions: list[Any] = [*clear_attention(), Message.settled_at.set(self._now)]
        if message.state == MessageState.UNKNOWN or self._evidence is not None:
            target = MESSAGE_STATE[outcome.kind]
            check_message_move(MessageState(message.state), target)
            actions += [
                Message.state.set(target.value),
                Message.code.set(outcome.code.value),
                Message.outcome.set(outcome.to_dict()),
            ]
        sent_as = SENT_AS.get(message.route or "")
        if outcome.kind is OutcomeKind.SENT and sent_as is not None:
            actions.append(Message.sent_as.set(sent_as))
        if self._look_ups is not None:
            actions.append(Message.look_ups.set(self._look_ups))
        if outcome.provider_message_id:
            actions.append(Message.provider_message_id.set(outcome.provider_message_id))
        if outcome.provider_thread_id:
            actions.append(Message.provider_thread_id.set(outcome.provider_thread_id))
        write.update(
            "message",
            Message(message.draft_id, int(message.part)),
            actions,
            (Message.state == message.state) & (Message.claim_id == message.claim_id),
        )

    def _result(self, draft: Draft, fate: DraftFate) -> dict[str, Any]:
        """Return what a repeated call answers from."""
        result = draft.result or {}
        own = self._outcome.provider_message_id
        return {
            **result,
            "code": fate.code.value,
            "message_id": message_id(draft.draft_id, int(self._message.part)),
            "provider_ids": [*result.get("provider_ids", ()), *([own] if own else [])],
        }

    def _left(self, lead: Lead) -> list[Any]:
        """Return the action that dates the lead's latest message from our side."""
        if self._message.post_by is None:
            return []
        claimed_at = int(self._message.post_by) - int(POST_WINDOW_SECONDS * 1000)
        return [Lead.last_outbound_at.set(max(claimed_at, int(lead.last_outbound_at or 0)))]

    def _knowingly(self, lead: Lead) -> list[Any]:
        """Return the actions of a person's order, who was asked about staleness."""
        return [
            Draft.seen_inbounds.set(lead.inbound_count),
            Draft.seen_human_outbounds.set(lead.human_outbound_count),
            Draft.approved_at.set(self._now),
            Draft.ready_at.set(self._now),
        ]

    def _settle_draft(self, write: Write, draft: Draft, fate: DraftFate) -> None:
        check_draft_move(DraftState(draft.state), fate.state)
        actions = draft_actions(draft, fate, self._now)
        actions += [Draft.attempts.set(0), Draft.result.set(self._result(draft, fate))]
        if self._lead is not None:
            if fate.state in DRAFT_OPEN and self._evidence is None:
                actions += self._knowingly(self._lead)
            changes: list[Any] = []
            if fate.state is DraftState.SENT and is_answer(draft, self._message.sent_by):
                changes = [answered(int(draft.seen_inbounds)), *self._left(self._lead)]
                wake_all(write, self._lead, self._now, but=draft.enrolment_id)
            listed = fate.state in DRAFT_OPEN
            list_draft(write, draft, listed=listed, lead_changes=changes)
        held = (
            Draft.claim_id == draft.claim_id
            if draft.claim_id is not None
            else Draft.claim_id.does_not_exist()
        )
        as_read = (Draft.state == draft.state) & held
        write.update("draft", Draft(draft.draft_id), actions, as_read)
        facts = {
            "part": int(self._message.part),
            "attempt": int(self._message.attempt),
            "provider_message_id": self._outcome.provider_message_id,
            "sent_by": draft.sent_by,
        }
        if fate.code is Code.RESEND_ORDERED and draft.enrolment_id is not None:
            # Its sequence may stand still by now: the step is the person's, as if they approved it.
            actions.append(Draft.sent_by.set("setter"))
            facts["sent_by"] = "setter"
        change = Change(fate, self._actor, self._now, facts, after_attempt=True)
        change.tell(write, draft)
