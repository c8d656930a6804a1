"""`sender secret`: a credential goes into SSM, encrypted, and nowhere else."""

import boto3
import pytest

from system_sender.secrets import Secrets
from system_sender.world import World
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender

TOKEN = "pit-not-a-real-token"


@pytest.fixture(autouse=True)
def no_secrets(scene: Scene) -> None:
    """Begin without any secret: the mocked AWS is that of the whole file."""
    ssm = boto3.client("ssm")
    for found in ssm.describe_parameters()["Parameters"]:
        ssm.delete_parameter(Name=found["Name"])


def parameter(name: str) -> tuple[str, str]:
    found = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return found["Type"], found["Value"]


def test_a_secret_is_read_from_standard_input_and_stored_encrypted(
    sender: Sender, scene: Scene
) -> None:
    document = sender.json("secret", "acme", "token", text=f"{TOKEN}\n")

    assert document == {"parameter": "/system-sender/acme/gohighlevel/token", "version": 1}
    assert parameter(document["parameter"]) == ("SecureString", TOKEN)


def test_the_functions_find_it(sender: Sender, scene: Scene) -> None:
    sender.json("secret", "acme", "webhook_secret", "--secrets-prefix", "/other/", text="s3cret")

    assert Secrets(World(), "/other").get("acme", "gohighlevel", "webhook_secret") == "s3cret"


def test_a_secret_belongs_to_the_provider_that_is_named(sender: Sender, scene: Scene) -> None:
    scene.integrate("emailbison")

    document = sender.json("secret", "acme", "token", "--provider", "emailbison", text=TOKEN)

    assert document["parameter"] == "/system-sender/acme/emailbison/token"


def test_between_several_providers_nothing_is_guessed(sender: Sender, scene: Scene) -> None:
    scene.integrate("emailbison")

    refusal = sender.refuses("secret", "acme", "token", text=TOKEN, exit_code=2)

    assert refusal["code"] == "usage"
    assert "gohighlevel, emailbison" in refusal["message"]
    assert "--provider" in refusal["message"]


def test_a_provider_the_workspace_does_not_have_gets_no_secret(
    sender: Sender, scene: Scene
) -> None:
    arguments = ("secret", "acme", "token", "--provider", "unipile")

    assert "Seed the account" in sender.refuses(*arguments, text="x", exit_code=2)["message"]


def test_slacks_secrets_need_no_account_at_a_provider(sender: Sender, scene: Scene) -> None:
    token = sender.json("secret", "acme", "token", "--provider", "slack", text="xoxb-1")
    signing = sender.json("secret", "acme", "signing_secret", text="s3cret")

    assert token["parameter"] == "/system-sender/acme/slack/token"
    assert signing["parameter"] == "/system-sender/acme/slack/signing_secret"
    assert Secrets(World(), "/system-sender").get("acme", "slack", "signing_secret") == "s3cret"


def test_a_models_token_needs_no_account_at_a_provider(sender: Sender, scene: Scene) -> None:
    sender.json("secret", "acme", "token", "--provider", "openai", text="sk-1")

    assert Secrets(World(), "/system-sender").get("acme", "openai", "token") == "sk-1"


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("signing_secret", "gohighlevel"),
        ("webhook_secret", "slack"),
        ("webhook_secret", "openai"),
        ("signing_secret", "openai"),
    ],
)
def test_a_secret_that_slack_or_a_provider_does_not_have_is_refused(
    sender: Sender, scene: Scene, name: str, provider: str
) -> None:
    arguments = ("secret", "acme", name, "--provider", provider)

    assert sender.refuses(*arguments, text="x", exit_code=2)["code"] == "usage"


def test_a_new_value_takes_the_place_of_the_old(sender: Sender, scene: Scene) -> None:
    sender.json("secret", "acme", "token", text="old")

    assert sender.json("secret", "acme", "token", text="new")["version"] == 2


def test_the_value_is_never_shown(sender: Sender, scene: Scene) -> None:
    result = sender.run("secret", "acme", "token", text=TOKEN)

    assert result.exit_code == 0
    assert TOKEN not in result.output


@pytest.mark.parametrize("value", ["", "\n", "two words", "x" * 5000])
def test_a_value_that_cannot_be_one_is_refused_without_being_quoted(
    sender: Sender, scene: Scene, value: str
) -> None:
    refusal = sender.refuses("secret", "acme", "token", text=value, exit_code=2)

    assert refusal["code"] == "usage"
    assert not value.strip() or value not in refusal["message"]


def test_an_unknown_workspace_gets_no_secret(sender: Sender, scene: Scene) -> None:
    assert sender.refuses("secret", "acmee", "token", text="x")["code"] == "workspace_not_found"


def test_an_unknown_name_is_a_wrong_call(sender: Sender, scene: Scene) -> None:
    assert sender.refuses("secret", "acme", "password", text="x", exit_code=2)["code"] == "usage"
