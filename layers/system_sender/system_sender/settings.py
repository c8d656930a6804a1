"""What the environment decides, parsed once and refused loudly when it is wrong."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from system_sender.models import Integration
    from system_sender.providers import Provider

# Where a provider answers, for every workspace: for a test or a proxy. Empty: as the provider or
# the workspace's account says.
_BASE_URLS = {
    "gohighlevel": "GOHIGHLEVEL_BASE_URL",
    "emailbison": "EMAILBISON_BASE_URL",
    "smartlead": "SMARTLEAD_BASE_URL",
    "instantly": "INSTANTLY_BASE_URL",
    "unipile": "UNIPILE_BASE_URL",
}

# The key HighLevel publishes for the X-GHL-Signature header in its webhook integration guide.
# Compare it with the live guide before going live; several keys may be configured at once, so
# that an announced rotation needs no moment without a valid key.
GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="


SLACK_BASE_URL = "https://slack.com"
# Where a campaign's OpenAI-compatible model answers, up to and with the version.
OPENAI_BASE_URL = "https://api.openai.com/v1"

# What an Ed25519 key in SPKI begins with (RFC 8410); its 32 bytes are the rest.
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
_ED25519_KEY_BYTES = 32


class ConfigurationError(Exception):
    """The environment cannot run this system; the message says which variable and why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of one deployed function or one command.

    Attributes:
        base_urls: by provider, only where the environment names one; no slash at the end.
    """

    secrets_prefix: str
    base_urls: Mapping[str, str]
    gohighlevel_webhook_public_keys: tuple[str, ...]
    slack_base_url: str = SLACK_BASE_URL
    openai_base_url: str = OPENAI_BASE_URL

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
        public_keys = tuple(key.strip() for key in keys if key.strip())
        for key in public_keys:
            ed25519_key(key)
        return cls(
            secrets_prefix=environment.get("SECRETS_PREFIX", "/system-sender").rstrip("/"),
            base_urls=_base_urls(environment),
            gohighlevel_webhook_public_keys=public_keys,
            slack_base_url=_base_url(environment, "SLACK_BASE_URL", SLACK_BASE_URL),
            openai_base_url=_base_url(environment, "OPENAI_BASE_URL", OPENAI_BASE_URL),
        )


def ed25519_key(encoded: str) -> bytes:
    """Return the 32 bytes of a public key that is written as base64 SPKI.

    Raises:
        ConfigurationError: it is no Ed25519 key.
    """
    try:
        spki = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        spki = b""
    if not spki.startswith(_ED25519_SPKI) or len(spki) != len(_ED25519_SPKI) + _ED25519_KEY_BYTES:
        raise ConfigurationError(
            "GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS must hold Ed25519 keys, base64 SPKI, separated by "
            "commas; copy them again from the provider's page."
        )
    return spki[len(_ED25519_SPKI) :]


def base_url_of(settings: Settings, integration: "Integration", provider: "Provider") -> str | None:
    """Return where a workspace's account at a provider is reached, without a slash at the end.

    The environment goes first, then the account, then what the provider has for everybody. None
    where nothing names a host, or where the account's would let a token travel unencrypted.
    """
    base_url = settings.base_urls.get(provider.name) or integration.base_url or provider.base_url
    if base_url is None or not _keeps_secrets(base_url):
        return None
    return str(base_url).rstrip("/")


def _base_urls(environment: Mapping[str, str]) -> dict[str, str]:
    given = {provider: environment.get(name, "") for provider, name in _BASE_URLS.items()}
    for provider, base_url in given.items():
        if base_url and not _keeps_secrets(base_url):
            raise ConfigurationError(
                f"{_BASE_URLS[provider]} must start with https:// (plain http is for this machine "
                "only): a token would travel unencrypted."
            )
    return {provider: base_url.rstrip("/") for provider, base_url in given.items() if base_url}


def _base_url(environment: Mapping[str, str], name: str, default: str) -> str:
    base_url = environment.get(name, "") or default
    if not _keeps_secrets(base_url):
        raise ConfigurationError(
            f"{name} must start with https:// (plain http is for this machine only): a token "
            "would travel unencrypted."
        )
    return base_url.rstrip("/")


def _keeps_secrets(url: str) -> bool:
    """Say whether a token that is sent there cannot be read on the way."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
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
