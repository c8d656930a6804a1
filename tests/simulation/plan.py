"""What happens in the month, drawn from a seed: the same seed always gives the same month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from tests.simulation.agencies import AGENCIES, PEOPLE, Person

SEED = 2026
# A Monday. The clocks change in the United States on the 8th, in Europe on the 29th, and in
# Australia and New Zealand on the 5th of April.
FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = 3_600_000
DAY = 24 * HOUR


class Fate(StrEnum):
    """What becomes of a person's sequences, if the system is right."""

    UNTOUCHED = "untouched"
    ANSWERED = "answered"
    """They write, and somebody answers hours later: by hand, or by a template."""
    UNANSWERED = "unanswered"
    BOOKED = "booked"
    OPTED_OUT = "opted out"
    BOUNCED = "bounced"
    AWAY = "away"
    SNOOZED = "snoozed"
    DISTURBED = "do not disturb"
    """Their provider refuses one text because they want no disturbance."""
    BLACKLISTED = "blacklisted"
    UNKNOWN_TOPIC = "unknown topic"
    """A value that the templates need is missing."""


class Deed(StrEnum):
    """What somebody does at a moment."""

    ENROL = "enrol"
    WRITE = "write"
    ANSWER = "answer"
    BOOK = "book"
    OPT_OUT = "opt_out"
    BOUNCE = "bounce"
    AWAY_NOTE = "away_note"
    SNOOZE = "snooze"
    BLACKLIST = "blacklist"
    PAUSE = "pause"
    RESUME = "resume"


class Weather(StrEnum):
    """What a provider does for some hours.

    While it is silent to what sends, its records can be read; otherwise they cannot.
    """

    REFUSES = "down"
    BREAKS = "502"
    STALLS = "silence"
    LIMITS = "429"
    LOCKS_OUT = "401"


@dataclass(frozen=True, slots=True)
class Happening:
    """One deed. `at` is epoch milliseconds, UTC; `who` is a lead's id or an agency's name."""

    at: int
    deed: Deed
    who: str
    channel: str = "sms"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A provider's bad hours, in epoch milliseconds, UTC."""

    start: int
    end: int
    provider: str
    weather: Weather


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the month begins.

    Attributes:
        fates: by lead.
        deployments: moments after which all running processes end, in the middle of an effect.
        crashes: moments after which a round dies, at an effect of this number.
    """

    seed: int
    people: Sequence[Person]
    fates: dict[str, Fate]
    happenings: list[Happening]
    troubles: tuple[Trouble, ...]
    deployments: tuple[int, ...]
    crashes: tuple[tuple[int, int], ...]


_FATES = {
    "atlantic": (
        Fate.UNTOUCHED,
        Fate.ANSWERED,
        Fate.BOOKED,
        Fate.OPTED_OUT,
        Fate.AWAY,
        Fate.ANSWERED,
        Fate.UNTOUCHED,
        Fate.BOUNCED,
        Fate.UNANSWERED,
        Fate.UNKNOWN_TOPIC,
    ),
    "baltic": (
        Fate.UNTOUCHED,
        Fate.ANSWERED,
        Fate.OPTED_OUT,
        Fate.SNOOZED,
        Fate.BOOKED,
        Fate.UNTOUCHED,
        Fate.ANSWERED,
        Fate.DISTURBED,
        Fate.UNTOUCHED,
        Fate.BLACKLISTED,
    ),
    "pacific": (
        Fate.UNTOUCHED,
        Fate.ANSWERED,
        Fate.ANSWERED,
        Fate.UNTOUCHED,
        Fate.BOOKED,
        Fate.ANSWERED,
        Fate.AWAY,
        Fate.OPTED_OUT,
        Fate.BOUNCED,
        Fate.UNTOUCHED,
    ),
}
_FIRST_DEED = {
    Fate.ANSWERED: Deed.WRITE,
    Fate.UNANSWERED: Deed.WRITE,
    Fate.BOOKED: Deed.BOOK,
    Fate.OPTED_OUT: Deed.OPT_OUT,
    Fate.BOUNCED: Deed.BOUNCE,
    Fate.AWAY: Deed.AWAY_NOTE,
    Fate.SNOOZED: Deed.SNOOZE,
    Fate.BLACKLISTED: Deed.BLACKLIST,
}
ANSWERS_BY_ITSELF = frozenset(agency.name for agency in AGENCIES if agency.answers)


def make_plan(seed: int = SEED, *, people: int | None = None) -> Plan:
    """Return the month of a seed.

    Args:
        people: how many of each agency take part; None for all.
    """
    taking_part = [
        person
        for agency in AGENCIES
        for person in [one for one in PEOPLE if one.agency == agency.name][:people]
    ]
    fates = {
        person.lead_id: _FATES[person.agency][number]
        for agency in AGENCIES
        for number, person in enumerate(one for one in PEOPLE if one.agency == agency.name)
        if person in taking_part
    }
    happenings = [one for person in taking_part for one in _life(seed, person, fates)]
    happenings += [
        Happening(_at(16, 14), Deed.PAUSE, "atlantic"),
        Happening(_at(16, 16), Deed.RESUME, "atlantic"),
    ]
    return Plan(
        seed=seed,
        people=taking_part,
        fates=fates,
        happenings=sorted(happenings, key=lambda one: (one.at, one.who, one.deed)),
        troubles=(
            Trouble(_at(5, 9), _at(5, 16), "gohighlevel", Weather.BREAKS),
            Trouble(_at(6, 8), _at(6, 20), "unipile", Weather.STALLS),
            Trouble(_at(9, 8), _at(9, 14), "gohighlevel", Weather.STALLS),
            Trouble(_at(12, 8), _at(12, 12), "gohighlevel", Weather.LOCKS_OUT),
            Trouble(_at(14, 9), _at(14, 9, 20), "gohighlevel", Weather.LIMITS),
            Trouble(_at(16, 2), _at(16, 5), "gohighlevel", Weather.REFUSES),
            Trouble(_at(17, 13), _at(17, 17), "gohighlevel", Weather.LIMITS),
            Trouble(_at(22, 20), _at(23, 12), "unipile", Weather.BREAKS),
            Trouble(_at(25, 6), _at(25, 20), "gohighlevel", Weather.BREAKS),
            Trouble(_at(28, 0), _at(28, 12), "gohighlevel", Weather.REFUSES),
        ),
        deployments=(_at(11, 8), _at(19, 13)),
        crashes=_crashes(seed),
    )


def _at(day: int, hour: int, minute: int = 0) -> int:
    moment = FIRST_DAY + timedelta(days=day - 1, hours=hour, minutes=minute)
    return int(moment.timestamp() * 1000)


def _crashes(seed: int) -> tuple[tuple[int, int], ...]:
    chance = Random(f"{seed}/crashes")
    days = sorted(chance.uniform(2, 30) for _ in range(16))
    return tuple((_at(1, 0) + int(day * DAY), chance.randint(6, 40)) for day in days)


def _life(seed: int, person: Person, fates: dict[str, Fate]) -> list[Happening]:
    """Return what a person does, and what is done about them."""
    chance = Random(f"{seed}/{person.lead_id}")
    enrolled = _at(1, 0) + int(chance.uniform(0.3, 6.5) * DAY)
    happenings = [Happening(enrolled, Deed.ENROL, person.lead_id)]
    fate = fates[person.lead_id]
    deed = _FIRST_DEED.get(fate)
    if deed is None:
        return happenings
    channels = ["sms", "email", "linkedin"] if person.has_phone else ["email", "linkedin"]
    channel = "email" if deed is Deed.AWAY_NOTE else chance.choice(channels)
    if deed is Deed.BOUNCE:
        channel = "email"
    day = enrolled + int(chance.uniform(3, 12)) * DAY
    at = _in_daytime(day, person, chance)
    happenings.append(Happening(at, deed, person.lead_id, channel))
    if fate is Fate.ANSWERED:
        again = at + int(chance.uniform(5, 7) * DAY)
        for moment in (at, _in_daytime(again, person, chance)):
            if moment != at:
                happenings.append(Happening(moment, Deed.WRITE, person.lead_id, channel))
            if person.agency not in ANSWERS_BY_ITSELF:
                answered = moment + int(chance.uniform(3, 30) * HOUR)
                happenings.append(Happening(answered, Deed.ANSWER, person.lead_id, channel))
    return happenings


def _in_daytime(day: int, person: Person, chance: Random) -> int:
    """Return a moment of that day at which the person is awake."""
    zone = ZoneInfo(person.time_zone or "UTC")
    awake = datetime.fromtimestamp(day / 1000, zone).replace(
        hour=chance.randint(8, 20), minute=chance.randint(0, 59), second=chance.randint(0, 59)
    )
    return int(awake.timestamp()) * 1000
