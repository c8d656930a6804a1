"""What an enrolment's next step will do and say, by the code that will send it. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from system_sender.codes import Code
from system_sender.followups.filling import Filled, fill_step, known_values
from system_sender.followups.lifecycle import (
    Compose,
    Done,
    End,
    EnrolmentState,
    Later,
    Pause,
    View,
    next_move,
)
from system_sender.followups.sequence import Step, due_at, offset_reached, step_after
from system_sender.models import Enrolment, Lead, Workspace
from system_sender.zones import own_zone


class Will(StrEnum):
    """What becomes of an enrolment at its next step, as things are now."""

    SEND = "send"
    SKIP = "skip"
    END = "end"
    WAIT = "wait"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next step will do, were its time to come with everything as it is now.

    Attributes:
        step: None where none is left, or none can be told.
        code: why it will not send; None where it will.
        detail: the names of the values that are missing, for instance.
    """

    will: Will
    step: Step | None
    code: Code | None = None
    detail: str | None = None
    text: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The rows around an enrolment.

    Attributes:
        steps: a code where the sequence is gone, switched off, or cannot be used.
        stops: why each stopped channel of the lead is stopped.
    """

    lead: Lead
    workspace: Workspace
    steps: tuple[Step, ...] | Code
    stops: Mapping[str, Code]

    @property
    def zone(self) -> ZoneInfo:
        """Return the lead's zone, else the workspace's, else UTC: as sequences count their days."""
        return own_zone(self.lead, self.workspace) or ZoneInfo("UTC")


def forecast(enrolment: Enrolment, around: Surroundings, now: int) -> Forecast:
    """Say what the next step will do. Pure.

    A pause is thought to be over, and its time to have come: why and until when it is paused is
    told apart.

    Args:
        now: epoch milliseconds, UTC.
    """
    if isinstance(around.steps, Code):
        return Forecast(Will.PAUSE, None, around.steps)
    step = step_after(around.steps, enrolment.done)
    if step is None:
        return Forecast(Will.END, None, Code.SEQUENCE_COMPLETED)
    move = next_move(_at_its_time(enrolment, around, step, now))
    match move:
        case Compose():
            return _composed(enrolment, around, step)
        case Done():
            return Forecast(Will.SKIP, step, move.code)
        case End():
            return Forecast(Will.END, step, move.code)
        case Later():
            return Forecast(Will.WAIT, step, move.code)
        case Pause():
            return Forecast(Will.PAUSE, step, move.code)
    raise AssertionError(f"an enrolment whose time has come does not {type(move).__name__}")


def _at_its_time(enrolment: Enrolment, around: Surroundings, step: Step, now: int) -> View:
    """Return the enrolment as it will be when nothing holds it up any more."""
    lead = around.lead
    there = Enrolment(
        **{
            **enrolment.attribute_values,
            "state": EnrolmentState.ACTIVE.value,
            "code": None,
            "until": None,
            "attempts": 0,
            "step": step.key,
            "seen_inbounds": lead.inbound_count,
            "seen_human_outbounds": lead.human_outbound_count,
        }
    )
    reached = offset_reached(enrolment.done)
    due = due_at(step, reached, int(enrolment.spaced_from), around.zone.key)
    return View(
        enrolment=there,
        lead=lead,
        steps=around.steps,
        draft=None,
        begun=False,
        stops=around.stops,
        paused=None,
        time_zone=around.zone.key,
        now=max(now, due, int(lead.away_until or 0) + 1),
    )


def _composed(enrolment: Enrolment, around: Surroundings, step: Step) -> Forecast:
    values = known_values(enrolment, around.lead, around.workspace)
    filled = fill_step(enrolment, step, values)
    if isinstance(filled, Filled):
        return Forecast(Will.SEND, step, text=filled.text, subject=filled.subject)
    return Forecast(Will.PAUSE, step, filled.code, filled.detail)
