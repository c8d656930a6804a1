"""`sender lead`: what is known of a person, and a person's marks on them."""

from typing import Any

import pytest

from system_sender.cli.operator import Operator
from system_sender.followups.enrolment import enrol
from system_sender.followups.sequence import steps_of
from system_sender.models import Enrolment, Lead, Suppression, suppression_key
from system_sender.store import Write
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender


@pytest.mark.parametrize(
    ("option", "opposite", "column"),
    [
        ("--booked", "--not-booked", "booked"),
        ("--blacklisted", "--not-blacklisted", "blacklisted"),
    ],
)
def test_a_mark_holds_for_every_claim_from_now_on_until_it_is_taken_off(
    sender: Sender, scene: Scene, option: str, opposite: str, column: str
) -> None:
    before = scene.lead_now()

    assert sender.json("lead", "mark", "acme:dana", option)["lead"][column] is True

    marked = scene.lead_now()
    assert getattr(marked, column) is True
    assert marked.version == before.version + 1, "a claim would pass on the old row"
    assert sender.json("lead", "mark", "acme:dana", opposite)["lead"][column] is False
    assert scene.lead_now().version == before.version + 2


def test_a_mark_that_is_there_already_changes_nothing(sender: Sender, scene: Scene) -> None:
    sender.json("lead", "mark", "acme:dana", "--booked")
    before = scene.lead_now().serialize()

    assert "nothing was changed" in sender.says("lead", "mark", "acme:dana", "--booked")

    assert scene.lead_now().serialize() == before


def test_a_mark_leaves_everything_else_of_the_lead_as_it_is(sender: Sender, scene: Scene) -> None:
    before = scene.lead_now().to_simple_dict()

    sender.json("lead", "mark", "acme:dana", "--booked", "--blacklisted")

    changed = {"booked": True, "blacklisted": True, "version": before["version"] + 1}
    assert scene.lead_now().to_simple_dict() == {**before, **changed}


def test_a_mark_is_made_on_the_lead_as_it_is_when_it_is_written(
    sender: Sender, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Operator.lead
    reads = []

    def overtaken(operator: Operator, lead_id: str) -> Lead:
        lead = read(operator, lead_id)
        reads.append(lead.version)
        if len(reads) == 1:
            write = Write(scene.world.new_id())
            write.update("lead", Lead(lead_id), [Lead.version.add(1), Lead.inbound_count.add(1)])
            scene.store.write(write)
        return lead

    monkeypatch.setattr(Operator, "lead", overtaken)

    sender.json("lead", "mark", "acme:dana", "--booked")

    lead = scene.lead_now()
    assert (lead.booked, lead.inbound_count, lead.version) == (True, 1, 3)


def test_a_mark_is_named(sender: Sender, scene: Scene) -> None:
    refusal = sender.refuses("lead", "mark", "acme:dana", exit_code=2)

    assert refusal["code"] == "usage"
    assert "--not-blacklisted" in refusal["message"]


@pytest.mark.parametrize("arguments", [("show",), ("mark", "--booked")], ids=" ".join)
def test_an_unknown_lead_is_named(sender: Sender, scene: Scene, arguments: tuple[str, ...]) -> None:
    name, *options = arguments

    assert sender.refuses("lead", name, "acme:nobody", *options)["code"] == "lead_not_found"
    assert scene.store.get(Lead, "acme:nobody") is None, "a mark made a lead"


def known(scene: Scene, **columns: Any) -> None:
    write = Write(scene.world.new_id())
    actions = [getattr(Lead, name).set(value) for name, value in columns.items()]
    write.update("lead", Lead(scene.lead_id), actions)
    scene.store.write(write)


def test_show_tells_what_stops_messages_to_a_lead_and_since_when(
    sender: Sender, scene: Scene
) -> None:
    key = suppression_key("acme", "sms", "+15550100001")
    scene.put(Suppression(key, reason="opted_out", created_at=1_800_000_000_000))
    known(scene, booked=True, suppressed_channels={"sms"}, sentiment="Interested")

    lead = sender.json("lead", "show", "acme:dana")["lead"]

    assert lead["suppressions"] == [
        {
            "channel": "sms",
            "address": "+15550100001",
            "reason": "opted_out",
            "since": 1_800_000_000_000,
        }
    ]
    assert (lead["booked"], lead["suppressed_channels"]) == (True, ["sms"])
    shown = sender.says("lead", "show", "acme:dana")
    assert "no sms, booked: no automation" in shown
    assert "+15550100001: opted_out, 2027-01-15 08:00:00Z" in shown
    assert "Interested" in shown


def test_show_tells_what_time_it_is_where_the_lead_is(sender: Sender, scene: Scene) -> None:
    assert "not known" in sender.says("lead", "show", "acme:dana")
    known(scene, time_zone="Asia/Kathmandu")

    assert "Asia/Kathmandu, where it is " in sender.says("lead", "show", "acme:dana")


# --- sequences -----------------------------------------------------------------------------------


def in_sequence(scene: Scene) -> str:
    """Let the lead be in a sequence whose next step is far away."""
    enrolment = enrol(
        scene.system(),
        scene.lead_now(),
        "acme:winter",
        steps_of([{"key": "one", "day": 30, "channel": "sms", "template": "Hi"}]),
        time_zone="UTC",
    )
    return str(enrolment.enrolment_id)


def enrolment_now(scene: Scene, key: str) -> Enrolment:
    row = scene.store.get(Enrolment, key)
    assert row is not None
    return row


@pytest.mark.parametrize(
    "mark", [("--booked",), ("--blacklisted",), ("--away-until", "2090-01-01T09:00:00+01:00")]
)
def test_the_sequences_of_a_lead_hear_of_a_mark_at_once(
    sender: Sender, scene: Scene, mark: tuple[str, ...]
) -> None:
    key = in_sequence(scene)
    before = enrolment_now(scene, key)

    sender.json("lead", "mark", "acme:dana", *mark)

    after = enrolment_now(scene, key)
    assert after.due_at <= scene.world.now() < before.due_at
    assert after.version == before.version + 1, "a move that was decided before would be made"


def test_a_lead_is_away_until_a_time_and_back(sender: Sender, scene: Scene) -> None:
    until = ("--away-until", "2090-01-01T09:00:00+01:00")
    before = scene.lead_now()

    document = sender.json("lead", "mark", "acme:dana", *until)["lead"]

    assert document["away_until"] == scene.lead_now().away_until == 3_786_940_800_000
    assert scene.lead_now().version == before.version + 1
    assert "nothing was changed" in sender.says("lead", "mark", "acme:dana", *until)
    assert "away until 2090-01-01 08:00:00Z" in sender.says("lead", "show", "acme:dana")
    assert sender.json("lead", "mark", "acme:dana", "--back")["lead"]["away_until"] is None
    assert scene.lead_now().away_until is None
    assert "nothing was changed" in sender.says("lead", "mark", "acme:dana", "--back")


@pytest.mark.parametrize(
    "options",
    [
        ("--away-until", "2090-01-01T09:00:00"),
        ("--away-until", "tomorrow"),
        ("--away-until", "2020-01-01T09:00:00Z"),
        ("--away-until", "9999-01-01T09:00:00Z"),
        ("--away-until", "2090-01-01T09:00:00Z", "--back"),
    ],
    ids=" ".join,
)
def test_a_time_that_is_none_to_come_marks_nobody(
    sender: Sender, scene: Scene, options: tuple[str, ...]
) -> None:
    refusal = sender.refuses("lead", "mark", "acme:dana", *options, exit_code=2)

    assert refusal["code"] == "usage"
    assert scene.lead_now().away_until is None


def test_show_names_the_sequences_that_a_lead_is_in(sender: Sender, scene: Scene) -> None:
    key = in_sequence(scene)

    assert sender.json("lead", "show", "acme:dana")["lead"]["enrolments"] == [key]
    assert key in sender.says("lead", "show", "acme:dana")
