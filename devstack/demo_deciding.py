"""The demo's chapters about deciding: a delay, a model that is unsure, people in Slack, a stop, and
hours in which nobody is texted.
"""

import json
from dataclasses import dataclass
from typing import Any

import requests

from devstack import demo_zones, paths
from devstack.demo_people import IVY, RUTH, SAM, TARA, WORKSPACE
from devstack.demo_stage import DemoError, Stage
from devstack.sandbox.chat_models import ChatAnswer
from devstack.sandbox.slack import Posted
from devstack.sandbox.slack_interactions import click_on

SEED = paths.PROJECT / "devstack" / "seeds" / "deciding.json"
CHANNEL = "C0123456789"
SIGNING_SECRET = "demo-signing-secret"
_UNSURE = {
    "reason": "The lead asks for a price, and the notes say never to promise one.",
    "needs_review": True,
    "safe_to_send": False,
    "confidence": 0.55,
}


@dataclass
class Deciding:
    """What is begun early, and what became of it later."""

    stage: Stage

    def begin(self) -> None:
        """Let four people be in four situations, which take their time."""
        stage = self.stage
        stage.title("Deciding: a reply that waits, one that is unsure, a stop, a night")
        stage.sender("seed", str(SEED.relative_to(paths.PROJECT)))
        stage.secrets(
            ("openai", "token", "demo-token"),
            ("slack", "token", "demo-token"),
            ("slack", "signing_secret", SIGNING_SECRET),
        )
        self._delay()
        self._ask_a_model()
        self._stop()
        self._sleep()

    def _delay(self) -> None:
        stage = self.stage
        told = stage.tell(stage.says(IVY, "Is Thursday possible?"))
        if told.get("outcome_code") != "delayed":
            raise DemoError(f"Ivy's reply did not wait: {told}")
        stage.expect(IVY, 0)
        stage.say("A confident reply waits 20 seconds here, 3 to 7 minutes by default.")

    def _ask_a_model(self) -> None:
        stage = self.stage
        stage.sandbox.plan(ChatAnswer(content=_UNSURE, about="reply_to_judge", times=None))
        stage.tell(stage.says(RUTH, "Can you promise it stays below 100 dollars?"))
        stage.say("A model writes to Ruth, and another look at it judges: by the next sweep.")

    def _stop(self) -> None:
        stage = self.stage
        told = stage.tell(stage.says(SAM, "Please STOP texting me!"))
        if told.get("work") != "opted_out":
            raise DemoError(f"Sam's stop was not understood: {told}")
        stage.expect(SAM, 0)

    def _sleep(self) -> None:
        stage, rows = self.stage, demo_zones.seed()
        seed = paths.RUN / "demo-zones.json"
        seed.parent.mkdir(parents=True, exist_ok=True)
        seed.write_text(json.dumps(rows))
        stage.sender("seed", str(seed.relative_to(paths.PROJECT)))
        zone = rows["leads"][0]["time_zone"]
        stage.say(f"Tara is in {zone}, at night: nobody is texted unasked at this hour.")

    def show(self) -> None:
        """Show what became of the four, and let a person decide in Slack."""
        stage = self.stage
        stage.title("What was decided meanwhile")
        stage.until(lambda: len(stage.accepted(IVY)) == 1, 90)
        stage.expect(IVY, 1)
        stage.expect(SAM, 0)
        shown = stage.draft(f"{WORKSPACE}:hello-tara")
        if shown["code"] != "quiet_hours":
            raise DemoError(f"Tara's text is not held by quiet hours, but by {shown['code']}.")
        stage.expect(TARA, 0)
        stage.say(f"Tara's waits: [yellow]{shown['code']}[/yellow], until {shown['due_at']}")
        self._decide()

    def _decide(self) -> None:
        stage = self.stage
        stage.title("Slack: the unsure reply is asked about, approved there, and sent")
        posted = self._question("review_approve")
        for line in _lines(posted):
            stage.say(f"[dim]│[/dim] {line}")
        stage.expect(RUTH, 0)
        stage.say("Sam, an approver, clicks [bold]Approve and send[/bold], twice.")
        for _ in range(2):
            webhook = click_on(posted, "review_approve", SIGNING_SECRET)
            answer = requests.post(
                stage.system.slack_url(WORKSPACE),
                data=webhook.body,
                headers=dict(webhook.headers),
                timeout=60,
            )
            stage.say(f"HTTP {answer.status_code}")
        stage.until(lambda: len(stage.accepted(RUTH)) == 1, 90)
        stage.expect(RUTH, 1)
        told = self._question(None)
        stage.say(f"The message in Slack now says: [bold]{_lines(told)[-1]}[/bold]")

    def _question(self, action: str | None) -> Posted:
        """Wait for the question in the channel, with that button or with none."""
        stage = self.stage

        def is_there() -> bool:
            posted = stage.sandbox.slack_messages(CHANNEL)
            return bool(posted) and _has_button(posted[0], action)

        stage.until(is_there, 150)
        (posted,) = stage.sandbox.slack_messages(CHANNEL)
        return posted


def _has_button(posted: Posted, action: str | None) -> bool:
    buttons = [
        element["action_id"]
        for block in posted.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    return not buttons if action is None else action in buttons


def _lines(posted: Posted) -> list[str]:
    """Return the lines of a message as people read them."""
    return [line for block in posted.blocks for text in _texts(block) for line in text.splitlines()]


def _texts(block: Any) -> list[str]:
    if "text" in block:
        return [str(block["text"]["text"])]
    return [
        str(element["text"]) for element in block.get("elements", ()) if "action_id" not in element
    ]
