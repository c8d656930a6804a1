"""What an enrolment does next: one pure function over what was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from system_sender.codes import Code, known_code
from system_sender.followups.sequence import Condition, Step, due_at, step_after
from system_sender.models import Draft, Enrolment, Lead
from system_sender.states import MAYBE_OUT, DraftState

MINUTE = 60_000
HOUR = 60 * MINUTE
# While a kill switch is thrown, its enrolments are looked at again after this long.
LOOK_AGAIN = 10 * MINUTE
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
    _E.PAUSED: frozenset({_E.ACTIVE, _E.PAUSED, _E.CANCELLED}),
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
    }
)


@dataclass(frozen=True, slots=True)
class View:
    """All that the next move depends on.

    Attributes:
        steps: None where the sequence is gone; a code where it cannot be used.
        draft: of the next step, if it was written.
        stops: why each stopped channel of the lead is stopped.
        paused: the kill switch that is thrown, if one is.
        time_zone: the lead's, IANA.
        now: epoch milliseconds, UTC.
    """

    enrolment: Enrolment
    lead: Lead
    steps: tuple[Step, ...] | Code
    draft: Draft | None
    stops: Mapping[str, Code]
    paused: Code | None
    time_zone: str
    now: int

    @property
    def step(self) -> Step | None:
        """Return the next step, or None where all are done."""
        if isinstance(self.steps, Code):
            return None
        return step_after(self.steps, set(self.enrolment.done))


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
    """Paused, until a time or until something happens."""

    code: Code
    until: int | None = None


@dataclass(frozen=True, slots=True)
class GoOn:
    """Active again after a pause; the distance to the next step counts from `spaced_from`."""

    spaced_from: int


@dataclass(frozen=True, slots=True)
class Done:
    """The step is over, sent or skipped: the next one follows at its distance from `at`."""

    step: Step
    code: Code
    at: int


@dataclass(frozen=True, slots=True)
class Compose:
    """Write the step's draft (anew, where the conversation overtook the one there is)."""

    step: Step


@dataclass(frozen=True, slots=True)
class End:
    """Over for ever."""

    state: EnrolmentState
    code: Code


Move = Await | Later | Pause | GoOn | Done | Compose | End


def next_move(view: View) -> Move:
    """Return what an enrolment does now. Every answer but Await changes the enrolment's row."""
    for rule in _RULES:
        move = rule(view)
        if move is not None:
            return move
    return Await()


def _ended(view: View) -> Move | None:
    """End for good what must never go on: whatever else is so."""
    lead = view.lead
    if view.draft is not None and view.draft.state in MAYBE_OUT:
        # Whether it left is not known yet, and the record of the step must say so first.
        return None
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


def _held_by_person(view: View) -> Move | None:
    enrolment = view.enrolment
    if enrolment.state == EnrolmentState.PAUSED and enrolment.code in _BY_PERSON:
        return Await()
    if isinstance(view.steps, Code):
        return Pause(view.steps)
    return None


def _drafted(view: View) -> Move | None:
    """Go by what became of the step's draft."""
    draft, step = view.draft, view.step
    if draft is None or step is None:
        return None
    state = DraftState(draft.state)
    if state is DraftState.SENT:
        return Done(step, Code.STEP_SENT, int(draft.updated_at))
    if state is DraftState.REJECTED:
        return Done(step, Code.DRAFT_REJECTED, view.now)
    if state is DraftState.FAILED:
        return _failed(view, step, known_code(draft.code, Code.REJECTED_BY_PROVIDER))
    if state is DraftState.SUPERSEDED or not view.enrolment.drafted:
        # Overtaken, it is written anew when the sequence goes on.
        return None
    return Await()


def _failed(view: View, step: Step, code: Code) -> Move | None:
    """Skip a step that cannot be delivered; of one whose channel is shut, try whether it opens."""
    if code is Code.DO_NOT_DISTURB:
        return _shut(view, step)
    return Done(step, code, view.now)


def _shut(view: View, step: Step) -> Move | None:
    attempts = int(view.enrolment.attempts)
    if step.channel not in view.stops:
        return None
    if attempts >= len(SHUT_LADDER):
        return Done(step, Code.CHANNEL_SHUT, view.now)
    return Later(view.now + SHUT_LADDER[attempts], Code.CHANNEL_SHUT, attempts + 1)


def _answered(view: View) -> Move | None:
    """Pause for an answer of the lead; go on after the answer from our side to it."""
    lead, enrolment = view.lead, view.enrolment
    if lead.inbound_count <= enrolment.seen_inbounds:
        return None
    answered_at = int(lead.last_outbound_at or 0)
    if answered_at > int(lead.last_inbound_at or 0):
        return GoOn(answered_at)
    already = enrolment.state == EnrolmentState.PAUSED and enrolment.code == Code.LEAD_REPLIED
    return Await() if already else Pause(Code.LEAD_REPLIED)


def _away(view: View) -> Move | None:
    until, enrolment = view.lead.away_until, view.enrolment
    if until is not None and until > view.now:
        return Pause(Code.LEAD_AWAY, int(until))
    if enrolment.state == EnrolmentState.PAUSED:
        # Nothing that pauses is so any more.
        return GoOn(int(enrolment.spaced_from))
    return None


def _switched_off(view: View) -> Move | None:
    return Later(view.now + LOOK_AGAIN, view.paused) if view.paused is not None else None


def _next_step(view: View) -> Move | None:
    step = view.step
    if isinstance(view.steps, Code):
        return None
    if step is None:
        return End(EnrolmentState.COMPLETED, Code.SEQUENCE_COMPLETED)
    due = due_at(view.steps, step, int(view.enrolment.spaced_from), view.time_zone)
    if due > view.now:
        return Later(due, Code.STEP_NOT_DUE)
    obstacle = _impossible(view, step)
    if obstacle is not None:
        # Its time is over all the same: the distance to the next step is kept.
        return Done(step, obstacle, due)
    return _shut(view, step) or Compose(step)


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
    _ended,
    _held_by_person,
    _drafted,
    _answered,
    _away,
    _switched_off,
    _next_step,
)
