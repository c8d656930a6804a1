"""Every step at most once, none outside its hours, none lost: a month of it, by the ledger."""

from collections import Counter
from dataclasses import replace

import pytest

from devstack.sandbox.ledger import Entry
from tests.simulation.floor import Told
from tests.simulation.judge import complaints
from tests.simulation.month import History
from tests.simulation.page import DRAWING, PAGE, drawing, with_numbers
from tests.simulation.plan import DAY, HOUR, Deed, Fate

pytestmark = pytest.mark.engine


def test_nothing_is_wrong_with_a_small_month(small_month: History) -> None:
    assert complaints(small_month) == []


def test_nothing_is_wrong_with_the_month_of_the_documents(whole_month: History) -> None:
    assert complaints(whole_month) == []


def test_the_month_is_as_eventful_as_its_page_says(whole_month: History) -> None:
    told = Counter(one.what for one in whole_month.told)
    assert told["deployment"] == 2
    assert told["crash"] == len(whole_month.plan.crashes)
    assert told["overlap"] > 50
    assert told["word"] and told["ordered anew"]
    assert {"sent_by_evidence", "sent_by_word"} <= {row.code for row in whole_month.messages}
    assert set(whole_month.plan.fates.values()) == set(Fate)


def test_the_page_and_its_drawing_are_those_of_the_month(whole_month: History) -> None:
    hint = "Run: .venv/bin/python -m tests.simulation.page"
    assert PAGE.read_text() == with_numbers(PAGE.read_text(), whole_month), hint
    assert DRAWING.read_text() == drawing(whole_month), hint


# --- what the judge convicts ----------------------------------------------------------------------


def some_step(month: History) -> Entry:
    """Return an e-mail that a sequence sent to Ada, who does nothing herself."""
    return next(one for one in month.entries if one.accepted and one.contact_id.startswith("ada@"))


def with_entry(month: History, old: Entry, *new: Entry) -> History:
    """Return a month whose ledger has these in the place of an entry."""
    entries = [other for one in month.entries for other in (new if one is old else (one,))]
    return replace(month, entries=entries)


def convicted(month: History, words: str) -> bool:
    """Say whether the judge complains in these words."""
    return any(words in complaint for complaint in complaints(month))


def test_a_step_that_is_accepted_twice(small_month: History) -> None:
    step = some_step(small_month)
    again = replace(step, number=0, began_at=step.began_at + 60_000)
    assert convicted(with_entry(small_month, step, step, again), "2 times")


def test_a_step_in_the_night(small_month: History) -> None:
    step = some_step(small_month)
    late = replace(step, began_at=step.began_at + 12 * HOUR)
    assert convicted(with_entry(small_month, step, late), "where they are")


def test_a_step_that_never_left_although_its_record_says_so(small_month: History) -> None:
    assert convicted(with_entry(small_month, some_step(small_month)), "0 parts of it arrived")


def test_a_step_that_comes_too_soon(small_month: History) -> None:
    step = some_step(small_month)
    late = replace(step, began_at=step.began_at + 2 * DAY)
    assert convicted(with_entry(small_month, step, late), "too soon after hello")


def test_a_message_of_nobody(small_month: History) -> None:
    step = some_step(small_month)
    other = replace(step, text="Something else")
    assert convicted(with_entry(small_month, step, other), "for nobody")


@pytest.mark.parametrize("deed", [Deed.BOOK, Deed.OPT_OUT, Deed.BOUNCE, Deed.WRITE, Deed.AWAY_NOTE])
def test_a_step_after_what_silences_it(small_month: History, deed: Deed) -> None:
    before = Told(some_step(small_month).began_at - HOUR, deed.value, "atlantic:ada", "sms")
    month = replace(small_month, told=[before, *small_month.told])
    assert convicted(month, f"went although: {deed.value}")


def test_a_step_without_the_approval_that_it_needs(small_month: History) -> None:
    told = [one for one in small_month.told if one.what != "approved"]
    assert convicted(replace(small_month, told=told), "without approval")


def test_two_steps_on_one_channel_and_day(small_month: History) -> None:
    first = some_step(small_month)
    second = next(
        one
        for one in small_month.entries
        if one.accepted and one.contact_id == first.contact_id and one.number > first.number
    )
    soon = replace(second, began_at=first.began_at + 60_000)
    assert convicted(with_entry(small_month, second, soon), "by email on")


def test_an_end_that_is_not_the_plans(small_month: History) -> None:
    fates = {**small_month.plan.fates, "atlantic:ada": Fate.BOOKED}
    month = replace(small_month, plan=replace(small_month.plan, fates=fates))
    assert convicted(month, "ended completed")


def test_a_draft_that_waits_for_ever(small_month: History) -> None:
    draft = small_month.drafts[0]
    state = str(draft.state)
    draft.state = "approved"
    try:
        assert convicted(small_month, "is still approved")
    finally:
        draft.state = state
