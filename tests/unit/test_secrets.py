"""Secrets come from SSM, are kept for a minute, and are never repeated in an error."""

from collections.abc import Iterator

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from moto import mock_aws

from system_sender import secrets
from system_sender.secrets import CACHE_SECONDS, Secrets, SecretUnavailable
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
