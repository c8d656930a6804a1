"""What goes into the queue, what SQS refuses, and which mode the environment names."""

import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from system_sender.settings import ConfigurationError
from system_sender.work_queue import QueueMessage, SqsQueue, queue_of
from system_sender.world import Effect, World
from tests.support.queue import LocalSqs

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/acme-work.fifo"
MESSAGES = [QueueMessage("acme", f"once-{n}", f'{{"n": {n}}}') for n in range(3)]


class Observed(World):
    """Notes what goes through the seam."""

    def __init__(self) -> None:
        self.performed: list[tuple[Effect, str]] = []

    def perform(self, effect: Effect, name: str, call: Any) -> Any:
        self.performed.append((effect, name))
        return call()


def test_a_batch_is_one_request_with_a_group_and_a_deduplication_for_each() -> None:
    world, sqs = Observed(), LocalSqs(lambda: 0)
    assert SqsQueue(world, URL, lambda: sqs).push(MESSAGES) == 3
    assert sqs.waiting == MESSAGES
    assert [call["QueueUrl"] for call in sqs.calls] == [URL]
    assert world.performed == [(Effect.QUEUE, "push")]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "SendMessageBatch"),
        ReadTimeoutError(endpoint_url="https://sqs.example.com"),
    ],
)
def test_nothing_is_raised_for_a_queue_that_is_away(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    sqs = LocalSqs(lambda: 0)
    sqs.error = error
    with caplog.at_level(logging.WARNING):
        assert SqsQueue(World(), URL, lambda: sqs).push(MESSAGES) == 0
    assert "not_queued" in caplog.text


def test_what_is_refused_alone_is_counted_alone(caplog: pytest.LogCaptureFixture) -> None:
    sqs = LocalSqs(lambda: 0)
    sqs.refused = {"1"}
    with caplog.at_level(logging.WARNING):
        assert SqsQueue(World(), URL, lambda: sqs).push(MESSAGES) == 2
    assert sqs.waiting == [MESSAGES[0], MESSAGES[2]]
    assert "not_queued" in caplog.text


def test_boto3s_own_client_is_ready_before_the_first_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    SqsQueue(World(), URL).connect()


@pytest.mark.parametrize("environment", [{}, {"DISPATCH": ""}, {"DISPATCH": "inline"}])
def test_inline_is_the_default(environment: dict[str, str]) -> None:
    assert queue_of(World(), {**environment, "WORK_QUEUE_URL": URL}) is None


def test_queue_mode_needs_a_queue() -> None:
    assert queue_of(World(), {"DISPATCH": "queue", "WORK_QUEUE_URL": URL}) is not None
    with pytest.raises(ConfigurationError, match="WORK_QUEUE_URL"):
        queue_of(World(), {"DISPATCH": "queue"})


def test_a_typo_does_not_choose_a_mode() -> None:
    with pytest.raises(ConfigurationError, match="DISPATCH"):
        queue_of(World(), {"DISPATCH": "Queue", "WORK_QUEUE_URL": URL})
