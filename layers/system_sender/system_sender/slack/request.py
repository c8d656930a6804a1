"""What Slack posts when a person clicks or saves: authenticated over its bytes, then read."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from system_sender.codes import Code
from system_sender.inbound import EventRefused
from system_sender.inbound_fields import mapping, required, storable
from system_sender.models import Workspace
from system_sender.slack.message import EDIT_FORM, SUBJECT_FIELD, TEXT_FIELD, Action

if TYPE_CHECKING:
    from system_sender.system import System
    from system_sender.webhook import WebhookRequest

# A click brings the whole message with it, encoded; none of ours is nearly as large.
LARGEST_BODY = 256 * 1024
_SIGNED = re.compile(r"v0=[0-9a-f]{64}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_LONGEST_ID = 64
_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{_LONGEST_ID}}}")
_MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Click:
    """A button that a person pressed.

    Attributes:
        user: Slack's id of the person.
        channel: where the message with the button stands.
        trigger_id: allows to open a form, for three seconds.
        seen: how many inbound and human messages the person was told of, where they order to send
            although the conversation moved on.
    """

    user: str
    action: Action
    draft_id: str
    revision: int
    channel: str
    trigger_id: str
    seen: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A form in which a person edited a draft."""

    user: str
    draft_id: str
    revision: int
    channel: str
    text: str
    subject: str | None


def authenticate(system: "System", request: "WebhookRequest", workspace: str) -> None:
    """Check Slack's signature of the raw bytes and its time, at most five minutes from ours.

    Raises:
        EventRefused: SIGNATURE_MISSING, SIGNATURE_INVALID or WORKSPACE_NOT_FOUND.
    """
    # Imported here: the layer's other functions should not pay for it.
    from slack_sdk.signature import Clock, SignatureVerifier

    class WorldClock(Clock):
        def now(self) -> float:
            return system.world.now() / 1000

    given = request.headers.get("x-slack-signature", "")
    sent_at = request.headers.get("x-slack-request-timestamp", "")
    if not given or not sent_at:
        raise EventRefused(Code.SIGNATURE_MISSING)
    # What is neither would make the library raise.
    if not _SIGNED.fullmatch(given) or not _SECONDS.fullmatch(sent_at):
        raise EventRefused(Code.SIGNATURE_INVALID)
    secret = _signing_secret(system, workspace)
    if not secret or not _is_text(request.body):
        raise EventRefused(Code.SIGNATURE_INVALID)
    if not SignatureVerifier(secret, WorldClock()).is_valid(request.body, sent_at, given):
        raise EventRefused(Code.SIGNATURE_INVALID)


def _signing_secret(system: "System", workspace: str) -> str | None:
    which = (workspace, "slack", "signing_secret")
    if not system.secrets.is_at_hand(*which) and system.store.get(Workspace, workspace) is None:
        # Strangers may invent names as they like, and the parameter store's quota is small.
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    return system.secrets.get(*which)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse(body: bytes) -> Click | Saved | None:
    """Read what a person did; None for what changes nothing here.

    Raises:
        EventRefused: BODY_NOT_JSON or BODY_WRONG, with which field is wrong.
    """
    payload = _payload(body)
    kind = required(payload, "type")
    if kind == "block_actions":
        return _click(payload)
    if kind == "view_submission":
        return _saved(payload)
    return None


def _payload(body: bytes) -> dict[str, Any]:
    try:
        fields = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
        value = json.loads(fields.get("payload", [""])[0])
    except (ValueError, RecursionError):
        raise EventRefused(Code.BODY_NOT_JSON) from None
    if not isinstance(value, dict):
        raise EventRefused(Code.BODY_NOT_JSON)
    return value


def _click(payload: Mapping[str, Any]) -> Click | None:
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    if not isinstance(action, dict) or action.get("action_id") not in list(Action):
        return None
    value = _object(required(action, "value"), "value")
    return Click(
        user=_id(mapping(payload, "user"), "id"),
        action=Action(action["action_id"]),
        draft_id=storable(required(value, "draft")),
        revision=_whole(value, "revision"),
        channel=_channel(payload),
        trigger_id=storable(required(payload, "trigger_id")),
        seen=_seen(value),
    )


def _channel(payload: Mapping[str, Any]) -> str:
    """Return the channel of a click; an ephemeral message names it in its container alone."""
    channel = mapping(payload, "channel")
    return _id(channel, "id") if channel else _id(mapping(payload, "container"), "channel_id")


def _seen(value: Mapping[str, Any]) -> tuple[int, int] | None:
    seen = value.get("seen")
    if not isinstance(seen, list) or len(seen) != 2:
        return None
    counts = {"inbound": seen[0], "human": seen[1]}
    return _whole(counts, "inbound"), _whole(counts, "human")


def _saved(payload: Mapping[str, Any]) -> Saved | None:
    view = mapping(payload, "view")
    if view.get("callback_id") != EDIT_FORM:
        return None
    about = _object(required(view, "private_metadata"), "private_metadata")
    values = mapping(mapping(view, "state"), "values")
    return Saved(
        user=_id(mapping(payload, "user"), "id"),
        draft_id=storable(required(about, "draft")),
        revision=_whole(about, "revision"),
        channel=_id(about, "channel"),
        text=_written(values, TEXT_FIELD) or "",
        subject=_written(values, SUBJECT_FIELD),
    )


def _written(values: Mapping[str, Any], field: str) -> str | None:
    """Return what was written into a field; Slack has null for nothing."""
    value = mapping(mapping(values, field), field).get("value")
    if value is None:
        return None
    if not isinstance(value, str):
        raise EventRefused(Code.BODY_WRONG, f"The form's {field} must be a text.")
    return storable(value)


def _object(text: str, name: str) -> dict[str, Any]:
    """Return what we gave Slack to bring back."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must hold a JSON object.")
    return value


def _id(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be an id of Slack.")
    return value


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be a whole number.")
    return value
