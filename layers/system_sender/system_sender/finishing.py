"""Marks the work of a recorded event as done, with the code that says what it came to."""

from typing import TYPE_CHECKING, Any

from system_sender.codes import Code
from system_sender.models import Inbound, clear_due
from system_sender.store import ConditionsFailed, Write

if TYPE_CHECKING:
    from system_sender.system import System


def finish(system: "System", event: Inbound, code: Code) -> Code:
    """Finish an event, unless another performance did: then that one's word stands."""

    def build(token: str) -> Write:
        write = Write(token)
        finish_step(write, event, code)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return code
    return code


def finish_step(write: Write, event: Inbound, code: Code, *changes: Any) -> None:
    """Add the step that finishes an event; it fails where that was done before.

    Args:
        changes: what else changes in the event's row.
    """
    write.update(
        "event",
        Inbound(event.event_id),
        [Inbound.finished_code.set(code.value), *clear_due(Inbound), *changes],
        Inbound.event_id.exists() & Inbound.finished_code.does_not_exist(),
    )
