"""Lets an enrolment be looked at: something happened that it may go on, pause or end for."""

from typing import TYPE_CHECKING

from system_sender.models import Enrolment, Lead, shard_of
from system_sender.store import ConditionsFailed, Write

if TYPE_CHECKING:
    from system_sender.system import System

# A lead is in few sequences at once; what a transaction can hold is not many more.
MOST_WOKEN = 20

# How long a sequence leaves somebody alone whose out-of-office note came: notes seldom say it in
# a way that a machine understands.
AWAY_FOR = 3 * 24 * 60 * 60 * 1000


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


def leave_alone(system: "System", lead: Lead, until: int) -> None:
    """Let sequences leave a lead alone until then (epoch milliseconds, UTC), or later."""
    if not lead.enrolments or int(lead.away_until or 0) >= until:
        return

    def build(token: str) -> Write:
        write = Write(token)
        later = Lead.away_until.does_not_exist() | (Lead.away_until < until)
        write.update("lead", Lead(lead.lead_id), [Lead.away_until.set(until)], later)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return  # they are left alone for longer already
