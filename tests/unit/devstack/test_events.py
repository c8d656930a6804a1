"""events/ holds what the generator makes, and every file would be let in by the front door."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from devstack import events, openapi, paths
from devstack.deployment import local_signer
from system_sender.codes import Code
from system_sender.dashboard.caller import Caller
from system_sender.inbound import EventKind, EventRefused, InboundEvent
from system_sender.providers import CHANNELS_OF, SignedRequest, provider_named
from system_sender.slack.request import authenticate, parse
from system_sender.webhook import WebhookRequest
from system_sender.world import World

FILES = sorted(path.name for path in events.FOLDER.iterdir())
WEBHOOKS = [name for name in FILES if name.startswith("webhook_")]
NOW = 1_800_000_000_000
CENTURY = 100 * 365 * 24 * 3600 * 1000

KINDS = {
    "webhook_sms-inbound.json": EventKind.MESSAGE,
    "webhook_sms-inbound-base64.json": EventKind.MESSAGE,
    "webhook_sms-inbound-shared-app.json": EventKind.MESSAGE,
    "webhook_sms-opt-out.json": EventKind.MESSAGE,
    "webhook_sms-workflow.json": EventKind.MESSAGE,
    "webhook_sms-human-outbound.json": EventKind.HUMAN_OUTBOUND,
    "webhook_sms-echo.json": EventKind.ECHO,
    "webhook_sms-do-not-disturb.json": EventKind.DO_NOT_DISTURB,
    "webhook_sms-email-inbound.json": EventKind.MESSAGE,
    "webhook_sms-email-echo.json": EventKind.ECHO,
    "webhook_sms-email-bounce.json": EventKind.STATUS,
    "webhook_email-emailbison-reply.json": EventKind.MESSAGE,
    "webhook_email-emailbison-auto-reply.json": EventKind.MESSAGE,
    "webhook_email-emailbison-echo.json": EventKind.ECHO,
    "webhook_email-emailbison-bounce.json": EventKind.STATUS,
    "webhook_email-emailbison-unsubscribe.json": EventKind.DO_NOT_DISTURB,
    "webhook_email-smartlead-reply.json": EventKind.MESSAGE,
    "webhook_email-smartlead-untracked-reply.json": EventKind.MESSAGE,
    "webhook_email-smartlead-bounce.json": EventKind.STATUS,
    "webhook_email-smartlead-unsubscribe.json": EventKind.DO_NOT_DISTURB,
    "webhook_email-instantly-reply.json": EventKind.MESSAGE,
    "webhook_email-instantly-auto-reply.json": EventKind.MESSAGE,
    "webhook_email-instantly-echo.json": EventKind.ECHO,
    "webhook_email-instantly-bounce.json": EventKind.STATUS,
    "webhook_email-instantly-unsubscribe.json": EventKind.DO_NOT_DISTURB,
    "webhook_linkedin-unipile-message.json": EventKind.MESSAGE,
    "webhook_linkedin-unipile-echo.json": EventKind.ECHO,
    "webhook_linkedin-unipile-read.json": EventKind.STATUS,
    "webhook_linkedin-unipile-account-disconnected.json": EventKind.IGNORED,
}


def event(name: str) -> Any:
    return json.loads((events.FOLDER / name).read_text(encoding="utf-8"))


def request_of(name: str) -> WebhookRequest:
    return WebhookRequest.of_api_gateway(event(name))


def kind_of(name: str) -> str:
    """Authenticate a file's request; it raises where it would not be let in."""
    request = request_of(name)
    signed = SignedRequest(request.body, request.headers, request.query)
    keys = [local_signer().public_key()]
    provider = provider_named(request.provider)
    return provider.authenticate(signed, lambda: events.WEBHOOK_SECRET, keys)


def parsed(name: str, now: int = NOW) -> InboundEvent:
    request = request_of(name)
    body = json.loads(request.body)
    return provider_named(request.provider).parse_event(kind_of(name), body, now)


@pytest.fixture(scope="module")
def seed() -> Any:
    return json.loads((paths.PROJECT / "devstack" / "seeds" / "example.json").read_text())


def test_the_files_are_what_the_generator_makes() -> None:
    made = events.events()

    assert set(FILES) == set(made), "run `python -m devstack.events`"
    for name in FILES:
        assert (events.FOLDER / name).read_text(encoding="utf-8") == events.written(made[name])


@pytest.mark.parametrize("name", FILES)
def test_each_file_names_a_function_of_the_template(name: str) -> None:
    function = name.split("-", maxsplit=1)[0]

    assert (paths.PROJECT / "functions" / function / "app.py").is_file()


SLACK = [name for name in FILES if name.startswith("slack_interactions")]


class Secrets:
    """Has the secret that the events are signed with at hand."""

    def is_at_hand(self, *which: str) -> bool:
        return True

    def get(self, *which: str) -> str:
        return events.SIGNING_SECRET


def clicked(made: Any) -> Any:
    """Return what a person did; it raises where Slack's request would not be let in."""
    request = WebhookRequest.of_api_gateway(made)
    system: Any = SimpleNamespace(world=World(), secrets=Secrets())
    authenticate(system, request, request.workspace or "")
    return parse(request.body)


@pytest.mark.parametrize("name", SLACK)
def test_a_click_is_about_the_draft_of_the_example_seed(name: str, seed: Any) -> None:
    found = clicked(events.signed_now(event(name)))

    assert found.draft_id in {draft["id"] for draft in seed["drafts"]}
    assert found.revision == 1
    assert event(name)["resource"] == "/slack/interactions/{workspace}"


@pytest.mark.parametrize("name", SLACK)
def test_an_old_click_would_not_be_let_in(name: str) -> None:
    with pytest.raises(EventRefused) as refusal:
        clicked(event(name))

    assert refusal.value.code is Code.SIGNATURE_INVALID


def test_other_events_are_handed_over_as_they_are() -> None:
    for name in (*WEBHOOKS, "followup_cron-sweep.json"):
        assert events.signed_now(event(name)) == event(name)


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith("dashboard_api")])
def test_a_dashboard_s_call_fits_the_description(name: str) -> None:
    made = event(name)
    route = f"/api/{{workspace}}/{made['pathParameters']['proxy']}"
    description = json.loads(openapi.FILE.read_text(encoding="utf-8"))
    operation = description["paths"][route][made["httpMethod"].lower()]

    assert made["resource"] == "/api/{workspace}/{proxy+}"
    assert Caller.of_event(made).workspace == "acme"
    assert ("requestBody" in operation) is (made["body"] is not None)


def test_each_kind_of_event_is_there() -> None:
    assert {name: parsed(name).kind for name in WEBHOOKS} == KINDS


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_is_authenticated_and_never_becomes_stale(name: str) -> None:
    assert parsed(name, NOW + CENTURY).kind is KINDS[name]


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_without_its_signature_or_secret_would_not_be_let_in(name: str) -> None:
    request = request_of(name)
    body = json.loads(request.body)
    body.pop("secret_key", None)
    bare = SignedRequest(json.dumps(body).encode(), {}, {})

    with pytest.raises(EventRefused) as refusal:
        provider_named(request.provider).authenticate(bare, lambda: events.WEBHOOK_SECRET, [])

    assert refusal.value.code is Code.SIGNATURE_MISSING


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_comes_in_by_the_route_of_its_provider(name: str) -> None:
    request, made = request_of(name), event(name)

    shared = f"/webhooks/{request.provider}"
    path = shared if request.workspace is None else f"{shared}/{request.workspace}"
    assert made["path"] == path
    assert request.provider in CHANNELS_OF


def test_no_two_events_are_redeliveries_of_each_other() -> None:
    found = [parsed(name) for name in WEBHOOKS]
    identities = [(one.provider, one.identity) for one in found if one.identity]

    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize(
    ("name", "automated"),
    [
        (name, "auto-reply" in name)
        for name, kind in KINDS.items()
        if kind is EventKind.MESSAGE and name.startswith("webhook_email")
    ],
)
def test_an_automatic_reply_is_known_as_one(name: str, automated: bool) -> None:
    assert parsed(name).automated is automated


def test_a_binary_body_is_handed_over_as_base64() -> None:
    request = event("webhook_sms-inbound-base64.json")

    assert request["isBase64Encoded"] is True
    assert "🙂" in base64.b64decode(request["body"]).decode()


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_is_of_an_account_and_a_lead_of_the_example_seed(name: str, seed: Any) -> None:
    workspace = request_of(name).workspace or "acme"
    (accounts,) = (item["integrations"] for item in seed["workspaces"] if item["id"] == workspace)
    (lead,) = (item for item in seed["leads"] if item["id"].startswith(f"{workspace}:"))
    found = parsed(name)

    assert found.account in (None, accounts[found.provider]["account"])
    # Unipile's id of a person is LinkedIn's.
    contacts = lead["contacts"] | {"unipile": lead.get("linkedin_id")}
    assert found.contact_id in (None, contacts.get(found.provider))
    assert found.phone in (None, lead.get("phone"))
    assert found.linkedin_id in (None, lead.get("linkedin_id"))
    assert found.kind is EventKind.IGNORED or lead_is_named(found)
    # A workflow's contact may have an address that the seed does not know.
    assert workspace == "birch" or found.email in (None, lead.get("email"))


def lead_is_named(found: InboundEvent) -> bool:
    return any((found.contact_id, found.phone, found.email, found.linkedin_id))


def test_the_draft_of_the_sweeps_event_is_in_the_example_seed(seed: Any) -> None:
    drafts = {draft["id"] for draft in seed["drafts"]}

    assert event("followup_cron-draft.json")["draft_id"] in drafts
