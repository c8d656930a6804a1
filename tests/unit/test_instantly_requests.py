"""What Instantly is asked, what its answers mean, and what its list of e-mails tells."""

import json
from collections.abc import Sequence
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
from system_sender.providers.instantly import PROVIDER
from system_sender.transport import Answer, NoAnswer, Request

PAYLOADS = Path(__file__).parents[1] / "payloads" / "instantly"
NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
ACCESS = Access("https://api.instantly.ai", "key-1", "0190aaaa-1111-7222-8333-444455556666")
HANDLES = {
    "email_id": "0195aaaa-1111-7222-8333-444455556666",
    "mailbox": "sam@out.example.com",
    "lead": "Dana@example.com",
}
LETTER = Letter(
    channel="email",
    text="Great, Tuesday at 2pm it is.",
    to="dana@example.com",
    handles=HANDLES,
    subject="Re: Intro",
    answered_text="Tue works",
    answered_at=NOW,
    route="send",
)
SOUGHT = Sought(LETTER, since=NOW, until=NOW + 3_600_000)
SENT: dict[str, Any] = json.loads((PAYLOADS / "reply_answer.json").read_bytes())


def body_of(request: Request) -> dict[str, Any]:
    value = json.loads(request.body or b"")
    assert isinstance(value, dict)
    return value


# --- sending -------------------------------------------------------------------------------------


def test_it_is_found_by_its_name() -> None:
    assert provider_named("instantly") is PROVIDER
    assert PROVIDER.base_url == "https://api.instantly.ai"


def test_an_answer_is_the_published_request() -> None:
    request = PROVIDER.send_request(ACCESS, LETTER)
    assert (request.method, request.query) == ("POST", None)
    assert request.url == "https://api.instantly.ai/api/v2/emails/reply"
    assert request.headers == {
        "Authorization": "Bearer key-1",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    assert body_of(request) == {
        "eaccount": "sam@out.example.com",
        "reply_to_uuid": "0195aaaa-1111-7222-8333-444455556666",
        "subject": "Re: Intro",
        "body": {
            "html": to_html("Great, Tuesday at 2pm it is."),
            "text": "Great, Tuesday at 2pm it is.",
        },
    }


def test_copies_are_texts_with_commas() -> None:
    letter = replace(LETTER, cc=("ops@example.com", "lee@example.com"), bcc=("crm@example.com",))
    body = body_of(PROVIDER.send_request(ACCESS, letter))
    assert body["cc_address_email_list"] == "ops@example.com,lee@example.com"
    assert body["bcc_address_email_list"] == "crm@example.com"


@pytest.mark.parametrize("missing", ["email_id", "mailbox", "lead"])
def test_without_a_conversation_there_is_nothing_to_answer(missing: str) -> None:
    handles = {name: value for name, value in HANDLES.items() if name != missing}
    assert PROVIDER.refusal(replace(LETTER, handles=handles)) is Code.NO_THREAD
    assert PROVIDER.refusal(LETTER) is None


def test_an_answer_cannot_be_addressed_to_somebody_else() -> None:
    assert PROVIDER.refusal(replace(LETTER, to="lee@example.com")) is Code.NO_THREAD


def test_there_is_one_way() -> None:
    assert list(PROVIDER.routes(ACCESS, LETTER)) == ["send"]


# --- answers -------------------------------------------------------------------------------------


def outcome(status: int, body: object = b"", **headers: str) -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PROVIDER.outcome(Answer(status, named, raw), NOW, LETTER)


def test_a_success_names_message_and_thread() -> None:
    assert outcome(200, SENT) == Outcome(
        OutcomeKind.SENT,
        Code.SENT,
        provider_message_id="0195bbbb-1111-7222-8333-444455556666",
        provider_thread_id="0197aaaa-1111-7222-8333-444455556666",
    )


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": 7}, {"id": "not an id"}])
def test_a_success_without_an_id_is_a_success(body: dict[str, Any]) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.SENT, Code.SENT)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[]", b"null", b'{"id": "0195'])
def test_a_success_that_confirms_nothing_is_unknown(body: bytes) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)


def test_a_success_that_takes_itself_back_is_a_refusal_unless_it_names_a_message() -> None:
    failed = {"error": "Reply was not sent"}
    assert outcome(200, failed) == Outcome(OutcomeKind.REJECTED, Code.REJECTED_BY_PROVIDER)
    assert outcome(200, SENT | failed).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.REJECTED_BY_PROVIDER),
        (402, Code.PAYMENT_REQUIRED),
        (404, Code.THREAD_NOT_FOUND),
        (422, Code.REJECTED_BY_PROVIDER),
    ],
)
def test_refusals_are_final(status: int, code: Code) -> None:
    body = {"statusCode": status, "error": "Bad Request", "message": "no"}
    assert outcome(status, body) == Outcome(OutcomeKind.REJECTED, code)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_makes_the_integration_wait(status: int) -> None:
    refused = outcome(status, {"statusCode": status, "error": "Unauthorized"})
    assert (refused.kind, refused.integration_unhealthy) == (OutcomeKind.NOT_SENT, True)


def test_a_rate_limit_is_waited_for() -> None:
    assert outcome(429, retry_after="7").retry_at == NOW + 7_000
    assert outcome(429).retry_at == NOW + 10_000
    assert outcome(429).kind is OutcomeKind.NOT_SENT


@pytest.mark.parametrize("status", [409, 500, 502, 504])
def test_what_is_not_listed_is_unknown(status: int) -> None:
    assert outcome(status, {"message": "Something went wrong"}).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("began", "kind"), [(False, OutcomeKind.NOT_SENT), (True, OutcomeKind.UNKNOWN)]
)
def test_silence_is_unknown_only_once_the_request_began(began: bool, kind: OutcomeKind) -> None:
    answer = NoAnswer(began, Code.PROVIDER_RESET)
    assert PROVIDER.outcome(answer, NOW, LETTER).kind is kind


# --- look-up -------------------------------------------------------------------------------------


class Pages:
    """Answers with one page after the other, and keeps what was asked."""

    def __init__(self, *pages: object) -> None:
        self._pages = list(pages)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return Answer(200, {}, json.dumps(self._pages.pop(0)).encode())

    @property
    def cursors(self) -> list[str | None]:
        """Where each page asked for was to begin."""
        return [(request.query or {}).get("starting_after") for request in self.asked]


def page(rows: Sequence[object], following: object = None) -> dict[str, Any]:
    return {"items": list(rows), "next_starting_after": following}


def seen(*rows: object) -> Seen:
    return PROVIDER.find(ACCESS, SOUGHT, Pages(page(rows)))


def row(**changes: Any) -> dict[str, Any]:
    return {**SENT, **changes}


def test_the_newest_mails_between_lead_and_mailbox_are_asked_for() -> None:
    pages = Pages(json.loads((PAYLOADS / "email_list.json").read_bytes()))
    found = Found(
        "0195bbbb-1111-7222-8333-444455556666",
        1_772_463_960_250,
        "0197aaaa-1111-7222-8333-444455556666",
    )
    assert PROVIDER.find(ACCESS, SOUGHT, pages) == Seen(looked=True, found=(found,))
    [request] = pages.asked
    assert (request.method, request.body) == ("GET", None)
    assert request.url == "https://api.instantly.ai/api/v2/emails"
    assert request.headers["Authorization"] == "Bearer key-1"
    assert request.query is not None
    wanted = {"lead": "Dana@example.com", "eaccount": "sam@out.example.com", "sort_order": "desc"}
    assert wanted.items() <= request.query.items()
    assert int(request.query["limit"]) <= 20, "an answer that is too large is not read"


@pytest.mark.parametrize("missing", ["mailbox", "lead"])
def test_without_lead_or_mailbox_nobody_can_look(missing: str) -> None:
    handles = {name: value for name, value in HANDLES.items() if name != missing}
    sought = replace(SOUGHT, letter=replace(LETTER, handles=handles))
    assert PROVIDER.find(ACCESS, sought, Pages()) == COULD_NOT_LOOK


def test_only_what_we_wrote_in_time_with_this_text_is_found() -> None:
    assert seen(
        row(ue_type=1),
        row(ue_type=2),
        row(ue_type=4),
        row(eaccount="other@out.example.com"),
        row(timestamp_created="2026-03-02T15:04:05.999Z"),
        row(timestamp_created="2026-03-02T17:00:00Z"),
        row(body={"text": "Something else altogether."}),
        row(ue_type=2, body=None, timestamp_created=None),
    ) == Seen(looked=True)


def test_the_servers_own_time_counts() -> None:
    [found] = seen(row(timestamp_email="2020-01-01T00:00:00Z")).found
    assert found.at == 1_772_463_960_250


@pytest.mark.parametrize(
    "body",
    [
        {"html": "<p>Great, Tuesday at 2pm it is.</p>"},
        {"text": "Great, Tuesday at 2pm\nit is.\n\nOn Mon, Dana wrote:\n> Tue works"},
        {"text": "Great", "html": "<p>Great, Tuesday at 2pm it is.</p><p>Sam</p>"},
    ],
)
def test_the_text_is_recognised_as_text_or_html(body: dict[str, str]) -> None:
    assert len(seen(row(body=body)).found) == 1


def test_two_of_them_are_two_and_one_listed_twice_is_one() -> None:
    other = row(id="0195eeee-1111-7222-8333-444455556666")
    assert len(seen(row(), other, row()).found) == 2


def test_pages_are_followed_until_they_are_older() -> None:
    old = row(ue_type=1, timestamp_created="2026-03-01T10:00:00Z")
    new = row(ue_type=2, timestamp_created="2026-03-02T15:10:00Z")
    pages = Pages(page([new], "c1"), page([row(), old], "c2"))
    assert len(PROVIDER.find(ACCESS, SOUGHT, pages).found) == 1
    assert pages.cursors == [None, "c1"]


def test_pages_are_followed_to_the_last() -> None:
    new = row(ue_type=2, timestamp_created="2026-03-02T15:10:00Z")
    pages = Pages(page([new], "c1"), page([], "c2"), page([row()]))
    assert len(PROVIDER.find(ACCESS, SOUGHT, pages).found) == 1
    assert pages.cursors == [None, "c1", "c2"]


def test_more_pages_than_the_limit_allows_is_not_absence() -> None:
    new = row(ue_type=2, timestamp_created="2026-03-02T15:10:00Z")
    pages = Pages(page([row()], "c1"), page([new], "c2"), page([new], "c3"), page([new]))
    assert PROVIDER.find(ACCESS, SOUGHT, pages) == COULD_NOT_LOOK
    assert len(pages.asked) == 3


@pytest.mark.parametrize(
    "value",
    [
        page([row(body=None)]),
        page([row(body={})]),
        page([row(timestamp_created="yesterday")]),
        page([row(id=None)]),
        page([row(ue_type=None)]),
        page(["odd"]),
        page([row()], 7),
        {"items": {}},
        {},
        [],
        {"error": "no", "items": []},
    ],
)
def test_what_cannot_be_told_is_not_absence(value: object) -> None:
    assert PROVIDER.find(ACCESS, SOUGHT, Pages(value)) == COULD_NOT_LOOK


@pytest.mark.parametrize(
    "answer",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        Answer(401, {}, b"{}"),
        Answer(429, {}, b"{}"),
        Answer(500, {}, b"{}"),
        Answer(200, {}, b""),
        Answer(200, {}, b'{"items": [{"id": "0195'),
    ],
)
def test_a_failed_request_is_not_absence(answer: Answer | NoAnswer) -> None:
    assert PROVIDER.find(ACCESS, SOUGHT, lambda _: answer) == COULD_NOT_LOOK


def test_a_later_page_that_fails_is_not_absence() -> None:
    pages = Pages(page([row()], "c1"), "odd")
    assert PROVIDER.find(ACCESS, SOUGHT, pages) == COULD_NOT_LOOK
