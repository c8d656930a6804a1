"""The sweep fills the queue, workers empty it, and the rows alone say what is due."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import system_sender.system
from devstack.sandbox.faults import Kind
from system_sender import dispatching
from system_sender import sweep as sweeping
from system_sender.models import Draft, Lead
from system_sender.store import StorageError
from system_sender.sweep import SweepReport
from system_sender.work import POSTPONED, WorkItem, WorkKind
from system_sender.work_queue import QueueMessage, SqsQueue
from system_sender.working import Batch, NotDone
from system_sender.world import Effect
from tests.crash import connection as raw
from tests.engine.stage import Stage, any_call
from tests.engine.test_fairness import neighbour, poisoned
from tests.support.queue import LocalSqs

HANDLER = Path(__file__).parents[2] / "functions" / "send_worker" / "app.py"


class Queues:
    """The work queue of a stage, and the one for what is given up."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.work, self.dead = LocalSqs(stage.world.now), LocalSqs(stage.world.now)

    def dispatch(self, **options: Any) -> SweepReport:
        queue = SqsQueue(self.stage.world, "work", lambda: self.work)
        return self.stage.sweep(queue=queue, **options)

    def batch(self, seconds: float = 60) -> Batch:
        dead = SqsQueue(self.stage.world, "dead", lambda: self.dead)
        return Batch(self.stage.system, dead, self.stage.budget(seconds))

    def deliver(self, *messages: QueueMessage) -> None:
        batch = self.batch()
        for message in messages:
            batch.perform(message)
        batch.finish()


@pytest.fixture
def queues(stage: Stage) -> Queues:
    return Queues(stage)


def to_many(stage: Stage, count: int) -> list[Draft]:
    """Return approved drafts, each for another lead of the workspace."""
    name = stage.scene.workspace
    campaign = f"{name}:autumn"
    drafts = []
    for number in range(count):
        lead = Lead(
            f"{name}:lead{number}",
            workspace=name,
            first_name="Lee",
            phone=f"+1555011{number:04}",
            contacts={"gohighlevel": f"contact{number}"},
            campaign_id=campaign,
            created_at=stage.world.now(),
        )
        stage.scene.put(lead)
        drafts.append(stage.scene.draft(f"d{number}", f"text {number}", lead_id=lead.lead_id))
    return drafts


# --- the sweep -----------------------------------------------------------------------------------


def test_what_is_due_is_queued_and_not_performed(stage: Stage, queues: Queues) -> None:
    drafts = [stage.scene.draft(f"d{number}") for number in range(12)]
    stage.scene.draft("later", due_at=stage.world.now() + 3_600_000)
    report = queues.dispatch()
    assert (report.due, report.dispatched, report.performed, report.left) == (12, 12, 0, 0)
    assert stage.sandbox.ledger.sends() == []
    assert [len(call["Entries"]) for call in queues.work.calls] == [10, 2]
    queued = {json.loads(message.body)["id"] for message in queues.work.waiting}
    assert queued == {draft.draft_id for draft in drafts}


def test_dispatching_writes_nothing(stage: Stage, queues: Queues) -> None:
    stage.scene.draft()
    stage.world.effects.clear()
    queues.dispatch()
    assert Effect.DATABASE_WRITE not in {effect for effect, _ in stage.world.effects}


def test_a_waiting_item_is_not_queued_each_minute_again(stage: Stage, queues: Queues) -> None:
    stage.scene.draft()
    for _ in range(5):
        assert queues.dispatch().dispatched == 1
        stage.world.step(60)
    assert len(queues.work.waiting) == 1
    queues.dispatch()
    assert len(queues.work.waiting) == 2, "after five minutes it might have been lost"


def test_an_item_that_is_due_at_another_time_is_queued_at_once(
    stage: Stage, queues: Queues
) -> None:
    draft = stage.scene.draft()
    queues.dispatch()
    stage.update(draft, Draft.due_at.set(stage.world.now() + 1))
    stage.world.step(1)
    queues.dispatch()
    assert len(queues.work.waiting) == 2


def test_what_could_not_be_queued_is_due_as_before(stage: Stage, queues: Queues) -> None:
    draft = stage.scene.draft()
    queues.work.refused = {"0"}
    report = queues.dispatch()
    assert (report.due, report.dispatched, report.left) == (1, 0, 1)
    assert stage.scene.draft_now(draft.draft_id).due_at == draft.due_at
    queues.work.refused = set()
    assert queues.dispatch().dispatched == 1


def test_a_round_ends_in_time_and_the_rest_is_due_as_before(stage: Stage, queues: Queues) -> None:
    for number in range(25):
        stage.scene.draft(f"d{number}")
    stage.world.after = lambda effect, _: stage.world.step(8 * (effect is Effect.QUEUE))
    report = queues.dispatch(seconds=15)
    assert (report.dispatched, report.left) == (10, 15)


def test_more_is_queued_than_a_sweep_performs_and_a_bound_there_is(
    stage: Stage, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dispatching.MOST_DISPATCHED > 100 * sweeping.MOST_ITEMS
    monkeypatch.setattr(sweeping, "MOST_ITEMS", 1)
    monkeypatch.setattr(sweeping, "MOST_DISPATCHED", 2)
    for number in range(3):
        stage.scene.draft(f"d{number}")
    assert queues.dispatch().dispatched == 2


def test_a_workspace_gets_no_more_into_the_queue_than_it_may_send_in_a_minute(
    stage: Stage, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "REQUESTS_A_MINUTE", 2)
    noisy = neighbour(stage, "noisy")
    for number in range(4):
        noisy.draft(f"d{number}")
    stage.world.step(1)
    quiet = stage.scene.draft()
    queues.dispatch()
    ids = [json.loads(message.body)["id"] for message in queues.work.waiting]
    assert ids == [f"{noisy.workspace}:d0", quiet.draft_id, f"{noisy.workspace}:d1"]


# --- the workers ---------------------------------------------------------------------------------


def test_a_delivered_draft_leaves(stage: Stage, queues: Queues) -> None:
    draft = stage.scene.draft()
    queues.dispatch()
    queues.deliver(*queues.work.take())
    assert stage.state(draft.draft_id) == "sent"
    assert queues.dispatch().due == 0


def test_messages_that_come_twice_late_and_in_reverse_order_send_once(
    stage: Stage, queues: Queues
) -> None:
    to_many(stage, 3)
    queues.dispatch()
    taken = queues.work.take()
    queues.deliver(*reversed(taken), *taken)
    stage.world.step(24 * 3600)
    queues.deliver(*taken)
    sent = [entry.text for entry in stage.sandbox.ledger.accepted()]
    assert sorted(sent) == ["text 0", "text 1", "text 2"]


def test_an_item_that_is_not_due_any_more_is_left_alone(stage: Stage, queues: Queues) -> None:
    draft = stage.scene.draft()
    queues.dispatch()
    stage.update(draft, Draft.due_at.set(stage.world.now() + 3_600_000))
    queues.deliver(*queues.work.take())
    assert stage.sandbox.ledger.sends() == []
    assert stage.state(draft.draft_id) == "approved"


@pytest.mark.parametrize("kind", WorkKind)
def test_an_item_whose_row_is_gone_is_done(stage: Stage, queues: Queues, kind: WorkKind) -> None:
    item = WorkItem(kind, f"{stage.scene.workspace}:nobody", 1)
    queues.deliver(dispatching.message_of(item))
    assert stage.sandbox.ledger.sends() == []


def test_what_breaks_steps_back_in_its_row_and_is_not_given_back(
    stage: Stage, queues: Queues
) -> None:
    draft = poisoned(stage)
    queues.dispatch()
    queues.deliver(*queues.work.take())
    assert stage.scene.draft_now(draft.draft_id).due_at == stage.world.now() + POSTPONED
    stage.world.step(POSTPONED / 1000)
    assert queues.dispatch().dispatched == 1
    assert len(queues.work.waiting) == 1


def test_what_can_not_even_step_back_is_given_back(stage: Stage, queues: Queues) -> None:
    draft = stage.scene.draft()
    queues.dispatch()
    (message,) = queues.work.take()
    with stage.struck(raw.request_lost, any_call), pytest.raises(StorageError):
        queues.batch().perform(message)
    assert stage.scene.draft_now(draft.draft_id).due_at == draft.due_at
    queues.deliver(message)
    assert stage.state(draft.draft_id) == "sent"


def test_what_there_is_no_time_for_is_given_back(stage: Stage, queues: Queues) -> None:
    stage.scene.draft()
    queues.dispatch()
    with pytest.raises(NotDone, match="no_time_left"):
        queues.batch(seconds=5).perform(queues.work.take()[0])


NO_ITEMS = [
    "not json",
    "[]",
    "{}",
    '{"kind": "draft"}',
    '{"kind": "draft", "id": "a:b", "due_at": 1e999}',
    "[" * 100_000,
]


@pytest.mark.parametrize("body", NO_ITEMS, ids=range(len(NO_ITEMS)))
def test_what_is_no_item_is_buried_at_once_and_holds_nobody_up(
    stage: Stage, queues: Queues, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    queues.deliver(QueueMessage("acme", "message-7", body))
    assert [message.body for message in queues.dead.waiting] == [body]
    (line,) = [line for line in caplog.records if line.getMessage() == "message_is_no_item"]
    assert line.__dict__["message_id"] == "message-7"
    assert body[:20] not in str({**line.__dict__, "levelno": None})


def test_what_could_not_be_buried_is_given_back(stage: Stage, queues: Queues) -> None:
    queues.dead.refused = {"0"}
    with pytest.raises(NotDone, match="not_buried"):
        queues.batch().perform(QueueMessage("acme", "message-7", "not json"))


def test_moving_what_was_given_up_back_does_no_harm(stage: Stage, queues: Queues) -> None:
    draft = stage.scene.draft()
    queues.dispatch()
    taken = queues.work.take()
    stage.world.step(3 * 24 * 3600)
    queues.deliver(*taken)
    queues.deliver(*taken)
    assert stage.state(draft.draft_id) in ("sent", "needs_review")
    assert len(stage.sandbox.ledger.sends()) <= 1


# --- the pace ------------------------------------------------------------------------------------


def test_the_batches_of_a_workspace_keep_its_pace(stage: Stage, queues: Queues) -> None:
    begun: list[float] = []
    stage.world.before = noting(begun, stage)
    to_many(stage, 30)
    queues.dispatch()
    taken = queues.work.take()
    for start in range(0, 30, 10):
        queues.deliver(*taken[start : start + 10])
    assert len(stage.sandbox.ledger.accepted()) == 30
    # The stage's clock has whole milliseconds.
    assert stage.world.monotonic() - begun[0] >= 30 * 10 / 90 - 0.05


def test_one_workspace_does_not_wait_for_anothers_pace(stage: Stage, queues: Queues) -> None:
    begun: list[float] = []
    stage.world.before = noting(begun, stage)
    for name in ("a", "b", "c", "d"):
        neighbour(stage, name).draft()
    queues.dispatch()
    queues.deliver(*queues.work.take())
    assert len(begun) == 4
    assert begun[-1] - begun[0] < 0.05


def test_a_rate_limit_is_the_gates_to_obey(stage: Stage, queues: Queues) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="30")
    queues.dispatch()
    queues.deliver(*queues.work.take())
    row = stage.scene.draft_now(draft.draft_id)
    assert (row.state, row.code) == ("approved", "rate_limited")
    stage.world.step(61)
    assert queues.dispatch().dispatched == 1
    queues.deliver(*queues.work.take())
    assert stage.state(draft.draft_id) == "sent"


def noting(begun: list[float], stage: Stage) -> Callable[[Effect, str], None]:
    def note(effect: Effect, name: str) -> None:
        if effect is Effect.PROVIDER:
            begun.append(stage.world.monotonic())

    return note


# --- the function --------------------------------------------------------------------------------


def app_of(stage: Stage, queues: Queues, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the function's own module, on this stage."""
    monkeypatch.setattr(system_sender.system, "system", lambda: stage.system)
    monkeypatch.setenv("DEAD_WORK_QUEUE_URL", "https://sqs.example.com/dead")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    spec = importlib.util.spec_from_file_location("send_worker_app", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DEAD", SqsQueue(stage.world, "dead", lambda: queues.dead))
    return module


def records_of(messages: list[QueueMessage]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"id-{number}",
                "body": message.body,
                "attributes": {"MessageGroupId": message.group},
                "eventSource": "aws:sqs",
            }
            for number, message in enumerate(messages)
        ]
    }


CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)


def test_the_function_performs_a_batch_and_gives_nothing_back(
    stage: Stage,
    queues: Queues,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    poisoned(stage)
    drafts = to_many(stage, 8)
    queues.dispatch()
    app = app_of(stage, queues, monkeypatch)
    capsys.readouterr()
    for _ in range(2):
        assert app.handler(records_of(queues.work.waiting), CONTEXT) == {"batchItemFailures": []}
    assert {stage.state(draft.draft_id) for draft in drafts} == {"sent"}
    assert len(stage.sandbox.ledger.accepted()) == 8
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line]
    assert [line["FailedItems"] for line in lines if "_aws" in line] == [[1]]


def test_the_function_gives_back_only_what_failed(
    stage: Stage, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = stage.scene.draft()
    queues.dispatch()
    app = app_of(stage, queues, monkeypatch)
    queues.dead.refused = {"0"}
    messages = [QueueMessage("acme", "m", "not json"), *queues.work.take()]
    answer = app.handler(records_of(messages), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-0"}]}
    assert stage.state(draft.draft_id) == "sent"
    # And nothing is remembered by the next batch.
    queues.dead.refused = set()
    assert app.handler(records_of(messages[:1]), CONTEXT) == {"batchItemFailures": []}


def test_without_the_other_queue_the_function_does_not_start(
    stage: Stage, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_of(stage, queues, monkeypatch)
    monkeypatch.delenv("DEAD_WORK_QUEUE_URL")
    spec = importlib.util.spec_from_file_location("send_worker_app", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(KeyError, match="DEAD_WORK_QUEUE_URL"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
