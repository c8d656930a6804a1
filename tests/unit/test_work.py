"""An item of work, written and read again."""

import json

import pytest

from system_sender.dispatching import message_of
from system_sender.due import in_turns
from system_sender.work import WorkItem, WorkKind

ITEM = WorkItem(WorkKind.DRAFT, "acme:hello", 1_772_557_200_000)


@pytest.mark.parametrize("kind", WorkKind)
def test_an_item_is_read_as_it_was_written(kind: WorkKind) -> None:
    item = WorkItem(kind, "acme:hello:2", 5)
    assert WorkItem.from_dict(json.loads(json.dumps(item.to_dict()))) == item


@pytest.mark.parametrize(
    "values",
    [
        {},
        [],
        "draft",
        None,
        7,
        {"kind": "draft", "id": "acme:hello"},
        {"kind": "letter", "id": "acme:hello", "due_at": 1},
        {"kind": "draft", "id": "acme:hello", "due_at": "soon"},
        {"kind": "draft", "id": "acme:hello", "due_at": float("inf")},
        {"kind": "draft", "id": "acme:hello", "due_at": None},
        {"kind": [], "id": "acme:hello", "due_at": 1},
        {"kind": "draft", "id": "", "due_at": 1},
        {"kind": "draft", "id": ":hello", "due_at": 1},
    ],
)
def test_anything_else_is_no_item(values: object) -> None:
    with pytest.raises(ValueError):
        WorkItem.from_dict(values)  # type: ignore[arg-type]


def test_the_same_item_is_the_same_message_and_another_time_another_one() -> None:
    later = WorkItem(ITEM.kind, ITEM.id, ITEM.due_at + 1)
    other = WorkItem(WorkKind.REVIEW, ITEM.id, ITEM.due_at)
    assert message_of(ITEM) == message_of(WorkItem(ITEM.kind, ITEM.id, ITEM.due_at))
    assert len({message_of(item).deduplication for item in (ITEM, later, other)}) == 3


def test_a_message_is_of_its_workspaces_group_and_holds_ids_only() -> None:
    message = message_of(ITEM)
    assert message.group == "acme"
    assert json.loads(message.body) == {
        "kind": "draft",
        "id": "acme:hello",
        "due_at": 1_772_557_200_000,
    }


def test_of_a_workspace_its_oldest_have_their_turns_up_to_a_number() -> None:
    noisy = [WorkItem(WorkKind.DRAFT, f"noisy:{n}", n) for n in range(9)]
    quiet = WorkItem(WorkKind.DRAFT, "quiet:1", 100)
    assert in_turns([*noisy, quiet], 3) == [noisy[0], quiet, noisy[1], noisy[2]]
    assert len(in_turns([*noisy, quiet])) == 10
