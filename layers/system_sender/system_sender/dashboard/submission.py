"""An outside writer's draft, which the rules for every automated reply let go or hold."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from system_sender.codes import Code
from system_sender.dashboard.caller import Caller
from system_sender.dashboard.orders import Submission
from system_sender.drafting.conversation import Conversation, read_turns
from system_sender.drafting.holding import Considered, hold_of, record_of
from system_sender.drafting.judging import Judgement
from system_sender.drafting.screening import screen
from system_sender.drafting.writing import Written
from system_sender.drafts import NewDraft
from system_sender.gate import DUE_TOLERANCE
from system_sender.inbound import EventKind
from system_sender.models import Campaign, Inbound, Lead, Workspace
from system_sender.policy import reply_due_at
from system_sender.states import DraftState

if TYPE_CHECKING:
    from system_sender.system import System

# Keys of callers stand apart from those of the system's own drafts.
KEYS = "api:"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a submitted draft is judged by.

    Attributes:
        campaign: the one it names.
        answered: the message it answers; None where it answers none.
    """

    lead: Lead
    workspace: Workspace | None
    campaign: Campaign | None
    answered: Inbound | None


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Where the draft begins, and what is kept of what was thought of it."""

    hold: Code | None
    confidence: float | None
    record: dict[str, Any]


def draft_of_submission(
    system: "System", caller: Caller, order: Submission, around: Surroundings
) -> NewDraft:
    """Return the draft: approved for when its delay is over, or held for a person."""
    now = system.world.now()
    verdict = _judge(system, caller, order, around, now)
    due_at = _due_at(around, now)
    lead, answered = around.lead, around.answered
    # What it answers is what its writer has seen: the rest is newer.
    seen = (answered.sequence, answered.human_outbounds) if answered is not None else None
    inbounds, humans = seen or (lead.inbound_count, lead.human_outbound_count)
    return NewDraft(
        draft_id=f"{caller.workspace}:{KEYS}{order.key}",
        workspace=caller.workspace,
        lead_id=lead.lead_id,
        channel=order.channel,
        text=order.text,
        state=DraftState.APPROVED if verdict.hold is None else DraftState.NEEDS_REVIEW,
        origin=caller.user,
        seen_inbounds=int(inbounds),
        seen_human_outbounds=int(humans),
        campaign_id=order.campaign_id,
        confidence=verdict.confidence,
        sent_by="ai",
        due_at=due_at,
        code=verdict.hold or (Code.DELAYED if due_at is not None else None),
        subject=order.subject,
        reply_to=answered.event_id if answered is not None else None,
        judgement=verdict.record,
    )


def _due_at(around: Surroundings, now: int) -> int | None:
    """Return when the delay of an answer is over, or None where there is none to wait for."""
    campaign, answered = around.campaign, around.answered
    if campaign is None or answered is None:
        return None
    due_at = reply_due_at(
        answered.event_id,
        int(answered.received_at),
        int(campaign.delay_min_seconds),
        int(campaign.delay_max_seconds),
    )
    return due_at if due_at - now > DUE_TOLERANCE else None


def _judge(
    system: "System", caller: Caller, order: Submission, around: Surroundings, now: int
) -> _Verdict:
    reason = order.reason or ""
    if around.campaign is None or order.confidence is None:
        record = {"confidence": order.confidence, "reason": reason, "writer": caller.user}
        return _Verdict(Code.AWAITING_PERSON, order.confidence, record)
    conversation = _conversation(system, order, around, around.campaign, now)
    considered = Considered(
        written=Written(order.text, None, caller.user),
        blocked=screen(conversation, order.text),
        judgement=Judgement(order.confidence, True, False, reason, caller.user),
    )
    hold = hold_of(considered, conversation, now)
    if hold is None and around.lead.campaign_id != order.campaign_id:
        # The gate would say so, too: a lead is written to by the rules of its own campaign.
        hold = Code.LEAD_MOVED if around.lead.campaign_id else Code.NO_CAMPAIGN
    return _Verdict(hold, considered.confidence, record_of(considered))


def _conversation(
    system: "System", order: Submission, around: Surroundings, campaign: Campaign, now: int
) -> Conversation:
    answered = around.answered or _nothing(order, now)
    turns = read_turns(system, answered)
    return Conversation(around.workspace, around.lead, campaign, answered, turns)


def _nothing(order: Submission, now: int) -> Inbound:
    """Return what stands for the message where none is answered; it is never written."""
    return Inbound(
        "",
        lead_id=order.lead_id,
        kind=EventKind.MESSAGE.value,
        channel=order.channel,
        received_at=now,
    )
