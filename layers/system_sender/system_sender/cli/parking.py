"""Deliveries that wait for a person: what is known of each, and settling them by a word."""

from collections.abc import Mapping
from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer, usage
from system_sender.cli.documents import message_document, part_text, way_of
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem
from system_sender.codes import Code
from system_sender.drafts import DraftRefused
from system_sender.finding import FindingKind
from system_sender.models import SHARDS, Draft, Lead, Message, Revision
from system_sender.settlement import DraftFate
from system_sender.states import DraftState
from system_sender.switches import POST_WINDOW_SECONDS
from system_sender.word import settle_by_word

REPAIR = "repair"

_CHOICES = {
    "sent": "You saw it in the provider's conversation: it counts as sent, and goes out no more.",
    "not_sent": "It is certainly not there: the draft fails, and can be approved again.",
    "not_sent_resend": "It is certainly not there, and shall go out now: one new attempt. If you "
    "are wrong, the lead gets it twice.",
}
_REPAIR_CHOICES = {
    "sent": "Its draft is gone, and what became of it is known: this clears it from the list.",
    "not_sent": "The same: its outcome stays as it is recorded.",
}


def parked(operator: Operator) -> Answer:
    """List every delivery whose outcome is unknown, or whose settlement could not be whole."""
    keys = [
        key
        for shard in range(SHARDS)
        for key in operator.store.query(Message.attention_index, str(shard), limit=1000)
    ]
    rows = operator.rows((Message, key["draft_id"], key["part"]) for key in keys)
    # The index lags: what was settled a moment ago waits for nobody.
    messages = [row for row in rows if row is not None and row.attention is not None]
    messages.sort(key=lambda row: (int(row.attention_at), str(row.draft_id), int(row.part)))
    document = _documents(operator, messages)
    return Answer({"parked": document}, _shown(document))


def _documents(operator: Operator, messages: list[Message]) -> list[dict[str, Any]]:
    """Return deliveries with what stands around them: text, contact, the next look-up."""
    revisions = operator.revisions((row.draft_id, int(row.revision)) for row in messages)
    leads = operator.rows((Lead, row.lead_id) for row in messages)
    drafts = operator.rows((Draft, row.draft_id) for row in messages)
    return [
        {
            **_document(row, lead),
            "subject": _subject(revisions.get((row.draft_id, int(row.revision)))),
            "text": part_text(row, revisions),
            "next_look_up_at": _next_look_up(row, draft),
        }
        for row, lead, draft in zip(messages, leads, drafts, strict=True)
    ]


def _subject(revision: Revision | None) -> str | None:
    return None if revision is None else revision.subject


def _next_look_up(message: Message, draft: Draft | None) -> int | None:
    """Return when a sweep looks into the provider's records again; None: only a person decides."""
    if draft is None or draft.state != DraftState.UNKNOWN or message.attention == REPAIR:
        return None
    return None if draft.due_at is None else int(draft.due_at)


def _document(message: Message, lead: Lead | None) -> dict[str, Any]:
    post_by = None if message.post_by is None else int(message.post_by)
    begun = None if post_by is None else post_by - int(POST_WINDOW_SECONDS * 1000)
    document = message_document(message)
    return {
        **document,
        "evidence": [evidence_words(look) for look in document["look_ups"]],
        "attention": message.attention,
        "workspace": message.workspace,
        "lead_id": message.lead_id,
        "contact_id": (lead.contacts or {}).get(message.provider) if lead is not None else None,
        "claimed_at": begun,
        "parked_at": int(message.attention_at),
        "choices": dict(_REPAIR_CHOICES if message.attention == REPAIR else _CHOICES),
    }


def _shown(document: list[dict[str, Any]]) -> list[Any]:
    if not document:
        return ["Nothing is parked."]
    shown: list[Any] = []
    for row in document:
        shown += [_facts(row), ""]
    one = document[0]["id"]
    shown.append("Look into the provider's conversation with the lead, then say what you saw:")
    rows = [
        (f"sender settle {one} {option}", _CHOICES[choice])
        for option, choice in (
            ("--sent", "sent"),
            ("--not-sent", "not_sent"),
            ("--not-sent --resend", "not_sent_resend"),
        )
    ]
    shown.append(screen.facts([(name, screen.written(text)) for name, text in rows]))
    return shown


def _facts(row: dict[str, Any]) -> Any:
    subject = [("subject", screen.written(row["subject"]))] if row["subject"] else []
    pairs: list[tuple[str, Any]] = [
        ("delivery", screen.written(row["id"], "bold")),
        ("workspace", screen.written(row["workspace"])),
        ("lead", screen.written(f"{row['lead_id']}  {row['address']}")),
        ("contact", screen.written(row["contact_id"] or "-")),
        ("way", screen.written(way_of(row))),
        *subject,
        ("text", screen.written(row["text"] if row["text"] is not None else "(the text is gone)")),
        ("attempt", str(row["attempt"])),
        ("claimed", screen.moment(row["claimed_at"])),
        ("began before", screen.moment(row["post_by"])),
        ("parked", screen.moment(row["parked_at"])),
        ("why", screen.written(f"{row['code']}: {row['sentence']}", "yellow")),
    ]
    if row["attention"] == REPAIR:
        return screen.facts([*pairs, ("note", screen.written(_REPAIR_CHOICES["sent"]))])
    return screen.facts([*pairs, *_evidence_facts(row)])


def _evidence_facts(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what the look-ups came to, and what happens without anybody doing anything."""
    looked = "\n".join(row["evidence"]) or "Nobody has looked into the provider's records yet."
    at = row["next_look_up_at"]
    then = (
        "None: from here on only a person decides."
        if at is None
        else f"{screen.moment(at)}; if the records show it once, it counts as sent by itself."
    )
    return [("look-ups", screen.written(looked)), ("next look-up", screen.written(then))]


def evidence_words(look: Mapping[str, Any]) -> str:
    """Say what one look into the provider's records came to."""
    seen = [f"{one['id']} of {screen.moment(one['at'])}" for one in look.get("candidates", ())]
    words = {
        FindingKind.FOUND: "it is there",
        FindingKind.ABSENT: "it is not there (yet)",
        FindingKind.COULD_NOT_LOOK: "nobody could look: the provider gave no usable answer",
        FindingKind.AMBIGUOUS: "it may be one of these, and nothing tells which",
    }
    # A later version may know more findings.
    said = words.get(look["finding"], str(look["finding"]))
    return f"{screen.moment(look['at'])}  {said}" + (f": {', '.join(seen)}" if seen else ".")


def delivery_of(identifier: str) -> tuple[str, int]:
    """Read `acme:hello#0`.

    Raises:
        Problem: when it is no delivery's id.
    """
    draft_id, mark, part = identifier.rpartition("#")
    if not mark or not draft_id or not (part.isascii() and part.isdigit()):
        raise usage(
            f"'{identifier}' is no delivery: the id is the draft's, '#' and the part, as in "
            "acme:hello#0. `sender parked` lists them."
        )
    return draft_id, int(part)


def question(operator: Operator, identifier: str, *, sent: bool, resend: bool) -> list[Any]:
    """Return what a person should see before their word is taken.

    Raises:
        Problem: when there is nothing to settle.
    """
    draft_id, part = delivery_of(identifier)
    message = operator.store.get(Message, draft_id, part)
    if message is None:
        raise Problem(Code.MESSAGE_NOT_FOUND)
    if message.attention is None:
        raise Problem(Code.NOT_PARKED)
    (document,) = _documents(operator, [message])
    choice = "sent" if sent else "not_sent_resend" if resend else "not_sent"
    return [_facts(document), screen.written(document["choices"].get(choice, ""))]


def settle(
    operator: Operator,
    identifier: str,
    *,
    sent: bool,
    resend: bool,
    even_if_stale: bool = False,
    user: str | None = None,
) -> Answer:
    """Take a person's word for what became of a parked delivery."""
    draft_id, part = delivery_of(identifier)
    try:
        fate = settle_by_word(
            operator.system,
            draft_id,
            part,
            sent=sent,
            resend=resend,
            override_stale=even_if_stale,
            user=user,
        )
    except DraftRefused as refusal:
        raise _refused(refusal) from None
    message = operator.store.get(Message, draft_id, part)
    draft = operator.store.get(Draft, draft_id)
    document = {
        "message": None if message is None else message_document(message),
        "draft": None
        if fate is None
        else {
            "draft_id": draft_id,
            "state": fate.state.value if draft is None else draft.state,
            "code": fate.code.value,
            "sentence": fate.code.sentence,
            "due_at": fate.due_at,
        },
    }
    return Answer(document, [screen.written(_said(identifier, fate))])


def _refused(refusal: DraftRefused) -> Problem:
    if refusal.code is not Code.STALE_NEEDS_WORD:
        return Problem(refusal.code)
    hint = "Read `sender thread` first; the override is --even-if-stale."
    return Problem(refusal.code, f"{refusal.code.sentence} {hint}")


def _said(identifier: str, fate: DraftFate | None) -> str:
    if fate is None:
        return f"{identifier} is off the list; its draft is gone, its outcome stays recorded."
    if fate.code is Code.RESEND_ORDERED:
        return f"{identifier} will be tried once more, with the next sweep, within a minute."
    if fate.code is Code.PARTS_REMAIN:
        return f"{identifier} counts as sent; the draft's remaining parts leave within a minute."
    if fate.state is DraftState.SENT:
        return f"{identifier} counts as sent, by your word."
    return f"{identifier} counts as not sent, by your word. `sender draft approve` tries it again."
