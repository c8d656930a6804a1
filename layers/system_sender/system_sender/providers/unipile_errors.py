"""What Unipile's errors mean: which are final, which close one way only, which say nothing.

An error is {"status", "type": "errors/...", "title", "detail"}. The types are those of the
published reference; `recipient_cannot_be_reached` is in the guides, and what has been seen live
in its place is `no_connection_with_recipient` and `invalid_recipient`. The words, for an answer
without a type that is known here, are as users report them.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from system_sender.answers import AnswerTable, ErrorText, read_json, refusal, retry_after
from system_sender.codes import Code
from system_sender.letter import Letter
from system_sender.linkedin import INMAIL, INVITATION
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.transport import Answer

CHAT: Final = "chat"
DIRECT: Final = "direct"

_DUPLICATES = ("errors/action_already_performed",)
_ANYWHERE = (
    ErrorText("errors/too_many_characters", Code.TEXT_TOO_LONG),
    ErrorText("errors/unsupported_media_type", Code.REJECTED_BY_PROVIDER),
)
_UNREACHABLE = (
    "errors/recipient_cannot_be_reached",
    "errors/no_connection_with_recipient",
    "errors/user_unreachable",
    "errors/invalid_recipient",
    "recipient cannot be reached",
    "first degree connection",
    "1st-degree connection",
    "not connected",
)
_NO_CREDITS = (
    "errors/insufficient_credits",
    "errors/not_allowed_inmail",
    "errors/feature_not_subscribed",
    "errors/subscription_required",
    "errors/resource_access_restricted",
    "credit",
    "balance",
)


def _errors(code: Code, *texts: str) -> tuple[ErrorText, ...]:
    return tuple(ErrorText(text, code) for text in texts)


_TABLES: Mapping[str, AnswerTable] = {
    CHAT: AnswerTable(
        errors=(*_ANYWHERE, *_errors(Code.NOT_CONNECTED, *_UNREACHABLE)),
        duplicates=_DUPLICATES,
        statuses={404: Code.THREAD_NOT_FOUND, 402: Code.PAYMENT_REQUIRED},
    ),
    DIRECT: AnswerTable(
        errors=(*_ANYWHERE, *_errors(Code.NOT_CONNECTED, *_UNREACHABLE)),
        duplicates=_DUPLICATES,
        statuses={404: Code.PROFILE_NOT_FOUND, 402: Code.PAYMENT_REQUIRED},
    ),
    INMAIL: AnswerTable(
        errors=(*_ANYWHERE, *_errors(Code.NO_INMAIL, *_NO_CREDITS, *_UNREACHABLE)),
        duplicates=_DUPLICATES,
        statuses={404: Code.PROFILE_NOT_FOUND, 402: Code.NO_INMAIL},
    ),
    INVITATION: AnswerTable(
        errors=(
            *_ANYWHERE,
            *_errors(
                Code.ALREADY_INVITED,
                "errors/already_invited_recently",
                "already been sent recently",
                "already invited",
                "pending",
            ),
            *_errors(Code.PROFILE_NOT_FOUND, "errors/invalid_recipient"),
        ),
        duplicates=_DUPLICATES,
        statuses={404: Code.PROFILE_NOT_FOUND, 402: Code.PAYMENT_REQUIRED},
    ),
}
# What closes one way to a person and leaves the next one open.
_CLOSES = frozenset({(DIRECT, Code.NOT_CONNECTED), (INMAIL, Code.NO_INMAIL)})

# LinkedIn's own limits, which it counts by the day and the week. "Cannot resend yet" says in its
# detail that a temporary limit of the account is reached, whoever the recipient is.
LIMITS = frozenset(
    {
        "errors/too_many_requests",
        "errors/limit_exceeded",
        "errors/connection_limit_reached",
        "errors/cannot_resend_yet",
        "errors/cannot_resend_within_24hrs",
    }
)
_LIMIT_HOURS = 4
_LONG_LIMITS = frozenset({"errors/cannot_resend_yet", "errors/cannot_resend_within_24hrs"})
_LONG_LIMIT_HOURS = 24
_HOUR = 3_600_000

# The key is refused as this one (captured); every other 401 is about the account at LinkedIn.
_KEY_REFUSED = "errors/missing_credentials"
_ACCOUNT_TROUBLE = frozenset(
    {
        "errors/account_restricted",
        "errors/action_required",
        "errors/unknown_authentication_context",
    }
)
# Whatever their status: LinkedIn may have taken the message.
_UNSURE = frozenset({"errors/request_timeout", "errors/provider_error", "errors/unexpected_error"})


# --- reading an error ----------------------------------------------------------------------------


def _error(answer: Answer) -> Mapping[str, Any]:
    value = read_json(answer.body)
    return value if isinstance(value, dict) else {}


def error_type(answer: Answer) -> str:
    """Return the type of an error, as in "errors/invalid_recipient"; empty where it has none."""
    kind = _error(answer).get("type")
    return kind if isinstance(kind, str) else ""


def account_unknown(answer: Answer) -> bool:
    """Say whether a 404 is about our own account and not about the person (unconfirmed)."""
    detail = _error(answer).get("detail")
    return isinstance(detail, str) and "account not found" in detail.casefold()


def credentials_code(status: int, kind: str) -> Code:
    """Say whether a 401 or 403 is about our key or about the account at LinkedIn."""
    account = status == 401 and kind not in ("", _KEY_REFUSED)
    return Code.ACCOUNT_DISCONNECTED if account or kind in _ACCOUNT_TROUBLE else Code.UNAUTHORIZED


# --- outcomes ------------------------------------------------------------------------------------


def refused(answer: Answer, now: int, letter: Letter) -> Outcome:
    """Return the outcome of an answer that is not a success (or says it is not)."""
    kind = error_type(answer)
    if answer.status >= 500 or kind in _UNSURE:
        # LinkedIn's limits come as a 500, too, and so does trouble after it took the message.
        return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
    no_inmail = letter.route == INMAIL and kind in (*_NO_CREDITS, "errors/limit_exceeded")
    if no_inmail and answer.status in (402, 403, 422):
        return Outcome(OutcomeKind.REJECTED, Code.NO_INMAIL, next_route=True)
    if answer.status == 429 or (answer.status == 422 and kind in LIMITS):
        retry_at = limited_until(answer, now)
        return Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=retry_at)
    if answer.status in (401, 403):
        code = credentials_code(answer.status, kind)
        return Outcome(OutcomeKind.NOT_SENT, code, integration_unhealthy=True)
    if answer.status == 404 and account_unknown(answer):
        code = Code.ACCOUNT_DISCONNECTED
        return Outcome(OutcomeKind.NOT_SENT, code, integration_unhealthy=True)
    sent = f"{letter.subject or ''}\n{letter.text}"
    known = refusal(_worded(answer), _TABLES[letter.route], now, text=sent)
    return replace(known, next_route=(letter.route, known.code) in _CLOSES)


def limited_until(answer: Answer, now: int) -> int:
    """Return when to try again after a limit was reached (epoch milliseconds, UTC)."""
    hours = _LONG_LIMIT_HOURS if error_type(answer) in _LONG_LIMITS else _LIMIT_HOURS
    return now + retry_after(answer.headers, now, default=hours * _HOUR)


def _worded(answer: Answer) -> Answer:
    """Give the error its words under the name that the table of answers looks under."""
    error = _error(answer)
    words = [error.get(name) for name in ("type", "title", "detail", "error", "message")]
    if answer.status == 415:
        # The same as its type says, should it come without one.
        words.append("errors/unsupported_media_type")
    status = 422 if answer.status == 415 else answer.status
    return Answer(status, answer.headers, json.dumps({"message": words}).encode())
