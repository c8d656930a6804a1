"""The same stack, deployed with Dispatch queue: what holds inline holds here as well.

Here are the tests in which a sweep has something to do, and what is a queue's own. All others pass
as well: `DISPATCH=queue make test PYTEST_ARGUMENTS="-m e2e"`.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from devstack.deployment import LocalSystem
from devstack.sandbox.provider import Fault, Kind
from tests.e2e.conftest import Agency, wait_until
from tests.e2e.test_channels import TestLookUps
from tests.e2e.test_deployed_system import (
    TestTheSweep,
    test_an_inbound_text_is_answered_by_the_approved_reply,
    test_nothing_personal_is_in_the_logs,
    test_the_same_webhook_again_and_at_once_sends_nothing_more,
)

__all__ = [
    "TestLookUps",
    "TestTheSweep",
    "test_an_inbound_text_is_answered_by_the_approved_reply",
    "test_nothing_personal_is_in_the_logs",
    "test_the_same_webhook_again_and_at_once_sends_nothing_more",
]
_NUMBERS = itertools.count(501)


@pytest.fixture(scope="module")
def queue_system(local_system: LocalSystem) -> Iterator[LocalSystem]:
    """The one local stack in queue mode, and as it was afterwards."""
    mode = local_system.parameters["Dispatch"]
    yield local_system.deployed_with(Dispatch="queue")
    local_system.deployed_with(Dispatch=mode)


@pytest.fixture(scope="module")
def agencies(
    queue_system: LocalSystem, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Agency]:
    folder = tmp_path_factory.mktemp("queue-seeds")
    return lambda: Agency(queue_system, next(_NUMBERS), folder)


def rate_limited(agency: Agency) -> str:
    """Return a draft that is due because the provider wanted a pause."""
    agency.system.sandbox().program(
        Fault(Kind.REFUSE, refusal="too_many_requests", contact_id=agency.contact, retry_after="1")
    )
    draft = agency.post(agency.text("Hello?")).json()["draft_id"]
    agency.make_due(draft)
    return str(draft)


def test_due_work_leaves_by_the_queue(agency: Agency) -> None:
    draft = rate_limited(agency)
    report = agency.sweep()
    assert (report["dispatched"], report["performed"]) == (report["due"], 0)
    assert report["codes"]["sent"] >= 1
    assert agency.delivery(draft)["state"] == "sent"
    assert len(agency.accepted()) == 1


def test_an_item_that_waits_is_in_the_queue_once(agency: Agency) -> None:
    rate_limited(agency)
    with workers_away(agency.system):
        for _ in range(3):
            agency.invoke_sweep()
        assert Queues(agency.system).groups("WorkQueueUrl").count(agency.name) == 1
    wait_until(lambda: agency.queued() == 0)
    assert len(agency.accepted()) == 1


def test_what_is_no_work_is_put_aside_and_holds_nobody_up(agency: Agency) -> None:
    queue = Queues(agency.system)
    queue.put("WorkQueueUrl", agency.name, "not work")
    wait_until(lambda: agency.queued("DeadWorkQueueUrl") == 1)
    wait_until(lambda: agency.queued() == 0)
    assert queue.take("DeadWorkQueueUrl") == {agency.name: "not work"}
    assert "message_is_no_item" in "\n".join(agency.system.log_lines("send-worker"))
    rate_limited(agency)
    agency.sweep()
    assert len(agency.accepted()) == 1


def test_what_was_given_up_is_moved_back_and_sends_once(agency: Agency) -> None:
    queue = Queues(agency.system)
    rate_limited(agency)
    with workers_away(agency.system):
        agency.invoke_sweep()
        queue.give_up()
        assert agency.queued() == 0
        # What other tests left may be due as well.
        given_up = queue.take("DeadWorkQueueUrl")
        assert agency.name in given_up
    assert agency.accepted() == []
    for _ in range(2):
        for group, body in given_up.items():
            queue.put("WorkQueueUrl", group, body)
        wait_until(lambda: agency.queued() == 0)
        assert len(agency.accepted()) == 1


def test_the_deployed_queues_are_as_the_template_says(queue_system: LocalSystem) -> None:
    sqs = boto3.client("sqs", **queue_system.client_options)
    attributes = {
        name: sqs.get_queue_attributes(QueueUrl=queue_system.outputs[name], AttributeNames=["All"])
        for name in ("WorkQueueUrl", "DeadWorkQueueUrl")
    }
    work, dead = (answer["Attributes"] for answer in attributes.values())
    assert (work["FifoQueue"], dead["FifoQueue"]) == ("true", "true")
    redrive = json.loads(work["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == dead["QueueArn"]
    assert work["KmsMasterKeyId"] == dead["KmsMasterKeyId"] == "alias/aws/sqs"


class Queues:
    """The deployed queues, as an operator uses them."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        self._sqs = boto3.client("sqs", **system.client_options)

    def put(self, queue: str, group: str, body: str) -> None:
        """Put a message into a queue."""
        self._sqs.send_message(
            QueueUrl=self._system.outputs[queue],
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=f"by-hand-{next(_NUMBERS)}",
        )

    def groups(self, queue: str) -> list[str]:
        """Look at up to ten messages of a queue, and return the groups that they are of."""
        return [message["Attributes"]["MessageGroupId"] for message in self._look(queue)]

    def take(self, queue: str) -> dict[str, str]:
        """Take up to ten messages out of a queue, and return their bodies by their groups."""
        taken = {}
        for message in self._look(queue, VisibilityTimeout=30):
            taken[message["Attributes"]["MessageGroupId"]] = message["Body"]
            self._sqs.delete_message(
                QueueUrl=self._system.outputs[queue], ReceiptHandle=message["ReceiptHandle"]
            )
        return taken

    def give_up(self) -> None:
        """Take the messages as often as they are given, and die each time."""
        while self._look("WorkQueueUrl"):
            pass

    def _look(self, queue: str, **options: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._system.outputs[queue],
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["MessageGroupId"],
            **{"VisibilityTimeout": 0, **options},
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages


@contextmanager
def workers_away(system: LocalSystem) -> Iterator[None]:
    """Let nobody take messages meanwhile."""
    functions = boto3.client("lambda", **system.client_options)
    (mapping,) = functions.list_event_source_mappings(
        FunctionName=system.function_name("send-worker")
    )["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
