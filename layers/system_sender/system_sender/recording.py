"""Writes an authenticated event down, once, before anybody is told that it arrived."""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from system_sender.codes import Code
from system_sender.inbound import EventKind, InboundEvent
from system_sender.models import (
    Alias,
    Inbound,
    Lead,
    Workspace,
    shard_of,
)
from system_sender.opt_out import is_opt_out
from system_sender.phone_number import to_e164
from system_sender.providers import gohighlevel
from system_sender.settlement import suppress
from system_sender.store import (
    AnswerLost,
    ConditionsFailed,
    Contention,
    StorageUnavailable,
    Write,
)
from system_sender.world import Effect

if TYPE_CHECKING:
    from system_sender.system import System

# The work of an event is done right after recording it. Only if that dies does a sweep, later
# than any invocation can last, find it undone.
PERFORM_AGAIN_AFTER = 60_000
LOOK_BACK = 24 * 3600 * 1000
_LOOK_UP_SECONDS = 5.0
_RECORDING_TRIES = 8


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded event. `fresh` is False when it had been recorded before."""

    inbound: Inbound
    lead: Lead | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class Look:
    """The first look at what is known of an event: one round trip."""

    workspace: Workspace | None
    alias: Alias | None
    inbound: Inbound | None


@dataclass(frozen=True, slots=True)
class _Person:
    """The lead an event is about, as far as there is one, and the alias rows that name them."""

    lead: Lead | None
    contact_alias: Alias | None
    phone_alias: Alias | None


def look(system: "System", workspace: str, event: InboundEvent) -> Look:
    """Read the workspace, the event's own row and its contact's alias."""
    rows = system.store.read(
        (Workspace, workspace),
        (Alias, contact_alias(workspace, event.contact_id)),
        (Inbound, event_id(workspace, event.identity)),
    )
    return Look(*rows)


def record(system: "System", workspace: Workspace, event: InboundEvent, found: Look) -> Recorded:
    """Record an event, its lead and, for a word of refusal, the suppression, in one transaction.

    Args:
        found: what :func:`look` saw of this event.

    Raises:
        StorageUnavailable: when it could not be made durable; the event must be delivered again.
    """
    asked, lost = event, False
    if not asked.identified:
        event, found = _identify_and_look(system, workspace, asked)
    phone = to_e164(event.phone, workspace.region)
    for attempt in range(_RECORDING_TRIES):
        if found.inbound is not None:
            return Recorded(found.inbound, None, fresh=False)
        person = _person(system, workspace.workspace, found.alias, phone)
        recording = _Recording(system, workspace, event, phone, person)
        try:
            system.store.write(recording.write)
        except (ConditionsFailed, Contention, AnswerLost) as trouble:
            # Another event of this lead, or this very event on another path: look again.
            system.world.wait(0.02 * 2**attempt)
            lost = lost or isinstance(trouble, AnswerLost)
            if _is_taken(trouble) and not asked.identified and not lost:
                # By an equal text at this moment, or by this one: the provider lists them.
                event, found = _identify_and_look(system, workspace, asked)
            else:
                found = look(system, workspace.workspace, event)
            continue
        return Recorded(recording.inbound, recording.lead, fresh=True)
    raise StorageUnavailable("The event could not be recorded; its rows kept changing.")


def event_id(workspace: str, identity: str) -> str:
    """Return the key that makes redeliveries of an event one event."""
    return f"{workspace}:{gohighlevel.NAME}:{identity}"


def contact_alias(workspace: str, contact_id: str) -> str:
    """Return the alias row's key of a GoHighLevel contact."""
    return f"{workspace}:{gohighlevel.NAME}:{contact_id}"


def phone_alias(workspace: str, phone: str) -> str:
    """Return the alias row's key of a phone number in E.164."""
    return f"{workspace}:phone:{phone}"


def _person(
    system: "System", workspace: str, by_contact: Alias | None, phone: str | None
) -> _Person:
    lead = system.store.get(Lead, by_contact.lead_id) if by_contact else None
    if phone is None or (lead is not None and lead.phone == phone):
        return _Person(lead, by_contact, None)
    by_phone = system.store.get(Alias, phone_alias(workspace, phone))
    if lead is None and by_phone is not None:
        lead = system.store.get(Lead, by_phone.lead_id)
    return _Person(lead, by_contact, by_phone)


class _Recording:
    """The rows one event makes, and the transaction that writes them."""

    def __init__(
        self,
        system: "System",
        workspace: Workspace,
        event: InboundEvent,
        phone: str | None,
        person: _Person,
    ) -> None:
        self._event = event
        self._workspace = workspace.workspace
        self._phone = phone
        self._region = workspace.region
        self._now = system.world.now()
        self.write = Write(system.world.new_id())
        is_message = event.kind is EventKind.MESSAGE
        self._opt_out = is_message and is_opt_out(event.text)
        self._known = person.lead
        self.lead = self._next_lead(system, workspace)
        self.inbound = self._inbound_row()
        self.write.put("event", self.inbound, Inbound.event_id.does_not_exist())
        self._write_lead()
        self._write_aliases(person)
        self._write_suppression()

    def _next_lead(self, system: "System", workspace: Workspace) -> Lead:
        """Return the lead as it will be once this event is recorded."""
        event, known = self._event, self._known
        lead = known or Lead(
            f"{self._workspace}:{system.world.new_id()}",
            workspace=self._workspace,
            campaign_id=workspace.default_campaign_id,
            first_name=event.first_name,
            last_name=event.last_name,
            version=0,
            created_at=self._now,
        )
        self._version = int(lead.version)
        self._known_phone = lead.phone
        lead.version = self._version + 1
        lead.phone = lead.phone or self._phone
        lead.gohighlevel_contact_id = lead.gohighlevel_contact_id or event.contact_id
        lead.automated_in_a_row = 0
        if event.kind is EventKind.MESSAGE:
            lead.inbound_count = int(lead.inbound_count) + 1
            lead.last_inbound_at = self._now
        elif event.kind is EventKind.HUMAN_OUTBOUND:
            lead.human_outbound_count = int(lead.human_outbound_count) + 1
            lead.last_outbound_at = self._now
            lead.human_outbound_at = max(lead.human_outbound_at or 0, event.occurred_at or 0)
        if self._stops_channel():
            lead.suppressed_channels = set(lead.suppressed_channels or ()) | {event.channel}
        return lead

    def _stops_channel(self) -> bool:
        return self._opt_out or self._event.kind is EventKind.DO_NOT_DISTURB

    def _inbound_row(self) -> Inbound:
        event = self._event
        key = event_id(self._workspace, event.identity)
        return Inbound(
            key,
            workspace=self._workspace,
            lead_id=self.lead.lead_id,
            kind=event.kind.value,
            channel=event.channel,
            text=event.text or None,
            provider_message_id=event.provider_message_id,
            sequence=self.lead.inbound_count,
            human_outbounds=self._human_outbounds_before(),
            opt_out=self._opt_out,
            occurred_at=event.occurred_at,
            received_at=self._now,
            due_shard=shard_of(key),
            due_at=self._now + PERFORM_AGAIN_AFTER,
        )

    def _human_outbounds_before(self) -> int:
        """Return how many human messages came before this event, by the provider's own times.

        An event that was delivered late may be answered by a person already.
        """
        count = int(self.lead.human_outbound_count)
        answered_at = self.lead.human_outbound_at
        occurred_at = self._event.occurred_at
        answered = answered_at is not None and occurred_at is not None and answered_at > occurred_at
        return count - 1 if answered and count else count

    def _write_lead(self) -> None:
        lead = self.lead
        if self._known is None:
            self.write.put("lead", lead, Lead.lead_id.does_not_exist())
            return
        # Only what this event changes: others may be adding drafts to the same row.
        actions: list[Any] = [
            Lead.version.set(lead.version),
            Lead.inbound_count.set(lead.inbound_count),
            Lead.human_outbound_count.set(lead.human_outbound_count),
            Lead.automated_in_a_row.set(0),
        ]
        if lead.phone:
            actions.append(Lead.phone.set(lead.phone))
        if lead.gohighlevel_contact_id:
            actions.append(Lead.gohighlevel_contact_id.set(lead.gohighlevel_contact_id))
        if self._event.kind is EventKind.MESSAGE:
            actions.append(Lead.last_inbound_at.set(self._now))
        if self._event.kind is EventKind.HUMAN_OUTBOUND:
            actions += [
                Lead.last_outbound_at.set(self._now),
                Lead.human_outbound_at.set(lead.human_outbound_at),
            ]
        if self._stops_channel():
            actions.append(Lead.suppressed_channels.add({self._event.channel}))
        self.write.update("lead", Lead(lead.lead_id), actions, Lead.version == self._version)

    def _write_aliases(self, person: _Person) -> None:
        key = contact_alias(self._workspace, self._event.contact_id)
        self._point("contact", person.contact_alias, key)
        # A known number was an alias from the start, so only a new one is looked at.
        if self._phone and (self._known is None or self._known_phone != self._phone):
            key = phone_alias(self._workspace, self._phone)
            self._point("phone", person.phone_alias, key)

    def _point(self, label: str, existing: Alias | None, key: str) -> None:
        """Let an alias name the lead, unless it names a lead that lives."""
        row = Alias(key, lead_id=self.lead.lead_id)
        if existing is None:
            self.write.put(label, row, Alias.alias.does_not_exist())
        elif self._known is None:
            self.write.put(label, row, Alias.lead_id == existing.lead_id)

    def _write_suppression(self) -> None:
        if not self._stops_channel():
            return
        reason = Code.OPTED_OUT if self._opt_out else Code.DO_NOT_DISTURB
        channel = self._event.channel
        # In the form in which the claim looks for it, however the lead's number was written down.
        for address in {to_e164(self.lead.phone, self._region), self._phone} - {None}:
            suppress(self.write, self._workspace, channel, str(address), reason, self._now)


# --- events whose payload has no identity --------------------------------------------------------


def _identify_and_look(
    system: "System", workspace: Workspace, event: InboundEvent
) -> tuple[InboundEvent, Look]:
    identified = _identify(system, workspace, event)
    found = look(system, workspace.workspace, identified)
    if found.inbound is not None and identified.provider_message_id is not None:
        # It was free when the rows were read: an equal text took it in between.
        identified = _identify(system, workspace, event)
        found = look(system, workspace.workspace, identified)
    return identified, found


def _is_taken(trouble: Exception) -> bool:
    return isinstance(trouble, ConditionsFailed) and "event" in trouble.failed


def _identify(system: "System", workspace: Workspace, event: InboundEvent) -> InboundEvent:
    """Find out at the provider which message an event without id, date and time is about.

    Equal texts of one contact are told apart by the messages the provider lists. Each listed
    message that no recorded event stands for is one that may be new; events that were recorded
    while the provider could not be asked stand for the oldest of them.
    """
    name, now = workspace.workspace, system.world.now()
    hours = [_hourly(event, now - ago) for ago in range(0, LOOK_BACK + 1, 3_600_000)]
    listed = _listed_messages(system, workspace, event)
    if not listed:
        return replace(event, identity=hours[0])
    identities = [f"message:{message_id}" for message_id in listed[-20:]]
    rows = system.store.read(
        *((Inbound, event_id(name, identity)) for identity in [*identities, *hours])
    )
    recorded = dict(zip([*identities, *hours], rows, strict=True))
    unspoken = [identity for identity in identities if recorded[identity] is None]
    standing = [hour for hour in hours if recorded[hour] is not None]
    if len(unspoken) > len(standing):
        identity = unspoken[len(standing)]
        return replace(
            event, identity=identity, provider_message_id=identity.removeprefix("message:")
        )
    return replace(event, identity=standing[0] if standing else identities[-1])


def _hourly(event: InboundEvent, now: int) -> str:
    text = hashlib.sha256(event.text.encode()).hexdigest()[:32]
    return f"hour:{event.contact_id}:{text}:{now // 3_600_000}"


def _listed_messages(
    system: "System", workspace: Workspace, event: InboundEvent
) -> list[str] | None:
    token = system.secrets.get(workspace.workspace, gohighlevel.NAME, "token")
    if token is None:
        return None
    request = gohighlevel.inbound_request(
        base_url=system.settings.gohighlevel_base_url,
        token=token,
        location_id=event.account,
        contact_id=event.contact_id,
        since=system.world.now() - LOOK_BACK,
    )
    answer = system.world.perform(
        Effect.PROVIDER,
        "look_up",
        lambda: system.transport.send(request, seconds=_LOOK_UP_SECONDS, guard=_allow),
    )
    return gohighlevel.inbound_message_ids(answer, event.text)


def _allow() -> None:
    """A look-up sends nothing to anybody, so it needs no permission."""
