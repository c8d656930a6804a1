"""Finds the lead that an event is about, by the names that it gives them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from system_sender.email_address import to_address
from system_sender.inbound import InboundEvent
from system_sender.models import (
    Alias,
    Lead,
    Workspace,
    contact_alias,
    email_alias,
    linkedin_alias,
    phone_alias,
)
from system_sender.phone_number import to_e164

if TYPE_CHECKING:
    from system_sender.system import System

# Where a channel's address stands in a lead's row.
ADDRESS_OF = {"sms": "phone", "email": "email", "linkedin": "linkedin_id"}


@dataclass(frozen=True, slots=True)
class Person:
    """The lead an event is about, as far as there is one, and the alias rows that name them.

    Attributes:
        addresses: how the event says the lead is reached, by channel, as stored and compared.
        aliases: the rows of the names, each by its key; None where nobody has that name.
        gone: the leads that aliases name and that are no more.
    """

    lead: Lead | None
    addresses: Mapping[str, str]
    aliases: Mapping[str, Alias | None]
    gone: frozenset[str]


def names_of(workspace: str, event: InboundEvent) -> list[str]:
    """Return the keys of the names that the event gives the lead, the surest first.

    A phone number is not among them: it may take the workspace's region to read it.
    """
    email = to_address(event.email)
    names = [
        contact_alias(workspace, event.provider, event.contact_id) if event.contact_id else None,
        email_alias(workspace, email) if email else None,
        linkedin_alias(workspace, event.linkedin_id) if event.linkedin_id else None,
    ]
    return [name for name in names if name is not None]


def find_person(
    system: "System",
    workspace: Workspace,
    event: InboundEvent,
    aliases: Mapping[str, Alias | None],
) -> Person:
    """Find whom an event is about: by the surest name that a living lead has.

    Args:
        aliases: the rows of :func:`names_of`, in its order.
    """
    said, numbers = addresses_said(event, workspace.region), numbers_said(event, workspace.region)
    lead, gone = _first_living(system, aliases.values())
    known = dict(aliases)
    if lead is not None and _may_be_anothers(event, lead, aliases):
        known.pop(email_alias(workspace.workspace, said.pop("email")))
    if lead is not None and lead.phone in numbers:
        # A known number was an alias from the start, so only a new one is looked at.
        said["sms"] = lead.phone
    elif numbers:
        names = {phone_alias(workspace.workspace, number): number for number in numbers}
        rows = dict(zip(names, system.store.read(*((Alias, name) for name in names)), strict=True))
        if lead is None:
            lead, phone_gone = _first_living(system, rows.values())
            gone |= phone_gone
        name = _named_by(lead, rows) or next(iter(names))
        said["sms"], known[name] = names[name], rows[name]
    return Person(lead, said, known, gone)


def _named_by(lead: Lead | None, rows: Mapping[str, Alias | None]) -> str | None:
    """Return the first of these names that is the lead's."""
    if lead is None:
        return None
    return next((name for name, row in rows.items() if row and row.lead_id == lead.lead_id), None)


def _may_be_anothers(event: InboundEvent, lead: Lead, aliases: Mapping[str, Alias | None]) -> bool:
    """Say whether the e-mail address may be that of somebody else in the lead's thread.

    A provider that names the lead by its own id may give, as the lead's address, that of whoever
    wrote. It is neither an address nor a name of the lead, unless it was before.
    """
    email = to_address(event.email)
    if email is None or email != to_address(event.sender) or email == to_address(lead.email):
        return False
    row = aliases.get(email_alias(lead.workspace, email))
    return row is None or row.lead_id != lead.lead_id


def _first_living(
    system: "System", aliases: Iterable[Alias | None]
) -> tuple[Lead | None, frozenset[str]]:
    """Return the lead that the first of these names, and the leads that are no more."""
    lead_ids = list(dict.fromkeys(alias.lead_id for alias in aliases if alias is not None))
    leads = system.store.read(*((Lead, lead_id) for lead_id in lead_ids)) if lead_ids else []
    rows = dict(zip(lead_ids, leads, strict=True))
    gone = frozenset(lead_id for lead_id, row in rows.items() if row is None)
    return next((row for row in leads if row is not None), None), gone


def addresses_said(event: InboundEvent, region: str) -> dict[str, str]:
    """Return the lead's addresses that an event names, by channel, as stored and compared.

    Args:
        region: the workspace's, for an event that does not say where the lead is.
    """
    return _present(
        sms=next(iter(numbers_said(event, region)), None),
        email=to_address(event.email),
        linkedin=event.linkedin_id,
    )


def numbers_said(event: InboundEvent, region: str) -> tuple[str, ...]:
    """Return every number that the event's phone number may be, in E.164, the likeliest first.

    Two where it has no country code and means something both where the event says that the lead is
    and in the workspace's region: what a provider says of that may be an account's default.
    """
    places = dict.fromkeys(place for place in (event.region, region) if place is not None)
    readings = (to_e164(event.phone, place) for place in places)
    return tuple(dict.fromkeys(number for number in readings if number is not None))


def addresses_known(lead: Lead | None, region: str) -> dict[str, str]:
    """Return a lead's addresses by channel, in the form in which a claim looks for them."""
    if lead is None:
        return {}
    return _present(
        sms=to_e164(lead.phone, region),
        email=to_address(lead.email),
        linkedin=lead.linkedin_id,
    )


def _present(**addresses: str | None) -> dict[str, str]:
    return {channel: address for channel, address in addresses.items() if address}
