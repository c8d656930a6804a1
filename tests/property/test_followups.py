"""Sequences, whatever is so around them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.followups.lifecycle import (
    Anew,
    Await,
    Compose,
    Done,
    End,
    GoOn,
    Later,
    Move,
    Pause,
    Turn,
    View,
    is_answered,
    is_open,
    next_move,
)
from system_sender.followups.sequence import Step, due_at, offset_reached, step_after
from system_sender.followups.template import Missing, TemplateWrong, fill_in
from system_sender.states import MAYBE_OUT, DraftState
from tests.support.lifecycle import NOW, draft, view

DAY = 24 * 3600 * 1000
ZONES = ("America/New_York", "Asia/Kolkata", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe")
CODES = [None, *(code.value for code in Code)]
counts = st.integers(0, 3)
times = st.none() | st.integers(NOW - 9 * DAY, NOW + 9 * DAY)


@st.composite
def sequences(draw: st.DrawFn) -> tuple[Step, ...]:
    offsets = sorted(draw(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 1439)), max_size=5)))
    channels = st.sampled_from(["sms", "email", "linkedin"])
    return tuple(
        Step(key=f"k{n}", day=day, minute=minute, channel=draw(channels), template="Hi")
        for n, (day, minute) in enumerate(offsets)
    )


def records(steps: tuple[Step, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Return what may be over: steps of the sequence, and one that is gone from it."""
    gone = Step(key="gone", day=4, minute=0, channel="sms", template="Hi")
    entries = {
        step.key: {"code": "step_sent", "at": NOW, "day": step.day, "minute": step.minute}
        for step in (*steps, gone)
    }
    chosen = st.sets(st.sampled_from(sorted(entries)))
    return chosen.map(lambda keys: {key: entries[key] for key in sorted(keys)})


@st.composite
def views(draw: st.DrawFn) -> View:
    steps = draw(sequences())
    codes = st.sampled_from([Code.SEQUENCE_NOT_FOUND, Code.SEQUENCE_INACTIVE, Code.SEQUENCE_WRONG])
    keys = [None, "gone", *(step.key for step in steps)]
    written = st.builds(
        draft,
        st.sampled_from([state.value for state in DraftState]),
        code=st.sampled_from(CODES),
        parts=st.integers(0, 3),
    )
    changes: dict[str, Any] = {
        "enrolment": {
            "state": draw(st.sampled_from(["active", "paused"])),
            "code": draw(st.sampled_from(CODES)),
            "until": draw(times),
            "step": draw(st.sampled_from(keys)),
            "done": draw(records(steps)),
            "attempts": draw(st.integers(0, 6)),
            "spaced_from": draw(st.integers(NOW - 9 * DAY, NOW + DAY)),
            "seen_inbounds": draw(counts),
            "seen_human_outbounds": draw(counts),
            "started_inbounds": draw(counts),
        },
        "lead": {
            "phone": draw(st.sampled_from([None, "+15550100001"])),
            "email": draw(st.sampled_from([None, "dana@example.com"])),
            "linkedin_id": draw(st.sampled_from([None, "ACo1"])),
            "inbound_count": draw(counts),
            "human_outbound_count": draw(counts),
            "answered_inbounds": draw(st.none() | st.sets(counts, min_size=1)),
            "last_outbound_at": draw(times),
            "away_until": draw(times),
            "booked": draw(st.booleans()),
            "blacklisted": draw(st.booleans()),
        },
        "steps": draw(codes) if draw(st.integers(0, 5)) == 0 else steps,
        "draft": draw(st.none() | written),
        "begun": draw(st.booleans()),
        "stops": draw(
            st.dictionaries(
                st.sampled_from(["sms", "email", "linkedin"]),
                st.sampled_from([Code.DO_NOT_DISTURB, Code.OPTED_OUT, Code.BOUNCED]),
                max_size=2,
            )
        ),
        "paused": draw(st.sampled_from([None, Code.PAUSED_ALL])),
        "time_zone": draw(st.sampled_from(ZONES)),
    }
    return view(**changes)


@given(views())
def test_there_is_always_one_move_and_it_can_be_made(one: View) -> None:
    move = next_move(one)
    assert isinstance(move, Await | Later | Pause | GoOn | Done | Turn | Anew | Compose | End)
    if isinstance(move, Later):
        assert move.until > one.now
    if isinstance(move, Pause) and move.until is not None:
        assert move.until > one.now
    assert next_move(one) == move


@given(views())
def test_nothing_is_written_to_whom_nothing_may_go(one: View) -> None:
    if not isinstance(next_move(one), Compose | Anew):
        return
    lead, enrolment = one.lead, one.enrolment
    assert not (lead.blacklisted or lead.booked)
    assert set(one.stops.values()) <= {Code.DO_NOT_DISTURB}
    assert one.paused is None or isinstance(next_move(one), Anew)
    assert lead.away_until is None or lead.away_until <= one.now
    assert lead.inbound_count <= enrolment.seen_inbounds or not is_answered(lead)
    assert lead.inbound_count <= enrolment.seen_inbounds
    assert enrolment.state == "active"


@given(views())
def test_a_text_that_is_out_or_may_be_is_never_written_again(one: View) -> None:
    move, written = next_move(one), one.draft
    if written is None:
        return
    if written.state in MAYBE_OUT or one.begun:
        assert not isinstance(move, Compose | Anew)
    if isinstance(move, Compose):
        assert written.state in (DraftState.SUPERSEDED, DraftState.FAILED)
    if isinstance(move, Anew):
        # The provider refused it for good: nothing can ever make it leave.
        assert (written.state, bool(written.parts)) == (DraftState.FAILED, True)
    if written.state in MAYBE_OUT:
        assert isinstance(move, Await)


@given(views())
def test_the_distance_never_counts_from_earlier_than_before(one: View) -> None:
    move, before = next_move(one), int(one.enrolment.spaced_from)
    if isinstance(move, GoOn):
        assert move.spaced_from >= before
    if isinstance(move, Done) and move.code is not Code.STEP_SENT:
        assert move.at >= min(before, one.now)


@given(views())
def test_what_waits_for_a_time_is_looked_at_at_that_time_and_not_before(one: View) -> None:
    move = next_move(one)
    if isinstance(move, Later) and move.code is Code.STEP_NOT_DUE:
        assert isinstance(one.steps, tuple)
        step = one.step
        assert step is not None
        reached = offset_reached(one.enrolment.done)
        assert move.until == due_at(step, reached, int(one.enrolment.spaced_from), one.time_zone)


@given(
    sequences(), st.data(), st.sampled_from(ZONES), st.integers(NOW - 400 * DAY, NOW + 400 * DAY)
)
def test_going_through_a_sequence_takes_every_step_once_in_order(
    steps: tuple[Step, ...], data: st.DataObject, zone: str, began: int
) -> None:
    done: dict[str, Any] = {}
    moment, taken = began, []
    while (step := step_after(steps, done)) is not None:
        due = due_at(step, offset_reached(done), moment, zone)
        assert due >= moment
        late = data.draw(st.integers(0, 3 * DAY))
        moment = due + late
        done[step.key] = {"code": "step_sent", "at": moment, "day": step.day, "minute": step.minute}
        taken.append(step)
    assert taken == list(steps)


@given(sequences(), sequences(), st.data())
def test_editing_a_sequence_never_lets_anybody_go_back(
    before: tuple[Step, ...], after: tuple[Step, ...], data: st.DataObject
) -> None:
    done = data.draw(records(before))
    step = step_after(after, done)
    if step is not None:
        assert step.key not in done
        assert step.offset >= offset_reached(done)


words = st.sampled_from(
    [
        "{{ a }}",
        "{{ b }}",
        "{{ c|upper }}",
        "{% if a == 'x' %}",
        "{% else %}",
        "{% endif %}",
        "{{ variant('p', 'q') }}",
        "text ",
        "{{",
        "}}",
        "{#",
        "#}",
        "{% raw %}",
        "{{ a.b }}",
        "{{ a * 9 }}",
    ]
)


@given(st.lists(words, max_size=8).map("".join), st.text(max_size=20), st.text(max_size=5))
def test_a_template_gives_a_text_or_says_why_not_and_always_the_same(
    text: str, value: str, seed: str
) -> None:
    values = {"a": value, "b": "y", "c": None}

    def once() -> str | Missing | None:
        try:
            return fill_in(text, values, seed=seed)
        except TemplateWrong:
            return None

    result = once()
    assert once() == result
    if isinstance(result, str):
        assert result.strip()
    if isinstance(result, Missing):
        assert set(result.names) <= {"a", "c"}


@given(views())
def test_what_is_taken_back_is_open(one: View) -> None:
    written = one.draft
    if written is None or not is_open(written, begun=one.begun):
        return
    move: Move = next_move(one)
    assert not isinstance(move, Compose | Anew)
