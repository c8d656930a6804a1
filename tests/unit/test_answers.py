"""What a provider's answer means: the outcome table, row by row."""

import json
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from system_sender.answers import retry_after
from system_sender.codes import Code
from system_sender.letter import Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import provider_named
from system_sender.transport import Answer, NoAnswer

NOW = 1_772_500_000_000
TEXT = Letter("sms", "Hi Dana", "+15550100001", contact_id="ct1", route="send")
EMAIL = Letter("email", "Hi Dana", "dana@example.com", contact_id="ct1", subject="Re: Intro")
SENT, NOT_SENT = OutcomeKind.SENT, OutcomeKind.NOT_SENT
REJECTED, UNKNOWN = OutcomeKind.REJECTED, OutcomeKind.UNKNOWN


def meaning(status: int, body: Any = None, **headers: str) -> Outcome:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return provider_named("gohighlevel").outcome(Answer(status, names, raw), NOW, TEXT)


def error(text: Any, status: int = 400) -> dict[str, Any]:
    return {"statusCode": status, "message": text}


ACCEPTED = {"conversationId": "cv1", "messageId": "ms1", "status": "pending"}


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_readable_success_is_sent_with_its_ids(status: int) -> None:
    assert meaning(status, ACCEPTED) == Outcome(
        SENT, Code.SENT, provider_message_id="ms1", provider_thread_id="cv1"
    )


def test_a_success_without_an_id_is_sent_and_its_id_stays_open() -> None:
    assert meaning(201, {"conversationId": "cv1"}) == Outcome(
        SENT, Code.SENT, provider_thread_id="cv1"
    )
    assert meaning(201, {"messageId": 17}) == Outcome(SENT, Code.SENT)


def test_the_id_of_an_email_is_its_own_and_not_that_of_its_thread() -> None:
    body = {**ACCEPTED, "emailMessageId": "em1"}
    assert meaning(201, body).provider_message_id == "em1"


def test_a_list_of_ids_names_the_message_too() -> None:
    assert meaning(201, {"messageIds": ["ms7", "ms8"]}).provider_message_id == "ms7"


@pytest.mark.parametrize(
    "body", [None, b"<html>ok</html>", b'"ok"', b"[]", b"null", b"\xff\xfe", b"{"]
)
def test_a_success_that_cannot_be_read_is_unknown(body: bytes | None) -> None:
    assert meaning(201, body) == Outcome(UNKNOWN, Code.PROVIDER_UNREADABLE)


@pytest.mark.parametrize(
    "body", [{"ok": False}, {"success": False}, {"error": "Message was not sent"}]
)
def test_a_success_that_takes_itself_back_is_a_refusal(body: dict[str, Any]) -> None:
    assert meaning(200, body) == Outcome(REJECTED, Code.REJECTED_BY_PROVIDER)


def test_a_success_that_says_duplicate_is_unknown() -> None:
    assert meaning(200, {"ok": False, "error": "duplicate message"}).kind is UNKNOWN


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.REJECTED_BY_PROVIDER),
        (402, Code.PAYMENT_REQUIRED),
        (404, Code.CONTACT_NOT_FOUND),
        (405, Code.REJECTED_BY_PROVIDER),
        (408, Code.REJECTED_BY_PROVIDER),
        (413, Code.REJECTED_BY_PROVIDER),
        (422, Code.REJECTED_BY_PROVIDER),
    ],
)
def test_a_definite_status_is_final_for_this_draft(status: int, code: Code) -> None:
    assert meaning(status, b"") == Outcome(REJECTED, code)


TEXTS = [
    ("Cannot send message as DND is active for SMS.", Code.DO_NOT_DISTURB, True),
    ("Cannot send message as DND is active", Code.DO_NOT_DISTURB, True),
    ("Cannot send message as +15550100001 has unsubscribed", Code.UNSUBSCRIBED, True),
    ("Cannot send message as DND is active for Email.", Code.DO_NOT_DISTURB, True),
    ("Missing phone number", Code.MISSING_PHONE, False),
    ("Missing email", Code.MISSING_EMAIL, False),
    ("Invalid email address", Code.INVALID_EMAIL, False),
    ("Invalid country calling code", Code.INVALID_PHONE, False),
    ("Contact not found", Code.CONTACT_NOT_FOUND, False),
]


@pytest.mark.parametrize("status", [400, 422, 500, 503])
@pytest.mark.parametrize(("text", "code", "suppresses"), TEXTS)
def test_the_text_of_a_refusal_decides_whatever_the_status(
    text: str, code: Code, suppresses: bool, status: int
) -> None:
    expected = Outcome(REJECTED, code, suppress=suppresses)
    assert meaning(status, error(text, status)) == expected
    assert meaning(status, error([text.upper()], status)) == expected
    assert meaning(status, {"status": status, "message": text}) == expected
    assert meaning(status, {"error": {"reason": text}}) == expected


@pytest.mark.parametrize("status", [302, 401, 403, 429])
@pytest.mark.parametrize(("text", "code", "suppresses"), TEXTS)
def test_who_asked_for_silence_gets_it_whatever_the_status(
    status: int, text: str, code: Code, suppresses: bool
) -> None:
    outcome = meaning(status, {"message": text})
    if suppresses:
        assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, code)
        assert outcome.suppress
        assert not outcome.integration_unhealthy
    else:
        assert outcome.kind is OutcomeKind.NOT_SENT


@pytest.mark.parametrize("status", [500, 503])
def test_refusal_words_outside_the_error_fields_do_not_count(status: int) -> None:
    echoed = {"statusCode": status, "request": {"message": "DND is active"}, "body": "duplicate"}
    assert meaning(status, echoed) == Outcome(UNKNOWN, Code.PROVIDER_ERROR)


@pytest.mark.parametrize("field", ["body", "text", "sms", "data", "payload"])
def test_our_own_text_echoed_in_a_success_does_not_count(field: str) -> None:
    echoed = {**ACCEPTED, field: "I see DND is active and it is a duplicate, missing phone number"}
    assert meaning(201, echoed).kind is SENT
    assert meaning(201, {**ACCEPTED, "message": "has unsubscribed"}).kind is SENT


@pytest.mark.parametrize(
    "letter",
    [replace(TEXT, text="So DND is active?"), replace(EMAIL, subject="Re: DND is active")],
)
def test_an_error_that_quotes_our_own_words_says_nothing_by_them(letter: Letter) -> None:
    body = json.dumps(error("Cannot send: DND is active", 500)).encode()
    outcome = provider_named("gohighlevel").outcome(Answer(500, {}, body), NOW, letter)
    assert outcome == Outcome(UNKNOWN, Code.PROVIDER_ERROR)


def test_a_failure_that_names_its_message_is_believed_in_neither() -> None:
    assert meaning(200, {**ACCEPTED, "ok": False}) == Outcome(UNKNOWN, Code.PROVIDER_ERROR)


@pytest.mark.parametrize("status", [400, 409, 422, 500])
def test_a_duplicate_is_unknown_because_the_first_one_may_be_ours(status: int) -> None:
    assert meaning(status, error("Duplicate message", status)) == Outcome(
        UNKNOWN, Code.PROVIDER_DUPLICATE
    )


def test_a_conflict_is_unknown_whatever_it_says() -> None:
    assert meaning(409, error("DND is active")) == Outcome(UNKNOWN, Code.PROVIDER_DUPLICATE)
    assert meaning(409) == Outcome(UNKNOWN, Code.PROVIDER_DUPLICATE)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_a_certain_non_send_and_make_the_integration_unhealthy(
    status: int,
) -> None:
    assert meaning(status, error("Invalid JWT", status)) == Outcome(
        NOT_SENT, Code.UNAUTHORIZED, integration_unhealthy=True
    )


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_was_not_followed_so_nothing_left(status: int) -> None:
    outcome = meaning(status, location="https://example.com")
    assert (outcome.kind, outcome.code) == (NOT_SENT, Code.REDIRECTED)
    assert outcome.retry_at == NOW + 30_000


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520, 599])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message":"Internal server error"}'])
def test_a_server_error_is_unknown(status: int, body: bytes) -> None:
    assert meaning(status, body) == Outcome(UNKNOWN, Code.PROVIDER_ERROR)


@pytest.mark.parametrize("status", [100, 199, 406, 410, 418, 425, 451, 600])
def test_anything_unlisted_is_unknown(status: int) -> None:
    assert meaning(status).kind is UNKNOWN


@pytest.mark.parametrize(
    "code", [Code.UNREACHABLE, Code.TOO_LATE, Code.PAUSED_ALL, Code.PROVIDER_TIMEOUT]
)
def test_without_an_answer_only_the_moment_of_the_failure_matters(code: Code) -> None:
    outcome = provider_named("gohighlevel").outcome
    assert outcome(NoAnswer(True, code), NOW, TEXT) == Outcome(UNKNOWN, code)
    assert outcome(NoAnswer(False, code), NOW, TEXT) == Outcome(
        NOT_SENT, code, retry_at=NOW + 30_000
    )


# --- 429 -----------------------------------------------------------------------------------------


def wait_of(body: Any = None, **headers: str) -> int:
    outcome = meaning(429, body, **headers)
    assert (outcome.kind, outcome.code) == (NOT_SENT, Code.RATE_LIMITED)
    assert outcome.retry_at is not None
    return outcome.retry_at - NOW


def test_a_rate_limit_without_any_header_waits_ten_seconds() -> None:
    assert wait_of() == 10_000


def test_retry_after_in_seconds_or_as_a_date_is_honoured() -> None:
    assert wait_of(retry_after="7") == 7_000
    date = formatdate(NOW / 1000 + 90, usegmt=True)
    assert wait_of(retry_after=date) == 90_000


@pytest.mark.parametrize(
    "value", ["soon", "-5", "1.5", "\u00b2", "9" * 5000, "Mon, 99 Foo 2026", "", "Thu, 01 Jan 9999"]
)
def test_a_retry_after_that_cannot_be_read_falls_back(value: str) -> None:
    assert 1_000 <= wait_of(retry_after=value) <= 24 * 3600 * 1000


def test_a_retry_after_is_at_least_a_second_and_at_most_a_day() -> None:
    assert wait_of(retry_after="0") == 1_000
    assert wait_of(retry_after=formatdate(NOW / 1000 - 90, usegmt=True)) == 1_000
    assert wait_of(retry_after="9999999") == 24 * 3600 * 1000


def test_the_providers_own_headers_are_used_where_there_is_no_retry_after() -> None:
    assert wait_of(x_ratelimit_interval_milliseconds="4500") == 5_000
    assert wait_of(x_ratelimit_interval_milliseconds="\u00b3") == 10_000
    assert wait_of(x_ratelimit_daily_remaining="0") == 3_600_000
    assert wait_of(error("max_open_pit_context reached")) == 30_000
    assert wait_of(x_ratelimit_daily_remaining="0", retry_after="3") == 3_000


def test_a_date_without_a_zone_is_read_as_utc_where_the_header_says_so() -> None:
    date = formatdate(NOW / 1000 + 60, usegmt=True)
    assert retry_after({"retry-after": date}, NOW, default=5) == 60_000
