"""A sequence: its steps in order, their distances, and what makes a file's one sound. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from system_sender.providers import CHANNELS

MOST_STEPS = 50
LAST_DAY = 730
_MINUTES_OF_DAY = 24 * 60
_LONGEST_KEY = 60


class Condition(StrEnum):
    """When a step is for a lead; otherwise it is skipped.

    HAS_PHONE: the lead has a number. CONNECTED: the lead is known on LinkedIn, so that a message
    may reach them. NO_ANSWER: the lead wrote nothing since the sequence began.
    """

    ALWAYS = "always"
    HAS_PHONE = "has_phone"
    CONNECTED = "connected"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a sequence.

    Attributes:
        key: names the step for ever: the key of its drafts is made of it.
        day: 1 is the day on which the sequence begins for a lead.
        minute: minutes after that day's moment; together they are the step's distance from the
            beginning.
        template, subject: see `template.py`; a subject is for e-mail that begins a conversation.
        approval: a person must approve the message.
    """

    key: str
    day: int
    minute: int
    channel: str
    template: str
    subject: str | None = None
    condition: Condition = Condition.ALWAYS
    approval: bool = False

    @property
    def offset(self) -> tuple[int, int]:
        """Return the distance from the beginning in whole days and minutes."""
        return self.day - 1, self.minute


class SequenceWrong(Exception):
    """The steps cannot be used; the text says which and why, and quotes no template."""


def steps_of(rows: Any) -> tuple[Step, ...]:
    """Read the steps of a sequence's row or file.

    Raises:
        SequenceWrong: they cannot be used.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise SequenceWrong("A sequence needs a list of at least one step.")
    if len(rows) > MOST_STEPS:
        raise SequenceWrong(f"A sequence has at most {MOST_STEPS} steps.")
    steps = tuple(_step(number, row) for number, row in enumerate(rows, 1))
    keys = [step.key for step in steps]
    if len(set(keys)) != len(keys):
        raise SequenceWrong("Two steps have the same key; the key tells them apart for ever.")
    offsets = [step.offset for step in steps]
    if offsets != sorted(offsets):
        raise SequenceWrong("The steps are not in the order of their days and minutes.")
    return steps


def _step(number: int, row: Any) -> Step:
    if not isinstance(row, Mapping):
        raise SequenceWrong(f"Step {number} is no object.")
    unknown = set(row) - {*Step.__dataclass_fields__}
    if unknown:
        raise SequenceWrong(f"Step {number} has a field that no step has: {min(unknown)}.")
    step = Step(
        key=_text(number, row, "key", _LONGEST_KEY),
        day=_number(number, row, "day", 1, LAST_DAY),
        minute=_number(number, row, "minute", 0, _MINUTES_OF_DAY - 1, default=0),
        channel=_text(number, row, "channel", 20),
        template=_text(number, row, "template", 20_000),
        subject=_text(number, row, "subject", 255) if row.get("subject") is not None else None,
        condition=_condition(number, row),
        approval=_flag(number, row),
    )
    _check(number, step)
    return step


def _check(number: int, step: Step) -> None:
    from system_sender.followups.template import TemplateWrong, check_template

    if not all(letter.isalnum() or letter in "._-" for letter in step.key):
        raise SequenceWrong(f"The key of step {number} may have letters, digits, '.', '_' and '-'.")
    if step.channel not in CHANNELS:
        raise SequenceWrong(f"Step {number} names a channel that is none of {sorted(CHANNELS)}.")
    if step.subject is not None and step.channel != "email":
        raise SequenceWrong(f"Step {number} has a subject, and only an e-mail has one.")
    try:
        for text in (step.template, step.subject or ""):
            check_template(text)
    except TemplateWrong as wrong:
        raise SequenceWrong(f"Step {number}: {wrong}") from None


def _text(number: int, row: Mapping[str, Any], name: str, longest: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise SequenceWrong(f"Step {number} needs a {name} of 1 to {longest} characters.")
    return value


def _number(
    number: int,
    row: Mapping[str, Any],
    name: str,
    least: int,
    most: int,
    *,
    default: int | None = None,
) -> int:
    value = row.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SequenceWrong(f"Step {number} needs a whole {name} from {least} to {most}.")
    return value


def _condition(number: int, row: Mapping[str, Any]) -> Condition:
    value = row.get("condition", Condition.ALWAYS.value)
    if not isinstance(value, str) or value not in set(Condition):
        raise SequenceWrong(
            f"Step {number} has a condition that is none of {sorted(map(str, Condition))}."
        )
    return Condition(value)


def _flag(number: int, row: Mapping[str, Any]) -> bool:
    value = row.get("approval", False)
    if not isinstance(value, bool):
        raise SequenceWrong(f"Whether step {number} asks for approval must be true or false.")
    return value


def step_after(steps: Sequence[Step], done: Mapping[str, Mapping[str, Any]]) -> Step | None:
    """Return the step that is next, or None.

    A sequence may be edited while leads are on their way through it. Nobody goes back: a step that
    is put in front of where somebody stands is passed over for them.

    Args:
        done: what became of the steps that are over, by key, each with its day and minute.
    """
    reached = offset_reached(done)
    return next((step for step in steps if step.key not in done and step.offset >= reached), None)


def offset_reached(done: Mapping[str, Mapping[str, Any]]) -> tuple[int, int]:
    """Return the distance from the beginning of the last step that is over, in days and minutes."""
    offsets = [(int(entry["day"]) - 1, int(entry["minute"])) for entry in done.values()]
    return max(offsets, default=(0, 0))


def due_at(step: Step, reached: tuple[int, int], spaced_from: int, time_zone: str) -> int:
    """Return when a step is due: at its distance from the step before it.

    Days are the lead's own, so a step keeps its hour when the clocks change; minutes are minutes.

    Args:
        reached: the distance of the step before it from the beginning, in days and minutes.
        spaced_from: when the step before it left, or the sequence began (epoch ms, UTC).
        time_zone: IANA.
    """
    days, minutes = step.offset[0] - reached[0], step.offset[1] - reached[1]
    began = datetime.fromtimestamp(spaced_from / 1000, UTC).astimezone(ZoneInfo(time_zone))
    moment = (began + timedelta(days=days)).astimezone(UTC) + timedelta(minutes=minutes)
    return max(spaced_from, int(moment.timestamp() * 1000))
