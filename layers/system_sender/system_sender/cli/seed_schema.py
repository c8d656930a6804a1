"""The seed file's schema: what may stand in it."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from system_sender.cli.seed_fields import (
    ContactId,
    Email,
    EventId,
    Host,
    Id,
    Item,
    Line,
    LinkedInId,
    ProfileUrl,
    Region,
    ReplyTemplate,
    Seconds,
    Share,
    Subject,
    TimeZone,
    WorkspaceId,
    fitting,
)
from system_sender.cli.seed_integrations import Integrations
from system_sender.cli.seed_schedule import QuietHours, Schedule
from system_sender.cli.sound_file import schema_of


class ResponseMode(StrEnum):
    """Who answers the leads of a campaign."""

    AI_AUTO_SEND = "AI_AUTO_SEND"
    SETTER_MANAGED = "SETTER_MANAGED"


class Writer(StrEnum):
    """Who writes the replies of a campaign, and judges them."""

    TEMPLATE = "template"
    BEDROCK = "bedrock"
    OPENAI = "openai"


class SeedState(StrEnum):
    """Where a seeded draft starts."""

    PENDING = "pending"
    NEEDS_REVIEW = "needs_review"
    APPROVED = "approved"


class Slack(Item):
    """Where people are asked about drafts that are held for them."""

    channel: str = Field(
        pattern=r"^[CG][A-Z0-9]{2,20}$",
        description="Slack's own id of the channel.",
        examples=["C0123456789"],
    )
    approvers: list[
        Annotated[
            str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,20}$"), Field(examples=["U0123456789"])
        ]
    ] = Field(min_length=1, max_length=200, description="Who may decide there, by Slack's own ids.")


class WorkspaceSeed(Item):
    """A tenant."""

    id: WorkspaceId
    name: Line
    region: Region = Field(
        description="Where phone numbers without a country code are from (ISO 3166).",
        examples=["US"],
    )
    time_zone: TimeZone = Field(
        description="Whose days the daily cap counts, and whose clock counts for leads without "
        "one (IANA)."
    )
    integrations: Integrations = Integrations()
    email_provider: Literal["gohighlevel", "emailbison", "smartlead", "instantly"] | None = Field(
        default=None,
        description="Which provider sends an e-mail that answers nothing, if there are several.",
    )
    default_campaign: Id | None = Field(
        default=None, description="The campaign of leads that write without being known."
    )
    automated_per_day: int = Field(
        default=5, ge=0, le=1000, description="Automated messages a lead may get in a day."
    )
    automated_in_a_row: int = Field(
        default=3, ge=0, le=1000, description="Automated messages a lead may get unanswered."
    )
    automated_per_hour: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Automated messages in a clock hour, to all leads; any number by default.",
    )
    schedule: Schedule | None = Field(
        default=None, description="When automation may write; always by default."
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="When nobody is texted unasked, if not the usual hours."
    )
    links: list[Host] = Field(
        default=[], max_length=200, description="Hosts that automated messages may link to."
    )
    slack: Slack | None = None


class Delay(Item):
    """How long an automated reply waits, so that it does not come like a machine's."""

    min: Seconds
    max: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError("min is more than max")
        return self


def _delay(value: Any) -> Any:
    return {"min": value, "max": value} if isinstance(value, int) else value


class CampaignSeed(Item):
    """How leads are answered."""

    id: Id
    name: Line
    response_mode: ResponseMode = Field(strict=False)
    confidence_threshold: Share = Field(
        default=0.9, description="From this confidence on, a draft may go without a person."
    )
    reply_template: ReplyTemplate | None = Field(
        default=None, description="The reply; $first_name and $last_name are filled in."
    )
    reply_confidence: Share = Field(
        default=1.0, description="The confidence of a reply from the template."
    )
    writer: Writer = Field(
        default=Writer.TEMPLATE, strict=False, description="Who writes the replies, and judges."
    )
    model: Line | None = Field(
        default=None,
        description="The writer's own name of the model.",
        examples=["anthropic.claude-sonnet-4-5-20250929-v1:0"],
    )
    instructions: str | None = Field(
        default=None,
        max_length=8000,
        description="What the model is told of this campaign: the offer, the tone, the facts.",
    )
    delay_seconds: Annotated[
        Delay, BeforeValidator(_delay, json_schema_input_type=Seconds | Delay)
    ] = Field(
        default=Delay(min=180, max=420),
        description="How long an automated reply waits; one number is both min and max.",
    )
    schedule: Schedule | None = Field(
        default=None, description="When automation may write; as the workspace's by default."
    )
    links: list[Host] = Field(
        default=[], max_length=200, description="Further hosts that its messages may link to."
    )

    @model_validator(mode="after")
    def _can_answer(self) -> Self:
        by_template = self.writer is Writer.TEMPLATE
        automated = self.response_mode is ResponseMode.AI_AUTO_SEND
        if by_template and automated and self.reply_template is None:
            raise ValueError(
                "AI_AUTO_SEND needs a reply_template, or a writer that is a model: there is "
                "nothing else to send"
            )
        if not by_template and self.model is None:
            raise ValueError(f"the writer {self.writer.value} needs the name of a model")
        if by_template and self.model is not None:
            raise ValueError("model is for a writer that is one: bedrock or openai")
        return self


class Contacts(Item):
    """What each provider calls a person. GoHighLevel sends to nobody without it."""

    gohighlevel: ContactId | None = None
    emailbison: ContactId | None = None
    smartlead: ContactId | None = None
    instantly: ContactId | None = None
    unipile: ContactId | None = None

    def by_provider(self) -> dict[str, str]:
        """Return the ids that the file gives, by the provider's name."""
        return self.model_dump(exclude_none=True)


class LeadSeed(Item):
    """A person."""

    id: Id
    first_name: Line | None = None
    last_name: Line | None = None
    phone: Line | None = Field(
        default=None,
        description="As people write it; stored in E.164.",
        examples=["+15550100001"],
    )
    region: Region | None = Field(
        default=None,
        description="Where a `phone` without a country code is from; else the workspace's counts.",
    )
    email: Email | None = None
    linkedin_url: ProfileUrl | None = Field(
        default=None,
        description="Of a person, not of a company.",
        examples=["https://www.linkedin.com/in/dana-example"],
    )
    linkedin_id: LinkedInId | None = Field(
        default=None, description="LinkedIn's own id of the person, as Unipile gives it."
    )
    contacts: Contacts = Contacts()
    campaign: Id | None = None
    time_zone: TimeZone | None = Field(
        default=None, description="Where the person is (IANA), if anybody knows."
    )
    booked: bool = Field(
        default=False, description="True: automation keeps still, and people answer."
    )
    blacklisted: bool = Field(default=False, description="True: nothing is ever sent.")


class DraftSeed(Item):
    """A message waiting to go."""

    id: Id
    lead: Id
    channel: Literal["sms", "email", "linkedin"] = "sms"
    subject: Subject | None = Field(
        default=None, description="Of an e-mail; one that answers keeps the subject by default."
    )
    reply_to: EventId | None = Field(
        default=None, description="The inbound message whose conversation it stays in."
    )
    text: str = Field(
        description="SMS: at most 3 texts of 160 characters; LinkedIn 8,000; e-mail 20,000."
    )
    state: SeedState = Field(default=SeedState.PENDING, strict=False)
    sent_by: Literal["ai", "setter"] = Field(
        default="setter", description="Who stands behind an approved draft."
    )
    due_at: AwareDatetime | None = Field(
        default=None,
        strict=False,
        description="When an approved draft goes (ISO 8601 with an offset); now by default.",
    )
    campaign: Id | None = Field(
        default=None, description="Binds a draft that is sent by the AI to a campaign's rules."
    )
    confidence: Share | None = None

    @field_validator("text")
    @classmethod
    def _fits_its_channel(cls, value: str, info: ValidationInfo) -> str:
        # A wrong channel is a mistake of its own, and every text fits it.
        return fitting(info.data["channel"], value) if "channel" in info.data else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.due_at is not None and self.state is not SeedState.APPROVED:
            raise ValueError("due_at is for a draft whose state is approved")
        if self.subject is not None and self.channel != "email":
            raise ValueError("subject is for a draft whose channel is email")
        if self.channel == "email" and self.subject is None and self.reply_to is None:
            raise ValueError("an e-mail without reply_to answers nothing, and needs a subject")
        return self


class Seed(Item):
    """Everything a workspace needs to begin. Secrets are not part of it: see `sender secret`."""

    workspaces: list[WorkspaceSeed] = Field(default=[])
    campaigns: list[CampaignSeed] = Field(default=[])
    leads: list[LeadSeed] = Field(default=[])
    drafts: list[DraftSeed] = Field(default=[])


def seed_schema() -> dict[str, Any]:
    """Return the JSON schema of the file."""
    return schema_of(Seed)
