"""A person's work on drafts: look, approve, edit, reject. What is approved leaves by itself."""

from collections.abc import Sequence
from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.function import send_now
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit, reject
from system_sender.models import SHARDS, Draft, Message, state_key
from system_sender.result import message_id
from system_sender.sms_text import split_sms
from system_sender.states import DraftState

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
    found = operator.rows((Draft, key["draft_id"]) for key in keys[:limit])
    if DraftState.SENDING in states:
        found = [*_sending(operator, names, limit), *found]
    # The index lags: what has moved on since is not listed under a state it has left.
    drafts = [draft for draft in found if draft is not None and draft.state in states][:limit]
    texts = operator.texts([(draft.draft_id, int(draft.revision)) for draft in drafts])
    document = [
        {**draft_document(draft), "text": texts.get((draft.draft_id, int(draft.revision)))}
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
        ("draft", "state", "lead", "why", "due", "text"),
        [
            (
                screen.written(row["draft_id"]),
                screen.state(row["state"]),
                screen.written(row["lead_id"]),
                screen.written(row["code"]),
                screen.moment(row["due_at"]),
                screen.written(_first_words(row["text"])),
            )
            for row in document
        ],
    )


def _first_words(text: str | None, most: int = 60) -> str:
    words = " ".join((text or "").split())
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


def reject_draft(operator: Operator, draft_id: str) -> Answer:
    """Reject a draft. Only an edit brings it back."""
    try:
        reject(operator.store, operator.world, operator.draft(draft_id))
    except DraftRefused as refusal:
        raise _refused(refusal) from None
    said = "Rejected. It will not be sent; an edit makes it a new draft."
    return _answer(operator, operator.draft(draft_id), said)


def edit_draft(operator: Operator, draft_id: str, text: str) -> Answer:
    """Give a draft another text, which is pending until it is approved."""
    unsendable = split_sms(text).refusal
    if unsendable is not None:
        raise Problem(unsendable)
    draft = operator.draft(draft_id)
    try:
        edited = edit(operator.store, operator.world, draft, text)
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


def draft_document(draft: Draft) -> dict[str, Any]:
    """Return a draft as plain JSON values; times are epoch milliseconds, UTC."""
    return {
        "draft_id": draft.draft_id,
        "workspace": draft.workspace,
        "lead_id": draft.lead_id,
        "channel": draft.channel,
        "state": draft.state,
        "code": draft.code,
        "sentence": sentence_of(draft.code),
        "revision": int(draft.revision),
        "origin": draft.origin,
        "campaign_id": draft.campaign_id,
        "confidence": draft.confidence,
        "sent_by": draft.sent_by,
        "user": draft.user,
        "approved_at": _number(draft.approved_at),
        "due_at": _number(draft.due_at),
        "parts": int(draft.parts),
        "attempts": int(draft.attempts),
        "created_at": _number(draft.created_at),
        "updated_at": _number(draft.updated_at),
    }


def message_document(message: Message) -> dict[str, Any]:
    """Return a delivery as plain JSON values; times are epoch milliseconds, UTC."""
    return {
        "id": message_id(message.draft_id, int(message.part)),
        "draft_id": message.draft_id,
        "part": int(message.part),
        "state": message.state,
        "code": message.code,
        "sentence": sentence_of(message.code),
        "sent_by": message.sent_by,
        "attempt": int(message.attempt),
        "provider": message.provider,
        "provider_message_id": message.provider_message_id,
        "address": message.address,
        "post_by": _number(message.post_by),
        "settled_at": _number(message.settled_at),
        "created_at": _number(message.created_at),
    }


def sentence_of(code: str | None) -> str | None:
    """Return the sentence of a stored code; a code of a later version explains itself only."""
    return Code(code).sentence if code in set(Code) else code


def part_text(message: Message, texts: dict[tuple[str, int], str]) -> str | None:
    """Return the part's own text, cut from the revision that was claimed."""
    text = texts.get((str(message.draft_id), int(message.revision)))
    return None if text is None else text[int(message.start) : int(message.end)]


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _answer(
    operator: Operator, draft: Draft, said: str = "", *, result: dict[str, Any] | None = None
) -> Answer:
    text = operator.text(draft)
    keys = [(Message, str(draft.draft_id), part) for part in range(int(draft.parts))]
    messages = [row for row in operator.rows(keys) if row is not None]
    deliveries = [message_document(message) for message in messages]
    document = {
        "draft": {**draft_document(draft), "text": text},
        "messages": deliveries,
        "result": result,
    }
    shown: list[Any] = [said] if said else []
    shown.append(_draft_facts(draft, text, operator.world.now()))
    if messages:
        shown.append(messages_table(deliveries))
    return Answer(document, shown)


def _why(draft: Draft, now: int) -> str:
    waits = draft.state == DraftState.APPROVED and draft.code == Code.NOT_DUE
    if waits and draft.due_at is not None and int(draft.due_at) <= now:
        return "It is approved and due: the functions send it with the next sweep."
    return sentence_of(draft.code) or "-"


def _draft_facts(draft: Draft, text: str | None, now: int) -> Any:
    who = {"ai": "the AI", SETTER: "a person"}.get(str(draft.sent_by), "-")
    pairs: list[tuple[str, Any]] = [
        ("draft", screen.written(draft.draft_id)),
        ("lead", screen.written(draft.lead_id)),
        ("state", screen.state(str(draft.state))),
        ("why", screen.written(_why(draft, now))),
        ("approved by", screen.written(f"{who} ({draft.user})" if draft.user else who)),
        ("due", screen.moment(draft.due_at)),
        ("revision", str(int(draft.revision))),
        ("text", screen.written(text if text is not None else "(the text is gone)")),
    ]
    return screen.facts(pairs)


def messages_table(messages: list[dict[str, Any]]) -> Any:
    """Return the deliveries of a draft as a table."""
    return screen.table(
        ("delivery", "state", "attempt", "what happened"),
        [
            (
                screen.written(row["id"]),
                screen.state(row["state"]),
                str(row["attempt"]),
                screen.written(row["sentence"] or "-"),
            )
            for row in messages
        ],
    )
