"""What went wrong elsewhere: incidents of senders like this one, none of which may be repeated."""

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.drafts import approve
from system_sender.models import Campaign, Switch
from system_sender.result import SendOutcome
from system_sender.sending import SendMeta, send_sms_system
from system_sender.settlement import MOST_ATTEMPTS
from system_sender.states import DraftState
from tests.engine.stage import Once, Stage, is_send


def test_two_machines_do_not_answer_each_other_all_day(stage: Stage) -> None:
    """One thread elsewhere had 74 automatic replies."""
    for number in range(20):
        stage.world.step(30)
        answer = stage.post(stage.text("I am out of office", messageId=f"ms{number}"))
        assert answer.status == 200
    assert len(stage.sandbox.ledger.accepted()) == 5, "the day's cap"


def test_a_do_not_disturb_refusal_is_not_tried_again_each_minute(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="dnd_sms", times=None)
    for _ in range(10):
        stage.sweep()
        stage.world.step(60)
    assert len(stage.sandbox.ledger.sends()) == 1
    assert stage.state(draft.draft_id) == "failed"


def test_a_campaign_that_people_answer_is_respected_on_every_path(stage: Stage) -> None:
    campaign_id = f"{stage.scene.workspace}:autumn"
    stage.update(Campaign(campaign_id), Campaign.response_mode.set("SETTER_MANAGED"))
    direct = send_sms_system(
        stage.scene.lead_id,
        "Hi Dana",
        SendMeta(key="k", campaign_id=campaign_id),
        system=stage.system,
        budget=stage.budget(),
    )
    assert (direct.outcome, direct.code) == (SendOutcome.HELD, Code.SETTER_MANAGED)
    pending = stage.scene.draft("p", state=DraftState.PENDING, campaign_id=campaign_id)
    assert stage.approve_and_send(pending.draft_id, "ai").code is Code.SETTER_MANAGED
    due = stage.scene.draft("d", campaign_id=campaign_id)
    stage.sweep()
    assert stage.state(due.draft_id) == "needs_review"
    stage.post(stage.text("Hello?"))
    assert stage.sandbox.ledger.sends() == []


def test_a_campaign_switched_to_people_holds_what_a_machine_approved_before(stage: Stage) -> None:
    campaign_id = f"{stage.scene.workspace}:autumn"
    later = stage.world.now() + 60_000
    draft = stage.scene.draft(campaign_id=campaign_id, confidence=1.0, due_at=later)
    stage.update(Campaign(campaign_id), Campaign.response_mode.set("SETTER_MANAGED"))
    stage.world.step(61)
    assert stage.sweep().codes == {"setter_managed": 1}
    assert stage.state(draft.draft_id) == "needs_review"


def test_a_retry_obeys_a_switch_thrown_since_the_first_attempt(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.send(draft.draft_id)
    stage.scene.put(Switch("*", paused=True, changed_at=1))
    stage.world.step(61)
    assert stage.sweep().codes == {"paused_all": 1}
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_retry_obeys_an_opt_out_that_came_since_the_first_attempt(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    stage.send(draft.draft_id)
    stage.post(stage.text("STOP"))
    stage.world.step(61)
    stage.sweep()
    assert len(stage.sandbox.ledger.sends()) == 1
    assert stage.state(draft.draft_id) in ("failed", "superseded")


def test_a_draft_written_before_the_answer_it_did_not_see_does_not_go(stage: Stage) -> None:
    """Clocks of providers disagree, so the order is counted: all of this is one millisecond."""
    stage.scene.seed(campaign_id=None)
    old = stage.scene.draft("old")
    stage.post(stage.text("Something new"))
    fresh = stage.scene.draft("fresh")
    assert stage.send(old.draft_id).outcome is not SendOutcome.SENT
    assert stage.send(fresh.draft_id).outcome is SendOutcome.SENT
    assert len(stage.sandbox.ledger.accepted()) == 1


def test_one_inbound_makes_one_reply_whoever_performs_it(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    stage.world.before = Once(is_send, lambda: stage.post(webhook))
    stage.post(webhook)
    stage.world.step(61)
    stage.sweep()
    stage.post(webhook)
    assert len(stage.drafts()) == 1
    assert len(stage.sandbox.ledger.accepted()) == 1


def test_a_replay_tells_what_was_sent_and_not_what_the_caller_brings(stage: Stage) -> None:
    draft = stage.scene.draft(text="What was sent")
    first = stage.send(draft.draft_id)
    again = send_sms_system(
        stage.scene.lead_id,
        "What the caller thinks",
        SendMeta(key="hello"),
        system=stage.system,
    )
    assert again.code is Code.KEY_REUSED
    assert stage.send(draft.draft_id).provider_ids == first.provider_ids
    assert stage.scene.sent_texts() == ["What was sent"]


def test_retrying_does_send_and_not_only_clear_the_error(stage: Stage) -> None:
    draft = stage.scene.draft()
    stage.fail(Kind.REFUSE, refusal="too_many_requests", times=MOST_ATTEMPTS)
    while stage.state(draft.draft_id) == "approved":
        stage.world.step(3600)
        stage.sweep()
    assert stage.state(draft.draft_id) == "failed"
    approve(
        stage.system.store,
        stage.world,
        stage.scene.draft_now(draft.draft_id),
        stage.scene.lead_now(),
        sent_by="setter",
    )
    assert stage.sweep().codes == {"sent": 1}
    assert len(stage.scene.sent_texts()) == 1


def test_a_row_says_sent_only_after_the_provider_did(stage: Stage) -> None:
    draft = stage.scene.draft()
    seen: list[str] = []
    stage.world.before = Once(is_send, lambda: seen.append(stage.state(draft.draft_id)))
    stage.send(draft.draft_id)
    assert seen == ["sending"]
