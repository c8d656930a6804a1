"""The one typed answer of every sending function."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from system_sender.codes import Code


class SendOutcome(StrEnum):
    """What became of a call, for a caller that only wants to branch.

    SENT: the provider accepted all of it. WAITING: approved, and due later by itself.
    HELD: a person must decide. REFUSED: it will not go. UNKNOWN: parked, being settled.
    IN_PROGRESS: somebody else is at it. NOT_FOUND: there is no such row.
    """

    SENT = "sent"
    WAITING = "waiting"
    HELD = "held"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    IN_PROGRESS = "in_progress"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class SendResult:
    """A business outcome as a value; exceptions are left for infrastructure and bugs.

    Attributes:
        code: stable, for programs; `sentence` says the same to people.
        message_id: the delivery that decided, as `draft id#part`.
        provider_ids: the provider's ids of the parts that are known to be out, in order.
        replayed: nothing was sent by this very call: it returns what was already stored.
        due_at: for WAITING, when it goes, in epoch milliseconds, UTC.
    """

    outcome: SendOutcome
    code: Code
    draft_id: str
    message_id: str | None = None
    provider_ids: tuple[str, ...] = ()
    replayed: bool = False
    due_at: int | None = None
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Say what happened and what, if anything, to do."""
        return f"{self.code.sentence} {self.detail}".strip()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "outcome": self.outcome.value,
            "code": self.code.value,
            "sentence": self.sentence,
            "draft_id": self.draft_id,
            "message_id": self.message_id,
            "provider_ids": list(self.provider_ids),
            "replayed": self.replayed,
            "due_at": self.due_at,
        }


def which_part(part: int, parts: int) -> str:
    """Say which part of a text an outcome is about, where the text has several."""
    return f"This is about part {part + 1} of {parts}." if parts > 1 else ""


def message_id(draft_id: str, part: int) -> str:
    """Return the public id of a delivery."""
    return f"{draft_id}#{part}"
