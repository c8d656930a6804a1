"""Credentials: SSM SecureString parameters, one a workspace, provider and name."""

from functools import cache
from typing import Any

from system_sender.store import StorageError
from system_sender.world import Effect, World

# Short, so that a renewed token is in use within a minute, without a call for every send.
CACHE_SECONDS = 60


class SecretUnavailable(StorageError):
    """The parameter store did not answer; asking again later is safe."""


class Secrets:
    """Reads secrets through the Powertools parameters utility, which keeps them for a minute."""

    def __init__(self, world: World, prefix: str) -> None:
        self._world = world
        self._prefix = prefix
        self._read_at: dict[str, float] = {}

    def name(self, workspace: str, provider: str, secret: str) -> str:
        """Return the name of the SSM parameter that holds a secret."""
        return f"{self._prefix}/{workspace}/{provider}/{secret}"

    def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
        """Say whether a secret can be had without asking the parameter store."""
        read_at = self._read_at.get(self.name(workspace, provider, secret))
        return read_at is not None and self._world.monotonic() - read_at < CACHE_SECONDS

    def get(self, workspace: str, provider: str, secret: str) -> str | None:
        """Return a secret, or None where the workspace has none.

        Raises:
            SecretUnavailable: when the parameter store cannot be asked.
        """
        name = self.name(workspace, provider, secret)
        at_hand = self.is_at_hand(workspace, provider, secret)
        value = self._world.perform(Effect.SECRET, f"secret {secret}", lambda: _read(name))
        if value is not None and not at_hand:
            self._read_at[name] = self._world.monotonic()
        return value


def _read(name: str) -> str | None:
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        value: Any = _provider().get(name, decrypt=True, max_age=CACHE_SECONDS)
    except GetParameterError as error:
        if "ParameterNotFound" in str(error):
            return None
        # The text names the parameter, not its value, but may quote the service's whole answer.
        raise SecretUnavailable("The SSM parameter store could not be read.") from None
    # Whoever pastes a secret often pastes the end of its line as well.
    return str(value).strip()


@cache
def _provider() -> Any:
    # Imported here because it brings boto3, which a replayed draft never needs.
    from aws_lambda_powertools.utilities.parameters import SSMProvider
    from botocore.config import Config

    # The defaults, a minute each, are longer than a function lives.
    return SSMProvider(
        boto_config=Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2})
    )
