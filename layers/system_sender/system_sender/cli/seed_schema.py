"""The seed file's schema: what may stand in it."""

from enum import StrEnum
from string import Template
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from system_sender.phone_number import known_region
from system_sender.sms_text import split_sms

TEMPLATE_VALUES = frozenset({"first_name", "last_name"})


def _region(value: str) -> str:
    if not known_region(value):
        raise ValueError("must be a region as in ISO 3166, in capitals: US, GB, DE, ...")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone: America/New_York, Europe/Berlin, UTC, ...")
    return value


def _reply_template(value: str) -> str:
    template = Template(value)
    unknown = set(template.get_identifiers()) - TEMPLATE_VALUES if template.is_valid() else None
    if unknown is None:
        raise ValueError("has a '$' that starts no value; write '$$' for the character itself")
    if unknown:
        raise ValueError(
            f"uses {', '.join(f'${name}' for name in sorted(unknown))}; known are "
            + " and ".join(f"${name}" for name in sorted(TEMPLATE_VALUES))
        )
    return value


def _text(value: str) -> str:
    refusal = split_sms(value).refusal
    if refusal is not None:
        raise ValueError(refusal.sentence)
    return value


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
WorkspaceId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"),
    Field(description="Small letters, digits, '-' and '_'; it stands in URLs.", examples=["acme"]),
]
Id = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}:[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$"),
    Field(description="The workspace, a colon, and a name.", examples=["acme:dana"]),
]
ProviderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class _Item(BaseModel):
    """Strict: a number is not a text, and a field that does not exist is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SmsWebhook(StrEnum):
    """How GoHighLevel tells of a workspace's texts: exactly one way, or each would come twice."""

    MARKETPLACE = "marketplace"
    WORKFLOW = "workflow"


class ResponseMode(StrEnum):
    """Who answers the leads of a campaign."""

    AI_AUTO_SEND = "AI_AUTO_SEND"
    SETTER_MANAGED = "SETTER_MANAGED"


class SeedState(StrEnum):
    """Where a seeded draft starts."""

    PENDING = "pending"
    NEEDS_REVIEW = "needs_review"
    APPROVED = "approved"


class GoHighLevel(_Item):
    """The provider account of a workspace."""

    location_id: ProviderId = Field(
        description="The sub-account's id. One workspace owns it, and keeps it."
    )
    sms_webhook: SmsWebhook = Field(
        strict=False, description="Which kind of webhook this workspace receives."
    )


class WorkspaceSeed(_Item):
    """A tenant."""

    id: WorkspaceId
    name: Line
    region: Annotated[str, AfterValidator(_region)] = Field(
        description="Where phone numbers without a country code are from (ISO 3166).",
        examples=["US"],
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        description="Whose days the daily cap counts (IANA).", examples=["America/New_York"]
    )
    gohighlevel: GoHighLevel
    default_campaign: Id | None = Field(
        default=None, description="The campaign of leads that write without being known."
    )
    automated_per_day: int = Field(
        default=5, ge=0, le=1000, description="Automated messages a lead may get in a day."
    )
    automated_in_a_row: int = Field(
        default=3, ge=0, le=1000, description="Automated messages a lead may get unanswered."
    )


class CampaignSeed(_Item):
    """How leads are answered."""

    id: Id
    name: Line
    response_mode: ResponseMode = Field(strict=False)
    confidence_threshold: Share = Field(
        default=0.9, description="From this confidence on, a draft may go without a person."
    )
    reply_template: (
        Annotated[str, AfterValidator(_text), AfterValidator(_reply_template)] | None
    ) = Field(default=None, description="The reply; $first_name and $last_name are filled in.")
    reply_confidence: Share = Field(
        default=1.0, description="The confidence of a reply from the template."
    )

    @model_validator(mode="after")
    def _can_answer(self) -> Self:
        if self.response_mode is ResponseMode.AI_AUTO_SEND and self.reply_template is None:
            raise ValueError("AI_AUTO_SEND needs a reply_template: there is nothing else to send")
        return self


class LeadSeed(_Item):
    """A person."""

    id: Id
    first_name: Line | None = None
    last_name: Line | None = None
    phone: Line | None = Field(
        default=None,
        description="As people write it; stored in E.164.",
        examples=["+15550100001"],
    )
    gohighlevel_contact_id: ProviderId | None = Field(
        default=None, description="Without it nothing can be sent to the lead."
    )
    campaign: Id | None = None
    blacklisted: bool = Field(default=False, description="True: nothing is ever sent.")


class DraftSeed(_Item):
    """A reply waiting to go."""

    id: Id
    lead: Id
    text: Annotated[str, AfterValidator(_text)] = Field(
        description="At most 3 texts of 160 characters."
    )
    state: SeedState = Field(default=SeedState.PENDING, strict=False)
    channel: Literal["sms"] = "sms"
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

    @model_validator(mode="after")
    def _fits_its_state(self) -> Self:
        if self.due_at is not None and self.state is not SeedState.APPROVED:
            raise ValueError("due_at is for a draft whose state is approved")
        return self


class Seed(_Item):
    """Everything a workspace needs to begin. Secrets are not part of it: see `sender secret`."""

    workspaces: list[WorkspaceSeed] = []
    campaigns: list[CampaignSeed] = []
    leads: list[LeadSeed] = []
    drafts: list[DraftSeed] = []


def seed_schema() -> dict[str, Any]:
    """Return the JSON schema of the file."""
    schema = Seed.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
