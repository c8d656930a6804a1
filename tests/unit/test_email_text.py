"""The texts of e-mail: to HTML and back, what is new in an answer, and its subject."""

import subprocess
import sys
from html import unescape

import pytest

from system_sender.email_text import (
    LONGEST_SUBJECT,
    new_text,
    reply_subject,
    subject_is_sound,
    to_html,
    to_plain,
)


def new(text: str) -> str:
    return new_text(text=text, html=None)


def new_of_html(html: str) -> str:
    return new_text(text=None, html=html)


# --- to HTML -------------------------------------------------------------------------------------


def test_blank_lines_make_paragraphs_and_line_breaks_stay() -> None:
    assert to_html("Hi Dana,\r\n\r\nOne.\nTwo.\n \n\n\nSam\n") == (
        '<p dir="auto">Hi Dana,</p>\n\n<p dir="auto">One.<br>\nTwo.</p>\n\n<p dir="auto">Sam</p>'
    )


def test_without_its_tags_the_html_is_the_text_again() -> None:
    text = "Hi Dana & Lee,\n\n1 < 2 > 0\n\"quoted\" 'too'\n\nSam"
    html = to_html(text)
    for tag in ('<p dir="auto">', "</p>", "<br>"):
        html = html.replace(tag, "")
    assert unescape(html) == text


@pytest.mark.parametrize("text", ["", "  ", "\n\n"])
def test_no_text_is_no_html(text: str) -> None:
    assert to_html(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "</p><iframe src='https://example.com'>",
        'https://example.com/"onmouseover="alert(1)',
        "https://example.com/'><script>alert(1)</script>",
        "<!-- <b> -->",
        "&lt;script&gt;",
    ],
)
def test_nothing_in_a_text_becomes_a_tag_or_an_attribute(text: str) -> None:
    html = to_html(text)
    assert "<script" not in html
    assert "<i" not in html
    assert "<!" not in html
    assert '"on' not in html
    assert to_plain(html) == text


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://example.com", "https://example.com"),
        ("see http://example.com/a.", "http://example.com/a"),
        ("(https://example.com/x)!", "https://example.com/x"),
        ("(see https://example.com/a_(b)), please", "https://example.com/a_(b)"),
        ("HTTPS://EXAMPLE.COM/?q=1,2;", "HTTPS://EXAMPLE.COM/?q=1,2"),
        ("<https://example.com/x>", "https://example.com/x"),
        ("https://example.com/\u00fc?x=\U0001f44d", "https://example.com/\u00fc?x=\U0001f44d"),
    ],
)
def test_a_web_address_can_be_clicked_without_the_sentence_around_it(text: str, link: str) -> None:
    assert f'<a href="{link}">{link}</a>' in to_html(text)


def test_an_address_s_ampersands_are_escaped() -> None:
    assert 'href="https://example.com/?a=1&amp;b=2"' in to_html("https://example.com/?a=1&b=2")


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "JavaScript://example.com/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.com",
        "mailto:dana@example.com",
        "www.example.com",
        "http://",
        "https://.",
    ],
)
def test_nothing_else_can_be_clicked(text: str) -> None:
    assert "<a" not in to_html(text)


def test_a_right_to_left_text_runs_from_right_to_left() -> None:
    text = "\u05e9\u05dc\u05d5\u05dd Dana"
    assert to_html(text) == f'<p dir="auto">{text}</p>'


# --- from HTML -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<div><div>One</div></div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("<div>One<br></div><div>Two</div>", "One\nTwo"),
        ("<b>One</b> and <i>t</i>wo", "One and two"),
        ("One\n   two&nbsp;three", "One two three"),
        ("<h1>One</h1>Two", "One\n\nTwo"),
        ("<ul><li>One</li><li><p>Two</p></li></ul>", "- One\n\n- Two"),
        (
            "<table><tr><td>One</td><td>Two</td></tr><tr><td>Three</td></tr></table>",
            "One Two\nThree",
        ),
        ("<pre>One\n  Two</pre>Three", "One\nTwo\n\nThree"),
        ("Fish &amp; chips &lt;here&gt; &#128077;", "Fish & chips <here> \U0001f44d"),
        ("One<hr>Two", "One\n\nTwo"),
        ('<a href="https://example.com">here</a>', "here"),
        ("plain text", "plain text"),
        ("report.html", "report.html"),
        ("https://example.com/", "https://example.com/"),
        ('<?xml version="1.0"?><p>One</p>', "One"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("", ""),
    ],
)
def test_html_is_read_as_a_person_sees_it(html: str, plain: str) -> None:
    assert to_plain(html) == plain


@pytest.mark.parametrize(
    "unseen",
    [
        "<script>alert('x')</script>",
        "<script>if (a < b) { x = '<p>unseen</p>' }</script>",
        "<style>p { color: red }</style>",
        "<head><title>Unseen</title><style>p{}</style></head>",
        "<!-- unseen -->",
        "<!-- <p>unseen</p> -->",
        "<!--[if mso]><p>unseen</p><![endif]-->",
        '<div style="display: none">unseen</div>',
        "<div hidden>unseen</div>",
        "<noscript>unseen</noscript>",
        "<!DOCTYPE html>",
    ],
)
def test_what_a_person_does_not_see_is_left_out(unseen: str) -> None:
    assert to_plain(f"<p>One</p>{unseen}<p>Two</p>") == "One\n\nTwo"


@pytest.mark.parametrize("broken", ["<![x<![y", "<!-- never ends", "<![CDATA[", "<p", "<", "&#x;"])
def test_broken_html_loses_no_words_before_it(broken: str) -> None:
    assert to_plain(f"<p>One</p>{broken}").startswith("One")


# --- what is new: histories ----------------------------------------------------------------------

ANSWER = "Tuesday works.\n\nWhat does it cost?"

ATTRIBUTIONS = {
    "Gmail": "On Mon, Mar 2, 2026 at 3:04 PM Sam Sender <sam@example.com> wrote:",
    "Gmail, wrapped": (
        "On Mon, Mar 2, 2026 at 3:04\u202fPM Sam Sender of Example Incorporated <\n"
        "sam@example.com> wrote:"
    ),
    "Gmail, wrapped twice": (
        "On Mon, Mar 2, 2026 at 3:04 PM Sam Sender via Example\n"
        "Incorporated <sam@example.com>\nwrote:"
    ),
    "Apple Mail": "On Mar 2, 2026, at 15:04, Sam Sender <sam@example.com> wrote:",
    "Thunderbird": "On 3/2/26 15:04, Sam Sender wrote:",
    "Outlook for Mac": 'On 3/2/26, 3:04 PM, "Sam Sender" <sam@example.com> wrote:',
    "German Gmail": "Am Mo., 2. M\u00e4rz 2026 um 15:04 Uhr schrieb Sam Sender <sam@example.com>:",
    "German Apple Mail": "Am 02.03.2026 um 15:04 schrieb Sam Sender <sam@example.com>:",
    "French Gmail": (
        "Le lun. 2 mars 2026 \u00e0 15:04, Sam Sender <sam@example.com> a \u00e9crit\u00a0:"
    ),
    "French Apple Mail": "Le 2 mars 2026 \u00e0 15:04, Sam Sender <sam@example.com> a \u00e9crit :",
    "Spanish Gmail": (
        "El lun, 2 mar 2026 a las 15:04, Sam Sender (<sam@example.com>) escribi\u00f3:"
    ),
    "Italian": "Il giorno lun 2 mar 2026 alle ore 15:04 Sam <sam@example.com> ha scritto:",
    "Portuguese": "Em seg., 2 de mar. de 2026 \u00e0s 15:04, Sam <sam@example.com> escreveu:",
    "Dutch": "Op ma 2 mrt 2026 om 15:04 schreef Sam Sender <sam@example.com>:",
    "Swedish": "Den m\u00e5n 2 mars 2026 kl 15:04 skrev Sam Sender <sam@example.com>:",
    "Danish": "Den man. 2. mar. 2026 kl. 15.04 skrev Sam Sender <sam@example.com>:",
    "German, by name": "Sam Sender <sam@example.com> schrieb am Mo., 2. M\u00e4rz 2026, 15:04:",
    "Polish": "pon., 2 mar 2026 o 15:04 Sam Sender <sam@example.com> napisa\u0142(a):",
    "Russian": (
        "\u043f\u043d, 2 \u043c\u0430\u0440. 2026 \u0433. \u0432 15:04, Sam "
        "<sam@example.com> \u043d\u0430\u043f\u0438\u0441\u0430\u043b(\u0430):"
    ),
    "Korean": (
        "2026\ub144 3\uc6d4 2\uc77c (\uc6d4) \uc624\ud6c4 3:04, Sam "
        "<sam@example.com>\ub2d8\uc774 \uc791\uc131:"
    ),
    "Chinese": (
        "Sam <sam@example.com> \u4e8e2026\u5e743\u67082\u65e5\u5468\u4e00 15:04\u5199\u9053\uff1a"
    ),
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_the_marked_history_of_every_program_leaves(attribution: str) -> None:
    assert new(f"{ANSWER}\n\n{attribution}\n\n> Hi Dana,\n>\n> when?\n>> earlier\n") == ANSWER


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_a_history_without_marks_leaves_with_all_that_follows(attribution: str) -> None:
    assert new(f"{ANSWER}\n\n{attribution}\n\nHi Dana,\nwhen?\n") == ANSWER


OUTLOOK = {
    "English": (
        "From: Sam Sender <sam@example.com>\nSent: Monday, March 2, 2026 3:04 PM\n"
        "To: Dana Roe\nSubject: Hi"
    ),
    "starred": (
        "*From:* Sam Sender <sam@example.com>\n*Sent:* Monday, March 2, 2026\n*To:* Dana\n"
        "*Subject:* Hi"
    ),
    "spread": "From: Sam Sender <sam@example.com>\n\nDate: Monday\n\nTo: Dana\n\nSubject: Hi",
    "German": (
        "Von: Sam Sender <sam@example.com>\nGesendet: Montag, 2. M\u00e4rz 2026 15:04\n"
        "An: Dana\nBetreff: Hallo"
    ),
    "French": (
        "De : Sam Sender <sam@example.com>\nEnvoy\u00e9 : lundi 2 mars 2026 15:04\n"
        "\u00c0 : Dana\nObjet : Bonjour"
    ),
    "Spanish": (
        "De: Sam Sender <sam@example.com>\nEnviado el: lunes, 2 de marzo de 2026\n"
        "Para: Dana\nAsunto: Hola"
    ),
    "Italian": (
        "Da: Sam <sam@example.com>\nInviato: luned\u00ec 2 marzo 2026\nA: Dana\nOggetto: Ciao"
    ),
    "Dutch": (
        "Van: Sam <sam@example.com>\nVerzonden: maandag 2 maart 2026\nAan: Dana\nOnderwerp: Hallo"
    ),
    "divided": (
        "________________________________\nFrom: Sam <sam@example.com>\nSent: Monday\n"
        "To: Dana\nSubject: Hi"
    ),
    "old": "-----Original Message-----\nFrom: Sam Sender",
    "old German": "-----Urspr\u00fcngliche Nachricht-----\nVon: Sam Sender",
    "forwarded": "---------- Forwarded message ---------\nFrom: Sam Sender",
    "Apple Mail": "Begin forwarded message:\n\nSubject: Hi",
}


@pytest.mark.parametrize("header", OUTLOOK.values(), ids=OUTLOOK.keys())
def test_what_outlook_puts_under_its_header_leaves(header: str) -> None:
    assert new(f"{ANSWER}\n\n{header}\n\nHi Dana,\n\nwhen?\n\nSam") == ANSWER


def test_answers_between_and_under_quoted_lines_stay() -> None:
    text = (
        "On 3/2/26 15:04, Sam wrote:\n> Does Tuesday work?\n\nYes.\n\n> What time?\n>and where?\n"
        "Ten, at yours.\n"
    )
    assert new(text) == "Yes.\n\nTen, at yours."


def test_the_line_before_an_attribution_is_the_person_s_own() -> None:
    text = "On Tuesday at 10:30 I can.\nOn Mon, Mar 2, 2026 at 3:04 PM Sam wrote:\n> Hi"
    assert new(text) == "On Tuesday at 10:30 I can."
    text = "On Tuesday I can.\nSam <s@example.com> schrieb am 2. M\u00e4rz 2026, 15:04:\n> Hi"
    assert new(text) == "On Tuesday I can."


@pytest.mark.parametrize(
    "text",
    [
        "On Tuesday at 10:30 I can.\nOn Wednesday I cannot.",
        "My colleague wrote: we have 3 offices.",
        "This is what I wrote:\nplease stop writing to me",
        "Here is the plan\nFrom: Hamburg\nTo: Berlin\nGood?",
        "From: our side all is well.",
        "Original message was unclear to me.",
        "These days work:\n- Tuesday\n- Wednesday",
        ">50 people work here\nIs that too many?",
        "Thanks for the details.\nCan we meet on Tuesday?",
        "Hola\nGracias, pero no me interesa.",
        "Hej\nTak for din mail, hvad koster det?\nDana",
        "Le prix me convient.\nLe 2 mars aussi.",
        "A: yes\nB: no",
        "one -- two",
        "First.\n\n---\n\nSecond.",
        "\U0001f44d",
        "\u05db\u05df, \u05d9\u05d5\u05dd \u05e9\u05dc\u05d9\u05e9\u05d9 \u05d1-10:30",
    ],
)
def test_a_person_s_own_words_stay(text: str) -> None:
    assert new(text) == text


# --- what is new: signatures ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nDana Roe\nExample Ltd\n+1 555 010 0100",
        "--\ndana",
        "Best regards,\nDana",
        "Best,\n\nDana Roe\nHead of Sales | Example Ltd.\n+1 555 010 0100\nwww.example.com",
        "Mit freundlichen Gr\u00fc\u00dfen\n\nDana Roe\nLeiterin der Entwicklung\nExample GmbH",
        "Cordialement,\nDana Roe",
        "Un saludo,\nDana",
        "Thanks!\nDana",
        "Sent from my iPhone",
        "Gesendet von meinem iPhone",
        "Envoy\u00e9 de mon iPhone",
        "Enviado desde mi iPhone",
        "Get Outlook for iOS<https://example.com/x>",
        "Kind regards,\nDana\n\nSent from my iPhone",
        "________________________________",
    ],
)
def test_the_signature_at_the_bottom_leaves(signature: str) -> None:
    assert new(f"{ANSWER}\n\n{signature}\n") == ANSWER
    assert new(f"{ANSWER}\n\n{signature}\n\nOn 3/2/26 15:04, Sam wrote:\n> Hi") == ANSWER


@pytest.mark.parametrize(
    "sentence",
    [
        "Please remove me from your list.",
        "P.S. No.",
        "PS: Never Again",
        "STOP",
        "Unsubscribe",
        "Could it be Wednesday?",
        "please do not write again",
    ],
)
def test_a_sentence_under_the_signature_is_never_lost(sentence: str) -> None:
    assert sentence in new(f"Hi Sam,\n\nBest regards,\nDana Roe\n\n{sentence}")
    assert sentence in new(f"Hi Sam,\n\nThanks\n{sentence}")


def test_a_thank_you_without_a_name_under_it_stays() -> None:
    assert new("Tuesday works.\nThanks!") == "Tuesday works.\nThanks!"


def test_a_long_text_under_a_mark_is_no_signature() -> None:
    text = "First part.\n--\n" + "\n".join(f"line {number}" for number in range(40))
    assert new(text) == text


# --- what is new: HTML ---------------------------------------------------------------------------

HISTORY = "Hi Dana,<br>secret history"
HTML_ANSWERS = {
    "Gmail": f"""<div dir="ltr"><div>Tuesday works.</div><div><br></div>
<div>What does it cost?</div><span class="gmail_signature_prefix">-- </span>
<div class="gmail_signature">Dana Roe</div></div><br>
<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, Mar 2,
2026 at 3:04 PM Sam &lt;<a href="mailto:sam@example.com">sam@example.com</a>&gt; wrote:<br></div>
<blockquote class="gmail_quote">{HISTORY}</blockquote></div>""",
    "old Gmail": f"""Tuesday works.<br><br>What does it cost?<br><div class="gmail_quote">Pada 2 Mar
Sam menulis:<br><blockquote>{HISTORY}</blockquote></div>""",
    "Gmail without a blockquote": f"""Tuesday works.<br><br>What does it cost?
<div class="gmail_quote">{HISTORY}</div>""",
    "Apple Mail": f"""<html><head><style>p {{}}</style></head><body>Tuesday works.<div><br></div>
<div>What does it cost?<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>
On Mar 2, 2026, at 15:04, Sam wrote:</div>{HISTORY}</blockquote></div></div></body></html>""",
    "Outlook": f"""<div class="WordSection1"><p class="MsoNormal">Tuesday works.</p>
<p class="MsoNormal">What does it cost?</p><div><div style="border:none;border-top:solid #E1E1E1
 1.0pt;padding:3.0pt 0in 0in 0in"><p><b>L\u00e4hett\u00e4j\u00e4:</b> Sam</p></div></div>
<p>{HISTORY}</p></div>""",
    "Outlook on the web": f"""<div>Tuesday works.</div><div><br></div><div>What does it cost?</div>
<div id="appendonsend"></div><hr tabindex="-1"><div id="divRplyFwdMsg"><b>From:</b> Sam</div>
<div>{HISTORY}</div>""",
    "Outlook for iOS": f"""<div>Tuesday works.</div><br><div>What does it cost?</div>
<div id="ms-outlook-mobile-signature">Get <a href="https://example.com">Outlook for iOS</a></div>
<div id="mail-editor-reference-message-container"><div>{HISTORY}</div></div>""",
    "Thunderbird": f"""<p>Tuesday works.</p><p>What does it cost?</p><div class="moz-cite-prefix">
On 3/2/26 15:04, Sam wrote:<br></div><blockquote type="cite">{HISTORY}</blockquote>
<div class="moz-signature">-- <br>Dana</div>""",
    "Yahoo": f"""<div>Tuesday works.</div><div><br></div><div>What does it cost?</div>
<div class="yahoo_quoted"><div>On Monday Sam wrote:</div>{HISTORY}</div>""",
    "no marks but words": f"""<p>Tuesday works.</p><p>What does it cost?</p>
<p>Am 02.03.2026 um 15:04 schrieb Sam &lt;sam@example.com&gt;:</p><p>{HISTORY}</p>""",
}


@pytest.mark.parametrize("html", HTML_ANSWERS.values(), ids=HTML_ANSWERS.keys())
def test_of_an_html_answer_only_what_is_new_is_read(html: str) -> None:
    assert new_of_html(html) == ANSWER


def test_answers_between_the_quotes_of_gmail_stay() -> None:
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">On Monday Sam wrote:</div><blockquote>'
        "Does Tuesday work?</blockquote><div>Yes.</div><blockquote>When?</blockquote>"
        "<div>Ten.</div></div>"
    )
    assert new_of_html(html) == "Yes.\nTen."


def test_the_plain_text_is_preferred_when_there_is_any() -> None:
    assert new_text(text="Yes.", html="<p>No.</p>") == "Yes."
    assert new_text(text=" \r\n", html="<p>No.</p>") == "No."
    assert new_text(text=None, html="<script>x</script>") == ""
    assert new_text(text=None, html=None) == ""
    assert new_text(text="", html="") == ""


@pytest.mark.parametrize(
    ("text", "html", "whole"),
    [
        ("> Hi Dana,\n> when?", None, "> Hi Dana,\n> when?"),
        ("-----Original Message-----\nHi", None, "-----Original Message-----\nHi"),
        ("Sent from my iPhone", None, "Sent from my iPhone"),
        (None, "<blockquote>Hi</blockquote>", "Hi"),
        (None, '<div id="divRplyFwdMsg">Hi</div>', "Hi"),
    ],
)
def test_the_whole_text_stays_when_nothing_else_would(
    text: str | None, html: str | None, whole: str
) -> None:
    assert new_text(text=text, html=html) == whole


# --- hostile bodies ------------------------------------------------------------------------------

HOSTILE = (
    *(
        "On ",
        "On \n",
        "On 1 a@b wrote:\n",
        "From: ",
        "From: a\n",
        "\n",
        " ",
        "-- \n",
        "-",
        "_",
        "> ",
    ),
    *(
        "Thanks\n",
        "Thanks\nDana\n",
        ":",
        "a",
        "1",
        "http://",
        "http://x)",
        "(",
        ")",
        "\u00a0",
        "\r",
    ),
    *("<", "<a ", "<a '", "<!--", "<![", "<?", "</", "<div>", "<p>", "&", "<style>", "<script>"),
    *("<blockquote>", '<div class="gmail_quote">', "<table><tr><td>", "x=1 ", "<pre>\n", "<li>"),
)


@pytest.mark.timeout(120)
def test_no_body_of_200_kilobytes_is_worth_more_than_moments() -> None:
    # A square of 200,000 would take hours; each of these takes about a second at the most.
    for piece in HOSTILE:
        body = piece * (200_000 // len(piece)) + "x"
        new(body)
        new_of_html(body)
        to_html(body)


# --- subjects ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Hello", "Re: Hello"),
        ("Re: Hello", "Re: Hello"),
        ("RE: re: Re:Hello", "Re: Hello"),
        ("AW: SV: RE: Hello", "Re: Hello"),
        ("Antw: Odp: VS: Res: RIF: Hello", "Re: Hello"),
        ("Re[2]: Re(3): Hello", "Re: Hello"),
        ("RE : Bonjour", "Re: Bonjour"),
        ("\u56de\u590d\uff1aHello", "Re: Hello"),
        ("Re: Fwd: Hello", "Re: Fwd: Hello"),
        ("Regarding: Hello", "Re: Regarding: Hello"),
        ("  two\t spaces  ", "Re: two spaces"),
        ("Hello\r\nBcc: lee@example.com", "Re: Hello Bcc: lee@example.com"),
        ("Re:\x00\x1b\u2028Hello", "Re: Hello"),
        ("\ud800Hello", "Re: Hello"),
        ("\U0001f469\u200d\U0001f4bb", "Re: \U0001f469\u200d\U0001f4bb"),
        ("\u05e9\u05dc\u05d5\u05dd", "Re: \u05e9\u05dc\u05d5\u05dd"),
        ("", "Re:"),
        ("Re: ", "Re:"),
        (None, "Re:"),
    ],
)
def test_an_answer_s_subject_has_re_once_and_one_line(subject: str | None, answer: str) -> None:
    assert reply_subject(subject) == answer


def test_a_subject_is_capped_and_stays_the_same_when_answered_again() -> None:
    answer = reply_subject("x" * 1_000)
    assert len(answer) == LONGEST_SUBJECT == 255
    assert reply_subject(answer) == answer


@pytest.mark.parametrize(
    "subject", ["", "Hello", "x" * 255, "\U0001f469\u200d\U0001f4bb", "\u05e9"]
)
def test_a_short_subject_in_one_line_is_sound(subject: str) -> None:
    assert subject_is_sound(subject)


@pytest.mark.parametrize(
    "subject",
    ["x" * 256, "a\nb", "a\rBcc: x", "a\r\nb", "a\x00", "a\tb", "\x85", "a\u2028b", "\ud800"],
)
def test_what_could_begin_another_header_is_not_sound(subject: str) -> None:
    assert not subject_is_sound(subject)


def test_the_parser_of_html_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, system_sender.email_text; print('bs4' in sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "False"


def test_of_a_text_without_end_only_the_beginning_is_read() -> None:
    read = new_text(text="Yes, Tuesday.\n\n" + "word " * 200_000, html=None)
    assert read.startswith("Yes, Tuesday.")
    assert len(read) <= 300_000
