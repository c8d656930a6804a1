"""What an answer of Slack means. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from system_sender.codes import Code
from system_sender.slack.port import NoSlackAnswer, SlackAnswer

# When Slack wants a pause and does not say how long.
PAUSE_MILLISECONDS = 60_000
_LONGEST_PAUSE_SECONDS = 3600

# By Slack's own words; every other definite refusal is REVIEW_FAILED.
REFUSALS: Mapping[str, Code] = {
    **dict.fromkeys(
        ("missing_scope", "not_allowed_token_type", "no_permission"), Code.REVIEW_MISSING_SCOPE
    ),
    **dict.fromkeys(
        (
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "restricted_action",
            "restricted_action_read_only_channel",
        ),
        Code.REVIEW_NO_CHANNEL,
    ),
    **dict.fromkeys(
        (
            "invalid_auth",
            "not_authed",
            "account_inactive",
            "token_revoked",
            "token_expired",
            "access_denied",
            "org_login_required",
            "team_access_not_granted",
        ),
        Code.REVIEW_NOT_AUTHORIZED,
    ),
}
# After these, part of the work may have been done all the same.
UNCLEAR = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_WANT_A_PAUSE = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# Of an update: the message that it is about is no longer there to be changed.
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

_SLACKS_WORD = re.compile(r"[a-z_]{1,80}")


@dataclass(frozen=True, slots=True)
class Shown:
    """It was done. Of a message: where it stands, by Slack's ids."""

    channel: str
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It was definitely not done. `word` is Slack's own for why; `needed`, the missing scope."""

    code: Code
    word: str = ""
    needed: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it was done."""


@dataclass(frozen=True, slots=True)
class Later:
    """It was not done, and may be tried again from `until` on (epoch milliseconds, UTC)."""

    until: int


Outcome = Shown | Refused | Unknown | Later


def outcome_of(answer: SlackAnswer | NoSlackAnswer, now: int) -> Outcome:
    """Say what became of a call.

    Args:
        now: epoch milliseconds, UTC.
    """
    if isinstance(answer, NoSlackAnswer):
        return Unknown() if answer.began else Refused(Code.REVIEW_FAILED, "unreachable")
    word = answer.body.get("error")
    if answer.status == 429 or word in _WANT_A_PAUSE:
        return Later(now + _pause(answer.retry_after))
    if answer.status != 200:
        return Unknown()
    if answer.body.get("ok") is True:
        return _place(answer.body)
    if not isinstance(word, str) or not _SLACKS_WORD.fullmatch(word) or word in UNCLEAR:
        return Unknown()
    needed = answer.body.get("needed")
    return Refused(
        REFUSALS.get(word, Code.REVIEW_FAILED), word, needed if isinstance(needed, str) else ""
    )


def _place(body: Mapping[str, object]) -> Shown:
    """Return where a message stands; what is no message stands nowhere."""
    channel, message = body.get("channel"), body.get("ts")
    return Shown(
        channel if isinstance(channel, str) else "", message if isinstance(message, str) else ""
    )


def _pause(retry_after: str | None) -> int:
    """Return the pause in milliseconds."""
    if retry_after is None or not retry_after.isdecimal() or len(retry_after) > 9:
        return PAUSE_MILLISECONDS
    return 1000 * max(1, min(int(retry_after), _LONGEST_PAUSE_SECONDS))
