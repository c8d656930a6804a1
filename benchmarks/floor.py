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
from system_sender.models import Draft
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
        draft = system.store.get(Draft, example.draft_id)
        if draft is None:
            raise LookupError(f"There is no draft {example.draft_id} to record a send of.")
        # A claim names the moment of the approval that it rests on: each draft has its own.
        self._approved_at = str(draft.updated_at)
        events = shared_connection().client.meta.events
        events.register("provide-client-params.dynamodb", self._record)
        try:
            approve_and_send_draft_system(example.draft_id, sent_by="ai", system=system)
        finally:
            events.unregister("provide-client-params.dynamodb", self._record)

    def send(self, draft_id: str) -> None:
        """Read, claim, post and settle with nothing in between."""
        number = draft_id.rsplit("-", 1)[1]
        read, read_together, claim, settle = self._requests
        approved_at = self._ask(*read, number)["Item"]["updated_at"]["N"]
        self._ask(*read_together, number)
        operation, text = claim
        self._ask(operation, text.replace(self._approved_at, approved_at), number)
        self._naive.post("contact", "Hi Dana")
        self._ask(*settle, number)

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self._requests.append((model.name, json.dumps(params)))

    def _ask(self, operation: str, text: str, number: str) -> Any:
        params = json.loads(_OF_A_CONTACT.sub(rf"{WORKSPACE}:\1-{number}", text))
        if "ClientRequestToken" in params:
            params["ClientRequestToken"] = str(uuid.uuid4())
        client: Any = self._naive.dynamodb
        methods = {
            "GetItem": client.get_item,
            "BatchGetItem": client.batch_get_item,
            "TransactWriteItems": client.transact_write_items,
        }
        return methods[operation](**params)
