"""What a writer and an evaluator know of a lead: who writes to whom, and what was said lately."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from system_sender.codes import Code
from system_sender.inbound import EventKind
from system_sender.models import Campaign, Draft, Inbound, Lead, Revision, Workspace
from system_sender.states import DraftState
from system_sender.store import Key

if TYPE_CHECKING:
    from system_sender.system import System

# A model needs the thread, not the archive; whatever it reads is paid, and takes its time.
MOST_TURNS = 12
MOST_CHARACTERS = 6_000

LEAD = "lead"
AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a thread, on any channel.

    Attributes:
        at: when it came or left, in epoch milliseconds, UTC.
        by: `lead` or `agency`.
    """

    at: int
    by: str
    channel: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that a reply is written and judged from.

    Attributes:
        workspace: None where its row is gone.
        inbound: the message that is answered.
        turns: what was said before it, oldest first; empty where nobody needs it.
    """

    workspace: Workspace | None
    lead: Lead
    campaign: Campaign
    inbound: Inbound
    turns: tuple[Turn, ...] = ()

    @property
    def message(self) -> str:
        """Return the text that is answered."""
        return self.inbound.text or ""

    @property
    def said_by_lead(self) -> tuple[str, ...]:
        """Return all that the lead said, the message that is answered last."""
        earlier = [turn.text for turn in self.turns if turn.by == LEAD]
        return (*earlier, self.inbound.subject or "", self.message)


def read_turns(system: "System", inbound: Inbound) -> tuple[Turn, ...]:
    """Return what was said before a message, oldest first: two queries and two batch reads.

    The indexes lag by a moment: a message that left right now may be missing.
    """
    store, lead_id = system.store, inbound.lead_id
    events = store.query(Inbound.lead_index, lead_id, newest_first=True, limit=MOST_TURNS + 1)
    drafts = store.query(Draft.lead_index, lead_id, newest_first=True, limit=MOST_TURNS)
    keys: list[Key] = [(Inbound, row["event_id"]) for row in events]
    keys += [(Draft, row["draft_id"]) for row in drafts]
    rows = [row for row in system.store.read(*keys) if row is not None] if keys else []
    turns = [_of_event(row) for row in rows if isinstance(row, Inbound) and _was_said(row)]
    turns += _of_drafts(system, [row for row in rows if isinstance(row, Draft)])
    before = [turn for turn in turns if turn.text.strip() and turn.at <= inbound.received_at]
    own = _of_event(inbound)
    return _last([turn for turn in before if turn != own], MOST_CHARACTERS - len(own.text))


def _was_said(event: Inbound) -> bool:
    """Say whether a person said it: machines' notes, statuses and our own echoes are left out."""
    if event.kind == EventKind.MESSAGE:
        return not event.automated
    by_hand = event.kind == EventKind.ECHO and event.finished_code == Code.HUMAN_REPLIED
    return bool(by_hand or event.kind == EventKind.HUMAN_OUTBOUND)


def _of_event(event: Inbound) -> Turn:
    by = LEAD if event.kind == EventKind.MESSAGE else AGENCY
    return Turn(int(event.received_at), by, event.channel, event.text or "")


def _of_drafts(system: "System", drafts: list[Draft]) -> list[Turn]:
    sent = [draft for draft in drafts if draft.state == DraftState.SENT]
    keys: list[Key] = [(Revision, draft.draft_id, int(draft.revision)) for draft in sent]
    texts = system.store.read(*keys) if keys else []
    return [
        Turn(int(draft.updated_at), AGENCY, draft.channel, revision.text)
        for draft, revision in zip(sent, texts, strict=True)
        if revision is not None
    ]


def _last(turns: list[Turn], characters: int) -> tuple[Turn, ...]:
    """Return the last turns that fit, oldest first."""
    kept: list[Turn] = []
    # Of one moment, the answer comes after what it answers.
    in_order = sorted(turns, key=lambda turn: (turn.at, turn.by == AGENCY))
    for turn in reversed(in_order[-(MOST_TURNS - 1) :]):
        characters -= len(turn.text)
        if characters < 0:
            break
        kept.append(turn)
    return tuple(reversed(kept))
