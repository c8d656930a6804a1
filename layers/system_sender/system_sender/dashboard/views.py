"""What callers are shown. Times are epoch milliseconds, UTC."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from system_sender.codes import Code
from system_sender.models import Draft, Lead, Message, Revision, Switch
from system_sender.result import SendResult, message_id


def sentence_of(code: str | None) -> str | None:
    """Return the sentence of a stored code; one of a later version explains itself only."""
    return Code(code).sentence if code in set(Code) else code


def number(value: Any) -> int | None:
    """Return a stored number as an integer."""
    return None if value is None else int(value)


class Problem(BaseModel):
    """Why a call was not done. Nothing changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": Code.STALE_REVISION.value, "message": Code.STALE_REVISION.sentence}
            ]
        }
    )

    code: str = Field(description="Stable; docs/codes.md has them all.")
    message: str = Field(description="The same, for people.")
    detail: list[str] = Field(default=[], description="What else there is to say.")


class DraftView(BaseModel):
    """A draft with its current text."""

    draft_id: str
    lead_id: str
    channel: str
    state: str
    code: str | None = Field(description="Why it is where it is.")
    sentence: str | None = Field(description="The same, for people.")
    revision: int
    text: str | None = Field(description="None where it was erased.")
    subject: str | None
    campaign_id: str | None
    confidence: float | None
    judgement: dict[str, Any] | None
    sent_by: str | None = Field(description='"ai", or "setter": a person.')
    user: str | None
    origin: str
    reply_to: str | None
    approved_at: int | None
    due_at: int | None
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, draft: Draft, revision: Revision | None) -> "DraftView":
        """Return a row as it is shown."""
        return cls(
            draft_id=draft.draft_id,
            lead_id=draft.lead_id,
            channel=draft.channel,
            state=draft.state,
            code=draft.code,
            sentence=sentence_of(draft.code),
            revision=int(draft.revision),
            text=revision.text if revision is not None else None,
            subject=revision.subject if revision is not None else None,
            campaign_id=draft.campaign_id,
            confidence=draft.confidence,
            judgement=draft.judgement,
            sent_by=draft.sent_by,
            user=draft.user,
            origin=draft.origin,
            reply_to=draft.reply_to,
            approved_at=number(draft.approved_at),
            due_at=number(draft.due_at),
            created_at=int(draft.created_at),
            updated_at=int(draft.updated_at),
        )


class DraftPage(BaseModel):
    """Drafts in one state, those that changed last first."""

    drafts: list[DraftView]
    cursor: str | None = Field(description="For the next page; none after the last.")


class DeliveryView(BaseModel):
    """One outbound message: a part of a draft."""

    message_id: str
    part: int
    state: str
    code: str | None
    sentence: str | None
    sent_by: str
    provider: str
    sent_as: str | None
    attempt: int
    provider_message_id: str | None
    delivery_status: str | None = Field(description="What the provider told afterwards.")
    delivery_status_at: int | None
    settled_at: int | None
    created_at: int

    @classmethod
    def of(cls, message: Message) -> "DeliveryView":
        """Return a row as it is shown."""
        return cls(
            message_id=message_id(message.draft_id, int(message.part)),
            part=int(message.part),
            state=message.state,
            code=message.code,
            sentence=sentence_of(message.code),
            sent_by=message.sent_by,
            provider=message.provider,
            sent_as=message.sent_as,
            attempt=int(message.attempt),
            provider_message_id=message.provider_message_id,
            delivery_status=message.delivery_status,
            delivery_status_at=number(message.delivery_status_at),
            settled_at=number(message.settled_at),
            created_at=int(message.created_at),
        )


class DraftDetail(BaseModel):
    """A draft and what was sent of it."""

    draft: DraftView
    deliveries: list[DeliveryView]


class SendView(BaseModel):
    """What became of a sending; see `outcome` first."""

    outcome: str = Field(
        description="sent, waiting, held, refused, unknown, in_progress or not_found."
    )
    code: str
    sentence: str
    draft_id: str
    message_id: str | None
    provider_ids: list[str]
    replayed: bool = Field(description="Nothing was sent by this call: it is what is stored.")
    due_at: int | None

    @classmethod
    def of(cls, result: SendResult) -> "SendView":
        """Return a result as it is shown."""
        return cls(**result.to_dict())


class Decision(BaseModel):
    """A draft after a person's decision."""

    draft: DraftView
    result: SendView | None = Field(
        default=None, description="What became of the sending, where this call tried it."
    )


class LeadView(BaseModel):
    """A person, and what stops messages to them."""

    lead_id: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    email: str | None
    linkedin_url: str | None
    campaign_id: str | None
    time_zone: str | None
    sentiment: str | None
    booked: bool
    blacklisted: bool
    suppressed_channels: list[str]

    @classmethod
    def of(cls, lead: Lead) -> "LeadView":
        """Return a row as it is shown."""
        return cls(
            lead_id=lead.lead_id,
            first_name=lead.first_name,
            last_name=lead.last_name,
            phone=lead.phone,
            email=lead.email,
            linkedin_url=lead.linkedin_url,
            campaign_id=lead.campaign_id,
            time_zone=lead.time_zone,
            sentiment=lead.sentiment,
            booked=bool(lead.booked),
            blacklisted=bool(lead.blacklisted),
            suppressed_channels=sorted(lead.suppressed_channels or ()),
        )


class Entry(BaseModel):
    """One thing that happened: a message that came in or went out, a draft, or a decision."""

    at: int
    kind: str = Field(
        description="draft, outbound, decision, or what a provider told of: message, "
        "human_outbound, echo, status, do_not_disturb."
    )
    entry_id: str = Field(description="An event's, a draft's, a delivery's or a decision's.")
    draft_id: str | None = None
    channel: str | None = None
    state: str | None = Field(default=None, description="Of a decision: where the draft went.")
    code: str | None = None
    sentence: str | None = None
    actor: str | None = Field(default=None, description="Of a decision: who or what took it.")
    sent_by: str | None = None
    revision: int | None = None
    confidence: float | None = None
    attempt: int | None = None
    until: int | None = Field(default=None, description="When it is looked at again.")
    text_hash: str | None = None
    provider_message_id: str | None = None
    subject: str | None = None
    text: str | None = None


class Thread(BaseModel):
    """What happened with a lead lately on every channel, oldest first."""

    lead: LeadView
    entries: list[Entry]


class SwitchState(BaseModel):
    """What is paused: for this workspace, and for all of them."""

    workspace: str
    paused: bool
    paused_channels: list[str]
    everything_paused: bool = Field(description="By an operator, for every workspace.")
    everything_paused_channels: list[str]

    @classmethod
    def of(cls, workspace: str, everything: Switch | None, own: Switch | None) -> "SwitchState":
        """Return the rows of the two scopes as they are shown."""
        return cls(
            workspace=workspace,
            paused=own is not None and bool(own.paused),
            paused_channels=_channels(own),
            everything_paused=everything is not None and bool(everything.paused),
            everything_paused_channels=_channels(everything),
        )


def _channels(row: Switch | None) -> list[str]:
    return sorted(row.paused_channels or ()) if row is not None else []
