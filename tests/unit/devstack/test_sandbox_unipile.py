"""The sandbox in Unipile's place: the provider's own code can work with it."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from devstack.sandbox import unipile_webhooks as webhooks
from devstack.sandbox.contract import IdSource, Injected, Settings
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.unipile import Unipile, chat_with, provider_id_of
from devstack.sandbox.webhooks import Webhook
from devstack.sandbox.wire import Request as SandboxRequest
from devstack.sandbox.wire import Response
from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Seen, Sought
from system_sender.inbound import DeliveryStatus, EventKind, InboundEvent
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.providers.unipile import PROVIDER
from system_sender.providers.unipile_records import Profile, profile_of, profile_request
from system_sender.transport import Answer, NoAnswer, Request
from tests.support.transport import SandboxTransport

START = 1_772_463_846.0  # 2026-03-02T15:04:06Z
DANA = "ACoAADANAEXAMPLE"
TEXT = 'Tue at 2pm?\r\nOr "Wed"\n\u0645\u0631\u062d\u0628\u0627 \U0001f44b '
ACCESS = Access("http://127.0.0.1:9999", "key-1", "acc_Vf3")
ROUTES = ("chat", "direct", "inmail", "invitation")


@dataclass
class World:
    """The sandbox, its clock, and the provider's code in front of it."""

    sandbox: Sandbox
    now: float = START

    def fetch(self, request: Request) -> Answer | NoAnswer:
        return SandboxTransport(self.sandbox).send(request, seconds=10.0, guard=lambda: None)

    def send(self, letter: Letter, access: Access = ACCESS) -> Outcome:
        answer = self.fetch(PROVIDER.send_request(access, letter))
        return PROVIDER.outcome(answer, int(self.now * 1000), letter)

    def find(self, letter: Letter) -> Seen:
        now = int(self.now * 1000)
        return PROVIDER.find(ACCESS, Sought(letter, now - 600_000, now + 600_000), self.fetch)


@pytest.fixture
def world() -> World:
    made = World(Sandbox([Unipile(IdSource("unipile"))], clock=lambda: made.now))
    return made


def letter(route: str, text: str = TEXT, to: str = DANA) -> Letter:
    handles = {"chat_id": chat_with(to)} if route == "chat" else {}
    return Letter("linkedin", text, to, handles=handles, route=route)


# --- sends and look-ups --------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
def test_every_way_is_taken_once_with_the_text_byte_for_byte(world: World, route: str) -> None:
    sent = world.send(letter(route))
    assert sent.kind is OutcomeKind.SENT
    [entry] = world.sandbox.ledger.accepted()
    assert (entry.provider, entry.account, entry.contact_id) == ("unipile", "acc_Vf3", DANA)
    assert entry.text == TEXT
    assert entry.message_id == sent.provider_message_id


@pytest.mark.parametrize("route", ROUTES)
def test_what_was_sent_is_found_and_nothing_else(world: World, route: str) -> None:
    sent = world.send(letter(route))
    world.send(letter(route, "Another text"))
    world.send(letter(route, to="ACoAAOTHEREXAMPLE"))
    [found] = world.find(letter(route)).found
    assert found.provider_message_id == sent.provider_message_id
    assert world.find(letter(route, "A text that never left")) == Seen(looked=True)


def test_json_is_taken_as_well_as_a_form(world: World) -> None:
    fields: dict[str, Any] = {"account_id": "acc_Vf3", "attendees_ids": [DANA], "text": TEXT}
    headers = {"X-API-KEY": "key-1", "Content-Type": "application/json"}
    url = f"{ACCESS.base_url}/api/v1/chats"
    answer = world.fetch(Request("POST", url, headers, json.dumps(fields).encode()))
    assert isinstance(answer, Answer) and answer.status == 201
    [entry] = world.sandbox.ledger.accepted(DANA)
    assert entry.text == TEXT


def test_a_message_is_visible_to_look_ups_late(world: World) -> None:
    world.sandbox.settings = Settings(visibility_delay_s=30)
    world.send(letter("chat"))
    assert world.find(letter("chat")) == Seen(looked=True)
    world.now += 31
    assert len(world.find(letter("chat")).found) == 1


def test_long_lists_come_in_pages(world: World) -> None:
    world.send(letter("chat"))
    for number in range(150):
        world.sandbox.inject(Injected("acc_Vf3", DANA, f"no {number}"), provider="unipile")
    assert len(world.find(letter("chat")).found) == 1
    look_ups = [e for e in world.sandbox.ledger.requests() if e.operation is Operation.LOOK_UP]
    assert len(look_ups) == 2


def test_the_leads_own_words_are_not_taken_for_ours(world: World) -> None:
    world.sandbox.inject(Injected("acc_Vf3", DANA, TEXT), provider="unipile")
    assert world.find(letter("chat")) == Seen(looked=True)
    outbound = Injected("acc_Vf3", DANA, TEXT, direction="outbound")
    world.sandbox.inject(outbound, provider="unipile")
    assert len(world.find(letter("direct")).found) == 1


def test_a_person_is_found_by_the_identifier_of_their_url(world: World) -> None:
    found = profile_of(world.fetch(profile_request(ACCESS, "dana-example")))
    assert found == Profile(provider_id_of("dana-example"), "Dana", "Example")


# --- refusals and faults -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "route", "kind", "code", "next_route"),
    [
        ("not_connected", "direct", OutcomeKind.REJECTED, Code.NOT_CONNECTED, True),
        ("cannot_be_reached", "chat", OutcomeKind.REJECTED, Code.NOT_CONNECTED, False),
        ("no_credits", "inmail", OutcomeKind.REJECTED, Code.NO_INMAIL, True),
        ("no_credits_402", "inmail", OutcomeKind.REJECTED, Code.NO_INMAIL, True),
        ("inmail_restricted", "inmail", OutcomeKind.REJECTED, Code.NO_INMAIL, True),
        ("already_invited", "invitation", OutcomeKind.REJECTED, Code.ALREADY_INVITED, False),
        ("cannot_resend_yet", "invitation", OutcomeKind.NOT_SENT, Code.RATE_LIMITED, False),
        ("disconnected", "chat", OutcomeKind.NOT_SENT, Code.ACCOUNT_DISCONNECTED, False),
        ("invalid_key", "chat", OutcomeKind.NOT_SENT, Code.UNAUTHORIZED, False),
        ("too_many_requests", "chat", OutcomeKind.NOT_SENT, Code.RATE_LIMITED, False),
        ("limit_as_500", "chat", OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR, False),
    ],
)
def test_a_programmed_refusal_means_what_it_says(
    world: World, refusal: str, route: str, kind: OutcomeKind, code: Code, next_route: bool
) -> None:
    world.sandbox.program(Fault(Kind.REFUSE, refusal=refusal))
    outcome = world.send(letter(route))
    assert (outcome.kind, outcome.code, outcome.next_route) == (kind, code, next_route)
    assert not world.sandbox.ledger.accepted()


def test_a_success_may_name_no_message_and_is_found_afterwards(world: World) -> None:
    world.sandbox.program(Fault(Kind.SUCCESS_WITHOUT_ID))
    sent = world.send(letter("chat"))
    assert (sent.kind, sent.provider_message_id) == (OutcomeKind.SENT, None)
    assert len(world.find(letter("chat")).found) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_broken_server_may_have_taken_it(world: World, status: int) -> None:
    world.sandbox.program(Fault(Kind.SERVER_ERROR_AFTER, status=status))
    assert world.send(letter("direct")).kind is OutcomeKind.UNKNOWN
    assert len(world.find(letter("direct")).found) == 1


def test_a_duplicate_is_unknown(world: World) -> None:
    world.sandbox.program(Fault(Kind.DUPLICATE))
    assert world.send(letter("chat")).code is Code.PROVIDER_DUPLICATE


def test_only_known_keys_accounts_and_people_are_served(world: World) -> None:
    world.sandbox.settings = Settings(tokens={"key-1": "acc_Vf3"}, contacts={DANA: "acc_Vf3"})
    stranger = letter("invitation", to="ACoAASTRANGER")
    assert world.send(letter("direct")).kind is OutcomeKind.SENT
    assert world.send(stranger).code is Code.PROFILE_NOT_FOUND
    assert world.send(letter("direct"), Access(ACCESS.base_url, "other", "acc_Vf3")) == Outcome(
        OutcomeKind.NOT_SENT, Code.UNAUTHORIZED, integration_unhealthy=True
    )
    elsewhere = world.send(letter("direct"), Access(ACCESS.base_url, "key-1", "acc_other"))
    assert elsewhere.code is Code.ACCOUNT_DISCONNECTED
    nobody = profile_of(world.fetch(profile_request(ACCESS, "nobody")))
    assert nobody is Code.PROFILE_NOT_FOUND
    assert len(world.sandbox.ledger.accepted()) == 1


def test_a_look_up_that_is_refused_saw_nothing(world: World) -> None:
    world.sandbox.program(Fault(Kind.REFUSE, refusal="disconnected", operation=Operation.LOOK_UP))
    assert world.find(letter("chat")) == COULD_NOT_LOOK


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"account_id": "acc_Vf3", "provider_id": DANA, "message": "a" * 301}, 400),
        ({"provider_id": DANA, "message": "Hi"}, 400),
        ({"account_id": "acc_Vf3", "message": "Hi"}, 422),
    ],
)
def test_an_invitation_that_breaks_the_rules_is_refused(
    world: World, fields: dict[str, str], status: int
) -> None:
    request = SandboxRequest(
        "POST",
        "/api/v1/users/invite",
        headers={"X-API-KEY": "key-1", "Content-Type": "application/json"},
        body=json.dumps(fields).encode(),
    )
    answer = world.sandbox.handle(request)
    assert isinstance(answer, Response)
    assert answer.status == status
    assert not world.sandbox.ledger.accepted()


# --- webhooks ------------------------------------------------------------------------------------


def event_of(webhook: Webhook) -> InboundEvent:
    headers = {name.lower(): value for name, value in webhook.headers.items()}
    kind = PROVIDER.authenticate(SignedRequest(webhook.body, headers, {}), lambda: "secret-1", ())
    return PROVIDER.parse_event(kind, json.loads(webhook.body), int(START * 1000))


COMMON: dict[str, Any] = {"secret": "secret-1", "account_id": "acc_Vf3", "contact_id": DANA}


@pytest.mark.parametrize("build", [webhooks.message_received, webhooks.nested_message_received])
def test_an_answer_reaches_the_chat_that_the_sandbox_knows(world: World, build: Any) -> None:
    event = event_of(build(text="Tue works", **COMMON))
    assert (event.kind, event.linkedin_id, event.text) == (EventKind.MESSAGE, DANA, "Tue works")
    answer = Letter("linkedin", TEXT, DANA, handles=event.handles, route="chat")
    assert world.send(answer).kind is OutcomeKind.SENT
    assert [entry.text for entry in world.sandbox.ledger.accepted(DANA)] == [TEXT]


@pytest.mark.parametrize("build", [webhooks.message_received, webhooks.nested_message_received])
def test_our_own_message_comes_back_as_an_echo(build: Any) -> None:
    echo = event_of(build(text=TEXT, own=True, **COMMON))
    assert (echo.kind, echo.linkedin_id) == (EventKind.ECHO, DANA)


def test_what_became_of_a_message_is_told() -> None:
    event = event_of(webhooks.message_status(message_id="m1", **COMMON))
    assert (event.kind, event.status) == (EventKind.STATUS, DeliveryStatus.READ)
    assert (event.provider_message_id, event.linkedin_id) == ("m1", DANA)


def test_an_account_that_changes_its_state_changes_nothing_here() -> None:
    event = event_of(webhooks.account_status(secret="secret-1", account_id="acc_Vf3"))
    assert event.kind is EventKind.IGNORED


def test_a_webhook_may_come_without_its_secret() -> None:
    assert webhooks.message_received(text="Hi", **{**COMMON, "secret": None}).headers == {}
