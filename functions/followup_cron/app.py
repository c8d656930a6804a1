"""Performs what is due, each minute, or has it performed; or sends one approved draft now."""

from typing import Any

from system_sender import cold_start
from system_sender.budget import Budget
from system_sender.sweep import send_and_show, sweep
from system_sender.system import system
from system_sender.telemetry import emit_sweep
from system_sender.work_queue import queue_of

# Made while the environment starts: the first invocation should not wait for it.
SYSTEM = system()
SYSTEM.store.connect()
QUEUE = queue_of(SYSTEM.world)
if QUEUE is not None:
    QUEUE.connect()
cold_start.finished()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle the schedule's tick, or `{"draft_id": "..."}` from a person who waits."""
    SYSTEM.transport.forget_connections()
    budget = Budget.of_invocation(SYSTEM.world, context.get_remaining_time_in_millis)
    draft_id = event.get("draft_id")
    if draft_id is not None:
        return send_and_show(SYSTEM, str(draft_id), budget).to_dict()
    report = sweep(SYSTEM, budget, queue=QUEUE)
    emit_sweep(report.oldest_due_seconds, report.parked, report.failed, report.unshown)
    return report.to_dict()
