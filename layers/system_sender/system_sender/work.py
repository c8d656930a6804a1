"""The vocabulary of work: what can be due, each item idempotent by its id.

A sweep finds items and performs them, or has a queue's workers perform them. Performing one that
is not due, or any number of times, does no harm: the row says what is left to do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pynamodb.models import Model

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.gate import send_approved_draft
from system_sender.looking import fill_in_id, look_up
from system_sender.models import Draft, Enrolment, Inbound, Review, workspace_of
from system_sender.recovery import recover
from system_sender.replying import perform_inbound
from system_sender.states import DraftState
from system_sender.store import ConditionsFailed, StorageError, Write
from system_sender.telemetry import log

if TYPE_CHECKING:
    from system_sender.system import System

# An item is not begun with less than this left: a send needs its time limit and its settlement.
LEAST_SECONDS = 10.0
# An item that fails unexpectedly steps back, so that it cannot stand in front of the others.
POSTPONED = 5 * 60_000


class WorkKind(StrEnum):
    """Which row has something to do.

    DRAFT: an approved one is due, a send is past its time, an unknown one is to be looked up.
    INBOUND: an event is recorded and its work is not finished. ENROLMENT: a sequence goes on.
    REVIEW: people are to be asked, or shown what became of a draft.
    """

    DRAFT = "draft"
    INBOUND = "inbound"
    ENROLMENT = "enrolment"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One row with something to do.

    Attributes:
        id: the row's key.
        due_at: epoch milliseconds, UTC.
    """

    kind: WorkKind
    id: str
    due_at: int

    @property
    def workspace(self) -> str:
        """Return whose work it is."""
        return workspace_of(self.id)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind.value, "id": self.id, "due_at": self.due_at}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "WorkItem":
        """Read what :meth:`to_dict` gives.

        Raises:
            ValueError: it is something else.
        """
        try:
            item = cls(WorkKind(values["kind"]), str(values["id"]), int(values["due_at"]))
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"This is no item of work: {type(error).__name__}.") from error
        if not item.workspace:
            raise ValueError("This is no item of work: it is nobody's.")
        return item


def perform_work(system: "System", item: WorkItem, budget: Budget) -> str:
    """Do what an item's row asks for, and return the code of what that came to."""
    return _PERFORM[item.kind](system, item.id, budget)


def perform_or_postpone(system: "System", item: WorkItem, budget: Budget) -> str | None:
    """Perform one item; one that breaks is reported and steps back, and hurts no other.

    Returns:
        The code of what it came to, or None where too little time was left to begin it.

    Raises:
        StorageError: it broke, and could not step back either. Its row is as it was found.
    """
    if budget.left(system.world) < LEAST_SECONDS:
        return None
    try:
        return perform_work(system, item, budget)
    except Exception as error:  # noqa: BLE001 - one broken item must not stop the others
        fields = {"item": item.id, "kind": item.kind.value, "error": type(error).__name__}
        log.error("item_failed", extra=fields)
    try:
        _postpone(system, item)
    except StorageError as error:
        log.error("item_not_postponed", extra={**fields, "error": type(error).__name__})
        raise
    return Code.INTERNAL_ERROR.value


def _perform_draft(system: "System", draft_id: str, budget: Budget) -> str:
    draft = system.store.get(Draft, draft_id)
    if draft is None:
        return Code.DRAFT_NOT_FOUND.value
    if draft.state == DraftState.SENDING:
        return recover(system, draft).value
    if draft.state == DraftState.UNKNOWN:
        return look_up(system, draft, budget).value
    if draft.state == DraftState.SENT:
        return fill_in_id(system, draft, budget).value
    return send_approved_draft(system, draft_id, budget=budget, draft=draft).code.value


def _perform_inbound(system: "System", event_id: str, budget: Budget) -> str:
    performed = perform_inbound(system, event_id, budget=budget, may_call_models=True)
    return (performed.result.code if performed.result else performed.code).value


def _perform_enrolment(system: "System", enrolment_id: str, budget: Budget) -> str:
    # Most rounds have none, and need not load what knows of sequences.
    from system_sender.followups.performing import perform_enrolment

    return perform_enrolment(system, enrolment_id, budget=budget).value


def _perform_review(system: "System", draft_id: str, budget: Budget) -> str:
    from system_sender.slack.reviewing import show_review

    return show_review(system, draft_id, budget).value


_PERFORM: Mapping[WorkKind, Callable[["System", str, Budget], str]] = {
    WorkKind.DRAFT: _perform_draft,
    WorkKind.INBOUND: _perform_inbound,
    WorkKind.ENROLMENT: _perform_enrolment,
    WorkKind.REVIEW: _perform_review,
}
_ROWS: Mapping[WorkKind, Any] = {
    WorkKind.DRAFT: Draft,
    WorkKind.INBOUND: Inbound,
    WorkKind.ENROLMENT: Enrolment,
    WorkKind.REVIEW: Review,
}


def _postpone(system: "System", item: WorkItem) -> None:
    due_at = system.world.now() + POSTPONED
    model = _ROWS[item.kind]
    row: Model = model(item.id)

    def build(token: str) -> Write:
        write = Write(token)
        # A new time may have been set meanwhile, and it may be a later one.
        sooner = model.due_at < due_at
        write.update(item.kind.value, row, [model.due_at.set(due_at)], sooner)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed:
        return  # it is not due any more, or later: there is nothing to put off
