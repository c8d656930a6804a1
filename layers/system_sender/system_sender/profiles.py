"""Finds the LinkedIn id behind a lead's profile URL, once, and keeps it with the lead."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from system_sender.codes import Code
from system_sender.linkedin import public_identifier
from system_sender.models import Alias, Integration, Lead, linkedin_alias
from system_sender.policy import LOOK_AGAIN
from system_sender.reading import Account
from system_sender.settlement import UNHEALTHY_MILLISECONDS
from system_sender.store import ConditionsFailed, Write
from system_sender.telemetry import log
from system_sender.transport import Answer, NoAnswer

if TYPE_CHECKING:
    from system_sender.system import System

_SECONDS = 5.0
# How often the id is written down anew because somebody else was faster.
_TRIES = 3

_ACCOUNT_TROUBLE = (Code.UNAUTHORIZED, Code.ACCOUNT_DISCONNECTED)


class NotYet(Exception):
    """Whom it goes to could not be found out at this moment; the code says why.

    Attributes:
        until: when to look again, in epoch milliseconds, UTC.
    """

    def __init__(self, code: Code, until: int) -> None:
        super().__init__(code.sentence)
        self.code = code
        self.until = until


def linkedin_id_of(system: "System", lead: Lead, account: Account) -> str | Code:
    """Return the provider id of the person whose profile URL the lead has.

    Returns:
        NOT_A_PERSON, PROFILE_NOT_FOUND or KNOWN_AS_ANOTHER_LEAD where only a person can help.

    Raises:
        NotYet: it may be possible later.
    """
    # Imported here: only a first message on LinkedIn comes by.
    from system_sender.providers.unipile_records import Profile, profile_of, profile_request

    identifier = public_identifier(lead.linkedin_url or "")
    if identifier is None:
        return Code.NOT_A_PERSON
    if account.access is None:
        until = system.world.now() + UNHEALTHY_MILLISECONDS
        raise NotYet(Code.INTEGRATION_NOT_CONFIGURED, until)
    request = profile_request(account.access, identifier)
    answer = system.ask(request, seconds=_SECONDS)
    profile = profile_of(answer)
    if isinstance(profile, Profile):
        return _keep(system, lead, profile.provider_id)
    if profile is Code.PROFILE_NOT_FOUND:
        return profile
    raise _not_yet(system, account.integration, profile, answer)


# --- nobody could look ---------------------------------------------------------------------------


def _not_yet(
    system: "System", integration: Integration, code: Code, answer: Answer | NoAnswer
) -> NotYet:
    from system_sender.providers.unipile_errors import limited_until

    now = system.world.now()
    if code is Code.RATE_LIMITED and isinstance(answer, Answer):
        return NotYet(code, limited_until(answer, now))
    if code in _ACCOUNT_TROUBLE:
        _mark_unhealthy(system, integration, code, now + UNHEALTHY_MILLISECONDS)
        return NotYet(code, now + UNHEALTHY_MILLISECONDS)
    return NotYet(code, now + LOOK_AGAIN)


def _mark_unhealthy(system: "System", integration: Integration, code: Code, until: int) -> None:
    """Let everything that goes through the account wait, as a refused letter does."""

    def build(token: str) -> Write:
        write = Write(token)
        write.update(
            "integration",
            Integration(integration.integration),
            [Integration.unhealthy_until.set(until), Integration.unhealthy_code.set(code.value)],
            Integration.integration.exists(),
        )
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        log.info("integration_gone", extra={"workspace": integration.workspace})


# --- the id is found -----------------------------------------------------------------------------


def _keep(system: "System", lead: Lead, linkedin_id: str) -> str | Code:
    """Write the id down, so that nobody asks again and an answer finds its lead by it.

    A name belongs to one lead. What another one asked for, silence above all, holds for the
    person; so nothing is sent to them in the name of this one.
    """
    key = linkedin_alias(lead.workspace, linkedin_id)
    former: str | None = None
    for _ in range(_TRIES):
        try:
            system.store.write_patiently(_keeping(lead, key, linkedin_id, former))
        except ConditionsFailed:
            alias, current = system.store.read((Alias, key), (Lead, lead.lead_id))
        else:
            return linkedin_id
        if current is None:
            # The claim fails on it, and then it is known what became of the lead.
            return linkedin_id
        if current.linkedin_id is not None:
            return str(current.linkedin_id)
        former = None
        if alias is not None and alias.lead_id != lead.lead_id:
            former = str(alias.lead_id)
            if system.store.get(Lead, former) is not None:
                return Code.KNOWN_AS_ANOTHER_LEAD
    raise NotYet(Code.BUSY, system.world.now() + LOOK_AGAIN)


def _keeping(lead: Lead, key: str, linkedin_id: str, former: str | None) -> Callable[[str], Write]:
    """Return what makes the transaction.

    Args:
        former: the lead that had the name and is gone, if there was one.
    """

    def build(token: str) -> Write:
        write = Write(token)
        free = Alias.alias.does_not_exist() | (Alias.lead_id == lead.lead_id)
        if former is not None:
            write.check("former", Lead, former, Lead.lead_id.does_not_exist())
            free |= Alias.lead_id == former
        write.put("alias", Alias(key, lead_id=lead.lead_id), free)
        write.update(
            "lead",
            Lead(lead.lead_id),
            [Lead.linkedin_id.set(linkedin_id)],
            Lead.lead_id.exists() & Lead.linkedin_id.does_not_exist(),
        )
        return write

    return build
