"""`sender followups`: who is due, who is paused and why, and what the next step will say."""

from typing import Any

import pytest

from system_sender.audit import entries_of
from system_sender.budget import Budget
from system_sender.cli.operator import Operator
from system_sender.codes import Code
from system_sender.followups.enrolment import draft_id_of, enrol, enrolment_key
from system_sender.followups.performing import perform_enrolment
from system_sender.followups.sequence import steps_of
from system_sender.models import (
    Draft,
    Enrolment,
    Lead,
    Sequence,
    Suppression,
    suppression_key,
)
from system_sender.states import DraftState
from system_sender.store import Write
from tests.support.scene import PHONE, Scene
from tests.unit.cli.conftest import Sender

WINTER = "acme:winter"
STEPS = [
    {"key": "one", "day": 1, "channel": "sms", "template": "Hi {{ first_name }}"},
    {
        "key": "two",
        "day": 3,
        "channel": "email",
        "subject": "{{ event }}",
        "template": "{{ variant('Hi', 'Hello', 'Dear') }} {{ first_name }}",
    },
    {"key": "three", "day": 9, "channel": "sms", "condition": "no_answer", "template": "Bye"},
]
DANA = enrolment_key(WINTER, "acme:dana")
DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def winter(scene: Scene) -> Scene:
    """Dana begins a sequence on 11 January 2027 at 9 in New York."""
    scene.put(Sequence(WINTER, workspace="acme", name="Winter", steps=STEPS))
    begin(scene, scene.lead_now())
    return scene


def begin(scene: Scene, lead: Lead, starts_at: int = 1_799_676_000_000) -> str:
    enrolment = enrol(
        scene.system(),
        lead,
        WINTER,
        steps_of(STEPS),
        time_zone="America/New_York",
        starts_at=starts_at,
    )
    return str(enrolment.enrolment_id)


def change(scene: Scene, row: Any, **columns: Any) -> None:
    write = Write(scene.world.new_id())
    actions = [getattr(type(row), name).set(value) for name, value in columns.items()]
    write.update("row", row, actions)
    scene.store.write(write)


def at_two(scene: Scene, **columns: Any) -> None:
    """The first step is behind dana."""
    done = {"one": {"code": "step_sent", "at": 1_799_676_000_000, "day": 1, "minute": 0}}
    change(scene, Enrolment(DANA), done=done, step="two", **columns)


def listed(sender: Sender, *options: str) -> dict[str, Any]:
    rows = sender.json("followups", "acme", *options)["followups"]
    return {row["lead_id"]: row for row in rows}


# --- the list ------------------------------------------------------------------------------------


def test_it_tells_when_the_next_step_goes_by_the_lead_s_clock_and_what_it_says(
    sender: Sender, winter: Scene
) -> None:
    row = listed(sender)["acme:dana"]

    assert (row["state"], row["next_at"]) == ("active", 1_799_676_000_000)
    assert row["next_at_local"] == "2027-01-11T09:00:00-05:00"
    assert (row["next"]["step"], row["next"]["will"]) == ("one", "send")
    assert row["next"]["text"] == "Hi Dana"
    shown = sender.says("followups", "acme")
    assert "2027-01-11 09:00:00 in America/New_York (2027-01-11" in shown
    assert "Hi Dana" in shown


def test_the_long_form_is_the_same(sender: Sender, winter: Scene) -> None:
    assert sender.json("followups", "list", "acme") == sender.json("followups", "acme")
    assert sender.json("followups", "--limit", "1", "acme") == sender.json("followups", "acme")


def test_what_it_says_is_what_is_sent(sender: Sender, winter: Scene) -> None:
    """Variants and all: the text that is told is the text of the draft that is made."""
    at_two(winter, facts={"event": "The fair"}, spaced_from=1, due_at=1)
    told = listed(sender)["acme:dana"]["next"]

    perform_enrolment(winter.system(), DANA, budget=Budget.of_seconds(winter.world, 20))

    draft = winter.draft_now("acme:followup:winter/dana:two")
    revision = Operator().revision(draft)
    assert revision is not None
    assert (told["text"], told["subject"]) == (revision.text, revision.subject)


def test_a_value_that_is_missing_is_named(sender: Sender, winter: Scene) -> None:
    at_two(winter)

    following = listed(sender)["acme:dana"]["next"]

    assert (following["will"], following["code"]) == ("pause", "variable_missing")
    assert (following["detail"], following["text"]) == ("event", None)
    assert "(event)" in sender.says("followups", "acme")


def test_a_pause_is_told_with_its_reason_and_its_end(sender: Sender, winter: Scene) -> None:
    change(
        winter,
        Enrolment(DANA),
        state="paused",
        state_key="acme#paused",
        code="lead_away",
        until=1_799_762_400_000,
    )
    row = listed(sender)["acme:dana"]

    assert (row["state"], row["code"], row["until"]) == ("paused", "lead_away", 1_799_762_400_000)
    assert row["next_at_local"] == "2027-01-12T09:00:00-05:00"
    assert row["next"]["text"] == "Hi Dana"
    assert Code.LEAD_AWAY.sentence in sender.says("followups", "acme").replace("\n", " ")


@pytest.mark.parametrize(
    ("columns", "will", "code"),
    [
        ({"booked": True}, "end", "lead_booked"),
        ({"blacklisted": True}, "end", "blacklisted"),
        ({"suppressed_channels": {"sms"}}, "end", "opted_out"),
    ],
)
def test_why_a_step_will_not_go_is_told(
    sender: Sender, winter: Scene, columns: dict[str, Any], will: str, code: str
) -> None:
    change(winter, Lead("acme:dana"), **columns)

    following = listed(sender)["acme:dana"]["next"]

    assert (following["will"], following["code"], following["text"]) == (will, code, None)


def test_a_step_that_is_not_for_the_lead_is_told_as_skipped(sender: Sender, winter: Scene) -> None:
    done = {key: {"code": "step_sent", "at": 1, "day": 3, "minute": 0} for key in ("one", "two")}
    change(winter, Enrolment(DANA), done=done, step="three")
    change(winter, Lead("acme:dana"), inbound_count=1)

    following = listed(sender)["acme:dana"]["next"]

    assert (following["will"], following["code"]) == ("skip", "condition_false")


def test_a_channel_that_the_provider_shut_is_told(sender: Sender, winter: Scene) -> None:
    key = suppression_key("acme", "sms", PHONE)
    winter.put(Suppression(key, reason="do_not_disturb", created_at=1))
    change(winter, Lead("acme:dana"), suppressed_channels={"sms"})

    following = listed(sender)["acme:dana"]["next"]

    assert (following["will"], following["code"]) == ("wait", "channel_shut")


@pytest.mark.parametrize(
    ("columns", "code"),
    [({"active": False}, "sequence_inactive"), ({"steps": []}, "sequence_wrong")],
)
def test_a_sequence_that_lets_nothing_go_is_told(
    sender: Sender, winter: Scene, columns: dict[str, Any], code: str
) -> None:
    change(winter, Sequence(WINTER), **columns)

    assert listed(sender)["acme:dana"]["next"]["code"] == code
    assert sender.json("followups", "show", DANA)["followup"]["next"]["code"] == code


def test_rows_that_are_gone_keep_nothing_from_being_told(sender: Sender, winter: Scene) -> None:
    write = Write(winter.world.new_id())
    write.delete("sequence", Sequence(WINTER))
    winter.store.write(write)
    assert listed(sender)["acme:dana"]["next"]["code"] == "sequence_not_found"
    assert sender.json("followups", "show", DANA)["followup"]["steps"] == []
    write = Write(winter.world.new_id())
    write.delete("lead", Lead("acme:dana"))
    winter.store.write(write)

    assert listed(sender)["acme:dana"]["next"] is None
    assert "acme:winter/dana" in sender.says("followups", "acme")


def test_a_step_that_is_written_says_what_is_written_and_when_it_goes(
    sender: Sender, winter: Scene
) -> None:
    enrolment = winter.store.get(Enrolment, DANA)
    assert enrolment is not None
    key = draft_id_of(enrolment).split(":", 1)[1]
    winter.draft(key, "As it was written", due_at=1_799_762_400_000, enrolment_id=DANA)
    change(winter, Enrolment(DANA), drafted=True)

    row = listed(sender)["acme:dana"]

    assert (row["next"]["text"], row["next"]["draft_state"]) == ("As it was written", "approved")
    assert row["next_at"] == 1_799_762_400_000
    assert "written: approved" in sender.says("followups", "acme")


def test_who_is_next_stands_first_and_the_limit_keeps_the_first(
    sender: Sender, winter: Scene
) -> None:
    for name, day in {"omar": 2, "lena": -3}.items():
        lead = Lead(f"acme:{name}", workspace="acme", created_at=1)
        winter.put(lead)
        begin(winter, lead, 1_799_676_000_000 + day * DAY)

    assert list(listed(sender)) == ["acme:lena", "acme:dana", "acme:omar"]
    assert list(listed(sender, "--limit", "1")) == ["acme:lena"]
    assert "--limit shows more" in sender.says("followups", "acme", "--limit", "1")


def test_states_and_a_sequence_are_chosen(sender: Sender, winter: Scene) -> None:
    winter.put(Sequence("acme:winter2", workspace="acme", name="Other", steps=STEPS))
    sender.json("followups", "cancel", DANA)

    assert listed(sender) == {}
    assert list(listed(sender, "--state", "cancelled")) == ["acme:dana"]
    assert listed(sender, "--state", "cancelled", "--sequence", "acme:winter2") == {}
    assert "Nobody is enrolled" in sender.says("followups", "acme")
    assert sender.refuses("followups", "nobody")["code"] == "workspace_not_found"
    refusal = sender.refuses("followups", "acme", "--sequence", "acme:no")
    assert refusal["code"] == "sequence_not_found"
    assert sender.refuses("followups", "acme", "--state", "asleep", exit_code=2)["code"] == "usage"


# --- one enrolment -------------------------------------------------------------------------------


def test_show_tells_what_became_of_every_step(sender: Sender, winter: Scene) -> None:
    done = {
        "one": {"code": "step_sent", "at": 1_799_676_000_000, "day": 1, "minute": 0},
        "gone": {"code": "condition_false", "at": 1_799_676_000_000, "day": 2, "minute": 0},
    }
    change(winter, Enrolment(DANA), done=done, step="two", facts={"event": "The fair"})

    followup = sender.json("followups", "show", DANA)["followup"]

    assert [(step["step"], step["what"]) for step in followup["steps"]] == [
        ("one", "sent"),
        ("gone", "skipped"),
        ("two", "next"),
        ("three", "later"),
    ]
    shown = sender.says("followups", "show", DANA)
    assert "2027-01-11 09:00:00 in America/New_York" in shown
    assert Code.CONDITION_FALSE.sentence in shown
    assert "event=The fair" in shown


def test_an_enrolment_that_is_over_has_no_next_step(sender: Sender, winter: Scene) -> None:
    sender.json("followups", "cancel", DANA)

    followup = sender.json("followups", "show", DANA)["followup"]

    assert followup["next"] is None
    assert {step["what"] for step in followup["steps"]} == {"never"}


@pytest.mark.parametrize("word", ["show", "pause", "resume", "cancel"])
def test_an_enrolment_that_is_not_there_is_told(sender: Sender, winter: Scene, word: str) -> None:
    refusal = sender.refuses("followups", word, "acme:winter/nobody")

    assert refusal["code"] == "enrolment_not_found"
    assert "acme:winter/dana" in refusal["message"]


# --- a person's word -----------------------------------------------------------------------------


def test_a_person_pauses_resumes_and_ends(sender: Sender, winter: Scene) -> None:
    paused = sender.json("followups", "pause", DANA, "--user", "kim")["followup"]
    resumed = sender.json("followups", "resume", DANA, "--user", "kim")["followup"]
    ended = sender.json("followups", "cancel", DANA, "--user", "kim")["followup"]

    assert (paused["state"], paused["code"]) == ("paused", "paused_by_person")
    assert resumed["state"] == "active"
    assert (ended["state"], ended["code"]) == ("cancelled", "cancelled_by_person")
    actors = [row.actor for row in entries_of(winter.store, "acme:dana", 10)][-3:]
    assert actors == ["person:kim"] * 3
    assert sender.refuses("followups", "pause", DANA)["code"] == "enrolment_over"


def test_pausing_takes_back_what_has_not_left(sender: Sender, winter: Scene) -> None:
    enrolment = winter.store.get(Enrolment, DANA)
    assert enrolment is not None
    draft_id = draft_id_of(enrolment)
    winter.draft(draft_id.split(":", 1)[1], "Hi", enrolment_id=DANA)

    sender.json("followups", "pause", DANA)

    draft = winter.store.get(Draft, draft_id)
    assert draft is not None
    assert draft.state == DraftState.SUPERSEDED


def test_of_a_lead_that_is_away_it_is_told_how_to_say_that_they_are_back(
    sender: Sender, winter: Scene
) -> None:
    sender.json("followups", "pause", DANA)
    sender.json("lead", "mark", "acme:dana", "--away-until", "2090-01-01T00:00:00Z")

    refusal = sender.refuses("followups", "resume", DANA)

    assert refusal["code"] == "lead_away"
    assert "sender lead mark acme:dana --back" in refusal["message"]
