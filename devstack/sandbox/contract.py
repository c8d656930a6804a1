"""What the sandbox asks of a provider's file: to understand requests and to speak its shapes."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from devstack.sandbox.ledger import Operation
from devstack.sandbox.wire import Request, Response


@dataclass
class Settings:
    """How the sandbox behaves towards every request.

    Attributes:
        delay_ms: how long the server takes over each provider request, in milliseconds.
        visibility_delay_s: how long an accepted message stays invisible to look-ups, in seconds.
        tokens: the accepted tokens, each with the account it belongs to; ``None``: any token.
        contacts: the known contacts, each with its account; ``None``: any contact.
    """

    delay_ms: float = 0.0
    visibility_delay_s: float = 0.0
    tokens: Mapping[str, str] | None = None
    contacts: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Send:
    """A valid request to send ``text`` to ``contact_id``, with these addresses in copy."""

    account: str
    contact_id: str
    text: str
    cc: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class LookUp:
    """A valid request to read. ``answer`` takes the newest visible moment, epoch seconds."""

    account: str
    answer: Callable[[float], Response]
    contact_id: str = ""


@dataclass(frozen=True)
class Invalid:
    """A request that the provider refuses by its own rules, with its answer."""

    account: str
    response: Response
    operation: Operation
    contact_id: str = ""
    text: str = ""


@dataclass(frozen=True)
class Accepted:
    """What the provider calls a message that it took."""

    message_id: str
    conversation_id: str


@dataclass(frozen=True)
class Injected:
    """A message that a test puts into the provider's store, as if a person had written it.

    ``added_at`` is epoch seconds UTC; ``None`` means now.
    """

    account: str
    contact_id: str
    text: str
    direction: str = "inbound"
    source: str = "app"
    message_id: str | None = None
    added_at: float | None = None


class Provider(Protocol):
    """One provider. The sandbox calls it under its own lock, one request at a time."""

    name: str
    refusals: Sequence[str]
    """The names of its error answers."""

    def read(self, request: Request, settings: Settings) -> Send | LookUp | Invalid | None:
        """Understands a request; ``None`` when the path is not this provider's."""

    def accept(self, send: Send, now: float) -> Accepted:
        """Takes the message into the store."""

    def inject(self, message: Injected, now: float) -> Accepted:
        """Puts a message into the store that no request sent."""

    def success(self, accepted: Accepted) -> Response:
        """The ordinary answer to a send."""

    def success_without_id(self, accepted: Accepted | None) -> Response:
        """A success whose body lacks the message id."""

    def success_error_body(self) -> Response:
        """HTTP 200 whose body says that it failed."""

    def refusal(self, name: str, retry_after: str | None) -> Response:
        """The error answer of that name (one of ``refusals``)."""

    def duplicate(self, status: int) -> Response:
        """The refusal of a duplicate message."""

    def server_error(self, status: int) -> Response:
        """The body-poor answer of a broken server or gateway."""

    def clear(self) -> None:
        """Forgets all messages."""


_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass
class IdSource:
    """Ids of 20 letters and digits: unpredictable to a client, repeatable from a seed."""

    seed: str
    _count: int = field(default=0, init=False)

    def next(self) -> str:
        """A new id."""
        self._count += 1
        return self.derived(str(self._count))

    def derived(self, name: str) -> str:
        """The id that belongs to a name, always the same."""
        value = int.from_bytes(hashlib.sha256(f"{self.seed}/{name}".encode()).digest(), "big")
        letters = []
        for _ in range(20):
            value, index = divmod(value, len(_ALPHABET))
            letters.append(_ALPHABET[index])
        return "".join(letters)


def account_of(token: str, settings: Settings) -> str | None:
    """The account that a token belongs to: configured, else a hash; ``None`` if not accepted."""
    if settings.tokens is None:
        return "token-" + hashlib.sha256(token.encode()).hexdigest()[:12] if token else None
    return settings.tokens.get(token)
