"""The lead's and the providers' side of a conversation: one correspondent for each way to write.

What they post is the same, byte for byte, however often it is made: ids come from the workspace
and a number, times from whoever asks.
"""

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from devstack.sandbox import (
    emailbison_webhooks,
    instantly_webhooks,
    smartlead_webhooks,
    unipile_webhooks,
)
from devstack.sandbox.emailbison import reply_id
from devstack.sandbox.unipile import chat_with
from devstack.sandbox.webhooks import (
    Signer,
    Webhook,
    inbound_email,
    inbound_message,
    outbound_email,
    outbound_message,
)
from system_sender.inbound_fields import digest
from system_sender.models import event_key
from tests.support.scene import EMAIL, SECRET, Scene


@cache
def signer() -> Signer:
    """Return GoHighLevel's key pair; making one costs more than a run."""
    return Signer()


@dataclass(frozen=True, slots=True)
class Refusals:
    """What a provider's sandbox calls its generic refusals.

    Attributes:
        refused: definite and final.
        rate_limited: 429.
        unauthorized: 401.
    """

    refused: str
    rate_limited: str = "too_many_requests"
    unauthorized: str = "invalid_token"


class Correspondent(ABC):
    """One provider on one channel, as the lead and its webhooks use it.

    Attributes:
        provider: as in the path of its webhooks.
        refusals: the names of its sandbox.
        trouble: what the front door answers this provider when an event could not be stored.
    """

    provider: str
    channel: str
    refusals: Refusals
    trouble = 503

    def integrate(self, scene: Scene, **columns: Any) -> None:
        """Give the workspace an account of its own at this provider."""
        scene.integrate(self.provider, **columns)

    def account(self, scene: Scene) -> str:
        """Return what the provider calls the workspace's account."""
        return f"{self.provider}-{scene.workspace}"

    @abstractmethod
    def recipient(self, scene: Scene) -> str:
        """Return what the sandbox's ledger calls the lead."""

    @abstractmethod
    def inbound(self, scene: Scene, text: str, *, number: int = 1, at: int) -> Webhook:
        """Return the lead's message. `at` is the provider's time, epoch milliseconds, UTC."""

    @abstractmethod
    def inbound_identity(self, scene: Scene, number: int = 1) -> str:
        """Return what makes two deliveries of that message one event."""

    def echo(self, scene: Scene, text: str, *, message_id: str, at: int) -> Webhook | None:
        """Return what tells of a message that left; None where the provider tells of none.

        It does not say who wrote it, unless the provider always does.
        """
        return None

    def echo_identity(self, message_id: str) -> str:
        """Return what makes two deliveries of that echo one event."""
        raise LookupError(f"{self.provider} tells of no echo.")

    def answer_path(self, scene: Scene, number: int = 1) -> str | None:
        """Return the path of an answer in the thread of an inbound message, where it tells."""
        return None

    def event_id(self, scene: Scene, identity: str) -> str:
        """Return the key of an event's row."""
        return event_key(scene.workspace, self.provider, identity)

    def event(self, scene: Scene, webhook: Webhook) -> dict[str, Any]:
        """Return the proxy event of a REST API, with the body in base64 as AWS hands it over."""
        return {
            "resource": f"/webhooks/{self.provider}/{{workspace}}",
            "path": f"/webhooks/{self.provider}/{scene.workspace}",
            "httpMethod": "POST",
            "headers": dict(webhook.headers),
            "queryStringParameters": self._query(),
            "pathParameters": {"workspace": scene.workspace},
            "isBase64Encoded": True,
            "body": base64.b64encode(webhook.body).decode(),
        }

    def _query(self) -> dict[str, str] | None:
        return None


def iso(at: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC."""
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class GoHighLevelText(Correspondent):
    """Text messages through GoHighLevel, whose account the scene brings along."""

    provider = "gohighlevel"
    channel = "sms"
    refusals = Refusals("contact_not_found")
    trouble = 429

    def integrate(self, scene: Scene, **columns: Any) -> None:
        """The scene's seed has done it."""

    def account(self, scene: Scene) -> str:
        return scene.location

    def recipient(self, scene: Scene) -> str:
        return scene.contact

    def inbound(self, scene: Scene, text: str, *, number: int = 1, at: int) -> Webhook:
        return inbound_message(
            signer(),
            **self._whose(scene, text, at),
            messageId=f"msg{scene.workspace}-{number}",
            webhookId=f"hook{scene.workspace}-{number}",
        )

    def inbound_identity(self, scene: Scene, number: int = 1) -> str:
        return f"message:msg{scene.workspace}-{number}"

    def echo(self, scene: Scene, text: str, *, message_id: str, at: int) -> Webhook:
        """Return the echo of a message that the API sent: its source says so.

        Without the time of its delivery, which few events have, no clock of ours can refuse it.
        """
        return outbound_message(
            signer(),
            **self._whose(scene, text, at),
            messageId=message_id,
            webhookId=f"hook-{message_id}",
            omit=("timestamp",),
        )

    def echo_identity(self, message_id: str) -> str:
        return f"echo:{message_id}"

    def _whose(self, scene: Scene, text: str, at: int) -> dict[str, Any]:
        return {
            "location_id": self.account(scene),
            "contact_id": scene.contact,
            "text": text,
            "timestamp": iso(at),
            "dateAdded": iso(at),
        }


class GoHighLevelMail(GoHighLevelText):
    """E-mail through GoHighLevel."""

    channel = "email"

    def recipient(self, scene: Scene) -> str:
        return EMAIL

    def inbound(self, scene: Scene, text: str, *, number: int = 1, at: int) -> Webhook:
        return inbound_email(
            signer(),
            **self._whose(scene, text, at),
            emailMessageId=f"mail{scene.workspace}-{number}",
            webhookId=f"hook{scene.workspace}-{number}",
        )

    def inbound_identity(self, scene: Scene, number: int = 1) -> str:
        return f"message:mail{scene.workspace}-{number}"

    def echo(self, scene: Scene, text: str, *, message_id: str, at: int) -> Webhook:
        """Return the echo of an e-mail that the API sent: its source says so."""
        return outbound_email(
            signer(),
            **self._whose(scene, text, at),
            emailMessageId=message_id,
            messageId=f"thread{scene.workspace}",
            webhookId=f"hook-{message_id}",
            omit=("timestamp",),
        )


class EmailBisonMail(Correspondent):
    """E-mail through EmailBison, whose secret is in the address that it is given."""

    provider = "emailbison"
    channel = "email"
    refusals = Refusals("reply_not_found")

    def recipient(self, scene: Scene) -> str:
        return EMAIL

    def inbound(self, scene: Scene, text: str, *, number: int = 1, at: int) -> Webhook:
        return emailbison_webhooks.lead_replied(
            None,
            text=text,
            lead=EMAIL,
            workspace=self.account(scene),
            id=reply_id(EMAIL, number),
            uuid=f"{number:032x}",
            date_received=iso(at),
            created_at=iso(at),
        )

    def inbound_identity(self, scene: Scene, number: int = 1) -> str:
        return f"reply-{reply_id(EMAIL, number)}"

    def echo(self, scene: Scene, text: str, *, message_id: str, at: int) -> Webhook:
        return emailbison_webhooks.manual_email_sent(
            None,
            text=text,
            lead=EMAIL,
            workspace=self.account(scene),
            id=int(message_id),
            uuid=f"{int(message_id):032x}",
            date_received=iso(at),
            created_at=iso(at),
        )

    def echo_identity(self, message_id: str) -> str:
        return f"sent-{message_id}"

    def answer_path(self, scene: Scene, number: int = 1) -> str:
        return f"/api/replies/{reply_id(EMAIL, number)}/reply"

    def _query(self) -> dict[str, str]:
        return {"secret": SECRET}


class SmartLeadMail(Correspondent):
    """E-mail through SmartLead, which tells of nothing that answers left."""

    provider = "smartlead"
    channel = "email"
    refusals = Refusals("invalid_stats_id")

    def recipient(self, scene: Scene) -> str:
        return EMAIL

    def inbound(self, scene: Scene, text: str, *, number: int = 1, at: int) -> Webhook:
        reply = {
            "message_id": f"<{self._message_id(scene, number)}>",
            "html": f"<p>{text}</p>",
            "text": f"{text}\n",
            "time": iso(at),
        }
        return smartlead_webhooks.email_reply(
            SECRET,
            text=text,
            lead=EMAIL,
            client_id=self.account(scene),
            event_timestamp=iso(at),
            reply_message=reply,
        )

    def inbound_identity(self, scene: Scene, number: int = 1) -> str:
        return f"message:{digest(self._message_id(scene, number))}"

    def _message_id(self, scene: Scene, number: int) -> str:
        return f"{scene.workspace}-{number}@mail.example.com"


class InstantlyMail(Correspondent):
    """E-mail through Instantly."""

    provider = "instantly"
    channel = "email"
    refusals = Refusals("email_not_found")

    def recipient(self, scene: Scene) -> str:
        return EMAIL

    def inbound(self, scene: Scene, text: str, *, number: int = 1, at: int) -> Webhook:
        return instantly_webhooks.reply_received(
            SECRET,
            text=text,
            lead=EMAIL,
            workspace=self.account(scene),
            email_id=self._email_id(number),
            timestamp=iso(at),
        )

    def inbound_identity(self, scene: Scene, number: int = 1) -> str:
        return f"message:{self._email_id(number)}"

    def echo(self, scene: Scene, text: str, *, message_id: str, at: int) -> Webhook:
        return instantly_webhooks.email_sent(
            SECRET,
            text=text,
            lead=EMAIL,
            workspace=self.account(scene),
            email_id=message_id,
            timestamp=iso(at),
        )

    def echo_identity(self, message_id: str) -> str:
        return f"sent:{message_id}"

    def _email_id(self, number: int) -> str:
        # As the sandbox's `email_id` makes them: it ends in the lead's address.
        return f"{number:08x}-{EMAIL.encode().hex()}"


class UnipileChat(Correspondent):
    """LinkedIn through Unipile, in the chat with the lead."""

    provider = "unipile"
    channel = "linkedin"
    # Final on every way to a person, and for their profile.
    refusals = Refusals("not_found", unauthorized="invalid_key")

    def recipient(self, scene: Scene) -> str:
        return scene.linkedin_id

    def inbound(self, scene: Scene, text: str, *, number: int = 1, at: int) -> Webhook:
        return unipile_webhooks.message_received(
            secret=SECRET,
            **self._chat(scene, text),
            **self._ids(f"in{scene.workspace}-{number}", at),
        )

    def inbound_identity(self, scene: Scene, number: int = 1) -> str:
        return f"message_received:in{scene.workspace}-{number}"

    def echo(self, scene: Scene, text: str, *, message_id: str, at: int) -> Webhook:
        return unipile_webhooks.message_received(
            secret=SECRET, own=True, **self._chat(scene, text), **self._ids(message_id, at)
        )

    def echo_identity(self, message_id: str) -> str:
        return f"message_received:{message_id}"

    def answer_path(self, scene: Scene, number: int = 1) -> str:
        return f"/api/v1/chats/{chat_with(scene.linkedin_id)}/messages"

    def _chat(self, scene: Scene, text: str) -> dict[str, Any]:
        return {
            "account_id": self.account(scene),
            "contact_id": scene.linkedin_id,
            "text": text,
        }

    def _ids(self, message_id: str, at: int) -> Mapping[str, Any]:
        return {
            "message_id": message_id,
            "provider_message_id": f"2-{message_id}",
            "timestamp": iso(at),
        }


SMS = GoHighLevelText()
CORRESPONDENTS: dict[str, Correspondent] = {
    "gohighlevel-email": GoHighLevelMail(),
    "emailbison": EmailBisonMail(),
    "smartlead": SmartLeadMail(),
    "instantly": InstantlyMail(),
    "unipile": UnipileChat(),
}
