"""The one request of a claimed delivery, and the guard that is asked before its first byte."""

from dataclasses import replace
from typing import TYPE_CHECKING

from system_sender.codes import Code
from system_sender.delivery import Delivery
from system_sender.ledger import DeliveryLedger
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import provider_named
from system_sender.reading import Reading
from system_sender.store import StorageError
from system_sender.switches import read_switches
from system_sender.telemetry import log
from system_sender.transport import Request, Withheld
from system_sender.world import Effect

if TYPE_CHECKING:
    from system_sender.system import System


def perform_request(
    system: "System",
    ledger: DeliveryLedger,
    delivery: Delivery,
    request: Request,
    guard: "Guard",
) -> Outcome:
    """Make the one provider request. Returns an outcome whatever happens, never raises one.

    Args:
        request: made before the claim, so that a mistake in making it parks nothing.
    """
    if not ledger.claimed:
        raise RuntimeError("A request without a claim must never begin.")
    provider = provider_named(delivery.provider)
    try:
        answer = system.world.perform(
            Effect.PROVIDER,
            "send",
            lambda: system.transport.send(
                request, seconds=delivery.request_seconds, guard=guard.allow
            ),
        )
        outcome = provider.outcome(answer, system.world.now(), delivery.letter)
        return _on_next_route(_uncounted_if_ours(outcome), delivery)
    except Exception as error:  # noqa: BLE001 - after a claim, an outcome must come back
        # Only the type: the text of an exception may hold what was being sent.
        fields = {"message_id": delivery.id, "error": type(error).__name__}
        log.error("request_failed_unexpectedly", extra=fields)
        return Outcome(OutcomeKind.UNKNOWN, Code.INTERNAL_ERROR)


def _uncounted_if_ours(outcome: Outcome) -> Outcome:
    """Let an attempt that we ourselves withheld use up none of the bounded attempts."""
    ours = {Code.TOO_LATE, Code.BUSY, Code.PAUSED_ALL, Code.PAUSED_WORKSPACE, Code.PAUSED_CHANNEL}
    free = outcome.code in ours or outcome.integration_unhealthy
    return replace(outcome, counts=False) if free else outcome


def _on_next_route(outcome: Outcome, delivery: Delivery) -> Outcome:
    """Let the next way be tried at once, if there is one; if not, what the provider said holds."""
    if not outcome.next_route:
        return outcome
    if not delivery.has_next_route:
        # To begin again with the first is an attempt like any other: bounded, and not at once.
        return replace(outcome, counts=True)
    return replace(outcome, kind=OutcomeKind.NOT_SENT, retry_at=None, counts=False)


class Guard:
    """Asked right before the first byte: is the permission still good?"""

    def __init__(self, system: "System", reading: Reading, delivery: Delivery) -> None:
        self._system = system
        self._delivery = delivery
        self.reading = reading

    def allow(self) -> None:
        """Return if the request may begin now.

        Raises:
            Withheld: too late, or a switch was thrown meanwhile.
        """
        self._refuse_late()
        if self.reading.switches.is_fresh(self._system.world):
            return
        self._read_switches()
        self._refuse_late()
        if not self.reading.switches.is_fresh(self._system.world):
            # DynamoDB took longer to answer than its answer is good for.
            raise Withheld(Code.BUSY)

    def _refuse_late(self) -> None:
        world, delivery = self._system.world, self._delivery
        # Both clocks: the wall clock may be set back, the monotonic one may sleep with the host.
        if world.now() > delivery.post_by or world.monotonic() > delivery.post_by_monotonic:
            raise Withheld(Code.TOO_LATE)

    def _read_switches(self) -> None:
        system, draft = self._system, self._delivery.draft
        try:
            switches = read_switches(system.store, system.world, draft.workspace, draft.channel)
        except StorageError:
            raise Withheld(Code.BUSY) from None
        if switches.paused is not None:
            raise Withheld(switches.paused)
        self.reading.switches = switches
