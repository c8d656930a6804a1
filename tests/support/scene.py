"""A small agency to test with: one workspace, one campaign, one lead, and drafts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pynamodb.models import Model

from devstack.sandbox.provider import Sandbox
from system_sender.drafts import NewDraft, create_draft
from system_sender.models import (
    Alias,
    Campaign,
    Draft,
    Integration,
    Lead,
    Message,
    Owner,
    Workspace,
    contact_alias,
    email_alias,
    integration_key,
    linkedin_alias,
    owner_key,
    phone_alias,
)
from system_sender.policy import AI_AUTO_SEND
from system_sender.providers import CHANNELS_OF
from system_sender.providers.gohighlevel import MARKETPLACE
from system_sender.settings import Settings
from system_sender.states import DraftState
from system_sender.store import Store, Write
from system_sender.system import System
from system_sender.world import World
from tests.support.slack import SandboxSlack
from tests.support.transport import SandboxTransport

PHONE = "+15550100001"
ANY_HOUR = {"start": "00:00", "end": "00:00"}
EMAIL = "dana@example.com"
CONTACT = "ct8Qm2LwZpR4sT6vXy1B"
LOCATION = "loc7Kq"
SECRET = "s3cret-for-tests-only"
SIGNING_SECRET = "signing-s3cret-for-tests-only"


class FixedSecrets:
    """Secrets of a test: a token and a webhook secret for every workspace."""

    def __init__(self, token: str | None = "pit-test", webhook_secret: str | None = SECRET) -> None:
        self.token = token
        self.signing_secret: str | None = SIGNING_SECRET
        self.webhook_secret = webhook_secret
        self.at_hand = True

    def is_at_hand(self, workspace: str, provider: str, secret: str) -> bool:
        """Say whether a warm function has read it already."""
        return self.at_hand

    def get(self, workspace: str, provider: str, secret: str) -> str | None:
        """Return the secret by its name."""
        secrets = {
            "token": self.token,
            "webhook_secret": self.webhook_secret,
            "signing_secret": self.signing_secret,
        }
        return secrets[secret]


@dataclass
class Scene:
    """A workspace with one lead, on whatever engine the store talks to.

    Attributes:
        workspace: unique to the test, because every key starts with it.
        quiet_hours: of the workspace; on a real clock ANY_HOUR, or a test would depend on when it
            runs.
    """

    store: Store
    world: World
    sandbox: Sandbox
    workspace: str
    public_key: str = ""
    secrets: FixedSecrets = field(default_factory=FixedSecrets)
    quiet_hours: Mapping[str, str] | None = None

    def system(self, **changes: Any) -> System:
        """Return the system under test; `changes` replace its parts."""
        parts: dict[str, Any] = {
            "world": self.world,
            "store": self.store,
            "secrets": self.secrets,
            "transport": SandboxTransport(self.sandbox),
            "slack": SandboxSlack(self.sandbox.slack),
            "settings": Settings(
                secrets_prefix="/test",
                base_urls=dict.fromkeys(CHANNELS_OF, "http://127.0.0.1"),
                gohighlevel_webhook_public_keys=(self.public_key,) if self.public_key else (),
            ),
        }
        return System(**{**parts, **changes})

    @property
    def lead_id(self) -> str:
        """The one lead's id."""
        return f"{self.workspace}:dana"

    @property
    def location(self) -> str:
        """The GoHighLevel location of this workspace."""
        return f"{LOCATION}-{self.workspace}"

    @property
    def linkedin_id(self) -> str:
        """The LinkedIn provider id of the lead."""
        return f"ACoAA{self.workspace}"

    @property
    def contact(self) -> str:
        """The GoHighLevel contact of the lead."""
        return f"{CONTACT}-{self.workspace}"

    def seed(self, **lead: Any) -> "Scene":
        """Write the workspace, its campaign and its lead."""
        name = self.workspace
        campaign_id = f"{name}:autumn"
        self.put(
            Workspace(
                name,
                name="Acme",
                region="US",
                time_zone="America/New_York",
                quiet_hours=self.quiet_hours,
                default_campaign_id=campaign_id,
            ),
            *self.integration("gohighlevel", self.location, webhook=MARKETPLACE),
            Campaign(
                campaign_id,
                name="Autumn",
                response_mode=AI_AUTO_SEND,
                reply_template="Hi $first_name, does 2pm Tuesday work?",
                delay_min_seconds=0,
                delay_max_seconds=0,
            ),
            Lead(
                self.lead_id,
                **{
                    "workspace": name,
                    "first_name": "Dana",
                    "phone": PHONE,
                    "email": EMAIL,
                    "linkedin_id": self.linkedin_id,
                    "contacts": {"gohighlevel": self.contact},
                    "campaign_id": campaign_id,
                    "created_at": self.world.now(),
                    **lead,
                },
            ),
            Alias(contact_alias(name, "gohighlevel", self.contact), lead_id=self.lead_id),
            Alias(phone_alias(name, PHONE), lead_id=self.lead_id),
            Alias(email_alias(name, EMAIL), lead_id=self.lead_id),
            Alias(linkedin_alias(name, self.linkedin_id), lead_id=self.lead_id),
        )
        return self

    def integration(self, provider: str, account: str, **columns: Any) -> tuple[Model, Model]:
        """Return the rows of the workspace's account at a provider."""
        key = integration_key(self.workspace, provider)
        return (
            Integration(
                key, workspace=self.workspace, provider=provider, account=account, **columns
            ),
            Owner(owner_key(provider, account), workspace=self.workspace),
        )

    def integrate(self, provider: str, **columns: Any) -> "Scene":
        """Give the workspace an account at a provider."""
        self.put(*self.integration(provider, f"{provider}-{self.workspace}", **columns))
        return self

    def put(self, *rows: Model) -> None:
        """Write rows as they are."""
        write = Write(self.world.new_id())
        for number, row in enumerate(rows):
            write.put(str(number), row)
        self.store.write(write)

    def draft(self, key: str = "hello", text: str = "Hi Dana", **changes: Any) -> Draft:
        """Create an approved draft for the lead."""
        lead = self.store.get(Lead, self.lead_id)
        assert lead is not None
        new = {
            "draft_id": f"{self.workspace}:{key}",
            "workspace": self.workspace,
            "lead_id": self.lead_id,
            "channel": "sms",
            "text": text,
            "state": DraftState.APPROVED,
            "origin": "test",
            "seen_inbounds": int(lead.inbound_count),
            "seen_human_outbounds": int(lead.human_outbound_count),
            "sent_by": "ai",
            **changes,
        }
        return create_draft(self.store, self.world, NewDraft(**new))

    def draft_now(self, draft_id: str) -> Draft:
        """Return the draft's row."""
        row = self.store.get(Draft, draft_id)
        assert row is not None, f"{draft_id} is gone"
        return row

    def lead_now(self) -> Lead:
        """Return the lead's row."""
        row = self.store.get(Lead, self.lead_id)
        assert row is not None
        return row

    def message_now(self, draft_id: str, part: int = 0) -> Message:
        """Return a delivery's row."""
        row = self.store.get(Message, draft_id, part)
        assert row is not None, f"{draft_id}#{part} was never claimed"
        return row

    def sent_texts(self) -> list[str]:
        """Return the texts that the provider accepted for this lead, in order."""
        return [entry.text or "" for entry in self.sandbox.ledger.accepted(contact_id=self.contact)]
