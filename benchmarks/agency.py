"""A workspace with many leads, each with an approved draft, and the system that sends them."""

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from system_sender.drafts import NewDraft, create_draft
from system_sender.models import (
    Alias,
    Campaign,
    Draft,
    Integration,
    Lead,
    Owner,
    Workspace,
    contact_alias,
    integration_key,
    owner_key,
)
from system_sender.policy import AI_AUTO_SEND
from system_sender.providers.gohighlevel import MARKETPLACE, NAME
from system_sender.settings import Settings
from system_sender.states import DraftState
from system_sender.store import Store, Write, shared_connection
from system_sender.system import System
from system_sender.telemetry import log
from system_sender.transport import HttpTransport
from system_sender.world import World

WORKSPACE = "acme"
LOCATION = "loc7Kq"
TOKEN = "pit-benchmark"
TEXT = "Hi Dana, thanks for your message. Does 2pm on Tuesday work for a short call?"
CAMPAIGN = f"{WORKSPACE}:autumn"


class _FixedSecrets:
    """The provider's token, known beforehand, as it is in a warm function's cache."""

    def get(self, workspace: str, provider: str, secret: str) -> str | None:  # noqa: ARG002
        return TOKEN


@dataclass(frozen=True)
class Contact:
    """A lead with an approved draft."""

    draft_id: str
    lead_id: str
    contact_id: str
    phone: str


@dataclass
class Agency:
    """Makes leads and drafts on DynamoDB Local, all in one workspace."""

    world: World = field(default_factory=World)
    store: Store = field(init=False)
    _number: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        """Write the workspace and its campaign."""
        self.store = Store(self.world, shared_connection())
        write = Write(self.world.new_id())
        row = Workspace(
            WORKSPACE,
            name="Acme",
            region="US",
            time_zone="America/New_York",
            # Measured at any hour of the day.
            quiet_hours={"start": "00:00", "end": "00:00"},
            default_campaign_id=CAMPAIGN,
        )
        write.put("workspace", row)
        integration = Integration(
            integration_key(WORKSPACE, NAME),
            workspace=WORKSPACE,
            provider=NAME,
            account=LOCATION,
            webhook=MARKETPLACE,
        )
        write.put("integration", integration)
        write.put("owner", Owner(owner_key(NAME, LOCATION), workspace=WORKSPACE))
        # Without a name in it: somebody unknown has none, and is answered all the same.
        template = "Thanks for your message. Does 2pm on Tuesday work for a short call?"
        campaign = Campaign(
            CAMPAIGN,
            name="Autumn",
            response_mode=AI_AUTO_SEND,
            reply_template=template,
            delay_min_seconds=0,
            delay_max_seconds=0,
        )
        write.put("campaign", campaign)
        self.store.write(write)

    def system(self, base_url: str, public_key: str = "") -> System:
        """Return the real system, but for the secrets, which are fixed."""
        return System(
            world=self.world,
            store=self.store,
            secrets=_FixedSecrets(),  # type: ignore[arg-type]
            transport=HttpTransport(self.world),
            settings=replace(
                Settings.from_environment(os.environ),
                base_urls={NAME: base_url},
                gohighlevel_webhook_public_keys=(public_key,) if public_key else (),
            ),
        )

    def stranger(self) -> Contact:
        """Name somebody whom no row knows yet."""
        number = next(self._number)
        return Contact(
            draft_id=f"{WORKSPACE}:draft-{number}",
            lead_id=f"{WORKSPACE}:lead-{number}",
            contact_id=f"contact{number:08}",
            phone=f"+1555{number:07}",
        )

    def lead(self) -> Contact:
        """Create a lead who is known by a contact id, without a draft yet."""
        contact = self.stranger()
        write = Write(self.world.new_id())
        row = Lead(
            contact.lead_id,
            workspace=WORKSPACE,
            first_name="Dana",
            phone=contact.phone,
            contacts={NAME: contact.contact_id},
            campaign_id=CAMPAIGN,
            created_at=self.world.now(),
        )
        write.put("lead", row)
        alias = contact_alias(WORKSPACE, NAME, contact.contact_id)
        write.put("alias", Alias(alias, lead_id=contact.lead_id))
        self.store.write(write)
        return contact

    def lead_with_draft(self, state: DraftState = DraftState.APPROVED) -> Contact:
        """Create a lead with a draft."""
        contact = self.lead()
        new = NewDraft(
            draft_id=contact.draft_id,
            workspace=WORKSPACE,
            lead_id=contact.lead_id,
            channel="sms",
            text=TEXT,
            state=state,
            origin="benchmark",
            seen_inbounds=0,
            seen_human_outbounds=0,
            campaign_id=CAMPAIGN,
            confidence=1.0,
            sent_by="ai",
        )
        create_draft(self.store, self.world, new)
        return contact

    def lead_with_plain_draft(self) -> Contact:
        """Create the same for the baselines, which keep a draft's text in the draft itself."""
        contact = self.lead_with_draft()
        arguments = {
            "TableName": Draft.Meta.table_name,
            "Key": {"draft_id": {"S": contact.draft_id}},
            "UpdateExpression": "SET #text = :text",
            "ExpressionAttributeNames": {"#text": "text"},
            "ExpressionAttributeValues": {":text": {"S": TEXT}},
        }
        shared_connection().dispatch("UpdateItem", arguments)
        return contact


def log_into(write_to: Callable[[], object]) -> None:
    """Send the log lines that a function writes to where they are made but not shown."""
    for handler in log.handlers:
        handler.setStream(write_to())  # type: ignore[attr-defined]
