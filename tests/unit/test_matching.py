"""Whether a provider's record holds the text that we sent."""

import pytest

from system_sender.email_text import to_html
from system_sender.matching import same_text

OURS = "Hi Dana,\n\nTuesday at 10 works for me.\n\nSam"


@pytest.mark.parametrize(
    "theirs",
    [
        OURS,
        f"  {OURS}\n",
        OURS.replace("\n", "\r\n"),
        "Hi Dana, Tuesday at 10\nworks for me. Sam",
        "Hi\u00a0Dana,\n\n\n\nTuesday at 10 works for me.\nSam",
    ],
)
def test_white_space_does_not_count(theirs: str) -> None:
    assert same_text(OURS, theirs)


@pytest.mark.parametrize(
    "theirs",
    [
        "",
        "Hi Dana,\n\nWednesday at 10 works for me.\n\nSam",
        "Hi Dana,\n\nTuesday at 10 works for me.",
        f"Hello! {OURS}",
        f"{OURS}antha",
        OURS.lower(),
    ],
)
def test_another_text_is_another_text(theirs: str) -> None:
    assert not same_text(OURS, theirs)


def test_a_record_may_go_on_with_a_signature_or_the_history() -> None:
    assert same_text(OURS, f"{OURS}\n\n-- \nSam Sender")
    assert same_text(OURS, f"{OURS}\n\nOn Mon, 2 Mar 2026 at 15:04 Dana wrote:\n> Hi")


def test_a_short_text_must_be_all_there_is() -> None:
    assert same_text("Yes.", "Yes.")
    assert not same_text("Yes.", "Yes. But not today.")


def test_the_html_that_we_sent_is_our_text() -> None:
    assert same_text(OURS, to_html(OURS), html=True)
    linked = "See https://example.com/?a=1&b=2 <today> & tomorrow \U0001f44d"
    assert same_text(linked, f"<html><body>{to_html(linked)}</body></html>", html=True)
    assert not same_text(OURS, to_html(OURS))


def test_the_html_may_go_on_with_the_history() -> None:
    record = f'{to_html(OURS)}<br><div class="gmail_quote">On Monday Dana wrote: Hi</div>'
    assert same_text(OURS, record, html=True)


@pytest.mark.parametrize("nothing", ["", " ", "\n\u00a0"])
def test_no_text_is_nobody_s_text(nothing: str) -> None:
    assert not same_text(nothing, nothing)
    assert not same_text(nothing, OURS)
