"""Judges whether a reply may go without a person: by the campaign's word, or by its model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from system_sender.codes import Code
from system_sender.drafting import fields
from system_sender.drafting.conversation import Conversation
from system_sender.drafting.model import Model, ask
from system_sender.drafting.prompt import prompt_of
from system_sender.drafting.writing import TEMPLATE, signature
from system_sender.telemetry import log

JUDGE = "judge.1"
# In the order in which a model should think: the reason first.
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string", "description": "One or two sentences for the people."},
        "needs_review": {"type": "boolean", "description": "Whether a person must look at it."},
        "safe_to_send": {"type": "boolean", "description": "Whether it may go as it is."},
        "confidence": {"type": "number", "description": "From 0 to 1."},
    },
    "required": ["reason", "needs_review", "safe_to_send", "confidence"],
    "additionalProperties": False,
}
_LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of a text.

    Attributes:
        confidence: 0 to 1.
        reason: for people; it may quote the conversation, so it is never logged.
        by: the template, or the model and its prompt.
    """

    confidence: float
    safe_to_send: bool
    needs_review: bool
    reason: str
    by: str


class Evaluator(Protocol):
    """Judges a text before it goes."""

    def judge(self, conversation: Conversation, text: str, *, seconds: float) -> Judgement | Code:
        """Return the judgement, or the code that says why there is none.

        Args:
            seconds: the total time limit.
        """
        ...


class CampaignEvaluator:
    """Lets the campaign say who judges.

    Args:
        models: by what a campaign calls its writer; the template needs none.
    """

    def __init__(self, models: Mapping[str, Model] | None = None) -> None:
        self._models = models or {}

    def judge(self, conversation: Conversation, text: str, *, seconds: float) -> Judgement | Code:
        """Return the judgement; see :class:`Evaluator`. A template's is the campaign's own."""
        campaign = conversation.campaign
        if campaign.writer == TEMPLATE:
            reason = "The campaign answers with this template."
            return Judgement(float(campaign.reply_confidence), True, False, reason, TEMPLATE)
        return _by_model(self._models.get(campaign.writer), conversation, text, seconds)


def _by_model(
    model: Model | None, conversation: Conversation, text: str, seconds: float
) -> Judgement | Code:
    prompt = prompt_of(JUDGE, conversation, SCHEMA, reply_to_judge=text)
    answer = ask(model, prompt, seconds=seconds)
    if isinstance(answer, Code):
        return answer
    try:
        return _judgement(answer, signature(conversation.campaign, JUDGE))
    except fields.Unusable as unusable:
        log.warning("answer_unusable", extra={"prompt": JUDGE, "problem": str(unusable)})
        return Code.MODEL_FAILED


def _judgement(answer: Mapping[str, Any], by: str) -> Judgement:
    fields.check_names(answer, SCHEMA["required"])
    judgement = Judgement(
        confidence=fields.share(answer, "confidence"),
        safe_to_send=fields.flag(answer, "safe_to_send"),
        needs_review=fields.flag(answer, "needs_review"),
        reason=fields.text(answer, "reason", longest=_LONGEST_REASON),
        by=by,
    )
    if judgement.safe_to_send and judgement.needs_review:
        raise fields.Unusable("The answer contradicts itself.")
    return judgement
