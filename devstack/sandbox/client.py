"""A typed client of the sandbox's control API, for tests, the demo and benchmarks."""

import time
from dataclasses import asdict
from typing import Any

import requests

from devstack.sandbox.chat_models import ChatAnswer
from devstack.sandbox.contract import Accepted, Injected
from devstack.sandbox.faults import Fault
from devstack.sandbox.freezer import Frozen
from devstack.sandbox.ledger import Entry, LedgerView
from devstack.sandbox.slack import Posted, SlackFault

_TIMEOUT_SECONDS = 10.0


class SandboxError(Exception):
    """The sandbox refused a control request; ``code`` is stable, the text says what was wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SandboxClient:
    """Speaks to a running sandbox.

    Every method raises ``requests.ConnectionError`` when none runs at ``url``, and
    ``SandboxError`` when it refuses.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # loopback is never behind a proxy

    def wait_until_ready(self, seconds: float = 10.0) -> None:
        """Returns as soon as the sandbox answers.

        Raises:
            TimeoutError: it did not within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not self._is_ready():
            if time.monotonic() >= deadline:
                raise TimeoutError(f"No sandbox answered at {self.url} within {seconds:g} s.")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        try:
            self.health()
        except requests.ConnectionError:
            return False
        return True

    def health(self) -> dict[str, Any]:
        """The sandbox's own word that it is well, and its providers."""
        return self._ask("GET", "health")

    def ledger(self) -> LedgerView:
        """The ledger as it is now."""
        entries = self._ask("GET", "ledger")["entries"]
        return LedgerView(Entry.from_json(entry) for entry in entries)

    def program(self, *faults: Fault) -> None:
        """Adds faults, to be met in this order."""
        self._ask("POST", "faults", [fault.to_json() for fault in faults])

    def faults(self) -> list[Fault]:
        """The faults that are not used up."""
        return [Fault.from_json(fault) for fault in self._ask("GET", "faults")["faults"]]

    def clear_faults(self) -> None:
        """Forgets all faults."""
        self._ask("DELETE", "faults")

    def reset(self) -> None:
        """Forgets ledger, messages and faults, and thaws frozen clients. Settings stay."""
        self._ask("POST", "reset")

    def inject(self, message: Injected, *, provider: str = "gohighlevel") -> Accepted:
        """Puts a message into the provider's store, to be found by look-ups."""
        values = {**vars(message), "provider": provider}
        return Accepted(**self._ask("POST", "inbound", values))

    def configure(self, **settings: Any) -> None:
        """Changes the settings that are named; see ``contract.Settings``."""
        self._ask("PUT", "settings", settings)

    def frozen(self) -> list[Frozen]:
        """The client processes that ``freeze_client`` stopped and that are still there."""
        return [Frozen(**frozen) for frozen in self._ask("GET", "frozen")["frozen"]]

    def thaw(self) -> list[Frozen]:
        """Lets the stopped client processes go on; returns those that were still there."""
        return [Frozen(**frozen) for frozen in self._ask("POST", "thaw")["thawed"]]

    def slack(self) -> dict[str, Any]:
        """What stands in Slack's channels, what single people were told, and every call."""
        return self._ask("GET", "slack")

    def slack_messages(self, channel: str | None = None) -> list[Posted]:
        """What stands in Slack's channels, or in one of them, oldest first."""
        posted = [Posted(**message) for message in self.slack()["messages"]]
        return [one for one in posted if channel in (None, one.channel)]

    def program_slack(self, *faults: SlackFault) -> None:
        """Lets Slack misbehave, in this order."""
        self._ask("POST", "slack", [asdict(fault) for fault in faults])

    def asked(self) -> list[dict[str, Any]]:
        """What models were asked, in order of arrival."""
        asked: list[dict[str, Any]] = self._ask("GET", "models")["asked"]
        return asked

    def plan(self, *answers: ChatAnswer) -> None:
        """Plans what models answer, in this order."""
        self._ask("POST", "models", [answer.to_json() for answer in answers])

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def _ask(self, method: str, name: str, body: object = None) -> dict[str, Any]:
        response = self._session.request(
            method, f"{self.url}/_sandbox/{name}", json=body, timeout=_TIMEOUT_SECONDS
        )
        answer: dict[str, Any] = response.json()
        if not response.ok:
            raise SandboxError(answer["code"], answer["message"])
        return answer
