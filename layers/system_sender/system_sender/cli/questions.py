"""Questions about drafts that people should see in Slack and do not, and why not."""

from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.documents import sentence_of
from system_sender.cli.operator import Operator
from system_sender.models import SHARDS, Review

_MOST_A_SHARD = 1_000


def reviews(operator: Operator) -> Answer:
    """List the questions that could not be shown as they are now, the longest waiting first."""
    keys = [
        key
        for shard in range(SHARDS)
        for key in operator.store.query(Review.due_index, str(shard), limit=_MOST_A_SHARD)
    ]
    rows = operator.rows((Review, key["draft_id"]) for key in keys)
    # The index lags, and what is due for the first time is about to be shown.
    waiting = [row for row in rows if row is not None and row.due_at and row.code is not None]
    waiting.sort(key=lambda row: (int(row.due_at), str(row.draft_id)))
    document = [_document(row) for row in waiting]
    return Answer({"reviews": document}, _shown(document))


def _document(row: Review) -> dict[str, Any]:
    """Return a question as plain JSON values; times are epoch milliseconds, UTC."""
    return {
        "draft_id": row.draft_id,
        "workspace": row.workspace,
        "code": row.code,
        "sentence": sentence_of(row.code),
        "asked": row.message is not None,
        "attempts": int(row.attempts),
        "next_at": int(row.due_at),
    }


def _shown(document: list[dict[str, Any]]) -> list[Any]:
    if not document:
        return ["Every question is shown as it is."]
    table = screen.table(
        ("draft", "asked", "tries", "next try", "why it is not shown"),
        [
            (
                screen.written(row["draft_id"]),
                "an older state of it" if row["asked"] else "never",
                str(row["attempts"]),
                screen.moment(row["next_at"]),
                screen.written(row["sentence"]),
            )
            for row in document
        ],
    )
    return [table, "What is corrected in Slack is tried again by itself, within an hour."]
