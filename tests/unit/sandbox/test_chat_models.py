"""The sandbox's models: what they say untold, and when told, and what they were asked."""

import json
from typing import Any

import pytest
import requests

from devstack.sandbox.chat_models import ChatAnswer, ChatKind
from devstack.sandbox.client import SandboxClient, SandboxError
from devstack.sandbox.server import SandboxServer


def ask(server: SandboxServer, http: requests.Session, data: Any = None, **more: Any) -> Any:
    """Ask a model about some data; return the HTTP answer."""
    messages = [
        {"role": "system", "content": "You write."},
        {"role": "user", "content": json.dumps(data or {"latest_message": "Hello"})},
    ]
    body = {"model": "small-1", "messages": messages, **more}
    return http.post(f"{server.url}/v1/chat/completions", json=body, timeout=5)


def content(answer: requests.Response) -> Any:
    return json.loads(answer.json()["choices"][0]["message"]["content"])


def test_untold_they_write_and_find_it_safe(server: SandboxServer, http: requests.Session) -> None:
    assert set(content(ask(server, http))) == {"sentiment", "text"}
    judged = content(ask(server, http, {"reply_to_judge": "Hi"}))
    assert (judged["safe_to_send"], judged["needs_review"]) == (True, False)


def test_a_planned_answer_is_given_once_and_only_to_what_it_is_about(
    server: SandboxServer, control: SandboxClient, http: requests.Session
) -> None:
    control.plan(ChatAnswer(content={"text": "Planned"}, about="Tuesday"))
    assert content(ask(server, http)) != {"text": "Planned"}
    assert content(ask(server, http, {"latest_message": "Tuesday?"})) == {"text": "Planned"}
    assert content(ask(server, http, {"latest_message": "Tuesday?"})) != {"text": "Planned"}


def test_a_tool_is_called_with_what_is_said(server: SandboxServer, http: requests.Session) -> None:
    tools = [{"type": "function", "function": {"name": "answer", "parameters": {}}}]
    (choice,) = ask(server, http, tools=tools).json()["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert call["function"]["name"] == "answer"
    assert set(json.loads(call["function"]["arguments"])) == {"sentiment", "text"}


def test_what_was_asked_is_kept_until_a_reset_and_without_the_token(
    server: SandboxServer, control: SandboxClient, http: requests.Session
) -> None:
    http.headers["Authorization"] = "Bearer sk-secret"
    ask(server, http)
    (asked,) = control.asked()
    assert asked["model"] == "small-1"
    assert "sk-secret" not in json.dumps(asked)
    control.reset()
    assert control.asked() == []


def test_a_request_that_is_none_and_a_kind_that_is_none_are_refused(
    server: SandboxServer, control: SandboxClient, http: requests.Session
) -> None:
    url = f"{server.url}/v1/chat/completions"
    assert http.post(url, data=b"{", timeout=5).status_code == 400
    with pytest.raises(SandboxError):
        control._ask("POST", "models", {"kind": "sulk"})


def test_an_error_has_the_shape_of_one(
    server: SandboxServer, control: SandboxClient, http: requests.Session
) -> None:
    control.plan(ChatAnswer(ChatKind.STATUS, status=429))
    answer = ask(server, http)
    assert (answer.status_code, set(answer.json())) == (429, {"error"})
