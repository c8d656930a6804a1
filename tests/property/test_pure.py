"""What holds for every text, every situation and every body: the parts without any storage."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from system_sender.answers import retry_after
from system_sender.classification import (
    MACHINES,
    Reading,
    ReadingKind,
    Sentiment,
    classify,
    merge,
)
from system_sender.codes import Code
from system_sender.inbound import EventRefused, InboundEvent
from system_sender.letter import Letter
from system_sender.opt_out import is_opt_out
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.phone_number import to_e164
from system_sender.providers.gohighlevel import (
    PROVIDER,
    parse_marketplace_event,
    parse_workflow_event,
)
from system_sender.sms_text import MAX_PARTS, PART_LENGTH, split_sms
from system_sender.transport import Answer, NoAnswer
from tests.support.refusals import REFUSALS

NOW = 1_772_557_200_000
LETTER = Letter("sms", "Hi Dana", "+15550100001", contact_id="ct1", route="send")

# --- texts ---------------------------------------------------------------------------------------

any_text = st.text(max_size=700)
wordy_text = st.lists(st.text("abc de\n\t\u00e9\U0001f44b", max_size=60), max_size=14).map(" ".join)
word = st.text("abcde\u00e9\U0001f44b", min_size=1, max_size=30)
long_text = st.lists(word, min_size=30, max_size=45).map(" ".join)


@given(any_text | wordy_text)
@example(" " * 400 + "x")
@example("x" * 480)
@example("x" * 481)
def test_parts_are_short_few_in_order_and_lose_nothing_but_white_space(text: str) -> None:
    split = split_sms(text)
    if split.refusal is not None:
        assert not split.spans
        assert split.refusal is (Code.TEXT_TOO_LONG if text.strip() else Code.EMPTY_TEXT)
        return
    parts = [span.of(text) for span in split.spans]
    assert 1 <= len(parts) <= MAX_PARTS
    assert all(part.strip() and len(part) <= PART_LENGTH for part in parts)
    joined = "".join(parts)
    assert "".join(joined.split()) == "".join(text.split())
    position = 0
    for span in split.spans:
        assert not text[position : span.start].strip(), "only white space is left out, at the cuts"
        position = span.end
    assert not text[position:].strip()
    if len(text) <= PART_LENGTH:
        assert parts == [text]


@given(long_text)
def test_no_word_that_fits_into_a_part_is_cut(text: str) -> None:
    split = split_sms(text)
    words = [word for span in split.spans for word in span.of(text).split()]
    if split.refusal is None and all(len(word) <= PART_LENGTH for word in text.split()):
        assert words == text.split()


@given(any_text)
def test_no_text_is_too_odd_to_be_judged_for_a_refusal(text: str) -> None:
    assert isinstance(is_opt_out(text), bool)


@given(
    st.sampled_from(["stop", "unsubscribe", "opt out", "cancel", "end", "quit", "revoke"]),
    st.text(" .!?,;:-_*\"'()\n\t\U0001f44d", max_size=10),
    st.text(" .!?,;:-_*\"'()\n\t\U0001f44d", max_size=10),
    st.randoms(use_true_random=False),
)
def test_a_word_of_refusal_counts_in_any_case_and_among_any_punctuation(
    word: str, before: str, after: str, random: Any
) -> None:
    spelled = "".join(random.choice((letter, letter.upper())) for letter in word)
    assert is_opt_out(before + spelled + after)


# What may stand around a refusal, in any number, and changes nothing of it.
politeness = st.lists(
    st.sampled_from(("please", "thanks", "Thank you!", "Hi,", "ok", "no,", "sorry -", "kindly"))
).map(" ".join)
punctuation = st.text(" .!?,;:-_*\"'()\n\t\U0001f64f", max_size=5)


@given(
    st.sampled_from(REFUSALS),
    st.sampled_from(("sms", "linkedin", "email")),
    politeness,
    politeness,
    punctuation,
    st.sampled_from((str, str.upper, str.lower, str.title)),
)
def test_a_refusal_stays_one_in_any_case_and_however_politely_it_is_put(
    refusal: str, channel: str, before: str, after: str, marks: str, spelling: Any
) -> None:
    plain = classify(refusal, channel=channel)
    polite = classify(spelling(f"{before} {refusal}{marks} {after}"), channel=channel)
    assert plain.kind is ReadingKind.OPT_OUT
    assert polite == plain


messages: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    text=any_text
    | st.lists(
        st.sampled_from(
            (
                *("STOP", "call me", "> ", "On 3/2/26 15:04, Sam wrote:", "\n", " ", ". ", "(555)"),
                *("out of the office", "will respond", "not interested", "Liked \u201c", "\u201d"),
                *("\ud800", "\0", "\u0130", "\ufdfa", "don't", "please", "010-0001", "\u200b"),
            )
        ),
        max_size=25,
    ).map("".join),
    channel=st.sampled_from(("sms", "email", "linkedin")),
    subject=st.none() | any_text | st.sampled_from(("Automatic reply", "Unsubscribe", "Re:")),
    sender=st.none() | any_text | st.sampled_from(("mailer-daemon@example.com", "noreply@x.test")),
    automated=st.booleans(),
    out_of_office=st.booleans(),
)


@given(messages)
def test_every_message_is_read_in_the_words_that_there_are(message: dict[str, Any]) -> None:
    reading = classify(**message)
    assert reading.own_words is (reading.kind not in MACHINES)
    assert not (reading.by_machine and reading.own_words)
    if message["automated"] or message["out_of_office"]:
        assert reading.by_machine, "what a machine is said to have written opts nobody out"
    if reading.kind is not ReadingKind.MESSAGE:
        assert reading.sentiment is not None


@given(messages, st.none() | st.text(max_size=30) | st.sampled_from(Sentiment))
def test_a_model_never_changes_the_word_of_the_rules_nor_books_a_meeting(
    message: dict[str, Any], by_model: str | None
) -> None:
    reading = classify(**message)
    merged = merge(reading, by_model)
    assert merged in Sentiment
    assert merged is not Sentiment.MEETING_BOOKED
    assert reading.sentiment in {None, merged}
    assert merge(Reading(reading.kind, merged), by_model) is merged, "said twice, it is the same"


@given(st.none() | st.text(max_size=300), st.sampled_from(["US", "DE", "XX", ""]))
def test_a_phone_number_is_e164_or_none(number: str | None, region: str) -> None:
    read = to_e164(number, region)
    assert read is None or (read.startswith("+") and read[1:].isascii() and read[1:].isdigit())
    assert read is None or to_e164(read, region) == read


# --- answers -------------------------------------------------------------------------------------

json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
error_body = st.fixed_dictionaries(
    {},
    optional={
        "message": json_value | st.sampled_from(["DND is active", "Duplicate", "has unsubscribed"]),
        "error": json_value,
        "ok": st.booleans(),
        "messageId": json_value,
        "messageIds": json_value,
        "conversationId": json_value,
    },
)
headers = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-interval-milliseconds", "content-type"]),
    st.text(max_size=40) | st.integers().map(str),
    max_size=3,
)


@given(
    st.integers(100, 999),
    headers,
    st.binary(max_size=80)
    | (error_body | json_value).map(lambda value: json.dumps(value).encode()),
)
def test_every_answer_means_something_and_only_a_readable_success_means_sent(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    outcome = PROVIDER.outcome(Answer(status, headers, body), NOW, LETTER)
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome
    if outcome.kind is OutcomeKind.SENT:
        assert 200 <= status < 300
        assert isinstance(json.loads(body), dict)
    if outcome.kind is OutcomeKind.NOT_SENT:
        assert status in (401, 403, 429) or 300 <= status < 400
    if outcome.retry_at is not None:
        assert NOW < outcome.retry_at <= NOW + 24 * 3600 * 1000
    if outcome.suppress:
        assert outcome.kind is OutcomeKind.REJECTED
    if status >= 500 and outcome.kind is not OutcomeKind.UNKNOWN:
        assert outcome.kind is OutcomeKind.REJECTED


@given(st.booleans(), st.sampled_from(Code))
def test_a_request_without_an_answer_is_unknown_exactly_if_it_began(
    began: bool, code: Code
) -> None:
    outcome = PROVIDER.outcome(NoAnswer(began, code), NOW, LETTER)
    assert outcome.kind is (OutcomeKind.UNKNOWN if began else OutcomeKind.NOT_SENT)


@given(st.text(max_size=60))
@example("\u00b2")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Wed, 21 Oct 2026 07:28:00 -0000")
def test_no_retry_after_is_too_odd(value: str) -> None:
    wait = retry_after({"retry-after": value}, NOW, default=10_000)
    assert 1_000 <= wait <= 24 * 3600 * 1000


# --- events --------------------------------------------------------------------------------------

event = st.dictionaries(
    st.sampled_from(
        [
            "type",
            "data",
            "locationId",
            "contactId",
            "messageId",
            "webhookId",
            "messageType",
            "messageTypeId",
            "body",
            "timestamp",
            "dateAdded",
            "source",
            "userId",
            "from",
            "to",
            "id",
            "dnd",
            "dndSettings",
            "location",
            "message",
            "customData",
            "contact_id",
            "workflow",
            "phone",
            "first_name",
        ]
    ),
    json_value
    | st.sampled_from(
        [
            "InboundMessage",
            "OutboundMessage",
            "ContactDndUpdate",
            "SMS",
            "2026-03-03T12:00:00Z",
            "loc1",
            2,
            True,
            {"id": "loc1"},
            {"body": "Hi"},
            {"SMS": {"status": "active"}},
            {"Message": "Hi", "ID": "ct1", "Date": "1", "Time": "2"},
        ]
    ),
    max_size=14,
)


@given(event | st.dictionaries(st.text(max_size=10), json_value, max_size=6))
def test_an_event_is_read_or_refused_and_nothing_else(body: dict[str, Any]) -> None:
    for kind in ("marketplace", "workflow"):
        try:
            read = (
                parse_marketplace_event(body, NOW)
                if kind == "marketplace"
                else parse_workflow_event(body)
            )
        except EventRefused as refused:
            assert refused.code in (Code.BODY_WRONG, Code.EVENT_STALE)
            continue
        assert isinstance(read, InboundEvent)
        read.text.encode()
        assert len(read.identity) <= 300
