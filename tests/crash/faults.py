"""The faults that may strike at a boundary, and which of them make sense at which effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from devstack.sandbox.chat_models import ChatAnswer, ChatKind
from devstack.sandbox.provider import Fault as SandboxFault
from devstack.sandbox.provider import Kind
from devstack.sandbox.slack import SlackFault
from system_sender.world import Effect
from tests.support.correspondents import Refusals


class Fault(StrEnum):
    """What goes wrong at one boundary, once."""

    # The process.
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    # Stopped past every deadline while others recover its work, and then it goes on.
    FROZEN = "frozen and thawed"
    # The same, on a host whose monotonic clock sleeps with it.
    SUSPENDED = "suspended with its host"
    # The wall clock is set back to where it was: only the monotonic one tells.
    CLOCK_SET_BACK = "frozen, and the clock set back"

    # DynamoDB.
    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    # The reply is lost, and the write is applied only after the next effect.
    ARRIVES_LATE = "reply lost, applied later"
    THROTTLED = "throttled"
    CONFLICT = "transaction conflict"
    # A condition is false for a true reason, and another row is in conflict.
    CONFLICT_AND_CONDITION = "conflict and failed condition"
    # The SDK sends it again after its first answer was lost: the same token twice.
    ECHOED = "echoed by an SDK retry"
    # Nothing reaches DynamoDB any more until this invocation is over.
    OUTAGE = "storage down for the rest"

    # The provider.
    REFUSED = "definite 4xx"
    RATE_LIMITED = "429"
    UNAUTHORIZED = "401"
    SERVER_ERROR_BEFORE = "5xx before acceptance"
    SERVER_ERROR_AFTER = "5xx after acceptance"
    RESET_BEFORE = "reset before acceptance"
    RESET_AFTER = "reset after acceptance"
    STALLED_BEFORE = "timed out, not accepted"
    STALLED_AFTER = "timed out, accepted"
    ACCEPTED_LATE = "timed out, accepted later"
    UNREADABLE = "accepted, empty answer"
    # A look-up does not see yet what was accepted.
    NOT_VISIBLE = "not visible yet"


PROCESS_FAULTS = (
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
    Fault.FROZEN,
    Fault.SUSPENDED,
    Fault.CLOCK_SET_BACK,
)
FREEZES = frozenset({Fault.FROZEN, Fault.SUSPENDED, Fault.CLOCK_SET_BACK})

# Longer than any request may take, so that the sender has given up.
_STALL_SECONDS = 60.0

_REFUSING = {
    Fault.REFUSED: lambda names: SandboxFault(Kind.REFUSE, refusal=names.refused),
    Fault.RATE_LIMITED: lambda names: SandboxFault(
        Kind.REFUSE, refusal=names.rate_limited, retry_after="30"
    ),
    Fault.UNAUTHORIZED: lambda names: SandboxFault(Kind.REFUSE, refusal=names.unauthorized),
}
_MISBEHAVING: Mapping[Fault, SandboxFault] = {
    Fault.SERVER_ERROR_BEFORE: SandboxFault(Kind.SERVER_ERROR_BEFORE),
    Fault.SERVER_ERROR_AFTER: SandboxFault(Kind.SERVER_ERROR_AFTER, status=502),
    Fault.RESET_BEFORE: SandboxFault(Kind.RESET_BEFORE),
    Fault.RESET_AFTER: SandboxFault(Kind.RESET_AFTER),
    Fault.STALLED_BEFORE: SandboxFault(Kind.STALL_BEFORE, seconds=_STALL_SECONDS),
    Fault.STALLED_AFTER: SandboxFault(Kind.STALL_AFTER, seconds=_STALL_SECONDS),
    Fault.ACCEPTED_LATE: SandboxFault(Kind.ACCEPT_LATE, seconds=_STALL_SECONDS),
    Fault.UNREADABLE: SandboxFault(Kind.EMPTY_SUCCESS),
}
PROVIDER_FAULTS = (*_REFUSING, *_MISBEHAVING)
_SLACKS_WORDS: Mapping[Fault, str] = {
    Fault.REFUSED: "channel_not_found",
    Fault.RATE_LIMITED: "ratelimited",
    Fault.UNAUTHORIZED: "invalid_auth",
}
_MODELS_ANSWERS: Mapping[Fault, ChatAnswer] = {
    Fault.RATE_LIMITED: ChatAnswer(ChatKind.STATUS, status=429),
    Fault.UNAUTHORIZED: ChatAnswer(ChatKind.STATUS, status=401),
    Fault.SERVER_ERROR_BEFORE: ChatAnswer(ChatKind.STATUS, status=500),
    Fault.RESET_BEFORE: ChatAnswer(ChatKind.RESET),
    Fault.STALLED_BEFORE: ChatAnswer(ChatKind.STALL, seconds=_STALL_SECONDS),
    Fault.UNREADABLE: ChatAnswer(ChatKind.MALFORMED),
}
# After these a model has said nothing.
SILENCES = frozenset({Fault.KILLED_BEFORE, *_MODELS_ANSWERS})
# What an invocation that nobody waits for can meet, and a batch of messages.
_INVOKE_FAULTS = (Fault.REQUEST_LOST, Fault.REPLY_LOST, Fault.THROTTLED)
# Nothing is accepted by a look-up, so that only one of each pair makes sense there.
_LOOK_UP_FAULTS = (
    *_REFUSING,
    Fault.SERVER_ERROR_BEFORE,
    Fault.RESET_BEFORE,
    Fault.STALLED_BEFORE,
    Fault.UNREADABLE,
    Fault.NOT_VISIBLE,
)


def provider_fault(fault: Fault, refusals: Refusals) -> SandboxFault:
    """Return what the provider's sandbox makes of a fault.

    Args:
        refusals: what that provider's refusals are called.
    """
    make = _REFUSING.get(fault)
    return _MISBEHAVING[fault] if make is None else make(refusals)


def slack_fault(fault: Fault) -> SlackFault:
    """Return what Slack's sandbox makes of a fault."""
    word = _SLACKS_WORDS.get(fault)
    if word is not None:
        return SlackFault(Kind.REFUSE, error=word)
    return SlackFault(_MISBEHAVING[fault].kind, seconds=_STALL_SECONDS)


def model_answer(fault: Fault) -> ChatAnswer:
    """Return what a model's server makes of a fault."""
    return _MODELS_ANSWERS[fault]


@dataclass(frozen=True, slots=True)
class Boundary:
    """One outside effect of a run, by its number in the order of happening."""

    number: int
    effect: Effect
    name: str


def faults_at(boundary: Boundary) -> tuple[Fault, ...]:
    """Return every fault that can strike there."""
    match boundary.effect:
        case Effect.DATABASE_READ:
            return (*PROCESS_FAULTS, Fault.REPLY_LOST, Fault.THROTTLED, Fault.OUTAGE)
        case Effect.DATABASE_WRITE:
            mixed = (Fault.CONFLICT_AND_CONDITION,) if _rests_on_the_lead(boundary) else ()
            return (
                *PROCESS_FAULTS,
                Fault.REQUEST_LOST,
                Fault.REPLY_LOST,
                Fault.ARRIVES_LATE,
                Fault.THROTTLED,
                Fault.CONFLICT,
                *mixed,
                Fault.ECHOED,
                Fault.OUTAGE,
            )
        case Effect.SECRET:
            return (*PROCESS_FAULTS, Fault.THROTTLED)
        case Effect.PROVIDER:
            looks = is_look_up(boundary)
            return (*PROCESS_FAULTS, *(_LOOK_UP_FAULTS if looks else PROVIDER_FAULTS))
        case Effect.MODEL:
            return (*PROCESS_FAULTS, *_MODELS_ANSWERS)
        case Effect.INVOKE | Effect.QUEUE:
            return (*PROCESS_FAULTS, *_INVOKE_FAULTS)
        case Effect.CHAT:
            looks = boundary.name == "find"
            of_a_look = tuple(fault for fault in _LOOK_UP_FAULTS if fault in PROVIDER_FAULTS)
            return (*PROCESS_FAULTS, *(of_a_look if looks else PROVIDER_FAULTS))


# Alike in what they leave behind: the same rows but for a code and some seconds.
_ALIKE_AT_A_SEND = frozenset(
    {
        # An unknown outcome that was not accepted, as when it timed out.
        Fault.SERVER_ERROR_BEFORE,
        Fault.RESET_BEFORE,
        # One that was.
        Fault.SERVER_ERROR_AFTER,
        Fault.RESET_AFTER,
        Fault.UNREADABLE,
    }
)
# A model that gave no answer, for one reason or another; a person decides.
_ALIKE_AT_A_MODEL = frozenset(
    {
        Fault.UNAUTHORIZED,
        Fault.SERVER_ERROR_BEFORE,
        Fault.RESET_BEFORE,
        Fault.UNREADABLE,
    }
)
# Nobody could look, for one reason or another; waiting for an answer in vain takes time as well.
_ALIKE_AT_A_LOOK_UP = frozenset(
    {
        Fault.RATE_LIMITED,
        Fault.UNAUTHORIZED,
        Fault.SERVER_ERROR_BEFORE,
        Fault.RESET_BEFORE,
        Fault.UNREADABLE,
    }
)


def distinct_faults_at(boundary: Boundary, after: Boundary | None) -> tuple[Fault, ...]:
    """Return the faults without those that leave the very same world behind as another one.

    Reading changes nothing, and neither does a look-up at the provider or a model's answer. So
    dying after a read, or before another one, is dying before the first; a read whose reply was
    lost is a read that was throttled; and an outage that begins with a read leaves what a throttled
    one does. A throttled write is one in conflict: refused as a whole. The two clocks are compared
    only between a claim and its request; anywhere else a clock that was set back is a clock.

    The cron ends with counting what is parked, so whatever strikes there leaves what was there.

    Args:
        after: the boundary before this one, if there is one.
    """
    if _is_query(boundary, "messages"):
        return ()
    same: set[Fault] = set()
    if _reads(boundary):
        same |= {Fault.KILLED_AFTER, Fault.REPLY_LOST, Fault.OUTAGE}
        if after is not None and _reads(after):
            same.add(Fault.KILLED_BEFORE)
    if is_look_up(boundary):
        same |= _ALIKE_AT_A_LOOK_UP
    if boundary.effect is Effect.MODEL:
        same |= _ALIKE_AT_A_MODEL
    if boundary.effect is Effect.DATABASE_WRITE:
        same.add(Fault.THROTTLED)
    if boundary.effect is Effect.CHAT:
        same |= _ALIKE_AT_A_SEND
    if is_send(boundary):
        same |= _ALIKE_AT_A_SEND
    elif not is_claim(boundary):
        same.add(Fault.CLOCK_SET_BACK)
    return tuple(fault for fault in faults_at(boundary) if fault not in same)


def repeated_look_ups(trace: Sequence[Boundary]) -> frozenset[int]:
    """Return the numbers of the boundaries that only repeat the look-up before them.

    A delivery that the provider does not show is looked up again and again, at growing distances.
    Each look-up reads the same rows as the one before and writes the same two: its finding behind
    the others, and when the next one is due. So a fault there leaves what it leaves at the first,
    but for one entry more. Only the last look-up's writes differ: after them none is due.
    """
    rounds = _rounds(trace)
    alike: set[int] = set()
    for earlier, this, later in zip(rounds, rounds[1:], [*rounds[2:], []], strict=False):
        if not any(map(is_look_up, this)) or _names(this) != _names(earlier):
            continue
        goes_on = _names(later) == _names(this)
        alike |= {at.number for at in this if goes_on or at.effect is not Effect.DATABASE_WRITE}
    return frozenset(alike)


def _rounds(trace: Sequence[Boundary]) -> list[list[Boundary]]:
    """Cut a trace where the cron begins: it asks for the drafts that are due, then the events."""
    rounds: list[list[Boundary]] = [[]]
    for number, boundary in enumerate(trace, 1):
        following = trace[number : number + 1]
        if _is_query(boundary, "drafts") and any(_is_query(at, "inbound") for at in following):
            rounds.append([])
        rounds[-1].append(boundary)
    return rounds


def _is_query(boundary: Boundary, noun: str) -> bool:
    return boundary.name.startswith("query ") and boundary.name.endswith(f"-{noun}")


def _names(round_: Sequence[Boundary]) -> list[str]:
    return [boundary.name for boundary in round_]


def is_send(boundary: Boundary) -> bool:
    """Say whether the boundary is a request that sends."""
    return boundary.effect is Effect.PROVIDER and boundary.name == "send"


def is_look_up(boundary: Boundary) -> bool:
    """Say whether the boundary is a request that only reads the provider's records."""
    return boundary.effect is Effect.PROVIDER and boundary.name == "look_up"


def is_claim(boundary: Boundary) -> bool:
    """Say whether the boundary is the claim of a delivery."""
    return boundary.name.startswith("write suppression+message")


def is_settlement(boundary: Boundary) -> bool:
    """Say whether the boundary writes down what became of a delivery."""
    return boundary.name.startswith(("write message+", "write evidence+message"))


def is_of_the_delivery(boundary: Boundary) -> bool:
    """Say whether the boundary takes a delivery, asks the provider, or settles the delivery."""
    return is_claim(boundary) or boundary.effect is Effect.PROVIDER or is_settlement(boundary)


def _reads(boundary: Boundary) -> bool:
    reads = boundary.effect in (Effect.DATABASE_READ, Effect.SECRET, Effect.MODEL)
    return reads or is_look_up(boundary)


def _rests_on_the_lead(boundary: Boundary) -> bool:
    """Say whether the write is conditional on the lead's version."""
    written = boundary.name.removeprefix("write ").split("+")
    recorded = written[0] == "event" and "lead" in written
    return is_claim(boundary) or recorded or boundary.name == "write lead+event"
