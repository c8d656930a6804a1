"""A stage whose workspace asks its people in Slack."""

from dataclasses import dataclass, field
from typing import Any

from devstack.sandbox.slack import Posted, Slack, SlackFault
from devstack.sandbox.slack_interactions import click, click_on, save
from devstack.sandbox.webhooks import Webhook
from system_sender.codes import Code
from system_sender.models import Draft, Review, Workspace
from system_sender.slack.interactions import SlackReply, handle
from system_sender.slack.message import Action
from system_sender.slack.reviewing import show_review
from system_sender.states import DraftState
from system_sender.sweep import send_and_show
from tests.engine.stage import Stage
from tests.support.scene import SIGNING_SECRET

CHANNEL = "C0APPROVALS"
SAM, KIM, STRANGER = "U0SAM", "U0KIM", "U0STRANGER"


@dataclass
class Asked:
    """The function that sends what is due, asked for by an interaction."""

    drafts: list[str] = field(default_factory=list)

    def go_now(self, draft_id: str) -> None:
        """Note that a draft is to be looked at."""
        self.drafts.append(draft_id)


@dataclass
class SlackStage:
    """Short words for what people and the sweep do about one draft."""

    stage: Stage
    cron: Asked = field(default_factory=Asked)

    def open(self, **columns: Any) -> "SlackStage":
        """Let the workspace ask in a channel, and let two people decide there."""
        values = {"slack_channel": CHANNEL, "slack_approvers": [SAM, KIM], **columns}
        actions = [getattr(Workspace, name).set(value) for name, value in values.items()]
        self.stage.update(Workspace(self.stage.scene.workspace), *actions)
        return self

    @property
    def slack(self) -> Slack:
        """Slack itself."""
        return self.stage.sandbox.slack

    # --- the sweep

    def hold(self, key: str = "hello", text: str = "Hi Dana, 2pm Tuesday?", **fields: Any) -> Draft:
        """Create a draft that a person must decide about."""
        held = {
            "state": DraftState.NEEDS_REVIEW,
            "sent_by": None,
            "confidence": 0.72,
            "code": Code.BELOW_THRESHOLD,
        }
        return self.stage.scene.draft(key, text, **{**held, **fields})

    def show(self, draft: Draft) -> Code:
        """Ask about a draft, as the sweep does."""
        return show_review(self.stage.system, draft.draft_id, self.stage.budget())

    def asked(self, **fields: Any) -> Draft:
        """Create a draft that people are asked about."""
        draft = self.hold(**fields)
        assert self.show(draft) is Code.REVIEW_SHOWN
        return draft

    def go(self) -> None:
        """Let the function run that an interaction asked for."""
        for draft_id in self.cron.drafts:
            send_and_show(self.stage.system, draft_id, self.stage.budget())
        self.cron.drafts.clear()

    def fail(self, fault: SlackFault) -> None:
        """Let Slack misbehave."""
        self.slack.program(fault)

    # --- people

    def post(self, webhook: Webhook, **changes: Any) -> SlackReply:
        """Let Slack post an interaction to the workspace's path."""
        event = {
            "headers": dict(webhook.headers),
            "body": webhook.body.decode("utf-8", "surrogateescape"),
            "isBase64Encoded": False,
            "pathParameters": {"workspace": self.stage.scene.workspace},
            **changes,
        }
        system = event.pop("system", self.stage.system)
        return handle(system, event, self.cron)

    @property
    def now(self) -> float:
        """The time, epoch seconds, UTC."""
        return self.stage.world.now() / 1000

    def clicked(self, action: Action, posted: Posted | None = None, user: str = SAM) -> Webhook:
        """Return a click on a message; by default on the only one as it stands there now."""
        posted = posted or self.question()
        return click_on(posted, action.value, SIGNING_SECRET, user=user, at=self.now)

    def press(self, action: Action, posted: Posted | None = None, user: str = SAM) -> SlackReply:
        """Press a button."""
        return self.post(self.clicked(action, posted, user))

    def press_told(self, user: str = SAM) -> SlackReply:
        """Press the button of what a person was told last."""
        told = self.slack.told()[-1]
        button = told["blocks"][-1]["elements"][0]
        return self.post(
            click(button, SIGNING_SECRET, channel=CHANNEL, ts=None, user=user, at=self.now)
        )

    def save(self, user: str = SAM, **written: str | None) -> SlackReply:
        """Save the form that was opened last."""
        view = self.slack.views()[-1]
        return self.post(save(view, SIGNING_SECRET, user=user, at=self.now, **written))

    # --- looking

    def question(self) -> Posted:
        """Return the only question, as it stands in the channel now."""
        (posted,) = self.slack.messages(CHANNEL)
        return posted

    def row(self, draft: Draft) -> Review:
        """Return the question's row."""
        row = self.stage.scene.store.get(Review, draft.draft_id)
        assert row is not None
        return row

    def draft(self, draft: Draft) -> Draft:
        """Return the draft's row now."""
        return self.stage.scene.draft_now(draft.draft_id)

    def told(self) -> list[str]:
        """Return what single people were told."""
        return [str(one["text"]) for one in self.slack.told()]


def words(posted: Posted) -> str:
    """Return everything that a message shows."""
    return str([block for block in posted.blocks if block["type"] != "actions"])


def buttons_of(posted: Posted) -> set[str]:
    """Return what the buttons of a message are called."""
    return {
        str(element["action_id"])
        for block in posted.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    }
