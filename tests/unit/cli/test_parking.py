"""`sender parked` and `sender settle`: what is unknown is shown, and settled by a person's word."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.models import Draft, Message
from system_sender.sending import approve_and_send_draft_system
from system_sender.store import Write
from system_sender.transport import Answer, Guard, NoAnswer, Request
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender


class Silent:
    """A provider that takes the request and never answers."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        guard()
        return NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT)

    def forget_connections(self) -> None:
        """There are none."""


@pytest.fixture
def parked(scene: Scene) -> Scene:
    """The scene with one parked delivery, acme:hello#0."""
    scene.draft(text="Hi Dana")
    approve_and_send_draft_system(
        "acme:hello", sent_by="ai", system=scene.system(transport=Silent())
    )
    assert scene.message_now("acme:hello").state == "unknown"
    return scene


def test_parked_tells_what_is_known_and_what_each_choice_means(
    sender: Sender, parked: Scene
) -> None:
    (row,) = sender.json("parked")["parked"]

    assert row["id"] == "acme:hello#0"
    assert (row["workspace"], row["lead_id"]) == ("acme", "acme:dana")
    assert (row["text"], row["address"], row["attempt"]) == ("Hi Dana", "+15550100001", 1)
    assert row["contact_id"] == parked.contact
    assert (row["channel"], row["provider"], row["subject"]) == ("sms", "gohighlevel", None)
    assert row["code"] == "provider_timeout"
    assert row["sentence"] == Code.PROVIDER_TIMEOUT.sentence
    assert row["claimed_at"] < row["post_by"]
    assert row["claimed_at"] <= row["parked_at"]
    assert set(row["choices"]) == {"sent", "not_sent", "not_sent_resend"}
    assert "twice" in row["choices"]["not_sent_resend"]


def test_people_see_the_commands_they_can_choose_from(sender: Sender, parked: Scene) -> None:
    shown = sender.says("parked")

    for command in ("--sent", "--not-sent", "--not-sent --resend"):
        assert f"sender settle acme:hello#0 {command}" in shown
    assert "did not answer in time" in shown


def looked(scene: Scene, *look_ups: Any, next_at: int | None) -> None:
    """Write down what look-ups came to, and when the next one is."""
    write = Write(scene.world.new_id())
    message = scene.message_now("acme:hello")
    key = Message(message.draft_id, int(message.part))
    write.update("message", key, [Message.look_ups.set(list(look_ups))])
    due = Draft.due_at.remove() if next_at is None else Draft.due_at.set(next_at)
    write.update("draft", Draft("acme:hello"), [due])
    scene.store.write(write)


AT = 1_800_000_000_000


@pytest.mark.parametrize(
    ("look_up", "words"),
    [
        ({"at": AT, "finding": "absent", "candidates": []}, "it is not there (yet)."),
        ({"at": AT, "finding": "could_not_look", "candidates": []}, "nobody could look"),
        (
            {
                "at": AT,
                "finding": "ambiguous",
                "candidates": [{"id": "m1", "at": AT}, {"id": "m2", "at": AT + 1000}],
            },
            "nothing tells which: m1 of 2027-01-15 08:00:00Z, m2 of 2027-01-15 08:00:01Z",
        ),
    ],
)
def test_each_look_up_is_shown_in_words_with_its_time(
    sender: Sender, parked: Scene, look_up: Any, words: str
) -> None:
    looked(parked, look_up, next_at=AT + 60_000)

    (row,) = sender.json("parked")["parked"]

    assert row["look_ups"] == [look_up]
    assert row["evidence"][0].startswith("2027-01-15 08:00:00Z")
    assert words in row["evidence"][0]
    assert words in sender.says("parked")


def test_parked_tells_when_the_provider_is_asked_again(sender: Sender, parked: Scene) -> None:
    looked(parked, next_at=AT)

    assert sender.json("parked")["parked"][0]["next_look_up_at"] == AT
    shown = sender.says("parked")
    assert "2027-01-15 08:00:00Z; if the records show it once, it counts as sent" in shown
    assert "Nobody has looked" in shown


def test_parked_tells_when_only_a_person_is_left(sender: Sender, parked: Scene) -> None:
    looked(parked, next_at=None)

    assert sender.json("parked")["parked"][0]["next_look_up_at"] is None
    assert "only a person decides" in sender.says("parked")


def test_nothing_parked_is_said_so(sender: Sender, scene: Scene) -> None:
    assert sender.json("parked") == {"parked": []}
    assert sender.says("parked") == "Nothing is parked.\n"


def test_the_word_that_it_left_makes_it_sent(sender: Sender, parked: Scene) -> None:
    document = sender.json("settle", "acme:hello#0", "--sent")

    assert document["message"]["state"] == "sent"
    assert document["draft"]["code"] == "sent_by_word"
    assert parked.draft_now("acme:hello").state == "sent"
    assert sender.json("parked")["parked"] == []


def test_the_word_that_it_did_not_leave_fails_the_draft_and_sends_nothing(
    sender: Sender, parked: Scene
) -> None:
    sender.json("settle", "acme:hello#0", "--not-sent")

    draft = parked.draft_now("acme:hello")
    assert (draft.state, draft.code) == ("failed", "settled_not_sent")
    assert draft.due_at is None
    sender.json("draft", "approve", "acme:hello")
    assert parked.draft_now("acme:hello").state == "approved"


def test_an_ordered_resend_is_one_new_attempt_by_the_functions(
    sender: Sender, parked: Scene
) -> None:
    document = sender.json("settle", "acme:hello#0", "--not-sent", "--resend")

    assert document["draft"]["code"] == "resend_ordered"
    draft = parked.draft_now("acme:hello")
    assert (draft.state, draft.attempts) == ("approved", 0)
    assert draft.due_at is not None
    assert parked.sent_texts() == [], "the command itself sent"
    approve_and_send_draft_system("acme:hello", sent_by="ai", system=parked.system())
    assert parked.message_now("acme:hello").attempt == 2
    assert parked.sent_texts() == ["Hi Dana"]


def test_only_what_is_parked_can_be_settled(sender: Sender, parked: Scene) -> None:
    sender.json("settle", "acme:hello#0", "--sent")

    assert sender.refuses("settle", "acme:hello#0", "--sent")["code"] == "not_parked"
    assert sender.refuses("settle", "acme:none#0", "--sent")["code"] == "message_not_found"


@pytest.mark.parametrize(
    "arguments",
    [
        ("acme:hello#0",),
        ("acme:hello#0", "--sent", "--not-sent"),
        ("acme:hello#0", "--sent", "--resend"),
        ("acme:hello", "--sent"),
        ("acme:hello#first", "--sent"),
    ],
)
def test_a_word_must_be_clear(sender: Sender, parked: Scene, arguments: tuple[str, ...]) -> None:
    assert sender.refuses("settle", *arguments, exit_code=2)["code"] == "usage"
    assert parked.message_now("acme:hello").state == "unknown"


@contextmanager
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make standard input look like a terminal for the command."""
    from typer import testing

    with monkeypatch.context() as patch:
        patch.setattr(testing._NamedTextIOWrapper, "isatty", lambda self: self.name == "<stdin>")
        yield


@pytest.mark.parametrize(("answer", "state"), [("n\n", "unknown"), ("y\n", "sent")])
def test_a_person_at_a_terminal_is_shown_what_they_settle_and_asked_back(
    sender: Sender, parked: Scene, monkeypatch: pytest.MonkeyPatch, answer: str, state: str
) -> None:
    with at_a_terminal(monkeypatch):
        result = sender.run("settle", "acme:hello#0", "--sent", text=answer)

    assert "Hi Dana" in result.stderr
    assert "counts as sent" in result.stderr
    assert parked.message_now("acme:hello").state == state
    assert result.exit_code == (0 if state == "sent" else 130)


def test_yes_spares_the_question(
    sender: Sender, parked: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at_a_terminal(monkeypatch):
        sender.says("settle", "acme:hello#0", "--sent", "--yes")

    assert parked.message_now("acme:hello").state == "sent"
