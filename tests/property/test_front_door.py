"""Whatever is posted, the front door answers with one of its own codes and never breaks."""

import copy
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pynamodb.connection import Connection

from devstack.sandbox.webhooks import Webhook
from system_sender.models import Integration, Workspace, integration_key
from system_sender.providers.gohighlevel import MARKETPLACE, WORKFLOW
from system_sender.telemetry import log
from tests.engine.conftest import everything_in
from tests.engine.doors import DOORS, MAILBOX, Door
from tests.engine.stage import Stage
from tests.property.test_pure import event, json_value
from tests.support.scene import EMAIL, PHONE, SECRET

STATUSES = {200, 400, 401, 403, 404, 409, 413}

# What the events of a test say of people, none of which may be logged.
PRIVATE = (EMAIL, MAILBOX, PHONE, SECRET, "Dana Example", "Tuesday works", "Hello?")

any_body = st.binary(max_size=200) | (event | json_value).map(
    lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
)


@pytest.fixture(scope="module")
def stage(lean_connection: Connection) -> Stage:
    """One workspace that everything is posted to, and in which people answer."""
    stage = Stage.open(lean_connection)
    stage.scene.seed(campaign_id=None)
    stage.update(Workspace(stage.scene.workspace), Workspace.default_campaign_id.remove())
    for provider in DOORS:
        stage.scene.integrate(provider)
    return stage


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """Nothing personal may have been logged by the end of a test, whatever was posted."""
    with written_lines() as lines:
        log.info("posting_begins")
        yield
    assert lines, "the lines were seen"
    assert [private for private in PRIVATE if any(private in line for line in lines)] == []


@contextmanager
def written_lines() -> Iterator[list[str]]:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(everything_in(record))  # type: ignore[method-assign]
    logger = logging.getLogger("system-sender")
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def check(stage: Stage, response: dict[str, Any]) -> None:
    assert response["statusCode"] in STATUSES
    assert json.loads(response["body"])["message"].endswith(".")
    assert stage.sandbox.ledger.sends() == []


@settings(max_examples=200)
@given(body=any_body, path=st.sampled_from(["own", "shared", "unknown"]))
@example(body=b"", path="own")
@example(body=b'{"type": 1e999}', path="shared")
def test_a_signed_body_of_any_kind_gets_an_answer(stage: Stage, body: bytes, path: str) -> None:
    paths = {"own": {"workspace": stage.scene.workspace}, "unknown": {"workspace": "nobody"}}
    check(stage, stage.post_signed(body, pathParameters=paths.get(path)).to_api_gateway())


@settings(max_examples=200)
@given(changes=event)
def test_an_event_with_any_fields_broken_gets_an_answer(
    stage: Stage, changes: dict[str, Any]
) -> None:
    whole = json.loads(stage.text("Hello?", contact_id="stranger").body)
    body = json.dumps({**whole, **changes}).encode("utf-8", "surrogatepass")
    check(stage, stage.post_signed(body).to_api_gateway())


@settings(max_examples=100)
@given(changes=event)
def test_a_workflow_event_with_any_fields_broken_gets_an_answer(
    stage: Stage, changes: dict[str, Any]
) -> None:
    integration = Integration(integration_key(stage.scene.workspace, "gohighlevel"))
    stage.update(integration, Integration.webhook.set(WORKFLOW))
    whole = json.loads(stage.workflow_text("Hello?", SECRET, contact_id="stranger").body)
    body = json.dumps({**whole, **changes}).encode("utf-8", "surrogatepass")
    answer = stage.post(Webhook(body, {"X-Webhook-Secret": SECRET}))
    stage.update(integration, Integration.webhook.set(MARKETPLACE))
    check(stage, answer.to_api_gateway())


@settings(max_examples=100)
@given(
    body=st.text(max_size=50) | st.none(),
    encoded=st.booleans(),
    headers=st.none()
    | st.dictionaries(
        st.sampled_from(["X-GHL-Signature", "x-webhook-secret", "Content-Type"]),
        st.text(max_size=40),
        max_size=3,
    ),
    workspace=st.none() | st.text(max_size=20),
    query=st.none() | st.dictionaries(st.just("secret"), st.text(max_size=20), max_size=1),
)
def test_a_request_that_proves_nothing_is_refused(
    stage: Stage,
    body: str | None,
    encoded: bool,
    headers: dict[str, str] | None,
    workspace: str | None,
    query: dict[str, str] | None,
) -> None:
    response = stage.post(
        b"",
        body=body,
        isBase64Encoded=encoded,
        headers=headers,
        pathParameters=None if workspace is None else {"workspace": workspace},
        queryStringParameters=query,
    ).to_api_gateway()
    check(stage, response)
    assert response["statusCode"] in {400, 401, 404}


# --- the doors of the other providers ------------------------------------------------------------

# Fields that a provider may look at and that an ordinary event does not have.
FIELDS = (
    "AccountStatus",
    "attachments",
    "bcc",
    "body",
    "cc_emails",
    "client_id",
    "email",
    "event",
    "event_type",
    "folder",
    "history",
    "html",
    "id",
    "is_event",
    "is_group",
    "lead",
    "leadCorrespondence",
    "lead_id",
    "message",
    "message_id",
    "provider_message_id",
    "reply",
    "reply_body",
    "reply_text_snippet",
    "scheduled_email",
    "sender",
    "sent_message",
    "step",
    "subject",
    "text",
    "timestamp",
    "to",
    "type",
)
# What kinds of events each provider tells of, where it says so, and other words in that place.
NAMES: Mapping[str, tuple[str, ...]] = {
    "emailbison": (
        "LEAD_REPLIED",
        "LEAD_INTERESTED",
        "UNTRACKED_REPLY_RECEIVED",
        "EMAIL_SENT",
        "MANUAL_EMAIL_SENT",
        "EMAIL_BOUNCED",
        "LEAD_UNSUBSCRIBED",
        "EMAIL_OPENED",
    ),
    "smartlead": (
        "EMAIL_REPLY",
        "EMAIL_REPLIED",
        "UNTRACKED_REPLIES",
        "EMAIL_SENT",
        "EMAIL_BOUNCE",
        "EMAIL_BOUNCED",
        "LEAD_UNSUBSCRIBED",
        "LEAD_CATEGORY_UPDATED",
    ),
    "instantly": (
        "reply_received",
        "auto_reply_received",
        "lead_out_of_office",
        "email_sent",
        "email_bounced",
        "lead_unsubscribed",
        "account_error",
    ),
    "unipile": (
        "message_received",
        "message.received",
        "message_delivered",
        "message_read",
        "message_reaction",
        "message_deleted",
    ),
}
# What such fields hold when they mean something.
VALUES = (
    "",
    "STOP",
    "kim@example.com",
    "Kim <kim@example.com>, lee@example.com",
    "a@b@c",
    "\ud800",
    "\u0000",
    "2026-03-03T17:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "x" * 30_000,
    True,
    10**30,
    -1,
    1e999,
    [["deep"]],
    [{"address": "kim@example.com", "name": None}],
)

odd_value = st.sampled_from(VALUES) | json_value
# Where an event is changed: a step picks a field of the object it is at, or a new one.
place = st.lists(st.integers(0, 40), min_size=1, max_size=4)
mutation = st.tuples(place, st.sampled_from(FIELDS), odd_value, st.booleans())


def mutated(body: Mapping[str, Any], mutations: list[Any]) -> dict[str, Any]:
    """Return the event with values put in, replaced and taken out at any depth."""
    changed = copy.deepcopy(dict(body))
    for steps, name, value, taken_out in mutations:
        here = changed
        for step in steps[:-1]:
            inner = [child for child in here.values() if isinstance(child, dict)]
            if inner:
                here = inner[step % len(inner)]
        names = [*sorted(map(str, here)), name]
        chosen = names[steps[-1] % len(names)]
        if taken_out:
            here.pop(chosen, None)
        else:
            here[chosen] = value
    return changed


def renamed(door: Door, name: str) -> dict[str, Any]:
    """Return the door's event under the name of another kind of event."""
    if door.provider == "emailbison":
        return {**door.body, "event": {**door.body["event"], "type": name}}
    return {**door.body, "event" if door.provider == "unipile" else "event_type": name}


def post_body(stage: Stage, door: Door, body: Any) -> dict[str, Any]:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8", "surrogatepass")
    return door.post(stage, Webhook(octets, dict(door.headers))).to_api_gateway()


@pytest.mark.parametrize("provider", DOORS)
@settings(max_examples=250)
@given(which=st.integers(0, 40), mutations=st.lists(mutation, max_size=5))
@example(which=0, mutations=[])
def test_an_event_of_any_provider_with_anything_broken_gets_an_answer(
    stage: Stage, provider: str, which: int, mutations: list[Any]
) -> None:
    door, names = DOORS[provider](stage), NAMES[provider]
    body = renamed(door, names[which % len(names)])
    check(stage, post_body(stage, door, mutated(body, mutations)))


@pytest.mark.parametrize(
    ("provider", "name"), [(provider, name) for provider in DOORS for name in NAMES[provider]]
)
def test_every_kind_of_event_gets_an_answer(stage: Stage, provider: str, name: str) -> None:
    door = DOORS[provider](stage)
    check(stage, post_body(stage, door, renamed(door, name)))


@pytest.mark.parametrize("provider", DOORS)
@settings(max_examples=200)
@given(body=st.binary(max_size=200) | json_value)
@example(body=b"")
def test_a_body_of_any_kind_gets_an_answer_at_every_door(
    stage: Stage, provider: str, body: Any
) -> None:
    door = DOORS[provider](stage)
    if isinstance(body, dict):
        body = {**body, "secret_key": SECRET}
    check(stage, post_body(stage, door, body))


@pytest.mark.parametrize("provider", DOORS)
@settings(max_examples=50)
@given(secret=st.text(max_size=40).filter(lambda text: text.strip() != SECRET))
def test_no_other_secret_opens_a_door(stage: Stage, provider: str, secret: str) -> None:
    door = DOORS[provider](stage)
    guessing = replace(
        door,
        body={**door.body, "secret_key": secret},
        headers=dict.fromkeys(door.headers, secret),
        query=dict.fromkeys(door.query, secret),
    )
    before = len(stage.inbound())
    assert post_body(stage, guessing, guessing.body)["statusCode"] == 401
    assert len(stage.inbound()) == before
