"""What kind of message came in, how it sounds, and what a model may add to that."""

import time
from typing import Any

import pytest

from system_sender.classification import (
    MACHINES,
    Reading,
    ReadingKind,
    Sentiment,
    classify,
    may_refuse,
    merge,
)
from tests.support.refusals import DOUBTFUL, ORDINARY

VOCABULARY = [
    "New",
    "Meeting Booked",
    "Meeting Requested",
    "Call Requested",
    "Information Requested",
    "Objection",
    "Not Interested",
    "Blacklist",
    "Follow Up",
    "Out of Office",
    "Automated Reply",
    "Interested",
    "Neutral",
    "Snoozed",
]
OURS = "On 3/2/26 15:04, Sam <sam@out.example.com> wrote:\n> Call me, or reply STOP to opt out."


def read(text: str, channel: str = "email", **said: Any) -> Reading:
    return classify(text, channel=channel, **said)


def test_the_vocabulary_is_fixed() -> None:
    assert [sentiment.value for sentiment in Sentiment] == VOCABULARY


# --- kinds, the first that holds -----------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "email", "linkedin"])
@pytest.mark.parametrize(
    ("text", "kind", "sentiment"),
    [
        ("STOP PLEASE", ReadingKind.OPT_OUT, Sentiment.BLACKLIST),
        ("Stop by at 3", ReadingKind.MESSAGE, None),
        ("Call me at 3", ReadingKind.WANTS_CALL, Sentiment.CALL_REQUESTED),
        ("Not interested", ReadingKind.MESSAGE, Sentiment.NOT_INTERESTED),
        ("I'm interested", ReadingKind.MESSAGE, Sentiment.INTERESTED),
        ("Sounds good, what times do you have?", ReadingKind.MESSAGE, None),
        ("We booked a meeting with you", ReadingKind.MESSAGE, None),
        ("Call me? No. Stop texting me.", ReadingKind.OPT_OUT, Sentiment.BLACKLIST),
        ("do not text or call me", ReadingKind.OPT_OUT, Sentiment.BLACKLIST),
        ("Stop I have a realtor", ReadingKind.OPT_OUT, Sentiment.BLACKLIST),
        ("Stop I have a question", ReadingKind.MESSAGE, None),
        ("don't call or text me before 9am", ReadingKind.MESSAGE, None),
        ("please don't call, text me instead", ReadingKind.MESSAGE, None),
        (
            "I am out of the office. For urgent matters call my cell.",
            ReadingKind.OUT_OF_OFFICE,
            Sentiment.OUT_OF_OFFICE,
        ),
        (
            "I am out of the office. For urgent matters call Lee. Stop emailing me.",
            ReadingKind.OPT_OUT,
            Sentiment.BLACKLIST,
        ),
        ("This is an automated reply.", ReadingKind.AUTOMATED, Sentiment.AUTOMATED_REPLY),
        ("", ReadingKind.MESSAGE, None),
    ],
)
def test_what_a_person_wrote_is_read_by_its_words(
    channel: str, text: str, kind: ReadingKind, sentiment: Sentiment | None
) -> None:
    assert read(text, channel) == Reading(kind, sentiment)


@pytest.mark.parametrize(
    ("text", "said", "kind"),
    [
        ("Ticket 12", {"automated": True}, ReadingKind.AUTOMATED),
        ("Ticket 12", {"out_of_office": True}, ReadingKind.OUT_OF_OFFICE),
        ("I am on vacation.", {"automated": True}, ReadingKind.OUT_OF_OFFICE),
        ("Ticket 12", {"subject": "Automatic reply: Intro"}, ReadingKind.AUTOMATED),
        ("Bis Montag!", {"subject": "Abwesenheit bis Montag"}, ReadingKind.OUT_OF_OFFICE),
        ("Ich bin im Urlaub", {"subject": "Automatische Antwort"}, ReadingKind.OUT_OF_OFFICE),
        ("Ticket 12", {"sender": "Acme <no-reply@acme.example.com>"}, ReadingKind.AUTOMATED),
        ("Ticket 12", {"sender": "postmaster@acme.example.com"}, ReadingKind.BOUNCE),
        ("Ticket 12", {"sender": "MAILER-DAEMON@acme.example.com"}, ReadingKind.BOUNCE),
        ("Ticket 12", {"sender": "bounces+12@acme.example.com"}, ReadingKind.BOUNCE),
        ("Ticket 12", {"subject": "Undeliverable: Intro"}, ReadingKind.BOUNCE),
        ("x", {"subject": "Delivery Status Notification (Failure)"}, ReadingKind.BOUNCE),
        (
            "I am out of the office",
            {"automated": True, "out_of_office": True, "sender": "mailer-daemon@acme.example.com"},
            ReadingKind.BOUNCE,
        ),
    ],
)
@pytest.mark.parametrize("words", ["", " STOP.", " Call me."])
def test_a_machine_is_read_as_one_whatever_it_says(
    text: str, said: dict[str, Any], kind: ReadingKind, words: str
) -> None:
    reading = read(text + words, **said)
    assert (reading.kind, reading.by_machine, reading.own_words) == (kind, True, False)
    assert reading.kind in MACHINES


def test_a_note_known_only_by_its_text_may_be_a_persons_all_the_same() -> None:
    reading = read("I am out of the office. For urgent matters call Lee.")
    assert (reading.kind, reading.by_machine, reading.own_words) == (
        ReadingKind.OUT_OF_OFFICE,
        False,
        False,
    )


@pytest.mark.parametrize("subject", ["Re: Automatic reply: Intro", "Re: Undeliverable: Intro"])
def test_who_answers_a_machines_note_is_a_person(subject: str) -> None:
    assert read("Tuesday works", subject=subject) == Reading(ReadingKind.MESSAGE, None)


@pytest.mark.parametrize("channel", ["sms", "linkedin"])
def test_only_emails_have_a_subject_and_a_senders_address(channel: str) -> None:
    reading = read("", channel, subject="Unsubscribe", sender="mailer-daemon@acme.example.com")
    assert reading == Reading(ReadingKind.MESSAGE, None)


# --- what is quoted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"Tuesday works\n\n{OURS}",
        f"Tuesday works\n\n{OURS}\n> STOP",
        "Tuesday works\n\n-----Original Message-----\nSTOP\nCall me",
        "Tuesday works\n\nFrom: Sam\nSent: Monday\nTo: Dana\nSubject: Intro\n\nSTOP",
        "> Call me\n> STOP\nTuesday works",
        OURS,
        "> STOP",
    ],
)
def test_what_an_email_quotes_is_not_what_the_person_said(text: str) -> None:
    assert read(text, subject="Re: Intro") == Reading(ReadingKind.MESSAGE, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"STOP\n\n{OURS}", ReadingKind.OPT_OUT),
        (f"Call me\n\n{OURS}", ReadingKind.WANTS_CALL),
        ("> Tuesday?\nPlease stop emailing me\n> Sam", ReadingKind.OPT_OUT),
    ],
)
def test_what_the_person_said_beside_a_quotation_is_heard(text: str, kind: ReadingKind) -> None:
    assert read(text, subject="Re: Intro").kind is kind


@pytest.mark.parametrize("channel", ["sms", "linkedin"])
def test_a_reaction_quotes_our_words_and_not_the_persons(channel: str) -> None:
    text = "Liked \u201cHi Dana, call me, or reply STOP to opt out\u201d"
    assert read(text, channel) == Reading(ReadingKind.MESSAGE, None)


def test_an_empty_email_under_our_history_unsubscribes_by_its_subject() -> None:
    assert read(OURS, subject="Unsubscribe").kind is ReadingKind.OPT_OUT


# --- doubt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "email", "linkedin"])
def test_words_of_refusal_leave_a_doubt_on_every_channel(channel: str) -> None:
    assert [text for text in DOUBTFUL if not may_refuse(text, channel=channel)] == []
    assert [text for text in ORDINARY if may_refuse(text, channel=channel)] == []


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        (f"Tuesday works\n\n{OURS}", "email"),
        ("> Please stop\nTuesday works", "email"),
        ("Liked \u201cReply STOP to opt out\u201d", "sms"),
    ],
)
def test_words_of_refusal_that_are_quoted_leave_no_doubt(text: str, channel: str) -> None:
    assert not may_refuse(text, channel=channel, subject="Re: Intro")


@pytest.mark.parametrize(
    ("text", "channel", "leaves_doubt"),
    [
        ("", "email", True),
        (OURS, "email", True),
        ("Tuesday works", "email", False),
        ("", "sms", False),
        ("", "linkedin", False),
    ],
)
def test_the_subject_of_an_email_leaves_a_doubt_where_nothing_else_is_said(
    text: str, channel: str, leaves_doubt: bool
) -> None:
    assert may_refuse(text, channel=channel, subject="Remove from list") is leaves_doubt
    assert not may_refuse(text, channel=channel, subject="Re: Intro")


# --- a model's word ------------------------------------------------------------------------------


@pytest.mark.parametrize("by_model", [None, "", "Thrilled", "Interested!", "new", "Blacklist\n."])
def test_what_a_model_says_outside_the_vocabulary_is_not_heard(by_model: str | None) -> None:
    assert merge(read("Tuesday works"), by_model) is Sentiment.NEW


@pytest.mark.parametrize("name", VOCABULARY)
def test_a_model_may_say_what_the_rules_cannot_tell_but_never_that_a_meeting_is_booked(
    name: str,
) -> None:
    expected = "Meeting Requested" if name == "Meeting Booked" else name
    for spelling in (name, name.upper(), f" {name.lower().replace(' ', '  ')}\n"):
        assert merge(read("Tuesday works"), spelling) == expected


@pytest.mark.parametrize("by_model", [*VOCABULARY, None, "Thrilled"])
@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        ("STOP", {}, Sentiment.BLACKLIST),
        ("Ticket 12", {"automated": True}, Sentiment.AUTOMATED_REPLY),
        ("Ticket 12", {"out_of_office": True}, Sentiment.OUT_OF_OFFICE),
        ("Ticket 12", {"sender": "postmaster@acme.example.com"}, Sentiment.AUTOMATED_REPLY),
        ("Call me", {}, Sentiment.CALL_REQUESTED),
        ("Not interested", {}, Sentiment.NOT_INTERESTED),
    ],
)
def test_no_model_changes_the_word_of_the_rules(
    text: str, said: dict[str, Any], expected: Sentiment, by_model: str | None
) -> None:
    assert merge(read(text, **said), by_model) is expected


@pytest.mark.parametrize("kind", [kind for kind in ReadingKind if kind is not ReadingKind.MESSAGE])
def test_a_kind_says_how_it_sounds_even_where_nobody_wrote_that_down(kind: ReadingKind) -> None:
    assert merge(Reading(kind, None), "Interested") is not Sentiment.INTERESTED


def test_a_booking_that_was_written_down_as_such_is_still_no_evidence() -> None:
    reading = Reading(ReadingKind.MESSAGE, Sentiment.MEETING_BOOKED)
    assert merge(reading, None) is Sentiment.MEETING_REQUESTED


# --- how long it takes ---------------------------------------------------------------------------


def seconds_of(text: str, channel: str) -> float:
    """Return the processor time of reading a text, the lesser of two."""
    times = []
    for _ in range(2):
        begun = time.process_time()
        read(text, channel, subject=text)
        may_refuse(text, channel=channel, subject=text)
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize(
    "again",
    [
        *("ok ", "stop ", "please ok y ", "call me ", "don't you want to ", "no more emails "),
        *("don't call or ", "never call me or text ", "stop calling me and ", "text or ", "a/"),
        *("remove from your ", "stop or ", "stop we have a ", "take me ", "not to be ", "never "),
        *("> ", "\n", "On 3/2/26 15:04, Sam wrote:\n", "From: Sam\n", "Thanks\n", "--\n"),
        *("\ufdfa", "\u0130", "\ud800", "Liked \u201c", "(", "\u00e9 ", "auto: ", "Re: "),
    ],
)
def test_reading_takes_no_more_than_in_proportion_to_the_text(again: str, channel: str) -> None:
    short, long = (again * (length // len(again)) for length in (3_000, 48_000))
    # A machine that is busy may need twice as long; a square would need 256 times as long.
    assert seconds_of(long, channel) < 40 * seconds_of(short, channel) + 0.05
