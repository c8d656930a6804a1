"""Sequences: what makes steps sound, which one is next, and when."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from system_sender.followups.sequence import (
    MOST_STEPS,
    Condition,
    SequenceWrong,
    Step,
    due_at,
    offset_reached,
    step_after,
    steps_of,
)

ROW: dict[str, Any] = {"key": "one", "day": 1, "channel": "sms", "template": "Hi"}


def step(key: str, day: int, minute: int = 0) -> Step:
    return Step(key=key, day=day, minute=minute, channel="sms", template="Hi")


def over(day: int, minute: int = 0) -> dict[str, Any]:
    return {"code": "step_sent", "at": 0, "day": day, "minute": minute}


def moment(text: str, zone: str = "America/New_York") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def test_a_row_is_read_as_a_step() -> None:
    rows = [
        ROW,
        {
            **ROW,
            "key": "two",
            "day": 3,
            "minute": 90,
            "channel": "email",
            "subject": "About {{ agency }}",
            "condition": "no_answer",
            "approval": True,
        },
    ]
    first, second = steps_of(rows)
    assert first == Step(key="one", day=1, minute=0, channel="sms", template="Hi")
    assert (second.offset, second.subject) == ((2, 90), "About {{ agency }}")
    assert (second.condition, second.approval) == (Condition.NO_ANSWER, True)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        "one",
        {"key": "one"},
        [ROW, None],
        [{**ROW, "tempalte": "Hi"}],
        [{**ROW, "key": ""}],
        [{**ROW, "key": "a:b"}],
        [{**ROW, "key": "a/b"}],
        [{**ROW, "key": "k" * 61}],
        [{**ROW, "day": 0}],
        [{**ROW, "day": 731}],
        [{**ROW, "day": True}],
        [{**ROW, "day": 1.5}],
        [{**ROW, "day": "1"}],
        [{**ROW, "minute": -1}],
        [{**ROW, "minute": 1440}],
        [{**ROW, "channel": "fax"}],
        [{**ROW, "template": "  "}],
        [{**ROW, "template": "x" * 20_001}],
        [{**ROW, "template": "{{ x"}],
        [{**ROW, "subject": "Hello"}],
        [{**ROW, "channel": "email", "subject": "{{ ''.__class__ }}"}],
        [{**ROW, "condition": "email_opened"}],
        [{**ROW, "condition": ["always"]}],
        [{**ROW, "approval": "yes"}],
        [ROW, ROW],
        [{**ROW, "day": 2}, {**ROW, "key": "two"}],
        [{**ROW, "key": f"k{n}"} for n in range(MOST_STEPS + 1)],
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(rows: Any) -> None:
    with pytest.raises(SequenceWrong) as wrong:
        steps_of(rows)
    assert str(wrong.value).endswith((".", "}.")) or "Step" in str(wrong.value)


STEPS = (step("a", 1), step("b", 1, 30), step("c", 3), step("d", 5))


@pytest.mark.parametrize(
    ("done", "following"),
    [
        ({}, "a"),
        ({"a": over(1)}, "b"),
        ({"a": over(1), "b": over(1, 30)}, "c"),
        # Gone from the sequence: nobody goes back behind it.
        ({"a": over(1), "gone": over(4)}, "d"),
        # Moved to the front after it was done.
        ({"d": over(2)}, "c"),
        ({"a": over(1), "d": over(5)}, None),
        ({"gone": over(9)}, None),
    ],
)
def test_the_next_step_is_never_behind_what_is_over(
    done: dict[str, Any], following: str | None
) -> None:
    found = step_after(STEPS, done)
    assert (found.key if found else None) == following


def test_how_far_it_came_is_the_farthest_of_what_is_over() -> None:
    assert offset_reached({}) == (0, 0)
    assert offset_reached({"a": over(3, 5), "b": over(2, 900)}) == (2, 5)


def test_a_step_is_due_at_its_distance_from_the_one_before() -> None:
    began = moment("2026-03-03T12:00")
    assert due_at(step("b", 1, 30), (0, 0), began, "America/New_York") == began + 30 * 60_000
    assert due_at(step("c", 3), (0, 30), began, "America/New_York") == moment("2026-03-05T11:30")


@pytest.mark.parametrize(
    ("began", "due"),
    [
        ("2026-03-07T12:00", "2026-03-08T12:00"),  # a day of 23 hours
        ("2026-10-31T12:00", "2026-11-01T12:00"),  # and one of 25
        ("2026-03-07T02:30", "2026-03-08T03:30"),  # an hour that is not there
    ],
)
def test_days_are_those_of_the_leads_clock(began: str, due: str) -> None:
    assert due_at(step("b", 2), (0, 0), moment(began), "America/New_York") == moment(due)


def test_a_step_is_never_due_before_the_one_it_follows() -> None:
    began = moment("2026-03-03T12:00")
    assert due_at(step("early", 1), (4, 0), began, "America/New_York") == began
