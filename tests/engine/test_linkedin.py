"""LinkedIn: answers in the chat, first messages to people known by their profile alone."""

from collections.abc import Callable
from typing import Any

import pytest

from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.unipile import chat_with, provider_id_of
from system_sender.codes import Code
from system_sender.models import (
    Alias,
    Draft,
    Lead,
    Suppression,
    linkedin_alias,
    suppression_key,
)
from system_sender.result import SendOutcome
from system_sender.sending import SendMeta, send_linkedin_system
from tests.engine.stage import Once, Stage, is_claim, named, nothing
from tests.support.correspondents import CORRESPONDENTS
from tests.support.tables import rows

CHAT = CORRESPONDENTS["unipile"]
HELLO = "Hi Dana, does 2pm Tuesday work?"
URL = "https://www.linkedin.com/in/dana-example/"
DANA = provider_id_of("dana-example")
REPLY = "Hi Dana, does 2pm Tuesday work?"
MINUTE = 60


@pytest.fixture
def stage(stage: Stage) -> Stage:
    CHAT.integrate(stage.scene)
    return stage


def known_by_url(stage: Stage, url: str = URL) -> None:
    """Let the lead be known by the address of their profile alone."""
    lead = Lead(stage.scene.lead_id)
    stage.update(lead, Lead.linkedin_id.remove(), Lead.linkedin_url.set(url))


def on_linkedin(stage: Stage, key: str = "hello", **changes: Any) -> Draft:
    return stage.scene.draft(key, HELLO, channel="linkedin", **changes)


def paths(stage: Stage, operation: Operation) -> list[str]:
    requests = stage.sandbox.ledger.requests()
    return [entry.path for entry in requests if entry.operation is operation]


def profile_looks(stage: Stage) -> int:
    return paths(stage, Operation.LOOK_UP).count("/api/v1/users/dana-example")


def write(stage: Stage, text: str = "How much is it?", number: int = 1) -> Any:
    webhook = CHAT.inbound(stage.scene, text, number=number, at=stage.world.now())
    answer = stage.post(webhook, resource="/webhooks/unipile/{workspace}")
    assert answer.status == 200
    return answer


# --- in the chat ---------------------------------------------------------------------------------


def test_an_answer_stays_in_the_chat(stage: Stage) -> None:
    assert write(stage).fields["outcome"] == "sent"
    [accepted] = stage.sandbox.ledger.accepted()
    assert accepted.path == f"/api/v1/chats/{chat_with(stage.scene.linkedin_id)}/messages"
    assert accepted.text == REPLY
    [row] = stage.messages()
    assert (row.route, row.provider_thread_id) == ("chat", chat_with(stage.scene.linkedin_id))
    assert row.sent_as is None


def test_the_same_message_told_again_is_answered_once(stage: Stage) -> None:
    for _ in range(3):
        write(stage)
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_refusal_in_a_chat_opens_no_other_way(stage: Stage) -> None:
    stage.fail(Kind.REFUSE, refusal="not_connected", times=None)
    answer = write(stage)
    assert (answer.fields["outcome"], answer.fields["outcome_code"]) == ("refused", "not_connected")
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_parked_answer_is_looked_up_in_its_chat(stage: Stage) -> None:
    stage.fail(Kind.RESET_AFTER)
    assert write(stage).fields["outcome"] == "unknown"
    stage.world.step(30)
    assert stage.sweep().codes == {"sent_by_evidence": 1}
    assert paths(stage, Operation.LOOK_UP) == [
        f"/api/v1/chats/{chat_with(stage.scene.linkedin_id)}/messages"
    ]


def test_a_chat_of_a_profile_that_is_no_longer_connected_is_not_written_in(stage: Stage) -> None:
    write(stage)
    stage.sandbox.reset()
    [event] = stage.inbound()
    handles = {**event.handles, "account": "another-profile"}
    stage.update(type(event)(event.event_id), type(event).handles.set(handles))
    result = send_linkedin_system(
        stage.scene.lead_id,
        "And another thing",
        SendMeta("key"),
        system=stage.system,
        budget=stage.budget(),
    )
    assert result.outcome is SendOutcome.SENT
    assert paths(stage, Operation.SEND) == ["/api/v1/chats"]


def test_stop_on_linkedin_stops_linkedin_alone(stage: Stage) -> None:
    assert write(stage, "STOP").fields["work"] == "opted_out"
    assert stage.suppressions() == {
        suppression_key(stage.scene.workspace, "linkedin", stage.scene.linkedin_id)
    }
    assert stage.send(on_linkedin(stage).draft_id).code is Code.OPTED_OUT
    assert stage.send(stage.scene.draft("sms").draft_id).outcome is SendOutcome.SENT


def test_a_note_that_begins_a_chat_days_later_is_still_ours(stage: Stage) -> None:
    """A connection request that is accepted shows as the first message of the chat."""
    stage.sandbox.program(
        Fault(Kind.REFUSE, refusal="not_connected"), Fault(Kind.REFUSE, refusal="no_credits")
    )
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert told_days_later(stage).fields["work"] == "echo_matched"
    assert stage.scene.lead_now().human_outbound_count == 0


def test_a_note_in_doubt_that_begins_a_chat_days_later_is_still_ours(stage: Stage) -> None:
    stage.sandbox.program(
        Fault(Kind.REFUSE, refusal="not_connected"),
        Fault(Kind.REFUSE, refusal="no_credits"),
        Fault(Kind.RESET_AFTER),
    )
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    assert told_days_later(stage).fields["work"] == "echo_matched"
    assert stage.state(draft.draft_id) == "sent"
    assert stage.scene.lead_now().human_outbound_count == 0


def test_a_note_that_was_found_in_the_records_is_still_ours_days_later(stage: Stage) -> None:
    stage.sandbox.program(
        Fault(Kind.REFUSE, refusal="not_connected"),
        Fault(Kind.REFUSE, refusal="no_credits"),
        Fault(Kind.RESET_AFTER),
    )
    stage.send(on_linkedin(stage).draft_id)
    stage.world.step(30)
    assert stage.sweep().codes == {"sent_by_evidence": 1}
    assert told_days_later(stage).fields["work"] == "echo_matched"
    assert stage.scene.lead_now().human_outbound_count == 0


def test_a_message_in_doubt_is_none_of_days_later(stage: Stage) -> None:
    stage.fail(Kind.RESET_BEFORE)
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    assert told_days_later(stage).fields["work"] == "human_replied"
    assert stage.state(draft.draft_id) == "unknown"
    assert stage.scene.lead_now().human_outbound_count == 1


def told_days_later(stage: Stage) -> Any:
    stage.world.step(5 * 24 * 3600)
    echo = CHAT.echo(stage.scene, HELLO, message_id="first1", at=stage.world.now())
    assert echo is not None
    return stage.post(echo, resource="/webhooks/unipile/{workspace}")


# --- known by the address of their profile -------------------------------------------------------


def test_a_person_known_by_their_profile_is_found_once_and_remembered(stage: Stage) -> None:
    known_by_url(stage)
    assert stage.send(on_linkedin(stage, "one").draft_id).outcome is SendOutcome.SENT
    lead = stage.scene.lead_now()
    assert lead.linkedin_id == DANA
    aliases = {row.alias: row.lead_id for row in rows(stage.connection, Alias)}
    assert aliases[linkedin_alias(stage.scene.workspace, DANA)] == lead.lead_id
    assert stage.send(on_linkedin(stage, "two").draft_id).outcome is SendOutcome.SENT
    assert profile_looks(stage) == 1
    assert [entry.contact_id for entry in stage.sandbox.ledger.accepted()] == [DANA, DANA]


def test_their_answer_finds_them(stage: Stage) -> None:
    known_by_url(stage)
    stage.send(on_linkedin(stage).draft_id)
    webhook = CHAT.inbound(stage.scene, "Yes", at=stage.world.now())
    body = webhook.body.replace(stage.scene.linkedin_id.encode(), DANA.encode())
    stage.post(type(webhook)(body, webhook.headers), resource="/webhooks/unipile/{workspace}")
    assert len(stage.leads()) == 1
    assert stage.scene.lead_now().inbound_count == 1


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://www.linkedin.com/company/acme/", "not_a_person"),
        ("https://www.linkedin.com/in/", "not_a_person"),
        ("https://example.com/in/dana", "not_a_person"),
        ("dana", "not_a_person"),
    ],
)
def test_an_address_that_is_nobodys_profile_goes_to_a_person(
    stage: Stage, url: str, code: str
) -> None:
    known_by_url(stage, url)
    draft = on_linkedin(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code.value) == (SendOutcome.HELD, code)
    assert stage.state(draft.draft_id) == "needs_review"
    assert stage.sandbox.ledger.requests() == []


def test_a_profile_that_is_gone_goes_to_a_person(stage: Stage) -> None:
    known_by_url(stage)
    stage.fail(Kind.REFUSE, operation=Operation.LOOK_UP, refusal="not_found")
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).code is Code.PROFILE_NOT_FOUND
    assert stage.state(draft.draft_id) == "needs_review"


def test_without_any_name_on_linkedin_a_person_is_asked(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.linkedin_id.remove())
    draft = on_linkedin(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.MISSING_LINKEDIN)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.SERVER_ERROR_BEFORE, operation=Operation.LOOK_UP),
        Fault(Kind.STALL_BEFORE, operation=Operation.LOOK_UP, seconds=60),
        Fault(Kind.RESET_BEFORE, operation=Operation.LOOK_UP),
        Fault(Kind.HTML_SUCCESS, operation=Operation.LOOK_UP),
        Fault(Kind.EMPTY_SUCCESS, operation=Operation.LOOK_UP),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_profile_that_nobody_could_look_at_is_looked_at_again(stage: Stage, fault: Fault) -> None:
    known_by_url(stage)
    stage.sandbox.program(fault)
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.WAITING
    assert (stage.state(draft.draft_id), paths(stage, Operation.SEND)) == ("approved", [])
    due_at = stage.scene.draft_now(draft.draft_id).due_at
    assert due_at is not None
    assert MINUTE * 1000 <= due_at - stage.world.now() <= 24 * 3600 * 1000
    stage.world.step((due_at - stage.world.now()) / 1000)
    stage.sweep()
    assert stage.state(draft.draft_id) == "sent"


def test_a_profile_that_nobody_can_look_at_for_a_day_goes_to_a_person(stage: Stage) -> None:
    known_by_url(stage)
    stage.fail(Kind.SERVER_ERROR_BEFORE, operation=Operation.LOOK_UP, times=None)
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    stage.world.step(24 * 3600 + 1)
    stage.sweep()
    assert stage.scene.draft_now(draft.draft_id).code == "waited_too_long"
    assert stage.state(draft.draft_id) == "needs_review"


def test_a_person_who_asked_for_silence_under_that_name_is_not_written_to(stage: Stage) -> None:
    known_by_url(stage)
    key = suppression_key(stage.scene.workspace, "linkedin", DANA)
    stage.scene.put(Suppression(key, reason="opted_out", created_at=0))
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).code is Code.OPTED_OUT
    assert paths(stage, Operation.SEND) == []


def test_two_drafts_that_find_the_person_at_once_agree(stage: Stage) -> None:
    known_by_url(stage)
    first, second = on_linkedin(stage, "one"), on_linkedin(stage, "two")

    def the_other() -> None:
        stage.world.before = nothing
        assert stage.send(second.draft_id).outcome is SendOutcome.SENT

    stage.world.before = Once(named("write alias+lead"), the_other)
    assert stage.send(first.draft_id).outcome is SendOutcome.SENT
    assert stage.scene.lead_now().linkedin_id == DANA
    assert len(stage.sandbox.ledger.accepted()) == 2


def delete_lead(stage: Stage) -> None:
    stage.delete(Lead, stage.scene.lead_id)


def opt_out(stage: Stage) -> None:
    lead = Lead(stage.scene.lead_id)
    stage.update(lead, Lead.suppressed_channels.set({"linkedin"}), Lead.version.add(1))


@pytest.mark.parametrize("meanwhile", [delete_lead, opt_out])
def test_what_happens_while_the_person_is_looked_for_is_seen(
    stage: Stage, meanwhile: Callable[[Stage], None]
) -> None:
    known_by_url(stage)
    stage.world.before = Once(is_claim, lambda: meanwhile(stage))
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome in (SendOutcome.REFUSED, SendOutcome.HELD)
    assert paths(stage, Operation.SEND) == []
