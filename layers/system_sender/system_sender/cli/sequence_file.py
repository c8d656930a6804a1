"""The file of sequences: what may stand in it, and how a sequence is written into one."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from system_sender.cli.seed_fields import Id, Item, Line
from system_sender.cli.sound_file import Mistake, invalid_file, parsed
from system_sender.followups.sequence import (
    LAST_DAY,
    MOST_STEPS,
    Condition,
    SequenceWrong,
    Step,
    steps_of,
)
from system_sender.models import Sequence, workspace_of

# A row of DynamoDB ends at 400 KB, and has more than the steps.
_MOST_BYTES = 300_000

SequenceId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}:[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"),
    Field(description="The workspace, a colon, and a name.", examples=["acme:winter"]),
]


class StepItem(Item):
    """One message of a sequence."""

    key: str = Field(
        min_length=1,
        max_length=60,
        description="Names the step for ever: by it, no lead gets the step twice.",
        examples=["day3-sms"],
    )
    day: int = Field(ge=1, le=LAST_DAY, description="1 is the day on which the sequence begins.")
    minute: int = Field(
        default=0, ge=0, lt=24 * 60, description="Minutes after that day's moment of beginning."
    )
    channel: Literal["sms", "email", "linkedin"]
    template: str = Field(
        min_length=1, max_length=20_000, examples=["Hi {{ first_name }}, shall we talk?"]
    )
    subject: str | None = Field(
        default=None,
        max_length=255,
        description="Of an e-mail that begins a conversation; a template, too.",
    )
    condition: Literal["always", "has_phone", "connected", "no_answer"] = Field(
        default="always", description="When the step is for a lead; otherwise it is skipped."
    )
    approval: bool = Field(default=False, description="A person must approve the message.")


class SequenceItem(Item):
    """Timed steps that leads can be enrolled in."""

    id: SequenceId
    name: Line
    active: bool = Field(
        default=True, description="false: its enrolments pause. A new one is active by default."
    )
    campaign: Id | None = Field(
        default=None, description="Whose rules bind its messages: schedule, links, threshold."
    )
    steps: list[StepItem] = Field(min_length=1, max_length=MOST_STEPS)

    @property
    def workspace(self) -> str:
        """Return the workspace that the sequence belongs to."""
        return workspace_of(self.id)


class SequencesFile(Item):
    """Sequences of one workspace or of several."""

    sequences: list[SequenceItem] = Field(min_length=1)


def parse_sequences(raw: Any) -> list[tuple[SequenceItem, tuple[Step, ...]]]:
    """Check everything that the file alone can tell, and return its sequences with their steps.

    Raises:
        Problem: with every mistake at once.
    """
    items = parsed(SequencesFile, raw).sequences
    mistakes: list[Mistake] = []
    found: list[tuple[SequenceItem, tuple[Step, ...]]] = []
    first: dict[str, str] = {}
    for number, item in enumerate(items):
        path = f"sequences[{number}]"
        if item.id in first:
            mistakes.append(Mistake(f"{path}.id", f"is the id of {first[item.id]} as well"))
        first.setdefault(item.id, path)
        if item.campaign is not None and workspace_of(item.campaign) != item.workspace:
            mistakes.append(Mistake(f"{path}.campaign", "belongs to another workspace"))
        try:
            found.append((item, _steps(item)))
        except SequenceWrong as wrong:
            mistakes.append(Mistake(f"{path}.steps", str(wrong)))
    if mistakes:
        raise invalid_file(mistakes)
    return found


def _steps(item: SequenceItem) -> tuple[Step, ...]:
    steps = steps_of([step.model_dump(mode="json") for step in item.steps])
    if len(json.dumps(step_rows(steps)).encode()) > _MOST_BYTES:
        raise SequenceWrong(f"The steps together have more than {_MOST_BYTES} bytes.")
    return steps


def step_rows(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Return steps as a row or a file keeps them; what is so by default is left out."""
    rows = [
        {
            "key": step.key,
            "day": step.day,
            "minute": step.minute or None,
            "channel": step.channel,
            "subject": step.subject,
            "template": step.template,
            "condition": None if step.condition is Condition.ALWAYS else step.condition.value,
            "approval": step.approval or None,
        }
        for step in steps
    ]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def sequence_item(row: Sequence) -> dict[str, Any]:
    """Return a sequence as its file has it.

    Steps that cannot be used are given as they are: the file is how they are corrected.
    """
    try:
        steps: Any = step_rows(steps_of(row.steps))
    except SequenceWrong:
        steps = row.steps
    campaign = {} if row.campaign_id is None else {"campaign": str(row.campaign_id)}
    return {
        "id": str(row.sequence_id),
        "name": str(row.name),
        "active": bool(row.active),
        **campaign,
        "steps": steps,
    }
