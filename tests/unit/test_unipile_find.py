"""A look through Unipile's records: what is found, what is not ours, and when nobody could look."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Found, Seen, Sought
from system_sender.letter import Access, Letter
from system_sender.providers.unipile import PROVIDER
from system_sender.transport import Answer, NoAnswer, Request

PAYLOADS = Path(__file__).parents[1] / "payloads" / "unipile"
ACCESS = Access(base_url="https://api1.example.com:13111", token="key-1", account="acc_Vf3")
DANA = "ACoAADANAEXAMPLE"
TEXT = "Tue at 2pm?"
AT = 1_772_464_200_000  # 2026-03-02T15:10:00Z
MINUTE = 60_000

Change = Callable[[dict[str, Any]], None]


def sought(route: str, text: str = TEXT) -> Sought:
    handles = {"chat_id": "ch_8Xa", "account": "acc_Vf3"} if route == "chat" else {}
    letter = Letter("linkedin", text, DANA, handles=handles, route=route)
    return Sought(letter, AT - 5 * MINUTE, AT + 5 * MINUTE)


class Records:
    """Unipile's lists, page by page; it keeps what it was asked."""

    def __init__(self, *pages: Any) -> None:
        self.asked: list[Request] = []
        self._pages = list(pages)

    def fetch(self, request: Request) -> Answer | NoAnswer:
        self.asked.append(request)
        page = self._pages[min(len(self.asked), len(self._pages)) - 1]
        if isinstance(page, Answer | NoAnswer):
            return page
        return Answer(200, {}, json.dumps(page).encode())


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def seen(route: str, *pages: Any, text: str = TEXT) -> Seen:
    return PROVIDER.find(ACCESS, sought(route, text), Records(*pages).fetch)


def messages(**changes: Any) -> Any:
    """The captured list, with the first row, which is ours, changed."""
    page = payload("chat_messages")
    page["items"][0] |= changes
    return page


def invitations(**changes: Any) -> Any:
    page = payload("invitations_sent")
    page["items"][0] |= changes
    return page


OURS = Seen(looked=True, found=(Found("mOut4Kp", AT, "ch_8Xa"),))
NOTHING = Seen(looked=True)


# --- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["chat", "direct", "inmail"])
def test_our_message_is_found_among_the_persons(route: str) -> None:
    assert seen(route, payload("chat_messages")) == OURS


def test_the_chat_is_asked_for_the_window_only() -> None:
    records = Records(payload("chat_messages"))
    PROVIDER.find(ACCESS, sought("chat"), records.fetch)
    (request,) = records.asked
    assert request.method == "GET"
    assert request.url == f"{ACCESS.base_url}/api/v1/chats/ch_8Xa/messages"
    assert request.query is not None
    assert request.query["after"] == "2026-03-02T15:04:59.999Z"
    assert request.query["before"] == "2026-03-02T15:15:00.001Z"


def test_without_a_chat_the_person_is_asked_for() -> None:
    records = Records(payload("chat_messages"))
    PROVIDER.find(ACCESS, sought("direct"), records.fetch)
    (request,) = records.asked
    assert request.url == f"{ACCESS.base_url}/api/v1/chat_attendees/{DANA}/messages"
    assert request.query is not None
    assert request.query["account_id"] == "acc_Vf3"


@pytest.mark.parametrize(
    "changes",
    [
        {"is_sender": 0},
        {"text": "Tue at 3pm?"},
        {"text": None},
        {"timestamp": "2026-03-02T15:04:59.000Z"},
        {"timestamp": "2026-03-02T15:15:01.000Z"},
    ],
)
def test_another_message_is_not_ours(changes: dict[str, Any]) -> None:
    assert seen("chat", messages(**changes)) == NOTHING


def test_white_space_does_not_make_another_message() -> None:
    assert seen("chat", messages(text=" Tue at\n2pm? ")) == OURS


def test_equal_messages_are_all_told() -> None:
    page = payload("chat_messages")
    page["items"].append({**page["items"][0], "id": "mOut5Zz"})
    assert [each.provider_message_id for each in seen("chat", page).found] == ["mOut4Kp", "mOut5Zz"]


@pytest.mark.parametrize(
    "changes",
    [
        {"is_sender": None},
        {"is_sender": "1"},
        {"timestamp": None},
        {"timestamp": "today"},
        {"id": None},
    ],
)
def test_our_text_in_a_row_that_cannot_be_told_leaves_it_open(changes: dict[str, Any]) -> None:
    assert seen("chat", messages(**changes)) == COULD_NOT_LOOK


# --- pages ---------------------------------------------------------------------------------------


def test_pages_are_followed_to_the_end() -> None:
    first = {"object": "MessageList", "items": [], "cursor": "next-1"}
    records = Records(first, payload("chat_messages"))
    assert PROVIDER.find(ACCESS, sought("chat"), records.fetch) == OURS
    assert [(each.query or {}).get("cursor") for each in records.asked] == [None, "next-1"]


def test_a_list_without_an_end_is_given_up() -> None:
    records = Records({"object": "MessageList", "items": [], "cursor": "again"})
    assert PROVIDER.find(ACCESS, sought("chat"), records.fetch) == COULD_NOT_LOOK
    assert len(records.asked) == 10


@pytest.mark.parametrize("route", ["chat", "direct", "inmail", "invitation"])
@pytest.mark.parametrize(
    "page",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        Answer(401, {}, b"{}"),
        Answer(404, {}, b"{}"),
        Answer(500, {}, b"{}"),
        Answer(200, {}, b""),
        [],
        {},
        {"items": None},
        {"items": ["odd"]},
        {"items": [], "cursor": 7},
    ],
)
def test_what_cannot_be_read_is_not_the_same_as_nothing(route: str, page: Any) -> None:
    assert seen(route, page) == COULD_NOT_LOOK


def test_an_answer_whose_chat_is_not_known_any_more_cannot_be_looked_up() -> None:
    letter = Letter("linkedin", TEXT, DANA, route="chat")
    nowhere = PROVIDER.find(ACCESS, Sought(letter, AT, AT), Records({}).fetch)
    assert nowhere == COULD_NOT_LOOK


# --- invitations ---------------------------------------------------------------------------------


def test_an_open_invitation_is_found_by_person_and_note() -> None:
    records = Records(payload("invitations_sent"))
    found = PROVIDER.find(ACCESS, sought("invitation"), records.fetch)
    assert [each.provider_message_id for each in found.found] == ["7000000000000000001"]
    (request,) = records.asked
    assert request.url == f"{ACCESS.base_url}/api/v1/users/invite/sent"
    assert request.query is not None
    assert request.query["account_id"] == "acc_Vf3"


@pytest.mark.parametrize(
    "changes",
    [
        {"invited_user_id": "ACoAAOTHEREXAMPLE"},
        {"invitation_text": "Another note"},
        {"invitation_text": None},
        {"parsed_datetime": "2026-02-20T15:10:00.000Z"},
    ],
)
def test_another_invitation_is_not_ours(changes: dict[str, Any]) -> None:
    assert seen("invitation", invitations(**changes)) == NOTHING


def test_the_time_of_an_invitation_may_be_off_by_a_day() -> None:
    page = invitations(parsed_datetime="2026-03-02T00:00:00.000Z")
    assert len(seen("invitation", page).found) == 1


@pytest.mark.parametrize(
    "changes", [{"parsed_datetime": None}, {"invited_user_id": None}, {"id": None}]
)
def test_our_note_in_a_row_that_cannot_be_told_leaves_it_open(changes: dict[str, Any]) -> None:
    assert seen("invitation", invitations(**changes)) == COULD_NOT_LOOK
