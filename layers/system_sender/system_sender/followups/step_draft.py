"""Writes the draft of a step, in the transaction in which its enrolment begins to wait for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from system_sender import audit
from system_sender.asking import show_again
from system_sender.change import Change
from system_sender.codes import Code
from system_sender.drafts import NewDraft, add_draft, draft_row, list_draft, text_hash
from system_sender.followups.enrolment import EnrolmentChange, as_it_was, draft_id_of
from system_sender.followups.filling import Filled
from system_sender.followups.sequence import Step
from system_sender.models import Draft, Enrolment, Lead, Revision, step_origin
from system_sender.settlement import DraftFate, draft_actions
from system_sender.states import DRAFT_OPEN, DraftState, check_draft_move
from system_sender.store import ConditionsFailed, Write

if TYPE_CHECKING:
    from system_sender.system import System


@dataclass(frozen=True, slots=True)
class StepText:
    """What is to be written to whom.

    Attributes:
        campaign_id: whose permission it needs, if any.
    """

    enrolment: Enrolment
    lead: Lead
    step: Step
    filled: Filled
    campaign_id: str | None

    @property
    def reply_to(self) -> str | None:
        """Return the message in whose conversation it stays, if there is one."""
        if self.filled.subject is not None:
            # A subject of its own begins a new conversation.
            return None
        latest: str | None = (self.lead.latest_inbound or {}).get(self.step.channel)
        return latest


def write_step(system: "System", what: StepText, draft: Draft | None) -> Code | None:
    """Write the step's draft, or give the one there is the text and the permission of now.

    Args:
        draft: as it was read; it was taken back, overtaken or stopped, and nothing of it is out.

    Returns:
        Why nothing is written: the enrolment or the draft moved meanwhile, or somebody deleted the
        draft by hand, and nothing tells any more whether it left.
    """
    try:
        system.store.write_patiently(
            _first(system, what) if draft is None else _again(system, what, draft)
        )
    except ConditionsFailed as refusal:
        deleted = draft is None and "revision" in refusal.failed and "draft" not in refusal.failed
        return Code.DRAFT_DELETED if deleted else Code.BUSY
    return None


def _first(system: "System", what: StepText) -> Any:
    lead, step, now = what.lead, what.step, system.world.now()
    row = draft_row(
        NewDraft(
            draft_id=draft_id_of(what.enrolment),
            workspace=what.enrolment.workspace,
            lead_id=lead.lead_id,
            channel=step.channel,
            text=what.filled.text,
            subject=what.filled.subject,
            state=DraftState.NEEDS_REVIEW if step.approval else DraftState.APPROVED,
            code=Code.APPROVAL_REQUIRED if step.approval else None,
            origin=step_origin(what.enrolment.sequence_id),
            seen_inbounds=int(lead.inbound_count),
            seen_human_outbounds=int(lead.human_outbound_count),
            campaign_id=what.campaign_id,
            sent_by="ai",
            reply_to=what.reply_to,
            enrolment_id=what.enrolment.enrolment_id,
        ),
        now,
    )

    def build(token: str) -> Write:
        write = Write(token)
        add_draft(write, row, what.filled.text, now, subject=what.filled.subject)
        EnrolmentChange(system, what.enrolment).drafted().add_to(write)
        return write

    return build


def _again(system: "System", what: StepText, draft: Draft) -> Any:
    """Return what revives a draft: with the text of now, unless a delivery holds to its old one."""
    now = system.world.now()
    fate = (
        # As after an edit: it is asked about again, and not approved.
        DraftFate(DraftState.PENDING, Code.APPROVAL_REQUIRED)
        if what.step.approval
        else DraftFate(DraftState.APPROVED, Code.NOT_DUE, now)
    )
    check_draft_move(DraftState(draft.state), fate.state)
    revision = None if draft.parts else _revision(what, draft, now)
    actions = [*draft_actions(draft, fate, now), *_permission(what, now)]
    facts: dict[str, Any] = {"sent_by": "ai"}
    if revision is not None:
        hashed = text_hash(what.filled.text, what.filled.subject)
        actions += [
            *_text(what),
            Draft.revision.set(revision.revision),
            Draft.text_hash.set(hashed),
        ]
        facts |= {"revision": revision.revision, "text_hash": hashed}
    change = Change(fate, audit.WRITER, now, facts, wakes=False)

    def build(token: str) -> Write:
        write = Write(token)
        if revision is not None:
            write.put("revision", revision, Revision.draft_id.does_not_exist())
        write.update("draft", Draft(draft.draft_id), actions, as_it_was(draft))
        change.tell(write, draft)
        if what.step.approval and not draft.asked:
            show_again(write, draft, DraftState.NEEDS_REVIEW, now)
        if draft.state not in DRAFT_OPEN:
            list_draft(write, draft, listed=True)
        EnrolmentChange(system, what.enrolment).drafted().add_to(write)
        return write

    return build


def _revision(what: StepText, draft: Draft, now: int) -> Revision:
    return Revision(
        draft.draft_id,
        int(draft.revision) + 1,
        text=what.filled.text,
        subject=what.filled.subject,
        created_at=now,
    )


def _permission(what: StepText, now: int) -> list[Any]:
    """Return the actions that let a draft go by what is known now."""
    if what.step.approval:
        approval = [Draft.asked.set(True), Draft.approved_at.remove(), Draft.ready_at.remove()]
    else:
        approval = [Draft.approved_at.set(now), Draft.ready_at.set(now)]
    return [
        *approval,
        Draft.sent_by.set("ai"),
        Draft.user.remove(),
        Draft.attempts.set(0),
        Draft.seen_inbounds.set(int(what.lead.inbound_count)),
        Draft.seen_human_outbounds.set(int(what.lead.human_outbound_count)),
    ]


def _text(what: StepText) -> list[Any]:
    """Return the actions that belong to another text: where it goes, and by whose permission."""
    columns = {"reply_to": what.reply_to, "campaign_id": what.campaign_id}
    optional = [
        getattr(Draft, name).remove() if value is None else getattr(Draft, name).set(value)
        for name, value in columns.items()
    ]
    return [Draft.channel.set(what.step.channel), Draft.incomplete.set(False), *optional]
