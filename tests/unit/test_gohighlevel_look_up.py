"""What GoHighLevel's own records tell of a message whose outcome is unknown."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.email_text import to_html
from system_sender.finding import COULD_NOT_LOOK, Found, Seen, Sought
from system_sender.letter import Access, Letter
from system_sender.providers.gohighlevel import PROVIDER
from system_sender.transport import Answer, NoAnswer, Request

ACCESS = Access("https://example.com", "pit-1", "loc1")
SINCE, UNTIL = 1_772_463_600_000, 1_772_464_200_000  # 2026-03-02, 15:00 to 15:10 UTC
AT = "2026-03-02T15:04:05.000Z"
AT_MS = 1_772_463_845_000
TEXT = Letter("sms", "Does 2pm on Tuesday work?", "+15550100001", contact_id="ct1")
EMAIL = Letter(
    "email",
    "Hi Dana,\n\nDoes 2pm on Tuesday work?",
    "dana@example.com",
    contact_id="ct1",
    subject="Re: Intro",
)


class Records:
    """Answers the requests of a look-up, in their order, and keeps them."""

    def __init__(self, *answers: Answer | NoAnswer) -> None:
        self._answers = list(answers)
        self.asked: list[Request] = []

    def fetch(self, request: Request) -> Answer | NoAnswer:
        """Give the next answer."""
        self.asked.append(request)
        return self._answers.pop(0)


def ok(value: Any) -> Answer:
    return Answer(200, {}, json.dumps(value).encode())


def page(*rows: Any, cursor: Any = None) -> Answer:
    return ok({"messages": list(rows), "nextCursor": cursor, "total": len(rows)})


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "ms1",
        "direction": "outbound",
        "source": "api",
        "body": TEXT.text,
        "dateAdded": AT,
        "conversationId": "cv1",
        **changes,
    }


def mail_row(*ids: str, **changes: Any) -> dict[str, Any]:
    """An e-mail in a list: without its body, and with the ids of what it stands for."""
    listed = row(id="th1", meta={"email": {"messageIds": list(ids)}}, **changes)
    return {name: value for name, value in listed.items() if name != "body" or "body" in changes}


def mail(**changes: Any) -> dict[str, Any]:
    return {
        "id": "em1",
        "direction": "outbound",
        "source": "api",
        "body": f"<html><body>{to_html(EMAIL.text)}<img src='x'></body></html>",
        "dateAdded": AT,
        "conversationId": "cv1",
        "to": ["Dana <dana@example.com>"],
        **changes,
    }


def look(letter: Letter, *answers: Answer | NoAnswer) -> Seen:
    records = Records(*answers)
    return PROVIDER.find(ACCESS, Sought(letter, SINCE, UNTIL), records.fetch)


def ids(seen: Seen) -> list[str]:
    assert seen.looked
    return [found.provider_message_id for found in seen.found]


# --- texts ---------------------------------------------------------------------------------------


def test_the_list_of_the_channel_is_asked_for_the_contact_and_the_time() -> None:
    records = Records(page())
    assert PROVIDER.find(ACCESS, Sought(TEXT, SINCE, UNTIL), records.fetch) == Seen(looked=True)
    [request] = records.asked
    assert (request.method, request.body) == ("GET", None)
    assert request.url == "https://example.com/conversations/messages/export"
    assert request.headers["Version"] == "2021-04-15"
    assert request.query == {
        "locationId": "loc1",
        "contactId": "ct1",
        "channel": "SMS",
        "startDate": str(SINCE),
        "endDate": str(UNTIL),
        "limit": "100",
        "sortBy": "createdAt",
        "sortOrder": "asc",
    }


def test_our_text_is_found_with_its_id_time_and_conversation() -> None:
    answer = page(row(body=f" {TEXT.text}\n"))
    assert look(TEXT, answer).found == (Found("ms1", AT_MS, "cv1"),)


def test_every_one_that_it_could_be_is_told() -> None:
    assert ids(look(TEXT, page(row(), row(id="ms2"), row()))) == ["ms1", "ms2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "app"},
        {"source": "workflow"},
        {"source": None},
        {"direction": "inbound"},
        {"body": "Does 3pm on Tuesday work?"},
        {"body": None},
        {"dateAdded": "2026-03-02T14:59:59Z"},
        {"dateAdded": "2026-03-02T15:10:01Z"},
    ],
)
def test_what_a_person_a_machine_or_another_time_sent_is_not_ours(changes: dict[str, Any]) -> None:
    assert ids(look(TEXT, page(row(**changes)))) == []


def test_all_pages_are_read_by_their_cursors() -> None:
    records = Records(page(row(body="other"), cursor="c2"), page(row(id="ms9")))
    seen = PROVIDER.find(ACCESS, Sought(TEXT, SINCE, UNTIL), records.fetch)
    assert ids(seen) == ["ms9"]
    assert [request.query and request.query.get("cursor") for request in records.asked] == [
        None,
        "c2",
    ]


def test_an_empty_page_is_the_last_one_whatever_its_cursor() -> None:
    assert ids(look(TEXT, page(row(), cursor="c2"), page(cursor="c3"))) == ["ms1"]


def test_more_than_five_pages_are_too_many_to_be_sure() -> None:
    pages = [page(row(), cursor=f"c{number}") for number in range(5)]
    assert look(TEXT, *pages) == COULD_NOT_LOOK


def test_a_list_one_level_deeper_is_read_too() -> None:
    assert ids(look(TEXT, ok({"messages": {"messages": [row()], "nextPage": False}}))) == ["ms1"]


def test_a_list_that_goes_on_without_saying_where_is_not_enough() -> None:
    assert look(TEXT, ok({"messages": {"messages": [row()], "nextPage": True}})) == COULD_NOT_LOOK


@pytest.mark.parametrize(
    "answer",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        Answer(401, {}, b"{}"),
        Answer(429, {}, b"{}"),
        Answer(500, {}, b"{}"),
        Answer(200, {}, b""),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b'{"messages": null}'),
        Answer(200, {}, b'{"messages": {}}'),
        page("odd"),
        page(row(), cursor=7),
        page(row(id="../x")),
        page(row(id=None)),
        page(row(dateAdded="yesterday")),
    ],
)
def test_what_cannot_be_read_is_never_taken_for_nothing(answer: Answer | NoAnswer) -> None:
    assert look(TEXT, answer) == COULD_NOT_LOOK


def test_an_odd_row_of_somebody_else_does_not_matter() -> None:
    assert ids(look(TEXT, page(row(direction="inbound", id=None, dateAdded=7), row()))) == ["ms1"]


def test_without_a_contact_nobody_can_look() -> None:
    assert look(replace(TEXT, contact_id=None)) == COULD_NOT_LOOK


# --- e-mails -------------------------------------------------------------------------------------


def test_an_email_without_a_body_in_the_list_is_read_by_its_own_id() -> None:
    records = Records(page(mail_row("em1")), ok(mail()))
    seen = PROVIDER.find(ACCESS, Sought(EMAIL, SINCE, UNTIL), records.fetch)
    assert seen.found == (Found("em1", AT_MS, "cv1"),)
    first, second = records.asked
    assert first.query is not None
    assert first.query["channel"] == "Email"
    assert second.url == "https://example.com/conversations/messages/email/em1"
    assert second.headers == first.headers


def test_a_row_that_names_no_other_id_is_the_email_itself() -> None:
    assert ids(look(EMAIL, page(row(id="em5", body=None)), ok(mail()))) == ["em5"]


def test_a_body_in_the_list_saves_the_second_request() -> None:
    listed = mail_row("em1", body=to_html(EMAIL.text))
    assert ids(look(EMAIL, page(listed))) == ["em1"]
    assert ids(look(EMAIL, page(mail_row("em2", body=EMAIL.text)))) == ["em2"]


def test_a_shortened_body_in_the_list_is_no_proof_of_another_text() -> None:
    listed = mail_row("em1", body="Hi Dana, Does 2pm ...")
    assert ids(look(EMAIL, page(listed), ok(mail()))) == ["em1"]


def test_a_whole_thread_in_one_row_is_read_mail_by_mail() -> None:
    thread = mail_row("em1", "em2", "em3", direction="inbound", source="app")
    other, ours = mail(direction="inbound"), mail()
    assert ids(look(EMAIL, page(thread), ok(other), ok(ours), ok(mail(source="app")))) == ["em2"]


def test_a_mail_without_a_source_has_that_of_its_row() -> None:
    assert ids(look(EMAIL, page(mail_row("em1")), ok(mail(source=None)))) == ["em1"]


def test_a_persons_email_is_not_even_read() -> None:
    assert ids(look(EMAIL, page(mail_row("em1", source="app")))) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"to": ["kim@example.com"]},
        {"source": "app"},
        {"body": "<p>Another text altogether</p>"},
        {"dateAdded": "2026-03-02T15:10:01Z"},
    ],
)
def test_a_mail_to_another_or_of_another_text_is_not_ours(changes: dict[str, Any]) -> None:
    assert ids(look(EMAIL, page(mail_row("em1")), ok(mail(**changes)))) == []


@pytest.mark.parametrize("to", [None, [], "dana@example.com"])
def test_where_the_recipients_are_not_listed_the_contact_is_enough(to: Any) -> None:
    assert ids(look(EMAIL, page(mail_row("em1")), ok(mail(to=to)))) == ["em1"]


@pytest.mark.parametrize(
    "answer",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        Answer(404, {}, b"{}"),
        Answer(200, {}, b"{}"),
        ok([mail()]),
        ok(mail(dateAdded=None)),
    ],
)
def test_a_mail_that_cannot_be_read_is_never_taken_for_another(answer: Answer | NoAnswer) -> None:
    assert look(EMAIL, page(mail_row("em1")), answer) == COULD_NOT_LOOK


@pytest.mark.parametrize("bad", ["../../contacts", "a/b", "", "x" * 129])
def test_an_id_that_is_none_never_becomes_part_of_a_path(bad: str) -> None:
    assert look(EMAIL, page(mail_row(bad))) == COULD_NOT_LOOK


def test_more_than_twenty_mails_are_too_many_to_be_sure() -> None:
    rows = [mail_row(f"em{number}") for number in range(21)]
    other = ok(mail(body="<p>other</p>"))
    assert look(EMAIL, page(*rows), *[other] * 20) == COULD_NOT_LOOK
    assert ids(look(EMAIL, page(*rows[:20]), *[other] * 20)) == []


# --- records that nobody ought to keep -----------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.sampled_from([*mail(), "meta"]), ANYTHING, max_size=4)


@given(st.sampled_from([TEXT, EMAIL]), FIELDS, FIELDS, ANYTHING)
def test_whatever_the_records_hold_is_told_or_could_not_be_read(
    letter: Letter, listed: dict[str, Any], read: dict[str, Any], cursor: Any
) -> None:
    first = ok({"messages": [{**mail_row("em1"), **listed}], "nextCursor": cursor})
    answers = [first, *[ok({**mail(), **read})] * 10]

    def fetch(_: Request) -> Answer | NoAnswer:
        return answers.pop(0) if answers else page()

    seen = PROVIDER.find(ACCESS, Sought(letter, SINCE, UNTIL), fetch)
    assert seen.looked or not seen.found
    assert all(SINCE <= found.at <= UNTIL for found in seen.found)
