"""A question to a model: the instructions of a file, and the conversation as data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from system_sender.classification import Sentiment
from system_sender.drafting.conversation import MOST_CHARACTERS, Conversation
from system_sender.drafting.links import named_hosts

_FOLDER = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, and in which shape it must answer.

    Attributes:
        name: the file of the instructions without its ending: a name and a version.
        workspace: whose credentials pay for it.
        model: the model's own name at whoever runs it; may be empty.
        instructions: ours alone: nothing that a lead wrote is in them.
        data: the conversation, as JSON, so that nothing in it can look like an instruction of ours.
        schema: the answer's JSON Schema.
    """

    name: str
    workspace: str
    model: str
    instructions: str
    data: str
    schema: Mapping[str, Any]


def prompt_of(
    name: str, conversation: Conversation, schema: Mapping[str, Any], **more: str
) -> Prompt:
    """Return a question about a conversation.

    Args:
        more: what else it is about, beside the conversation.
    """
    document = {**_document(conversation), **more}
    return Prompt(
        name=name,
        workspace=conversation.inbound.workspace,
        model=conversation.campaign.model or "",
        instructions=_instructions(name),
        data=json.dumps(document, ensure_ascii=False),
        schema=schema,
    )


@cache
def _instructions(name: str) -> str:
    file = Template((_FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    return file.substitute(sentiments=", ".join(Sentiment))


def _document(conversation: Conversation) -> dict[str, Any]:
    workspace, campaign, lead = conversation.workspace, conversation.campaign, conversation.lead
    inbound = conversation.inbound
    return {
        "agency": workspace.name if workspace is not None else None,
        "campaign": campaign.name,
        "agency_notes": campaign.instructions,
        "allowed_links": named_hosts(conversation),
        "channel": inbound.channel,
        "lead": {"first_name": lead.first_name, "last_name": lead.last_name},
        "earlier_messages": [
            {"from": turn.by, "channel": turn.channel, "text": turn.text}
            for turn in conversation.turns
        ],
        "subject": inbound.subject,
        "latest_message": conversation.message[:MOST_CHARACTERS],
    }
