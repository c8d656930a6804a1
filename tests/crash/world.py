"""A world with a clock of its own, in which any outside effect can be made to fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from pynamodb.exceptions import PynamoDBException

from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Fault as SandboxFault
from devstack.sandbox.provider import Kind, Response, Sandbox
from system_sender.secrets import SecretUnavailable
from system_sender.store import StorageError
from system_sender.transport import Answer, Guard, NoAnswer, Request
from system_sender.world import Effect, World
from tests.crash import connection as raw
from tests.crash.connection import FaultyConnection
from tests.crash.faults import (
    FREEZES,
    Boundary,
    Fault,
    is_look_up,
    model_answer,
    provider_fault,
    slack_fault,
)
from tests.support.correspondents import SMS
from tests.support.scene import SECRET, SIGNING_SECRET
from tests.support.transport import SandboxTransport

T = TypeVar("T")

# Ten in the morning in New York on a Monday in summer: no cap's day ends within minutes.
BEGINNING = 1_782_741_600_000
# Past the post window, the request's time limit, the grace after it, and a function's timeout.
PAST_EVERY_DEADLINE = 20 * 60_000
_EFFECT_MILLISECONDS = 3

_DATABASE = (Effect.DATABASE_READ, Effect.DATABASE_WRITE)
_STRIKES: Mapping[Fault, raw.Strike] = {
    Fault.REQUEST_LOST: raw.request_lost,
    Fault.REPLY_LOST: raw.reply_lost,
    Fault.THROTTLED: raw.throttled,
    Fault.CONFLICT: raw.conflict,
    Fault.CONFLICT_AND_CONDITION: raw.conflict_and_condition,
    Fault.ECHOED: raw.echoed,
    Fault.OUTAGE: raw.request_lost,
}


class Killed(BaseException):
    """The process died here. No handler of the code under test may catch it."""


@dataclass(slots=True)
class Process:
    """One invocation of a function."""

    dead: bool = False
    cut_off: bool = False


@dataclass(slots=True)
class _Late:
    """A write still on its way, and how many effects happen before it lands."""

    effects: int
    land: Callable[[], object]


class FaultyWorld(World):
    """Numbers every effect and lets planned faults strike.

    Attributes:
        plan: the fault for each number of a boundary.
        trace: every boundary so far, in the order of happening.
        problems: what no fault may cause, in words.
        recover: what everybody else does while one process is frozen.
        interfere: bumps the lead's version, as some other writer would.
        watch: called after every write, to look at what it left.
        before: called with each boundary before its effect.
        refusals: what the provider that is written to calls its refusals.
    """

    def __init__(
        self, name: str, connection: FaultyConnection, plan: Mapping[int, Fault] | None = None
    ) -> None:
        self.name = name
        self.connection = connection
        self.plan = plan or {}
        self.trace: list[Boundary] = []
        self.problems: list[str] = []
        self.recover: Callable[[], None] = _nobody
        self.interfere: Callable[[], object] = _nobody
        self.watch: Callable[[], None] = _nobody
        self.before: Callable[[Boundary], None] = lambda _boundary: None
        self.refusals = SMS.refusals
        self.sandbox = Sandbox(clock=lambda: self.now() / 1000, seed=name)
        self._wall = BEGINNING
        self._monotonic = 1_000.0
        # True time, whatever our own clocks are set to: what others do happens by it.
        self._elapsed = 0
        self._ids = 0
        self._processes: list[Process] = []
        self._late: list[_Late] = []
        self._appointments: list[tuple[int, Callable[[], object]]] = []

    # --- clock and ids

    def now(self) -> int:
        """Return the virtual wall clock in epoch milliseconds, UTC."""
        return self._wall

    def monotonic(self) -> float:
        """Return the virtual monotonic clock in seconds."""
        return self._monotonic

    def new_id(self) -> str:
        """Return an id that no other run has: DynamoDB remembers tokens for ten minutes."""
        self._ids += 1
        return f"{self.name}-{self._ids}"

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.advance(int(seconds * 1000))

    def advance(self, milliseconds: int) -> None:
        """Let virtual time pass, and keep the appointments that fall into it."""
        self._wall += milliseconds
        self._monotonic += milliseconds / 1000
        self._elapsed += milliseconds
        kept = [keep for at, keep in self._appointments if at <= self._elapsed]
        self._appointments = [one for one in self._appointments if one[0] > self._elapsed]
        for keep in kept:
            keep()

    def advance_to(self, wall: int) -> None:
        """Let virtual time pass until this moment, and always a second at least."""
        self.advance(max(1_000, wall - self._wall))

    # --- processes

    def invoke(self, function: Callable[[], object]) -> bool:
        """Run one invocation in a process of its own; say whether it came to its end."""
        process = Process()
        self._processes.append(process)
        try:
            function()
        except Killed:
            return False
        except (StorageError, SecretUnavailable):
            return False
        except Exception as error:  # noqa: BLE001 - any other exception is a finding
            self.problems.append(f"an invocation raised {type(error).__name__}: {error}")
            return False
        finally:
            self._processes.pop()
            self._land(everything=True)
        return True

    # --- effects

    def perform(self, effect: Effect, name: str, call: Callable[[], T]) -> T:
        """Perform one effect, or what the plan makes of it."""
        process = self._processes[-1]
        if process.dead:
            raise Killed
        self.advance(_EFFECT_MILLISECONDS)
        if process.cut_off and effect in _DATABASE:
            # However often it is tried, it is the same crash point: nothing happens here any more.
            return self._break(Fault.OUTAGE, call)
        boundary = Boundary(len(self.trace) + 1, effect, name)
        self.trace.append(boundary)
        self.before(boundary)
        try:
            return self._strike(process, self.plan.get(boundary.number), boundary, call)
        finally:
            if effect is Effect.DATABASE_WRITE:
                self.watch()
            self._land()

    def _strike(
        self, process: Process, fault: Fault | None, boundary: Boundary, call: Callable[[], T]
    ) -> T:
        if fault is None:
            return call()
        if fault is Fault.KILLED_BEFORE:
            process.dead = True
            raise Killed
        if fault is Fault.KILLED_AFTER:
            return self._die_after(process, call)
        if fault in FREEZES:
            self._freeze(fault)
            return call()
        if boundary.effect in _DATABASE:
            return self._strike_database(process, fault, call)
        return self._strike_others(fault, boundary, call)

    def _strike_others(self, fault: Fault, boundary: Boundary, call: Callable[[], T]) -> T:
        """Let a provider, a model, Slack, Lambda, SQS or the parameter store fail at this call."""
        if fault is Fault.NOT_VISIBLE:
            return self._blinded(call)
        if boundary.effect is Effect.MODEL:
            self.sandbox.models.plan(model_answer(fault), first=True)
            return call()
        if boundary.effect is Effect.CHAT:
            return self._misbehave_chat(fault, call)
        if boundary.effect in (Effect.INVOKE, Effect.QUEUE):
            return self._lose(fault, call)
        if boundary.effect is Effect.SECRET:
            raise SecretUnavailable("The SSM parameter store could not be read.")
        return self._misbehave(fault, boundary, call)

    def _strike_database(self, process: Process, fault: Fault, call: Callable[[], T]) -> T:
        """Let DynamoDB fail at this call, or from here on."""
        if fault is Fault.OUTAGE:
            process.cut_off = True
        if fault is Fault.CONFLICT_AND_CONDITION:
            self.interfere()
        return self._break(fault, call)

    def _break(self, fault: Fault, call: Callable[[], T]) -> T:
        """Let DynamoDB fail at this call."""
        self.connection.arm(self._arrive_late if fault is Fault.ARRIVES_LATE else _STRIKES[fault])
        try:
            return call()
        finally:
            self.connection.arm(None)

    def _die_after(self, process: Process, call: Callable[[], T]) -> T:
        try:
            call()
        finally:
            process.dead = True
            raise Killed

    def _freeze(self, fault: Fault) -> None:
        """Stop this process, let the others do what they do, and let it go on."""
        wall, monotonic = self._wall, self._monotonic
        self.advance(PAST_EVERY_DEADLINE)
        self.recover()
        if fault is Fault.SUSPENDED:
            self._monotonic = monotonic
        if fault is Fault.CLOCK_SET_BACK:
            self._wall = wall

    def _misbehave(self, fault: Fault, boundary: Boundary, call: Callable[[], T]) -> T:
        """Let the provider misbehave at this request, before anything programmed earlier."""
        programmed = self.sandbox.faults()
        self.sandbox.clear_faults()
        operation = Operation.LOOK_UP if is_look_up(boundary) else Operation.SEND
        strike = provider_fault(fault, self.refusals)
        self.sandbox.program(replace(strike, operation=operation))
        try:
            return call()
        finally:
            self.sandbox.clear_faults()
            self.sandbox.program(*programmed)

    def _misbehave_chat(self, fault: Fault, call: Callable[[], T]) -> T:
        """Let Slack misbehave at this call."""
        self.sandbox.slack.program(slack_fault(fault))
        try:
            return call()
        finally:
            self.sandbox.slack.clear_faults()

    def _lose(self, fault: Fault, call: Callable[[], T]) -> T:
        """Let a call of Lambda or SQS be refused, or lost on its way there or back."""
        if fault is Fault.THROTTLED:
            error = {"Error": {"Code": "TooManyRequestsException"}}
            raise ClientError(error, "Invoke")  # type: ignore[arg-type]
        if fault is Fault.REPLY_LOST:
            call()
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1")

    def _blinded(self, call: Callable[[], T]) -> T:
        """Let a look-up see nothing that was accepted in the last minutes."""
        settings = self.sandbox.settings
        self.sandbox.settings = replace(settings, visibility_delay_s=PAST_EVERY_DEADLINE / 1000)
        try:
            return call()
        finally:
            self.sandbox.settings = settings

    # --- what happens later

    def _arrive_late(
        self, operation: str, arguments: dict[str, Any], call: raw.Call
    ) -> dict[str, Any]:
        self._late.append(_Late(2, call))
        return raw.request_lost(operation, arguments, call)

    def _land(self, *, everything: bool = False) -> None:
        """Apply the writes whose time has come. One that is refused by then changes nothing."""
        for late in self._late:
            late.effects -= 1
        landing = [late for late in self._late if everything or late.effects <= 0]
        self._late = [late for late in self._late if late not in landing]
        for late in landing:
            try:
                late.land()
            except (ClientError, BotoCoreError, PynamoDBException):
                continue
            self.watch()

    def timed_out(self, seconds: float, resume: Callable[[], Response] | None) -> None:
        """Let the time pass that a sender waited in vain; the provider may act still later."""
        if resume is not None:
            self._appointments.append((self._elapsed + 2 * int(seconds * 1000), resume))
        self.advance(int(seconds * 1000))


def _nobody() -> None:
    """Nobody else is there."""


class WorldSecrets:
    """A token and a webhook secret, behind the numbered seam as SSM is."""

    def __init__(self, world: World) -> None:
        self._world = world

    def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
        """Say that a new process has read nothing yet."""
        return False

    def get(self, workspace: str, provider: str, secret: str) -> str | None:
        """Return the secret."""
        known = {"webhook_secret": SECRET, "signing_secret": SIGNING_SECRET}
        value = known.get(secret, "pit-test")
        return self._world.perform(Effect.SECRET, f"secret {secret}", lambda: value)


# Returns the name of the refusal if a provider always refuses such a request.
Closed = Callable[[Request], str | None]


class ChoosyTransport(SandboxTransport):
    """Leads to a provider that refuses some requests whenever they come."""

    def __init__(self, world: FaultyWorld, milliseconds: int, closed: Closed) -> None:
        super().__init__(world.sandbox, timed_out=world.timed_out)
        self._world = world
        self._milliseconds = milliseconds
        self._closed = closed

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request, which meets the faults of its own moment first; come back late."""
        refusal = self._closed(request)
        if refusal is None:
            answer = super().send(request, seconds=seconds, guard=guard)
        else:
            answer = self._refused(refusal, request, seconds, guard)
        self._world.advance(self._milliseconds)
        return answer

    def _refused(
        self, refusal: str, request: Request, seconds: float, guard: Guard
    ) -> Answer | NoAnswer:
        self.sandbox.program(SandboxFault(Kind.REFUSE, refusal=refusal))
        try:
            return super().send(request, seconds=seconds, guard=guard)
        finally:
            self.sandbox.clear_faults()


def _open(_request: Request) -> None:
    """Refuse nothing."""


def transport_of(world: FaultyWorld, *, slow: int = 0, closed: Closed = _open) -> SandboxTransport:
    """Return a transport into the world's sandbox, whose timeouts take virtual time.

    Args:
        slow: the milliseconds that every answer takes to be read.
    """
    return ChoosyTransport(world, slow, closed)
