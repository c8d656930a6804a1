"""What SmartLead is asked, what its answers mean, and what its message history tells."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.email_text import to_html
from system_sender.finding import COULD_NOT_LOOK, Found, Seen, Sought
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import provider_named
from system_sender.providers.smartlead import PROVIDER
from system_sender.transport import Answer, NoAnswer, Request

PAYLOADS = Path(__file__).parents[1] / "payloads" / "smartlead"
NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
ACCESS = Access("https://server.smartlead.ai", "key-1", "acct1")
HANDLES = {
    "campaign_id": "9181",
    "stats_id": "8f7c2b10-1111-4bbb-8ccc-123456789012",
    "message_id": "<CAF1@mail.example.com>",
    "mailbox": "sam@out.example.com",
    "lead_id": "1482001",
}
LETTER = Letter(
    channel="email",
    text="Great, Tuesday at 2pm it is.",
    to="dana@example.com",
    handles=HANDLES,
    subject="Re: Intro",
    answered_text="Tue works <really>",
    answered_at=1_772_463_845_000,
    route="send",
)
SOUGHT = Sought(LETTER, since=NOW, until=NOW + 3_600_000)


def body_of(request: Request) -> dict[str, Any]:
    value = json.loads(request.body or b"")
    assert isinstance(value, dict)
    return value


# --- sending -------------------------------------------------------------------------------------


def test_it_is_found_by_its_name() -> None:
    assert provider_named("smartlead") is PROVIDER
    assert PROVIDER.base_url == "https://server.smartlead.ai"


def test_an_answer_names_everything_that_the_references_ask_for() -> None:
    request = PROVIDER.send_request(ACCESS, LETTER)
    assert request.method == "POST"
    assert request.url == "https://server.smartlead.ai/api/v1/campaigns/9181/reply-email-thread"
    assert body_of(request) == {
        "email_stats_id": "8f7c2b10-1111-4bbb-8ccc-123456789012",
        "email_body": to_html("Great, Tuesday at 2pm it is."),
        "reply_message_id": "<CAF1@mail.example.com>",
        "reply_email_time": "2026-03-02T15:04:05.000Z",
        "reply_email_body": to_html("Tue works <really>"),
        "to_email": "dana@example.com",
        "add_signature": False,
    }
    assert request.headers["Content-Type"] == "application/json"


def test_the_answer_goes_to_whoever_wrote_and_not_to_the_campaigns_lead() -> None:
    letter = replace(LETTER, to="lee@example.com")
    assert body_of(PROVIDER.send_request(ACCESS, letter))["to_email"] == "lee@example.com"


def test_copies_are_texts_with_commas() -> None:
    letter = replace(LETTER, cc=("ops@example.com", "lee@example.com"), bcc=("crm@example.com",))
    body = body_of(PROVIDER.send_request(ACCESS, letter))
    assert body["cc"] == "ops@example.com,lee@example.com"
    assert body["bcc"] == "crm@example.com"


def test_the_key_is_only_in_the_query() -> None:
    request = PROVIDER.send_request(ACCESS, LETTER)
    assert request.query == {"api_key": "key-1"}
    assert "key-1" not in request.url + repr(request.headers) + repr(request.body)


def test_the_agent_is_named() -> None:
    agent = PROVIDER.send_request(ACCESS, LETTER).headers["User-Agent"]
    assert agent.startswith("Mozilla/5.0 ")
    assert "system-sender" in agent


@pytest.mark.parametrize("missing", ["campaign_id", "stats_id", "message_id"])
def test_without_a_conversation_there_is_nothing_to_answer(missing: str) -> None:
    handles = {name: value for name, value in HANDLES.items() if name != missing}
    assert PROVIDER.refusal(replace(LETTER, handles=handles)) is Code.NO_THREAD
    assert PROVIDER.refusal(LETTER) is None


def test_there_is_one_way() -> None:
    assert list(PROVIDER.routes(ACCESS, LETTER)) == ["send"]


# --- answers -------------------------------------------------------------------------------------


def outcome(status: int, body: object = b"", **headers: str) -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PROVIDER.outcome(Answer(status, named, raw), NOW, LETTER)


@pytest.mark.parametrize(
    "body",
    [
        {"ok": True, "data": "success"},
        {"success": True, "message": "Reply sent successfully"},
        {"message": "Queued"},
    ],
)
def test_a_success_never_names_the_message(body: dict[str, Any]) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.SENT, Code.SENT)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'"success"', b"[]", b"null"])
def test_a_success_that_confirms_nothing_is_unknown(body: bytes) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"ok": False, "error": "Reply was not sent"}, Code.REJECTED_BY_PROVIDER),
        ({"success": False, "message": "no"}, Code.REJECTED_BY_PROVIDER),
        ({"error": "Invalid email_stats_id or campaign_id"}, Code.THREAD_NOT_FOUND),
    ],
)
def test_a_success_that_takes_itself_back_is_a_refusal(body: dict[str, Any], code: Code) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.REJECTED, code)


@pytest.mark.parametrize("yes", [{"ok": True}, {"success": True}])
def test_a_success_that_contradicts_itself_is_unknown(yes: dict[str, Any]) -> None:
    assert outcome(200, yes | {"error": "no"}).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": "Invalid email_stats_id or campaign_id"}, Code.THREAD_NOT_FOUND),
        (404, {"error": "Campaign not found"}, Code.THREAD_NOT_FOUND),
        (402, {"message": "Plan expired"}, Code.PAYMENT_REQUIRED),
        (400, {"error": "email_body is required"}, Code.REJECTED_BY_PROVIDER),
    ],
)
def test_refusals_are_final(status: int, body: dict[str, Any], code: Code) -> None:
    assert outcome(status, body) == Outcome(OutcomeKind.REJECTED, code)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_makes_the_integration_wait(status: int) -> None:
    refused = outcome(status, {"message": "API key is required."})
    assert (refused.kind, refused.integration_unhealthy) == (OutcomeKind.NOT_SENT, True)


def test_a_rate_limit_names_its_wait_in_the_header_or_else_in_the_body() -> None:
    body = json.loads((PAYLOADS / "rate_limited.json").read_bytes())
    assert outcome(429, body, retry_after="7").retry_at == NOW + 7_000
    assert outcome(429, body).retry_at == NOW + 30_000
    assert outcome(429, {"error": {"retry_after": "soon"}}).retry_at == NOW + 60_000
    assert outcome(429).retry_at == NOW + 60_000
    assert outcome(429).kind is OutcomeKind.NOT_SENT


@pytest.mark.parametrize("status", [409, 500, 502, 504])
def test_what_is_not_listed_is_unknown(status: int) -> None:
    assert outcome(status, {"message": "Internal Server Error"}).kind is OutcomeKind.UNKNOWN


def test_a_duplicate_may_have_left() -> None:
    assert outcome(400, {"error": "Duplicate reply"}).code is Code.PROVIDER_DUPLICATE


@pytest.mark.parametrize(
    ("began", "kind"), [(False, OutcomeKind.NOT_SENT), (True, OutcomeKind.UNKNOWN)]
)
def test_silence_is_unknown_only_once_the_request_began(began: bool, kind: OutcomeKind) -> None:
    answer = NoAnswer(began, Code.PROVIDER_TIMEOUT)
    assert PROVIDER.outcome(answer, NOW, LETTER).kind is kind


# --- look-up -------------------------------------------------------------------------------------


def row(**changes: Any) -> dict[str, Any]:
    return {
        "type": "SENT",
        "message_id": "<S1@out.example.com>",
        "time": "2026-03-02T15:06:00.250Z",
        "email_body": "<p>Great, Tuesday at 2pm it is.</p>",
        **changes,
    }


def seen(value: object, sought: Sought = SOUGHT) -> Seen:
    answer = Answer(200, {}, json.dumps(value).encode())
    return PROVIDER.find(ACCESS, sought, lambda _: answer)


def test_the_history_of_the_lead_in_the_campaign_is_asked_for() -> None:
    asked: list[Request] = []

    def fetch(request: Request) -> Answer:
        asked.append(request)
        return Answer(200, {}, (PAYLOADS / "message_history.json").read_bytes())

    found = Found("<S1@out.example.com>:SENT:1772463960250", 1_772_463_960_250)
    assert PROVIDER.find(ACCESS, SOUGHT, fetch) == Seen(looked=True, found=(found,))
    [request] = asked
    assert (request.method, request.body) == ("GET", None)
    assert request.url == (
        "https://server.smartlead.ai/api/v1/campaigns/9181/leads/1482001/message-history"
    )
    assert request.query == {"api_key": "key-1", "event_time_gt": "2026-03-02T15:04:05.999Z"}


def test_without_the_handle_the_leads_contact_id_is_asked_for() -> None:
    handles = {name: value for name, value in HANDLES.items() if name != "lead_id"}
    asked: list[str] = []

    def fetch(request: Request) -> Answer:
        asked.append(request.url)
        return Answer(200, {}, b'{"history": []}')

    letter = replace(LETTER, handles=handles, contact_id="77")
    assert PROVIDER.find(ACCESS, replace(SOUGHT, letter=letter), fetch) == Seen(looked=True)
    assert asked[0].endswith("/leads/77/message-history")
    nobody = replace(SOUGHT, letter=replace(letter, contact_id=None))
    assert PROVIDER.find(ACCESS, nobody, fetch) == COULD_NOT_LOOK
    assert len(asked) == 1


@pytest.mark.parametrize(
    "shape",
    [
        lambda rows: {"history": rows, "from": "sam@out.example.com"},
        lambda rows: {"messages": rows},
        lambda rows: {"data": rows},
        lambda rows: rows,
    ],
)
def test_every_published_shape_of_the_history_is_read(shape: Callable[[Any], Any]) -> None:
    assert len(seen(shape([row()])).found) == 1


def test_the_other_references_rows_are_read() -> None:
    other = {
        "id": "m1",
        "direction": "outbound",
        "sent_at": "2026-03-02T15:06:00Z",
        "body": "Great, Tuesday at 2pm it is.",
    }
    [found] = seen({"messages": [other]}).found
    assert found == Found("9181-1482001:SENT:1772463960000", 1_772_463_960_000)


def test_only_what_left_in_time_with_this_text_is_found() -> None:
    rows = [
        row(type="REPLY"),
        row(time="2026-03-02T15:04:05.999Z"),
        row(time="2026-03-02T17:00:00Z"),
        row(email_body="<p>Something else altogether.</p>"),
        row(email_body=None, time="2026-03-01T15:04:05Z"),
    ]
    assert seen({"history": rows}) == Seen(looked=True)


def test_two_messages_with_one_id_are_two() -> None:
    rows = [row(), row(time="2026-03-02T15:07:00Z"), row()]
    ids = [found.provider_message_id for found in seen({"history": rows}).found]
    assert ids == [
        "<S1@out.example.com>:SENT:1772463960250",
        "<S1@out.example.com>:SENT:1772464020000",
    ]


def test_a_quote_and_a_signature_under_our_text_do_not_hide_it() -> None:
    text = "<p>Great, Tuesday at 2pm it is.</p><p>Sam</p><blockquote>Tue works</blockquote>"
    assert len(seen({"history": [row(email_body=text)]}).found) == 1


@pytest.mark.parametrize(
    "value",
    [
        {"history": [row(email_body=None)]},
        {"history": [row(time="yesterday")]},
        {"history": [row(time=None)]},
        {"history": ["odd"]},
        {"history": {}},
        {"history": None},
        {"ok": False, "history": []},
        {"error": "no"},
        {},
        "odd",
    ],
)
def test_what_cannot_be_told_is_not_absence(value: object) -> None:
    assert seen(value) == COULD_NOT_LOOK


@pytest.mark.parametrize(
    "answer",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        Answer(401, {}, b'{"message": "API key is required."}'),
        Answer(429, {}, b"{}"),
        Answer(500, {}, b"{}"),
        Answer(200, {}, b""),
        Answer(200, {}, b'{"history": [{"type": "SENT", "ti'),
    ],
)
def test_a_failed_request_is_not_absence(answer: Answer | NoAnswer) -> None:
    assert PROVIDER.find(ACCESS, SOUGHT, lambda _: answer) == COULD_NOT_LOOK
