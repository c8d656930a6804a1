"""What of a draft's fate operators must hear of: it becomes a metric, which an alarm watches.

It is told once the fate is written. A process that dies between the two tells nothing of it; the
rows still do.
"""

from typing import TYPE_CHECKING

from system_sender.codes import Code, known_code
from system_sender.models import Draft
from system_sender.states import DraftState
from system_sender.telemetry import emit_failed_draft, emit_held_up, emit_parked

if TYPE_CHECKING:
    from system_sender.settlement import DraftFate

# The recipient decided, or has yet to. There is nothing to mend.
_RECIPIENTS_WORD = frozenset(
    {
        Code.OPTED_OUT,
        Code.BLACKLISTED,
        Code.DO_NOT_DISTURB,
        Code.UNSUBSCRIBED,
        Code.ALREADY_INVITED,
    }
)
# Nothing is broken: a limit is kept, somebody else is just speaking, or a part is out.
_NO_TROUBLE = frozenset(
    {
        Code.DAILY_CAP,
        Code.HOURLY_CAP,
        Code.RATE_LIMITED,
        Code.ECHO_HELD,
        Code.PARTS_REMAIN,
        Code.SEQUENCE_LOOKS,
        Code.NO_TIME,
    }
)


def tell_operators(draft: Draft, fate: "DraftFate", now: int) -> None:
    """Tell that a draft failed, may or may not have left, or is put off once more.

    Args:
        draft: as it was before. What was planned for later is not late before then.
        now: epoch milliseconds, UTC.
    """
    if fate.state is DraftState.UNKNOWN:
        emit_parked()
    elif fate.state is DraftState.FAILED and fate.code not in _RECIPIENTS_WORD:
        emit_failed_draft()
    elif fate.state is DraftState.APPROVED and fate.code not in _NO_TROUBLE:
        planned = fate.ready_at is not None
        if draft.ready_at is not None and not planned:
            emit_held_up(max(0, now - _could_have_gone_at(draft)) / 1000)


def _could_have_gone_at(draft: Draft) -> int:
    """Return since when nothing but trouble has held a draft up (epoch milliseconds, UTC)."""
    was_held_by_rule = known_code(draft.code, Code.NOT_DUE) in _NO_TROUBLE
    waited_until = int(draft.due_at or 0) if was_held_by_rule else 0
    return max(int(draft.ready_at), waited_until)
