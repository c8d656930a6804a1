"""Whom the demo is about, and how each provider tells that they wrote."""

from dataclasses import dataclass
from typing import Any

from devstack.events import WEBHOOK_SECRET
from devstack.sandbox import emailbison_webhooks, smartlead_webhooks, unipile_webhooks, webhooks
from devstack.sandbox.unipile import provider_id_of
from devstack.sandbox.webhooks import Signer, Webhook

WORKSPACE = "acme"
LOCATION = "acme-location"
CONNECTED = "acme-linkedin"
COLLEAGUE = "kim@example.com"


@dataclass(frozen=True)
class Person:
    """A lead, on the one channel that they use here.

    Attributes:
        address: what the provider's ledger calls them.
        phone: of a lead who writes texts.
        gets: how many messages they are to get.
    """

    name: str
    provider: str
    address: str
    phone: str = ""
    gets: int = 1

    @property
    def lead(self) -> str:
        """The lead's id."""
        return f"{WORKSPACE}:{self.name.lower()}"


DANA = Person("Dana", "gohighlevel", "contact-dana", "+12125550101")
OMAR = Person("Omar", "gohighlevel", "contact-omar", "+12125550102")
LENA = Person("Lena", "gohighlevel", "contact-lena", "+12125550103")
ERIN = Person("Erin", "emailbison", "erin@example.com")
NORA = Person("Nora", "smartlead", "nora@example.com")
LIAM = Person("Liam", "unipile", "ACoAALiamExample")
# Nobody has told the agency more than the address of her profile.
MIA = Person("Mia", "unipile", provider_id_of("mia-example"))
# Of the chapters about deciding: who waits a little, who is asked about, who says stop, who sleeps.
IVY = Person("Ivy", "gohighlevel", "contact-ivy", "+12125550105")
RUTH = Person("Ruth", "gohighlevel", "contact-ruth", "+12125550106")
SAM = Person("Sam", "gohighlevel", "contact-sam", "+12125550107", gets=0)
TARA = Person("Tara", "gohighlevel", "contact-tara", "+12125550108", gets=0)
# Of the follow-ups: who gets one, and who answers first.
UMA = Person("Uma", "gohighlevel", "contact-uma", "+12125550109")
VIC = Person("Vic", "gohighlevel", "contact-vic", "+12125550110", gets=0)

PEOPLE = (DANA, OMAR, LENA, ERIN, NORA, LIAM, MIA, IVY, RUTH, SAM, TARA, UMA, VIC)


def says(person: Person, text: str, signer: Signer, **fields: Any) -> Webhook:
    """Return what the person's provider posts when they write.

    Args:
        fields: what is special about this event, in the provider's own names.
    """
    if person.provider == "emailbison":
        return emailbison_webhooks.lead_replied(
            WEBHOOK_SECRET, text=text, lead=person.address, **fields
        )
    if person.provider == "smartlead":
        return smartlead_webhooks.email_reply(
            WEBHOOK_SECRET, text=text, lead=person.address, **fields
        )
    if person.provider == "unipile":
        return unipile_webhooks.message_received(
            secret=WEBHOOK_SECRET,
            account_id=CONNECTED,
            contact_id=person.address,
            text=text,
            **fields,
        )
    return webhooks.inbound_message(
        signer,
        location_id=LOCATION,
        contact_id=person.address,
        text=text,
        **{"from": person.phone, **fields},
    )
