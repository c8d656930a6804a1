"""Checks a seed file as a whole, before anything is written, and names every mistake at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from system_sender.cli.problem import Problem
from system_sender.cli.seed_accounts import (
    GivenAccount,
    StoredAccount,
    accounts_of,
    base_url_variable,
    host_of,
    owned_account,
)
from system_sender.cli.seed_schema import LeadSeed, Seed
from system_sender.cli.sound_file import Mistake, invalid_file, mistake_of, read_json
from system_sender.codes import Code
from system_sender.phone_number import to_e164
from system_sender.providers import CHANNELS_OF
from system_sender.text_parts import parts_of

SECTIONS = ("workspaces", "campaigns", "leads", "drafts")


@dataclass(frozen=True, slots=True)
class Stored:
    """What a seed may refer to although it is not in the file, because it is in the tables.

    Attributes:
        regions: the region of each workspace, by its id.
        accounts: by workspace and provider.
        events: the lead and the channel of each inbound event, by its id.
    """

    regions: Mapping[str, str]
    campaigns: frozenset[str]
    leads: frozenset[str]
    accounts: Mapping[tuple[str, str], StoredAccount] = field(default_factory=dict)
    events: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def read_seed_file(path: Path) -> Any:
    """Read the file's JSON.

    Raises:
        Problem: when it cannot be read, or is no JSON.
    """
    return read_json(path, Code.INVALID_SEED)


def invalid(mistakes: list[Mistake]) -> Problem:
    """Return the problem of a seed with these mistakes."""
    return invalid_file(mistakes, Code.INVALID_SEED)


def parse_seed(raw: Any) -> Seed:
    """Check everything that the file alone can tell, and return what it says.

    Raises:
        Problem: with every mistake at once.
    """
    try:
        seed = Seed.model_validate(raw)
    except ValidationError as error:
        mistakes = [mistake_of(detail) for detail in error.errors()]
        mistakes += _among_the_rest(raw, {detail["loc"][:2] for detail in error.errors()})
        raise invalid(mistakes) from None
    mistakes = cross_check(seed, None)
    if mistakes:
        raise invalid(mistakes)
    return seed


def _among_the_rest(raw: Any, broken: set[tuple[Any, ...]]) -> list[Mistake]:
    """Cross-check what is well formed, so that one round of corrections is enough."""
    whole = any(not place or place in {(section,) for section in SECTIONS} for place in broken)
    if not isinstance(raw, dict) or whole:
        return []
    broken = {place for place in broken if place[0] in SECTIONS}
    rest = {
        section: [
            item
            for number, item in enumerate(raw.get(section, []))
            if (section, number) not in broken
        ]
        for section in SECTIONS
    }
    numbers = {
        section: [n for n in range(len(raw.get(section, []))) if (section, n) not in broken]
        for section in SECTIONS
    }
    declared = {
        item["id"]
        for section, number in broken
        if isinstance(item := raw[section][number], dict) and isinstance(item.get("id"), str)
    }
    return _Check(Seed.model_validate(rest), None, numbers, frozenset(declared)).mistakes()


def cross_check(seed: Seed, stored: Stored | None) -> list[Mistake]:
    """Return what does not fit together.

    Args:
        stored: what the tables hold; None when they have not been asked, and whatever is not in
            the file may be there.
    """
    return _Check(seed, stored, None, frozenset()).mistakes()


class _Check:
    def __init__(
        self,
        seed: Seed,
        stored: Stored | None,
        numbers: Mapping[str, list[int]] | None,
        declared: frozenset[str],
    ) -> None:
        self._seed = seed
        self._stored = stored
        self._numbers = numbers
        self._declared = declared
        self._found: list[Mistake] = []

    def mistakes(self) -> list[Mistake]:
        self._unique_ids()
        self._one_owner()
        self._workspaces_exist()
        self._references()
        self._hosts()
        self._email_providers()
        self._templates()
        self._answered_events()
        self._phones()
        self._unique_names_of_leads()
        return self._found

    def _items(self, section: str) -> Iterator[tuple[str, Any]]:
        for number, item in enumerate(getattr(self._seed, section)):
            shown = self._numbers[section][number] if self._numbers else number
            yield f"{section}[{shown}]", item

    def _say(self, path: str, problem: str) -> None:
        self._found.append(Mistake(path, problem))

    def _unique_ids(self) -> None:
        for section in SECTIONS:
            first: dict[str, str] = {}
            for path, item in self._items(section):
                if item.id in first:
                    self._say(f"{path}.id", f"is the id of {first[item.id]} as well")
                first.setdefault(item.id, path)

    def _one_owner(self) -> None:
        first: dict[tuple[str, str], str] = {}
        for given in self._accounts():
            key = (given.provider, owned_account(given, self._stored_accounts))
            place = given.path.split(".", 1)[0]
            if key in first:
                self._say(
                    f"{given.path}.account",
                    f"belongs to {first[key]}: two workspaces would answer the same message",
                )
            first.setdefault(key, place)

    def _accounts(self) -> list[GivenAccount]:
        return accounts_of(self._seed, self._numbers["workspaces"] if self._numbers else None)

    @property
    def _stored_accounts(self) -> Mapping[tuple[str, str], StoredAccount]:
        return self._stored.accounts if self._stored else {}

    def _workspaces_exist(self) -> None:
        for section in SECTIONS[1:]:
            for path, item in self._items(section):
                if not self._known("workspaces", workspace_of(item.id)):
                    self._say(
                        f"{path}.id",
                        f"names the workspace '{workspace_of(item.id)}', which is neither in "
                        "this file nor in the stack",
                    )

    def _references(self) -> None:
        for path, workspace in self._items("workspaces"):
            own = workspace.id
            self._refer(f"{path}.default_campaign", own, "campaigns", workspace.default_campaign)
        for path, lead in self._items("leads"):
            own = workspace_of(lead.id)
            self._refer(f"{path}.campaign", own, "campaigns", lead.campaign)
        for path, draft in self._items("drafts"):
            own = workspace_of(draft.id)
            self._refer(f"{path}.lead", own, "leads", draft.lead)
            self._refer(f"{path}.campaign", own, "campaigns", draft.campaign)

    def _refer(self, path: str, workspace: str, section: str, to: str | None) -> None:
        if to is None:
            return
        if workspace_of(to) != workspace:
            self._say(path, f"belongs to another workspace than '{workspace}'")
        elif not self._known(section, to):
            self._say(path, f"'{to}' is neither in this file nor in the stack")

    def _known(self, section: str, name: str) -> bool:
        if self._stored is None or name in self._declared:
            return True
        stored = {
            "workspaces": self._stored.regions.keys(),
            "campaigns": self._stored.campaigns,
            "leads": self._stored.leads,
        }[section]
        return name in stored or any(item.id == name for _, item in self._items(section))

    def _hosts(self) -> None:
        """Every account is reached somewhere: at its own host, or where everybody's is."""
        for given in self._accounts():
            if self._stored and host_of(given, self._stored_accounts) is None:
                self._say(
                    f"{given.path}.base_url",
                    "is missing: each customer of this provider has a host, and the variable "
                    f"{base_url_variable(given.provider)} names none",
                )

    def _email_providers(self) -> None:
        for path, workspace in self._items("workspaces"):
            chosen = workspace.email_provider
            if chosen and self._stored and chosen not in self._providers(workspace.id):
                self._say(
                    f"{path}.email_provider", f"names '{chosen}', which is no integration of it"
                )

    def _providers(self, workspace: str) -> set[str]:
        """Return the providers a workspace has, by the file and by the tables."""
        names = {provider for owner, provider in self._stored_accounts if owner == workspace}
        for item in self._seed.workspaces:
            if item.id == workspace:
                names |= item.integrations.by_provider().keys()
        return names

    def _templates(self) -> None:
        """A reply leaves on the channel that the lead wrote on, so that it must fit each."""
        for path, campaign in self._items("campaigns"):
            for channel in self._channels(workspace_of(campaign.id)):
                refusal = parts_of(channel, campaign.reply_template or "-").refusal
                if refusal is not None:
                    said = f"does not fit {channel}, which the workspace has: {refusal.sentence}"
                    self._say(f"{path}.reply_template", said)
                    break

    def _channels(self, workspace: str) -> list[str]:
        names = self._providers(workspace)
        return sorted({channel for name in names for channel in CHANNELS_OF[name]})

    def _answered_events(self) -> None:
        for path, draft in self._items("drafts"):
            event = draft.reply_to
            if event is None:
                continue
            if workspace_of(event) != workspace_of(draft.id):
                self._say(f"{path}.reply_to", "belongs to another workspace")
            elif self._stored and event not in self._stored.events:
                self._say(f"{path}.reply_to", "is no event that the stack has recorded")
            elif self._stored and self._stored.events[event] != (draft.lead, draft.channel):
                self._say(f"{path}.reply_to", "is a message of another lead, or on another channel")

    def _phones(self) -> None:
        for path, lead in self._items("leads"):
            region = region_of(self._seed, self._stored, lead)
            if lead.phone and region and to_e164(lead.phone, region) is None:
                self._say(f"{path}.phone", f"is no phone number in region {region}")

    def _unique_names_of_leads(self) -> None:
        """No two leads may share a name by which a message finds its sender."""
        first: dict[tuple[str, str, str], str] = {}
        for path, lead in self._items("leads"):
            own = workspace_of(lead.id)
            region = region_of(self._seed, self._stored, lead)
            for name, value in names_of_lead(lead, region).items():
                key = (own, name, value)
                if key in first:
                    self._say(f"{path}.{name}", f"is that of {first[key]} as well")
                first.setdefault(key, path)


def names_of_lead(lead: LeadSeed, region: str | None) -> dict[str, str]:
    """Return what messages find a lead by, under the path of each field.

    Args:
        region: as of :func:`region_of`; None where it is not known, and numbers stay as written.
    """
    phone = to_e164(lead.phone, region) if region else lead.phone
    names = {"phone": phone, "email": lead.email, "linkedin_id": lead.linkedin_id}
    names |= {f"contacts.{name}": value for name, value in lead.contacts.by_provider().items()}
    return {name: value for name, value in names.items() if value}


def region_of(seed: Seed, stored: Stored | None, lead: LeadSeed) -> str | None:
    """Return the region that a lead's phone number is read in, or None where it is not known."""
    if lead.region:
        return lead.region
    name = workspace_of(lead.id)
    for workspace in seed.workspaces:
        if workspace.id == name:
            return workspace.region
    return stored.regions.get(name) if stored else None


def workspace_of(identifier: str) -> str:
    """Return the workspace an id belongs to; the models have one too, but they name tables."""
    return identifier.split(":", 1)[0]
