"""What Bedrock's Converse answers, and what is made of it. The wire is tested against a server."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from system_sender.codes import Code
from system_sender.drafting.bedrock import BedrockModel
from system_sender.drafting.prompt import prompt_of
from system_sender.drafting.writing import SCHEMA, WRITE
from system_sender.world import World
from tests.support.models import conversation, written

PROMPT = prompt_of(WRITE, conversation("What does it cost?"), SCHEMA)


class Client:
    """Answers with what it is given, and remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def converse(self, **request: Any) -> Any:
        self.asked.append(request)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def asked(client: Client, seconds: float = 12) -> dict[str, Any] | Code:
    """Ask through a client in the place of AWS's."""
    model = BedrockModel(World())
    model._clients = dict.fromkeys((2, 4, 6, 8, 12, 16, 22), client)
    return model.complete(PROMPT, seconds=seconds)


def answer(*content: Any, stop: str = "tool_use") -> dict[str, Any]:
    """Return an answer of Converse."""
    return {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop,
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    }


def use(value: Any, name: str = "answer") -> dict[str, Any]:
    """Return a block that uses a tool."""
    return {"toolUse": {"toolUseId": "t1", "name": name, "input": value}}


def test_the_answer_is_the_input_of_the_one_tool() -> None:
    client = Client(answer({"text": "Let me think."}, use(written())))
    assert asked(client) == written()
    [request] = client.asked
    assert request["modelId"] == "small-1"
    assert request["system"] == [{"text": PROMPT.instructions}]
    assert request["messages"] == [{"role": "user", "content": [{"text": PROMPT.data}]}]
    [tool] = request["toolConfig"]["tools"]
    assert tool["toolSpec"]["inputSchema"]["json"] == SCHEMA
    assert request["toolConfig"]["toolChoice"] == {"any": {}}


@pytest.mark.parametrize(
    "said",
    [
        answer({"text": '{"text": "Hi", "sentiment": "Neutral"}'}, stop="end_turn"),
        answer(use(written()), stop="max_tokens"),
        answer(use(written()), stop="end_turn"),
        answer(use(written()), stop="guardrail_intervened"),
        answer(use(written()), stop="content_filtered"),
        answer(use(written()), stop="malformed_tool_use"),
        answer(),
        answer(use(written(), name="another")),
        answer(use(written()), use(written("Another"))),
        answer(use("Hi")),
        answer(use({})),
        {"stopReason": "tool_use"},
        {},
    ],
)
def test_any_other_answer_is_a_failure(said: dict[str, Any]) -> None:
    assert asked(Client(said)) is Code.MODEL_FAILED


def refused(code: str) -> ClientError:
    """Return an error that AWS answered."""
    return ClientError({"Error": {"Code": code, "Message": "What does it cost?"}}, "Converse")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused("ThrottlingException"), Code.MODEL_FAILED),
        (refused("ModelTimeoutException"), Code.MODEL_FAILED),
        (refused("ModelErrorException"), Code.MODEL_FAILED),
        (refused("InternalServerException"), Code.MODEL_FAILED),
        (refused("ValidationException"), Code.MODEL_FAILED),
        (refused("AccessDeniedException"), Code.MODEL_NOT_CONFIGURED),
        (refused("ResourceNotFoundException"), Code.MODEL_NOT_CONFIGURED),
        (ReadTimeoutError(endpoint_url="https://x"), Code.MODEL_FAILED),
        (EndpointConnectionError(endpoint_url="https://x"), Code.MODEL_FAILED),
        (NoCredentialsError(), Code.MODEL_NOT_CONFIGURED),
    ],
)
def test_an_error_says_whether_somebody_must_set_something_up(
    error: Exception, code: Code, caplog: pytest.LogCaptureFixture
) -> None:
    assert asked(Client(error)) is code
    assert "cost" not in " ".join(str(record.__dict__) for record in caplog.records)


def test_with_too_little_time_nobody_is_asked() -> None:
    client = Client(answer(use(written())))
    assert asked(client, seconds=3.9) is Code.MODEL_FAILED
    assert client.asked == []


def test_a_client_has_no_retries_and_the_longest_time_that_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # Nobody listens there.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    model = BedrockModel(World())
    assert model.complete(PROMPT, seconds=11) is Code.MODEL_FAILED
    [(limit, client)] = model._clients.items()
    config = client.meta.config
    assert (limit, config.read_timeout, config.connect_timeout) == (8, 8, 2)
    assert config.retries["total_max_attempts"] == 1
    assert model.complete(PROMPT, seconds=10) is Code.MODEL_FAILED
    assert list(model._clients) == [8], "one client for both"
