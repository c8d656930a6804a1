"""Unipile, API version 1: LinkedIn messages, InMails and connection requests out, webhooks in.

Sources: the published reference and guides, copies of them, the official Node library (2024), and
users' reports with captured requests and payloads. Unconfirmed is what only the last of these, or
none, say.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from system_sender.answers import read_json, says_it_failed, without_answer
from system_sender.codes import Code
from system_sender.finding import Fetch, Seen, Sought
from system_sender.inbound import InboundEvent
from system_sender.letter import Access, Letter
from system_sender.linkedin import INMAIL, INVITATION, SENT_AS, is_provider_id
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import SignedRequest, unipile_events, unipile_records
from system_sender.providers.unipile_errors import CHAT, DIRECT, refused
from system_sender.providers.unipile_records import headers, id_of
from system_sender.transport import Answer, NoAnswer, Request

# LinkedIn allows 300 characters in the note of a connection request to paying members and 200 to
# others (Unipile's page of limits). Nothing tells which one an account belongs to.
_LONGEST_NOTE = 200


class Unipile:
    """Writes to people on LinkedIn. It has no idempotency key, so each request counts.

    The handles of a conversation: `chat_id`, and `account`, the connected profile it belongs to.
    """

    name = unipile_events.NAME
    base_url: str | None = None

    # --- sending ---

    def refusal(self, letter: Letter) -> Code | None:
        """Return MISSING_LINKEDIN for a letter to nobody whom Unipile could find."""
        known = "chat_id" in letter.handles or is_provider_id(letter.to)
        return None if known else Code.MISSING_LINKEDIN

    def routes(self, access: Access, letter: Letter) -> Sequence[str]:
        """Return the chat that is answered; for a new conversation, every way to the person.

        A chat of another connected profile is none of ours. A text that is too long for the note
        of a connection request is not sent as one.
        """
        if "chat_id" in letter.handles and letter.handles.get("account") in (None, access.account):
            return (CHAT,)
        # LinkedIn may count as JavaScript does, an emoji as two (unconfirmed).
        fits = len(letter.text.encode("utf-16-le", "surrogatepass")) // 2 <= _LONGEST_NOTE
        return (DIRECT, INMAIL, INVITATION) if fits else (DIRECT, INMAIL)

    def send_request(self, access: Access, letter: Letter) -> Request:
        """Return the request that sends the letter on its route.

        An InMail has a subject only if the letter has one: it is optional, and a subject that
        nobody approved must not leave.
        """
        if letter.route == INVITATION:
            return _invitation_request(access, letter)
        if letter.route == CHAT:
            path = f"/api/v1/chats/{letter.handles['chat_id']}/messages"
            # The account guards: Unipile refuses if the chat is not its own.
            return _form(access, path, {"account_id": access.account, "text": letter.text})
        fields = {
            "account_id": access.account,
            "attendees_ids": letter.to,
            "text": letter.text,
            "linkedin[api]": "classic",
        }
        if letter.route == INMAIL:
            fields["linkedin[inmail]"] = "true"
            if letter.subject:
                fields["subject"] = letter.subject
        return _form(access, "/api/v1/chats", fields)

    def outcome(self, answer: Answer | NoAnswer, now: int, letter: Letter) -> Outcome:
        """Say what an answer means; see :mod:`system_sender.answers` for the table.

        A success may name no message, because LinkedIn's answer to Unipile did not.
        """
        if isinstance(answer, NoAnswer):
            return without_answer(answer, now)
        if not 200 <= answer.status < 300:
            return refused(answer, now, letter)
        value = read_json(answer.body)
        if not isinstance(value, dict):
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)
        message_id = id_of(value, "message_id") or id_of(value, "invitation_id")
        if says_it_failed(value):
            if message_id is not None:
                # It names the message that it says it did not send: believe neither.
                return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_ERROR)
            return refused(answer, now, letter)
        return Outcome(
            OutcomeKind.SENT,
            Code.SENT,
            provider_message_id=message_id,
            provider_thread_id=id_of(value, "chat_id") or letter.handles.get("chat_id"),
            sent_as=SENT_AS.get(letter.route),
        )

    def find(self, access: Access, sought: Sought, fetch: Fetch) -> Seen:
        """Look through the chat, the messages with the person, or the invitations still open."""
        return unipile_records.find(access, sought, fetch)

    # --- webhooks ---

    def authenticate(
        self,
        request: SignedRequest,
        secret: Callable[[], str | None],
        keys: Sequence[str],  # noqa: ARG002
    ) -> str:
        """Check the webhook's static header; see :func:`unipile_events.authenticate`."""
        return unipile_events.authenticate(request.headers, secret)

    def parse_event(self, kind: str, body: Mapping[str, Any], now: int) -> InboundEvent:  # noqa: ARG002
        """Read an event; see :func:`unipile_events.parse`."""
        return unipile_events.parse(body)


PROVIDER = Unipile()


def _form(access: Access, path: str, fields: Mapping[str, str]) -> Request:
    """Return a form, which is the only documented type of these two requests.

    Its boundary comes from what it holds, so that the same letter makes the same request.
    """
    held = hashlib.sha256(json.dumps(dict(fields)).encode()).hexdigest()[:32]
    body, content_type = encode_multipart_formdata(dict(fields), boundary=f"part-{held}")
    typed = headers(access) | {"Content-Type": content_type}
    return Request("POST", f"{access.base_url}{path}", typed, body)


def _invitation_request(access: Access, letter: Letter) -> Request:
    fields = {"account_id": access.account, "provider_id": letter.to, "message": letter.text}
    return Request(
        "POST",
        f"{access.base_url}/api/v1/users/invite",
        headers(access) | {"Content-Type": "application/json"},
        json.dumps(fields, ensure_ascii=False).encode(),
    )
