"""What a dashboard calls when a person sends: the same gate, with a person's permission.

Quiet hours and the caps on automation do not bind a person. An opt-out, the blacklist and the kill
switches do.
"""

from dataclasses import dataclass

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit
from system_sender.followups.lifecycle import is_sent_by_person
from system_sender.gate import send_approved_draft, stored_result
from system_sender.models import Draft, Lead, Revision, is_identifier
from system_sender.result import SendOutcome, SendResult
from system_sender.sending import (
    DEFAULT_SECONDS,
    SendMeta,
    is_unicode,
    send_email_system,
    send_linkedin_system,
    send_sms_system,
)
from system_sender.states import DraftState
from system_sender.system import System
from system_sender.system import system as this_system
from system_sender.text_parts import parts_of

# A person knows what they see: these states have ended, and are only told again.
_ENDED = frozenset({DraftState.SENT, DraftState.SENDING, DraftState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class PersonMeta:
    """What a dashboard says about a message that a person sends.

    Attributes:
        user: who the person is; recorded with the message.
        key: the dashboard's own key for this click: the same key never sends twice.
        draft_id: the draft that the person sends, as it is or with their changes; then the draft
            itself is the key.
        override_stale: the person has seen that the conversation moved on since the draft.
    """

    user: str
    key: str | None = None
    draft_id: str | None = None
    override_stale: bool = False


def send_message(
    lead_id: str,
    body: str,
    meta: PersonMeta,
    *,
    system: System | None = None,
    budget: Budget | None = None,
) -> SendResult:
    """Send a person's text message; see :func:`system_sender.sending.send_sms_system`.

    Raises:
        ValueError: `meta` names neither a key nor a draft, or no user.
    """
    _check(meta)
    if meta.draft_id is not None:
        return _send_draft("sms", lead_id, body, None, meta, system, budget)
    return send_sms_system(lead_id, body, _system_meta(meta), system=system, budget=budget)


def send_email_message(
    lead_id: str,
    body: str,
    subject: str | None = None,
    *,
    meta: PersonMeta,
    system: System | None = None,
    budget: Budget | None = None,
) -> SendResult:
    """Send a person's e-mail; see :func:`system_sender.sending.send_email_system`.

    Raises:
        ValueError: `meta` names neither a key nor a draft, or no user.
    """
    _check(meta)
    if meta.draft_id is not None:
        return _send_draft("email", lead_id, body, subject, meta, system, budget)
    return send_email_system(
        lead_id, body, subject, meta=_system_meta(meta), system=system, budget=budget
    )


def send_linkedin_message(
    lead_id: str,
    body: str,
    meta: PersonMeta,
    *,
    system: System | None = None,
    budget: Budget | None = None,
) -> SendResult:
    """Send a person's LinkedIn message; see :func:`system_sender.sending.send_linkedin_system`.

    Raises:
        ValueError: `meta` names neither a key nor a draft, or no user.
    """
    _check(meta)
    if meta.draft_id is not None:
        return _send_draft("linkedin", lead_id, body, None, meta, system, budget)
    return send_linkedin_system(lead_id, body, _system_meta(meta), system=system, budget=budget)


def _check(meta: PersonMeta) -> None:
    if not meta.user:
        raise ValueError("A person's message needs the user who sends it; it is recorded.")
    if (meta.key is None) == (meta.draft_id is None):
        raise ValueError("Give either a key of this click or the draft that is sent, not both.")


def _system_meta(meta: PersonMeta) -> SendMeta:
    return SendMeta(key=meta.key or "", sent_by="setter", user=meta.user)


def _send_draft(
    channel: str,
    lead_id: str,
    body: str,
    subject: str | None,
    meta: PersonMeta,
    system: System | None,
    budget: Budget | None,
) -> SendResult:
    """Send a draft as the person left it: edited where their text is another, and approved."""
    system = system or this_system()
    budget = budget or Budget.of_seconds(system.world, DEFAULT_SECONDS)
    draft_id = meta.draft_id or ""
    draft = system.store.get(Draft, draft_id) if is_identifier(draft_id) else None
    if draft is None:
        return SendResult(SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND, draft_id)
    refusal = _refusal(draft, channel, lead_id, body)
    if refusal is not None:
        return SendResult(SendOutcome.REFUSED, refusal, draft_id)
    lead = system.store.get(Lead, lead_id)
    if lead is None:
        return SendResult(SendOutcome.NOT_FOUND, Code.LEAD_NOT_FOUND, draft_id)
    try:
        return _approve_and_send(system, draft, lead, body, subject, meta, budget)
    except DraftRefused as refused:
        outcome = SendOutcome.HELD if refused.code is Code.STALE_NEEDS_WORD else SendOutcome.REFUSED
        return SendResult(outcome, refused.code, draft_id)


def _refusal(draft: Draft, channel: str, lead_id: str, body: str) -> Code | None:
    if draft.lead_id != lead_id or draft.channel != channel or not is_unicode(body):
        return Code.INVALID_REQUEST
    return parts_of(channel, body).refusal


def _only_waits(draft: Draft) -> bool:
    """Say whether a person has ordered it before, and it waits for more than its time."""
    return is_sent_by_person(draft) and draft.code not in (None, Code.NOT_DUE.value)


def _approve_and_send(
    system: System,
    draft: Draft,
    lead: Lead,
    body: str,
    subject: str | None,
    meta: PersonMeta,
    budget: Budget,
) -> SendResult:
    revision = system.store.get(Revision, draft.draft_id, int(draft.revision))
    if revision is None:
        raise DraftRefused(Code.DRAFT_DELETED, draft)
    same = revision.text == body and subject in (None, revision.subject)
    if same and draft.state in _ENDED:
        return stored_result(draft)
    if not same:
        own = int(draft.revision) + 1
        draft = edit(system.store, system.world, draft, body, subject=subject, user=meta.user)
        if draft.revision != own:
            # Somebody else's text is in its place by now, and this person has not seen it.
            raise DraftRefused(Code.DRAFT_CHANGED, draft)
    if meta.override_stale or not _only_waits(draft):
        approve(
            system.store,
            system.world,
            draft,
            lead,
            sent_by="setter",
            user=meta.user,
            override_stale=meta.override_stale,
        )
    return send_approved_draft(system, draft.draft_id, budget=budget)
