"""EmailBison: answers by e-mail from one of a workspace's mailboxes, and the folder of what left.

Its webhooks are read in :mod:`system_sender.providers.emailbison_events`.

Sources: the provider's pages, a copy of its published API description, and users' reports.
Unconfirmed is what only the last of these, or none, say.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from system_sender.answers import (
    AnswerTable,
    ErrorText,
    read_json,
    refusal,
    retry_after,
    says_it_failed,
    without_answer,
)
from system_sender.codes import Code
from system_sender.email_text import to_html
from system_sender.finding import COULD_NOT_LOOK, Fetch, Found, Seen, Sought
from system_sender.inbound import InboundEvent
from system_sender.inbound_fields import is_identifier_text, iso_time
from system_sender.letter import Access, Letter
from system_sender.matching import same_text
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest, emailbison_events
from system_sender.transport import Answer, NoAnswer, Request

_ROUTE = "sender:"

# The first two are what a user reports and what its framework says by default; the others are
# unconfirmed. Each names the mailbox, so that nothing else can be meant.
_MAILBOX_REFUSED = (
    "sender email id is invalid",
    "invalid sender email id",
    "sender email is invalid",
    "sender email is disconnected",
    "sender email is not connected",
    "sender email account is disconnected",
    "sender email account is not connected",
)
_TABLE = AnswerTable(
    errors=tuple(ErrorText(text, Code.SENDER_UNHEALTHY) for text in _MAILBOX_REFUSED),
    duplicates=("duplicate",),
    statuses={402: Code.PAYMENT_REQUIRED, 404: Code.THREAD_NOT_FOUND},
)

# Of 15 messages, as its framework has it by default. A lead with more answers is rare.
_MOST_PAGES = 10


class EmailBison:
    """Answers a reply. It has no idempotency key.

    The handles of a conversation: `reply_id` and `sender_email_id` (our mailbox that it came to),
    which an answer needs; `mailbox` (that mailbox's address); `lead_id`, which only the look-up
    needs; `campaign_id`.
    """

    name = emailbison_events.NAME
    base_url: str | None = None

    # --- sending ---

    def refusal(self, letter: Letter) -> Code | None:
        """Return NO_THREAD for a letter that answers nothing, or nobody knows from where."""
        handles = (letter.handles.get(name, "") for name in ("reply_id", "sender_email_id"))
        return None if all(map(_is_number, handles)) else Code.NO_THREAD

    def routes(self, access: Access, letter: Letter) -> Sequence[str]:
        """Return the mailbox that was written to, and then those that may stand in for it."""
        senders = (letter.handles["sender_email_id"], *filter(_is_number, access.senders))
        return tuple(dict.fromkeys(_ROUTE + sender for sender in senders))

    def send_request(self, access: Access, letter: Letter) -> Request:
        """Return the request that answers the reply from the route's mailbox.

        The published description requires little of this, the provider's page more: all is sent.
        `subject` is in neither; a user reports that it is taken.
        """
        body = {
            "message": to_html(letter.text),
            "sender_email_id": int(letter.route.removeprefix(_ROUTE)),
            # An address is called "address" where it is read.
            "to_emails": [{"name": letter.to_name, "email_address": letter.to}],
            "cc_emails": _people(letter.cc),
            "bcc_emails": _people(letter.bcc),
            "subject": letter.subject,
            # It would copy the lead's signature and links into what was approved.
            "inject_previous_email_body": False,
            "content_type": "html",
        }
        return Request(
            "POST",
            f"{access.base_url}/api/replies/{letter.handles['reply_id']}/reply",
            _headers(access) | {"Content-Type": "application/json"},
            json.dumps(body, ensure_ascii=False).encode(),
        )

    def outcome(self, answer: Answer | NoAnswer, now: int, letter: Letter) -> Outcome:
        """Say what an answer means; see :mod:`system_sender.answers` for the table.

        A success is {"data": {"success": true, "message": ..., "reply": {"id": ...}}} (a copy of
        the published description). How refusals look is unconfirmed.
        """
        if isinstance(answer, NoAnswer):
            return without_answer(answer, now)
        if not 200 <= answer.status < 300:
            return _refused(answer, now, letter)
        value = read_json(answer.body)
        if not isinstance(value, dict):
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)
        data = value.get("data")
        inner = data if isinstance(data, dict) else {}
        sent = _row_id(inner.get("reply"))
        failed = next((each for each in (value, inner) if says_it_failed(each)), None)
        if failed is None:
            return Outcome(OutcomeKind.SENT, Code.SENT, provider_message_id=sent)
        if sent is not None or value.get("success") is True or inner.get("success") is True:
            # It says both: believe neither.
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
        return _refused(replace(answer, body=json.dumps(failed).encode()), now, letter)

    def find(self, access: Access, sought: Sought, fetch: Fetch) -> Seen:
        """Look through all that was sent to the lead, by any mailbox, up to 10 pages.

        Campaign mail is in another list. How soon an answer appears here is unconfirmed.
        """
        lead = sought.letter.handles.get("lead_id") or sought.letter.contact_id
        if not lead:
            return COULD_NOT_LOOK
        found: dict[str, Found] = {}
        for page in range(1, _MOST_PAGES + 1):
            rows, more = _page(fetch(_page_request(access, lead, page)), page)
            if rows is None:
                return COULD_NOT_LOOK
            for row in rows:
                match = _judge(row, sought)
                if match is None:
                    return COULD_NOT_LOOK
                found |= {each.provider_message_id: each for each in match}
            if not more:
                return Seen(looked=True, found=tuple(found.values()))
        return COULD_NOT_LOOK

    # --- webhooks ---

    def authenticate(
        self,
        request: SignedRequest,
        secret: Callable[[], str | None],
        keys: Sequence[str],  # noqa: ARG002
    ) -> str:
        """Check the shared secret, which is in the query or in a header."""
        return emailbison_events.authenticate(request, secret)

    def parse_event(self, kind: str, body: Mapping[str, Any], now: int) -> InboundEvent:  # noqa: ARG002
        """Read an event; there is one kind of webhook."""
        return emailbison_events.parse_event(body)


PROVIDER = EmailBison()


def _headers(access: Access) -> dict[str, str]:
    return {"Accept": "application/json", "Authorization": f"Bearer {access.token}"}


def _people(addresses: Sequence[str]) -> list[dict[str, str | None]]:
    return [{"name": None, "email_address": address} for address in addresses]


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= 18


def _row_id(row: Any) -> str | None:
    value = row.get("id") if isinstance(row, dict) else None
    text = str(value) if type(value) is int else value
    return text if is_identifier_text(text) else None


# --- refusals ------------------------------------------------------------------------------------


def _refused(answer: Answer, now: int, letter: Letter) -> Outcome:
    sent = f"{letter.subject or ''}\n{letter.text}"
    outcome = refusal(answer, _TABLE, now, text=sent)
    if outcome.code is Code.SENDER_UNHEALTHY:
        if answer.status >= 500:
            # A broken server's word is not definite, whatever it says.
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
        # Nothing left, and another mailbox of the workspace may still send it.
        return Outcome(OutcomeKind.NOT_SENT, Code.SENDER_UNHEALTHY, next_route=True)
    if outcome.code is Code.RATE_LIMITED and "retry-after" not in answer.headers:
        return _limited(answer, now) or outcome
    return outcome


def _limited(answer: Answer, now: int) -> Outcome | None:
    """Take the wait from the body, where the published example has it."""
    value = read_json(answer.body)
    asked = value.get("retry_after") if isinstance(value, dict) else None
    if type(asked) is not int or not 0 <= asked < 10**9:
        return None
    wait = retry_after({"retry-after": str(asked)}, now, default=0)
    return Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=now + wait)


# --- look-up -------------------------------------------------------------------------------------


def _page_request(access: Access, lead: str, page: int) -> Request:
    return Request(
        "GET",
        f"{access.base_url}/api/leads/{lead}/replies",
        _headers(access),
        query={"filters[folder]": "sent", "page": str(page)},
    )


def _page(answer: Answer | NoAnswer, page: int) -> tuple[list[Mapping[str, Any]] | None, bool]:
    """Return the rows of a page, None if it cannot be read, and whether another one follows.

    The next page is asked for by its number: its address in `links` may name another host.
    """
    if isinstance(answer, NoAnswer) or answer.status != 200:
        return None, False
    value = read_json(answer.body)
    if not isinstance(value, dict) or says_it_failed(value):
        return None, False
    rows, links, meta = value.get("data"), value.get("links") or {}, value.get("meta") or {}
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None, False
    if not isinstance(links, dict) or not isinstance(meta, dict):
        return None, False
    if meta.get("current_page", page) != page:
        return None, False
    last = meta.get("last_page")
    return rows, bool(links.get("next")) or (type(last) is int and last > page)


def _judge(row: Mapping[str, Any], sought: Sought) -> list[Found] | None:
    """Return the row as found, or nothing if it is another message; None if it cannot be told."""
    if not _is_ours(row) or not _is_this_conversation(row, sought.letter):
        return []
    at = iso_time(row.get("date_received")) or iso_time(row.get("created_at"))
    if at is not None and not sought.since <= at <= sought.until:
        return []
    html, text = row.get("html_body"), row.get("text_body")
    if not isinstance(html, str) and not isinstance(text, str):
        return None
    ours = sought.letter.text
    same = (isinstance(html, str) and same_text(ours, html, html=True)) or (
        isinstance(text, str) and same_text(ours, text)
    )
    if not same:
        return []
    name = _row_id(row)
    # A message with our text and no readable time may be ours or an older one.
    return None if at is None or name is None else [Found(name, at)]


def _is_ours(row: Mapping[str, Any]) -> bool:
    """Say whether a row left. The type of an answer by the API is "Untracked Reply"."""
    folder = row.get("folder")
    if isinstance(folder, str):
        return folder.strip().lower() == "sent"
    return "outgoing" in str(row.get("type")).lower()


def _is_this_conversation(row: Mapping[str, Any], letter: Letter) -> bool:
    """Compare what it answers, or to whom it went where the list does not tell (unconfirmed)."""
    parent = row.get("parent_id")
    if isinstance(parent, int | str):
        return str(parent) == letter.handles.get("reply_id")
    to = emailbison_events.addresses(row.get("to"))
    to = to or emailbison_events.addresses([row.get("primary_to_email_address")])
    return not to or letter.to.lower() in to
