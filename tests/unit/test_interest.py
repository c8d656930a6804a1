"""Which texts surely say whether their sender is interested."""

import pytest

from system_sender.interest import is_interested, is_not_interested

DECLINED = [
    "not interested",
    "NOT INTERESTED!",
    "Sorry, not interested.",
    "We are not interested in your offer. Thanks",
    "I'm really not interested",
    "no longer interested",
    "Hi Sam. I'm not interested at this time. Dana",
    "No interest, thanks",
]
ACCEPTED = ["interested", "I'm interested", "Yes, interested!", "Very interested, thanks"]
OPEN = [
    "",
    "Tuesday works",
    "Not interested right now, but try again in Q3",
    "Not interested until we hire",
    "Not interested. Maybe my colleague Lee is",
    "Why do you think I'm not interested?",
    "I'm not interested in the webinar, send the price",
    "Not interested? Who said that",
    "Are you interested?",
    "Interested in what?",
    "no, interested",
    "I would be interested if the price were right",
    "not interested " * 300,
]


@pytest.mark.parametrize("text", DECLINED)
def test_a_plain_no_is_heard(text: str) -> None:
    assert is_not_interested(text)
    assert not is_interested(text)


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_plain_yes_is_heard(text: str) -> None:
    assert is_interested(text)
    assert not is_not_interested(text)


@pytest.mark.parametrize("text", OPEN)
def test_what_may_mean_more_is_left_open(text: str) -> None:
    assert not is_interested(text)
    assert not is_not_interested(text)
