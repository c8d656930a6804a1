"""What callers send, checked before anything is read. Times are epoch milliseconds, UTC."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from system_sender.text_parts import LONGEST

Channel = Literal["sms", "email", "linkedin"]
# A draft is sending for moments only, in which no list has it.
ListedState = Literal[
    "pending",
    "needs_review",
    "approved",
    "unknown",
    "sent",
    "superseded",
    "failed",
    "rejected",
]

LONGEST_ID = 1_000
_LATEST = 4_102_444_800_000

DraftId = Annotated[
    str,
    Field(min_length=3, max_length=LONGEST_ID, description="Begins with the workspace."),
]
LeadId = Annotated[
    str,
    Field(min_length=3, max_length=LONGEST_ID, description="Begins with the workspace."),
]
Key = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._:@/+=-]+$",
        min_length=1,
        max_length=200,
        description="The caller's own key. The same key never makes a second draft.",
    ),
]
Text = Annotated[
    str,
    Field(
        pattern=r"\S",
        min_length=1,
        max_length=max(LONGEST.values()),
        description="SMS: 3 messages of 160 characters at most, LinkedIn: 8,000, e-mail: 20,000.",
    ),
]
Subject = Annotated[str, Field(min_length=1, max_length=255, description="Of an e-mail; one line.")]


def _whole(value: object) -> object:
    """Return a number without a fraction as an integer: to JSON, 1.0 is 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Revision = Annotated[
    int,
    Field(ge=1, le=1_000_000_000, description="The one that the decision is about."),
    BeforeValidator(_whole),
]
Moment = Annotated[int, Field(ge=0, le=_LATEST), BeforeValidator(_whole)]


class Order(BaseModel):
    """No value is bent into another type, and nothing that is not understood is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Submission(Order):
    """A draft from an outside writer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "writer-7-41",
                    "lead_id": "acme:dana",
                    "channel": "sms",
                    "text": "Does 2pm Tuesday work?",
                    "campaign_id": "acme:autumn",
                    "confidence": 0.97,
                }
            ]
        }
    )

    key: Key
    lead_id: LeadId
    channel: Channel
    text: Text
    subject: Subject | None = Field(
        default=None, description="Of an e-mail; without one it stays in the subject it answers."
    )
    campaign_id: str | None = Field(
        default=None, min_length=3, max_length=LONGEST_ID, description="Whose rules decide."
    )
    confidence: float | None = Field(
        default=None, ge=0, le=1, description="What the writer thinks of the text, from 0 to 1."
    )
    reason: str | None = Field(
        default=None, max_length=1_000, description="Why, for the people who are asked."
    )
    reply_to: str | None = Field(
        default=None,
        min_length=3,
        max_length=LONGEST_ID,
        description="The inbound event it answers. A newer one makes the draft stale.",
    )


class Approval(Order):
    """A person lets a draft go."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"draft_id": "acme:reply:42", "revision": 1}]}
    )

    draft_id: DraftId
    revision: Revision
    override_stale: bool = Field(
        default=False, description="The person has seen that the conversation moved on."
    )
    due_at: Moment | None = Field(
        default=None,
        description="When it is to go; without it, at once, by this very call.",
    )


class Edit(Order):
    """A person changes a draft's text."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"draft_id": "acme:reply:42", "revision": 1, "text": "Does 3pm Tuesday work?"}
            ]
        }
    )

    draft_id: DraftId
    revision: Revision
    text: Text
    subject: Subject | None = Field(default=None, description="Of an e-mail; none keeps it.")


class Rejection(Order):
    """A person rejects a draft."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"draft_id": "acme:reply:42", "revision": 1}]}
    )

    draft_id: DraftId
    revision: Revision


class ManualMessage(Order):
    """A person writes to a lead."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "click-9b1f",
                    "lead_id": "acme:dana",
                    "channel": "sms",
                    "text": "See you on Tuesday. Kim",
                }
            ]
        }
    )

    key: Key
    lead_id: LeadId
    channel: Channel
    text: Text
    subject: Subject | None = Field(
        default=None, description="Of an e-mail; without one it stays in the subject it answers."
    )


class SwitchOrder(Order):
    """Which sending is meant."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "sms"}, {}]})

    channel: Channel | None = Field(
        default=None, description="Without one, everything of the workspace."
    )
