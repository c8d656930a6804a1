"""What was thought of a draft's text: how sure, how safe, why, and by which model and prompts."""

from collections.abc import Mapping
from typing import Any

from system_sender.cli import screen
from system_sender.models import Draft

# The judgement's own names, and how people read them; what a later version adds follows as it is.
_LABELS = {
    "safe_to_send": "safe to send",
    "needs_review": "needs review",
    "reason": "reason",
    "writer": "writer",
    "evaluator": "evaluator",
}
# Shown apart.
_ELSEWHERE = frozenset({"confidence"})


def judgement_facts(draft: Draft) -> list[tuple[str, Any]]:
    """Return a draft's judgement as names and values to be shown; nothing where there is none."""
    judgement = draft.judgement or {}
    names = [name for name in _LABELS if name in judgement]
    names += [name for name in judgement if name not in _LABELS and name not in _ELSEWHERE]
    sure = [] if draft.confidence is None else [("confidence", f"{float(draft.confidence):g}")]
    told = [(_LABELS.get(name, name.replace("_", " ")), _words(judgement[name])) for name in names]
    return [(label, screen.written(words)) for label, words in [*sure, *told]]


def reason_of(judgement: Mapping[str, Any] | None) -> str | None:
    """Return why a text was judged as it was, in the judge's own words."""
    reason = (judgement or {}).get("reason")
    return str(reason) if reason else None


def _words(value: Any) -> str:
    """Say a value: a model with its prompt's version is one of several values."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return "-" if value is None else str(value)
