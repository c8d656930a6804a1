"""SmartLead: answers by e-mail in a campaign's conversation, and the history of what left.

Its webhooks are read in :mod:`system_sender.providers.smartlead_events`.

Sources: the two published API references, which contradict each other in places; the provider's
own command line tool; users' reports. Unconfirmed is what only the last of these, or none, say.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
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
from system_sender.inbound_fields import iso_time
from system_sender.letter import Access, Letter
from system_sender.matching import same_text
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest, smartlead_events
from system_sender.transport import Answer, NoAnswer, Request

_ROUTE = "send"

# A user reports that only an agent like a browser's is let in; the provider's own tool sends its
# own name. Unconfirmed, so it is both.
_HEADERS = {
    "Accept": "application/json",
    "User-Agent": "Mozilla/5.0 (compatible; system-sender)",
}

# The first text is in a copy of the published reference.
_TABLE = AnswerTable(
    errors=(ErrorText("invalid email_stats_id", Code.THREAD_NOT_FOUND),),
    duplicates=("duplicate",),
    statuses={402: Code.PAYMENT_REQUIRED, 404: Code.THREAD_NOT_FOUND},
)
# Its limits are counted by the minute, so a shorter wait would mostly be refused again.
_RATE_WINDOW_SECONDS = 60

# What a row is named by has to fit into a key.
_EVIDENCE = re.compile(r"[!-~]{1,250}")


class SmartLead:
    """Answers a lead in a campaign. It cannot begin a conversation, and has no idempotency key.

    The handles of a conversation: `campaign_id`, `stats_id`, `message_id` (of the message that is
    answered), `mailbox` (ours, that it came to), and `lead_id`, which only the look-up needs.
    """

    name = smartlead_events.NAME
    base_url: str | None = "https://server.smartlead.ai"

    # --- sending ---

    def refusal(self, letter: Letter) -> Code | None:
        """Return NO_THREAD for a letter that answers nothing."""
        handles = ("campaign_id", "stats_id", "message_id")
        if letter.answered_at is None or not all(letter.handles.get(name) for name in handles):
            return Code.NO_THREAD
        return None

    def routes(self, access: Access, letter: Letter) -> Sequence[str]:  # noqa: ARG002
        """Return the only way: an answer in the thread."""
        return (_ROUTE,)

    def send_request(self, access: Access, letter: Letter) -> Request:
        """Return the request that answers in the thread, from the mailbox the thread is in.

        The subject is the thread's: the published request has no field for one. The older
        reference requires the three `reply_` fields. Without `to_email` the answer would go to
        the campaign's lead, whoever wrote (the published reference, and a user's report).
        """
        body = {
            "email_stats_id": letter.handles["stats_id"],
            "email_body": to_html(letter.text),
            "reply_message_id": letter.handles["message_id"],
            "reply_email_time": _iso(letter.answered_at or 0),
            "reply_email_body": to_html(letter.answered_text),
            "to_email": letter.to,
            # What leaves is what was approved; a signature was not.
            "add_signature": False,
        }
        if letter.cc:
            body["cc"] = ",".join(letter.cc)
        if letter.bcc:
            body["bcc"] = ",".join(letter.bcc)
        return Request(
            "POST",
            f"{access.base_url}/api/v1/campaigns/{letter.handles['campaign_id']}"
            "/reply-email-thread",
            _HEADERS | {"Content-Type": "application/json"},
            json.dumps(body, ensure_ascii=False).encode(),
            query={"api_key": access.token},
        )

    def outcome(self, answer: Answer | NoAnswer, now: int, letter: Letter) -> Outcome:
        """Say what an answer means; see :mod:`system_sender.answers` for the table.

        A success never names the message: {"ok": true, "data": "success"} in one reference,
        {"success": true, "message": ...} in another.
        """
        if isinstance(answer, NoAnswer):
            return without_answer(answer, now)
        if not 200 <= answer.status < 300:
            return _rate_limit_aware(refusal(answer, _TABLE, now, text=letter.text), answer, now)
        value = read_json(answer.body)
        if not isinstance(value, dict):
            # The provider's own tool puts up with an empty 2xx from any endpoint, but nothing
            # says that this one answers so when it has sent. The history tells.
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)
        if says_it_failed(value):
            if value.get("ok") is True or value.get("success") is True:
                # It says both: believe neither.
                return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
            return refusal(answer, _TABLE, now, text=letter.text)
        return Outcome(OutcomeKind.SENT, Code.SENT)

    def find(self, access: Access, sought: Sought, fetch: Fetch) -> Seen:
        """Look through the lead's history in the campaign, which is not paged.

        How soon an answer sent by the API appears there is unconfirmed.
        """
        handles = sought.letter.handles
        campaign = handles.get("campaign_id")
        lead = handles.get("lead_id") or sought.letter.contact_id
        if not campaign or not lead:
            return COULD_NOT_LOOK
        answer = fetch(
            Request(
                "GET",
                f"{access.base_url}/api/v1/campaigns/{campaign}/leads/{lead}/message-history",
                _HEADERS,
                query={"api_key": access.token, "event_time_gt": _iso(sought.since - 1)},
            )
        )
        rows = _history(answer)
        if rows is None:
            return COULD_NOT_LOOK
        found: dict[str, Found] = {}
        for row in rows:
            if not _is_ours(row):
                continue
            match = _judge(row, sought, f"{campaign}-{lead}")
            if match is None:
                return COULD_NOT_LOOK
            found |= {each.provider_message_id: each for each in match}
        return Seen(looked=True, found=tuple(found.values()))

    # --- webhooks ---

    def authenticate(
        self,
        request: SignedRequest,
        secret: Callable[[], str | None],
        keys: Sequence[str],  # noqa: ARG002
    ) -> str:
        """Check the shared secret, which is in the body or in a header."""
        return smartlead_events.authenticate(request, secret)

    def parse_event(self, kind: str, body: Mapping[str, Any], now: int) -> InboundEvent:  # noqa: ARG002
        """Read an event; there is one kind of webhook."""
        return smartlead_events.parse_event(body)


PROVIDER = SmartLead()


def _iso(at: int) -> str:
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _rate_limit_aware(outcome: Outcome, answer: Answer, now: int) -> Outcome:
    """Take the wait from the body, where the published error has it, if no header names one."""
    if outcome.code is not Code.RATE_LIMITED or "retry-after" in answer.headers:
        return outcome
    value = read_json(answer.body)
    error = value.get("error") if isinstance(value, dict) else None
    asked = error.get("retry_after") if isinstance(error, dict) else None
    seconds = asked if type(asked) is int and 0 <= asked < 10**9 else _RATE_WINDOW_SECONDS
    wait = retry_after({"retry-after": str(seconds)}, now, default=seconds * 1000)
    return Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=now + wait)


# --- look-up -------------------------------------------------------------------------------------


def _history(answer: Answer | NoAnswer) -> list[Mapping[str, Any]] | None:
    """Return the rows of a history, or None when it cannot be read.

    {"history": [...]} is what users see; {"messages": [...]}, {"data": [...]} and a bare list
    are in references and in others' code.
    """
    if isinstance(answer, NoAnswer) or answer.status != 200:
        return None
    value = read_json(answer.body)
    if isinstance(value, dict):
        if says_it_failed(value):
            return None
        value = next((value[key] for key in ("history", "messages", "data") if key in value), None)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        return None
    return value


def _is_ours(row: Mapping[str, Any]) -> bool:
    """Say whether a row left, by either spelling.

    Rows of campaign mail are said to have an `email_seq_number` and answers none; that is
    unconfirmed, so the text decides.
    """
    kind, direction = row.get("type"), row.get("direction")
    return str(kind).upper() == "SENT" or str(direction).lower() == "outbound"


def _judge(row: Mapping[str, Any], sought: Sought, conversation: str) -> list[Found] | None:
    """Return the row as found, or nothing if it is another message; None if it cannot be told."""
    at = iso_time(row.get("time") or row.get("sent_at"))
    if at is not None and not sought.since <= at <= sought.until:
        return []
    text = next((row[key] for key in ("email_body", "body") if isinstance(row.get(key), str)), None)
    if text is None:
        return None
    if not _same(sought.letter.text, text):
        return []
    # A message with our text and no readable time may be ours or an older one.
    return None if at is None else [Found(_evidence_id(row, at, conversation), at)]


def _same(ours: str, theirs: str) -> bool:
    """Compare with the body as HTML and as the plain text that another form of the list has."""
    return same_text(ours, theirs, html=True) or same_text(ours, theirs)


def _evidence_id(row: Mapping[str, Any], at: int, conversation: str) -> str:
    """Name a row by more than its message id, which an answer may share with what it answers."""
    message = row.get("message_id")
    known = isinstance(message, str) and _EVIDENCE.fullmatch(message)
    return f"{message if known else conversation}:SENT:{at}"
