"""Writes docs/decision-table.md from the situations that the tests hold the policy to."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from devstack import paths
from system_sender.policy import Go, Refuse, Verdict, Wait
from system_sender.states import DraftState
from tests.support.decisions import SECTIONS, USUAL, Case

PAGE = paths.PROJECT / "docs" / "decision-table.md"
_BECOMES = {
    DraftState.NEEDS_REVIEW: "a person decides",
    DraftState.SUPERSEDED: "is overtaken",
    DraftState.FAILED: "ends unsent",
}


def page() -> str:
    """Return the page's text."""
    lines = [
        "# Decision table",
        "",
        "May a draft go now? The code is [`policy.py`]"
        "(../layers/system_sender/system_sender/policy.py): it asks in the order of this page, and",
        "the first reason that holds is the answer. Every line is a test; from the tests this page",
        "is written by `python -m tests.support.decision_table`.",
        "",
        f"The usual situation: {USUAL}",
        "",
        "Each line says what is different. Times are those of New York. The next columns tell what",
        "becomes of the draft if automation sends it, and if a person does. The last one is the",
        "[code](codes.md) that the draft then carries, and what it means.",
    ]
    for title, cases in SECTIONS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| if | automation | a person | code |",
            "|---|---|---|---|",
        ]
        lines += _rows(cases)
    return "\n".join([*lines, ""])


def _rows(cases: list[Case]) -> Iterator[str]:
    for case in cases:
        verdicts = (case.machine, case.person)
        answers = " | ".join(in_words(verdict) for verdict in verdicts)
        yield f"| {case.says} | {answers} | {_meaning(case.machine)} |"


def in_words(verdict: Verdict) -> str:
    """Return what becomes of the draft."""
    if isinstance(verdict, Go):
        return "**goes**"
    if isinstance(verdict, Wait):
        moment = datetime.fromtimestamp(verdict.until / 1000, ZoneInfo("America/New_York"))
        return f"waits until {moment:%a} {moment.day} {moment:%b %H:%M}"
    return _BECOMES[verdict.becomes]


def _meaning(verdict: Verdict) -> str:
    if isinstance(verdict, Wait | Refuse):
        return f"`{verdict.code.value}`: {verdict.code.sentence}"
    return ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
