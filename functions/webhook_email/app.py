"""Answers the e-mail providers' webhooks: each e-mail is recorded, and answered where it may be."""

from typing import Any

from system_sender import cold_start
from system_sender.budget import Budget
from system_sender.system import system
from system_sender.webhook import handle

# Made while the environment starts: the first request should not wait for it.
SYSTEM = system()
SYSTEM.store.connect()
cold_start.finished()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle one request of the REST API."""
    SYSTEM.transport.forget_connections()
    budget = Budget.of_invocation(SYSTEM.world, context.get_remaining_time_in_millis)
    return handle(SYSTEM, event, budget).to_api_gateway()
