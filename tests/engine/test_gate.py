"""The one way out: claim, request, settle. The judge is the provider's ledger."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.drafts import approve
from system_sender.models import Draft, Lead, Workspace
from system_sender.result import SendOutcome, SendResult
from system_sender.sending import SendMeta, send_sms_system
from system_sender.settlement import MOST_ATTEMPTS, UNHEALTHY_MILLISECONDS
from system_sender.states import DraftState
from system_sender.switches import MAX_AGE_SECONDS, POST_WINDOW_SECONDS, pause
from tests.engine.stage import Once, Stage, is_claim, is_send, is_settlement
from tests.support.scene import FixedSecrets, Scene

# --- the ordinary ways ---------------------------------------------------------------------------


def test_a_first_send_leaves_once_and_is_written_down(stage: Stage) -> None:
    text = "Grüße Dana, \u0645\u0631\u062d\u0628\u0627 \U0001f44b"
    draft = stage.scene.draft(text=text)
    result = stage.send(draft.draft_id)
    [entry] = stage.sandbox.ledger.accepted()
    assert (entry.text, entry.contact_id) == (text, stage.scene.contact)
    assert (result.outcome, result.code, result.replayed) == (SendOutcome.SENT, Code.SENT, False)
    assert result.provider_ids == (entry.message_id,)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.sent_by, row.attempt) == ("sent", "ai", 1)
    assert (row.provider_message_id, row.provider_thread_id) == (
        entry.message_id,
        entry.conversation_id,
    )
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.code) == ("sent", "sent")
    assert now.due_at is None
    lead = stage.scene.lead_now()
    assert (lead.automated_in_a_row, lead.automated_today) == (1, 1)
    assert not lead.open_drafts


def test_a_repeated_call_returns_the_stored_result(stage: Stage) -> None:
    draft = stage.scene.draft()
    first = stage.send(draft.draft_id)
    for again in (stage.send(draft.draft_id), stage.approve_and_send(draft.draft_id, "setter")):
        assert again.replayed
        assert (again.outcome, again.code, again.message_id, again.provider_ids) == (
            first.outcome,
            first.code,
            first.message_id,
            first.provider_ids,
        )
    assert len(stage.sandbox.ledger.sends()) == 1


def test_sixty_four_concurrent_calls_send_once_and_none_raises(stage: Stage) -> None:
    draft = stage.scene.draft()
    with ThreadPoolExecutor(64) as pool:
        results = list(pool.map(stage.approve_and_send, [draft.draft_id] * 64))
    assert len(stage.sandbox.ledger.sends()) == 1
    first = [result for result in results if not result.replayed]
    assert [result.outcome for result in first] == [SendOutcome.SENT]
    others = {result.outcome for result in results if result.replayed}
    assert others <= {SendOutcome.SENT, SendOutcome.IN_PROGRESS}


def test_a_draft_that_does_not_exist_is_a_value(stage: Stage) -> None:
    result = stage.approve_and_send(f"{stage.scene.workspace}:nobody")
    assert (result.outcome, result.code) == (SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND)


@pytest.mark.parametrize(
    ("gone", "code"), [(Lead, Code.LEAD_NOT_FOUND), (Workspace, Code.WORKSPACE_NOT_FOUND)]
)
def test_a_draft_without_its_lead_or_workspace_is_held_for_a_person(
    stage: Stage, gone: Any, code: Code
) -> None:
    draft = stage.scene.draft()
    key = {Lead: stage.scene.lead_id, Workspace: stage.scene.workspace}[gone]
    stage.delete(gone, key)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.HELD, code)
    assert stage.state(draft.draft_id) == "needs_review"
    assert stage.sandbox.ledger.requests() == []


def test_a_pending_draft_is_approved_and_sent_in_one_call(stage: Stage) -> None:
    draft = stage.scene.draft(state=DraftState.PENDING, sent_by=None)
    assert stage.send(draft.draft_id).code is Code.AWAITING_PERSON
    assert stage.scene.sent_texts() == []
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT
    assert stage.scene.message_now(draft.draft_id).sent_by == "setter"
    assert stage.scene.lead_now().human_outbound_count == 1


def test_what_waits_for_a_person_is_not_approved_by_a_machine(stage: Stage) -> None:
    draft = stage.scene.draft(state=DraftState.NEEDS_REVIEW, code=Code.BELOW_THRESHOLD)
    result = stage.approve_and_send(draft.draft_id, "ai")
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.BELOW_THRESHOLD)
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT


def test_somebody_must_stand_behind_a_message(stage: Stage) -> None:
    with pytest.raises(ValueError, match='"ai" or "setter"'):
        stage.approve_and_send("acme:x", "robot")


def test_a_draft_for_later_waits_visibly(stage: Stage) -> None:
    later = stage.world.now() + 3_600_000
    draft = stage.scene.draft(due_at=later)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code, result.due_at) == (
        SendOutcome.WAITING,
        Code.NOT_DUE,
        later,
    )
    stage.world.step(3600)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT


def test_with_too_little_time_left_nothing_is_claimed(stage: Stage) -> None:
    draft = stage.scene.draft()
    from system_sender.gate import send_approved_draft

    result = send_approved_draft(stage.system, draft.draft_id, budget=stage.budget(6))
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.NO_TIME)
    assert stage.messages() == []
    assert stage.scene.draft_now(draft.draft_id).due_at is not None


@pytest.mark.parametrize(
    ("text", "code"),
    [("", Code.EMPTY_TEXT), (" \n", Code.EMPTY_TEXT), ("long " * 400, Code.TEXT_TOO_LONG)],
)
def test_a_text_that_cannot_be_sent_waits_for_a_person(stage: Stage, text: str, code: Code) -> None:
    draft = stage.scene.draft(text=text)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.HELD, code)
    assert (stage.messages(), stage.sandbox.ledger.requests()) == ([], [])


@pytest.mark.parametrize(
    ("lead", "code"),
    [
        ({"phone": None}, Code.MISSING_PHONE),
        ({"phone": "call me"}, Code.MISSING_PHONE),
        ({"contacts": None}, Code.MISSING_CONTACT),
    ],
)
def test_a_lead_that_cannot_be_reached_waits_for_a_person(
    stage: Stage, lead: dict[str, Any], code: Code
) -> None:
    stage.scene.seed(**lead)
    draft = stage.scene.draft()
    assert stage.send(draft.draft_id).code is code
    assert stage.state(draft.draft_id) == "needs_review"


def test_a_channel_without_a_provider_is_refused(stage: Stage) -> None:
    draft = stage.scene.draft(channel="carrier pigeon")
    assert stage.send(draft.draft_id).code is Code.CHANNEL_NOT_SUPPORTED
    assert stage.sandbox.ledger.requests() == []


def test_a_workspace_without_a_token_waits_and_goes_once_it_has_one(stage: Stage) -> None:
    draft = stage.scene.draft()
    tokenless = stage.scene.system(secrets=FixedSecrets(token=None))
    result = stage.send(draft.draft_id, system=tokenless)
    assert (result.outcome, result.code) == (
        SendOutcome.WAITING,
        Code.INTEGRATION_NOT_CONFIGURED,
    )
    stage.world.step(600)
    assert stage.sweep().codes == {"sent": 1}


# --- send_sms_system -----------------------------------------------------------------------------


def sms(stage: Stage, text: str, key: str = "k1", **meta: Any) -> SendResult:
    return send_sms_system(
        stage.scene.lead_id,
        text,
        SendMeta(key=key, **meta),
        system=stage.system,
        budget=stage.budget(),
    )


def test_a_callers_key_sends_once(stage: Stage) -> None:
    assert sms(stage, "Hi").outcome is SendOutcome.SENT
    again = sms(stage, "Hi")
    assert (again.outcome, again.replayed) == (SendOutcome.SENT, True)
    assert stage.scene.sent_texts() == ["Hi"]
    assert again.draft_id == f"{stage.scene.workspace}:k1"


def test_a_callers_key_with_another_text_is_refused(stage: Stage) -> None:
    sms(stage, "Hi")
    result = sms(stage, "Hi!")
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.KEY_REUSED)
    assert stage.scene.sent_texts() == ["Hi"]


def test_concurrent_callers_with_one_key_send_once(stage: Stage) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: sms(stage, "Hi"), range(8)))
    assert stage.scene.sent_texts() == ["Hi"]
    assert {result.outcome for result in results} <= {SendOutcome.SENT, SendOutcome.IN_PROGRESS}


def test_an_empty_text_and_an_unknown_lead_are_values(stage: Stage) -> None:
    assert sms(stage, " ").code is Code.EMPTY_TEXT
    unknown = send_sms_system(
        f"{stage.scene.workspace}:nobody", "Hi", SendMeta(key="k"), system=stage.system
    )
    assert (unknown.outcome, unknown.code) == (SendOutcome.NOT_FOUND, Code.LEAD_NOT_FOUND)
    assert stage.drafts() == []


# --- what the provider says ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "code", "suppressed"),
    [
        ("dnd_sms", Code.DO_NOT_DISTURB, True),
        ("unsubscribed", Code.UNSUBSCRIBED, True),
        ("missing_phone", Code.MISSING_PHONE, False),
        ("contact_not_found", Code.CONTACT_NOT_FOUND, False),
        ("unprocessable", Code.REJECTED_BY_PROVIDER, False),
    ],
)
def test_a_definite_refusal_is_final_and_is_not_asked_again(
    stage: Stage, refusal: str, code: Code, suppressed: bool
) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal=refusal)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, code)
    assert stage.state(draft.draft_id) == "failed"
    assert bool(stage.suppressions()) == suppressed
    stage.world.step(7 * 24 * 3600)
    stage.sweep()
    assert len(stage.sandbox.ledger.sends()) == 1
    again = stage.send(draft.draft_id)
    assert (again.outcome, again.code, again.replayed) == (SendOutcome.REFUSED, code, True)


def test_a_suppressed_address_stops_the_next_draft_of_anybody_with_that_number(
    stage: Stage,
) -> None:
    stage.fail(Kind.REFUSE, refusal="unsubscribed")
    stage.send(stage.scene.draft().draft_id)
    other = stage.scene.draft("other", sent_by="setter")
    result = stage.send(other.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.OPTED_OUT)
    assert stage.state(other.draft_id) == "failed"
    assert len(stage.sandbox.ledger.sends()) == 1


@pytest.mark.parametrize(
    ("kind", "options", "code", "accepted"),
    [
        (Kind.RESET_BEFORE, {}, Code.PROVIDER_RESET, 0),
        (Kind.RESET_AFTER, {}, Code.PROVIDER_RESET, 1),
        (Kind.STALL_BEFORE, {"seconds": 60}, Code.PROVIDER_TIMEOUT, 0),
        (Kind.STALL_AFTER, {"seconds": 60}, Code.PROVIDER_TIMEOUT, 1),
        (Kind.SERVER_ERROR_BEFORE, {}, Code.PROVIDER_ERROR, 0),
        (Kind.SERVER_ERROR_AFTER, {"status": 502}, Code.PROVIDER_ERROR, 1),
        (Kind.EMPTY_SUCCESS, {}, Code.PROVIDER_UNREADABLE, 1),
        (Kind.HTML_SUCCESS, {"accepts": False}, Code.PROVIDER_UNREADABLE, 0),
        (Kind.DUPLICATE, {}, Code.PROVIDER_DUPLICATE, 0),
        (Kind.DUPLICATE, {"status": 409}, Code.PROVIDER_DUPLICATE, 0),
    ],
)
def test_what_is_unknown_is_parked_and_never_sent_again_by_itself(
    stage: Stage, kind: Kind, options: dict[str, Any], code: Code, accepted: int
) -> None:
    draft = stage.scene.draft()
    stage.fail(kind, **options)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.UNKNOWN, code)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.attention, stage.state(draft.draft_id)) == (
        "unknown",
        "parked",
        "unknown",
    )
    for _ in range(6):
        stage.world.step(24 * 3600)
        assert stage.sweep().parked == 1 - accepted
    again = stage.approve_and_send(draft.draft_id, "setter")
    known = SendOutcome.SENT if accepted else SendOutcome.UNKNOWN
    assert (again.outcome, again.replayed) == (known, True)
    assert len(stage.sandbox.ledger.sends()) == 1
    assert len(stage.sandbox.ledger.accepted()) == accepted


def test_a_success_without_an_id_is_sent(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.SUCCESS_WITHOUT_ID)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.provider_ids) == (SendOutcome.SENT, ())


def test_a_rate_limit_waits_as_long_as_it_says_and_then_goes_once(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="300")
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code, result.due_at) == (
        SendOutcome.WAITING,
        Code.RATE_LIMITED,
        stage.world.now() + 300_000,
    )
    assert stage.scene.message_now(draft.draft_id).state == "not_sent"
    stage.world.step(299 - 1.001)
    assert stage.sweep().due == 0
    assert stage.send(draft.draft_id).code is Code.RATE_LIMITED
    stage.world.step(3)
    assert stage.sweep().codes == {"sent": 1}
    assert len(stage.scene.sent_texts()) == 1
    assert stage.scene.message_now(draft.draft_id).attempt == 2


def test_attempts_that_certainly_did_not_leave_are_bounded_and_then_shown(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests", times=None)
    result = stage.send(draft.draft_id)
    while result.outcome is SendOutcome.WAITING:
        assert result.due_at is not None
        stage.world.step((result.due_at - stage.world.now()) / 1000 + 1)
        result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.ATTEMPTS_EXHAUSTED)
    assert len(stage.sandbox.ledger.sends()) == MOST_ATTEMPTS
    assert stage.state(draft.draft_id) == "failed"
    stage.world.step(24 * 3600)
    assert stage.sweep().due == 0
    # A person may order it anew, knowingly.
    stage.sandbox.clear_faults()
    approve(
        stage.system.store,
        stage.world,
        stage.scene.draft_now(draft.draft_id),
        stage.scene.lead_now(),
        sent_by="setter",
    )
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert len(stage.scene.sent_texts()) == 1


def test_a_late_attempt_of_the_exhausted_kind_does_not_reach_a_machine(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="missing_phone")
    stage.send(draft.draft_id)
    for sent_by in ("ai", "setter"):
        assert stage.approve_and_send(draft.draft_id, sent_by).code is Code.MISSING_PHONE
    assert len(stage.sandbox.ledger.sends()) == 1


# --- an unhealthy integration --------------------------------------------------------------------


@pytest.mark.parametrize("refusal", ["invalid_token", "forbidden"])
def test_refused_credentials_hold_the_whole_workspace_visibly_and_nobody_else(
    stage: Stage, refusal: str
) -> None:
    other = Scene(
        stage.scene.store,
        stage.world,
        stage.sandbox,
        f"{stage.scene.workspace}x",
        stage.scene.public_key,
    ).seed()
    stage.fail(Kind.REFUSE, refusal=refusal, contact_id=stage.scene.contact)
    first = stage.scene.draft("first")
    result = stage.send(first.draft_id)
    until = stage.world.now() + UNHEALTHY_MILLISECONDS
    assert (result.outcome, result.code, result.due_at) == (
        SendOutcome.WAITING,
        Code.UNAUTHORIZED,
        until,
    )
    second = stage.send(stage.scene.draft("second").draft_id)
    assert (second.code, second.due_at) == (Code.INTEGRATION_UNHEALTHY, until)
    assert len(stage.sandbox.ledger.sends()) == 1, "the second one did not even try"
    assert stage.send(other.draft("third").draft_id).outcome is SendOutcome.SENT
    stage.world.step(UNHEALTHY_MILLISECONDS / 1000 + 1)
    assert stage.sweep().codes == {"sent": 2}
    assert stage.scene.draft_now(first.draft_id).attempts == 0, "our own trouble counts as none"


def test_an_integration_that_stays_unhealthy_ends_with_a_person(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="invalid_token", times=None)
    for _ in range(3):
        assert stage.sweep().codes == {"unauthorized": 1}
        stage.world.step(UNHEALTHY_MILLISECONDS / 1000 + 1)
    stage.world.step(24 * 3600)
    assert stage.sweep().codes == {"waited_too_long": 1}
    now = stage.scene.draft_now(draft.draft_id)
    assert now.state == "needs_review"
    assert now.due_at is None
    assert len(stage.sandbox.ledger.sends()) == 3
    assert stage.sandbox.ledger.accepted() == []


def test_a_token_that_never_comes_ends_with_a_person(stage: Stage) -> None:
    draft = stage.scene.draft()
    tokenless = stage.scene.system(secrets=FixedSecrets(token=None))
    assert stage.send(draft.draft_id, system=tokenless).outcome is SendOutcome.WAITING
    stage.world.step(24 * 3600 + 1)
    assert stage.send(draft.draft_id, system=tokenless).code is Code.WAITED_TOO_LONG
    assert stage.state(draft.draft_id) == "needs_review"


# --- permission at the last moment ---------------------------------------------------------------


def just_before_the_claim(stage: Stage, act: Any) -> Once:
    """Act exactly between the read and the claim, with effects of its own unobserved."""
    once = Once(is_claim, act)
    stage.world.before = once
    return once


def test_an_opt_out_before_the_claim_stops_the_send(stage: Stage) -> None:
    draft = stage.scene.draft()
    once = just_before_the_claim(stage, lambda: stage.post(stage.text("STOP")))
    result = stage.send(draft.draft_id)
    assert once.happened
    assert stage.sandbox.ledger.sends() == []
    assert result.outcome is not SendOutcome.SENT
    assert stage.state(draft.draft_id) in ("failed", "superseded")


def test_a_newer_inbound_before_the_claim_supersedes_the_draft(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    draft = stage.scene.draft()
    once = just_before_the_claim(stage, lambda: stage.post(stage.text("Wait, who is this?")))
    result = stage.send(draft.draft_id)
    assert once.happened
    assert stage.sandbox.ledger.sends() == []
    assert (stage.state(draft.draft_id), result.code) == ("superseded", Code.NEWER_INBOUND)


def test_a_persons_reply_before_the_claim_supersedes_the_draft(stage: Stage) -> None:
    draft = stage.scene.draft()
    once = just_before_the_claim(stage, lambda: stage.post(stage.human_text("I'll take this")))
    result = stage.send(draft.draft_id)
    assert once.happened
    assert stage.sandbox.ledger.sends() == []
    assert (stage.state(draft.draft_id), result.code) == ("superseded", Code.HUMAN_REPLIED)


def test_an_edit_before_the_claim_needs_approval_again(stage: Stage) -> None:
    from system_sender.drafts import edit

    draft = stage.scene.draft(text="Old text")
    once = just_before_the_claim(
        stage,
        lambda: edit(
            stage.system.store,
            stage.world,
            stage.scene.draft_now(draft.draft_id),
            "New text",
        ),
    )
    result = stage.send(draft.draft_id)
    assert once.happened
    assert stage.sandbox.ledger.sends() == []
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.AWAITING_PERSON)
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT
    assert stage.scene.sent_texts() == ["New text"]


def test_a_rejection_before_the_claim_stops_the_send(stage: Stage) -> None:
    from system_sender.drafts import reject

    draft = stage.scene.draft()
    just_before_the_claim(
        stage,
        lambda: reject(stage.system.store, stage.world, stage.scene.draft_now(draft.draft_id)),
    )
    assert stage.send(draft.draft_id).code is Code.DRAFT_REJECTED
    assert stage.sandbox.ledger.sends() == []


def test_a_suppression_before_the_claim_stops_the_send_though_the_lead_did_not_change(
    stage: Stage,
) -> None:
    from system_sender.models import Suppression, suppression_key
    from tests.support.scene import PHONE

    draft = stage.scene.draft()
    key = suppression_key(stage.scene.workspace, "sms", PHONE)
    row = Suppression(key, reason="opted_out", created_at=1)
    just_before_the_claim(stage, lambda: stage.scene.put(row))
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.OPTED_OUT)
    assert stage.sandbox.ledger.sends() == []


@pytest.mark.parametrize("phone", ["+15550100001", "(555) 010-0001", "555-010-0001"])
def test_an_opt_out_suppresses_the_number_however_it_is_written(stage: Stage, phone: str) -> None:
    stage.scene.seed(phone=phone)
    assert stage.post(stage.text("STOP", **{"from": None})).status == 200
    assert stage.suppressions() == {f"{stage.scene.workspace}:sms:+15550100001"}
    stage.update(Lead(stage.scene.lead_id), Lead.suppressed_channels.remove())
    draft = stage.scene.draft(sent_by="setter")
    assert stage.send(draft.draft_id).code is Code.OPTED_OUT
    assert stage.sandbox.ledger.sends() == []


@pytest.mark.parametrize(
    ("gone", "outcome", "code"),
    [
        (Draft, SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND),
        (Lead, SendOutcome.HELD, Code.LEAD_NOT_FOUND),
    ],
)
def test_what_is_deleted_before_the_claim_stops_the_send(
    stage: Stage, gone: Any, outcome: SendOutcome, code: Code
) -> None:
    draft = stage.scene.draft()
    key = {Draft: draft.draft_id, Lead: stage.scene.lead_id}[gone]
    once = just_before_the_claim(stage, lambda: stage.delete(gone, key))
    result = stage.send(draft.draft_id)
    assert once.happened
    assert (result.outcome, result.code) == (outcome, code)
    assert (stage.messages(), stage.sandbox.ledger.requests()) == ([], [])


@pytest.mark.parametrize("moment", [is_send, is_settlement])
def test_a_draft_deleted_in_mid_flight_loses_nothing_that_is_known(
    stage: Stage, moment: Any
) -> None:
    draft = stage.scene.draft()
    stage.world.before = Once(moment, lambda: stage.delete(Draft, draft.draft_id))
    result = stage.send(draft.draft_id)
    [entry] = stage.sandbox.ledger.accepted()
    assert (result.outcome, result.provider_ids) == (SendOutcome.SENT, (entry.message_id,))
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.provider_message_id, row.attention) == (
        "sent",
        entry.message_id,
        "repair",
    )
    for _ in range(3):
        stage.world.step(3600)
        assert stage.sweep().parked == 1
    assert len(stage.sandbox.ledger.sends()) == 1


def test_two_drafts_of_one_lead_at_the_same_moment_obey_one_cap(stage: Stage) -> None:
    stage.update(Workspace(stage.scene.workspace), Workspace.automated_in_a_row.set(1))
    first, second = stage.scene.draft("first"), stage.scene.draft("second")
    just_before_the_claim(stage, lambda: stage.send(second.draft_id))
    result = stage.send(first.draft_id)
    assert len(stage.sandbox.ledger.accepted()) == 1
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.CONSECUTIVE_CAP)
    assert stage.state(second.draft_id) == "sent"


def test_many_drafts_of_one_lead_at_once_obey_the_cap(stage: Stage) -> None:
    drafts = [stage.scene.draft(f"d{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(stage.send, [draft.draft_id for draft in drafts]))
    for _ in range(5):
        stage.world.step(61)
        stage.sweep()
    assert len(stage.sandbox.ledger.accepted()) == 3
    assert {stage.state(draft.draft_id) for draft in drafts} == {"sent", "needs_review"}


def test_the_daily_cap_waits_for_the_morning(stage: Stage) -> None:
    stage.update(
        Workspace(stage.scene.workspace),
        Workspace.automated_per_day.set(1),
        Workspace.automated_in_a_row.set(99),
    )
    assert stage.send(stage.scene.draft("first").draft_id).outcome is SendOutcome.SENT
    second = stage.scene.draft("second")
    result = stage.send(second.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.DAILY_CAP)
    assert result.due_at is not None
    assert 20 * 3600_000 < result.due_at - stage.world.now() < 22 * 3600_000
    stage.world.step(21 * 3600)
    assert stage.sweep().codes == {"sent": 1}


@pytest.mark.parametrize("sent_by", ["ai", "setter"])
def test_nobody_overrides_the_blacklist(stage: Stage, sent_by: str) -> None:
    stage.scene.seed(blacklisted=True)
    draft = stage.scene.draft(sent_by=sent_by)
    assert stage.send(draft.draft_id).code is Code.BLACKLISTED
    assert stage.state(draft.draft_id) == "failed"
    assert stage.sandbox.ledger.requests() == []


def test_a_person_may_knowingly_send_what_the_conversation_moved_past(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    draft = stage.scene.draft(state=DraftState.PENDING, sent_by=None)
    stage.post(stage.text("Something new"))
    assert stage.state(draft.draft_id) == "superseded"
    from system_sender.drafts import DraftRefused

    def order(*, override: bool) -> None:
        approve(
            stage.system.store,
            stage.world,
            stage.scene.draft_now(draft.draft_id),
            stage.scene.lead_now(),
            sent_by="setter",
            override_stale=override,
        )

    with pytest.raises(DraftRefused) as refused:
        order(override=False)
    assert refused.value.code is Code.STALE_NEEDS_WORD
    order(override=True)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT


# --- between the claim and the first byte --------------------------------------------------------


def test_a_process_that_wakes_up_too_late_lets_nothing_out(stage: Stage) -> None:
    draft = stage.scene.draft()
    sleeps = Once(is_send, lambda: stage.world.step(POST_WINDOW_SECONDS + 1))
    stage.world.before = sleeps
    result = stage.send(draft.draft_id)
    assert sleeps.happened
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.TOO_LATE)
    assert stage.sandbox.ledger.requests() == []
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.attempts) == ("approved", 0)
    stage.world.step(31)
    assert stage.sweep().codes == {"sent": 1}
    assert len(stage.scene.sent_texts()) == 1


def test_a_switch_thrown_after_the_claim_is_read_again_before_the_first_byte(
    stage: Stage,
) -> None:
    draft = stage.scene.draft()

    def throw() -> None:
        stage.world.step(MAX_AGE_SECONDS + 0.1)
        stage.scene.put(_paused(stage.scene.workspace))

    stage.world.before = Once(is_send, throw)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.PAUSED_WORKSPACE)
    assert stage.sandbox.ledger.requests() == []
    assert stage.scene.message_now(draft.draft_id).state == "not_sent"


def test_after_pause_has_returned_nothing_that_was_claimed_before_begins(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.world.before = Once(
        is_send,
        lambda: pause(stage.system.store, stage.world, stage.scene.workspace, None),
    )
    result = stage.send(draft.draft_id)
    assert result.outcome is SendOutcome.WAITING
    assert stage.sandbox.ledger.requests() == []


def _paused(scope: str) -> Any:
    from system_sender.models import Switch

    return Switch(scope, paused=True, changed_at=1)


def test_a_clock_that_was_set_back_does_not_extend_a_permission(stage: Stage) -> None:
    draft = stage.scene.draft()
    system = stage.scene.system(world=_SetBack(stage))
    result = stage.send(draft.draft_id, system=system)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.TOO_LATE)
    assert stage.sandbox.ledger.requests() == []


class _SetBack:
    """The stage's world, whose wall clock is set back by an hour right before the request."""

    def __init__(self, stage: Stage) -> None:
        self._world = stage.world
        self._back = 0

    def now(self) -> int:
        return self._world.now() - self._back

    def perform(self, effect: Any, name: str, call: Any) -> Any:
        if is_send(effect, name):
            self._world.step(POST_WINDOW_SECONDS + 1)
            self._back = 3_600_000
        return self._world.perform(effect, name, call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


def test_every_result_explains_itself(stage: Stage) -> None:
    draft = stage.scene.draft()
    value = stage.send(draft.draft_id).to_dict()
    assert value["sentence"].endswith(".")
    assert value["code"] == "sent"
    assert isinstance(stage.scene.draft_now(draft.draft_id), Draft)
