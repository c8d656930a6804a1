"""Which texts ask not to be written to again, and which only sound like it."""

import pytest

from system_sender.opt_out import is_opt_out

REFUSALS = [
    "STOP",
    "stop",
    "Stop.",
    "STOP!!!",
    "  stop  ",
    "STOP PLEASE",
    "please stop",
    "Please, stop.",
    "stop, thank you",
    "STOP STOP STOP",
    "STOPALL",
    "stop all",
    "Stop-all",
    "quit",
    "QUIT.",
    "end",
    "End!",
    "Revoke",
    "opt out",
    "OPT-OUT",
    "optout",
    "Opt me out",
    "I want to opt out",
    "cancel",
    "CANCEL please",
    "unsubscribe",
    "Unsubscribe me",
    "i would like to unsubscribe please",
    "stop texting me",
    "Please stop texting me!",
    "stop messaging",
    "STOP SENDING MESSAGES",
    "Can you please stop?",
    "I said stop",
    "stop it",
    "stop these messages",
    "quit texting me",
    "cease contacting me",
    "don't text me",
    "Don\u2019t text me again",
    "DO NOT TEXT THIS NUMBER AGAIN",
    "do not text me at all",
    "do not contact me in the future",
    "never text me again",
    "remove me from your list",
    "take my number off your list",
    "delete my number",
    "no more messages please",
    "Please send no more texts",
    "I don't want any more texts",
    "I revoke my consent",
    "cancel my texts",
    "end these messages",
    "leave me alone",
    "lose my number",
    "Wrong number, do not text me",
    "don't call me",
    "stop calling me",
    "no thanks, STOP",
    "Stop. Not interested.",
    "Not interested, stop",
    "STOP - wrong person",
    "STOP\nSent from my phone",
    "\uff53\uff54\uff4f\uff50",  # full-width letters
    "\U0001f6d1 STOP \U0001f6d1",
    "s\u200ctop",  # an invisible joiner in the middle
]

HONEST = [
    "",
    "   ",
    "...",
    "\U0001f44d",
    "Yes",
    "Tue works",
    "stop by at 3",
    "Stop by at 3",
    "can you stop by tomorrow?",
    "bus stop on Main Street",
    "Our stop is next",
    "what are the non-stop flights",
    "don't stop now",
    "Don't stop!",
    "I can't stop laughing",
    "I won't stop until we win",
    "please don't stop texting me",
    "I'll stop texting you now, talk Tuesday",
    "Sorry, we will stop calling the office",
    "can we end the call early",
    "the end of the month works",
    "where does it end?",
    "call me at the end of the day",
    "The weekend is fine",
    "cancel Tuesday, do Wednesday",
    "Cancel. Let's do Wednesday.",
    "please cancel my appointment",
    "is there a cancellation fee",
    "I quit my job last week",
    "quit asking me and send the invoice",
    "revoke his access please",
    "no need to text back, see you at 3",
    "don't call me, text me instead",
    "Don't call, just text me",
    "stop calling, text me instead",
    "Please don't text me before 9am",
    "don't message me tomorrow, I'm traveling",
    "do not contact me until Monday",
    "do not call me sir",
    "can you take me through the pricing?",
    "take us to the next step",
    "remove the second item",
    "I have no more texts left on my plan",
    "I don't want to opt out",
    "I never opted out of anything",
    "How do I opt out of the insurance?",
    "I want to cancel my gym membership and join yours",
    "The text message you sent was funny",
    "\u0647\u0644 \u064a\u0645\u0643\u0646\u0643 \u0627\u0644\u062a\u0648\u0642\u0641",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_heard(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_is_not_taken_for_a_refusal(text: str) -> None:
    assert not is_opt_out(text)


@pytest.mark.parametrize(
    "word",
    ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "stopall"],
)
@pytest.mark.parametrize("frame", ["{}", "{}.", "{}!", '"{}"', "please {}", "{} please", " {}\n"])
def test_each_named_word_counts_in_any_case_and_punctuation(word: str, frame: str) -> None:
    for spelling in (word, word.upper(), word.title()):
        assert is_opt_out(frame.format(spelling)), frame.format(spelling)
