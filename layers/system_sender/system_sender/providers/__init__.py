"""The providers, one file each. A new provider is its file and one line in :func:`sms_provider`."""

from typing import Protocol

from system_sender.outcome import Outcome
from system_sender.providers import gohighlevel
from system_sender.transport import Answer, NoAnswer, Request


class SmsProvider(Protocol):
    """What the gate needs of a provider of text messages: two pure functions around one request."""

    name: str

    def send_request(self, *, base_url: str, token: str, contact_id: str, text: str) -> Request:
        """Return the request that sends one text to one contact."""
        ...

    def outcome(self, answer: Answer | NoAnswer, now: int, *, text: str = "") -> Outcome:
        """Say what an answer, or its absence, means.

        Args:
            now: epoch milliseconds, UTC.
            text: what was sent, because an error may quote it.
        """
        ...


def sms_provider() -> SmsProvider:
    """Return the provider of text messages."""
    return gohighlevel.PROVIDER
