"""events/ holds what the generator makes, and every file would be let in by the front door."""

import base64
import json
from typing import Any

import pytest

from devstack import events, paths
from devstack.deployment import local_signer
from system_sender.inbound import EventKind, InboundEvent
from system_sender.providers import gohighlevel
from system_sender.webhook import WebhookRequest

FILES = sorted(path.name for path in events.FOLDER.iterdir())
MARKETPLACE = [name for name in FILES if name.startswith("webhook_sms") and "workflow" not in name]
NOW = 1_800_000_000_000


def event(name: str) -> Any:
    return json.loads((events.FOLDER / name).read_text(encoding="utf-8"))


def parsed(name: str) -> InboundEvent:
    body = json.loads(WebhookRequest.of_api_gateway(event(name)).body)
    return gohighlevel.parse_marketplace_event(body, NOW)


def test_the_files_are_what_the_generator_makes() -> None:
    made = events.events()

    assert set(FILES) == set(made), "run `python -m devstack.events`"
    for name in FILES:
        assert (events.FOLDER / name).read_text(encoding="utf-8") == events.written(made[name])


@pytest.mark.parametrize("name", FILES)
def test_each_file_names_a_function_of_the_template(name: str) -> None:
    function = name.split("-", maxsplit=1)[0]

    assert (paths.PROJECT / "functions" / function / "app.py").is_file()


@pytest.mark.parametrize("name", MARKETPLACE)
def test_a_marketplace_event_is_signed_over_the_bytes_that_arrive(name: str) -> None:
    request = WebhookRequest.of_api_gateway(event(name))
    signature = request.headers["x-ghl-signature"]

    # It raises where the signature does not match.
    gohighlevel.verify_signature(request.body, signature, [local_signer().public_key()])


@pytest.mark.parametrize("name", MARKETPLACE)
def test_a_marketplace_event_never_becomes_stale(name: str) -> None:
    century = 100 * 365 * 24 * 3600 * 1000
    body = json.loads(WebhookRequest.of_api_gateway(event(name)).body)

    assert gohighlevel.parse_marketplace_event(body, NOW + century).account == "acme-location"


def test_each_kind_of_event_is_there() -> None:
    kinds = {name: parsed(name).kind for name in MARKETPLACE}

    assert kinds == {
        "webhook_sms-inbound.json": EventKind.MESSAGE,
        "webhook_sms-inbound-base64.json": EventKind.MESSAGE,
        "webhook_sms-inbound-shared-app.json": EventKind.MESSAGE,
        "webhook_sms-opt-out.json": EventKind.MESSAGE,
        "webhook_sms-human-outbound.json": EventKind.HUMAN_OUTBOUND,
        "webhook_sms-do-not-disturb.json": EventKind.DO_NOT_DISTURB,
    }


def test_no_two_events_are_redeliveries_of_each_other() -> None:
    identities = [parsed(name).identity for name in MARKETPLACE]

    assert len(set(identities)) == len(identities)


def test_a_binary_body_is_handed_over_as_base64() -> None:
    request = event("webhook_sms-inbound-base64.json")

    assert request["isBase64Encoded"] is True
    assert "🙂" in base64.b64decode(request["body"]).decode()


def test_the_workflow_event_carries_the_documented_secret() -> None:
    request = WebhookRequest.of_api_gateway(event("webhook_sms-workflow.json"))

    gohighlevel.verify_secret(request.headers["x-webhook-secret"], events.WORKFLOW_SECRET)
    inbound = gohighlevel.parse_workflow_event(json.loads(request.body))
    assert (inbound.account, inbound.identified) == ("birch-location", True)


def test_the_events_fit_the_example_seed() -> None:
    seed = json.loads((paths.PROJECT / "devstack" / "seeds" / "example.json").read_text())
    contacts = {lead["gohighlevel_contact_id"] for lead in seed["leads"]}

    assert {parsed(name).contact_id for name in MARKETPLACE} <= contacts
    assert event("followup_cron-draft.json")["draft_id"] in {d["id"] for d in seed["drafts"]}
