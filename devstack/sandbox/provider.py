"""The core of the sandbox: in-process, thread-safe, no sockets.

::

    sandbox = Sandbox()
    sandbox.program(Fault(Kind.RESET_AFTER))
    outcome = sandbox.handle(request)          # Response, or Broken
    assert len(sandbox.ledger.accepted()) == 1
"""

import secrets
import time
from collections.abc import Callable, Sequence
from threading import RLock

from devstack.sandbox.chat_models import ChatModels
from devstack.sandbox.contract import (
    Accepted,
    IdSource,
    Injected,
    Invalid,
    LookUp,
    Provider,
    Send,
    Settings,
)
from devstack.sandbox.emailbison import EmailBison
from devstack.sandbox.exchange import Exchange
from devstack.sandbox.faults import Fault, FaultQueue, Kind
from devstack.sandbox.gohighlevel import GoHighLevel
from devstack.sandbox.instantly import Instantly
from devstack.sandbox.ledger import Entry, Ledger, Operation
from devstack.sandbox.slack import Slack
from devstack.sandbox.smartlead import SmartLead
from devstack.sandbox.unipile import Unipile
from devstack.sandbox.wire import Break, Broken, Request, Response, json_response

__all__ = [
    "Break",
    "Broken",
    "Entry",
    "Fault",
    "Injected",
    "Kind",
    "Ledger",
    "Operation",
    "Request",
    "Response",
    "Sandbox",
    "Settings",
]

_PROVIDERS: Sequence[Callable[[IdSource], Provider]] = (
    GoHighLevel,
    EmailBison,
    SmartLead,
    Instantly,
    Unipile,
)


class Sandbox:
    """The providers, their ledger and the faults; and Slack and models, with records of their own.

    Args:
        providers: whose shapes are spoken; by default everybody's.
        settings: delays, tokens and known contacts; may be replaced at any time.
        clock: the time, epoch seconds UTC.
        seed: makes the provider ids repeatable; ``None``: new ones in each sandbox.
    """

    def __init__(
        self,
        providers: Sequence[Provider] | None = None,
        *,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
        seed: str | None = None,
    ) -> None:
        ids = IdSource(seed if seed is not None else secrets.token_hex(16))
        self.providers: Sequence[Provider] = (
            [make(ids) for make in _PROVIDERS] if providers is None else list(providers)
        )
        self.settings = settings or Settings()
        self.ledger = Ledger()
        self.slack = Slack(clock)
        self.models = ChatModels()
        self._clock = clock
        self._faults = FaultQueue()
        self._lock = RLock()
        self._begun: dict[int, tuple[Request, int]] = {}

    # -- requests

    def begin(self, request: Request, *, now: float | None = None) -> int:
        """Notes that a request arrived, before any decision; returns its number in the ledger.

        ``handle`` of the same request object then answers this arrival. ``now`` is the moment of
        its first byte, epoch seconds UTC; by default the clock's.
        """
        with self._lock:
            number = self.ledger.arrive(request.method, request.path, self._milliseconds(now))
            self._begun[id(request)] = (request, number)
            return number

    def interrupted(self, request: Request, *, now: float | None = None) -> None:
        """Notes a request whose client went away before it was whole."""
        number = self.ledger.arrive(request.method, request.path, self._milliseconds(now))
        self.ledger.note(number, operation=Operation.INCOMPLETE)

    def handle(self, request: Request, *, now: float | None = None) -> Response | Broken:
        """Decides about a request, as the provider would or as a fault was programmed.

        A request that was not begun is begun now. ``now`` is epoch seconds UTC; by default the
        clock's.
        """
        with self._lock:
            moment = self._clock() if now is None else now
            number = self._number_of(request, moment)
            understood = self._read(request)
            if understood is None:
                return self._answered(number, _no_such_path(request))
            provider, call = understood
            operation, text = _describe(call)
            self.ledger.note(
                number,
                provider=provider.name,
                operation=operation,
                account=call.account,
                contact_id=call.contact_id,
                text=text,
                cc=call.cc if isinstance(call, Send) else (),
            )
            if isinstance(call, Invalid):
                return self._answered(number, call.response)
            exchange = Exchange(
                provider=provider,
                request=request,
                call=call,
                number=number,
                moment=moment,
                ledger=self.ledger,
                settings=self.settings,
                clock=self._clock,
                lock=self._lock,
            )
            fault = self._faults.take(operation, call.contact_id, text)
            if fault is None:
                return self._answered(number, exchange.serve())
            self.ledger.note(number, fault=fault.kind.value)
            outcome = exchange.misbehave(fault)
            return self._answered(number, outcome) if isinstance(outcome, Response) else outcome

    # -- what a test tells the sandbox

    def program(self, *faults: Fault) -> None:
        """Adds faults, to be met in this order.

        Raises:
            ValueError: no provider here knows the refusal that a fault names.
        """
        known = {name for provider in self.providers for name in provider.refusals}
        for fault in faults:
            if fault.refusal is not None and fault.refusal not in known:
                raise ValueError(
                    f"No refusal is called {fault.refusal}; there are {', '.join(sorted(known))}."
                )
        for fault in faults:
            self._faults.add(fault)

    def faults(self) -> list[Fault]:
        """The faults that are not used up."""
        return self._faults.pending()

    def clear_faults(self) -> None:
        """Forgets all faults; requests that already met one stay as they are."""
        self._faults.clear()

    def inject(self, message: Injected, *, provider: str = GoHighLevel.name) -> Accepted:
        """Puts a message into a provider's store, to be found by look-ups.

        Raises:
            ValueError: no provider of that name is here.
        """
        with self._lock:
            for candidate in self.providers:
                if candidate.name == provider:
                    return candidate.inject(message, self._clock())
            names = ", ".join(candidate.name for candidate in self.providers)
            raise ValueError(f"No provider is called {provider}; there are {names}.")

    def reset(self) -> None:
        """Forgets the ledger, the messages and the faults. Settings stay."""
        with self._lock:
            self._faults.clear()
            self._begun.clear()
            self.ledger.clear()
            self.slack.clear()
            self.models.clear()
            for provider in self.providers:
                provider.clear()

    # -- inside

    def _milliseconds(self, now: float | None) -> int:
        return int((self._clock() if now is None else now) * 1000)

    def _number_of(self, request: Request, moment: float) -> int:
        begun = self._begun.pop(id(request), None)
        if begun is not None:
            return begun[1]
        return self.ledger.arrive(request.method, request.path, int(moment * 1000))

    def _read(self, request: Request) -> tuple[Provider, Send | LookUp | Invalid] | None:
        for provider in self.providers:
            call = provider.read(request, self.settings)
            if call is not None:
                return provider, call
        return None

    def _answered(self, number: int, response: Response) -> Response:
        self.ledger.note(number, status=response.status)
        return response


def _describe(call: Send | LookUp | Invalid) -> tuple[Operation, str]:
    match call:
        case Send():
            return Operation.SEND, call.text
        case LookUp():
            return Operation.LOOK_UP, ""
        case Invalid():
            return call.operation, call.text


def _no_such_path(request: Request) -> Response:
    return json_response(
        404,
        {
            "statusCode": 404,
            "message": f"Cannot {request.method} {request.path}",
            "error": "Not Found",
        },
    )
