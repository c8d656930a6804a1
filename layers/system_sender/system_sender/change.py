"""A draft's move, as the audit, the people who are asked and its sequence are told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from system_sender import audit
from system_sender.asking import show_again
from system_sender.followups.waking import wake
from system_sender.models import Draft
from system_sender.states import DraftState
from system_sender.store import Write

if TYPE_CHECKING:
    from system_sender.settlement import DraftFate

# What a sequence looks at, whose step's draft it is: it goes on, or may not reach the lead so.
_WAKES = frozenset(
    {
        DraftState.SENT,
        DraftState.FAILED,
        DraftState.REJECTED,
        DraftState.SUPERSEDED,
        DraftState.NEEDS_REVIEW,
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a draft, and by whom.

    Attributes:
        actor: who or what; see `audit.py`.
        at: epoch milliseconds, UTC.
        facts: what else is known of it; see :func:`audit.note`.
        wakes: False where the sequence itself makes the move.
    """

    fate: "DraftFate"
    actor: str
    at: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    wakes: bool = True

    def tell(self, write: Write, draft: Draft) -> None:
        """Add what tells of the move to the transaction that makes it.

        Args:
            draft: as it was before.
        """
        fate = self.fate
        audit.note(
            write,
            draft,
            target=fate.state.value,
            actor=self.actor,
            at=self.at,
            **{"code": fate.code.value, "until": fate.due_at, **self.facts},
        )
        show_again(write, draft, fate.state.value, self.at)
        if self.wakes and draft.enrolment_id is not None and fate.state in _WAKES:
            wake(write, draft.enrolment_id, self.at)
