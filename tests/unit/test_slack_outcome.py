"""What an answer of Slack means, for every kind of answer."""

import pytest

from system_sender.codes import Code
from system_sender.slack.outcome import (
    GONE,
    PAUSE_MILLISECONDS,
    REFUSALS,
    UNCLEAR,
    Later,
    Refused,
    Shown,
    Unknown,
    outcome_of,
)
from system_sender.slack.port import NoSlackAnswer, SlackAnswer
from system_sender.slack.reviewing import back_off

NOW = 1_000_000


def refused(error: object, status: int = 200, **more: object) -> object:
    return outcome_of(SlackAnswer(status, {"ok": False, "error": error, **more}), NOW)


def test_what_is_done_stands_where_slack_says() -> None:
    answer = SlackAnswer(200, {"ok": True, "channel": "C1", "ts": "1.2"})
    assert outcome_of(answer, NOW) == Shown("C1", "1.2")


@pytest.mark.parametrize(("error", "code"), REFUSALS.items())
def test_every_known_refusal_has_its_code(error: str, code: Code) -> None:
    assert refused(error) == Refused(code, error)
    assert code.sentence


def test_a_missing_scope_is_named() -> None:
    assert refused("missing_scope", needed="chat:write") == Refused(
        Code.REVIEW_MISSING_SCOPE, "missing_scope", "chat:write"
    )


@pytest.mark.parametrize(
    "error", ["invalid_blocks", "msg_too_long", "something_new", *sorted(GONE)]
)
def test_any_other_refusal_is_definite_as_well(error: str) -> None:
    assert refused(error) == Refused(Code.REVIEW_FAILED, error)


@pytest.mark.parametrize("error", [*sorted(UNCLEAR), None, 7, "", "Received <html>", "A b"])
def test_what_does_not_say_whether_it_was_done_is_unknown(error: object) -> None:
    assert refused(error) == Unknown()


@pytest.mark.parametrize("status", [201, 302, 400, 500, 502, 503])
def test_any_other_status_is_unknown(status: int) -> None:
    assert outcome_of(SlackAnswer(status, {"ok": True, "ts": "1"}), NOW) == Unknown()


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        ("30", 30_000),
        ("0", 1_000),
        ("99999", 3_600_000),
        (None, PAUSE_MILLISECONDS),
        ("soon", PAUSE_MILLISECONDS),
        ("9" * 50, PAUSE_MILLISECONDS),
    ],
)
def test_a_pause_is_kept_within_an_hour(retry_after: str | None, pause: int) -> None:
    answer = SlackAnswer(429, {"ok": False, "error": "ratelimited"}, retry_after)
    assert outcome_of(answer, NOW) == Later(NOW + pause)


def test_a_pause_may_come_with_another_status() -> None:
    assert refused("ratelimited") == Later(NOW + PAUSE_MILLISECONDS)


def test_only_what_reached_nobody_is_certain_without_an_answer() -> None:
    assert outcome_of(NoSlackAnswer(began=True), NOW) == Unknown()
    assert outcome_of(NoSlackAnswer(began=False), NOW) == Refused(Code.REVIEW_FAILED, "unreachable")


def test_tries_in_vain_go_apart_up_to_an_hour() -> None:
    minutes = [back_off(attempts) // 60_000 for attempts in range(8)]
    assert minutes == [1, 1, 5, 15, 60, 60, 60, 60]
