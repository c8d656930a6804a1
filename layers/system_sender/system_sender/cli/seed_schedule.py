"""The seed file's hours: when automation may write, and when nobody is texted unasked."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from system_sender.cli.seed_fields import Date, Item, TimeOfDay, TimeZone

DateRange = Annotated[list[Date], Field(min_length=2, max_length=2)]
Weekday = Annotated[int, Field(ge=0, le=6, description="0 is Monday, 6 is Sunday.")]
HolidayName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ScheduleMode(StrEnum):
    """What the hours are counted by."""

    ALWAYS = "ALWAYS"
    BUSINESS_HOURS = "BUSINESS_HOURS"
    CUSTOM = "CUSTOM"


class Holidays(Item):
    """The public holidays of a country, on which automation keeps still."""

    country: str = Field(
        pattern=r"^[A-Z]{2}$", description="ISO 3166, in capitals.", examples=["US"]
    )
    subdivision: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9-]{1,10}$", description="A state of it.", examples=["CA"]
    )
    excepted: list[HolidayName] = Field(
        default=[],
        alias="except",
        max_length=50,
        description="Holidays on which automation writes all the same.",
    )


class Hours(Item):
    """Hours as a row keeps them."""

    def to_row(self) -> dict[str, Any]:
        """Return what the file says as plain JSON values, and nothing that it does not say."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def _checked_by(self, check: Callable[[Any], str | None]) -> Self:
        said = check(self.to_row())
        if said is not None:
            raise ValueError(said)
        return self


class Schedule(Hours):
    """When automation may write. A person's own messages go at any hour."""

    mode: ScheduleMode | None = Field(
        default=None, strict=False, description="A campaign without one has its workspace's."
    )
    start: TimeOfDay | None = None
    end: TimeOfDay | Literal["24:00"] | None = Field(
        default=None, description="Not after `start`: of the next day."
    )
    days: list[Weekday] | None = Field(default=None, description="The days on which it opens.")
    time_zone: TimeZone | None = Field(
        default=None,
        description="Of a CUSTOM one; by default the lead's, or the workspace's.",
    )
    holidays: Holidays | None = None
    blackout_dates: list[Date] = Field(default=[], max_length=200)
    blackout_ranges: list[DateRange] = Field(
        default=[], max_length=50, description="From the first day to the last, both included."
    )

    @model_validator(mode="after")
    def _is_understood(self) -> Self:
        # Late, because it comes with the models, which name the tables of a stack.
        from system_sender.schedule import validate_schedule

        return self._checked_by(validate_schedule)


class QuietHours(Hours):
    """When nobody is texted unasked, by the clock where the lead is."""

    start: TimeOfDay = Field(description="When they begin in the evening.", examples=["20:00"])
    end: TimeOfDay = Field(description="When they end in the morning.", examples=["09:00"])
    sunday_start: TimeOfDay | None = Field(
        default=None, description="When texting begins on a Sunday.", examples=["12:00"]
    )

    @model_validator(mode="after")
    def _is_understood(self) -> Self:
        # Late, because it comes with the models, which name the tables of a stack.
        from system_sender.quiet_hours import validate_quiet_hours

        return self._checked_by(validate_quiet_hours)
