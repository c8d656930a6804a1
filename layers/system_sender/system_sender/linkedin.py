"""How LinkedIn names people: profile URLs and provider ids. Pure."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

# The ways of writing to a person that leave something else than a message, and what they leave.
INMAIL: Final = "inmail"
INVITATION: Final = "invitation"
SENT_AS: Mapping[str, str] = {INMAIL: "inmail", INVITATION: "connection_request"}

_PERSON = "in"
_LONGEST = 200
# They would end or change the path that the identifier becomes a part of.
_NOT_IN_IDENTIFIER = frozenset("/\\?#%<>\"'`@:;&=+,")

# Of a person as the classic site (ACo), Sales Navigator (ACw) and Recruiter (AE) name them.
_PROVIDER_ID = re.compile(r"(?:ACo|ACw|AE)[A-Za-z0-9_-]{2,120}")


def public_identifier(url: str) -> str | None:
    """Return the last part of a personal profile's URL, as in https://www.linkedin.com/in/dana.

    Written down with or without its scheme and host's country, and percent-encoded or not. None
    for anything that is no person: a company, a school, a page of Sales Navigator or Recruiter,
    another site. What stands behind the identifier, such as a language, does not count.
    """
    written = url.strip()
    try:
        parts = urlsplit(written if "://" in written else f"https://{written}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    if host != "linkedin.com" and not host.endswith(".linkedin.com"):
        return None
    _, section, *rest = [*parts.path.split("/"), "", ""][:3]
    identifier = unquote(rest[0])
    return identifier if section.lower() == _PERSON and _is_sound(identifier) else None


def is_provider_id(value: str) -> bool:
    """Say whether this is LinkedIn's own id of a person, which is what Unipile sends to."""
    return bool(_PROVIDER_ID.fullmatch(value))


def _is_sound(identifier: str) -> bool:
    return (
        0 < len(identifier) <= _LONGEST
        and identifier not in (".", "..")
        # Replacement characters are what is left of a broken encoding.
        and "\ufffd" not in identifier
        and all(each.isprintable() and not each.isspace() for each in identifier)
        and not _NOT_IN_IDENTIFIER.intersection(identifier)
    )
