"""What every provider's answers mean: the table of the design, row by row."""

import json
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.transport import Answer, NoAnswer
from tests.contract.case import NOW, Case, Meaning, changed
from tests.contract.cases import CASES
from tests.contract.oddities import ODD_BODIES, ODD_VALUES

SENT, NOT_SENT = OutcomeKind.SENT, OutcomeKind.NOT_SENT
REJECTED, UNKNOWN = OutcomeKind.REJECTED, OutcomeKind.UNKNOWN

FINAL = (400, 402, 404, 405, 408, 413, 422)
REDIRECTS = (300, 301, 302, 303, 304, 305, 307, 308)
# Whether a message left is nobody's guess.
UNLISTED = (100, 101, 103, 199, 406, 410, 418, 423, 425, 431, 451, 499)
SERVER_ERRORS = (500, 501, 502, 503, 504, 505, 507, 520, 521, 522, 524, 530, 599, 600, 999)
HTML = b"<!doctype html><html><body>Bad Gateway</body></html>"

LONGEST_WAIT = 24 * 3_600_000
# What a row in DynamoDB can be keyed by, with the names before it.
LONGEST_ID = 1_000


def code_of(case: Case, status: int) -> Code:
    return case.answers.finals.get(status, Code.REJECTED_BY_PROVIDER)


def closes_the_way(case: Case, status: int) -> bool:
    """LinkedIn's 402 closes one way and leaves the next one open."""
    return case.letter.route == "inmail" and status == 402


def meanings(case: Case) -> Iterator[Meaning]:
    yield from successes(case)
    yield from refusals(case)
    yield from duplicates(case)
    yield from unknowns(case)
    yield from limits(case)
    yield from case.answers.known


def successes(case: Case) -> Iterator[Meaning]:
    confirmed = case.answers.confirmed.body
    for status in (200, 201, 202, 206):
        yield Meaning(f"confirmed_{status}", status, confirmed, SENT, Code.SENT)
    for number, body in enumerate(case.answers.unnamed):
        yield Meaning(f"unnamed_{number}", 200, body, SENT, Code.SENT)
    whole = json.dumps(confirmed).encode()
    unreadable = {
        "empty": b"",
        "white_space": b" \n",
        "html": HTML,
        "text": b"OK",
        "half": whole[: len(whole) // 2],
        "no_utf8": b'{"a": "\xff"}',
        "nested_too_deep": b"[" * 100_000,
        "a_list": b"[]",
        "a_list_of_it": b"[" + whole + b"]",
        "null": b"null",
        "true": b"true",
        "number": b"1",
        "quoted": b'"success"',
    }
    for name, body in unreadable.items():
        yield Meaning(f"2xx_{name}", 200, body, UNKNOWN, Code.PROVIDER_UNREADABLE)
    yield Meaning("204", 204, b"", UNKNOWN, Code.PROVIDER_UNREADABLE)
    for name, body in {
        "ok_false": {"ok": False},
        "success_false": {"success": False},
        "error": {"error": "It was not sent"},
        "error_object": {"error": {"code": "X", "message": "It was not sent"}},
        "ok_false_and_error": {"ok": False, "error": "It was not sent"},
    }.items():
        yield Meaning(f"2xx_{name}", 200, body, REJECTED, Code.REJECTED_BY_PROVIDER)
    for number, body in enumerate(case.answers.contradictions):
        yield Meaning(f"2xx_says_both_{number}", 200, body, UNKNOWN, Code.PROVIDER_ERROR)


def refusals(case: Case) -> Iterator[Meaning]:
    error = case.answers.error
    for status in FINAL:
        more: dict[str, Any] = {"next_route": closes_the_way(case, status)}
        code = code_of(case, status)
        for name, body in {
            "empty": b"",
            "html": HTML,
            "object": {},
            "list": [],
            "unknown_words": error("Something is the matter"),
        }.items():
            yield Meaning(f"{status}_{name}", status, body, REJECTED, code, **more)
    for status in (401, 403):
        for name, body in {"empty": b"", "html": HTML, "words": {"message": "No"}}.items():
            yield Meaning(
                f"{status}_{name}", status, body, NOT_SENT, Code.UNAUTHORIZED, unhealthy=True
            )
    for status in REDIRECTS:
        yield Meaning(
            f"redirect_{status}",
            status,
            b"",
            NOT_SENT,
            Code.REDIRECTED,
            headers={"location": "https://elsewhere.example.com/"},
            wait=30_000,
        )


def duplicates(case: Case) -> Iterator[Meaning]:
    for number, body in enumerate(case.answers.duplicates):
        for status in (400, 409, 422):
            name = f"duplicate_{number}_{status}"
            yield Meaning(name, status, body, UNKNOWN, Code.PROVIDER_DUPLICATE)
    for name, body in {"empty": b"", "html": HTML, "words": case.answers.error("x")}.items():
        yield Meaning(f"409_{name}", 409, body, UNKNOWN, Code.PROVIDER_DUPLICATE)


def unknowns(case: Case) -> Iterator[Meaning]:
    for status in (*UNLISTED, *SERVER_ERRORS):
        yield Meaning(f"{status}_empty", status, b"", UNKNOWN, Code.PROVIDER_ERROR)
    for status in (500, 502, 503, 504):
        yield Meaning(f"{status}_html", status, HTML, UNKNOWN, Code.PROVIDER_ERROR)
        body = case.answers.error("Something is the matter")
        yield Meaning(f"{status}_words", status, body, UNKNOWN, Code.PROVIDER_ERROR)
        confirmed = case.answers.confirmed.body
        yield Meaning(f"{status}_confirmed", status, confirmed, UNKNOWN, Code.PROVIDER_ERROR)


def limits(case: Case) -> Iterator[Meaning]:
    asked = {
        "nothing": ({}, case.answers.default_wait),
        "seconds": ({"retry-after": "7"}, 7_000),
        "seconds_with_space": ({"retry-after": " 7 "}, 7_000),
        "no_seconds": ({"retry-after": "0"}, 1_000),
        "a_date": ({"retry-after": formatdate((NOW + 90_000) / 1000, usegmt=True)}, 90_000),
        "a_past_date": ({"retry-after": "Mon, 02 Mar 2020 15:00:00 GMT"}, 1_000),
        "a_far_date": ({"retry-after": "Mon, 02 Mar 2099 15:00:00 GMT"}, LONGEST_WAIT),
        "a_year": ({"retry-after": "31536000"}, LONGEST_WAIT),
        "endless_digits": ({"retry-after": "9" * 400}, None),
        "a_word": ({"retry-after": "soon"}, None),
        "a_fraction": ({"retry-after": "1.5"}, None),
        "a_negative": ({"retry-after": "-5"}, None),
        "other_digits": ({"retry-after": "\u0663"}, None),
        "an_empty_one": ({"retry-after": ""}, None),
    }
    for name, (headers, wait) in asked.items():
        yield Meaning(
            f"429_asks_{name}", 429, {}, NOT_SENT, Code.RATE_LIMITED, headers=headers, wait=wait
        )
    for name, body in {
        "empty": b"",
        "html": HTML,
        "confirmed": case.answers.confirmed.body,
    }.items():
        yield Meaning(f"429_{name}", 429, body, NOT_SENT, Code.RATE_LIMITED)


ROWS = [
    pytest.param(case, meaning, id=f"{case.name}-{meaning.name}")
    for case in CASES
    for meaning in meanings(case)
]


def outcome(case: Case, answer: Answer | NoAnswer, **letter: Any) -> Outcome:
    found = case.provider.outcome(answer, NOW, replace(case.letter, **letter))
    # It is stored and comes back.
    assert Outcome.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    return found


@pytest.mark.parametrize(("case", "meaning"), ROWS)
def test_an_answer_means_what_the_table_says(case: Case, meaning: Meaning) -> None:
    found = outcome(case, meaning.answer)
    assert (found.kind, found.code) == (meaning.kind, meaning.code)
    assert found.suppress is meaning.suppress
    assert found.integration_unhealthy is meaning.unhealthy
    assert found.next_route is meaning.next_route
    if meaning.wait is not None:
        assert found.retry_at == NOW + meaning.wait
    elif meaning.code is Code.RATE_LIMITED:
        assert found.retry_at is not None
        assert NOW + 1_000 <= found.retry_at <= NOW + LONGEST_WAIT
    else:
        assert found.retry_at is None
    if meaning.kind is not SENT:
        assert (found.provider_message_id, found.sent_as) == (None, None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_confirmation_names_the_message(case: Case) -> None:
    expected = case.answers.confirmed
    found = outcome(case, Meaning("", 200, expected.body, SENT, Code.SENT).answer)
    assert found.provider_message_id == expected.message_id
    assert found.provider_thread_id == expected.thread_id
    assert found.sent_as == case.answers.sent_as


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_confirmation_without_an_id_is_one_all_the_same(case: Case) -> None:
    for body in case.answers.unnamed:
        found = outcome(case, Meaning("", 200, body, SENT, Code.SENT).answer)
        assert (found.kind, found.provider_message_id) == (SENT, None)
        assert found.sent_as == case.answers.sent_as


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_id_of_a_confirmation_can_be_stored_or_is_none(case: Case) -> None:
    for path in case.answers.id_fields:
        for odd in (*ODD_VALUES, "x" * 3_000, "ms\ud8001", "a\r\nb", "a b"):
            body = changed(case.answers.confirmed.body, path, odd)
            found = outcome(case, Answer(200, {}, json.dumps(body).encode()))
            assert found.kind is SENT
            for name in (found.provider_message_id, found.provider_thread_id):
                assert name is None or (isinstance(name, str) and 0 < len(name) <= LONGEST_ID)
                (name or "").encode()


@pytest.mark.parametrize("began", [True, False])
@pytest.mark.parametrize(
    "code", [Code.PROVIDER_TIMEOUT, Code.PROVIDER_RESET, Code.UNREACHABLE, Code.TOO_LATE]
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_without_an_answer_it_counts_whether_the_request_began(
    case: Case, code: Code, began: bool
) -> None:
    found = outcome(case, NoAnswer(began, code))
    assert found.code is code
    assert found.kind is (UNKNOWN if began else NOT_SENT)
    assert found.retry_at == (None if began else NOW + 30_000)
    assert not (found.next_route or found.integration_unhealthy or found.suppress)


def spoken(case: Case, **letter: Any) -> str:
    request = case.provider.send_request(case.access, replace(case.letter, **letter))
    return (request.body or b"").decode()


WORDS = [
    pytest.param(case, words, id=f"{case.name}-{number}")
    for case in CASES
    for number, words in enumerate(case.answers.words)
]


@pytest.mark.parametrize(("case", "words"), WORDS)
def test_known_words_decide(case: Case, words: Any) -> None:
    for text in (words.text, words.text.upper(), f"Error: {words.text} (17)"):
        answer = Meaning("", 400, case.answers.error(text), REJECTED, words.code).answer
        found = outcome(case, answer)
        assert (found.kind in (REJECTED, NOT_SENT), found.code) == (True, words.code)
        assert found.suppress is words.suppress


@pytest.mark.parametrize(("case", "words"), WORDS)
def test_our_own_words_in_an_error_decide_nothing(case: Case, words: Any) -> None:
    text = f"You wrote: {words.text} What does it mean?"
    for status in (400, 422):
        error = case.answers.error(f"Cannot send '{text}'")
        found = outcome(case, Answer(status, {}, json.dumps(error).encode()), text=text)
        assert (found.kind, found.code) == (REJECTED, code_of(case, status))
        assert not (found.suppress or found.next_route)


@pytest.mark.parametrize(("case", "words"), WORDS)
def test_our_own_subject_in_an_error_decides_nothing(case: Case, words: Any) -> None:
    if not case.has_subject:
        # None leaves, so that no error can quote it.
        assert words.text not in spoken(case, subject=words.text)
        return
    error = case.answers.error(f"Cannot send '{words.text}'")
    found = outcome(case, Answer(400, {}, json.dumps(error).encode()), subject=words.text)
    assert (found.kind, found.code) == (REJECTED, code_of(case, 400))


@pytest.mark.parametrize("status", [200, 400, 422, 500])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_words_outside_the_error_fields_decide_nothing(case: Case, status: int) -> None:
    for words in case.answers.words:
        echoed = {"body": words.text, "data": {"message": words.text}, "echo": [words.text]}
        found = outcome(case, Answer(status, {}, json.dumps(echoed).encode()))
        assert found.code in (Code.SENT, Code.PROVIDER_ERROR, code_of(case, status))
        assert not (found.suppress or found.next_route)


@pytest.mark.parametrize(
    "status", [100, 200, 204, 302, 400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 503, 599]
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_answer_is_too_odd_to_be_judged(case: Case, status: int) -> None:
    for body in ODD_BODIES:
        for headers in ({}, {"retry-after": "\ud800"}, {"content-type": "text/plain"}):
            found = outcome(case, Answer(status, headers, body))
            if found.kind is SENT:
                assert 200 <= status < 300
                assert isinstance(json.loads(body), dict)
            if status >= 500 or status < 200:
                assert found.kind is UNKNOWN
            if status == 429:
                assert found.kind in (NOT_SENT, UNKNOWN)
            if found.kind is NOT_SENT and not found.integration_unhealthy:
                assert found.retry_at is not None or found.next_route
