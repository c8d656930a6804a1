"""P5: what lands between the read and the claim wins, also where the claim meets a conflict."""

import pytest

from system_sender.codes import Code
from system_sender.states import DraftState
from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.contests import (
    Stopped,
    StoppedByEdit,
    StoppedByHumanReply,
    StoppedByNewerInbound,
    StoppedByOptOut,
    StoppedByRejection,
)
from tests.crash.faults import Boundary, Fault

LANDINGS = [
    (StoppedByOptOut, DraftState.SUPERSEDED, Code.NEWER_INBOUND),
    (StoppedByNewerInbound, DraftState.SUPERSEDED, Code.NEWER_INBOUND),
    (StoppedByHumanReply, DraftState.SUPERSEDED, Code.HUMAN_REPLIED),
    (StoppedByEdit, DraftState.PENDING, Code.AWAITING_PERSON),
    (StoppedByRejection, DraftState.REJECTED, Code.DRAFT_REJECTED),
]


def _is_claim(boundary: Boundary) -> bool:
    return boundary.name.startswith("write suppression+message")


@pytest.mark.parametrize("in_conflict", [False, True], ids=["alone", "with a conflict"])
@pytest.mark.parametrize(("contest", "state", "code"), LANDINGS)
def test_what_lands_right_before_the_claim_stops_the_send(
    contest: type[Stopped],
    state: DraftState,
    code: Code,
    in_conflict: bool,
    connection: FaultyConnection,
) -> None:
    played = contest(connection)
    played.story.watch.look()
    world = played.world

    def land(boundary: Boundary) -> None:
        if not _is_claim(boundary):
            return
        world.before = lambda _later: None
        if in_conflict:
            world.interfere = lambda: world.invoke(played.stop)
            world.plan = {boundary.number: Fault.CONFLICT_AND_CONDITION}
        else:
            world.invoke(played.stop)

    world.before = land
    world.invoke(played.send)
    assert any(_is_claim(boundary) for boundary in world.trace)
    assert not any(boundary.effect is Effect.PROVIDER for boundary in world.trace)
    assert played.accepted() == 0
    draft = played.story.scene.draft_now(played.story.draft_id)
    assert (draft.state, draft.code) == (state, code)
    assert played.complaints() == [], "and nothing leaves later"
    played.clean()


@pytest.mark.parametrize("contest", [landing[0] for landing in LANDINGS])
def test_what_lands_right_after_the_claim_comes_too_late_to_stop_it(
    contest: type[Stopped], connection: FaultyConnection
) -> None:
    played = contest(connection)
    played.story.watch.look()
    world = played.world

    def land(boundary: Boundary) -> None:
        if boundary.effect is Effect.PROVIDER:
            world.before = lambda _later: None
            world.invoke(played.stop)

    world.before = land
    world.invoke(played.send)
    assert played.accepted() == 1
    draft = played.story.scene.draft_now(played.story.draft_id)
    assert draft.state == DraftState.SENT
    played.clean()
