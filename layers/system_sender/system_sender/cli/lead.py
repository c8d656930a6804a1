"""One lead: what is known of them, what stops messages to them, and a person's marks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from system_sender.cli import screen
from system_sender.cli.command import Answer, usage
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem, Trouble
from system_sender.models import Lead, Suppression, Workspace, suppression_key
from system_sender.person import addresses_known
from system_sender.store import ConditionsFailed, Write

# A webhook may change the lead between its reading and its writing.
_TRIES = 8


def show_lead(operator: Operator, lead_id: str) -> Answer:
    """Show a lead, and every address of theirs that must not be written to."""
    return _answer(operator, operator.lead(lead_id))


def mark_lead(operator: Operator, lead_id: str, marks: Mapping[str, bool | None]) -> Answer:
    """Mark a lead as booked or blacklisted, or take such a mark off.

    Args:
        marks: by the row's column; None leaves it as it is.
    """
    wanted = {name: value for name, value in marks.items() if value is not None}
    if not wanted:
        raise usage("Say what: --booked, --not-booked, --blacklisted or --not-blacklisted.")
    for _ in range(_TRIES):
        lead = operator.lead(lead_id)
        changes = {n: value for n, value in wanted.items() if bool(getattr(lead, n)) != value}
        if not changes:
            return _answer(operator, lead, "It was marked so before; nothing was changed.")
        if _changed(operator, lead, changes):
            return _answer(operator, operator.lead(lead_id), _marked(changes))
    raise Problem(
        Trouble.STORAGE_FAILED,
        f"The lead '{lead_id}' kept changing while it was written. Repeat the command.",
    )


def _changed(operator: Operator, lead: Lead, changes: Mapping[str, bool]) -> bool:
    """Write the marks, and say whether the lead was still as it was read."""
    version = int(lead.version)

    def build(token: str) -> Write:
        write = Write(token)
        # The version grows, so that no claim passes on what it read before.
        actions = [Lead.version.set(version + 1)]
        actions += [getattr(Lead, name).set(value) for name, value in changes.items()]
        write.update("lead", Lead(lead.lead_id), actions, Lead.version == version)
        return write

    try:
        operator.store.write_patiently(build)
    except ConditionsFailed:
        return False
    return True


_SAID = {
    ("booked", True): "Booked: automation keeps still with this lead, and people answer.",
    ("booked", False): "Not booked any more: automation may answer this lead again.",
    ("blacklisted", True): "Blacklisted: nothing is sent to this lead, by anybody.",
    ("blacklisted", False): "Off the blacklist. Opt-outs stand as before.",
}


def _marked(changes: Mapping[str, bool]) -> str:
    return "\n".join(_SAID[change] for change in changes.items())


# --- showing a lead ------------------------------------------------------------------------------


def lead_document(lead: Lead) -> dict[str, Any]:
    """Return a lead as plain JSON values; times are epoch milliseconds, UTC."""
    return {
        "lead_id": lead.lead_id,
        "workspace": lead.workspace,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "phone": lead.phone,
        "email": lead.email,
        "linkedin_id": lead.linkedin_id,
        "linkedin_url": lead.linkedin_url,
        "contacts": dict(lead.contacts or {}),
        "latest_inbound": dict(lead.latest_inbound or {}),
        "campaign_id": lead.campaign_id,
        "time_zone": lead.time_zone,
        "sentiment": lead.sentiment,
        "booked": bool(lead.booked),
        "blacklisted": bool(lead.blacklisted),
        "suppressed_channels": sorted(lead.suppressed_channels or ()),
        "automated_in_a_row": int(lead.automated_in_a_row),
        "last_inbound_at": None if lead.last_inbound_at is None else int(lead.last_inbound_at),
        "last_outbound_at": None if lead.last_outbound_at is None else int(lead.last_outbound_at),
        "open_drafts": sorted(lead.open_drafts or ()),
        "version": int(lead.version),
    }


def lead_facts(lead: Lead, now: int) -> list[tuple[str, Any]]:
    """Return a lead as names and values to be shown.

    Args:
        now: epoch milliseconds, UTC.
    """
    name = " ".join(filter(None, (lead.first_name, lead.last_name)))
    stops = ["blacklisted"] if lead.blacklisted else []
    stops += [f"no {channel}" for channel in sorted(lead.suppressed_channels or ())]
    stops += ["booked: no automation"] if lead.booked else []
    return [
        ("lead", screen.written(lead.lead_id)),
        ("name", screen.written(name or "-")),
        ("phone", screen.written(lead.phone or "-")),
        ("e-mail", screen.written(lead.email or "-")),
        ("linkedin", screen.written(lead.linkedin_url or lead.linkedin_id or "-")),
        ("contacts", screen.written(_contacts(lead) or "-")),
        ("campaign", screen.written(lead.campaign_id or "-")),
        ("time zone", screen.written(_zone(lead, now))),
        ("sounds", screen.written(lead.sentiment or "-")),
        ("stops", screen.written(", ".join(stops) or "-", "bold red" if stops else "")),
    ]


def _contacts(lead: Lead) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted((lead.contacts or {}).items()))


def _zone(lead: Lead, now: int) -> str:
    if lead.time_zone is None:
        return "- (not known)"
    there = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(lead.time_zone))
    return f"{lead.time_zone}, where it is {there:%H:%M} now"


def _answer(operator: Operator, lead: Lead, said: str = "") -> Answer:
    suppressions = _suppressions(operator, lead)
    document = {"lead": {**lead_document(lead), "suppressions": suppressions}}
    pairs = lead_facts(lead, operator.world.now())
    pairs += [
        (
            f"no {one['channel']} to",
            screen.written(f"{one['address']}: {one['reason']}, {screen.moment(one['since'])}"),
        )
        for one in suppressions
    ]
    pairs.append(("open drafts", screen.written(", ".join(document["lead"]["open_drafts"]) or "-")))
    shown: list[Any] = [said] if said else []
    return Answer(document, [*shown, screen.facts(pairs)])


def _suppressions(operator: Operator, lead: Lead) -> list[dict[str, Any]]:
    """Return the addresses of a lead that are suppressed, and why."""
    workspace = operator.store.get(Workspace, lead.workspace)
    known = addresses_known(lead, str(workspace.region)) if workspace is not None else {}
    keys = [(Suppression, suppression_key(lead.workspace, *address)) for address in known.items()]
    return [
        {
            "channel": channel,
            "address": address,
            "reason": row.reason,
            "since": int(row.created_at),
        }
        for (channel, address), row in zip(known.items(), operator.rows(keys), strict=True)
        if row is not None
    ]
