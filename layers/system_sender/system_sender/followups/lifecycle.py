"""What an enrolment does next: one pure function over what was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from system_sender.codes import Code, known_code
from system_sender.followups.sequence import Condition, Step, due_at, offset_reached, step_after
from system_sender.models import Draft, Enrolment, Lead
from system_sender.states import DRAFT_OPEN, MAYBE_OUT, DraftState

MINUTE = 60_000
HOUR = 60 * MINUTE
# While a kill switch is thrown, its enrolments are looked at again after this long.
LOOK_AGAIN = 10 * MINUTE
# An answer of ours that was on its way when the lead was enrolled may end without waking the
# enrolment: once it has paused, it looks once more.
LOOK_ONCE_MORE = 15 * MINUTE
# When a step whose channel the provider has shut is tried again. After the last it is skipped.
SHUT_LADDER = (1 * HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR)


class EnrolmentState(StrEnum):
    """Where an enrolment stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


_E = EnrolmentState
ENROLMENT_TRANSITIONS: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    # active -> active is the next step, or a later time.
    _E.ACTIVE: frozenset({_E.ACTIVE, _E.PAUSED, _E.COMPLETED, _E.CANCELLED}),
    # paused -> completed: the last step turned out to have left.
    _E.PAUSED: frozenset({_E.ACTIVE, _E.PAUSED, _E.COMPLETED, _E.CANCELLED}),
    _E.COMPLETED: frozenset(),
    _E.CANCELLED: frozenset(),
}
OVER = frozenset({_E.COMPLETED, _E.CANCELLED})

# What only a person ends: nothing that happens by itself resumes it.
_BY_PERSON = frozenset(
    {
        Code.PAUSED_BY_PERSON.value,
        Code.SEQUENCE_INACTIVE.value,
        Code.SEQUENCE_WRONG.value,
        Code.VARIABLE_MISSING.value,
        Code.TEMPLATE_WRONG.value,
        Code.DRAFT_DELETED.value,
    }
)


# A step's draft that ended like this was stopped by a suppression, which may be lifted.
_STOPPED = frozenset({Code.DO_NOT_DISTURB, Code.OPTED_OUT})

# A draft is held like this for what no approval changes: the lead cannot be reached so.
_UNREACHABLE = frozenset(
    {
        Code.MISSING_PHONE.value,
        Code.INVALID_PHONE.value,
        Code.MISSING_EMAIL.value,
        Code.INVALID_EMAIL.value,
        Code.MISSING_LINKEDIN.value,
        Code.NOT_A_PERSON.value,
        Code.PROFILE_NOT_FOUND.value,
        Code.NO_THREAD.value,
    }
)


@dataclass(frozen=True, slots=True)
class View:
    """All that the next move depends on.

    Attributes:
        steps: a code where the sequence is gone, switched off, or cannot be used.
        draft: of the step that the enrolment stands at, if it was written.
        begun: a part of the draft's text is out, or may be.
        stops: why each stopped channel of the lead is stopped.
        paused: the kill switch that is thrown, if one is.
        time_zone: the lead's, IANA.
        now: epoch milliseconds, UTC.
    """

    enrolment: Enrolment
    lead: Lead
    steps: tuple[Step, ...] | Code
    draft: Draft | None
    begun: bool
    stops: Mapping[str, Code]
    paused: Code | None
    time_zone: str
    now: int

    @property
    def step(self) -> Step | None:
        """Return the next step, or None where all are done."""
        if isinstance(self.steps, Code):
            return None
        return step_after(self.steps, self.enrolment.done)


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing to do until the step's draft has ended, or the enrolment is woken."""


@dataclass(frozen=True, slots=True)
class Later:
    """Active, and due at `until` (epoch milliseconds, UTC)."""

    until: int
    code: Code
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Paused, until a time or until something happens. It takes the step's open draft back.

    Attributes:
        look_at: look again then, though the pause has no end of its own.
    """

    code: Code
    until: int | None = None
    look_at: int | None = None


@dataclass(frozen=True, slots=True)
class GoOn:
    """Active again, or anew; the distance to the next step counts from `spaced_from`.

    It takes the step's open draft back: the conversation moved on.
    """

    spaced_from: int


@dataclass(frozen=True, slots=True)
class Done:
    """The step is over, sent or skipped: the next one follows at its distance from `at`.

    Attributes:
        offset: the step's distance from the beginning, in days and minutes.
    """

    key: str
    offset: tuple[int, int]
    code: Code
    at: int


@dataclass(frozen=True, slots=True)
class Turn:
    """The sequence was edited: another step is next. The other one's open draft is taken back."""

    step: Step


@dataclass(frozen=True, slots=True)
class Anew:
    """The step's draft was refused for good, and the channel is open again: one more draft."""


@dataclass(frozen=True, slots=True)
class Compose:
    """Write the step's draft, or anew where it was taken back, overtaken or stopped."""

    step: Step


@dataclass(frozen=True, slots=True)
class End:
    """Over for ever. It takes the step's open draft back."""

    state: EnrolmentState
    code: Code


Move = Await | Later | Pause | GoOn | Done | Turn | Anew | Compose | End


def next_move(view: View) -> Move:
    """Return what an enrolment does now."""
    for rule in _RULES:
        move = rule(view)
        if move is not None:
            return move
    return Await()


def is_open(draft: Draft, *, begun: bool) -> bool:
    """Say whether a step's draft may still leave, and nothing of it has. Pure."""
    return draft.state in DRAFT_OPEN and not begun


def is_sent_by_person(draft: Draft) -> bool:
    """Say whether a person let a draft go, and knows what they do. Pure."""
    return draft.state == DraftState.APPROVED and draft.sent_by == "setter"


def may_be_sent_by_person(draft: Draft) -> bool:
    """Say whether a draft may still leave because a person let it go. Pure."""
    return draft.sent_by == "setter" and (draft.state in MAYBE_OUT or is_sent_by_person(draft))


def is_answered(lead: Lead) -> bool:
    """Say whether our side has answered everything that the lead wrote. Pure."""
    count = int(lead.inbound_count)
    return count == 0 or any(int(seen) >= count for seen in lead.answered_inbounds or ())


def spacing_of(enrolment: Enrolment, lead: Lead) -> int:
    """Return from when the distance to the next step counts, once an enrolment goes on. Pure.

    From the latest message of our side, if the lead or a person of ours wrote since it went on
    last: a sequence keeps its distance from a conversation as from its own steps.
    """
    before = int(enrolment.spaced_from)
    moved = (
        lead.inbound_count > enrolment.seen_inbounds
        or lead.human_outbound_count > enrolment.seen_human_outbounds
    )
    return max(before, int(lead.last_outbound_at or 0)) if moved else before


# --- the rules, in order --------------------------------------------------------------------------


def _in_flight(view: View) -> Move | None:
    """Wait while it is not known whether the step leaves: the record of it must say so first."""
    draft = view.draft
    if draft is None:
        return None
    goes = draft.state in MAYBE_OUT or (draft.state in DRAFT_OPEN and view.begun)
    return Await() if goes else None


def _sent(view: View) -> Move | None:
    draft = view.draft
    if draft is None or draft.state != DraftState.SENT or isinstance(view.steps, Code):
        return None
    return _over(view, Code.STEP_SENT, int(draft.updated_at))


def _over(view: View, code: Code, at: int) -> Done:
    """Return that the step which the enrolment stands at is over."""
    key = str(view.enrolment.step)
    named = () if isinstance(view.steps, Code) else view.steps
    reached = offset_reached(view.enrolment.done)
    offset = next((step.offset for step in named if step.key == key), reached)
    return Done(key, offset, code, at)


def _ended(view: View) -> Move | None:
    """End for good what must never go on: whatever else is so."""
    lead = view.lead
    if lead.blacklisted:
        return End(EnrolmentState.CANCELLED, Code.BLACKLISTED)
    if lead.booked:
        return End(EnrolmentState.CANCELLED, Code.LEAD_BOOKED)
    final = [code for code in view.stops.values() if code is not Code.DO_NOT_DISTURB]
    if final:
        return End(EnrolmentState.CANCELLED, final[0])
    if view.steps is Code.SEQUENCE_NOT_FOUND:
        return End(EnrolmentState.CANCELLED, Code.SEQUENCE_NOT_FOUND)
    return None


def _let_go(view: View) -> Move | None:
    """Wait for what a person let go, unless the sequence has ended: its end says what became of it.

    Whoever pauses, ends or switches off afterwards has taken their order back.
    """
    return Await() if view.draft is not None and is_sent_by_person(view.draft) else None


def _held_by_person(view: View) -> Move | None:
    enrolment = view.enrolment
    if enrolment.state == EnrolmentState.PAUSED and enrolment.code in _BY_PERSON:
        return Await()
    return Pause(view.steps) if isinstance(view.steps, Code) else None


def _answered(view: View) -> Move | None:
    """Pause for an answer of the lead; go on after the answer from our side to it."""
    lead, enrolment = view.lead, view.enrolment
    if lead.inbound_count <= enrolment.seen_inbounds:
        return None
    if is_answered(lead):
        return GoOn(spacing_of(enrolment, lead))
    already = enrolment.state == EnrolmentState.PAUSED and enrolment.code == Code.LEAD_REPLIED
    if already:
        return Await()
    return Pause(Code.LEAD_REPLIED, look_at=view.now + LOOK_ONCE_MORE)


def _away(view: View) -> Move | None:
    until, enrolment = view.lead.away_until, view.enrolment
    if until is not None and until > view.now:
        return Pause(Code.LEAD_AWAY, int(until))
    if enrolment.state == EnrolmentState.PAUSED:
        # Nothing that pauses is so any more.
        return GoOn(spacing_of(enrolment, view.lead))
    return None


def _person_wrote(view: View) -> Move | None:
    """Keep the distance from a message that a person of ours wrote, too."""
    if view.lead.human_outbound_count <= view.enrolment.seen_human_outbounds:
        return None
    return GoOn(spacing_of(view.enrolment, view.lead))


def _edited(view: View) -> Move | None:
    """Follow the sequence as it is now."""
    step = view.step
    if step is None:
        return End(EnrolmentState.COMPLETED, Code.SEQUENCE_COMPLETED)
    return Turn(step) if step.key != view.enrolment.step else None


def _drafted(view: View) -> Move | None:
    """Go by what became of the step's draft."""
    draft = view.draft
    if draft is None:
        return None
    state, code = DraftState(draft.state), known_code(draft.code, Code.REJECTED_BY_PROVIDER)
    if state is DraftState.REJECTED:
        return _over(view, Code.DRAFT_REJECTED, view.now)
    if state is DraftState.FAILED:
        return _failed(view, draft, code)
    if state is DraftState.SUPERSEDED:
        # Overtaken or taken back, it is written anew when its time has come.
        return _over(view, code, view.now) if view.begun else None
    if state is DraftState.NEEDS_REVIEW and draft.code in _UNREACHABLE:
        return _over(view, code, view.now)
    return Await()


def _failed(view: View, draft: Draft, code: Code) -> Move | None:
    """Skip a step that cannot be delivered; of one that was stopped, try whether it may go."""
    if code not in _STOPPED or view.begun:
        return _over(view, code, view.now)
    enrolment = view.enrolment
    waited = enrolment.code == Code.CHANNEL_SHUT and int(enrolment.until or 0) <= view.now
    if waited and draft.channel not in view.stops:
        return Anew() if draft.parts else None
    return _try_later(view)


def _next_step(view: View) -> Move | None:
    step, enrolment = view.step, view.enrolment
    if step is None:
        return None
    reached = offset_reached(enrolment.done)
    due = due_at(step, reached, int(enrolment.spaced_from), view.time_zone)
    if due > view.now:
        return Later(due, Code.STEP_NOT_DUE)
    obstacle = _impossible(view, step)
    if obstacle is not None:
        # Its time is over all the same: the distance to the next step is kept.
        return _over(view, obstacle, due)
    if view.paused is not None:
        return Later(view.now + LOOK_AGAIN, view.paused, int(enrolment.attempts))
    return _try_later(view) if step.channel in view.stops else Compose(step)


def _try_later(view: View) -> Move:
    """Wait for the channel to open, a few times; then skip the step."""
    enrolment, attempts = view.enrolment, int(view.enrolment.attempts)
    until = int(enrolment.until or 0)
    if enrolment.code == Code.CHANNEL_SHUT and until > view.now:
        # Woken by something else: its time has not come.
        return Later(until, Code.CHANNEL_SHUT, attempts)
    if attempts >= len(SHUT_LADDER):
        return _over(view, Code.CHANNEL_SHUT, view.now)
    return Later(view.now + SHUT_LADDER[attempts], Code.CHANNEL_SHUT, attempts + 1)


def _impossible(view: View, step: Step) -> Code | None:
    """Return why a step is not for this lead, or cannot reach them."""
    lead, enrolment = view.lead, view.enrolment
    known = {
        "sms": (bool(lead.phone), Code.MISSING_PHONE),
        "email": (bool(lead.email), Code.MISSING_EMAIL),
        "linkedin": (bool(lead.linkedin_id or lead.linkedin_url), Code.MISSING_LINKEDIN),
    }
    holds: dict[Condition, Callable[[], bool]] = {
        Condition.ALWAYS: lambda: True,
        Condition.HAS_PHONE: lambda: bool(lead.phone),
        Condition.CONNECTED: lambda: bool((lead.contacts or {}).get("unipile") or lead.linkedin_id),
        Condition.NO_ANSWER: lambda: lead.inbound_count <= enrolment.started_inbounds,
    }
    if not holds[step.condition]():
        return Code.CONDITION_FALSE
    reachable, code = known[step.channel]
    return None if reachable else code


_RULES: tuple[Callable[[View], Move | None], ...] = (
    _in_flight,
    _sent,
    _ended,
    _let_go,
    _held_by_person,
    _answered,
    _away,
    _person_wrote,
    _edited,
    _drafted,
    _next_step,
)
