"""Tells API Gateway which workspaces a dashboard's token opens."""

import os
from typing import Any

from system_sender import cold_start
from system_sender.dashboard.token import TokenAuthorizer, TokenSettings
from system_sender.world import World

AUTHORIZER = TokenAuthorizer(World(), TokenSettings.from_environment(os.environ))
cold_start.finished()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    """Handle the question about one token."""
    return AUTHORIZER.authorize(event)
