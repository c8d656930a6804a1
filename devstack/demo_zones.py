"""Leads whose hour of the day matters: whenever the demo runs, somewhere it is night."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from devstack.demo_people import TARA, UMA, VIC, WORKSPACE, Person

_ZONES = (
    *("Pacific/Auckland", "Australia/Sydney", "Asia/Tokyo", "Asia/Kolkata", "Asia/Dubai"),
    *("Europe/Berlin", "America/Sao_Paulo", "America/New_York", "America/Los_Angeles"),
    "Pacific/Honolulu",
)


def zone_where(first_hour: int, last_hour: int) -> str:
    """Return a time zone whose clock is between two hours now, the last one excluded.

    Args:
        first_hour, last_hour: of the day; the span may go over midnight.
    """
    length = (last_hour - first_hour) % 24
    span = {(first_hour + hours) % 24 for hours in range(length)}
    return next(zone for zone in _ZONES if datetime.now(ZoneInfo(zone)).hour in span)


def seed() -> Mapping[str, Any]:
    """Return the seed of who sleeps, of who is awake, and of the text that wakes nobody."""
    day, night = zone_where(12, 19), zone_where(21, 7)
    draft = {
        "id": f"{WORKSPACE}:hello-tara",
        "lead": TARA.lead,
        "text": "Hi Tara, we have a slot on Tuesday. Shall I keep it for you?",
        "state": "approved",
        "sent_by": "ai",
    }
    campaign = {"campaign": f"{WORKSPACE}:autumn"}
    leads = [_lead(TARA, night) | campaign, _lead(UMA, day) | campaign, _lead(VIC, day)]
    return {"leads": leads, "drafts": [draft]}


def _lead(person: Person, zone: str) -> dict[str, Any]:
    return {
        "id": person.lead,
        "first_name": person.name,
        "phone": person.phone,
        "contacts": {"gohighlevel": person.address},
        "time_zone": zone,
    }
