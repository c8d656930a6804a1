"""Looks at the rows after every write: each move must be in the state tables, each row findable."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from system_sender.audit import entries_of
from system_sender.codes import Code
from system_sender.models import Draft, Inbound, Message, Review
from system_sender.slack.reviewing import CLAIM_MILLISECONDS
from system_sender.states import (
    DRAFT_BORN,
    DRAFT_TRANSITIONS,
    MESSAGE_TRANSITIONS,
    DraftState,
    MessageState,
)
from system_sender.store import Key, Store

MOST_PARTS = 3
_MOST_ENTRIES = 500


class Rows:
    """The rows of one draft and of the events around it, read in one round trip."""

    def __init__(self, read: Sequence[Any]) -> None:
        """Take what was read under the keys of :func:`keys_of`."""
        self.draft: Draft | None = read[0]
        self.review: Review | None = read[1]
        self.messages: dict[int, Message] = {
            int(row.part): row for row in read[2 : 2 + MOST_PARTS] if row is not None
        }
        self.events: list[Inbound] = [row for row in read[2 + MOST_PARTS :] if row is not None]

    @classmethod
    def of(cls, store: Store, draft_id: str) -> "Rows":
        """Read the rows of a draft, without any event."""
        return cls(store.read(*keys_of(draft_id)))

    def due_at(self) -> int | None:
        """Return when the next sweep has something to do here, or None."""
        times = [int(event.due_at) for event in self.events if event.due_at is not None]
        if self.draft is not None and self.draft.due_at is not None:
            times.append(int(self.draft.due_at))
        if self.review is not None and self.review.due_at is not None:
            # Whoever is at it is waited for.
            claimed_until = int(self.review.claimed_at or 0) + CLAIM_MILLISECONDS
            times.append(max(int(self.review.due_at), claimed_until))
        return min(times, default=None)

    def parked(self) -> list[Message]:
        """Return the deliveries that wait for a person."""
        return [row for row in self.messages.values() if row.attention is not None]


def keys_of(draft_id: str, event_ids: Iterable[str] = ()) -> list[Key]:
    """Return the keys of a draft's rows and of the events around it."""
    parts: list[Key] = [(Message, draft_id, part) for part in range(MOST_PARTS)]
    events: list[Key] = [(Inbound, event_id) for event_id in event_ids]
    return [(Draft, draft_id), (Review, draft_id), *parts, *events]


class Watch:
    """Remembers the last look and compares the next one with it.

    Attributes:
        event_ids: the events that are looked at; more may be added.
    """

    def __init__(self, store: Store, draft_id: str, event_id: str | None) -> None:
        self._store = store
        self._draft_id = draft_id
        self.event_ids = [event_id] if event_id is not None else []
        self._draft: DraftState | None = None
        self._messages: dict[int, MessageState] = {}
        self.rows: Rows | None = None
        self.problems: list[str] = []
        self.moves: set[tuple[str, str, str]] = set()
        # Every state that the draft came to, in order.
        self.course: list[DraftState] = []
        # Deliveries that were parked and that the provider's own records settled.
        self.found: set[int] = set()

    @property
    def keys(self) -> list[Key]:
        """What a look reads."""
        return keys_of(self._draft_id, self.event_ids)

    def look(self) -> None:
        """Look at the rows once more, and note what is wrong with them."""
        self.see(Rows(self._store.read(*self.keys)))

    def see(self, rows: Rows) -> None:
        """Note what is wrong with the rows as they are now."""
        self.rows = rows
        self._look_at_draft(rows)
        for part, row in rows.messages.items():
            self._look_at_message(part, MessageState(row.state))
            if row.code == Code.SENT_BY_EVIDENCE:
                self.found.add(part)
        self._look_for_the_lost(rows)

    def _look_at_draft(self, rows: Rows) -> None:
        state = None if rows.draft is None else DraftState(rows.draft.state)
        before, self._draft = self._draft, state
        if state is None or state is before:
            return
        self.course.append(state)
        legal = state in (DRAFT_BORN if before is None else DRAFT_TRANSITIONS[before])
        self._note("draft", before, state, legal=legal)

    def untold(self, lead_id: str) -> list[str]:
        """Return the moves of the draft that the audit does not tell of.

        A claim is told of with its outcome.
        """
        told = Counter(
            entry.target
            for entry in entries_of(self._store, lead_id, _MOST_ENTRIES)
            if entry.draft_id == self._draft_id
        )
        moved = Counter(state.value for state in self.course if state is not DraftState.SENDING)
        return sorted((moved - told).elements())

    def _look_at_message(self, part: int, state: MessageState) -> None:
        before = self._messages.get(part)
        self._messages[part] = state
        if state is before:
            return
        born = (MessageState.QUEUED, MessageState.SENDING)
        legal = state in (born if before is None else MESSAGE_TRANSITIONS[before])
        self._note(f"part {part}", before, state, legal=legal)

    def _note(self, what: str, before: str | None, after: str, *, legal: bool) -> None:
        self.moves.add((what.split(" ", maxsplit=1)[0], before or "absent", after))
        if not legal:
            self.problems.append(f"{what} went from {before} to {after}")

    def _look_for_the_lost(self, rows: Rows) -> None:
        """A crash right now must leave rows that a sweep or a person finds."""
        draft = rows.draft
        if draft is not None:
            waits = draft.state in (DraftState.APPROVED, DraftState.SENDING)
            if waits and (draft.due_at is None or draft.due_shard is None):
                self.problems.append(f"the draft is {draft.state} and no sweep finds it")
            if draft.state == DraftState.UNKNOWN and not rows.parked():
                self.problems.append("the draft is unknown and no person sees why")
            asked = draft.state in (DraftState.NEEDS_REVIEW, DraftState.PENDING) and draft.asked
            if asked and not _is_shown(rows.review):
                self.problems.append("a person must decide, and nobody is asked")
        if any(event.finished_code is None and event.due_at is None for event in rows.events):
            self.problems.append("an inbound event is unfinished and no sweep finds it")
        for row in rows.messages.values():
            if row.state == MessageState.UNKNOWN and row.attention_at is None:
                self.problems.append(f"part {row.part} is unknown and on nobody's list")


def _is_shown(review: Review | None) -> bool:
    """Say whether a question is shown as it is, or a sweep finds it and will show it.

    Without a channel in Slack the drafts are decided where they are listed.
    """
    return review is not None and (
        review.shown_version == review.version
        or review.due_at is not None
        or review.code == Code.REVIEW_NOT_CONFIGURED
    )


def look_together(store: Store, watches: Sequence[Watch], *others: Key) -> list[Any]:
    """Let every watch look, and return the rows under other keys, all in one round trip."""
    keys = [watch.keys for watch in watches]
    read = store.read(*(key for of_one in keys for key in of_one), *others)
    ends = list(accumulate(map(len, keys), initial=0))
    for watch, (first, end) in zip(watches, pairwise(ends), strict=True):
        watch.see(Rows(read[first:end]))
    return read[ends[-1] :]
