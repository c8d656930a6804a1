"""What the environment may and may not say."""

import pytest

from system_sender.settings import (
    GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY,
    ConfigurationError,
    Settings,
    table_prefix,
)


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.gohighlevel_base_url == "https://services.leadconnectorhq.com"
    assert settings.secrets_prefix == "/system-sender"
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


@pytest.mark.parametrize(
    "url",
    [
        "http://services.leadconnectorhq.com",
        "ftp://example.com",
        "services.leadconnectorhq.com",
        "",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "HTTP://example.com",
    ],
)
def test_a_token_never_travels_unencrypted(url: str) -> None:
    with pytest.raises(ConfigurationError, match="must start with https://"):
        Settings.from_environment({"GOHIGHLEVEL_BASE_URL": url})


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/", "https://example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
    ],
)
def test_this_machine_and_https_are_fine(url: str, kept: str) -> None:
    assert Settings.from_environment({"GOHIGHLEVEL_BASE_URL": url}).gohighlevel_base_url == kept


def test_several_public_keys_may_be_configured_for_a_rotation() -> None:
    settings = Settings.from_environment({"GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS": " old , new ,"})
    assert settings.gohighlevel_webhook_public_keys == ("old", "new")
