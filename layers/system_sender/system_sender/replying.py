"""Performs the work of a recorded inbound event: drafts overtaken, a reply written, and sent."""

from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Protocol

from system_sender.budget import Budget
from system_sender.codes import Code, known_code
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
from system_sender.gate import send_approved_draft
from system_sender.inbound import EventKind
from system_sender.models import Campaign, Draft, Inbound, Lead
from system_sender.policy import AI_AUTO_SEND, LONGEST_WAIT
from system_sender.result import SendResult
from system_sender.settlement import DraftFate
from system_sender.states import DRAFT_OPEN, DraftState
from system_sender.store import ConditionsFailed, Key, Write

if TYPE_CHECKING:
    from system_sender.system import System

# What a reply's id begins with, behind its workspace. A caller's key may not: the event that such
# a draft seems to answer would never be finished.
REPLY_KEY = "reply:"
# What fits into one batch get beside the campaign. More open drafts of one lead are odd, and the
# gate refuses the rest all the same.
MOST_OVERTAKEN = 99


@dataclass(frozen=True, slots=True)
class Reply:
    """A text written in answer to an inbound message.

    Attributes:
        confidence: 0 to 1; at or above the campaign's threshold it may go without a person.
        hold: why a person must look at it, whatever the confidence.
    """

    text: str
    confidence: float
    hold: Code | None = None


class DraftWriter(Protocol):
    """Writes the reply to an inbound message."""

    def write(self, *, lead: Lead, campaign: Campaign, inbound: Inbound) -> Reply | Code:
        """Return the reply, or the code that says why a person must write it."""
        ...


class TemplateDraftWriter:
    """Fills the campaign's reply template, in the syntax of Python's `string.Template`."""

    def write(
        self,
        *,
        lead: Lead,
        campaign: Campaign,
        inbound: Inbound,  # noqa: ARG002 - a template does not look at what it answers
    ) -> Reply | Code:
        """Return the filled template. One that lacks a value is held, to be edited by a person."""
        if not campaign.reply_template:
            return Code.NO_REPLY_TEMPLATE
        values = {"first_name": lead.first_name, "last_name": lead.last_name}
        known = {name: value for name, value in values.items() if value}
        template = Template(campaign.reply_template)
        try:
            text = template.substitute(known)
        except (KeyError, ValueError):
            unfilled = template.safe_substitute(known)
            return Reply(unfilled, 0.0, hold=Code.TEMPLATE_VARIABLE_MISSING)
        return Reply(text, float(campaign.reply_confidence))


@dataclass(frozen=True, slots=True)
class Performed:
    """What the work of an inbound event came to."""

    code: Code
    result: SendResult | None = None


def reply_draft_id(event_id: str) -> str:
    """Return the id of the reply to an event: one event has one reply, however often it comes."""
    workspace, rest = event_id.split(":", 1)
    return f"{workspace}:{REPLY_KEY}{rest}"


def perform_inbound(
    system: "System",
    event_id: str,
    *,
    budget: Budget,
    inbound: Inbound | None = None,
    lead: Lead | None = None,
) -> Performed:
    """Do what a recorded event asks for. Idempotent: any number of performances make one reply.

    Args:
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
    campaign, drafts = _surroundings(system, inbound, lead)
    _overtake_drafts(system, lead, drafts)
    return _reply(system, inbound, lead, campaign, budget)


def _perform_echo(system: "System", inbound: Inbound, lead: Lead) -> Performed:
    code = perform_echo(system, inbound, lead)
    if code is Code.HUMAN_REPLIED:
        answered = system.store.get(Lead, lead.lead_id)
        if answered is not None:
            _, drafts = _surroundings(system, inbound, answered)
            _overtake_drafts(system, answered, drafts)
    return Performed(code)


def _ensure_sent(system: "System", event_id: str, budget: Budget) -> Performed:
    result = send_approved_draft(system, reply_draft_id(event_id), budget=budget)
    return Performed(Code.REPLY_DRAFTED, result)


def _surroundings(
    system: "System", inbound: Inbound, lead: Lead
) -> tuple[Campaign | None, list[Draft]]:
    """Read, in one round trip, the lead's campaign and the other drafts that the lead mentions."""
    own = reply_draft_id(inbound.event_id)
    others = sorted(set(lead.open_drafts or ()) - {own})
    mentioned = others[:MOST_OVERTAKEN]
    keys: list[Key] = [(Draft, draft_id) for draft_id in mentioned]
    if lead.campaign_id:
        keys.append((Campaign, lead.campaign_id))
    rows = system.store.read(*keys) if keys else []
    campaign = rows.pop() if lead.campaign_id else None
    return campaign, [draft for draft in rows if draft is not None]


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


def _reply(
    system: "System", inbound: Inbound, lead: Lead, campaign: Campaign | None, budget: Budget
) -> Performed:
    if inbound.kind != EventKind.MESSAGE or inbound.opt_out:
        return _finished(system, inbound, Code.OPTED_OUT if inbound.opt_out else Code.RECORDED)
    if inbound.automated:
        return _finished(system, inbound, Code.AUTOMATED_REPLY)
    if lead.inbound_count > inbound.sequence:
        return _finished(system, inbound, Code.SUPERSEDED)
    if lead.human_outbound_count > inbound.human_outbounds:
        return _finished(system, inbound, Code.HUMAN_REPLIED)
    if not lead.campaign_id:
        return _finished(system, inbound, Code.NO_CAMPAIGN)
    if campaign is None:
        return _finished(system, inbound, Code.CAMPAIGN_NOT_FOUND)
    if campaign.response_mode != AI_AUTO_SEND:
        return _finished(system, inbound, Code.SETTER_MANAGED)
    reply = system.writer.write(lead=lead, campaign=campaign, inbound=inbound)
    if isinstance(reply, Code):
        return _finished(system, inbound, reply)
    draft = _draft_reply(system, inbound, lead, campaign, reply)
    if draft is None:
        return _ensure_sent(system, inbound.event_id, budget)
    return Performed(
        Code.REPLY_DRAFTED,
        send_approved_draft(system, draft.draft_id, budget=budget, draft=draft),
    )


def _hold(reply: Reply, campaign: Campaign, inbound: Inbound, now: int) -> Code | None:
    """Return why a person must look at the reply before it goes, or None. Pure."""
    if reply.hold is not None:
        return reply.hold
    if reply.confidence < campaign.confidence_threshold:
        return Code.BELOW_THRESHOLD
    if now - inbound.received_at > LONGEST_WAIT:
        # The work was delayed for a day or more: nobody expects a machine's answer any more.
        return Code.WAITED_TOO_LONG
    return None


def _draft_reply(
    system: "System", inbound: Inbound, lead: Lead, campaign: Campaign, reply: Reply
) -> Draft | None:
    """Create the reply and finish the event in one transaction. None: it had been drafted."""
    now = system.world.now()
    hold = _hold(reply, campaign, inbound, now)
    draft = draft_row(
        NewDraft(
            draft_id=reply_draft_id(inbound.event_id),
            workspace=inbound.workspace,
            lead_id=lead.lead_id,
            channel=inbound.channel,
            text=reply.text,
            state=DraftState.NEEDS_REVIEW if hold else DraftState.APPROVED,
            origin=inbound.event_id,
            seen_inbounds=int(inbound.sequence),
            seen_human_outbounds=int(inbound.human_outbounds),
            campaign_id=campaign.campaign_id,
            confidence=reply.confidence,
            sent_by="ai",
            reply_to=inbound.event_id,
            code=hold,
        ),
        now,
    )

    def build(token: str) -> Write:
        write = Write(token)
        add_draft(write, draft, reply.text, now)
        finish_step(write, inbound, Code.REPLY_DRAFTED)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return None
    return draft


def _finished(system: "System", inbound: Inbound, code: Code) -> Performed:
    return Performed(finish(system, inbound, code))
