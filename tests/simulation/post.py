"""What the providers post of a person: what they write, what is answered by hand, what bounces."""

from dataclasses import dataclass
from typing import Any

from devstack.sandbox.unipile_webhooks import message_received
from devstack.sandbox.webhooks import (
    Webhook,
    inbound_email,
    inbound_message,
    outbound_email,
    outbound_message,
)
from tests.simulation.agencies import Person
from tests.support.correspondents import CORRESPONDENTS, SMS, Correspondent, iso, signer
from tests.support.scene import SECRET, Scene


@dataclass(frozen=True, slots=True)
class Letter:
    """A webhook, and by whose path it comes."""

    through: Correspondent
    webhook: Webhook


class Post:
    """The webhooks of one workspace; each event has a number of its own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._count = 0

    def written(self, person: Person, channel: str, text: str, at: int, **more: Any) -> Letter:
        """Return what tells of a person's message."""
        name = self._name()
        if channel == "linkedin":
            return self._chat(person, text, name, at, own=False)
        whose = self._whose(person, text, at)
        if channel == "email":
            fields = {"emailMessageId": name, "sender": person.email, **more}
            return Letter(SMS, inbound_email(signer(), **whose, webhookId=name, **fields))
        fields = {"messageId": name, "from": person.phone}
        return Letter(SMS, inbound_message(signer(), **whose, webhookId=name, **fields))

    def answered(self, person: Person, channel: str, text: str, at: int) -> Letter:
        """Return what tells of an answer that somebody of the agency wrote by hand."""
        name = self._name()
        if channel == "linkedin":
            return self._chat(person, text, name, at, own=True)
        whose = {**self._whose(person, text, at), "webhookId": name, "source": "app"}
        if channel == "email":
            mail = outbound_email(signer(), **whose, emailMessageId=name, to=person.email)
            return Letter(SMS, mail)
        return Letter(SMS, outbound_message(signer(), **whose, messageId=name, to=person.phone))

    def bounced(self, person: Person, message_id: str, at: int) -> Letter:
        """Return what tells that an e-mail could not be delivered, for good."""
        name = self._name()
        told = {
            "event": "failed",
            "severity": "permanent",
            "id": name,
            "timestamp": at // 1000,
            "recipient": person.email,
            "recipient-domain": person.email.rpartition("@")[2],
            "message": {"headers": {"message-id": f"{name}@acme.example.com"}},
            "delivery-status": {"code": 550, "message": "refused"},
            "lc-operations": {
                "location_id": self._scene.location,
                "email_message_id": message_id,
                "email_type": "other",
            },
        }
        event = {
            "webhookId": name,
            "timestamp": iso(at),
            "appId": "ap5Kx9WqLm3RtYv7Zc1B",
            "locationId": self._scene.location,
            "type": "LCEmailStats",
            "companyId": "co4Hn8VbTq2LsXe6Rm1K",
            "webhookPayload": told,
        }
        return Letter(SMS, signer().sign(event))

    def _name(self) -> str:
        self._count += 1
        return f"post-{self._scene.workspace}-{self._count}"

    def _whose(self, person: Person, text: str, at: int) -> dict[str, Any]:
        return {
            "location_id": self._scene.location,
            "contact_id": person.contact,
            "text": text,
            "timestamp": iso(at),
            "dateAdded": iso(at),
        }

    def _chat(self, person: Person, text: str, name: str, at: int, *, own: bool) -> Letter:
        unipile = CORRESPONDENTS["unipile"]
        webhook = message_received(
            secret=SECRET,
            account_id=unipile.account(self._scene),
            contact_id=person.linkedin_id,
            text=text,
            own=own,
            message_id=name,
            provider_message_id=f"2-{name}",
            timestamp=iso(at),
        )
        return Letter(unipile, webhook)
