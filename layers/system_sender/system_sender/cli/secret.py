"""Stores a workspace's credential as an SSM SecureString; it is never shown and never logged."""

from enum import StrEnum
from typing import TYPE_CHECKING

from system_sender.cli.command import Answer, usage
from system_sender.secrets import Secrets
from system_sender.world import Effect

if TYPE_CHECKING:
    from system_sender.cli.operator import Operator

DEFAULT_PREFIX = "/system-sender"
SLACK = "slack"
# What SSM's standard tier holds.
_LONGEST = 4096


class SecretName(StrEnum):
    """The secrets a workspace has."""

    TOKEN = "token"
    WEBHOOK_SECRET = "webhook_secret"
    SIGNING_SECRET = "signing_secret"


# Where people decide, and where models think.
_ELSEWHERE = {
    SLACK: (SecretName.TOKEN, SecretName.SIGNING_SECRET),
    "openai": (SecretName.TOKEN,),
}


def store_secret(
    operator: "Operator",
    workspace: str,
    name: SecretName,
    value: str,
    prefix: str,
    provider: str | None,
) -> Answer:
    """Write the secret where the functions look for it.

    Args:
        provider: whose secret it is; None where the workspace has an account at one only.
    """
    import boto3

    if not value or len(value.encode()) > _LONGEST:
        raise usage("The secret is empty or longer than 4096 bytes. Nothing was stored.")
    if any(character.isspace() or not character.isprintable() for character in value):
        raise usage("The secret contains white space or control characters. Nothing was stored.")
    operator.workspace(workspace)
    whose = _elsewhere(name, provider) or _provider(operator, workspace, provider)
    secrets = Secrets(operator.world, prefix.rstrip("/"))
    parameter = secrets.name(workspace, whose, name.value)
    client = boto3.client("ssm")
    answer = operator.world.perform(
        Effect.SECRET,
        f"store {name.value}",
        lambda: client.put_parameter(
            Name=parameter, Value=value, Type="SecureString", Overwrite=True
        ),
    )
    version = int(answer["Version"])
    said = f"Stored as {parameter} (version {version}). The functions use it within a minute."
    return Answer({"parameter": parameter, "version": version}, [said])


def _elsewhere(name: SecretName, provider: str | None) -> str | None:
    """Return whose secret it is where no account is seeded: nothing is sent there."""
    if name is SecretName.SIGNING_SECRET:
        provider = provider or SLACK
        if provider != SLACK:
            raise usage("Only Slack has a signing_secret. Nothing was stored.")
    if provider not in _ELSEWHERE:
        return None
    if name not in _ELSEWHERE[provider]:
        has = " and a ".join(_ELSEWHERE[provider])
        raise usage(f"{provider.capitalize()} has a {has}. Nothing was stored.")
    return provider


def _provider(operator: "Operator", workspace: str, provider: str | None) -> str:
    """Return whose secret it is, never by a guess between two."""
    known = [str(row.provider) for row in operator.integrations([workspace])]
    if provider in known:
        return str(provider)
    has = f"The workspace {workspace} has {', '.join(known) or 'no provider account'}."
    if provider is not None:
        raise usage(f"{has} Seed the account at {provider} first. Nothing was stored.")
    if len(known) == 1:
        return known[0]
    raise usage(f"{has} Say whose secret it is with --provider. Nothing was stored.")
