"""The sandbox in Instantly's place: the provider's own code can work with it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from devstack.sandbox import instantly_webhooks as webhooks
from devstack.sandbox.contract import IdSource, Injected, Settings
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.instantly import Instantly
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.webhooks import Webhook
from devstack.sandbox.wire import Request as SandboxRequest
from devstack.sandbox.wire import Response
from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Seen, Sought
from system_sender.inbound import EventKind, InboundEvent
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.providers.instantly import PROVIDER
from system_sender.transport import Answer, NoAnswer, Request
from tests.support.transport import SandboxTransport

START = 1_772_463_846.0  # 2026-03-02T15:04:06Z
TEXT = "Great, Tuesday at 2pm & not <3pm>.\n\nSam"
ACCESS = Access("https://api.instantly.ai", "key-1", webhooks.WORKSPACE)


@dataclass
class World:
    """The sandbox, its clock, and the provider's code in front of it."""

    sandbox: Sandbox
    now: float = START

    def fetch(self, request: Request) -> Answer | NoAnswer:
        return SandboxTransport(self.sandbox).send(request, seconds=10.0, guard=lambda: None)

    def send(self, letter: Letter) -> Outcome:
        answer = self.fetch(PROVIDER.send_request(ACCESS, letter))
        return PROVIDER.outcome(answer, int(self.now * 1000), letter)

    def find(self, letter: Letter) -> Seen:
        now = int(self.now * 1000)
        return PROVIDER.find(ACCESS, Sought(letter, now - 600_000, now + 600_000), self.fetch)

    def inject(self, text: str, **options: Any) -> None:
        message = Injected("acct1", "dana@example.com", text, **options)
        self.sandbox.inject(message, provider="instantly")


@pytest.fixture
def world() -> World:
    ids = IdSource("instantly")
    made = World(Sandbox([Instantly(ids)], clock=lambda: made.now))
    return made


def event_of(webhook: Webhook) -> InboundEvent:
    return PROVIDER.parse_event("webhook", json.loads(webhook.body), int(START * 1000))


@pytest.fixture
def letter() -> Letter:
    event = event_of(webhooks.reply_received("secret-1", text="Tue works"))
    return Letter(
        channel="email",
        text=TEXT,
        to=event.sender or "",
        handles=event.handles,
        subject="Re: Intro",
        answered_text=event.text,
        answered_at=event.occurred_at,
    )


def test_an_answer_is_accepted_with_an_id_and_found_by_it(world: World, letter: Letter) -> None:
    assert PROVIDER.refusal(letter) is None
    sent = world.send(letter)
    assert (sent.kind, sent.code) == (OutcomeKind.SENT, Code.SENT)
    [entry] = world.sandbox.ledger.accepted("dana@example.com", TEXT)
    assert (entry.provider, entry.operation) == ("instantly", Operation.SEND)
    assert sent.provider_message_id == entry.message_id
    [found] = world.find(letter).found
    assert (found.provider_message_id, found.at) == (entry.message_id, entry.accepted_at)
    assert found.provider_thread_id == sent.provider_thread_id is not None


def test_an_answer_in_html_alone_is_in_the_ledger_as_text(world: World, letter: Letter) -> None:
    request = PROVIDER.send_request(ACCESS, letter)
    body = json.loads(request.body or b"")
    del body["body"]["text"]
    world.fetch(replace(request, body=json.dumps(body).encode()))
    assert len(world.sandbox.ledger.accepted("dana@example.com", TEXT)) == 1


def test_a_message_is_visible_late(world: World, letter: Letter) -> None:
    world.sandbox.settings = Settings(visibility_delay_s=60)
    world.send(letter)
    assert world.find(letter) == Seen(looked=True)
    world.now += 60
    assert len(world.find(letter).found) == 1


def test_the_list_tells_apart_who_wrote(world: World, letter: Letter) -> None:
    world.inject(TEXT)
    world.inject(TEXT, direction="outbound", source="campaign")
    assert world.find(letter) == Seen(looked=True)
    world.inject(TEXT, direction="outbound")
    assert len(world.find(letter).found) == 1


def test_the_list_is_paged_newest_first(world: World, letter: Letter) -> None:
    world.send(letter)
    for number in range(25):
        world.now += 1
        world.inject(f"number {number}")
    assert len(world.find(letter).found) == 1
    assert len(world.sandbox.ledger.requests()) == 1 + 3
    for number in range(10):
        world.inject(f"more {number}")
    assert world.find(letter) == COULD_NOT_LOOK


def test_another_lead_or_mailbox_is_another_list(world: World, letter: Letter) -> None:
    world.send(letter)
    for other in ({"lead": "lee@example.com"}, {"mailbox": "kim@out.example.com"}):
        assert not world.find(replace(letter, handles={**letter.handles, **other})).found


def test_a_known_mail_can_be_answered_whatever_its_id(world: World, letter: Letter) -> None:
    world.inject("Tue works", message_id="0195aaaa-1111-7222-8333-444455556666")
    handles = {**letter.handles, "email_id": "0195aaaa-1111-7222-8333-444455556666"}
    assert world.send(replace(letter, handles=handles)).kind is OutcomeKind.SENT


@pytest.mark.parametrize("unknown", ["0195bbbb-1111-7222-8333-444455556666", "00000000-ffff"])
def test_an_unknown_mail_cannot_be_answered(world: World, letter: Letter, unknown: str) -> None:
    handles = {**letter.handles, "email_id": unknown}
    refused = world.send(replace(letter, handles=handles))
    assert refused == Outcome(OutcomeKind.REJECTED, Code.THREAD_NOT_FOUND)
    assert not world.sandbox.ledger.accepted()


def test_a_token_belongs_to_an_account(world: World, letter: Letter) -> None:
    world.sandbox.settings = Settings(tokens={"key-1": "acct1"})
    world.send(letter)
    [entry] = world.sandbox.ledger.accepted()
    assert entry.account == "acct1"
    world.sandbox.settings = Settings(tokens={"key-2": "acct2"})
    assert world.send(letter).integration_unhealthy
    assert world.find(letter) == COULD_NOT_LOOK


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(Kind.SUCCESS_WITHOUT_ID), OutcomeKind.SENT),
        (Fault(Kind.SUCCESS_ERROR_BODY), OutcomeKind.REJECTED),
        (Fault(Kind.EMPTY_SUCCESS), OutcomeKind.UNKNOWN),
        (Fault(Kind.RESET_AFTER), OutcomeKind.UNKNOWN),
        (Fault(Kind.SERVER_ERROR_BEFORE, status=502), OutcomeKind.UNKNOWN),
        (Fault(Kind.SERVER_ERROR_AFTER), OutcomeKind.UNKNOWN),
        (Fault(Kind.DUPLICATE), OutcomeKind.UNKNOWN),
        (Fault(Kind.REFUSE, refusal="bad_request"), OutcomeKind.REJECTED),
        (Fault(Kind.REFUSE, refusal="too_many_requests", retry_after="7"), OutcomeKind.NOT_SENT),
        (Fault(Kind.REFUSE, refusal="forbidden"), OutcomeKind.NOT_SENT),
        (Fault(Kind.REFUSE, refusal="insufficient_balance"), OutcomeKind.REJECTED),
    ],
)
def test_faults_speak_instantlys_shapes(
    world: World, letter: Letter, fault: Fault, kind: OutcomeKind
) -> None:
    world.sandbox.program(fault)
    assert world.send(letter).kind is kind


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subject": None}, "subject"),
        ({"eaccount": 7}, "eaccount"),
        ({"body": {}}, "body"),
        ({"body": "Tue"}, "body"),
        ({"cc_address_email_list": ["ops@example.com"]}, "cc_address_email_list"),
    ],
)
def test_a_wrong_request_is_refused_by_name(
    world: World, letter: Letter, changes: dict[str, Any], message: str
) -> None:
    request = PROVIDER.send_request(ACCESS, letter)
    body = json.dumps(json.loads(request.body or b"") | changes).encode()
    answer = world.fetch(replace(request, body=body))
    assert isinstance(answer, Answer)
    assert answer.status == 400
    assert message in json.loads(answer.body)["message"]
    assert not world.sandbox.ledger.accepted()


@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_a_page_has_a_size(world: World, limit: str) -> None:
    headers = {"Authorization": "Bearer key-1"}
    request = SandboxRequest("GET", "/api/v2/emails", {"limit": limit}, headers)
    answer = world.sandbox.handle(request)
    assert isinstance(answer, Response)
    assert answer.status == 400


# --- webhooks ------------------------------------------------------------------------------------


def test_the_webhooks_carry_their_secret_in_a_header() -> None:
    webhook = webhooks.reply_received("secret-1", text="Tue works")
    headers = {name.lower(): value for name, value in webhook.headers.items()}
    request = SignedRequest(webhook.body, headers, {})
    assert PROVIDER.authenticate(request, lambda: "secret-1", ()) == "webhook"
    assert "X-Webhook-Secret" not in webhooks.reply_received(None, text="x").headers


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda: webhooks.reply_received("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.email_sent("s", text="Tue <b> works"), EventKind.ECHO),
        (lambda: webhooks.email_sent("s", text="Tue <b> works", step=1), EventKind.IGNORED),
        (lambda: webhooks.email_bounced("s"), EventKind.STATUS),
        (lambda: webhooks.lead_unsubscribed("s"), EventKind.DO_NOT_DISTURB),
    ],
)
def test_each_webhook_is_what_the_provider_reads(
    build: Callable[[], Webhook], kind: EventKind
) -> None:
    event = event_of(build())
    assert (event.kind, event.account) == (kind, webhooks.WORKSPACE)
    if kind in (EventKind.MESSAGE, EventKind.ECHO):
        assert event.text == "Tue <b> works"
    if kind is not EventKind.IGNORED:
        assert event.email == "dana@example.com"


def test_an_automatic_answer_can_share_its_id() -> None:
    person = webhooks.reply_received("s", text="Away", email_id="id-1")
    machine = webhooks.reply_received(
        "s", text="Away", email_id="id-1", event_type="auto_reply_received"
    )
    assert event_of(person).identity == event_of(machine).identity
    assert event_of(machine).automated
