"""Many enrolments of workspaces of very uneven size, as the rows that the product makes of them."""

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from pynamodb.models import Model

from benchmarks.uneven import uneven
from system_sender.codes import Code
from system_sender.followups.enrolment import enrolment_key
from system_sender.followups.lifecycle import EnrolmentState
from system_sender.models import (
    Alias,
    Enrolment,
    Integration,
    Lead,
    Owner,
    Workspace,
    contact_alias,
    integration_key,
    owner_key,
    shard_of,
    state_key,
)
from system_sender.models import Sequence as SequenceRow
from system_sender.providers.gohighlevel import MARKETPLACE, NAME

SEED = 1
# The largest of 200 workspaces has a sixth of everything, the smallest about 80 of 100,000.
UNEVEN = 1.0
FIRST_STEP = "hello"
_DAY = 24 * 60 * 60_000
# DynamoDB's own limit.
_BATCH = 25
_WRITERS = 4
_BATCHES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Person:
    """A lead on its way through its workspace's one sequence."""

    workspace: str
    number: int

    @property
    def lead_id(self) -> str:
        """Return the key of the lead."""
        return f"{self.workspace}:lead-{self.number}"

    @property
    def contact_id(self) -> str:
        """Return what the provider calls the lead."""
        return f"{self.workspace}-contact{self.number:06}"

    @property
    def phone(self) -> str:
        """Return the lead's number, in E.164."""
        return f"+1555{self.number:07}"

    @property
    def enrolment_id(self) -> str:
        """Return the key of the enrolment."""
        return enrolment_key(sequence_of(self.workspace), self.lead_id)


def sequence_of(workspace: str) -> str:
    """Return the key of a workspace's sequence."""
    return f"{workspace}:spring"


def location_of(workspace: str) -> str:
    """Return the workspace's account at the provider."""
    return f"loc-{workspace}"


def workspaces_of(count: int) -> list[str]:
    """Return the names of the workspaces, the largest first."""
    return [f"ws{number:03}" for number in range(count)]


def people_of(total: int, workspaces: int) -> list[Person]:
    """Return everybody, in an order that the seed decides: any part of it is as uneven as all."""
    names = workspaces_of(workspaces)
    sizes = uneven(total, workspaces, UNEVEN)
    people = [
        Person(name, number)
        for name, size in zip(names, sizes, strict=True)
        for number in range(size)
    ]
    random.Random(SEED).shuffle(people)
    return people


def rows_of_workspace(name: str) -> list[Model]:
    """Return a workspace with an account at GoHighLevel and a sequence of three texts."""
    texts = {
        (FIRST_STEP, 1): "Hi {{ first_name }}, does 2pm on Tuesday work for a short call?",
        ("nudge", 4): "Hi {{ first_name }}, did you see my text about a call?",
        ("last", 8): "I'll stop here, {{ first_name }}. Write to {{ agency }} whenever you like.",
    }
    steps = [
        {"key": key, "day": day, "channel": "sms", "template": text}
        for (key, day), text in texts.items()
    ]
    return [
        Workspace(name, name=name.title(), region="US", time_zone="America/New_York"),
        Integration(
            integration_key(name, NAME),
            workspace=name,
            provider=NAME,
            account=location_of(name),
            webhook=MARKETPLACE,
        ),
        Owner(owner_key(NAME, location_of(name)), workspace=name),
        SequenceRow(sequence_of(name), workspace=name, name="Spring", steps=steps),
    ]


def rows_of_lead(person: Person, now: int) -> list[Model]:
    """Return a lead with a number, and the name that its provider knows it by."""
    return [
        Lead(
            person.lead_id,
            workspace=person.workspace,
            first_name="Dana",
            phone=person.phone,
            contacts={NAME: person.contact_id},
            enrolments={person.enrolment_id},
            created_at=now,
        ),
        Alias(contact_alias(person.workspace, NAME, person.contact_id), lead_id=person.lead_id),
    ]


def row_of_enrolment(person: Person, due_at: int) -> Enrolment:
    """Return an enrolment whose first step is due then (epoch milliseconds, UTC)."""
    key = person.enrolment_id
    return Enrolment(
        key,
        workspace=person.workspace,
        lead_id=person.lead_id,
        sequence_id=sequence_of(person.workspace),
        state=EnrolmentState.ACTIVE.value,
        state_key=state_key(person.workspace, EnrolmentState.ACTIVE),
        step=FIRST_STEP,
        done={},
        spaced_from=due_at,
        started_inbounds=0,
        seen_inbounds=0,
        started_at=due_at - _DAY,
        code=Code.STEP_NOT_DUE.value,
        due_shard=shard_of(key),
        due_at=due_at,
    )


def spread(people: Sequence[Person], start: int, end: int) -> Iterator[Enrolment]:
    """Return the enrolments of people whose first steps are due evenly between two moments."""
    for number, person in enumerate(people):
        yield row_of_enrolment(person, start + (end - start) * number // len(people))


def put(client: Any, rows: Iterable[Model]) -> None:
    """Write rows past the product's transactions, which would take an hour for so many."""
    batches = _batches(rows)
    with ThreadPoolExecutor(_WRITERS) as pool:
        while some := list(islice(batches, _BATCHES_AT_ONCE)):
            for answer in pool.map(lambda items: _put_batch(client, items), some):
                if answer["UnprocessedItems"]:
                    raise RuntimeError("DynamoDB Local did not take every row.")


def _batches(rows: Iterable[Model]) -> Iterator[list[Model]]:
    remaining = iter(rows)
    while first := list(islice(remaining, 1)):
        yield list(chain(first, islice(remaining, _BATCH - 1)))


def _put_batch(client: Any, rows: Sequence[Model]) -> Any:
    requests: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        item = {"PutRequest": {"Item": row.to_dynamodb_dict()}}
        requests.setdefault(row.Meta.table_name, []).append(item)
    return client.batch_write_item(RequestItems=requests)
