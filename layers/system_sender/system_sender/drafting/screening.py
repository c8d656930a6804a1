"""The rules that no model can talk past: what may never leave without a person. Pure."""

import re
import unicodedata

from system_sender.codes import Code
from system_sender.drafting.conversation import Conversation
from system_sender.drafting.injection import speaks_to_machine
from system_sender.drafting.language import is_in_another_language
from system_sender.drafting.links import invents_link
from system_sender.text_parts import parts_of

_PLACEHOLDER = re.compile(
    r"\{[^{}\n]{0,80}\}|\{\{|\}\}|\{%|%\}|"
    r"\[[ \t]{0,3}[^\W\d_][^\[\]\n]{0,80}\]|"
    r"<[ \t]{0,3}[^\W\d_][^<>\n]{0,80}>|"
    r"\$\{?[A-Za-z_]\w*|%[A-Za-z_]\w*%|\*\||\|\*|_{3,}|\b__\w|"
    r"\b(?i:lorem|ipsum)\b|\b(?i:x{3,})\b|\bXX+(?:[:/.-]XX+)*\b|"
    r"\b(?:INSERT|TBD|TBC|TODO|FIXME)\b|\b(?i:placeholder)\b|"
    r"\b(?i:insert|enter|add|fill in)\b(?i:[^.!?\n]{0,40}\bhere\b)|"
    r"^[ \t]{0,20}(?i:your|my|our|first|last|full|company|agent|sender) "
    r"(?i:name|title|company)\W{0,20}$|"
    r"\b(?:undefined|NaN)\b",
    re.MULTILINE,
)


def screen(conversation: Conversation, text: str | None) -> Code | None:
    """Return the first reason why a person must look at a reply, or None.

    Args:
        text: the reply; None where there is none, and only the message is looked at.
    """
    if _is_addressed_to_machine(conversation):
        return Code.SUSPECTED_INJECTION
    return _screen_text(conversation, text) if text is not None else None


def _is_addressed_to_machine(conversation: Conversation) -> bool:
    """Say whether the lead speaks to the machine, now or earlier: a model reads all of it."""
    return any(map(speaks_to_machine, conversation.said_by_lead))


def _screen_text(conversation: Conversation, text: str) -> Code | None:
    refusal = parts_of(conversation.inbound.channel, text).refusal
    if refusal is not None:
        return refusal
    if has_placeholder(text):
        return Code.PLACEHOLDER
    if invents_link(text, conversation):
        return Code.INVENTED_LINK
    said = [turn.text for turn in conversation.turns] + [conversation.message]
    if is_in_another_language(text, said):
        return Code.WRONG_LANGUAGE
    return None


def has_placeholder(text: str) -> bool:
    """Say whether something in a text stands for what was to be filled in."""
    folded = unicodedata.normalize("NFKC", text)
    return bool(_PLACEHOLDER.search(folded))
