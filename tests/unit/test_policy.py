"""May a draft go? Each reason alone, and which reason wins."""

from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.hourly import next_hour
from system_sender.models import Lead, Workspace
from system_sender.policy import (
    DAY,
    LONGEST_WAIT,
    LOOK_AGAIN,
    Go,
    Refuse,
    Verdict,
    Wait,
    automated_today,
    local_day,
    may_send,
    reply_due_at,
)
from system_sender.states import DRAFT_TRANSITIONS, DraftState
from tests.support.decisions import NOW, at, situation


def test_nothing_in_the_way_is_go() -> None:
    assert may_send(situation()) == Go()


REASONS: list[tuple[str, dict[str, Any], Verdict]] = [
    (
        "a thrown switch",
        {"paused": Code.PAUSED_ALL},
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_ALL),
    ),
    (
        "the blacklist",
        {"lead": {"blacklisted": True}},
        Refuse(Code.BLACKLISTED, DraftState.FAILED),
    ),
    (
        "an opt-out",
        {"lead": {"suppressed_channels": {"sms"}}},
        Refuse(Code.OPTED_OUT, DraftState.FAILED),
    ),
    (
        "a newer inbound",
        {"lead": {"inbound_count": 2}},
        Refuse(Code.NEWER_INBOUND, DraftState.SUPERSEDED),
    ),
    (
        "a person's reply",
        {"lead": {"human_outbound_count": 1}},
        Refuse(Code.HUMAN_REPLIED, DraftState.SUPERSEDED),
    ),
    (
        "an unhealthy integration",
        {"integration": {"unhealthy_until": NOW + 5}},
        Wait(NOW + 5, Code.INTEGRATION_UNHEALTHY),
    ),
    (
        "an echo that is held",
        {"lead": {"echo_held_until": NOW + 5}},
        Wait(NOW + 5, Code.ECHO_HELD),
    ),
    (
        "a campaign that is gone",
        {"no_campaign": True},
        Refuse(Code.CAMPAIGN_NOT_FOUND, DraftState.NEEDS_REVIEW),
    ),
    (
        "a campaign that people answer",
        {"campaign": {"response_mode": "SETTER_MANAGED"}},
        Refuse(Code.SETTER_MANAGED, DraftState.NEEDS_REVIEW),
    ),
    (
        "too little confidence",
        {"draft": {"confidence": 0.899}},
        Refuse(Code.BELOW_THRESHOLD, DraftState.NEEDS_REVIEW),
    ),
    (
        "a booked lead",
        {"lead": {"booked": True}},
        Refuse(Code.LEAD_BOOKED, DraftState.NEEDS_REVIEW),
    ),
    (
        "a judgement against the text",
        {"draft": {"judgement": {"safe_to_send": False}}},
        Refuse(Code.EVALUATOR_UNSURE, DraftState.NEEDS_REVIEW),
    ),
    (
        "too many unanswered messages",
        {"lead": {"automated_in_a_row": 3}},
        Refuse(Code.CONSECUTIVE_CAP, DraftState.NEEDS_REVIEW),
    ),
    (
        "a schedule",
        {
            "workspace": {
                "schedule": {"mode": "CUSTOM", "start": "13:00", "end": "14:00", "days": [1]}
            }
        },
        Wait(at("2026-03-03T13:00"), Code.OUTSIDE_SCHEDULE, planned=True),
    ),
    (
        "the day's cap",
        {"lead": {"automated_today": 5, "automated_day": "2026-03-03"}},
        Wait(at("2026-03-04T09:00:00"), Code.DAILY_CAP),
    ),
    (
        "the hour's cap",
        {"workspace": {"automated_per_hour": 0}},
        Wait(next_hour("acme:hello", NOW), Code.HOURLY_CAP),
    ),
]


def judged(reason: dict[str, Any], **changes: Any) -> Verdict:
    return may_send(situation(**reason, **changes))


@pytest.mark.parametrize(
    ("reason", "expected"), [(r, v) for _, r, v in REASONS], ids=[name for name, _, _ in REASONS]
)
def test_each_reason_alone_holds_a_draft(reason: dict[str, Any], expected: Verdict) -> None:
    assert judged(reason) == expected


@pytest.mark.parametrize("first", range(len(REASONS)))
@pytest.mark.parametrize("second", range(len(REASONS)))
def test_of_two_reasons_the_earlier_one_is_given(first: int, second: int) -> None:
    earlier, later = sorted((first, second))
    both: dict[str, Any] = {}
    for number in (later, earlier):
        for name, value in REASONS[number][1].items():
            merged = {**(both.get(name) or {}), **value} if isinstance(value, dict) else value
            both[name] = merged
    assert judged(both) == REASONS[earlier][2]


@pytest.mark.parametrize("paused", [Code.PAUSED_ALL, Code.PAUSED_WORKSPACE, Code.PAUSED_CHANNEL])
def test_every_scope_of_a_pause_holds_people_too(paused: Code) -> None:
    assert may_send(situation(paused=paused, sent_by="setter")) == Wait(NOW + LOOK_AGAIN, paused)


def test_a_person_is_bound_by_stops_but_not_by_campaign_confidence_and_caps() -> None:
    automation: dict[str, Any] = {
        "campaign": {"response_mode": "SETTER_MANAGED"},
        "lead": {"automated_in_a_row": 99},
        "draft": {"confidence": 0.1},
    }
    assert judged(automation, sent_by="setter") == Go()
    for reason in ({"lead": {"blacklisted": True}}, {"lead": {"suppressed_channels": {"sms"}}}):
        assert isinstance(judged(reason, sent_by="setter"), Refuse)


def test_an_opt_out_on_another_channel_does_not_stop_a_text() -> None:
    assert judged({"lead": {"suppressed_channels": {"email"}}}) == Go()


def test_confidence_at_the_threshold_is_enough() -> None:
    assert judged({"draft": {"confidence": 0.9}}) == Go()


def test_a_draft_without_a_campaign_still_obeys_the_caps() -> None:
    free = {"draft": {"campaign_id": None}}
    assert judged(free) == Go()
    capped = judged({**free, "lead": {"automated_in_a_row": 3}})
    assert capped == Refuse(Code.CONSECUTIVE_CAP, DraftState.NEEDS_REVIEW)


def test_a_retried_draft_that_was_counted_is_not_stopped_by_its_own_count() -> None:
    lead = {"automated_in_a_row": 3, "automated_today": 5, "automated_day": "2026-03-03"}
    assert judged({"draft": {"counted_on": "2026-03-03"}, "lead": lead}) == Go()
    of_yesterday = judged({"draft": {"counted_on": "2026-03-02"}, "lead": lead})
    assert isinstance(of_yesterday, Wait)
    assert of_yesterday.code == Code.DAILY_CAP


def test_between_two_parts_only_stops_and_waits_count() -> None:
    stale: dict[str, Any] = {
        "lead": {"inbound_count": 9, "human_outbound_count": 9, "automated_in_a_row": 9}
    }
    assert judged(stale, continuing=True) == Go()
    stopped = judged({"lead": {"suppressed_channels": {"sms"}}}, continuing=True)
    assert stopped == Refuse(Code.OPTED_OUT, DraftState.FAILED)
    paused = may_send(situation(paused=Code.PAUSED_ALL, continuing=True))
    assert paused == Wait(NOW + LOOK_AGAIN, Code.PAUSED_ALL)


WAITS: list[dict[str, Any]] = [
    {"paused": Code.PAUSED_WORKSPACE},
    {"integration": {"unhealthy_until": NOW + DAY}},
    {"lead": {"automated_today": 5, "automated_day": "2026-03-03"}},
]


@pytest.mark.parametrize("reason", WAITS)
def test_after_a_day_of_waiting_a_person_is_asked(reason: dict[str, Any]) -> None:
    just = {**reason, "draft": {"ready_at": NOW - LONGEST_WAIT}}
    assert isinstance(judged(just), Wait)
    too_long = {**reason, "draft": {"ready_at": NOW - LONGEST_WAIT - 1}}
    assert judged(too_long) == Refuse(Code.WAITED_TOO_LONG, DraftState.NEEDS_REVIEW)


@pytest.mark.parametrize("reason", WAITS)
def test_the_rest_of_a_half_sent_text_is_not_sent_weeks_later_by_itself(
    reason: dict[str, Any],
) -> None:
    old = {**reason, "draft": {"ready_at": NOW - 30 * DAY}}
    verdict = judged(old, continuing=True)
    if "lead" in reason:
        assert verdict == Go()  # caps do not count any more between parts
    else:
        assert verdict == Refuse(Code.WAITED_TOO_LONG, DraftState.NEEDS_REVIEW)


def test_an_integration_that_recovered_does_not_hold_anything() -> None:
    assert judged({"integration": {"unhealthy_until": NOW}}) == Go()


def test_a_day_is_counted_by_the_workspaces_clock_where_the_leads_is_not_known() -> None:
    workspace = Workspace("acme", time_zone="America/New_York")
    lead = Lead("acme:dana", automated_today=5, automated_day="2026-03-03")
    late = at("2026-03-03T23:59:59")  # already the 4th in UTC
    assert local_day(lead, workspace, late) == "2026-03-03"
    assert automated_today(lead, workspace, late) == 5
    assert automated_today(lead, workspace, late + 1000) == 0


@pytest.mark.parametrize("zone", ["Nowhere/Atlantis", "", None])
def test_a_zone_of_the_lead_that_does_not_exist_counts_for_nothing(zone: str | None) -> None:
    workspace = Workspace("acme", time_zone="America/New_York")
    lead = Lead("acme:dana", time_zone=zone)
    assert local_day(lead, workspace, at("2026-03-03T23:59:59")) == "2026-03-03"


def test_a_day_of_a_lead_elsewhere_begins_and_ends_there() -> None:
    workspace = Workspace("acme", time_zone="America/New_York")
    lead = Lead("acme:dana", time_zone="Australia/Sydney")
    midnight = at("2026-03-04T00:00", "Australia/Sydney")
    assert local_day(lead, workspace, midnight - 1) == "2026-03-03"
    assert local_day(lead, workspace, midnight) == "2026-03-04"
    capped = {"time_zone": "Australia/Sydney", "automated_today": 5, "automated_day": "2026-03-04"}
    verdict = judged({"lead": capped, "draft": {"channel": "email"}}, now=midnight)
    assert verdict == Wait(at("2026-03-05T09:00", "Australia/Sydney"), Code.DAILY_CAP)


@pytest.mark.parametrize("zone", ["Nowhere/Atlantis", "../etc/passwd", "America", ""])
def test_without_any_time_zone_automation_keeps_still(zone: str) -> None:
    nowhere = {"workspace": {"time_zone": zone}}
    assert judged(nowhere) == Refuse(Code.SCHEDULE_INVALID, DraftState.NEEDS_REVIEW)
    assert judged(nowhere, sent_by="setter") == Go()


def test_a_planned_wait_is_none_that_asks_a_person_however_long_it_lasts() -> None:
    friday = {"now": at("2026-03-06T18:00"), "draft": {"ready_at": at("2026-01-01T12:00")}}
    office = {"workspace": {"schedule": {"mode": "BUSINESS_HOURS"}}}
    verdict = judged({**friday, **office})
    assert verdict == Wait(at("2026-03-09T09:00"), Code.OUTSIDE_SCHEDULE, planned=True)


def test_hours_that_suit_each_alone_but_never_both_ask_a_person_at_once() -> None:
    """Else it would wait for each in turn, for ever."""
    evenings = {"mode": "CUSTOM", "start": "20:30", "end": "23:00", "days": [*range(7)]}
    verdict = judged({"workspace": {"schedule": evenings}})
    assert verdict == Refuse(Code.NEVER_OPEN, DraftState.NEEDS_REVIEW)


def test_an_answer_within_the_hour_is_awaited_in_the_middle_of_the_night() -> None:
    night = at("2026-03-04T03:00")
    asked = {"lead": {"last_inbound_at": night - 3_600_000}}
    assert judged(asked, now=night) == Go()
    unasked = {"lead": {"last_inbound_at": night - 3_600_001}}
    assert judged(unasked, now=night) == Wait(
        at("2026-03-04T09:00"), Code.QUIET_HOURS, planned=True
    )
    never = {"lead": {"last_inbound_at": None}}
    assert isinstance(judged(never, now=night), Wait)


def test_delays_are_spread_over_the_whole_window_both_ends_included() -> None:
    seen = {reply_due_at(f"acme:{number}", 0, 3, 5) for number in range(100)}
    assert seen == {3_000, 4_000, 5_000}


def test_a_delay_does_not_change_between_two_versions_of_this_system() -> None:
    assert reply_due_at("acme:gohighlevel:message:1", 0, 180, 420) == 188_000


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-07T12:00:00", "2026-03-08T09:00:00"),  # clocks go forward in the night
        ("2026-10-31T12:00:00", "2026-11-01T09:00:00"),  # and back
        ("2026-12-31T23:59:59", "2027-01-01T09:00:00"),
        ("2026-03-03T00:00:00", "2026-03-04T09:00:00"),
    ],
)
def test_the_cap_lifts_at_nine_the_next_local_morning(now: str, until: str) -> None:
    moment = at(now)
    lead = {"automated_today": 5, "automated_day": now[:10]}
    draft = {"ready_at": moment, "channel": "email"}  # quiet hours concern texts alone
    verdict = judged({"lead": lead, "draft": draft}, now=moment)
    assert verdict == Wait(at(until), Code.DAILY_CAP)


def test_every_refusal_is_a_move_that_an_approved_draft_may_make() -> None:
    for _, reason, _ in REASONS:
        verdict = judged(reason)
        if isinstance(verdict, Refuse):
            assert verdict.becomes in DRAFT_TRANSITIONS[DraftState.APPROVED]
