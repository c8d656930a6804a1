"""`sender sequence`: files in, files out, and no step twice whatever a file says."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from devstack import paths
from system_sender.followups.enrolment import enrol, enrolment_key
from system_sender.followups.lifecycle import EnrolmentState
from system_sender.followups.sequence import steps_of
from system_sender.models import Enrolment, Lead, Sequence, state_key
from system_sender.store import Write
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender

EXAMPLE = paths.PROJECT / "devstack" / "seeds" / "followups.json"
WINTER = "acme:winter"


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, content: Any) -> str:
        path = self.folder / "sequences.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


@pytest.fixture
def file(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def example() -> Any:
    return json.loads(EXAMPLE.read_text())


def winter(scene: Scene) -> Sequence:
    row = scene.store.get(Sequence, WINTER)
    assert row is not None
    return row


def enrolled(scene: Scene, lead: str = "dana", **columns: Any) -> str:
    """Enrol a lead, and let it stand where the columns say."""
    steps = steps_of(winter(scene).steps)
    row = Lead(f"acme:{lead}", workspace="acme", created_at=scene.world.now())
    if lead != "dana":
        scene.put(row)
    enrol(scene.system(), row, WINTER, steps, time_zone="UTC")
    key = enrolment_key(WINTER, f"acme:{lead}")
    if columns:
        write = Write(scene.world.new_id())
        actions = [getattr(Enrolment, name).set(value) for name, value in columns.items()]
        write.update("enrolment", Enrolment(key), actions)
        scene.store.write(write)
    return key


def behind(*keys: str, day: int = 1) -> dict[str, Any]:
    return {key: {"code": "step_sent", "at": 1, "day": day, "minute": 0} for key in keys}


# --- import --------------------------------------------------------------------------------------


def test_the_example_makes_a_sequence_and_importing_it_again_changes_nothing(
    sender: Sender, scene: Scene
) -> None:
    (first,) = sender.json("sequence", "import", str(EXAMPLE))["sequences"]
    before = winter(scene).serialize()
    (again,) = sender.json("sequence", "import", str(EXAMPLE))["sequences"]

    assert (first["result"], again["result"], again["changes"]) == ("created", "unchanged", [])
    assert winter(scene).serialize() == before
    assert winter(scene).workspace == "acme"
    assert [step.key for step in steps_of(winter(scene).steps)] == [
        "day1-sms",
        "day3-email",
        "day7-linkedin",
        "day14-sms",
    ]


def test_a_changed_file_tells_step_by_step_what_it_changed(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    item = example["sequences"][0]
    item["name"] = "Winter"
    item["steps"][0]["template"] = "Hi {{ first_name }}"
    item["steps"][1]["day"] = 4
    item["steps"][3]["approval"] = False
    item["steps"][2:3] = [{"key": "day8", "day": 8, "channel": "sms", "template": "Hi"}]

    (row,) = sender.json("sequence", "import", file(example))["sequences"]

    assert row["result"] == "updated"
    assert row["changes"] == [
        "name: Winter follow-up → Winter",
        "step day7-linkedin: gone",
        "step day1-sms: template",
        "step day3-email: day 3 → 4",
        "step day8: new",
        "step day14-sms: approval true → false",
    ]
    assert row["warnings"] == []
    assert steps_of(winter(scene).steps)[1].day == 4
    assert "step day3-email: day" not in sender.says("sequence", "import", file(example))


def test_what_a_file_does_not_mention_stays_as_it_is(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    sender.json("sequence", "off", WINTER)
    del example["sequences"][0]["campaign"]

    (row,) = sender.json("sequence", "import", file(example))["sequences"]

    assert (row["result"], row["changes"]) == ("unchanged", [])
    assert (winter(scene).active, winter(scene).campaign_id) == (False, "acme:autumn")


def test_null_takes_the_campaign_back(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    example["sequences"][0]["campaign"] = None

    (row,) = sender.json("sequence", "import", file(example))["sequences"]

    assert row["changes"] == ["campaign: acme:autumn → none"]
    assert winter(scene).campaign_id is None


MISTAKES: list[tuple[str, Any, str, str]] = [
    ("id", "acme/winter", "sequences[0].id", "must match"),
    ("id", "nobody:winter", "sequences[0].campaign", "another workspace"),
    ("campaign", "acme:spring", "sequences[0].campaign", "not in the stack"),
    ("colour", "red", "sequences[0].colour", "no field"),
    ("steps.0.day", 0, "sequences[0].steps[0].day", "greater than or equal to 1"),
    ("steps.0.day", "1", "sequences[0].steps[0].day", "integer"),
    ("steps.0.channel", "fax", "sequences[0].steps[0].channel", "'sms'"),
    ("steps.0.condition", "never", "sequences[0].steps[0].condition", "'always'"),
    ("steps.0.template", "Hi {{ first_name", "sequences[0].steps", "malformed"),
    ("steps.0.key", "day3-email", "sequences[0].steps", "same key"),
    ("steps.0.key", "day 1", "sequences[0].steps", "letters, digits"),
    ("steps.0.day", 9, "sequences[0].steps", "not in the order"),
    ("steps.0.subject", "Hi", "sequences[0].steps", "only an e-mail"),
]


@pytest.mark.parametrize(("at", "value", "path", "problem"), MISTAKES)
def test_a_mistake_is_named_by_its_path_and_nothing_is_written(
    sender: Sender,
    scene: Scene,
    file: Files,
    example: Any,
    at: str,
    value: Any,
    path: str,
    problem: str,
) -> None:
    place = example["sequences"][0]
    *way, name = at.split(".")
    for word in way:
        place = place[int(word) if word.isdigit() else word]
    place[name] = value

    refusal = sender.refuses("sequence", "import", file(example))

    assert refusal["code"] == "invalid_file"
    assert refusal["problems"][0]["path"] == path
    assert problem in refusal["problems"][0]["problem"]
    assert scene.store.get(Sequence, WINTER) is None


def test_a_workspace_that_does_not_exist_and_an_id_that_stands_twice_are_mistakes(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    twice = copy.deepcopy(example)
    twice["sequences"] *= 2
    elsewhere = copy.deepcopy(example)
    elsewhere["sequences"][0] |= {"id": "nobody:winter", "campaign": None}

    first = sender.refuses("sequence", "import", file(twice))
    second = sender.refuses("sequence", "import", file(elsewhere))

    assert first["problems"][0]["problem"] == "is the id of sequences[0] as well"
    assert "'nobody', which is not in the stack" in second["problems"][0]["problem"]


def test_more_than_a_row_can_hold_is_a_mistake_and_no_failure_of_the_storage(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    example["sequences"][0]["steps"] = [
        {"key": f"s{number}", "day": 1, "channel": "email", "template": "x" * 19_000}
        for number in range(20)
    ]

    assert "bytes" in str(sender.refuses("sequence", "import", file(example))["problems"])


@pytest.mark.parametrize("content", ["{", "[]", '{"sequences": []}'])
def test_a_file_that_is_no_file_of_sequences_is_refused(
    sender: Sender, scene: Scene, file: Files, content: str
) -> None:
    assert sender.refuses("sequence", "import", file(content))["code"] == "invalid_file"


def test_a_file_that_is_not_there_is_told(sender: Sender, scene: Scene) -> None:
    assert sender.refuses("sequence", "import", "/nowhere.json")["code"] == "file_unreadable"
    assert sender.refuses("sequence", "import", exit_code=2)["code"] == "usage"


def test_the_schema_tells_of_every_field(sender: Sender, environment: None) -> None:
    schema = sender.json("sequence", "import", "--schema")

    assert set(schema["$defs"]["StepItem"]["properties"]) >= {"key", "day", "condition", "approval"}
    assert json.loads(sender.says("sequence", "import", "--schema")) == schema


# --- a change while leads are on their way -------------------------------------------------------


def test_a_step_that_goes_on_under_another_key_is_refused_where_a_lead_had_it(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    enrolled(scene, step="day3-email", done=behind("day1-sms"))
    example["sequences"][0]["steps"][0]["key"] = "first-sms"

    refusal = sender.refuses("sequence", "import", file(example))

    assert refusal["problems"][0]["path"] == "sequences[0].steps"
    assert "'day1-sms' 'first-sms': 1 leads had it" in refusal["problems"][0]["problem"]
    assert steps_of(winter(scene).steps)[0].key == "day1-sms"


def test_the_same_is_refused_while_the_step_s_message_is_on_its_way(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    enrolled(scene, drafted=True)
    example["sequences"][0]["steps"][0]["key"] = "first-sms"

    assert sender.refuses("sequence", "import", file(example))["code"] == "invalid_file"


def test_a_new_key_is_fine_where_nobody_had_the_step(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    over = {"state": "completed", "state_key": state_key("acme", EnrolmentState.COMPLETED)}
    enrolled(scene, done=behind("day1-sms"), **over)
    example["sequences"][0]["steps"][0]["key"] = "first-sms"

    (row,) = sender.json("sequence", "import", file(example))["sequences"]

    assert (row["result"], row["warnings"]) == ("updated", [])


def test_a_key_that_is_gone_is_told_of_where_enrolments_stand_at_it(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    enrolled(scene, step="day3-email", done=behind("day1-sms"))
    enrolled(scene, "omar", step="day3-email", done=behind("day1-sms"), drafted=True)
    enrolled(scene, "lena")
    del example["sequences"][0]["steps"][1]

    shown = sender.says("sequence", "import", file(example))

    assert "2 enrolments stand at the step 'day3-email', which is gone" in shown
    assert "For 1 of them its message is written" in shown


def test_a_new_step_behind_which_enrolments_are_already_is_told_of(
    sender: Sender, scene: Scene, file: Files, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    enrolled(scene, step="day7-linkedin", done=behind("day1-sms", "day3-email", day=3))
    new = {"key": "day2-sms", "day": 2, "channel": "sms", "template": "Hi"}
    example["sequences"][0]["steps"].insert(1, new)

    (row,) = sender.json("sequence", "import", file(example))["sequences"]

    assert len(row["warnings"]) == 1
    assert "'day2-sms' stands before where 1 enrolments are" in row["warnings"][0]


def test_a_sequence_that_changed_while_it_was_compared_is_not_overwritten(
    sender: Sender, scene: Scene, file: Files, example: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from system_sender.cli import sequences

    sender.json("sequence", "import", str(EXAMPLE))
    example["sequences"][0]["steps"][0]["day"] = 1
    example["sequences"][0]["steps"][0]["template"] = "Mine"
    theirs = [{"key": "theirs", "day": 1, "channel": "sms", "template": "Theirs"}]
    compare = sequences._compare

    def overtaken(operator: Any, plan: Any) -> list[str]:
        found = compare(operator, plan)
        write = Write(scene.world.new_id())
        write.update("sequence", Sequence(WINTER), [Sequence.steps.set(theirs)])
        scene.store.write(write)
        return found

    monkeypatch.setattr(sequences, "_compare", overtaken)

    assert sender.refuses("sequence", "import", file(example))["code"] == "storage_failed"
    assert winter(scene).steps == theirs


# --- export, list, show --------------------------------------------------------------------------


def test_what_is_exported_imports_as_what_there_is(
    sender: Sender, scene: Scene, tmp_path: Path, example: Any
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    before = winter(scene).serialize()
    output = str(tmp_path / "out.json")

    assert sender.json("sequence", "export", "acme", "--output", output)["count"] == 1
    (row,) = sender.json("sequence", "import", output)["sequences"]
    exported = sender.json("sequence", "export", WINTER)

    assert row["result"] == "unchanged"
    assert winter(scene).serialize() == before
    assert exported == json.loads(Path(output).read_text())
    example["sequences"][0]["active"] = True
    assert exported["sequences"][0] == example["sequences"][0]
    assert json.loads(sender.says("sequence", "export", WINTER)) == exported


def test_a_sequence_that_cannot_be_understood_is_exported_to_be_corrected(
    sender: Sender, scene: Scene
) -> None:
    broken = [{"key": "a", "day": "soon"}]
    scene.put(Sequence(WINTER, workspace="acme", name="Winter", steps=broken))

    assert sender.json("sequence", "export", WINTER)["sequences"][0]["steps"] == broken
    assert "cannot be understood" in sender.says("sequence", "list")
    assert "correct its file" in sender.says("sequence", "show", WINTER)
    (row,) = sender.json("sequence", "import", str(EXAMPLE))["sequences"]
    assert "the steps, which could not be understood" in row["changes"]


def test_a_file_that_cannot_be_written_is_told(sender: Sender, scene: Scene) -> None:
    arguments = ("sequence", "export", "acme", "--output", "/nowhere/out.json")

    assert sender.refuses(*arguments)["code"] == "file_unwritable"


def test_the_list_tells_of_every_sequence_and_of_one_workspace_s(
    sender: Sender, scene: Scene
) -> None:
    assert "no sequences" in sender.says("sequence", "list")
    sender.json("sequence", "import", str(EXAMPLE))
    scene.put(Sequence("birch:spring", workspace="birch", name="Spring", steps=[], active=False))

    listed = sender.json("sequence", "list")["sequences"]

    assert [row["id"] for row in listed] == [WINTER, "birch:spring"]
    assert (listed[0]["steps"], listed[0]["days"]) == (4, 14)
    assert listed[0]["channels"] == ["email", "linkedin", "sms"]
    assert len(sender.json("sequence", "list", "--workspace", "acme")["sequences"]) == 1
    refusal = sender.refuses("sequence", "list", "--workspace", "nobody")
    assert refusal["code"] == "workspace_not_found"


def test_show_tells_the_steps_and_how_many_are_on_their_way(sender: Sender, scene: Scene) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    enrolled(scene)
    scene.put(Sequence("acme:winter2", workspace="acme", name="Other", steps=winter(scene).steps))
    dana = scene.lead_now()
    enrol(scene.system(), dana, "acme:winter2", steps_of(winter(scene).steps), time_zone="UTC")

    document = sender.json("sequence", "show", WINTER)["sequence"]

    assert document["enrolments"] == {"active": 1, "paused": 0}, "another sequence's count"
    assert "day14-sms" in sender.says("sequence", "show", WINTER)
    assert sender.refuses("sequence", "show", "acme:no")["code"] == "sequence_not_found"


# --- on and off ----------------------------------------------------------------------------------


def test_a_sequence_is_switched_off_and_on(sender: Sender, scene: Scene) -> None:
    sender.json("sequence", "import", str(EXAMPLE))

    assert sender.json("sequence", "off", WINTER)["sequence"]["active"] is False
    assert winter(scene).active is False
    assert sender.json("sequence", "on", WINTER)["sequence"]["active"] is True
    assert winter(scene).active is True
    assert sender.refuses("sequence", "off", "acme:no")["code"] == "sequence_not_found"
    assert scene.store.get(Sequence, "acme:no") is None, "a switch made a sequence"


@pytest.mark.parametrize("by_file", [False, True])
def test_what_is_written_already_is_looked_at_once_the_sequence_is_off(
    sender: Sender, scene: Scene, file: Files, example: Any, *, by_file: bool
) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    later = scene.world.now() + 10**8
    written = enrolled(scene, drafted=True, due_at=later)
    unwritten = enrolled(scene, "omar", due_at=later)

    if by_file:
        example["sequences"][0]["active"] = False
        sender.json("sequence", "import", file(example))
    else:
        assert "1 of them have a step that is written" in sender.says("sequence", "off", WINTER)

    rows = [scene.store.get(Enrolment, key) for key in (written, unwritten)]
    assert [row.due_at <= scene.world.now() for row in rows if row is not None] == [True, False]


def test_what_a_switch_had_stopped_goes_on_when_that_is_said(sender: Sender, scene: Scene) -> None:
    sender.json("sequence", "import", str(EXAMPLE))
    paused = {"state": "paused", "state_key": state_key("acme", EnrolmentState.PAUSED)}
    stopped = enrolled(scene, code="sequence_inactive", **paused)
    by_person = enrolled(scene, "omar", code="paused_by_person", **paused)

    shown = sender.says("sequence", "on", WINTER)

    assert "1 enrolments stand still because it was off" in shown
    assert sender.json("sequence", "show", WINTER)["sequence"]["enrolments"]["paused"] == 2
    assert "1 enrolments that it had stopped go on" in sender.says(
        "sequence", "on", WINTER, "--resume", "--user", "kim"
    )
    rows = [scene.store.get(Enrolment, key) for key in (stopped, by_person)]
    assert [row.state for row in rows if row is not None] == ["active", "paused"]
