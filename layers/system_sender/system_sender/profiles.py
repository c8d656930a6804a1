"""Finds the LinkedIn id behind a lead's profile URL, once, and keeps it with the lead."""

from typing import TYPE_CHECKING

from system_sender.codes import Code
from system_sender.letter import Access
from system_sender.linkedin import public_identifier
from system_sender.models import Alias, Lead, linkedin_alias
from system_sender.store import ConditionsFailed, Write
from system_sender.world import Effect

if TYPE_CHECKING:
    from system_sender.system import System

_SECONDS = 5.0


def linkedin_id_of(system: "System", lead: Lead, access: Access) -> str | Code:
    """Return the provider id of the person whose profile URL the lead has.

    Returns:
        NOT_A_PERSON and PROFILE_NOT_FOUND are final; any other code may pass.
    """
    # Imported here: only a first message on LinkedIn comes by.
    from system_sender.providers.unipile_records import Profile, profile_of, profile_request

    identifier = public_identifier(lead.linkedin_url or "")
    if identifier is None:
        return Code.NOT_A_PERSON
    request = profile_request(access, identifier)
    answer = system.world.perform(
        Effect.PROVIDER,
        "look_up",
        lambda: system.transport.send(request, seconds=_SECONDS, guard=_allow),
    )
    profile = profile_of(answer)
    if not isinstance(profile, Profile):
        return profile
    _keep(system, lead, profile.provider_id)
    return profile.provider_id


def _allow() -> None:
    """A look-up sends nothing to anybody, so it needs no permission."""


def _keep(system: "System", lead: Lead, linkedin_id: str) -> None:
    """Write the id down, so that nobody asks again and an answer finds its lead by it."""

    def build(token: str) -> Write:
        write = Write(token)
        key = linkedin_alias(lead.workspace, linkedin_id)
        write.put("alias", Alias(key, lead_id=lead.lead_id), Alias.alias.does_not_exist())
        write.update(
            "lead",
            Lead(lead.lead_id),
            [Lead.linkedin_id.set(linkedin_id)],
            Lead.lead_id.exists() & Lead.linkedin_id.does_not_exist(),
        )
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        # Another lead is known by this id, or somebody wrote it down first. It is the person's.
        return
