"""What Slack posts when a person clicks a button or saves a form, signed and ready to post."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from devstack.sandbox.slack import Posted
from devstack.sandbox.webhooks import Webhook

# Ids as Slack makes them.
USER, TEAM, TRIGGER = "U01SAMEXMPL", "T01EXAMPLE", "1709391900.123.abcdef0123456789"


def signed(body: bytes, secret: str, at: float | None = None, **headers: str) -> Webhook:
    """Any bytes under their true signature, sent at `at` (epoch seconds, UTC; default: now)."""
    sent_at = str(int(time.time() if at is None else at))
    base = b"v0:" + sent_at.encode() + b":" + body
    signature = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return Webhook(
        body,
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": sent_at,
            "X-Slack-Signature": f"v0={signature}",
            **headers,
        },
    )


def payload(values: Mapping[str, Any], secret: str, at: float | None = None) -> Webhook:
    """A payload as Slack posts it: the one field of a form."""
    return signed(urlencode({"payload": json.dumps(values)}).encode(), secret, at)


def buttons(blocks: Any) -> dict[str, Mapping[str, Any]]:
    """The buttons of a message by what they are called."""
    return {
        button["action_id"]: button
        for block in blocks
        if block["type"] == "actions"
        for button in block["elements"]
    }


def click(
    button: Mapping[str, Any],
    secret: str,
    *,
    channel: str,
    ts: str | None = "1709391845.000100",
    user: str = USER,
    at: float | None = None,
) -> Webhook:
    """A person presses a button; without `ts`, of a message that they alone see."""
    container: dict[str, Any] = {"type": "message", "channel_id": channel, "is_ephemeral": not ts}
    values: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": user, "username": "sam", "name": "sam", "team_id": TEAM},
        "api_app_id": "A01EXAMPLE",
        "token": "deprecated",
        "container": container,
        "trigger_id": TRIGGER,
        "team": {"id": TEAM, "domain": "example"},
        "channel": {"id": channel, "name": "approvals"},
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T01EXAMPLE/1/x",
        "actions": [
            {**button, "type": "button", "block_id": "b1", "action_ts": "1709391900.123456"}
        ],
    }
    if ts is not None:
        container["message_ts"] = ts
        values["message"] = {"type": "message", "ts": ts}
    return payload(values, secret, at)


def click_on(posted: Posted, action: str, secret: str, **options: Any) -> Webhook:
    """A person presses a button of a message that stands in a channel.

    Raises:
        KeyError: the message has no such button.
    """
    button = buttons(posted.blocks)[action]
    return click(button, secret, channel=posted.channel, ts=posted.ts, **options)


def save(
    view: Mapping[str, Any],
    secret: str,
    *,
    user: str = USER,
    at: float | None = None,
    **written: str | None,
) -> Webhook:
    """A person saves a form with what is written into its fields."""
    values = {
        name: {name: {"type": "plain_text_input", "value": value}}
        for name, value in written.items()
    }
    submitted = {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "example"},
        "user": {"id": user, "username": "sam", "name": "sam", "team_id": TEAM},
        "api_app_id": "A01EXAMPLE",
        "token": "deprecated",
        "trigger_id": TRIGGER,
        "view": {
            "id": "V01EXAMPLE",
            "team_id": TEAM,
            "type": "modal",
            "callback_id": view["callback_id"],
            "private_metadata": view["private_metadata"],
            "state": {"values": values},
            "hash": "1709391900.abcdef",
        },
        "response_urls": [],
    }
    return payload(submitted, secret, at)
