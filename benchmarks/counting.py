"""What is asked of DynamoDB, counted where botocore gets its answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_READS = frozenset({"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"})


@dataclass
class Count:
    """What one piece of work asked for. Threads may share it.

    Attributes:
        trips: requests, the SDK's own retries among them.
        read_units, write_units: as DynamoDB Local counts them; four for each kilobyte that is
            written in a transaction, where AWS bills two.
        index_units: the part of the write units that went into indexes.
    """

    trips: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    index_units: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def sent(self) -> None:
        """Count a request."""
        with self._lock:
            self.trips += 1

    def answered(self, operation: str, parsed: dict[str, Any]) -> None:
        """Count what an answer says was consumed."""
        consumed = parsed.get("ConsumedCapacity", [])
        with self._lock:
            for each in consumed if isinstance(consumed, list) else [consumed]:
                units = each.get("CapacityUnits", 0.0)
                if operation in _READS:
                    self.read_units += units
                else:
                    self.write_units += units
                    indexes = each.get("GlobalSecondaryIndexes", {})
                    self.index_units += sum(index["CapacityUnits"] for index in indexes.values())


@contextmanager
def counting(client: Any) -> Iterator[Count]:
    """Count every request of a client of DynamoDB, and what it consumed."""
    count = Count()

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def sent(**_: Any) -> None:
        count.sent()

    def answered(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        count.answered(model.name, parsed)

    events = client.meta.events
    hooks = (
        ("provide-client-params.dynamodb", ask),
        ("before-send.dynamodb", sent),
        ("after-call.dynamodb", answered),
    )
    for name, hook in hooks:
        events.register(name, hook)
    try:
        yield count
    finally:
        for name, hook in hooks:
            events.unregister(name, hook)
