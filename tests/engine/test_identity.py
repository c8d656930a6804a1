"""Two honest texts are two, one text delivered twice is one: also where no id tells them apart."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from devstack.sandbox.contract import Injected
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.webhooks import Webhook
from system_sender.codes import Code
from system_sender.models import Integration, integration_key
from system_sender.providers.gohighlevel import WORKFLOW
from tests.engine.stage import Once, Stage
from tests.support.scene import SECRET, FixedSecrets


@pytest.fixture(autouse=True)
def workflow(stage: Stage) -> None:
    """The workspace receives workflow webhooks, which carry no message id; nobody answers."""
    stage.scene.seed(campaign_id=None)
    key = integration_key(stage.scene.workspace, "gohighlevel")
    stage.update(Integration(key), Integration.webhook.set(WORKFLOW))


def yes(stage: Stage, time: str | None = None) -> Webhook:
    custom: dict[str, Any] = {"ID": stage.scene.contact, "Message": "yes"}
    if time is not None:
        custom |= {"Date": "3/3/2026", "Time": time}
    return stage.workflow_text("yes", SECRET, customData=custom)


def arrives(stage: Stage, message_id: str) -> None:
    """The lead's text reaches the provider, whose look-up lists it from here on."""
    stage.sandbox.inject(
        Injected(stage.scene.location, stage.scene.contact, "yes", message_id=message_id)
    )
    stage.world.step(1)


def recorded(stage: Stage) -> int:
    assert stage.scene.lead_now().inbound_count == len(stage.inbound())
    return len(stage.inbound())


def test_two_honest_texts_with_different_times_are_two(stage: Stage) -> None:
    first, second = yes(stage, "10:04:05 AM"), yes(stage, "10:04:06 AM")
    for webhook in (first, second, first, second, first):
        assert stage.post(webhook).status == 200
    assert recorded(stage) == 2
    assert stage.sandbox.ledger.requests() == [], "nobody had to be asked"


def test_two_honest_texts_without_times_are_told_apart_by_the_provider(stage: Stage) -> None:
    arrives(stage, "ms1")
    assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == 1
    arrives(stage, "ms2")
    assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == 2
    for _ in range(3):
        assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == 2
    assert {event.provider_message_id for event in stage.inbound()} == {"ms1", "ms2"}


def test_an_id_that_stands_for_a_text_tells_it_to_nobody_without_the_secret(
    stage: Stage,
) -> None:
    stage.post(yes(stage))
    [event] = stage.inbound()
    assert f":hour:{stage.scene.contact}:" in event.event_id
    text = b"yes"
    for name in hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}:
        digest = hashlib.new(name, text, usedforsecurity=False).hexdigest()
        assert digest[:16] not in event.event_id, name


class ReadOnce(FixedSecrets):
    """A webhook secret that somebody removes as soon as it was read."""

    def get(self, workspace: str, provider: str, secret: str) -> str | None:
        value = super().get(workspace, provider, secret)
        if secret == "webhook_secret":
            self.webhook_secret = None
        return value


def test_a_text_whose_secret_is_removed_meanwhile_is_to_come_again(stage: Stage) -> None:
    stage.system = stage.scene.system(secrets=ReadOnce())
    assert stage.post(yes(stage)).status == 429
    assert stage.inbound() == []
    stage.system = stage.scene.system()
    assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == 1


def test_two_honest_texts_that_both_arrived_before_the_first_webhook_are_two(
    stage: Stage,
) -> None:
    arrives(stage, "ms1")
    arrives(stage, "ms2")
    for _ in range(4):
        stage.post(yes(stage))
    assert recorded(stage) == 2


def test_two_honest_texts_whose_webhooks_come_at_the_same_moment_are_two(stage: Stage) -> None:
    arrives(stage, "ms1")
    arrives(stage, "ms2")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(stage.post, [yes(stage), yes(stage)]))
    assert {answer.status for answer in answers} == {200}
    assert recorded(stage) == 2


def test_an_equal_text_that_is_recorded_between_the_look_up_and_the_look_is_another_one(
    stage: Stage,
) -> None:
    arrives(stage, "ms1")
    arrives(stage, "ms2")
    looked: list[str] = []

    def second_look(effect: object, name: str) -> bool:
        looked.append(name)
        return looked.count("batch_get") == 3  # route, identify, and then this event's own rows

    once = Once(second_look, lambda: stage.post(yes(stage)))
    stage.world.before = once
    stage.post(yes(stage))
    assert once.happened
    assert recorded(stage) == 2


def test_one_text_whose_webhook_comes_many_times_at_the_same_moment_is_one(stage: Stage) -> None:
    arrives(stage, "ms1")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(stage.post, [yes(stage)] * 6))
    assert recorded(stage) == 1


def test_when_nobody_can_be_asked_redeliveries_within_the_hour_are_one(stage: Stage) -> None:
    fault = Fault(Kind.SERVER_ERROR_BEFORE, times=None, operation=Operation.LOOK_UP)
    stage.sandbox.program(fault)
    arrives(stage, "ms1")
    for _ in range(3):
        assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == 1
    stage.world.step(3 * 3600)
    assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == 2, "hours later it is another text"


def test_a_text_that_was_listed_is_known_again_while_nobody_can_be_asked(stage: Stage) -> None:
    arrives(stage, "ms1")
    assert stage.post(yes(stage)).status == 200
    fault = Fault(Kind.SERVER_ERROR_BEFORE, times=None, operation=Operation.LOOK_UP)
    stage.sandbox.program(fault)
    stage.world.step(50 * 60)
    assert stage.post(yes(stage)).code is Code.DUPLICATE_EVENT
    stage.world.step(50 * 60)
    assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == 2, "later than an hour it is another text"


def answers(stage: Stage, count: int) -> None:
    """Post the webhook of one text as often as this; none of its repetitions is another text."""
    before = recorded(stage)
    for _ in range(count):
        assert stage.post(yes(stage)).status == 200
    assert recorded(stage) == before + 1


@pytest.mark.parametrize("first_is_listed", [True, False])
def test_an_equal_text_hours_later_is_another_one_though_it_is_not_listed_yet(
    stage: Stage, first_is_listed: bool
) -> None:
    if first_is_listed:
        arrives(stage, "ms1")
        answers(stage, 2)
    else:
        answers(stage, 2)
        arrives(stage, "ms1")
    stage.world.step(5 * 3600)
    answers(stage, 2)
    arrives(stage, "ms2")
    assert stage.post(yes(stage)).code is Code.DUPLICATE_EVENT, "now it is listed, and the same"
    arrives(stage, "ms3")
    answers(stage, 2)
    assert recorded(stage) == 3


def test_a_text_that_nobody_lists_is_the_same_within_the_hour_also_in_the_next_one(
    stage: Stage,
) -> None:
    stage.world.step(55 * 60)
    answers(stage, 2)
    stage.world.step(10 * 60)
    assert stage.post(yes(stage)).code is Code.DUPLICATE_EVENT


def test_what_was_recorded_blindly_a_day_ago_stands_for_nothing_that_is_listed_today(
    stage: Stage,
) -> None:
    stage.world.step(60)
    answers(stage, 2)
    arrives(stage, "ms1")
    stage.world.step(24 * 3600 + 60)
    arrives(stage, "ms2")
    answers(stage, 2)
    assert {event.provider_message_id for event in stage.inbound()} == {None, "ms2"}


def test_the_newest_text_of_a_busy_contact_is_among_those_that_are_looked_at(
    stage: Stage,
) -> None:
    for number in range(100):
        stage.sandbox.inject(
            Injected(stage.scene.location, stage.scene.contact, "go on", message_id=f"x{number}")
        )
    stage.world.step(1)
    arrives(stage, "ms1")
    answers(stage, 2)
    arrives(stage, "ms2")
    answers(stage, 2)
    assert {event.provider_message_id for event in stage.inbound()} == {"ms1", "ms2"}


def test_what_was_recorded_blindly_stands_for_the_oldest_message(stage: Stage) -> None:
    stage.fail(Kind.SERVER_ERROR_BEFORE, operation=Operation.LOOK_UP)
    arrives(stage, "ms1")
    stage.post(yes(stage))
    stage.post(yes(stage))  # a redelivery, now that the provider can be asked
    assert recorded(stage) == 1
    arrives(stage, "ms2")
    stage.post(yes(stage))
    assert recorded(stage) == 2


def test_a_look_up_sends_nothing(stage: Stage) -> None:
    arrives(stage, "ms1")
    stage.post(yes(stage))
    assert [entry.operation for entry in stage.sandbox.ledger.requests()] == [Operation.LOOK_UP]
    assert stage.sandbox.ledger.sends() == []
