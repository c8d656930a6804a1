"""Models, asked over the wire: Bedrock's Converse on the local AWS, and an endpoint like OpenAI's.

The local AWS hands what Bedrock is asked on to the sandbox's models, and their answer back.
"""

import json
from typing import Any

import boto3
import pytest

from devstack.deployment import LocalSystem
from devstack.sandbox.chat_models import ChatAnswer, ChatKind
from system_sender.codes import Code
from system_sender.drafting.bedrock import BedrockModel
from system_sender.drafting.prompt import prompt_of
from system_sender.drafting.writing import SCHEMA, WRITE
from system_sender.world import World
from tests.e2e.conftest import Agency
from tests.support.models import conversation, written

MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"
TEXT = "Hi Dana, thanks for your message. Does 2pm on Tuesday work for a short call?"


@pytest.fixture(autouse=True)
def untold(local_system: LocalSystem) -> None:
    """Let models answer as one hopes, until a test plans otherwise."""
    local_system.sandbox().reset()


def by_model(agency: Agency, **columns: Any) -> None:
    """Let a model write and judge for the agency's campaign."""
    campaign = {
        "id": f"{agency.name}:autumn",
        "name": "Autumn",
        "response_mode": "AI_AUTO_SEND",
        "delay_seconds": 0,
        **columns,
    }
    agency.seed_with({"campaigns": [campaign]})


def answered(agency: Agency, text: str = "What do you offer?") -> dict[str, Any]:
    """Let a message come in, its time come, and a sweep do its work; return the reply."""
    answer = agency.post(agency.text(text)).json()
    assert answer["work"] == "due"
    boto3.client("dynamodb", **agency.system.client_options).update_item(
        TableName=f"{agency.system.stack_name}-inbound",
        Key={"event_id": {"S": answer["event_id"]}},
        UpdateExpression="SET due_at = :past",
        ConditionExpression="attribute_exists(due_shard)",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    agency.sweep()
    workspace, rest = answer["event_id"].split(":", 1)
    shown: dict[str, Any] = agency.sender("draft", "show", f"{workspace}:reply:{rest}")
    return shown


@pytest.mark.parametrize(("writer", "model"), [("bedrock", MODEL), ("openai", "small-1")])
def test_a_deployed_campaign_is_answered_by_its_model(
    agency: Agency, writer: str, model: str
) -> None:
    by_model(agency, writer=writer, model=model)
    agency.secret("openai", "token", "sk-for-tests")
    shown = answered(agency)
    assert shown["draft"]["state"] == "sent", shown
    assert [entry.text for entry in agency.accepted()] == [TEXT]
    asked = agency.system.sandbox().asked()
    assert [one["model"] for one in asked] == [model, model]
    assert [bool(one.get("tools")) for one in asked] == [writer == "bedrock"] * 2


@pytest.mark.parametrize(("writer", "model"), [("bedrock", MODEL), ("openai", "small-1")])
def test_a_model_that_fails_leaves_the_reply_to_a_person(
    agency: Agency, writer: str, model: str
) -> None:
    by_model(agency, writer=writer, model=model)
    agency.secret("openai", "token", "sk-for-tests")
    agency.system.sandbox().plan(ChatAnswer(content="Sure, I will!", about="reply_to_judge"))
    shown = answered(agency)
    assert (shown["draft"]["state"], shown["draft"]["code"]) == ("needs_review", "model_failed")
    assert agency.accepted() == []


class TestConverse:
    """Bedrock's wire, without the functions around it."""

    @pytest.fixture(autouse=True)
    def local(self, local_system: LocalSystem, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in local_system.aws.environment.items():
            monkeypatch.setenv(name, value)

    def complete(self, model: str = MODEL) -> dict[str, Any] | Code:
        talk = conversation("What does it cost?", campaign={"writer": "bedrock", "model": model})
        return BedrockModel(World()).complete(prompt_of(WRITE, talk, SCHEMA), seconds=6)

    def test_the_answer_is_a_tools_input(self, local_system: LocalSystem) -> None:
        local_system.sandbox().plan(ChatAnswer(content=written("It is $49.")))
        assert self.complete() == written("It is $49.")
        (asked,) = local_system.sandbox().asked()
        (tool,) = asked["tools"]
        assert tool["function"]["parameters"] == dict(SCHEMA)
        assert asked["tool_choice"] == "required"
        assert json.loads(asked["messages"][-1]["content"])["latest_message"] == (
            "What does it cost?"
        )

    @pytest.mark.parametrize(
        "answer",
        [
            ChatAnswer(content='{"text": "It is $49.", "sentiment": "Neutral"}'),
            ChatAnswer(ChatKind.REFUSAL),
            ChatAnswer(ChatKind.STATUS, status=500),
            ChatAnswer(ChatKind.STATUS, status=429),
            ChatAnswer(ChatKind.MALFORMED),
            ChatAnswer(ChatKind.STALL, seconds=20),
        ],
        ids=lambda answer: answer.kind,
    )
    def test_anything_else_is_a_failure(
        self, local_system: LocalSystem, answer: ChatAnswer
    ) -> None:
        local_system.sandbox().plan(answer)
        assert self.complete() is Code.MODEL_FAILED

    def test_a_model_that_aws_does_not_know_by_this_name_is_a_failure(self) -> None:
        assert self.complete("arn:aws:bedrock:nowhere") is Code.MODEL_FAILED
