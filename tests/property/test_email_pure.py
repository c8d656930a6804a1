"""What holds for every e-mail, however it is written: texts, subjects, addresses."""

from hypothesis import example, given
from hypothesis import strategies as st

from system_sender.email_address import MOST_CC, reply_recipients, to_address
from system_sender.email_text import (
    LONGEST_SUBJECT,
    new_text,
    reply_subject,
    subject_is_sound,
    to_html,
    to_plain,
)
from system_sender.matching import same_text

# --- texts ---------------------------------------------------------------------------------------

# Without controls, which HTML cannot hold, and lone surrogates, which no provider is given.
written = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t"), max_size=300
)
marked = st.lists(
    st.sampled_from(
        (
            *("<", ">", "&", "&amp;", '"', "'", "</p>", "<br>", "<!--", "-->", "<![", "<?"),
            *("<script>", "<blockquote>", '<div class="gmail_quote">', "<pre>", "<table><td>"),
            *('<p style="display:none">', "https://example.com/a", "(http://example.com)"),
            *("http://", "\n", "\n\n", " ", "word", "> quoted", "-- ", "From: Sam", "To: Dana"),
            *("On 3/2/26 15:04, Sam wrote:", "Sent: Monday", "Best regards,", "Dana"),
            *("\u05e9", "\U0001f44d", "\ud800", "\0"),
        )
    ),
    max_size=25,
).map("".join)
anything = st.text(max_size=300) | marked


@given(written)
@example("a  b\n\n\n c\u00a0d")
@example("<https://example.com/?a=1&b=2>.")
@example("&amp; &#39; <p>")
def test_html_and_back_a_text_has_the_same_words(text: str) -> None:
    assert to_plain(to_html(text)).split() == text.split()


@given(written)
def test_the_html_that_we_send_is_recognised_as_our_text(text: str) -> None:
    assert same_text(text, to_html(text), html=True) is bool(text.strip())


@given(anything)
def test_the_html_of_a_text_has_no_tags_but_its_own(text: str) -> None:
    html = to_html(text)
    for own in ('<p dir="auto">', "</p>", "<br>", "</a>", '<a href="http'):
        html = html.replace(own, "")
    assert "<" not in html


@given(anything)
@example("<![<![")
@example("<!-- <!-- -->")
def test_anything_can_be_read_as_html(html: str) -> None:
    plain = to_plain(html)
    assert plain == plain.strip()
    assert "\n\n\n" not in plain


@given(st.none() | anything, st.none() | anything)
def test_of_every_body_that_a_person_sees_something_is_new(
    text: str | None, html: str | None
) -> None:
    seen = (text or "").strip() or to_plain(html or "")
    new = new_text(text=text, html=html)
    assert bool(new) is bool(seen)
    assert new == new.strip()


@given(anything)
def test_what_is_new_was_in_the_text(text: str) -> None:
    words = iter(text.split())
    assert all(word in words for word in new_text(text=text, html=None).split())


@given(anything)
def test_what_is_new_stays_new(text: str) -> None:
    answer = "Tuesday works for us."
    history = f"On 3/2/26 15:04, Sam wrote:\n{text}"
    assert new_text(text=f"{answer}\n\n{history}", html=None).startswith(answer)


# --- subjects ------------------------------------------------------------------------------------

subjects = st.text(max_size=400) | st.lists(
    st.sampled_from(
        ("Re:", "RE : ", "Aw[2]: ", "Fwd: ", "Hello", " ", "\r\n", "\0", "\u2028", "\u0130")
    )
).map("".join)


@given(st.none() | subjects)
@example("x" * 250 + " y")
@example("\u0130" * 300)
def test_an_answer_s_subject_is_sound_and_answering_again_changes_nothing(
    subject: str | None,
) -> None:
    answer = reply_subject(subject)
    assert answer.startswith("Re:")
    assert len(answer) <= LONGEST_SUBJECT
    assert subject_is_sound(answer)
    assert reply_subject(answer) == answer


# --- addresses -----------------------------------------------------------------------------------

person = st.sampled_from(("dana", "Lee", "kim+x", "no-reply", "sam", "\u00e9va", "a b", ""))
host = st.sampled_from(
    ("example.com", "EXAMPLE.com", "out.example.com", "b\u00fccher.test", "", "x")
)
address = st.builds("{}@{}".format, person, host)
addresses = address | address.map("Name <{}>".format) | st.text(max_size=60)


@given(addresses)
@example("\u0130@example.com")
@example("a@\u1e9e.example.com")
def test_an_address_is_written_one_way_for_good(value: str) -> None:
    read = to_address(value)
    if read is not None:
        assert to_address(read) == read
        assert to_address(f"Name <{read}>") == read
        assert read.count("@") == 1
        assert not any(letter.isspace() for letter in read)


@given(
    st.none() | addresses,
    st.none() | addresses,
    st.lists(addresses, max_size=15),
    st.lists(addresses, max_size=15),
    st.lists(addresses, max_size=3),
)
def test_nobody_of_ours_nobody_twice_and_not_too_many_are_written_to(
    sender: str | None, lead: str | None, to: list[str], cc: list[str], own: list[str]
) -> None:
    got = reply_recipients(sender=sender, lead_email=lead, to=to, cc=cc, own=own)
    everyone = [got.to, *got.cc] if got.to else []
    assert got.to or not got.cc
    assert len(everyone) == len(set(everyone)) <= 1 + MOST_CC
    assert not set(everyone) & {to_address(mailbox) for mailbox in own}
    assert set(everyone) <= {to_address(value) for value in (sender, lead, *to, *cc)}
