"""What holds for every situation that the gate may find itself in.

The reasons have an order, ORDER, and the policy gives the first one that holds. So one more reason
not to send may only move the answer towards the beginning of that order. It follows that nothing is
let go by one more reason; and that a refusal becomes a wait only for what comes before every
refusal that holds, and after which all of them are asked again: a switch, an account that is
refused, an echo that is looked at.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.hourly import HOUR, SHARES, HourReading
from system_sender.models import Campaign, Draft, Integration, Lead, Workspace
from system_sender.policy import (
    DAY,
    Go,
    Refuse,
    Situation,
    Verdict,
    Wait,
    automated_today,
    local_day,
    may_send,
    reply_due_at,
)
from system_sender.states import DRAFT_TRANSITIONS, DraftState
from tests.support.decisions import PLANNED
from tests.support.decisions import situation as usual

NOW = 1_772_557_200_000

# Codes that share a place: the first of them that holds is given, and they never hold together,
# or it does not matter which is told.
ORDER: list[set[Code]] = [
    {Code.PAUSED_ALL, Code.PAUSED_WORKSPACE, Code.PAUSED_CHANNEL},
    {Code.BLACKLISTED},
    {Code.OPTED_OUT},
    {Code.NEWER_INBOUND},
    {Code.HUMAN_REPLIED},
    {Code.INTEGRATION_UNHEALTHY},
    {Code.ECHO_HELD},
    {Code.CAMPAIGN_NOT_FOUND},
    {Code.NO_CAMPAIGN},
    {Code.LEAD_MOVED},
    {Code.SETTER_MANAGED},
    {Code.BELOW_THRESHOLD},
    {Code.LEAD_BOOKED},
    {Code.TEMPLATE_VARIABLE_MISSING},
    {Code.EVALUATOR_UNSURE},
    {Code.CONSECUTIVE_CAP},
    {Code.LEAD_AWAY},
    {Code.SCHEDULE_INVALID},
    {Code.NEVER_OPEN},
    {Code.OUTSIDE_SCHEDULE},
    {Code.QUIET_HOURS},
    {Code.CHANNEL_DAILY_CAP},
    {Code.DAILY_CAP},
    {Code.HOURLY_CAP},
]
# The waits that are asked before every refusal is.
LOOKED_AT_FIRST = {*ORDER[0], Code.INTEGRATION_UNHEALTHY, Code.ECHO_HELD}

NEVER = {"mode": "ALWAYS", "blackout_ranges": [["2026-01-01", "2027-12-31"]]}
INVALID = {"mode": "CUSTOM"}

counts = st.integers(0, 4)
zones = st.sampled_from(["America/New_York", "UTC", "Pacific/Kiritimati", "Europe/Berlin"])
maybe_zones = st.none() | zones | st.just("Nowhere/Atlantis")
schedules: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        {"mode": "ALWAYS"},
        {"mode": "BUSINESS_HOURS"},
        {"mode": "BUSINESS_HOURS", "holidays": {"country": "US"}},
        {"mode": "CUSTOM", "start": "22:00", "end": "06:00", "days": [0, 4, 5]},
        {"blackout_ranges": [["2026-03-01", "2026-03-05"]]},
        NEVER,
        INVALID,
        {"mode": "NEVER"},
        [],
        "always",
    ]
)
quiet_hours = st.sampled_from(
    [None, {"start": "00:00", "end": "00:00"}, {"start": "18:00", "end": "10:00"}, {}, 7]
)
judgements = st.sampled_from(
    [
        None,
        {},
        {"safe_to_send": True, "needs_review": False},
        {"safe_to_send": False},
        {"needs_review": True},
    ]
)


@st.composite
def drafts(draw: st.DrawFn, now: int) -> Draft:
    return Draft(
        "acme:hello",
        channel=draw(st.sampled_from(["sms", "email"])),
        campaign_id=draw(st.sampled_from([None, "acme:autumn"])),
        confidence=draw(st.none() | st.floats(0, 1)),
        judgement=draw(judgements),
        seen_inbounds=draw(counts),
        seen_human_outbounds=draw(counts),
        ready_at=draw(st.none() | st.integers(now - 3 * DAY, now)),
        counted_on=draw(st.sampled_from([None, "2026-03-02", "2026-03-03"])),
        enrolment_id=draw(st.sampled_from([None, None, "acme:nurture:dana"])),
        incomplete=draw(st.booleans()),
        code=draw(st.sampled_from([None, *(code.value for code in Code)])),
    )


@st.composite
def leads(draw: st.DrawFn, now: int) -> Lead:
    return Lead(
        "acme:dana",
        campaign_id=draw(st.sampled_from([None, "acme:autumn", "acme:winter"])),
        phone=draw(st.sampled_from([None, "+12125550101", "+61412345678", "+18005550100", "x"])),
        time_zone=draw(maybe_zones),
        booked=draw(st.booleans()),
        blacklisted=draw(st.booleans()),
        suppressed_channels=draw(st.sampled_from([None, {"sms"}, {"email"}])),
        inbound_count=draw(counts),
        human_outbound_count=draw(counts),
        automated_in_a_row=draw(counts),
        automated_today=draw(st.integers(0, 6)),
        automated_day=draw(st.sampled_from([None, "2026-03-03", "2026-03-04"])),
        automated_on=draw(st.sampled_from([None, {"sms": "2026-03-03"}, {"email": "2026-03-04"}])),
        last_inbound_at=draw(st.none() | st.integers(now - DAY, now)),
        echo_held_until=draw(st.none() | st.integers(now - 10, now + 10)),
        away_until=draw(st.none() | st.integers(now - 10, now + 10)),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any situation that the gate may find itself in, at any moment of some days."""
    now = NOW + draw(st.integers(0, 4 * DAY))
    hours = st.tuples(*[st.integers(0, 3)] * SHARES)
    return Situation(
        draft=draw(drafts(now)),
        lead=draw(leads(now)),
        workspace=Workspace(
            "acme",
            region="US",
            time_zone=draw(zones | st.just("")),
            schedule=draw(schedules),
            quiet_hours=draw(quiet_hours),
            automated_per_hour=draw(st.none() | st.integers(0, 3)),
        ),
        campaign=draw(
            st.none()
            | st.builds(
                lambda mode, schedule: Campaign(
                    "acme:autumn", response_mode=mode, schedule=schedule
                ),
                st.sampled_from(["AI_AUTO_SEND", "SETTER_MANAGED"]),
                schedules,
            )
        ),
        integration=draw(
            st.none()
            | st.builds(
                lambda until: Integration("acme:gohighlevel", unhealthy_until=until),
                st.none() | st.integers(now - 10, now + 10),
            )
        ),
        paused=draw(st.sampled_from([None, None, Code.PAUSED_ALL, Code.PAUSED_CHANNEL])),
        sent_by=draw(st.sampled_from(["ai", "setter"])),
        continuing=draw(st.booleans()),
        now=now,
        hour=draw(
            st.none()
            | st.builds(
                HourReading, st.sampled_from([now - now % HOUR, now - now % HOUR - HOUR]), hours
            )
        ),
    )


@st.composite
def unhindered(draw: st.DrawFn) -> Situation:
    """A situation with few reasons not to send or none, so that one more makes a difference."""
    situation = draw(situations())
    draft, lead = situation.draft, situation.lead
    return replace(
        situation,
        draft=copied(
            draft,
            campaign_id=None,
            judgement=None,
            incomplete=False,
            ready_at=situation.now,
            code=None,
        ),
        lead=copied(
            lead,
            booked=False,
            blacklisted=False,
            suppressed_channels=None,
            inbound_count=0,
            human_outbound_count=0,
            automated_in_a_row=0,
            echo_held_until=None,
        ),
        workspace=copied(
            situation.workspace,
            time_zone="UTC",
            schedule=draw(st.sampled_from([None, {"mode": "BUSINESS_HOURS"}, NEVER, INVALID])),
            quiet_hours=None,
        ),
        campaign=None,
        paused=None,
        integration=None,
    )


any_situation = situations() | unhindered()


def copied(row: Any, **changes: Any) -> Any:
    """A row with some attributes changed."""
    model: Any = type(row)
    return model(**{**row.attribute_values, **changes})


def place(verdict: Verdict) -> int:
    """Where in the order the reason of a verdict stands; what goes stands behind all of them."""
    if isinstance(verdict, Go):
        return len(ORDER)
    return next(number for number, codes in enumerate(ORDER) if verdict.code in codes)


def patient(situation: Situation) -> Situation:
    """The same situation before anything has waited for too long, so that each wait is named."""
    return replace(
        situation, draft=copied(situation.draft, ready_at=situation.now), continuing=False
    )


# --- always exactly one answer -------------------------------------------------------------------


@given(any_situation)
def test_every_situation_gets_one_verdict_with_a_sentence_that_can_be_carried_out(
    situation: Situation,
) -> None:
    verdict: Verdict = may_send(situation)
    assert isinstance(verdict, Go | Wait | Refuse)
    if not isinstance(verdict, Go):
        assert verdict.code.sentence
    if isinstance(verdict, Wait):
        assert situation.now < verdict.until <= situation.now + 92 * DAY
        assert verdict.planned == (verdict.code in PLANNED)
    if isinstance(verdict, Refuse):
        assert verdict.becomes in DRAFT_TRANSITIONS[DraftState.APPROVED]
        if situation.continuing:
            # What is half out is neither overtaken nor rejected: it ends, or a person is asked.
            assert verdict.becomes in (DraftState.FAILED, DraftState.NEEDS_REVIEW)


@given(any_situation)
def test_a_verdict_depends_on_the_situation_alone(situation: Situation) -> None:
    assert may_send(situation) == may_send(replace(situation))


@given(any_situation)
def test_what_a_draft_was_planned_to_wait_for_is_not_given_as_a_reason_again(
    situation: Situation,
) -> None:
    """Else a draft would be put off for ever."""
    verdict = may_send(situation)
    if isinstance(verdict, Wait) and verdict.planned:
        later = may_send(replace(situation, now=verdict.until))
        assert not (isinstance(later, Wait) and later.code in over_with(verdict.code, situation))


def over_with(code: Code, situation: Situation) -> set[Code]:
    """Which reasons are over once a planned wait is: whoever is back may meet closed hours."""
    if code not in {Code.OUTSIDE_SCHEDULE, Code.QUIET_HOURS}:
        return {code}
    # Meanwhile what the lead wrote may have become too old for an answer in the night.
    asked = situation.lead.last_inbound_at is not None
    return {code, Code.OUTSIDE_SCHEDULE} | (set() if asked else {Code.QUIET_HOURS})


def test_the_examples_are_not_all_alike() -> None:
    """Guards the guards: the strategies above do reach every kind of verdict."""
    seen: set[Code | None] = set()

    @settings(max_examples=300)
    @given(situations(), unhindered().map(patient))
    def look(anything: Situation, hardly_hindered: Situation) -> None:
        for situation in (anything, replace(hardly_hindered, sent_by="ai")):
            verdict = may_send(situation)
            seen.add(None if isinstance(verdict, Go) else verdict.code)

    look()
    hours = {Code.QUIET_HOURS, Code.OUTSIDE_SCHEDULE, Code.NEVER_OPEN, Code.SCHEDULE_INVALID}
    assert {None, Code.PAUSED_ALL, Code.BLACKLISTED, *hours} <= seen


# --- one more reason -----------------------------------------------------------------------------

STOPS: dict[str, Callable[[Situation], Situation]] = {
    "paused": lambda s: replace(s, paused=Code.PAUSED_ALL),
    "blacklisted": lambda s: with_lead(s, blacklisted=True),
    "opted out": lambda s: with_lead(s, suppressed_channels={s.draft.channel}),
    "newer inbound": lambda s: with_lead(s, inbound_count=s.lead.inbound_count + 1),
    "person": lambda s: with_lead(s, human_outbound_count=s.lead.human_outbound_count + 1),
    "unhealthy": lambda s: replace(s, integration=Integration("acme:x", unhealthy_until=s.now + 9)),
    "echo": lambda s: with_lead(s, echo_held_until=s.now + 9),
    "no campaign": lambda s: replace(s, campaign=None),
    "moved": lambda s: with_lead(s, campaign_id="acme:winter"),
    "people answer": lambda s: replace(s, campaign=mode(s.campaign, "SETTER_MANAGED")),
    "unsure": lambda s: with_draft(s, confidence=0.0),
    "booked": lambda s: with_lead(s, booked=True),
    "incomplete": lambda s: with_draft(s, incomplete=True),
    "unsafe": lambda s: with_draft(s, judgement={"safe_to_send": False}),
    "in a row": lambda s: with_lead(s, automated_in_a_row=99),
    "invalid": lambda s: with_workspace(s, schedule={"mode": "SOMETIMES"}),
    "never": lambda s: with_workspace(s, schedule=blacked_out(s.workspace.schedule)),
    "day": lambda s: with_lead(
        s, automated_today=99, automated_day=local_day(s.lead, s.workspace, s.now)
    ),
    "hour": lambda s: with_workspace(s, automated_per_hour=0),
}


def with_lead(situation: Situation, **changes: Any) -> Situation:
    return replace(situation, lead=copied(situation.lead, **changes))


def with_draft(situation: Situation, **changes: Any) -> Situation:
    return replace(situation, draft=copied(situation.draft, **changes))


def with_workspace(situation: Situation, **changes: Any) -> Situation:
    return replace(situation, workspace=copied(situation.workspace, **changes))


def mode(campaign: Campaign | None, response_mode: str) -> Campaign | None:
    return None if campaign is None else copied(campaign, response_mode=response_mode)


def blacked_out(schedule: Any) -> Any:
    """A schedule that is closed on every day; one that cannot be understood stays as it is."""
    if schedule is None:
        return NEVER
    if not isinstance(schedule, dict) or schedule.get("mode", "ALWAYS") not in (
        "ALWAYS",
        "BUSINESS_HOURS",
    ):
        return schedule
    return {**schedule, "blackout_ranges": NEVER["blackout_ranges"]}


@given(any_situation, st.sampled_from(sorted(STOPS)))
def test_one_more_reason_not_to_send_never_lets_a_draft_go(situation: Situation, stop: str) -> None:
    if not isinstance(may_send(situation), Go):
        assert not isinstance(may_send(STOPS[stop](situation)), Go)


@given(any_situation.map(patient), st.sampled_from(sorted(STOPS)))
def test_one_more_reason_moves_the_answer_towards_the_beginning_of_the_order_alone(
    situation: Situation, stop: str
) -> None:
    assert place(may_send(STOPS[stop](situation))) <= place(may_send(situation))


@given(any_situation, st.sampled_from(sorted(STOPS)))
def test_a_refusal_becomes_a_wait_only_for_what_is_looked_at_first(
    situation: Situation, stop: str
) -> None:
    before, after = may_send(situation), may_send(STOPS[stop](situation))
    if isinstance(before, Refuse) and isinstance(after, Wait):
        assert after.code in LOOKED_AT_FIRST


@given(any_situation, st.sampled_from(["paused", "blacklisted", "opted out", "unhealthy"]))
def test_nobody_and_nothing_overrides_a_switch_an_opt_out_the_blacklist_or_the_account(
    situation: Situation, stop: str
) -> None:
    assert not isinstance(may_send(STOPS[stop](situation)), Go)


@given(any_situation)
def test_what_automation_may_send_a_person_may_send(situation: Situation) -> None:
    if isinstance(may_send(replace(situation, sent_by="ai")), Go):
        assert may_send(replace(situation, sent_by="setter")) == Go()


def test_every_reason_alone_makes_a_difference() -> None:
    """Guards the guards: a reason that never held anything would prove nothing above."""
    tried = usual()
    assert may_send(tried) == Go()
    for name, stop in STOPS.items():
        assert not isinstance(may_send(stop(tried)), Go), name


# --- counts and delays ---------------------------------------------------------------------------


@given(any_situation)
def test_a_count_of_another_day_is_none_of_today_s(situation: Situation) -> None:
    lead, workspace = situation.lead, situation.workspace
    today = local_day(lead, workspace, situation.now)
    counted = automated_today(lead, workspace, situation.now)
    assert counted == (lead.automated_today if lead.automated_day == today else 0)


@given(st.text(), st.integers(0, 10**13), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_reply_is_due_within_its_delay_and_always_at_the_same_moment(
    event: str, received: int, one: int, other: int
) -> None:
    due = reply_due_at(event, received, one, other)
    assert received + 1000 * min(one, other) <= due <= received + 1000 * max(one, other)
    assert due == reply_due_at(event, received, one, other)
