"""A lead on the way through two sequences, of which a person approves steps."""

from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.states import DraftState
from system_sender.word import settle_by_word
from tests.engine.stage import Stage
from tests.support.sequences import Winter

_STEP = {"day": 1, "channel": "sms", "approval": True}
_TWO_DAYS_ON = {"key": "later", "day": 3, "channel": "linkedin", "template": "And here, too"}


@pytest.fixture
def both(stage: Stage) -> tuple[str, str]:
    """Two drafts that wait for approval, one of each sequence, and their keys."""
    stage.scene.integrate("unipile")
    drafts = []
    for name in ("winter", "summer"):
        sequence = Winter(stage.scene, stage.system, name)
        step: dict[str, Any] = {**_STEP, "key": "hello", "template": f"A word of {name}"}
        sequence.write(step, _TWO_DAYS_ON).enrol()
        drafts.append(f"{stage.scene.workspace}:followup:{name}/dana:hello")
    stage.sweep()
    assert [stage.state(draft_id) for draft_id in drafts] == [DraftState.NEEDS_REVIEW] * 2
    return drafts[0], drafts[1]


def test_a_step_that_a_person_approved_leaves_none_of_another_sequence_behind(
    stage: Stage, both: tuple[str, str]
) -> None:
    first, second = both
    stage.approve_and_send(first, sent_by="setter")
    _the_other_is_asked_about_again_and_goes(stage, second)


def test_nor_does_one_that_left_by_a_persons_word(stage: Stage, both: tuple[str, str]) -> None:
    first, second = both
    stage.fail(Kind.RESET_AFTER)
    stage.approve_and_send(first, sent_by="setter")
    settle_by_word(stage.system, first, 0, sent=True, resend=False)
    _the_other_is_asked_about_again_and_goes(stage, second)


def _the_other_is_asked_about_again_and_goes(stage: Stage, second: str) -> None:
    refused = stage.approve_and_send(second, sent_by="setter")
    assert refused.code is Code.STALE_NEEDS_WORD
    stage.sweep()
    assert stage.approve_and_send(second, sent_by="setter").code is Code.SENT
    assert stage.scene.sent_texts() == ["A word of winter", "A word of summer"]
