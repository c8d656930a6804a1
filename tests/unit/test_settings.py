"""What the environment may and may not say."""

from dataclasses import dataclass
from typing import cast

import pytest

from devstack.sandbox.webhooks import Signer
from system_sender.models import Integration
from system_sender.providers import CHANNELS_OF, Provider
from system_sender.settings import (
    GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY,
    ConfigurationError,
    Settings,
    base_url_of,
    table_prefix,
)

OLD, NEW = Signer().public_key(), Signer().public_key()


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.base_urls == {}
    assert settings.secrets_prefix == "/system-sender"
    assert settings.openai_base_url == "https://api.openai.com/v1"
    assert settings.gohighlevel_webhook_public_keys == (GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY,)
    assert table_prefix({}) == "system-sender"


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "on", "y", "disabled", " true "])
def test_the_system_refuses_to_start_without_idempotency(value: str) -> None:
    with pytest.raises(ConfigurationError, match="POWERTOOLS_IDEMPOTENCY_DISABLED is set"):
        Settings.from_environment({"POWERTOOLS_IDEMPOTENCY_DISABLED": value})


@pytest.mark.parametrize("value", ["", "0", "false", "False", "no", "off"])
def test_a_plain_no_leaves_idempotency_on(value: str) -> None:
    settings = Settings.from_environment({"POWERTOOLS_IDEMPOTENCY_DISABLED": value})
    assert settings == Settings.from_environment({})


BASE_URLS = [f"{name.upper()}_BASE_URL" for name in (*CHANNELS_OF, "slack", "openai")]


@pytest.mark.parametrize("variable", BASE_URLS)
@pytest.mark.parametrize(
    "url",
    [
        "http://services.leadconnectorhq.com",
        "ftp://example.com",
        "services.leadconnectorhq.com",
        "https://",
        "https://[",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "HTTP://example.com",
    ],
)
def test_a_token_never_travels_unencrypted(variable: str, url: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable} must start with https://"):
        Settings.from_environment({variable: url})


@pytest.mark.parametrize("provider", CHANNELS_OF)
@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/", "https://example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
    ],
)
def test_this_machine_and_https_are_fine(provider: str, url: str, kept: str) -> None:
    settings = Settings.from_environment({f"{provider.upper()}_BASE_URL": url})
    assert settings.base_urls == {provider: kept}


@pytest.mark.parametrize("variable", BASE_URLS)
def test_an_empty_base_url_is_none(variable: str) -> None:
    assert Settings.from_environment({variable: ""}).base_urls == {}


def account(base_url: str | None = None) -> Integration:
    return Integration("acme:any", workspace="acme", provider="any", base_url=base_url)


@dataclass(frozen=True)
class Somebody:
    """A provider, as far as its host goes."""

    base_url: str | None
    name: str = "emailbison"


def resolved(
    environment: dict[str, str], account_url: str | None, public: str | None
) -> str | None:
    settings = Settings.from_environment(environment)
    return base_url_of(settings, account(account_url), cast(Provider, Somebody(public)))


def test_the_environment_goes_before_the_account_and_the_account_before_the_public_host() -> None:
    environment = {"EMAILBISON_BASE_URL": "http://127.0.0.1:1"}
    own, public = "https://own.example.com", "https://public.example.com"
    assert resolved(environment, own, public) == "http://127.0.0.1:1"
    assert resolved({}, own, public) == own
    assert resolved({}, None, public) == public
    assert resolved({"UNIPILE_BASE_URL": "http://127.0.0.1:1"}, None, public) == public


def test_without_any_host_there_is_nothing_to_reach() -> None:
    assert resolved({}, None, None) is None


@pytest.mark.parametrize("url", ["http://own.example.com", "own.example.com", "https://["])
def test_an_accounts_host_that_would_show_the_token_is_not_reached(url: str) -> None:
    assert resolved({}, url, "https://public.example.com") is None


def test_a_slash_at_the_end_of_an_accounts_host_is_left_out() -> None:
    assert resolved({}, "https://own.example.com/", None) == "https://own.example.com"


def test_several_public_keys_may_be_configured_for_a_rotation() -> None:
    settings = Settings.from_environment({"GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS": f" {OLD} , {NEW} ,"})
    assert settings.gohighlevel_webhook_public_keys == (OLD, NEW)
