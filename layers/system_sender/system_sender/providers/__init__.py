"""The providers. A new one is its file, with a `PROVIDER` in it, and one line in `CHANNELS_OF`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from system_sender.codes import Code
from system_sender.finding import Fetch, Seen, Sought
from system_sender.inbound import InboundEvent
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome
from system_sender.transport import Answer, NoAnswer, Request

# The file of each provider has its name. Imported when it is needed: a cold start pays for one.
CHANNELS_OF: Mapping[str, tuple[str, ...]] = {
    "gohighlevel": ("sms", "email"),
    "emailbison": ("email",),
    "smartlead": ("email",),
    "instantly": ("email",),
    "unipile": ("linkedin",),
}

CHANNELS = tuple(dict.fromkeys(channel for names in CHANNELS_OF.values() for channel in names))


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A webhook request as far as its authentication needs it: the raw bytes and what came along.

    Attributes:
        headers: by lower-case name.
    """

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]


class Provider(Protocol):
    """What the gate, the look-up and the front door need of a provider: pure functions, but `find`.

    Attributes:
        base_url: where the provider's API is for everybody; None where each customer has a host.
    """

    name: str
    base_url: str | None

    # --- sending ---

    def refusal(self, letter: Letter) -> Code | None:
        """Return why this letter cannot be sent by this provider at all, or None."""
        ...

    def routes(self, access: Access, letter: Letter) -> Sequence[str]:
        """Return the ways to send it, the best first. A later one is taken only after the one
        before it was definitely refused with `Outcome.next_route`. Never empty.
        """
        ...

    def send_request(self, access: Access, letter: Letter) -> Request:
        """Return the request that sends the letter on its route."""
        ...

    def outcome(self, answer: Answer | NoAnswer, now: int, letter: Letter) -> Outcome:
        """Say what an answer, or its absence, means. `now` is in epoch milliseconds, UTC."""
        ...

    def find(self, access: Access, sought: Sought, fetch: Fetch) -> Seen:
        """Look for messages of ours with this text, to this recipient, in this time."""
        ...

    # --- webhooks ---

    def authenticate(
        self, request: SignedRequest, secret: Callable[[], str | None], keys: Sequence[str]
    ) -> str:
        """Authenticate the request by the provider's own means, and return the kind of webhook.

        Args:
            secret: reads the workspace's webhook secret, only where the request gives one;
                None where the workspace has none.
            keys: public keys, where the provider signs.

        Raises:
            EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID. Without certainty: refused.
        """
        ...

    def parse_event(self, kind: str, body: Mapping[str, Any], now: int) -> InboundEvent:
        """Read an event of this kind of webhook. `now` is in epoch milliseconds, UTC.

        Raises:
            EventRefused: BODY_WRONG or EVENT_STALE, with which field is wrong and why.
        """
        ...


@cache
def provider_named(name: str) -> Provider:
    """Return a provider by its name, which must be one of `CHANNELS_OF`."""
    if name not in CHANNELS_OF:
        raise KeyError(name)
    provider: Provider = import_module(f"system_sender.providers.{name}").PROVIDER
    return provider


def providers_of(channel: str) -> tuple[str, ...]:
    """Return the names of the providers that send on a channel."""
    return tuple(name for name, channels in CHANNELS_OF.items() if channel in channels)
