"""May this draft go now? One pure function over what the read step saw."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from system_sender.codes import Code
from system_sender.models import Campaign, Draft, Integration, Lead, Workspace
from system_sender.states import DraftState

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
    """Not now: look again at `until` (epoch milliseconds, UTC)."""

    until: int
    code: Code


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not at all: the draft becomes `becomes`."""

    code: Code
    becomes: DraftState


Verdict = Go | Wait | Refuse


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a verdict depends on.

    Attributes:
        integration: the provider account it would leave through, if there is one.
        paused: the switch that is thrown, if one is.
        sent_by: who stands behind this sending, "ai" or "setter".
        continuing: an earlier part of this very text is out, so only a stop ends it: half a
            message is worse than a late one.
        now: epoch milliseconds, UTC.
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


def may_send(situation: Situation) -> Verdict:
    """Judge in the order in which the reasons matter: stops first, then people, then caps."""
    checks = (_stops, _waits) if situation.continuing else (_stops, _stale, _waits, _automation)
    for check in checks:
        verdict = check(situation)
        if verdict is not None:
            return verdict
    return Go()


def automated_today(lead: Lead, workspace: Workspace, now: int) -> int:
    """Return how many automated messages the lead had today, in the workspace's time zone."""
    return int(lead.automated_today) if lead.automated_day == local_day(workspace, now) else 0


def local_day(workspace: Workspace, now: int) -> str:
    """Return the ISO date it is for the workspace at `now` (epoch milliseconds, UTC)."""
    return _local(workspace, now).date().isoformat()


def _local(workspace: Workspace, now: int) -> datetime:
    return datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(workspace.time_zone))


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
        verdict = wait_or_ask(situation, Wait(situation.now, Code.INTEGRATION_UNHEALTHY))
        return verdict if isinstance(verdict, Refuse) else None
    return None


def _automation(situation: Situation) -> Verdict | None:
    if situation.sent_by != "ai":
        return None
    held = situation.lead.echo_held_until
    if held is not None and held > situation.now:
        # Somebody wrote to the lead, and it is probably a person: nobody talks over them.
        return wait_or_ask(situation, Wait(int(held), Code.ECHO_HELD))
    return _campaign(situation) or (None if situation.draft.counted else _caps(situation))


def _campaign(situation: Situation) -> Verdict | None:
    campaign, draft = situation.campaign, situation.draft
    if draft.campaign_id is None:
        return None
    if campaign is None:
        return Refuse(Code.CAMPAIGN_NOT_FOUND, DraftState.NEEDS_REVIEW)
    if campaign.response_mode != AI_AUTO_SEND:
        return Refuse(Code.SETTER_MANAGED, DraftState.NEEDS_REVIEW)
    if draft.confidence is not None and draft.confidence < campaign.confidence_threshold:
        return Refuse(Code.BELOW_THRESHOLD, DraftState.NEEDS_REVIEW)
    return None


def _caps(situation: Situation) -> Verdict | None:
    lead, workspace = situation.lead, situation.workspace
    if lead.automated_in_a_row >= workspace.automated_in_a_row:
        return Refuse(Code.CONSECUTIVE_CAP, DraftState.NEEDS_REVIEW)
    if automated_today(lead, workspace, situation.now) >= workspace.automated_per_day:
        return wait_or_ask(situation, Wait(_tomorrow(workspace, situation.now), Code.DAILY_CAP))
    return None


def _tomorrow(workspace: Workspace, now: int) -> int:
    """Return nine in the morning of the workspace's next day: midnight suits nobody."""
    today = _local(workspace, now)
    # Arithmetic on a zoned time moves the wall clock, so daylight-saving changes do no harm.
    morning = today.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return int(morning.timestamp() * 1000)


def wait_or_ask(situation: Situation, wait: Wait) -> Wait | Refuse:
    """Turn a wait into a question to a person once it has lasted too long."""
    ready_at = situation.draft.ready_at
    if ready_at is not None and situation.now - ready_at > LONGEST_WAIT:
        return Refuse(Code.WAITED_TOO_LONG, DraftState.NEEDS_REVIEW)
    return wait
