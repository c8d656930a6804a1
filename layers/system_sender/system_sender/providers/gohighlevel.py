"""GoHighLevel (LeadConnector): text messages and e-mails out.

Its webhooks are read in :mod:`system_sender.providers.gohighlevel_events`, its records in
:mod:`system_sender.providers.gohighlevel_records`.

Sources: the OpenAPI files of HighLevel's public API documentation repository, and users' reports
where that is said. What is marked unconfirmed was not seen in the published files.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from system_sender.answers import (
    AnswerTable,
    ErrorText,
    is_number,
    read_json,
    refusal,
    retry_after,
    says_it_failed,
    without_answer,
)
from system_sender.codes import Code
from system_sender.email_text import to_html
from system_sender.finding import Fetch, Seen, Sought
from system_sender.inbound import InboundEvent
from system_sender.inbound_fields import kept_identifier
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest
from system_sender.providers.gohighlevel_events import (
    EMAIL_MESSAGE_ID,
    EVERY_CHANNEL,
    MARKETPLACE,
    NAME,
    THREAD_ID,
    WORKFLOW,
    authenticate,
    parse_marketplace_event,
    parse_workflow_event,
    verify_signature,
)
from system_sender.providers.gohighlevel_records import (
    find,
    headers,
    inbound_message_ids,
    inbound_request,
)
from system_sender.transport import Answer, NoAnswer, Request

__all__ = [
    "EVERY_CHANNEL",
    "MARKETPLACE",
    "NAME",
    "PROVIDER",
    "WORKFLOW",
    "GoHighLevel",
    "inbound_message_ids",
    "inbound_request",
    "parse_marketplace_event",
    "parse_workflow_event",
    "verify_signature",
]

_ROUTE = "send"

# HighLevel answers business refusals as 400 or 422, and by report also as a 5xx, so the text
# decides. The wording is as seen in its answers; that of the two about an
# e-mail address is unconfirmed, and so is that the first two are the same for e-mail.
_TABLE = AnswerTable(
    errors=(
        ErrorText("has unsubscribed", Code.UNSUBSCRIBED, suppress=True),
        ErrorText("dnd is active", Code.DO_NOT_DISTURB, suppress=True),
        ErrorText("missing phone number", Code.MISSING_PHONE),
        ErrorText("invalid country calling code", Code.INVALID_PHONE),
        ErrorText("invalid phone", Code.INVALID_PHONE),
        ErrorText("missing email", Code.MISSING_EMAIL),
        ErrorText("invalid email", Code.INVALID_EMAIL),
        ErrorText("contact not found", Code.CONTACT_NOT_FOUND),
    ),
    duplicates=("duplicate",),
    statuses={404: Code.CONTACT_NOT_FOUND, 402: Code.PAYMENT_REQUIRED},
)
# Search and export answer 429 with these words when their own cursors run out; sooner is useless.
_OVERLOADED = (b"point in time", b"max_open_pit_context")
_OVERLOAD_WAIT = 30_000
_DAY_LIMIT_WAIT = 3_600_000


class GoHighLevel:
    """Sends to a contact. HighLevel has no idempotency key, so each request counts.

    The handles of an e-mail conversation: `email_message_id` of the mail that is answered, and
    `thread_id`. A text message needs none: a contact has one conversation.
    """

    name = NAME
    base_url: str | None = "https://services.leadconnectorhq.com"

    # --- sending ---

    def refusal(self, letter: Letter) -> Code | None:
        """Return MISSING_CONTACT for a lead whose contact is not known: all is sent by contact."""
        return None if letter.contact_id else Code.MISSING_CONTACT

    def routes(self, access: Access, letter: Letter) -> Sequence[str]:  # noqa: ARG002
        """Return the only way; HighLevel picks the number or mailbox to send from."""
        return (_ROUTE,)

    def send_request(self, access: Access, letter: Letter) -> Request:
        """Return the request that sends one text or one e-mail to one contact."""
        body = _email_body(letter) if letter.channel == "email" else _sms_body(letter)
        return Request(
            "POST",
            f"{access.base_url}/conversations/messages",
            headers(access.token) | {"Content-Type": "application/json"},
            json.dumps(body, ensure_ascii=False).encode(),
        )

    def outcome(self, answer: Answer | NoAnswer, now: int, letter: Letter) -> Outcome:
        """Say what an answer means; see :mod:`system_sender.answers` for the table."""
        if isinstance(answer, NoAnswer):
            return without_answer(answer, now)
        sent = f"{letter.subject or ''}\n{letter.text}"
        if not 200 <= answer.status < 300:
            return _rate_limit_aware(refusal(answer, _TABLE, now, text=sent), answer, now)
        value = read_json(answer.body)
        if not isinstance(value, dict):
            # An empty 201 of a sibling endpoint was seen to mean that nothing had been added.
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)
        if says_it_failed(value):
            if _message_id(value) is not None:
                # It names the message that it says it did not send: believe neither.
                return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
            return refusal(answer, _TABLE, now, text=sent)
        return Outcome(
            OutcomeKind.SENT,
            Code.SENT,
            provider_message_id=_message_id(value),
            provider_thread_id=kept_identifier(value.get("conversationId")),
        )

    def find(self, access: Access, sought: Sought, fetch: Fetch) -> Seen:
        """Look for what the API sent; what a person sent in the app does not count."""
        return find(access, sought, fetch)

    # --- webhooks ---

    def authenticate(
        self, request: SignedRequest, secret: Callable[[], str | None], keys: Sequence[str]
    ) -> str:
        """Return MARKETPLACE for a signed event, or WORKFLOW for one with the secret.

        Raises:
            EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID.
        """
        return authenticate(request, secret, keys)

    def parse_event(self, kind: str, body: Mapping[str, Any], now: int) -> InboundEvent:
        """Read an event of a marketplace app, or of a workflow's webhook action.

        The channel of a do-not-disturb may be EVERY_CHANNEL.
        """
        if kind == WORKFLOW:
            return parse_workflow_event(body)
        return parse_marketplace_event(body, now)


PROVIDER = GoHighLevel()


def _sms_body(letter: Letter) -> dict[str, Any]:
    return {"type": "SMS", "contactId": letter.contact_id, "message": letter.text}


def _email_body(letter: Letter) -> dict[str, Any]:
    """Return the fields of an e-mail, in its thread where it answers one.

    The mode is `reply` even with people in copy: the approved recipients are all named, and
    `reply_all` would let HighLevel add others. By report it is accepted with an answer only.
    """
    body: dict[str, Any] = {
        "type": "Email",
        "contactId": letter.contact_id,
        "subject": letter.subject or "",
        "html": to_html(letter.text),
        "emailTo": letter.to,
    }
    if letter.cc:
        body["emailCc"] = list(letter.cc)
    if letter.bcc:
        body["emailBcc"] = list(letter.bcc)
    answered = letter.handles.get(EMAIL_MESSAGE_ID)
    if answered:
        body |= {"replyMessageId": answered, "emailReplyMode": "reply"}
    if letter.handles.get(THREAD_ID):
        body["threadId"] = letter.handles[THREAD_ID]
    return body


def _message_id(value: Mapping[str, Any]) -> str | None:
    """Return the id of what was sent. An e-mail's `messageId` is that of its thread."""
    ids = value.get("messageIds")
    several = ids[0] if isinstance(ids, list) and ids else None
    return (
        kept_identifier(value.get("emailMessageId"))
        or kept_identifier(value.get("messageId"))
        or kept_identifier(several)
    )


def _rate_limit_aware(outcome: Outcome, answer: Answer, now: int) -> Outcome:
    """Take the wait from HighLevel's own headers where it sends no Retry-After."""
    if outcome.code is not Code.RATE_LIMITED or "retry-after" in answer.headers:
        return outcome
    if answer.headers.get("x-ratelimit-daily-remaining") == "0":
        wait = _DAY_LIMIT_WAIT
    elif any(text in answer.body for text in _OVERLOADED):
        wait = _OVERLOAD_WAIT
    else:
        interval = answer.headers.get("x-ratelimit-interval-milliseconds", "")
        wait = int(interval) if is_number(interval) else 10_000
    wait = retry_after({"retry-after": str(-(-wait // 1000))}, now, default=wait)
    return Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=now + wait)
