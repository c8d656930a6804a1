"""A world that lasts a month: its processes overlap, and a deployment ends all of them at once."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Sandbox
from system_sender.codes import Code
from system_sender.transport import Answer, Guard, NoAnswer, Request, Withheld
from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.interleaving import SideBySideWorld
from tests.crash.world import Killed
from tests.simulation.plan import Trouble, Weather
from tests.support.transport import SandboxTransport

T = TypeVar("T")
# Whether an effect is the one in whose middle everybody dies.
Fatal = Callable[[Effect, str], bool]


@dataclass(slots=True)
class _Doom:
    fatal: Fatal
    lands: bool
    struck: bool = False


class MonthWorld(SideBySideWorld):
    """A virtual clock that begins where it is told, and processes that may all end at once."""

    def __init__(
        self, name: str, connection: FaultyConnection, beginning: int, seed: object
    ) -> None:
        super().__init__(name, connection)
        self.sandbox = Sandbox(clock=lambda: self.now() / 1000, seed=f"month {seed}")
        self._wall = beginning
        self._doom: _Doom | None = None

    def doom(self, fatal: Fatal, *, lands: bool) -> None:
        """Let every running process end in the middle of the first effect that this is true of.

        Args:
            lands: the effect happens, and nobody is left to hear of it; otherwise it does not.
        """
        self._doom = _Doom(fatal, lands)

    def spare(self) -> bool:
        """Let processes live again; say whether any had died."""
        struck = self._doom is not None and self._doom.struck
        self._doom = None
        return struck

    def perform(self, effect: Effect, name: str, call: Callable[[], T]) -> T:
        """Perform one effect, unless its process ends here."""

        def perform_or_die() -> T:
            doom = self._doom
            if doom is None:
                return call()
            if doom.struck:
                raise Killed
            if not doom.fatal(effect, name):
                return call()
            doom.struck = True
            if doom.lands:
                call()
            raise Killed

        return super().perform(effect, name, perform_or_die)

    def forget(self) -> None:
        """Forget the effects so far: a month has many."""
        self.trace.clear()
        self.applied.clear()


def nth(number: int) -> Fatal:
    """Return what is true of the effect of this number from now on."""
    numbers = itertools.count(1)

    def is_it(effect: Effect, name: str) -> bool:
        return next(numbers) == number

    return is_it


class WeatherTransport(SandboxTransport):
    """Leads to providers that have bad hours, and refuse texts to those who want none.

    Args:
        undisturbed: the contacts of these.
    """

    def __init__(
        self, world: MonthWorld, troubles: tuple[Trouble, ...], *, undisturbed: frozenset[str]
    ) -> None:
        super().__init__(world.sandbox, timed_out=world.timed_out)
        self._world = world
        self._troubles = troubles
        self._undisturbed = undisturbed

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request into the weather of its moment."""
        weather = self._weather(request)
        if weather is Weather.REFUSES:
            return _no_connection(guard)
        if weather is not None:
            self.sandbox.program(self._fault(weather, request))
        elif self._is_unwanted_text(request):
            self.sandbox.program(Fault(Kind.REFUSE, refusal="dnd_sms"))
        try:
            return super().send(request, seconds=seconds, guard=guard)
        finally:
            self.sandbox.clear_faults()

    def _weather(self, request: Request) -> Weather | None:
        now, provider = self._world.now(), provider_of(request)
        for one in self._troubles:
            if one.provider == provider and one.start <= now < one.end:
                reads = request.method != "POST"
                return None if reads and one.weather is Weather.STALLS else one.weather
        return None

    def _is_unwanted_text(self, request: Request) -> bool:
        if request.method != "POST" or provider_of(request) != "gohighlevel":
            return False
        fields = json.loads(request.body or b"{}")
        return fields.get("type") == "SMS" and fields.get("contactId") in self._undisturbed

    def _fault(self, weather: Weather, request: Request) -> Fault:
        sends = request.method == "POST"
        operation = Operation.SEND if sends else Operation.LOOK_UP
        # Of the messages that nobody answers for, some are taken all the same.
        taken = sends and len(self.sandbox.ledger.sends()) % 2 == 0
        if weather is Weather.BREAKS:
            kind = Kind.SERVER_ERROR_AFTER if taken else Kind.SERVER_ERROR_BEFORE
            return Fault(kind, operation=operation, status=502)
        if weather is Weather.STALLS:
            kind = Kind.STALL_AFTER if taken else Kind.STALL_BEFORE
            return Fault(kind, operation=operation, seconds=60)
        if weather is Weather.LIMITS:
            return Fault(Kind.REFUSE, operation=operation, refusal="too_many_requests")
        provider = provider_of(request)
        refusal = "invalid_token" if provider == "gohighlevel" else "invalid_key"
        return Fault(Kind.REFUSE, operation=operation, refusal=refusal)


def provider_of(request: Request) -> str:
    """Return whose request it is, by its path."""
    return "unipile" if "/api/v1/" in request.url else "gohighlevel"


def _no_connection(guard: Guard) -> NoAnswer:
    try:
        guard()
    except Withheld as withheld:
        return NoAnswer(began=False, code=withheld.code)
    return NoAnswer(began=False, code=Code.UNREACHABLE)
