"""Instantly, API v2: answers by e-mail in a campaign's conversation, and the list of what left.

Its webhooks are read in :mod:`system_sender.providers.instantly_events`.

Source: the published API reference. The bodies of errors are not in it, so the status decides.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from system_sender.answers import AnswerTable, read_json, refusal, says_it_failed, without_answer
from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.email_text import to_html
from system_sender.finding import COULD_NOT_LOOK, Fetch, Found, Seen, Sought
from system_sender.inbound import InboundEvent
from system_sender.inbound_fields import is_identifier_text, iso_time, optional_text
from system_sender.letter import Access, Letter
from system_sender.matching import same_text
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest, instantly_events
from system_sender.transport import Answer, NoAnswer, Request

_ROUTE = "send"

_TABLE = AnswerTable(
    errors=(),
    duplicates=("duplicate",),
    statuses={402: Code.PAYMENT_REQUIRED, 404: Code.THREAD_NOT_FOUND},
)

# Listing e-mails is limited to 20 requests a minute for the whole workspace.
_MOST_PAGES = 3
# Each row has the whole thread quoted, twice, and what is too large to read cannot be looked at.
_PAGE = 10
# What the list calls a message that was written by hand or by the API; 1 is campaign mail, 2 was
# received, 4 is scheduled.
_WRITTEN = 3


class Instantly:
    """Answers a lead in a campaign. It cannot begin a conversation, and has no idempotency key.

    The handles of a conversation: `email_id` (of the message that is answered), `mailbox` (ours,
    that it came to) and `lead` (the lead's address, as Instantly writes it).
    """

    name = instantly_events.NAME
    base_url: str | None = "https://api.instantly.ai"

    # --- sending ---

    def refusal(self, letter: Letter) -> Code | None:
        """Return NO_THREAD for a letter that answers nothing, or somebody else.

        Instantly itself addresses an answer, to whom it was written by; no field can say
        otherwise. A letter to another person than that would reach the wrong one.
        """
        handles = letter.handles
        if not handles.get("email_id") or not handles.get("mailbox"):
            return Code.NO_THREAD
        return None if to_address(handles.get("lead")) == letter.to else Code.NO_THREAD

    def routes(self, access: Access, letter: Letter) -> Sequence[str]:  # noqa: ARG002
        """Return the only way: an answer in the thread."""
        return (_ROUTE,)

    def send_request(self, access: Access, letter: Letter) -> Request:
        """Return the request that answers in the thread, from the mailbox the thread is in.

        The published reference requires a subject.
        """
        body: dict[str, Any] = {
            "eaccount": letter.handles["mailbox"],
            "reply_to_uuid": letter.handles["email_id"],
            "subject": letter.subject or "",
            "body": {"html": to_html(letter.text), "text": letter.text},
        }
        if letter.cc:
            body["cc_address_email_list"] = ",".join(letter.cc)
        if letter.bcc:
            body["bcc_address_email_list"] = ",".join(letter.bcc)
        return Request(
            "POST",
            f"{access.base_url}/api/v2/emails/reply",
            _headers(access) | {"Content-Type": "application/json"},
            json.dumps(body, ensure_ascii=False).encode(),
        )

    def outcome(self, answer: Answer | NoAnswer, now: int, letter: Letter) -> Outcome:
        """Say what an answer means; see :mod:`system_sender.answers` for the table."""
        if isinstance(answer, NoAnswer):
            return without_answer(answer, now)
        if not 200 <= answer.status < 300:
            return refusal(answer, _TABLE, now, text=letter.text)
        value = read_json(answer.body)
        if not isinstance(value, dict):
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)
        message_id = _id(value.get("id"))
        if says_it_failed(value):
            if message_id is not None:
                # It names the message that it says it did not send: believe neither.
                return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
            return refusal(answer, _TABLE, now, text=letter.text)
        return Outcome(
            OutcomeKind.SENT,
            Code.SENT,
            provider_message_id=message_id,
            provider_thread_id=_id(value.get("thread_id")),
        )

    def find(self, access: Access, sought: Sought, fetch: Fetch) -> Seen:
        """Look through the e-mails between the lead and our mailbox, newest first."""
        lead, mailbox = sought.letter.handles.get("lead"), sought.letter.handles.get("mailbox")
        if not lead or not mailbox:
            return COULD_NOT_LOOK
        found: list[Found] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = _page(fetch(_list_request(access, lead, mailbox, cursor)))
            if page is None:
                return COULD_NOT_LOOK
            for row in page.rows:
                match = _judge(row, sought, mailbox)
                if match is None:
                    return COULD_NOT_LOOK
                found += match
            cursor = page.next
            if cursor is None or page.ends_before(sought.since):
                return Seen(looked=True, found=tuple(dict.fromkeys(found)))
        return COULD_NOT_LOOK

    # --- webhooks ---

    def authenticate(
        self,
        request: SignedRequest,
        secret: Callable[[], str | None],
        keys: Sequence[str],  # noqa: ARG002
    ) -> str:
        """Check the shared secret, which is in a header."""
        return instantly_events.authenticate(request, secret)

    def parse_event(self, kind: str, body: Mapping[str, Any], now: int) -> InboundEvent:  # noqa: ARG002
        """Read an event; there is one kind of webhook."""
        return instantly_events.parse_event(body)


PROVIDER = Instantly()


def _headers(access: Access) -> dict[str, str]:
    return {"Authorization": f"Bearer {access.token}", "Accept": "application/json"}


def _id(value: Any) -> str | None:
    return str(value) if is_identifier_text(value) else None


# --- look-up -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of the list, newest first, and where the next one begins."""

    rows: Sequence[Mapping[str, Any]]
    next: str | None

    def ends_before(self, since: int) -> bool:
        """Say whether what follows can only be older than that."""
        at = iso_time(self.rows[-1].get("timestamp_created")) if self.rows else None
        return at is not None and at < since


def _list_request(access: Access, lead: str, mailbox: str, cursor: str | None) -> Request:
    query = {"lead": lead, "eaccount": mailbox, "sort_order": "desc", "limit": str(_PAGE)}
    return Request(
        "GET",
        f"{access.base_url}/api/v2/emails",
        _headers(access),
        query=query if cursor is None else query | {"starting_after": cursor},
    )


def _page(answer: Answer | NoAnswer) -> _Page | None:
    if isinstance(answer, NoAnswer) or answer.status != 200:
        return None
    value = read_json(answer.body)
    if not isinstance(value, dict) or says_it_failed(value):
        return None
    rows, cursor = value.get("items"), value.get("next_starting_after")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    if cursor is not None and not isinstance(cursor, str):
        return None
    return _Page(rows, cursor or None)


def _judge(row: Mapping[str, Any], sought: Sought, mailbox: str) -> list[Found] | None:
    """Return the row as found, or nothing if it is another message; None if it cannot be told."""
    kind, sender = row.get("ue_type"), row.get("eaccount")
    if isinstance(kind, int) and kind != _WRITTEN:
        return []
    if isinstance(sender, str) and not _same(sender, mailbox):
        return []
    # The mailbox's own server sets the other time, `timestamp_email`.
    at = iso_time(row.get("timestamp_created"))
    if at is not None and not sought.since <= at <= sought.until:
        return []
    matches = _has_text(row.get("body"), sought.letter.text)
    if matches is False:
        return []
    message_id = _id(row.get("id"))
    if matches is None or at is None or message_id is None or kind is None:
        return None
    return [Found(message_id, at, _id(row.get("thread_id")))]


def _has_text(body: Any, text: str) -> bool | None:
    """Say whether a row's body is this text; None if it has neither text nor HTML."""
    if not isinstance(body, dict):
        return None
    plain, html = optional_text(body.get("text")), optional_text(body.get("html"))
    if plain is None and html is None:
        return None
    if plain is not None and same_text(text, plain):
        return True
    return html is not None and same_text(text, html, html=True)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
