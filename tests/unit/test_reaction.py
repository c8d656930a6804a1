"""Which texts are a telephone's reactions to what we wrote."""

import pytest

from system_sender.reaction import is_reaction


@pytest.mark.parametrize(
    "text",
    [
        "Liked \u201cHi Dana, reply STOP to opt out\u201d",
        'Loved "Call me"',
        "Laughed at \u201cTuesday?\nOr Wednesday?\u201d",
        "Emphasized \u201cTuesday\u201d",
        "Emphasised \u201cTuesday\u201d",
        "Questioned \u201cTuesday\u201d",
        "Disliked \u201cTuesday\u201d ",
        "Reacted \U0001f44d to \u201cTuesday\u201d",
        "Removed a like from \u201cTuesday\u201d",
        "\U0001f44d to \u201cTuesday\u201d",
        "\u200b\u2764\ufe0f\u200b to \u201c Tuesday \u201d",
    ],
)
def test_a_reaction_is_known_by_the_message_that_it_quotes(text: str) -> None:
    assert is_reaction(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Liked it",
        "Liked \u201cTuesday\u201d. STOP",
        "I liked \u201cTuesday\u201d",
        "\u201cSTOP\u201d",
        '"STOP"',
        "I said \u201cSTOP\u201d",
        "Listen to \u201cTuesday\u201d",
        "Loved the call, stop by at 3",
    ],
)
def test_a_persons_own_words_are_no_reaction(text: str) -> None:
    assert not is_reaction(text)
