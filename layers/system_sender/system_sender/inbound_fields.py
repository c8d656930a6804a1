"""Reads the fields of a webhook's body, and refuses by name what is not as it must be."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from system_sender.codes import Code
from system_sender.inbound import EventRefused

LONGEST_TEXT = 20_000
LONGEST_NAME = 200

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
# Message ids of e-mail (RFC 5322) and of some providers have more than letters and digits in them.
_WIDE_ID = re.compile(r"[!-~]{1,300}")

# Controls, and what some programs take for a line break.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def is_identifier_text(value: Any) -> bool:
    """Say whether a value is an id as most providers make them."""
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object field; an absent one is empty."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be an object.")
    return value


def required(body: Mapping[str, Any], name: str) -> str:
    """Return a text field that must not be empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be a text that is not empty.")
    return value


def identifier(body: Mapping[str, Any], name: str, shown: str | None = None) -> str:
    """Return an id that must be there; `shown` is how the refusal calls the field."""
    value = optional_identifier(body, name, shown)
    if value is None:
        raise EventRefused(Code.BODY_WRONG, f"Field '{shown or name}' must be an id.")
    return value


def optional_identifier(body: Mapping[str, Any], name: str, shown: str | None = None) -> str | None:
    """Return an id, a text or a whole number, as a text; None where there is none."""
    value = body.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return str(value)
    if not is_identifier_text(value):
        raise EventRefused(
            Code.BODY_WRONG,
            f"Field '{shown or name}' must be an id of letters, digits, '-' and '_', "
            "at most 128 long.",
        )
    return str(value)


def optional_wide_identifier(
    body: Mapping[str, Any], name: str, shown: str | None = None
) -> str | None:
    """Return an id that may hold any visible ASCII, such as an e-mail's Message-ID."""
    value = body.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _WIDE_ID.fullmatch(value.strip()):
        raise EventRefused(
            Code.BODY_WRONG,
            f"Field '{shown or name}' must be an id of visible ASCII, at most 300 long.",
        )
    return value.strip()


def kept_identifier(value: Any) -> str | None:
    """Return an id that an answer names, or None for anything that could not be kept as one."""
    return value if isinstance(value, str) and _WIDE_ID.fullmatch(value) else None


def optional_text(value: Any) -> str | None:
    """Return a text, or None for anything that is none."""
    return storable(value) if isinstance(value, str) and value else None


def body_text(value: Any, name: str = "text") -> str:
    """Return a message's text, trimmed and capped; an absent one is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EventRefused(Code.BODY_WRONG, f"The message's {name} must be a text.")
    return storable(value).strip()[:LONGEST_TEXT]


def person_name(value: Any) -> str | None:
    """Return a person's name in one line, capped, or None.

    It is put into texts and before addresses, where a line break would begin something of its own.
    """
    text = (optional_text(value) or "")[:LONGEST_NAME]
    return " ".join(_BREAKS.sub(" ", text).split()) or None


def storable(text: str) -> str:
    """Replace lone surrogates: JSON can carry them, UTF-8 and DynamoDB cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def iso_time(value: Any) -> int | None:
    """Return an ISO 8601 time with a zone in epoch milliseconds, UTC; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return int(at.timestamp() * 1000) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def digest(*parts: Any) -> str:
    """Hash what identifies an event; JSON keeps ("a", "bc") and ("ab", "c") apart."""
    joined = json.dumps([part if isinstance(part, str) else None for part in parts])
    return hashlib.sha256(joined.encode()).hexdigest()[:40]


def verify_secret(given: str | None, expected: str | None) -> None:
    """Check a webhook's shared secret in constant time; without a configured one, nobody passes.

    Raises:
        EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID.
    """
    if not given:
        raise EventRefused(Code.SIGNATURE_MISSING)
    # A header may hold what UTF-8 cannot.
    if not expected or not hmac.compare_digest(
        given.encode(errors="surrogatepass"), expected.encode()
    ):
        raise EventRefused(Code.SIGNATURE_INVALID)
