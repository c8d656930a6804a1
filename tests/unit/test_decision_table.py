"""The table of decisions: every line holds, and the page shows every line."""

import inspect
import re
from dataclasses import replace

import pytest

from system_sender import policy
from system_sender.policy import Go, may_send
from tests.support.decision_table import PAGE, page
from tests.support.decisions import CASES, Case, situation


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_automation_is_answered_as_the_table_says(case: Case) -> None:
    assert may_send(situation(**case.changes)) == case.machine


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_a_person_is_answered_as_the_table_says(case: Case) -> None:
    judged = replace(situation(**case.changes), sent_by="setter")
    assert may_send(judged) == case.person


def test_the_page_shows_the_table_as_it_is_tested() -> None:
    current = PAGE.read_text(encoding="utf-8") == page()
    assert current, "Run: .venv/bin/python -m tests.support.decision_table"


def test_every_code_that_the_policy_gives_is_in_the_table() -> None:
    shown = {case.machine.code.name for case in CASES if not isinstance(case.machine, Go)}
    named = set(re.findall(r"Code\.([A-Z_]+)", inspect.getsource(policy)))
    # These it only recognises on a draft.
    assert named - {"UNAUTHORIZED", "ACCOUNT_DISCONNECTED", "RATE_LIMITED"} <= shown
