"""What a dashboard calls when a person sends: their permission, their name, the same gate."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from system_sender.codes import Code
from system_sender.drafts import edit, reject
from system_sender.models import (
    Draft,
    Integration,
    Lead,
    Suppression,
    integration_key,
    suppression_key,
)
from system_sender.result import SendOutcome, SendResult
from system_sender.setter import (
    PersonMeta,
    send_email_message,
    send_linkedin_message,
    send_message,
)
from system_sender.states import DraftState
from system_sender.switches import pause
from tests.engine.stage import Once, Stage, is_claim, is_settlement, named
from tests.support.correspondents import CORRESPONDENTS
from tests.support.scene import EMAIL, PHONE

TEXT = "Dana, I shall call you at two."
AI_TEXT = "Hi Dana, does 2pm Tuesday work?"
SAM = "sam@acme"
CHANNELS = ["sms", "email", "linkedin"]
Person = Callable[..., SendResult]


@pytest.fixture
def stage(stage: Stage) -> Stage:
    CORRESPONDENTS["unipile"].integrate(stage.scene)
    return stage


def person(
    stage: Stage, channel: str = "sms", body: str = TEXT, lead: str | None = None, **meta: Any
) -> SendResult:
    """Let Sam press the button."""
    given = PersonMeta(**{"user": SAM, "key": None if "draft_id" in meta else "click1", **meta})
    common: dict[str, Any] = {"system": stage.system, "budget": stage.budget()}
    lead_id = lead or stage.scene.lead_id
    if channel == "email":
        return send_email_message(lead_id, body, "Tuesday", meta=given, **common)
    send = send_message if channel == "sms" else send_linkedin_message
    return send(lead_id, body, given, **common)


def draft_of_the_ai(stage: Stage, channel: str = "sms", **changes: Any) -> Draft:
    given = {"state": DraftState.PENDING, "sent_by": None, "channel": channel, **changes}
    subject = {"subject": "Tuesday"} if channel == "email" else {}
    return stage.scene.draft("reply", AI_TEXT, **{**subject, **given})


def accepted(stage: Stage) -> list[str]:
    return [entry.text for entry in stage.sandbox.ledger.accepted()]


on_every_channel = pytest.mark.parametrize("channel", CHANNELS)


# --- a message of their own ----------------------------------------------------------------------


@on_every_channel
def test_who_sent_it_is_recorded(stage: Stage, channel: str) -> None:
    result = person(stage, channel)
    assert result.outcome is SendOutcome.SENT
    draft = stage.scene.draft_now(result.draft_id)
    message = stage.scene.message_now(result.draft_id)
    assert (draft.sent_by, draft.user, draft.origin) == ("setter", SAM, f"system:{channel}")
    assert (message.sent_by, message.user) == ("setter", SAM)
    assert accepted(stage) == [TEXT]


@on_every_channel
def test_a_second_click_tells_what_the_first_one_did(stage: Stage, channel: str) -> None:
    first = person(stage, channel)
    second = person(stage, channel)
    assert (second.outcome, second.replayed) == (SendOutcome.SENT, True)
    assert second.provider_ids == first.provider_ids
    assert len(accepted(stage)) == 1


def test_the_same_key_with_another_text_is_refused(stage: Stage) -> None:
    person(stage)
    assert person(stage, body="Other words").code is Code.KEY_REUSED
    assert accepted(stage) == [TEXT]


def test_their_message_counts_as_a_persons_and_ends_what_the_machine_had_in_mind(
    stage: Stage,
) -> None:
    draft = draft_of_the_ai(stage, state=DraftState.APPROVED, sent_by="ai")
    person(stage)
    lead = stage.scene.lead_now()
    assert (lead.human_outbound_count, lead.automated_today) == (1, 0)
    assert stage.send(draft.draft_id).code is Code.HUMAN_REPLIED
    assert accepted(stage) == [TEXT]


# --- a draft of the machine's --------------------------------------------------------------------


@on_every_channel
def test_a_draft_is_approved_and_sent_as_it_is(stage: Stage, channel: str) -> None:
    draft = draft_of_the_ai(stage, channel)
    result = person(stage, channel, AI_TEXT, draft_id=draft.draft_id)
    assert (result.outcome, result.draft_id) == (SendOutcome.SENT, draft.draft_id)
    now, message = stage.scene.draft_now(draft.draft_id), stage.scene.message_now(draft.draft_id)
    assert (now.revision, now.sent_by, now.user) == (1, "setter", SAM)
    assert (message.sent_by, message.user) == ("setter", SAM)
    assert accepted(stage) == [AI_TEXT]


@on_every_channel
def test_a_draft_is_edited_approved_and_sent(stage: Stage, channel: str) -> None:
    draft = draft_of_the_ai(stage, channel)
    result = person(stage, channel, TEXT, draft_id=draft.draft_id)
    assert result.outcome is SendOutcome.SENT
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.revision, now.sent_by, now.user) == (2, "setter", SAM)
    assert stage.scene.message_now(draft.draft_id).revision == 2
    assert accepted(stage) == [TEXT]
    again = person(stage, channel, TEXT, draft_id=draft.draft_id)
    assert (again.outcome, again.replayed) == (SendOutcome.SENT, True)
    assert len(accepted(stage)) == 1


@pytest.mark.parametrize(
    "state", [DraftState.PENDING, DraftState.NEEDS_REVIEW, DraftState.APPROVED]
)
def test_from_every_open_state(stage: Stage, state: DraftState) -> None:
    due_at = stage.world.now() + 3_600_000 if state is DraftState.APPROVED else None
    draft = draft_of_the_ai(stage, state=state, due_at=due_at)
    result = person(stage, body=AI_TEXT, draft_id=draft.draft_id)
    assert result.outcome is SendOutcome.SENT
    assert stage.scene.message_now(draft.draft_id).user == SAM


def test_what_left_is_not_changed_any_more(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    person(stage, body=AI_TEXT, draft_id=draft.draft_id)
    result = person(stage, body="Other words", draft_id=draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.DRAFT_CLAIMED)
    assert accepted(stage) == [AI_TEXT]


def test_what_may_have_left_is_told_and_not_sent_again(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    stage.fail(Kind.RESET_AFTER)
    assert person(stage, body=AI_TEXT, draft_id=draft.draft_id).outcome is SendOutcome.UNKNOWN
    again = person(stage, body=AI_TEXT, draft_id=draft.draft_id, override_stale=True)
    assert (again.outcome, again.replayed) == (SendOutcome.UNKNOWN, True)
    other = person(stage, body="Other words", draft_id=draft.draft_id, override_stale=True)
    assert other.code is Code.DRAFT_CLAIMED
    assert len(stage.sandbox.ledger.sends()) == 1


def test_two_people_at_once_send_it_once(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    inner: list[SendResult] = []

    def the_other() -> None:
        inner.append(person(stage, body=AI_TEXT, draft_id=draft.draft_id, user="pat@acme"))

    stage.world.before = Once(is_settlement, the_other)
    outer = person(stage, body=AI_TEXT, draft_id=draft.draft_id)
    assert (outer.outcome, inner[0].outcome) == (SendOutcome.SENT, SendOutcome.IN_PROGRESS)
    assert accepted(stage) == [AI_TEXT]


def test_two_people_with_two_texts_send_one_of_them(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    inner: list[SendResult] = []

    def the_other() -> None:
        inner.append(person(stage, body="Other words", draft_id=draft.draft_id, user="pat@acme"))

    stage.world.before = Once(is_claim, the_other)
    outer = person(stage, body=TEXT, draft_id=draft.draft_id)
    assert inner[0].outcome is SendOutcome.SENT
    assert accepted(stage) == ["Other words"]
    assert outer.outcome is SendOutcome.SENT
    assert outer.replayed


def test_a_text_that_somebody_else_saved_meanwhile_is_not_sent_as_this_person_s(
    stage: Stage,
) -> None:
    draft = draft_of_the_ai(stage)

    def the_other_saves() -> None:
        now = stage.scene.draft_now(draft.draft_id)
        edit(stage.scene.store, stage.world, now, "Not ready yet", user="pat@acme")

    stage.world.after = Once(named("write revision+draft"), the_other_saves)
    result = person(stage, body=TEXT, draft_id=draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.DRAFT_CHANGED)
    assert accepted(stage) == []
    assert stage.state(draft.draft_id) == "pending"


def test_a_rejected_draft_comes_back_only_by_an_edit(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    reject(stage.scene.store, stage.world, draft)
    result = person(stage, body=AI_TEXT, draft_id=draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.DRAFT_REJECTED)
    assert person(stage, body=TEXT, draft_id=draft.draft_id).outcome is SendOutcome.SENT


# --- the conversation moved on -------------------------------------------------------------------


def moved_on(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.inbound_count.add(1), Lead.version.add(1))


@pytest.mark.parametrize("body", [AI_TEXT, TEXT], ids=["as it is", "edited"])
def test_past_a_newer_message_it_needs_a_word(stage: Stage, body: str) -> None:
    draft = draft_of_the_ai(stage)
    moved_on(stage)
    result = person(stage, body=body, draft_id=draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.STALE_NEEDS_WORD)
    assert accepted(stage) == []
    knowing = person(stage, body=body, draft_id=draft.draft_id, override_stale=True)
    assert knowing.outcome is SendOutcome.SENT
    assert accepted(stage) == [body]


def test_a_superseded_draft_needs_a_word_too(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    stage.update(Lead(stage.scene.lead_id), Lead.campaign_id.remove())
    stage.post(stage.text("Never mind"))
    assert stage.state(draft.draft_id) == "superseded"
    assert person(stage, body=AI_TEXT, draft_id=draft.draft_id).code is Code.STALE_NEEDS_WORD
    assert (
        person(stage, body=AI_TEXT, draft_id=draft.draft_id, override_stale=True).outcome
        is SendOutcome.SENT
    )


def test_a_message_between_their_word_and_the_claim_holds_it_back(stage: Stage) -> None:
    """They knew of the messages before it, and not of this one."""
    draft = draft_of_the_ai(stage)
    moved_on(stage)
    stage.world.before = Once(is_claim, partial(moved_on, stage))
    result = person(stage, body=AI_TEXT, draft_id=draft.draft_id, override_stale=True)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.NEWER_INBOUND)
    assert accepted(stage) == []


def test_a_word_counts_for_what_the_same_person_had_approved_for_later(stage: Stage) -> None:
    draft = draft_of_the_ai(
        stage, state=DraftState.APPROVED, sent_by="setter", due_at=stage.world.now() + 3_600_000
    )
    moved_on(stage)
    result = person(stage, body=AI_TEXT, draft_id=draft.draft_id, override_stale=True)
    assert result.outcome is SendOutcome.SENT


def test_who_waits_for_the_provider_waits_however_often_they_click(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="600")
    first = person(stage, body=AI_TEXT, draft_id=draft.draft_id)
    assert (first.outcome, first.code) == (SendOutcome.WAITING, Code.RATE_LIMITED)
    again = person(stage, body=AI_TEXT, draft_id=draft.draft_id)
    assert (again.outcome, again.due_at) == (SendOutcome.WAITING, first.due_at)
    assert len(stage.sandbox.ledger.sends()) == 1


# --- what binds a person, and what does not ------------------------------------------------------


def opted_out(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.suppressed_channels.set(set(CHANNELS)))


def address_suppressed(stage: Stage) -> None:
    addresses = {"sms": PHONE, "email": EMAIL, "linkedin": stage.scene.linkedin_id}
    for channel, address in addresses.items():
        key = suppression_key(stage.scene.workspace, channel, address)
        stage.scene.put(Suppression(key, reason="opted_out", created_at=0))


def blacklisted(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.blacklisted.set(True))


@on_every_channel
@pytest.mark.parametrize("stop", [opted_out, address_suppressed, blacklisted])
@pytest.mark.parametrize("of_a_draft", [False, True])
def test_nobody_overrides_a_stop(
    stage: Stage, channel: str, stop: Callable[[Stage], None], of_a_draft: bool
) -> None:
    draft = draft_of_the_ai(stage, channel)
    stop(stage)
    more: dict[str, Any] = {"draft_id": draft.draft_id, "override_stale": True}
    result = person(stage, channel, **(more if of_a_draft else {}))
    assert result.outcome is SendOutcome.REFUSED
    assert result.code in (Code.OPTED_OUT, Code.BLACKLISTED)
    assert stage.sandbox.ledger.sends() == []
    assert stage.state(result.draft_id) == "failed"


@on_every_channel
@pytest.mark.parametrize("scope", ["*", "workspace", "channel"])
def test_nobody_overrides_a_switch(stage: Stage, channel: str, scope: str) -> None:
    where = "*" if scope == "*" else stage.scene.workspace
    pause(stage.system.store, stage.world, where, channel if scope == "channel" else None)
    result = person(stage, channel)
    assert (result.outcome, stage.state(result.draft_id)) == (SendOutcome.WAITING, "approved")
    assert stage.sandbox.ledger.sends() == []


def test_a_person_waits_for_an_account_that_is_refused(stage: Stage) -> None:
    key = integration_key(stage.scene.workspace, "gohighlevel")
    until = stage.world.now() + 60_000
    stage.update(Integration(key), Integration.unhealthy_until.set(until))
    assert person(stage).code is Code.INTEGRATION_UNHEALTHY
    assert stage.sandbox.ledger.sends() == []


@on_every_channel
def test_the_caps_on_automation_do_not_bind_a_person(stage: Stage, channel: str) -> None:
    lead = Lead(stage.scene.lead_id)
    stage.update(
        lead,
        Lead.automated_in_a_row.set(99),
        Lead.automated_today.set(99),
        Lead.automated_day.set("2026-03-03"),
    )
    machine = stage.scene.draft(
        "machine", "Hm?", channel=channel, **({"subject": "Hm"} if channel == "email" else {})
    )
    assert stage.send(machine.draft_id).outcome is not SendOutcome.SENT
    assert person(stage, channel).outcome is SendOutcome.SENT
    assert stage.scene.lead_now().automated_in_a_row == 0


def test_a_campaign_that_leaves_it_to_people_does_not_bind_them(stage: Stage) -> None:
    draft = draft_of_the_ai(stage, campaign_id=f"{stage.scene.workspace}:autumn", confidence=0.1)
    result = person(stage, body=AI_TEXT, draft_id=draft.draft_id)
    assert result.outcome is SendOutcome.SENT


# --- what makes no sense -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "meta",
    [
        PersonMeta(user="", key="click1"),
        PersonMeta(user=SAM),
        PersonMeta(user=SAM, key="click1", draft_id="acme:x"),
    ],
)
@pytest.mark.parametrize("send", [send_message, send_email_message, send_linkedin_message])
def test_without_a_user_or_one_key_it_is_a_bug_of_the_caller(
    stage: Stage, send: Person, meta: PersonMeta
) -> None:
    with pytest.raises(ValueError, match=r"user|key"):
        send(stage.scene.lead_id, TEXT, meta=meta, system=stage.system)
    assert stage.drafts() == []


def test_a_draft_of_another_lead_or_channel_is_not_sent(stage: Stage) -> None:
    draft = draft_of_the_ai(stage)
    elsewhere = [
        person(stage, "email", AI_TEXT, draft_id=draft.draft_id),
        person(stage, body=AI_TEXT, draft_id=draft.draft_id, lead=f"{stage.scene.workspace}:kim"),
    ]
    assert [result.code for result in elsewhere] == [Code.INVALID_REQUEST] * 2
    assert (accepted(stage), stage.state(draft.draft_id)) == ([], "pending")


@pytest.mark.parametrize("draft_id", ["", "nowhere", "acme:nothing", "\ud800"])
def test_a_draft_that_does_not_exist_is_not_found(stage: Stage, draft_id: str) -> None:
    result = person(stage, draft_id=draft_id)
    assert (result.outcome, result.code) == (SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND)


@pytest.mark.parametrize("body", ["", "  \n", "x" * 2000, "\ud800"])
def test_a_text_that_cannot_be_sent_changes_nothing(stage: Stage, body: str) -> None:
    draft = draft_of_the_ai(stage)
    result = person(stage, body=body, draft_id=draft.draft_id)
    assert result.outcome is SendOutcome.REFUSED
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.revision) == ("pending", 1)


def test_a_subject_that_would_begin_another_header_changes_nothing(stage: Stage) -> None:
    draft = draft_of_the_ai(stage, "email")
    result = send_email_message(
        stage.scene.lead_id,
        TEXT,
        "Tuesday\r\nBcc: everybody@example.com",
        meta=PersonMeta(SAM, draft_id=draft.draft_id),
        system=stage.system,
        budget=stage.budget(),
    )
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.SUBJECT_WRONG)
    assert stage.scene.draft_now(draft.draft_id).revision == 1


def test_an_edited_subject_is_the_one_that_leaves(stage: Stage) -> None:
    draft = draft_of_the_ai(stage, "email")
    meta = PersonMeta(SAM, draft_id=draft.draft_id)
    common: dict[str, Any] = {"meta": meta, "system": stage.system, "budget": stage.budget()}
    result = send_email_message(stage.scene.lead_id, AI_TEXT, "Wednesday", **common)
    assert result.outcome is SendOutcome.SENT
    assert stage.scene.draft_now(draft.draft_id).revision == 2
    kept = send_email_message(stage.scene.lead_id, AI_TEXT, None, **common)
    assert (kept.outcome, kept.replayed) == (SendOutcome.SENT, True)
