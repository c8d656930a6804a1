"""The baselines: what a competent developer writes first, with boto3 and requests.

They do the same job on the same rows (load, send, record, mark), with none of the promises: two
at once both send, a retry after a crash sends again, an opt-out a moment before is not seen. They
are written for speed, not as straw men: the low-level client, one connection pool each, no
logging.
"""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import requests
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from botocore.config import Config
from requests.adapters import HTTPAdapter

from system_sender.models import table_name

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    Item = dict[str, Any]

IDEMPOTENCY_TABLE = table_name("idempotency")
_TIMEOUT_SECONDS = 15


class Naive:
    """A sender without promises.

    Args:
        connections: how many threads will use it at once.
    """

    def __init__(self, base_url: str, token: str, connections: int = 64) -> None:
        self.dynamodb: DynamoDBClient = boto3.client(
            "dynamodb", config=Config(max_pool_connections=connections)
        )
        self._token = token
        self._url = f"{base_url}/conversations/messages"
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(pool_maxsize=connections))

    def send(self, draft_id: str) -> str:
        """Get draft, lead and workspace, post, put the message, update the draft."""
        draft = self._get("drafts", {"draft_id": {"S": draft_id}})
        lead = self._get("leads", {"lead_id": draft["lead_id"]})
        workspace = self._get("workspaces", {"workspace": draft["workspace"]})
        contact_id = json.loads(lead["contacts"]["S"])["gohighlevel"]
        return self._send(draft, contact_id, workspace["workspace"]["S"])

    def send_barely(self, draft_id: str, contact_id: str, workspace: str) -> str:
        """Get the draft, post, put, update: contact and credentials are known beforehand."""
        draft = self._get("drafts", {"draft_id": {"S": draft_id}})
        return self._send(draft, contact_id, workspace)

    def answer(self, workspace: str, contact_id: str, text: str, message_id: str) -> str:
        """Answer an inbound text by its campaign's template, as a naive webhook would."""
        self._get("workspaces", {"workspace": {"S": workspace}})
        alias = self._get("aliases", {"alias": {"S": f"{workspace}:gohighlevel:{contact_id}"}})
        lead = self._get("leads", {"lead_id": alias["lead_id"]})
        now = {"N": str(_now())}
        event_id = f"{workspace}:gohighlevel:{message_id}"
        inbound: Item = {
            "event_id": {"S": event_id},
            "workspace": {"S": workspace},
            "lead_id": lead["lead_id"],
            "text": {"S": text},
            "received_at": now,
        }
        self.dynamodb.put_item(TableName=table_name("inbound"), Item=inbound)
        self.dynamodb.update_item(
            TableName=table_name("leads"),
            Key={"lead_id": lead["lead_id"]},
            UpdateExpression="SET last_inbound_at = :now ADD inbound_count :one",
            ExpressionAttributeValues={":now": now, ":one": {"N": "1"}},
        )
        campaign = self._get("campaigns", {"campaign_id": lead["campaign_id"]})
        reply = campaign["reply_template"]["S"].replace("$first_name", lead["first_name"]["S"])
        draft: Item = {
            "draft_id": {"S": f"{workspace}:reply:{message_id}"},
            "workspace": {"S": workspace},
            "lead_id": lead["lead_id"],
            "text": {"S": reply},
            "state": {"S": "approved"},
            "state_key": {"S": f"{workspace}#approved"},
            "created_at": now,
            "updated_at": now,
        }
        self.dynamodb.put_item(TableName=table_name("drafts"), Item=draft)
        return self._send(draft, contact_id, workspace)

    def _get(self, noun: str, key: "Item") -> "Item":
        return self.dynamodb.get_item(TableName=table_name(noun), Key=key)["Item"]

    def post(self, contact_id: str, text: str) -> str:
        """Make the provider's request."""
        response = self._session.post(
            self._url,
            json={"type": "SMS", "contactId": contact_id, "message": text},
            headers={"Authorization": f"Bearer {self._token}", "Version": "2021-04-15"},
            timeout=_TIMEOUT_SECONDS,
        )
        response.raise_for_status()
        return str(response.json()["messageId"])

    def _send(self, draft: "Item", contact_id: str, workspace: str) -> str:
        message_id = self.post(contact_id, draft["text"]["S"])
        now = {"N": str(_now())}
        message: Item = {
            "draft_id": draft["draft_id"],
            "part": {"N": "0"},
            "workspace": {"S": workspace},
            "lead_id": draft["lead_id"],
            "state": {"S": "sent"},
            "sent_by": {"S": "ai"},
            "provider_message_id": {"S": message_id},
            "created_at": now,
        }
        self.dynamodb.put_item(TableName=table_name("messages"), Item=message)
        self.dynamodb.update_item(
            TableName=table_name("drafts"),
            Key={"draft_id": draft["draft_id"]},
            UpdateExpression="SET #state = :sent, state_key = :key, updated_at = :now "
            "REMOVE due_shard, due_at",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":sent": {"S": "sent"},
                ":key": {"S": f"{workspace}#sent"},
                ":now": now,
            },
        )
        return message_id


class _Context:
    """What Powertools asks of the Lambda context."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def with_stock_powertools(naive: Naive) -> Callable[[str], str]:
    """Return the naive send behind Powertools' idempotency as its documentation shows it."""
    config = IdempotencyConfig()
    config.register_lambda_context(_Context())  # type: ignore[arg-type]
    layer = DynamoDBPersistenceLayer(table_name=IDEMPOTENCY_TABLE, boto3_client=naive.dynamodb)

    @idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="draft_id", config=config, persistence_store=layer
    )
    def send(*, draft_id: str) -> str:
        return naive.send(draft_id)

    return lambda draft_id: str(send(draft_id=draft_id))


def create_idempotency_table(dynamodb: "DynamoDBClient") -> None:
    """Create the table that stock Powertools wants."""
    dynamodb.create_table(
        TableName=IDEMPOTENCY_TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
