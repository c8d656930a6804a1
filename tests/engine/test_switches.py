"""Pause and resume, for all, a workspace or a channel."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.connection import Connection

from devstack.sandbox.provider import Sandbox
from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.gate import send_approved_draft
from system_sender.models import Workspace
from system_sender.result import SendOutcome
from system_sender.store import Store
from system_sender.switches import EVERYTHING, SETTLING_SECONDS, pause, resume
from system_sender.world import World
from tests.engine.stage import Stage
from tests.support.scene import ANY_HOUR, Scene
from tests.support.tables import empty_tables


@pytest.fixture
def neighbour(stage: Stage) -> Scene:
    scene = stage.scene
    name = f"{scene.workspace}x"
    return Scene(scene.store, stage.world, stage.sandbox, name, scene.public_key).seed()


SCOPES = [
    ("*", None, Code.PAUSED_ALL, True),
    ("*", "sms", Code.PAUSED_CHANNEL, True),
    ("*", "email", None, False),
    ("own", None, Code.PAUSED_WORKSPACE, False),
    ("own", "sms", Code.PAUSED_CHANNEL, False),
    ("own", "linkedin", None, False),
]


@pytest.mark.parametrize(("scope", "channel", "code", "everybody"), SCOPES)
@pytest.mark.parametrize("sent_by", ["ai", "setter"])
def test_a_switch_holds_what_it_names_and_nothing_else(
    stage: Stage,
    neighbour: Scene,
    scope: str,
    channel: str | None,
    code: Code | None,
    everybody: bool,
    sent_by: str,
) -> None:
    row = EVERYTHING if scope == "*" else stage.scene.workspace
    pause(stage.system.store, stage.world, row, channel)
    own = stage.send(stage.scene.draft(sent_by=sent_by).draft_id)
    other = stage.send(neighbour.draft(sent_by=sent_by).draft_id)
    assert (own.outcome is SendOutcome.WAITING) == (code is not None)
    if code is not None:
        assert own.code is code
        assert own.due_at == stage.world.now() + 60_000
    assert (other.outcome is SendOutcome.WAITING) == everybody
    resume(stage.system.store, stage.world, row, channel)
    stage.world.step(61)
    stage.sweep()
    assert len(stage.scene.sent_texts()) == len(neighbour.sent_texts()) == 1


def test_pausing_twice_and_resuming_once_resumes(stage: Stage) -> None:
    for _ in range(2):
        pause(stage.system.store, stage.world, stage.scene.workspace, "sms")
    resume(stage.system.store, stage.world, stage.scene.workspace, "sms")
    assert stage.send(stage.scene.draft().draft_id).outcome is SendOutcome.SENT


def test_resuming_a_channel_leaves_the_workspaces_switch_alone(stage: Stage) -> None:
    pause(stage.system.store, stage.world, stage.scene.workspace, None)
    pause(stage.system.store, stage.world, stage.scene.workspace, "sms")
    resume(stage.system.store, stage.world, stage.scene.workspace, "sms")
    assert stage.send(stage.scene.draft().draft_id).code is Code.PAUSED_WORKSPACE


def test_resuming_what_was_never_paused_is_no_error(stage: Stage) -> None:
    resume(stage.system.store, stage.world, stage.scene.workspace, "sms")
    resume(stage.system.store, stage.world, EVERYTHING, None)
    assert stage.send(stage.scene.draft().draft_id).outcome is SendOutcome.SENT


def test_pause_returns_only_after_every_older_permission_has_run_out(stage: Stage) -> None:
    before = stage.world.now()
    pause(stage.system.store, stage.world, EVERYTHING, None)
    assert stage.world.now() - before >= SETTLING_SECONDS * 1000


def test_a_pause_in_the_middle_of_many_senders_lets_nothing_begin_after_it_returned(
    stage: Stage,
) -> None:
    stage.update(
        Workspace(stage.scene.workspace),
        Workspace.automated_per_day.set(99),
        Workspace.automated_in_a_row.set(99),
    )
    drafts = [stage.scene.draft(f"d{n}") for n in range(40)]
    with ThreadPoolExecutor(33) as pool:
        sending = [pool.submit(stage.send, draft.draft_id) for draft in drafts]
        paused = pool.submit(_pause_and_tell, stage)
        results = [future.result() for future in sending]
        returned_at = paused.result()
    assert [e for e in stage.sandbox.ledger.sends() if e.began_at > returned_at] == []
    accepted = len(stage.sandbox.ledger.accepted())
    assert accepted == sum(result.outcome is SendOutcome.SENT for result in results)
    held = [result for result in results if result.outcome is SendOutcome.WAITING]
    assert accepted + len(held) == len(drafts)


def _pause_and_tell(stage: Stage) -> int:
    pause(stage.system.store, stage.world, EVERYTHING, None)
    return stage.world.now()


def test_on_the_real_clock_no_request_of_thirty_two_senders_begins_after_pause_returned(
    engine_connection: Connection,
) -> None:
    empty_tables(engine_connection)
    world = World()
    store = Store(world, engine_connection)
    sandbox = Sandbox()
    scenes = [
        Scene(store, world, sandbox, f"clock{n}", quiet_hours=ANY_HOUR).seed() for n in range(32)
    ]
    over, all_are_sending = threading.Event(), threading.Barrier(len(scenes) + 1)

    def send_and_send(scene: Scene) -> int:
        number = 0
        while not over.is_set():
            number += 1
            # A person stands behind each, so that no cap ends the stream.
            draft = scene.draft(f"d{number}", sent_by="setter")
            send_approved_draft(scene.system(), draft.draft_id, budget=Budget.of_seconds(world, 28))
            if number == 1:
                all_are_sending.wait(60)
        return number

    with ThreadPoolExecutor(32) as pool:
        senders = [pool.submit(send_and_send, scene) for scene in scenes]
        try:
            all_are_sending.wait(60)
            pause(store, world, EVERYTHING, None)
            returned_at = world.now()
            over.wait(1)
        finally:
            over.set()
        asked = sum(sender.result() for sender in senders)
    began = [entry.began_at for entry in sandbox.ledger.sends()]
    assert began
    assert asked > len(began), "they went on trying"
    assert max(began) <= returned_at


def test_what_a_pause_held_for_more_than_a_day_is_asked_about(stage: Stage) -> None:
    draft = stage.scene.draft()
    pause(stage.system.store, stage.world, EVERYTHING, None)
    for _ in range(2):
        stage.sweep()
        stage.world.step(13 * 3600)
    stage.sweep()
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.code) == ("needs_review", "waited_too_long")
