"""What an answer means, for every provider: one table, refined by the provider's own texts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from system_sender.codes import Code
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.transport import Answer, NoAnswer

SECOND = 1000
_RETRY_UNREACHABLE = 30 * SECOND
_LONGEST_RETRY = 24 * 3600 * SECOND

_FINAL = frozenset({400, 402, 404, 405, 408, 413, 422})


@dataclass(frozen=True, slots=True)
class ErrorText:
    """A text in a provider's error fields that names a definite refusal.

    Attributes:
        text: in lower case; looked for anywhere in the field, whatever its case.
        suppress: the address must not be written to again.
    """

    text: str
    code: Code
    suppress: bool = False


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """How one provider words its refusals and its confirmations.

    Attributes:
        errors: looked for in the error fields, in order; the first match decides.
        duplicates: texts by which the provider calls a message a duplicate.
        statuses: what a final status means when no text says more.
    """

    errors: Sequence[ErrorText]
    duplicates: Sequence[str]
    statuses: Mapping[int, Code]


def read_json(body: bytes) -> Any:
    """Return the JSON value of a body, or None when it has none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def not_begun(code: Code, now: int) -> Outcome:
    """Return the outcome of a request that certainly did not begin."""
    return Outcome(OutcomeKind.NOT_SENT, code, retry_at=now + _RETRY_UNREACHABLE)


def without_answer(answer: NoAnswer, now: int) -> Outcome:
    """Return the outcome of a request that got no answer."""
    if answer.began:
        return Outcome(OutcomeKind.UNKNOWN, answer.code)
    return not_begun(answer.code, now)


def refusal(answer: Answer, table: AnswerTable, now: int, *, text: str = "") -> Outcome:
    """Return the outcome of an answer that is not a success (or says it is not).

    Args:
        text: what was sent. An error that quotes it says nothing by the words it quotes.
    """
    quoted = text.casefold()
    texts = _error_texts(answer.body)
    if answer.status == 409 or _mentions(texts, table.duplicates):
        return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_DUPLICATE)
    known = next(
        (
            error
            for error in table.errors
            if error.text not in quoted and _mentions(texts, [error.text])
        ),
        None,
    )
    if known is not None and known.suppress:
        # Whoever asked for silence gets it, whatever the status.
        return Outcome(OutcomeKind.REJECTED, known.code, suppress=True)
    if answer.status == 429:
        retry_at = now + retry_after(answer.headers, now, default=10 * SECOND)
        return Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=retry_at)
    if answer.status in (401, 403):
        return Outcome(OutcomeKind.NOT_SENT, Code.UNAUTHORIZED, integration_unhealthy=True)
    if 300 <= answer.status < 400:
        return not_begun(Code.REDIRECTED, now)
    if known is not None:
        return Outcome(OutcomeKind.REJECTED, known.code)
    if answer.status in _FINAL or 200 <= answer.status < 300:
        code = table.statuses.get(answer.status, Code.REJECTED_BY_PROVIDER)
        return Outcome(OutcomeKind.REJECTED, code)
    return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)


def says_it_failed(value: Mapping[str, Any]) -> bool:
    """Say whether the body of a 2xx answer takes the success back."""
    return value.get("ok") is False or value.get("success") is False or bool(value.get("error"))


def retry_after(headers: Mapping[str, str], now: int, *, default: int) -> int:
    """Return the milliseconds a provider asks to wait: Retry-After in seconds or as a date."""
    value = headers.get("retry-after", "").strip()
    if is_number(value):
        wait = int(value) * SECOND
    elif value:
        try:
            wait = int(parsedate_to_datetime(value).timestamp() * SECOND) - now
        except (ValueError, OverflowError):
            wait = default
    else:
        wait = default
    return max(SECOND, min(wait, _LONGEST_RETRY))


def is_number(value: str) -> bool:
    """Say whether a header is a whole number that is worth reading as one."""
    return value.isascii() and value.isdigit() and len(value) <= 12


def _error_texts(body: bytes) -> list[str]:
    """Return the texts of the error fields only: a provider may echo our own text elsewhere."""
    value = read_json(body)
    if not isinstance(value, dict):
        return []
    texts: list[str] = []
    for name in ("message", "error", "msg", "errors"):
        texts.extend(_flatten(value.get(name)))
    return [text.casefold() for text in texts]


def _flatten(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _flatten(item)]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _flatten(item)]
    return []


def _mentions(texts: Sequence[str], needles: Sequence[str]) -> bool:
    return any(needle.casefold() in text for needle in needles for text in texts)
