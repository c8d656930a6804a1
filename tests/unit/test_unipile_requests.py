"""What Unipile is asked to send, on which way, and how a person is found."""

import json
from email import message_from_bytes
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.letter import Access, Letter
from system_sender.providers.unipile import PROVIDER
from system_sender.providers.unipile_records import Profile, profile_of, profile_request
from system_sender.transport import Answer, NoAnswer, Request

ACCESS = Access(base_url="https://api1.example.com:13111", token="key-1", account="acc_Vf3")
DANA = "ACoAADANAEXAMPLE"
TEXT = ' "Hi" Dana,\n\r\n\u0645\u0631\u062d\u0628\u0627 \U0001f44b '


def letter(route: str = "", *, text: str = TEXT, to: str = DANA, **fields: Any) -> Letter:
    return Letter("linkedin", text, to, route=route, **fields)


def in_chat(**handles: str) -> Letter:
    return letter("chat", handles={"chat_id": "ch_8Xa", **handles})


def form(request: Request) -> dict[str, str]:
    """The fields of a form, read by another hand than the one that wrote them."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + (request.body or b"")).get_payload()
    assert isinstance(parts, list)
    fields = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        value = part.get_payload(decode=True)  # type: ignore[union-attr]
        assert isinstance(name, str) and isinstance(value, bytes)
        fields[name] = value.decode()
    return fields


# --- which ways there are ------------------------------------------------------------------------


def test_a_message_is_answered_in_its_chat_and_nowhere_else() -> None:
    assert PROVIDER.routes(ACCESS, in_chat(account="acc_Vf3")) == ("chat",)


def test_a_chat_of_another_connected_profile_is_none_of_ours() -> None:
    answer = letter(text="Hi", handles={"chat_id": "ch_8Xa", "account": "acc_other"})
    assert PROVIDER.routes(ACCESS, answer) == ("direct", "inmail", "invitation")


def test_a_new_conversation_begins_as_plainly_as_the_person_allows() -> None:
    assert PROVIDER.routes(ACCESS, letter(text="Hi")) == ("direct", "inmail", "invitation")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 200, True),
        ("a" * 201, False),
        ("\U0001f44b" * 100, True),
        ("\U0001f44b" * 101, False),
    ],
)
def test_a_text_that_is_too_long_for_a_note_is_no_connection_request(text: str, fits: bool) -> None:
    assert ("invitation" in PROVIDER.routes(ACCESS, letter(text=text))) is fits


def test_a_letter_to_nobody_is_refused_before_any_request() -> None:
    assert PROVIDER.refusal(letter(to="dana-example")) is Code.MISSING_LINKEDIN
    assert PROVIDER.refusal(letter()) is None
    assert PROVIDER.refusal(letter(to="", handles={"chat_id": "ch_8Xa"})) is None


# --- the requests --------------------------------------------------------------------------------


def test_an_answer_is_the_documented_form_with_the_text_byte_for_byte() -> None:
    request = PROVIDER.send_request(ACCESS, in_chat())
    assert request.method == "POST"
    assert request.url == "https://api1.example.com:13111/api/v1/chats/ch_8Xa/messages"
    assert request.headers["X-API-KEY"] == "key-1"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert form(request) == {"account_id": "acc_Vf3", "text": TEXT}


def test_a_direct_message_begins_a_chat_with_one_person() -> None:
    request = PROVIDER.send_request(ACCESS, letter("direct", subject="Intro"))
    assert (request.method, request.url) == ("POST", f"{ACCESS.base_url}/api/v1/chats")
    assert form(request) == {
        "account_id": "acc_Vf3",
        "attendees_ids": DANA,
        "text": TEXT,
        "linkedin[api]": "classic",
    }


def test_an_inmail_says_so_and_carries_an_approved_subject_only() -> None:
    plain = form(PROVIDER.send_request(ACCESS, letter("inmail")))
    assert (plain["linkedin[inmail]"], plain["text"]) == ("true", TEXT)
    assert "subject" not in plain
    titled = form(PROVIDER.send_request(ACCESS, letter("inmail", subject="Intro")))
    assert titled["subject"] == "Intro"


def test_a_connection_request_carries_the_text_as_its_note() -> None:
    request = PROVIDER.send_request(ACCESS, letter("invitation"))
    assert (request.method, request.url) == ("POST", f"{ACCESS.base_url}/api/v1/users/invite")
    assert request.headers["Content-Type"] == "application/json"
    wanted = {"account_id": "acc_Vf3", "provider_id": DANA, "message": TEXT}
    assert json.loads(request.body or b"") == wanted


@pytest.mark.parametrize("route", ["chat", "direct", "inmail", "invitation"])
def test_the_same_letter_makes_the_same_request(route: str) -> None:
    same = letter(route, handles={"chat_id": "ch_8Xa"})
    assert PROVIDER.send_request(ACCESS, same) == PROVIDER.send_request(ACCESS, same)


def test_a_text_cannot_end_the_form_it_is_in() -> None:
    first = PROVIDER.send_request(ACCESS, in_chat())
    boundary = first.headers["Content-Type"].partition("boundary=")[2]
    cunning = letter("chat", text=f"a\r\n--{boundary}--\r\n", handles={"chat_id": "ch_8Xa"})
    assert form(PROVIDER.send_request(ACCESS, cunning))["text"] == cunning.text


# --- finding a person ----------------------------------------------------------------------------


def test_a_person_is_asked_for_by_the_identifier_of_their_url() -> None:
    request = profile_request(ACCESS, "d\u00e1na/../x")
    assert request.method == "GET"
    assert request.url == f"{ACCESS.base_url}/api/v1/users/d%C3%A1na%2F..%2Fx"
    assert request.query == {"account_id": "acc_Vf3"}
    assert request.headers["X-API-KEY"] == "key-1"


def answered(status: int, **body: Any) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def test_a_profile_names_the_id_that_messages_go_to() -> None:
    answer = answered(200, provider_id=DANA, first_name="Dana", last_name="Example")
    assert profile_of(answer) == Profile(DANA, "Dana", "Example")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (answered(404, type="errors/resource_not_found"), Code.PROFILE_NOT_FOUND),
        (answered(422, type="errors/invalid_recipient"), Code.PROFILE_NOT_FOUND),
        (answered(404, detail="Account not found"), Code.ACCOUNT_DISCONNECTED),
        (answered(401, type="errors/disconnected_account"), Code.ACCOUNT_DISCONNECTED),
        (answered(401, type="errors/missing_credentials"), Code.UNAUTHORIZED),
        (answered(429), Code.RATE_LIMITED),
        (answered(500, type="errors/provider_error"), Code.PROVIDER_ERROR),
        (answered(200), Code.PROVIDER_UNREADABLE),
        (answered(200, provider_id="acme"), Code.PROVIDER_UNREADABLE),
        (Answer(200, {}, b""), Code.PROVIDER_UNREADABLE),
        (NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT), Code.PROVIDER_TIMEOUT),
    ],
)
def test_only_a_definite_answer_says_that_there_is_no_such_person(
    answer: Answer | NoAnswer, code: Code
) -> None:
    assert profile_of(answer) is code
