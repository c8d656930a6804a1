"""The transaction that takes a delivery: everything the permission rests on, in one condition."""

from typing import Any

from system_sender.budget import overdue_at
from system_sender.delivery import Delivery
from system_sender.hourly import count
from system_sender.models import (
    Draft,
    Lead,
    Message,
    Suppression,
    shard_of,
    suppression_key,
)
from system_sender.policy import automated_today, is_counted, local_day
from system_sender.states import DraftState, MessageState, check_draft_move, check_message_move
from system_sender.store import Write


def claim_write(delivery: Delivery, now: int) -> Write:
    """Return the claim of a delivery.

    It fails as a whole, and takes nothing, if any of this is no longer so: the delivery was never
    begun or certainly not sent; the draft stands approved at the revision that was read (or is
    ours in mid-flight); the lead has had no inbound, opt-out, human message or automated claim
    since the policy judged; no recipient is suppressed; the workspace's hour has something left.
    """
    write = Write(delivery.claim_id)
    for number, recipient in enumerate(delivery.recipients):
        write.check(
            f"copy{number}" if number else "suppression",
            Suppression,
            suppression_key(delivery.draft.workspace, delivery.draft.channel, recipient),
            Suppression.suppression.does_not_exist(),
        )
    _take_message(write, delivery, now)
    _take_draft(write, delivery, now)
    _bump_lead(write, delivery, now)
    _count_in_hour(write, delivery, now)
    return write


def _take_message(write: Write, delivery: Delivery, now: int) -> None:
    if delivery.message is not None:
        _retake_message(write, delivery, delivery.message)
        return
    absent = Message.draft_id.does_not_exist()
    write.put("message", _first_row(delivery, now), absent, return_old=True)
    for part in range(delivery.part + 1, len(delivery.spans)):
        write.put(f"part{part}", queued_row(delivery, part, now), absent)


def _retake_message(write: Write, delivery: Delivery, message: Message) -> None:
    check_message_move(MessageState(message.state), MessageState.SENDING)
    write.update(
        "message",
        Message(delivery.draft.draft_id, delivery.part),
        [
            Message.state.set(MessageState.SENDING.value),
            Message.claim_id.set(delivery.claim_id),
            Message.attempt.set(delivery.attempt),
            Message.post_by.set(delivery.post_by),
            Message.sent_by.set(delivery.sent_by),
            Message.provider.set(delivery.provider),
            Message.address.set(delivery.letter.to),
            Message.route.set(delivery.letter.route),
        ],
        (Message.state == message.state) & (Message.attempt == message.attempt),
        return_old=True,
    )


def _first_row(delivery: Delivery, now: int) -> Message:
    row = queued_row(delivery, delivery.part, now)
    row.state = MessageState.SENDING.value
    row.claim_id = delivery.claim_id
    row.attempt = delivery.attempt
    row.post_by = delivery.post_by
    row.route = delivery.letter.route
    return row


def queued_row(delivery: Delivery, part: int, now: int) -> Message:
    """Return the row of a part that waits for the parts before it."""
    draft, span = delivery.draft, delivery.spans[part]
    return Message(
        draft.draft_id,
        part,
        workspace=draft.workspace,
        lead_id=draft.lead_id,
        channel=draft.channel,
        provider=delivery.provider,
        address=delivery.letter.to,
        state=MessageState.QUEUED.value,
        revision=draft.revision,
        start=span.start,
        end=span.end,
        sent_by=delivery.sent_by,
        user=draft.user,
        created_at=now,
    )


def _take_draft(write: Write, delivery: Delivery, now: int) -> None:
    draft = delivery.draft
    check_draft_move(delivery.draft_state, DraftState.SENDING)
    actions: list[Any] = [
        Draft.state.set(DraftState.SENDING.value),
        Draft.state_key.remove(),
        Draft.due_shard.set(shard_of(draft.draft_id)),
        Draft.due_at.set(overdue_at(delivery.post_by)),
        Draft.claim_id.set(delivery.claim_id),
        Draft.parts.set(len(delivery.spans)),
        Draft.updated_at.set(now),
    ]
    if delivery.sent_by == "setter":
        # Our own person's message must not make the rest of it look stale.
        actions.append(Draft.seen_human_outbounds.set(delivery.lead.human_outbound_count + 1))
    elif _counts(delivery, now):
        actions.append(Draft.counted_on.set(local_day(delivery.lead, delivery.workspace, now)))
    as_read = (Draft.state == delivery.draft_state.value) & (Draft.revision == draft.revision)
    if delivery.draft_state is DraftState.SENDING:
        as_read &= Draft.claim_id == draft.claim_id
    else:
        # Approved again is not the same approval: it may be another person's, or for later.
        as_read &= Draft.updated_at == draft.updated_at
    write.update("draft", Draft(draft.draft_id), actions, as_read)


def _bump_lead(write: Write, delivery: Delivery, now: int) -> None:
    lead, workspace = delivery.lead, delivery.workspace
    actions: list[Any] = [Lead.version.set(delivery.lead_version + 1)]
    if delivery.sent_by == "setter":
        actions += [
            Lead.human_outbound_count.set(lead.human_outbound_count + 1),
            Lead.automated_in_a_row.set(0),
            # An inbound that the provider delivers again after this was answered by it.
            Lead.human_outbound_at.set(max(lead.human_outbound_at or 0, now)),
        ]
    elif _counts(delivery, now):
        today = local_day(lead, workspace, now)
        actions += [
            Lead.automated_in_a_row.set(lead.automated_in_a_row + 1),
            Lead.automated_today.set(automated_today(lead, workspace, now) + 1),
            Lead.automated_day.set(today),
            Lead.automated_on.set({**(lead.automated_on or {}), delivery.draft.channel: today}),
        ]
    write.update("lead", Lead(lead.lead_id), actions, Lead.version == delivery.lead_version)


def _counts(delivery: Delivery, now: int) -> bool:
    """Say whether the caps count what automation sends now: each text once a day."""
    counted = is_counted(delivery.draft, delivery.lead, delivery.workspace, now)
    return delivery.part == 0 and not counted


def _count_in_hour(write: Write, delivery: Delivery, now: int) -> None:
    """Take one from the workspace's hour, where it has a cap and this text is not counted yet."""
    workspace, cap = delivery.workspace, delivery.workspace.automated_per_hour
    if delivery.hour_share is not None and cap is not None:
        count(write, workspace.workspace, delivery.hour_share, int(cap), now)
