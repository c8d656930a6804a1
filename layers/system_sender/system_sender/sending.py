"""The functions other code calls to send, with nobody logged in."""

from dataclasses import dataclass
from typing import Any

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, NewDraft, approve, create_draft
from system_sender.email_text import subject_is_sound
from system_sender.followups.waking import FOLLOWUP_KEY
from system_sender.gate import send_approved_draft, stored_result
from system_sender.models import Draft, Lead, is_identifier, workspace_of
from system_sender.replying import REPLY_KEY
from system_sender.result import SendOutcome, SendResult
from system_sender.states import DraftState
from system_sender.system import System
from system_sender.system import system as this_system
from system_sender.text_parts import parts_of

# Callers outside Lambda have no deadline of their own.
DEFAULT_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class SendMeta:
    """What a caller says about a message it wants sent.

    Attributes:
        key: the caller's own key: the same key never sends twice, and never another text. It may
            not begin with "reply:", as the ids of replies do.
        sent_by: "ai" or "setter" (a person).
        user: who the person is, where there is one.
        campaign_id: binds the message to a campaign's rules.
        confidence: 0 to 1, judged against the campaign's threshold.
    """

    key: str
    sent_by: str = "ai"
    user: str | None = None
    campaign_id: str | None = None
    confidence: float | None = None


def approve_and_send_draft_system(
    draft_id: str,
    *,
    sent_by: str,
    system: System | None = None,
    budget: Budget | None = None,
) -> SendResult:
    """Approve a draft, if it is not, and send it; a repeated call returns the stored result.

    Args:
        draft_id: starts with the workspace, e.g. ``acme:reply:...``.
        sent_by: "ai" or "setter": who stands behind the approval.

    Returns:
        The one typed result. Business refusals are values; only infrastructure raises.

    Raises:
        StorageError: DynamoDB could not be asked; nothing is lost, call again.
        ValueError: `sent_by` is neither "ai" nor "setter".
    """
    _check_sent_by(sent_by)
    system = system or this_system()
    budget = budget or Budget.of_seconds(system.world, DEFAULT_SECONDS)
    draft = system.store.get(Draft, draft_id) if is_identifier(draft_id) else None
    if draft is None:
        return SendResult(SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND, draft_id)
    if _needs_approval(draft, sent_by):
        refused = _approve(system, draft, sent_by)
        if refused is not None:
            return refused
        return send_approved_draft(system, draft_id, budget=budget)
    return send_approved_draft(system, draft_id, budget=budget, draft=draft)


def _needs_approval(draft: Draft, sent_by: str) -> bool:
    if draft.state == DraftState.PENDING:
        return True
    # A person's approval takes the place of the AI's, and is recorded as theirs.
    by_person = sent_by == "setter" and draft.sent_by != "setter"
    return (draft.state == DraftState.NEEDS_REVIEW and sent_by == "setter") or (
        draft.state == DraftState.APPROVED and by_person
    )


def send_sms_system(
    lead_id: str,
    body: str,
    meta: SendMeta,
    *,
    system: System | None = None,
    budget: Budget | None = None,
) -> SendResult:
    """Send a text message to a lead, once for each key.

    Args:
        lead_id: starts with the workspace, e.g. ``acme:dana``.
        body: up to 3 parts of 160 characters.
        meta: its key makes the draft's id, with the workspace: at most 1,000 bytes of any text.

    Returns:
        The one typed result; see :func:`approve_and_send_draft_system`.
    """
    return _send_system("sms", lead_id, body, None, meta, system or this_system(), budget)


def send_email_system(
    lead_id: str,
    body: str,
    subject: str | None = None,
    *,
    meta: SendMeta,
    system: System | None = None,
    budget: Budget | None = None,
) -> SendResult:
    """Send an e-mail to a lead, once for each key, in the conversation of their latest one.

    Args:
        body: plain text of up to 20,000 characters; providers that want HTML get safe HTML of it.
        subject: None answers in the subject of the lead's latest e-mail, which there must be.
        meta: see :func:`send_sms_system`.

    Returns:
        The one typed result; see :func:`approve_and_send_draft_system`.
    """
    return _send_system("email", lead_id, body, subject, meta, system or this_system(), budget)


def send_linkedin_system(
    lead_id: str,
    body: str,
    meta: SendMeta,
    *,
    system: System | None = None,
    budget: Budget | None = None,
) -> SendResult:
    """Send a LinkedIn message to a lead, once for each key.

    It goes into the existing chat; without one as a direct message, else as an InMail, else as a
    connection request, each only after LinkedIn definitely refused the way before it.

    Args:
        body: up to 8,000 characters; a connection request takes fewer.
        meta: see :func:`send_sms_system`.

    Returns:
        The one typed result; see :func:`approve_and_send_draft_system`.
    """
    return _send_system("linkedin", lead_id, body, None, meta, system or this_system(), budget)


def _send_system(
    channel: str,
    lead_id: str,
    body: str,
    subject: str | None,
    meta: SendMeta,
    system: System,
    budget: Budget | None,
) -> SendResult:
    _check_sent_by(meta.sent_by)
    budget = budget or Budget.of_seconds(system.world, DEFAULT_SECONDS)
    workspace = workspace_of(lead_id)
    draft_id = f"{workspace}:{meta.key}"
    refusal = _refusal(channel, lead_id, body, subject, meta)
    if refusal is not None:
        return SendResult(SendOutcome.REFUSED, refusal, draft_id)
    lead = system.store.get(Lead, lead_id)
    if lead is None:
        return SendResult(SendOutcome.NOT_FOUND, Code.LEAD_NOT_FOUND, draft_id)
    new = NewDraft(
        draft_id=draft_id,
        workspace=workspace,
        lead_id=lead_id,
        channel=channel,
        text=body,
        state=DraftState.APPROVED,
        origin=f"system:{channel}",
        seen_inbounds=int(lead.inbound_count),
        seen_human_outbounds=int(lead.human_outbound_count),
        campaign_id=meta.campaign_id,
        confidence=meta.confidence,
        sent_by=meta.sent_by,
        user=meta.user,
        subject=subject,
        reply_to=(lead.latest_inbound or {}).get(channel),
    )
    try:
        draft = create_draft(system.store, system.world, new)
    except DraftRefused as refused:
        return SendResult(SendOutcome.REFUSED, refused.code, draft_id)
    return send_approved_draft(system, draft_id, budget=budget, draft=draft)


def _refusal(
    channel: str, lead_id: str, body: str, subject: str | None, meta: SendMeta
) -> Code | None:
    """Return why a request cannot even become a draft. Pure."""
    workspace = workspace_of(lead_id)
    identifiers = [lead_id, f"{workspace}:{meta.key}"]
    if meta.campaign_id is not None:
        identifiers.append(meta.campaign_id)
    understood = (
        all(is_identifier(value) and workspace_of(value) == workspace for value in identifiers)
        and not meta.key.startswith((REPLY_KEY, FOLLOWUP_KEY))
        and (meta.confidence is None or 0 <= meta.confidence <= 1)
        and all(map(is_unicode, (body, subject or "", meta.user or "")))
    )
    if not understood:
        return Code.INVALID_REQUEST
    if subject is not None and not subject_is_sound(subject):
        return Code.SUBJECT_WRONG
    return parts_of(channel, body).refusal


def is_unicode(text: str) -> bool:
    """Say whether a text can be written down: a lone surrogate cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _approve(system: System, draft: Draft, sent_by: str) -> SendResult | None:
    """Approve the draft; return a result only if that could not be done."""
    lead = system.store.get(Lead, draft.lead_id)
    if lead is None:
        return SendResult(SendOutcome.NOT_FOUND, Code.LEAD_NOT_FOUND, draft.draft_id)
    try:
        approve(system.store, system.world, draft, lead, sent_by=sent_by)
    except DraftRefused as refusal:
        if refusal.code is Code.DRAFT_CHANGED:
            # Somebody approved, rejected or edited it first: say what it is now.
            return _as_it_is_now(system, draft.draft_id)
        return SendResult(SendOutcome.HELD, refusal.code, draft.draft_id)
    return None


def _as_it_is_now(system: System, draft_id: str) -> SendResult | None:
    draft = system.store.get(Draft, draft_id)
    if draft is None:
        return SendResult(SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND, draft_id)
    return None if draft.state == DraftState.APPROVED else stored_result(draft)


def _check_sent_by(sent_by: Any) -> None:
    if sent_by not in ("ai", "setter"):
        raise ValueError('sent_by must be "ai" or "setter"; it is recorded with the message.')
