"""Lets an enrolment be looked at: something happened that it may go on, pause or end for."""

from typing import TYPE_CHECKING, Any

from system_sender.models import Draft, Enrolment, Inbound, Lead, shard_of
from system_sender.store import ConditionsFailed, Write

if TYPE_CHECKING:
    from system_sender.system import System

# What the id of a step's draft begins with, behind its workspace. A caller's key may not: the step
# would be taken for sent.
FOLLOWUP_KEY = "followup:"

# A lead is in so many sequences at once, at most: a transaction can hold not many more.
MOST_WOKEN = 20

# A provider's clock may be so far behind ours. Nobody reads and answers faster than they differ.
CLOCK_SKEW = 60_000

# How long a sequence leaves somebody alone whose out-of-office note came: notes seldom say it in
# a way that a machine understands.
AWAY_FOR = 3 * 24 * 60 * 60 * 1000


def wake(write: Write, enrolment_id: str, now: int) -> None:
    """Let an enrolment be due, in the transaction of what happened.

    Its version grows, so that a move that was decided before is decided again. Without a
    condition: a row that somebody deleted must not stand in the way of what happened.
    """
    label = f"enrolment {enrolment_id}"
    if label in write.labels:
        return
    write.update(
        label,
        Enrolment(enrolment_id),
        [
            Enrolment.version.add(1),
            Enrolment.due_shard.set(shard_of(enrolment_id)),
            Enrolment.due_at.set(now),
        ],
    )


def wake_all(write: Write, lead: Lead, now: int, *, but: str | None = None) -> None:
    """Let every enrolment of a lead be due.

    Args:
        but: this one is woken by its own step's draft.
    """
    for enrolment_id in sorted(lead.enrolments or ())[:MOST_WOKEN]:
        if enrolment_id != but:
            wake(write, enrolment_id, now)


def is_answer(draft: Draft, sent_by: str | None) -> bool:
    """Say whether a draft that leaves answers the lead: a step does only where a person sends it.

    Args:
        sent_by: who stands behind its delivery.
    """
    return draft.enrolment_id is None or sent_by == "setter"


def answered(seen_inbounds: int) -> Any:
    """Return the action that makes a lead answered, as far as the answer's writer had seen.

    Args:
        seen_inbounds: how many inbound messages the lead had then.
    """
    return Lead.answered_inbounds.add({int(seen_inbounds)})


def came_before(occurred_at: int | None, lead: Lead) -> bool:
    """Say whether a person's message certainly left before the lead's latest one came. Pure.

    Args:
        occurred_at: the provider's time of it (epoch milliseconds, UTC), if there is one.
    """
    latest = lead.last_inbound_at
    return latest is not None and occurred_at is not None and occurred_at + CLOCK_SKEW < latest


def wrote_since(system: "System", lead: Lead, provider: str, occurred_at: float | None) -> bool:
    """Say whether the lead's latest message came after one of a person's, by providers' own times.

    What answers the lead comes after both then, however late the person's message is told of. It
    is read only where that may be so, and False where it is in doubt.

    Args:
        provider: who tells of the person's message.
        occurred_at: the provider's time of it (epoch milliseconds, UTC), if there is one.
    """
    received_at = lead.last_inbound_at
    if occurred_at is None or received_at is None or occurred_at >= received_at:
        return False
    keys = [(Inbound, key) for key in (lead.latest_inbound or {}).values()]
    rows = system.store.read(*keys) if keys else []
    latest = next((row for row in rows if row and row.sequence == lead.inbound_count), None)
    if latest is None or latest.occurred_at is None:
        return False
    skew = 0 if latest.provider == provider else CLOCK_SKEW
    return bool(occurred_at + skew < latest.occurred_at)


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


def leave_alone(system: "System", lead: Lead, until: int, *, answers: int | None = None) -> None:
    """Let sequences leave a lead alone until then (epoch milliseconds, UTC), or later.

    The lead's version grows, so that a step which was judged before does not go.

    Args:
        answers: this inbound message, by its number, is answered by leaving them alone.
    """
    now = system.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        actions: list[Any] = [Lead.version.add(1), Lead.away_until.set(until)]
        if answers is not None:
            actions.append(answered(answers))
        longer = Lead.away_until.does_not_exist() | (Lead.away_until < until)
        write.update("lead", Lead(lead.lead_id), actions, Lead.lead_id.exists() & longer)
        wake_all(write, lead, now)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        # They are left alone for longer already.
        if answers is not None:
            note_answer(system, lead, answers)


def note_answer(system: "System", lead: Lead, seen_inbounds: int) -> None:
    """Note that a lead is answered, where that is known apart from the answer's own settlement."""
    now = system.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        write.update("lead", Lead(lead.lead_id), [answered(seen_inbounds)], Lead.lead_id.exists())
        wake_all(write, lead, now)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return  # the lead is gone, and nothing goes to nobody
