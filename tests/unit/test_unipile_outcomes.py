"""What Unipile's answers mean: which are final, which close one way only, which say nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.letter import Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers.unipile import PROVIDER
from system_sender.transport import Answer, NoAnswer

NOW = 1_772_463_846_000
HOUR = 3_600_000
ROUTES = ("chat", "direct", "inmail", "invitation")
TEXT = "Hi Dana"


def outcome(route: str, answer: Answer | NoAnswer, text: str = TEXT) -> Outcome:
    handles = {"chat_id": "ch_8Xa"} if route == "chat" else {}
    letter = Letter("linkedin", text, "ACoAADANAEXAMPLE", handles=handles, route=route)
    return PROVIDER.outcome(answer, NOW, letter)


def answer(status: int, **body: Any) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def problem(status: int, kind: str, **more: Any) -> Answer:
    return answer(status, type=f"errors/{kind}", title=kind, **more)


# --- accepted ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "body", "message_id", "thread", "sent_as"),
    [
        ("chat", {"object": "MessageSent", "message_id": "m1"}, "m1", "ch_8Xa", None),
        ("direct", {"object": "ChatStarted", "chat_id": "c", "message_id": "m1"}, "m1", "c", None),
        (
            "inmail",
            {"object": "ChatStarted", "chat_id": "c", "message_id": "m"},
            "m",
            "c",
            "inmail",
        ),
        (
            "invitation",
            {"object": "UserInvitationSent", "invitation_id": "7000"},
            "7000",
            None,
            "connection_request",
        ),
    ],
)
def test_what_it_took_is_sent_and_says_as_what(
    route: str, body: dict[str, Any], message_id: str, thread: str | None, sent_as: str | None
) -> None:
    assert outcome(route, answer(201, **body)) == Outcome(
        OutcomeKind.SENT,
        Code.SENT,
        provider_message_id=message_id,
        provider_thread_id=thread,
        sent_as=sent_as,
    )


@pytest.mark.parametrize("body", [{"object": "MessageSent", "message_id": None}, {}])
def test_a_success_that_names_no_message_is_sent_all_the_same(body: dict[str, Any]) -> None:
    sent = outcome("chat", answer(201, **body))
    assert (sent.kind, sent.provider_message_id) == (OutcomeKind.SENT, None)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[]", b"null"])
def test_a_success_that_cannot_be_read_is_unknown(body: bytes) -> None:
    assert outcome("chat", Answer(201, {}, body)).kind is OutcomeKind.UNKNOWN


def test_a_success_that_takes_itself_back_and_names_a_message_is_not_believed() -> None:
    both = outcome("chat", answer(200, ok=False, message_id="m1"))
    assert both.kind is OutcomeKind.UNKNOWN
    assert outcome("chat", answer(200, ok=False)).kind is OutcomeKind.REJECTED


# --- one way is closed ---------------------------------------------------------------------------

UNREACHABLE = (
    "recipient_cannot_be_reached",
    "no_connection_with_recipient",
    "invalid_recipient",
    "user_unreachable",
)


@pytest.mark.parametrize("kind", UNREACHABLE)
def test_a_person_who_takes_no_direct_message_may_be_reached_another_way(kind: str) -> None:
    refused = outcome("direct", problem(422, kind))
    assert (refused.kind, refused.code) == (OutcomeKind.REJECTED, Code.NOT_CONNECTED)
    assert refused.next_route


@pytest.mark.parametrize("kind", UNREACHABLE)
def test_in_a_chat_there_is_no_other_way(kind: str) -> None:
    refused = outcome("chat", problem(422, kind))
    assert (refused.kind, refused.code) == (OutcomeKind.REJECTED, Code.NOT_CONNECTED)
    assert not refused.next_route


@pytest.mark.parametrize(
    "refusal",
    [
        problem(422, "insufficient_credits"),
        problem(422, "not_allowed_inmail"),
        problem(422, "limit_exceeded"),
        problem(403, "feature_not_subscribed"),
        problem(403, "subscription_required"),
        problem(403, "resource_access_restricted"),
        problem(422, "no_connection_with_recipient"),
        answer(402),
        answer(422, title="Not enough InMail credits"),
        answer(400, detail="Your InMail balance is empty"),
    ],
)
def test_without_an_inmail_a_connection_request_is_left(refusal: Answer) -> None:
    refused = outcome("inmail", refusal)
    assert (refused.kind, refused.code) == (OutcomeKind.REJECTED, Code.NO_INMAIL)
    assert refused.next_route and not refused.integration_unhealthy


@pytest.mark.parametrize(
    "refusal",
    [
        problem(422, "already_invited_recently"),
        answer(422, detail="An invitation has already been sent recently to this recipient."),
        answer(400, title="The invitation is pending"),
    ],
)
def test_an_open_invitation_is_the_end_of_it(refusal: Answer) -> None:
    refused = outcome("invitation", refusal)
    assert (refused.kind, refused.code) == (OutcomeKind.REJECTED, Code.ALREADY_INVITED)
    assert not refused.next_route


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "unsure",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        NoAnswer(began=False, code=Code.UNREACHABLE),
        problem(500, "no_connection_with_recipient"),
        problem(500, "insufficient_credits"),
        problem(504, "request_timeout"),
        problem(422, "limit_exceeded_somehow"),
        problem(429, "too_many_requests"),
        problem(401, "disconnected_account"),
        answer(409),
    ],
)
def test_nothing_but_a_definite_refusal_of_the_way_opens_the_next(
    route: str, unsure: Answer | NoAnswer
) -> None:
    assert not outcome(route, unsure).next_route


# --- refused for good ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "refusal", "code"),
    [
        ("chat", problem(404, "resource_not_found"), Code.THREAD_NOT_FOUND),
        ("direct", problem(404, "resource_not_found"), Code.PROFILE_NOT_FOUND),
        ("invitation", problem(422, "invalid_recipient"), Code.PROFILE_NOT_FOUND),
        ("invitation", problem(422, "cannot_invite_attendee"), Code.REJECTED_BY_PROVIDER),
        ("direct", problem(422, "cant_send_message"), Code.REJECTED_BY_PROVIDER),
        ("direct", problem(422, "blocked_recipient"), Code.REJECTED_BY_PROVIDER),
        ("chat", problem(400, "invalid_parameters"), Code.REJECTED_BY_PROVIDER),
        ("chat", problem(415, "unsupported_media_type"), Code.REJECTED_BY_PROVIDER),
        ("chat", answer(415), Code.REJECTED_BY_PROVIDER),
        ("inmail", problem(400, "too_many_characters"), Code.TEXT_TOO_LONG),
    ],
)
def test_a_final_refusal_says_why(route: str, refusal: Answer, code: Code) -> None:
    refused = outcome(route, refusal)
    assert (refused.kind, refused.code) == (OutcomeKind.REJECTED, code)
    assert not refused.next_route


def test_words_that_an_error_quotes_from_our_text_mean_nothing() -> None:
    text = "Is your credit balance pending?"
    refused = outcome("inmail", answer(422, detail=f"Cannot send: {text}"), text=text)
    assert refused.code is Code.REJECTED_BY_PROVIDER


# --- not sent, and again later -------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (problem(401, "disconnected_account"), Code.ACCOUNT_DISCONNECTED),
        (problem(401, "expired_credentials"), Code.ACCOUNT_DISCONNECTED),
        (problem(403, "account_restricted"), Code.ACCOUNT_DISCONNECTED),
        (problem(404, "resource_not_found", detail="Account not found"), Code.ACCOUNT_DISCONNECTED),
        (problem(401, "missing_credentials"), Code.UNAUTHORIZED),
        (problem(403, "insufficient_permissions"), Code.UNAUTHORIZED),
        (Answer(401, {}, b""), Code.UNAUTHORIZED),
    ],
)
def test_an_account_that_is_refused_waits_until_it_is_healthy(
    route: str, refusal: Answer, code: Code
) -> None:
    refused = outcome(route, refusal)
    assert (refused.kind, refused.code) == (OutcomeKind.NOT_SENT, code)
    assert refused.integration_unhealthy


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("refusal", [problem(429, "too_many_requests"), Answer(429, {}, b"")])
def test_a_limit_of_linkedin_is_waited_out_for_hours(route: str, refusal: Answer) -> None:
    limited = outcome(route, refusal)
    assert (limited.kind, limited.code) == (OutcomeKind.NOT_SENT, Code.RATE_LIMITED)
    assert limited.retry_at == NOW + 4 * HOUR


def test_the_limit_of_invitations_is_the_accounts_and_lasts_a_day() -> None:
    limited = outcome("invitation", problem(422, "cannot_resend_yet"))
    assert (limited.kind, limited.code) == (OutcomeKind.NOT_SENT, Code.RATE_LIMITED)
    assert limited.retry_at == NOW + 24 * HOUR


def test_a_wait_that_is_named_is_honoured() -> None:
    named = Answer(429, {"retry-after": "90"}, b"")
    assert outcome("chat", named).retry_at == NOW + 90_000


# --- unknown -------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "unsure",
    [
        problem(500, "provider_error"),
        problem(500, "unexpected_error"),
        problem(503, "no_client_session"),
        problem(504, "request_timeout"),
        problem(408, "request_timeout"),
        problem(422, "action_already_performed"),
        Answer(502, {}, b"<html></html>"),
        answer(500, detail="recipient cannot be reached"),
        answer(409),
        NoAnswer(began=True, code=Code.PROVIDER_RESET),
    ],
)
def test_a_server_in_trouble_may_have_sent_it(route: str, unsure: Answer | NoAnswer) -> None:
    assert outcome(route, unsure).kind is OutcomeKind.UNKNOWN


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "title", "detail", "error", "ok", "message_id", "chat_id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(route=st.sampled_from(ROUTES), status=st.integers(100, 599), body=JSON)
def test_any_answer_has_one_outcome_and_only_a_success_is_sent(
    route: str, status: int, body: Any
) -> None:
    result = outcome(route, Answer(status, {}, json.dumps(body).encode()))
    if not 200 <= status < 300:
        assert result.kind is not OutcomeKind.SENT
    if status >= 500:
        assert result.kind is OutcomeKind.UNKNOWN
    if result.next_route:
        assert result.kind is OutcomeKind.REJECTED
