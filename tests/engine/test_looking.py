"""A delivery whose outcome is unknown is looked up at its provider, and never sent again for it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from devstack.sandbox.contract import Injected
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Sandbox
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit
from system_sender.looking import look_up
from system_sender.models import Draft, Evidence, Integration, Lead, Message, integration_key
from system_sender.result import SendOutcome
from system_sender.states import DraftState
from system_sender.switches import pause
from system_sender.word import settle_by_word
from tests.engine.stage import Once, Stage, named, nothing
from tests.support.tables import rows

MINUTE = 60
HOUR = 3600
HELLO = "Hi Dana"
# Three parts, each with words of its own, so that the provider's list tells them apart.
LONG = "alpha " * 25 + "bravo " * 25 + "gamma " * 20

writes_evidence = named("write evidence")


def parked(stage: Stage, kind: Kind = Kind.RESET_AFTER, **changes: Any) -> Draft:
    """Return a draft whose request got no answer; `kind` says whether the provider took it."""
    draft = stage.scene.draft(**changes)
    stage.fail(kind)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    return draft


def put_into_records(stage: Stage, text: str = HELLO, **changes: Any) -> None:
    """Let the provider's records hold a message that the API sent to the lead."""
    given = {"direction": "outbound", "source": "api", **changes}
    account, contact = stage.scene.location, stage.scene.contact
    stage.sandbox.inject(Injected(account, contact, text, **given))


def look_ups(stage: Stage) -> int:
    """Return how often the provider was asked."""
    requests = stage.sandbox.ledger.requests()
    return sum(entry.operation is Operation.LOOK_UP for entry in requests)


def sends(stage: Stage) -> int:
    return len(stage.sandbox.ledger.sends())


def findings(stage: Stage, draft: Draft, part: int = 0) -> list[str]:
    """Return what the look-ups of a delivery came to, oldest first."""
    row = stage.scene.message_now(draft.draft_id, part)
    return [entry["finding"] for entry in row.look_ups or ()]


def evidence(stage: Stage) -> list[Evidence]:
    return rows(stage.connection, Evidence)


def later(stage: Stage, seconds: float) -> dict[str, int]:
    """Let time pass and the minute's round be done; return what it came to."""
    stage.world.step(seconds)
    return stage.sweep().codes


def past_the_last_rung(stage: Stage) -> None:
    for seconds in (30, 90, 8 * MINUTE, 50 * MINUTE, 24 * HOUR):
        later(stage, seconds)


def assert_parked(stage: Stage, draft: Draft) -> None:
    """It waits for a person, in sight of them, and nothing was sent again."""
    row = stage.scene.message_now(draft.draft_id)
    assert (stage.state(draft.draft_id), row.state, row.attention) == (
        "unknown",
        "unknown",
        "parked",
    )
    assert draft.draft_id in (stage.scene.lead_now().open_drafts or ())


# --- when ----------------------------------------------------------------------------------------


def test_it_is_looked_up_four_times_within_an_hour_and_at_no_other_time(stage: Stage) -> None:
    parked(stage, Kind.RESET_BEFORE)
    seen = []
    for seconds in (29, 1, 89, 1, 479, 1, 2999, 1, 24 * HOUR):
        later(stage, seconds)
        seen.append(look_ups(stage))
    assert seen == [0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert sends(stage) == 1


def test_a_second_attempt_that_a_person_ordered_has_all_its_look_ups_again(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    past_the_last_rung(stage)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    stage.fail(Kind.RESET_BEFORE)
    stage.sweep()
    assert stage.state(draft.draft_id) == "unknown"
    past_the_last_rung(stage)
    assert look_ups(stage) == 8
    assert findings(stage, draft) == ["absent"] * 8


# --- found once ----------------------------------------------------------------------------------


def test_what_is_found_once_is_settled_as_sent(stage: Stage) -> None:
    draft = parked(stage)
    assert later(stage, 30) == {"sent_by_evidence": 1}
    [accepted] = stage.sandbox.ledger.accepted()
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.code) == ("sent", "sent_by_evidence")
    assert row.attention is None
    assert row.provider_message_id == accepted.message_id
    assert row.provider_thread_id == accepted.conversation_id
    assert findings(stage, draft) == ["found"]
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.code) == ("sent", "sent_by_evidence")
    assert now.due_at is None
    assert not stage.scene.lead_now().open_drafts
    [used] = evidence(stage)
    assert used.delivery == f"{draft.draft_id}#0"
    assert (used.source, str(used.evidence).endswith(str(accepted.message_id))) == ("look_up", True)


def test_a_repeated_call_tells_the_id_that_was_found(stage: Stage) -> None:
    draft = parked(stage)
    later(stage, 30)
    [accepted] = stage.sandbox.ledger.accepted()
    again = stage.approve_and_send(draft.draft_id, "setter")
    assert (again.outcome, again.code, again.replayed) == (
        SendOutcome.SENT,
        Code.SENT_BY_EVIDENCE,
        True,
    )
    assert again.provider_ids == (accepted.message_id,)
    assert sends(stage) == 1


def test_what_was_settled_is_not_looked_up_again(stage: Stage) -> None:
    parked(stage)
    past_the_last_rung(stage)
    assert look_ups(stage) == 1


@pytest.mark.parametrize(
    ("seconds", "seen"),
    [
        (10, ["found"]),
        (45, ["absent", "found"]),
        (5 * MINUTE, ["absent", "absent", "found"]),
        (30 * MINUTE, ["absent", "absent", "absent", "found"]),
        (2 * HOUR, ["absent"] * 4),
    ],
)
def test_a_record_that_shows_up_late_is_found_once_it_shows(
    stage: Stage, seconds: float, seen: list[str]
) -> None:
    stage.sandbox.settings.visibility_delay_s = seconds
    draft = parked(stage)
    past_the_last_rung(stage)
    assert findings(stage, draft) == seen
    assert stage.state(draft.draft_id) == ("sent" if "found" in seen else "unknown")
    assert sends(stage) == 1


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_providers_clock_may_be_off_by_ninety_seconds(stage: Stage, seconds: float) -> None:
    clock = partial(_off_by, stage, seconds)
    stage.scene.sandbox = Sandbox(clock=clock, seed=stage.scene.workspace)
    stage.system = stage.scene.system()
    draft = parked(stage)
    past_the_last_rung(stage)
    assert stage.state(draft.draft_id) == "sent"


def _off_by(stage: Stage, seconds: float) -> float:
    return stage.world.now() / 1000 + seconds


def test_it_is_found_behind_a_page_of_others(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    for number in range(150):
        put_into_records(stage, f"Another text {number}")
    put_into_records(stage)
    assert later(stage, 30) == {"sent_by_evidence": 1}
    assert look_ups(stage) == 2
    assert stage.state(draft.draft_id) == "sent"


def test_of_more_than_can_be_read_nothing_is_concluded(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    put_into_records(stage)
    for number in range(600):
        put_into_records(stage, f"Another text {number}")
    later(stage, 30)
    assert findings(stage, draft) == ["could_not_look"]
    assert_parked(stage, draft)


# --- not found -----------------------------------------------------------------------------------


def test_what_is_not_found_stays_parked_and_is_never_sent_again(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    past_the_last_rung(stage)
    assert findings(stage, draft) == ["absent"] * 4
    assert_parked(stage, draft)
    assert stage.scene.draft_now(draft.draft_id).due_at is None
    assert sends(stage) == 1
    assert stage.sweep().parked == 1
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.UNKNOWN
    assert evidence(stage) == []


def test_each_look_is_written_down_with_its_time(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    began = stage.world.now()
    past_the_last_rung(stage)
    taken = [entry["at"] - began for entry in stage.scene.message_now(draft.draft_id).look_ups]
    assert taken == [30_000, 120_000, 600_000, 3_600_000]


def looks_meet(kind: Kind, **options: Any) -> Fault:
    """Return a fault of every look-up."""
    return Fault(kind, operation=Operation.LOOK_UP, times=None, **options)


@pytest.mark.parametrize(
    "fault",
    [
        looks_meet(Kind.REFUSE, refusal="invalid_token"),
        looks_meet(Kind.REFUSE, refusal="forbidden"),
        looks_meet(Kind.REFUSE, refusal="too_many_requests"),
        looks_meet(Kind.SERVER_ERROR_BEFORE),
        looks_meet(Kind.SERVER_ERROR_BEFORE, status=503),
        looks_meet(Kind.STALL_BEFORE, seconds=60),
        looks_meet(Kind.RESET_BEFORE),
        looks_meet(Kind.EMPTY_SUCCESS),
        looks_meet(Kind.HTML_SUCCESS),
        looks_meet(Kind.SUCCESS_ERROR_BODY),
        looks_meet(Kind.REDIRECT),
    ],
    ids=lambda fault: fault.refusal or f"{fault.kind}-{fault.status}",
)
def test_not_being_able_to_look_is_not_seeing_nothing(stage: Stage, fault: Fault) -> None:
    draft = parked(stage)
    stage.sandbox.program(fault)
    later(stage, 30)
    later(stage, 90)
    assert findings(stage, draft) == ["could_not_look"] * 2
    assert_parked(stage, draft)
    stage.sandbox.clear_faults()
    later(stage, 8 * MINUTE)
    assert stage.state(draft.draft_id) == "sent"
    assert sends(stage) == 1


# --- which one it is -----------------------------------------------------------------------------


def test_a_copy_that_a_person_sent_in_the_providers_app_is_no_evidence(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    put_into_records(stage, source="app")
    past_the_last_rung(stage)
    assert findings(stage, draft) == ["absent"] * 4
    assert_parked(stage, draft)


def test_what_the_lead_wrote_back_word_for_word_is_no_evidence(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    put_into_records(stage, direction="inbound")
    later(stage, 30)
    assert findings(stage, draft) == ["absent"]


def test_an_equal_text_of_another_day_is_no_evidence(stage: Stage) -> None:
    put_into_records(stage)
    stage.world.step(24 * HOUR)
    draft = parked(stage, Kind.RESET_BEFORE)
    later(stage, 30)
    assert findings(stage, draft) == ["absent"]


def test_of_two_records_that_it_could_be_none_is_taken(stage: Stage) -> None:
    draft = parked(stage)
    put_into_records(stage)
    past_the_last_rung(stage)
    assert findings(stage, draft) == ["ambiguous"] * 4
    assert_parked(stage, draft)
    assert evidence(stage) == []


@pytest.mark.parametrize("second", [Kind.RESET_BEFORE, Kind.RESET_AFTER])
def test_of_two_equal_texts_whose_outcome_is_unknown_none_is_settled_by_a_guess(
    stage: Stage, second: Kind
) -> None:
    first = parked(stage, Kind.RESET_AFTER, key="first")
    other = parked(stage, second, key="second")
    past_the_last_rung(stage)
    for draft in (first, other):
        assert findings(stage, draft) == ["ambiguous"] * 4
        assert_parked(stage, draft)
    assert evidence(stage) == []
    [first_look, *_] = stage.scene.message_now(first.draft_id).look_ups
    assert {each["id"] for each in first_look["candidates"]} == {
        entry.message_id for entry in stage.sandbox.ledger.accepted()
    }


def test_once_a_person_decided_about_one_the_other_is_settled_by_what_is_left(
    stage: Stage,
) -> None:
    first = parked(stage, Kind.RESET_BEFORE, key="first")
    second = parked(stage, Kind.RESET_AFTER, key="second")
    later(stage, 30)
    settle_by_word(stage.system, first.draft_id, 0, sent=False, resend=False)
    later(stage, 90)
    assert findings(stage, second) == ["ambiguous", "found"]


def test_the_record_of_a_known_send_is_not_taken_for_an_unknown_one(stage: Stage) -> None:
    known = stage.scene.draft("known", HELLO)
    assert stage.send(known.draft_id).outcome is SendOutcome.SENT
    draft = parked(stage, Kind.RESET_BEFORE, key="second")
    past_the_last_rung(stage)
    assert findings(stage, draft) == ["absent"] * 4
    assert_parked(stage, draft)


def test_the_record_of_a_known_send_is_told_from_that_of_an_unknown_one(stage: Stage) -> None:
    known = stage.scene.draft("known", HELLO)
    stage.send(known.draft_id)
    draft = parked(stage, Kind.RESET_AFTER, key="second")
    later(stage, 30)
    row = stage.scene.message_now(draft.draft_id)
    assert row.provider_message_id == stage.sandbox.ledger.accepted()[1].message_id
    assert row.provider_message_id != stage.scene.message_now(known.draft_id).provider_message_id


def test_a_known_send_of_minutes_ago_is_not_forgotten_when_the_providers_clock_is_fast(
    stage: Stage,
) -> None:
    clock = partial(_off_by, stage, 90)
    stage.scene.sandbox = Sandbox(clock=clock, seed=stage.scene.workspace)
    stage.system = stage.scene.system()
    known = stage.scene.draft("known", HELLO)
    assert stage.send(known.draft_id).outcome is SendOutcome.SENT
    stage.world.step(150)
    draft = parked(stage, Kind.RESET_BEFORE, key="second")
    past_the_last_rung(stage)
    assert findings(stage, draft) == ["absent"] * 4
    assert_parked(stage, draft)


def test_a_parked_one_of_minutes_ago_is_not_forgotten_when_the_providers_clock_is_fast(
    stage: Stage,
) -> None:
    first = parked(stage, Kind.RESET_BEFORE, key="first")
    stage.world.step(150)
    second = parked(stage, Kind.RESET_BEFORE, key="second")
    # The first one's request was accepted after all, a little late, by a fast clock.
    put_into_records(stage, added_at=stage.world.now() / 1000 - 60)
    later(stage, 30)
    assert findings(stage, second) == ["ambiguous"]
    assert (stage.state(first.draft_id), stage.state(second.draft_id)) == ("unknown", "unknown")


def test_a_send_whose_id_is_unknown_may_be_what_is_found(stage: Stage) -> None:
    """One record, and two deliveries that it could be: the one that is known to have left."""
    known = stage.scene.draft("known", HELLO)
    stage.fail(Kind.SUCCESS_WITHOUT_ID)
    assert stage.send(known.draft_id).outcome is SendOutcome.SENT
    draft = parked(stage, Kind.RESET_BEFORE, key="second")
    later(stage, 30)
    assert stage.state(draft.draft_id) == "unknown"
    assert findings(stage, draft) == ["ambiguous"]


def test_a_send_that_is_known_by_another_id_may_be_what_is_found(stage: Stage) -> None:
    """Some answers name the thread, and the records name the message."""
    known = stage.scene.draft("known", HELLO)
    assert stage.send(known.draft_id).outcome is SendOutcome.SENT
    stage.update(Message(known.draft_id, 0), Message.provider_message_id.set("thread1"))
    draft = parked(stage, Kind.RESET_BEFORE, key="second")
    later(stage, 30)
    assert findings(stage, draft) == ["ambiguous"]
    assert_parked(stage, draft)


def test_an_equal_text_that_is_parked_since_yesterday_does_not_confuse(stage: Stage) -> None:
    parked(stage, Kind.RESET_BEFORE, key="first")
    past_the_last_rung(stage)
    draft = parked(stage, Kind.RESET_AFTER, key="second")
    later(stage, 30)
    assert findings(stage, draft) == ["found"]


def test_what_another_delivery_was_settled_by_is_used_up(stage: Stage) -> None:
    draft = parked(stage)
    [accepted] = stage.sandbox.ledger.accepted()
    key = f"{stage.scene.workspace}:gohighlevel:{accepted.message_id}"
    stage.scene.put(Evidence(key, delivery="another#0", source="echo", created_at=0))
    past_the_last_rung(stage)
    assert findings(stage, draft) == ["absent"] * 4
    assert_parked(stage, draft)


def test_what_is_used_up_at_the_last_moment_settles_nothing_more(stage: Stage) -> None:
    draft = parked(stage)
    [accepted] = stage.sandbox.ledger.accepted()
    key = f"{stage.scene.workspace}:gohighlevel:{accepted.message_id}"
    row = Evidence(key, delivery="another#0", source="echo", created_at=0)
    stage.world.before = Once(writes_evidence, lambda: stage.scene.put(row))
    assert later(stage, 30) == {"draft_changed": 1}
    assert_parked(stage, draft)
    assert [each.delivery for each in evidence(stage)] == ["another#0"]


def test_two_look_ups_at_once_settle_it_once(stage: Stage) -> None:
    draft = parked(stage)
    stage.world.step(30)
    inner: list[Code] = []
    row = stage.scene.draft_now(draft.draft_id)

    def look_in_between() -> None:
        inner.append(look_up(stage.system, row, stage.budget()))

    stage.world.before = Once(writes_evidence, look_in_between)
    outer = look_up(stage.system, row, stage.budget())
    assert (outer, inner) == (Code.DRAFT_CHANGED, [Code.SENT_BY_EVIDENCE])
    assert findings(stage, draft) == ["found"]
    assert len(evidence(stage)) == 1
    assert stage.scene.draft_now(draft.draft_id).result["provider_ids"] == [
        entry.message_id for entry in stage.sandbox.ledger.accepted()
    ]


# --- several parts -------------------------------------------------------------------------------


def test_a_part_that_is_found_lets_the_rest_of_the_same_text_go(stage: Stage) -> None:
    draft = stage.scene.draft(text=LONG)
    stage.fail(Kind.RESET_AFTER, skip=1)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    with pytest.raises(DraftRefused) as refused:
        edit(stage.scene.store, stage.world, stage.scene.draft_now(draft.draft_id), "Other words")
    assert refused.value.code is Code.DRAFT_CLAIMED
    assert later(stage, 30) == {"sent_by_evidence": 1}
    assert stage.state(draft.draft_id) == "approved"
    assert stage.sweep().codes == {"sent": 1}
    texts = stage.scene.sent_texts()
    assert (len(texts), " ".join(" ".join(texts).split())) == (3, " ".join(LONG.split()))
    assert stage.scene.draft_now(draft.draft_id).revision == 1
    again = stage.approve_and_send(draft.draft_id, "setter")
    assert again.provider_ids == tuple(
        entry.message_id for entry in stage.sandbox.ledger.accepted()
    )


def test_a_part_that_is_not_found_holds_the_rest_back(stage: Stage) -> None:
    draft = stage.scene.draft(text=LONG)
    stage.fail(Kind.RESET_BEFORE, skip=1)
    stage.send(draft.draft_id)
    past_the_last_rung(stage)
    assert findings(stage, draft, 1) == ["absent"] * 4
    assert (sends(stage), stage.state(draft.draft_id)) == (2, "unknown")


def test_equal_parts_are_not_taken_for_one_another(stage: Stage) -> None:
    draft = stage.scene.draft(text="word " * 64)
    stage.fail(Kind.RESET_BEFORE, skip=1)
    stage.send(draft.draft_id)
    later(stage, 30)
    assert findings(stage, draft, 1) == ["absent"]


def test_an_opt_out_meanwhile_stops_the_rest_of_a_text_whose_part_is_found(stage: Stage) -> None:
    draft = stage.scene.draft(text=LONG)
    stage.fail(Kind.RESET_AFTER, skip=1)
    stage.send(draft.draft_id)
    stage.post(stage.text("STOP"))
    later(stage, 30)
    stage.sweep()
    assert (sends(stage), stage.state(draft.draft_id)) == (2, "failed")
    assert stage.scene.message_now(draft.draft_id, 1).state == "sent"


# --- what happens meanwhile ----------------------------------------------------------------------


def test_a_look_up_goes_on_while_everything_is_paused(stage: Stage) -> None:
    """It sends nothing, and what left has left."""
    draft = parked(stage)
    stage.post(stage.dnd())
    pause(stage.system.store, stage.world, "*", None)
    later(stage, 30)
    assert stage.state(draft.draft_id) == "sent"


def delete_integration(stage: Stage) -> None:
    stage.delete(Integration, integration_key(stage.scene.workspace, "gohighlevel"))


def take_the_token(stage: Stage) -> None:
    stage.scene.secrets.token = None


@pytest.mark.parametrize("break_it", [delete_integration, take_the_token])
def test_without_an_account_nobody_could_look(
    stage: Stage, break_it: Callable[[Stage], None]
) -> None:
    draft = parked(stage)
    break_it(stage)
    past_the_last_rung(stage)
    assert findings(stage, draft) == ["could_not_look"] * 4
    assert_parked(stage, draft)
    assert (look_ups(stage), sends(stage)) == (0, 1)


def test_without_its_lead_it_waits_for_a_person_in_sight(stage: Stage) -> None:
    draft = parked(stage)
    stage.delete(Lead, stage.scene.lead_id)
    past_the_last_rung(stage)
    assert stage.sweep().parked == 1
    assert (stage.state(draft.draft_id), sends(stage)) == ("unknown", 1)
    assert stage.scene.draft_now(draft.draft_id).due_at is None
    fate = settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    assert fate is not None
    assert fate.state is DraftState.SENT


def test_without_its_draft_the_delivery_waits_for_a_person_in_sight(stage: Stage) -> None:
    draft = parked(stage)
    stage.delete(Draft, draft.draft_id)
    past_the_last_rung(stage)
    assert (stage.sweep().parked, sends(stage)) == (1, 1)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.attention) == ("unknown", "parked")


@pytest.mark.parametrize("model", [Draft, Lead])
def test_what_is_deleted_while_it_is_looked_up_breaks_nothing(stage: Stage, model: Any) -> None:
    draft = parked(stage)
    key = draft.draft_id if model is Draft else stage.scene.lead_id
    stage.world.before = Once(writes_evidence, lambda: stage.delete(model, key))
    assert later(stage, 30) == {"draft_changed": 1}
    assert sends(stage) == 1
    stage.world.before = nothing
    past_the_last_rung(stage)
    report = stage.sweep()
    assert (report.due, report.parked) == (0, 1)


def test_a_persons_word_that_comes_first_stands(stage: Stage) -> None:
    draft = parked(stage)

    def decide() -> None:
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)

    stage.world.before = Once(writes_evidence, decide)
    assert later(stage, 30) == {"draft_changed": 1}
    assert stage.scene.draft_now(draft.draft_id).code == "settled_not_sent"
    assert evidence(stage) == []


def test_a_persons_word_that_comes_second_is_refused(stage: Stage) -> None:
    draft = parked(stage)
    later(stage, 30)
    with pytest.raises(DraftRefused) as refused:
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    assert refused.value.code is Code.NOT_PARKED
    past_the_last_rung(stage)
    assert sends(stage) == 1


def test_a_persons_word_while_nothing_was_found_yet_ends_the_looking(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    later(stage, 30)
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    past_the_last_rung(stage)
    assert (look_ups(stage), sends(stage)) == (1, 1)


def test_a_look_that_sees_nothing_does_not_undo_an_order_to_send_again(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)

    def order() -> None:
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)

    stage.world.before = Once(named("write message+draft"), order)
    stage.world.step(30)
    found = look_up(stage.system, stage.scene.draft_now(draft.draft_id), stage.budget())
    assert found is Code.DRAFT_CHANGED
    stage.world.before = nothing
    assert stage.sweep().codes == {"sent": 1}
    assert stage.scene.sent_texts() == [HELLO]


def test_an_answer_that_arrives_after_all_does_not_undo_what_was_found(stage: Stage) -> None:
    """A process that slept longer than the look-up took wakes up, and wants to park."""
    draft = stage.scene.draft()

    def sleep() -> None:
        stage.world.step(120)
        stage.world.before = nothing
        stage.sweep()
        later(stage, 30)
        assert stage.state(draft.draft_id) == "sent"

    stage.fail(Kind.RESET_AFTER)
    stage.world.before = Once(named("write message+"), sleep)
    stage.send(draft.draft_id)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.code) == ("sent", "sent_by_evidence")
    assert row.attention is None
    assert (stage.state(draft.draft_id), sends(stage)) == ("sent", 1)


def test_nobody_can_approve_what_is_parked(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    past_the_last_rung(stage)
    row, lead = stage.scene.draft_now(draft.draft_id), stage.scene.lead_now()
    with pytest.raises(DraftRefused) as refused:
        approve(stage.scene.store, stage.world, row, lead, sent_by="setter", override_stale=True)
    assert refused.value.code is Code.DRAFT_CLAIMED


# --- sent without an id --------------------------------------------------------------------------


def without_id(stage: Stage) -> Draft:
    draft = stage.scene.draft()
    stage.fail(Kind.SUCCESS_WITHOUT_ID)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    return draft


def test_an_id_that_the_answer_lacked_is_looked_up_once(stage: Stage) -> None:
    draft = without_id(stage)
    assert stage.scene.message_now(draft.draft_id).provider_message_id is None
    past_the_last_rung(stage)
    [accepted] = stage.sandbox.ledger.accepted()
    row = stage.scene.message_now(draft.draft_id)
    assert (row.provider_message_id, row.state) == (accepted.message_id, "sent")
    assert look_ups(stage) == 1
    assert [each.delivery for each in evidence(stage)] == [f"{draft.draft_id}#0"]
    assert (sends(stage), stage.sweep().due) == (1, 0)
    assert stage.approve_and_send(draft.draft_id).provider_ids == (accepted.message_id,)


@pytest.mark.parametrize("found", ["nothing", "two", "no answer"])
def test_an_id_that_is_not_found_is_not_asked_for_again(stage: Stage, found: str) -> None:
    draft = without_id(stage)
    if found == "nothing":
        stage.sandbox.settings.visibility_delay_s = HOUR
    elif found == "two":
        put_into_records(stage)
    else:
        stage.fail(Kind.RESET_BEFORE, operation=Operation.LOOK_UP, times=None)
    past_the_last_rung(stage)
    row = stage.scene.message_now(draft.draft_id)
    assert row.state == "sent"
    assert row.provider_message_id is None
    assert row.attention is None
    assert (look_ups(stage), sends(stage), stage.sweep().due) == (1, 1, 0)
    assert stage.state(draft.draft_id) == "sent"


def test_an_id_that_is_filled_in_by_two_rounds_at_once_is_filled_in_once(stage: Stage) -> None:
    draft = without_id(stage)
    stage.world.step(2 * MINUTE)
    stage.world.before = Once(writes_evidence, stage.sweep)
    assert stage.sweep().codes == {"draft_changed": 1}
    assert len(evidence(stage)) == 1
    rows_left = rows(stage.connection, Message)
    assert [row.provider_message_id for row in rows_left] == [
        entry.message_id for entry in stage.sandbox.ledger.accepted()
    ]
    assert stage.state(draft.draft_id) == "sent"


def test_an_id_that_was_told_meanwhile_is_not_replaced(stage: Stage) -> None:
    draft = without_id(stage)
    row = Message(draft.draft_id, 0)
    told = Message.provider_message_id.set("told1")
    stage.world.before = Once(writes_evidence, lambda: stage.update(row, told))
    assert later(stage, 2 * MINUTE) == {"draft_changed": 1}
    assert stage.scene.message_now(draft.draft_id).provider_message_id == "told1"
    later(stage, MINUTE)
    assert stage.sweep().due == 0
