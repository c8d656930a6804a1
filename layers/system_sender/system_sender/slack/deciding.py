"""What a person's click or saved form does to a draft: writes alone, each of them once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from system_sender import drafts
from system_sender.codes import Code
from system_sender.drafts import DraftRefused
from system_sender.models import Draft, Inbound, Lead, Revision
from system_sender.slack.message import SUBJECT_FIELD, TEXT_FIELD, Action, send_anyway, status
from system_sender.slack.question import AWAITING, last_word
from system_sender.slack.request import Click, Saved
from system_sender.slack.reviewing import ask_again
from system_sender.states import DraftState
from system_sender.text_parts import parts_of

if TYPE_CHECKING:
    from system_sender.system import System

# A newer message of the lead takes a draft out of the list, and a person may want it all the same.
_APPROVABLE = AWAITING | {DraftState.SUPERSEDED}
_REFUSED_FOR_THE_SUBJECT = frozenset({Code.SUBJECT_WRONG, Code.SUBJECT_MISSING})


@dataclass(frozen=True, slots=True)
class Decision:
    """What a click came to.

    Attributes:
        code: stable.
        changed: whether the draft, or what is shown of it, is no longer as it was.
        told: what the person is told; empty where the message itself will show it.
        blocks: the same with a button, where there is something more to decide.
    """

    code: Code
    changed: bool = False
    told: str = ""
    blocks: tuple[dict[str, Any], ...] = ()


def user_of(slack_user: str) -> str:
    """Return how a Slack user is recorded."""
    return f"slack:{slack_user}"


def decide(system: "System", click: Click) -> Decision:
    """Approve or reject a draft as a person's click says.

    Raises:
        StorageError: it may or may not be written; the same click again does no harm.
    """
    draft, refusal = _draft_as_shown(system, click.draft_id, click.revision)
    if draft is None or refusal is not None:
        return refusal or _told(Code.DRAFT_NOT_FOUND)
    wanted = AWAITING if click.action is Action.REJECT else _APPROVABLE
    if draft.state not in wanted:
        return _already(system, draft)
    try:
        if click.action is Action.REJECT:
            drafts.reject(system.store, system.world, draft, user=user_of(click.user))
            return Decision(Code.DRAFT_REJECTED, changed=True)
        return _approve(system, draft, click)
    except DraftRefused as refused:
        return _refused(system, draft, refused.code)


def _draft_as_shown(
    system: "System", draft_id: str, revision: int
) -> tuple[Draft | None, Decision | None]:
    """Return the draft that a person saw; a refusal where its text is no longer what they saw."""
    draft = system.store.get(Draft, draft_id)
    if draft is None:
        return None, _told(Code.DRAFT_NOT_FOUND)
    if int(draft.revision) == revision:
        return draft, None
    ask_again(system, draft)
    return draft, Decision(Code.STALE_REVISION, changed=True, told=Code.STALE_REVISION.sentence)


def _approve(system: "System", draft: Draft, click: Click) -> Decision:
    lead = system.store.get(Lead, draft.lead_id)
    if lead is None:
        return _told(Code.LEAD_NOT_FOUND)
    seen = (int(lead.inbound_count), int(lead.human_outbound_count))
    anyway = click.action is Action.APPROVE_ANYWAY and click.seen == seen
    if drafts.is_stale(draft, lead) and not anyway:
        return _stale(system, draft, lead)
    drafts.approve(
        system.store,
        system.world,
        draft,
        lead,
        sent_by="setter",
        user=user_of(click.user),
        override_stale=anyway,
    )
    return Decision(Code.NOT_DUE, changed=True)


def _stale(system: "System", draft: Draft, lead: Lead) -> Decision:
    """Tell what has come meanwhile, with a button for whoever wants it sent all the same."""
    event_id = (lead.latest_inbound or {}).get(draft.channel)
    newest = None
    if event_id is not None and event_id != draft.reply_to:
        newest = system.store.get(Inbound, event_id)
    blocks = send_anyway(draft, lead, newest.text if newest is not None else None)
    code = Code.STALE_NEEDS_WORD
    return Decision(code, told=code.sentence, blocks=blocks)


def _refused(system: "System", draft: Draft, code: Code) -> Decision:
    """Tell why nothing changed: somebody was quicker, or the draft cannot make this move."""
    if code is not Code.DRAFT_CHANGED:
        return _told(code)
    now = system.store.get(Draft, draft.draft_id)
    if now is None:
        return _told(Code.DRAFT_NOT_FOUND)
    return _already(system, now) if now.state not in AWAITING else _told(code)


def _already(system: "System", draft: Draft) -> Decision:
    """Tell what the draft is by now, and who decided it."""
    told = status(draft, last_word(system, draft))
    return Decision(Code.DRAFT_CHANGED, told=f"Nothing changed by this click. {told}")


def _told(code: Code) -> Decision:
    return Decision(code, told=code.sentence)


# --- editing -------------------------------------------------------------------------------------


def to_be_edited(system: "System", click: Click) -> tuple[Draft, Revision] | Decision:
    """Return the draft and the text that a person wants to edit; or what they are told instead."""
    draft, refusal = _draft_as_shown(system, click.draft_id, click.revision)
    if draft is None or refusal is not None:
        return refusal or _told(Code.DRAFT_NOT_FOUND)
    if draft.state not in AWAITING:
        return _already(system, draft)
    revision = system.store.get(Revision, draft.draft_id, int(draft.revision))
    return (draft, revision) if revision is not None else _told(Code.DRAFT_DELETED)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a saved form changed nothing, and the field that is shown with it."""

    field: str
    code: Code


def save(system: "System", saved: Saved) -> Mistake | None:
    """Write a form's text as a new revision, which waits for somebody to approve it.

    The same form again, after an answer that was lost, finds its own revision and changes nothing.

    Raises:
        StorageError: it may or may not be written; the same form again does no harm.
    """
    draft = system.store.get(Draft, saved.draft_id)
    if draft is None:
        return Mistake(TEXT_FIELD, Code.DRAFT_NOT_FOUND)
    refusal = parts_of(draft.channel, saved.text).refusal
    if refusal is not None:
        return Mistake(TEXT_FIELD, refusal)
    if _is_written(system, draft, saved):
        return None
    if int(draft.revision) != saved.revision:
        return Mistake(TEXT_FIELD, Code.STALE_REVISION)
    if draft.state not in AWAITING:
        return Mistake(TEXT_FIELD, Code.DRAFT_CHANGED)
    try:
        drafts.edit(
            system.store,
            system.world,
            draft,
            saved.text,
            subject=saved.subject or None,
            user=user_of(saved.user),
        )
    except DraftRefused as refused:
        return _mistake(system, saved, refused.code)
    return None


def _mistake(system: "System", saved: Saved, code: Code) -> Mistake | None:
    if code is Code.DRAFT_CHANGED:
        draft = system.store.get(Draft, saved.draft_id)
        if draft is not None and _is_written(system, draft, saved):
            return None
    field = SUBJECT_FIELD if code in _REFUSED_FOR_THE_SUBJECT else TEXT_FIELD
    return Mistake(field, code)


def _is_written(system: "System", draft: Draft, saved: Saved) -> bool:
    """Say whether this very form made the draft's current revision."""
    if int(draft.revision) != saved.revision + 1:
        return False
    written = system.store.get(Revision, draft.draft_id, int(draft.revision))
    if written is None or written.text != saved.text:
        return False
    return not saved.subject or written.subject == saved.subject
