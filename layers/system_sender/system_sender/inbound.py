"""The one vocabulary that every provider's webhook events are turned into."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from system_sender.codes import Code

# What may be logged of a field that somebody else fills: no number of anybody's, no sentence.
_WORD = re.compile(r"[A-Za-z_.]{1,40}|[0-9]{1,3}")


class EventKind(StrEnum):
    """What a provider's event means to us.

    MESSAGE: the lead, or somebody they copied, wrote. HUMAN_OUTBOUND: certainly a person of the
    agency wrote, in the provider's own app. ECHO: something left through the account, and only a
    look at our own deliveries tells whether it was ours. DO_NOT_DISTURB: the lead must not be
    written to on this channel any more. STATUS: what became of a message that had left.
    IGNORED: nothing changes.
    """

    MESSAGE = "message"
    HUMAN_OUTBOUND = "human_outbound"
    ECHO = "echo"
    DO_NOT_DISTURB = "do_not_disturb"
    STATUS = "status"
    IGNORED = "ignored"


class DeliveryStatus(StrEnum):
    """What a provider reports of a message after it had accepted it."""

    DELIVERED = "delivered"
    READ = "read"
    BOUNCED = "bounced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """One authenticated event, in our words.

    Attributes:
        provider: whose event it is.
        identity: what makes two deliveries the same event, without workspace and provider.
        account: the provider account the event says it belongs to; None where it names none.
        contact_id: the provider's own id of the lead, where it has one.
        identified: False when the payload has nothing that tells two equal texts apart, so that
            the provider must be asked which message this was.
        text: plain text, without quoted history and signature.
        phone, email: the lead's own, as the provider wrote them.
        region: ISO 3166, where the provider says that the lead is: a phone number without a country
            code is read there. None where it does not say, and the workspace's region counts.
        linkedin_id: the lead's LinkedIn provider id.
        sender: the e-mail address of whoever wrote, who need not be the lead; for an echo, our
            own mailbox.
        to, cc: the e-mail addresses it was written to, our own mailboxes among them.
        handles: what the provider needs to answer in the same conversation.
        occurred_at: the provider's time of the event in epoch milliseconds, UTC, where it has a
            zone; None where the provider gives a local time without one.
        tracked: False when the provider ties the message to nobody it wrote to for us: it may be
            from anybody who knows the mailbox or the profile.
        automated: an auto-reply or an out-of-office note: recorded, never answered.
        human: for an echo, False when the provider says that a machine sent it.
        status: for STATUS events.
        called: for IGNORED events, what the provider calls such an event, to be logged.
    """

    kind: EventKind
    provider: str
    identity: str
    account: str | None = None
    contact_id: str | None = None
    channel: str = "sms"
    identified: bool = True
    text: str = ""
    subject: str | None = None
    phone: str | None = None
    region: str | None = None
    email: str | None = None
    linkedin_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    sender: str | None = None
    sender_name: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    handles: Mapping[str, str] = field(default_factory=dict)
    provider_message_id: str | None = None
    occurred_at: int | None = None
    tracked: bool = True
    automated: bool = False
    out_of_office: bool = False
    human: bool = True
    status: DeliveryStatus | None = None
    called: str | None = field(default=None, compare=False)


def ignored(provider: str, account: str | None = None, *words: Any) -> InboundEvent:
    """Return an event that changes nothing.

    Args:
        words: what the provider calls it. Anything but single words and small numbers is left out.
    """
    said = [str(word) for word in words if word is not None and _WORD.fullmatch(str(word))]
    called = " ".join(said) or None
    return InboundEvent(EventKind.IGNORED, provider, "", account, called=called)


class EventRefused(Exception):
    """The event cannot be accepted. Nothing was recorded; the code says why.

    Attributes:
        detail: which field is wrong and what it must be; never the field's value.
    """

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(f"{code.sentence} {detail}".strip())
        self.code = code
        self.detail = detail
