"""Texts of several parts: one delivery each, all from the text that was claimed."""

import pytest

from devstack.sandbox.faults import Kind
from system_sender import gate
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, edit, reject
from system_sender.models import Lead, Switch
from system_sender.result import SendOutcome
from system_sender.sms_text import SmsText, Span
from tests.engine.stage import Once, Stage, is_claim

ONE = "One " * 39 + "end."
TWO = "Two " * 39 + "end."
THREE = "Three and last."
TEXT = f"{ONE} {TWO} {THREE}"


def states(stage: Stage) -> list[str]:
    return [str(row.state) for row in stage.messages()]


def test_three_parts_leave_in_order_each_once(stage: Stage) -> None:
    draft = stage.scene.draft(text=TEXT)
    result = stage.send(draft.draft_id)
    assert stage.scene.sent_texts() == [ONE, TWO, THREE]
    ids = [entry.message_id for entry in stage.sandbox.ledger.accepted()]
    assert result.provider_ids == tuple(ids)
    assert (result.outcome, states(stage)) == (SendOutcome.SENT, ["sent"] * 3)
    again = stage.send(draft.draft_id)
    assert (again.replayed, again.provider_ids) == (True, result.provider_ids)
    lead = stage.scene.lead_now()
    assert (lead.automated_in_a_row, lead.automated_today) == (1, 1), "one message, three parts"


def test_the_first_claim_writes_every_part_down(stage: Stage) -> None:
    draft = stage.scene.draft(text=TEXT)
    stage.fail(Kind.RESET_AFTER)
    result = stage.send(draft.draft_id)
    assert (result.outcome, states(stage)) == (SendOutcome.UNKNOWN, ["unknown", "queued", "queued"])
    stage.world.step(3600)
    stage.sweep()
    assert len(stage.sandbox.ledger.sends()) == 1, "what follows an unknown part waits"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_after_a_rate_limit_only_the_missing_parts_go(stage: Stage, number: int) -> None:
    draft = stage.scene.draft(text=TEXT)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="30", skip=number)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.RATE_LIMITED)
    assert states(stage) == ["sent"] * number + ["not_sent"] + ["queued"] * (2 - number)
    stage.world.step(61)
    assert stage.sweep().codes == {"sent": 1}
    assert stage.scene.sent_texts() == [ONE, TWO, THREE]


def test_all_parts_come_from_the_claimed_text_even_if_the_code_cuts_otherwise_by_then(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = stage.scene.draft(text=TEXT)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="30", skip=1)
    stage.send(draft.draft_id)
    monkeypatch.setattr(
        gate, "parts_of", lambda _, text: SmsText((Span(0, 10), Span(10, len(text))))
    )
    stage.world.step(61)
    stage.sweep()
    assert stage.scene.sent_texts() == [ONE, TWO, THREE]


def test_once_a_part_was_claimed_text_and_fate_are_final(stage: Stage) -> None:
    draft = stage.scene.draft(text=TEXT)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="30", skip=1)
    stage.send(draft.draft_id)
    row = stage.scene.draft_now(draft.draft_id)
    for act in (
        lambda: edit(stage.system.store, stage.world, row, "Other text"),
        lambda: reject(stage.system.store, stage.world, row),
    ):
        with pytest.raises(DraftRefused) as refused:
            act()
        assert refused.value.code is Code.DRAFT_CLAIMED


def test_a_part_that_is_refused_drops_those_after_it(stage: Stage) -> None:
    draft = stage.scene.draft(text=TEXT)
    stage.fail(Kind.REFUSE, refusal="missing_phone", skip=1)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.MISSING_PHONE)
    assert states(stage) == ["sent", "rejected", "dropped"]
    assert stage.state(draft.draft_id) == "failed"


def second_claim(stage: Stage, act: object) -> Once:
    seen = {"claims": 0}

    def when(effect: object, name: str) -> bool:
        seen["claims"] += is_claim(effect, name)  # type: ignore[arg-type]
        return seen["claims"] == 2

    once = Once(when, act)  # type: ignore[arg-type]
    stage.world.before = once
    return once


def test_an_opt_out_between_two_parts_stops_the_rest(stage: Stage) -> None:
    draft = stage.scene.draft(text=TEXT)
    once = second_claim(stage, lambda: stage.post(stage.text("STOP")))
    result = stage.send(draft.draft_id)
    assert once.happened
    assert stage.scene.sent_texts() == [ONE]
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.OPTED_OUT)
    assert states(stage) == ["sent", "dropped", "dropped"]
    assert stage.state(draft.draft_id) == "failed"


def test_an_honest_reply_between_two_parts_does_not_cut_the_message_short(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    draft = stage.scene.draft(text=TEXT)
    once = second_claim(stage, lambda: stage.post(stage.text("I see")))
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert once.happened
    assert stage.scene.sent_texts() == [ONE, TWO, THREE]


def test_a_pause_between_two_parts_holds_the_rest_until_it_is_lifted(stage: Stage) -> None:
    draft = stage.scene.draft(text=TEXT, sent_by="setter")

    def throw() -> None:
        stage.world.step(2)
        stage.scene.put(Switch("*", paused=True, changed_at=1))

    second_claim(stage, throw)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.PAUSED_ALL)
    assert stage.scene.sent_texts() == [ONE]
    stage.scene.put(Switch("*", paused=False, changed_at=2))
    stage.world.step(61)
    stage.sweep()
    assert stage.scene.sent_texts() == [ONE, TWO, THREE]


@pytest.mark.parametrize("field", ["phone", "contacts"])
def test_a_lead_that_becomes_unreachable_between_two_parts_ends_as_a_question(
    stage: Stage, field: str
) -> None:
    draft = stage.scene.draft(text=TEXT)

    def lose() -> None:
        attribute = getattr(Lead, field)
        stage.update(
            Lead(stage.scene.lead_id), attribute.remove(), Lead.version.set(Lead.version + 1)
        )

    second_claim(stage, lose)
    result = stage.send(draft.draft_id)
    assert result.outcome in (SendOutcome.WAITING, SendOutcome.HELD)
    assert stage.scene.sent_texts() == [ONE]
    stage.world.step(1)
    stage.sweep()
    assert stage.state(draft.draft_id) == "needs_review"


def test_a_process_that_dies_between_two_parts_leaves_the_rest_to_the_sweep(
    stage: Stage,
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def die() -> None:
        raise Killed

    draft = stage.scene.draft(text=TEXT)
    second_claim(stage, die)
    with pytest.raises(Killed):
        stage.send(draft.draft_id)
    assert (stage.state(draft.draft_id), states(stage)) == ("sending", ["sent", "queued", "queued"])
    assert stage.sweep().due == 0, "it might still be alive"
    stage.world.step(80)
    stage.sweep()
    stage.world.step(1)
    stage.sweep()
    assert stage.scene.sent_texts() == [ONE, TWO, THREE]
    assert stage.state(draft.draft_id) == "sent"


def test_running_out_of_time_between_two_parts_goes_on_later(stage: Stage) -> None:
    draft = stage.scene.draft(text=TEXT)
    second_claim(stage, lambda: None)
    seen: list[str] = []

    def slow(effect: object, name: str) -> None:
        seen.append(name)
        if name == "send" and seen.count("send") == 1:
            stage.world.step(4)

    stage.world.after = slow
    result = gate.send_approved_draft(stage.system, draft.draft_id, budget=stage.budget(10))
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.NO_TIME)
    assert stage.scene.sent_texts() == [ONE]
    stage.world.step(1)
    stage.sweep()
    assert stage.scene.sent_texts() == [ONE, TWO, THREE]


def test_emoji_and_right_to_left_parts_arrive_as_they_were_written(stage: Stage) -> None:
    text = "\u0645\u0631\u062d\u0628\u0627 \U0001f44b\U0001f3fd " * 30
    stage.send(stage.scene.draft(text=text).draft_id)
    assert " ".join(stage.scene.sent_texts()).split() == text.split()
    assert all(len(part) <= 160 for part in stage.scene.sent_texts())
