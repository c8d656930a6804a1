"""Performs the due work that the sweep put into the queue."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from system_sender import cold_start
from system_sender.budget import Budget
from system_sender.system import system
from system_sender.telemetry import emit_failure
from system_sender.work_queue import QueueMessage, SqsQueue
from system_sender.working import WORKERS, Batch

# Made while the environment starts: the first invocation should not wait for it.
SYSTEM = system()
SYSTEM.store.connect()
DEAD = SqsQueue(SYSTEM.world, os.environ["DEAD_WORK_QUEUE_URL"])
# One message that fails is given back alone: each stands for itself, and their order means nothing.
PROCESSOR = AsyncBatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
POOL = ThreadPoolExecutor(max_workers=WORKERS)
cold_start.finished()


def handler(event: dict[str, Any], context: Any) -> Any:
    """Handle a batch of messages; the answer names those that are to come again."""
    SYSTEM.transport.forget_connections()
    budget = Budget.of_invocation(SYSTEM.world, context.get_remaining_time_in_millis)
    batch = Batch(SYSTEM, DEAD, budget)

    async def perform(record: SQSRecord) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(POOL, batch.perform, _message_of(record))

    answer = async_process_partial_response(event, perform, PROCESSOR, context)
    failed = batch.finish()
    if failed:
        emit_failure(failed)
    return answer


def _message_of(record: SQSRecord) -> QueueMessage:
    group = record.attributes.message_group_id or "none"
    return QueueMessage(group, record.message_id, record.body)
