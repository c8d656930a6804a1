"""A person's decisions about a draft: approve, edit, reject. Each is about one revision.

A decision that is repeated, because its answer was lost, returns what it made the first time.
"""

from typing import TYPE_CHECKING

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.dashboard.caller import Caller
from system_sender.dashboard.looking_up import view_of
from system_sender.dashboard.orders import Approval, Edit, Rejection
from system_sender.dashboard.refusal import Refused
from system_sender.dashboard.rows import draft_of, lead_of
from system_sender.dashboard.views import Decision, SendView
from system_sender.drafts import approve, edit, is_stale, reject, text_hash
from system_sender.gate import send_approved_draft
from system_sender.models import Draft, Lead, Revision
from system_sender.result import SendResult
from system_sender.states import DraftState
from system_sender.text_parts import parts_of

if TYPE_CHECKING:
    from system_sender.system import System

_LET_GO = frozenset({DraftState.APPROVED, DraftState.SENDING, DraftState.UNKNOWN, DraftState.SENT})


def approve_draft(system: "System", caller: Caller, order: Approval, budget: Budget) -> Decision:
    """Approve a revision, and send it at once unless it is to go later.

    Raises:
        Refused, DraftRefused: it cannot be approved from where it stands.
    """
    draft = draft_of(system.store, caller, order.draft_id)
    _check_revision(draft, order.revision)
    lead = lead_of(system.store, caller, draft.lead_id)
    if not _is_approved_already(draft, lead, caller, order):
        approve(
            system.store,
            system.world,
            draft,
            lead,
            sent_by="setter",
            user=caller.user,
            override_stale=order.override_stale,
            due_at=order.due_at,
        )
    if order.due_at is not None and order.due_at > system.world.now():
        return _decision(system, caller, order.draft_id)
    result = send_approved_draft(system, order.draft_id, budget=budget)
    return _decision(system, caller, order.draft_id, result)


def _is_approved_already(draft: Draft, lead: Lead, caller: Caller, order: Approval) -> bool:
    """Say whether this is the second time of the same call."""
    if draft.state not in _LET_GO or draft.sent_by != "setter" or draft.user != caller.user:
        return False
    if draft.state != DraftState.APPROVED:
        return True
    another_time = order.due_at is not None and order.due_at != draft.ready_at
    return not another_time and not (order.override_stale and is_stale(draft, lead))


def edit_draft(system: "System", caller: Caller, order: Edit) -> Decision:
    """Give a draft another text; the new revision is pending until it is approved.

    Raises:
        Refused, DraftRefused: it cannot have this text, or is past editing.
    """
    draft = draft_of(system.store, caller, order.draft_id)
    if order.subject is not None and draft.channel != "email":
        raise Refused(Code.INVALID_REQUEST, "subject: only an e-mail has one.")
    refusal = parts_of(draft.channel, order.text).refusal
    if refusal is not None:
        raise Refused(refusal)
    if draft.revision == order.revision + 1 and _has_text(system, draft, order):
        return _decision(system, caller, order.draft_id)
    _check_revision(draft, order.revision)
    edit(
        system.store,
        system.world,
        draft,
        order.text,
        subject=order.subject,
        user=caller.user,
    )
    return _decision(system, caller, order.draft_id)


def _has_text(system: "System", draft: Draft, order: Edit) -> bool:
    subject = order.subject
    if subject is None:
        revision = system.store.get(Revision, draft.draft_id, int(draft.revision))
        subject = revision.subject if revision is not None else None
    return bool(draft.text_hash == text_hash(order.text, subject))


def reject_draft(system: "System", caller: Caller, order: Rejection) -> Decision:
    """Reject a draft. Only an edit brings it back.

    Raises:
        Refused, DraftRefused: it is past rejecting.
    """
    draft = draft_of(system.store, caller, order.draft_id)
    _check_revision(draft, order.revision)
    if draft.state != DraftState.REJECTED:
        reject(system.store, system.world, draft, user=caller.user)
    return _decision(system, caller, order.draft_id)


def _check_revision(draft: Draft, revision: int) -> None:
    if draft.revision != revision:
        raise Refused(Code.STALE_REVISION, f"It is revision {int(draft.revision)} now.")


def _decision(
    system: "System", caller: Caller, draft_id: str, result: SendResult | None = None
) -> Decision:
    draft = draft_of(system.store, caller, draft_id)
    return Decision(
        draft=view_of(system, draft), result=SendView.of(result) if result is not None else None
    )
