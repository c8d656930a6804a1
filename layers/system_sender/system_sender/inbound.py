"""The one vocabulary that every provider's webhook events are turned into."""

from dataclasses import dataclass
from enum import StrEnum

from system_sender.codes import Code


class EventKind(StrEnum):
    """What a provider's event means to us."""

    MESSAGE = "message"
    HUMAN_OUTBOUND = "human_outbound"
    DO_NOT_DISTURB = "do_not_disturb"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """One authenticated event, in our words.

    Attributes:
        identity: what makes two deliveries the same event, without the workspace.
        identified: False when the payload has nothing that tells two equal texts apart, so that
            the provider must be asked which message this was.
        account: the provider account the event says it belongs to.
        occurred_at: the provider's time of the event in epoch milliseconds, UTC, where it has a
            zone; None where the provider gives a local time without one.
    """

    kind: EventKind
    identity: str
    account: str
    contact_id: str
    channel: str = "sms"
    identified: bool = True
    text: str = ""
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    provider_message_id: str | None = None
    occurred_at: int | None = None


class EventRefused(Exception):
    """The event cannot be accepted. Nothing was recorded; the code says why.

    Attributes:
        detail: which field is wrong and what it must be; never the field's value.
    """

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(f"{code.sentence} {detail}".strip())
        self.code = code
        self.detail = detail
