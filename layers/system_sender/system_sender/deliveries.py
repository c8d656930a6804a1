"""The deliveries of a lead that a message in a provider's records could be."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from system_sender.budget import LOOK_UP_SKEW, overdue_at
from system_sender.matching import same_text
from system_sender.models import Draft, Lead, Message, Revision
from system_sender.sms_text import Span
from system_sender.states import MESSAGE_IN_FLIGHT, MessageState
from system_sender.store import Key
from system_sender.switches import POST_WINDOW_SECONDS

if TYPE_CHECKING:
    from system_sender.system import System

# The index may hold every draft a lead ever had; what is looked for is of the last hours.
_RECENT = 60
_KEYS_A_READ = 100

# Within the ladder of look-ups a message that left without a name gets one, or never does.
_NAMELESS_FOR = 2 * 3600 * 1000

# The route on which a text leaves as the note of a request to connect.
_INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class LeadDelivery:
    """One claimed part of a draft, with the text that it sent or was to send."""

    draft: Draft
    message: Message
    text: str

    @property
    def is_undecided(self) -> bool:
        """Say whether the provider may have it, and nobody knows."""
        return self.message.state in MESSAGE_IN_FLIGHT

    @property
    def is_unnamed(self) -> bool:
        """Say whether it left, and nobody knows what its provider calls it."""
        message = self.message
        return message.state == MessageState.SENT and message.provider_message_id is None

    def may_have_left_at(self, at: int) -> bool:
        """Say whether the provider may have accepted it then (epoch milliseconds, UTC)."""
        since, until = window(self.message)
        return since <= at <= until

    def is_recently_nameless(self, at: int) -> bool:
        """Say whether its name may yet come up, and an event of this time could be about it."""
        since, until = window(self.message)
        return (self.is_undecided or self.is_unnamed) and since <= at <= until + _NAMELESS_FOR

    @property
    def _is_invitation(self) -> bool:
        """Say whether it may be the note of a request to connect.

        The note becomes the first message of a chat, days later, once the person accepts it.
        """
        may_be_out = self.is_undecided or self.message.state == MessageState.SENT
        return may_be_out and self.message.route == _INVITATION

    def may_be(self, text: str, at: int) -> bool:
        """Say whether a message with this text, of this time (epoch ms, UTC), could be it."""
        since, _ = window(self.message)
        in_time = since <= at if self._is_invitation else self.may_have_left_at(at)
        return in_time and same_text(self.text, text)


def window(message: Message) -> tuple[int, int]:
    """Return when a provider may have accepted a claimed delivery (epoch milliseconds, UTC).

    Two hosts' clocks differ, and that is allowed for on both sides.
    """
    post_by = int(message.post_by or 0)
    # The first attempt's message may come to light when the next one is under way.
    began = min(post_by - int(POST_WINDOW_SECONDS * 1000), int(message.created_at))
    return began - LOOK_UP_SKEW, overdue_at(post_by) + LOOK_UP_SKEW


def deliveries_of(
    system: "System", lead: Lead, provider: str, channel: str, *, since: int
) -> list[LeadDelivery]:
    """Return the lead's claimed deliveries through this provider that moved since then.

    Args:
        since: epoch milliseconds, UTC.
    """
    recent = system.store.query(Draft.lead_index, lead.lead_id, newest_first=True, limit=_RECENT)
    # The index lags; what may be out right now is listed by the lead itself.
    draft_ids = {row["draft_id"] for row in recent} | set(lead.open_drafts or ())
    drafts = [
        draft
        for draft in _read_all(system, [(Draft, draft_id) for draft_id in sorted(draft_ids)])
        if draft is not None
        and draft.parts
        and draft.channel == channel
        and draft.updated_at >= since
    ]
    return [
        delivery for delivery in _claimed(system, drafts) if delivery.message.provider == provider
    ]


def _claimed(system: "System", drafts: list[Draft]) -> list[LeadDelivery]:
    keys: list[Key] = [(Revision, draft.draft_id, int(draft.revision)) for draft in drafts]
    keys += [(Message, draft.draft_id, n) for draft in drafts for n in range(int(draft.parts))]
    rows = _read_all(system, keys)
    texts = {row.draft_id: row.text for row in rows[: len(drafts)] if row is not None}
    by_id = {draft.draft_id: draft for draft in drafts}
    never = (MessageState.QUEUED, MessageState.DROPPED)
    return [
        LeadDelivery(
            by_id[row.draft_id],
            row,
            Span(int(row.start), int(row.end)).of(texts[row.draft_id]),
        )
        for row in rows[len(drafts) :]
        if row is not None and row.draft_id in texts and row.state not in never
    ]


def _read_all(system: "System", keys: list[Key]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(keys), _KEYS_A_READ):
        rows += system.store.read(*keys[start : start + _KEYS_A_READ])
    return rows
