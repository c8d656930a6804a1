"""Whose clock counts: a person's time zone, from what is known of them. Pure."""

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from system_sender.models import Lead, Workspace


@cache
def zone_named(name: str | None) -> ZoneInfo | None:
    """Return the IANA time zone of this name, or None where there is no such zone."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ZoneInfo reads files: a folder's name, or one that leaves the folder, is no zone either.
        return None


def own_zone(lead: Lead, workspace: Workspace) -> ZoneInfo | None:
    """Return the lead's zone, else the workspace's; None where neither is a zone."""
    return zone_named(lead.time_zone) or zone_named(workspace.time_zone)


def possible_zones(lead: Lead, workspace: Workspace) -> tuple[ZoneInfo, ...]:
    """Return every zone that the lead may be in.

    That is the lead's own, where anybody knows it; else all that the number may be called in;
    else the workspace's. Empty where even that is no zone.
    """
    known = zone_named(lead.time_zone)
    if known is not None:
        return (known,)
    # A number that belongs nowhere is in "Etc/Unknown", which is no zone.
    named = _zones_of_number(lead.phone, workspace.region) if lead.phone else ()
    zones = tuple(zone for zone in map(zone_named, named) if zone is not None)
    fallback = zone_named(workspace.time_zone)
    return zones or ((fallback,) if fallback is not None else ())


def _zones_of_number(number: str, region: str | None) -> tuple[str, ...]:
    # Needed for few messages, and too large to import for all of them.
    from phonenumbers import NumberParseException, parse
    from phonenumbers.timezone import time_zones_for_number

    try:
        zones: tuple[str, ...] = time_zones_for_number(parse(number, region))
    except NumberParseException:
        return ()
    return zones
