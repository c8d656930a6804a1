"""Unipile's records: the messages and invitations that left, and the people on LinkedIn.

Sources: copies of the published reference, and users' captured answers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from system_sender.answers import read_json
from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Fetch, Found, Seen, Sought
from system_sender.inbound_fields import iso_time, person_name
from system_sender.letter import Access
from system_sender.linkedin import INVITATION, is_provider_id
from system_sender.matching import same_text
from system_sender.providers.unipile_errors import (
    CHAT,
    LIMITS,
    account_unknown,
    credentials_code,
    error_type,
)
from system_sender.transport import Answer, NoAnswer, Request

_PAGE = 100
_MOST_PAGES = 10
# LinkedIn tells only in words when an invitation was sent ("today", "2 weeks ago"), and what
# Unipile makes of them may be off by as much.
_INVITATION_SLACK = 24 * 3_600_000
# What a message is named by has to fit into a key.
_ID = re.compile(r"[!-~]{1,250}")


def headers(access: Access) -> dict[str, str]:
    """Return the headers of every request."""
    return {"X-API-KEY": access.token, "Accept": "application/json"}


def id_of(value: Mapping[str, Any], name: str) -> str | None:
    """Return an id in an answer, as a text; None where it names none that could be kept."""
    found = value.get(name)
    text = str(found) if type(found) is int else found
    return text if isinstance(text, str) and _ID.fullmatch(text) else None


# --- look-up -------------------------------------------------------------------------------------


def find(access: Access, sought: Sought, fetch: Fetch) -> Seen:
    """Look through the chat, the messages with the person, or the invitations still open.

    Unipile keeps a copy of LinkedIn's data; how long it lags behind is unconfirmed. It does
    not tell whether a message of the account was written by us or by a person.
    """
    letter = sought.letter
    if letter.route == INVITATION:
        listing = _Listing(access, "/api/v1/users/invite/sent", {"account_id": access.account})
        return _seen(listing.rows(fetch), sought, _judge_invitation)
    window = {"after": _iso(sought.since - 1), "before": _iso(sought.until + 1)}
    if letter.route == CHAT:
        chat = letter.handles.get("chat_id")
        if chat is None:
            return COULD_NOT_LOOK
        listing = _Listing(access, f"/api/v1/chats/{chat}/messages", window)
        return _seen(listing.rows(fetch), sought, _judge_message)
    path = f"/api/v1/chat_attendees/{quote(letter.to, safe='')}/messages"
    listing = _Listing(access, path, {"account_id": access.account, **window})
    return _seen(listing.rows(fetch), sought, _judge_message)


def _iso(at: int) -> str:
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class _Listing:
    """One of Unipile's lists: {"object", "items": [...], "cursor": null or a text}."""

    access: Access
    path: str
    query: Mapping[str, str]

    def rows(self, fetch: Fetch) -> list[Mapping[str, Any]] | None:
        """Return all rows, page by page; None when they cannot be read or are too many."""
        rows: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = self._page(fetch, cursor)
            if page is None:
                return None
            rows += page[0]
            cursor = page[1]
            if cursor is None:
                return rows
        return None

    def _page(
        self, fetch: Fetch, cursor: str | None
    ) -> tuple[list[Mapping[str, Any]], str | None] | None:
        query = {**self.query, "limit": str(_PAGE)} | ({"cursor": cursor} if cursor else {})
        url = f"{self.access.base_url}{self.path}"
        answer = fetch(Request("GET", url, headers(self.access), query=query))
        if isinstance(answer, NoAnswer) or answer.status != 200:
            return None
        value = read_json(answer.body)
        items = value.get("items") if isinstance(value, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            return None
        following = value.get("cursor")
        if following is not None and not isinstance(following, str):
            return None
        return items, following or None


_Judge = Callable[[Mapping[str, Any], Sought], list[Found] | None]


def _seen(rows: list[Mapping[str, Any]] | None, sought: Sought, judge: _Judge) -> Seen:
    if rows is None:
        return COULD_NOT_LOOK
    found: dict[str, Found] = {}
    for row in rows:
        match = judge(row, sought)
        if match is None:
            return COULD_NOT_LOOK
        found |= {each.provider_message_id: each for each in match}
    return Seen(looked=True, found=tuple(found.values()))


def _judge_message(row: Mapping[str, Any], sought: Sought) -> list[Found] | None:
    """Return a row as found, or nothing if it is another message; None if it cannot be told."""
    text = row.get("text")
    if not isinstance(text, str) or not same_text(sought.letter.text, text):
        return []
    at, message_id, ours = iso_time(row.get("timestamp")), id_of(row, "id"), row.get("is_sender")
    if at is not None and not sought.since <= at <= sought.until:
        return []
    # 0 and 1 in lists (captured); a webhook has true and false.
    if ours in (0, False):
        return []
    if at is None or ours not in (1, True) or message_id is None:
        return None
    return [Found(message_id, at, id_of(row, "chat_id"))]


def _judge_invitation(row: Mapping[str, Any], sought: Sought) -> list[Found] | None:
    """Return an open invitation as found, or nothing if it is another's; None if unclear.

    A person has one open invitation at most, so the note and the person tell it, and the time
    only keeps an old one away. One that was accepted is not in the list any more.
    """
    text, person = row.get("invitation_text"), row.get("invited_user_id")
    if not isinstance(text, str) or not same_text(sought.letter.text, text):
        return []
    if isinstance(person, str) and person != sought.letter.to:
        return []
    at, invitation_id = iso_time(row.get("parsed_datetime")), id_of(row, "id")
    if at is None or invitation_id is None or not isinstance(person, str):
        return None
    near = sought.since - _INVITATION_SLACK <= at <= sought.until + _INVITATION_SLACK
    return [Found(invitation_id, at)] if near else []


# --- people --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """A person on LinkedIn.

    Attributes:
        provider_id: what messages are sent to.
    """

    provider_id: str
    first_name: str | None = None
    last_name: str | None = None


def profile_request(access: Access, public_identifier: str) -> Request:
    """Return the request for the person behind a profile URL's identifier, or a provider id."""
    return Request(
        "GET",
        f"{access.base_url}/api/v1/users/{quote(public_identifier, safe='')}",
        headers(access),
        query={"account_id": access.account},
    )


def profile_of(answer: Answer | NoAnswer) -> Profile | Code:
    """Return the person that a profile request found, or the code that says why there is none.

    PROFILE_NOT_FOUND is final. Every other code is about the account or the connection, and says
    nothing of the person.
    """
    if isinstance(answer, NoAnswer):
        return answer.code
    kind = error_type(answer)
    if answer.status == 404 or kind == "errors/invalid_recipient":
        return Code.ACCOUNT_DISCONNECTED if account_unknown(answer) else Code.PROFILE_NOT_FOUND
    if answer.status == 429 or kind in LIMITS:
        return Code.RATE_LIMITED
    if answer.status in (401, 403):
        return credentials_code(answer.status, kind)
    if answer.status != 200:
        return Code.PROVIDER_ERROR
    value = read_json(answer.body)
    found = value.get("provider_id") if isinstance(value, dict) else None
    if not isinstance(found, str) or not is_provider_id(found):
        return Code.PROVIDER_UNREADABLE
    return Profile(found, person_name(value.get("first_name")), person_name(value.get("last_name")))
