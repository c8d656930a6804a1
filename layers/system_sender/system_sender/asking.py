"""Marks that people who are asked about a draft must be shown what it is now."""

from system_sender.models import Draft, Review, shard_of
from system_sender.states import DraftState
from system_sender.store import Write


def show_again(write: Write, draft: Draft, target: str, now: int) -> None:
    """Let the question about a draft be asked or shown anew, if people are asked about it.

    In the transaction that changes the draft: there is no change that stays unshown.

    Args:
        draft: as it was before.
        target: the state that it goes to; held for a person, it begins to be asked about.
        now: epoch milliseconds, UTC.
    """
    if not draft.asked and target != DraftState.NEEDS_REVIEW:
        return
    write.update(
        "review",
        Review(draft.draft_id),
        [
            Review.workspace.set(draft.workspace),
            Review.version.add(1),
            Review.due_shard.set(shard_of(draft.draft_id)),
            Review.due_at.set(now),
        ],
    )
