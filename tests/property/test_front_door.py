"""Whatever is posted, the front door answers with one of its own codes and never breaks."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pynamodb.connection import Connection

from devstack.sandbox.webhooks import Webhook
from system_sender.models import Workspace
from system_sender.webhook import MARKETPLACE, WORKFLOW
from tests.engine.stage import Stage
from tests.property.test_pure import event, json_value
from tests.support.scene import SECRET

STATUSES = {200, 400, 401, 403, 404, 409, 413}

any_body = st.binary(max_size=200) | (event | json_value).map(
    lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
)


@pytest.fixture(scope="module")
def stage(lean_connection: Connection) -> Stage:
    """One workspace that everything is posted to, and in which people answer."""
    stage = Stage.open(lean_connection)
    stage.scene.seed(campaign_id=None)
    stage.update(Workspace(stage.scene.workspace), Workspace.default_campaign_id.remove())
    return stage


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
    workspace = Workspace(stage.scene.workspace)
    stage.update(workspace, Workspace.sms_webhook.set(WORKFLOW))
    whole = json.loads(stage.workflow_text("Hello?", SECRET, contact_id="stranger").body)
    body = json.dumps({**whole, **changes}).encode("utf-8", "surrogatepass")
    answer = stage.post(Webhook(body, {"X-Webhook-Secret": SECRET}))
    stage.update(workspace, Workspace.sms_webhook.set(MARKETPLACE))
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
