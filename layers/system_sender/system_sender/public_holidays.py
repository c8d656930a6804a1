"""The public holidays of a country or a part of it, by the `holidays` package. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

# Attributes of the package's classes: what a holiday is called on the day it is moved to.
_OBSERVED = ("observed_label", "observed_label_before")


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The days that are holidays, those that were moved to another day included.

    Attributes:
        country: ISO 3166, two letters.
        subdivision: a state of it, as the package calls it; None for the whole country.
        excepted: names of holidays that are days like others.
    """

    country: str
    subdivision: str | None
    excepted: frozenset[str]

    def __contains__(self, day: date) -> bool:
        """Say whether the day is a holiday."""
        names = _holidays(self.country, self.subdivision, day.year).get(day, frozenset())
        return not names <= self._excepted_names()

    def _excepted_names(self) -> frozenset[str]:
        labels = _labels(self.country, self.subdivision)
        return self.excepted | {label % name for label in labels for name in self.excepted}


def are_known(country: str, subdivision: str | None) -> bool:
    """Say whether the holidays of this place are known."""
    try:
        _rows(country, subdivision, None)
    except NotImplementedError:
        return False
    return True


@cache
def _labels(country: str, subdivision: str | None) -> frozenset[str]:
    rows = _rows(country, subdivision, None)
    return frozenset(str(getattr(rows, label, "%s")) for label in _OBSERVED)


@cache
def _holidays(country: str, subdivision: str | None, year: int) -> Mapping[date, frozenset[str]]:
    """Return a year's holidays. The package's own object fills itself while others read it."""
    rows = _rows(country, subdivision, year)
    return MappingProxyType({day: frozenset(rows.get_list(day)) for day in rows})


def _rows(country: str, subdivision: str | None, year: int | None) -> Any:
    # Needed by few schedules, and too large to import for every message.
    import holidays

    entity = holidays.country_holidays(country, subdiv=subdivision)
    if year is None:
        return entity
    # Holidays are called as their country calls them, whatever the language of this machine. The
    # layer leaves translations out, and then they are called so anyway.
    translated = Path(holidays.__file__).with_name("locale").exists()
    language = entity.default_language if translated else None
    return holidays.country_holidays(country, subdiv=subdivision, years=year, language=language)
