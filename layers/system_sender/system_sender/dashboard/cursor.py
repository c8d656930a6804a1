"""Where a list goes on: a text that means something to this API only."""

import base64
import binascii
import json
from typing import Any

from system_sender.codes import Code
from system_sender.dashboard.refusal import Refused
from system_sender.models import state_key

# Epoch milliseconds that DynamoDB's numbers and every clock have room for.
_LATEST = 10**15


def cursor_after(key: dict[str, Any]) -> str:
    """Return the cursor of what follows a row, by the row's keys in the index by state."""
    written = json.dumps([key["updated_at"], key["draft_id"]]).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


def start_of(cursor: str, workspace: str, state: str) -> dict[str, Any]:
    """Return the index keys that a cursor stands for, in DynamoDB's own format.

    The partition is always the caller's, whatever the cursor says.

    Raises:
        Refused: it is no cursor of this list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, draft_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _no_cursor() from None
    sound = type(at) is int and 0 <= at < _LATEST and isinstance(draft_id, str)
    if not sound or not draft_id.startswith(f"{workspace}:"):
        raise _no_cursor()
    return {
        "state_key": {"S": state_key(workspace, state)},
        "updated_at": {"N": str(at)},
        "draft_id": {"S": draft_id},
    }


def _no_cursor() -> Refused:
    return Refused(Code.INVALID_REQUEST, "cursor: take the one of the page before, as it is.")
