"""Logs and metrics: ids and codes, never a text, a phone number, an address, a token."""

import json
import os
import sys

from aws_lambda_powertools import Logger

NAMESPACE = "SystemSender"
# The template sets it to the name of the stack, which the alarms look for.
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "system-sender")

log = Logger(service=SERVICE)


def emit_contradiction() -> None:
    """Emit that the provider accepted what had been settled, or ordered, otherwise meanwhile."""
    _emit(Contradictions=1)


def emit_failure(count: int = 1) -> None:
    """Emit that so many calls or items failed unexpectedly."""
    _emit(FailedItems=count)


def emit_failed_draft() -> None:
    """Emit that an approved draft will not go unless a person says so."""
    _emit(DraftsFailed=1)


def emit_held_up(seconds: float) -> None:
    """Emit how long a draft has been ready to go that was put off once more."""
    _emit(DraftHeldUpSeconds=seconds)


def emit_parked() -> None:
    """Emit that a delivery was parked just now."""
    _emit(NewlyParked=1)


def emit_webhook_not_stored() -> None:
    """Emit that an event could not be stored, and is lost unless it comes again."""
    _emit(WebhooksNotStored=1)


def emit_webhook_refused() -> None:
    """Emit that an event was refused which was probably meant for a workspace of ours."""
    _emit(WebhooksRefused=1)


def emit_sweep(oldest_due_seconds: float, parked: int, failed: int, unshown: int) -> None:
    """Emit what the alarms watch, once a round has finished."""
    _emit(
        FailedItems=failed,
        OldestDueAgeSeconds=oldest_due_seconds,
        ParkedDeliveries=parked,
        ReviewsNotShown=unshown,
        SweepFinished=1,
    )


def _emit(**values: float) -> None:
    """Write metrics into the log, where CloudWatch finds them: no call is made.

    What is told about a message must never decide what becomes of it, so this raises nothing.
    """
    try:
        # Imported here: few webhooks emit anything, and their cold start should not pay for it.
        from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

        metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
        for name, value in values.items():
            unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
            metrics.add_metric(name, unit, value)
        # In one piece: a line that another thread writes into is no metric any more.
        sys.stdout.write(json.dumps(metrics.serialize_metric_set()) + "\n")
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("metrics_not_emitted", extra={"error": type(error).__name__})
