"""The seed file's schema: what may stand in it."""

from collections.abc import Mapping
from enum import StrEnum
from string import Template
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.email_text import subject_is_sound
from system_sender.linkedin import is_provider_id, public_identifier
from system_sender.phone_number import known_region
from system_sender.text_parts import parts_of

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


def _template_text(value: str) -> str:
    # Which channels it must fit is known only with its workspace.
    return _fitting("email", value)


def _fitting(channel: str, text: str) -> str:
    refusal = parts_of(channel, text).refusal
    if refusal is not None:
        raise ValueError(refusal.sentence)
    return text


def _email(value: str) -> str:
    address = to_address(value)
    if address is None:
        raise ValueError("is no e-mail address")
    return address


def _profile(value: str) -> str:
    identifier = public_identifier(value)
    if identifier is None:
        raise ValueError(
            "must be the URL of a person's profile, as in https://www.linkedin.com/in/dana-example"
        )
    return f"https://www.linkedin.com/in/{quote(identifier)}"


def _linkedin_id(value: str) -> str:
    if not is_provider_id(value):
        raise ValueError("is no id that LinkedIn gives a person: those begin with ACo, ACw or AE")
    return value


def _subject(value: str) -> str:
    if not subject_is_sound(value):
        raise ValueError(Code.SUBJECT_WRONG.sentence)
    return value


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    beyond = parts.path.strip("/") + parts.query + parts.fragment
    if not parts.hostname or "@" in parts.netloc or beyond:
        raise ValueError("must be a scheme and a host, as in https://send.example.com")
    local = parts.hostname in ("127.0.0.1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("must start with https://: the token would travel unencrypted")
    return value.rstrip("/")


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
# Some providers call a person by the e-mail address.
ContactId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}$")]
EventId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}:[!-~]{1,900}$"),
    Field(description="As `sender thread` shows it.", examples=["acme:emailbison:reply-41021"]),
]
Email = Annotated[str, AfterValidator(_email), Field(examples=["dana@example.com"])]
BaseUrl = Annotated[
    str,
    AfterValidator(_base_url),
    Field(
        description="Where the provider's API answers, if not where the stack's environment says.",
        examples=["https://send.example.com"],
    ),
]
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


class Account(_Item):
    """A workspace's account at a provider. One workspace owns it, and keeps it."""

    account: ProviderId = Field(description="The provider's own id of the account.")
    base_url: BaseUrl | None = None


class MailAccount(Account):
    """An account that sends e-mail."""

    bcc: list[Email] = Field(default=[], max_length=10, description="Get a copy of every e-mail.")
    mailboxes: list[Email] = Field(
        default=[],
        max_length=200,
        description="Own e-mail addresses: never written to, and never taken for a lead.",
    )


class GoHighLevel(MailAccount):
    """A location. It sends SMS and e-mail."""

    webhook: SmsWebhook = Field(
        strict=False, description="Which kind of webhook this workspace receives."
    )


class EmailBison(MailAccount):
    """A workspace of an EmailBison instance, whose host is its own. It begins no conversation."""

    account: str = Field(pattern=r"^[0-9]{1,18}$", description="The workspace's number.")
    senders: list[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]] = Field(
        default=[],
        max_length=20,
        description="Numbers of mailboxes that stand in for an unhealthy one, the best first.",
    )


class SmartLead(MailAccount):
    """A SmartLead account. It begins no conversation."""


class Instantly(MailAccount):
    """An Instantly workspace. It begins no conversation."""


class Unipile(Account):
    """A LinkedIn account that is connected at Unipile, which gives each customer a host."""


class Integrations(_Item):
    """The accounts of a workspace, one a provider."""

    gohighlevel: GoHighLevel | None = None
    emailbison: EmailBison | None = None
    smartlead: SmartLead | None = None
    instantly: Instantly | None = None
    unipile: Unipile | None = None

    def by_provider(self) -> Mapping[str, Account]:
        """Return the accounts that the file gives, by the provider's name."""
        given = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: account for name, account in given if account is not None}


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


class CampaignSeed(_Item):
    """How leads are answered."""

    id: Id
    name: Line
    response_mode: ResponseMode = Field(strict=False)
    confidence_threshold: Share = Field(
        default=0.9, description="From this confidence on, a draft may go without a person."
    )
    reply_template: (
        Annotated[str, AfterValidator(_template_text), AfterValidator(_reply_template)] | None
    ) = Field(default=None, description="The reply; $first_name and $last_name are filled in.")
    reply_confidence: Share = Field(
        default=1.0, description="The confidence of a reply from the template."
    )

    @model_validator(mode="after")
    def _can_answer(self) -> Self:
        if self.response_mode is ResponseMode.AI_AUTO_SEND and self.reply_template is None:
            raise ValueError("AI_AUTO_SEND needs a reply_template: there is nothing else to send")
        return self


class Contacts(_Item):
    """What each provider calls a person. GoHighLevel sends to nobody without it."""

    gohighlevel: ContactId | None = None
    emailbison: ContactId | None = None
    smartlead: ContactId | None = None
    instantly: ContactId | None = None
    unipile: ContactId | None = None

    def by_provider(self) -> dict[str, str]:
        """Return the ids that the file gives, by the provider's name."""
        return self.model_dump(exclude_none=True)


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
    email: Email | None = None
    linkedin_url: Annotated[str, AfterValidator(_profile)] | None = Field(
        default=None,
        description="Of a person, not of a company.",
        examples=["https://www.linkedin.com/in/dana-example"],
    )
    linkedin_id: Annotated[str, AfterValidator(_linkedin_id)] | None = Field(
        default=None, description="LinkedIn's own id of the person, as Unipile gives it."
    )
    contacts: Contacts = Contacts()
    campaign: Id | None = None
    blacklisted: bool = Field(default=False, description="True: nothing is ever sent.")


class DraftSeed(_Item):
    """A message waiting to go."""

    id: Id
    lead: Id
    channel: Literal["sms", "email", "linkedin"] = "sms"
    subject: Annotated[str, AfterValidator(_subject)] | None = Field(
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
        return _fitting(info.data["channel"], value) if "channel" in info.data else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.due_at is not None and self.state is not SeedState.APPROVED:
            raise ValueError("due_at is for a draft whose state is approved")
        if self.subject is not None and self.channel != "email":
            raise ValueError("subject is for a draft whose channel is email")
        if self.channel == "email" and self.subject is None and self.reply_to is None:
            raise ValueError("an e-mail without reply_to answers nothing, and needs a subject")
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
