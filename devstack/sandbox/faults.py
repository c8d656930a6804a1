"""Programmed misbehaviour: which requests meet which fault, and how often."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from threading import Lock
from typing import Any

from devstack.sandbox.ledger import Operation


class Kind(StrEnum):
    """The faults. *Accepted* means that the provider takes the message all the same."""

    REFUSE = "refuse"
    """A definite refusal; ``refusal`` names which of the provider's error answers."""
    DUPLICATE = "duplicate"
    """Refused as a duplicate message; ``status`` 400 (default) or 409."""
    RESET_BEFORE = "reset_before"
    """The connection is reset, not accepted."""
    RESET_AFTER = "reset_after"
    """Accepted, then the connection is reset."""
    STALL_BEFORE = "stall_before"
    """Not accepted; silence for ``seconds``, then a reset."""
    STALL_AFTER = "stall_after"
    """Accepted; silence for ``seconds``, then the ordinary answer."""
    ACCEPT_LATE = "accept_late"
    """Silence for ``seconds``, and only then accepted and answered, client still there or not."""
    SERVER_ERROR_BEFORE = "5xx_before"
    """A 5xx (``status``, default 500), not accepted."""
    SERVER_ERROR_AFTER = "5xx_after"
    """Accepted, then a 5xx (``status``, default 500)."""
    SERVER_ERROR_REFUSAL = "5xx_refusal"
    """A 5xx whose body is the refusal ``refusal``: a definite refusal in disguise."""
    EMPTY_SUCCESS = "2xx_empty"
    """A 2xx without a body; accepted unless ``accepts`` is false."""
    HTML_SUCCESS = "2xx_html"
    """A 2xx with an HTML page; accepted unless ``accepts`` is false."""
    SUCCESS_WITHOUT_ID = "2xx_without_id"
    """A 2xx with JSON that lacks the message id; accepted unless ``accepts`` is false."""
    SUCCESS_ERROR_BODY = "2xx_error_body"
    """HTTP 200 whose body says that it failed; not accepted unless ``accepts`` is true."""
    REDIRECT = "redirect"
    """A redirect (``status``, default 302) to this same server; not accepted."""
    DRIP = "drip"
    """Accepted; the answer's bytes come one by one over ``seconds``."""
    FREEZE_CLIENT = "freeze_client"
    """Accepted; the client's process is stopped (SIGSTOP) before it can read the answer."""


_TIMED = {Kind.STALL_BEFORE, Kind.STALL_AFTER, Kind.ACCEPT_LATE, Kind.DRIP}
_LONGEST_FREEZE_SECONDS = 900.0  # AWS Lambda's longest timeout


@dataclass(frozen=True)
class Fault:
    """One programmed behaviour.

    Attributes:
        kind: what happens.
        times: how many matching requests meet it; ``None``: all, until the faults are cleared.
        skip: how many matching requests pass unharmed before it begins.
        contact_id: only requests about this contact; ``None``: any.
        text_contains: only sends whose text has this in it; ``None``: any.
        operation: sends or look-ups.
        refusal: for the refusing kinds, the name of the provider's error answer.
        status: the HTTP status, where a kind lets one choose.
        seconds: how long, for the kinds that take time.
        retry_after: the value of a ``Retry-After`` header (seconds or an HTTP date) on a refusal.
        accepts: for the 2xx kinds, whether the message is taken; ``None``: the kind's default.

    Raises:
        ValueError: a field is missing or makes no sense for the kind.
    """

    kind: Kind
    times: int | None = 1
    skip: int = 0
    contact_id: str | None = None
    text_contains: str | None = None
    operation: Operation = Operation.SEND
    refusal: str | None = None
    status: int | None = None
    seconds: float = 0.0
    retry_after: str | None = None
    accepts: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))
        object.__setattr__(self, "operation", Operation(self.operation))
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1, or null for ever.")
        if self.skip < 0:
            raise ValueError("skip must not be negative.")
        if self.kind in (Kind.REFUSE, Kind.SERVER_ERROR_REFUSAL) and not self.refusal:
            raise ValueError(f"A fault of kind {self.kind} needs the name of a refusal.")
        if self.kind in _TIMED and self.seconds <= 0:
            raise ValueError(f"A fault of kind {self.kind} needs seconds greater than 0.")
        if self.kind is Kind.FREEZE_CLIENT and self.seconds <= 0:
            object.__setattr__(self, "seconds", _LONGEST_FREEZE_SECONDS)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Fault":
        """Reads a fault from JSON fields; raises ``ValueError`` on an unknown field or kind."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"A fault has no field {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            )
        if "kind" not in values:
            raise ValueError(f"A fault needs a kind: one of {', '.join(Kind)}.")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """The fault as JSON-ready fields."""
        return asdict(self)

    def matches(self, operation: Operation, contact_id: str, text: str) -> bool:
        """Whether it is meant for such a request."""
        return (
            self.operation is operation
            and self.contact_id in (None, contact_id)
            and (self.text_contains is None or self.text_contains in text)
        )


class FaultQueue:
    """The faults still to come, first programmed first met. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[_Waiting] = []

    def add(self, fault: Fault) -> None:
        """Programs a fault, behind those already there."""
        with self._lock:
            self._waiting.append(_Waiting(fault, fault.skip, fault.times))

    def take(self, operation: Operation, contact_id: str, text: str) -> Fault | None:
        """The fault that this request meets, used up by one; ``None`` when it meets none."""
        with self._lock:
            for waiting in self._waiting:
                if not waiting.fault.matches(operation, contact_id, text):
                    continue
                if waiting.skip:
                    waiting.skip -= 1
                    continue
                if waiting.times is not None:
                    waiting.times -= 1
                    if not waiting.times:
                        self._waiting.remove(waiting)
                return waiting.fault
            return None

    def pending(self) -> list[Fault]:
        """The faults that are not used up, as they were programmed."""
        with self._lock:
            return [waiting.fault for waiting in self._waiting]

    def clear(self) -> None:
        """Forgets all faults."""
        with self._lock:
            self._waiting.clear()


@dataclass(eq=False)
class _Waiting:
    fault: Fault
    skip: int
    times: int | None
