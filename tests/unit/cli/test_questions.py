"""`sender reviews`: what people in Slack do not see, and why not."""

from typing import Any

from system_sender.codes import Code
from system_sender.models import Review
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender


def question(scene: Scene, key: str, **columns: Any) -> None:
    draft_id = f"acme:{key}"
    due = {"due_shard": "0", "due_at": scene.world.now(), "version": 1, **columns}
    scene.put(Review(draft_id, workspace="acme", **due))


def test_a_question_that_slack_refuses_is_listed_with_why(sender: Sender, scene: Scene) -> None:
    question(scene, "later", code="review_no_channel", attempts=3, due_at=2_000, message="1.0")
    question(scene, "first", code="review_missing_scope", attempts=1, due_at=1_000)

    first, later = sender.json("reviews")["reviews"]

    assert (first["draft_id"], first["code"], first["asked"]) == (
        "acme:first",
        "review_missing_scope",
        False,
    )
    assert first["sentence"] == Code.REVIEW_MISSING_SCOPE.sentence
    assert (later["attempts"], later["next_at"], later["asked"]) == (3, 2_000, True)
    shown = sender.says("reviews")
    assert "acme:first" in shown
    assert "add the scope it names" in shown


def test_what_is_shown_or_about_to_be_is_not_listed(sender: Sender, scene: Scene) -> None:
    question(scene, "due")
    scene.put(Review("acme:done", workspace="acme", version=1, shown_version=1))

    assert sender.json("reviews") == {"reviews": []}
    assert "Every question is shown" in sender.says("reviews")
