"""The ledger: every request that reached the sandbox, when it began, and what was accepted.

It is the judge of the "at most once" tests, so it records what a provider would know and never
what the system under test believes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from threading import RLock
from typing import Any


class Operation(StrEnum):
    """What a request asked for."""

    SEND = "send"
    LOOK_UP = "look_up"
    OTHER = "other"
    """A path that no provider serves."""
    INCOMPLETE = "incomplete"
    """The client went away in the middle of its request."""


@dataclass(frozen=True)
class Entry:
    """One request.

    Attributes:
        number: 1, 2, 3 ... in the order of arrival; never used twice, not even after a reset.
        began_at: when its first bytes were read, epoch milliseconds UTC.
        account: the account that the token belongs to, or ``token-`` and a hash; never the token.
        text: the message text, exactly as it came.
        cc: the addresses in copy, as they came; of a valid e-mail.
        accepted: whether the provider took the message; ``accepted_at`` says when.
        status: the HTTP status that was answered; ``None`` while there is none.
        fault: the kind of the programmed fault that met the request, if one did.
    """

    number: int
    began_at: int
    method: str
    path: str
    provider: str = ""
    operation: Operation = Operation.OTHER
    account: str = ""
    contact_id: str = ""
    text: str = ""
    cc: tuple[str, ...] = ()
    accepted: bool = False
    accepted_at: int | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    status: int | None = None
    fault: str | None = None

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Entry":
        """Reads what ``to_json`` wrote."""
        read = {"operation": Operation(fields["operation"]), "cc": tuple(fields.get("cc", ()))}
        return cls(**{**fields, **read})

    def to_json(self) -> dict[str, Any]:
        """The entry as JSON-ready fields."""
        return asdict(self)

    def matches(self, contact_id: str | None, text: str | None) -> bool:
        """Whether it is for this contact and has exactly this text (``None``: any)."""
        return (contact_id is None or self.contact_id == contact_id) and (
            text is None or self.text == text
        )


class LedgerView:
    """Questions about a list of entries, in order of arrival."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = {entry.number: entry for entry in entries}

    def requests(self, contact_id: str | None = None, text: str | None = None) -> list[Entry]:
        """Every request: sends, look-ups, refused and unfinished ones."""
        return [entry for entry in self._snapshot() if entry.matches(contact_id, text)]

    def sends(self, contact_id: str | None = None, text: str | None = None) -> list[Entry]:
        """The requests to send a message, accepted or not."""
        entries = self.requests(contact_id, text)
        return [entry for entry in entries if entry.operation is Operation.SEND]

    def accepted(self, contact_id: str | None = None, text: str | None = None) -> list[Entry]:
        """The messages that the provider took: what a person's phone would show."""
        return [entry for entry in self.requests(contact_id, text) if entry.accepted]

    def to_json(self) -> list[dict[str, Any]]:
        """All entries as JSON-ready fields."""
        return [entry.to_json() for entry in self._snapshot()]

    def _snapshot(self) -> list[Entry]:
        return list(self._entries.values())


class Ledger(LedgerView):
    """The ledger that is being written. Thread-safe."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = RLock()
        self._last_number = 0

    def arrive(self, method: str, path: str, began_at: int) -> int:
        """Notes that a request began, before anything is decided; returns its number."""
        with self._lock:
            self._last_number += 1
            number = self._last_number
            self._entries[number] = Entry(number, began_at, method, path)
            return number

    def note(self, number: int, **changes: Any) -> None:
        """Adds what became known of a request; of one that a reset erased, nothing is noted."""
        with self._lock:
            entry = self._entries.get(number)
            if entry is not None:
                self._entries[number] = replace(entry, **changes)

    def holds(self, number: int) -> bool:
        """Whether the request is still known, that is: no reset came after it."""
        with self._lock:
            return number in self._entries

    def clear(self) -> None:
        """Forgets every entry. Numbers go on counting."""
        with self._lock:
            self._entries.clear()

    def _snapshot(self) -> list[Entry]:
        with self._lock:
            return super()._snapshot()
