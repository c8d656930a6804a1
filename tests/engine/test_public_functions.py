"""What callers and strangers may pass in: every answer is a value, and nobody else's is touched."""

from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit, reject
from system_sender.models import Draft, Inbound, Integration, Lead, Workspace, integration_key
from system_sender.providers.gohighlevel import MARKETPLACE, WORKFLOW
from system_sender.result import SendOutcome, SendResult
from system_sender.sending import SendMeta, approve_and_send_draft_system, send_sms_system
from system_sender.states import DraftState
from tests.engine.stage import Stage
from tests.support.scene import SECRET, FixedSecrets, Scene

LONE_SURROGATE = "\ud83d"


def sms(stage: Stage, body: str = "Hi Dana", key: str = "k", **meta: Any) -> SendResult:
    """Call the public function for the stage's lead."""
    return send_sms_system(
        stage.scene.lead_id,
        body,
        SendMeta(key=key, **meta),
        system=stage.system,
        budget=stage.budget(),
    )


def nothing_happened(stage: Stage) -> bool:
    return not stage.drafts() and not stage.sandbox.ledger.requests()


# --- input that makes no sense is answered, not raised -------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"Hi {LONE_SURROGATE}", Code.INVALID_REQUEST),
        ("", Code.EMPTY_TEXT),
        ("  \n", Code.EMPTY_TEXT),
        ("word " * 200, Code.TEXT_TOO_LONG),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused_as_a_value(
    stage: Stage, body: str, code: Code
) -> None:
    result = sms(stage, body)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, code)
    assert nothing_happened(stage)


@pytest.mark.parametrize("key", ["", "k" * 3000, "ü" * 600, LONE_SURROGATE, "a\nb", "a\0b"])
def test_a_key_that_cannot_name_a_row_is_refused_as_a_value(stage: Stage, key: str) -> None:
    result = sms(stage, key=key)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.INVALID_REQUEST)
    assert nothing_happened(stage)


def test_the_longest_key_that_is_allowed_is_sent(stage: Stage) -> None:
    longest = 1000 - len(stage.scene.workspace) - 1
    assert sms(stage, key="k" * longest).outcome is SendOutcome.SENT
    assert sms(stage, key="k" * (longest + 1)).code is Code.INVALID_REQUEST


@pytest.mark.parametrize("lead_id", ["", ":", "acme", "acme:", ":dana", "x" * 3000, LONE_SURROGATE])
def test_a_lead_that_cannot_exist_is_refused_as_a_value(stage: Stage, lead_id: str) -> None:
    result = send_sms_system(lead_id, "Hi", SendMeta(key="k"), system=stage.system)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.INVALID_REQUEST)
    assert nothing_happened(stage)


@pytest.mark.parametrize(
    "draft_id", ["", ":", "acme", "acme:", ":hello", "acme:nobody", "x:" + "y" * 3000, "a:\ud83d"]
)
@pytest.mark.parametrize("sent_by", ["ai", "setter"])
def test_a_draft_that_cannot_exist_is_not_found(stage: Stage, draft_id: str, sent_by: str) -> None:
    result = approve_and_send_draft_system(draft_id, sent_by=sent_by, system=stage.system)
    assert (result.outcome, result.code) == (SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND)


@pytest.mark.parametrize("rest", ["", "autumn", "nobody", "a" * 3000, LONE_SURROGATE])
def test_another_tenants_campaign_is_refused_whether_it_exists_or_not(
    stage: Stage, rest: str
) -> None:
    other = Scene(stage.system.store, stage.world, stage.sandbox, "other").seed()
    result = sms(stage, campaign_id=f"{other.workspace}:{rest}", confidence=1.0)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.INVALID_REQUEST)
    assert nothing_happened(stage)


@pytest.mark.parametrize("rest", ["", "a" * 3000, LONE_SURROGATE])
def test_a_campaign_of_our_own_that_cannot_exist_is_refused_as_a_value(
    stage: Stage, rest: str
) -> None:
    result = sms(stage, campaign_id=f"{stage.scene.workspace}:{rest}")
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.INVALID_REQUEST)
    assert nothing_happened(stage)


@pytest.mark.parametrize("confidence", [float("nan"), float("inf"), -0.1, 1.5])
def test_a_confidence_that_is_none_is_refused_as_a_value(stage: Stage, confidence: float) -> None:
    result = sms(stage, confidence=confidence)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.INVALID_REQUEST)
    assert nothing_happened(stage)


def test_a_user_that_cannot_be_written_down_is_refused_as_a_value(stage: Stage) -> None:
    result = sms(stage, sent_by="setter", user=LONE_SURROGATE)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.INVALID_REQUEST)
    assert nothing_happened(stage)


def test_a_key_that_would_stand_for_a_reply_is_refused_and_the_reply_goes(stage: Stage) -> None:
    result = sms(stage, key="reply:gohighlevel:message:ms1")
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.INVALID_REQUEST)
    assert stage.post(stage.text("Hello?", messageId="ms1")).fields["outcome"] == "sent"
    [event] = stage.inbound()
    assert event.finished_code == "reply_drafted"


def test_our_own_campaign_is_taken(stage: Stage) -> None:
    campaign_id = f"{stage.scene.workspace}:autumn"
    assert sms(stage, campaign_id=campaign_id, confidence=1.0).outcome is SendOutcome.SENT


# --- the same call again -------------------------------------------------------------------------


def test_a_repeated_call_after_a_persons_edit_tells_what_became_of_the_draft(stage: Stage) -> None:
    stage.update(Workspace(stage.scene.workspace), Workspace.automated_in_a_row.set(0))
    assert sms(stage).code is Code.CONSECUTIVE_CAP
    draft_id = f"{stage.scene.workspace}:k"
    edit(stage.system.store, stage.world, stage.scene.draft_now(draft_id), "Hello Dana")
    held = sms(stage)
    assert (held.outcome, held.code) == (SendOutcome.HELD, Code.AWAITING_PERSON)
    assert sms(stage, "Hello Dana").code is Code.KEY_REUSED, "the caller's text was another one"
    sent = stage.approve_and_send(draft_id, "setter")
    again = sms(stage)
    assert (again.outcome, again.replayed) == (SendOutcome.SENT, True)
    assert again.provider_ids == sent.provider_ids
    assert stage.scene.sent_texts() == ["Hello Dana"]


# --- who stands behind it ------------------------------------------------------------------------


def test_a_person_who_sends_what_the_machine_approved_stands_behind_it(stage: Stage) -> None:
    draft = stage.scene.draft(sent_by="ai")
    stage.world.step(1)
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT
    assert stage.scene.message_now(draft.draft_id).sent_by == "setter"
    assert stage.scene.draft_now(draft.draft_id).sent_by == "setter"
    lead = stage.scene.lead_now()
    assert (lead.automated_in_a_row, lead.human_outbound_count) == (0, 1)


def test_a_machine_that_sends_what_a_person_approved_does_not_take_it_over(stage: Stage) -> None:
    draft = stage.scene.draft(sent_by="setter")
    assert stage.approve_and_send(draft.draft_id, "ai").outcome is SendOutcome.SENT
    assert stage.scene.message_now(draft.draft_id).sent_by == "setter"


def test_a_person_is_not_held_by_the_machines_caps(stage: Stage) -> None:
    stage.update(Workspace(stage.scene.workspace), Workspace.automated_per_day.set(0))
    draft = stage.scene.draft(sent_by="ai")
    assert stage.approve_and_send(draft.draft_id, "ai").code is Code.DAILY_CAP
    stage.world.step(1)
    assert stage.approve_and_send(draft.draft_id, "setter").outcome is SendOutcome.SENT


# --- drafts whose surroundings are gone, or newer than this version ------------------------------


@pytest.mark.parametrize(
    "state", [DraftState.PENDING, DraftState.NEEDS_REVIEW, DraftState.APPROVED]
)
def test_a_draft_of_a_deleted_lead_can_be_rejected(stage: Stage, state: DraftState) -> None:
    draft = stage.scene.draft(state=state)
    stage.delete(Lead, stage.scene.lead_id)
    reject(stage.system.store, stage.world, stage.scene.draft_now(draft.draft_id))
    row = stage.scene.draft_now(draft.draft_id)
    assert (row.state, row.code) == ("rejected", "draft_rejected")
    assert stage.leads() == [], "nobody came back"


def test_a_draft_of_a_deleted_lead_that_somebody_changed_first_stays_as_it_is(stage: Stage) -> None:
    draft = stage.scene.draft()
    read = stage.scene.draft_now(draft.draft_id)
    stage.world.step(1)
    approve(stage.system.store, stage.world, read, stage.scene.lead_now(), sent_by="setter")
    stage.delete(Lead, stage.scene.lead_id)
    with pytest.raises(DraftRefused) as refused:
        reject(stage.system.store, stage.world, read)
    assert refused.value.code is Code.DRAFT_CHANGED
    assert stage.state(draft.draft_id) == "approved"


@pytest.mark.parametrize(
    ("state", "outcome", "code"),
    [
        ("approved", SendOutcome.WAITING, Code.NOT_DUE),
        ("needs_review", SendOutcome.HELD, Code.AWAITING_PERSON),
        ("failed", SendOutcome.REFUSED, Code.AWAITING_PERSON),
    ],
)
def test_a_code_that_a_newer_version_wrote_does_not_stop_this_one(
    stage: Stage, state: str, outcome: SendOutcome, code: Code
) -> None:
    draft = stage.scene.draft(due_at=stage.world.now() + 3_600_000)
    stage.update(draft, Draft.code.set("a_code_of_tomorrow"), Draft.state.set(state))
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (outcome, code)
    assert result.to_dict()["sentence"].endswith(".")


def test_an_event_that_a_newer_version_finished_is_finished(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    stage.scene.seed(campaign_id=None)
    stage.post(webhook)
    [event] = stage.inbound()
    stage.update(event, Inbound.finished_code.set("left_to_the_moon"))
    answer = stage.post(webhook)
    assert (answer.status, answer.code) == (200, Code.DUPLICATE_EVENT)
    assert answer.fields["work"] == "recorded"
    assert stage.sandbox.ledger.requests() == []


# --- strangers at the front door -----------------------------------------------------------------


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    "event",
    [
        {"type": "INSTALL", "appId": "a1", "companyId": "c1"},
        {"type": "UNINSTALL", "appId": "a1", "locationId": "notours"},
        {"type": "ContactCreate", "locationId": "notours", "timestamp": 1762000000000},
        {"type": "OutboundMessage", "messageType": "CALL", "locationId": "notours"},
    ],
)
def test_what_an_app_is_told_beside_messages_is_acknowledged(
    stage: Stage, event: dict[str, Any], *, shared: bool
) -> None:
    path = None if shared else {"workspace": stage.scene.workspace}
    answer = stage.post_event(event, pathParameters=path)
    assert (answer.status, answer.code) == (200, Code.EVENT_IGNORED)
    assert stage.inbound() == []


def test_not_even_that_is_acknowledged_without_a_signature(stage: Stage) -> None:
    answer = stage.post(b'{"type":"INSTALL"}', pathParameters=None)
    assert (answer.status, answer.code) == (401, Code.SIGNATURE_MISSING)


class AskedSecrets(FixedSecrets):
    """Secrets none of which is at hand: each must be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
        """Say that the parameter store would have to be asked."""
        return False

    def get(self, workspace: str, provider: str, secret: str) -> str | None:
        """Return the secret, and remember who asked."""
        self.asked.append(workspace)
        return super().get(workspace, provider, secret)


@pytest.mark.parametrize("by_header", [True, False])
def test_a_workspace_that_a_stranger_invents_never_costs_a_look_into_the_parameter_store(
    stage: Stage, *, by_header: bool
) -> None:
    secrets = AskedSecrets()
    system = stage.scene.system(secrets=secrets)
    query = None if by_header else {"secret": SECRET}
    for number in range(5):
        answer = stage.post(
            stage.workflow_text("Hello?", SECRET if by_header else None),
            pathParameters={"workspace": f"invented{number}"},
            queryStringParameters=query,
            system=system,
        )
        assert (answer.status, answer.code) == (404, Code.WORKSPACE_NOT_FOUND)
    assert secrets.asked == []


@pytest.mark.parametrize("kind", [WORKFLOW, MARKETPLACE])
def test_a_workspace_that_exists_is_asked_for_its_secret(stage: Stage, kind: str) -> None:
    key = integration_key(stage.scene.workspace, "gohighlevel")
    stage.update(Integration(key), Integration.webhook.set(kind))
    secrets = AskedSecrets()
    system = stage.scene.system(secrets=secrets)
    answer = stage.post(stage.workflow_text("Hello?", SECRET), system=system)
    assert answer.status == (200 if kind == WORKFLOW else 409)
    assert set(secrets.asked) == {stage.scene.workspace}
    wrong = stage.post(stage.workflow_text("Hello?", "not-it"), system=system)
    assert (wrong.status, wrong.code) == (401, Code.SIGNATURE_INVALID)
