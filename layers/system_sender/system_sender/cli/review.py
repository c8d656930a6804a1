"""A person's work on drafts: look, approve, edit, reject. What is approved leaves by itself."""

from collections.abc import Sequence
from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer, usage
from system_sender.cli.documents import (
    afterwards,
    draft_document,
    message_document,
    sentence_of,
    way_of,
)
from system_sender.cli.function import send_now
from system_sender.cli.heading import Heading, heading_facts, heading_of
from system_sender.cli.judgement import judgement_facts, reason_of
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit, reject
from system_sender.models import SHARDS, Draft, Lead, Message, Revision, Workspace, state_key
from system_sender.states import DraftState
from system_sender.text_parts import parts_of
from system_sender.zones import own_zone

SETTER = "setter"


def list_drafts(
    operator: Operator, workspace: str | None, states: Sequence[DraftState], limit: int
) -> Answer:
    """List the drafts in these states, those that changed last first."""
    if workspace is None:
        names = [str(row.workspace) for row in operator.workspaces()]
    else:
        names = [str(operator.workspace(workspace).workspace)]
    keys = [
        row
        for name in names
        for state in states
        for row in operator.store.query(
            Draft.state_index, state_key(name, state), newest_first=True, limit=limit
        )
    ]
    keys.sort(key=lambda key: (-key["updated_at"], key["draft_id"]))
    rows = operator.rows((Draft, key["draft_id"]) for key in keys[:limit])
    if DraftState.SENDING in states:
        rows = [*_sending(operator, names, limit), *rows]
    # The index lags: what has moved on since is not listed under a state it has left.
    drafts = [draft for draft in rows if draft is not None and draft.state in states][:limit]
    found = operator.revisions((draft.draft_id, int(draft.revision)) for draft in drafts)
    document = [
        {**draft_document(draft), **_written(found.get((draft.draft_id, int(draft.revision))))}
        for draft in drafts
    ]
    return Answer({"drafts": document}, [_drafts_table(document), _how_many(document, limit)])


def _sending(operator: Operator, workspaces: Sequence[str], limit: int) -> list[Any]:
    """Return the drafts that are sending: they are in no list by state, but due for recovery."""
    keys = [
        key
        for shard in range(SHARDS)
        for key in operator.store.query(Draft.due_index, str(shard), newest_first=True, limit=limit)
    ]
    rows = operator.rows((Draft, key["draft_id"]) for key in keys)
    return [
        row
        for row in rows
        if row is not None and row.state == DraftState.SENDING and row.workspace in workspaces
    ]


def _drafts_table(document: list[dict[str, Any]]) -> Any:
    return screen.table(
        ("draft", "channel", "state", "lead", "why", "due", "text"),
        [
            (
                screen.written(row["draft_id"]),
                screen.written(row["channel"]),
                screen.state(row["state"]),
                screen.written(row["lead_id"]),
                screen.written(_why_listed(row)),
                screen.moment(row["due_at"]),
                screen.written(_first_words(row["subject"], row["text"])),
            )
            for row in document
        ],
    )


def _why_listed(row: dict[str, Any]) -> str:
    """Return why a draft stands where it does; held for a person, also what the judge said."""
    reason = reason_of(row["judgement"]) if row["state"] == DraftState.NEEDS_REVIEW else None
    why = f"{row['code']}: {row['sentence']}" if row["code"] else "-"
    return f"{why}\n{reason}" if reason and reason != row["sentence"] else why


def _written(revision: Revision | None) -> dict[str, Any]:
    """Return what a draft says; nothing where its text was erased."""
    if revision is None:
        return {"subject": None, "text": None}
    return {"subject": revision.subject, "text": str(revision.text)}


def _first_words(subject: str | None, text: str | None, most: int = 60) -> str:
    words = " ".join(f"{subject}: {text}".split() if subject else (text or "").split())
    return words if len(words) <= most else words[: most - 1] + "…"


def _how_many(document: list[Any], limit: int) -> str:
    if not document:
        return "No drafts in these states."
    full = len(document) >= limit
    return f"{len(document)} drafts" + (", the latest; --limit shows more." if full else ".")


def show(operator: Operator, draft_id: str) -> Answer:
    """Show a draft, its text and its deliveries."""
    draft = operator.draft(draft_id)
    return _answer(operator, draft)


def approve_draft(
    operator: Operator, draft_id: str, *, user: str | None, even_if_stale: bool, now: bool
) -> Answer:
    """Approve the current revision, as a person; with `now`, ask the function to send it."""
    draft = operator.draft(draft_id)
    lead = operator.lead_of(draft)
    try:
        approve(
            operator.store,
            operator.world,
            draft,
            lead,
            sent_by=SETTER,
            user=user,
            override_stale=even_if_stale,
        )
    except DraftRefused as refusal:
        raise _refused(refusal) from None
    if not now:
        said = "Approved. It is due now and leaves with the next sweep, within a minute."
        return _answer(operator, operator.draft(draft_id), said)
    result = send_now(operator.world, draft_id)
    said = f"Approved. The function answered: {result['sentence']}"
    return _answer(operator, operator.draft(draft_id), said, result=result)


def reject_draft(operator: Operator, draft_id: str, *, user: str | None = None) -> Answer:
    """Reject a draft. Only an edit brings it back."""
    try:
        reject(operator.store, operator.world, operator.draft(draft_id), user=user)
    except DraftRefused as refusal:
        raise _refused(refusal) from None
    said = "Rejected. It will not be sent; an edit makes it a new draft."
    return _answer(operator, operator.draft(draft_id), said)


def edit_draft(
    operator: Operator,
    draft_id: str,
    text: str | None,
    subject: str | None = None,
    *,
    user: str | None = None,
) -> Answer:
    """Give a draft another text or subject; the new revision is pending until it is approved."""
    draft = operator.draft(draft_id)
    if subject is not None and draft.channel != "email":
        raise usage(f"Only an e-mail has a subject; {draft_id} goes by {draft.channel}.")
    if text is None:
        revision = operator.revision(draft)
        if revision is None:
            raise usage("The draft's text was erased; give it a new one with --text or --file.")
        text = str(revision.text)
    unsendable = parts_of(str(draft.channel), text).refusal
    if unsendable is not None:
        raise Problem(unsendable)
    try:
        edited = edit(operator.store, operator.world, draft, text, subject=subject, user=user)
    except DraftRefused as refusal:
        raise _refused(refusal) from None
    said = f"Revision {int(edited.revision)} is pending; `sender draft approve` lets it go."
    return _answer(operator, edited, said)


def _refused(refusal: DraftRefused) -> Problem:
    """Say why the draft did not move, and what the command offers against it."""
    hints = {
        Code.STALE_NEEDS_WORD: "Read `sender thread` first; the override is --even-if-stale.",
        Code.DRAFT_CLAIMED: "If its outcome is unknown: `sender parked`.",
        Code.DRAFT_CHANGED: "Look again with `sender draft show`.",
    }
    message = f"{refusal.code.sentence} {hints.get(refusal.code, '')}".strip()
    return Problem(refusal.code, message)


# --- showing one draft ---------------------------------------------------------------------------


def _answer(
    operator: Operator, draft: Draft, said: str = "", *, result: dict[str, Any] | None = None
) -> Answer:
    written = _written(operator.revision(draft))
    heading = heading_of(operator, draft)
    keys = [(Message, str(draft.draft_id), part) for part in range(int(draft.parts))]
    messages = [row for row in operator.rows(keys) if row is not None]
    deliveries = [message_document(message) for message in messages]
    document = {
        "draft": {**draft_document(draft), **written, "heading": heading.to_dict()},
        "messages": deliveries,
        "result": result,
    }
    shown: list[Any] = [said] if said else []
    shown.append(screen.facts(_draft_facts(operator, draft, heading, written["text"])))
    if messages:
        shown.append(messages_table(deliveries))
    return Answer(document, shown)


def _why(draft: Draft, now: int) -> str:
    if draft.state != DraftState.APPROVED or draft.code not in (None, Code.NOT_DUE):
        return sentence_of(draft.code) or "-"
    if draft.due_at is not None and int(draft.due_at) <= now:
        return "It is approved and due: the functions send it with the next sweep."
    return Code.NOT_DUE.sentence


def _due(operator: Operator, draft: Draft) -> str:
    """Return when a draft is looked at again, by the lead's clock as well, if it is known."""
    if draft.due_at is None:
        return "-"
    lead, workspace = operator.rows([(Lead, draft.lead_id), (Workspace, draft.workspace)])
    zone = own_zone(lead, workspace) if lead is not None and workspace is not None else None
    return screen.moment(draft.due_at) if zone is None else screen.moment_in(draft.due_at, zone)


def _draft_facts(
    operator: Operator, draft: Draft, heading: Heading, text: str | None
) -> list[tuple[str, Any]]:
    now = operator.world.now()
    who = {"ai": "the AI", SETTER: "a person"}.get(str(draft.sent_by), "-")
    waits = draft.state == DraftState.APPROVED and draft.due_at is not None and draft.due_at > now
    due = "next look-up" if draft.state == DraftState.UNKNOWN else "waits until" if waits else "due"
    return [
        ("draft", screen.written(draft.draft_id)),
        ("lead", screen.written(draft.lead_id)),
        ("state", screen.state(str(draft.state))),
        ("why", screen.written(_why(draft, now))),
        ("approved by", screen.written(f"{who} ({draft.user})" if draft.user else who)),
        (due, screen.written(_due(operator, draft))),
        *judgement_facts(draft),
        ("revision", str(int(draft.revision))),
        ("channel", screen.written(draft.channel)),
        *heading_facts(heading),
        *([("answers", screen.written(draft.reply_to, "dim"))] if draft.reply_to else []),
        ("text", screen.written(text if text is not None else "(the text is gone)")),
    ]


def messages_table(messages: list[dict[str, Any]]) -> Any:
    """Return the deliveries of a draft as a table."""
    return screen.table(
        ("delivery", "way", "state", "attempt", "afterwards", "what happened"),
        [
            (
                screen.written(row["id"]),
                screen.written(way_of(row)),
                screen.state(row["state"]),
                str(row["attempt"]),
                screen.written(afterwards(row)),
                screen.written(row["sentence"] or "-"),
            )
            for row in messages
        ],
    )
