"""May this draft go now? One pure function over what the read step saw.

The reasons are asked in one order, and the first that holds is the answer. docs/decision-table.md
shows it as a table. First what stops everybody, then what overtook the draft, then what binds
automation: whether a person must decide anyway, and at last whether it is the time.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from system_sender.codes import Code
from system_sender.hourly import HourReading, next_hour, share_for
from system_sender.models import Campaign, Draft, Integration, Lead, Workspace
from system_sender.opening_hours import OpeningHours, next_open
from system_sender.quiet_hours import is_asked_for, texting_hours
from system_sender.schedule import ScheduleInvalid, scheduled_hours
from system_sender.states import DraftState
from system_sender.zones import own_zone, possible_zones

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
# A paused or unhealthy draft is looked at again after this long.
LOOK_AGAIN = 1 * MINUTE
# Longer than this an approval is not trusted to fit the conversation any more.
LONGEST_WAIT = 1 * DAY

AI_AUTO_SEND = "AI_AUTO_SEND"
SETTER_MANAGED = "SETTER_MANAGED"

# Why a draft waits that was held by credentials which the provider refuses.
_INTEGRATION_TROUBLE = frozenset(
    {
        Code.UNAUTHORIZED.value,
        Code.ACCOUNT_DISCONNECTED.value,
        Code.INTEGRATION_UNHEALTHY.value,
    }
)


@dataclass(frozen=True, slots=True)
class Go:
    """Nothing stands in the way, as far as the rows that were read can tell."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: look again at `until` (epoch milliseconds, UTC).

    Attributes:
        planned: whoever set up the hours meant it to wait until then, so that this is no delay.
    """

    until: int
    code: Code
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not at all: the draft becomes `becomes`."""

    code: Code
    becomes: DraftState


Verdict = Go | Wait | Refuse
Check = Callable[["Situation"], Verdict | None]


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a verdict depends on.

    Attributes:
        campaign: the draft's, if it names one and there is one.
        integration: the provider account it would leave through, if there is one.
        paused: the switch that is thrown, if one is.
        halted: why the sequence whose step it is stands still, if it does.
        sent_by: who stands behind this sending, "ai" or "setter".
        continuing: an earlier part of this very text is out, so only a stop ends it, and it waits
            for an account or for the morning alone: half a message is worse than a late one.
        now: epoch milliseconds, UTC.
        hour: how much of the workspace's hour is used up, where that was read. Where it was not,
            the claim finds out.
    """

    draft: Draft
    lead: Lead
    workspace: Workspace
    campaign: Campaign | None
    integration: Integration | None
    paused: Code | None
    sent_by: str
    continuing: bool
    now: int
    hour: HourReading | None = None
    halted: Code | None = None


def may_send(situation: Situation) -> Verdict:
    """Judge in the order in which the reasons matter: the first that holds is the answer."""
    for check in _checks(situation):
        verdict = check(situation)
        if verdict is not None:
            return verdict
    return Go()


def _checks(situation: Situation) -> Iterator[Check]:
    """Return what may stand in the way of this draft, in order."""
    yield _stops
    if not situation.continuing:
        yield _stale
    yield _waits
    if situation.sent_by != "ai":
        return
    if not situation.continuing:
        yield from (_halted, _held_echo, _campaign, _booked, _blocks, _unanswered, _away)
    yield _hours
    if not situation.continuing:
        yield _caps


def wait_or_ask(situation: Situation, wait: Wait) -> Wait | Refuse:
    """Turn a wait into a question to a person once it has lasted too long."""
    return _ask_if_late(situation) or wait


def _ask_if_late(situation: Situation) -> Refuse | None:
    ready_at = situation.draft.ready_at
    is_late = ready_at is not None and situation.now - ready_at > LONGEST_WAIT
    return Refuse(Code.WAITED_TOO_LONG, DraftState.NEEDS_REVIEW) if is_late else None


def reply_due_at(
    event_id: str, received_at: int, delay_min_seconds: int, delay_max_seconds: int
) -> int:
    """Return when an automated reply to an event may go (epoch milliseconds, UTC).

    The delay is the same whenever it is asked for, and within both ends, which may be equal.
    """
    fewest, most = sorted((max(0, delay_min_seconds), max(0, delay_max_seconds)))
    number = int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:8], "big")
    return received_at + 1000 * (fewest + number % (most - fewest + 1))


# --- what binds everybody ------------------------------------------------------------------------


def _stops(situation: Situation) -> Verdict | None:
    if situation.paused is not None:
        return wait_or_ask(situation, Wait(situation.now + LOOK_AGAIN, situation.paused))
    if situation.lead.blacklisted:
        return Refuse(Code.BLACKLISTED, DraftState.FAILED)
    if situation.draft.channel in (situation.lead.suppressed_channels or ()):
        return Refuse(Code.OPTED_OUT, DraftState.FAILED)
    return None


def _stale(situation: Situation) -> Verdict | None:
    draft, lead = situation.draft, situation.lead
    if lead.inbound_count > draft.seen_inbounds:
        return Refuse(Code.NEWER_INBOUND, DraftState.SUPERSEDED)
    if lead.human_outbound_count > draft.seen_human_outbounds:
        return Refuse(Code.HUMAN_REPLIED, DraftState.SUPERSEDED)
    return None


def _waits(situation: Situation) -> Verdict | None:
    integration = situation.integration
    until = integration.unhealthy_until if integration is not None else None
    if until is not None and until > situation.now:
        return wait_or_ask(situation, Wait(int(until), Code.INTEGRATION_UNHEALTHY))
    if situation.draft.code in _INTEGRATION_TROUBLE:
        # It may be well again, but not every ten minutes for ever.
        return _ask_if_late(situation)
    if situation.draft.code == Code.RATE_LIMITED and situation.draft.enrolment_id is None:
        # A limit may last for days. A step answers nobody, and waits for its turn.
        return _ask_if_late(situation)
    return None


# --- what binds automation: must a person decide? ------------------------------------------------


def _halted(situation: Situation) -> Verdict | None:
    """Let no step go that could not be taken back, because an attempt was just under way.

    Such an attempt wakes its sequence, which looks before the next one.
    """
    if situation.halted is None:
        return None
    if situation.halted is Code.SEQUENCE_LOOKS:
        return wait_or_ask(situation, Wait(situation.now + LOOK_AGAIN, situation.halted))
    return Refuse(situation.halted, DraftState.SUPERSEDED)


def _held_echo(situation: Situation) -> Verdict | None:
    held = situation.lead.echo_held_until
    if held is not None and held > situation.now:
        # Somebody wrote to the lead, and it is probably a person: nobody talks over them.
        return wait_or_ask(situation, Wait(int(held), Code.ECHO_HELD))
    return None


def _campaign(situation: Situation) -> Verdict | None:
    campaign, draft, lead = situation.campaign, situation.draft, situation.lead
    if draft.campaign_id is None:
        return None
    if campaign is None:
        return Refuse(Code.CAMPAIGN_NOT_FOUND, DraftState.NEEDS_REVIEW)
    if lead.campaign_id is None:
        return Refuse(Code.NO_CAMPAIGN, DraftState.NEEDS_REVIEW)
    if lead.campaign_id != draft.campaign_id:
        # It was written by the rules of one campaign, and would be sent against those of another.
        return Refuse(Code.LEAD_MOVED, DraftState.NEEDS_REVIEW)
    if campaign.response_mode != AI_AUTO_SEND:
        return Refuse(Code.SETTER_MANAGED, DraftState.NEEDS_REVIEW)
    if draft.confidence is not None and draft.confidence < campaign.confidence_threshold:
        return Refuse(Code.BELOW_THRESHOLD, DraftState.NEEDS_REVIEW)
    return None


def _booked(situation: Situation) -> Verdict | None:
    return Refuse(Code.LEAD_BOOKED, DraftState.NEEDS_REVIEW) if situation.lead.booked else None


def _blocks(situation: Situation) -> Verdict | None:
    draft = situation.draft
    if draft.incomplete:
        return Refuse(Code.TEMPLATE_VARIABLE_MISSING, DraftState.NEEDS_REVIEW)
    judgement = draft.judgement if isinstance(draft.judgement, dict) else {}
    if judgement.get("safe_to_send") is False or judgement.get("needs_review") is True:
        # No confidence outweighs that.
        return Refuse(Code.EVALUATOR_UNSURE, DraftState.NEEDS_REVIEW)
    return None


def _unanswered(situation: Situation) -> Verdict | None:
    lead, workspace = situation.lead, situation.workspace
    if situation.draft.counted_on is not None or situation.draft.enrolment_id is not None:
        # A sequence is as long as the agency made it, and pauses for every answer.
        return None
    if lead.automated_in_a_row >= workspace.automated_in_a_row:
        return Refuse(Code.CONSECUTIVE_CAP, DraftState.NEEDS_REVIEW)
    return None


def _away(situation: Situation) -> Verdict | None:
    """Let a sequence leave alone who is away; a reply to what they have just written still goes."""
    until = situation.lead.away_until
    if situation.draft.enrolment_id is None or until is None or until <= situation.now:
        return None
    return Wait(int(until), Code.LEAD_AWAY, planned=True)


# --- what binds automation: is it the time? ------------------------------------------------------


def _hours(situation: Situation) -> Verdict | None:
    """Wait for the next moment that suits both the schedules and the quiet hours."""
    try:
        schedule, texting = _schedule(situation), _texting(situation)
    except ScheduleInvalid:
        return Refuse(Code.SCHEDULE_INVALID, DraftState.NEEDS_REVIEW)
    now = situation.now
    until = next_open([*schedule, *texting], now)
    if until is None:
        return Refuse(Code.NEVER_OPEN, DraftState.NEEDS_REVIEW)
    if until == now:
        return None
    scheduled = next_open(schedule, now) == now
    return Wait(until, Code.QUIET_HOURS if scheduled else Code.OUTSIDE_SCHEDULE, planned=True)


def _schedule(situation: Situation) -> list[OpeningHours]:
    if situation.continuing:
        return []
    zone = own_zone(situation.lead, situation.workspace)
    if zone is None:
        raise ScheduleInvalid("Neither the lead nor the workspace has a time zone.")
    campaign = situation.campaign
    own = campaign.schedule if campaign is not None else None
    hours = scheduled_hours(own, situation.workspace.schedule, zone)
    return [] if hours is None else [hours]


def _texting(situation: Situation) -> list[OpeningHours]:
    lead, workspace = situation.lead, situation.workspace
    written_at = None if lead.last_inbound_at is None else int(lead.last_inbound_at)
    if situation.draft.channel != "sms" or is_asked_for(written_at, situation.now):
        return []
    zones = possible_zones(lead, workspace)
    if not zones:
        raise ScheduleInvalid("Neither the lead nor the workspace has a time zone.")
    return texting_hours(workspace.quiet_hours, zones)


def _caps(situation: Situation) -> Verdict | None:
    draft, workspace, now = situation.draft, situation.workspace, situation.now
    if is_counted(draft, situation.lead, workspace, now):
        return None
    tomorrow = _tomorrow(_clock(situation.lead, workspace), now)
    if draft.enrolment_id is not None and _was_written_to_today(situation):
        return Wait(tomorrow, Code.CHANNEL_DAILY_CAP, planned=True)
    if automated_today(situation.lead, workspace, now) >= workspace.automated_per_day:
        return wait_or_ask(situation, Wait(tomorrow, Code.DAILY_CAP))
    cap = workspace.automated_per_hour
    if cap is not None and share_for(draft.draft_id, int(cap), situation.hour, now) is None:
        return wait_or_ask(situation, Wait(next_hour(draft.draft_id, now), Code.HOURLY_CAP))
    return None


def _was_written_to_today(situation: Situation) -> bool:
    """Say whether automation wrote to the lead on this channel today, by the lead's own clock."""
    lead, workspace = situation.lead, situation.workspace
    latest = (lead.automated_on or {}).get(situation.draft.channel)
    return bool(latest == local_day(lead, workspace, situation.now))


def is_counted(draft: Draft, lead: Lead, workspace: Workspace, now: int) -> bool:
    """Say whether an earlier attempt counted a draft among what the lead is written today."""
    return bool(draft.counted_on == local_day(lead, workspace, now))


def automated_today(lead: Lead, workspace: Workspace, now: int) -> int:
    """Return how many automated messages the lead had today, by the lead's own clock."""
    return int(lead.automated_today) if lead.automated_day == local_day(lead, workspace, now) else 0


def local_day(lead: Lead, workspace: Workspace, now: int) -> str:
    """Return the ISO date it is for the lead at `now` (epoch milliseconds, UTC).

    By the workspace's clock where the lead's time zone is not known.
    """
    return datetime.fromtimestamp(now / 1000, _clock(lead, workspace)).date().isoformat()


def _clock(lead: Lead, workspace: Workspace) -> ZoneInfo:
    return own_zone(lead, workspace) or ZoneInfo("UTC")


def _tomorrow(zone: ZoneInfo, now: int) -> int:
    """Return nine in the morning of the next day: midnight suits nobody."""
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    # Arithmetic on a zoned time moves the wall clock, so daylight-saving changes do no harm.
    morning = today.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return int(morning.timestamp() * 1000)
