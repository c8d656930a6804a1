"""GoHighLevel's own records: what was sent through the API, and what a contact wrote.

Sources: the OpenAPI files of HighLevel's public API documentation repository, and users' reports
where that is said.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from system_sender.answers import read_json
from system_sender.email_address import to_address
from system_sender.finding import COULD_NOT_LOOK, Fetch, Found, Seen, Sought
from system_sender.inbound_fields import is_identifier_text, iso_time, kept_identifier
from system_sender.letter import Access
from system_sender.matching import same_text
from system_sender.transport import Answer, NoAnswer, Request

# The only value of the header in the published specification.
_VERSION: Final = "2021-04-15"

# The window of a look-up is minutes wide; more than this in it is no ordinary conversation.
_PAGE = 100
_MOST_PAGES = 5
_MOST_MAILS = 20


def headers(token: str) -> dict[str, str]:
    """Return the headers that every request to HighLevel's API needs."""
    return {
        "Authorization": f"Bearer {token}",
        "Version": _VERSION,
        "Accept": "application/json",
    }


# --- look-up of what was sent --------------------------------------------------------------------


def find(access: Access, sought: Sought, fetch: Fetch) -> Seen:
    """Look through the contact's messages of the channel for what the API sent.

    Only `source` "api" counts, so that a person's copy of the text in HighLevel's own app does
    not. What was accepted shows up late: a user reports 5 to 10 seconds.
    """
    if not sought.letter.contact_id:
        return COULD_NOT_LOOK
    try:
        return Seen(looked=True, found=tuple(_Search(access, sought, fetch).found()))
    except _Unreadable:
        return COULD_NOT_LOOK


class _Unreadable(Exception):
    """A request of the look-up failed, or its answer cannot be read, or there is too much."""


class _Search:
    """One look-up: the pages of a contact's messages and, where needed, single e-mails."""

    def __init__(self, access: Access, sought: Sought, fetch: Fetch) -> None:
        self._access = access
        self._sought = sought
        self._letter = sought.letter
        self._fetch = fetch
        self._mails_read = 0

    def found(self) -> list[Found]:
        """Return each message once that may be the one that is sought."""
        is_email = self._letter.channel == "email"
        found = [
            one
            for row in self._rows()
            for one in (self._in_thread(row) if is_email else self._in_row(row))
        ]
        return list({one.provider_message_id: one for one in found}.values())

    def _rows(self) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page, cursor = _page(self._fetch(self._export(cursor)))
            rows += page
            if cursor is None:
                return rows
        raise _Unreadable

    def _export(self, cursor: str | None) -> Request:
        query = {
            "locationId": self._access.account,
            "contactId": str(self._letter.contact_id),
            # Without a channel, e-mails are left out and activity rows mixed in.
            "channel": "Email" if self._letter.channel == "email" else "SMS",
            "startDate": str(self._sought.since),
            "endDate": str(self._sought.until),
            "limit": str(_PAGE),
            "sortBy": "createdAt",
            "sortOrder": "asc",
        }
        if cursor is not None:
            query["cursor"] = cursor
        url = f"{self._access.base_url}/conversations/messages/export"
        return Request("GET", url, headers(self._access.token), query=query)

    def _in_row(self, row: Mapping[str, Any], message_id: str | None = None) -> Iterator[Found]:
        """Give the row if it is ours, of this time, to this recipient, and holds our text."""
        if not (_is_ours(row) and self._holds_our_text(row) and self._went_to_them(row)):
            return
        at = iso_time(row.get("dateAdded"))
        if at is None:
            raise _Unreadable
        if self._sought.since <= at <= self._sought.until:
            yield Found(message_id or _row_id(row), at, kept_identifier(row.get("conversationId")))

    def _in_thread(self, row: Mapping[str, Any]) -> Iterator[Found]:
        """Give the e-mails of a row: it may stand for a whole thread, and lack their texts."""
        ids = _mail_ids(row)
        if len(ids) < 2:
            if not _is_ours(row):
                return
            if self._holds_our_text(row):
                yield from self._in_row(row, *ids)
                return
        for mail_id in ids or [_row_id(row)]:
            mail = self._mail(mail_id)
            source = mail.get("source") or row.get("source")
            yield from self._in_row({**mail, "source": source}, mail_id)

    def _mail(self, mail_id: str) -> Mapping[str, Any]:
        self._mails_read += 1
        if self._mails_read > _MOST_MAILS:
            raise _Unreadable
        url = f"{self._access.base_url}/conversations/messages/email/{mail_id}"
        mail = _object(self._fetch(Request("GET", url, headers(self._access.token))))
        if not isinstance(mail.get("direction"), str):
            raise _Unreadable
        return mail

    def _holds_our_text(self, row: Mapping[str, Any]) -> bool:
        body = row.get("body")
        if not isinstance(body, str):
            return False
        if same_text(self._letter.text, body):
            return True
        return self._letter.channel == "email" and same_text(self._letter.text, body, html=True)

    def _went_to_them(self, row: Mapping[str, Any]) -> bool:
        """Believe the list of recipients where an e-mail has one; a text went to the contact."""
        to = row.get("to")
        if self._letter.channel != "email" or not isinstance(to, list) or not to:
            return True
        return self._letter.to in {to_address(one) for one in to if isinstance(one, str)}


def _object(answer: Answer | NoAnswer) -> Mapping[str, Any]:
    if isinstance(answer, NoAnswer) or answer.status != 200:
        raise _Unreadable
    value = read_json(answer.body)
    if not isinstance(value, dict):
        raise _Unreadable
    return value


def _page(answer: Answer | NoAnswer) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return a page's rows, and the cursor of the next page if there is one.

    The specification has the list at the top; answers were seen with it one level deeper.
    """
    value = _object(answer)
    inner = value.get("messages")
    nested = inner if isinstance(inner, dict) else {}
    rows = nested.get("messages") if nested else inner
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _Unreadable
    cursor = value.get("nextCursor") or nested.get("nextCursor")
    if not cursor or not rows:
        if rows and nested.get("nextPage") is True:
            raise _Unreadable
        return rows, None
    if not isinstance(cursor, str):
        raise _Unreadable
    return rows, cursor


def _is_ours(row: Mapping[str, Any]) -> bool:
    return row.get("direction") == "outbound" and row.get("source") == "api"


def _row_id(row: Mapping[str, Any]) -> str:
    value = row.get("id")
    if not is_identifier_text(value):
        raise _Unreadable
    return str(value)


def _mail_ids(row: Mapping[str, Any]) -> list[str]:
    """Return the ids of the e-mails that a row names; a row may also be the e-mail itself."""
    meta = row.get("meta")
    email = meta.get("email") if isinstance(meta, dict) else None
    ids = email.get("messageIds") if isinstance(email, dict) else None
    if not ids:
        return []
    # They become part of a path.
    if not isinstance(ids, list) or not all(is_identifier_text(one) for one in ids):
        raise _Unreadable
    return ids


# --- look-up of inbound messages -----------------------------------------------------------------


def inbound_request(
    *, base_url: str, token: str, location_id: str, contact_id: str, since: int
) -> Request:
    """Return the request that lists a contact's latest text messages since a time (epoch ms, UTC).

    The endpoint's smallest page is 10; leaving the channel out would mix in activity rows. One page
    is read, the newest first: of a busy contact, the oldest may be left out.
    """
    return Request(
        "GET",
        f"{base_url}/conversations/messages/export",
        headers(token),
        query={
            "locationId": location_id,
            "contactId": contact_id,
            "channel": "SMS",
            "startDate": str(since),
            "limit": str(_PAGE),
            "sortBy": "createdAt",
            "sortOrder": "desc",
        },
    )


def inbound_message_ids(answer: Answer | NoAnswer, text: str) -> list[str] | None:
    """Return the ids of the listed inbound messages with this text, oldest first.

    A picture without a word may be listed without a body.

    Returns None when nobody could look, which is not the same as an empty list.
    """
    if isinstance(answer, NoAnswer) or answer.status != 200:
        return None
    value = read_json(answer.body)
    rows = value.get("messages") if isinstance(value, dict) else None
    if isinstance(rows, dict):
        rows = rows.get("messages")
    if not isinstance(rows, list):
        return None
    same = [
        row
        for row in rows
        if isinstance(row, dict)
        and row.get("direction") == "inbound"
        and isinstance(row.get("body"), str | None)
        and " ".join((row.get("body") or "").split()) == " ".join(text.split())
        and is_identifier_text(row.get("id"))
    ]
    same.sort(key=lambda row: str(row.get("dateAdded", "")))
    return [row["id"] for row in same]
