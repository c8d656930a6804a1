"""Performs what is due of an enrolment: reads, decides, writes the step's draft, and sends it."""

from typing import TYPE_CHECKING

from system_sender.budget import Budget
from system_sender.codes import Code, known_code
from system_sender.drafts import (
    DraftRefused,
    NewDraft,
    add_draft,
    approve,
    draft_row,
    edit,
    leave,
)
from system_sender.followups.enrolment import EnrolmentChange, step_draft_id
from system_sender.followups.lifecycle import (
    OVER,
    Await,
    Compose,
    Done,
    End,
    GoOn,
    Later,
    Move,
    Pause,
    View,
    next_move,
)
from system_sender.followups.sequence import SequenceWrong, Step, steps_of
from system_sender.followups.template import Missing, TemplateWrong, fill_in
from system_sender.gate import send_approved_draft
from system_sender.models import (
    Draft,
    Enrolment,
    Lead,
    Revision,
    Sequence,
    Suppression,
    Workspace,
    clear_due,
    suppression_key,
)
from system_sender.person import addresses_known
from system_sender.settlement import DraftFate
from system_sender.states import DraftState
from system_sender.store import ConditionsFailed, Key, Write
from system_sender.switches import judge_switches, switch_keys
from system_sender.zones import own_zone

if TYPE_CHECKING:
    from system_sender.system import System

# A pause that ends, a skipped step or two, a draft and its end; the rest stays due.
_MOST_MOVES = 8
_OWN_ZONE_UNKNOWN = "UTC"


class _Read:
    """The rows around an enrolment."""

    def __init__(self, system: "System", enrolment: Enrolment) -> None:
        draft_id = step_draft_id(enrolment.enrolment_id, enrolment.step or "-")
        lead, workspace, sequence, draft, *switches = system.store.read(
            (Lead, enrolment.lead_id),
            (Workspace, enrolment.workspace),
            (Sequence, enrolment.sequence_id),
            (Draft, draft_id),
            *switch_keys(enrolment.workspace),
        )
        self.lead: Lead | None = lead
        self.workspace: Workspace | None = workspace
        self.sequence: Sequence | None = sequence
        self.draft: Draft | None = draft
        self.draft_id = draft_id
        self.steps = _steps(sequence)
        self.stops = _stops(system, lead, workspace) if lead and workspace else {}
        self.paused = judge_switches(switches, _channel(self.steps, enrolment))

    @property
    def time_zone(self) -> str:
        """Return the lead's zone, else the workspace's."""
        zone = own_zone(self.lead, self.workspace) if self.lead and self.workspace else None
        return zone.key if zone is not None else _OWN_ZONE_UNKNOWN


def _steps(sequence: Sequence | None) -> tuple[Step, ...] | Code:
    if sequence is None:
        return Code.SEQUENCE_NOT_FOUND
    if not sequence.active:
        return Code.SEQUENCE_INACTIVE
    try:
        return steps_of(sequence.steps)
    except SequenceWrong:
        return Code.SEQUENCE_WRONG


def _channel(steps: tuple[Step, ...] | Code, enrolment: Enrolment) -> str:
    named = () if isinstance(steps, Code) else steps
    return next((step.channel for step in named if step.key == enrolment.step), "-")


def _stops(system: "System", lead: Lead, workspace: Workspace) -> dict[str, Code]:
    """Return why the lead's stopped channels are stopped, by their suppressions."""
    channels = sorted(lead.suppressed_channels or ())
    if not channels:
        return {}
    known = addresses_known(lead, workspace.region)
    named = [(channel, known[channel]) for channel in channels if channel in known]
    keys: list[Key] = [
        (Suppression, suppression_key(lead.workspace, channel, address))
        for channel, address in named
    ]
    rows = system.store.read(*keys) if keys else []
    reasons = {channel: row for (channel, _), row in zip(named, rows, strict=True)}
    # Without a row that says otherwise the person asked for it.
    return {
        channel: known_code(row.reason, Code.OPTED_OUT) if row is not None else Code.OPTED_OUT
        for channel, row in ((channel, reasons.get(channel)) for channel in channels)
    }


def perform_enrolment(system: "System", enrolment_id: str, *, budget: Budget) -> Code:
    """Do what is due of an enrolment. Idempotent: a step has one draft, and a draft goes once."""
    code = Code.ENROLMENT_NOT_FOUND
    for _ in range(_MOST_MOVES):
        enrolment = system.store.get(Enrolment, enrolment_id)
        if enrolment is None:
            return code
        if not enrolment.lead_id or enrolment.state in OVER:
            return _not_due_any_more(system, enrolment, code)
        read = _Read(system, enrolment)
        if read.lead is None or read.workspace is None:
            return _nobody(system, enrolment, read)
        move = next_move(
            View(
                enrolment=enrolment,
                lead=read.lead,
                steps=read.steps,
                draft=read.draft,
                stops=read.stops,
                paused=read.paused,
                time_zone=read.time_zone,
                now=system.world.now(),
            )
        )
        code, goes_on = _make(system, enrolment, read, move, budget)
        if not goes_on:
            return code
    return code


def _not_due_any_more(system: "System", enrolment: Enrolment, code: Code) -> Code:
    """Take out of the index what is over, or was woken after its row had been deleted."""

    def build(token: str) -> Write:
        write = Write(token)
        row = Enrolment(enrolment.enrolment_id)
        write.update("enrolment", row, clear_due(Enrolment), Enrolment.version == enrolment.version)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return Code.BUSY
    return known_code(enrolment.code, code)


def _nobody(system: "System", enrolment: Enrolment, read: _Read) -> Code:
    code = Code.LEAD_NOT_FOUND if read.lead is None else Code.WORKSPACE_NOT_FOUND
    change = EnrolmentChange(system, enrolment).pause(Pause(code))
    return code if change.write() else Code.BUSY


def _make(
    system: "System", enrolment: Enrolment, read: _Read, move: Move, budget: Budget
) -> tuple[Code, bool]:
    """Make a move. Returns its code, and whether the next one may follow at once."""
    if isinstance(move, Compose):
        return _compose(system, enrolment, read, move.step, budget)
    change, code = EnrolmentChange(system, enrolment), known_code(enrolment.code, Code.STEP_WAITS)
    goes_on = False
    if isinstance(move, Await):
        if enrolment.due_at is None:
            return code, False
        change.rest(move)
    elif isinstance(move, Later):
        change.later(move)
        code = move.code
    elif isinstance(move, Pause):
        change.pause(move)
        code = move.code
    elif isinstance(move, GoOn):
        seen = int(read.lead.inbound_count) if read.lead is not None else 0
        change.go_on(move, seen)
        code, goes_on = Code.STEP_NOT_DUE, True
    elif isinstance(move, Done):
        steps = () if isinstance(read.steps, Code) else read.steps
        change.done(move, steps, read.time_zone)
        # A skipped step's follower may be due already.
        code, goes_on = move.code, True
    elif isinstance(move, End):
        change.end(move)
        code = move.code
    return (code, goes_on) if change.write() else (Code.BUSY, False)


# --- writing and sending a step -------------------------------------------------------------------


def _compose(
    system: "System", enrolment: Enrolment, read: _Read, step: Step, budget: Budget
) -> tuple[Code, bool]:
    """Write the step's draft and send it; what cannot be filled in asks for a person."""
    if read.lead is None or read.workspace is None:
        return Code.LEAD_NOT_FOUND, False
    values = known_values(enrolment, read.lead, read.workspace)
    filled = fill_step(enrolment, step, values)
    if not isinstance(filled, Filled):
        change = EnrolmentChange(system, enrolment).pause(Pause(filled.code), filled.detail)
        return (filled.code, False) if change.write() else (Code.BUSY, False)
    if read.draft is None:
        written = _write_draft(system, enrolment, read, step, filled)
    else:
        written = _write_again(system, enrolment, read, step, filled)
    if not written:
        return Code.BUSY, False
    if step.approval:
        return Code.APPROVAL_REQUIRED, False
    result = send_approved_draft(system, read.draft_id, budget=budget)
    return result.code, result.code is Code.SENT


class Filled:
    """A step's text with its values."""

    def __init__(self, text: str, subject: str | None) -> None:
        self.text = text
        self.subject = subject


class Blocked:
    """Why a step has no text; the detail names values, and quotes nothing."""

    def __init__(self, code: Code, detail: str) -> None:
        self.code = code
        self.detail = detail


def known_values(enrolment: Enrolment, lead: Lead, workspace: Workspace) -> dict[str, str | None]:
    """Return what a template may use: what is known of the lead, the agency, and the enrolment."""
    return {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "email": lead.email,
        "phone": lead.phone,
        "agency": workspace.name,
        **(enrolment.facts or {}),
    }


def fill_step(enrolment: Enrolment, step: Step, values: dict[str, str | None]) -> Filled | Blocked:
    """Fill in a step's text and subject. The same enrolment always gets the same variants."""
    seed = f"{enrolment.enrolment_id}#{step.key}"
    texts: list[str] = []
    missing: list[str] = []
    for template in (step.template, step.subject or ""):
        try:
            text = fill_in(template, values, seed=seed)
        except TemplateWrong as wrong:
            return Blocked(Code.TEMPLATE_WRONG, str(wrong))
        if isinstance(text, Missing):
            missing += text.names
        else:
            texts.append(text)
    if missing:
        return Blocked(Code.VARIABLE_MISSING, ", ".join(dict.fromkeys(missing)))
    return Filled(texts[0], texts[1] or None)


def _write_draft(
    system: "System", enrolment: Enrolment, read: _Read, step: Step, filled: Filled
) -> bool:
    """Create the step's draft and let the enrolment wait for it, in one transaction."""
    lead, now = read.lead, system.world.now()
    assert lead is not None
    row = draft_row(
        NewDraft(
            draft_id=read.draft_id,
            workspace=enrolment.workspace,
            lead_id=lead.lead_id,
            channel=step.channel,
            text=filled.text,
            subject=filled.subject,
            state=DraftState.NEEDS_REVIEW if step.approval else DraftState.APPROVED,
            code=Code.APPROVAL_REQUIRED if step.approval else None,
            origin=f"followup:{enrolment.sequence_id}",
            seen_inbounds=int(lead.inbound_count),
            seen_human_outbounds=int(lead.human_outbound_count),
            campaign_id=read.sequence.campaign_id if read.sequence is not None else None,
            sent_by="ai",
            # A subject of its own begins a new conversation.
            reply_to=(lead.latest_inbound or {}).get(step.channel) if not filled.subject else None,
            enrolment_id=enrolment.enrolment_id,
        ),
        now,
    )

    def build(token: str) -> Write:
        write = Write(token)
        add_draft(write, row, filled.text, now, subject=filled.subject)
        EnrolmentChange(system, enrolment).drafted(step).add_to(write)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return False
    return True


def _write_again(
    system: "System", enrolment: Enrolment, read: _Read, step: Step, filled: Filled
) -> bool:
    """Give a draft that the conversation overtook the text of now, and approve it again.

    Three writes. Until the last of them the enrolment stays due, and a repetition begins where
    the draft stands.
    """
    draft, lead = read.draft, read.lead
    assert draft is not None and lead is not None
    store, world = system.store, system.world
    try:
        if not _has_text(system, draft, filled):
            draft = edit(store, world, draft, filled.text, subject=filled.subject)
        if step.approval:
            leave(store, world, draft, DraftFate(DraftState.NEEDS_REVIEW, Code.APPROVAL_REQUIRED))
        else:
            approve(store, world, draft, lead, sent_by="ai", override_stale=True)
    except DraftRefused:
        return False
    return EnrolmentChange(system, enrolment).drafted(step).write()


def _has_text(system: "System", draft: Draft, filled: Filled) -> bool:
    if draft.state != DraftState.PENDING:
        return False
    revision = system.store.get(Revision, draft.draft_id, int(draft.revision))
    return revision is not None and revision.text == filled.text
