"""How a text is cut into the parts of an SMS."""

import pytest

from system_sender.codes import Code
from system_sender.sms_text import MAX_PARTS, PART_LENGTH, split_sms


def parts(text: str) -> list[str]:
    return [span.of(text) for span in split_sms(text).spans]


def test_a_short_text_leaves_exactly_as_it_is() -> None:
    assert parts("  Hi Dana,\n2pm? ") == ["  Hi Dana,\n2pm? "]


def test_160_code_points_are_one_part_and_161_are_two() -> None:
    assert parts("x" * 160) == ["x" * 160]
    assert parts("x" * 161) == ["x" * 160, "x"]


def test_a_long_text_is_cut_between_words_and_the_white_space_at_the_cut_is_left_out() -> None:
    first, second = "word " * 31 + "end.", "Next sentence"
    assert len(first) == 159
    assert parts(f"{first} {second}") == [first, second]
    assert parts(f"{first} \n\t {second}") == [first, second]


def test_a_part_may_be_full_to_the_last_letter_before_a_space() -> None:
    assert parts("a" * 160 + " b") == ["a" * 160, "b"]


def test_a_word_longer_than_a_part_is_cut_where_the_part_is_full() -> None:
    assert parts("see " + "u" * 200) == ["see", "u" * 160, "u" * 40]


def test_no_part_is_blank_even_after_much_leading_white_space() -> None:
    assert parts(" " * 300 + "hello") == ["hello"]


def test_what_is_counted_are_code_points_so_that_emoji_and_right_to_left_text_are_whole() -> None:
    emoji = "\U0001f44b" * 160
    assert parts(emoji) == [emoji]
    arabic = "\u0645\u0631\u062d\u0628\u0627 " * 40
    assert " ".join(parts(arabic)).split() == arabic.split()
    assert all(len(part) <= PART_LENGTH for part in parts(arabic))


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0"])
def test_a_text_of_white_space_is_empty(text: str) -> None:
    split = split_sms(text)
    assert (split.spans, split.refusal) == ((), Code.EMPTY_TEXT)


def test_three_full_parts_fit_and_one_letter_more_does_not() -> None:
    assert len(parts("x" * PART_LENGTH * MAX_PARTS)) == MAX_PARTS
    split = split_sms("x" * (PART_LENGTH * MAX_PARTS + 1))
    assert (split.spans, split.refusal) == ((), Code.TEXT_TOO_LONG)


def test_a_draft_of_two_thousand_characters_is_too_long() -> None:
    assert split_sms("long " * 400).refusal is Code.TEXT_TOO_LONG


def test_trailing_white_space_never_costs_a_part() -> None:
    assert parts("x" * 480 + " " * 50) == ["x" * 160] * 3
