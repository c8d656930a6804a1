"""The state tables: exactly those of the design, and the moves that it implies."""

import pytest

from system_sender.states import (
    DRAFT_BORN,
    DRAFT_OPEN,
    DRAFT_TRANSITIONS,
    MESSAGE_IN_FLIGHT,
    MESSAGE_TRANSITIONS,
    DraftState,
    IllegalTransition,
    MessageState,
    check_draft_move,
    check_message_move,
    draft_sources,
)

# The published table, row by row.
DRAFTS = {
    "pending": {"approved", "needs_review", "rejected", "superseded"},
    "needs_review": {"approved", "rejected", "superseded"},
    "approved": {"sending", "superseded", "rejected", "needs_review", "failed"},
    "sending": {"sent", "approved", "failed", "unknown"},
    "unknown": {"sent", "approved", "failed"},
    "superseded": {"approved"},
    "failed": {"approved"},
    "rejected": set(),
    "sent": set(),
}
# What its sentences add: an edit makes a draft pending again, a wait moves the due time of an
# approved one, the next part is claimed from `sending`, and late evidence says a text left.
ADDED = {
    ("pending", "pending"),
    ("needs_review", "pending"),
    ("approved", "pending"),
    ("superseded", "pending"),
    ("failed", "pending"),
    ("rejected", "pending"),
    ("approved", "approved"),
    ("sending", "sending"),
    ("approved", "sent"),
    ("failed", "sent"),
}
MESSAGES = {
    "queued": {"sending", "dropped"},
    "sending": {"sent", "not_sent", "rejected", "unknown"},
    "not_sent": {"sending", "sent"},
    "unknown": {"sent", "rejected", "not_sent"},
    "sent": set(),
    "rejected": set(),
    "dropped": set(),
}
# A part that certainly did not leave goes with its draft, like one that was never begun.
MESSAGES_ADDED = {("not_sent", "dropped")}


def test_drafts_make_the_moves_of_the_table_and_no_others() -> None:
    expected = {(source, target) for source, moves in DRAFTS.items() for target in moves} | ADDED
    actual = {
        (source.value, target.value)
        for source, moves in DRAFT_TRANSITIONS.items()
        for target in moves
    }
    assert actual == expected


def test_messages_make_the_moves_of_the_table_and_no_others() -> None:
    expected = {(source, target) for source, moves in MESSAGES.items() for target in moves}
    actual = {
        (source.value, target.value)
        for source, moves in MESSAGE_TRANSITIONS.items()
        for target in moves
    }
    assert actual == expected | MESSAGES_ADDED


def test_every_state_has_a_row() -> None:
    assert set(DRAFT_TRANSITIONS) == set(DraftState)
    assert set(MESSAGE_TRANSITIONS) == set(MessageState)


@pytest.mark.parametrize("source", DraftState)
@pytest.mark.parametrize("target", DraftState)
def test_a_move_outside_the_draft_table_is_refused_loudly(
    source: DraftState, target: DraftState
) -> None:
    if target in DRAFT_TRANSITIONS[source]:
        check_draft_move(source, target)
        assert source in draft_sources(target)
    else:
        with pytest.raises(IllegalTransition, match=f"from {source} to {target}"):
            check_draft_move(source, target)


@pytest.mark.parametrize("source", MessageState)
@pytest.mark.parametrize("target", MessageState)
def test_a_move_outside_the_message_table_is_refused_loudly(
    source: MessageState, target: MessageState
) -> None:
    if target in MESSAGE_TRANSITIONS[source]:
        check_message_move(source, target)
    else:
        with pytest.raises(IllegalTransition, match=f"from {source} to {target}"):
            check_message_move(source, target)


def test_every_draft_state_can_be_reached_from_a_birth() -> None:
    reached, found = set(DRAFT_BORN), set(DRAFT_BORN)
    while found:
        found = {target for state in found for target in DRAFT_TRANSITIONS[state]} - reached
        reached |= found
    assert reached == set(DraftState)


def test_nothing_in_flight_is_released_except_by_settlement_and_evidence() -> None:
    for state in MESSAGE_IN_FLIGHT:
        assert MessageState.QUEUED not in MESSAGE_TRANSITIONS[state]
        assert MessageState.SENDING not in MESSAGE_TRANSITIONS[state]
    assert DraftState.SENDING not in DRAFT_OPEN
    assert DraftState.UNKNOWN not in DRAFT_OPEN
