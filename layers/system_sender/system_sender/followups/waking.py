"""Lets an enrolment be looked at: something happened that it may go on, pause or end for."""

from typing import TYPE_CHECKING

from system_sender.models import Enrolment, Lead, shard_of
from system_sender.store import Write

if TYPE_CHECKING:
    from system_sender.system import System

# A lead is in few sequences at once; what a transaction can hold is not many more.
MOST_WOKEN = 20


def wake(write: Write, enrolment_id: str, now: int) -> None:
    """Let an enrolment be due, in the transaction of what happened.

    Its version grows, so that a move that was decided before is decided again. Without a
    condition: a row that somebody deleted must not stand in the way of what happened.
    """
    write.update(
        f"enrolment {enrolment_id}",
        Enrolment(enrolment_id),
        [
            Enrolment.version.add(1),
            Enrolment.due_shard.set(shard_of(enrolment_id)),
            Enrolment.due_at.set(now),
        ],
    )


def wake_all(write: Write, lead: Lead, now: int) -> None:
    """Let every enrolment of a lead be due."""
    for enrolment_id in sorted(lead.enrolments or ())[:MOST_WOKEN]:
        wake(write, enrolment_id, now)


def wake_lead(system: "System", lead: Lead) -> None:
    """Let every enrolment of a lead be due, in a transaction of its own."""
    if not lead.enrolments:
        return
    now = system.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        wake_all(write, lead, now)
        return write

    system.store.write_patiently(build)
