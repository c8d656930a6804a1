"""One lead: what is known of them, what stops messages to them, and a person's marks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from system_sender.cli import screen
from system_sender.cli.command import Answer, usage
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem, Trouble
from system_sender.codes import Code, known_code
from system_sender.followups.waking import wake_all
from system_sender.models import Lead, Suppression, Workspace, suppression_key
from system_sender.person import addresses_known
from system_sender.store import ConditionsFailed, Write

# A webhook may change the lead between its reading and its writing.
_TRIES = 8
_LATEST_YEAR = 2100


def show_lead(operator: Operator, lead_id: str) -> Answer:
    """Show a lead, and every address of theirs that must not be written to."""
    return _answer(operator, operator.lead(lead_id))


def mark_lead(
    operator: Operator,
    lead_id: str,
    marks: Mapping[str, bool | None],
    *,
    away_until: str | None = None,
    back: bool = False,
) -> Answer:
    """Mark a lead as booked, blacklisted or away, or take such a mark off.

    Args:
        marks: by the row's column; None leaves it as it is.
        away_until: ISO 8601 with an offset.
        back: the lead is not away any more.
    """
    wanted: dict[str, Any] = {name: value for name, value in marks.items() if value is not None}
    if away_until is not None or back:
        wanted["away_until"] = None if away_until is None else _time(away_until, operator)
    if not wanted:
        raise usage(
            "Say what: --booked, --not-booked, --blacklisted, --not-blacklisted, --away-until TIME "
            "or --back."
        )
    for _ in range(_TRIES):
        lead = operator.lead(lead_id)
        changes = {n: value for n, value in wanted.items() if _now(lead, n) != value}
        if not changes:
            return _answer(operator, lead, "It was marked so before; nothing was changed.")
        if _changed(operator, lead, changes):
            return _answer(operator, operator.lead(lead_id), _marked(changes))
    raise Problem(
        Trouble.STORAGE_FAILED,
        f"The lead '{lead_id}' kept changing while it was written. Repeat the command.",
    )


def _time(text: str, operator: Operator) -> int:
    """Read a time to come, and return it in epoch milliseconds, UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year >= _LATEST_YEAR:
        raise usage(
            f"'{text}' is no time: write it as in 2026-12-24T09:00:00+01:00, with the offset."
        )
    at = round(moment.timestamp() * 1000)
    if at <= operator.world.now():
        raise usage(f"'{text}' is over. --back says that the lead is not away any more.")
    return at


def _now(lead: Lead, name: str) -> Any:
    value = getattr(lead, name)
    if name == "away_until":
        return None if value is None else int(value)
    return bool(value)


def _changed(operator: Operator, lead: Lead, changes: Mapping[str, Any]) -> bool:
    """Write the marks, and say whether the lead was still as it was read."""
    version, now = int(lead.version), operator.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        # The version grows, so that no claim passes on what it read before.
        actions = [Lead.version.set(version + 1)]
        for name, value in changes.items():
            column = getattr(Lead, name)
            actions.append(column.remove() if value is None else column.set(value))
        write.update("lead", Lead(lead.lead_id), actions, Lead.version == version)
        # The sequences that the lead is in pause, end or go on for it.
        wake_all(write, lead, now)
        return write

    try:
        operator.store.write_patiently(build)
    except ConditionsFailed:
        return False
    return True


_SAID = {
    ("booked", True): "Booked: automation keeps still with this lead, and people answer. Their "
    "sequences end.",
    ("booked", False): "Not booked any more: automation may answer this lead again.",
    ("blacklisted", True): "Blacklisted: nothing is sent to this lead, by anybody.",
    ("blacklisted", False): "Off the blacklist. Opt-outs stand as before.",
    ("away_until", False): "Back: the sequences that waited for it go on.",
}


def _marked(changes: Mapping[str, Any]) -> str:
    return "\n".join(
        f"Away: their sequences wait until {screen.moment(value)}."
        if name == "away_until" and value is not None
        else _SAID[name, bool(value)]
        for name, value in changes.items()
    )


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
        "away_until": None if lead.away_until is None else int(lead.away_until),
        "enrolments": sorted(lead.enrolments or ()),
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
    away = lead.away_until is not None and int(lead.away_until) > now
    stops += [f"away until {screen.moment(lead.away_until)}: no sequences"] if away else []
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
        ("sequences", screen.written(", ".join(sorted(lead.enrolments or ())) or "-")),
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


def stops_of(operator: Operator, lead: Lead) -> dict[str, Code]:
    """Return why each stopped channel of a lead is stopped."""
    shown = sorted(lead.suppressed_channels or ())
    if not shown:
        return {}
    found = {one["channel"]: one["reason"] for one in _suppressions(operator, lead)}
    # Without a row that says otherwise the person asked for it.
    return {channel: known_code(found.get(channel), Code.OPTED_OUT) for channel in shown}


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
