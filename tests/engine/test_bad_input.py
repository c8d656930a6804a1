"""Bad input: a clear answer with its exact status, nothing sent, nothing recorded, nothing lost."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from devstack.sandbox.webhooks import Signer, Webhook
from system_sender.codes import Code
from system_sender.models import Integration, integration_key
from system_sender.providers.gohighlevel import WORKFLOW
from system_sender.webhook import LARGEST_BODY, WebhookResponse
from tests.engine.doors import DOORS, Door
from tests.engine.stage import Stage
from tests.support.scene import SECRET, FixedSecrets, Scene

Post = Callable[[Stage], WebhookResponse]


def unsigned(stage: Stage, signature: str | None = None, **changes: Any) -> WebhookResponse:
    headers = {} if signature is None else {"X-GHL-Signature": signature}
    return stage.post(Webhook(stage.text("Hello?").body, headers), **changes)


def wrong(stage: Stage, **fields: Any) -> WebhookResponse:
    return stage.post(stage.text("Hello?", **fields))


def nested(depth: int) -> bytes:
    return b'{"type":"InboundMessage","messageType":"SMS","a":' + b"[" * depth + b"]" * depth + b"}"


REFUSED: dict[str, tuple[Post, int, Code]] = {
    "unsigned": (unsigned, 401, Code.SIGNATURE_MISSING),
    "unsigned on the shared path": (
        lambda s: unsigned(s, pathParameters=None),
        401,
        Code.SIGNATURE_MISSING,
    ),
    "N/A for a signature": (lambda s: unsigned(s, "N/A"), 401, Code.SIGNATURE_MISSING),
    "an empty signature": (lambda s: unsigned(s, ""), 401, Code.SIGNATURE_MISSING),
    "no base64 for a signature": (lambda s: unsigned(s, "%%%"), 401, Code.SIGNATURE_INVALID),
    "signed by a stranger": (
        lambda s: unsigned(s, Signer().signature(s.text("Hello?").body)),
        401,
        Code.SIGNATURE_INVALID,
    ),
    "another body under a true signature": (
        lambda s: s.post(Webhook(s.text("Hello?").body, dict(s.text("Something else").headers))),
        401,
        Code.SIGNATURE_INVALID,
    ),
    "a secret where a signature is wanted": (
        lambda s: s.post(s.workflow_text("Hello?", SECRET), pathParameters=None),
        401,
        Code.SIGNATURE_MISSING,
    ),
    "no secret": (
        lambda s: s.post(s.workflow_text("Hello?", None)),
        401,
        Code.SIGNATURE_MISSING,
    ),
    "a wrong secret": (
        lambda s: s.post(s.workflow_text("Hello?", "guess")),
        401,
        Code.SIGNATURE_INVALID,
    ),
    "stale": (
        lambda s: wrong(s, timestamp="2026-02-01T00:00:00Z"),
        400,
        Code.EVENT_STALE,
    ),
    "from the future": (
        lambda s: wrong(s, timestamp="2027-01-01T00:00:00Z"),
        400,
        Code.EVENT_STALE,
    ),
    "oversized": (
        lambda s: s.post_signed(b'{"a":"' + b"x" * LARGEST_BODY + b'"}'),
        413,
        Code.BODY_TOO_LARGE,
    ),
    "oversized and unsigned": (
        lambda s: s.post(b"x" * (LARGEST_BODY + 1)),
        413,
        Code.BODY_TOO_LARGE,
    ),
    "oversized in base64": (
        lambda s: s.post(
            b"",
            body=base64.b64encode(b"x" * (LARGEST_BODY + 1)).decode(),
            isBase64Encoded=True,
        ),
        413,
        Code.BODY_TOO_LARGE,
    ),
    "no base64 where it says so": (
        lambda s: s.post(b"", body="a", isBase64Encoded=True),
        400,
        Code.BODY_NOT_JSON,
    ),
    "empty": (lambda s: s.post_signed(b""), 400, Code.BODY_NOT_JSON),
    "absent": (
        lambda s: s.post(Webhook(b"", {"X-GHL-Signature": s.signer.signature(b"")}), body=None),
        400,
        Code.BODY_NOT_JSON,
    ),
    "no JSON": (lambda s: s.post_signed(b"type=InboundMessage"), 400, Code.BODY_NOT_JSON),
    "half of JSON": (lambda s: s.post_signed(b'{"type":'), 400, Code.BODY_NOT_JSON),
    "a list": (lambda s: s.post_signed(b"[]"), 400, Code.BODY_NOT_JSON),
    "a text": (lambda s: s.post_signed(b'"InboundMessage"'), 400, Code.BODY_NOT_JSON),
    "null": (lambda s: s.post_signed(b"null"), 400, Code.BODY_NOT_JSON),
    "an endless number": (
        lambda s: s.post_signed(b'{"a":' + b"9" * 10_000 + b"}"),
        400,
        Code.BODY_NOT_JSON,
    ),
    "nested a hundred thousand deep": (
        lambda s: s.post_signed(nested(100_000)),
        400,
        Code.BODY_NOT_JSON,
    ),
    "an empty object": (lambda s: s.post_event({}), 400, Code.BODY_WRONG),
    "nested a few hundred deep": (lambda s: s.post_signed(nested(400)), 400, Code.BODY_WRONG),
    "a number for the type": (lambda s: wrong(s, type=7), 400, Code.BODY_WRONG),
    "a list for the contact": (lambda s: wrong(s, contactId=["ct"]), 400, Code.BODY_WRONG),
    "an object for the text": (lambda s: wrong(s, body={"a": 1}), 400, Code.BODY_WRONG),
    "a fraction for the message id": (lambda s: wrong(s, messageId=5.5), 400, Code.BODY_WRONG),
    "a colon in an id": (lambda s: wrong(s, contactId="a:b"), 400, Code.BODY_WRONG),
    "a lone surrogate in an id": (
        lambda s: s.post_signed(
            s.text("Hello?").body.replace(s.scene.contact.encode(), b"\\ud800")
        ),
        400,
        Code.BODY_WRONG,
    ),
    "no contact": (
        lambda s: s.post(s.text("Hello?", omit=("contactId",))),
        400,
        Code.BODY_WRONG,
    ),
    "no location": (
        lambda s: s.post(s.text("Hello?", omit=("locationId",))),
        400,
        Code.BODY_WRONG,
    ),
    "another location": (lambda s: wrong(s, location_id="loc-other"), 403, Code.WRONG_ACCOUNT),
    "an unknown workspace": (
        lambda s: s.post(s.text("Hello?"), pathParameters={"workspace": "nobody"}),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "a workspace that is no name": (
        lambda s: s.post(s.text("Hello?"), pathParameters={"workspace": "a/b c\u00e9"}),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "an empty workspace": (
        lambda s: s.post(s.text("Hello?"), pathParameters={"workspace": ""}),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "a location nobody owns on the shared path": (
        lambda s: s.post(s.text("Hello?", location_id="loc-other"), pathParameters=None),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "the other kind of webhook": (
        lambda s: s.post(s.workflow_text("Hello?", SECRET)),
        409,
        Code.WRONG_WEBHOOK_KIND,
    ),
}


@pytest.mark.parametrize(("post", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_a_bad_request_gets_its_exact_answer_and_changes_nothing(
    stage: Stage, post: Post, status: int, code: Code
) -> None:
    before = stage.scene.lead_now().version
    answer = post(stage)
    assert (answer.status, answer.code) == (status, code)
    response = answer.to_api_gateway()
    body = json.loads(response["body"])
    assert body["message"].endswith(".")
    assert "Hello" not in response["body"]
    assert (stage.inbound(), stage.drafts(), stage.sandbox.ledger.requests()) == ([], [], [])
    assert (len(stage.leads()), stage.scene.lead_now().version) == (1, before)
    # And the true event is still taken afterwards.
    assert stage.post(stage.text("Hello?")).code is Code.RECORDED


# --- the doors of the other providers ------------------------------------------------------------

Knock = Callable[[Stage, Door], WebhookResponse]


def without_secret(stage: Stage, door: Door) -> WebhookResponse:
    bare = replace(door, body={**door.body, "secret_key": None}, headers={}, query={})
    return bare.post(stage)


def with_secret(stage: Stage, door: Door, secret: str, **event: Any) -> WebhookResponse:
    given = replace(
        door,
        body={**door.body, "secret_key": secret} if "secret_key" in door.body else door.body,
        headers=dict.fromkeys(door.headers, secret),
        query=dict.fromkeys(door.query, secret),
    )
    return given.post(stage, **event)


def with_body(stage: Stage, door: Door, body: bytes) -> WebhookResponse:
    return door.post(stage, Webhook(body, dict(door.headers)))


KNOCKS: dict[str, tuple[Knock, int, Code]] = {
    "no secret": (without_secret, 401, Code.SIGNATURE_MISSING),
    "a wrong secret": (lambda s, d: with_secret(s, d, "guess"), 401, Code.SIGNATURE_INVALID),
    "a secret of other letters": (
        lambda s, d: with_secret(s, d, "gu\u00e9ss"),
        401,
        Code.SIGNATURE_INVALID,
    ),
    "the beginning of the secret": (
        lambda s, d: with_secret(s, d, SECRET[:-1]),
        401,
        Code.SIGNATURE_INVALID,
    ),
    "an unknown provider": (
        lambda s, d: d.post(s, resource="/webhooks/nobody/{workspace}"),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "no provider": (
        lambda s, d: d.post(s, resource="/{proxy+}"),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "no workspace": (
        lambda s, d: d.post(s, resource=f"/webhooks/{d.provider}", pathParameters=None),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "a workspace that is no name": (
        lambda s, d: d.post(s, pathParameters={"workspace": "../other"}),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "an unknown workspace": (
        lambda s, d: d.post(s, pathParameters={"workspace": "nobody"}),
        404,
        Code.WORKSPACE_NOT_FOUND,
    ),
    "oversized": (
        lambda s, d: with_body(s, d, b"x" * (LARGEST_BODY + 1)),
        413,
        Code.BODY_TOO_LARGE,
    ),
    "no base64 where it says so": (
        lambda s, d: d.post(s, body="a", isBase64Encoded=True),
        400,
        Code.BODY_NOT_JSON,
    ),
}


@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize(("knock", "status", "code"), KNOCKS.values(), ids=KNOCKS)
def test_a_bad_request_at_any_door_gets_its_exact_answer_and_changes_nothing(
    stage: Stage, provider: str, knock: Knock, status: int, code: Code
) -> None:
    stage.scene.integrate(provider)
    before = stage.scene.lead_now().version
    answer = knock(stage, DOORS[provider](stage))
    assert (answer.status, answer.code) == (status, code)
    assert (stage.inbound(), stage.drafts(), stage.sandbox.ledger.requests()) == ([], [], [])
    assert (len(stage.leads()), stage.scene.lead_now().version) == (1, before)


@pytest.mark.parametrize("provider", [name for name in DOORS if name != "smartlead"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", Code.BODY_NOT_JSON),
        (b"event=message_received", Code.BODY_NOT_JSON),
        (b"[]", Code.BODY_NOT_JSON),
        (b"null", Code.BODY_NOT_JSON),
        (b"\xff\xfe", Code.BODY_NOT_JSON),
        (b'{"a":' + b"9" * 10_000 + b"}", Code.BODY_NOT_JSON),
        (nested(100_000), Code.BODY_NOT_JSON),
        (b"{}", Code.BODY_WRONG),
    ],
)
def test_a_body_that_is_no_event_is_refused_once_its_secret_is_right(
    stage: Stage, provider: str, body: bytes, code: Code
) -> None:
    stage.scene.integrate(provider)
    answer = with_body(stage, DOORS[provider](stage), body)
    assert (answer.status, answer.code) == (400, code)
    assert stage.inbound() == []


@pytest.mark.parametrize(
    ("provider", "changes"),
    [
        ("emailbison", {"event": {"type": "LEAD_REPLIED", "workspace_id": "another"}}),
        ("smartlead", {"client_id": 4711}),
        ("instantly", {"workspace": "another"}),
        ("unipile", {"account_id": "another"}),
    ],
)
def test_the_event_of_another_account_is_refused_at_every_door(
    stage: Stage, provider: str, changes: dict[str, Any]
) -> None:
    stage.scene.integrate(provider)
    door = DOORS[provider](stage)
    answer = door.post(stage, door.webhook(**changes))
    assert (answer.status, answer.code) == (403, Code.WRONG_ACCOUNT)
    assert stage.inbound() == []


@pytest.mark.parametrize("provider", DOORS)
def test_a_workspace_without_a_webhook_secret_lets_nobody_in(stage: Stage, provider: str) -> None:
    stage.scene.integrate(provider)
    stage.system = stage.scene.system(secrets=FixedSecrets(webhook_secret=None))
    answer = DOORS[provider](stage).post(stage)
    assert (answer.status, answer.code) == (401, Code.SIGNATURE_INVALID)


@pytest.mark.parametrize("provider", DOORS)
def test_the_secret_of_one_workspace_opens_no_door_of_another(stage: Stage, provider: str) -> None:
    scene = stage.scene
    name = f"{scene.workspace}x"
    twin = Scene(scene.store, stage.world, stage.sandbox, name, scene.public_key).seed()
    for one in (scene, twin):
        one.integrate(provider)
    stage.system = scene.system(secrets=OwnSecrets())
    door = DOORS[provider](stage)
    assert with_secret(stage, door, scene.workspace).status == 200
    theirs = {"workspace": name}
    answer = with_secret(stage, door, scene.workspace, pathParameters=theirs)
    assert (answer.status, answer.code) == (401, Code.SIGNATURE_INVALID)
    assert {event.workspace for event in stage.inbound()} == {scene.workspace}


class OwnSecrets:
    """Each workspace's name is its secret."""

    def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
        return False

    def get(self, workspace: str, provider: str, secret: str) -> str | None:
        return workspace


# --- nothing at all ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"event": None},
        {"headers": None, "queryStringParameters": {}},
        {"headers": {}, "pathParameters": {"workspace": "acme"}},
    ],
)
def test_an_event_with_nothing_in_it_is_unsigned(stage: Stage, event: dict[str, Any]) -> None:
    from system_sender.webhook import handle

    assert handle(stage.system, event, stage.budget()).status == 401


def test_a_workspace_without_a_secret_lets_no_secret_in(stage: Stage) -> None:
    key = integration_key(stage.scene.workspace, "gohighlevel")
    stage.update(Integration(key), Integration.webhook.set(WORKFLOW))
    stage.system = stage.scene.system(secrets=FixedSecrets(webhook_secret=None))
    answer = stage.post(stage.workflow_text("Hello?", SECRET))
    assert (answer.status, answer.code) == (401, Code.SIGNATURE_INVALID)
    assert stage.inbound() == []


def test_another_workspaces_secret_and_signature_open_no_other_door(stage: Stage) -> None:
    scene = stage.scene
    twin = Scene(
        scene.store, stage.world, stage.sandbox, f"{scene.workspace}x", scene.public_key
    ).seed()
    answer = stage.post(stage.text("STOP"), pathParameters={"workspace": twin.workspace})
    assert (answer.status, answer.code) == (403, Code.WRONG_ACCOUNT)
    assert (stage.inbound(), stage.suppressions()) == ([], set())


# --- odd, but honest -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f44d\U0001f3fd",
        "Hello \u0645\u0631 \u202e evil \u202c",
        "\u0000\u0001",
        "x" * 30_000,
        '"}{"; DROP TABLE leads; --',
        "${jndi:ldap://example.com}",
        "$first_name",
    ],
)
def test_any_text_is_recorded_as_it_is_and_never_leaves_again(stage: Stage, text: str) -> None:
    assert stage.post(stage.text(text)).status == 200
    assert stage.inbound()[0].text == text.strip()[:20_000]
    assert stage.scene.sent_texts() == ["Hi Dana, does 2pm Tuesday work?"]


def test_lone_surrogates_in_a_text_are_replaced_and_recorded(stage: Stage) -> None:
    body = stage.text("Hello?").body.replace(b"Hello?", b"broken \\ud83d emoji")
    assert stage.post_signed(body).status == 200
    assert stage.inbound()[0].text == "broken ? emoji"


def test_unknown_fields_change_nothing(stage: Stage) -> None:
    assert wrong(stage, brandNew={"deep": [[1]]}, another=None).code is Code.RECORDED


def test_a_body_of_exactly_the_limit_is_taken(stage: Stage) -> None:
    webhook = stage.text("Hello?", padding="")
    padded = stage.text("Hello?", padding="x" * (LARGEST_BODY - len(webhook.body)))
    excess = len(padded.body) - LARGEST_BODY
    exact = stage.text("Hello?", padding="x" * (LARGEST_BODY - len(webhook.body) - excess))
    assert len(exact.body) == LARGEST_BODY
    assert stage.post(exact).status == 200


def test_a_picture_without_a_text_is_recorded(stage: Stage) -> None:
    assert wrong(stage, body=None, attachments=["https://example.com/a.png"]).status == 200
    assert stage.inbound()[0].text is None


def test_a_phone_that_is_no_number_is_recorded_without_one(stage: Stage) -> None:
    answer = wrong(stage, contact_id="stranger", **{"from": "SHORT"})
    assert answer.status == 200
    [new] = [lead for lead in stage.leads() if lead.lead_id != stage.scene.lead_id]
    assert new.phone is None
