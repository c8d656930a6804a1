"""What single fields of the seed file may hold."""

import re
from datetime import date
from string import Template
from typing import Annotated
from urllib.parse import quote, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.email_text import subject_is_sound
from system_sender.linkedin import is_provider_id, public_identifier
from system_sender.phone_number import known_region
from system_sender.text_parts import parts_of

TEMPLATE_VALUES = frozenset({"first_name", "last_name"})

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")


class Item(BaseModel):
    """Strict: a number is not a text, and a field that does not exist is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone: America/New_York, Europe/Berlin, UTC, ...")
    return value


def _date(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("is no date as in 2026-12-24") from None
    return value


def _region(value: str) -> str:
    if not known_region(value):
        raise ValueError("must be a region as in ISO 3166, in capitals: US, GB, DE, ...")
    return value


def _reply_template(value: str) -> str:
    template = Template(value)
    unknown = set(template.get_identifiers()) - TEMPLATE_VALUES if template.is_valid() else None
    if unknown is None:
        raise ValueError("has a '$' that starts no value; write '$$' for the character itself")
    if unknown:
        raise ValueError(
            f"uses {', '.join(f'${name}' for name in sorted(unknown))}; known are "
            + " and ".join(f"${name}" for name in sorted(TEMPLATE_VALUES))
        )
    return value


def _template_text(value: str) -> str:
    # Which channels it must fit is known only with its workspace.
    return fitting("email", value)


def fitting(channel: str, text: str) -> str:
    """Return a text that fits its channel.

    Raises:
        ValueError: with the sentence that says why it does not.
    """
    refusal = parts_of(channel, text).refusal
    if refusal is not None:
        raise ValueError(refusal.sentence)
    return text


def _email(value: str) -> str:
    address = to_address(value)
    if address is None:
        raise ValueError("is no e-mail address")
    return address


def _profile(value: str) -> str:
    identifier = public_identifier(value)
    if identifier is None:
        raise ValueError(
            "must be the URL of a person's profile, as in https://www.linkedin.com/in/dana-example"
        )
    return f"https://www.linkedin.com/in/{quote(identifier)}"


def _linkedin_id(value: str) -> str:
    if not is_provider_id(value):
        raise ValueError("is no id that LinkedIn gives a person: those begin with ACo, ACw or AE")
    return value


def _subject(value: str) -> str:
    if not subject_is_sound(value):
        raise ValueError(Code.SUBJECT_WRONG.sentence)
    return value


def _host(value: str) -> str:
    host = value.strip().lower().rstrip(".")
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise ValueError("is no host: it is named alone, as in calendar.example.com")
    return host


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    beyond = parts.path.strip("/") + parts.query + parts.fragment
    if not parts.hostname or "@" in parts.netloc or beyond:
        raise ValueError("must be a scheme and a host, as in https://send.example.com")
    local = parts.hostname in ("127.0.0.1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("must start with https://: the token would travel unencrypted")
    return value.rstrip("/")


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
WorkspaceId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"),
    Field(description="Small letters, digits, '-' and '_'; it stands in URLs.", examples=["acme"]),
]
Id = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}:[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$"),
    Field(description="The workspace, a colon, and a name.", examples=["acme:dana"]),
]
ProviderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
# Some providers call a person by the e-mail address.
ContactId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}$")]
EventId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}:[!-~]{1,900}$"),
    Field(description="As `sender thread` shows it.", examples=["acme:emailbison:reply-41021"]),
]
Email = Annotated[str, AfterValidator(_email), Field(examples=["dana@example.com"])]
BaseUrl = Annotated[
    str,
    AfterValidator(_base_url),
    Field(
        description="Where the provider's API answers, if not where the stack's environment says.",
        examples=["https://send.example.com"],
    ),
]
Region = Annotated[str, AfterValidator(_region), Field(examples=["US"])]
TimeZone = Annotated[str, AfterValidator(_time_zone), Field(examples=["America/New_York"])]
TimeOfDay = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Field(description="Of 24 hours, by the clock on the wall.", examples=["09:00"]),
]
Date = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_date),
    Field(examples=["2026-12-24"]),
]
Subject = Annotated[str, AfterValidator(_subject)]
ReplyTemplate = Annotated[str, AfterValidator(_template_text), AfterValidator(_reply_template)]
ProfileUrl = Annotated[
    str, AfterValidator(_profile), Field(examples=["https://www.linkedin.com/in/dana-example"])
]
LinkedInId = Annotated[str, AfterValidator(_linkedin_id)]
Share = Annotated[float, Field(ge=0, le=1)]
Host = Annotated[str, AfterValidator(_host), Field(examples=["calendar.example.com"])]
Seconds = Annotated[int, Field(ge=0, le=3600)]
