"""Logs and metrics: ids and codes, never a text, a phone number, an address, a token."""

import os

from aws_lambda_powertools import Logger

NAMESPACE = "SystemSender"
# The template sets it to the name of the stack, which the alarms look for.
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "system-sender")

log = Logger(service=SERVICE)


def emit_contradiction() -> None:
    """Emit that the provider accepted what had been settled, or ordered, otherwise meanwhile."""
    from aws_lambda_powertools.metrics import Metrics, MetricUnit

    metrics = Metrics(namespace=NAMESPACE, service=SERVICE)
    metrics.add_metric("Contradictions", MetricUnit.Count, 1)
    metrics.flush_metrics()


def emit_failure(count: int = 1) -> None:
    """Emit that so many calls or items failed unexpectedly."""
    from aws_lambda_powertools.metrics import Metrics, MetricUnit

    metrics = Metrics(namespace=NAMESPACE, service=SERVICE)
    metrics.add_metric("FailedItems", MetricUnit.Count, count)
    metrics.flush_metrics()


def emit_sweep(oldest_due_seconds: float, parked: int, failed: int, unshown: int) -> None:
    """Emit what the alarms watch, once a round has finished."""
    # Imported here: a webhook emits no metrics, and its cold start should not pay for them.
    from aws_lambda_powertools.metrics import Metrics, MetricUnit

    metrics = Metrics(namespace=NAMESPACE, service=SERVICE)
    metrics.add_metric("FailedItems", MetricUnit.Count, failed)
    metrics.add_metric("OldestDueAgeSeconds", MetricUnit.Seconds, oldest_due_seconds)
    metrics.add_metric("ParkedDeliveries", MetricUnit.Count, parked)
    metrics.add_metric("ReviewsNotShown", MetricUnit.Count, unshown)
    metrics.add_metric("SweepFinished", MetricUnit.Count, 1)
    metrics.flush_metrics()
