"""The front door: recorded once, answered once, and the work is ensured."""

import base64
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from devstack.sandbox.contract import Injected
from devstack.sandbox.faults import Kind
from devstack.sandbox.webhooks import Webhook, inbound_email, outbound_message
from system_sender.codes import Code
from system_sender.models import (
    Alias,
    Campaign,
    Inbound,
    Integration,
    Lead,
    Suppression,
    Workspace,
    integration_key,
    phone_alias,
    suppression_key,
)
from system_sender.providers.gohighlevel import MARKETPLACE, WORKFLOW
from system_sender.result import SendOutcome
from system_sender.secrets import SecretUnavailable
from system_sender.webhook import LARGEST_BODY, LARGEST_BODY_WITHOUT_EMAIL
from system_sender.word import settle_by_word
from tests.crash.connection import conflict, reply_lost, request_lost, throttled
from tests.engine.doors import DOORS, Door
from tests.engine.stage import Stage, any_call, any_write
from tests.support.correspondents import iso
from tests.support.scene import PHONE, SECRET, Scene

REPLY = "Hi Dana, does 2pm Tuesday work?"


def test_an_inbound_text_is_recorded_and_answered(stage: Stage) -> None:
    answer = stage.post(stage.text("Tue works "))
    assert (answer.status, answer.code) == (200, Code.RECORDED)
    assert answer.fields["outcome"] == "sent"
    assert stage.scene.sent_texts() == [REPLY]
    [event] = stage.inbound()
    assert (event.text, event.sequence, event.finished_code) == ("Tue works", 1, "reply_drafted")
    lead = stage.scene.lead_now()
    assert (lead.inbound_count, lead.last_inbound_at) == (1, stage.world.now())
    [message] = stage.messages()
    assert (message.sent_by, message.state) == ("ai", "sent")


def test_the_answer_is_a_proxy_response(stage: Stage) -> None:
    response = stage.post(stage.text("Hello?")).to_api_gateway()
    assert response["statusCode"] == 200
    assert response["headers"] == {"Content-Type": "application/json"}
    body = json.loads(response["body"])
    assert body["code"] == "recorded"
    assert body["message"].endswith(".")


def test_a_body_in_base64_is_verified_over_its_decoded_bytes(stage: Stage) -> None:
    webhook = stage.text("Grüße \u0645\u0631\u062d\u0628\u0627 \U0001f44b")
    encoded = base64.b64encode(webhook.body).decode()
    answer = stage.post(webhook, body=encoded, isBase64Encoded=True)
    assert answer.status == 200
    assert stage.inbound()[0].text == "Grüße \u0645\u0631\u062d\u0628\u0627 \U0001f44b"


def test_header_names_come_in_any_case(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    headers = {name.upper(): value for name, value in webhook.headers.items()}
    assert stage.post(webhook, headers=headers).status == 200


def test_a_shared_marketplace_app_is_routed_by_the_owner_of_the_location(stage: Stage) -> None:
    paths: list[dict[str, str] | None] = [None, {}]
    for path in paths:
        assert stage.post(stage.text("Hello?"), pathParameters=path).status == 200
    assert {event.workspace for event in stage.inbound()} == {stage.scene.workspace}


# --- the same event again ------------------------------------------------------------------------


def test_the_same_event_five_more_times_changes_nothing(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    stage.post(webhook)
    before = stage.scene.lead_now().version
    for _ in range(5):
        answer = stage.post(webhook)
        assert (answer.status, answer.code) == (200, Code.DUPLICATE_EVENT)
        assert answer.fields["replayed"] is True
    assert stage.scene.sent_texts() == [REPLY]
    assert (len(stage.inbound()), stage.scene.lead_now().version) == (1, before)


def test_the_same_event_at_once_is_answered_once(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: stage.post(webhook), range(12)))
    assert {answer.status for answer in answers} == {200}
    stage.world.step(61)
    stage.sweep()
    assert stage.scene.sent_texts() == [REPLY]
    assert (len(stage.inbound()), stage.scene.lead_now().inbound_count) == (1, 1)


def test_the_same_message_under_another_webhook_id_is_a_duplicate(stage: Stage) -> None:
    first = stage.text("Hello?", messageId="ms1", webhookId="wh1")
    again = stage.text("Hello?", messageId="ms1", webhookId="wh2")
    assert stage.post(first).code is Code.RECORDED
    assert stage.post(again).code is Code.DUPLICATE_EVENT
    assert len(stage.scene.sent_texts()) == 1


def test_redeliveries_days_later_change_nothing(stage: Stage) -> None:
    webhook = stage.text("Hello?")
    stage.post(webhook)
    stage.world.step(2 * 24 * 3600)
    assert stage.post(webhook).code is Code.DUPLICATE_EVENT
    stage.world.step(2 * 24 * 3600)
    assert stage.post(webhook).code is Code.EVENT_STALE
    assert len(stage.scene.sent_texts()) == 1


def test_what_comes_again_after_its_row_was_erased_is_answered_once_and_finished(
    stage: Stage,
) -> None:
    webhook = stage.text("Hello?")
    stage.post(webhook)
    (event,) = stage.inbound()
    stage.delete(Inbound, event.event_id)
    assert stage.post(webhook).code is Code.RECORDED
    stage.world.step(120)
    assert stage.sweep().due == 0
    assert stage.scene.sent_texts() == [REPLY]


def test_any_order_and_repetition_of_three_texts_ends_alike(stage: Stage) -> None:
    webhooks = [stage.text(f"text {number}", messageId=f"ms{number}") for number in range(3)]
    deliveries = webhooks * 4
    random.Random(7).shuffle(deliveries)
    for webhook in deliveries:
        assert stage.post(webhook).status == 200
    assert stage.scene.lead_now().inbound_count == 3
    assert len(stage.inbound()) == 3
    assert len(stage.scene.sent_texts()) <= 3
    assert len({row.draft_id for row in stage.messages()}) == len(stage.messages())


# --- whose is it ---------------------------------------------------------------------------------


def test_a_stranger_becomes_one_lead_even_through_many_first_webhooks_at_once(
    stage: Stage,
) -> None:
    webhooks = [
        stage.text(f"Hello {n}", contact_id="stranger", **{"from": "+15550100077"})
        for n in range(6)
    ]
    with ThreadPoolExecutor(6) as pool:
        assert {answer.status for answer in pool.map(stage.post, webhooks)} == {200}
    new = [lead for lead in stage.leads() if lead.lead_id != stage.scene.lead_id]
    assert [(lead.phone, lead.inbound_count) for lead in new] == [("+15550100077", 6)]
    assert {event.lead_id for event in stage.inbound()} == {new[0].lead_id}


def test_a_known_number_under_a_new_contact_is_the_same_lead(stage: Stage) -> None:
    stage.post(stage.text("Hello?", contact_id="other-contact"))
    assert {event.lead_id for event in stage.inbound()} == {stage.scene.lead_id}
    assert len(stage.leads()) == 1


def test_the_answer_goes_to_the_contact_who_wrote_last(stage: Stage) -> None:
    first = stage.scene.contact
    for number, contact in enumerate(("other-contact", first), start=1):
        stage.post(stage.text(f"Hello {number}?", contact_id=contact))
    accepted = stage.sandbox.ledger.accepted()
    assert [entry.contact_id for entry in accepted] == ["other-contact", first]


def test_a_known_contact_without_any_number_is_the_same_lead(stage: Stage) -> None:
    answer = stage.post(stage.text("Hello?", omit=("from",)))
    assert answer.status == 200
    assert stage.scene.sent_texts() == [REPLY]


def test_a_stranger_without_a_number_is_recorded_and_waits_for_a_person(stage: Stage) -> None:
    stage.update(
        Campaign(f"{stage.scene.workspace}:autumn"), Campaign.reply_template.set("Hi there")
    )
    answer = stage.post(stage.text("Hello?", contact_id="stranger", omit=("from",)))
    assert (answer.status, answer.fields["outcome_code"]) == (200, "missing_phone")
    [draft] = stage.drafts()
    assert draft.state == "needs_review"
    assert stage.sandbox.ledger.requests() == []


def test_two_workspaces_with_the_same_contact_and_number_stay_apart(stage: Stage) -> None:
    scene = stage.scene
    twin = Scene(
        scene.store, stage.world, stage.sandbox, f"{scene.workspace}x", scene.public_key
    ).seed()
    webhook = stage.text("STOP", contact_id="shared", **{"from": PHONE})
    assert stage.post(webhook).status == 200
    assert stage.suppressions() == {f"{scene.workspace}:sms:{PHONE}"}
    draft = twin.draft("hello", text="still fine")
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    own = scene.draft("hello", sent_by="setter")
    assert stage.send(own.draft_id).code is Code.OPTED_OUT
    assert all(row.lead_id.startswith(f"{row.workspace}:") for row in stage.leads())


def test_the_same_message_id_in_two_workspaces_is_two_messages(stage: Stage) -> None:
    scene = stage.scene
    twin = Scene(
        scene.store, stage.world, stage.sandbox, f"{scene.workspace}x", scene.public_key
    ).seed()
    stage.post(stage.text("Hello?", messageId="ms1"))
    stage.post(
        stage.text("Hello?", messageId="ms1", location_id=twin.location, contact_id=twin.contact),
        pathParameters={"workspace": twin.workspace},
    )
    assert (len(scene.sent_texts()), len(twin.sent_texts())) == (1, 1)


# --- what it means -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["STOP", "Stop please", "unsubscribe", "Don't text me again!"])
def test_an_opt_out_is_never_answered_and_stops_every_later_draft(stage: Stage, text: str) -> None:
    waiting = stage.scene.draft("waiting", due_at=stage.world.now() + 60_000)
    answer = stage.post(stage.text(text))
    assert (answer.status, answer.fields["work"]) == (200, "opted_out")
    stage.world.step(120)
    stage.sweep()
    for sent_by in ("ai", "setter"):
        later = stage.scene.draft(f"later-{sent_by}", sent_by=sent_by)
        assert stage.send(later.draft_id).code is Code.OPTED_OUT
    assert stage.sandbox.ledger.requests() == []
    assert stage.state(waiting.draft_id) == "superseded"
    # Another text, and even a "yes", is no consent.
    assert stage.post(stage.text("yes please")).fields["outcome_code"] == "opted_out"
    assert stage.sandbox.ledger.requests() == []


def test_an_honest_sentence_with_such_a_word_is_answered(stage: Stage) -> None:
    stage.post(stage.text("Stop by at 3"))
    assert stage.scene.sent_texts() == [REPLY]
    assert stage.suppressions() == set()


def test_do_not_disturb_suppresses_and_is_not_answered(stage: Stage) -> None:
    answer = stage.post(stage.dnd())
    assert (answer.status, answer.fields["work"]) == (200, "recorded")
    assert f"{stage.scene.workspace}:sms:{PHONE}" in stage.suppressions()
    assert stage.send(stage.scene.draft().draft_id).code is Code.OPTED_OUT
    stage.post(stage.dnd(dnd=False))
    assert stage.send(stage.scene.draft("again").draft_id).code is Code.OPTED_OUT


def test_a_newer_text_supersedes_older_drafts_in_any_open_state(stage: Stage) -> None:
    from system_sender.states import DraftState

    states = (DraftState.PENDING, DraftState.NEEDS_REVIEW, DraftState.APPROVED)
    later = stage.world.now() + 3_600_000
    drafts = [stage.scene.draft(state.value, state=state, due_at=later) for state in states]
    stage.post(stage.text("Actually, something else"))
    assert {stage.state(draft.draft_id) for draft in drafts} == {"superseded"}
    assert stage.scene.sent_texts() == [REPLY]


def test_a_persons_own_text_supersedes_and_is_not_answered(stage: Stage) -> None:
    waiting = stage.scene.draft(due_at=stage.world.now() + 60_000)
    stage.update(Lead(stage.scene.lead_id), Lead.automated_in_a_row.set(3))
    answer = stage.post(stage.human_text("I will take over"))
    assert (answer.status, answer.fields["work"]) == (200, "recorded")
    assert stage.state(waiting.draft_id) == "superseded"
    lead = stage.scene.lead_now()
    assert (lead.human_outbound_count, lead.automated_in_a_row) == (1, 0)
    assert stage.sandbox.ledger.requests() == []


def test_our_own_echo_changes_nothing(stage: Stage) -> None:
    version = stage.scene.lead_now().version
    answer = stage.post(stage.human_text(REPLY, source="api"))
    assert (answer.status, answer.fields["work"]) == (200, "event_ignored")
    lead = stage.scene.lead_now()
    assert (lead.version, lead.human_outbound_count) == (version, 0)


def test_an_echo_proves_sent_what_a_person_had_settled_as_not_sent(stage: Stage) -> None:
    draft = stage.scene.draft(text=REPLY)
    stage.fail(Kind.RESET_AFTER)
    stage.send(draft.draft_id)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)
    assert stage.state(draft.draft_id) == "failed"
    assert stage.scene.lead_now().open_drafts is None
    [accepted] = stage.sandbox.ledger.accepted()
    now = iso(stage.world.now())
    echo = outbound_message(
        stage.signer,
        location_id=stage.scene.location,
        contact_id=stage.scene.contact,
        text=REPLY,
        source="api",
        messageId=accepted.message_id,
        timestamp=now,
        dateAdded=now,
    )
    assert stage.post(echo).fields["work"] == "echo_matched"
    assert stage.state(draft.draft_id) == "sent"
    stage.send(draft.draft_id)
    assert len(stage.sandbox.ledger.accepted()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "AppointmentCreate"},
        {"messageType": "CALL", "messageTypeString": "TYPE_CALL", "messageTypeId": 1},
    ],
)
def test_other_events_are_acknowledged_and_change_nothing(
    stage: Stage, changes: dict[str, Any]
) -> None:
    answer = stage.post(stage.text("Hello?", **changes))
    assert (answer.status, answer.code) == (200, Code.EVENT_IGNORED)
    assert stage.inbound() == []


def workflow_of(stage: Stage, kind: int) -> Webhook:
    use(stage, WORKFLOW)
    return stage.workflow_text("Hello?", SECRET, message={"type": kind, "body": "Hello?"})


def app_of(stage: Stage, kind: str) -> Webhook:
    return stage.text("Hello?", type=kind)


def echo_to_a_stranger(stage: Stage, source: str) -> Webhook:
    to = {"contact_id": "stranger1", "to": "+15550100077"}
    return stage.human_text("Hello?", source=source, **to)


@pytest.mark.parametrize(
    ("make", "word", "event_type"),
    [
        (workflow_of, 11, "workflow 11"),
        (app_of, "AppointmentCreate", "AppointmentCreate SMS 2"),
        (echo_to_a_stranger, "api", "echo"),
    ],
)
def test_an_event_that_leaves_no_row_leaves_a_line(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Stage, Any], Webhook],
    word: Any,
    event_type: str,
) -> None:
    answer = stage.post(make(stage, word))
    assert (answer.status, answer.code, stage.inbound()) == (200, Code.EVENT_IGNORED, [])
    [line] = [vars(record) for record in caplog.records if record.message == "webhook_answered"]
    assert {
        "levelname": "INFO",
        "code": "event_ignored",
        "provider": "gohighlevel",
        "workspace": stage.scene.workspace,
        "event_type": event_type,
    }.items() <= line.items()


def test_a_picture_without_a_word_overtakes_what_was_written_before_it(stage: Stage) -> None:
    use(stage, WORKFLOW)
    waiting = stage.scene.draft(due_at=stage.world.now() + 60_000)
    picture = {"message": {"type": 2, "body": ""}, "customData": {"ID": stage.scene.contact}}
    for message_id in ("ms1", "ms2"):
        stage.sandbox.inject(
            Injected(stage.scene.location, stage.scene.contact, "", message_id=message_id)
        )
        stage.world.step(1)
        for code in (Code.RECORDED, Code.DUPLICATE_EVENT):
            assert stage.post(stage.workflow_text("", SECRET, **picture)).code is code
    assert stage.state(waiting.draft_id) == "superseded"
    assert stage.scene.lead_now().inbound_count == 2
    assert {event.provider_message_id for event in stage.inbound()} == {"ms1", "ms2"}


@pytest.mark.parametrize(
    ("campaign", "work", "state"),
    [
        ({"response_mode": "SETTER_MANAGED"}, "reply_drafted", "needs_review"),
        ({"response_mode": "SETTER_MANAGED", "reply_template": None}, "setter_managed", None),
        ({"reply_template": None}, "reply_drafted", "needs_review"),
        ({"reply_template": "Hi $nickname"}, "reply_drafted", "needs_review"),
        ({"reply_template": "It costs $ 5"}, "reply_drafted", "needs_review"),
        ({"reply_confidence": 0.5}, "reply_drafted", "needs_review"),
        ({"reply_confidence": 0.9}, "reply_drafted", "sent"),
    ],
)
def test_the_campaign_decides_whether_a_machine_answers(
    stage: Stage, campaign: dict[str, Any], work: str, state: str | None
) -> None:
    actions = [
        getattr(Campaign, name).remove() if value is None else getattr(Campaign, name).set(value)
        for name, value in campaign.items()
    ]
    stage.update(Campaign(f"{stage.scene.workspace}:autumn"), *actions)
    answer = stage.post(stage.text("Hello?"))
    assert (answer.status, answer.fields["work"]) == (200, work)
    assert [draft.state for draft in stage.drafts()] == ([state] if state else [])
    assert len(stage.scene.sent_texts()) == (state == "sent")


def test_a_lead_in_no_campaign_is_left_to_people(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    assert stage.post(stage.text("Hello?")).fields["work"] == "no_campaign"
    assert stage.drafts() == []


def test_a_campaign_that_is_gone_is_said(stage: Stage) -> None:
    stage.delete(Campaign, f"{stage.scene.workspace}:autumn")
    assert stage.post(stage.text("Hello?")).fields["work"] == "campaign_not_found"


def test_the_provider_refusing_our_reply_is_still_a_recorded_event(stage: Stage) -> None:
    stage.fail(Kind.RESET_AFTER)
    answer = stage.post(stage.text("Hello?"))
    assert (answer.status, answer.fields["outcome"]) == (200, "unknown")
    assert stage.post(stage.text("Hello?", messageId="ms2")).status == 200


# --- every provider's door -----------------------------------------------------------------------


@pytest.fixture
def doors(stage: Stage) -> dict[str, Door]:
    """Every provider is integrated, and people answer."""
    stage.scene.seed(campaign_id=None)
    for provider in DOORS:
        stage.scene.integrate(provider)
    return {provider: door(stage) for provider, door in DOORS.items()}


@pytest.mark.parametrize("provider", DOORS)
def test_a_providers_message_is_taken_at_its_own_path(
    stage: Stage, doors: dict[str, Door], provider: str
) -> None:
    door = doors[provider]
    answer = door.post(stage)
    assert (answer.status, answer.code) == (200, Code.RECORDED)
    [event] = stage.inbound()
    assert (event.provider, event.channel) == (provider, door.channel)
    assert (event.text, event.lead_id) == ("Tuesday works", stage.scene.lead_id)
    assert stage.scene.lead_now().latest_inbound == {door.channel: event.event_id}
    assert event.finished_code == "no_campaign"


@pytest.mark.parametrize("provider", DOORS)
def test_an_email_may_be_as_large_as_a_function_can_be_given_and_no_other_message(
    stage: Stage, doors: dict[str, Door], provider: str
) -> None:
    door = doors[provider]
    room = LARGEST_BODY if door.channel == "email" else LARGEST_BODY_WITHOUT_EMAIL
    empty = len(door.webhook(padding="").body)
    assert door.post(stage, door.webhook(padding="x" * (room - empty + 1))).status == 413
    assert door.post(stage, door.webhook(padding="x" * (room - empty))).status == 200
    [event] = stage.inbound()
    assert event.text == "Tuesday works"


@pytest.mark.parametrize("provider", DOORS)
def test_a_message_is_answered_through_the_provider_that_it_came_by(
    stage: Stage, provider: str
) -> None:
    for name in DOORS:
        stage.scene.integrate(name)
    stage.world.effects.clear()
    answer = DOORS[provider](stage).post(stage)
    assert (answer.status, answer.fields["outcome_code"]) == (200, "sent")
    [entry] = stage.sandbox.ledger.sends()
    assert (entry.provider, entry.accepted, entry.text) == (provider, True, REPLY)
    assert stage.world.round_trips() <= 8


@pytest.mark.parametrize("provider", DOORS)
def test_a_providers_message_again_is_answered_200_and_changes_nothing(
    stage: Stage, doors: dict[str, Door], provider: str
) -> None:
    webhook = doors[provider].webhook()
    doors[provider].post(stage, webhook)
    version = stage.scene.lead_now().version
    for _ in range(3):
        answer = doors[provider].post(stage, webhook)
        assert (answer.status, answer.code) == (200, Code.DUPLICATE_EVENT)
    assert (len(stage.inbound()), stage.scene.lead_now().version) == (1, version)


@pytest.mark.parametrize("provider", DOORS)
def test_a_body_in_base64_is_taken_at_every_door(
    stage: Stage, doors: dict[str, Door], provider: str
) -> None:
    body = base64.b64encode(doors[provider].webhook().body).decode()
    assert doors[provider].post(stage, body=body, isBase64Encoded=True).status == 200
    assert len(stage.inbound()) == 1


@pytest.mark.parametrize("provider", DOORS)
def test_storage_trouble_is_answered_503_where_a_5xx_is_delivered_again(
    stage: Stage, doors: dict[str, Door], provider: str
) -> None:
    webhook = doors[provider].webhook()
    with stage.struck(request_lost, any_call):
        response = doors[provider].post(stage, webhook).to_api_gateway()
    assert response["statusCode"] == 503
    assert int(response["headers"]["Retry-After"]) > 0
    assert stage.inbound() == []
    assert doors[provider].post(stage, webhook).code is Code.RECORDED


@pytest.mark.parametrize("provider", DOORS)
def test_a_workspace_without_the_providers_account_is_not_found(
    stage: Stage, doors: dict[str, Door], provider: str
) -> None:
    stage.delete(Integration, integration_key(stage.scene.workspace, provider))
    answer = doors[provider].post(stage)
    assert (answer.status, answer.code) == (404, Code.WORKSPACE_NOT_FOUND)
    assert stage.inbound() == []


@pytest.mark.parametrize("provider", DOORS)
def test_a_cold_function_asks_for_no_secret_of_a_workspace_without_the_account(
    stage: Stage, doors: dict[str, Door], provider: str
) -> None:
    class Asked:
        def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
            return False

        def get(self, workspace: str, provider: str, secret: str) -> str | None:
            raise AssertionError("The parameter store was asked.")

    stage.system = stage.scene.system(secrets=Asked())
    answer = doors[provider].post(stage, pathParameters={"workspace": "invented"})
    assert (answer.status, answer.code) == (404, Code.WORKSPACE_NOT_FOUND)


def test_an_email_of_gohighlevel_comes_to_the_same_address_as_its_texts(stage: Stage) -> None:
    stage.scene.seed(campaign_id=None)
    webhook = inbound_email(
        stage.signer,
        location_id=stage.scene.location,
        contact_id=stage.scene.contact,
        text="Tuesday works",
        omit=("timestamp", "dateAdded"),
    )
    assert stage.post(webhook).code is Code.RECORDED
    [event] = stage.inbound()
    assert (event.provider, event.channel) == ("gohighlevel", "email")
    assert (event.lead_id, event.sender) == (stage.scene.lead_id, "dana@example.com")


# --- durability ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strike", [request_lost, throttled])
def test_storage_trouble_is_answered_429_with_a_retry_after(stage: Stage, strike: Any) -> None:
    webhook = stage.text("Hello?")
    with stage.struck(strike, any_call):
        response = stage.post(webhook).to_api_gateway()
    assert response["statusCode"] == 429
    assert int(response["headers"]["Retry-After"]) > 0
    assert json.loads(response["body"])["code"] == "storage_trouble"
    assert stage.inbound() == []
    assert stage.post(webhook).code is Code.RECORDED
    assert stage.scene.sent_texts() == [REPLY]


def test_writes_that_stay_contended_are_answered_429(stage: Stage) -> None:
    with stage.struck(conflict, any_write):
        assert stage.post(stage.text("Hello?")).status == 429
    assert stage.inbound() == []


def test_a_recording_whose_answer_was_lost_is_found_and_not_made_twice(stage: Stage) -> None:
    with stage.struck(reply_lost, any_write, 1):
        answer = stage.post(stage.text("Hello?"))
    assert answer.status == 200
    assert (len(stage.inbound()), stage.scene.lead_now().inbound_count) == (1, 1)
    stage.world.step(61)
    stage.sweep()
    assert stage.scene.sent_texts() == [REPLY]


@pytest.mark.parametrize("strike_all", [request_lost, throttled])
def test_once_the_event_is_durable_trouble_with_its_work_is_answered_200(
    stage: Stage, strike_all: Any
) -> None:
    recorded = {"yes": False}

    def after(effect: Any, name: str) -> None:
        recorded["yes"] = recorded["yes"] or name.startswith("write event")

    stage.world.after = after
    with stage.struck(strike_all, lambda *_: recorded["yes"]):
        answer = stage.post(stage.text("Hello?"))
    assert (answer.status, answer.code, answer.fields["work"]) == (200, Code.RECORDED, "due")
    stage.world.step(61)
    stage.sweep()
    assert stage.scene.sent_texts() == [REPLY]


def test_secrets_that_cannot_be_read_are_answered_429(stage: Stage) -> None:
    class Unavailable:
        def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
            return False

        def get(self, workspace: str, provider: str, secret: str) -> str | None:
            raise SecretUnavailable("The SSM parameter store could not be read.")

    stage.system = stage.scene.system(secrets=Unavailable())
    assert stage.post(stage.workflow_text("Hello?", SECRET)).status == 429
    assert stage.inbound() == []


# --- two kinds of webhooks -----------------------------------------------------------------------


def use(stage: Stage, kind: str) -> None:
    key = integration_key(stage.scene.workspace, "gohighlevel")
    stage.update(Integration(key), Integration.webhook.set(kind))


def test_a_workflow_webhook_is_let_in_by_its_secret(stage: Stage) -> None:
    use(stage, WORKFLOW)
    answer = stage.post(stage.workflow_text("Hello?", SECRET))
    assert (answer.status, answer.code) == (200, Code.RECORDED)
    assert stage.scene.sent_texts() == [REPLY]


@pytest.mark.parametrize(
    ("country", "phone"),
    [("GB", "+442079460000"), ("Great Britain", "+12079460000"), ("US", "+12079460000")],
)
def test_a_number_without_a_country_code_is_read_where_the_lead_is(
    stage: Stage, country: str, phone: str
) -> None:
    use(stage, WORKFLOW)
    written = "020 7946 0000" if country == "GB" else "(207) 946-0000"
    webhook = stage.workflow_text(
        "STOP",
        SECRET,
        contact_id="stranger",
        email="kim@example.com",
        phone=written,
        country=country,
    )
    assert stage.post(webhook).status == 200
    lead = next(row for row in stage.leads() if row.lead_id != stage.scene.lead_id)
    assert (lead.phone, lead.suppressed_channels) == (phone, {"sms"})
    own = suppression_key(stage.scene.workspace, "sms", phone)
    assert stage.scene.store.get(Suppression, own) is not None


@pytest.mark.parametrize("country", ["US", "DE", None])
def test_who_is_known_by_a_number_is_heard_whatever_country_the_provider_names(
    stage: Stage, country: str | None
) -> None:
    use(stage, WORKFLOW)
    stage.update(Workspace(stage.scene.workspace), Workspace.region.set("GB"))
    london = "+442079460000"
    known = Lead(
        f"{stage.scene.workspace}:kim",
        workspace=stage.scene.workspace,
        phone=london,
        created_at=stage.world.now(),
    )
    alias = phone_alias(stage.scene.workspace, london)
    stage.scene.put(known)
    stage.scene.put(Alias(alias, lead_id=known.lead_id))
    webhook = stage.workflow_text(
        "STOP",
        SECRET,
        contact_id="another",
        email="kim@example.com",
        phone="020 7946 0000",
        country=country,
    )
    assert stage.post(webhook).status == 200
    (heard,) = (row for row in stage.leads() if row.inbound_count)
    assert (heard.lead_id, heard.suppressed_channels) == (known.lead_id, {"sms"})
    own = suppression_key(stage.scene.workspace, "sms", london)
    assert stage.scene.store.get(Suppression, own) is not None
    berlin = phone_alias(stage.scene.workspace, "+492079460000")
    assert stage.scene.store.get(Alias, berlin) is None, "it is not their number"


def test_the_secret_may_stand_in_the_url(stage: Stage) -> None:
    use(stage, WORKFLOW)
    webhook = stage.workflow_text("Hello?", None)
    answer = stage.post(webhook, queryStringParameters={"secret": SECRET})
    assert answer.status == 200


def test_the_shared_path_takes_no_secret(stage: Stage) -> None:
    use(stage, WORKFLOW)
    answer = stage.post(stage.workflow_text("Hello?", SECRET), pathParameters=None)
    assert (answer.status, answer.code) == (401, Code.SIGNATURE_MISSING)


@pytest.mark.parametrize("kind", [MARKETPLACE, WORKFLOW])
def test_the_other_kind_of_webhook_is_refused_because_every_text_would_come_twice(
    stage: Stage, kind: str
) -> None:
    use(stage, WORKFLOW if kind == MARKETPLACE else MARKETPLACE)
    webhook = stage.text("Hello?") if kind == MARKETPLACE else stage.workflow_text("Hello?", SECRET)
    answer = stage.post(webhook)
    assert (answer.status, answer.code) == (409, Code.WRONG_WEBHOOK_KIND)
    assert stage.inbound() == []
