"""The claim before the request and the settlement after it, as Powertools persistence.

    read+judge     claim            first byte           answer          settle
    ----|------------|------------------|-------------------|--------------|---->
                     |<-- at most the post window -->|      |
                     |  the row says `sending`, with our claim_id          |
                     |<-- killed anywhere here: a sweep parks the row, nobody sends again -->|

The row of a delivery is the idempotency record. It is written before the request and never
deleted, so a second request for the same delivery needs a person's order.
"""

import json
from typing import Any

from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import (
    STATUS_CONSTANTS,
    DataRecord,
)

from system_sender.claim import claim_write
from system_sender.codes import Code
from system_sender.delivery import Delivery
from system_sender.models import Message
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.settlement import DraftFate, Settled, settle
from system_sender.states import MessageState
from system_sender.store import AnswerLost, ConditionsFailed, Contention, Store
from system_sender.world import World

_CLAIM_RETRIES = 4


class ClaimRefused(Exception):
    """Nothing was taken: the rows are not as the policy saw them.

    Attributes:
        failed: the labels of the steps whose condition was false.
    """

    def __init__(self, failed: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(failed)))
        self.failed = failed


class ClaimBusy(Exception):
    """Nothing was taken, or nothing that we know of: others were writing the same rows."""


class DeliveryLedger(BasePersistenceLayer):
    """The record of one attempt. One object an attempt: nothing is shared between calls."""

    def __init__(self, store: Store, world: World, delivery: Delivery, until: float) -> None:
        """Prepare the ledger of one attempt; `until` (monotonic seconds) bounds its retries."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._store = store
        self._world = world
        self._delivery = delivery
        self._until = until
        self.claimed = False
        self.outcome: Outcome | None = None
        self.settled: Settled | None = None
        self.fate: DraftFate | None = None

    def save_inprogress(
        self,
        data: dict[str, Any],
        remaining_time_in_millis: int | None = None,  # noqa: ARG002 - see below
    ) -> None:
        """Claim. A remaining time would only serve an expiry, and no claim ever expires."""
        super().save_inprogress(data, remaining_time_in_millis=0)

    def _put_record(self, data_record: DataRecord) -> None:
        try:
            self._claim()
        except ConditionsFailed as refusal:
            existing = refusal.failed.get("message")
            if existing:
                row = Message.from_raw_data(existing)
                raise IdempotencyItemAlreadyExistsError(
                    old_data_record=_record_of(row, data_record.idempotency_key)
                ) from refusal
            raise ClaimRefused(frozenset(refusal.failed)) from refusal
        self.claimed = True

    def _claim(self) -> None:
        """Write the claim. Its token is this attempt's own: a shared one would let all in."""
        claim = claim_write(self._delivery, self._world.now())
        for attempt in range(_CLAIM_RETRIES):
            try:
                self._store.write(claim)
                return
            except AnswerLost:
                self._resolve_lost_claim()
                return
            except Contention as contention:
                if attempt + 1 == _CLAIM_RETRIES or not self._may_still_begin():
                    raise ClaimBusy from contention
                self._world.wait(0.01 * 2**attempt)

    def _may_still_begin(self) -> bool:
        return self._world.monotonic() < self._delivery.post_by_monotonic

    def _resolve_lost_claim(self) -> None:
        """Find out by a consistent read whether the claim whose answer was lost is ours."""
        delivery = self._delivery
        row = self._store.get(Message, delivery.draft.draft_id, delivery.part)
        if (
            row is not None
            and row.claim_id == delivery.claim_id
            and row.state == MessageState.SENDING
        ):
            return
        raise ClaimBusy

    def _update_record(self, data_record: DataRecord) -> None:
        self._settle(Outcome.from_dict(json.loads(data_record.response_data)))

    def _delete_record(self, data_record: DataRecord) -> None:  # noqa: ARG002 - Powertools'
        """Park. Powertools frees a record when the function raised; we never free one."""
        self._settle(Outcome(OutcomeKind.UNKNOWN, Code.INTERNAL_ERROR))

    def _settle(self, outcome: Outcome) -> None:
        self.outcome = outcome
        settlement = settle(self._store, self._world, self._delivery, outcome, until=self._until)
        self.settled, self.fate = settlement.extent, settlement.fate()

    def _get_record(self, idempotency_key: str) -> DataRecord:
        """Read the record; only asked for where the refused claim did not bring it along."""
        delivery = self._delivery
        row = self._store.get(Message, delivery.draft.draft_id, delivery.part)
        if row is None:
            raise ClaimBusy
        return _record_of(row, idempotency_key)


def _record_of(row: Message, idempotency_key: str) -> DataRecord:
    """Present a delivery as a Powertools record: known outcomes are completed, others not."""
    known = row.state in (MessageState.SENT, MessageState.REJECTED) and row.outcome
    response: Any = row.outcome if known else None
    return DataRecord(
        idempotency_key=idempotency_key,
        status=STATUS_CONSTANTS["COMPLETED" if known else "INPROGRESS"],
        response_data=json.dumps(response) if response else "",
    )
