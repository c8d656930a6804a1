"""The sandbox in EmailBison's place: the provider's own code can work with it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from devstack.sandbox import emailbison_webhooks as webhooks
from devstack.sandbox.contract import IdSource, Injected, Settings
from devstack.sandbox.emailbison import EmailBison, lead_id, reply_id
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.webhooks import Webhook
from devstack.sandbox.wire import Request as SandboxRequest
from devstack.sandbox.wire import Response
from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Found, Seen, Sought
from system_sender.inbound import EventKind, InboundEvent
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.providers.emailbison import PROVIDER
from system_sender.transport import Answer, NoAnswer, Request
from tests.support.transport import SandboxTransport

START = 1_772_463_846.0  # 2026-03-02T15:04:06Z
TEXT = "Great, Tuesday at 2pm & not <3pm>.\n\nSee https://example.com/a?b=1&c=2\nSam"
ACCESS = Access("https://send.example.com", "key-1", "12", ("58",))


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
    ids = IdSource("emailbison")
    made = World(Sandbox([EmailBison(ids)], clock=lambda: made.now))
    return made


def event_of(webhook: Webhook) -> InboundEvent:
    return PROVIDER.parse_event("webhook", json.loads(webhook.body), int(START * 1000))


def letter_to(event: InboundEvent, text: str = TEXT) -> Letter:
    letter = Letter(
        channel="email",
        text=text,
        to=event.sender or "",
        contact_id=event.contact_id,
        handles=event.handles,
        subject="Re: Intro",
        answered_text=event.text,
        answered_at=event.occurred_at,
    )
    return replace(letter, route=PROVIDER.routes(ACCESS, letter)[0])


@pytest.fixture
def letter() -> Letter:
    return letter_to(event_of(webhooks.lead_replied("secret-1", text="Tue works")))


def rows_of(world: World, path: str, **query: str) -> list[dict[str, Any]]:
    headers = {"Authorization": "Bearer key-1"}
    answer = world.sandbox.handle(SandboxRequest("GET", path, query, headers))
    assert isinstance(answer, Response)
    rows: list[dict[str, Any]] = json.loads(answer.body)["data"]
    return rows


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_is_accepted_and_found_in_the_sent_folder_by_its_id(
    world: World, letter: Letter
) -> None:
    outcome = world.send(letter)
    [entry] = world.sandbox.ledger.accepted("dana@example.com", TEXT)
    assert (entry.provider, entry.operation) == ("emailbison", Operation.SEND)
    assert outcome == Outcome(OutcomeKind.SENT, Code.SENT, provider_message_id=entry.message_id)
    assert entry.accepted_at is not None
    assert world.find(letter).found == (Found(str(entry.message_id), entry.accepted_at),)


def test_the_copies_are_in_the_ledger(world: World, letter: Letter) -> None:
    world.send(replace(letter, to="Dana@Example.com", cc=("Kim@example.com",)))
    [entry] = world.sandbox.ledger.accepted()
    assert (entry.contact_id, entry.cc) == ("dana@example.com", ("Kim@example.com",))


def test_a_colleagues_answer_is_among_the_leads_mail(world: World) -> None:
    webhook = webhooks.lead_replied("secret-1", text="Tue works", replier="lee@example.com")
    letter = letter_to(event_of(webhook))
    world.send(letter)
    assert [entry.contact_id for entry in world.sandbox.ledger.accepted()] == ["lee@example.com"]
    assert len(world.find(letter).found) == 1


def test_any_number_can_be_answered_and_the_answer_found(world: World, letter: Letter) -> None:
    plain = replace(letter, handles={**letter.handles, "reply_id": "41021", "lead_id": "3301"})
    assert world.send(plain).kind is OutcomeKind.SENT
    assert len(world.find(plain).found) == 1


def test_a_message_is_visible_late(world: World, letter: Letter) -> None:
    world.sandbox.settings = Settings(visibility_delay_s=60)
    world.send(letter)
    assert world.find(letter) == Seen(looked=True)
    world.now += 60
    assert len(world.find(letter).found) == 1


def test_a_persons_mail_is_in_the_folder_and_the_leads_is_not(world: World, letter: Letter) -> None:
    for direction in ("inbound", "outbound"):
        message = Injected("12", "dana@example.com", TEXT, direction=direction)
        world.sandbox.inject(message, provider="emailbison")
    assert len(world.find(letter).found) == 1
    path = f"/api/leads/{lead_id('dana@example.com')}/replies"
    folders = [row["folder"] for row in rows_of(world, path)]
    assert sorted(folders) == ["Inbox", "Sent"]


def test_another_leads_folder_is_another(world: World, letter: Letter) -> None:
    world.send(letter)
    other = {**letter.handles, "lead_id": lead_id("lee@example.com")}
    assert not world.find(replace(letter, handles=other)).found


def test_a_lead_is_known_by_address_and_its_mail_by_mailbox(world: World, letter: Letter) -> None:
    world.send(letter)
    path = "/api/leads/Dana@example.com/replies"
    assert len(rows_of(world, path, **{"filters[sender_email_id]": "57"})) == 1
    assert not rows_of(world, path, **{"filters[sender_email_id]": "58"})


def test_a_long_folder_has_pages(world: World, letter: Letter) -> None:
    world.send(letter)
    for number in range(30):
        world.now += 1
        message = Injected("12", "dana@example.com", f"Note {number}", direction="outbound")
        world.sandbox.inject(message, provider="emailbison")
    assert len(world.find(letter).found) == 1, "it is on the last page, the newest come first"
    requests = world.sandbox.ledger.requests()
    assert [entry.operation for entry in requests] == [Operation.SEND, *[Operation.LOOK_UP] * 3]


def test_what_is_no_number_is_refused(world: World, letter: Letter) -> None:
    request = PROVIDER.send_request(ACCESS, letter)
    url = "https://send.example.com/api/replies/none/reply"
    answer = world.fetch(replace(request, url=url))
    assert PROVIDER.outcome(answer, 0, letter) == Outcome(
        OutcomeKind.REJECTED, Code.THREAD_NOT_FOUND
    )
    assert not world.sandbox.ledger.accepted()


def test_a_key_belongs_to_an_account(world: World, letter: Letter) -> None:
    world.sandbox.settings = Settings(tokens={"key-1": "12"})
    world.send(letter)
    [entry] = world.sandbox.ledger.accepted()
    assert entry.account == "12"
    world.sandbox.settings = Settings(tokens={"key-2": "13"})
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
        (Fault(Kind.REFUSE, refusal="forbidden"), OutcomeKind.NOT_SENT),
        (Fault(Kind.REFUSE, refusal="insufficient_balance"), OutcomeKind.REJECTED),
        (Fault(Kind.REFUSE, refusal="unprocessable"), OutcomeKind.REJECTED),
        (Fault(Kind.REDIRECT), OutcomeKind.NOT_SENT),
    ],
)
def test_faults_speak_emailbisons_shapes(
    world: World, letter: Letter, fault: Fault, kind: OutcomeKind
) -> None:
    world.sandbox.program(fault)
    assert world.send(letter).kind is kind


def test_a_refused_mailbox_makes_room_for_the_next(world: World, letter: Letter) -> None:
    world.sandbox.program(Fault(Kind.REFUSE, refusal="sender_unhealthy"))
    refused = world.send(letter)
    assert (refused.code, refused.next_route) == (Code.SENDER_UNHEALTHY, True)
    _, other = PROVIDER.routes(ACCESS, letter)
    assert world.send(replace(letter, route=other)).kind is OutcomeKind.SENT
    [found] = world.find(letter).found
    [entry] = world.sandbox.ledger.accepted()
    assert found.provider_message_id == entry.message_id


def test_the_wait_of_a_rate_limit_is_in_the_body_or_in_the_header(
    world: World, letter: Letter
) -> None:
    limited = Fault(Kind.REFUSE, refusal="too_many_requests")
    world.sandbox.program(limited, replace(limited, retry_after="7"))
    waits = [world.send(letter).retry_at for _ in range(2)]
    assert waits == [int(START * 1000) + 8_000, int(START * 1000) + 7_000]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"message": ""}, "message"),
        ({"sender_email_id": "57"}, "sender_email_id"),
        ({"to_emails": [{"name": None, "address": "dana@example.com"}]}, "to_emails"),
        ({"to_emails": "dana@example.com"}, "to_emails"),
        ({"cc_emails": ["ops@example.com"]}, "cc_emails"),
    ],
)
def test_a_wrong_request_is_refused_by_name(
    world: World, letter: Letter, changes: dict[str, Any], field: str
) -> None:
    request = PROVIDER.send_request(ACCESS, letter)
    body = json.dumps(json.loads(request.body or b"") | changes).encode()
    answer = world.fetch(replace(request, body=body))
    assert isinstance(answer, Answer)
    assert answer.status == 422
    assert field in json.loads(answer.body)["errors"]
    assert not world.sandbox.ledger.accepted()


def test_other_paths_are_not_emailbisons(world: World) -> None:
    answer = world.sandbox.handle(SandboxRequest("GET", "/api/replies/41021"))
    assert isinstance(answer, Response)
    assert answer.status == 404


def test_the_ids_of_a_lead_are_always_the_same_and_fit_a_number() -> None:
    assert lead_id("Dana@example.com") == lead_id("dana@example.com")
    assert reply_id("dana@example.com", 7) == int(lead_id("dana@example.com") + "000007")
    assert reply_id("dana@example.com") < 10**15


# --- webhooks ------------------------------------------------------------------------------------


def test_the_webhooks_carry_their_secret_in_a_header() -> None:
    webhook = webhooks.lead_replied("secret-1", text="Tue works")
    headers = {name.lower(): value for name, value in webhook.headers.items()}
    request = SignedRequest(webhook.body, headers, {})
    assert PROVIDER.authenticate(request, lambda: "secret-1", ()) == "webhook"
    bare = webhooks.lead_replied(None, text="Tue works")
    assert list(bare.headers) == ["Content-Type"]
    assert b"secret-1" not in webhook.body


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda: webhooks.lead_replied("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.automated_reply("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.lead_interested("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.untracked_reply("s", text="Tue <b> works"), EventKind.MESSAGE),
        (lambda: webhooks.manual_email_sent("s", text="Tue <b> works"), EventKind.ECHO),
        (lambda: webhooks.email_bounced("s"), EventKind.STATUS),
        (lambda: webhooks.lead_unsubscribed("s"), EventKind.DO_NOT_DISTURB),
    ],
)
def test_each_webhook_is_what_the_provider_reads(
    build: Callable[[], Webhook], kind: EventKind
) -> None:
    event = event_of(build())
    assert (event.kind, event.email, event.account) == (kind, "dana@example.com", "12")
    if kind in (EventKind.MESSAGE, EventKind.ECHO):
        assert event.text == "Tue <b> works"


def test_a_machines_answer_says_so() -> None:
    assert event_of(webhooks.automated_reply("s", text="Away")).automated
    assert not event_of(webhooks.lead_replied("s", text="Tue works")).automated


def test_each_answer_is_an_event_of_its_own_unless_it_gets_the_same_id() -> None:
    first = event_of(webhooks.lead_replied("s", text="Tue works"))
    second = event_of(webhooks.lead_replied("s", text="Tue works"))
    assert first.identity != second.identity
    marked = webhooks.lead_interested("s", text="Tue works", id=int(first.handles["reply_id"]))
    assert event_of(marked).identity == first.identity


def test_copies_and_the_workspace_can_be_told() -> None:
    webhook = webhooks.lead_replied(
        "s", text="x", cc=["kim@example.com"], workspace="emailbison-acme"
    )
    event = event_of(webhook)
    assert (event.cc, event.account) == (("kim@example.com",), "emailbison-acme")


def test_a_field_can_be_replaced_or_left_out() -> None:
    webhook = webhooks.lead_replied(
        "s",
        text="x",
        omit=("sender_email", "text_body"),
        date_received="2026-03-02T15:04:06Z",
        campaign={"id": 7},
        event={"type": "LEAD_INTERESTED"},
    )
    event = event_of(webhook)
    assert (event.text, event.occurred_at) == ("x", 1_772_463_846_000)
    assert event.handles["campaign_id"] == "7"
    assert "sender_email_id" not in event.handles
