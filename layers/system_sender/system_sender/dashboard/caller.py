"""Who calls, as API Gateway's authorization has established it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from system_sender.codes import Code
from system_sender.dashboard.refusal import Refused

# What a workspace in a path may look like. It becomes part of keys, and of a policy's resources,
# where a wildcard would be another workspace's.
_WORKSPACE = re.compile(r"[A-Za-z0-9._-]{1,128}")
LONGEST_USER = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller and the one workspace of this request.

    Attributes:
        user: what is recorded with everything they do: `api:`, and a token's subject or an ARN.
    """

    user: str
    workspace: str

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> "Caller":
        """Read a REST API proxy event.

        Raises:
            Refused: nobody vouches for the caller, or not for this workspace.
        """
        workspace = str((event.get("pathParameters") or {}).get("workspace") or "")
        if not is_workspace(workspace):
            raise Refused(Code.WORKSPACE_NOT_FOUND)
        context = event.get("requestContext") or {}
        authorizer = context.get("authorizer") or {}
        if authorizer.get("principalId"):
            # The policy has said so already; a route that forgets it must not open the others.
            if workspace not in allowed_workspaces(authorizer.get("workspaces")):
                raise Refused(Code.FORBIDDEN)
            return cls(_user(str(authorizer["principalId"])), workspace)
        return cls(_user(str((context.get("identity") or {}).get("userArn") or "")), workspace)

    def check(self, identifier: str) -> None:
        """Let an id of this workspace pass.

        Raises:
            Refused: the id belongs to another workspace, or to none.
        """
        if not identifier.startswith(f"{self.workspace}:"):
            raise Refused(Code.FORBIDDEN, "An id begins with its workspace, which is not this one.")


def is_workspace(name: str) -> bool:
    """Say whether this can be the name of a workspace."""
    return _WORKSPACE.fullmatch(name) is not None


def allowed_workspaces(written: Any) -> frozenset[str]:
    """Return the workspaces that an authorizer's context names: a JSON list in a text."""
    try:
        names = json.loads(written)
    except (TypeError, ValueError):
        return frozenset()
    return frozenset(map(str, names)) if isinstance(names, list) else frozenset()


def is_user(name: str) -> bool:
    """Say whether a caller can be recorded under this name."""
    return bool(name) and name.isprintable() and len(name) <= LONGEST_USER


def _user(name: str) -> str:
    if not is_user(name):
        raise Refused(Code.UNAUTHENTICATED)
    return f"api:{name}"
