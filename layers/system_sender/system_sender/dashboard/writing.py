"""Texts that come from outside: a writer's draft, which is judged, and a person's message."""

from typing import TYPE_CHECKING

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.dashboard.caller import Caller
from system_sender.dashboard.looking_up import view_of
from system_sender.dashboard.orders import ManualMessage, Submission
from system_sender.dashboard.refusal import Refused
from system_sender.dashboard.rows import lead_of
from system_sender.dashboard.submission import KEYS, Surroundings, draft_of_submission
from system_sender.dashboard.views import DraftView, SendView
from system_sender.drafts import create_draft
from system_sender.email_text import subject_is_sound
from system_sender.models import Campaign, Inbound, Lead, Workspace, is_identifier
from system_sender.result import SendResult
from system_sender.setter import (
    PersonMeta,
    send_email_message,
    send_linkedin_message,
    send_message,
)
from system_sender.text_parts import parts_of

if TYPE_CHECKING:
    from system_sender.system import System

# What is wrong with the call itself: there is no draft that could carry it.
_UNUSABLE = frozenset(
    {
        Code.KEY_REUSED,
        Code.INVALID_REQUEST,
        Code.EMPTY_TEXT,
        Code.TEXT_TOO_LONG,
        Code.SUBJECT_WRONG,
        Code.LEAD_NOT_FOUND,
    }
)


def submit_draft(system: "System", caller: Caller, order: Submission) -> DraftView:
    """Take a draft from an outside writer; the same key and text return the one that is stored.

    The campaign's rules approve it, or hold it for a person. Approved, it leaves with a sweep.

    Raises:
        Refused, DraftRefused: the text cannot be sent, or the key belongs to another one.
    """
    lead = lead_of(system.store, caller, order.lead_id)
    _check_text(order)
    around = Surroundings(
        lead=lead,
        workspace=system.store.get(Workspace, caller.workspace),
        campaign=_campaign(system, caller, order),
        answered=_answered(system, caller, order, lead),
    )
    new = draft_of_submission(system, caller, order, around)
    return view_of(system, create_draft(system.store, system.world, new))


def _campaign(system: "System", caller: Caller, order: Submission) -> Campaign | None:
    if order.campaign_id is None:
        return None
    caller.check(order.campaign_id)
    usable = is_identifier(order.campaign_id)
    campaign = system.store.get(Campaign, order.campaign_id) if usable else None
    if campaign is None:
        raise Refused(Code.CAMPAIGN_NOT_FOUND)
    return campaign


def _answered(system: "System", caller: Caller, order: Submission, lead: Lead) -> Inbound | None:
    if order.reply_to is None:
        latest = (lead.latest_inbound or {}).get(order.channel)
        return system.store.get(Inbound, latest) if latest else None
    caller.check(order.reply_to)
    inbound = system.store.get(Inbound, order.reply_to) if is_identifier(order.reply_to) else None
    if inbound is None or (inbound.lead_id, inbound.channel) != (order.lead_id, order.channel):
        raise Refused(
            Code.INVALID_REQUEST, "reply_to: this lead has no such message on this channel."
        )
    return inbound


def _check_text(order: Submission | ManualMessage) -> None:
    if order.subject is not None and order.channel != "email":
        raise Refused(Code.INVALID_REQUEST, "subject: only an e-mail has one.")
    if order.subject is not None and not subject_is_sound(order.subject):
        raise Refused(Code.SUBJECT_WRONG)
    refusal = parts_of(order.channel, order.text).refusal
    if refusal is not None:
        raise Refused(refusal)


def send_manual_message(
    system: "System", caller: Caller, order: ManualMessage, budget: Budget
) -> SendView:
    """Send a person's message, once for each key.

    Raises:
        Refused: the call cannot become a message. What the gate says is an outcome instead.
    """
    caller.check(order.lead_id)
    _check_text(order)
    result = _send(system, caller, order, budget)
    if result.code in _UNUSABLE:
        raise Refused(result.code)
    return SendView.of(result)


def _send(system: "System", caller: Caller, order: ManualMessage, budget: Budget) -> SendResult:
    meta = PersonMeta(user=caller.user, key=f"{KEYS}{order.key}")
    if order.channel == "email":
        return send_email_message(
            order.lead_id, order.text, order.subject, meta=meta, system=system, budget=budget
        )
    send = send_message if order.channel == "sms" else send_linkedin_message
    return send(order.lead_id, order.text, meta, system=system, budget=budget)
