"""What every provider's send request says, and nothing else that it says."""

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import requests
from bs4 import BeautifulSoup

from system_sender.email_text import to_plain
from system_sender.letter import Access, Letter
from system_sender.providers import CHANNELS_OF
from system_sender.transport import Request
from tests.contract.case import BASE_URL, TOKEN, Case, Sent, form_of, json_of
from tests.contract.cases import CASES

TEXTS: Mapping[str, str] = {
    "plain": "Great, does Tuesday at 2pm work for you?",
    "lines": "Hi Dana,\n\nTuesday at 2pm?\nOr Wednesday.\n\nSam",
    "markup": "<script>alert(\"x\")</script> & <b>bold</b> &amp; 'quoted' <img src=x onerror=y>",
    "emoji": "👍🏽 Great 👨‍👩‍👧‍👦 \U0001f469\u200d\U0001f4bb 🏳️‍🌈",
    "right_to_left": "مرحبا دانا، هل يناسبك الثلاثاء؟\n\n\u05e9\u05dc\u05d5\u05dd, 2pm?",
    "astral": "\U0001d49f\U0001d4b6\U0001d4c3\U0001d4b6 𠜎𠜱",
    "long": "Does 2pm work? 👍 " * 125,
    "link": "See https://example.com/a?b=1&c=2#d, (https://example.com/x_(y)).",
    "json": '{"a": "b\\n\\"c"}, [1], \\u0041',
    "headers": "Subject: Hello\nBcc: eve@example.com\n\nMIME-Version: 1.0",
    "form": '--part-0\nContent-Disposition: form-data; name="account_id"\n\nother\n--part-0--',
    "percent": "100% sure %0d%0aBcc: %s {name} $name ${x} {{y}}",
    "commas": "a@example.com,b@example.com;c@example.com",
    "tabs": "one\ttwo",
    "long_word": "x" * 2_000,
}
T = TypeVar("T", Access, Letter)

HOSTILE = "x\r\nBcc: eve@example.com\r\n\r\n<b>"
_TAG = re.compile(r"<[^>]*>")

by_name: Mapping[str, Any] = {"argvalues": CASES, "ids": lambda case: case.name}


def request_of(case: Case, *, access: Access | None = None, **letter: Any) -> Request:
    return case.provider.send_request(access or case.access, replace(case.letter, **letter))


def sent(case: Case, **letter: Any) -> Sent:
    return case.read(request_of(case, **letter))


def fields_of(request: Request) -> Mapping[str, Any]:
    """Return the fields of the body: of a JSON object, those that say something."""
    if request.headers["Content-Type"].startswith("multipart/"):
        return form_of(request)
    return {name: value for name, value in json_of(request).items() if value != []}


def wire(request: Request) -> requests.PreparedRequest:
    """Return what the HTTP library makes of it."""
    return requests.Request(
        request.method,
        request.url,
        headers=dict(request.headers),
        params=request.query,
        data=request.body,
    ).prepare()


def spoken(request: Request) -> str:
    """Return everything that a request says, but for the secret's own place."""
    body = (request.body or b"").decode()
    return f"{request.method} {request.url} {request.query} {request.headers} {body}"


def test_every_provider_and_channel_is_under_contract() -> None:
    described = {(case.provider_name, case.channel) for case in CASES}
    assert described == {
        (name, channel) for name, channels in CHANNELS_OF.items() for channel in channels
    }


@pytest.mark.parametrize("case", **by_name)
def test_every_way_that_it_offers_is_under_contract(case: Case) -> None:
    described = {each.letter.route for each in CASES if each.provider_name == case.provider_name}
    assert set(case.provider.routes(case.access, replace(case.letter, route=""))) <= described


# --- where it goes -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", **by_name)
def test_the_letter_can_be_sent_on_its_way(case: Case) -> None:
    assert case.provider.name == case.provider_name
    assert case.provider.refusal(case.letter) is None
    ways = list(case.provider.routes(case.access, replace(case.letter, route="")))
    assert case.letter.route in ways
    assert len(set(ways)) == len(ways)


INCOMPLETE = [
    pytest.param(case, letter, code, id=f"{case.name}-{number}")
    for case in CASES
    for number, (letter, code) in enumerate(case.incomplete)
]


@pytest.mark.parametrize(("case", "letter", "code"), INCOMPLETE)
def test_a_letter_that_lacks_something_is_refused_by_name(
    case: Case, letter: Letter, code: Any
) -> None:
    assert case.provider.refusal(letter) is code


@pytest.mark.parametrize("case", **by_name)
def test_the_request_goes_to_the_configured_host_and_nowhere_else(case: Case) -> None:
    request = request_of(case)
    assert request.method == "POST"
    assert request.url == BASE_URL + case.path
    url = urlsplit(wire(request).url or "")
    assert (url.scheme, url.netloc, url.path) == ("https", "api.example.com:8443", case.path)
    assert not url.fragment


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:4010",
        "http://localhost",
        "https://proxy.example.com/providers/one",
        "https://[::1]:8443",
    ],
)
@pytest.mark.parametrize("case", **by_name)
def test_any_base_url_is_kept_whole(case: Case, base_url: str) -> None:
    request = request_of(case, access=replace(case.access, base_url=base_url))
    assert request.url == base_url + case.path


@pytest.mark.parametrize("case", **by_name)
def test_the_recipient_is_the_letters(case: Case) -> None:
    assert sent(case).to == case.recipient(case.letter)
    other = case.read(case.provider.send_request(case.access, case.other))
    assert other.to == case.recipient(case.other)
    assert other.to != sent(case).to


# --- the secret ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", **by_name)
def test_the_token_is_where_the_provider_wants_it_and_nowhere_else(case: Case) -> None:
    request = request_of(case)
    place, name, form = case.token_at
    held = dict(request.headers if place == "header" else request.query or {})
    assert held[name] == form.format(token=TOKEN)
    assert spoken(request).count(TOKEN) == 1


@pytest.mark.parametrize("case", **by_name)
def test_another_token_changes_nothing_else(case: Case) -> None:
    other = request_of(case, access=replace(case.access, token="another-token"))
    assert spoken(other).replace("another-token", TOKEN) == spoken(request_of(case))


# --- what it says --------------------------------------------------------------------------------

EVERY_TEXT = [
    pytest.param(case, text, id=f"{case.name}-{name}")
    for case in CASES
    for name, text in TEXTS.items()
]


@pytest.mark.parametrize(("case", "text"), EVERY_TEXT)
def test_exactly_the_approved_text_leaves(case: Case, text: str) -> None:
    found = sent(case, text=text)
    assert found.text is not None or found.html is not None
    if found.text is not None:
        assert found.text == text
    if found.html is not None:
        assert html.unescape(_TAG.sub("", found.html)) == text.strip()
        assert to_plain(found.html).split() == text.split()


@pytest.mark.parametrize(("case", "text"), EVERY_TEXT)
def test_html_holds_nothing_but_the_text(case: Case, text: str) -> None:
    markup = sent(case, text=text).html
    for tag in BeautifulSoup(markup or "", "html.parser").find_all(True):
        assert tag.name in {"p", "br", "a"}
        assert set(tag.attrs) <= {"dir", "href"}
        assert str(tag.get("href", "https://")).startswith(("https://", "http://"))


@pytest.mark.parametrize(("case", "text"), EVERY_TEXT)
def test_the_body_is_utf8_and_its_length_is_that_of_its_bytes(case: Case, text: str) -> None:
    prepared = wire(request_of(case, text=text))
    assert isinstance(prepared.body, bytes)
    prepared.body.decode("utf-8")
    assert prepared.headers["Content-Length"] == str(len(prepared.body))


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
@pytest.mark.parametrize("case", **by_name)
def test_line_ends_of_another_system_stay_line_ends(case: Case, line_end: str) -> None:
    text = line_end.join(["Hi Dana,", "", "2pm?"])
    found = sent(case, text=text)
    assert found.text in (None, text)
    if found.html is not None:
        assert html.unescape(_TAG.sub("", found.html)) == "Hi Dana,\n\n2pm?"


@pytest.mark.parametrize(("case", "text"), EVERY_TEXT)
def test_the_same_letter_makes_the_same_request(case: Case, text: str) -> None:
    one = request_of(case, text=text)
    handles = dict(reversed(list(case.letter.handles.items())))
    assert request_of(case, text=text, handles=handles) == one
    assert list(request_of(case, text=text).headers) == list(one.headers)


@pytest.mark.parametrize("case", **by_name)
def test_another_text_makes_another_body(case: Case) -> None:
    assert request_of(case, text="One text").body != request_of(case, text="One test").body


# --- subjects and copies -------------------------------------------------------------------------

SUBJECTS = ("Re: Intro", "Grüße 👋 <b>&amp;", "مرحبا", '"quoted" \\ back', "x" * 255, "a, b; c")


@pytest.mark.parametrize("subject", SUBJECTS, ids=range(len(SUBJECTS)))
@pytest.mark.parametrize("case", **by_name)
def test_the_subject_is_the_approved_one_or_none(case: Case, subject: str) -> None:
    found = sent(case, subject=subject).subject
    assert found == (subject if case.has_subject else None)


@pytest.mark.parametrize(
    ("cc", "bcc"),
    [
        ((), ()),
        (("ops@example.com",), ()),
        ((), ("crm@example.com",)),
        (("ops@example.com", "lee@example.com"), ("crm@example.com", "log@example.com")),
        (tuple(f"p{number}@example.com" for number in range(10)), ()),
    ],
    ids=["nobody", "one_cc", "one_bcc", "two_of_each", "ten"],
)
@pytest.mark.parametrize("case", **by_name)
def test_copies_go_to_whom_they_should(
    case: Case, cc: tuple[str, ...], bcc: tuple[str, ...]
) -> None:
    if not case.has_copies:
        # No letter of this channel has any.
        assert (sent(case).cc, sent(case).bcc) == ((), ())
        return
    found = sent(case, cc=cc, bcc=bcc)
    assert (found.cc, found.bcc) == (cc, bcc)
    assert found.to == case.recipient(case.letter)


@pytest.mark.parametrize("case", **by_name)
def test_what_was_answered_adds_nobody(case: Case) -> None:
    answered = "On Sunday eve@example.com wrote:\n> cc: mallory@example.com"
    found = sent(case, answered_text=answered, answered_at=1_772_463_845_000)
    assert (found.cc, found.bcc) == ((), ())
    assert "mallory" not in f"{found.text} {found.html} {found.subject}"


# --- nothing can be smuggled in ------------------------------------------------------------------


def but(value: T, name: str, new: Any) -> T:
    """Return a copy of a letter or an account with one field changed."""
    changes: dict[str, Any] = {name: new}
    return replace(value, **changes)


def smuggled(case: Case) -> list[tuple[str, Access, Letter]]:
    """Every field of a letter and of an account, each with line ends in it."""
    access, letter = case.access, case.letter
    found = [
        (name, access, but(letter, name, HOSTILE))
        for name in ("text", "to", "to_name", "contact_id", "subject", "answered_text")
    ]
    found += [
        (f"handles.{name}", access, replace(letter, handles={**letter.handles, name: HOSTILE}))
        for name in letter.handles
    ]
    found += [
        (name, access, but(letter, name, (HOSTILE, "ops@example.com")))
        for name in ("cc", "bcc")
        if case.has_copies
    ]
    found += [(name, but(access, name, HOSTILE), letter) for name in ("token", "account")]
    return found


SMUGGLED = [
    pytest.param(access, letter, case, id=f"{case.name}-{name}")
    for case in CASES
    for name, access, letter in smuggled(case)
]


@pytest.mark.parametrize(("access", "letter", "case"), SMUGGLED)
def test_a_line_end_in_a_field_ends_no_header(access: Access, letter: Letter, case: Case) -> None:
    """It stays in its field of the body, is written as %0D%0A in the URL, or nothing is sent."""
    ordinary = wire(case.provider.send_request(case.access, case.letter))
    try:
        prepared = wire(case.provider.send_request(access, letter))
    except (requests.RequestException, ValueError):
        return
    url = urlsplit(prepared.url or "")
    assert url.netloc == "api.example.com:8443"
    assert not re.search(r"[\r\n ]", prepared.url or "")
    assert set(prepared.headers) == set(ordinary.headers)
    assert not any(re.search(r"[\r\n]", str(value)) for value in prepared.headers.values())
    # The body is still one JSON object, or one form, with its fields.
    fields = set(fields_of(case.provider.send_request(access, letter)))
    copies = {name for name in ("cc", "bcc") if getattr(letter, name)}
    assert len(fields) == len(fields_of(request_of(case))) + len(copies)
