"""Which texts ask not to be written to again, and which only sound like it."""

import pytest

from system_sender.opt_out import is_opt_out, is_opt_out_email

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
    "Please opt me out of these messages",
    "I'd like to opt out of the texts",
    "How do I unsubscribe?",
    "please stop I'm not interested",
    "I asked you to stop",
    "Will you stop",
    "Please don't text",
    "please don't text anymore",
    "cancel all",
    "stop with the messages",
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
    "Stop emailing me",
    "Don't email me again",
    "Do not email me anymore",
    "No more emails please",
    "Stop sending emails",
    "stop e-mailing me",
    "I don't want any more emails",
    "Please stop reaching out",
    "please don't contact me on LinkedIn again",
    "DON\u2019T EMAIL ME AGAIN!!",
    "Hi Sam. No more emails, please.",
    "no more e-mails",
    "Please remove me. Thanks, Dana",
    "remove me please",
    "Kindly remove my email from your list",
    "Don't send me any more emails",
    "Never email this address again",
    "don't reach out again",
    "Don't reach out to me anymore",
    "please don't e-mail me",
    "stop the emails",
    "Stop all emails",
    "stop following up",
    "I do not wish to receive your emails",
    "We don't want any email from you",
    "stop sending me e\u2011mails",
    "Please send no more emails",
    "no further contact please",
    "Quit emailing us",
    "stop DMing me",
    "don't message me on LinkedIn",
    "Not interested, please stop emailing",
    "take this email off your list",
    "Remove this address from your mailing list",
    "don't DM me",
    "No more emails from your company",
    "STOP EMAILING ME",
    "stop e-mails",
    "Do not send emails to me",
    "stop messaging me",
    "I don't want to be contacted",
    "I don't want you to email me",
    "I don't want to hear from you again",
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
    "my wife wants to opt out of the tour",
    "who unsubscribed from the plan last month",
    "please stop by the office",
    "don't text and drive",
    "you can't cancel all that easily",
    "How do I opt out of the insurance?",
    "I want to cancel my gym membership and join yours",
    "The text message you sent was funny",
    "\u0647\u0644 \u064a\u0645\u0643\u0646\u0643 \u0627\u0644\u062a\u0648\u0642\u0641",
    "I'll stop emailing you the docs",
    "can you email me again tomorrow",
    "no more emails from Bob yet",
    "We'll stop reaching out to them once you sign",
    "please don't stop emailing me",
    "Don't email me before 9, call",
    "Don't email me the contract, bring it",
    "Can you stop by and email me the docs?",
    "I don't email much",
    "I don't email",
    "Email me again in March",
    "I didn't reach out to Bob yet",
    "If you don't want any more emails from us, say so",
    "Please email no more than three documents",
    "There are no more emails in my inbox",
    "I get no more messages from him",
    "why don't you email me tomorrow",
    "Don't send me the email yet",
    "I never stop emailing",
    "Please cancel the email to Lee",
    "end your email with the price",
    "Did Lee stop by? Email me",
    "reach out again next week",
    "please contact me on LinkedIn",
    "We don't send emails on Sundays",
    "don't email me until Monday",
    "no more emails so far",
    "I don't need the email, thanks",
    "remove the second email from the thread",
    "Please remove me as the owner and add Lee",
    "I don't want you to email me before Monday",
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


@pytest.mark.parametrize(
    "text",
    [
        "Stop emailing me",
        "don't email me again",
        "do not email me anymore",
        "no more emails please",
        "stop e-mailing me",
        "I don't want any more emails",
        "please stop reaching out",
        "please don't contact me on LinkedIn again",
    ],
)
@pytest.mark.parametrize("frame", ["{}", "{}!!", "Hi Sam,\n{}.\nDana", '"{}"', "{} \U0001f64f"])
def test_a_sentence_of_refusal_counts_in_any_case_and_punctuation(text: str, frame: str) -> None:
    for spelling in (text, text.upper(), text.lower(), text.replace("'", "\u2019")):
        assert is_opt_out(frame.format(spelling)), frame.format(spelling)


# --- subjects ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "unsubscribe",
        "Unsubscribe",
        "STOP",
        "Stop.",
        "remove me",
        "Opt out",
        "opt-out",
        "Re: unsubscribe",
        "RE: Re: AW: Unsubscribe",
        "please unsubscribe",
        "Unsubscribe me please",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "--",
        "unsubscribe",
        "This message was automatically generated by Gmail.",
        "Apple Mail sent this email to unsubscribe from the message \u201cIntro\u201d.",
    ],
)
def test_a_word_of_refusal_is_heard_in_the_subject_of_an_email_without_a_text(
    text: str, subject: str
) -> None:
    assert is_opt_out_email(text, subject)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("", None),
        ("", ""),
        ("", "Re: Intro"),
        ("", "Re:"),
        ("", "Stop by at 3"),
        ("", "Don't stop emailing me: the campaign"),
        ("", "Re: How to stop emailing and start selling"),
        ("", "End"),
        ("", "Cancel"),
        ("Tuesday works", "Re: Unsubscribe"),
        ("Tuesday works", "STOP"),
        ("This message was automatically generated by Gmail.", "Re: Intro"),
    ],
)
def test_other_subjects_refuse_nothing(text: str, subject: str | None) -> None:
    assert not is_opt_out_email(text, subject)


def test_an_email_is_heard_by_its_text_whatever_its_subject() -> None:
    assert is_opt_out_email("Please stop emailing me", "Re: Intro")
    assert is_opt_out_email("Unsubscribe", None)


@pytest.mark.parametrize("text", ["Don't call me, email me instead", "Stop calling. Just e-mail."])
def test_who_wants_emails_in_place_of_calls_refuses_texts_and_no_emails(text: str) -> None:
    assert is_opt_out(text)
    assert not is_opt_out_email(text, "Re: Intro")


def test_who_refuses_calls_in_an_email_refuses_emails_too() -> None:
    assert is_opt_out_email("Don't call me again", "Re: Intro")
