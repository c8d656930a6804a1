"""P1, P2, P3 and P5 in every order of two invocations that are at work at the same time.

Here with at most one preemption, at every effect; `make crash` allows three, or two where there are
many effects.
"""

import pytest

from tests.crash.connection import FaultyConnection
from tests.crash.contests import CONTESTS, every_order_of

PREEMPTIONS = 1


@pytest.mark.parametrize("contest", CONTESTS)
def test_whatever_the_order_the_promise_holds(contest: str, connection: FaultyConnection) -> None:
    outcome = every_order_of(contest, connection, preemptions=PREEMPTIONS)
    assert outcome.orders > 5
    assert not outcome.complaints, "\n".join(outcome.complaints[:10])
