"""What one provider request came to. The only four answers there are."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from system_sender.codes import Code


class OutcomeKind(StrEnum):
    """SENT and REJECTED and NOT_SENT are known; UNKNOWN is parked, never guessed."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt, plain enough to be stored as JSON.

    Attributes:
        retry_at: for NOT_SENT, the earliest next attempt in epoch milliseconds, UTC.
        suppress: the provider says this address must not be written to again.
        integration_unhealthy: the provider refused our credentials or account.
        counts: whether this attempt uses up one of the bounded attempts of the draft.
        next_route: this route was definitely refused, and the provider's next one may be taken.
        sent_as: what it left as, where that is not what its channel says.
    """

    kind: OutcomeKind
    code: Code
    provider_message_id: str | None = None
    provider_thread_id: str | None = None
    retry_at: int | None = None
    suppress: bool = False
    integration_unhealthy: bool = False
    counts: bool = True
    next_route: bool = False
    sent_as: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {**asdict(self), "kind": self.kind.value, "code": self.code.value}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Outcome":
        """Rebuild an outcome that :meth:`to_dict` wrote."""
        return cls(**{**value, "kind": OutcomeKind(value["kind"]), "code": Code(value["code"])})
