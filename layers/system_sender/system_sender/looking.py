"""Looks a delivery whose outcome is unknown up in its provider's own records. Sends nothing."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from system_sender.budget import Budget, next_look_up
from system_sender.codes import Code
from system_sender.deliveries import LeadDelivery, deliveries_of, window
from system_sender.drafts import DraftRefused
from system_sender.finding import COULD_NOT_LOOK, FindingKind, Found, Seen, Sought
from system_sender.matching import same_text
from system_sender.models import Draft, Evidence, Message, evidence_key, shard_of
from system_sender.reading import (
    Addressed,
    Reading,
    Unreadable,
    address_reading,
    read_around,
)
from system_sender.states import DraftState, MessageState
from system_sender.store import ConditionsFailed, Key, Write
from system_sender.telemetry import log
from system_sender.transport import Answer, NoAnswer, Request
from system_sender.word import evidence_row, settle_by_evidence

if TYPE_CHECKING:
    from system_sender.system import System

_REQUEST_SECONDS = 8.0
# What a look-up leaves to whatever else the invocation does: its own writing down.
_KEPT_SECONDS = 2.0

_CODES = {
    FindingKind.ABSENT: Code.LOOKED_ABSENT,
    FindingKind.AMBIGUOUS: Code.LOOKED_AMBIGUOUS,
    FindingKind.COULD_NOT_LOOK: Code.COULD_NOT_LOOK,
}


def look_up(system: "System", draft: Draft, budget: Budget) -> Code:
    """Look for the parked delivery of an `unknown` draft, and settle it if it is found once.

    Anything else leaves it parked, with what was seen, until the next look-up is due or a person
    decides. Nothing is ever sent again because it was not found.
    """
    try:
        reading = read_around(system, draft)
    except Unreadable:
        return _not_due_any_more(system, draft)
    message = _parked(reading)
    if message is None:
        return _not_due_any_more(system, draft)
    seen = _see(system, reading, message, budget)
    candidates, kind = _judge(system, reading, message, seen)
    look_ups = [*(message.look_ups or ()), _entry(kind, candidates, system.world.now())]
    fields = {"draft_id": draft.draft_id, "part": int(message.part), "finding": kind.value}
    log.info("delivery_looked_up", extra=fields)
    try:
        if kind is FindingKind.FOUND:
            settle_by_evidence(
                system, message, draft, candidates[0], source="look_up", look_ups=look_ups
            )
            return Code.SENT_BY_EVIDENCE
        _write_down(system, draft, message, look_ups)
    except DraftRefused:
        return Code.DRAFT_CHANGED
    return _CODES[kind]


def _parked(reading: Reading) -> Message | None:
    rows = reading.messages.values()
    return next((row for row in rows if row.state == MessageState.UNKNOWN), None)


# --- look ----------------------------------------------------------------------------------------


def _see(system: "System", reading: Reading, message: Message, budget: Budget) -> Seen:
    addressed = address_reading(system, reading, provider_name=message.provider)
    if not isinstance(addressed, Addressed) or addressed.access is None:
        return COULD_NOT_LOOK
    start, end = int(message.start), int(message.end)
    letter = replace(
        addressed.letter,
        text=reading.text[start:end],
        to=message.address,
        route=message.route or "",
    )
    since, until = window(message)

    def fetch(request: Request) -> Answer | NoAnswer:
        seconds = min(_REQUEST_SECONDS, budget.left(system.world) - _KEPT_SECONDS)
        if seconds <= 0:
            return NoAnswer(began=False, code=Code.NO_TIME)
        return system.ask(request, seconds=seconds)

    return addressed.provider.find(addressed.access, Sought(letter, since, until), fetch)


# --- judge ---------------------------------------------------------------------------------------


def _judge(
    system: "System", reading: Reading, message: Message, seen: Seen
) -> tuple[list[Found], FindingKind]:
    """Say what was seen: one message that no other delivery can be is the only certainty."""
    if not seen.looked:
        return [], FindingKind.COULD_NOT_LOOK
    since, until = window(message)
    # A delivery of the time before this one's window may reach into it.
    before = since - (until - since)
    others = [
        delivery
        for delivery in deliveries_of(
            system, reading.lead, message.provider, message.channel, since=before
        )
        if (delivery.draft.draft_id, delivery.message.part) != (message.draft_id, message.part)
    ]
    candidates = _unclaimed(system, message, seen.found, others)
    if not candidates:
        return [], FindingKind.ABSENT
    ours = reading.text[int(message.start) : int(message.end)]
    # What left under an id that is not shown may be shown under another, or not yet.
    shown = {one.provider_message_id for one in seen.found}
    rivals = [
        other
        for other in others
        if (other.is_undecided or other.message.state == MessageState.SENT)
        and other.message.provider_message_id not in shown
        and same_text(ours, other.text)
        and any(other.may_have_left_at(one.at) for one in candidates)
    ]
    if len(candidates) > 1 or rivals:
        return candidates, FindingKind.AMBIGUOUS
    return candidates, FindingKind.FOUND


def _unclaimed(
    system: "System", message: Message, found: tuple[Found, ...], others: list[LeadDelivery]
) -> list[Found]:
    """Leave out what is known to be another delivery: one piece of evidence settles one."""
    known = {other.message.provider_message_id for other in others}
    open_ones = list({one.provider_message_id: one for one in found}.values())
    open_ones = [one for one in open_ones if one.provider_message_id not in known]
    keys: list[Key] = [
        (Evidence, evidence_key(message.workspace, message.provider, one.provider_message_id))
        for one in open_ones
    ]
    used = system.store.read(*keys) if keys else []
    return [one for one, row in zip(open_ones, used, strict=True) if row is None]


# --- write down ----------------------------------------------------------------------------------


def _entry(kind: FindingKind, candidates: list[Found], now: int) -> dict[str, Any]:
    return {
        "at": now,
        "finding": kind.value,
        "candidates": [{"id": one.provider_message_id, "at": one.at} for one in candidates[:10]],
    }


def _write_down(
    system: "System", draft: Draft, message: Message, look_ups: list[dict[str, Any]]
) -> None:
    parked_at = int(message.settled_at or 0)
    # A person may have ordered another attempt since: what was seen of the one before stays.
    done = sum(look["at"] >= parked_at for look in look_ups)
    due_at = next_look_up(parked_at, done)

    def build(token: str) -> Write:
        write = Write(token)
        write.update(
            "message",
            Message(message.draft_id, int(message.part)),
            [Message.look_ups.set(look_ups)],
            (Message.state == message.state) & (Message.claim_id == message.claim_id),
        )
        _due_again(write, draft, due_at)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        raise DraftRefused(Code.DRAFT_CHANGED, draft) from None


def _due_again(write: Write, draft: Draft, due_at: int | None, *more: Any) -> None:
    actions: list[Any] = (
        [Draft.due_shard.remove(), Draft.due_at.remove()]
        if due_at is None
        else [Draft.due_shard.set(shard_of(draft.draft_id)), Draft.due_at.set(due_at)]
    )
    write.update(
        "draft",
        Draft(draft.draft_id),
        [*actions, *more],
        (Draft.state == draft.state) & (Draft.claim_id == draft.claim_id),
    )


def _not_due_any_more(system: "System", draft: Draft) -> Code:
    """Take a draft out of the sweep that has nothing to look up; a person sees it as it is."""

    def build(token: str) -> Write:
        write = Write(token)
        _due_again(write, draft, None)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return Code.DRAFT_CHANGED
    return Code.COULD_NOT_LOOK if draft.state == DraftState.UNKNOWN else Code.SENT


# --- a sent message whose id the provider did not tell -------------------------------------------


def fill_in_id(system: "System", draft: Draft, budget: Budget) -> Code:
    """Look once for the id of a message that was accepted without one.

    Only for showing it, and for matching what the provider tells of it later; whether it was
    sent is not in question.
    """
    try:
        reading = read_around(system, draft)
    except Unreadable:
        return _not_due_any_more(system, draft)
    message = next(
        (
            row
            for row in reading.messages.values()
            if row.state == MessageState.SENT and row.provider_message_id is None
        ),
        None,
    )
    if message is None:
        return _not_due_any_more(system, draft)
    seen = _see(system, reading, message, budget)
    candidates, kind = _judge(system, reading, message, seen)
    if kind is not FindingKind.FOUND:
        return _not_due_any_more(system, draft)
    return _fill_in(system, reading, message, candidates[0])


def _fill_in(system: "System", reading: Reading, message: Message, found: Found) -> Code:
    now, draft = system.world.now(), reading.draft
    ids = {part: row.provider_message_id for part, row in sorted(reading.messages.items())}
    ids[int(message.part)] = found.provider_message_id
    result = {**(draft.result or {}), "provider_ids": [each for each in ids.values() if each]}

    def build(token: str) -> Write:
        write = Write(token)
        evidence = evidence_row(message, found, "look_up", now)
        write.put("evidence", evidence, Evidence.evidence.does_not_exist())
        write.update(
            "message",
            Message(message.draft_id, int(message.part)),
            [Message.provider_message_id.set(found.provider_message_id)],
            (Message.state == message.state) & Message.provider_message_id.does_not_exist(),
        )
        _due_again(write, draft, None, Draft.result.set(result))
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return Code.DRAFT_CHANGED
    return Code.SENT
