"""Outcomes survive being stored."""

import json

import pytest

from system_sender.codes import Code
from system_sender.outcome import Outcome, OutcomeKind

OUTCOMES = [
    Outcome(OutcomeKind.SENT, Code.SENT, provider_message_id="ms1", provider_thread_id="cv1"),
    Outcome(OutcomeKind.NOT_SENT, Code.RATE_LIMITED, retry_at=1_772_500_000_000),
    Outcome(OutcomeKind.NOT_SENT, Code.TOO_LATE, counts=False),
    Outcome(OutcomeKind.NOT_SENT, Code.UNAUTHORIZED, integration_unhealthy=True),
    Outcome(OutcomeKind.REJECTED, Code.UNSUBSCRIBED, suppress=True),
    Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_TIMEOUT),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_comes_back_from_json_as_it_was(outcome: Outcome) -> None:
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome


def test_stored_values_are_plain() -> None:
    for outcome in OUTCOMES:
        kinds = {type(value) for value in outcome.to_dict().values()}
        assert kinds <= {str, int, bool, type(None)}
