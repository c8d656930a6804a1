"""Credentials: SSM SecureString parameters, one a workspace, provider and name."""

from typing import Any

from system_sender.world import Effect, World

# Short, so that a renewed token is in use within a minute, without a call for every send.
CACHE_SECONDS = 60


class SecretUnavailable(Exception):
    """The parameter store did not answer; asking again later is safe."""


class Secrets:
    """Reads secrets through the Powertools parameters utility, which keeps them for a minute."""

    def __init__(self, world: World, prefix: str) -> None:
        self._world = world
        self._prefix = prefix

    def name(self, workspace: str, provider: str, secret: str) -> str:
        """Return the name of the SSM parameter that holds a secret."""
        return f"{self._prefix}/{workspace}/{provider}/{secret}"

    def get(self, workspace: str, provider: str, secret: str) -> str | None:
        """Return a secret, or None where the workspace has none.

        Raises:
            SecretUnavailable: when the parameter store cannot be asked.
        """
        name = self.name(workspace, provider, secret)
        return self._world.perform(Effect.SECRET, f"secret {secret}", lambda: _read(name))


def _read(name: str) -> str | None:
    # Imported here because it brings boto3, which a replayed draft never needs.
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        value: Any = parameters.get_parameter(name, decrypt=True, max_age=CACHE_SECONDS)
    except GetParameterError as error:
        if "ParameterNotFound" in str(error):
            return None
        # The text names the parameter, not its value, but may quote the service's whole answer.
        raise SecretUnavailable("The SSM parameter store could not be read.") from None
    return str(value)
