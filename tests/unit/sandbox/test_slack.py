"""Slack in the sandbox refuses what Slack refuses, and keeps a ledger that tells what was done."""

import json
from typing import Any

import pytest

from devstack.sandbox.client import SandboxClient
from devstack.sandbox.faults import Kind
from devstack.sandbox.server import SandboxServer
from devstack.sandbox.slack import Slack, SlackFault
from devstack.sandbox.wire import Broken, Request, Response

POST = "chat.postMessage"
METADATA = {"event_type": "t", "event_payload": {"id": "1"}}


@pytest.fixture
def slack() -> Slack:
    """A Slack whose clock stands still."""
    return Slack(lambda: 1_700_000_000.0)


def ask(slack: Slack, method: str, token: str = "xoxb-1", **arguments: Any) -> dict[str, Any]:
    answer = slack.handle(request(method, token, **arguments))
    assert isinstance(answer, Response)
    value: dict[str, Any] = json.loads(answer.body)
    return value


def request(method: str, token: str = "xoxb-1", **arguments: Any) -> Request:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return Request("POST", f"/api/{method}", headers=headers, body=json.dumps(arguments).encode())


def section(text: str, count: int = 1) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "plain_text", "text": text}}] * count


def test_each_repeated_post_is_another_message(slack: Slack) -> None:
    first = ask(slack, POST, channel="C1", text="Hello")
    second = ask(slack, POST, channel="C1", text="Hello")
    assert first["ts"] != second["ts"]
    assert [one.text for one in slack.messages("C1")] == ["Hello", "Hello"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C1"}, "no_text"),
        ({"channel": "", "text": "x"}, "channel_not_found"),
        ({"channel": "C2", "text": "x"}, "channel_not_found"),
        ({"channel": "C1", "blocks": section("x" * 3_001)}, "invalid_blocks"),
        ({"channel": "C1", "blocks": section("")}, "invalid_blocks"),
        ({"channel": "C1", "blocks": section("x", 51)}, "invalid_blocks"),
        ({"channel": "C1", "blocks": section("x" * 3_000, 4)}, "msg_blocks_too_long"),
        ({"channel": "C1", "blocks": [{"type": "actions", "elements": []}]}, "invalid_blocks"),
    ],
)
def test_what_slack_refuses_is_not_done(
    slack: Slack, arguments: dict[str, Any], error: str
) -> None:
    slack.channels = {"C1"}
    assert ask(slack, POST, **arguments) == {"ok": False, "error": error}
    assert slack.messages() == []
    (call,) = slack.calls()
    assert (call.done, call.error) == (False, error)


def test_a_token_and_its_scopes_are_looked_at(slack: Slack) -> None:
    slack.tokens = {"xoxb-1"}
    assert ask(slack, POST, "", channel="C1", text="x")["error"] == "not_authed"
    assert ask(slack, POST, "xoxb-2", channel="C1", text="x")["error"] == "invalid_auth"
    slack.scopes.clear()
    answer = ask(slack, POST, channel="C1", text="x")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")


def test_history_is_newest_first_in_pages_with_metadata_only_where_asked_for(slack: Slack) -> None:
    for number in range(3):
        ask(slack, POST, channel="C1", text=f"{number}", metadata=METADATA)
    ask(slack, POST, channel="C2", text="elsewhere")
    page = ask(slack, "conversations.history", channel="C1", limit=2)
    assert [one["text"] for one in page["messages"]] == ["2", "1"]
    assert "metadata" not in page["messages"][0]
    rest = ask(
        slack,
        "conversations.history",
        channel="C1",
        limit=2,
        cursor=page["response_metadata"]["next_cursor"],
        include_all_metadata=True,
    )
    assert [one["metadata"] for one in rest["messages"]] == [METADATA]
    assert rest["has_more"] is False


def test_an_update_keeps_the_message_and_its_metadata(slack: Slack) -> None:
    posted = ask(slack, POST, channel="C1", text="Hello", metadata=METADATA)
    ask(slack, "chat.update", channel="C1", ts=posted["ts"], text="Bye")
    (standing,) = slack.messages()
    assert (standing.text, standing.metadata, standing.edits) == ("Bye", METADATA, 1)
    slack.remove(standing)
    answer = ask(slack, "chat.update", channel="C1", ts=posted["ts"], text="Bye")
    assert answer["error"] == "message_not_found"


@pytest.mark.parametrize(
    ("kind", "done"),
    [
        (Kind.RESET_BEFORE, False),
        (Kind.RESET_AFTER, True),
        (Kind.STALL_BEFORE, False),
        (Kind.STALL_AFTER, True),
    ],
)
def test_a_broken_connection_says_in_the_ledger_whether_it_was_done(
    slack: Slack, kind: Kind, done: bool
) -> None:
    slack.program(SlackFault(kind, method=POST))
    outcome = slack.handle(request(POST, channel="C1", text="x"))
    assert isinstance(outcome, Broken)
    assert (outcome.accepted, len(slack.messages())) == (done, int(done))
    assert slack.calls()[0].fault == kind.value
    assert slack.faults() == []


def test_a_late_acceptance_happens_once(slack: Slack) -> None:
    slack.program(SlackFault(Kind.ACCEPT_LATE))
    outcome = slack.handle(request(POST, channel="C1", text="x"))
    assert isinstance(outcome, Broken)
    assert slack.messages() == []
    assert outcome.resume is not None
    assert outcome.resume() == outcome.resume()
    assert len(slack.messages()) == 1


def test_a_fault_of_one_method_does_not_meet_another(slack: Slack) -> None:
    slack.program(SlackFault(Kind.REFUSE, method="views.open", error="expired_trigger_id"))
    assert ask(slack, POST, channel="C1", text="x")["ok"]
    view = {"type": "modal", "blocks": []}
    assert ask(slack, "views.open", trigger_id="1", view=view)["error"] == "expired_trigger_id"
    assert ask(slack, "views.open", trigger_id="1", view=view)["ok"]


def test_the_control_api_shows_slack_and_lets_it_misbehave() -> None:
    with SandboxServer() as server:
        client = SandboxClient(server.url)
        ask(server.sandbox.slack, POST, channel="C1", text="Hello")
        client.program_slack(SlackFault(Kind.REFUSE, error="not_in_channel"))
        assert ask(server.sandbox.slack, POST, channel="C1", text="x")["error"] == "not_in_channel"
        assert [one.text for one in client.slack_messages("C1")] == ["Hello"]
        assert [call["done"] for call in client.slack()["calls"]] == [True, False]
        client.reset()
        assert client.slack_messages() == []
        client.close()
