"""Leads Slack's calls into the in-process sandbox instead of a socket."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from devstack.sandbox.provider import Broken, Request
from devstack.sandbox.slack import PREFIX, Slack
from devstack.sandbox.wire import Break
from system_sender.slack.port import NoSlackAnswer, SlackAnswer
from tests.support.transport import TimedOut

# Slack takes only forms for what reads.
_READS = frozenset({"conversations.history"})


class SandboxSlack:
    """Hands a call to the sandbox in the encoding that Slack takes, as slack_sdk would."""

    def __init__(self, slack: Slack, *, timed_out: TimedOut | None = None) -> None:
        self._slack = slack
        self._timed_out = timed_out

    def call(
        self, method: str, arguments: Mapping[str, Any], *, token: str, seconds: float
    ) -> SlackAnswer | NoSlackAnswer:
        """Call a method; see :class:`system_sender.slack.port.SlackPort`."""
        answer = self._slack.handle(_request(method, arguments, token))
        if isinstance(answer, Broken):
            stalled = answer.how is not Break.RESET
            if stalled and self._timed_out is not None:
                self._timed_out(seconds, answer.resume)
            return NoSlackAnswer(began=True)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        body = json.loads(answer.body) if answer.body else {}
        return SlackAnswer(answer.status, body, headers.get("retry-after"))


def _request(method: str, arguments: Mapping[str, Any], token: str) -> Request:
    if method in _READS:
        kind, body = "application/x-www-form-urlencoded", urlencode(arguments)
    else:
        kind, body = "application/json;charset=utf-8", json.dumps(arguments)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"}
    return Request("POST", f"{PREFIX}{method}", headers=headers, body=body.encode())
