"""The sandbox in SmartLead's place: the provider's own code can work with it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from devstack.sandbox import smartlead_webhooks as webhooks
from devstack.sandbox.contract import IdSource, Injected, Settings
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.smartlead import SmartLead, lead_id, stats_id
from devstack.sandbox.webhooks import Webhook
from devstack.sandbox.wire import Request as SandboxRequest
from devstack.sandbox.wire import Response
from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Seen, Sought
from system_sender.inbound import EventKind, InboundEvent
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.providers.smartlead import PROVIDER
from system_sender.transport import Answer, NoAnswer, Request
from tests.support.transport import SandboxTransport

START = 1_772_463_846.0  # 2026-03-02T15:04:06Z
TEXT = "Great, Tuesday at 2pm & not <3pm>.\n\nSee https://example.com/a?b=1&c=2\nSam"
ACCESS = Access("https://server.smartlead.ai", "key-1", "acct1")


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


@pytest.fixture
def world() -> World:
    ids = IdSource("smartlead")
    made = World(Sandbox([SmartLead(ids)], clock=lambda: made.now))
    return made


def event_of(webhook: Webhook) -> InboundEvent:
    return PROVIDER.parse_event("webhook", json.loads(webhook.body), int(START * 1000))


def letter_to(event: InboundEvent, text: str = TEXT) -> Letter:
    return Letter(
        channel="email",
        text=text,
        to=event.sender or "",
        contact_id=event.contact_id,
        handles=event.handles,
        subject="Re: Intro",
        answered_text=event.text,
        answered_at=event.occurred_at,
    )


@pytest.fixture
def letter() -> Letter:
    return letter_to(event_of(webhooks.email_reply("secret-1", text="Tue works")))


def test_an_answer_is_accepted_without_an_id_and_found_in_the_history(
    world: World, letter: Letter
) -> None:
    assert world.send(letter) == Outcome(OutcomeKind.SENT, Code.SENT)
    [entry] = world.sandbox.ledger.accepted("dana@example.com", TEXT)
    assert (entry.provider, entry.operation) == ("smartlead", Operation.SEND)
    [found] = world.find(letter).found
    assert found.provider_message_id == f"{entry.message_id}:SENT:{entry.accepted_at}"
    assert found.at == entry.accepted_at


def test_a_colleagues_answer_is_in_the_leads_history(world: World) -> None:
    webhook = webhooks.email_reply("secret-1", text="Tue works", replier="lee@example.com")
    letter = letter_to(event_of(webhook))
    world.send(letter)
    assert [entry.contact_id for entry in world.sandbox.ledger.accepted()] == ["lee@example.com"]
    assert len(world.find(letter).found) == 1


def test_a_message_is_visible_late(world: World, letter: Letter) -> None:
    world.sandbox.settings = Settings(visibility_delay_s=60)
    world.send(letter)
    assert world.find(letter) == Seen(looked=True)
    world.now += 60
    assert len(world.find(letter).found) == 1


def test_the_history_has_both_sides_and_shares_ids(world: World, letter: Letter) -> None:
    world.send(letter)
    world.now += 5
    world.sandbox.inject(Injected("acct1", "dana@example.com", TEXT), provider="smartlead")
    request = SandboxRequest(
        "GET",
        f"/api/v1/campaigns/9181/leads/{lead_id('dana@example.com')}/message-history",
        {"api_key": "key-1"},
    )
    answer = world.sandbox.handle(request)
    assert isinstance(answer, Response)
    sent, reply = json.loads(answer.body)["history"]
    assert (sent["type"], reply["type"]) == ("SENT", "REPLY")
    assert sent["message_id"] == reply["message_id"]
    assert len(world.find(letter).found) == 1, "the lead's words are not ours"


def test_another_leads_and_another_campaigns_history_is_another(
    world: World, letter: Letter
) -> None:
    world.send(letter)
    for other in ({"lead_id": "77"}, {"campaign_id": "9999"}):
        assert not world.find(replace(letter, handles={**letter.handles, **other})).found


def test_an_unknown_conversation_is_refused(world: World, letter: Letter) -> None:
    unknown = replace(letter, handles={**letter.handles, "stats_id": "none"})
    assert world.send(unknown) == Outcome(OutcomeKind.REJECTED, Code.THREAD_NOT_FOUND)
    assert not world.sandbox.ledger.accepted()


def test_a_key_belongs_to_an_account_and_is_not_in_the_ledger(world: World, letter: Letter) -> None:
    world.sandbox.settings = Settings(tokens={"key-1": "acct1"})
    world.send(letter)
    [entry] = world.sandbox.ledger.accepted()
    assert entry.account == "acct1"
    assert "key-1" not in repr(entry)
    world.sandbox.settings = Settings(tokens={"key-2": "acct2"})
    assert world.send(letter).integration_unhealthy
    assert world.find(letter) == COULD_NOT_LOOK


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(Kind.SUCCESS_WITHOUT_ID), OutcomeKind.SENT),
        (Fault(Kind.SUCCESS_ERROR_BODY), OutcomeKind.REJECTED),
        (Fault(Kind.EMPTY_SUCCESS), OutcomeKind.UNKNOWN),
        (Fault(Kind.HTML_SUCCESS), OutcomeKind.UNKNOWN),
        (Fault(Kind.RESET_AFTER), OutcomeKind.UNKNOWN),
        (Fault(Kind.SERVER_ERROR_AFTER, status=504), OutcomeKind.UNKNOWN),
        (Fault(Kind.DUPLICATE), OutcomeKind.UNKNOWN),
        (Fault(Kind.REFUSE, refusal="too_many_requests"), OutcomeKind.NOT_SENT),
        (Fault(Kind.REFUSE, refusal="invalid_token"), OutcomeKind.NOT_SENT),
        (Fault(Kind.REFUSE, refusal="insufficient_balance"), OutcomeKind.REJECTED),
        (Fault(Kind.REDIRECT), OutcomeKind.NOT_SENT),
    ],
)
def test_faults_speak_smartleads_shapes(
    world: World, letter: Letter, fault: Fault, kind: OutcomeKind
) -> None:
    world.sandbox.program(fault)
    assert world.send(letter).kind is kind


def test_the_wait_of_a_rate_limit_is_in_the_body_or_in_the_header(
    world: World, letter: Letter
) -> None:
    limited = Fault(Kind.REFUSE, refusal="too_many_requests")
    world.sandbox.program(limited, replace(limited, retry_after="7"))
    waits = [world.send(letter).retry_at for _ in range(2)]
    assert waits == [int(START * 1000) + 30_000, int(START * 1000) + 7_000]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"email_body": ""}, "email_body"),
        ({"reply_email_time": None}, "reply_email_time"),
        ({"to_email": "nobody"}, "to_email"),
        ({"cc": ["ops@example.com"]}, "cc"),
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
    assert message in json.loads(answer.body)["error"]
    assert not world.sandbox.ledger.accepted()


def test_other_paths_are_not_smartleads(world: World) -> None:
    answer = world.sandbox.handle(SandboxRequest("GET", "/api/v1/campaigns/9181"))
    assert isinstance(answer, Response)
    assert answer.status == 404


def test_ids_of_leads_and_conversations_are_always_the_same() -> None:
    assert lead_id("Dana@example.com") == lead_id("dana@example.com")
    assert stats_id("dana@example.com").endswith(lead_id("dana@example.com"))
    assert stats_id("dana@example.com", 2) != stats_id("dana@example.com")


# --- webhooks ------------------------------------------------------------------------------------


def test_the_webhooks_carry_their_secret_in_the_body() -> None:
    webhook = webhooks.email_reply("secret-1", text="Tue works")
    request = SignedRequest(webhook.body, {}, {})
    assert PROVIDER.authenticate(request, lambda: "secret-1", ()) == "webhook"
    assert b"secret_key" not in webhooks.email_reply(None, text="Tue works").body


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda: webhooks.email_reply("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.nested_reply("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.untracked_reply("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.email_sent("s"), EventKind.IGNORED),
        (lambda: webhooks.email_bounce("s"), EventKind.STATUS),
        (lambda: webhooks.lead_unsubscribed("s"), EventKind.DO_NOT_DISTURB),
    ],
)
def test_each_webhook_is_what_the_provider_reads(
    build: Callable[[], Webhook], kind: EventKind
) -> None:
    event = event_of(build())
    assert event.kind is kind
    if kind is not EventKind.IGNORED:
        assert event.email == "dana@example.com"
    if kind is EventKind.MESSAGE:
        assert event.text == "Tue <b> works"


def test_a_field_can_be_replaced_or_left_out() -> None:
    webhook = webhooks.email_reply("s", text="x", omit=("stats_id",), campaign_id=7)
    handles = event_of(webhook).handles
    assert handles["campaign_id"] == "7"
    assert "stats_id" not in handles
