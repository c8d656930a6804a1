"""A lead's whole way through a sequence, with all that may happen on it."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.budget import Budget
from system_sender.cli.operator import Operator
from system_sender.cli.sequences import switch_off
from system_sender.codes import Code
from system_sender.drafts import approve, edit, reject
from system_sender.followups.enrolment import (
    EnrolmentRefused,
    cancel_by_person,
    enrol,
    pause_by_person,
    resume_by_person,
)
from system_sender.followups.performing import perform_enrolment
from system_sender.followups.sequence import steps_of
from system_sender.followups.waking import leave_alone, note_answer, wake, wake_lead
from system_sender.models import (
    Campaign,
    Draft,
    Enrolment,
    HourlyCount,
    Lead,
    Message,
    Sequence,
    Suppression,
    Switch,
    Workspace,
    suppression_key,
)
from system_sender.policy import SETTER_MANAGED
from system_sender.result import SendOutcome
from system_sender.settlement import MOST_ATTEMPTS
from system_sender.states import DraftState
from system_sender.store import StorageUnavailable, Write
from system_sender.word import settle_by_word
from system_sender.world import Effect
from tests.engine.slack_stage import SlackStage
from tests.engine.stage import Once, Stage, is_claim, is_send, named
from tests.support.scene import PHONE
from tests.support.sequences import DAY, HOUR, MINUTE, TWO_STEPS, Winter
from tests.support.shards import one_shard
from tests.support.tables import rows

FIRST, SECOND = "Hi Dana, Acme here", "Still looking, Dana?"
HELLO, AGAIN = TWO_STEPS
BY_MAIL = {"channel": "email", "subject": "About Acme"}


@pytest.fixture(autouse=True)
def _one_shard() -> Iterator[None]:
    """Weeks are lived here, a sweep at a time."""
    with one_shard():
        yield


@pytest.fixture
def winter(stage: Stage) -> Winter:
    """A sequence of two texts, two days apart, and nobody in it."""
    return Winter(stage.scene, stage.system).write()


def sweep_through(stage: Stage, seconds: int, *, step: int = HOUR) -> None:
    """Let time pass, with a sweep now and then."""
    for _ in range(seconds // step):
        stage.world.step(step)
        stage.sweep()


def answer(stage: Stage, text: str = "Sure, which day?", **fields: Any) -> None:
    """Let the lead write."""
    assert stage.post(stage.text(text, **fields)).status == 200


def turn_off_replies(stage: Stage) -> None:
    """Let only people answer."""
    campaign = Campaign(f"{stage.scene.workspace}:autumn")
    stage.update(
        campaign,
        Campaign.response_mode.set(SETTER_MANAGED),
        Campaign.reply_template.remove(),
        Campaign.writer.set("template"),
    )


# --- the way through ------------------------------------------------------------------------------


def test_each_step_leaves_at_its_distance_and_the_sequence_is_completed(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    stage.world.step(2 * DAY - MINUTE)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    stage.world.step(MINUTE + 5)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST, SECOND]
    assert winter.stands == ("completed", "sequence_completed")
    assert winter.done == {"hello": "step_sent", "again": "step_sent"}
    assert not stage.scene.lead_now().enrolments
    assert winter.now.due_at is None
    assert [code for _, code in winter.told()] == [
        None,
        "step_sent",
        "step_sent",
        "sequence_completed",
    ]


def test_a_lead_is_enrolled_in_a_sequence_once(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    with pytest.raises(EnrolmentRefused) as refused:
        winter.enrol()
    assert refused.value.code is Code.ALREADY_ENROLLED


def test_a_lead_is_in_as_many_sequences_as_can_be_woken_together(stage: Stage) -> None:
    names = {f"{stage.scene.workspace}:s{n}/dana" for n in range(20)}
    stage.update(Lead(stage.scene.lead_id), Lead.enrolments.set(names))
    with pytest.raises(EnrolmentRefused) as refused:
        Winter(stage.scene, stage.system).write().enrol()
    assert refused.value.code is Code.TOO_MANY_SEQUENCES


def test_a_step_whose_draft_was_deleted_by_hand_asks_for_a_person(
    stage: Stage, winter: Winter
) -> None:
    draft = waiting_for_the_morning(stage, winter)
    stage.delete(Draft, draft)
    wake_lead(stage.system, stage.scene.lead_now())
    stage.sweep()
    assert winter.stands == ("paused", "draft_deleted")
    assert stage.sweep().due == 0


def test_a_lead_that_was_deleted_and_made_anew_is_in_no_sequence(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.update(Lead(stage.scene.lead_id), Lead.enrolments.remove())
    stage.sweep()
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("cancelled", "lead_not_found")


def test_a_sequence_that_is_over_leaves_room_for_another(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    assert stage.scene.lead_now().enrolments == {winter.enrolment_id}
    cancel_by_person(stage.system, winter.enrolment_id, user="kim")
    assert not stage.scene.lead_now().enrolments


def test_a_lead_that_is_deleted_meanwhile_is_not_enrolled(stage: Stage, winter: Winter) -> None:
    lead = stage.scene.lead_id
    stage.world.before = Once(named("write enrolment"), lambda: stage.delete(Lead, lead))
    with pytest.raises(EnrolmentRefused) as refused:
        winter.enrol()
    assert refused.value.code is Code.LEAD_NOT_FOUND
    assert stage.scene.store.read((Lead, lead), (Enrolment, winter.enrolment_id)) == [None, None]


def test_what_wakes_a_deleted_enrolment_does_no_harm_and_it_can_be_made_again(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.delete(Enrolment, winter.enrolment_id)
    answer(stage)
    report = stage.sweep()
    assert (report.failed, report.codes) == (0, {"enrolment_not_found": 1})
    assert stage.sweep().due == 0
    winter.enrol()
    assert winter.now.state == "active"


def test_an_enrolment_made_again_while_its_remains_are_put_away_goes_on(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.delete(Enrolment, winter.enrolment_id)
    wake_lead(stage.system, stage.scene.lead_now())
    again = Once(named("write enrolment"), winter.enrol)
    stage.world.before = again
    stage.sweep()
    assert again.happened
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]


def test_a_step_keeps_its_hour_when_the_clocks_change(stage: Stage, winter: Winter) -> None:
    stage.world.step(4 * DAY)  # noon on Saturday; on Sunday the clocks go forward
    winter.enrol()
    stage.sweep()
    stage.world.step(2 * DAY - HOUR + 5)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_a_step_that_is_not_for_the_lead_is_skipped_with_a_record(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write(
        {**HELLO, "condition": "has_phone"}, {**AGAIN, "day": 1}
    )
    stage.update(Lead(stage.scene.lead_id), Lead.phone.remove())
    winter.enrol()
    stage.sweep()
    assert winter.done == {"hello": "condition_false", "again": "missing_phone"}
    assert winter.stands == ("completed", "sequence_completed")


def test_a_missing_value_blocks_the_step_and_is_named(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write(
        {**HELLO, "template": "Hi {{ first_name }} of {{ company }}, about {{ product }}"}
    )
    winter.enrol(facts={"product": "pumps"})
    stage.sweep()
    assert winter.stands == ("paused", "variable_missing")
    assert winter.now.detail == "company"
    assert stage.sweep().due == 0
    stage.update(
        Enrolment(winter.enrolment_id), Enrolment.facts.set({"product": "pumps", "company": "Dot"})
    )
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.sweep()
    assert stage.scene.sent_texts() == ["Hi Dana of Dot, about pumps"]


def test_a_step_may_ask_for_approval(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write({**HELLO, "approval": True}, AGAIN)
    winter.enrol()
    stage.sweep()
    assert stage.state(winter.draft_id("hello")) == "needs_review"
    sweep_through(stage, DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == []
    approve_step(stage, winter, "hello")
    stage.sweep()
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    assert winter.done == {"hello": "step_sent"}
    # Its distance counts from when it left.
    stage.world.step(2 * DAY - HOUR)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]


def approve_step(stage: Stage, winter: Winter, step: str) -> None:
    draft = stage.scene.draft_now(winter.draft_id(step))
    lead = stage.scene.lead_now()
    approve(stage.scene.store, stage.world, draft, lead, sent_by="setter", user="kim")


def test_a_rejected_step_is_skipped(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write({**HELLO, "approval": True}, AGAIN)
    winter.enrol()
    stage.sweep()
    reject(stage.scene.store, stage.world, stage.scene.draft_now(winter.draft_id("hello")))
    stage.sweep()
    assert winter.done == {"hello": "draft_rejected"}
    stage.world.step(2 * DAY + 5)
    stage.sweep()
    assert stage.scene.sent_texts() == [SECOND]


def test_a_campaign_that_people_answer_asks_them_about_every_step(stage: Stage) -> None:
    turn_off_replies(stage)
    winter = Winter(stage.scene, stage.system).write(campaign_id=f"{stage.scene.workspace}:autumn")
    winter.enrol()
    stage.sweep()
    assert stage.scene.draft_now(winter.draft_id("hello")).code == "setter_managed"
    approve_step(stage, winter, "hello")
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]


# --- an answer pauses, and ours goes on -----------------------------------------------------------


def test_any_answer_pauses_and_an_automatic_reply_goes_on_with_the_distance_kept(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.sweep()
    stage.world.step(DAY)
    answer(stage)
    reply = stage.scene.sent_texts()[-1]
    assert reply == "Hi Dana, does 2pm Tuesday work?"
    stage.sweep()
    assert winter.stands == ("active", "step_not_due")
    stage.world.step(2 * DAY - HOUR)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST, reply]
    stage.world.step(2 * HOUR)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST, reply, SECOND]


def test_nothing_goes_while_nobody_has_answered_the_lead(stage: Stage, winter: Winter) -> None:
    wait_for_an_answer_of_ours(stage, winter)
    sweep_through(stage, 10 * DAY, step=12 * HOUR)
    assert winter.stands == ("paused", "lead_replied")
    assert winter.now.due_at is None
    assert stage.scene.sent_texts() == [FIRST]


def test_a_persons_answer_goes_on_with_the_distance_kept(stage: Stage, winter: Winter) -> None:
    wait_for_an_answer_of_ours(stage, winter)
    stage.world.step(5 * DAY)
    stage.post(stage.human_text("Kim here, let me look"))
    stage.sweep()
    assert winter.stands == ("active", "step_not_due")
    stage.world.step(2 * DAY - HOUR)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    stage.world.step(2 * HOUR)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_a_person_who_answers_through_us_lets_it_go_on(stage: Stage, winter: Winter) -> None:
    wait_for_an_answer_of_ours(stage, winter)
    stage.scene.draft("by-kim", text="Kim here", sent_by="setter")
    stage.sweep()
    stage.sweep()
    assert winter.stands == ("active", "step_not_due")


def test_a_persons_message_that_had_left_before_the_leads_answers_nothing(
    stage: Stage, winter: Winter
) -> None:
    turn_off_replies(stage)
    winter.enrol()
    stage.sweep()
    late = stage.human_text("Kim here, one more thing")
    stage.world.step(5 * MINUTE)
    answer(stage)
    stage.post(late)
    stage.sweep()
    assert winter.stands == ("paused", "lead_replied")


def test_a_message_that_comes_late_was_answered_already(stage: Stage, winter: Winter) -> None:
    turn_off_replies(stage)
    winter.enrol()
    stage.sweep()
    late = stage.text("Which day?")
    stage.world.step(5 * MINUTE)
    stage.post(stage.human_text("Tuesday"))
    stage.world.step(5 * MINUTE)
    stage.post(late)
    stage.sweep()
    assert winter.stands == ("active", "step_not_due")


@pytest.mark.parametrize("fate", ["rejected", "held", "refused by the provider"])
def test_a_reply_that_never_left_lets_nothing_go_on(
    stage: Stage, winter: Winter, fate: str
) -> None:
    wait_for_an_answer_of_ours(stage, winter)
    held = stage.scene.draft("reply", text="Sure", state=DraftState.NEEDS_REVIEW, sent_by=None)
    if fate == "rejected":
        reject(stage.scene.store, stage.world, held)
    elif fate == "refused by the provider":
        stage.fail(Kind.REFUSE, refusal="too_many_characters")
        stage.approve_and_send(held.draft_id, sent_by="setter")
    sweep_through(stage, 4 * DAY, step=12 * HOUR)
    assert winter.now.state == "paused"
    assert stage.scene.sent_texts() == [FIRST]


def test_a_reply_of_which_nobody_knew_goes_on_once_it_is_known_to_have_left(
    stage: Stage, winter: Winter
) -> None:
    wait_for_an_answer_of_ours(stage, winter)
    reply = stage.scene.draft("reply", text="Sure", sent_by="setter")
    stage.fail(Kind.RESET_BEFORE)
    stage.send(reply.draft_id)
    sweep_through(stage, 3 * HOUR)
    assert winter.now.state == "paused"
    settle_by_word(stage.system, reply.draft_id, 0, sent=True, resend=False)
    stage.sweep()
    assert winter.stands == ("active", "step_not_due")


def test_an_answer_of_an_answer_pauses_again(stage: Stage, winter: Winter) -> None:
    """The reply was to the first message; what came in while it left is not answered by it."""
    winter.enrol()
    stage.sweep()
    turn_off_replies(stage)
    reply = stage.scene.draft("reply", text="Sure")
    stage.world.before = Once(is_send, lambda: answer(stage, "And one more thing"))
    stage.send(reply.draft_id)
    assert stage.scene.sent_texts() == [FIRST, "Sure"]
    stage.sweep()
    assert winter.stands == ("paused", "lead_replied")


def test_what_the_lead_wrote_before_is_answered_before_the_sequence_begins(
    stage: Stage, winter: Winter
) -> None:
    turn_off_replies(stage)
    answer(stage)
    winter.enrol()
    stage.sweep()
    assert winter.stands == ("paused", "lead_replied")
    stage.post(stage.human_text("Kim here"))
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]


def test_an_answer_that_was_on_its_way_when_the_lead_was_enrolled_is_seen(
    stage: Stage, winter: Winter
) -> None:
    turn_off_replies(stage)
    answer(stage)
    reply = stage.scene.draft("reply", text="Sure", sent_by="setter")

    def enrol_and_pause() -> None:
        winter.enrol()
        perform_enrolment(stage.system, winter.enrolment_id, budget=stage.budget())

    stage.world.before = Once(is_send, enrol_and_pause)
    stage.send(reply.draft_id)
    assert winter.stands == ("paused", "lead_replied")
    stage.world.step(20 * MINUTE)
    stage.sweep()
    assert winter.stands[0] == "active"


def test_a_persons_own_message_moves_the_next_step(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.sweep()
    stage.world.step(2 * DAY - HOUR)
    stage.post(stage.human_text("Kim here, just so you know"))
    stage.world.step(DAY)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    stage.world.step(DAY)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_a_waiting_step_that_an_answer_overtakes_is_written_anew(
    stage: Stage, winter: Winter
) -> None:
    write_at_night(stage, winter)
    draft = winter.draft_id("hello")
    assert stage.state(draft) == "approved"
    answer(stage)
    assert stage.state(draft) == "superseded"
    stage.update(Lead(stage.scene.lead_id), Lead.first_name.set("Dana-Lee"))
    # The reply goes in the morning, and the step on the next day: one message a day.
    sweep_through(stage, 2 * DAY)
    assert stage.scene.sent_texts()[-1] == "Hi Dana-Lee, Acme here"
    assert stage.scene.draft_now(draft).revision == 2
    assert winter.done == {"hello": "step_sent"}


def wait_for_an_answer_of_ours(stage: Stage, winter: Winter) -> None:
    """Send the first step, and let the lead write what only people answer."""
    turn_off_replies(stage)
    winter.enrol()
    stage.sweep()
    answer(stage)
    stage.sweep()


def try_in_vain(stage: Stage, winter: Winter) -> str:
    """Let the provider want a pause of the first step; return its draft."""
    winter.enrol()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.sweep()
    return winter.draft_id("hello")


def only_by_day(stage: Stage) -> None:
    """Let automation write between nine and five."""
    hours = Workspace.schedule.set({"mode": "BUSINESS_HOURS"})
    stage.update(Workspace(stage.scene.workspace), hours)


def enrol_at_night(stage: Stage, winter: Winter) -> None:
    """Let the first step be due at eleven in the evening, when automation may not write."""
    only_by_day(stage)
    stage.world.step(11 * HOUR)
    winter.enrol()


def write_at_night(stage: Stage, winter: Winter) -> None:
    """Let the first step wait for the morning."""
    enrol_at_night(stage, winter)
    stage.sweep()


def test_a_rewritten_step_asks_for_approval_again(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write({**HELLO, "approval": True})
    winter.enrol()
    stage.sweep()
    answer(stage)
    assert stage.state(winter.draft_id("hello")) == "superseded"
    stage.sweep()
    assert stage.state(winter.draft_id("hello")) == "pending"
    approve_step(stage, winter, "hello")
    stage.sweep()
    assert stage.scene.sent_texts()[-1] == FIRST
    assert stage.scene.sent_texts().count(FIRST) == 1


def test_people_are_asked_about_a_rewritten_step_that_needs_them_now(
    stage: Stage, winter: Winter
) -> None:
    slack = SlackStage(stage).open()
    draft = waiting_for_the_morning(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    winter.write({**HELLO, "approval": True})
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    sweep_through(stage, HOUR, step=10 * MINUTE)
    assert stage.state(draft) == "pending"
    assert FIRST in str(slack.slack.messages())


def test_a_rewritten_step_is_among_the_lead_s_open_drafts_again(
    stage: Stage, winter: Winter
) -> None:
    draft = waiting_for_the_morning(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    assert not stage.scene.lead_now().open_drafts
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.sweep()
    assert stage.scene.lead_now().open_drafts == {draft}


def test_a_step_that_was_tried_before_it_was_overtaken_goes_with_its_own_text(
    stage: Stage, winter: Winter
) -> None:
    draft = try_in_vain(stage, winter)
    assert (stage.state(draft), stage.scene.draft_now(draft).parts) == ("approved", 1)
    answer(stage)
    sweep_through(stage, 2 * HOUR, step=10 * MINUTE)
    assert stage.scene.sent_texts().count(FIRST) == 1
    assert winter.done == {"hello": "step_sent"}


def test_what_a_person_approves_of_an_overtaken_step_is_that_step(
    stage: Stage, winter: Winter
) -> None:
    turn_off_replies(stage)
    write_at_night(stage, winter)
    answer(stage)
    stage.sweep()
    draft, lead = stage.scene.draft_now(winter.draft_id("hello")), stage.scene.lead_now()
    approve(stage.scene.store, stage.world, draft, lead, sent_by="setter", override_stale=True)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    stage.post(stage.human_text("Kim here"))
    sweep_through(stage, 2 * DAY)
    assert winter.done["hello"] == "step_sent"
    assert stage.scene.sent_texts().count(FIRST) == 1


# --- what ends it ---------------------------------------------------------------------------------


def opt_out(stage: Stage) -> None:
    answer(stage, "STOP")


def book(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.booked.set(True), Lead.version.add(1))


def blacklist(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.blacklisted.set(True), Lead.version.add(1))


def bounce(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.suppressed_channels.add({"email"}))
    key = suppression_key(stage.scene.workspace, "email", "dana@example.com")
    stage.scene.put(Suppression(key, reason="bounced", created_at=stage.world.now()))


ENDINGS: tuple[tuple[Callable[[Stage], None], str], ...] = (
    (opt_out, "opted_out"),
    (book, "lead_booked"),
    (blacklist, "blacklisted"),
    (bounce, "bounced"),
)


@pytest.mark.parametrize(("happens", "code"), ENDINGS)
def test_it_ends_for_good(
    stage: Stage, winter: Winter, happens: Callable[[Stage], None], code: str
) -> None:
    winter.enrol()
    stage.sweep()
    happens(stage)
    sweep_through(stage, 3 * DAY, step=12 * HOUR)
    assert winter.stands == ("cancelled", code)
    assert stage.scene.sent_texts() == [FIRST]
    with pytest.raises(EnrolmentRefused):
        resume_by_person(stage.system, winter.enrolment_id, user="kim")


@pytest.mark.parametrize(("happens", "code"), ENDINGS)
def test_what_waits_is_taken_back_at_the_end(
    stage: Stage, happens: Callable[[Stage], None], code: str
) -> None:
    winter = Winter(stage.scene, stage.system).write({**HELLO, "approval": True})
    winter.enrol()
    stage.sweep()
    happens(stage)
    wake_up(stage, winter)
    assert winter.stands == ("cancelled", code)
    assert stage.state(winter.draft_id("hello")) == "superseded"
    assert winter.draft_id("hello") not in (stage.scene.lead_now().open_drafts or ())


def wake_up(stage: Stage, winter: Winter) -> None:
    """Let a sweep look at the enrolment now."""
    write = Write(stage.world.new_id())
    wake(write, winter.enrolment_id, stage.world.now())
    stage.scene.store.write(write)
    stage.sweep()


def test_the_enrolment_of_a_lead_that_is_no_more_is_over(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.delete(Lead, stage.scene.lead_id)
    stage.sweep()
    assert winter.stands == ("cancelled", "lead_not_found")
    assert stage.sweep().due == 0


def test_a_sequence_that_is_no_more_ends_it(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.delete(Sequence, winter.sequence_id)
    stage.sweep()
    assert winter.stands == ("cancelled", "sequence_not_found")


# --- what pauses it -------------------------------------------------------------------------------


def test_a_snoozed_lead_is_left_alone_until_then(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.sweep()
    leave_alone(stage.system, stage.scene.lead_now(), stage.world.now() + 5 * DAY * 1000)
    stage.sweep()
    assert winter.stands == ("paused", "lead_away")
    sweep_through(stage, 5 * DAY - HOUR, step=HOUR * 7)
    assert stage.scene.sent_texts() == [FIRST]
    sweep_through(stage, DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_a_shorter_absence_does_not_end_a_longer_one(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    until = stage.world.now() + 5 * DAY * 1000
    leave_alone(stage.system, stage.scene.lead_now(), until)
    leave_alone(stage.system, stage.scene.lead_now(), until - DAY * 1000)
    assert stage.scene.lead_now().away_until == until


def test_a_step_that_waits_for_the_morning_is_taken_back_from_a_lead_who_is_away(
    stage: Stage, winter: Winter
) -> None:
    write_at_night(stage, winter)
    assert stage.state(winter.draft_id("hello")) == "approved"
    leave_alone(stage.system, stage.scene.lead_now(), stage.world.now() + 2 * DAY * 1000)
    stage.sweep()
    assert stage.state(winter.draft_id("hello")) == "superseded"
    sweep_through(stage, 4 * DAY)
    assert stage.scene.sent_texts() == [FIRST]


def test_leaving_alone_wins_over_a_claim_that_was_judged_before(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    until = stage.world.now() + 2 * DAY * 1000
    away = Once(is_claim, lambda: leave_alone(stage.system, stage.scene.lead_now(), until))
    stage.world.before = away
    stage.sweep()
    assert away.happened
    assert stage.scene.sent_texts() == []
    sweep_through(stage, 3 * DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == [FIRST]


@pytest.mark.parametrize("fields", [{}, {"source": "workflow"}])
def test_an_out_of_office_note_leaves_the_lead_alone_for_days_and_needs_no_answer(
    stage: Stage, winter: Winter, fields: dict[str, Any]
) -> None:
    winter.enrol()
    stage.sweep()
    note = "I am out of the office until further notice and will reply when I am back."
    answer(stage, note, **fields)
    stage.sweep()
    assert winter.stands == ("paused", "lead_away")
    sweep_through(stage, 3 * DAY - HOUR, step=71 * HOUR)
    assert stage.scene.sent_texts() == [FIRST]
    sweep_through(stage, DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_an_out_of_office_note_answers_no_question_before_it(stage: Stage, winter: Winter) -> None:
    turn_off_replies(stage)
    winter.enrol()
    stage.sweep()
    answer(stage, "What does it cost?")
    answer(stage, "I am out of the office until Monday and will reply when I am back.")
    sweep_through(stage, 5 * DAY, step=12 * HOUR)
    assert winter.stands == ("paused", "lead_replied")


def throw(stage: Stage, *, paused: bool) -> None:
    stage.update(Switch(stage.scene.workspace), Switch.paused.set(paused))


def test_a_paused_workspace_writes_nothing_and_goes_on_afterwards(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    throw(stage, paused=True)
    sweep_through(stage, DAY)
    assert not stage.drafts()
    throw(stage, paused=False)
    sweep_through(stage, HOUR, step=10 * MINUTE)
    assert stage.scene.sent_texts() == [FIRST]


def test_a_person_pauses_and_takes_back_what_waits_and_resumes(
    stage: Stage, winter: Winter
) -> None:
    write_at_night(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    assert stage.state(winter.draft_id("hello")) == "superseded"
    sweep_through(stage, 3 * DAY, step=3 * HOUR)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "paused_by_person")
    resume_by_person(stage.system, winter.enrolment_id, user="lee")
    resume_by_person(stage.system, winter.enrolment_id, user="lee")
    sweep_through(stage, 3 * DAY, step=3 * HOUR)
    assert stage.scene.sent_texts()[0] == FIRST
    assert ("person:kim", "paused_by_person") in winter.told()
    assert ("person:lee", "step_not_due") in winter.told()


def test_a_pause_wins_over_a_claim_that_was_judged_before(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    pause = Once(is_claim, lambda: pause_by_person(stage.system, winter.enrolment_id, user="kim"))
    stage.world.before = pause
    stage.sweep()
    assert pause.happened
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "paused_by_person")


def test_a_pause_after_the_claim_takes_nothing_back_and_the_step_is_done_once(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.world.before = Once(
        is_send, lambda: pause_by_person(stage.system, winter.enrolment_id, user="kim")
    )
    stage.sweep()
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    assert winter.stands == ("paused", "paused_by_person")
    assert winter.done == {"hello": "step_sent"}
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    sweep_through(stage, 3 * DAY, step=12 * HOUR)
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_the_last_step_of_a_paused_enrolment_completes_it(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write(HELLO)
    winter.enrol()
    stage.fail(Kind.RESET_BEFORE)
    stage.sweep()
    turn_off_replies(stage)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    settle_by_word(stage.system, winter.draft_id("hello"), 0, sent=True, resend=False)
    stage.sweep()
    assert winter.stands == ("completed", "sequence_completed")


def test_a_person_ends_it(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.sweep()
    cancel_by_person(stage.system, winter.enrolment_id, user="kim")
    sweep_through(stage, 3 * DAY, step=12 * HOUR)
    assert winter.stands == ("cancelled", "cancelled_by_person")
    assert stage.scene.sent_texts() == [FIRST]
    for decide in (pause_by_person, resume_by_person, cancel_by_person):
        with pytest.raises(EnrolmentRefused) as refused:
            decide(stage.system, winter.enrolment_id, user="kim")
        assert refused.value.code is Code.ENROLMENT_OVER


def test_a_person_goes_on_without_an_answer(stage: Stage, winter: Winter) -> None:
    turn_off_replies(stage)
    winter.enrol()
    stage.sweep()
    answer(stage, "Thanks!")
    stage.sweep()
    stage.world.step(5 * DAY)
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    sweep_through(stage, 2 * DAY + HOUR, step=49 * HOUR)
    assert stage.scene.sent_texts() == [FIRST, SECOND]


@pytest.mark.parametrize("decide", [pause_by_person, resume_by_person, cancel_by_person])
def test_nobody_decides_about_an_enrolment_that_is_none(
    stage: Stage, decide: Callable[..., None]
) -> None:
    with pytest.raises(EnrolmentRefused) as refused:
        decide(stage.system, "acme:winter/nobody", user="kim")
    assert refused.value.code is Code.ENROLMENT_NOT_FOUND


def test_a_lead_who_is_away_is_not_resumed(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    leave_alone(stage.system, stage.scene.lead_now(), stage.world.now() + DAY * 1000)
    stage.sweep()
    with pytest.raises(EnrolmentRefused) as refused:
        resume_by_person(stage.system, winter.enrolment_id, user="kim")
    assert refused.value.code is Code.LEAD_AWAY


# --- what is in the way of one step ---------------------------------------------------------------


def test_a_channel_that_is_shut_is_tried_a_few_times_and_skipped_with_a_record(
    stage: Stage, winter: Winter
) -> None:
    stage.post(stage.dnd())
    winter.enrol()
    looked: list[int] = []
    for _ in range(12 * 24):
        before = winter.now.attempts
        stage.sweep()
        looked += [stage.world.now()] if winter.now.attempts > before else []
        stage.world.step(HOUR)
        if winter.done:
            break
    assert winter.done == {"hello": "channel_shut"}
    assert len(looked) == 4
    assert stage.scene.sent_texts() == []
    assert winter.now.state == "active"


def test_being_woken_does_not_shorten_the_ladder(stage: Stage, winter: Winter) -> None:
    stage.post(stage.dnd())
    winter.enrol()
    for _ in range(8):
        wake_up(stage, winter)
    assert (winter.now.attempts, winter.done) == (1, {})


def test_a_channel_that_opens_again_lets_the_step_go(stage: Stage, winter: Winter) -> None:
    stage.post(stage.dnd())
    winter.enrol()
    stage.sweep()
    lift(stage)
    stage.world.step(HOUR + 5)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]


def lift(stage: Stage) -> None:
    stage.delete(Suppression, suppression_key(stage.scene.workspace, "sms", PHONE))
    stage.update(Lead(stage.scene.lead_id), Lead.suppressed_channels.delete({"sms"}))


def test_a_step_that_the_provider_refused_gets_one_more_draft_once_it_may_go(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.fail(Kind.REFUSE, refusal="dnd_sms")
    stage.sweep()
    assert stage.state(winter.draft_id("hello")) == "failed"
    assert winter.stands == ("active", "channel_shut")
    lift(stage)
    # The try that was refused was this day's message.
    sweep_through(stage, DAY)
    assert stage.scene.sent_texts() == [FIRST]
    assert stage.state(winter.draft_id("hello", 2)) == "sent"
    assert winter.done == {"hello": "step_sent"}
    sweep_through(stage, 3 * DAY, step=12 * HOUR)
    assert stage.state(winter.draft_id("again")) == "sent"


def test_a_step_that_the_provider_refuses_for_good_is_skipped_with_a_record(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.fail(Kind.REFUSE, refusal="missing_phone")
    stage.sweep()
    assert list(winter.done) == ["hello"]
    assert winter.now.state == "active"


def test_whoever_unsubscribed_at_the_provider_is_left_in_peace(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.fail(Kind.REFUSE, refusal="unsubscribed")
    stage.sweep()
    assert winter.stands == ("cancelled", "unsubscribed")


def test_rate_limits_are_tried_again_and_then_the_step_is_skipped_with_a_record(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.fail(Kind.REFUSE, refusal="too_many_requests", times=MOST_ATTEMPTS)
    sweep_through(stage, 3 * HOUR, step=10 * MINUTE)
    assert winter.done == {"hello": "attempts_exhausted"}
    sweep_through(stage, 3 * DAY, step=12 * HOUR)
    assert stage.scene.sent_texts() == [SECOND]


def test_an_e_mail_that_cannot_be_begun_is_skipped_with_a_record(stage: Stage) -> None:
    stage.scene.integrate("emailbison")
    workspace = Workspace(stage.scene.workspace)
    stage.update(workspace, Workspace.email_provider.set("emailbison"))
    winter = Winter(stage.scene, stage.system).write({**HELLO, **BY_MAIL}, {**AGAIN, "day": 1})
    winter.enrol()
    stage.sweep()
    stage.sweep()
    assert winter.done == {"hello": "no_thread", "again": "step_sent"}
    assert stage.state(winter.draft_id("hello")) == "superseded"


def test_what_is_set_up_wrongly_waits_for_a_person_who_puts_it_right(
    stage: Stage, winter: Winter
) -> None:
    workspace = Workspace(stage.scene.workspace)
    stage.update(workspace, Workspace.schedule.set({"mode": "SOMETIMES"}))
    winter.enrol()
    stage.sweep()
    assert stage.scene.draft_now(winter.draft_id("hello")).code == "schedule_invalid"
    stage.sweep()
    assert winter.stands == ("active", "step_waits")
    assert winter.now.due_at is None
    stage.update(workspace, Workspace.schedule.remove())
    approve_step(stage, winter, "hello")
    stage.sweep()
    stage.sweep()
    assert winter.done == {"hello": "step_sent"}


def test_a_blocked_lead_never_delays_another(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write(
        {**HELLO, "template": "Hi {{ first_name }} of {{ company }}"}
    )
    winter.enrol()
    other = Lead(
        f"{stage.scene.workspace}:lee",
        workspace=stage.scene.workspace,
        first_name="Lee",
        phone="+15550100002",
        contacts={"gohighlevel": "lee"},
        created_at=stage.world.now(),
    )
    stage.scene.put(other)
    row = stage.scene.store.get(Sequence, winter.sequence_id)
    assert row is not None
    enrol(
        stage.system,
        other,
        winter.sequence_id,
        steps_of(row.steps),
        time_zone="America/New_York",
        facts={"company": "Dot"},
    )
    assert stage.sweep().due == 2
    accepted = stage.sandbox.ledger.accepted(contact_id="lee")
    assert [entry.text for entry in accepted] == ["Hi Lee of Dot"]
    stage.world.step(DAY)
    stage.sweep()
    assert stage.sweep().due == 0


# --- hours and the day ----------------------------------------------------------------------------


def test_quiet_hours_and_schedules_put_a_step_off_and_its_follower_counts_from_there(
    stage: Stage, winter: Winter
) -> None:
    enrol_at_night(stage, winter)
    sweep_through(stage, 10 * HOUR - MINUTE, step=10 * HOUR - MINUTE)
    assert stage.scene.sent_texts() == []
    sweep_through(stage, 2 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == [FIRST]
    sweep_through(stage, 2 * DAY - HOUR, step=2 * DAY - HOUR)
    assert stage.scene.sent_texts() == [FIRST]
    sweep_through(stage, 2 * HOUR)
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_a_lead_gets_one_automated_message_a_day_on_a_channel_by_their_own_day(
    stage: Stage,
) -> None:
    """Noon in New York is two in the morning of the next day in Tokyo."""
    stage.update(Lead(stage.scene.lead_id), Lead.time_zone.set("Asia/Tokyo"))
    stage.update(
        Workspace(stage.scene.workspace),
        Workspace.quiet_hours.set({"start": "00:00", "end": "00:00"}),
    )
    one = Winter(stage.scene, stage.system, "one").write(HELLO).enrol()
    two = Winter(stage.scene, stage.system, "two").write(AGAIN | {"day": 1}).enrol()
    sweep_through(stage, 2 * HOUR, step=10 * MINUTE)
    assert len(stage.scene.sent_texts()) == 1
    # Ten at night in New York is noon of the same day in Tokyo.
    stage.world.step(8 * HOUR)
    stage.sweep()
    assert len(stage.scene.sent_texts()) == 1
    sweep_through(stage, DAY)
    assert sorted(stage.scene.sent_texts()) == [FIRST, SECOND]
    assert {one.now.state, two.now.state} == {"completed"}


def test_after_an_outage_a_backlog_goes_one_step_at_a_time(stage: Stage) -> None:
    steps = [{**HELLO, "key": f"k{day}", "day": day, "template": f"Day {day}"} for day in (1, 2, 3)]
    Winter(stage.scene, stage.system).write(*steps).enrol()
    stage.world.step(30 * DAY)
    stage.sweep()
    assert stage.scene.sent_texts() == ["Day 1"]
    stage.world.step(DAY - HOUR)
    stage.sweep()
    assert stage.scene.sent_texts() == ["Day 1"]
    sweep_through(stage, 3 * DAY)
    assert stage.scene.sent_texts() == ["Day 1", "Day 2", "Day 3"]


def test_many_skipped_steps_are_gone_through_over_several_rounds(stage: Stage) -> None:
    steps = [
        {**HELLO, "key": f"k{n}", "channel": "linkedin", "condition": "connected"}
        for n in range(20)
    ]
    stage.update(Lead(stage.scene.lead_id), Lead.linkedin_id.remove())
    winter = Winter(stage.scene, stage.system).write(*steps, {**AGAIN, "day": 1}).enrol()
    for _ in range(4):
        stage.sweep()
    assert stage.scene.sent_texts() == [SECOND]
    assert winter.stands == ("completed", "sequence_completed")


# --- a sequence that is edited --------------------------------------------------------------------


def test_a_step_put_in_front_is_passed_over_and_one_behind_is_not(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.sweep()
    early = {**HELLO, "key": "zero", "template": "Too early"}
    between = {**HELLO, "key": "between", "day": 2, "template": "In between"}
    winter.write({**early}, {**HELLO, "minute": 5}, between, AGAIN)
    sweep_through(stage, 5 * DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == [FIRST, "Too early", "In between", SECOND]


def test_the_step_that_waits_is_taken_out_and_does_not_leave(stage: Stage, winter: Winter) -> None:
    write_at_night(stage, winter)
    winter.write(AGAIN)
    wake_up(stage, winter)
    assert stage.state(winter.draft_id("hello")) == "superseded"
    assert winter.now.step == "again"
    sweep_through(stage, 4 * DAY)
    assert stage.scene.sent_texts() == [SECOND]


def test_a_step_that_left_before_it_was_taken_out_is_recorded(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.world.before = Once(is_send, lambda: winter.write(AGAIN))
    stage.sweep()
    assert winter.done == {"hello": "step_sent"}
    assert winter.now.step == "again"


def test_taking_out_what_is_left_completes_it(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.sweep()
    winter.write(HELLO)
    stage.world.step(2 * DAY + 5)
    stage.sweep()
    assert winter.stands == ("completed", "sequence_completed")


def test_a_sequence_that_is_switched_off_stops_and_a_person_resumes_it(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    winter.write(active=False)
    sweep_through(stage, DAY, step=6 * HOUR)
    assert winter.stands == ("paused", "sequence_inactive")
    winter.write()
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]


def switch_off_by_command(stage: Stage, winter: Winter) -> None:
    operator = Operator(stage.world)
    operator.store = stage.scene.store
    switch_off(operator, winter.sequence_id)


def test_a_step_that_waits_for_the_morning_is_taken_back_when_its_sequence_is_switched_off(
    stage: Stage, winter: Winter
) -> None:
    write_at_night(stage, winter)
    assert stage.state(winter.draft_id("hello")) == "approved"
    switch_off_by_command(stage, winter)
    stage.sweep()
    assert winter.stands == ("paused", "sequence_inactive")
    assert stage.state(winter.draft_id("hello")) == "superseded"
    sweep_through(stage, DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == []


def test_a_sequence_that_cannot_be_understood_stops(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    winter.write({"key": "hello"})
    stage.sweep()
    assert winter.stands == ("paused", "sequence_wrong")


# --- twice at once --------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["write draft+", "write suppression+", "write message+"])
def test_two_performances_that_overlap_send_a_step_once(
    stage: Stage, winter: Winter, at: str
) -> None:
    winter.enrol()
    other = Once(named(at), stage.sweep)
    stage.world.before = other
    stage.sweep()
    assert other.happened
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    assert winter.done == {"hello": "step_sent"}


def test_an_answer_between_reading_and_writing_is_not_lost(stage: Stage, winter: Winter) -> None:
    turn_off_replies(stage)
    winter.enrol()
    stage.world.before = Once(named("write draft+"), lambda: answer(stage))
    stage.sweep()
    stage.sweep()
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "lead_replied")


def test_a_pause_between_reading_and_writing_wins(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    pause = Once(
        named("write draft+"),
        lambda: pause_by_person(stage.system, winter.enrolment_id, user="kim"),
    )
    stage.world.before = pause
    stage.sweep()
    assert pause.happened
    sweep_through(stage, DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "paused_by_person")


@pytest.mark.parametrize("decide", [pause_by_person, cancel_by_person])
def test_a_word_during_an_attempt_that_did_not_leave_holds_for_the_next(
    stage: Stage, winter: Winter, decide: Callable[..., None]
) -> None:
    winter.enrol()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    word = Once(is_send, lambda: decide(stage.system, winter.enrolment_id, user="kim"))
    stage.world.before = word
    stage.sweep()
    assert word.happened
    sweep_through(stage, 2 * HOUR, step=10 * MINUTE)
    assert stage.scene.sent_texts() == []
    assert stage.state(winter.draft_id("hello")) == "superseded"


def test_what_came_back_while_a_person_paused_is_taken_back(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.fail(Kind.RESET_AFTER)
    stage.sweep()
    draft = winter.draft_id("hello")
    assert stage.state(draft) == "unknown"
    stage.world.before = Once(
        named("write draft+enrolment"),
        lambda: settle_by_word(stage.system, draft, 0, sent=False, resend=True),
    )
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    assert stage.state(draft) == "superseded"


def test_a_sequence_looks_before_the_next_attempt_at_what_happened_during_the_last(
    stage: Stage, winter: Winter
) -> None:
    winter.enrol()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")

    def switch_it_off() -> None:
        stage.update(Sequence(winter.sequence_id), Sequence.active.set(False))
        wake_lead(stage.system, stage.scene.lead_now())
        stage.sweep()

    stage.world.before = Once(is_send, switch_it_off)
    stage.sweep()
    draft = winter.draft_id("hello")
    assert stage.state(draft) == "approved"
    stage.world.step(10 * MINUTE)
    assert stage.send(draft).code is Code.SEQUENCE_LOOKS
    sweep_through(stage, 2 * HOUR, step=10 * MINUTE)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "sequence_inactive")


def test_a_sequence_whose_look_failed_has_still_to_look(stage: Stage, winter: Winter) -> None:
    draft = try_in_vain(stage, winter)
    stage.update(Sequence(winter.sequence_id), Sequence.active.set(False))
    stage.world.step(MINUTE)
    stage.world.before = Once(named("get " + Enrolment.Meta.table_name), fail_to_read)
    stage.sweep()
    assert int(winter.now.due_at) > stage.world.now()
    sweep_through(stage, 20 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == []
    assert stage.state(draft) == "superseded"
    assert winter.stands == ("paused", "sequence_inactive")


def fail_to_read() -> None:
    raise StorageUnavailable("no answer")


# --- what a person let go -------------------------------------------------------------------------


def approved_in_vain(stage: Stage) -> Winter:
    """Let a person approve the only step, and the provider want a pause."""
    winter = Winter(stage.scene, stage.system).write({**HELLO, "approval": True}).enrol()
    stage.sweep()
    approve_step(stage, winter, "hello")
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.sweep()
    return winter


def test_a_step_that_a_person_approved_is_tried_again(stage: Stage) -> None:
    winter = approved_in_vain(stage)
    assert stage.scene.draft_now(winter.draft_id("hello")).code == "rate_limited"
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == [FIRST]
    assert winter.stands == ("completed", "sequence_completed")


def switch_the_sequence_off(stage: Stage, winter: Winter) -> None:
    stage.update(Sequence(winter.sequence_id), Sequence.active.set(False))


def call_the_lead_away(stage: Stage, winter: Winter) -> None:
    leave_alone(stage.system, stage.scene.lead_now(), stage.world.now() + DAY * 1000)


def pause_it(stage: Stage, winter: Winter) -> None:
    pause_by_person(stage.system, winter.enrolment_id, user="kim")


def cancel_it(stage: Stage, winter: Winter) -> None:
    cancel_by_person(stage.system, winter.enrolment_id, user="kim")


def test_a_sequence_does_not_take_back_what_a_person_let_go(stage: Stage) -> None:
    winter = approved_in_vain(stage)
    call_the_lead_away(stage, winter)
    wake_up(stage, winter)
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == [FIRST]


@pytest.mark.parametrize(("happens", "code"), ENDINGS)
def test_what_ends_a_sequence_takes_back_what_a_person_let_go(
    stage: Stage, happens: Callable[[Stage], None], code: str
) -> None:
    turn_off_replies(stage)
    winter = approved_in_vain(stage)
    happens(stage)
    wake_up(stage, winter)
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == []
    assert stage.state(winter.draft_id("hello")) != "approved"
    assert winter.stands == ("cancelled", code)


def test_switching_a_sequence_off_takes_back_what_a_person_let_go(stage: Stage) -> None:
    winter = approved_in_vain(stage)
    switch_off_by_command(stage, winter)
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == []
    assert stage.state(winter.draft_id("hello")) == "superseded"
    assert winter.stands == ("paused", "sequence_inactive")


@pytest.mark.parametrize(
    ("takes_back", "stands"),
    [
        (pause_it, ("paused", "paused_by_person")),
        (cancel_it, ("cancelled", "cancelled_by_person")),
        (switch_off_by_command, ("paused", "sequence_inactive")),
    ],
)
def test_an_order_that_is_taken_back_during_its_attempt_is_not_carried_out_by_the_next(
    stage: Stage, takes_back: Callable[[Stage, Winter], None], stands: tuple[str, str]
) -> None:
    winter = approved_in_vain(stage)
    draft = winter.draft_id("hello")
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    during = Once(is_send, lambda: takes_back(stage, winter))
    stage.world.before = during
    sweep_through(stage, 10 * MINUTE, step=MINUTE)
    assert during.happened
    assert stage.scene.sent_texts() == []
    assert (stage.state(draft), winter.stands) == ("superseded", stands)


def test_a_step_is_told_as_a_persons_though_their_order_was_taken_back_as_it_left(
    stage: Stage,
) -> None:
    winter = approved_in_vain(stage)
    draft = winter.draft_id("hello")
    stage.world.before = Once(is_send, lambda: pause_it(stage, winter))
    sweep_through(stage, 10 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == [FIRST]
    (delivery,) = stage.messages()
    assert (stage.state(draft), delivery.sent_by) == ("sent", "setter")
    assert stage.scene.lead_now().answered_inbounds == {0}


def test_switching_off_takes_back_what_a_person_let_go_for_another_day(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write({**HELLO, "approval": True}).enrol()
    stage.sweep()
    draft = stage.scene.draft_now(winter.draft_id("hello"))
    tomorrow = stage.world.now() + DAY * 1000
    lead = stage.scene.lead_now()
    approve(stage.scene.store, stage.world, draft, lead, sent_by="setter", due_at=tomorrow)
    stage.sweep()
    assert winter.now.due_at is None
    switch_off_by_command(stage, winter)
    sweep_through(stage, 2 * DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "sequence_inactive")


def test_switching_off_takes_back_what_a_person_let_go_while_the_enrolment_was_paused(
    stage: Stage, winter: Winter
) -> None:
    turn_off_replies(stage)
    draft = waiting_for_the_morning(stage, winter)
    answer(stage)
    stage.sweep()
    assert (stage.state(draft), winter.stands) == ("superseded", ("paused", "lead_replied"))
    row = stage.scene.draft_now(draft)
    tomorrow = stage.world.now() + DAY * 1000
    approve(
        stage.scene.store,
        stage.world,
        row,
        stage.scene.lead_now(),
        sent_by="setter",
        user="kim",
        due_at=tomorrow,
        override_stale=True,
    )
    switch_off_by_command(stage, winter)
    sweep_through(stage, 2 * DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == []
    assert (stage.state(draft), winter.stands) == ("superseded", ("paused", "sequence_inactive"))


def test_the_rest_of_a_persons_text_needs_nothing_of_an_hour_that_is_used_up(stage: Stage) -> None:
    stage.update(Workspace(stage.scene.workspace), Workspace.automated_per_hour.set(1))
    assert stage.send(stage.scene.draft("other").draft_id).outcome is SendOutcome.SENT
    long = {**HELLO, "template": "word " * 60, "approval": True}
    winter = Winter(stage.scene, stage.system).write(long).enrol()
    stage.sweep()
    approve_step(stage, winter, "hello")
    sends = itertools.count(1)

    def fail_the_second(effect: Effect, name: str) -> None:
        if is_send(effect, name) and next(sends) == 2:
            stage.fail(Kind.REFUSE, refusal="too_many_requests")
            pause_it(stage, winter)

    stage.world.before = fail_the_second
    sweep_through(stage, 10 * MINUTE, step=MINUTE)
    draft = stage.scene.draft_now(winter.draft_id("hello"))
    assert (draft.state, draft.sent_by, draft.parts) == ("sent", "ai", 2)


def test_an_order_that_is_taken_back_before_the_claim_is_not_carried_out(stage: Stage) -> None:
    winter = approved_in_vain(stage)
    before = Once(is_claim, lambda: switch_off_by_command(stage, winter))
    stage.world.step(MINUTE)
    stage.world.before = before
    stage.send(winter.draft_id("hello"))
    assert before.happened
    sweep_through(stage, 10 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "sequence_inactive")


def test_an_order_that_moves_while_it_is_taken_back_is_taken_back_all_the_same(
    stage: Stage,
) -> None:
    winter = approved_in_vain(stage)
    stage.world.step(MINUTE)
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.world.before = Once(named("write draft"), lambda: stage.send(winter.draft_id("hello")))
    switch_off_by_command(stage, winter)
    sweep_through(stage, 10 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "sequence_inactive")


def test_a_person_who_pauses_takes_back_what_a_person_let_go(stage: Stage) -> None:
    winter = approved_in_vain(stage)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == []
    assert stage.state(winter.draft_id("hello")) == "superseded"


def test_a_newer_message_stops_what_a_person_let_go_and_pauses(stage: Stage) -> None:
    turn_off_replies(stage)
    winter = approved_in_vain(stage)
    answer(stage)
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == []
    assert stage.state(winter.draft_id("hello")) == "superseded"
    assert winter.stands == ("paused", "lead_replied")


def unknown_step(stage: Stage, winter: Winter) -> str:
    """Leave the first step's fate unknown, although it never left; return its draft."""
    turn_off_replies(stage)
    winter.enrol()
    stage.fail(Kind.RESET_BEFORE)
    stage.sweep()
    draft = winter.draft_id("hello")
    assert stage.state(draft) == "unknown"
    return draft


def let_the_lead_write(stage: Stage, winter: Winter) -> None:
    answer(stage)
    stage.sweep()


@pytest.mark.parametrize(
    "happens", [let_the_lead_write, switch_the_sequence_off, pause_it, cancel_it]
)
def test_what_a_person_orders_anew_goes_whatever_its_sequence_does(
    stage: Stage, winter: Winter, happens: Callable[[Stage, Winter], None]
) -> None:
    draft = unknown_step(stage, winter)
    happens(stage, winter)
    settle_by_word(stage.system, draft, 0, sent=False, resend=True, override_stale=True, user="kim")
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.scene.sent_texts() == [FIRST]
    assert (stage.state(draft), stage.scene.draft_now(draft).sent_by) == ("sent", "setter")


@pytest.mark.parametrize("state", [DraftState.SENDING, DraftState.APPROVED])
def test_a_persons_step_answers_the_lead_and_automations_does_not_whoever_finds_that_it_left(
    stage: Stage, state: DraftState
) -> None:
    by_person = approved_in_vain(stage).draft_id("hello")
    it_had_left(stage, by_person, state)
    stage.sweep()
    assert stage.state(by_person) == "sent"
    assert stage.scene.lead_now().answered_inbounds == {0}
    stage.update(Lead(stage.scene.lead_id), Lead.answered_inbounds.remove())
    summer = Winter(stage.scene, stage.system, "summer").write()
    by_sequence = try_in_vain(stage, summer)
    it_had_left(stage, by_sequence, state)
    sweep_through(stage, 3 * MINUTE, step=MINUTE)
    assert stage.state(by_sequence) == "sent"
    assert stage.scene.lead_now().answered_inbounds is None


def test_a_step_that_automation_sends_answers_nothing(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    assert stage.scene.lead_now().answered_inbounds is None


def test_a_step_of_automation_that_a_person_saw_leave_answers_nothing(
    stage: Stage, winter: Winter
) -> None:
    draft = unknown_step(stage, winter)
    settle_by_word(stage.system, draft, 0, sent=True, resend=False, user="kim")
    assert stage.state(draft) == "sent"
    assert stage.scene.lead_now().answered_inbounds is None


def it_had_left(stage: Stage, draft_id: str, state: DraftState) -> None:
    """Let a delivery be known to have left, and its draft stand as it did before."""
    stage.update(Message(draft_id, 0), Message.state.set("sent"))
    due = [Draft.due_at.set(stage.world.now()), Draft.state.set(state.value)]
    stage.update(Draft(draft_id), *due)


def test_a_step_that_was_tried_another_day_counts_on_the_day_that_it_leaves(
    stage: Stage, winter: Winter
) -> None:
    summer = Winter(stage.scene, stage.system, "summer")
    summer.write({**HELLO, "template": "Summer, {{ first_name }}"})
    try_in_vain(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.world.step(DAY)
    summer.enrol()
    stage.sweep()
    assert stage.scene.sent_texts() == ["Summer, Dana"]
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    sweep_through(stage, 2 * HOUR)
    assert stage.scene.sent_texts() == ["Summer, Dana"]
    assert stage.scene.draft_now(winter.draft_id("hello")).code == "channel_daily_cap"
    sweep_through(stage, DAY)
    assert stage.scene.sent_texts() == ["Summer, Dana", FIRST]


def test_a_step_that_is_tried_again_the_next_day_counts_on_that_day(
    stage: Stage, winter: Winter
) -> None:
    stage.update(Workspace(stage.scene.workspace), Workspace.automated_per_hour.set(1))
    summer = Winter(stage.scene, stage.system, "summer")
    summer.write({**HELLO, "template": "Summer, {{ first_name }}"})
    draft = try_in_vain(stage, winter)
    assert stage.scene.draft_now(draft).code == "rate_limited"
    yesterday = stage.scene.lead_now().automated_day
    stage.world.step(DAY)
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]
    lead = stage.scene.lead_now()
    assert lead.automated_day > yesterday
    assert (lead.automated_today, lead.automated_on) == (1, {"sms": lead.automated_day})
    assert sum(int(row.used) for row in rows(stage.connection, HourlyCount)) == 2
    summer.enrol()
    sweep_through(stage, 2 * HOUR)
    assert stage.scene.sent_texts() == [FIRST]
    assert stage.scene.draft_now(summer.draft_id("hello")).code == "channel_daily_cap"


def test_the_parts_of_a_text_count_once_though_midnight_passes_between_them(
    stage: Stage,
) -> None:
    winter = Winter(stage.scene, stage.system).write({**HELLO, "template": "word " * 60}).enrol()
    sends = itertools.count(1)

    def fail_the_second(effect: Effect, name: str) -> None:
        if is_send(effect, name) and next(sends) == 2:
            stage.fail(Kind.REFUSE, refusal="too_many_requests")

    stage.world.before = fail_the_second
    stage.sweep()
    first_day = stage.scene.lead_now().automated_day
    stage.world.step(DAY)
    stage.sweep()
    assert stage.state(winter.draft_id("hello")) == "sent"
    lead = stage.scene.lead_now()
    assert (lead.automated_day, lead.automated_today) == (first_day, 1)


def test_a_step_that_is_written_while_its_sequence_is_switched_off_does_not_leave(
    stage: Stage, winter: Winter
) -> None:
    enrol_at_night(stage, winter)
    off = Once(named("write draft"), lambda: switch_off_by_command(stage, winter))
    stage.world.before = off
    stage.sweep()
    assert off.happened
    sweep_through(stage, DAY, step=HOUR)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("paused", "sequence_inactive")
    assert stage.state(winter.draft_id("hello")) == "superseded"


def test_a_step_whose_sequence_is_deleted_meanwhile_does_not_leave(
    stage: Stage, winter: Winter
) -> None:
    write_at_night(stage, winter)
    stage.delete(Sequence, winter.sequence_id)
    sweep_through(stage, DAY, step=HOUR)
    assert stage.scene.sent_texts() == []
    assert winter.stands == ("cancelled", "sequence_not_found")


def test_a_step_that_a_person_tried_in_vain_counts_once_automation_sends_it(stage: Stage) -> None:
    only_by_day(stage)
    stage.world.step(9 * HOUR)  # nine in the evening
    winter = Winter(stage.scene, stage.system).write(HELLO).enrol()
    stage.sweep()
    approve_step(stage, winter, "hello")
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.sweep()
    assert stage.scene.draft_now(winter.draft_id("hello")).code == "rate_limited"
    pause_it(stage, winter)
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    sweep_through(stage, 14 * HOUR)
    assert stage.scene.sent_texts() == [FIRST]
    lead = stage.scene.lead_now()
    assert (lead.automated_today, lead.automated_in_a_row) == (1, 1)


def test_our_answer_while_the_enrolment_goes_to_rest_is_not_lost(
    stage: Stage, winter: Winter
) -> None:
    wait_for_an_answer_of_ours(stage, winter)
    sweep_through(stage, DAY, step=HOUR)
    assert winter.stands == ("paused", "lead_replied")
    assert winter.now.due_at is None
    lead = stage.scene.lead_now()
    wake_lead(stage.system, lead)
    ours = Once(
        named("write enrolment"), lambda: note_answer(stage.system, lead, int(lead.inbound_count))
    )
    stage.world.before = ours
    stage.sweep()
    assert ours.happened
    sweep_through(stage, 3 * DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == [FIRST, SECOND]


def test_what_left_while_it_was_taken_back_is_not_called_superseded(
    stage: Stage, winter: Winter
) -> None:
    draft = waiting_for_the_morning(stage, winter)
    stage.world.step(10 * HOUR)
    stage.fail(Kind.RESET_AFTER)
    stage.world.before = Once(named("write enrolment"), lambda: stage.send(draft))
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    assert stage.state(draft) == "unknown"
    assert winter.stands == ("paused", "paused_by_person")


def test_what_a_person_approves_while_it_is_written_anew_goes_as_they_saw_it(
    stage: Stage, winter: Winter
) -> None:
    draft = waiting_for_the_morning(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.update(Lead(stage.scene.lead_id), Lead.first_name.set("Dana-Lee"))
    resume_by_person(stage.system, winter.enrolment_id, user="kim")

    def approve_it() -> None:
        row, lead = stage.scene.draft_now(draft), stage.scene.lead_now()
        approve(stage.scene.store, stage.world, row, lead, sent_by="setter", override_stale=True)

    stage.world.step(10 * HOUR)
    stage.world.before = Once(named("write revision+draft"), approve_it)
    stage.sweep()
    sweep_through(stage, HOUR, step=10 * MINUTE)
    assert stage.scene.sent_texts() == [FIRST]
    assert stage.scene.draft_now(draft).sent_by == "setter"


def test_a_text_that_was_tried_is_not_written_anew(stage: Stage, winter: Winter) -> None:
    try_in_vain(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.update(Lead(stage.scene.lead_id), Lead.first_name.set("Dana-Lee"))
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    sweep_through(stage, 2 * HOUR, step=10 * MINUTE)
    assert stage.scene.sent_texts() == [FIRST]
    assert stage.scene.draft_now(winter.draft_id("hello")).revision == 1


def test_a_step_that_is_approved_anew_has_all_its_attempts(stage: Stage, winter: Winter) -> None:
    draft = try_in_vain(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.sweep()
    assert (stage.state(draft), stage.scene.draft_now(draft).attempts) == ("approved", 1)


def test_a_text_whose_record_is_gone_may_be_out_and_is_not_taken_back(
    stage: Stage, winter: Winter
) -> None:
    draft = try_in_vain(stage, winter)
    stage.delete(Message, draft, 0)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    assert stage.state(draft) == "approved"


def test_an_answer_right_before_the_claim_of_a_rewritten_step_stops_it(
    stage: Stage, winter: Winter
) -> None:
    turn_off_replies(stage)
    waiting_for_the_morning(stage, winter)
    pause_by_person(stage.system, winter.enrolment_id, user="kim")
    resume_by_person(stage.system, winter.enrolment_id, user="kim")
    stage.world.step(10 * HOUR)
    late = Once(is_claim, lambda: answer(stage))
    stage.world.before = late
    stage.sweep()
    assert late.happened
    sweep_through(stage, DAY, step=6 * HOUR)
    assert stage.scene.sent_texts() == []


def waiting_for_the_morning(stage: Stage, winter: Winter) -> str:
    """Enrol at eleven at night, where automation writes by day; return the step's draft."""
    write_at_night(stage, winter)
    draft = winter.draft_id("hello")
    assert stage.state(draft) == "approved"
    return draft


def test_a_budget_that_is_used_up_leaves_the_step_due(stage: Stage, winter: Winter) -> None:
    winter.enrol()
    budget = Budget.of_seconds(stage.world, 1)
    perform_enrolment(stage.system, winter.enrolment_id, budget=budget)
    assert stage.scene.sent_texts() == []
    stage.sweep()
    stage.sweep()
    assert stage.scene.sent_texts() == [FIRST]


def test_a_person_edits_what_waits_for_approval(stage: Stage) -> None:
    winter = Winter(stage.scene, stage.system).write({**HELLO, "approval": True}, AGAIN)
    winter.enrol()
    stage.sweep()
    draft = stage.scene.draft_now(winter.draft_id("hello"))
    edit(stage.scene.store, stage.world, draft, "Hi Dana, this is Kim", user="kim")
    wake_up(stage, winter)
    assert stage.state(winter.draft_id("hello")) == "pending"
    approve_step(stage, winter, "hello")
    stage.sweep()
    stage.sweep()
    assert stage.scene.sent_texts() == ["Hi Dana, this is Kim"]
    assert winter.done == {"hello": "step_sent"}
