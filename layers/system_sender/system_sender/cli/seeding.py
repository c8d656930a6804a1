"""Writes a checked seed. Running it again changes nothing but what the file says differently."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from pynamodb.models import Model

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem, Trouble
from system_sender.cli.seed_accounts import (
    GivenAccount,
    StoredAccount,
    accounts_of,
    owned_account,
)
from system_sender.cli.seed_check import (
    Stored,
    cross_check,
    invalid,
    names_of_lead,
    region_of,
)
from system_sender.cli.seed_schema import CampaignSeed, DraftSeed, LeadSeed, Seed, WorkspaceSeed
from system_sender.cli.sound_file import Mistake
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, NewDraft, create_draft, text_hash
from system_sender.followups.waking import wake_all
from system_sender.inbound import EventKind
from system_sender.models import (
    Alias,
    Campaign,
    Draft,
    Inbound,
    Integration,
    Lead,
    Owner,
    Workspace,
    contact_alias,
    email_alias,
    integration_key,
    linkedin_alias,
    owner_key,
    phone_alias,
    workspace_of,
)
from system_sender.phone_number import to_e164
from system_sender.providers import CHANNELS_OF
from system_sender.states import DraftState
from system_sender.store import ConditionsFailed, Key, Write

CREATED = "created"
UPDATED = "updated"
UNCHANGED = "unchanged"
KEPT = "kept"

# What a lead's sequences end for, or could go on again without.
_ENDS_SEQUENCES = frozenset({"booked", "blacklisted"})

# A row may change between its reading and its writing, by a webhook for instance.
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one item of the file."""

    kind: str
    id: str
    result: str
    remark: str = ""


def seed_all(operator: Operator, seed: Seed) -> Answer:
    """Check the seed against the tables, then write it.

    Raises:
        Problem: before anything is written, when something does not fit.
    """
    stored = _stored(operator, seed)
    mistakes = cross_check(seed, stored)
    if mistakes:
        raise invalid(mistakes)
    _check_accounts(operator, seed, stored)
    _check_names_of_leads(operator, seed, stored)
    rows = [
        *(_campaign(operator, item) for item in seed.campaigns),
        *(_integration(operator, one, _owner_key(one, stored)) for one in accounts_of(seed)),
        *(_workspace(operator, item) for item in seed.workspaces),
        *(_lead(operator, item, region_of(seed, stored, item)) for item in seed.leads),
        *(_draft(operator, item) for item in seed.drafts),
    ]
    columns = ("id", "kind", "result", "remark")
    shown = screen.table(
        columns,
        [
            (screen.written(row.id), row.kind, screen.written(row.result), row.remark)
            for row in rows
        ],
    )
    return Answer({"rows": [asdict(row) for row in rows]}, [shown])


# --- what the tables hold ------------------------------------------------------------------------


def _stored(operator: Operator, seed: Seed) -> Stored:
    """Read whatever the file refers to without containing it."""
    names = {item.id for item in seed.workspaces}
    names |= {workspace_of(item.id) for item in seed.campaigns}
    names |= {workspace_of(item.id) for item in seed.leads}
    names |= {workspace_of(item.id) for item in seed.drafts}
    campaigns = {item.default_campaign for item in seed.workspaces}
    campaigns |= {item.campaign for item in seed.leads}
    campaigns |= {item.campaign for item in seed.drafts}
    leads = {item.lead for item in seed.drafts}
    events = {item.reply_to for item in seed.drafts}
    workspace_rows = _existing(operator, Workspace, names)
    accounts = {integration_key(name, provider) for name in names for provider in CHANNELS_OF}
    return Stored(
        regions={str(row.workspace): str(row.region) for row in workspace_rows},
        campaigns=frozenset(
            str(row.campaign_id) for row in _existing(operator, Campaign, campaigns - {None})
        ),
        leads=frozenset(str(row.lead_id) for row in _existing(operator, Lead, leads)),
        accounts={
            (str(row.workspace), str(row.provider)): StoredAccount(row.account, row.base_url)
            for row in _existing(operator, Integration, accounts)
        },
        events={
            str(row.event_id): (str(row.lead_id), str(row.channel))
            for row in _existing(operator, Inbound, events - {None})
            if row.kind == EventKind.MESSAGE
        },
    )


def _existing(operator: Operator, model: type[Model], keys: set[Any]) -> list[Any]:
    wanted: list[Key] = [(model, key) for key in sorted(keys)]
    return [row for row in operator.rows(wanted) if row is not None]


def _check_accounts(operator: Operator, seed: Seed, stored: Stored) -> None:
    """Refuse a provider account that another workspace owns, and a change of account."""
    given = accounts_of(seed)
    owners = operator.rows((Owner, _owner_key(one, stored)) for one in given)
    owned = [
        Mistake(f"{one.path}.account", f"belongs to the workspace '{owner.workspace}'")
        for one, owner in zip(given, owners, strict=True)
        if owner is not None and owner.workspace != one.workspace
    ]
    moved = [mistake for one in given for mistake in _moved(one, stored.accounts.get(one.key))]
    if owned:
        mistakes = [mistake.to_dict() for mistake in [*owned, *moved]]
        raise Problem(
            Code.ACCOUNT_OWNED,
            f"{Code.ACCOUNT_OWNED.sentence} Nothing was written.",
            problems=mistakes,
        )
    if moved:
        raise invalid(moved)


def _owner_key(given: GivenAccount, stored: Stored) -> str:
    return owner_key(given.provider, owned_account(given, stored.accounts))


def _moved(given: GivenAccount, known: StoredAccount | None) -> list[Mistake]:
    """Say that a workspace keeps its account, where the file names another."""
    if known is None or known.account == given.account.account:
        return []
    said = (
        f"is '{known.account}' already, and a workspace keeps it: the contact ids of its leads "
        "belong to it. Seed a new workspace for another account"
    )
    return [Mistake(f"{given.path}.account", said)]


def _check_names_of_leads(operator: Operator, seed: Seed, stored: Stored) -> None:
    """Refuse a phone number or a contact that leads to another person already."""
    wanted = [
        (f"leads[{number}].{field}", item.id, key)
        for number, item in enumerate(seed.leads)
        for field, key in _aliases(item, region_of(seed, stored, item))
    ]
    found = operator.rows((Alias, key) for _, _, key in wanted)
    mistakes = [
        Mistake(path, f"belongs to the lead '{alias.lead_id}'")
        for (path, lead_id, _), alias in zip(wanted, found, strict=True)
        if alias is not None and alias.lead_id != lead_id
    ]
    if mistakes:
        raise invalid(mistakes)


def _aliases(item: LeadSeed, region: str | None) -> list[tuple[str, str]]:
    """Return the fields of a lead by which messages find it, each with its alias row's key."""
    own = workspace_of(item.id)
    makers: dict[str, Callable[[str, str], str]] = {
        "phone": phone_alias,
        "email": email_alias,
        "linkedin_id": linkedin_alias,
    }
    aliases = []
    for field, value in names_of_lead(item, region or "").items():
        provider = field.removeprefix("contacts.")
        make = makers.get(field)
        key = make(own, value) if make is not None else contact_alias(own, provider, value)
        aliases.append((field, key))
    return aliases


# --- writing -------------------------------------------------------------------------------------


def _patiently(kind: str, name: str, attempt: Callable[[], str | None]) -> Row:
    """Read, compare and write until nobody gets in between."""
    for _ in range(_TRIES):
        result = attempt()
        if result is not None:
            return Row(kind, name, result)
    raise Problem(
        Trouble.STORAGE_FAILED,
        f"The {kind} '{name}' kept changing while it was written. Run the seed again: what is "
        "done stays as it is.",
    )


def _write(operator: Operator, build: Callable[[str], Write], result: str) -> str | None:
    try:
        operator.store.write_patiently(build)
    except ConditionsFailed as refusal:
        if "owner" in refusal.failed:
            raise Problem(Code.ACCOUNT_OWNED) from None
        return None
    return result


def _changes(row: Model, wanted: dict[str, Any], said: set[str]) -> dict[str, Any]:
    """Return what the file says differently. What it does not mention stays as it is."""
    return {
        name: value
        for name, value in wanted.items()
        if name in said and getattr(row, name) != value
    }


def _actions(model: type[Model], changes: dict[str, Any]) -> list[Any]:
    attributes = [(getattr(model, name), value) for name, value in changes.items()]
    return [
        attribute.remove() if value is None else attribute.set(value)
        for attribute, value in attributes
    ]


def _campaign(operator: Operator, item: CampaignSeed) -> Row:
    wanted = {
        "name": item.name,
        "response_mode": item.response_mode.value,
        "confidence_threshold": item.confidence_threshold,
        "reply_template": item.reply_template,
        "reply_confidence": item.reply_confidence,
        "writer": item.writer.value,
        "model": item.model,
        "instructions": item.instructions,
        "delay_min_seconds": item.delay_seconds.min,
        "delay_max_seconds": item.delay_seconds.max,
        "schedule": item.schedule.to_row() if item.schedule else None,
        "links": item.links,
    }
    return _patiently("campaign", item.id, partial(_write_campaign, operator, item, wanted))


def _write_campaign(operator: Operator, item: CampaignSeed, wanted: dict[str, Any]) -> str | None:
    known = operator.store.get(Campaign, item.id)
    said = _said(item, {"delay_seconds": ("delay_min_seconds", "delay_max_seconds")})
    changes = {} if known is None else _changes(known, wanted, said)
    if known is not None and not changes:
        return UNCHANGED

    def build(token: str) -> Write:
        write = Write(token)
        if known is None:
            row = Campaign(item.id, **wanted)
            write.put("campaign", row, Campaign.campaign_id.does_not_exist())
        else:
            actions = _actions(Campaign, changes)
            write.update("campaign", Campaign(item.id), actions, Campaign.campaign_id.exists())
        return write

    return _write(operator, build, CREATED if known is None else UPDATED)


def _workspace(operator: Operator, item: WorkspaceSeed) -> Row:
    wanted = {
        "name": item.name,
        "region": item.region,
        "time_zone": item.time_zone,
        "email_provider": item.email_provider,
        "default_campaign_id": item.default_campaign,
        "automated_per_day": item.automated_per_day,
        "automated_in_a_row": item.automated_in_a_row,
        "automated_per_hour": item.automated_per_hour,
        "schedule": item.schedule.to_row() if item.schedule else None,
        "quiet_hours": item.quiet_hours.to_row() if item.quiet_hours else None,
        "links": item.links,
        "slack_channel": item.slack.channel if item.slack else None,
        "slack_approvers": item.slack.approvers if item.slack else None,
    }
    return _patiently("workspace", item.id, partial(_write_workspace, operator, item, wanted))


def _write_workspace(operator: Operator, item: WorkspaceSeed, wanted: dict[str, Any]) -> str | None:
    known = operator.store.get(Workspace, item.id)
    renamed = {
        "default_campaign": ("default_campaign_id",),
        "slack": ("slack_channel", "slack_approvers"),
    }
    said = _said(item, renamed)
    changes = {} if known is None else _changes(known, wanted, said)
    if known is not None and not changes:
        return UNCHANGED

    def build(token: str) -> Write:
        write = Write(token)
        if known is None:
            row = Workspace(item.id, **wanted)
            write.put("workspace", row, Workspace.workspace.does_not_exist())
        else:
            actions = _actions(Workspace, changes)
            write.update("workspace", Workspace(item.id), actions, Workspace.workspace.exists())
        return write

    return _write(operator, build, CREATED if known is None else UPDATED)


def _integration(operator: Operator, given: GivenAccount, owner: str) -> Row:
    name = integration_key(given.workspace, given.provider)
    attempt = partial(_write_integration, operator, given, Owner(owner, workspace=given.workspace))
    return _patiently("integration", name, attempt)


def _write_integration(operator: Operator, given: GivenAccount, owner: Owner) -> str | None:
    name = integration_key(given.workspace, given.provider)
    account = given.account
    wanted = account.model_dump(mode="json")
    said = account.model_fields_set
    known, known_owner = operator.store.read((Integration, name), (Owner, str(owner.account)))
    changes = {} if known is None else _changes(known, wanted, set(said))
    owned = known_owner is not None and known_owner.workspace == given.workspace
    if known is not None and owned and not changes:
        return UNCHANGED

    def build(token: str) -> Write:
        write = Write(token)
        mine = Owner.account.does_not_exist() | (Owner.workspace == given.workspace)
        write.put("owner", owner, mine)
        if known is None:
            row = Integration(name, workspace=given.workspace, provider=given.provider, **wanted)
            write.put("integration", row, Integration.integration.does_not_exist())
        elif changes:
            # Whoever changed the account meanwhile must not be left with two.
            same = Integration.account == known.account
            write.update("integration", Integration(name), _actions(Integration, changes), same)
        return write

    return _write(operator, build, CREATED if known is None else UPDATED)


def _said(
    item: WorkspaceSeed | CampaignSeed | LeadSeed, renamed: dict[str, tuple[str, ...]]
) -> set[str]:
    """Return the attributes of the row that the file mentions."""
    given = (renamed.get(name, (name,)) for name in item.model_fields_set)
    return {name for names in given for name in names}


def _lead(operator: Operator, item: LeadSeed, region: str | None) -> Row:
    return _patiently("lead", item.id, partial(_write_lead, operator, item, region))


def _write_lead(operator: Operator, item: LeadSeed, region: str | None) -> str | None:
    wanted: dict[str, Any] = {
        "first_name": item.first_name,
        "last_name": item.last_name,
        "phone": to_e164(item.phone, region or ""),
        "email": item.email,
        "linkedin_id": item.linkedin_id,
        "linkedin_url": item.linkedin_url,
        "contacts": item.contacts.by_provider(),
        "campaign_id": item.campaign,
        "time_zone": item.time_zone,
        "booked": item.booked,
        "blacklisted": item.blacklisted,
    }
    aliases = [Alias(key, lead_id=item.id) for _, key in _aliases(item, region)]
    keys: list[Key] = [(Alias, str(alias.alias)) for alias in aliases]
    known, *known_aliases = operator.store.read((Lead, item.id), *keys)
    if known is not None:
        # What the file does not say of a provider's id stays, as everything does.
        wanted["contacts"] = {**(known.contacts or {}), **wanted["contacts"]}
    said = _said(item, {"campaign": ("campaign_id",)})
    changes = {} if known is None else _changes(known, wanted, said)
    if known is not None and None not in known_aliases and not changes:
        return UNCHANGED

    def build(token: str) -> Write:
        write = Write(token)
        for alias in aliases:
            free = Alias.alias.does_not_exist() | (Alias.lead_id == item.id)
            write.put(f"alias {alias.alias}", alias, free)
        if known is None:
            now = operator.world.now()
            row = Lead(item.id, workspace=workspace_of(item.id), created_at=now, **wanted)
            write.put("lead", row, Lead.lead_id.does_not_exist())
        else:
            # Counters stay; the version grows, so that no claim passes on what it read before.
            version = int(known.version)
            actions = [*_actions(Lead, changes), Lead.version.set(version + 1)]
            write.update("lead", Lead(item.id), actions, Lead.version == version)
            if changes.keys() & _ENDS_SEQUENCES:
                wake_all(write, known, operator.world.now())
        return write

    result = _write(operator, build, CREATED if known is None else UPDATED)
    if result is None:
        _refuse_taken_aliases(operator, item.id, keys)
    return result


def _refuse_taken_aliases(operator: Operator, lead_id: str, keys: Sequence[Key]) -> None:
    for alias in operator.rows(keys):
        if alias is not None and alias.lead_id != lead_id:
            raise Problem(
                Code.INVALID_SEED,
                f"The lead '{alias.lead_id}' came to be under a name of '{lead_id}' while the "
                "seed ran. Leave one of them out and run it again.",
            )


def _draft(operator: Operator, item: DraftSeed) -> Row:
    """Create the draft; one that exists is a conversation's, not the file's."""
    known = operator.store.get(Draft, item.id)
    if known is not None:
        return _kept(item, known)
    lead = operator.lead(item.lead)
    state = DraftState(item.state.value)
    approved = state is DraftState.APPROVED
    new = NewDraft(
        draft_id=item.id,
        workspace=workspace_of(item.id),
        lead_id=item.lead,
        channel=item.channel,
        text=item.text,
        subject=item.subject,
        reply_to=item.reply_to,
        state=state,
        origin="seed",
        seen_inbounds=int(lead.inbound_count),
        seen_human_outbounds=int(lead.human_outbound_count),
        campaign_id=item.campaign,
        confidence=item.confidence,
        sent_by=item.sent_by if approved else None,
        due_at=int(item.due_at.timestamp() * 1000) if item.due_at else None,
        code=None if approved else Code.AWAITING_PERSON,
    )
    try:
        create_draft(operator.store, operator.world, new)
    except DraftRefused as refusal:
        if refusal.draft is None:
            raise
        return _kept(item, refusal.draft)
    return Row("draft", item.id, CREATED)


def _kept(item: DraftSeed, known: Draft) -> Row:
    same = known.lead_id == item.lead and known.text_hash == text_hash(item.text, item.subject)
    if same and known.state == item.state.value:
        return Row("draft", item.id, UNCHANGED)
    remark = f"It is {known.state} by now." if same else "It has another text or lead by now."
    return Row("draft", item.id, KEPT, remark)
