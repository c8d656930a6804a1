"""One tenant's backlog delays no other's work, and work that keeps failing is seen."""

import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import system_sender.system
from system_sender import sweep as sweeping
from system_sender.drafts import NewDraft, draft_row
from system_sender.models import Draft, Revision, Switch
from system_sender.states import DraftState
from system_sender.work import POSTPONED
from tests.engine.stage import Once, Stage, named
from tests.support.scene import Scene

HANDLER = Path(__file__).parents[2] / "functions" / "followup_cron" / "app.py"


def neighbour(stage: Stage, name: str) -> Scene:
    """Return another tenant on the same tables."""
    scene = Scene(stage.system.store, stage.world, stage.sandbox, f"{stage.scene.workspace}{name}")
    return scene.seed()


def backlog(stage: Stage, scene: Scene, count: int, state: DraftState) -> list[str]:
    """Give a tenant many drafts that are due now, and return their ids."""
    now = stage.world.now()
    ids = [f"{scene.workspace}:d{number}" for number in range(count)]
    for some in _slices(ids, 50):
        rows: list[Any] = [Revision(draft_id, 1, text="Hi", created_at=now) for draft_id in some]
        rows += [draft_row(_new(scene, draft_id, state), now) for draft_id in some]
        scene.put(*rows)
    return ids


def _new(scene: Scene, draft_id: str, state: DraftState) -> NewDraft:
    return NewDraft(
        draft_id=draft_id,
        workspace=scene.workspace,
        lead_id=scene.lead_id,
        channel="sms",
        text="Hi",
        state=state,
        origin="test",
        seen_inbounds=0,
        seen_human_outbounds=0,
        sent_by="ai",
    )


def _slices(values: list[str], size: int) -> Iterable[list[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


# --- taking turns --------------------------------------------------------------------------------


def test_a_paused_tenants_backlog_does_not_delay_another_tenants_draft(stage: Stage) -> None:
    noisy = neighbour(stage, "noisy")
    stage.scene.put(Switch(noisy.workspace, paused=True, changed_at=1))
    waiting = backlog(stage, noisy, 400, DraftState.APPROVED)
    stage.world.step(60)
    quiet = stage.scene.draft("quiet")
    stage.world.step(1)
    report = stage.sweep(workers=8)
    assert (report.performed, report.failed) == (sweeping.MOST_ITEMS, 0)
    assert report.codes == {"paused_workspace": sweeping.MOST_ITEMS - 1, "sent": 1}
    assert stage.state(quiet.draft_id) == "sent"
    assert {stage.state(draft_id) for draft_id in waiting[:3]} == {"approved"}


def test_every_tenant_has_its_turn_and_each_ones_oldest_goes_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "MOST_ITEMS", 6)
    now = stage.world.now()
    tenants = {name: neighbour(stage, name) for name in ("a", "b", "c")}
    for number in range(3):
        # All of a's is older than all of b's, and that older than all of c's.
        for age, (name, scene) in enumerate(tenants.items()):
            due_at = now + (10 * age + number) * 1000
            scene.draft(f"d{number}", f"{name}{number}", due_at=due_at)
    stage.world.step(60)
    stage.sweep()
    accepted = [entry.text for entry in stage.sandbox.ledger.accepted()]
    assert accepted == ["a0", "b0", "c0", "a1", "b1", "c1"]
    assert stage.sweep().codes == {"sent": 3}


def test_the_age_of_the_oldest_is_told_whoever_goes_first(stage: Stage) -> None:
    noisy = neighbour(stage, "noisy")
    first, second = sorted([noisy, stage.scene], key=lambda scene: scene.workspace, reverse=True)
    first.draft()
    stage.world.step(100)
    second.draft()
    stage.world.step(20)
    assert stage.sweep().oldest_due_seconds == 120


# --- what keeps failing --------------------------------------------------------------------------


def poisoned(stage: Stage) -> Draft:
    """Return a draft whose judging breaks, because its row makes no sense."""
    draft = stage.scene.draft("poisoned")
    stage.update(Draft(draft.draft_id), Draft.seen_inbounds.remove())
    return draft


def test_work_that_fails_is_counted_in_every_round_it_comes_back_in(stage: Stage) -> None:
    draft = poisoned(stage)
    failed = []
    for _ in range(12):
        failed.append(stage.sweep().failed)
        stage.world.step(61)
    assert sum(failed) == 3, "it steps back five minutes each time"
    assert failed[0] == 1
    assert stage.state(draft.draft_id) == "approved"
    assert stage.sandbox.ledger.sends() == []


def test_an_event_that_fails_is_counted_too(stage: Stage) -> None:
    class Broken:
        def write(self, conversation: Any, *, seconds: float) -> Any:
            raise RuntimeError("broken")

    stage.system = stage.scene.system(writer=Broken())
    stage.post(stage.text("Hello?"))
    stage.world.step(61)
    report = stage.sweep()
    assert (report.failed, report.codes) == (1, {"internal_error": 1})
    [event] = stage.inbound()
    assert event.due_at == stage.world.now() + POSTPONED


def handler_of(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the function's own module, on this stage."""
    monkeypatch.setattr(system_sender.system, "system", lambda: stage.system)
    spec = importlib.util.spec_from_file_location("followup_cron_app", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_round_tells_the_alarms_how_many_items_failed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(stage)
    neighbour(stage, "healthy").draft()
    app = handler_of(stage, monkeypatch)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000)
    capsys.readouterr()
    report = app.handler({}, context)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line]
    [metrics] = [line for line in lines if "_aws" in line]
    assert metrics["FailedItems"] == [1]
    assert report["failed"] == 1
    assert report["codes"] == {"internal_error": 1, "sent": 1}


def test_what_was_put_off_for_longer_meanwhile_is_not_pulled_forward(stage: Stage) -> None:
    draft = poisoned(stage)
    tomorrow = stage.world.now() + 24 * 3600 * 1000
    stage.world.before = Once(
        named("batch_get"), lambda: stage.update(draft, Draft.due_at.set(tomorrow))
    )
    assert stage.sweep().failed == 1
    [row] = stage.drafts()
    assert row.due_at == tomorrow


def test_what_is_not_due_any_more_is_not_put_off(stage: Stage) -> None:
    draft = poisoned(stage)
    stage.world.before = Once(
        named("batch_get"), lambda: stage.update(draft, Draft.due_at.remove())
    )
    assert stage.sweep().failed == 1
    [row] = stage.drafts()
    assert row.due_at is None
    assert stage.sweep().due == 0
