"""What EmailBison is asked, what its answers mean, and what its folder of sent mail tells."""

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
from system_sender.providers.emailbison import PROVIDER
from system_sender.settlement import MOST_ATTEMPTS, DraftFate, draft_fate
from system_sender.states import DraftState
from system_sender.transport import Answer, NoAnswer, Request

PAYLOADS = Path(__file__).parents[1] / "payloads" / "emailbison"
NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
ACCESS = Access("https://send.example.com", "key-1", "12", ("58", "59"))
HANDLES = {
    "reply_id": "41021",
    "sender_email_id": "57",
    "mailbox": "sam@out.example.com",
    "lead_id": "3301",
    "campaign_id": "9",
}
LETTER = Letter(
    channel="email",
    text="Great, Tuesday at 2pm it is.",
    to="dana@example.com",
    to_name="Dana Lee",
    handles=HANDLES,
    subject="Re: Intro",
    answered_text="Tue works",
    answered_at=NOW,
    route="sender:57",
)
SOUGHT = Sought(LETTER, since=NOW, until=NOW + 3_600_000)
ANSWER: dict[str, Any] = json.loads((PAYLOADS / "reply_answer.json").read_bytes())
SENT: dict[str, Any] = ANSWER["data"]["reply"]
INVALID: dict[str, Any] = json.loads((PAYLOADS / "sender_invalid.json").read_bytes())


def body_of(request: Request) -> dict[str, Any]:
    value = json.loads(request.body or b"")
    assert isinstance(value, dict)
    return value


def without(*names: str) -> Letter:
    kept = {name: value for name, value in HANDLES.items() if name not in names}
    return replace(LETTER, handles=kept)


# --- sending -------------------------------------------------------------------------------------


def test_it_is_found_by_its_name_and_has_a_host_for_each_customer() -> None:
    assert provider_named("emailbison") is PROVIDER
    assert PROVIDER.base_url is None


def test_an_answer_is_the_published_request() -> None:
    request = PROVIDER.send_request(ACCESS, LETTER)
    assert (request.method, request.query) == ("POST", None)
    assert request.url == "https://send.example.com/api/replies/41021/reply"
    assert request.headers == {
        "Accept": "application/json",
        "Authorization": "Bearer key-1",
        "Content-Type": "application/json",
    }
    assert body_of(request) == {
        "message": to_html("Great, Tuesday at 2pm it is."),
        "sender_email_id": 57,
        "to_emails": [{"name": "Dana Lee", "email_address": "dana@example.com"}],
        "cc_emails": [],
        "bcc_emails": [],
        "subject": "Re: Intro",
        "inject_previous_email_body": False,
        "content_type": "html",
    }


def test_copies_are_written_as_the_recipient_is() -> None:
    letter = replace(LETTER, to_name=None, cc=("ops@example.com",), bcc=("crm@example.com",))
    body = body_of(PROVIDER.send_request(ACCESS, letter))
    assert body["to_emails"] == [{"name": None, "email_address": "dana@example.com"}]
    assert body["cc_emails"] == [{"name": None, "email_address": "ops@example.com"}]
    assert body["bcc_emails"] == [{"name": None, "email_address": "crm@example.com"}]


@pytest.mark.parametrize("missing", ["reply_id", "sender_email_id"])
def test_without_a_conversation_there_is_nothing_to_answer(missing: str) -> None:
    assert PROVIDER.refusal(without(missing)) is Code.NO_THREAD
    assert PROVIDER.refusal(LETTER) is None


@pytest.mark.parametrize("value", ["", "41021/../7", "x", "-1", "٣", "1" * 19])
def test_an_id_that_is_no_number_is_no_conversation(value: str) -> None:
    for name in ("reply_id", "sender_email_id"):
        letter = replace(LETTER, handles={**HANDLES, name: value})
        assert PROVIDER.refusal(letter) is Code.NO_THREAD


@pytest.mark.parametrize("unneeded", ["lead_id", "mailbox", "campaign_id"])
def test_an_answer_needs_no_more(unneeded: str) -> None:
    assert PROVIDER.refusal(without(unneeded)) is None


# --- mailboxes -----------------------------------------------------------------------------------


def test_the_mailbox_that_was_written_to_comes_first_and_the_stand_ins_follow() -> None:
    assert PROVIDER.routes(ACCESS, LETTER) == ("sender:57", "sender:58", "sender:59")


def test_a_mailbox_is_tried_once_and_only_by_its_number() -> None:
    access = replace(ACCESS, senders=("58", "57", "sam@out.example.com", "58", ""))
    assert PROVIDER.routes(access, LETTER) == ("sender:57", "sender:58")


def test_the_route_is_the_mailbox_that_sends() -> None:
    body = body_of(PROVIDER.send_request(ACCESS, replace(LETTER, route="sender:58")))
    assert body["sender_email_id"] == 58


# --- answers -------------------------------------------------------------------------------------


def outcome(
    status: int, body: object = b"", *, letter: Letter = LETTER, retry_after: str = ""
) -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"retry-after": retry_after} if retry_after else {}
    return PROVIDER.outcome(Answer(status, headers, raw), NOW, letter)


def test_a_success_names_the_message() -> None:
    assert outcome(200, ANSWER) == Outcome(OutcomeKind.SENT, Code.SENT, provider_message_id="41077")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": None},
        {"data": {"success": True, "message": "Successfully sent email"}},
        {"data": {"success": True, "reply": {"id": None}}},
        {"data": {"success": True, "reply": {"id": True}}},
        {"data": {"success": True, "reply": {"id": "not an id"}}},
        {"data": {"success": True, "reply": []}},
    ],
)
def test_a_success_without_an_id_is_a_success(body: dict[str, Any]) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.SENT, Code.SENT)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[]", b"null", b'{"data": {"success'])
def test_a_success_that_confirms_nothing_is_unknown(body: bytes) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"success": False, "message": "Reply was not sent"}},
        {"success": False},
        {"error": "Reply was not sent"},
        {"data": {"error": "Reply was not sent"}},
    ],
)
def test_a_success_that_takes_itself_back_is_a_refusal(body: dict[str, Any]) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.REJECTED, Code.REJECTED_BY_PROVIDER)


@pytest.mark.parametrize(
    "body",
    [
        ANSWER | {"success": False},
        ANSWER | {"error": "no"},
        {"data": {"success": True, "error": "no"}},
        {"success": True, "data": {"success": False}},
        {"data": {"success": False, "reply": {"id": 41077}}},
    ],
)
def test_an_answer_that_says_both_is_unknown(body: dict[str, Any]) -> None:
    assert outcome(200, body) == Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)


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
    body = {"message": "no", "errors": {"to_emails": ["no"]}}
    assert outcome(status, body) == Outcome(OutcomeKind.REJECTED, code)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_makes_the_integration_wait(status: int) -> None:
    refused = outcome(status, {"message": "Unauthenticated."})
    assert (refused.kind, refused.integration_unhealthy) == (OutcomeKind.NOT_SENT, True)


@pytest.mark.parametrize(
    ("body", "retry_after", "wait"),
    [
        ({"error": "rate_limited", "retry_after": 8}, "", 8_000),
        ({"error": "rate_limited", "retry_after": 8}, "12", 12_000),
        ({"error": "rate_limited", "retry_after": 0}, "", 1_000),
        ({"error": "rate_limited", "retry_after": 999_999}, "", 86_400_000),
        ({"error": "rate_limited"}, "", 10_000),
        ({"error": "rate_limited", "retry_after": "8"}, "", 10_000),
        ({"error": "rate_limited", "retry_after": True}, "", 10_000),
        ({"error": "rate_limited", "retry_after": -8}, "", 10_000),
        ({"error": "rate_limited", "retry_after": 10**30}, "", 10_000),
        (b"<html></html>", "", 10_000),
        (b"[]", "", 10_000),
    ],
)
def test_a_rate_limit_is_waited_for(body: object, retry_after: str, wait: int) -> None:
    assert outcome(429, body, retry_after=retry_after) == Outcome(
        OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=NOW + wait
    )


@pytest.mark.parametrize("status", [409, 500, 502, 504])
def test_what_is_not_listed_is_unknown(status: int) -> None:
    assert outcome(status, {"message": "Server Error"}).kind is OutcomeKind.UNKNOWN


def test_a_duplicate_is_unknown() -> None:
    assert outcome(400, {"message": "Duplicate reply"}) == Outcome(
        OutcomeKind.UNKNOWN, Code.PROVIDER_DUPLICATE
    )


@pytest.mark.parametrize(
    ("began", "kind"), [(False, OutcomeKind.NOT_SENT), (True, OutcomeKind.UNKNOWN)]
)
def test_silence_is_unknown_only_once_the_request_began(began: bool, kind: OutcomeKind) -> None:
    answer = NoAnswer(began, Code.PROVIDER_RESET)
    assert PROVIDER.outcome(answer, NOW, LETTER).kind is kind


# --- a mailbox that cannot send ------------------------------------------------------------------

REFUSED_MAILBOX = Outcome(OutcomeKind.NOT_SENT, Code.SENDER_UNHEALTHY, next_route=True)


@pytest.mark.parametrize(
    "body",
    [
        INVALID,
        {"message": "Invalid sender email id"},
        {"error": "The sender email is disconnected"},
        {"errors": {"sender_email_id": ["The selected SENDER EMAIL ID is invalid."]}},
    ],
)
@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refused_mailbox_sent_nothing_and_another_may(status: int, body: dict[str, Any]) -> None:
    assert outcome(status, body) == REFUSED_MAILBOX


@pytest.mark.parametrize("status", [500, 503])
def test_a_broken_servers_word_on_a_mailbox_is_not_definite(status: int) -> None:
    assert outcome(status, INVALID) == Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)


def test_another_address_that_is_invalid_is_no_mailboxs_fault() -> None:
    body = {"message": "The to_emails.0.email_address must be a valid email address."}
    assert not outcome(422, body).next_route


def test_a_refusal_that_quotes_our_letter_is_not_the_mailboxs() -> None:
    letter = replace(LETTER, text="It said: sender email id is invalid. Any idea?")
    refused = outcome(422, {"message": letter.text}, letter=letter)
    assert refused == Outcome(OutcomeKind.REJECTED, Code.REJECTED_BY_PROVIDER)


def fate_after_the_last(attempts: int) -> DraftFate:
    """What becomes of a draft when no other mailbox is left."""
    last = replace(outcome(422, INVALID), next_route=False)
    return draft_fate(last, attempts=attempts, is_last=True, now=NOW)


def test_after_the_last_mailbox_it_is_tried_again_ever_later() -> None:
    assert outcome(422, INVALID).counts
    for attempts, wait in ((1, 30), (2, 60), (MOST_ATTEMPTS - 1, 1920)):
        due_at = NOW + wait * 1000
        fate = DraftFate(DraftState.APPROVED, Code.SENDER_UNHEALTHY, due_at)
        assert fate_after_the_last(attempts) == fate


def test_after_the_last_mailbox_attempts_are_bounded() -> None:
    assert fate_after_the_last(MOST_ATTEMPTS) == DraftFate(
        DraftState.FAILED, Code.ATTEMPTS_EXHAUSTED
    )


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
    def numbers(self) -> list[str]:
        """Which pages were asked for."""
        return [(request.query or {})["page"] for request in self.asked]


def page(rows: Sequence[object], number: int = 1, last: int = 1) -> dict[str, Any]:
    following = f"https://elsewhere.example.com/?page={number + 1}" if number < last else None
    return {
        "data": list(rows),
        "links": {"next": following},
        "meta": {"current_page": number, "last_page": last},
    }


def seen(*rows: object, letter: Letter = LETTER) -> Seen:
    return PROVIDER.find(ACCESS, replace(SOUGHT, letter=letter), Pages(page(rows)))


def row(**changes: Any) -> dict[str, Any]:
    return {**SENT, **changes}


def test_the_leads_sent_folder_is_asked_for() -> None:
    pages = Pages(json.loads((PAYLOADS / "sent_folder.json").read_bytes()))
    found = Found("41077", 1_772_463_960_000)
    assert PROVIDER.find(ACCESS, SOUGHT, pages) == Seen(looked=True, found=(found,))
    [request] = pages.asked
    assert (request.method, request.body) == ("GET", None)
    assert request.url == "https://send.example.com/api/leads/3301/replies"
    assert request.headers["Authorization"] == "Bearer key-1"
    # No mailbox among them: a stand-in may have sent it.
    assert request.query == {"filters[folder]": "sent", "page": "1"}


def test_the_leads_own_id_stands_in_for_the_conversations() -> None:
    pages = Pages(page([row()]))
    letter = replace(without("lead_id"), contact_id="3301")
    assert len(PROVIDER.find(ACCESS, replace(SOUGHT, letter=letter), pages).found) == 1
    assert pages.asked[0].url.endswith("/api/leads/3301/replies")


def test_without_a_lead_nobody_can_look() -> None:
    sought = replace(SOUGHT, letter=without("lead_id"))
    assert PROVIDER.find(ACCESS, sought, Pages()) == COULD_NOT_LOOK


def test_only_what_left_in_time_in_this_conversation_with_this_text_is_found() -> None:
    assert seen(
        row(folder="Inbox"),
        row(folder="Bounced"),
        row(parent_id=40980),
        row(date_received="2026-03-02T15:04:05.999Z"),
        row(date_received="2026-03-02T17:00:00Z"),
        row(html_body="<p>Something else.</p>", text_body="Something else."),
        row(folder="Inbox", html_body=None, text_body=None, date_received=None),
    ) == Seen(looked=True)


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({"folder": "sent"}, True),
        ({"folder": " SENT "}, True),
        ({"folder": None, "type": "Outgoing Email"}, True),
        ({"folder": None, "type": "Untracked Reply"}, False),
        ({"folder": None, "type": None}, False),
    ],
)
def test_the_folder_says_what_left_and_else_the_type(
    changes: dict[str, Any], is_ours: bool
) -> None:
    assert len(seen(row(**changes)).found) == is_ours


@pytest.mark.parametrize("parent", [41021, "41021"])
def test_what_it_answers_decides_and_not_to_whom_it_is_listed(parent: object) -> None:
    assert len(seen(row(parent_id=parent, to=[])).found) == 1
    other = [{"address": "lee@example.com", "name": None}]
    assert len(seen(row(parent_id=parent, to=other)).found) == 1


@pytest.mark.parametrize(
    ("changes", "is_this"),
    [
        ({"to": [{"address": "Dana@Example.com", "name": None}]}, True),
        ({"to": [{"address": "lee@example.com", "name": None}]}, False),
        ({"to": None, "primary_to_email_address": "dana@example.com"}, True),
        ({"to": None, "primary_to_email_address": "lee@example.com"}, False),
        ({"to": [7], "primary_to_email_address": None}, True),
    ],
)
def test_where_no_parent_is_listed_the_recipient_decides(
    changes: dict[str, Any], is_this: bool
) -> None:
    assert len(seen(row(parent_id=None, **changes)).found) == is_this


@pytest.mark.parametrize(
    "changes",
    [
        {"html_body": None},
        {"text_body": None},
        {"html_body": "<p>unlike</p>"},
        {"text_body": "Great, Tuesday at 2pm\nit is.\n\nOn Mon, Dana wrote:", "html_body": None},
        {"text_body": None, "html_body": "<div>Great, Tuesday at 2pm it is.</div><p>Sam</p>"},
    ],
)
def test_the_text_is_recognised_as_text_or_html(changes: dict[str, Any]) -> None:
    assert len(seen(row(**changes)).found) == 1


def test_where_no_time_of_receipt_is_listed_that_of_the_row_counts() -> None:
    [found] = seen(row(date_received=None, created_at="2026-03-02T15:06:02.000000Z")).found
    assert found.at == 1_772_463_962_000


def test_two_of_them_are_two_and_one_listed_twice_is_one() -> None:
    assert len(seen(row(), row(id=41078), row()).found) == 2


def test_pages_are_followed_by_number_to_the_last() -> None:
    pages = Pages(page([row()], 1, 3), page([], 2, 3), page([row(id=41078)], 3, 3))
    assert len(PROVIDER.find(ACCESS, SOUGHT, pages).found) == 2
    assert pages.numbers == ["1", "2", "3"]
    # Not by the address of the next one, which could be anywhere.
    assert {request.url for request in pages.asked} == {
        "https://send.example.com/api/leads/3301/replies"
    }


@pytest.mark.parametrize("hint", ["links", "meta"])
def test_either_hint_at_another_page_is_followed(hint: str) -> None:
    first = {name: value for name, value in page([], 1, 2).items() if name in ("data", hint)}
    assert len(PROVIDER.find(ACCESS, SOUGHT, Pages(first, page([row()], 2, 2))).found) == 1


def test_more_pages_than_are_read_is_not_absence() -> None:
    pages = Pages(*(page([row()], number, 99) for number in range(1, 12)))
    assert PROVIDER.find(ACCESS, SOUGHT, pages) == COULD_NOT_LOOK
    assert len(pages.asked) == 10


@pytest.mark.parametrize(
    "value",
    [
        page([row(html_body=None, text_body=None)]),
        page([row(html_body=7, text_body=[])]),
        page([row(date_received="yesterday", created_at=None)]),
        page([row(id=None)]),
        page(["odd"]),
        page([], 2, 2),
        {"data": {}},
        {"data": [], "links": [1]},
        {"data": [], "meta": "odd"},
        {},
        [],
        {"error": "no", "data": []},
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
        Answer(200, {}, b'{"data": [{"id": 41'),
    ],
)
def test_a_failed_request_is_not_absence(answer: Answer | NoAnswer) -> None:
    assert PROVIDER.find(ACCESS, SOUGHT, lambda _: answer) == COULD_NOT_LOOK


def test_a_later_page_that_fails_is_not_absence() -> None:
    pages = Pages(page([row()], 1, 2), "odd")
    assert PROVIDER.find(ACCESS, SOUGHT, pages) == COULD_NOT_LOOK
