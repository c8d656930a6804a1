"""Performs the work of a recorded inbound event: drafts overtaken, a reply written, and sent."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from system_sender.budget import SETTLE_SECONDS, Budget
from system_sender.classification import MACHINES, Reading, ReadingKind, merge
from system_sender.codes import Code, known_code
from system_sender.drafting.composing import compose
from system_sender.drafting.conversation import Conversation, read_turns
from system_sender.drafting.holding import Considered, hold_of, record_of
from system_sender.drafting.writing import has_writer, writes_by_model
from system_sender.drafts import (
    DraftRefused,
    NewDraft,
    add_draft,
    draft_row,
    leave,
    overtake,
)
from system_sender.echoes import perform_echo, perform_status
from system_sender.finishing import finish, finish_step
from system_sender.followups.waking import AWAY_FOR, leave_alone, wake_lead
from system_sender.gate import DUE_TOLERANCE, send_approved_draft
from system_sender.inbound import EventKind
from system_sender.models import Campaign, Draft, Inbound, Lead, Workspace
from system_sender.policy import AI_AUTO_SEND, reply_due_at
from system_sender.result import SendResult
from system_sender.settlement import DraftFate
from system_sender.states import DRAFT_OPEN, DraftState
from system_sender.store import ConditionsFailed, Key, Write

if TYPE_CHECKING:
    from system_sender.system import System

# What a reply's id begins with, behind its workspace. A caller's key may not: the event that such
# a draft seems to answer would never be finished.
REPLY_KEY = "reply:"
# An overtaken draft is four steps at most of the transaction that overtakes it, and a transaction
# has a hundred. More open drafts of one lead are odd, and the gate refuses the rest all the same.
MOST_OVERTAKEN = 24
# Writer and evaluator together. Somebody who waits minutes for an answer does not see the seconds,
# but a sweep has others to serve.
MOST_MODEL_SECONDS = 25.0
# With less than this left, models would be asked in vain.
LEAST_MODEL_SECONDS = 8.0
# While one invocation has models at work for an event, no other begins.
_AT_WORK = 60_000


@dataclass(frozen=True, slots=True)
class Performed:
    """What the work of an inbound event came to.

    Attributes:
        left_due: nothing came of it yet: the event stays due, and a sweep does its work.
    """

    code: Code
    result: SendResult | None = None
    left_due: bool = False


@dataclass(frozen=True, slots=True)
class _Around:
    """What is read around an event before it is answered.

    Attributes:
        drafts: the other drafts that the lead mentions.
    """

    workspace: Workspace | None
    campaign: Campaign | None
    drafts: list[Draft]


def reply_draft_id(event_id: str) -> str:
    """Return the id of the reply to an event: one event has one reply, however often it comes."""
    workspace, rest = event_id.split(":", 1)
    return f"{workspace}:{REPLY_KEY}{rest}"


def perform_inbound(
    system: "System",
    event_id: str,
    *,
    budget: Budget,
    may_call_models: bool,
    inbound: Inbound | None = None,
    lead: Lead | None = None,
) -> Performed:
    """Do what a recorded event asks for. Idempotent: any number of performances make one reply.

    Args:
        may_call_models: False where somebody waits for an answer; what needs a model stays due.
        inbound, lead: the rows, where the caller has just written them; they are read otherwise.
    """
    if inbound is None:
        inbound = system.store.get(Inbound, event_id)
        if inbound is None:
            return Performed(Code.INVALID_REQUEST)
    if inbound.finished_code == Code.REPLY_DRAFTED:
        return _ensure_sent(system, event_id, budget)
    if inbound.finished_code is not None:
        return Performed(known_code(inbound.finished_code, Code.RECORDED))
    if lead is None:
        lead = system.store.get(Lead, inbound.lead_id)
        if lead is None:
            return _finished(system, inbound, Code.LEAD_NOT_FOUND)
    if inbound.kind == EventKind.STATUS:
        return Performed(perform_status(system, inbound, lead))
    if inbound.kind == EventKind.ECHO:
        return _perform_echo(system, inbound, lead)
    return _answer(system, inbound, lead, budget, may_call_models=may_call_models)


def _answer(
    system: "System", inbound: Inbound, lead: Lead, budget: Budget, *, may_call_models: bool
) -> Performed:
    around = _look_around(system, inbound, lead)
    _overtake_drafts(system, lead, around.drafts)
    if inbound.reading == ReadingKind.OUT_OF_OFFICE:
        until = int(inbound.received_at) + AWAY_FOR
        leave_alone(system, lead, until, answers=_answered_by_silence(inbound, lead))
    wake_lead(system, lead)
    obstacle = _obstacle(inbound, lead, around.campaign)
    if obstacle is not None or around.campaign is None:
        return _finished(system, inbound, obstacle or Code.CAMPAIGN_NOT_FOUND)
    conversation = Conversation(around.workspace, lead, around.campaign, inbound)
    if not writes_by_model(around.campaign):
        return _reply(system, conversation, budget, seconds=0.0)
    if not may_call_models:
        return Performed(Code.RECORDED, left_due=True)
    return _reply_by_model(system, conversation, budget)


def _answered_by_silence(inbound: Inbound, lead: Lead) -> int | None:
    """Return the number of an out-of-office note that counts as a message of the lead's.

    Nobody answers it, so that sequences would wait for ever. If the lead waits for an answer to
    what they wrote before it, they wait on.
    """
    if inbound.automated or lead.inbound_count != inbound.sequence:
        return None
    before = int(inbound.sequence) - 1
    waited_for = before > 0 and before not in (lead.answered_inbounds or ())
    return None if waited_for else int(inbound.sequence)


def _perform_echo(system: "System", inbound: Inbound, lead: Lead) -> Performed:
    code = perform_echo(system, inbound, lead)
    if code is Code.HUMAN_REPLIED:
        answered = system.store.get(Lead, lead.lead_id)
        if answered is not None:
            _overtake_drafts(system, answered, _look_around(system, inbound, answered).drafts)
    return Performed(code)


def _ensure_sent(system: "System", event_id: str, budget: Budget) -> Performed:
    result = send_approved_draft(system, reply_draft_id(event_id), budget=budget)
    return Performed(Code.REPLY_DRAFTED, result)


def _look_around(system: "System", inbound: Inbound, lead: Lead) -> _Around:
    """Read the lead's campaign, workspace and other open drafts, in one round trip."""
    own = reply_draft_id(inbound.event_id)
    others = sorted(set(lead.open_drafts or ()) - {own})
    keys: list[Key] = [(Draft, draft_id) for draft_id in others[:MOST_OVERTAKEN]]
    if lead.campaign_id:
        keys += [(Workspace, inbound.workspace), (Campaign, lead.campaign_id)]
    rows = system.store.read(*keys) if keys else []
    campaign = rows.pop() if lead.campaign_id else None
    workspace = rows.pop() if lead.campaign_id else None
    return _Around(workspace, campaign, [draft for draft in rows if draft is not None])


def _overtake_drafts(system: "System", lead: Lead, drafts: list[Draft]) -> None:
    """Supersede the open drafts that the conversation has moved past.

    The gate would refuse them anyway; this shows it to people at once.
    """
    moves = [(draft, code) for draft in drafts if (code := _overtaken_by(lead, draft))]
    if not moves:
        return
    try:
        overtake(system.store, system.world, lead.lead_id, moves)
    except DraftRefused:
        _overtake_one_by_one(system, moves)


def _overtaken_by(lead: Lead, draft: Draft) -> Code | None:
    if draft.state not in DRAFT_OPEN or draft.parts:
        # Once a part was claimed, only the gate knows whether the rest of the text still goes.
        return None
    if lead.inbound_count > draft.seen_inbounds:
        return Code.NEWER_INBOUND
    if lead.human_outbound_count > draft.seen_human_outbounds:
        return Code.HUMAN_REPLIED
    return None


def _overtake_one_by_one(system: "System", moves: list[tuple[Draft, Code]]) -> None:
    for draft, code in moves:
        try:
            leave(system.store, system.world, draft, DraftFate(DraftState.SUPERSEDED, code))
        except DraftRefused:
            # Claimed, or decided by somebody, a moment ago: theirs stands.
            continue


def _obstacle(inbound: Inbound, lead: Lead, campaign: Campaign | None) -> Code | None:
    """Return why no reply is written to a message, or None. Pure."""
    if inbound.kind != EventKind.MESSAGE or inbound.opt_out:
        return Code.OPTED_OUT if inbound.opt_out else Code.RECORDED
    if inbound.reading == ReadingKind.OUT_OF_OFFICE:
        return Code.OUT_OF_OFFICE
    if inbound.automated or inbound.reading in MACHINES:
        return Code.AUTOMATED_REPLY
    if lead.inbound_count > inbound.sequence:
        return Code.SUPERSEDED
    if lead.human_outbound_count > inbound.human_outbounds:
        return Code.HUMAN_REPLIED
    if not lead.campaign_id:
        return Code.NO_CAMPAIGN
    if campaign is None:
        return Code.CAMPAIGN_NOT_FOUND
    if campaign.response_mode != AI_AUTO_SEND and not has_writer(campaign):
        return Code.SETTER_MANAGED
    return None


def _reply_by_model(system: "System", conversation: Conversation, budget: Budget) -> Performed:
    """Reply by models, which take their time: nobody else begins meanwhile, and much may change."""
    seconds = min(MOST_MODEL_SECONDS, budget.left(system.world) - SETTLE_SECONDS)
    if seconds < LEAST_MODEL_SECONDS:
        return Performed(Code.NO_TIME, left_due=True)
    if not _take(system, conversation.inbound):
        return Performed(Code.IN_PROGRESS, left_due=True)
    turns = read_turns(system, conversation.inbound)
    return _reply(system, replace(conversation, turns=turns), budget, seconds=seconds)


def _take(system: "System", inbound: Inbound) -> bool:
    """Put off the event's work for as long as models may take; False where somebody else did."""
    due_at = system.world.now() + _AT_WORK

    def build(token: str) -> Write:
        write = Write(token)
        as_read = Inbound.due_at == inbound.due_at
        write.update("event", Inbound(inbound.event_id), [Inbound.due_at.set(due_at)], as_read)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return False
    return True


def _reply(
    system: "System", conversation: Conversation, budget: Budget, *, seconds: float
) -> Performed:
    inbound = conversation.inbound
    considered = compose(system, conversation, seconds=seconds)
    if writes_by_model(conversation.campaign):
        obstacle = _obstacle_now(system, conversation)
        if obstacle is not None:
            return _finished(system, inbound, obstacle)
    draft = _draft_reply(system, conversation, considered)
    if draft is None:
        return _ensure_sent(system, inbound.event_id, budget)
    return Performed(
        Code.REPLY_DRAFTED,
        send_approved_draft(system, draft.draft_id, budget=budget, draft=draft),
    )


def _obstacle_now(system: "System", conversation: Conversation) -> Code | None:
    """Look again: the conversation may have moved on while the model wrote."""
    lead = system.store.get(Lead, conversation.lead.lead_id)
    if lead is None:
        return Code.LEAD_NOT_FOUND
    return _obstacle(conversation.inbound, lead, conversation.campaign)


def _draft_reply(
    system: "System", conversation: Conversation, considered: Considered
) -> Draft | None:
    """Create the reply and finish the event in one transaction. None: it had been drafted."""
    now = system.world.now()
    inbound = conversation.inbound
    draft = draft_row(_new_draft(conversation, considered, now), now)
    heard = _heard(inbound, considered.sentiment)

    def build(token: str) -> Write:
        write = Write(token)
        of_lead = [Lead.sentiment.set(heard)] if heard else []
        of_event = [Inbound.sentiment.set(heard)] if heard else []
        add_draft(write, draft, considered.text, now, lead_changes=of_lead)
        finish_step(write, inbound, Code.REPLY_DRAFTED, *of_event)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed as refusal:
        if "draft" in refusal.failed:
            # Drafted, but not finished: the event's row was deleted by hand, and it came again.
            finish(system, inbound, Code.REPLY_DRAFTED)
        return None
    return draft


def _new_draft(conversation: Conversation, considered: Considered, now: int) -> NewDraft:
    """Return the reply as a draft: held for a person, or approved for when its delay is over."""
    inbound, campaign = conversation.inbound, conversation.campaign
    hold = hold_of(considered, conversation, now)
    due_at = reply_due_at(
        inbound.event_id,
        int(inbound.received_at),
        int(campaign.delay_min_seconds),
        int(campaign.delay_max_seconds),
    )
    is_delayed = due_at - now > DUE_TOLERANCE
    return NewDraft(
        draft_id=reply_draft_id(inbound.event_id),
        workspace=inbound.workspace,
        lead_id=conversation.lead.lead_id,
        channel=inbound.channel,
        text=considered.text,
        state=DraftState.NEEDS_REVIEW if hold else DraftState.APPROVED,
        origin=inbound.event_id,
        seen_inbounds=int(inbound.sequence),
        seen_human_outbounds=int(inbound.human_outbounds),
        campaign_id=campaign.campaign_id,
        confidence=considered.confidence,
        sent_by="ai",
        due_at=due_at if is_delayed else None,
        reply_to=inbound.event_id,
        code=hold or (Code.DELAYED if is_delayed else None),
        judgement=record_of(considered),
        incomplete=not considered.text,
    )


def _heard(inbound: Inbound, by_model: str | None) -> str | None:
    """Return how the message sounds to the model, where the rules could not tell."""
    if by_model is None or inbound.sentiment is not None:
        return None
    kind = ReadingKind(inbound.reading) if inbound.reading else ReadingKind.MESSAGE
    return merge(Reading(kind, None), by_model).value


def _finished(system: "System", inbound: Inbound, code: Code) -> Performed:
    return Performed(finish(system, inbound, code))
