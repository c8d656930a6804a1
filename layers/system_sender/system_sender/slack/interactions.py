"""The door for people's clicks in Slack: authenticate, authorise, write, answer; nothing is sent.

Slack waits three seconds, and shows the person an error for any answer but 200. So the writes come
first, and what is said in Slack afterwards may fail without harm: the sweep shows the draft as it
is, within a minute.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from system_sender.codes import Code
from system_sender.going import Cron
from system_sender.inbound import EventRefused
from system_sender.models import Workspace, is_identifier, workspace_of
from system_sender.secrets import SecretUnavailable
from system_sender.slack.conversation import Conversation
from system_sender.slack.deciding import Decision, decide, save, to_be_edited
from system_sender.slack.message import LONGEST_EDITED, TEXT_FIELD, Action, edit_form
from system_sender.slack.outcome import Shown
from system_sender.slack.request import LARGEST_BODY, Click, Saved, authenticate, parse
from system_sender.store import StorageError
from system_sender.telemetry import log
from system_sender.webhook import WebhookRequest

if TYPE_CHECKING:
    from system_sender.system import System

# What is left of the three seconds for a word to the person.
_CALL_SECONDS = 1.5
_WORKSPACE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_STATUS = {
    Code.SIGNATURE_MISSING: 401,
    Code.SIGNATURE_INVALID: 401,
    Code.WORKSPACE_NOT_FOUND: 404,
    Code.FORBIDDEN: 403,
    Code.BODY_TOO_LARGE: 413,
    Code.BODY_NOT_JSON: 400,
    Code.BODY_WRONG: 400,
}


@dataclass(frozen=True, slots=True)
class SlackReply:
    """An answer to Slack. `body` is what it does with an open form; empty: nothing."""

    status: int
    code: Code
    body: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""

    def to_api_gateway(self) -> dict[str, Any]:
        """Return the REST API proxy response."""
        headers = {"Content-Type": "application/json"}
        if self.status == 200:
            body = json.dumps(self.body) if self.body else ""
            return {"statusCode": 200, "headers": headers, "body": body}
        sentence = f"{self.code.sentence} {self.detail}".strip()
        message = json.dumps({"code": self.code.value, "message": sentence})
        return {"statusCode": self.status, "headers": headers, "body": message}


def handle(system: "System", event: Mapping[str, Any], cron: Cron) -> SlackReply:
    """Answer one request of Slack: 200 only once what the person decided is durable.

    Args:
        event: a REST API proxy event.
        cron: is asked to send or show at once what a click changed.
    """
    try:
        reply = _answer(system, WebhookRequest.of_api_gateway(event), cron)
    except EventRefused as refusal:
        log.warning("slack_refused", extra={"code": refusal.code.value})
        return SlackReply(_STATUS[refusal.code], refusal.code, detail=refusal.detail)
    except StorageError as error:
        # Slack shows that it went wrong, and the same click again is safe.
        log.error("slack_not_stored", extra={"error": type(error).__name__})
        return SlackReply(503, Code.STORAGE_TROUBLE)
    log.info("slack_answered", extra={"code": reply.code.value})
    return reply


def _answer(system: "System", request: WebhookRequest, cron: Cron) -> SlackReply:
    if len(request.body) > LARGEST_BODY:
        raise EventRefused(Code.BODY_TOO_LARGE)
    name = request.workspace
    if name is None or not _WORKSPACE.fullmatch(name):
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    authenticate(system, request, name)
    done = parse(request.body)
    if done is None:
        return SlackReply(200, Code.EVENT_IGNORED)
    if not is_identifier(done.draft_id) or workspace_of(done.draft_id) != name:
        raise EventRefused(Code.FORBIDDEN)
    workspace = system.store.get(Workspace, name)
    if workspace is None:
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    may = is_approver(workspace, done.user)
    if isinstance(done, Saved):
        return _save(system, done, cron, may=may)
    return _click(system, workspace, done, cron, may=may)


def is_approver(workspace: Workspace, user: str) -> bool:
    """Say whether a Slack user may decide; where nobody is named, nobody may."""
    approvers = workspace.slack_approvers
    return isinstance(approvers, list) and user in approvers


# --- a button ------------------------------------------------------------------------------------


def _click(
    system: "System", workspace: Workspace, click: Click, cron: Cron, *, may: bool
) -> SlackReply:
    if not may:
        decision = Decision(Code.NOT_AN_APPROVER, told=Code.NOT_AN_APPROVER.sentence)
    elif click.action is Action.EDIT:
        decision = _open_form(system, workspace, click)
    else:
        decision = decide(system, click)
    if decision.changed:
        cron.go_now(click.draft_id)
    if decision.told:
        _tell(system, workspace, click, decision)
    return SlackReply(200, decision.code)


def _open_form(system: "System", workspace: Workspace, click: Click) -> Decision:
    wanted = to_be_edited(system, click)
    if isinstance(wanted, Decision):
        return wanted
    draft, revision = wanted
    if len(revision.text) > LONGEST_EDITED:
        told = (
            f"Slack's forms end at {LONGEST_EDITED:,} characters, and this draft is longer; edit "
            "it with `sender draft edit`, or reject it."
        )
        return Decision(Code.TEXT_TOO_LONG, told=told)
    slack = _conversation(system, workspace)
    form = edit_form(draft, str(revision.text), revision.subject, click.channel)
    outcome = slack.open_view(click.trigger_id, form) if slack is not None else None
    if isinstance(outcome, Shown):
        return Decision(Code.REVIEW_SHOWN)
    return Decision(Code.REVIEW_FAILED, told="The form could not be opened; click Edit again.")


def _tell(system: "System", workspace: Workspace, click: Click, decision: Decision) -> None:
    """Tell the person who clicked; they alone see it. What is durable does not depend on it."""
    slack = _conversation(system, workspace)
    outcome = None
    if slack is not None:
        outcome = slack.tell(click.channel, click.user, decision.told, decision.blocks)
    if not isinstance(outcome, Shown):
        fields = {"draft_id": click.draft_id, "code": decision.code.value}
        log.warning("slack_person_not_told", extra=fields)


def _conversation(system: "System", workspace: Workspace) -> Conversation | None:
    try:
        token = system.secrets.get(str(workspace.workspace), "slack", "token")
    except SecretUnavailable:
        return None
    return None if token is None else Conversation(system, token, seconds=_CALL_SECONDS)


# --- a form --------------------------------------------------------------------------------------


def _save(system: "System", saved: Saved, cron: Cron, *, may: bool) -> SlackReply:
    if not may:
        return _mistaken(TEXT_FIELD, Code.NOT_AN_APPROVER)
    mistake = save(system, saved)
    if mistake is not None:
        return _mistaken(mistake.field, mistake.code)
    cron.go_now(saved.draft_id)
    return SlackReply(200, Code.AWAITING_PERSON)


def _mistaken(field_name: str, code: Code) -> SlackReply:
    """Keep the form open, with what is wrong at the field that it is about."""
    errors = {"response_action": "errors", "errors": {field_name: code.sentence}}
    return SlackReply(200, code, errors)
