"""How often DynamoDB is asked. Counts are not noisy, so they are promises."""

from collections.abc import Iterator

import pytest

from system_sender.models import SHARDS, Campaign
from system_sender.result import SendOutcome
from tests.engine.stage import Stage


@pytest.fixture(autouse=True)
def shown(stage: Stage) -> Iterator[None]:
    """Shows what was asked where a promise is broken."""
    yield
    print(*stage.world.effects, sep="\n")


def test_a_first_send_by_draft_id_takes_at_most_four(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.world.effects.clear()
    assert stage.approve_and_send(draft.draft_id).outcome is SendOutcome.SENT
    assert stage.world.round_trips() <= 4


def test_a_replay_takes_one(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.send(draft.draft_id)
    stage.world.effects.clear()
    assert stage.approve_and_send(draft.draft_id).replayed
    assert stage.world.round_trips() == 1


def test_from_webhook_to_sent_takes_at_most_eight_for_a_known_lead(stage: Stage) -> None:
    assert stage.post(stage.text("Hello?")).fields["outcome"] == "sent"
    assert stage.world.round_trips() <= 8


def test_the_shared_path_of_a_marketplace_app_costs_one_more_at_most(stage: Stage) -> None:
    answer = stage.post(stage.text("Hello?"), pathParameters=None)
    assert answer.fields["outcome"] == "sent"
    assert stage.world.round_trips() <= 9


def test_from_webhook_to_sent_takes_at_most_ten_for_an_unknown_lead(stage: Stage) -> None:
    no_name_in_it = Campaign.reply_template.set("Thanks, we will call you.")
    stage.update(Campaign(f"{stage.scene.workspace}:autumn"), no_name_in_it)
    stranger = stage.text("Hello?", contact_id="stranger", **{"from": "+15550100077"})
    stage.world.effects.clear()
    assert stage.post(stranger).fields["outcome"] == "sent"
    assert stage.world.round_trips() <= 10


def test_the_shared_path_takes_at_most_ten_with_a_draft_to_supersede(stage: Stage) -> None:
    stage.scene.draft("old", due_at=stage.world.now() + 3_600_000)
    stage.world.effects.clear()
    answer = stage.post(stage.text("Hello?"), pathParameters=None)
    assert answer.fields["outcome"] == "sent"
    assert stage.world.round_trips() <= 10


def test_from_webhook_to_sent_takes_at_most_ten_with_a_draft_to_supersede(stage: Stage) -> None:
    old = stage.scene.draft("old", due_at=stage.world.now() + 3_600_000)
    stage.world.effects.clear()
    assert stage.post(stage.text("Hello?")).fields["outcome"] == "sent"
    assert stage.state(old.draft_id) == "superseded"
    assert stage.world.round_trips() <= 10


def test_a_persons_text_takes_no_more_because_the_lead_had_written_before_it(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    stage.world.effects.clear()
    stage.post(stage.human_text("Kim here, hello"))
    unasked = stage.world.round_trips()
    stage.post(stage.text("How much is it?"))
    stage.world.step(60)
    stage.world.effects.clear()
    stage.post(stage.human_text("It is twenty dollars."))
    assert stage.world.round_trips() == unasked


def test_a_duplicate_webhook_takes_few(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    stage.post(webhook)
    stage.world.effects.clear()
    assert stage.post(webhook).fields["replayed"] is True
    assert stage.world.round_trips() <= 3


def test_each_further_part_takes_two(stage: Stage) -> None:
    draft = stage.scene.draft(text="word " * 90)
    stage.world.effects.clear()
    assert stage.approve_and_send(draft.draft_id).outcome is SendOutcome.SENT
    assert len(stage.scene.sent_texts()) == 3
    assert stage.world.round_trips() <= 4 + 2 * 2


def test_a_sweep_without_work_costs_one_query_a_shard_and_index(stage: Stage) -> None:
    stage.world.effects.clear()
    stage.sweep()
    # What sends, what is asked, and what is parked.
    assert stage.world.round_trips() <= 5 * SHARDS
