"""Takes what people decide in Slack. It writes and answers; the sweep function sends."""

import os
from typing import Any

from system_sender import cold_start
from system_sender.going import CronFunction
from system_sender.slack.interactions import handle
from system_sender.system import system

# Made while the environment starts: Slack waits for three seconds only.
SYSTEM = system()
SYSTEM.store.connect()
CRON = CronFunction(SYSTEM.world, os.environ["FOLLOWUP_CRON_FUNCTION"])
CRON.connect()
cold_start.finished()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    """Handle one request of the REST API."""
    return handle(SYSTEM, event, CRON).to_api_gateway()
