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

# What a sequence looks at, whose step's draft it is: it goes on, or may not reach the lead so. One
# that certainly did not leave is looked at too: it may have to be taken back.
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
        after_attempt: an attempt to deliver it ended with this.
    """

    fate: "DraftFate"
    actor: str
    at: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    wakes: bool = True
    after_attempt: bool = False

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
        came_back = self.after_attempt and fate.state is DraftState.APPROVED
        if self.wakes and (came_back or fate.state in _WAKES) and draft.enrolment_id:
            wake(write, draft.enrolment_id, self.at)
