"""Messages that left through the account: ours, which confirms a delivery, or a person's.

And what became of them afterwards. An echo is never taken for an answer of the lead.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from system_sender.codes import Code
from system_sender.deliveries import LeadDelivery, deliveries_of
from system_sender.drafts import DraftRefused
from system_sender.finding import Found
from system_sender.finishing import finish, finish_step
from system_sender.followups.waking import answered, came_before, wake_all, wrote_since
from system_sender.inbound import DeliveryStatus
from system_sender.models import (
    Evidence,
    Inbound,
    Lead,
    Message,
    evidence_key,
)
from system_sender.states import MessageState
from system_sender.store import ConditionsFailed, Write
from system_sender.telemetry import emit_contradiction, log
from system_sender.word import evidence_row, settle_by_evidence

if TYPE_CHECKING:
    from system_sender.system import System

# What a provider tells of a message, and a connection request that is accepted, may come late.
_LOOK_BACK = 90 * 24 * 3600 * 1000
_LOOK_AGAIN = 60_000
# A delivery that is still unknown then is for a person to decide; the echo no longer waits for it.
_LONGEST_HOLD = 2 * 3600 * 1000
_TRIES = 4


def perform_echo(system: "System", echo: Inbound, lead: Lead) -> Code:
    """Find out what an outbound message was that the provider told of, and act on it.

    Returns:
        ECHO_MATCHED: it is a delivery of ours, which it may have settled. ECHO_HELD: it may be one
        that is still undecided; the event stays due. HUMAN_REPLIED: a person of the agency wrote
        it. EVENT_IGNORED: a machine wrote it, and it is none of ours.
    """
    at = int(echo.occurred_at or echo.received_at)
    deliveries = deliveries_of(
        system, lead, echo.provider, echo.channel, since=int(echo.received_at) - _LOOK_BACK
    )
    if _is_known(system, echo, deliveries):
        return finish(system, echo, Code.ECHO_MATCHED)
    alike = [delivery for delivery in deliveries if delivery.may_be(echo.text or "", at)]
    undecided = [delivery for delivery in alike if delivery.is_undecided]
    unnamed = [delivery for delivery in alike if delivery.is_unnamed]
    if undecided:
        return _confirm(system, echo, [*undecided, *unnamed], at)
    sent = [delivery for delivery in alike if delivery.message.state == MessageState.SENT]
    if unnamed or (sent and echo.provider_message_id is None):
        return _note_id(system, echo, (unnamed or sent)[0], at)
    if any(int(delivery.message.attempt) > 1 for delivery in sent):
        return _contradict(system, echo)
    late = [delivery for delivery in alike if delivery.message.state == MessageState.NOT_SENT]
    if len(late) == 1:
        return _confirm(system, echo, late, at)
    # Sent once, known by another id: this is a second message with the same words.
    rest = [one for one in deliveries if one.is_undecided and one.may_have_left_at(at)]
    return _unmatched(system, echo, lead, rest)


def _is_known(system: "System", echo: Inbound, deliveries: list[LeadDelivery]) -> bool:
    if echo.provider_message_id is None:
        return False
    if any(one.message.provider_message_id == echo.provider_message_id for one in deliveries):
        return True
    key = evidence_key(echo.workspace, echo.provider, echo.provider_message_id)
    return system.store.get(Evidence, key) is not None


def _confirm(system: "System", echo: Inbound, alike: list[LeadDelivery], at: int) -> Code:
    """Settle the one delivery that this can be; hold the echo while that is not certain."""
    delivery = alike[0]
    if len(alike) > 1 or delivery.message.state == MessageState.SENDING:
        # Whoever is sending it settles it, or a sweep parks it; either way it comes to rest. What
        # cannot be told apart for so long is for a person, and is one of ours all the same.
        old = _age(system, echo) >= _LONGEST_HOLD
        return finish(system, echo, Code.ECHO_MATCHED) if old else _hold(system, echo)
    if delivery.message.state == MessageState.NOT_SENT:
        # It had been settled otherwise, and may have been ordered anew.
        _alarm(echo)
    try:
        settle_by_evidence(
            system,
            delivery.message,
            delivery.draft,
            _found(echo, at),
            source="echo",
            named=echo.provider_message_id is not None,
        )
    except DraftRefused:
        # It moved at this very moment: what it is now is seen the next time.
        return _hold(system, echo)
    return finish(system, echo, Code.ECHO_MATCHED)


def _contradict(system: "System", echo: Inbound) -> Code:
    """Tell that an attempt which had been taken for lost left after all, beside the next one."""
    _alarm(echo)
    return finish(system, echo, Code.ECHO_MATCHED)


def _alarm(echo: Inbound) -> None:
    log.error("sent_after_being_settled_otherwise", extra={"event_id": echo.event_id})
    emit_contradiction()


def _found(echo: Inbound, at: int) -> Found:
    # Without an id of its own, the event's identity stands for the message.
    return Found(echo.provider_message_id or echo.event_id, at)


def _note_id(system: "System", echo: Inbound, delivery: LeadDelivery, at: int) -> Code:
    """Take a sent delivery's id from its echo, where the provider's answer had brought none."""
    message = delivery.message
    if message.provider_message_id is None and echo.provider_message_id is not None:
        found = _found(echo, at)

        def build(token: str) -> Write:
            write = Write(token)
            row = evidence_row(message, found, "echo", system.world.now())
            write.put("evidence", row, Evidence.evidence.does_not_exist())
            write.update(
                "message",
                Message(message.draft_id, int(message.part)),
                [Message.provider_message_id.set(found.provider_message_id)],
                Message.draft_id.exists() & Message.provider_message_id.does_not_exist(),
            )
            return write

        try:
            system.store.write_patiently(build)
        except ConditionsFailed:
            return _hold(system, echo)
    return finish(system, echo, Code.ECHO_MATCHED)


def _unmatched(system: "System", echo: Inbound, lead: Lead, undecided: list[LeadDelivery]) -> Code:
    """Count it as a person's message, once nothing undecided of ours is left that it could be.

    A provider may change a text on its way, so that an undecided delivery could be it after all.
    """
    if undecided and _age(system, echo) < _LONGEST_HOLD:
        return _hold_automation(system, echo, lead) if echo.human else _hold(system, echo)
    if not echo.human:
        return finish(system, echo, Code.EVENT_IGNORED)
    return _count_human(system, echo, lead)


def _count_human(system: "System", echo: Inbound, lead: Lead) -> Code:
    for _ in range(_TRIES):
        if wrote_since(system, lead, echo.provider, echo.occurred_at):
            return finish(system, echo, Code.RECORDED)
        try:
            system.store.write_patiently(_HumanMessage(echo, lead, system.world.now()).write)
        except ConditionsFailed as refusal:
            if "event" in refusal.failed:
                return Code.HUMAN_REPLIED
            fresh = system.store.get(Lead, lead.lead_id)
            if fresh is None:
                return finish(system, echo, Code.LEAD_NOT_FOUND)
            lead = fresh
            continue
        return Code.HUMAN_REPLIED
    return _hold(system, echo)


class _HumanMessage:
    """A person's message, counted with the lead; the same input makes the same transaction."""

    def __init__(self, echo: Inbound, lead: Lead, now: int) -> None:
        self._echo = echo
        self._lead = lead
        self._now = now

    def write(self, token: str) -> Write:
        """Return the transaction, under a token of its own."""
        echo, lead = self._echo, self._lead
        write = Write(token)
        at = int(echo.occurred_at or 0)
        actions: list[Any] = [
            Lead.version.set(int(lead.version) + 1),
            Lead.human_outbound_count.set(int(lead.human_outbound_count) + 1),
            Lead.automated_in_a_row.set(0),
            Lead.last_outbound_at.set(self._now),
            Lead.human_outbound_at.set(max(int(lead.human_outbound_at or 0), at)),
        ]
        if not came_before(at or None, lead):
            actions.append(answered(int(lead.inbound_count)))
        # In this very transaction: once the event is finished, nobody would do it any more.
        wake_all(write, lead, self._now)
        write.update("lead", Lead(lead.lead_id), actions, Lead.version == lead.version)
        finish_step(write, echo, Code.HUMAN_REPLIED)
        return write


# --- what became of a message ---------------------------------------------------------------------


def perform_status(system: "System", event: Inbound, lead: Lead) -> Code:
    """Record with a message what its provider tells of it: delivered, read, bounced, failed."""
    deliveries = deliveries_of(
        system, lead, event.provider, event.channel, since=int(event.received_at) - _LOOK_BACK
    )
    told, at = event.provider_message_id, int(event.occurred_at or event.received_at)
    message = next(
        (
            one.message
            for one in deliveries
            if told is not None and one.message.provider_message_id == told
        ),
        None,
    )
    if message is None:
        # It may be told before we know ourselves what the message is called.
        nameless = told is not None and any(one.is_recently_nameless(at) for one in deliveries)
        if nameless and _age(system, event) < _LONGEST_HOLD:
            return _hold(system, event)
        return finish(system, event, Code.STATUS_UNMATCHED)

    def build(token: str) -> Write:
        write = Write(token)
        write.update(
            "message",
            Message(message.draft_id, int(message.part)),
            [
                Message.delivery_status.set(DeliveryStatus(str(event.status)).value),
                Message.delivery_status_at.set(at),
            ],
            Message.draft_id.exists()
            & (Message.delivery_status_at.does_not_exist() | (Message.delivery_status_at <= at)),
        )
        finish_step(write, event, Code.STATUS_RECORDED)
        return write

    # Events come in any order, and what was read had been delivered: the latest word stands.
    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return finish(system, event, Code.STATUS_RECORDED)
    return Code.STATUS_RECORDED


# --- the event itself ----------------------------------------------------------------------------


def _age(system: "System", echo: Inbound) -> int:
    return system.world.now() - int(echo.received_at)


def _hold_automation(system: "System", echo: Inbound, lead: Lead) -> Code:
    """Hold an echo that is probably a person's, and let no machine talk over them meanwhile.

    The lead's version grows with it, so that an automated claim which did not see this fails.
    """
    until = system.world.now() + 2 * _LOOK_AGAIN
    return _hold(system, echo, [Lead.version.add(1), Lead.echo_held_until.set(until)], lead)


def _hold(
    system: "System",
    echo: Inbound,
    changes: Sequence[Any] = (),
    lead: Lead | None = None,
) -> Code:
    due_at = system.world.now() + _LOOK_AGAIN

    def build(token: str) -> Write:
        write = Write(token)
        write.update(
            "event",
            Inbound(echo.event_id),
            [Inbound.due_at.set(due_at)],
            Inbound.due_at.exists() & Inbound.finished_code.does_not_exist(),
        )
        if lead is not None:
            write.update("lead", Lead(lead.lead_id), changes, Lead.lead_id.exists())
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed as refusal:
        # Another performance finished it first, and its word stands; or the lead is gone.
        return Code.ECHO_MATCHED if "event" in refusal.failed else Code.LEAD_NOT_FOUND
    return Code.ECHO_HELD
