"""Three agencies, their sequences, and thirty people in zones around the world."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A step as its sequence's row has it. No two texts are alike: the ledger tells steps apart by
# nothing else.
StepRow = Mapping[str, Any]

_LONG = (
    "{{ first_name }}, a longer word about {{ topic }}: what we change in the first week, what you "
    "see of it in the second, and what it costs if you stop after the third.\n"
    "And what others found: fewer evenings with spreadsheets, and answers the same day, from a "
    "person. Shall I send two examples?"
)


def _step(key: str, day: int, channel: str, text: str, **more: Any) -> StepRow:
    subject = {"subject": f"{key.title()} for {{{{ first_name }}}}"} if channel == "email" else {}
    return {"key": key, "day": day, "channel": channel, "template": text, **subject, **more}


SPRING: tuple[StepRow, ...] = (
    _step("hello", 1, "email", "Hello {{ first_name }}, may I show you {{ topic }}?"),
    _step(
        "short",
        2,
        "sms",
        "Hi {{ first_name }}, did my mail about {{ topic }} reach you?",
        minute=30,
        condition="has_phone",
    ),
    _step(
        "link",
        4,
        "linkedin",
        "Good to find you here, {{ first_name }}: {{ topic }}?",
        condition="connected",
    ),
    _step("case", 7, "email", "{{ first_name }}, a case from your trade about {{ topic }}."),
    _step("parts", 9, "sms", _LONG),
    _step(
        "nudge",
        11,
        "linkedin",
        "{{ first_name }}, is {{ topic }} still of use to you?",
        condition="no_answer",
    ),
    _step(
        "offer", 14, "email", "{{ first_name }}, here is our offer for {{ topic }}.", approval=True
    ),
    _step("ask", 18, "sms", "{{ first_name }}, shall we talk about {{ topic }} this week?"),
    _step("close", 21, "email", "I'll stop here, {{ first_name }}; {{ topic }} can wait."),
)
PARTNERS: tuple[StepRow, ...] = (
    _step("meet", 1, "linkedin", "{{ first_name }}, we look for partners in {{ topic }}."),
    _step("terms", 3, "email", "Terms for partners in {{ topic }}, {{ first_name }}."),
    _step(
        "text",
        5,
        "sms",
        "{{ first_name }}, may I call about partners in {{ topic }}?",
        condition="has_phone",
    ),
    _step(
        "proof",
        8,
        "email",
        "{{ first_name }}, what partners in {{ topic }} earn.",
        condition="no_answer",
    ),
    _step("twice", 10, "sms", "{{ first_name }}, places for {{ topic }} are few."),
    _step(
        "same-day",
        10,
        "email",
        "As I texted, {{ first_name }}: places for {{ topic }}.",
        minute=120,
    ),
    _step(
        "contract",
        15,
        "linkedin",
        "The contract for {{ topic }} is ready, {{ first_name }}.",
        approval=True,
    ),
    _step("last", 20, "sms", "Last call for {{ topic }}, {{ first_name }}."),
)
SEQUENCES: Mapping[str, tuple[StepRow, ...]] = {"spring": SPRING, "partners": PARTNERS}


@dataclass(frozen=True, slots=True)
class Agency:
    """A workspace and its hours, as they are written down in its row.

    Attributes:
        schedule, quiet_hours: None says nothing: always; and from 20:00 to 09:00, Sundays to noon.
        answers: whether messages are answered by a template, hours later, without a person.
    """

    name: str
    region: str
    time_zone: str
    schedule: Mapping[str, Any] | None
    quiet_hours: Mapping[str, str] | None
    automated_per_day: int
    automated_per_hour: int | None
    answers: bool


AGENCIES: tuple[Agency, ...] = (
    Agency("atlantic", "US", "America/New_York", {"mode": "BUSINESS_HOURS"}, None, 5, None, False),
    Agency(
        "baltic",
        "DE",
        "Europe/Berlin",
        {
            "mode": "CUSTOM",
            "start": "10:00",
            "end": "19:00",
            "days": [0, 1, 2, 3, 4, 5],
            "blackout_dates": ["2026-03-25"],
        },
        {"start": "21:00", "end": "08:00"},
        3,
        4,
        False,
    ),
    Agency("pacific", "AU", "Australia/Sydney", None, None, 2, None, True),
)


# New York's and Berlin's.
_AREAS = {"atlantic": "+1212555", "baltic": "+49305550"}


@dataclass(frozen=True, slots=True)
class Person:
    """A lead.

    Attributes:
        time_zone: where they are; None where nobody knows, and the workspace's clock counts.
    """

    agency: str
    first_name: str
    time_zone: str | None
    sequences: tuple[str, ...]
    has_phone: bool = True
    has_topic: bool = True

    @property
    def lead_id(self) -> str:
        """Return the key of the lead's row."""
        return f"{self.agency}:{self.first_name.lower()}"

    @property
    def phone(self) -> str | None:
        """Return a number that nobody has; where nothing else does, its area tells the zone."""
        if not self.has_phone:
            return None
        area = "+1555011" if self.time_zone is not None else _AREAS[self.agency]
        return f"{area}{zlib.crc32(self.first_name.encode()) % 10_000:04d}"

    @property
    def email(self) -> str:
        """Return the address."""
        return f"{self.first_name.lower()}@{self.agency}.example.com"

    @property
    def contact(self) -> str:
        """Return GoHighLevel's id."""
        return f"ct{self.agency}{self.first_name}"

    @property
    def linkedin_id(self) -> str:
        """Return LinkedIn's id."""
        return f"ACoAA{self.agency}{self.first_name}"

    @property
    def topic(self) -> str:
        """Return what the sequences write about."""
        return f"{self.first_name}'s bookkeeping"

    def recipients(self) -> Mapping[str, str]:
        """Return what the provider's ledger calls them, with the channel."""
        return {self.contact: "sms", self.email: "email", self.linkedin_id: "linkedin"}


_S, _P = ("spring",), ("partners",)
PEOPLE: Sequence[Person] = (
    Person("atlantic", "Ada", "America/New_York", _S),
    Person("atlantic", "Ben", "America/Chicago", _S),
    Person("atlantic", "Cleo", "America/Denver", _S),
    Person("atlantic", "Dana", "America/Los_Angeles", _S),
    Person("atlantic", "Eli", "Pacific/Honolulu", _S),
    Person("atlantic", "Fay", "America/Sao_Paulo", _S),
    Person("atlantic", "Gus", "America/St_Johns", _S, has_phone=False),
    Person("atlantic", "Hana", None, _S),
    Person("atlantic", "Ivo", "America/Anchorage", _S),
    Person("atlantic", "Jo", "America/New_York", _S, has_topic=False),
    Person("baltic", "Kai", "Europe/Berlin", _P),
    Person("baltic", "Lea", "Europe/London", _P),
    Person("baltic", "Mila", "Europe/Athens", _P),
    Person("baltic", "Nils", "Africa/Lagos", _P),
    Person("baltic", "Olga", "Asia/Dubai", _P),
    Person("baltic", "Piet", "Asia/Kolkata", _P),
    Person("baltic", "Quinn", "Asia/Kathmandu", _P),
    Person("baltic", "Rosa", "Europe/Madrid", _P),
    Person("baltic", "Sven", None, _P),
    Person("baltic", "Tara", "Europe/Berlin", _P),
    Person("pacific", "Uma", "Australia/Sydney", ("spring", "partners")),
    Person("pacific", "Vito", "Asia/Tokyo", _S),
    Person("pacific", "Wren", "Pacific/Auckland", _P),
    Person("pacific", "Xena", "Australia/Lord_Howe", _P),
    Person("pacific", "Yuri", "Asia/Vladivostok", _S),
    Person("pacific", "Zoe", "Asia/Singapore", ("spring", "partners")),
    Person("pacific", "Amir", "Australia/Perth", _S),
    Person("pacific", "Bela", "Pacific/Kiritimati", _P),
    Person("pacific", "Cato", "Australia/Adelaide", _S),
    Person("pacific", "Dora", "Asia/Manila", _P),
)
