"""The sandbox's GoHighLevel, as the real one: e-mails out, and what its records show of them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from devstack.sandbox import webhooks
from devstack.sandbox.contract import Injected, Settings
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.gohighlevel_messages import InjectedMail
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.webhooks import Signer
from devstack.sandbox.wire import Request, Response
from system_sender import transport
from system_sender.codes import Code
from system_sender.finding import Seen, Sought
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers.gohighlevel import PROVIDER
from system_sender.transport import Answer

NOW = 1_772_463_846.0  # 2026-03-02T15:04:06Z
ACCESS = Access("https://example.com", "pit-example", "loc1")
EMAIL = Letter(
    "email",
    "Hi Dana,\n\nTue & Wed: 2 < 3?\nSam",
    "Dana@example.com",
    contact_id="ct1",
    subject="Re: Intro",
    handles={"email_message_id": "em0", "thread_id": "th0"},
    cc=("kim@example.com",),
)
TEXT = Letter("sms", "Tue 2pm, if that suits you?", "+15550100001", contact_id="ct1")


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(clock=lambda: NOW, seed="s")


def call(sandbox: Sandbox, asked: transport.Request) -> Answer:
    request = Request(
        asked.method,
        asked.url.removeprefix(ACCESS.base_url),
        dict(asked.query or {}),
        asked.headers,
        asked.body or b"",
    )
    response = sandbox.handle(request)
    assert isinstance(response, Response)
    names = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, names, response.body)


def send(sandbox: Sandbox, letter: Letter = EMAIL) -> Outcome:
    return PROVIDER.outcome(
        call(sandbox, PROVIDER.send_request(ACCESS, letter)), int(NOW * 1000), letter
    )


def find(sandbox: Sandbox, letter: Letter = EMAIL) -> Seen:
    letter = replace(letter, to=letter.to.lower())
    around = Sought(letter, int(NOW * 1000) - 60_000, int(NOW * 1000) + 60_000)
    return PROVIDER.find(ACCESS, around, lambda asked: call(sandbox, asked))


def refused(sandbox: Sandbox, **changes: Any) -> tuple[int, Any]:
    asked = PROVIDER.send_request(ACCESS, EMAIL)
    body = {**json.loads(asked.body or b""), **changes}
    answer = call(sandbox, replace(asked, body=json.dumps(body).encode()))
    assert not sandbox.ledger.accepted()
    return answer.status, json.loads(answer.body)["message"]


def test_an_email_is_taken_and_named_by_its_own_id(sandbox: Sandbox) -> None:
    answer = json.loads(call(sandbox, PROVIDER.send_request(ACCESS, EMAIL)).body)
    [entry] = sandbox.ledger.accepted()
    assert entry.message_id == answer["emailMessageId"] != answer["messageId"]
    assert entry.conversation_id == answer["conversationId"]
    assert entry.contact_id == "dana@example.com"
    assert entry.text == EMAIL.text


def test_a_send_without_an_address_goes_under_its_contact(sandbox: Sandbox) -> None:
    asked = PROVIDER.send_request(ACCESS, EMAIL)
    body = {k: v for k, v in json.loads(asked.body or b"").items() if k != "emailTo"}
    assert call(sandbox, replace(asked, body=json.dumps(body).encode())).status == 201
    assert [entry.contact_id for entry in sandbox.ledger.accepted()] == ["ct1"]


@pytest.mark.parametrize("letter", [EMAIL, TEXT])
def test_what_was_sent_is_found_once_under_the_same_id(sandbox: Sandbox, letter: Letter) -> None:
    outcome = send(sandbox, letter)
    assert outcome.kind is OutcomeKind.SENT
    [found] = find(sandbox, letter).found
    assert found.provider_message_id == outcome.provider_message_id
    assert found.provider_thread_id == outcome.provider_thread_id
    assert found.at == int(NOW * 1000)


def test_a_list_has_no_email_bodies_and_keeps_the_channels_apart(sandbox: Sandbox) -> None:
    send(sandbox)
    send(sandbox, TEXT)
    listed = {}
    for channel in ("SMS", "Email"):
        query = {"locationId": "loc1", "channel": channel}
        headers = {"Authorization": "Bearer x", "Version": "2021-04-15"}
        response = sandbox.handle(Request("GET", "/conversations/messages/export", query, headers))
        assert isinstance(response, Response)
        [listed[channel]] = json.loads(response.body)["messages"]
    assert (listed["SMS"]["messageType"], listed["SMS"]["body"]) == ("TYPE_SMS", TEXT.text)
    assert (listed["Email"]["messageType"], listed["Email"]["type"]) == ("TYPE_EMAIL", 3)
    assert "body" not in listed["Email"]
    assert len(listed["Email"]["meta"]["email"]["messageIds"]) == 1


def test_a_persons_copy_of_the_email_is_not_ours(sandbox: Sandbox) -> None:
    sandbox.inject(InjectedMail("loc1", "ct1", EMAIL.text, "outbound", "app"))
    assert find(sandbox) == Seen(looked=True)
    sandbox.inject(InjectedMail("loc1", "ct1", EMAIL.text, "outbound", "api"))
    assert len(find(sandbox).found) == 1


def test_an_injected_text_is_no_email(sandbox: Sandbox) -> None:
    sandbox.inject(Injected("loc1", "ct1", EMAIL.text, "outbound", "api"))
    assert find(sandbox) == Seen(looked=True)


def test_a_message_shows_up_late(sandbox: Sandbox) -> None:
    sandbox.settings = Settings(visibility_delay_s=10)
    send(sandbox)
    assert find(sandbox) == Seen(looked=True)
    sandbox.settings = Settings()
    assert len(find(sandbox).found) == 1


def test_an_email_that_nobody_sent_is_not_found(sandbox: Sandbox) -> None:
    headers = {"Authorization": "Bearer x", "Version": "2021-04-15"}
    response = sandbox.handle(Request("GET", "/conversations/messages/email/em9", {}, headers))
    assert isinstance(response, Response)
    assert response.status == 404


@pytest.mark.parametrize(
    ("name", "code"),
    [("dnd_email", Code.DO_NOT_DISTURB), ("missing_email", Code.MISSING_EMAIL)],
)
def test_its_refusals_of_an_email_are_understood(sandbox: Sandbox, name: str, code: Code) -> None:
    sandbox.program(Fault(Kind.REFUSE, refusal=name))
    outcome = send(sandbox)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, code)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"subject": ""}, "subject"),
        ({"html": 7}, "html"),
        ({"emailCc": "kim@example.com"}, "emailCc"),
        ({"emailBcc": [7]}, "emailBcc"),
        ({"emailReplyMode": "forward"}, "emailReplyMode"),
        ({"replyMessageId": ""}, "emailReplyMode"),
        ({"type": "Fax"}, "type"),
    ],
)
def test_an_email_with_a_wrong_field_is_refused(
    sandbox: Sandbox, changes: dict[str, Any], word: str
) -> None:
    status, messages = refused(sandbox, **changes)
    assert status == 422
    assert any(word in message for message in messages)


def test_an_email_without_anything_to_say_is_refused(sandbox: Sandbox) -> None:
    status, message = refused(sandbox, html=" ")
    assert status == 422
    assert "no message" in message


# --- webhooks ------------------------------------------------------------------------------------


def event(webhook: webhooks.Webhook) -> Any:
    return json.loads(webhook.body)


def test_a_leads_email_has_html_and_no_message_id() -> None:
    made = event(
        webhooks.inbound_email(Signer(), location_id="loc1", contact_id="ct1", text="2 < 3\nBye")
    )
    assert made["body"] == "<p>2 &lt; 3<br>Bye</p>"
    assert "messageId" not in made
    assert {"emailMessageId", "threadId", "subject", "from", "to"} <= set(made)
    assert (made["messageType"], made["direction"]) == ("Email", "inbound")


def test_the_echo_of_an_email_names_who_sent_it() -> None:
    echo = {"location_id": "loc1", "contact_id": "ct1", "text": "Hi"}
    ours = event(webhooks.outbound_email(Signer(), **echo))
    theirs = event(webhooks.outbound_email(Signer(), source="app", **echo))
    assert (ours["source"], "userId" in ours) == ("api", False)
    assert (theirs["source"], "userId" in theirs) == ("app", True)


@pytest.mark.parametrize(("severity", "code"), [("permanent", 550), ("temporary", 451)])
def test_a_failed_email_says_whether_for_good(severity: str, code: int) -> None:
    made = event(
        webhooks.email_stats(Signer(), location_id="loc1", event="failed", severity=severity)
    )
    told = made["webhookPayload"]
    assert (told["event"], told["severity"]) == ("failed", severity)
    assert told["delivery-status"]["code"] == code


def test_a_builders_fields_can_be_replaced_and_left_out() -> None:
    made = event(
        webhooks.inbound_email(
            Signer(),
            location_id="loc1",
            contact_id="ct1",
            text="Hi",
            omit=("emailMessageId",),
            messageId="ms1",
        )
    )
    assert "emailMessageId" not in made
    assert made["messageId"] == "ms1"
