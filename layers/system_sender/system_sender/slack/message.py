"""How a question about a draft looks in Slack, before and after it is decided. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from system_sender.codes import Code, known_code
from system_sender.models import Draft, Lead
from system_sender.slack.question import Question, Word
from system_sender.states import DraftState

# Slack refuses a section of more than 3,000 characters, and all blocks together somewhere between
# 9,600 and 11,300: together these stay below 9,000.
_LONGEST_SECTION = 2_700
_LONGEST_DRAFT = 2 * _LONGEST_SECTION
_LONGEST_INBOUND = 1_000
_LONGEST_REASON = 300
_LONGEST_NAME = 100
# Slack refuses a form's field of more.
LONGEST_EDITED = 3_000

_CHANNELS = {"sms": "text message", "email": "e-mail", "linkedin": "LinkedIn"}
_SLACK_USER = "slack:"


class Action(StrEnum):
    """What the buttons are called in what Slack tells of a click."""

    APPROVE = "review_approve"
    APPROVE_ANYWAY = "review_approve_anyway"
    EDIT = "review_edit"
    REJECT = "review_reject"


# What Slack calls the form in which a draft is edited, and its fields.
EDIT_FORM = "review_edit"
TEXT_FIELD = "text"
SUBJECT_FIELD = "subject"


@dataclass(frozen=True, slots=True)
class Shape:
    """A message: its blocks, and the text of a notification, without what the lead wrote."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def escaped(text: str) -> str:
    """Return a text that Slack takes for nothing but text: no mention, no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def review_message(question: Question) -> Shape:
    """Return the message that asks about a draft, or that shows what became of it."""
    draft = question.draft
    title = _title(question)
    if question.is_open:
        state = "waits for a decision"
        ending = [_context(why(draft)), _buttons(draft)]
    else:
        state = "is decided"
        ending = [_section(status(draft, question.word))]
    blocks = [_section(f"*{title}*"), *_conversation(question), *_draft(question), *ending]
    return Shape(f"{title} {state}.", tuple(blocks))


def gone_message() -> Shape:
    """Return what is shown of a draft that was deleted."""
    text = "This draft was deleted."
    return Shape(text, (_section(text),))


def _title(question: Question) -> str:
    channel = _CHANNELS.get(question.draft.channel, question.draft.channel)
    title = f"Draft for {_name(question.lead)} ({channel}"
    campaign = question.campaign
    return f"{title}, {_short(str(campaign.name))})" if campaign is not None else f"{title})"


def _name(lead: Lead | None) -> str:
    names = (lead.first_name, lead.last_name) if lead is not None else ()
    return _short(" ".join(name for name in names if name)) or "a lead without a name"


def _short(name: str) -> str:
    return _shortened(name, _LONGEST_NAME)


def _shortened(text: str, most: int) -> str:
    """Return a text escaped and at most so long, never cut within an escape."""
    lengths = range(min(len(text), most), 0, -1)
    candidates = (escaped(cut(text, length)) for length in lengths)
    return next((one for one in candidates if len(one) <= most), "")


def cut(text: str, most: int) -> str:
    """Return a text that is at most so long; a cut one ends with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _conversation(question: Question) -> Iterator[dict[str, Any]]:
    if question.inbound is not None and question.inbound.text:
        yield _context("They wrote:")
        yield _plain(cut(question.inbound.text, _LONGEST_INBOUND))
    if question.newest is not None and question.newest.text:
        yield _context("*And since then, which the draft does not answer:*")
        yield _plain(cut(question.newest.text, _LONGEST_INBOUND))


def _draft(question: Question) -> Iterator[dict[str, Any]]:
    revision = question.revision
    if revision is None:
        yield _context("The text of the draft was erased.")
        return
    yield _context("The draft:")
    if revision.subject:
        yield _plain(f"Subject: {revision.subject}")
    text = str(revision.text)
    shown = text[:_LONGEST_DRAFT]
    for start in range(0, len(shown), _LONGEST_SECTION):
        yield _plain(shown[start : start + _LONGEST_SECTION])
    if len(text) > len(shown):
        yield _context(
            f"_Here end {len(shown):,} of {len(text):,} characters. The whole text:_ "
            f"`sender draft show {escaped(question.draft.draft_id)}`"
        )


def why(draft: Draft) -> str:
    """Say how sure the machine was, and why a person is asked."""
    words = []
    if draft.confidence is not None:
        words.append(f"*Confidence* {float(draft.confidence):.2f}.")
    words.append(known_code(draft.code, Code.AWAITING_PERSON).sentence)
    judgement = draft.judgement if isinstance(draft.judgement, dict) else {}
    reason = judgement.get("reason")
    if isinstance(reason, str) and reason:
        words.append(f"The evaluator: {_shortened(reason, _LONGEST_REASON)}")
    return " ".join(words)


def status(draft: Draft, word: Word | None) -> str:
    """Say in one line who decided about a draft, and what became of it."""
    state = DraftState(draft.state)
    sentence = known_code(draft.code, Code.AWAITING_PERSON).sentence
    happened = {
        DraftState.PENDING: f"It waits for a decision. {sentence}",
        DraftState.NEEDS_REVIEW: f"It waits for a decision. {sentence}",
        DraftState.APPROVED: _waiting(draft, sentence),
        DraftState.SENDING: "It is being sent.",
        DraftState.SENT: f"*Sent.* {sentence}",
        DraftState.FAILED: f"*Not sent.* {sentence}",
        DraftState.UNKNOWN: f"*It is not known whether it left.* {sentence} It is looked up, and "
        "never sent again by itself; `sender parked` shows it.",
        DraftState.SUPERSEDED: f"*Not sent.* {sentence}",
        DraftState.REJECTED: "*Rejected:* it will not be sent.",
    }[state]
    return f"{_deed(draft, word)} {happened}".strip()


def _deed(draft: Draft, word: Word | None) -> str:
    if word is not None:
        deeds = {
            DraftState.APPROVED: "Approved",
            DraftState.REJECTED: "Rejected",
            DraftState.PENDING: "Edited",
        }
        deed = deeds.get(word.state)
        return f"{deed} by {person(word.user)}." if deed else ""
    approved = draft.state not in (DraftState.PENDING, DraftState.NEEDS_REVIEW)
    return "Approved by the policy." if approved and draft.sent_by == "ai" else ""


def person(user: str) -> str:
    """Return how a person is called: a Slack user by their name there."""
    if user.startswith(_SLACK_USER):
        return f"<@{escaped(user.removeprefix(_SLACK_USER))}>"
    return escaped(user) or "a person"


def _waiting(draft: Draft, sentence: str) -> str:
    due = "" if draft.due_at is None else f" It is due {_moment(int(draft.due_at))}."
    return f"Not sent yet: {sentence}{due}"


def _moment(milliseconds: int) -> str:
    """Return a moment in the reader's own time zone; the fallback is in UTC."""
    seconds = milliseconds // 1000
    utc = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{seconds}^{{date_short_pretty}} at {{time}}|{utc}>"


# --- what a click brings back --------------------------------------------------------------------


def button_value(draft: Draft, lead: Lead | None = None) -> str:
    """Return what a button carries: the draft, its text's revision, and for an order to send
    although the conversation moved on, how far it had."""
    value: dict[str, Any] = {"draft": draft.draft_id, "revision": int(draft.revision)}
    if lead is not None:
        value["seen"] = [int(lead.inbound_count), int(lead.human_outbound_count)]
    return json.dumps(value, separators=(",", ":"))


def _buttons(draft: Draft) -> dict[str, Any]:
    value = button_value(draft)
    approve = [] if draft.incomplete else [_button(Action.APPROVE, "Approve and send", value)]
    edit = _button(Action.EDIT, "Edit", value)
    reject = _button(Action.REJECT, "Reject", value)
    if approve:
        approve[0]["style"] = "primary"
    reject["style"] = "danger"
    return {"type": "actions", "elements": [*approve, edit, reject]}


def _button(action: Action, text: str, value: str) -> dict[str, Any]:
    label = {"type": "plain_text", "text": text}
    return {"type": "button", "action_id": action.value, "text": label, "value": value}


def send_anyway(draft: Draft, lead: Lead, newest: str | None) -> tuple[dict[str, Any], ...]:
    """Return what is shown to whoever approves a draft that the conversation has overtaken."""
    words = [_section(Code.STALE_NEEDS_WORD.sentence)]
    if newest:
        words += [_context("The newest message:"), _plain(cut(newest, _LONGEST_INBOUND))]
    button = _button(Action.APPROVE_ANYWAY, "Send anyway", button_value(draft, lead))
    return (*words, {"type": "actions", "elements": [{**button, "style": "danger"}]})


def edit_form(draft: Draft, text: str, subject: str | None, channel: str) -> dict[str, Any]:
    """Return the form in which a draft is edited.

    Args:
        channel: where the question stands, for what is to be said about it later.
    """
    fields = [_field(TEXT_FIELD, "Text", text, multiline=True, longest=LONGEST_EDITED)]
    if draft.channel == "email":
        field = _field(SUBJECT_FIELD, "Subject", subject or "", multiline=False, longest=255)
        fields.insert(0, {**field, "optional": True})
    note = "Saving sends nothing: approve the new text in the channel."
    return {
        "type": "modal",
        "callback_id": EDIT_FORM,
        "private_metadata": json.dumps(
            {"draft": draft.draft_id, "revision": int(draft.revision), "channel": channel}
        ),
        "title": {"type": "plain_text", "text": "Edit the draft"},
        "submit": {"type": "plain_text", "text": "Save"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [*fields, _context(note)],
    }


def _field(name: str, label: str, value: str, *, multiline: bool, longest: int) -> dict[str, Any]:
    element: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": multiline,
        "max_length": longest,
    }
    if value:
        element["initial_value"] = value
    return {
        "type": "input",
        "block_id": name,
        "label": {"type": "plain_text", "text": label},
        "element": element,
    }


# --- blocks --------------------------------------------------------------------------------------


def _section(markdown: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": markdown}}


def _plain(text: str) -> dict[str, Any]:
    """Return a text exactly as it is: nothing in it mentions, links or formats."""
    # Slack refuses a text of nothing but white space.
    shown = text if text.strip() else "(empty)"
    return {"type": "section", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def _context(markdown: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": markdown}]}
