"""One delivery about to be attempted: all that its claim and its settlement need to know."""

from dataclasses import dataclass

from system_sender.letter import Access, Letter
from system_sender.models import Draft, Lead, Message, Workspace
from system_sender.result import message_id
from system_sender.sms_text import Span
from system_sender.states import DraftState


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt at one part of an approved draft.

    Attributes:
        draft_state: the state the draft is claimed from: approved, or sending for a later part.
        lead_version: the version of the lead that the policy judged.
        message: the row of this part as it was read, or None if no part was ever claimed.
        spans: every part of the text; the claim of the first part writes them all down.
        letter: this part, addressed, on the route that this attempt takes.
        has_next_route: whether another way is left, should this one definitely be closed.
        post_by: the wall-clock end of the permission to begin, in epoch milliseconds, UTC.
        post_by_monotonic: the same moment in monotonic seconds of this process.
        hour_share: the share of the workspace's hour that it counts in; None where it does not.
    """

    draft: Draft
    draft_state: DraftState
    lead: Lead
    lead_version: int
    workspace: Workspace
    message: Message | None
    part: int
    spans: tuple[Span, ...]
    provider: str
    access: Access
    letter: Letter
    has_next_route: bool
    sent_by: str
    claim_id: str
    post_by: int
    post_by_monotonic: float
    request_seconds: float
    earlier_provider_ids: tuple[str, ...]
    hour_share: int | None

    @property
    def id(self) -> str:
        """Return the public id of the delivery."""
        return message_id(self.draft.draft_id, self.part)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return everybody who would get it, the addressee first."""
        return (self.letter.to, *self.letter.cc, *self.letter.bcc)

    @property
    def refused_routes(self) -> tuple[str, ...]:
        """Return the ways that were definitely refused before this attempt."""
        return tuple(self.message.refused_routes or ()) if self.message is not None else ()

    @property
    def is_last(self) -> bool:
        """Say whether the text ends with this part."""
        return self.part == len(self.spans) - 1

    @property
    def attempt(self) -> int:
        """Return the number of this attempt, from 1."""
        return int(self.message.attempt) + 1 if self.message is not None else 1
