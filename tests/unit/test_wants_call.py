"""Which texts ask to be called, and which only speak of calls."""

import pytest

from system_sender.wants_call import wants_call

WISHES = [
    "call me",
    "Call me.",
    "please call me at 3",
    "Call me tomorrow",
    "give me a ring",
    "Give me a call when you can",
    "can we talk on the phone?",
    "Could we speak over the phone tomorrow",
    "ring me at 555 010 0001",
    "Ring me on +44 20 7946 0000",
    "my number is 555-010-0001, call anytime",
    "You can reach me at (555) 010-0001",
    "Reach me on my cell",
    "Can you call me?",
    "can you call?",
    "Could someone call me back please",
    "why don't you call me",
    "Don't hesitate to call me",
    "I can't talk now call me later",
    "I'm driving, call me in 10",
    "Call?",
    "please call",
    "Can we hop on a call",
    "Let's jump on a quick call",
    "happy to have a call",
    "Are you free for a quick call tomorrow?",
    "I'd prefer a phone call",
    "a call would be better",
    "Easier over the phone",
    "Call my office",
    "phone me",
    "Just call 555-010-0001",
    "Sounds good. Call me Tuesday",
    "call us back",
    "Yes please call",
    "I would like you to call me",
    "I want you to call me",
    "need a call",
    "Can I get a call back",
    "I can't text or email, so call me",
    "Can't text or email call me",
    "Don't text or email, call me",
    "text or call me",
]

OTHERS = [
    "",
    "I'll call you later",
    "don't call me",
    "stop calling",
    "Please don't call me, text me instead",
    "do not call me",
    "I don't want you to call me",
    "no need to call me",
    "You don't have to call me",
    "they call me Sam",
    "Call me Dana",
    "call me crazy but no",
    "call me a taxi",
    "He'll call me",
    "did you call me?",
    "I missed your call",
    "Thanks for the call",
    "conference call at 3",
    "our call center is busy",
    "we had a phone call",
    "I need to jump on a call, talk later",
    "I don't have time for a call",
    "I can't talk on the phone",
    "I'd rather not talk on the phone",
    "who called me",
    "on call this week",
    "call it a day",
    "close call",
    "text me at 555-010-0001",
    "my number is 555-010-0001",
    "Can you not call me",
    "I don't think a call would be better",
    "let's call it off",
    "I'll give you a ring",
    "Should I call you?",
    "my wife said you would call me",
    "The doctor will call me",
    "how do you handle call routing",
    "call him",
    "No call needed",
    "never call us",
    "Sounds good, what times do you have",
    "I will call you at 555-010-0001",
    "Can I call you at 3?",
    "you called me yesterday",
    "do not text or call me",
    "Don't text me or call me",
    "Never email, text or call us again",
    "don't text or call me before 9am",
    "please don't text/call me before 9am",
]


@pytest.mark.parametrize("text", WISHES)
@pytest.mark.parametrize("frame", ["{}", "Hi Sam,\n{}\nDana", "Sounds good. {}"])
def test_a_wish_for_a_call_is_heard(text: str, frame: str) -> None:
    for spelling in (text, text.upper(), text.replace("'", "\u2019")):
        assert wants_call(frame.format(spelling)), frame.format(spelling)


@pytest.mark.parametrize("text", OTHERS)
def test_a_text_that_only_speaks_of_calls_asks_for_none(text: str) -> None:
    for spelling in (text, text.upper(), text.replace("'", "\u2019")):
        assert not wants_call(spelling), spelling
