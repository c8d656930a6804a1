"""The seed file's provider accounts of a workspace."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from system_sender.cli.seed_fields import BaseUrl, Email, Item, ProviderId


class SmsWebhook(StrEnum):
    """How GoHighLevel tells of a workspace's texts: exactly one way, or each would come twice."""

    MARKETPLACE = "marketplace"
    WORKFLOW = "workflow"


class Account(Item):
    """A workspace's account at a provider. One workspace owns it, and keeps it."""

    account: ProviderId = Field(description="The provider's own id of the account.")
    base_url: BaseUrl | None = None


class MailAccount(Account):
    """An account that sends e-mail."""

    bcc: list[Email] = Field(default=[], max_length=10, description="Get a copy of every e-mail.")
    mailboxes: list[Email] = Field(
        default=[],
        max_length=200,
        description="Own e-mail addresses: never written to, and never taken for a lead.",
    )


class GoHighLevel(MailAccount):
    """A location. It sends SMS and e-mail."""

    webhook: SmsWebhook = Field(
        strict=False, description="Which kind of webhook this workspace receives."
    )


class EmailBison(MailAccount):
    """A workspace of an EmailBison instance, whose host is its own. It begins no conversation."""

    account: str = Field(pattern=r"^[0-9]{1,18}$", description="The workspace's number.")
    senders: list[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]] = Field(
        default=[],
        max_length=20,
        description="Numbers of mailboxes that stand in for an unhealthy one, the best first.",
    )


class SmartLead(MailAccount):
    """A SmartLead account. It begins no conversation."""


class Instantly(MailAccount):
    """An Instantly workspace. It begins no conversation."""


class Unipile(Account):
    """A LinkedIn account that is connected at Unipile, which gives each customer a host."""


class Integrations(Item):
    """The accounts of a workspace, one a provider."""

    gohighlevel: GoHighLevel | None = None
    emailbison: EmailBison | None = None
    smartlead: SmartLead | None = None
    instantly: Instantly | None = None
    unipile: Unipile | None = None

    def by_provider(self) -> Mapping[str, Account]:
        """Return the accounts that the file gives, by the provider's name."""
        given = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: account for name, account in given if account is not None}
