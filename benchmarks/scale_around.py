"""What a send brings after it: its echo, and now and then an answer that pauses the sequence."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.counting import Count, counting
from benchmarks.rows import Row
from benchmarks.scale_lab import Lab
from benchmarks.scale_rows import Person, location_of
from devstack.sandbox.webhooks import Signer, Webhook, inbound_message, outbound_message
from system_sender.budget import Budget
from system_sender.webhook import handle

GROUP = "after a send"
_BASELINE = "nothing: no record of it"
_SECONDS = 60.0


def measure_around(lab: Lab, signer: Signer, people: Sequence[Person]) -> list[Row]:
    """Let the provider tell of a message that left, and a lead answer; each counted once.

    Args:
        people: two who got a message.
    """
    echoed, answers = people
    [echo] = [
        entry
        for entry in lab.sandbox.ledger.accepted(contact_id=echoed.contact_id)
        if entry.message_id is not None
    ]
    told = outbound_message(
        signer,
        location_id=location_of(echoed.workspace),
        contact_id=echoed.contact_id,
        text=echo.text or "",
        message_id=echo.message_id,
        source="api",
        timestamp=_clock(lab),
    )
    answered = inbound_message(
        signer,
        location_id=location_of(answers.workspace),
        contact_id=answers.contact_id,
        text="Yes",
        timestamp=_clock(lab),
        **{"from": answers.phone},
    )
    return [*_rows("an echo", _count(lab, told)), *_rows("an answer", _count(lab, answered))]


def _clock(lab: Lab) -> str:
    return datetime.fromtimestamp(lab.world.now() / 1000, UTC).isoformat(timespec="milliseconds")


def _count(lab: Lab, webhook: Webhook) -> Count:
    event = {
        "headers": dict(webhook.headers),
        "pathParameters": None,
        "queryStringParameters": None,
        "body": webhook.body.decode(),
        "isBase64Encoded": False,
    }
    with counting(lab.connection.client) as count:
        response = handle(lab.system, event, Budget.of_seconds(lab.world, _SECONDS))
    if response.status != 200:
        raise RuntimeError(f"The benchmark's webhook was not taken: {response}")
    return count


def _rows(name: str, count: Count) -> list[Row]:
    values = {
        "round trips": count.trips,
        "write units": count.write_units,
        "read units": count.read_units,
    }
    return [
        Row(GROUP, f"{name}: {unit}", value, "", 0.0, _BASELINE) for unit, value in values.items()
    ]
