"""The read step: one consistent look at everything a verdict, a letter and a claim depend on."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from system_sender.addressing import Correspondence, address, choose_provider
from system_sender.codes import Code, known_code
from system_sender.followups.lifecycle import EnrolmentState
from system_sender.hourly import HourReading, hour_of, reading_of, share_keys
from system_sender.letter import Access, Letter
from system_sender.models import (
    Campaign,
    Draft,
    Enrolment,
    Inbound,
    Integration,
    Lead,
    Message,
    Revision,
    Sequence,
    Suppression,
    Workspace,
    integration_key,
    sequence_of,
    suppression_key,
)
from system_sender.providers import Provider, provider_named, providers_of
from system_sender.settings import base_url_of
from system_sender.states import MessageState
from system_sender.store import Key, Store
from system_sender.switches import SwitchReading, judge_switches, switch_keys

if TYPE_CHECKING:
    from system_sender.system import System


@dataclass(slots=True)
class Reading:
    """The rows around a draft.

    Attributes:
        messages: the deliveries that a first claim wrote down, by part.
        mail: what the letter is addressed from.
        hour: how much of the workspace's hour is used up, where that was asked for.
        halted: why the sequence stands still whose step automation sends, if it does.
    """

    draft: Draft
    lead: Lead
    workspace: Workspace
    campaign: Campaign | None
    mail: Correspondence
    messages: dict[int, Message]
    switches: SwitchReading
    hour: HourReading | None
    halted: Code | None

    @property
    def text(self) -> str:
        """Return the whole text of the draft's current revision."""
        return self.mail.text

    @property
    def continuing(self) -> bool:
        """Say whether a part of the text is out."""
        return any(row.state == MessageState.SENT for row in self.messages.values())


@dataclass(frozen=True, slots=True)
class Account:
    """The provider account that a draft leaves through.

    Attributes:
        access: None where the workspace's account is not set up: no token, or no host.
    """

    provider: Provider
    integration: Integration
    access: Access | None


@dataclass(frozen=True, slots=True)
class Addressed(Account):
    """A draft's whole text as a letter, and how it gets to its provider."""

    letter: Letter


class Unreadable(Exception):
    """A row is missing without which nothing can be decided; the code says which."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.sentence)
        self.code = code


def read_around(system: "System", draft: Draft, *, again: bool = False) -> Reading:
    """Read all but the draft in one round trip. What must still hold is in the claim's conditions.

    Args:
        again: a claim has just been refused, perhaps because the workspace's hour is used up.

    Raises:
        Unreadable: the lead, the workspace, the text or a delivery is gone.
    """
    asked_at, asked_at_wall = system.world.monotonic(), system.world.now()
    providers = providers_of(draft.channel)
    hour = hour_of(asked_at_wall)
    (lead, workspace, revision, campaign), switches, *groups = _read_in_groups(
        system.store,
        [
            (Lead, draft.lead_id),
            (Workspace, draft.workspace),
            (Revision, draft.draft_id, int(draft.revision)),
            # Without a campaign this asks for one that cannot exist.
            (Campaign, draft.campaign_id or "-"),
        ],
        switch_keys(draft.workspace),
        [(Integration, integration_key(draft.workspace, name)) for name in providers],
        [(Inbound, str(draft.reply_to))] if _answers_a_message(draft) else [],
        [(Message, draft.draft_id, part) for part in range(int(draft.parts))],
        share_keys(draft.workspace, hour) if _looks_at_hour(draft, again=again) else [],
        _sequence_keys(draft),
    )
    integrations, answered, messages, shares, followed = groups
    if lead is None:
        raise Unreadable(Code.LEAD_NOT_FOUND)
    if workspace is None:
        raise Unreadable(Code.WORKSPACE_NOT_FOUND)
    if revision is None:
        raise Unreadable(Code.DRAFT_DELETED)
    if None in messages:
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
            answered=answered[0] if answered else None,
            integrations={row.provider: row for row in integrations if row is not None},
            text=revision.text,
            subject=revision.subject,
        ),
        messages={int(row.part): row for row in messages},
        switches=SwitchReading(judge_switches(switches, draft.channel), asked_at, asked_at_wall),
        hour=reading_of(shares, hour) if shares else None,
        halted=_standstill(*followed) if followed else None,
    )


def _read_in_groups(store: Store, *groups: Collection[Key]) -> list[list[Any]]:
    """Read rows in one round trip, and return them as they were asked for."""
    rows = iter(store.read(*chain(*groups)))
    return [list(islice(rows, len(group))) for group in groups]


def _answers_a_message(draft: Draft) -> bool:
    """Say whether it stays in the conversation of one; a text has no such thing."""
    return draft.reply_to is not None and draft.channel != "sms"


def _sequence_keys(draft: Draft) -> list[Key]:
    """Return whose step it is, if a sequence sends it, and not a person, who may know better."""
    if draft.enrolment_id is None or draft.sent_by == "setter":
        return []
    return [(Enrolment, draft.enrolment_id), (Sequence, sequence_of(draft))]


def _standstill(enrolment: Enrolment | None, sequence: Sequence | None) -> Code | None:
    """Return why a sequence stands still, if it does: also while it is to be looked at.

    One that has nothing to look at is not due while it waits for its draft. One whose look failed
    is due later. A step that was being written while somebody switched its sequence off was not
    there to be taken back.
    """
    if enrolment is None or not enrolment.lead_id:
        return Code.ENROLMENT_NOT_FOUND
    if enrolment.state != EnrolmentState.ACTIVE:
        return known_code(enrolment.code, Code.ENROLMENT_OVER)
    if enrolment.due_at is not None:
        return Code.SEQUENCE_LOOKS
    if sequence is None:
        return Code.SEQUENCE_NOT_FOUND
    return None if sequence.active else Code.SEQUENCE_INACTIVE


def _looks_at_hour(draft: Draft, *, again: bool) -> bool:
    """Say whether to read how much of the hour is used up: only where it may be all.

    Whether the workspace has a cap is not known yet, and mostly there is room: the claim says.
    """
    waited = draft.code == Code.HOURLY_CAP
    return (again or waited) and draft.sent_by != "setter"


def account_of(
    system: "System", reading: Reading, *, provider_name: str | None = None
) -> Account | Code:
    """Return the account that the draft leaves through, or the code that says why there is none.

    Args:
        provider_name: the provider of an earlier attempt, which a look-up must ask again.
    """
    mail = reading.mail
    name = provider_name or choose_provider(mail)
    if isinstance(name, Code):
        return name
    if name not in mail.integrations:
        return Code.NO_PROVIDER
    provider, integration = provider_named(name), mail.integrations[name]
    return Account(provider, integration, _access(system, provider, integration))


def is_to_be_found(reading: Reading) -> bool:
    """Say whether the person is known by the address of their profile alone."""
    lead = reading.lead
    by_url_alone = not lead.linkedin_id and bool(lead.linkedin_url)
    return reading.draft.channel == "linkedin" and by_url_alone


def address_reading(
    system: "System",
    reading: Reading,
    *,
    provider_name: str | None = None,
    look_at_copies: bool = False,
) -> Addressed | Code:
    """Address the draft, or return the code that says why it cannot be.

    Args:
        provider_name: the provider of an earlier attempt, which a look-up must ask again.
        look_at_copies: leave out of the copies who asked not to be written to. It is a round trip
            of its own, and a claim fails on them anyway: only for addressing a letter anew.
    """
    account = account_of(system, reading, provider_name=provider_name)
    if isinstance(account, Code):
        return account
    if provider_name is not None and is_to_be_found(reading):
        # An earlier attempt had found them.
        reading.lead.linkedin_id = next((m.address for m in reading.messages.values()), None)
    letter = address(reading.mail, account.provider.name)
    if isinstance(letter, Code):
        return letter
    refusal = account.provider.refusal(letter)
    if refusal is not None:
        return refusal
    return Addressed(
        account.provider,
        account.integration,
        account.access,
        _without_suppressed_copies(system, reading.draft, letter) if look_at_copies else letter,
    )


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
