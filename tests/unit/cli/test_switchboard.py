"""`sender pause`, `resume` and `status`."""

import pytest

from system_sender.codes import Code
from system_sender.drafts import leave
from system_sender.models import Draft, Switch
from system_sender.providers import CHANNELS
from system_sender.settlement import DraftFate
from system_sender.states import DraftState
from system_sender.store import Write
from system_sender.switches import SETTLING_SECONDS, read_switches
from system_sender.world import World
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the command waited; the tests do not."""
    seen: list[float] = []
    monkeypatch.setattr(World, "wait", lambda _, seconds: seen.append(seconds))
    return seen


def paused(scene: Scene, workspace: str = "acme") -> Code | None:
    return read_switches(scene.store, scene.world, workspace, "sms").paused


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--all",), Code.PAUSED_ALL),
        (("--workspace", "acme"), Code.PAUSED_WORKSPACE),
        (("--workspace", "acme", "--channel", "sms"), Code.PAUSED_CHANNEL),
        (("--channel", "sms"), Code.PAUSED_CHANNEL),
    ],
)
def test_pause_returns_once_nothing_can_start_and_resume_releases_it(
    sender: Sender, scene: Scene, waits: list[float], arguments: tuple[str, ...], code: Code
) -> None:
    document = sender.json("pause", *arguments)

    assert document["paused"] is True
    assert paused(scene) is code
    assert waits == [SETTLING_SECONDS]
    assert sender.json("resume", *arguments)["paused"] is False
    assert paused(scene) is None


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_has_a_switch_of_its_own(
    sender: Sender, scene: Scene, waits: list[float], channel: str
) -> None:
    sender.json("pause", "--workspace", "acme", "--channel", channel)

    stopped = {
        name
        for name in CHANNELS
        if read_switches(scene.store, scene.world, "acme", name).paused is not None
    }
    assert stopped == {channel}


def test_a_pause_of_one_workspace_leaves_the_others_alone(
    sender: Sender, scene: Scene, waits: list[float]
) -> None:
    sender.json("pause", "--workspace", "acme")

    assert paused(scene, "birch") is None


def test_people_are_told_that_nothing_starts_any_more(
    sender: Sender, scene: Scene, waits: list[float]
) -> None:
    assert "No request starts any more" in sender.says("pause", "--all")


def test_resume_says_which_switches_still_hold(
    sender: Sender, scene: Scene, waits: list[float]
) -> None:
    sender.json("pause", "--all")
    sender.json("pause", "--workspace", "acme")

    said = sender.says("resume", "--workspace", "acme")

    assert "Still thrown: every workspace." in said


def test_an_interrupted_pause_says_that_it_is_not_certain(
    sender: Sender, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: World, seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(World, "wait", interrupt)

    refusal = sender.refuses("pause", "--all", exit_code=130)

    assert refusal["code"] == "interrupted"
    assert "may still start" in refusal["message"]


@pytest.mark.parametrize("arguments", [(), ("--all", "--workspace", "acme")])
def test_what_to_pause_must_be_said(
    sender: Sender, scene: Scene, waits: list[float], arguments: tuple[str, ...]
) -> None:
    assert sender.refuses("pause", *arguments, exit_code=2)["code"] == "usage"
    assert scene.store.get(Switch, "*") is None


def test_an_unknown_workspace_is_not_paused(
    sender: Sender, scene: Scene, waits: list[float]
) -> None:
    assert sender.refuses("pause", "--workspace", "acmee")["code"] == "workspace_not_found"
    assert scene.store.get(Switch, "acmee") is None


def test_status_shows_switches_and_counts(sender: Sender, scene: Scene, waits: list[float]) -> None:
    scene.draft("now", "Due now")
    scene.draft("later", "Due later", due_at=scene.world.now() + 3_600_000)
    sender.json("pause", "--workspace", "acme", "--channel", "sms")

    document = sender.json("status")

    everything, acme = document["switches"]
    assert (everything["scope"], everything["paused"]) == ("*", False)
    assert (acme["scope"], acme["paused_channels"]) == ("acme", ["sms"])
    assert document["counts"] == {
        "drafts_due": 1,
        "drafts_scheduled": 1,
        "drafts_failed": 0,
        "events_due": 0,
        "parked": 0,
    }
    assert "paused: sms" in sender.says("status")


def test_status_counts_what_failed_within_seven_days_and_still_stands_so(
    sender: Sender, scene: Scene
) -> None:
    for key in ("fresh", "approved again", "long ago"):
        draft = scene.draft(key, f"Text {key}", sent_by="setter")
        fate = DraftFate(DraftState.FAILED, Code.ATTEMPTS_EXHAUSTED)
        leave(scene.store, scene.world, draft, fate)
    sender.json("draft", "approve", "acme:approved again")
    write = Write(scene.world.new_id())
    a_week_ago = Draft.updated_at.set(scene.world.now() - 7 * 24 * 3_600_000 - 1)
    write.update("draft", Draft("acme:long ago"), [a_week_ago])
    scene.store.write(write)

    assert sender.json("status")["counts"]["drafts_failed"] == 1
    (line,) = (line for line in sender.says("status").splitlines() if "drafts that failed" in line)
    assert line.split()[-1] == "1"


def test_status_names_the_provider_that_refuses_a_workspace(sender: Sender, scene: Scene) -> None:
    refused_until = scene.world.now() + 60_000
    scene.integrate("unipile", unhealthy_until=refused_until, unhealthy_code="account_disconnected")

    document = sender.json("status")

    (acme,) = document["workspaces"]
    health = {one["provider"]: one["healthy"] for one in acme["integrations"]}
    assert health == {"gohighlevel": True, "unipile": False}
    assert "unipile (account_disconnected)" in sender.says("status")


def test_status_does_not_call_a_workspace_sending_while_everything_is_paused(
    sender: Sender, scene: Scene, waits: list[float]
) -> None:
    sender.json("pause", "--all")

    shown = sender.says("status")

    (line,) = (line for line in shown.splitlines() if "acme" in line)
    assert "sending" not in line
    assert "paused, as everything is" in line
