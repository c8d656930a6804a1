"""Rows that a call is about, all of the caller's workspace."""

from collections.abc import Iterable
from typing import Any

from system_sender.codes import Code
from system_sender.dashboard.caller import Caller
from system_sender.dashboard.refusal import Refused
from system_sender.models import Draft, Lead, Revision, Workspace, is_identifier
from system_sender.store import Key, Store

# DynamoDB reads at most this many rows in one batch.
_ROWS_AT_ONCE = 100


def draft_of(store: Store, caller: Caller, draft_id: str) -> Draft:
    """Return a draft that must exist.

    Raises:
        Refused: it does not, or it is another workspace's.
    """
    caller.check(draft_id)
    draft = store.get(Draft, draft_id) if is_identifier(draft_id) else None
    if draft is None:
        raise Refused(Code.DRAFT_NOT_FOUND)
    return draft


def lead_of(store: Store, caller: Caller, lead_id: str) -> Lead:
    """Return a lead that must exist.

    Raises:
        Refused: they do not, or they are another workspace's.
    """
    caller.check(lead_id)
    lead = store.get(Lead, lead_id) if is_identifier(lead_id) else None
    if lead is None:
        raise Refused(Code.LEAD_NOT_FOUND)
    return lead


def check_workspace(store: Store, caller: Caller) -> None:
    """Let a workspace pass that exists.

    Raises:
        Refused: it does not.
    """
    if store.get(Workspace, caller.workspace) is None:
        raise Refused(Code.WORKSPACE_NOT_FOUND)


def rows_of(store: Store, keys: Iterable[Key]) -> list[Any]:
    """Read any number of rows, in the order of the keys; None where there is none."""
    wanted = list(keys)
    found: list[Any] = []
    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        found += store.read(*wanted[start : start + _ROWS_AT_ONCE])
    return found


def revisions_of(store: Store, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Revision]:
    """Return revisions by draft id and number; those that were erased are left out."""
    unique = sorted(set(keys))
    rows = rows_of(store, ((Revision, draft_id, number) for draft_id, number in unique))
    return {key: row for key, row in zip(unique, rows, strict=True) if row is not None}
