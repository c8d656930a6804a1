"""What every command works with: the rows, read and written as the functions do."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import islice
from typing import Any, TypeVar

from pynamodb.models import Model

from system_sender.cli.problem import Problem
from system_sender.codes import Code
from system_sender.followups.lifecycle import EnrolmentState
from system_sender.models import (
    Draft,
    Enrolment,
    Integration,
    Lead,
    Revision,
    Sequence,
    Workspace,
    integration_key,
    state_key,
)
from system_sender.providers import CHANNELS_OF
from system_sender.secrets import Secrets
from system_sender.settings import Settings
from system_sender.store import Key, Store, shared_connection
from system_sender.system import System
from system_sender.transport import Answer, Guard, NoAnswer, Request
from system_sender.world import Effect, World

M = TypeVar("M", bound=Model)

# DynamoDB reads at most this many rows in one request.
_ROWS_AT_ONCE = 100
# Keys are small: this many come in one answer.
_KEYS_AT_ONCE = 1_000


class NoWayOut:
    """The transport of the command: it has none. Only the functions call a provider."""

    def send(
        self,
        request: Request,  # noqa: ARG002 - nothing is sent, whatever it is
        *,
        seconds: float,  # noqa: ARG002
        guard: Guard,  # noqa: ARG002
    ) -> Answer | NoAnswer:
        """Refuse."""
        raise RuntimeError("The `sender` command never calls a provider.")

    def forget_connections(self) -> None:
        """There are none."""


class Operator:
    """A person at the tables of one stack."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.store = Store(self.world)

    @cached_property
    def system(self) -> System:
        """Return the system for domain functions that want one; it cannot reach a provider."""
        return System(
            world=self.world,
            store=self.store,
            secrets=Secrets(self.world, ""),
            transport=NoWayOut(),
            settings=Settings("", {}, ()),
        )

    def draft(self, draft_id: str) -> Draft:
        """Return a draft that must exist."""
        draft = self.store.get(Draft, draft_id)
        if draft is None:
            raise Problem(
                Code.DRAFT_NOT_FOUND,
                f"There is no draft '{draft_id}'. List them with `sender drafts`.",
            )
        return draft

    def lead(self, lead_id: str) -> Lead:
        """Return a lead that must exist."""
        lead = self.store.get(Lead, lead_id)
        if lead is None:
            raise Problem(
                Code.LEAD_NOT_FOUND,
                f"There is no lead '{lead_id}'. Ids look like 'acme:dana'; drafts name theirs.",
            )
        return lead

    def lead_of(self, draft: Draft) -> Lead:
        """Return the lead of a draft."""
        lead = self.store.get(Lead, draft.lead_id)
        if lead is None:
            raise Problem(Code.LEAD_NOT_FOUND)
        return lead

    def workspace(self, name: str) -> Workspace:
        """Return a workspace that must exist."""
        workspace = self.store.get(Workspace, name)
        if workspace is None:
            raise Problem(
                Code.WORKSPACE_NOT_FOUND,
                f"There is no workspace '{name}'. `sender status` lists them; `sender seed` makes "
                "one.",
            )
        return workspace

    def workspaces(self) -> list[Workspace]:
        """Return every workspace, by name. There are few, so the table is read as a whole."""
        rows = self._whole_table(Workspace)
        return sorted(rows, key=lambda row: str(row.workspace))

    def sequences(self, workspace: str | None) -> list[Sequence]:
        """Return the sequences, of one workspace or of all. There are few of them, too."""
        rows = self._whole_table(Sequence)
        named = [row for row in rows if workspace is None or row.workspace == workspace]
        return sorted(named, key=lambda row: str(row.sequence_id))

    def _whole_table(self, model: type[M]) -> list[M]:
        items: list[dict[str, Any]] = []
        name = model.Meta.table_name
        arguments: dict[str, Any] = {"TableName": name, "ConsistentRead": True}
        while True:
            page = self.world.perform(
                Effect.DATABASE_READ,
                f"scan {name}",
                partial(shared_connection().dispatch, "Scan", arguments),
            )
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return [model.from_raw_data(item) for item in items]

    def sequence(self, sequence_id: str) -> Sequence:
        """Return a sequence that must exist."""
        sequence = self.store.get(Sequence, sequence_id)
        if sequence is None:
            raise Problem(
                Code.SEQUENCE_NOT_FOUND,
                f"There is no sequence '{sequence_id}'. List them with `sender sequence list`.",
            )
        return sequence

    def enrolment(self, enrolment_id: str) -> Enrolment:
        """Return an enrolment that must exist."""
        enrolment = self.store.get(Enrolment, enrolment_id)
        # Without a lead it is what is left of a row that was deleted by hand.
        if enrolment is None or not enrolment.lead_id:
            raise Problem(
                Code.ENROLMENT_NOT_FOUND,
                f"There is no enrolment '{enrolment_id}'. Ids look like 'acme:winter/dana'; list "
                "them with `sender followups WORKSPACE`.",
            )
        return enrolment

    def enrolment_ids(
        self,
        workspace: str,
        states: Iterable[EnrolmentState],
        *,
        sequence_id: str | None = None,
        newest_first: bool = False,
    ) -> Iterator[str]:
        """Yield the enrolments of a workspace in these states, page by page.

        Args:
            sequence_id: only those in this sequence, told by their ids.
        """
        beginning = "" if sequence_id is None else f"{sequence_id}/"
        for state in states:
            after: dict[str, Any] | None = None
            while True:
                keys = self.store.query(
                    Enrolment.state_index,
                    state_key(workspace, state),
                    newest_first=newest_first,
                    limit=_KEYS_AT_ONCE,
                    after=after,
                )
                yield from (
                    key["enrolment_id"] for key in keys if key["enrolment_id"].startswith(beginning)
                )
                if len(keys) < _KEYS_AT_ONCE:
                    break
                after = _raw(keys[-1])

    def enrolments(
        self,
        workspace: str,
        states: Iterable[EnrolmentState],
        *,
        sequence_id: str | None = None,
        newest_first: bool = False,
    ) -> Iterator[Enrolment]:
        """Yield enrolments as :meth:`enrolment_ids` does, each as it is now."""
        wanted = tuple(states)
        ids = self.enrolment_ids(
            workspace, wanted, sequence_id=sequence_id, newest_first=newest_first
        )
        while batch := list(islice(ids, _ROWS_AT_ONCE)):
            for row in self.store.read(*((Enrolment, one) for one in batch)):
                # The index lags: what has moved on since is not told of in a state it has left.
                if row is not None and row.lead_id and row.state in wanted:
                    yield row

    def integrations(self, workspaces: Iterable[str]) -> list[Integration]:
        """Return the provider accounts of these workspaces, in their order."""
        keys = [
            (Integration, integration_key(name, provider))
            for name in workspaces
            for provider in CHANNELS_OF
        ]
        return [row for row in self.rows(keys) if row is not None]

    def revision(self, draft: Draft) -> Revision | None:
        """Return the draft's current revision; None when its text was erased."""
        return self.store.get(Revision, draft.draft_id, int(draft.revision))

    def rows(self, keys: Iterable[Key]) -> list[Any]:
        """Read any number of rows, in the order of the keys; None where there is none."""
        wanted = list(keys)
        found: list[Any] = []
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            found += self.store.read(*wanted[start : start + _ROWS_AT_ONCE])
        return found

    def revisions(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Revision]:
        """Return revisions by draft id and number; those that were erased are left out."""
        unique = sorted(set(keys))
        rows = self.rows((Revision, draft_id, number) for draft_id, number in unique)
        return {key: row for key, row in zip(unique, rows, strict=True) if row is not None}


def _raw(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return an index row's keys in DynamoDB's own format."""
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in key.items()
    }
