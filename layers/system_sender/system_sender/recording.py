"""Writes an authenticated event down, once, before anybody is told that it arrived."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from system_sender.classification import ReadingKind
from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.followups.lifecycle import is_answered
from system_sender.followups.waking import answered, came_before, wrote_since
from system_sender.inbound import EventKind, InboundEvent
from system_sender.models import (
    Alias,
    Inbound,
    Integration,
    Lead,
    Workspace,
    event_key,
    integration_key,
    shard_of,
)
from system_sender.person import ADDRESS_OF, Person, find_person, names_of
from system_sender.settlement import suppress
from system_sender.stop import reading_of, stop_of
from system_sender.store import (
    AnswerLost,
    ConditionsFailed,
    Contention,
    Key,
    StorageUnavailable,
    Write,
)
from system_sender.unidentified import identify

if TYPE_CHECKING:
    from system_sender.system import System

# The work of an event is done right after recording it. Only if that dies does a sweep, later
# than any invocation can last, find it undone.
PERFORM_AGAIN_AFTER = 60_000
_RECORDING_TRIES = 8

# Who writes, or is written to by a person, becomes a lead; of others there is nothing to keep.
_MAKES_A_LEAD = (EventKind.MESSAGE, EventKind.HUMAN_OUTBOUND)
# What tells of messages that had left: about a lead, and none of the lead's own doing.
_OF_OUTBOUND = (EventKind.ECHO, EventKind.STATUS)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded event. `fresh` is False when it had been recorded before."""

    inbound: Inbound
    lead: Lead | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class Look:
    """The first look at what is known of an event: one round trip.

    Attributes:
        aliases: the rows of the names that the event gives the lead, each by its key, the name
            that is believed first at the front; None where nobody has that name.
    """

    workspace: Workspace | None
    integration: Integration | None
    inbound: Inbound | None
    aliases: Mapping[str, Alias | None]


def look(system: "System", workspace: str, event: InboundEvent) -> Look:
    """Read the workspace, its account, the event's own row and the names it gives the lead."""
    names = names_of(workspace, event)
    keys: list[Key] = [
        (Workspace, workspace),
        (Integration, integration_key(workspace, event.provider)),
        (Inbound, event_key(workspace, event.provider, event.identity)),
        *((Alias, name) for name in names),
    ]
    tenant, integration, inbound, *aliases = system.store.read(*keys)
    return Look(tenant, integration, inbound, dict(zip(names, aliases, strict=True)))


def record(
    system: "System",
    workspace: Workspace,
    integration: Integration,
    event: InboundEvent,
    found: Look,
) -> Recorded | Code:
    """Record an event, its lead and, for a word of refusal, the suppression, in one transaction.

    Args:
        found: what :func:`look` saw of this event.

    Returns:
        A code where no work follows: RECORDED when only an address of nobody we know was
        suppressed, EVENT_IGNORED when the event is about nobody and nothing of ours.

    Raises:
        StorageUnavailable: when it could not be made durable; the event must be delivered again.
    """
    from_us = _is_from_us(event, integration)
    if from_us:
        event = _ours(event, integration)
        names = names_of(workspace.workspace, event)
        found = replace(found, aliases={name: found.aliases[name] for name in names})
    asked, lost = event, False
    if not asked.identified:
        event, found = _identify_and_look(system, integration, asked)
    for attempt in range(_RECORDING_TRIES):
        if found.inbound is not None:
            return Recorded(found.inbound, None, fresh=False)
        person = find_person(system, workspace, event, found.aliases)
        if person.lead is None and (from_us or event.kind not in _MAKES_A_LEAD):
            return _suppress_stranger(system, workspace, event)
        recording = _Recording(system, workspace, event, person)
        try:
            system.store.write(recording.write)
        except (ConditionsFailed, Contention, AnswerLost) as trouble:
            # Another event of this lead, or this very event on another path: look again.
            system.world.wait(0.02 * 2**attempt)
            lost = lost or isinstance(trouble, AnswerLost)
            if _is_taken(trouble) and not asked.identified and not lost:
                # By an equal text at this moment, or by this one: the provider lists them.
                event, found = _identify_and_look(system, integration, asked)
            else:
                found = look(system, workspace.workspace, event)
            continue
        return Recorded(recording.inbound, recording.lead, fresh=True)
    raise StorageUnavailable("The event could not be recorded; its rows kept changing.")


def _is_from_us(event: InboundEvent, integration: Integration) -> bool:
    """Say whether one of our own mailboxes wrote what the provider takes for the lead's answer.

    A colleague may answer in the thread from a mailbox that this conversation never saw.
    """
    if event.kind is not EventKind.MESSAGE or event.channel != "email":
        return False
    sender = to_address(event.sender)
    return sender is not None and sender in _own_mailboxes(event, integration)


def _own_mailboxes(event: InboundEvent, integration: Integration) -> set[str | None]:
    return set(map(to_address, [event.handles.get("mailbox"), *(integration.mailboxes or ())]))


def _ours(event: InboundEvent, integration: Integration) -> InboundEvent:
    """Return a message of our own mailbox as one that is never answered, and names no lead."""
    is_ours = to_address(event.email) in _own_mailboxes(event, integration)
    return replace(event, automated=True, email=None if is_ours else event.email)


def _suppress_stranger(system: "System", workspace: Workspace, event: InboundEvent) -> Code:
    """Suppress the address of nobody we know, who may become a lead later."""
    stop = stop_of(event, reading_of(event), None, workspace.region)
    if stop is None or not stop.addresses:
        return Code.EVENT_IGNORED
    now = system.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        for channel, address in stop.addresses:
            suppress(write, workspace.workspace, channel, address, stop.reason, now)
        return write

    system.store.write_patiently(build)
    return Code.RECORDED


# --- the rows -------------------------------------------------------------------------------------


class _Recording:
    """The rows one event makes, and the transaction that writes them."""

    def __init__(
        self, system: "System", workspace: Workspace, event: InboundEvent, person: Person
    ) -> None:
        self._event = event
        self._workspace = workspace.workspace
        self._person = person
        self._now = system.world.now()
        self._key = event_key(self._workspace, event.provider, event.identity)
        self._reading = reading = reading_of(event)
        self._stop = stop_of(event, reading, person.lead, workspace.region)
        self._is_answer = reading is not None and not reading.by_machine
        self._is_overtaken = _is_overtaken(system, event, person.lead)
        self.lead = person.lead or self._new_lead(system, workspace)
        self._version = int(self.lead.version)
        self._changes: list[Any] = []
        if event.kind not in _OF_OUTBOUND:
            self._count()
            self._listen()
            self._fill_in()
        self._stop_channels()
        self.inbound = self._inbound_row()
        self.write = Write(system.world.new_id())
        self.write.put("event", self.inbound, Inbound.event_id.does_not_exist())
        self._write_lead()
        self._write_aliases()
        self._write_suppressions()

    def _new_lead(self, system: "System", workspace: Workspace) -> Lead:
        return Lead(
            f"{self._workspace}:{system.world.new_id()}",
            workspace=self._workspace,
            # A friend or a supplier may write as well: only people answer whom nobody tracks.
            campaign_id=workspace.default_campaign_id if self._event.tracked else None,
            first_name=self._event.first_name,
            last_name=self._event.last_name,
            version=0,
            created_at=self._now,
        )

    def _change(self, **values: Any) -> None:
        """Change attributes of the lead. Only these are written: others change the same row."""
        for name, value in values.items():
            setattr(self.lead, name, value)
            self._changes.append(getattr(Lead, name).set(value))

    def _count(self) -> None:
        """Count the event with the lead.

        A machine's answer is not the lead's, and a person's message no answer to a newer one.
        """
        lead, event = self.lead, self._event
        if event.kind is EventKind.HUMAN_OUTBOUND:
            self._change(human_outbound_at=max(lead.human_outbound_at or 0, event.occurred_at or 0))
        if self._is_overtaken or (event.kind is EventKind.MESSAGE and not self._is_answer):
            return
        self._change(automated_in_a_row=0)
        if self._is_answer:
            # Whoever waits for an answer to another message waits on.
            was_answered = self._was_answered() and is_answered(lead)
            self._change(
                inbound_count=int(lead.inbound_count) + 1,
                last_inbound_at=self._now,
                latest_inbound={**(lead.latest_inbound or {}), event.channel: self._key},
            )
            self._note_answers(was_answered=was_answered)
        elif event.kind is EventKind.HUMAN_OUTBOUND:
            self._note_answers(was_answered=not came_before(event.occurred_at, lead))
            self._change(
                human_outbound_count=int(lead.human_outbound_count) + 1,
                last_outbound_at=self._now,
            )

    def _note_answers(self, *, was_answered: bool) -> None:
        """Note that all the lead wrote is answered; or forget the answers that are outdated."""
        known = set(self.lead.answered_inbounds or ())
        if was_answered:
            self.lead.answered_inbounds = known | {int(self.lead.inbound_count)}
            self._changes.append(answered(int(self.lead.inbound_count)))
            return
        outdated = known - {max(known, default=0)}
        if outdated:
            self._changes.append(Lead.answered_inbounds.delete(outdated))

    def _listen(self) -> None:
        """Let the lead sound like their latest words. A machine's are not theirs."""
        reading = self._reading
        if reading is None or not reading.own_words:
            return
        self.lead.sentiment = reading.sentiment
        sounds = reading.sentiment
        self._changes.append(Lead.sentiment.set(sounds) if sounds else Lead.sentiment.remove())

    def _fill_in(self) -> None:
        """Take from the event what is not known of the lead yet.

        A provider may know one person as several contacts: the one who wrote last is answered.
        """
        lead, event, said = self.lead, self._event, self._person.addresses
        contacts = lead.contacts or {}
        takes_over = self._is_answer and contacts.get(event.provider) != event.contact_id
        if event.contact_id and (takes_over or event.provider not in contacts):
            self._change(contacts={**contacts, event.provider: event.contact_id})
        for channel, name in ADDRESS_OF.items():
            if channel in said and not getattr(lead, name):
                self._change(**{name: said[channel]})

    def _stop_channels(self) -> None:
        channels = self._stop.channels if self._stop is not None else frozenset()
        if channels:
            self.lead.suppressed_channels = set(self.lead.suppressed_channels or ()) | channels
            self._changes.append(Lead.suppressed_channels.add(set(channels)))

    def _inbound_row(self) -> Inbound:
        event, reading = self._event, self._reading
        again_after = 0 if event.kind in _OF_OUTBOUND else PERFORM_AGAIN_AFTER
        return Inbound(
            self._key,
            workspace=self._workspace,
            lead_id=self.lead.lead_id,
            kind=event.kind.value,
            provider=event.provider,
            channel=event.channel,
            text=event.text or None,
            subject=event.subject or None,
            sender=event.sender,
            sender_name=event.sender_name,
            to=list(event.to) or None,
            cc=list(event.cc) or None,
            handles=dict(event.handles) or None,
            provider_message_id=event.provider_message_id,
            automated=reading.by_machine if reading else event.automated,
            human=event.human,
            status=event.status.value if event.status is not None else None,
            sequence=self.lead.inbound_count,
            human_outbounds=self._human_outbounds_before(),
            opt_out=reading is not None and reading.kind is ReadingKind.OPT_OUT,
            reading=reading.kind.value if reading else None,
            sentiment=reading.sentiment if reading else None,
            occurred_at=event.occurred_at,
            received_at=self._now,
            due_shard=shard_of(self._key),
            due_at=self._now + again_after,
        )

    def _human_outbounds_before(self) -> int:
        """Return how many human messages came before this event, by the provider's own times.

        An event that was delivered late may be answered by a person already. Then it is one fewer
        than the lead has by now, also where that answer came late itself and was not counted.
        """
        count = int(self.lead.human_outbound_count)
        return count - 1 if self._was_answered() else count

    def _was_answered(self) -> bool:
        """Say whether a person wrote after this event, by the provider's own times."""
        answered_at = self.lead.human_outbound_at
        occurred_at = self._event.occurred_at
        return answered_at is not None and occurred_at is not None and answered_at > occurred_at

    def _write_lead(self) -> None:
        lead = self.lead
        if self._event.kind in _OF_OUTBOUND and not self._changes:
            return
        self._change(version=self._version + 1)
        if self._person.lead is None:
            self.write.put("lead", lead, Lead.lead_id.does_not_exist())
            return
        self.write.update("lead", Lead(lead.lead_id), self._changes, Lead.version == self._version)

    def _write_aliases(self) -> None:
        """Let the event's names be the lead's, unless they are those of another who lives."""
        if self._event.kind in _OF_OUTBOUND:
            return
        for name, existing in self._person.aliases.items():
            row = Alias(name, lead_id=self.lead.lead_id)
            if existing is None:
                self.write.put("alias", row, Alias.alias.does_not_exist())
            elif existing.lead_id in self._person.gone:
                self.write.put("alias", row, Alias.lead_id == existing.lead_id)

    def _write_suppressions(self) -> None:
        if self._stop is None:
            return
        for channel, address in self._stop.addresses:
            suppress(self.write, self._workspace, channel, address, self._stop.reason, self._now)


def _is_overtaken(system: "System", event: InboundEvent, lead: Lead | None) -> bool:
    """Say whether it is a person's message that comes late, and the lead has written since."""
    if event.kind is not EventKind.HUMAN_OUTBOUND or lead is None:
        return False
    return wrote_since(system, lead, event.provider, event.occurred_at)


# --- events whose payload has no identity ---------------------------------------------------------


def _identify_and_look(
    system: "System", integration: Integration, event: InboundEvent
) -> tuple[InboundEvent, Look]:
    identified = identify(system, integration, event)
    found = look(system, integration.workspace, identified)
    if found.inbound is not None and identified.provider_message_id is not None:
        # It was free when the rows were read: an equal text took it in between.
        identified = identify(system, integration, event)
        found = look(system, integration.workspace, identified)
    return identified, found


def _is_taken(trouble: Exception) -> bool:
    return isinstance(trouble, ConditionsFailed) and "event" in trouble.failed
