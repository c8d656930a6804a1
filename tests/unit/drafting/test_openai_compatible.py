"""The OpenAI-compatible model, over real HTTP, against one that answers as planned."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from devstack.sandbox.chat_models import ChatAnswer, ChatKind
from devstack.sandbox.server import SandboxServer
from system_sender.codes import Code
from system_sender.drafting.openai_compatible import OpenAiModel
from system_sender.drafting.prompt import prompt_of
from system_sender.drafting.writing import SCHEMA, WRITE
from system_sender.transport import LARGEST_ANSWER, HttpTransport
from system_sender.world import Effect, World
from tests.support.models import SAFE, conversation, written
from tests.support.scene import FixedSecrets

PROMPT = prompt_of(WRITE, conversation("What does it cost?"), SCHEMA)


class Noting(World):
    """Notes the effects that are performed."""

    def __init__(self) -> None:
        self.effects: list[tuple[Effect, str]] = []

    def perform(self, effect: Effect, name: str, call: Any) -> Any:
        self.effects.append((effect, name))
        return call()


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(server: SandboxServer) -> None:
    server.sandbox.reset()
    server.sandbox.models.tokens = None


def model(server: SandboxServer, token: str | None = "key-1", path: str = "/v1") -> OpenAiModel:
    world = Noting()
    secrets: Any = FixedSecrets(token)
    return OpenAiModel(world, HttpTransport(world), secrets, f"{server.url}{path}")


def complete(server: SandboxServer, seconds: float = 5, **options: Any) -> dict[str, Any] | Code:
    return model(server, **options).complete(PROMPT, seconds=seconds)


def test_it_asks_for_json_with_our_instructions_and_the_conversation_as_data(
    server: SandboxServer,
) -> None:
    asking = model(server)
    answer = asking.complete(PROMPT, seconds=5)
    assert isinstance(answer, dict)
    assert set(answer) == {"sentiment", "text"}
    [asked] = server.sandbox.models.asked()
    assert asked["model"] == "small-1"
    assert asked["response_format"] == {"type": "json_object"}
    system, user = asked["messages"]
    assert (system["role"], system["content"]) == ("system", PROMPT.instructions)
    assert json.loads(user["content"])["latest_message"] == "What does it cost?"
    assert asking._world.effects == [(Effect.MODEL, "openai write.1")]  # type: ignore[attr-defined]


def test_the_token_is_the_workspaces(server: SandboxServer) -> None:
    server.sandbox.models.tokens = {"key-1"}
    assert isinstance(complete(server), dict)
    assert complete(server, token="key-2") is Code.MODEL_NOT_CONFIGURED
    assert complete(server, token=None) is Code.MODEL_NOT_CONFIGURED
    assert len(server.sandbox.models.asked()) == 2, "without a token nobody is asked"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_must_be_set_up_says_so(server: SandboxServer, status: int) -> None:
    server.sandbox.models.plan(ChatAnswer(ChatKind.STATUS, status=status))
    assert complete(server) is Code.MODEL_NOT_CONFIGURED


@pytest.mark.parametrize(
    "answer",
    [
        *(ChatAnswer(ChatKind.STATUS, status=status) for status in (400, 408, 409, 422, 429)),
        *(ChatAnswer(ChatKind.STATUS, status=status) for status in (500, 502, 503, 529)),
        ChatAnswer(ChatKind.REFUSAL),
        ChatAnswer(ChatKind.REFUSAL, content=written()),
        ChatAnswer(ChatKind.TRUNCATED),
        # Whole by accident: what it would have said next, nobody knows.
        ChatAnswer(ChatKind.TRUNCATED, content=f"{json.dumps(written()):200}{' ' * 200}"),
        ChatAnswer(ChatKind.FILTERED),
        ChatAnswer(ChatKind.MALFORMED),
        ChatAnswer(ChatKind.RESET),
        ChatAnswer(ChatKind.REDIRECT),
        ChatAnswer(content="Sure! Here you are."),
        ChatAnswer(content=f"Sure! {json.dumps(SAFE)}"),
        ChatAnswer(content=f"```json\n{json.dumps(SAFE)}\n```"),
        ChatAnswer(content='{"safe_to_send": false, "safe_to_send": true}'),
        ChatAnswer(content='{"confidence": NaN}'),
        ChatAnswer(content='{"confidence": Infinity}'),
        ChatAnswer(content='{"text": "cut'),
        ChatAnswer(content="[1]"),
        ChatAnswer(content='"text"'),
        ChatAnswer(content="null"),
        ChatAnswer(content=""),
        ChatAnswer(content="[" * 100_000),
        ChatAnswer(content=written("x" * LARGEST_ANSWER)),
    ],
    ids=lambda answer: f"{answer.kind}-{answer.status}-{str(answer.content)[:20]}",
)
def test_whatever_else_it_answers_is_a_failure(server: SandboxServer, answer: ChatAnswer) -> None:
    server.sandbox.models.plan(answer)
    assert complete(server) is Code.MODEL_FAILED
    assert len(server.sandbox.models.asked()) == 1, "and it is not asked again"


@pytest.mark.parametrize("kind", [ChatKind.STALL, ChatKind.DRIP])
def test_it_is_given_up_when_its_time_is_over(server: SandboxServer, kind: ChatKind) -> None:
    server.sandbox.models.plan(ChatAnswer(kind, seconds=30))
    world = World()
    began = world.monotonic()
    assert complete(server, seconds=0.5) is Code.MODEL_FAILED
    assert world.monotonic() - began < 5


def test_an_answer_may_take_its_time(server: SandboxServer) -> None:
    server.sandbox.models.plan(ChatAnswer(ChatKind.STALL, seconds=0.3))
    assert isinstance(complete(server), dict)


def test_nobody_there_is_a_failure_and_no_such_path_a_matter_of_set_up(
    server: SandboxServer,
) -> None:
    world = World()
    secrets: Any = FixedSecrets()
    nobody = OpenAiModel(world, HttpTransport(world), secrets, "http://127.0.0.1:1/v1")
    assert nobody.complete(PROMPT, seconds=5) is Code.MODEL_FAILED
    assert complete(server, path="/nothing") is Code.MODEL_NOT_CONFIGURED


def test_what_it_answers_is_not_validated_here(server: SandboxServer) -> None:
    server.sandbox.models.plan(ChatAnswer(content={"anything": 1}))
    assert complete(server) == {"anything": 1}


def test_nothing_of_the_conversation_and_no_token_is_logged(
    server: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.sandbox.models.plan(ChatAnswer(content="I will not say: What does it cost?"))
    assert complete(server, token="key-secret") is Code.MODEL_FAILED
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "write.1" in logged
    assert "cost" not in logged
    assert "key-secret" not in logged
