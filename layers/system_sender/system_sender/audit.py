"""What happened to every draft, and why: one row for each decision, written with it or not at all.

An attempt has one row, written when its outcome is: it tells when the delivery was claimed as well.
A claim whose process died gets its row from whoever parks it.
"""

from typing import Any

from system_sender.models import Audit, Draft
from system_sender.store import Store, Write

# Who or what moved a draft, where it was no person.
WRITER = "writer"
POLICY = "policy"
SWEEP = "sweep"
PROVIDER = "provider"
CONVERSATION = "conversation"
SYSTEM = "system"


def person(user: str | None) -> str:
    """Return how a person is called as an actor."""
    return f"person:{user}" if user else "person"


def note(write: Write, draft: Draft, *, target: str, actor: str, at: int, **facts: Any) -> None:
    """Add the row of one decision about a draft to the transaction that carries it out.

    Args:
        draft: as it was before.
        target: the state that it goes to.
        at: epoch milliseconds, UTC.
        facts: other columns of :class:`Audit`, or those of the draft that change with it.
    """
    columns = {
        "source": draft.state,
        "confidence": draft.confidence,
        "revision": draft.revision,
        "text_hash": draft.text_hash,
        "sent_by": draft.sent_by,
        **facts,
    }
    write.note(
        Audit(
            draft.lead_id,
            # The token makes it unique, and the same transaction the same row.
            f"{at:013d}#{write.token}#{write.notes}",
            workspace=draft.workspace,
            draft_id=draft.draft_id,
            at=at,
            actor=actor,
            target=target,
            **columns,
        )
    )


def entries_of(store: Store, lead_id: str, limit: int) -> list[Audit]:
    """Return the newest entries about a lead's drafts, oldest first."""
    return list(reversed(store.newest(Audit, lead_id, limit=limit)))
