"""The one request of a delivery: what breaks before the claim parks nothing, after it, it does."""

from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.providers import provider_named
from system_sender.result import SendOutcome
from system_sender.work import POSTPONED
from tests.engine.stage import Stage


def broken(*_arguments: Any, **_options: Any) -> Any:
    raise RuntimeError("a mistake")


def test_a_mistake_in_making_the_request_leaves_no_delivery_in_doubt(stage: Stage) -> None:
    draft = stage.scene.draft()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(provider_named("gohighlevel")), "send_request", broken)
        assert stage.sweep().codes == {"internal_error": 1}
    assert stage.messages() == []
    assert stage.sandbox.ledger.requests() == []
    assert stage.state(draft.draft_id) == "approved"
    stage.world.step(POSTPONED / 1000 + 1)
    assert stage.sweep().codes == {"sent": 1}


def test_a_mistake_in_the_second_part_takes_nothing_from_the_first(stage: Stage) -> None:
    draft = stage.scene.draft(text="word " * 60)
    provider = type(provider_named("gohighlevel"))
    make = provider.send_request

    def fails_later(*arguments: Any) -> Any:
        return (broken if stage.scene.sent_texts() else make)(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider, "send_request", fails_later)
        assert stage.sweep().codes == {"internal_error": 1}
    assert [row.state for row in stage.messages()] == ["sent", "queued"]
    for _ in range(3):
        stage.world.step(POSTPONED / 1000 + 1)
        stage.sweep()
    assert stage.state(draft.draft_id) == "sent"
    assert len(stage.scene.sent_texts()) == 2


def test_a_mistake_in_reading_the_answer_parks_the_delivery(stage: Stage) -> None:
    draft = stage.scene.draft()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(provider_named("gohighlevel")), "outcome", broken)
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.UNKNOWN, Code.INTERNAL_ERROR)
    assert stage.state(draft.draft_id) == "unknown"
    assert len(stage.scene.sent_texts()) == 1
