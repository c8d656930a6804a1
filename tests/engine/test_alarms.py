"""What operators hear of: each failure that no person sees by itself, and nothing that is none."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from devstack.sandbox.webhooks import Signer, Webhook
from system_sender import telemetry
from system_sender.codes import Code
from system_sender.models import Draft, Integration, Workspace, integration_key
from system_sender.providers.gohighlevel import WORKFLOW
from system_sender.result import SendOutcome
from system_sender.secrets import SecretUnavailable
from system_sender.settlement import MOST_ATTEMPTS
from system_sender.switches import EVERYTHING, pause
from system_sender.transport import Guard, NoAnswer, Request
from system_sender.webhook import WebhookResponse
from system_sender.word import settle_by_word
from tests.crash.connection import request_lost
from tests.engine.doors import DOORS
from tests.engine.stage import Once, Stage, any_call, is_send, is_settlement
from tests.support.scene import SECRET
from tests.support.transport import SandboxTransport

MINUTE = 60
# From here on the alarm for drafts that are held up rings, and above it that for due work.
TOO_LONG = 600


class Heard:
    """Every metric that was emitted, with its values in order."""

    def __init__(self) -> None:
        self.values: list[tuple[str, float]] = []

    def emit(self, **values: float) -> None:
        """Take the place of what writes metrics into the log."""
        self.values += values.items()

    def counts(self) -> dict[str, float]:
        """Return how much was counted of each event."""
        counted: Counter[str] = Counter()
        for name, value in self.values:
            if not name.endswith("Seconds"):
                counted[name] += int(value)
        return dict(counted)

    def longest(self) -> float:
        """Return how long the draft was ready that was held up the longest."""
        return max(
            (value for name, value in self.values if name == "DraftHeldUpSeconds"), default=0
        )


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """What was emitted since."""
    heard = Heard()
    monkeypatch.setattr(telemetry, "_emit", heard.emit)
    return heard


# --- a front door that is deaf -------------------------------------------------------------------


def at_door(provider: str, **changes: Any) -> Callable[[Stage], WebhookResponse]:
    def post(stage: Stage) -> WebhookResponse:
        door = DOORS[provider](stage)
        if provider == "smartlead":
            return door.post(stage, door.webhook(secret_key="retyped"), **changes)
        secret = {"X-Webhook-Secret": "retyped", "Unipile-Auth": "retyped"}
        return door.post(stage, Webhook(door.webhook().body, secret), **changes)

    return post


def by_workflow(secret: str | None, **changes: Any) -> Callable[[Stage], WebhookResponse]:
    return lambda stage: stage.post(stage.workflow_text("STOP", secret), **changes)


def signed_by_another_key(stage: Stage, **changes: Any) -> WebhookResponse:
    body = stage.text("STOP").body
    return stage.post(Webhook(body, {"X-GHL-Signature": Signer().signature(body)}), **changes)


DEAF: dict[str, tuple[Callable[[Stage], WebhookResponse], int]] = {
    "HighLevel signs with another key": (signed_by_another_key, 401),
    "... for the app that workspaces share": (
        lambda stage: signed_by_another_key(stage, pathParameters=None),
        401,
    ),
    "HighLevel signs no more": (lambda stage: stage.post(stage.text("STOP").body), 401),
    "a workflow's secret was retyped": (by_workflow("retyped"), 401),
    "a workflow's secret was left out": (by_workflow(None), 401),
    **{f"the secret of {name} was retyped": (at_door(name), 401) for name in DOORS},
    "another account": (lambda stage: stage.post(stage.text("STOP", location_id="other")), 403),
    "the other kind of webhook": (by_workflow(SECRET), 409),
    "another form of event": (lambda stage: stage.post_event({}), 400),
}


@pytest.mark.parametrize(("post", "status"), DEAF.values(), ids=DEAF)
def test_what_is_refused_of_an_account_of_ours_is_counted_and_named(
    stage: Stage,
    heard: Heard,
    caplog: pytest.LogCaptureFixture,
    post: Callable[[Stage], WebhookResponse],
    status: int,
) -> None:
    for name in DOORS:
        stage.scene.integrate(name)
    assert post(stage).status == status
    assert heard.counts() == {"WebhooksRefused": 1}
    [refused] = [record for record in caplog.records if record.message == "webhook_refused"]
    assert refused.__dict__["workspace"] in (stage.scene.workspace, None)
    assert refused.__dict__["provider"] in {"gohighlevel", *DOORS}


INVENTED = {"pathParameters": {"workspace": "invented"}}
STRANGERS: dict[str, Callable[[Stage], WebhookResponse]] = {
    "unsigned": lambda stage: stage.post(b"{}", **INVENTED),
    "with a guess": by_workflow("guess", **INVENTED),
    "signed by themselves": lambda stage: signed_by_another_key(stage, **INVENTED),
    "oversized": lambda stage: stage.post(b"x" * 5_000_000, **INVENTED),
    "with no name that we could give": lambda stage: stage.post(
        b"{}", pathParameters={"workspace": "../etc"}
    ),
    "to a provider that nobody knows": lambda stage: stage.post(
        b"{}", resource="/webhooks/wordpress/{workspace}"
    ),
    **{f"to {name}": at_door(name, **INVENTED) for name in DOORS},
    # The workspace exists, and has no such account.
    **{f"to {name} of a workspace without it": at_door(name) for name in DOORS},
}


@pytest.mark.parametrize("post", STRANGERS.values(), ids=STRANGERS)
def test_strangers_who_knock_ring_nothing_and_are_not_quoted(
    stage: Stage,
    heard: Heard,
    caplog: pytest.LogCaptureFixture,
    post: Callable[[Stage], WebhookResponse],
) -> None:
    assert post(stage).status in (401, 404, 413)
    assert heard.values == []
    [refused] = [record for record in caplog.records if record.message == "webhook_refused"]
    assert "workspace" not in refused.__dict__


def test_a_refusal_is_its_answer_even_if_nobody_can_say_whose_it_is(
    stage: Stage, heard: Heard
) -> None:
    with stage.struck(request_lost, any_call):
        assert signed_by_another_key(stage).status == 401
    assert heard.counts() == {"WebhooksRefused": 1}


@pytest.mark.parametrize("provider", DOORS)
def test_what_could_not_be_stored_is_counted_at_every_door(
    stage: Stage, heard: Heard, provider: str
) -> None:
    stage.scene.integrate(provider)
    with stage.struck(request_lost, any_call):
        answer = DOORS[provider](stage).post(stage)
    assert answer.status == 503
    assert heard.counts() == {"WebhooksNotStored": 1}


def test_what_gohighlevel_is_to_bring_again_is_counted(stage: Stage, heard: Heard) -> None:
    with stage.struck(request_lost, any_call):
        assert stage.post(stage.text("STOP")).status == 429
    assert heard.counts() == {"WebhooksNotStored": 1}


def test_secrets_that_cannot_be_read_are_counted_too(stage: Stage, heard: Heard) -> None:
    class Unavailable:
        def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
            return False

        def get(self, workspace: str, provider: str, secret: str) -> str | None:
            raise SecretUnavailable("The SSM parameter store could not be read.")

    key = integration_key(stage.scene.workspace, "gohighlevel")
    stage.update(Integration(key), Integration.webhook.set(WORKFLOW))
    stage.system = stage.scene.system(secrets=Unavailable())
    assert stage.post(stage.workflow_text("STOP", SECRET)).status == 429
    assert heard.counts() == {"WebhooksNotStored": 1}


def test_an_event_that_is_taken_rings_nothing_nor_does_one_that_comes_again(
    stage: Stage, heard: Heard
) -> None:
    webhook = stage.text("Hello?")
    for _ in range(2):
        assert stage.post(webhook).status == 200
    assert heard.values == []


# --- drafts that do not get away -----------------------------------------------------------------


class Unreachable(SandboxTransport):
    """A provider to which no connection can be made."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> NoAnswer:
        """Begin nothing."""
        return NoAnswer(began=False, code=Code.UNREACHABLE)


def cut_off(stage: Stage) -> None:
    stage.system = stage.scene.system(transport=Unreachable(stage.sandbox))


def refuse_the_token(stage: Stage) -> None:
    stage.fail(Kind.REFUSE, refusal="invalid_token", times=None)


def pause_everything(stage: Stage) -> None:
    pause(stage.system.store, stage.world, EVERYTHING, None)


@pytest.mark.parametrize("trouble", [cut_off, refuse_the_token, pause_everything])
def test_what_holds_drafts_up_is_heard_of_though_each_try_moves_their_due_time(
    stage: Stage, heard: Heard, trouble: Callable[[Stage], None]
) -> None:
    draft = stage.scene.draft()
    trouble(stage)
    oldest = []
    for _ in range(9):
        oldest.append(stage.sweep().oldest_due_seconds)
        stage.world.step(MINUTE)
    assert heard.longest() < TOO_LONG, "not yet"
    for _ in range(9):
        oldest.append(stage.sweep().oldest_due_seconds)
        stage.world.step(MINUTE)
    assert stage.state(draft.draft_id) == "approved"
    assert heard.longest() >= TOO_LONG
    assert max(oldest) < TOO_LONG, "the oldest due work does not show it"


def test_a_short_outage_rings_nothing(stage: Stage, heard: Heard) -> None:
    draft = stage.scene.draft()
    whole = stage.system
    cut_off(stage)
    for _ in range(4):
        stage.sweep()
        stage.world.step(MINUTE)
    stage.system = whole
    stage.world.step(10 * MINUTE)
    stage.sweep()
    assert stage.state(draft.draft_id) == "sent"
    assert 0 < heard.longest() < TOO_LONG


def test_what_is_planned_for_later_is_not_late(stage: Stage, heard: Heard) -> None:
    stage.world.step(10 * 3600)  # ten in the evening, where the lead is
    night = stage.scene.draft("night")
    tomorrow = stage.scene.draft("tomorrow", due_at=stage.world.now() + 20 * 3_600_000)
    for _ in range(22):
        stage.sweep()
        stage.world.step(3600)
    assert {stage.state(draft.draft_id) for draft in (night, tomorrow)} == {"sent"}
    assert heard.values == []


def test_a_cap_that_is_kept_rings_nothing(stage: Stage, heard: Heard) -> None:
    stage.update(
        Workspace(stage.scene.workspace),
        Workspace.automated_per_day.set(1),
        Workspace.automated_in_a_row.set(99),
    )
    for key in ("first", "second", "third"):
        stage.scene.draft(key, text=f"the {key} text")
    stage.sweep()
    stage.world.step(21 * 3600)
    stage.sweep()
    assert len(stage.scene.sent_texts()) == 2
    assert heard.values == []


def test_a_way_that_is_closed_delays_nothing_while_another_is_open(
    stage: Stage, heard: Heard
) -> None:
    stage.scene.integrate("unipile")
    stage.fail(Kind.REFUSE, refusal="not_connected")
    draft = stage.scene.draft(channel="linkedin")
    stage.world.step(3600)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert heard.values == []


def test_a_draft_whose_attempts_are_used_up_is_heard_of_once(stage: Stage, heard: Heard) -> None:
    draft = stage.scene.draft()
    cut_off(stage)
    for _ in range(70):
        stage.sweep()
        stage.world.step(MINUTE)
    row = stage.scene.draft_now(draft.draft_id)
    assert (row.state, row.code, row.attempts) == ("failed", "attempts_exhausted", MOST_ATTEMPTS)
    assert heard.counts() == {"DraftsFailed": 1}


def test_a_refusal_for_good_is_heard_of(stage: Stage, heard: Heard) -> None:
    stage.fail(Kind.REFUSE, refusal="missing_phone")
    stage.send(stage.scene.draft().draft_id)
    assert heard.counts() == {"DraftsFailed": 1}


def test_what_the_recipient_decided_rings_nothing(stage: Stage, heard: Heard) -> None:
    stage.fail(Kind.REFUSE, refusal="dnd_sms")
    first, second = stage.scene.draft("first"), stage.scene.draft("second", sent_by="setter")
    assert stage.send(first.draft_id).code is Code.DO_NOT_DISTURB
    assert stage.send(second.draft_id).code is Code.OPTED_OUT
    assert {stage.state(draft.draft_id) for draft in (first, second)} == {"failed"}
    assert heard.values == []


# --- parked deliveries ---------------------------------------------------------------------------


def test_each_parking_is_heard_of_although_others_are_parked(stage: Stage, heard: Heard) -> None:
    for number in range(3):
        stage.fail(Kind.RESET_BEFORE)
        stage.send(stage.scene.draft(f"d{number}", text=f"text {number}").draft_id)
        assert heard.counts() == {"NewlyParked": number + 1}


def test_what_a_dead_process_left_is_heard_of_once_it_is_parked(stage: Stage, heard: Heard) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    draft = stage.scene.draft()
    stage.world.before = Once(is_send, die)
    with pytest.raises(Killed):
        stage.send(draft.draft_id)
    stage.sweep()
    assert heard.values == []
    stage.world.step(81)
    for _ in range(6):
        stage.sweep()
        stage.world.step(3600)
    assert stage.state(draft.draft_id) == "unknown"
    assert heard.counts() == {"NewlyParked": 1}


def test_an_outcome_that_no_draft_can_take_is_heard_of(stage: Stage, heard: Heard) -> None:
    draft = stage.scene.draft()
    stage.world.before = Once(is_settlement, lambda: stage.delete(Draft, draft.draft_id))
    stage.send(draft.draft_id)
    assert stage.scene.message_now(draft.draft_id).attention == "repair"
    assert heard.counts() == {"NewlyParked": 1}


def test_a_persons_own_word_rings_nothing(stage: Stage, heard: Heard) -> None:
    stage.fail(Kind.RESET_BEFORE)
    draft = stage.scene.draft()
    stage.send(draft.draft_id)
    heard.values.clear()
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)
    assert stage.state(draft.draft_id) == "failed"
    assert heard.values == []


# --- nothing else changes ------------------------------------------------------------------------


def test_metrics_that_cannot_be_written_change_no_outcome(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Shut:
        def write(self, text: str) -> None:
            raise OSError

    monkeypatch.setattr("sys.stdout", Shut())
    stage.fail(Kind.REFUSE, refusal="missing_phone")
    draft = stage.scene.draft()
    result = stage.send(draft.draft_id)
    monkeypatch.undo()
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.MISSING_PHONE)
    assert stage.state(draft.draft_id) == "failed"
    assert [r.message for r in caplog.records if r.levelno == logging.WARNING] == [
        "metrics_not_emitted"
    ]


def test_hearing_of_a_draft_asks_dynamodb_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_everything(stage)
    trips: list[int] = []
    for emit in (telemetry._emit, lambda **_: None):
        monkeypatch.setattr(telemetry, "_emit", emit)
        draft = stage.scene.draft(f"d{len(trips)}")
        stage.world.step(3600)
        stage.world.effects.clear()
        stage.send(draft.draft_id)
        trips.append(stage.world.round_trips())
    assert trips[0] == trips[1]
