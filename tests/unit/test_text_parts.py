"""What a text becomes on each channel."""

import pytest

from system_sender.codes import Code
from system_sender.providers import CHANNELS
from system_sender.sms_text import Span, split_sms
from system_sender.text_parts import LONGEST, parts_of

LONG = "Every word counts, and so does their order. " * 8


def test_a_text_message_is_cut_as_text_messages_are() -> None:
    parts = parts_of("sms", LONG)
    assert parts == split_sms(LONG)
    assert len(parts.spans) > 1


@pytest.mark.parametrize("channel", ["email", "linkedin"])
@pytest.mark.parametrize("text", ["Hi", LONG, " Hi \n\n", "\U0001f600" * 500, "a\r\nb\x00c"])
def test_everywhere_else_a_text_is_one_piece_of_every_character(channel: str, text: str) -> None:
    parts = parts_of(channel, text)
    assert (parts.spans, parts.refusal) == ((Span(0, len(text)),), None)
    [span] = parts.spans
    assert span.of(text) == text


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\u00a0\u2003"])
def test_a_text_without_a_visible_character_is_refused_on_every_channel(
    channel: str, text: str
) -> None:
    parts = parts_of(channel, text)
    assert (parts.spans, parts.refusal) == ((), Code.EMPTY_TEXT)


@pytest.mark.parametrize(("channel", "longest"), [("email", 20_000), ("linkedin", 8_000)])
@pytest.mark.parametrize("letter", ["x", "\u4e2d", "\U0001f600"])
def test_the_longest_text_is_counted_in_characters(channel: str, longest: int, letter: str) -> None:
    assert parts_of(channel, letter * longest).refusal is None
    longer = parts_of(channel, letter * (longest + 1))
    assert (longer.spans, longer.refusal) == ((), Code.TEXT_TOO_LONG)


def test_every_channel_but_text_messages_has_a_longest_text() -> None:
    assert set(LONGEST) == set(CHANNELS) - {"sms"}


def test_a_channel_that_nobody_knows_takes_no_text() -> None:
    assert parts_of("pigeon", "Hi").refusal is Code.TEXT_TOO_LONG
