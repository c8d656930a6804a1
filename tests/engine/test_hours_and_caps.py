"""Schedules, quiet hours and an hour's cap, on real rows: nothing goes outside, nothing is lost."""

import threading
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.gate import send_approved_draft
from system_sender.hourly import HOUR, SPREAD, hour_of
from system_sender.models import Campaign, Draft, HourlyCount, Lead, Workspace
from system_sender.result import SendOutcome, SendResult
from system_sender.switches import pause, resume
from tests.engine.stage import Once, Stage, is_claim
from tests.support.tables import rows

MINUTE = 60_000
DAY = 24 * HOUR


def workspace(stage: Stage, **values: Any) -> None:
    """Change the workspace."""
    actions = [getattr(Workspace, name).set(value) for name, value in values.items()]
    stage.update(Workspace(stage.scene.workspace), *actions)


def clock(stage: Stage, text: str, zone: str = "America/New_York") -> int:
    """Let it be a time, and return it."""
    moment = int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    stage.world.step((moment - stage.world.now()) / 1000)
    return moment


def lead(stage: Stage, number: int) -> str:
    """Make another lead of the workspace, and return its id."""
    lead_id = f"{stage.scene.workspace}:lead{number}"
    contacts = {"gohighlevel": f"contact-{lead_id}"}
    stage.scene.put(
        Lead(
            lead_id,
            workspace=stage.scene.workspace,
            phone=f"+1212555{1000 + number}",
            contacts=contacts,
            created_at=stage.world.now(),
        )
    )
    return lead_id


def drafts(stage: Stage, count: int, first: int = 0) -> list[Draft]:
    """Approve a draft for each of many leads, so that nothing but the hour's cap can hold them."""
    return [
        stage.scene.draft(f"draft{n}", lead_id=lead(stage, n), seen_inbounds=0)
        for n in range(first, first + count)
    ]


def sent(stage: Stage) -> int:
    return len(list(stage.sandbox.ledger.accepted()))


def counted(stage: Stage) -> int:
    return sum(int(row.used) for row in rows(stage.connection, HourlyCount))


# --- hours ---------------------------------------------------------------------------------------


def test_a_draft_waits_for_its_hours_and_is_not_called_late_after_a_weekend(stage: Stage) -> None:
    workspace(stage, schedule={"mode": "BUSINESS_HOURS"})
    clock(stage, "2026-03-06T18:00")  # a Friday
    draft = stage.scene.draft()
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.OUTSIDE_SCHEDULE)
    stage.world.step(12 * 3600)
    assert stage.sweep().codes == {}, "nothing looks at it before"
    monday = clock(stage, "2026-03-09T09:00")
    assert result.due_at == monday
    # A pause that begins then is a wait of its own: it is counted from the hours' beginning.
    pause(stage.system.store, stage.world, stage.scene.workspace, None)
    assert stage.sweep().codes == {"paused_workspace": 1}
    resume(stage.system.store, stage.world, stage.scene.workspace, None)
    stage.world.step(61)
    assert stage.sweep().codes == {"sent": 1}


def test_a_campaign_s_schedule_that_cannot_be_read_holds_its_drafts(stage: Stage) -> None:
    campaign_id = f"{stage.scene.workspace}:autumn"
    stage.update(Campaign(campaign_id), Campaign.schedule.set({"mode": "SOMETIMES"}))
    draft = stage.scene.draft(campaign_id=campaign_id)
    assert stage.send(draft.draft_id).code is Code.SCHEDULE_INVALID
    assert stage.state(draft.draft_id) == "needs_review"
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT


def test_nobody_is_texted_unasked_at_night_but_answered(stage: Stage) -> None:
    clock(stage, "2026-03-03T22:00")
    draft = stage.scene.draft()
    assert stage.send(draft.draft_id).code is Code.QUIET_HOURS
    assert stage.post(stage.text("Still awake?")).fields["outcome"] == "sent"
    assert stage.state(draft.draft_id) == "superseded"


def test_the_lead_s_clock_goes_before_the_workspace_s(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.time_zone.set("Europe/Berlin"))
    clock(stage, "2026-03-03T14:00")
    draft = stage.scene.draft()
    assert stage.send(draft.draft_id).code is Code.QUIET_HOURS
    morning = clock(stage, "2026-03-04T09:00", "Europe/Berlin")
    assert stage.scene.draft_now(draft.draft_id).due_at == morning
    assert stage.sweep().codes == {"sent": 1}


def test_the_rest_of_a_text_waits_for_the_morning_too(stage: Stage) -> None:
    clock(stage, "2026-03-03T19:59:50")
    draft = stage.scene.draft(text="word " * 60)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="30", skip=1)
    assert stage.send(draft.draft_id).code is Code.RATE_LIMITED
    stage.world.step(60)
    assert stage.sweep().codes == {"quiet_hours": 1}
    clock(stage, "2026-03-04T09:00")
    assert stage.sweep().codes == {"sent": 1}
    assert len(stage.scene.sent_texts()) == 2


def test_a_person_writes_at_any_hour(stage: Stage) -> None:
    workspace(stage, schedule={"mode": "BUSINESS_HOURS"}, automated_per_hour=1)
    clock(stage, "2026-03-08T03:00")
    for key in ("one", "another"):
        draft = stage.scene.draft(key, sent_by=None)
        assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT
    assert counted(stage) == 0


# --- an hour's cap -------------------------------------------------------------------------------


def test_the_hour_s_cap_is_kept_and_the_rest_goes_in_the_next_hour(stage: Stage) -> None:
    workspace(stage, automated_per_hour=3)
    results = [stage.send(draft.draft_id) for draft in drafts(stage, 5)]
    assert [result.outcome for result in results].count(SendOutcome.SENT) == 3
    waiting = [result for result in results if result.outcome is SendOutcome.WAITING]
    assert {result.code for result in waiting} == {Code.HOURLY_CAP}
    following = hour_of(stage.world.now()) + HOUR
    for result in waiting:
        assert result.due_at is not None
        assert following <= result.due_at < following + SPREAD
    stage.world.step((following + SPREAD - stage.world.now()) / 1000)
    assert stage.sweep().codes == {"sent": 2}
    assert sent(stage) == 5


@pytest.mark.parametrize("cap", [1, 5, 8, 11])
def test_the_cap_is_used_to_the_last_message_whatever_shares_the_drafts_begin_with(
    stage: Stage, cap: int
) -> None:
    workspace(stage, automated_per_hour=cap)
    results = [stage.send(draft.draft_id) for draft in drafts(stage, cap + 2)]
    assert [result.outcome for result in results].count(SendOutcome.SENT) == cap
    assert sent(stage) == counted(stage) == cap


def test_many_at_once_never_pass_the_cap(stage: Stage) -> None:
    cap, waiting = 5, drafts(stage, 16)
    workspace(stage, automated_per_hour=cap)
    together = threading.Barrier(len(waiting))
    results: list[SendResult] = []

    def send(draft_id: str) -> None:
        together.wait()
        results.append(send_approved_draft(stage.system, draft_id, budget=stage.budget()))

    threads = [threading.Thread(target=send, args=(draft.draft_id,)) for draft in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent(stage) == counted(stage) <= cap
    outcomes = [result.outcome for result in results]
    assert outcomes.count(SendOutcome.SENT) == sent(stage)
    assert outcomes.count(SendOutcome.WAITING) == len(waiting) - sent(stage)
    stage.world.step(61)
    stage.sweep()
    assert sent(stage) == counted(stage) == cap, "who lost only to the others goes a minute later"


def test_the_last_of_an_hour_taken_by_another_between_verdict_and_claim_is_not_given_twice(
    stage: Stage,
) -> None:
    workspace(stage, automated_per_hour=1)
    one, other = drafts(stage, 2)
    stage.world.before = Once(is_claim, lambda: stage.send(other.draft_id))
    assert stage.send(one.draft_id).code is Code.HOURLY_CAP
    assert stage.state(other.draft_id) == "sent"
    assert sent(stage) == 1


def test_a_draft_that_is_tried_again_counts_once(stage: Stage) -> None:
    workspace(stage, automated_per_hour=2)
    draft, *_ = drafts(stage, 1)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="5")
    assert stage.send(draft.draft_id).code is Code.RATE_LIMITED
    stage.world.step(60)
    assert stage.sweep().codes == {"sent": 1}
    assert counted(stage) == 1


def test_all_parts_of_a_text_count_once(stage: Stage) -> None:
    workspace(stage, automated_per_hour=2)
    draft = stage.scene.draft(text="word " * 60)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert counted(stage) == 1


def test_a_backlog_that_lasts_a_day_is_shown_to_a_person(stage: Stage) -> None:
    workspace(stage, automated_per_hour=0, quiet_hours={"start": "00:00", "end": "00:00"})
    draft = stage.scene.draft()
    assert stage.send(draft.draft_id).code is Code.HOURLY_CAP
    stage.world.step(25 * 3600)
    assert stage.send(draft.draft_id).code is Code.WAITED_TOO_LONG


def test_a_count_is_forgotten_a_day_after_its_hour(stage: Stage) -> None:
    workspace(stage, automated_per_hour=1)
    stage.send(stage.scene.draft().draft_id)
    (row,) = rows(stage.connection, HourlyCount)
    assert int(row.expires_at) * 1000 == hour_of(stage.world.now()) + HOUR + DAY


# --- what it costs -------------------------------------------------------------------------------


def test_a_first_send_takes_four_round_trips_with_a_cap_as_without(stage: Stage) -> None:
    workspace(stage, automated_per_hour=100, schedule={"mode": "BUSINESS_HOURS"})
    draft = stage.scene.draft()
    stage.world.effects.clear()
    assert stage.approve_and_send(draft.draft_id).outcome is SendOutcome.SENT
    assert stage.world.round_trips() <= 4


def test_without_a_cap_nothing_is_counted(stage: Stage) -> None:
    assert stage.send(stage.scene.draft().draft_id).outcome is SendOutcome.SENT
    assert counted(stage) == 0


# --- what was permitted when it was judged -------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        Lead.booked.set(True),
        Lead.blacklisted.set(True),
        Lead.campaign_id.set("acme:elsewhere"),
    ],
    ids=["booked", "blacklisted", "moved"],
)
def test_what_lands_between_verdict_and_claim_is_judged_anew(stage: Stage, change: Any) -> None:
    """Whoever changes any of it lets the lead's version grow, and the claim names the version."""
    campaign_id = f"{stage.scene.workspace}:autumn"
    draft = stage.scene.draft(campaign_id=campaign_id)
    lead_row = Lead(stage.scene.lead_id)
    land = Once(is_claim, lambda: stage.update(lead_row, change, Lead.version.add(1)))
    stage.world.before = land
    assert stage.send(draft.draft_id).outcome is not SendOutcome.SENT
    assert land.happened == 1
    assert sent(stage) == 0
