"""`sender enrol` and `sender enrolment`: each lead once, and every row is told of."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from system_sender.cli.enrolment_file import EnrolmentRows
from system_sender.cli.operator import Operator
from system_sender.followups.enrolment import enrol, enrolment_key
from system_sender.followups.lifecycle import EnrolmentState
from system_sender.followups.sequence import steps_of
from system_sender.models import Enrolment, Lead, Sequence
from system_sender.store import Write
from system_sender.world import Effect, World
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender

WINTER = "acme:winter"
STEPS = [
    {"key": "one", "day": 1, "channel": "sms", "template": "Hi {{ first_name }}"},
    {"key": "two", "day": 3, "channel": "sms", "template": "And {{ event }}?"},
]
DANA = enrolment_key(WINTER, "acme:dana")

Files = Callable[[str, Any], str]


@pytest.fixture
def file(tmp_path: Path) -> Files:
    def write(name: str, content: Any) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


@pytest.fixture
def winter(scene: Scene) -> Scene:
    """A sequence for the lead dana to begin."""
    scene.put(Sequence(WINTER, workspace="acme", name="Winter", steps=STEPS))
    return scene


def lead(scene: Scene, name: str, **columns: Any) -> str:
    key = f"acme:{name}"
    scene.put(Lead(key, workspace="acme", created_at=scene.world.now(), **columns))
    return key


def row(scene: Scene, key: str = DANA) -> Enrolment:
    found = scene.store.get(Enrolment, key)
    assert found is not None, f"{key} was not enrolled"
    return found


def results(document: Any) -> dict[str, tuple[str, str | None]]:
    return {one["lead"]: (one["result"], one["code"]) for one in document["rows"]}


# --- one lead ------------------------------------------------------------------------------------


def test_a_lead_is_enrolled_with_facts_and_a_time(sender: Sender, winter: Scene) -> None:
    document = sender.json(
        "enrol",
        "acme:dana",
        WINTER,
        "--fact",
        "event=the webinar",
        "--fact",
        "link=a=b",
        "--starts-at",
        "2027-01-11T09:00:00-05:00",
        "--user",
        "kim",
    )["followup"]

    enrolment = row(winter)
    assert enrolment.facts == {"event": "the webinar", "link": "a=b"}
    assert enrolment.due_at == 1_799_676_000_000
    assert winter.lead_now().enrolments == {DANA}
    assert document["next"]["text"] == "Hi Dana"
    assert document["next_at_local"] == "2027-01-11T09:00:00-05:00"


def test_enrolling_twice_is_refused_and_changes_nothing(sender: Sender, winter: Scene) -> None:
    sender.json("enrol", "acme:dana", WINTER)
    before = row(winter).serialize()

    assert sender.refuses("enrol", "acme:dana", WINTER)["code"] == "already_enrolled"
    assert row(winter).serialize() == before


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("acme:nobody", WINTER), "lead_not_found", 1),
        (("acme:dana", "acme:summer"), "sequence_not_found", 1),
        (("acme:dana", WINTER, "--fact", "event"), "usage", 2),
        (("acme:dana", WINTER, "--fact", "a=1", "--fact", "a=2"), "usage", 2),
        (("acme:dana", WINTER, "--fact", "an event=1"), "usage", 2),
        (("acme:dana", WINTER, "--fact", "variant=1"), "usage", 2),
        (("acme:dana", WINTER, "--starts-at", "2027-01-11T09:00:00"), "usage", 2),
        (("acme:dana", WINTER, "--starts-at", "soon"), "usage", 2),
        (("acme:dana", WINTER, "--starts-at", "9000-01-11T09:00:00Z"), "usage", 2),
    ],
)
def test_what_cannot_be_enrolled_is_refused_with_a_code(
    sender: Sender, winter: Scene, arguments: tuple[str, ...], code: str, exit_code: int
) -> None:
    assert sender.refuses("enrol", *arguments, exit_code=exit_code)["code"] == code
    assert winter.store.get(Enrolment, DANA) is None


def test_nobody_is_enrolled_where_it_would_be_over_or_stand_still_at_once(
    sender: Sender, winter: Scene
) -> None:
    booked, blocked = lead(winter, "omar", booked=True), lead(winter, "lena", blacklisted=True)

    assert sender.refuses("enrol", booked, WINTER)["code"] == "lead_booked"
    assert sender.refuses("enrol", blocked, WINTER)["code"] == "blacklisted"
    sender.json("sequence", "off", WINTER)
    assert sender.refuses("enrol", "acme:dana", WINTER)["code"] == "sequence_inactive"
    winter.put(Sequence(WINTER, workspace="acme", name="Winter", steps=[]))
    assert sender.refuses("enrol", "acme:dana", WINTER)["code"] == "sequence_wrong"


# --- a file --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_file_enrols_its_leads_and_tells_of_each_row(
    sender: Sender, winter: Scene, file: Files, form: str
) -> None:
    lead(winter, "omar")
    lead(winter, "lena", blacklisted=True)
    names = ("acme:dana", "acme:omar", "acme:lena", "acme:nobody", "acme:dana")
    content: Any = {
        "enrolments": [
            {"lead": name, "sequence": WINTER, "facts": {"event": "the webinar, live"}}
            for name in names
        ]
    }
    content["enrolments"][1]["starts_at"] = "2027-01-11T09:00:00-05:00"
    content["enrolments"][1]["facts"] = {}
    if form == "csv":
        content = (
            "\ufefflead,starts_at,sequence,event\r\n"
            f'acme:dana,,{WINTER},"the webinar, live"\r\n'
            f"acme:omar,2027-01-11T09:00:00-05:00,{WINTER},\r\n"
            f'acme:lena,,{WINTER},"x"\r\nacme:nobody,,{WINTER},"x"\r\n'
            f'acme:dana,,{WINTER},"x"\r\n'
        )
    path = file(f"list.{form}", content)

    document = sender.json("enrolment", "import", path, "--user", "kim")

    assert document["counts"] == {"enrolled": 2, "already": 1, "refused": 2}
    assert [one["result"] for one in document["rows"]] == [
        "enrolled",
        "enrolled",
        "refused",
        "refused",
        "already",
    ]
    assert results(document)["acme:nobody"] == ("refused", "lead_not_found")
    assert results(document)["acme:lena"] == ("refused", "blacklisted")
    assert document["rows"][3]["row"] == ("line 5" if form == "csv" else "enrolments[3]")
    assert row(winter).facts == {"event": "the webinar, live"}
    omar = row(winter, enrolment_key(WINTER, "acme:omar"))
    assert (omar.due_at, omar.facts) == (1_799_676_000_000, None)


def test_importing_again_enrols_nobody_twice(sender: Sender, winter: Scene, file: Files) -> None:
    path = file("list.csv", f"lead,sequence\nacme:dana,{WINTER}\n")
    sender.json("enrolment", "import", path)
    before = row(winter).serialize()

    document = sender.json("enrolment", "import", path)

    assert results(document) == {"acme:dana": ("already", "already_enrolled")}
    assert row(winter).serialize() == before
    assert "0 enrolled, 1 already, 0 refused." in sender.says("enrolment", "import", path)


@pytest.mark.parametrize(
    ("content", "path", "problem"),
    [
        ("lead\nacme:dana\n", "line 1", "no column 'sequence'"),
        ("", "line 1", "no column 'lead'"),
        ("lead,sequence,a,a\n", "line 1", "'a' twice"),
        (f"lead,sequence\nacme:dana,{WINTER},x\n", "line 2", "more or fewer cells"),
        ("lead,sequence\nacme:dana\n", "line 2", "more or fewer cells"),
        (f"lead,sequence\ndana,{WINTER}\n", "line 2, lead", "must match"),
        ("lead,sequence\nacme:dana,birch:winter\n", "line 2, the file", "two workspaces"),
        (
            f"lead,sequence,an event\nacme:dana,{WINTER},x\n",
            "line 2, facts.an event.[key]",
            "match",
        ),
        (f"lead,sequence,starts_at\nacme:dana,{WINTER},soon\n", "line 2, starts_at", ""),
        (f'lead,sequence\n"acme:dana,{WINTER}\n', "the file", "is not CSV"),
    ],
)
def test_a_mistake_in_a_csv_is_named_by_its_line_and_nobody_is_enrolled(
    sender: Sender, winter: Scene, file: Files, content: str, path: str, problem: str
) -> None:
    refusal = sender.refuses("enrolment", "import", file("list.csv", content))

    assert refusal["code"] == "invalid_file"
    assert refusal["problems"][0]["path"] == path
    assert problem in refusal["problems"][0]["problem"]
    assert winter.store.get(Enrolment, DANA) is None


def test_a_good_row_before_a_mistake_is_not_enrolled(
    sender: Sender, winter: Scene, file: Files
) -> None:
    content = f"lead,sequence\nacme:dana,{WINTER}\ndana,{WINTER}\n"

    sender.refuses("enrolment", "import", file("list.csv", content))

    assert winter.store.get(Enrolment, DANA) is None


def test_a_json_file_s_mistakes_are_told_at_once(
    sender: Sender, winter: Scene, file: Files
) -> None:
    content = {
        "enrolments": [
            {"lead": "acme:dana", "sequence": WINTER, "facts": {"event": 7}},
            {"lead": "acme:dana", "sequence": WINTER, "facts": {"done": "x"}},
            {"sequence": WINTER, "fact": {}},
        ]
    }

    problems = sender.refuses("enrolment", "import", file("list.json", content))["problems"]

    assert [one["path"] for one in problems] == [
        "enrolments[0].facts.event",
        "enrolments[1].facts",
        "enrolments[2].lead",
        "enrolments[2].fact",
    ]


def test_files_that_are_not_there_are_told(sender: Sender, winter: Scene, file: Files) -> None:
    good = file("list.csv", f"lead,sequence\nacme:dana,{WINTER}\n")

    assert sender.refuses("enrolment", "import", "/no.csv")["code"] == "file_unreadable"
    assert sender.refuses("enrolment", "import", "/no.json")["code"] == "file_unreadable"
    refusal = sender.refuses("enrolment", "import", good, "--report", "/nowhere/report.csv")
    assert refusal["code"] == "file_unwritable"
    assert winter.store.get(Enrolment, DANA) is None
    assert sender.refuses("enrolment", "import", exit_code=2)["code"] == "usage"
    assert "facts" in str(sender.json("enrolment", "import", "--schema"))


# --- thousands of rows ---------------------------------------------------------------------------


class CountingWorld(World):
    """Notes every call to the database."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    def perform(self, effect: Effect, name: str, call: Callable[[], Any]) -> Any:
        if effect is Effect.DATABASE_READ:
            self.reads.append(name)
        return call()


def test_rows_are_read_in_batches_and_no_table_is_searched(winter: Scene, file: Files) -> None:
    from system_sender.cli.enrolments import import_enrolments

    world = CountingWorld()
    operator = Operator(world)
    lines = "".join(f"acme:lead-{number},{WINTER}\n" for number in range(5_000))
    path = Path(file("list.csv", f"lead,sequence\n{lines}"))

    document = import_enrolments(operator, path, None, None).document

    assert document["counts"]["refused"] == 5_000
    kinds = Counter(name.split()[0] for name in world.reads)
    assert kinds == {"batch_get": 100, "get": 1}, "50 rows a request, and their workspace once"
    assert (len(document["rows"]), document["untold"]) == (2_000, 3_000)


def test_a_csv_is_never_in_memory_as_a_whole(file: Files) -> None:
    import tracemalloc

    lines = "".join(f"acme:lead-{number},{WINTER},{'x' * 100}\n" for number in range(20_000))
    path = Path(file("list.csv", f"lead,sequence,event\n{lines}"))

    tracemalloc.start()
    count = sum(1 for _ in EnrolmentRows(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 20_000
    assert peak < len(lines) / 4


def test_the_report_has_every_row(sender: Sender, winter: Scene, file: Files) -> None:
    path = file("list.csv", f"lead,sequence\nacme:dana,{WINTER}\nacme:nobody,{WINTER}\n")
    report = Path(path).parent / "report.csv"

    sender.json("enrolment", "import", path, "--report", str(report))

    with report.open(newline="") as lines:
        told = list(csv.DictReader(lines))
    assert [(one["row"], one["result"], one["code"]) for one in told] == [
        ("line 2", "enrolled", ""),
        ("line 3", "refused", "lead_not_found"),
    ]


# --- export --------------------------------------------------------------------------------------


def stands(scene: Scene, key: str, **columns: Any) -> None:
    write = Write(scene.world.new_id())
    actions = [getattr(Enrolment, name).set(value) for name, value in columns.items()]
    write.update("enrolment", Enrolment(key), actions)
    scene.store.write(write)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_enrols_nobody_where_it_comes_from(
    sender: Sender, winter: Scene, tmp_path: Path, form: str
) -> None:
    lead(winter, "omar")
    sender.json("enrol", "acme:dana", WINTER, "--fact", "event=fair")
    sender.json("enrol", "acme:omar", WINTER)
    output = str(tmp_path / f"out.{form}")

    assert sender.json("enrolment", "export", WINTER, "--output", output)["count"] == 2
    document = sender.json("enrolment", "import", output)

    assert document["counts"] == {"enrolled": 0, "already": 2, "refused": 0}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_begins_elsewhere_only_what_has_no_step_behind_it(
    sender: Sender, winter: Scene, tmp_path: Path, form: str
) -> None:
    for name in ("omar", "lena"):
        lead(winter, name)
    sender.json("enrol", "acme:dana", WINTER, "--fact", "event=fair")
    sender.json("enrol", "acme:omar", WINTER)
    sender.json("enrol", "acme:lena", WINTER)
    done = {"one": {"code": "step_sent", "at": 1, "day": 1, "minute": 0}}
    stands(winter, enrolment_key(WINTER, "acme:omar"), done=done, step="two")
    sender.json("followups", "pause", enrolment_key(WINTER, "acme:lena"))
    before = row(winter)
    output = str(tmp_path / f"out.{form}")
    sender.json("enrolment", "export", WINTER, "--output", output)
    for name in ("dana", "omar", "lena"):
        write = Write(winter.world.new_id())
        write.delete("enrolment", Enrolment(enrolment_key(WINTER, f"acme:{name}")))
        winter.store.write(write)

    document = sender.json("enrolment", "import", output)

    assert results(document) == {
        "acme:dana": ("enrolled", None),
        "acme:omar": ("refused", "not_at_beginning"),
        "acme:lena": ("refused", "not_at_beginning"),
    }
    after = row(winter)
    assert (after.facts, after.due_at, after.step) == (before.facts, before.due_at, before.step)


def test_an_export_has_one_sequence_and_the_states_that_are_named(
    sender: Sender, winter: Scene
) -> None:
    winter.put(Sequence("acme:winter2", workspace="acme", name="Other", steps=STEPS))
    sender.json("enrol", "acme:dana", WINTER)
    enrol(winter.system(), winter.lead_now(), "acme:winter2", steps_of(STEPS), time_zone="UTC")

    (exported,) = sender.json("enrolment", "export", WINTER)["enrolments"]

    assert (exported["sequence"], exported["state"], exported["step"]) == (WINTER, "active", "one")
    assert sender.json("enrolment", "export", WINTER, "-s", "paused") == {"enrolments": []}
    assert sender.refuses("enrolment", "export", "acme:no")["code"] == "sequence_not_found"
    refusal = sender.refuses("enrolment", "export", WINTER, "-o", "/nowhere/out.csv")
    assert refusal["code"] == "file_unwritable"


def test_enrolments_are_told_page_by_page(winter: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's last key leads to the next page, and none is told twice."""
    from system_sender.cli import operator as module

    monkeypatch.setattr(module, "_KEYS_AT_ONCE", 2)
    for number in range(5):
        key = lead(winter, f"lead-{number}")
        found = winter.store.get(Lead, key)
        assert found is not None
        enrol(winter.system(), found, WINTER, steps_of(STEPS), time_zone="UTC")

    rows = list(Operator().enrolments("acme", [EnrolmentState.ACTIVE]))

    assert sorted(str(one.lead_id) for one in rows) == [f"acme:lead-{n}" for n in range(5)]
