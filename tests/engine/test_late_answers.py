"""Answers that come late, twice or in two minds: no second reply, and no reply that is too late."""

from typing import Any

import pytest

from devstack.sandbox.contract import Injected
from devstack.sandbox.faults import Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.webhooks import Webhook
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit
from system_sender.followups.lifecycle import is_answered
from system_sender.models import Campaign, Draft, Integration, Lead, integration_key
from system_sender.providers.gohighlevel import WORKFLOW
from system_sender.result import SendOutcome
from system_sender.states import DraftState
from system_sender.transport import Answer, Guard, Request
from system_sender.word import settle_by_word
from tests.crash.connection import request_lost
from tests.engine.stage import Once, Stage, any_call, named, nothing
from tests.support.correspondents import iso
from tests.support.scene import SECRET
from tests.support.transport import SandboxTransport

REPLY = "Hi Dana, does 2pm Tuesday work?"
BY_HAND = "It is twenty dollars."
STRANGER = {"contactId": "stranger1", "from": "+15550100077"}


class Killed(BaseException):
    """The process is gone."""


def die() -> None:
    raise Killed


def recorded_only(stage: Stage, webhook: Webhook) -> None:
    """Let the function die once the event is recorded, before anything came of it."""
    stage.world.before = Once(named("write draft+revision"), die)
    with pytest.raises(Killed):
        stage.post(webhook)
    stage.world.before = nothing


def turned_away(stage: Stage, webhook: Webhook) -> None:
    """Let DynamoDB be away, so that the provider has to deliver the event again."""
    with stage.struck(request_lost, any_call):
        assert stage.post(webhook).status == 429


def answered_in_the_app(stage: Stage) -> None:
    assert stage.post(stage.human_text(BY_HAND)).status == 200


def answered_through_us(stage: Stage) -> None:
    draft = stage.scene.draft("by-hand", BY_HAND, state=DraftState.PENDING, sent_by=None)
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT


ways_to_answer = pytest.mark.parametrize("answer", [answered_in_the_app, answered_through_us])


def by_machine(stage: Stage) -> list[str]:
    return [text for text in stage.scene.sent_texts() if text != BY_HAND]


def humans(stage: Stage) -> int:
    return int(stage.scene.lead_now().human_outbound_count)


# --- a person was faster -------------------------------------------------------------------------


@ways_to_answer
def test_work_that_is_done_late_does_not_answer_what_a_person_answered_meanwhile(
    stage: Stage, answer: Any
) -> None:
    recorded_only(stage, stage.text("How much is it?", messageId="ms1"))
    stage.world.step(30)
    answer(stage)
    stage.world.step(40)
    assert stage.sweep().codes["human_replied"] == 1
    assert by_machine(stage) == []
    [event] = [row for row in stage.inbound() if row.provider_message_id == "ms1"]
    assert event.finished_code == "human_replied"
    assert event.due_at is None


@ways_to_answer
def test_a_text_that_was_turned_away_is_not_answered_after_a_person_answered_it(
    stage: Stage, answer: Any
) -> None:
    webhook = stage.text("How much is it?")
    turned_away(stage, webhook)
    stage.world.step(300)
    answer(stage)
    stage.world.step(300)
    redelivered = stage.post(webhook)
    assert (redelivered.status, redelivered.fields["work"]) == (200, "human_replied")
    assert by_machine(stage) == []


def test_a_text_written_after_the_persons_answer_is_answered_however_late_it_comes(
    stage: Stage,
) -> None:
    answered_in_the_app(stage)
    stage.world.step(1)
    webhook = stage.text("And in blue?")
    turned_away(stage, webhook)
    stage.world.step(600)
    assert stage.post(webhook).fields["outcome"] == "sent"
    assert by_machine(stage) == [REPLY]


def test_the_persons_first_answer_does_not_silence_the_machine_for_good(stage: Stage) -> None:
    recorded_only(stage, stage.text("How much is it?"))
    answered_in_the_app(stage)
    stage.world.step(61)
    stage.sweep()
    assert stage.post(stage.text("And in blue?")).fields["outcome"] == "sent"


# --- the lead was faster -------------------------------------------------------------------------


def reply_waits(stage: Stage, **fields: Any) -> Draft:
    """Let the lead write, and their reply wait for its delay."""
    stage.update(
        Campaign(f"{stage.scene.workspace}:autumn"),
        Campaign.delay_min_seconds.set(900),
        Campaign.delay_max_seconds.set(900),
    )
    stage.post(stage.text("How much is it?", **fields))
    [draft] = stage.drafts()
    assert draft.state == "approved"
    return draft


def test_a_persons_text_that_comes_late_leaves_the_reply_to_a_newer_text_alone(
    stage: Stage,
) -> None:
    late = stage.human_text(BY_HAND)
    stage.world.step(120)
    draft = reply_waits(stage)
    stage.update(Lead(stage.scene.lead_id), Lead.automated_in_a_row.set(2))
    stage.world.step(480)
    assert stage.post(late).fields["work"] == "recorded"
    assert stage.state(draft.draft_id) == "approved"
    lead = stage.scene.lead_now()
    assert (lead.human_outbound_count, lead.automated_in_a_row) == (0, 2)
    stage.world.step(900)
    stage.sweep()
    assert by_machine(stage) == [REPLY]


@pytest.mark.parametrize(
    ("persons", "leads"),
    [
        ({}, {"omit": ("dateAdded",)}),
        ({"omit": ("dateAdded",)}, {}),
        ({"dateAdded": "the same"}, {"dateAdded": "the same"}),
    ],
    ids=["the lead's time is unknown", "the person's time is unknown", "both wrote at once"],
)
def test_where_times_do_not_tell_who_was_first_the_person_has_answered(
    stage: Stage, persons: dict[str, Any], leads: dict[str, Any]
) -> None:
    same = iso(stage.world.now())
    at_once = {"dateAdded": same} if "dateAdded" in persons else {}
    late = stage.human_text(BY_HAND, **{**persons, **at_once})
    stage.world.step(120)
    draft = reply_waits(stage, **{**leads, **at_once})
    stage.world.step(480)
    stage.post(late)
    assert (stage.state(draft.draft_id), humans(stage)) == ("superseded", 1)


def test_a_persons_text_that_is_recorded_as_the_lead_writes_is_compared_with_what_they_wrote(
    stage: Stage,
) -> None:
    late = stage.human_text(BY_HAND)
    stage.world.step(120)
    stage.world.before = Once(named("write event"), lambda: reply_waits(stage))
    stage.post(late)
    [draft] = stage.drafts()
    assert (draft.state, humans(stage)) == ("approved", 0)


def test_a_text_that_a_person_answered_before_the_newer_one_came_is_not_answered_however_late(
    stage: Stage,
) -> None:
    oldest = stage.text("How much is it?")
    stage.world.step(60)
    late = stage.human_text(BY_HAND)
    stage.world.step(60)
    newer = reply_waits(stage)
    stage.world.step(480)
    stage.post(late)
    assert stage.post(oldest).fields["work"] == "human_replied"
    assert stage.state(newer.draft_id) == "superseded"
    assert not is_answered(stage.scene.lead_now()), "what they wrote since is not"


# --- nobody expects a machine's answer any more --------------------------------------------------


def test_work_older_than_a_day_is_held_for_a_person(stage: Stage) -> None:
    recorded_only(stage, stage.text("Can we talk in ten minutes?"))
    stage.world.step(25 * 3600)
    assert stage.sweep().codes == {"waited_too_long": 1}
    [draft] = stage.drafts()
    assert (draft.state, draft.code) == ("needs_review", "waited_too_long")
    assert draft.due_at is None
    assert stage.approve_and_send(draft.draft_id, "ai").outcome is SendOutcome.HELD
    assert stage.sandbox.ledger.sends() == []
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT


# --- a template that lacks a value ---------------------------------------------------------------


def approve_now(stage: Stage, draft: Draft, **options: Any) -> None:
    lead = next(row for row in stage.leads() if row.lead_id == draft.lead_id)
    now = stage.scene.draft_now(draft.draft_id)
    approve(stage.system.store, stage.world, now, lead, sent_by="setter", **options)


def test_a_stranger_without_a_name_gets_a_draft_that_must_be_edited(stage: Stage) -> None:
    answer = stage.post(stage.text("I want to buy", **STRANGER))
    assert answer.fields["outcome"] == "held"
    [draft] = stage.drafts()
    assert (draft.state, draft.code) == ("needs_review", "template_variable_missing")
    for sent_by in ("ai", "setter"):
        assert stage.approve_and_send(draft.draft_id, sent_by).outcome is SendOutcome.HELD
    with pytest.raises(DraftRefused) as refused:
        approve_now(stage, draft, override_stale=True)
    assert refused.value.code is Code.TEMPLATE_VARIABLE_MISSING
    edit(stage.system.store, stage.world, draft, "Hi there, does 2pm Tuesday work?")
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT
    [entry] = stage.sandbox.ledger.accepted()
    assert (entry.contact_id, entry.text) == ("stranger1", "Hi there, does 2pm Tuesday work?")


def test_not_even_knowingly_is_an_unfilled_template_sent_once_it_was_overtaken(
    stage: Stage,
) -> None:
    stage.post(stage.text("I want to buy", **STRANGER))
    [draft] = stage.drafts()
    stage.post(stage.text("Anybody there?", **STRANGER))
    assert stage.state(draft.draft_id) == "superseded"
    with pytest.raises(DraftRefused) as refused:
        approve_now(stage, draft, override_stale=True)
    assert refused.value.code is Code.TEMPLATE_VARIABLE_MISSING
    edited = edit(
        stage.system.store, stage.world, stage.scene.draft_now(draft.draft_id), "Hi there!"
    )
    approve_now(stage, edited, override_stale=True)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT


# --- a person's word, and a newer text -----------------------------------------------------------


def test_a_resend_asks_about_the_text_that_came_meanwhile(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    draft = stage.scene.draft()
    stage.fail(Kind.SERVER_ERROR_BEFORE)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    stage.post(stage.text("Never mind, I bought elsewhere"))
    with pytest.raises(DraftRefused) as refused:
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    assert refused.value.code is Code.STALE_NEEDS_WORD
    assert stage.state(draft.draft_id) == "unknown"
    assert stage.scene.sent_texts() == []
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True, override_stale=True)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT


def test_an_edit_does_not_hide_the_text_that_came_before_it(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    draft = stage.scene.draft(state=DraftState.PENDING, sent_by=None)
    stage.post(stage.text("Never mind, I bought elsewhere"))
    overtaken = stage.scene.draft_now(draft.draft_id)
    edited = edit(stage.system.store, stage.world, overtaken, "Hi again")
    assert edited.state == "pending"
    held = stage.approve_and_send(draft.draft_id, "setter")
    assert (held.outcome, held.code) == (SendOutcome.HELD, Code.STALE_NEEDS_WORD)
    assert stage.sandbox.ledger.sends() == []
    approve_now(stage, edited, override_stale=True)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT


# --- texts that carry nothing of their own -------------------------------------------------------


def by_workflow(stage: Stage) -> None:
    key = integration_key(stage.scene.workspace, "gohighlevel")
    stage.update(Integration(key), Integration.webhook.set(WORKFLOW))


def yes(stage: Stage, **custom: Any) -> Webhook:
    data = {"ID": stage.scene.contact, "Message": "yes", **custom}
    return stage.workflow_text("yes", SECRET, customData=data)


def arrives(stage: Stage, message_id: str) -> None:
    """The lead's text reaches the provider, whose look-up lists it from here on."""
    stage.sandbox.inject(
        Injected(stage.scene.location, stage.scene.contact, "yes", message_id=message_id)
    )
    stage.world.step(1)


def test_what_was_recorded_blindly_is_known_again_within_the_hour_and_in_the_next(
    stage: Stage,
) -> None:
    by_workflow(stage)
    stage.world.step(50 * 60)
    arrives(stage, "ms1")
    stage.fail(Kind.SERVER_ERROR_BEFORE, operation=Operation.LOOK_UP)
    assert stage.post(yes(stage)).code is Code.RECORDED
    stage.world.step(50 * 60)
    assert stage.post(yes(stage)).code is Code.DUPLICATE_EVENT
    assert len(stage.inbound()) == 1
    assert stage.scene.sent_texts() == [REPLY]


def test_marketplace_texts_with_neither_id_nor_time_are_told_apart_by_the_provider(
    stage: Stage,
) -> None:
    stage.scene.seed(campaign_id=None)
    webhook = stage.text("yes", omit=("messageId", "webhookId", "dateAdded"))
    for message_id in ("ms1", "ms2"):
        arrives(stage, message_id)
        assert stage.post(webhook).code is Code.RECORDED
        assert stage.post(webhook).code is Code.DUPLICATE_EVENT
    assert {event.provider_message_id for event in stage.inbound()} == {"ms1", "ms2"}


def test_a_marketplace_text_with_a_time_of_its_own_needs_no_look_up(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    webhook = stage.text("yes", omit=("messageId", "webhookId"))
    assert stage.post(webhook).code is Code.RECORDED
    assert stage.post(webhook).code is Code.DUPLICATE_EVENT
    assert stage.sandbox.ledger.requests() == []


@pytest.mark.parametrize(
    "moment",
    [
        {"Date": "3/3/2026", "Time": "10:04 AM"},
        {"Date": 20260303, "Time": 100405},
        {"Date": 20260303, "Time": "10:04:05 AM"},
        {"Date": "3/3/2026", "Time": 100405},
        {"Date": "", "Time": "10:04:05 AM"},
    ],
)
def test_two_honest_texts_of_one_minute_are_two_where_the_workflow_is_not_exact(
    stage: Stage, moment: dict[str, Any]
) -> None:
    stage.scene.seed(campaign_id=None)
    by_workflow(stage)
    for message_id in ("ms1", "ms2"):
        arrives(stage, message_id)
        assert stage.post(yes(stage, **moment)).code is Code.RECORDED
    assert {event.provider_message_id for event in stage.inbound()} == {"ms1", "ms2"}


# --- answers in two minds ------------------------------------------------------------------------


class Answering(SandboxTransport):
    """A provider that gives one answer to everything."""

    def __init__(self, stage: Stage, status: int, body: bytes) -> None:
        super().__init__(stage.sandbox)
        self._answer = Answer(status, {}, body)

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer:
        """Answer without looking."""
        guard()
        return self._answer


@pytest.mark.parametrize(
    "body",
    [
        b'{"messageId":"m1","conversationId":"c1","error":"could not update the thread"}',
        b'{"messageId":"m1","success":false}',
        b'{"messageIds":["m1"],"ok":false,"message":"Contact not found"}',
    ],
)
def test_an_answer_that_names_the_message_and_an_error_is_believed_in_neither(
    stage: Stage, body: bytes
) -> None:
    draft = stage.scene.draft()
    system = stage.scene.system(transport=Answering(stage, 200, body))
    result = stage.send(draft.draft_id, system=system)
    assert (result.outcome, result.code) == (SendOutcome.UNKNOWN, Code.PROVIDER_ERROR)
    assert stage.scene.message_now(draft.draft_id).attention == "parked"


@pytest.mark.parametrize(
    "text",
    ["Did your friend say he HAS unsubscribed?", "Is it true that DND is active on your phone?"],
)
def test_a_failure_that_quotes_our_own_text_refuses_and_suppresses_nothing(
    stage: Stage, text: str
) -> None:
    draft = stage.scene.draft(text=text)
    body = f'{{"message":"Failed to send: {text}"}}'.encode()
    system = stage.scene.system(transport=Answering(stage, 500, body))
    result = stage.send(draft.draft_id, system=system)
    assert (result.outcome, result.code) == (SendOutcome.UNKNOWN, Code.PROVIDER_ERROR)
    assert stage.state(draft.draft_id) == "unknown"
    assert stage.suppressions() == set()


def test_a_failure_that_says_so_in_its_own_words_still_suppresses(stage: Stage) -> None:
    draft = stage.scene.draft(text="Hi Dana")
    body = b'{"message":"Cannot send: the contact has unsubscribed"}'
    system = stage.scene.system(transport=Answering(stage, 500, body))
    result = stage.send(draft.draft_id, system=system)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.UNSUBSCRIBED)
    assert len(stage.suppressions()) == 1
