"""The messages that the sandbox's GoHighLevel holds, and the shapes in which it shows them."""

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from devstack.sandbox.contract import Injected, Send

MAILBOX = "sam@acme.example.com"
SMS, EMAIL = "SMS", "Email"

_TYPE_NUMBERS = {SMS: 2, EMAIL: 3}
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Mail:
    """What an e-mail has besides its text.

    Attributes:
        html: as it came.
        to: the lead's address, whichever way it went.
        answers: the id of the e-mail that it answers.
    """

    html: str
    subject: str
    to: str
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    thread_id: str | None = None
    answers: str | None = None


@dataclass(frozen=True)
class InjectedMail(Injected):
    """An e-mail that a test puts into the store; its text is plain, and ``contact_id`` a contact's.

    Attributes:
        to: the lead's address, whichever way it went.
        html: as it is stored; ``None``: the text in a paragraph.
    """

    to: str = "dana@example.com"
    subject: str = "Hello"
    html: str | None = None


@dataclass(frozen=True)
class SendMail(Send):
    """A valid request to send an e-mail; ``contact_id`` is its address, ``contact`` the contact."""

    contact: str
    mail: Mail


@dataclass(frozen=True)
class Message:
    """A message in the store, whichever way it came or went.

    Attributes:
        body: plain text.
        email_id: of an e-mail, the id under which it can be read.
    """

    id: str
    conversation_id: str
    account: str
    contact_id: str
    direction: str
    source: str
    status: str
    body: str
    added_at: float
    mail: Mail | None = None
    email_id: str = ""

    @property
    def channel(self) -> str:
        """SMS or EMAIL."""
        return SMS if self.mail is None else EMAIL

    def to_json(self, location_id: str) -> dict[str, Any]:
        """The message as lists show it: an e-mail without its body."""
        row = {
            "id": self.id,
            "type": _TYPE_NUMBERS[self.channel],
            "messageType": f"TYPE_{self.channel.upper()}",
            "locationId": location_id,
            "contactId": self.contact_id,
            "conversationId": self.conversation_id,
            "dateAdded": iso(self.added_at),
            "direction": self.direction,
            "status": self.status,
            "contentType": "text/plain",
            "attachments": [],
            "source": self.source,
        }
        if self.mail is None:
            return {**row, "body": self.body}
        meta = {"email": {"messageIds": [self.email_id]}}
        return {**row, "contentType": "text/html", "meta": meta}

    def email_to_json(self, mail: Mail) -> dict[str, Any]:
        """The e-mail as it is read by its own id."""
        outbound = self.direction == "outbound"
        return {
            "id": self.email_id,
            "threadId": mail.thread_id or self.id,
            "locationId": self.account,
            "contactId": self.contact_id,
            "conversationId": self.conversation_id,
            "dateAdded": iso(self.added_at),
            "subject": mail.subject,
            "body": mail.html,
            "direction": self.direction,
            "status": self.status,
            "contentType": "text/html",
            "provider": "Leadconnector",
            "from": MAILBOX if outbound else mail.to,
            "to": [mail.to if outbound else MAILBOX],
            "cc": list(mail.cc),
            "bcc": list(mail.bcc),
            "replyToMessageId": mail.answers,
            "source": self.source,
        }


def plain(markup: str) -> str:
    """What a reader of ordinary HTML sees."""
    return html.unescape(_TAG.sub("", markup)).strip()


def iso(moment: float) -> str:
    """Epoch seconds as GoHighLevel writes times, in UTC."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
