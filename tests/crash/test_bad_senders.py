"""The guard is guarded: senders that are known to be wrong do not pass the suite."""

from collections.abc import Iterator

import pytest

from tests.crash.bad_senders import BAD_SENDERS, create_idempotency_table
from tests.crash.connection import FaultyConnection
from tests.crash.harness import Run, run, single_plans


@pytest.fixture(scope="module", autouse=True)
def _idempotency_table(connection: FaultyConnection) -> None:
    create_idempotency_table(connection)


def every_single_fault(name: str, connection: FaultyConnection) -> Iterator[Run]:
    """Run a bad sender once without a fault and once with each."""
    whole = run(BAD_SENDERS[name], connection)
    yield whole
    yield from (run(BAD_SENDERS[name], connection, p) for p in single_plans(whole.trace))


@pytest.mark.parametrize("name", BAD_SENDERS)
def test_a_known_bad_sender_looks_well_until_something_fails(
    name: str, connection: FaultyConnection
) -> None:
    whole = run(BAD_SENDERS[name], connection)
    assert not whole.failed, whole.describe()


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("check_then_send", "duplicates"),
        ("stock_powertools", "duplicates"),
        ("mark_sent_before_post", "lost"),
        ("token_from_draft", "duplicates"),
        ("release_after_timeout", "duplicates"),
    ],
)
def test_a_known_bad_sender_fails_the_suite(
    name: str, verdict: str, connection: FaultyConnection
) -> None:
    runs = every_single_fault(name, connection)
    assert any(getattr(one, verdict) > 0 for one in runs)
