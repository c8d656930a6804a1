"""What the environment decides, parsed once and refused loudly when it is wrong."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

GOHIGHLEVEL_BASE_URL = "https://services.leadconnectorhq.com"

# The key HighLevel publishes for the X-GHL-Signature header in its webhook integration guide.
# Compare it with the live guide before going live; several keys may be configured at once, so
# that an announced rotation needs no moment without a valid key.
GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="


class ConfigurationError(Exception):
    """The environment cannot run this system; the message says which variable and why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of one deployed function or one command."""

    secrets_prefix: str
    gohighlevel_base_url: str
    gohighlevel_webhook_public_keys: tuple[str, ...]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings.

        Raises:
            ConfigurationError: when idempotency was switched off, or a value cannot be used.
        """
        refuse_disabled_idempotency(environment)
        keys = environment.get(
            "GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS", GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY
        ).split(",")
        base_url = environment.get("GOHIGHLEVEL_BASE_URL", GOHIGHLEVEL_BASE_URL).rstrip("/")
        if not _keeps_secrets(base_url):
            raise ConfigurationError(
                "GOHIGHLEVEL_BASE_URL must start with https:// (plain http is for this machine "
                "only): a bearer token would travel unencrypted."
            )
        return cls(
            secrets_prefix=environment.get("SECRETS_PREFIX", "/system-sender").rstrip("/"),
            gohighlevel_base_url=base_url,
            gohighlevel_webhook_public_keys=tuple(key.strip() for key in keys if key.strip()),
        )


def _keeps_secrets(url: str) -> bool:
    """Say whether a token that is sent there cannot be read on the way."""
    parts = urlsplit(url)
    if not parts.hostname or "@" in parts.netloc:
        return False
    local = parts.hostname in ("127.0.0.1", "localhost")
    return parts.scheme == "https" or (parts.scheme == "http" and local)


def table_prefix(environment: Mapping[str, str] = os.environ) -> str:
    """Return the prefix that every table name starts with: the name of the stack."""
    return environment.get("TABLE_PREFIX", "system-sender")


def refuse_disabled_idempotency(environment: Mapping[str, str]) -> None:
    """Refuse to run where Powertools was told to skip idempotency: every retry would send.

    Any value but a plain "no" counts, because a typo must not become a second text message.
    """
    value = environment.get("POWERTOOLS_IDEMPOTENCY_DISABLED", "").strip().lower()
    if value not in {"", "0", "false", "no", "off", "n", "f"}:
        raise ConfigurationError(
            "POWERTOOLS_IDEMPOTENCY_DISABLED is set, and without idempotency a retried draft would "
            "be sent twice. Remove the variable from this function's environment."
        )
