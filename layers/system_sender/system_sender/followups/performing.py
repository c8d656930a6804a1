"""Performs what is due of an enrolment: reads, decides, writes the step's draft, and sends it."""

from typing import TYPE_CHECKING

from system_sender.budget import Budget
from system_sender.codes import Code, known_code
from system_sender.followups.enrolment import EnrolmentChange, draft_id_of, is_begun, is_enrolled
from system_sender.followups.filling import Filled, fill_step, known_values
from system_sender.followups.lifecycle import (
    OVER,
    Anew,
    Await,
    Compose,
    Done,
    End,
    EnrolmentState,
    GoOn,
    Later,
    Move,
    Pause,
    Turn,
    View,
    is_open,
    next_move,
)
from system_sender.followups.sequence import SequenceWrong, Step, steps_of
from system_sender.followups.step_draft import StepText, write_step
from system_sender.gate import send_approved_draft
from system_sender.models import (
    Draft,
    Enrolment,
    Lead,
    Sequence,
    Suppression,
    Workspace,
    clear_due,
    suppression_key,
)
from system_sender.person import addresses_known
from system_sender.result import SendOutcome
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
        lead, workspace, sequence, draft, *switches = system.store.read(
            (Lead, enrolment.lead_id),
            (Workspace, enrolment.workspace),
            (Sequence, enrolment.sequence_id),
            (Draft, draft_id_of(enrolment)),
            *switch_keys(enrolment.workspace),
        )
        self.enrolment = enrolment
        # A lead that was deleted and made anew is in no sequence, and its counters began again.
        self.lead: Lead | None = lead if is_enrolled(lead, enrolment) else None
        self.workspace: Workspace | None = workspace
        self.sequence: Sequence | None = sequence
        self.draft: Draft | None = draft
        self.begun = is_begun(system, draft)
        self.steps = _steps(sequence)
        self.stops = _stops(system, lead, workspace, draft) if self.lead and workspace else {}
        self.paused = judge_switches(switches, _channel(self.steps, enrolment))

    @property
    def time_zone(self) -> str:
        """Return the lead's zone, else the workspace's."""
        zone = own_zone(self.lead, self.workspace) if self.lead and self.workspace else None
        return zone.key if zone is not None else _OWN_ZONE_UNKNOWN

    def view(self, lead: Lead, now: int) -> View:
        """Return all that the next move depends on."""
        return View(
            enrolment=self.enrolment,
            lead=lead,
            steps=self.steps,
            draft=self.draft,
            begun=self.begun,
            stops=self.stops,
            paused=self.paused,
            time_zone=self.time_zone,
            now=now,
        )


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


def _stops(
    system: "System", lead: Lead, workspace: Workspace, draft: Draft | None
) -> dict[str, Code]:
    """Return why the lead's stopped channels are stopped, by their suppressions.

    The lead's row shows what the lead stopped. What a provider refused is in the suppressions
    alone, which are looked at when a draft has failed.
    """
    shown = set(lead.suppressed_channels or ())
    failed = draft is not None and draft.state == DraftState.FAILED
    if not shown and not failed:
        return {}
    known = addresses_known(lead, workspace.region)
    channels = sorted(known if failed else shown & known.keys())
    keys: list[Key] = [
        (Suppression, suppression_key(lead.workspace, channel, known[channel]))
        for channel in channels
    ]
    rows = system.store.read(*keys) if keys else []
    reasons = {
        channel: known_code(row.reason, Code.OPTED_OUT)
        for channel, row in zip(channels, rows, strict=True)
        if row is not None
    }
    # Without a row that says otherwise the person asked for it.
    return {**dict.fromkeys(sorted(shown), Code.OPTED_OUT), **reasons}


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
        move = next_move(read.view(read.lead, system.world.now()))
        if isinstance(move, Compose):
            code, goes_on = _compose(system, read, read.lead, read.workspace, move.step, budget)
        else:
            code, goes_on = _make(system, read, read.lead, move)
        if not goes_on:
            return code
    return code


def _not_due_any_more(system: "System", enrolment: Enrolment, code: Code) -> Code:
    """Take out of the index what is over, or was woken after its row had been deleted."""
    # The versions of such remains and of an enrolment that is made again may be the same.
    gone = Enrolment.lead_id.does_not_exist()
    as_read = Enrolment.version == enrolment.version if enrolment.lead_id else gone

    def build(token: str) -> Write:
        write = Write(token)
        row = Enrolment(enrolment.enrolment_id)
        write.update("enrolment", row, clear_due(Enrolment), as_read)
        return write

    if enrolment.due_at is None:
        return known_code(enrolment.code, code)
    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return Code.BUSY
    return known_code(enrolment.code, code)


def _nobody(system: "System", enrolment: Enrolment, read: _Read) -> Code:
    """End the enrolment of a lead that is no more; wait for a workspace that is no more."""
    change = EnrolmentChange(system, enrolment)
    if read.lead is None:
        code = Code.LEAD_NOT_FOUND
        change.end(End(EnrolmentState.CANCELLED, code)).without_lead()
    else:
        code = Code.WORKSPACE_NOT_FOUND
        change.pause(Pause(code))
    return code if change.write() else Code.BUSY


def _make(system: "System", read: _Read, lead: Lead, move: Move) -> tuple[Code, bool]:
    """Make a move. Returns its code, and whether the next one may follow at once."""
    enrolment, goes_on = read.enrolment, False
    change, code = EnrolmentChange(system, enrolment), known_code(enrolment.code, Code.STEP_WAITS)
    if isinstance(move, Await):
        if enrolment.due_at is None:
            return code, False
        change.rest(move)
    elif isinstance(move, Later):
        change.later(move)
        code = move.code
    else:
        code, goes_on = _move_on(change, read, lead, move)
        _take_back(change, read)
    return (code, goes_on) if change.write() else (Code.BUSY, False)


def _move_on(change: EnrolmentChange, read: _Read, lead: Lead, move: Move) -> tuple[Code, bool]:
    """Add a move behind which nothing of the step's open draft may leave."""
    match move:
        case Pause():
            change.pause(move)
            return move.code, False
        case End():
            change.end(move)
            return move.code, False
        case GoOn():
            change.go_on(move, lead)
        case Turn():
            change.turn(move)
        case Anew():
            change.anew(move)
        case Done():
            change.done(move, () if isinstance(read.steps, Code) else read.steps, read.time_zone)
            # A skipped step's follower may be due already.
            return move.code, True
    return Code.STEP_NOT_DUE, True


def _take_back(change: EnrolmentChange, read: _Read) -> None:
    draft = read.draft
    if draft is not None and is_open(draft, begun=read.begun):
        change.take_back(draft)


# --- writing and sending a step -------------------------------------------------------------------


def _compose(
    system: "System", read: _Read, lead: Lead, workspace: Workspace, step: Step, budget: Budget
) -> tuple[Code, bool]:
    """Write the step's draft and send it; what cannot be filled in asks for a person."""
    enrolment = read.enrolment
    filled = fill_step(enrolment, step, known_values(enrolment, lead, workspace))
    if not isinstance(filled, Filled):
        return _ask(system, enrolment, filled.code, filled.detail), False
    campaign_id = read.sequence.campaign_id if read.sequence is not None else None
    what = StepText(enrolment, lead, step, filled, campaign_id)
    obstacle = write_step(system, what, read.draft)
    if obstacle is Code.DRAFT_DELETED:
        return _ask(system, enrolment, obstacle), False
    if obstacle is not None:
        return obstacle, False
    if step.approval:
        return Code.APPROVAL_REQUIRED, False
    result = send_approved_draft(system, draft_id_of(enrolment), budget=budget)
    # What ended is taken down at once; what waits wakes the enrolment when it ends.
    ended = result.outcome in (SendOutcome.SENT, SendOutcome.REFUSED, SendOutcome.HELD)
    return result.code, ended


def _ask(system: "System", enrolment: Enrolment, code: Code, detail: str | None = None) -> Code:
    """Pause it until a person has seen to what is in the way."""
    change = EnrolmentChange(system, enrolment).pause(Pause(code), detail)
    return code if change.write() else Code.BUSY
