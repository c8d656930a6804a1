"""slack_sdk over real HTTP: once, silent, and told as a value."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from devstack.sandbox.server import SandboxServer
from devstack.sandbox.slack import SlackFault
from devstack.servers import free_port
from system_sender.slack.port import NoSlackAnswer, SlackAnswer, SlackClient

POST = "chat.postMessage"
METADATA = {"event_type": "system_sender_review", "event_payload": {"draft_id": "acme:hello"}}
MESSAGE: dict[str, Any] = {"channel": "C1", "text": "Hello <there>", "metadata": METADATA}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A sandbox behind a socket."""
    with SandboxServer() as server:
        yield server


def call(
    server: SandboxServer, method: str, seconds: float = 5, **arguments: Any
) -> SlackAnswer | NoSlackAnswer:
    client = SlackClient(server.url)
    return client.call(method, arguments, token="xoxb-test", seconds=seconds)


def test_a_message_is_posted_changed_and_found_again(server: SandboxServer) -> None:
    posted = call(server, POST, **MESSAGE)
    assert isinstance(posted, SlackAnswer)
    ts = posted.body["ts"]
    changed = call(server, "chat.update", channel="C1", ts=ts, text="Bye")
    history = call(
        server,
        "conversations.history",
        channel="C1",
        oldest="1.000000",
        include_all_metadata=True,
        limit=200,
    )
    assert isinstance(changed, SlackAnswer)
    assert isinstance(history, SlackAnswer)
    (found,) = history.body["messages"]
    assert (found["ts"], found["text"], found["metadata"]) == (ts, "Bye", METADATA)


def test_a_person_is_told_and_gets_a_form(server: SandboxServer) -> None:
    told = call(server, "chat.postEphemeral", channel="C1", user="U1", text="No")
    opened = call(server, "views.open", trigger_id="1.2", view={"type": "modal", "blocks": []})
    assert isinstance(told, SlackAnswer)
    assert isinstance(opened, SlackAnswer)
    assert told.body["ok"]
    assert opened.body["ok"]
    assert server.sandbox.slack.told()[0]["user"] == "U1"


def test_a_refusal_is_an_answer(server: SandboxServer) -> None:
    server.sandbox.slack.scopes.clear()
    answer = call(server, POST, **MESSAGE)
    assert isinstance(answer, SlackAnswer)
    assert (answer.status, answer.body["error"]) == (200, "missing_scope")
    assert answer.body["needed"] == "chat:write"


def test_a_pause_comes_with_its_length(server: SandboxServer) -> None:
    server.sandbox.slack.program(SlackFault(Kind.REFUSE, error="ratelimited", retry_after="7"))
    answer = call(server, POST, **MESSAGE)
    assert isinstance(answer, SlackAnswer)
    assert (answer.status, answer.retry_after) == (429, "7")


@pytest.mark.parametrize(
    "kind", [Kind.RESET_BEFORE, Kind.RESET_AFTER, Kind.STALL_BEFORE, Kind.STALL_AFTER]
)
def test_a_lost_answer_is_not_asked_for_again(server: SandboxServer, kind: Kind) -> None:
    server.sandbox.slack.program(SlackFault(kind, seconds=3))
    assert call(server, POST, seconds=0.5, **MESSAGE) == NoSlackAnswer(began=True)
    assert len(server.sandbox.slack.calls()) == 1


@pytest.mark.parametrize("kind", [Kind.SERVER_ERROR_BEFORE, Kind.EMPTY_SUCCESS])
def test_an_answer_that_is_none_has_no_body_to_trust(server: SandboxServer, kind: Kind) -> None:
    server.sandbox.slack.program(SlackFault(kind))
    answer = call(server, POST, **MESSAGE)
    assert isinstance(answer, SlackAnswer)
    assert not answer.body.get("ok")
    assert len(server.sandbox.slack.calls()) == 1


def test_where_nobody_listens_nothing_began() -> None:
    client = SlackClient(f"http://127.0.0.1:{free_port()}")
    assert client.call(POST, MESSAGE, token="x", seconds=1) == NoSlackAnswer(began=False)


def test_nothing_of_it_is_logged(server: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        call(server, POST, **MESSAGE)
        server.sandbox.slack.program(SlackFault(Kind.RESET_BEFORE), SlackFault(Kind.EMPTY_SUCCESS))
        call(server, POST, **MESSAGE)
        call(server, POST, **MESSAGE)
    assert not [one for one in caplog.records if "Hello" in one.getMessage()]
    assert not [one for one in caplog.records if "xoxb" in one.getMessage()]
