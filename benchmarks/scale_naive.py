"""The baselines at scale: a cron that looks at everybody, and a loop that claims each step.

The first is what the predecessor's cron did: it asked for whoever is active and due, among all.
The second writes a claim before it posts, which is the least that keeps two loops apart; it has no
draft, no audit, no opt-out in the claim, no caps, and what it does not know is sent again or lost.
"""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from benchmarks.scale_rows import Person
from devstack.sandbox.provider import Request, Response, Sandbox
from system_sender.models import Enrolment, Lead, Message
from system_sender.providers.gohighlevel import NAME

_URL = "http://127.0.0.1/conversations/messages"


class LoopError(Exception):
    """The provider did not take the loop's message, so its time means nothing."""


def scan_for_due(client: Any, now: int) -> list[dict[str, Any]]:
    """Return the rows of all who are active and due, in the table's own order."""
    pages = client.get_paginator("scan").paginate(
        TableName=Enrolment.Meta.table_name,
        FilterExpression="#state = :active AND due_at <= :now",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":active": {"S": "active"}, ":now": {"N": str(now)}},
    )
    return [item for page in pages for item in page["Items"]]


class ClaimingLoop:
    """Claims, posts and marks the first step of each enrolment, several at once."""

    def __init__(self, client: Any, sandbox: Sandbox, workers: int) -> None:
        self._client = client
        self._sandbox = sandbox
        self._workers = workers

    def send(self, people: Iterable[Person], now: int) -> None:
        """Send everybody their first step.

        Raises:
            LoopError: the provider refused one.
        """
        with ThreadPoolExecutor(self._workers) as pool:
            list(pool.map(partial(self._send, now), people))

    def _send(self, now: int, person: Person) -> None:
        enrolment = self._get(Enrolment, enrolment_id=person.enrolment_id)
        lead = self._get(Lead, lead_id=person.lead_id)
        key, step = {"enrolment_id": enrolment["enrolment_id"]}, enrolment["step"]
        self._client.update_item(
            TableName=Enrolment.Meta.table_name,
            Key=key,
            UpdateExpression="SET claimed_step = :step",
            ConditionExpression="attribute_not_exists(claimed_step) OR claimed_step <> :step",
            ExpressionAttributeValues={":step": step},
        )
        text = f"Hi {lead['first_name']['S']}, does 2pm on Tuesday work for a short call?"
        message_id = self._post(json.loads(lead["contacts"]["S"])[NAME], text)
        self._client.put_item(
            TableName=Message.Meta.table_name,
            Item={
                "draft_id": {"S": f"{person.enrolment_id}:{step['S']}"},
                "part": {"N": "0"},
                "lead_id": lead["lead_id"],
                "text": {"S": text},
                "provider_message_id": {"S": message_id},
                "created_at": {"N": str(now)},
            },
        )
        self._client.update_item(
            TableName=Enrolment.Meta.table_name,
            Key=key,
            UpdateExpression="SET step = :next, due_at = :due",
            ExpressionAttributeValues={
                ":next": {"S": f"{step['S']}+"},
                ":due": {"N": str(now + 10**9)},
            },
        )

    def _get(self, model: Any, **key: str) -> dict[str, Any]:
        answer = self._client.get_item(
            TableName=model.Meta.table_name,
            Key={name: {"S": value} for name, value in key.items()},
        )
        item: dict[str, Any] = answer["Item"]
        return item

    def _post(self, contact_id: str, text: str) -> str:
        body = json.dumps({"type": "SMS", "contactId": contact_id, "message": text}).encode()
        headers = {
            "Authorization": "Bearer pit-test",
            "Version": "2021-04-15",
            "Content-Type": "application/json",
        }
        answer = self._sandbox.handle(Request("POST", urlsplit(_URL).path, {}, headers, body))
        if not isinstance(answer, Response) or answer.status >= 300:
            raise LoopError(f"The provider refused the loop's message: {answer}")
        return str(json.loads(answer.body)["messageId"])
