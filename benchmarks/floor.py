"""The requests of one of our sends, made bare: what is left when our code costs nothing.

A send claims and settles in two transactions, whoever writes the code around them. This tells
what DynamoDB asks for that from what the project adds to it.
"""

import json
import re
import uuid
from typing import Any

from benchmarks.agency import WORKSPACE, Contact
from benchmarks.naive import Naive
from system_sender.sending import approve_and_send_draft_system
from system_sender.store import shared_connection
from system_sender.system import System

_OF_A_CONTACT = re.compile(rf"\b{WORKSPACE}:(draft|lead)-\d+")


class Floor:
    """Replays the DynamoDB requests of one recorded send for other drafts, with its own clients.

    Args:
        example: a lead with an approved draft, which is sent to be recorded.
    """

    def __init__(self, system: System, naive: Naive, example: Contact) -> None:
        self._naive = naive
        self._requests: list[tuple[str, str]] = []
        events = shared_connection().client.meta.events
        events.register("provide-client-params.dynamodb", self._record)
        try:
            approve_and_send_draft_system(example.draft_id, sent_by="ai", system=system)
        finally:
            events.unregister("provide-client-params.dynamodb", self._record)

    def send(self, draft_id: str) -> None:
        """Read, claim, post and settle with nothing in between."""
        number = draft_id.rsplit("-", 1)[1]
        *before, settle = self._requests
        for operation, text in before:
            self._ask(operation, text, number)
        self._naive.post("contact", "Hi Dana")
        self._ask(*settle, number)

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self._requests.append((model.name, json.dumps(params)))

    def _ask(self, operation: str, text: str, number: str) -> None:
        params = json.loads(_OF_A_CONTACT.sub(rf"{WORKSPACE}:\1-{number}", text))
        if "ClientRequestToken" in params:
            params["ClientRequestToken"] = str(uuid.uuid4())
        client: Any = self._naive.dynamodb
        methods = {
            "GetItem": client.get_item,
            "BatchGetItem": client.batch_get_item,
            "TransactWriteItems": client.transact_write_items,
        }
        methods[operation](**params)
