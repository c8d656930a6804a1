"""The rows that are there before the month begins."""

from collections.abc import Iterator

from pynamodb.models import Model

from system_sender.models import (
    Alias,
    Campaign,
    Lead,
    Sequence,
    Workspace,
    contact_alias,
    email_alias,
    linkedin_alias,
    phone_alias,
)
from system_sender.policy import AI_AUTO_SEND
from system_sender.providers.gohighlevel import MARKETPLACE
from tests.simulation.agencies import SEQUENCES, Agency, Person
from tests.support.scene import Scene

# A template's answer comes an hour or two after the message.
_ANSWERS_AFTER = (3_600, 7_200)


def rows_of(agency: Agency, scene: Scene) -> Iterator[Model]:
    """Return a workspace, its accounts, its campaign and its sequences."""
    campaign_id = f"{agency.name}:answers" if agency.answers else None
    yield Workspace(
        agency.name,
        name=agency.name.title(),
        region=agency.region,
        time_zone=agency.time_zone,
        schedule=agency.schedule,
        quiet_hours=agency.quiet_hours,
        automated_per_day=agency.automated_per_day,
        automated_per_hour=agency.automated_per_hour,
    )
    yield from scene.integration("gohighlevel", scene.location, webhook=MARKETPLACE)
    yield from scene.integration("unipile", f"unipile-{agency.name}")
    if campaign_id is not None:
        shortest, longest = _ANSWERS_AFTER
        yield Campaign(
            campaign_id,
            name="Answers",
            response_mode=AI_AUTO_SEND,
            reply_template="Thanks, $first_name. A colleague will have the details for you.",
            delay_min_seconds=shortest,
            delay_max_seconds=longest,
        )
    for name, steps in SEQUENCES.items():
        yield Sequence(
            f"{agency.name}:{name}",
            workspace=agency.name,
            name=name.title(),
            campaign_id=campaign_id,
            steps=[dict(step) for step in steps],
        )


def rows_of_person(agency: Agency, person: Person, now: int) -> Iterator[Model]:
    """Return a lead and the names it is known by."""
    yield Lead(
        person.lead_id,
        workspace=agency.name,
        first_name=person.first_name,
        phone=person.phone,
        email=person.email,
        linkedin_id=person.linkedin_id,
        contacts={"gohighlevel": person.contact},
        campaign_id=f"{agency.name}:answers" if agency.answers else None,
        time_zone=person.time_zone,
        created_at=now,
    )
    names = [
        contact_alias(agency.name, "gohighlevel", person.contact),
        email_alias(agency.name, person.email),
        linkedin_alias(agency.name, person.linkedin_id),
    ]
    if person.phone is not None:
        names.append(phone_alias(agency.name, person.phone))
    for name in names:
        yield Alias(name, lead_id=person.lead_id)
