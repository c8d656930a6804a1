"""The read step: one consistent look at everything a verdict, a letter and a claim depend on."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from system_sender.addressing import Correspondence, address, choose_provider
from system_sender.codes import Code
from system_sender.letter import Access, Letter
from system_sender.models import (
    Campaign,
    Draft,
    Inbound,
    Integration,
    Lead,
    Message,
    Revision,
    Suppression,
    Workspace,
    integration_key,
    suppression_key,
)
from system_sender.profiles import linkedin_id_of
from system_sender.providers import Provider, provider_named, providers_of
from system_sender.settings import base_url_of
from system_sender.store import Key
from system_sender.switches import SwitchReading, judge_switches, switch_keys

if TYPE_CHECKING:
    from system_sender.system import System


@dataclass(slots=True)
class Reading:
    """The rows around a draft.

    Attributes:
        messages: the deliveries that a first claim wrote down, by part.
        mail: what the letter is addressed from.
    """

    draft: Draft
    lead: Lead
    workspace: Workspace
    campaign: Campaign | None
    mail: Correspondence
    messages: dict[int, Message]
    switches: SwitchReading

    @property
    def text(self) -> str:
        """Return the whole text of the draft's current revision."""
        return self.mail.text


@dataclass(frozen=True, slots=True)
class Addressed:
    """A draft's whole text as a letter, and how it gets to its provider.

    Attributes:
        access: None where the workspace's account is not set up: no token, or no host.
    """

    provider: Provider
    integration: Integration
    access: Access | None
    letter: Letter


class Unreadable(Exception):
    """A row is missing without which nothing can be decided; the code says which."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.sentence)
        self.code = code


class NotYet(Exception):
    """Whom it goes to could not be found out at this moment; the code says why."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.sentence)
        self.code = code


_FINAL = frozenset({Code.NOT_A_PERSON, Code.PROFILE_NOT_FOUND})


def read_around(system: "System", draft: Draft) -> Reading:
    """Read all but the draft in one round trip. What must still hold is in the claim's conditions.

    Raises:
        Unreadable: the lead, the workspace, the text or a delivery is gone.
    """
    asked_at, asked_at_wall = system.world.monotonic(), system.world.now()
    providers = providers_of(draft.channel)
    answers = draft.reply_to is not None and draft.channel != "sms"
    keys: list[Key] = [
        (Lead, draft.lead_id),
        (Workspace, draft.workspace),
        *switch_keys(draft.workspace),
        (Revision, draft.draft_id, int(draft.revision)),
        # Without a campaign this asks for one that cannot exist.
        (Campaign, draft.campaign_id or "-"),
        *((Integration, integration_key(draft.workspace, name)) for name in providers),
        *([(Inbound, str(draft.reply_to))] if answers else []),
        *((Message, draft.draft_id, part) for part in range(int(draft.parts))),
    ]
    lead, workspace, everything, ours, revision, campaign, *rest = system.store.read(*keys)
    integrations = [row for row in rest[: len(providers)] if row is not None]
    answered = rest[len(providers)] if answers else None
    messages = [row for row in rest[len(providers) + answers :] if row is not None]
    if lead is None:
        raise Unreadable(Code.LEAD_NOT_FOUND)
    if workspace is None:
        raise Unreadable(Code.WORKSPACE_NOT_FOUND)
    if revision is None:
        raise Unreadable(Code.DRAFT_DELETED)
    if len(messages) != draft.parts:
        # A delivery's row was erased, and without it nothing tells whether that part is out.
        raise Unreadable(Code.DRAFT_CLAIMED)
    return Reading(
        draft=draft,
        lead=lead,
        workspace=workspace,
        campaign=campaign,
        mail=Correspondence(
            draft=draft,
            lead=lead,
            workspace=workspace,
            answered=answered,
            integrations={row.provider: row for row in integrations},
            text=revision.text,
            subject=revision.subject,
        ),
        messages={int(row.part): row for row in messages},
        switches=SwitchReading(
            judge_switches((everything, ours), draft.channel), asked_at, asked_at_wall
        ),
    )


def address_reading(
    system: "System", reading: Reading, *, provider_name: str | None = None
) -> Addressed | Code:
    """Address the draft, or return the code that says why it cannot be.

    Args:
        provider_name: the provider of an earlier attempt, which a look-up must ask again.

    Raises:
        NotYet: it may be possible later.
    """
    mail = reading.mail
    name = provider_name or choose_provider(mail)
    if isinstance(name, Code):
        return name
    if name not in mail.integrations:
        return Code.NO_PROVIDER
    provider, integration = provider_named(name), mail.integrations[name]
    access = _access(system, provider, integration)
    if mail.draft.channel == "linkedin" and not mail.lead.linkedin_id and mail.lead.linkedin_url:
        found = _resolve(system, mail.lead, access)
        if isinstance(found, Code):
            return found
        mail.lead.linkedin_id = found
    letter = address(mail, name)
    if isinstance(letter, Code):
        return letter
    refusal = provider.refusal(letter)
    if refusal is not None:
        return refusal
    return Addressed(
        provider,
        integration,
        access,
        _without_suppressed_copies(system, mail.draft, letter),
    )


def _resolve(system: "System", lead: Lead, access: Access | None) -> str | Code:
    if access is None:
        raise NotYet(Code.INTEGRATION_NOT_CONFIGURED)
    found = linkedin_id_of(system, lead, access)
    if isinstance(found, Code) and found not in _FINAL:
        raise NotYet(found)
    return found


def _access(system: "System", provider: Provider, integration: Integration) -> Access | None:
    base_url = base_url_of(system.settings, integration, provider)
    token = system.secrets.get(integration.workspace, provider.name, "token")
    if base_url is None or token is None:
        return None
    return Access(base_url, token, integration.account, tuple(integration.senders or ()))


def _without_suppressed_copies(system: "System", draft: Draft, letter: Letter) -> Letter:
    """Leave out who asked not to be written to; that the addressee did not is for the claim."""
    copies = (*letter.cc, *letter.bcc)
    if not copies:
        return letter
    keys: list[Key] = [
        (Suppression, suppression_key(draft.workspace, draft.channel, copy)) for copy in copies
    ]
    rows = system.store.read(*keys)
    stopped = {copy for copy, row in zip(copies, rows, strict=True) if row is not None}
    return replace(
        letter,
        cc=tuple(copy for copy in letter.cc if copy not in stopped),
        bcc=tuple(copy for copy in letter.bcc if copy not in stopped),
    )
