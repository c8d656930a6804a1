"""What people are asked about a draft, and what was decided, read from the rows around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from system_sender.audit import entries_of
from system_sender.drafts import is_stale
from system_sender.models import Audit, Campaign, Draft, Inbound, Lead, Revision, Workspace
from system_sender.states import DraftState
from system_sender.store import Key

if TYPE_CHECKING:
    from system_sender.system import System

# In these states a person's click decides.
AWAITING = frozenset({DraftState.PENDING, DraftState.NEEDS_REVIEW})
# How far back a person's latest word on a draft is looked for among its lead's decisions.
_MOST_ENTRIES = 50
_A_PERSON = "person"


@dataclass(frozen=True, slots=True)
class Word:
    """A person's latest word on a draft: who it was, and the state that it gave the draft."""

    user: str
    state: DraftState


@dataclass(frozen=True, slots=True)
class Question:
    """A draft with everything that a person needs to decide about it.

    Attributes:
        inbound: the message that it answers.
        newest: what the lead wrote after that, where the draft does not answer it.
        word: the latest word of a person.
    """

    draft: Draft
    revision: Revision | None
    lead: Lead | None
    campaign: Campaign | None
    inbound: Inbound | None = None
    newest: Inbound | None = None
    word: Word | None = None

    @property
    def is_open(self) -> bool:
        """Whether a person's decision is still wanted."""
        return self.draft.state in AWAITING


def read_workspace_and_question(
    system: "System", draft: Draft
) -> tuple[Workspace | None, Question]:
    """Read the rows around a draft; the workspace says where people are asked."""
    keys: list[Key] = [
        (Workspace, draft.workspace),
        (Lead, draft.lead_id),
        (Revision, draft.draft_id, int(draft.revision)),
    ]
    if draft.campaign_id is not None:
        keys.append((Campaign, draft.campaign_id))
    if draft.reply_to is not None:
        keys.append((Inbound, draft.reply_to))
    rows = system.store.read(*keys)
    found: dict[type[Any], Any] = {type(row): row for row in rows if row is not None}
    lead, inbound = found.get(Lead), found.get(Inbound)
    question = Question(
        draft=draft,
        revision=found.get(Revision),
        lead=lead,
        campaign=found.get(Campaign),
        inbound=inbound,
        newest=_newest(system, draft, lead),
        word=last_word(system, draft),
    )
    return found.get(Workspace), question


def _newest(system: "System", draft: Draft, lead: Lead | None) -> Inbound | None:
    """Return the message that overtook the draft, if one did."""
    if lead is None or not is_stale(draft, lead):
        return None
    event_id = (lead.latest_inbound or {}).get(draft.channel)
    if event_id is None or event_id == draft.reply_to:
        return None
    return system.store.get(Inbound, event_id)


def last_word(system: "System", draft: Draft) -> Word | None:
    """Return the latest word of a person on a draft, as the audit has it."""
    return word_of(entries_of(system.store, draft.lead_id, _MOST_ENTRIES), draft.draft_id)


def word_of(entries: Sequence[Audit], draft_id: str) -> Word | None:
    """Return the latest word of a person on a draft among a lead's entries, oldest first. Pure."""
    for entry in reversed(entries):
        kind, _, user = str(entry.actor).partition(":")
        if entry.draft_id == draft_id and kind == _A_PERSON and entry.target in set(DraftState):
            return Word(user, DraftState(entry.target))
    return None
