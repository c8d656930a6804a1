"""The sweep function is asked to go now, without waiting, and a failure is harmless."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from system_sender.going import CronFunction
from system_sender.world import Effect, World

HANDLER = Path(__file__).parents[2] / "functions" / "slack_interactions" / "app.py"


class Lambda:
    """Takes invocations, or fails as it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.taken: list[dict[str, Any]] = []

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        self.taken.append(arguments)
        if self.error is not None:
            raise self.error
        return {"StatusCode": 202}


class Observed(World):
    """Notes what goes through the seam."""

    def __init__(self) -> None:
        self.performed: list[tuple[Effect, str]] = []

    def perform(self, effect: Effect, name: str, call: Any) -> Any:
        self.performed.append((effect, name))
        return call()


def test_the_function_is_invoked_with_the_draft_and_not_waited_for() -> None:
    world, function = Observed(), Lambda()
    CronFunction(world, "acme-followup-cron", lambda: function).go_now("acme:hello")
    (call,) = function.taken
    assert (call["FunctionName"], call["InvocationType"]) == ("acme-followup-cron", "Event")
    assert json.loads(call["Payload"]) == {"draft_id": "acme:hello"}
    assert world.performed == [(Effect.INVOKE, "go now")]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"),
        ReadTimeoutError(endpoint_url="https://lambda.example.com"),
    ],
)
def test_a_failure_is_left_to_the_sweep(error: Exception) -> None:
    function = Lambda(error)
    CronFunction(World(), "cron", lambda: function).go_now("acme:hello")
    assert len(function.taken) == 1


def test_the_handler_lets_nobody_in_without_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLLOWUP_CRON_FUNCTION", "acme-followup-cron")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    spec = importlib.util.spec_from_file_location("slack_interactions_app", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    event = {"pathParameters": {"workspace": "acme"}, "headers": None, "body": None}
    answer = app.handler(event, None)
    assert answer["statusCode"] == 401
    assert json.loads(answer["body"])["code"] == "signature_missing"


def test_without_the_functions_name_the_handler_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FOLLOWUP_CRON_FUNCTION", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    spec = importlib.util.spec_from_file_location("slack_interactions_app", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(KeyError, match="FOLLOWUP_CRON_FUNCTION"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
