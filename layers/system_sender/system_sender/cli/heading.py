"""Where a draft goes: through which provider, to whom, under which subject. Shown, never sent."""

from dataclasses import dataclass, replace
from typing import Any

from system_sender.addressing import address, choose_provider
from system_sender.cli import screen
from system_sender.cli.operator import Operator
from system_sender.codes import Code
from system_sender.models import Draft
from system_sender.providers import provider_named
from system_sender.reading import Unreadable, read_around
from system_sender.states import DRAFT_OPEN


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the text of a draft, as it would be if it left now.

    Attributes:
        obstacle: why it cannot leave like this; None where it can, or where it has left already.
    """

    provider: str | None = None
    to: str | None = None
    to_name: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str | None = None
    obstacle: Code | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "provider": self.provider,
            "to": self.to,
            "to_name": self.to_name,
            "cc": list(self.cc),
            "bcc": list(self.bcc),
            "subject": self.subject,
            "obstacle": self.obstacle.value if self.obstacle else None,
        }


def heading_of(operator: Operator, draft: Draft) -> Heading:
    """Address a draft as the functions would, by the rows as they are now."""
    heading = _addressed(operator, draft)
    return heading if draft.state in DRAFT_OPEN else replace(heading, obstacle=None)


def _addressed(operator: Operator, draft: Draft) -> Heading:
    try:
        mail = read_around(operator.system, draft).mail
    except Unreadable as unreadable:
        return Heading(obstacle=unreadable.code)
    provider = choose_provider(mail)
    if isinstance(provider, Code):
        return Heading(subject=mail.subject, obstacle=provider)
    letter = address(mail, provider)
    if isinstance(letter, Code):
        return Heading(provider, subject=mail.subject, obstacle=letter)
    return Heading(
        provider,
        letter.to,
        letter.to_name,
        letter.cc,
        letter.bcc,
        letter.subject,
        provider_named(provider).refusal(letter),
    )


def heading_facts(heading: Heading) -> list[tuple[str, Any]]:
    """Return a heading as names and values to be shown."""
    name = f"{heading.to_name} <{heading.to}>" if heading.to_name else heading.to
    values = {
        "provider": heading.provider or "-",
        "to": name or "-",
        "cc": ", ".join(heading.cc),
        "bcc": ", ".join(heading.bcc),
        "subject": heading.subject,
    }
    pairs: list[tuple[str, Any]] = [
        (label, screen.written(value)) for label, value in values.items() if value
    ]
    if heading.obstacle is not None:
        pairs.append(("obstacle", screen.written(heading.obstacle.sentence, "yellow")))
    return pairs
