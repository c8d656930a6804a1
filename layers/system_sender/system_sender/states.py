"""Every state of a draft and of a message, and every move between them. Nothing else is legal."""

from enum import StrEnum


class DraftState(StrEnum):
    """Where a draft stands."""

    PENDING = "pending"
    NEEDS_REVIEW = "needs_review"
    APPROVED = "approved"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    REJECTED = "rejected"


class MessageState(StrEnum):
    """Where one delivery, the outbound message of one part of a draft, stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class IllegalTransition(Exception):
    """The code asked for a move that no table allows: a bug, never an outcome."""


_D = DraftState
_M = MessageState

# A draft may be written for the first time in these states.
DRAFT_BORN = frozenset({_D.PENDING, _D.NEEDS_REVIEW, _D.APPROVED})

DRAFT_TRANSITIONS: dict[DraftState, frozenset[DraftState]] = {
    # Any open draft that is edited is pending again, under its new revision.
    _D.PENDING: frozenset({_D.PENDING, _D.APPROVED, _D.NEEDS_REVIEW, _D.REJECTED, _D.SUPERSEDED}),
    _D.NEEDS_REVIEW: frozenset({_D.PENDING, _D.APPROVED, _D.REJECTED, _D.SUPERSEDED}),
    _D.APPROVED: frozenset(
        {
            # approved -> approved moves the due time: a wait, or a person asking for now.
            _D.APPROVED,
            _D.PENDING,
            _D.SENDING,
            _D.SUPERSEDED,
            _D.REJECTED,
            _D.NEEDS_REVIEW,
            _D.FAILED,
            # Late evidence: the attempt that a person took for lost had been accepted.
            _D.SENT,
        }
    ),
    # sending -> sending is the next part of the same text.
    _D.SENDING: frozenset({_D.SENDING, _D.SENT, _D.APPROVED, _D.FAILED, _D.UNKNOWN}),
    _D.UNKNOWN: frozenset({_D.SENT, _D.APPROVED, _D.FAILED}),
    _D.SUPERSEDED: frozenset({_D.APPROVED, _D.PENDING}),
    _D.FAILED: frozenset({_D.APPROVED, _D.PENDING, _D.SENT}),
    # A rejected draft comes back only by an edit.
    _D.REJECTED: frozenset({_D.PENDING}),
    _D.SENT: frozenset(),
}

MESSAGE_TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    _M.QUEUED: frozenset({_M.SENDING, _M.DROPPED}),
    _M.SENDING: frozenset({_M.SENT, _M.NOT_SENT, _M.REJECTED, _M.UNKNOWN}),
    _M.NOT_SENT: frozenset({_M.SENDING, _M.SENT, _M.DROPPED}),
    _M.UNKNOWN: frozenset({_M.SENT, _M.REJECTED, _M.NOT_SENT}),
    _M.SENT: frozenset(),
    _M.REJECTED: frozenset(),
    _M.DROPPED: frozenset(),
}

# Nobody has claimed any part yet, so text and fate may still change.
DRAFT_OPEN = frozenset({_D.PENDING, _D.NEEDS_REVIEW, _D.APPROVED})

# A request may be under way, or may have been: the lead still lists such a draft.
MAYBE_OUT = frozenset({_D.SENDING, _D.UNKNOWN})

# The provider may be at work, or may have been: only settlement and evidence move these.
MESSAGE_IN_FLIGHT = frozenset({_M.SENDING, _M.UNKNOWN})


def draft_sources(target: DraftState) -> frozenset[DraftState]:
    """Return every state from which a draft may become `target`."""
    return frozenset(state for state, moves in DRAFT_TRANSITIONS.items() if target in moves)


def check_draft_move(source: DraftState, target: DraftState) -> None:
    """Raise IllegalTransition unless a draft in `source` may become `target`."""
    if target not in DRAFT_TRANSITIONS[source]:
        raise IllegalTransition(f"A draft cannot go from {source} to {target}.")


def check_message_move(source: MessageState, target: MessageState) -> None:
    """Raise IllegalTransition unless a message in `source` may become `target`."""
    if target not in MESSAGE_TRANSITIONS[source]:
        raise IllegalTransition(f"A message cannot go from {source} to {target}.")
