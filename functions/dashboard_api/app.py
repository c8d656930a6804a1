"""Answers dashboards: drafts, threads, decisions, messages and switches of one workspace."""

from typing import Any

from system_sender import cold_start
from system_sender.budget import Budget
from system_sender.dashboard.handling import handle
from system_sender.system import system

# Made while the environment starts: the first request should not wait for it.
SYSTEM = system()
SYSTEM.store.connect()
cold_start.finished()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle one request of the REST API."""
    SYSTEM.transport.forget_connections()
    budget = Budget.of_invocation(SYSTEM.world, context.get_remaining_time_in_millis)
    return handle(SYSTEM, event, context, budget)
