"""DynamoDB round trips and write units of each kind of work."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.agency import LOCATION, WORKSPACE, Agency, Contact
from benchmarks.counting import Count, counting
from benchmarks.naive import Naive
from benchmarks.rows import Against, Bound, Row
from devstack.sandbox.webhooks import Signer, inbound_message
from system_sender.budget import Budget
from system_sender.result import SendOutcome
from system_sender.sending import approve_and_send_draft_system
from system_sender.store import shared_connection
from system_sender.system import System
from system_sender.webhook import handle

_SECONDS = 25.0


def measure(agency: Agency, base_url: str, token: str) -> list[Row]:
    """Count each kind of work once: counts are not noisy."""
    signer = Signer()
    system = agency.system(base_url, signer.public_key())
    naive = Naive(base_url, token)
    plain, contact = agency.lead_with_plain_draft(), agency.lead()
    naive_send = _count(naive.dynamodb, lambda: naive.send(plain.draft_id))
    naive_answer = _count(
        naive.dynamodb,
        lambda: naive.answer(WORKSPACE, contact.contact_id, "Yes", uuid.uuid4().hex),
    )
    client = shared_connection().client
    sent = agency.lead_with_draft()
    works: list[tuple[str, int, Callable[[], None], Count]] = [
        ("send", 4, lambda: _send(system, sent.draft_id, replayed=False), naive_send),
        ("replay", 1, lambda: _send(system, sent.draft_id, replayed=True), naive_send),
    ]
    for name, at_most, arrange, route in _inbounds(agency):
        works.append((name, at_most, _inbound(system, signer, arrange(), route), naive_answer))
    rows = []
    for name, at_most, work, baseline in works:
        rows += _rows(name, at_most, _count(client, work), baseline)
    return rows


def _inbounds(agency: Agency) -> Iterator[tuple[str, int, Callable[[], Contact], str | None]]:
    known, open_draft, unknown = agency.lead, agency.lead_with_draft, agency.stranger
    yield "inbound to sent", 8, known, WORKSPACE
    yield "inbound to sent, a draft superseded", 10, open_draft, WORKSPACE
    yield "inbound to sent, lead unknown", 10, unknown, WORKSPACE
    # An app that several workspaces share first asks who owns the provider's account.
    yield "inbound to sent, shared app", 10, known, None
    yield "inbound to sent, shared app, a draft superseded", 10, open_draft, None
    yield "inbound to sent, shared app, lead unknown", 10, unknown, None


def _inbound(
    system: System, signer: Signer, contact: Contact, route: str | None
) -> Callable[[], None]:
    webhook = inbound_message(
        signer,
        location_id=LOCATION,
        contact_id=contact.contact_id,
        text="Yes",
        **{"from": contact.phone},
    )
    event = {
        "headers": dict(webhook.headers),
        "pathParameters": {"workspace": route} if route else None,
        "queryStringParameters": None,
        "body": webhook.body.decode(),
        "isBase64Encoded": False,
    }

    def work() -> None:
        response = handle(system, event, Budget.of_seconds(system.world, _SECONDS))
        if response.fields.get("outcome") != SendOutcome.SENT:
            raise RuntimeError(f"The benchmark's inbound text was not answered: {response}")

    return work


def _send(system: System, draft_id: str, *, replayed: bool) -> None:
    result = approve_and_send_draft_system(draft_id, sent_by="ai", system=system)
    if result.outcome is not SendOutcome.SENT or result.replayed is not replayed:
        raise RuntimeError(f"The benchmark's draft did not go as planned: {result}")


def _count(client: Any, work: Callable[[], object]) -> Count:
    with counting(client) as count:
        work()
    return count


def _rows(name: str, at_most: int, count: Count, baseline: Count) -> list[Row]:
    naive = "naive, which answers again" if name == "replay" else "naive"
    return [
        Row(
            group="asked of DynamoDB",
            name=f"{name}: round trips",
            value=count.trips,
            unit="",
            baseline=baseline.trips,
            baseline_name=naive,
            bound=Bound(Against.VALUE, at_most),
        ),
        Row(
            group="asked of DynamoDB",
            name=f"{name}: write units",
            value=count.write_units,
            unit="",
            baseline=baseline.write_units,
            baseline_name=naive,
        ),
    ]
