"""Makes the reply to a message: written, screened, judged."""

from typing import TYPE_CHECKING

from system_sender.codes import Code
from system_sender.drafting.conversation import Conversation
from system_sender.drafting.holding import Considered
from system_sender.drafting.screening import screen

if TYPE_CHECKING:
    from system_sender.system import System

# Of the time that there is, what the writer may take; the rest is the evaluator's.
_WRITERS_SHARE = 0.6


def compose(system: "System", conversation: Conversation, *, seconds: float) -> Considered:
    """Write a reply and find out what is to be thought of it.

    What the fixed rules hold is not judged: no judgement could let it go.

    Args:
        seconds: the total time limit of writer and evaluator together.
    """
    ends_at = system.world.monotonic() + seconds
    written = system.writer.write(conversation, seconds=seconds * _WRITERS_SHARE)
    if isinstance(written, Code):
        return Considered(written, screen(conversation, None), None)
    blocked = screen(conversation, written.text)
    if blocked is not None or written.hold is not None:
        return Considered(written, blocked, None)
    left = ends_at - system.world.monotonic()
    judgement = system.evaluator.judge(conversation, written.text, seconds=left)
    return Considered(written, None, judgement)
