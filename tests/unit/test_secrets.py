"""Secrets come from SSM, are kept for a minute, and are never repeated in an error."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import base
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from system_sender import secrets
from system_sender.secrets import CACHE_SECONDS, Secrets, SecretUnavailable
from system_sender.store import StorageError
from system_sender.world import Effect, World
from tests.support.clock import SteppingWorld

TOKEN = ("acme", "gohighlevel", "token")


@pytest.fixture(autouse=True)
def parameter_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An SSM with the token of one workspace, and a provider of its own."""
    provider = secrets._provider
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        provider.cache_clear()
        put("pit-test-1")
        yield
        provider.cache_clear()


def put(value: str) -> None:
    boto3.client("ssm").put_parameter(
        Name="/test/acme/gohighlevel/token", Value=value, Type="SecureString", Overwrite=True
    )


def test_a_secret_is_read_by_workspace_provider_and_name() -> None:
    store = Secrets(World(), "/test")
    assert store.name(*TOKEN) == "/test/acme/gohighlevel/token"
    assert store.get(*TOKEN) == "pit-test-1"


def test_what_is_not_there_is_none() -> None:
    store = Secrets(World(), "/test")
    assert store.get("nobody", "gohighlevel", "token") is None
    assert store.get("acme", "gohighlevel", "webhook_secret") is None
    assert not store.is_at_hand("nobody", "gohighlevel", "token")


def test_a_secret_is_at_hand_for_a_minute() -> None:
    world = SteppingWorld()
    store = Secrets(world, "/test")
    assert not store.is_at_hand(*TOKEN)
    store.get(*TOKEN)
    assert store.is_at_hand(*TOKEN)
    world.step(CACHE_SECONDS)
    assert not store.is_at_hand(*TOKEN)


def test_within_the_minute_the_parameter_store_is_asked_once() -> None:
    store = Secrets(World(), "/test")
    assert store.get(*TOKEN) == "pit-test-1"
    put("pit-test-2")
    assert store.get(*TOKEN) == "pit-test-1"


class Throttled:
    """An SSM that answers with more than anybody should repeat."""

    def get(self, name: str, **options: object) -> str:
        raise GetParameterError(f"An error occurred (ThrottlingException): {name} pit-test-1")


def test_trouble_is_told_apart_from_absence_and_says_nothing_personal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(secrets, "_provider", Throttled)
    with pytest.raises(SecretUnavailable) as trouble:
        Secrets(World(), "/test").get(*TOKEN)
    assert str(trouble.value) == "The SSM parameter store could not be read."
    assert trouble.value.__cause__ is None


def test_reading_a_secret_is_an_effect_of_its_own() -> None:
    seen: list[tuple[Effect, str]] = []

    class Watched(World):
        def perform(self, effect: Effect, name: str, call: object) -> object:  # type: ignore[override]
            seen.append((effect, name))
            return call()  # type: ignore[operator]

    Secrets(Watched(), "/test").get(*TOKEN)
    assert seen == [(Effect.SECRET, "secret token")]


def test_trouble_puts_nothing_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Secrets(World(), "/test")
    with monkeypatch.context() as troubled:
        troubled.setattr(secrets, "_provider", Throttled)
        with pytest.raises(SecretUnavailable):
            store.get(*TOKEN)
    assert not store.is_at_hand(*TOKEN)
    assert store.get(*TOKEN) == "pit-test-1"
    assert store.is_at_hand(*TOKEN)


def test_a_parameter_store_that_refuses_us_is_trouble_and_not_absence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(self: object, operation: str, arguments: dict[str, Any]) -> None:
        error: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise ClientError(error, operation)

    monkeypatch.setattr(BaseClient, "_make_api_call", refused)
    with pytest.raises(SecretUnavailable):
        Secrets(World(), "/test").get(*TOKEN)


def test_a_parameter_store_that_cannot_be_reached_is_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(self: object, operation: str, arguments: dict[str, Any]) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    monkeypatch.setattr(BaseClient, "_make_api_call", unreachable)
    with pytest.raises(SecretUnavailable):
        Secrets(World(), "/test").get(*TOKEN)


def test_whoever_expects_trouble_with_storage_expects_this_too() -> None:
    assert issubclass(SecretUnavailable, StorageError)


def test_a_renewed_token_is_in_use_once_the_minute_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Secrets(World(), "/test")
    assert store.get(*TOKEN) == "pit-test-1"
    put("pit-test-2")
    # Powertools counts in naive local time, which is at most a day from UTC.
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2)
    monkeypatch.setattr(base, "datetime", SimpleNamespace(now=lambda: later))
    assert store.get(*TOKEN) == "pit-test-2"


def test_being_asked_for_again_does_not_keep_a_secret_at_hand_longer() -> None:
    world = SteppingWorld()
    store = Secrets(world, "/test")
    store.get(*TOKEN)
    world.step(CACHE_SECONDS - 1)
    store.get(*TOKEN)
    world.step(2)
    assert not store.is_at_hand(*TOKEN)


def test_the_parameter_store_is_not_waited_for_longer_than_a_function_lives() -> None:
    config = secrets._provider().client.meta.config
    tries = config.retries["total_max_attempts"]
    assert (config.connect_timeout + config.read_timeout) * tries < 10


def test_a_workspace_is_not_at_hand_because_another_one_is() -> None:
    store = Secrets(World(), "/test")
    store.get(*TOKEN)
    assert not store.is_at_hand("other", "gohighlevel", "token")
    assert not store.is_at_hand("acme", "gohighlevel", "webhook_secret")
