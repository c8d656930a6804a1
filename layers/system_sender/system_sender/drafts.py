"""Every move of a draft that is not a sending: created, approved, held, edited, rejected."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from system_sender import audit
from system_sender.alarms import tell_operators
from system_sender.asking import show_again
from system_sender.change import Change
from system_sender.codes import Code
from system_sender.email_text import subject_is_sound
from system_sender.models import Draft, Lead, Revision, shard_of, state_key
from system_sender.settlement import DraftFate, draft_actions, drop_parts
from system_sender.states import (
    DRAFT_BORN,
    DRAFT_OPEN,
    MAYBE_OUT,
    DraftState,
    IllegalTransition,
    check_draft_move,
)
from system_sender.store import ConditionsFailed, Store, Write
from system_sender.world import World

# Failures after a claim that left the delivery certainly unsent, so that it may be tried again.
_RETRYABLE_FAILURES = frozenset({Code.ATTEMPTS_EXHAUSTED.value, Code.SETTLED_NOT_SENT.value})


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A draft to be created.

    Attributes:
        draft_id: starts with the workspace; the caller's key makes the rest.
        origin: what caused the draft: an inbound event's id, or the kind of caller.
        seen_inbounds: how many inbound messages the lead had when the text was written.
        subject: of an e-mail; None stays in the subject of what it answers.
        reply_to: the id of the inbound event whose conversation it stays in.
        judgement: what was thought of the text; see :class:`~system_sender.models.Draft`.
        incomplete: only an edit makes a text of it that may be approved.
        enrolment_id: the enrolment whose step it is.
    """

    draft_id: str
    workspace: str
    lead_id: str
    channel: str
    text: str
    state: DraftState
    origin: str
    seen_inbounds: int
    seen_human_outbounds: int
    campaign_id: str | None = None
    confidence: float | None = None
    sent_by: str | None = None
    user: str | None = None
    due_at: int | None = None
    code: Code | None = None
    subject: str | None = None
    reply_to: str | None = None
    judgement: dict[str, Any] | None = None
    incomplete: bool = False
    enrolment_id: str | None = None


class DraftRefused(Exception):
    """The draft cannot make this move; nothing changed. The code says why."""

    def __init__(self, code: Code, draft: Draft | None = None) -> None:
        super().__init__(code.sentence)
        self.code = code
        self.draft = draft


def text_hash(text: str, subject: str | None = None) -> str:
    """Return the hash that stands for a text where the text itself is not wanted."""
    whole = text if subject is None else f"{subject}\n\n{text}"
    return hashlib.sha256(whole.encode()).hexdigest()


def draft_row(new: NewDraft, now: int) -> Draft:
    """Return the row of a new draft. An approved one is due from the first moment."""
    if new.state not in DRAFT_BORN:
        raise IllegalTransition(f"A draft cannot be born {new.state}.")
    due_at = (new.due_at or now) if new.state is DraftState.APPROVED else None
    return Draft(
        new.draft_id,
        workspace=new.workspace,
        lead_id=new.lead_id,
        channel=new.channel,
        state=new.state.value,
        state_key=state_key(new.workspace, new.state),
        revision=1,
        text_hash=text_hash(new.text, new.subject),
        first_text_hash=text_hash(new.text, new.subject),
        origin=new.origin,
        campaign_id=new.campaign_id,
        confidence=new.confidence,
        judgement=new.judgement,
        asked=new.state is DraftState.NEEDS_REVIEW,
        sent_by=new.sent_by,
        user=new.user,
        reply_to=new.reply_to,
        enrolment_id=new.enrolment_id,
        approved_at=now if due_at is not None else None,
        ready_at=due_at,
        seen_inbounds=new.seen_inbounds,
        seen_human_outbounds=new.seen_human_outbounds,
        due_shard=shard_of(new.draft_id) if due_at is not None else None,
        due_at=due_at,
        code=new.code.value if new.code else None,
        incomplete=new.incomplete or new.code is Code.TEMPLATE_VARIABLE_MISSING,
        created_at=now,
        updated_at=now,
    )


def add_draft(
    write: Write,
    draft: Draft,
    text: str,
    now: int,
    *,
    subject: str | None = None,
    lead_changes: Sequence[Any] = (),
) -> None:
    """Add the steps that create a draft, its text and its mention on the lead.

    Args:
        lead_changes: what else changes in the lead's row with it.
    """
    absent = Draft.draft_id.does_not_exist()
    write.put("draft", draft, absent, return_old=True)
    number = int(draft.revision)
    revision = Revision(draft.draft_id, number, text=text, subject=subject, created_at=now)
    write.put("revision", revision, Revision.draft_id.does_not_exist())
    write.update(
        "lead",
        Lead(draft.lead_id),
        [Lead.open_drafts.add({draft.draft_id}), *lead_changes],
        Lead.lead_id.exists(),
    )
    audit.note(
        write,
        draft,
        target=draft.state,
        actor=audit.person(draft.user) if draft.sent_by == "setter" else audit.WRITER,
        at=now,
        source=None,
        code=draft.code,
        until=draft.due_at,
    )
    show_again(write, draft, draft.state, now)


def create_draft(store: Store, world: World, new: NewDraft) -> Draft:
    """Create a draft, or return the one that this key already made with this text.

    Raises:
        DraftRefused: when the key belongs to another text or lead, or the lead is gone.
    """
    now = world.now()
    draft = draft_row(new, now)

    def build(token: str) -> Write:
        write = Write(token)
        add_draft(write, draft, new.text, now, subject=new.subject)
        return write

    try:
        store.write_patiently(build)
    except ConditionsFailed as refusal:
        existing = refusal.failed.get("draft")
        if existing is None:
            raise DraftRefused(Code.LEAD_NOT_FOUND) from None
        return _same_draft(Draft.from_raw_data(existing), draft)
    return draft


def _same_draft(existing: Draft, wanted: Draft) -> Draft:
    same = (
        existing.lead_id == wanted.lead_id
        and existing.channel == wanted.channel
        and existing.first_text_hash == wanted.first_text_hash
    )
    if not same:
        raise DraftRefused(Code.KEY_REUSED, existing)
    return existing


def approve(
    store: Store,
    world: World,
    draft: Draft,
    lead: Lead,
    *,
    sent_by: str,
    user: str | None = None,
    override_stale: bool = False,
    due_at: int | None = None,
) -> None:
    """Approve the draft's current revision: durable work, due at `due_at` or now.

    Args:
        override_stale: a person knows that the conversation moved on, and wants it sent anyway.

    Raises:
        DraftRefused: when the draft cannot be approved from where it stands.
    """
    source = DraftState(draft.state)
    _check_approvable(draft, source, sent_by)
    if is_stale(draft, lead) and not override_stale:
        raise DraftRefused(Code.STALE_NEEDS_WORD, draft)
    now = world.now()
    check_draft_move(source, DraftState.APPROVED)
    fate = DraftFate(DraftState.APPROVED, Code.NOT_DUE, due_at or now)
    actions = draft_actions(draft, fate, now)
    actions += [
        Draft.sent_by.set(sent_by),
        Draft.approved_at.set(now),
        Draft.ready_at.set(due_at or now),
        Draft.attempts.set(0),
        Draft.seen_inbounds.set(lead.inbound_count),
        Draft.seen_human_outbounds.set(lead.human_outbound_count),
    ]
    if user:
        actions.append(Draft.user.set(user))
    actor = audit.person(user) if sent_by == "setter" else audit.POLICY
    change = Change(fate, actor, now, {"sent_by": sent_by})
    move(store, draft, actions, change, open_for_lead=True)


def _check_approvable(draft: Draft, source: DraftState, sent_by: str) -> None:
    refusals = {
        DraftState.SENT: Code.DRAFT_SENT,
        DraftState.REJECTED: Code.DRAFT_REJECTED,
        DraftState.SENDING: Code.IN_PROGRESS,
        DraftState.UNKNOWN: Code.DRAFT_CLAIMED,
    }
    if source in refusals:
        raise DraftRefused(refusals[source], draft)
    # What was held for a person, refused or overtaken comes back only by a person's word.
    if sent_by == "ai" and source not in (DraftState.PENDING, DraftState.APPROVED):
        raise DraftRefused(Code.AWAITING_PERSON, draft)
    if draft.incomplete:
        raise DraftRefused(Code.TEMPLATE_VARIABLE_MISSING, draft)
    if source is DraftState.FAILED and draft.parts and draft.code not in _RETRYABLE_FAILURES:
        raise DraftRefused(Code.PART_FINAL, draft)


def is_stale(draft: Draft, lead: Lead) -> bool:
    """Say whether the conversation moved on since the draft was written or approved."""
    return bool(
        lead.inbound_count > draft.seen_inbounds
        or lead.human_outbound_count > draft.seen_human_outbounds
    )


def edit(
    store: Store,
    world: World,
    draft: Draft,
    text: str,
    *,
    subject: str | None = None,
    user: str | None = None,
) -> Draft:
    """Give the draft a new revision, which is pending until somebody approves it.

    Args:
        subject: of an e-mail; None keeps the one it has.
        user: who edits.

    What came in since the draft was written stays newer than it: whoever edits may not have seen
    it, and approving will say so.

    Raises:
        DraftRefused: when a part was claimed, or the draft is past editing.
    """
    source = DraftState(draft.state)
    if draft.parts:
        raise DraftRefused(Code.DRAFT_CLAIMED, draft)
    if source in (DraftState.SENDING, DraftState.UNKNOWN, DraftState.SENT):
        raise DraftRefused(Code.DRAFT_CLAIMED, draft)
    check_draft_move(source, DraftState.PENDING)
    if not text.strip():
        raise DraftRefused(Code.EMPTY_TEXT, draft)
    subject = subject or _subject(store, draft)
    if subject is not None and not subject_is_sound(subject):
        raise DraftRefused(Code.SUBJECT_WRONG, draft)
    now = world.now()
    revision = int(draft.revision) + 1
    fate = DraftFate(DraftState.PENDING, Code.AWAITING_PERSON)
    actions = draft_actions(draft, fate, now)
    actions += [
        Draft.revision.set(revision),
        Draft.text_hash.set(text_hash(text, subject)),
        Draft.confidence.remove(),
        Draft.sent_by.remove(),
        Draft.approved_at.remove(),
        Draft.ready_at.remove(),
        Draft.incomplete.set(False),
    ]
    row = Revision(draft.draft_id, revision, text=text, subject=subject, created_at=now)
    facts = {
        "revision": revision,
        "text_hash": text_hash(text, subject),
        "confidence": None,
        "sent_by": None,
    }
    change = Change(fate, audit.person(user), now, facts)
    move(store, draft, actions, change, open_for_lead=True, revision=row)
    edited = store.get(Draft, draft.draft_id)
    if edited is None:
        raise DraftRefused(Code.DRAFT_NOT_FOUND)
    return edited


def _subject(store: Store, draft: Draft) -> str | None:
    if draft.channel != "email":
        return None
    revision = store.get(Revision, draft.draft_id, int(draft.revision))
    return revision.subject if revision is not None else None


def reject(store: Store, world: World, draft: Draft, *, user: str | None = None) -> None:
    """Reject the draft for good.

    Args:
        user: who rejects it.

    Raises:
        DraftRefused: when a part was claimed, or the draft already left.
    """
    source = DraftState(draft.state)
    if draft.parts or source not in DRAFT_OPEN:
        raise DraftRefused(
            Code.DRAFT_SENT if source is DraftState.SENT else Code.DRAFT_CLAIMED, draft
        )
    fate = DraftFate(DraftState.REJECTED, Code.DRAFT_REJECTED)
    leave(store, world, draft, fate, actor=audit.person(user))


def leave(
    store: Store,
    world: World,
    draft: Draft,
    fate: DraftFate,
    *,
    actor: str = audit.POLICY,
    dropped: Sequence[int] = (),
) -> None:
    """Move a draft to where the policy, a sweep or a person wants it.

    Args:
        actor: who or what wants it; see `audit.py`.
        dropped: parts that were not begun and go with the draft.

    Raises:
        DraftRefused: when somebody moved it first.
    """
    check_draft_move(DraftState(draft.state), fate.state)
    still_open = fate.state in DRAFT_OPEN
    now = world.now()
    actions = draft_actions(draft, fate, now)
    # Waiting on for the same reason decides nothing: a pause is looked at each minute.
    waits_on = draft.state == fate.state and draft.code == fate.code.value
    change = None if waits_on else Change(fate, actor, now)
    move(store, draft, actions, change, open_for_lead=still_open, dropped=dropped)
    tell_operators(draft, fate, now)


def overtake(store: Store, world: World, lead_id: str, moves: Sequence[tuple[Draft, Code]]) -> None:
    """Supersede several open drafts of a lead, all of them or none.

    Raises:
        DraftRefused: when one of them is no longer as it was read.
    """
    now = world.now()

    def build(token: str) -> Write:
        write = Write(token)
        for number, (draft, code) in enumerate(moves):
            check_draft_move(DraftState(draft.state), DraftState.SUPERSEDED)
            fate = DraftFate(DraftState.SUPERSEDED, code)
            actions = draft_actions(draft, fate, now)
            write.update(f"draft{number}", Draft(draft.draft_id), actions, _as_read(draft))
            Change(fate, audit.CONVERSATION, now).tell(write, draft)
        mentions = {draft.draft_id for draft, _ in moves}
        lead_actions = [Lead.open_drafts.delete(mentions)]
        write.update("lead", Lead(lead_id), lead_actions, Lead.lead_id.exists())
        return write

    try:
        store.write_patiently(build)
    except ConditionsFailed:
        raise DraftRefused(Code.DRAFT_CHANGED) from None


def _as_read(draft: Draft) -> Any:
    """Return the condition that the draft is as it was read."""
    as_read = (Draft.state == draft.state) & (Draft.revision == draft.revision)
    if draft.state == DraftState.SENDING:
        return as_read & (Draft.claim_id == draft.claim_id)
    # Back in the same state is not the same: an older verdict must not undo a newer approval.
    return as_read & (Draft.updated_at == draft.updated_at)


def move(
    store: Store,
    draft: Draft,
    actions: list[Any],
    change: Change | None,
    *,
    open_for_lead: bool,
    revision: Revision | None = None,
    dropped: Sequence[int] = (),
) -> None:
    """Write a move, conditional on the state, the revision and the holder it leaves.

    Raises:
        DraftRefused: when the draft is no longer as it was read.
    """
    as_read = _as_read(draft)

    def build(token: str, *, with_lead: bool = True) -> Write:
        write = Write(token)
        if revision is not None:
            write.put("revision", revision, Revision.draft_id.does_not_exist())
        write.update("draft", Draft(draft.draft_id), actions, as_read)
        if change is not None:
            change.tell(write, draft)
        drop_parts(write, draft.draft_id, dropped)
        # While it may be out the lead still lists it: a claim does not touch the list.
        listed = draft.state in DRAFT_OPEN or draft.state in MAYBE_OUT
        if with_lead and open_for_lead != listed:
            list_draft(write, draft, listed=open_for_lead)
        return write

    try:
        store.write_patiently(build)
    except ConditionsFailed as refusal:
        if set(refusal.failed) != {"lead"}:
            raise DraftRefused(Code.DRAFT_CHANGED, draft) from None
        if open_for_lead:
            raise DraftRefused(Code.LEAD_NOT_FOUND, draft) from None
        # Nobody is left to list it, and it can be put away all the same.
        _write_move(store, draft, partial(build, with_lead=False))


def _write_move(store: Store, draft: Draft, build: Callable[[str], Write]) -> None:
    try:
        store.write_patiently(build)
    except ConditionsFailed:
        raise DraftRefused(Code.DRAFT_CHANGED, draft) from None


def list_draft(
    write: Write, draft: Draft, *, listed: bool, lead_changes: Sequence[Any] = ()
) -> None:
    """Add a draft to its lead's open drafts, or take it away.

    Args:
        lead_changes: what else changes in the lead's row with it.
    """
    drafts, mention = Lead.open_drafts, {draft.draft_id}
    action = drafts.add(mention) if listed else drafts.delete(mention)
    write.update("lead", Lead(draft.lead_id), [action, *lead_changes], Lead.lead_id.exists())
