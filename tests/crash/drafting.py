"""Models write the reply and judge it, and a person decides what they leave open."""

from dataclasses import replace

from pynamodb.expressions.update import Action

from devstack.sandbox.chat_models import ChatAnswer
from devstack.sandbox.slack import Posted
from devstack.sandbox.slack_interactions import buttons, save
from system_sender.drafting.judging import JUDGE, CampaignEvaluator
from system_sender.drafting.openai_compatible import OpenAiModel
from system_sender.drafting.writing import CampaignWriter
from system_sender.models import Campaign
from system_sender.slack.message import Action as Press
from system_sender.slack.question import AWAITING
from system_sender.states import DraftState
from system_sender.system import System
from system_sender.world import Effect
from tests.crash.faults import SILENCES, Fault
from tests.crash.stories import KIM, SAM, ReplyStory, SlackStory
from tests.crash.story import Verdict
from tests.support.scene import SIGNING_SECRET

_UNSURE = {
    "reason": "The price was not asked for.",
    "needs_review": True,
    "safe_to_send": False,
    "confidence": 0.4,
}


class ModelStory(SlackStory):
    """A model writes the reply, another finds it safe, and it leaves.

    When a model fails, people are asked in Slack, and write the text that is missing.
    """

    unsure = False
    text = "Hi Dana, thanks for your message. Does 2pm on Tuesday work for a short call?"

    def campaign_changes(self) -> list[Action]:
        return [
            Campaign.writer.set("openai"),
            Campaign.model.set("small-1"),
            Campaign.reply_template.remove(),
        ]

    def system(self, *, slow: int = 0) -> System:
        system = super().system(slow=slow)
        model = OpenAiModel(
            system.world, system.transport, system.secrets, system.settings.openai_base_url
        )
        models = {"openai": model}
        return replace(system, writer=CampaignWriter(models), evaluator=CampaignEvaluator(models))

    # --- the course

    def deliver(self) -> bool:
        """Let the lead write, the sweeps do what the webhook left, and people decide."""
        if not ReplyStory.deliver(self):
            return False
        self.sweep_until_quiet()
        question = self.question()
        if question is not None:
            self._answer(question)
        draft = self.rows().draft
        return draft is not None and draft.state not in AWAITING

    def question(self) -> Posted | None:
        """Return what is still to be decided in Slack, as it stands there now."""
        open_ones = [one for one in self.slack.messages() if buttons(one.blocks)]
        return open_ones[-1] if open_ones else None

    def _answer(self, question: Posted) -> None:
        """Let one person decide: send it as it is, or write what is missing first."""
        if Press.APPROVE in buttons(question.blocks):
            self.press(Press.APPROVE, question, SAM)
        else:
            self._write(question)
        self.let_it_go()

    def _write(self, question: Posted) -> None:
        forms = len(self.slack.views())
        self.press(Press.EDIT, question, KIM)
        for form in self.slack.views()[forms:]:
            now = self.world.now() / 1000
            self.interact(save(form, SIGNING_SECRET, user=KIM, at=now, text=self.text))

    # --- judging

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        verdict = super().judge(faults, final=final)
        draft = self.rows().draft
        if draft is None or draft.state != DraftState.SENT or draft.sent_by != "ai":
            return verdict
        if self._was_found_safe():
            return verdict
        problem = "it left, and neither a model nor a person found it safe"
        return replace(verdict, problems=(*verdict.problems, problem))

    def _was_found_safe(self) -> bool:
        return not self.unsure and any(
            boundary.effect is Effect.MODEL
            and boundary.name.endswith(JUDGE)
            and self.world.plan.get(boundary.number) not in SILENCES
            for boundary in self.world.trace
        )

    def unshown(self, faults: frozenset[Fault]) -> list[str]:
        """Find what people do not see as it is; what models let go, nobody is asked about."""
        return super().unshown(faults) if self.rows().review is not None else []


class UnsureModelStory(ModelStory):
    """A model writes the reply, another is unsure of it, and a person sends it from Slack."""

    unsure = True

    def seed(self) -> None:
        super().seed()
        self.world.sandbox.models.plan(
            ChatAnswer(content=_UNSURE, about="reply_to_judge", times=None)
        )
