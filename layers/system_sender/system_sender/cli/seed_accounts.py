"""The provider accounts that a seed gives to workspaces, and where each of them is reached."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from system_sender.cli.seed_integrations import Account
from system_sender.cli.seed_schema import Seed
from system_sender.providers import provider_named

# Workspace 12 of one host is not workspace 12 of another.
_NUMBERED_ON_EACH_HOST = frozenset({"emailbison"})


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """A workspace's account in the tables.

    Attributes:
        base_url: None where it is the one that everybody or the environment has.
    """

    account: str
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class GivenAccount:
    """A workspace's account in the file, and where it stands there."""

    path: str
    workspace: str
    provider: str
    account: Account

    @property
    def key(self) -> tuple[str, str]:
        """Return what the stored account of the same workspace and provider is known by."""
        return (self.workspace, self.provider)


def accounts_of(seed: Seed, numbers: Sequence[int] | None = None) -> list[GivenAccount]:
    """Return every account of the file, in its order.

    Args:
        numbers: where each workspace stands in the file, if some of it was left out.
    """
    places = numbers or range(len(seed.workspaces))
    return [
        GivenAccount(f"workspaces[{place}].integrations.{provider}", item.id, provider, account)
        for place, item in zip(places, seed.workspaces, strict=True)
        for provider, account in item.integrations.by_provider().items()
    ]


def host_of(given: GivenAccount, stored: Mapping[tuple[str, str], StoredAccount]) -> str | None:
    """Return where an account is: at its own host, the environment's, or the provider's one."""
    known = stored.get(given.key)
    return (
        given.account.base_url
        or (known.base_url if known is not None else None)
        or os.environ.get(base_url_variable(given.provider))
        or provider_named(given.provider).base_url
    )


def base_url_variable(provider: str) -> str:
    """Return the environment variable that says where a provider answers."""
    return f"{provider.upper()}_BASE_URL"


def owned_account(given: GivenAccount, stored: Mapping[tuple[str, str], StoredAccount]) -> str:
    """Return what only one workspace may own: the account, with its host where hosts number it."""
    account = given.account.account
    if given.provider not in _NUMBERED_ON_EACH_HOST:
        return account
    return f"{urlsplit(host_of(given, stored) or '').netloc.lower()}/{account}"
