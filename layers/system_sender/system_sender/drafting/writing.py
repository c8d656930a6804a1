"""Writes the reply to a message: by the campaign's template, or by its model."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any, Protocol

from system_sender.codes import Code
from system_sender.drafting import fields
from system_sender.drafting.conversation import Conversation
from system_sender.drafting.model import Model, ask
from system_sender.drafting.prompt import prompt_of
from system_sender.models import Campaign
from system_sender.telemetry import log
from system_sender.text_parts import LONGEST

TEMPLATE = "template"
WRITE = "write.1"
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "sentiment": {
            "type": "string",
            "description": "How the lead's latest message sounds, in one of the words given.",
        },
        "text": {"type": "string", "description": "The whole reply, ready to be sent."},
    },
    "required": ["sentiment", "text"],
    "additionalProperties": False,
}
# No channel takes more; what is longer is no reply, and too large to keep.
_LONGEST_TEXT = max(LONGEST.values())
_LONGEST_SENTIMENT = 60


@dataclass(frozen=True, slots=True)
class Written:
    """A text in answer to a message.

    Attributes:
        sentiment: how the message sounds to whoever wrote the answer; None where nobody says.
        by: the template, or the model and its prompt.
        hold: why a person must look at it, whatever is thought of it.
    """

    text: str
    sentiment: str | None
    by: str
    hold: Code | None = None


class DraftWriter(Protocol):
    """Writes the reply to an inbound message."""

    def write(self, conversation: Conversation, *, seconds: float) -> Written | Code:
        """Return the reply, or the code that says why a person must write it.

        Args:
            seconds: the total time limit.
        """
        ...


class CampaignWriter:
    """Lets the campaign say who writes.

    Args:
        models: by what a campaign calls its writer; the template needs none.
    """

    def __init__(self, models: Mapping[str, Model] | None = None) -> None:
        self._models = models or {}
        self._template = TemplateWriter()

    def write(self, conversation: Conversation, *, seconds: float) -> Written | Code:
        """Return the reply; see :class:`DraftWriter`."""
        writer = conversation.campaign.writer
        if writer == TEMPLATE:
            return self._template.write(conversation, seconds=seconds)
        return _by_model(self._models.get(writer), conversation, seconds)


class TemplateWriter:
    """Fills the campaign's reply template, in the syntax of Python's `string.Template`."""

    def write(
        self,
        conversation: Conversation,
        *,
        seconds: float,  # noqa: ARG002 - a template takes no time
    ) -> Written | Code:
        """Return the filled template. One that lacks a value is held, to be edited by a person."""
        lead, campaign = conversation.lead, conversation.campaign
        if not campaign.reply_template:
            return Code.NO_REPLY_TEMPLATE
        values = {"first_name": lead.first_name, "last_name": lead.last_name}
        known = {name: value for name, value in values.items() if value}
        template = Template(campaign.reply_template)
        try:
            return Written(template.substitute(known), None, TEMPLATE)
        except (KeyError, ValueError):
            unfilled = template.safe_substitute(known)
            return Written(unfilled, None, TEMPLATE, hold=Code.TEMPLATE_VARIABLE_MISSING)


def writes_by_model(campaign: Campaign) -> bool:
    """Say whether the campaign's replies are not a template's."""
    return bool(campaign.writer != TEMPLATE)


def has_writer(campaign: Campaign) -> bool:
    """Say whether anything but a person could write the campaign's replies."""
    return writes_by_model(campaign) or bool(campaign.reply_template)


def signature(campaign: Campaign, prompt: str) -> str:
    """Return which model did it, by which prompt."""
    return f"{campaign.writer}:{campaign.model} {prompt}"


def _by_model(model: Model | None, conversation: Conversation, seconds: float) -> Written | Code:
    answer = ask(model, prompt_of(WRITE, conversation, SCHEMA), seconds=seconds)
    if isinstance(answer, Code):
        return answer
    try:
        fields.check_names(answer, SCHEMA["required"])
        text = fields.text(answer, "text", longest=_LONGEST_TEXT)
        sentiment = fields.text(answer, "sentiment", longest=_LONGEST_SENTIMENT)
    except fields.Unusable as unusable:
        log.warning("answer_unusable", extra={"prompt": WRITE, "problem": str(unusable)})
        return Code.MODEL_FAILED
    return Written(text, sentiment or None, signature(conversation.campaign, WRITE))
