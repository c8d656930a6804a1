"""What an enrolment does next, as a table."""

from dataclasses import replace
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.followups.lifecycle import (
    ENROLMENT_TRANSITIONS,
    HOUR,
    LOOK_AGAIN,
    LOOK_ONCE_MORE,
    OVER,
    SHUT_LADDER,
    Anew,
    Await,
    Compose,
    Done,
    End,
    EnrolmentState,
    GoOn,
    Later,
    Move,
    Pause,
    Turn,
    is_answered,
    next_move,
)
from system_sender.followups.sequence import Condition, Step
from system_sender.models import Lead
from tests.support.lifecycle import AGAIN, DAY, HELLO, NOW, STEPS, done, draft, view

CANCELLED, COMPLETED = EnrolmentState.CANCELLED, EnrolmentState.COMPLETED
REPLIED = {"inbound_count": 1, "last_inbound_at": NOW - HOUR}
ANSWERED = {**REPLIED, "answered_inbounds": {1}, "last_outbound_at": NOW - 5}
PAUSED = {"state": "paused"}
SHUT = {"stops": {"sms": Code.DO_NOT_DISTURB}}
STOPPED = {"draft": draft("failed", code="do_not_disturb", parts=1)}


def paused(code: str, **columns: Any) -> dict[str, Any]:
    return {"enrolment": {"state": "paused", "code": code, **columns}}


def only(condition: Condition) -> Step:
    """Return the first step, for those alone of whom this is so."""
    return replace(HELLO, condition=condition)


QUIET, SEEN = only(Condition.NO_ANSWER), {"seen_inbounds": 1}


def over(code: Code, at: int = NOW) -> Done:
    return Done("hello", (0, 0), code, at)


TABLE: list[tuple[str, dict[str, Any], Move]] = [
    ("its first step is due", {}, Compose(HELLO)),
    (
        "its step is not due",
        {"enrolment": {"done": done(HELLO), "step": "again"}},
        Later(NOW + 2 * DAY, Code.STEP_NOT_DUE),
    ),
    (
        "every step is over",
        {"enrolment": {"done": {**done(HELLO), **done(AGAIN)}, "step": None}},
        End(COMPLETED, Code.SEQUENCE_COMPLETED),
    ),
    # what became of the step's draft
    ("its draft is approved", {"draft": draft("approved")}, Await()),
    ("its draft waits for a person", {"draft": draft("needs_review")}, Await()),
    ("its draft was edited", {"draft": draft("pending")}, Await()),
    ("its draft is sending", {"draft": draft("sending", parts=1), "begun": True}, Await()),
    ("its draft is unknown", {"draft": draft("unknown", parts=1), "begun": True}, Await()),
    ("its draft left", {"draft": draft("sent")}, over(Code.STEP_SENT, NOW - 5)),
    ("its draft was rejected", {"draft": draft("rejected")}, over(Code.DRAFT_REJECTED)),
    ("its draft was overtaken", {"draft": draft("superseded")}, Compose(HELLO)),
    (
        "half of its draft left, and the rest was overtaken",
        {"draft": draft("superseded", code="newer_inbound", parts=2), "begun": True},
        over(Code.NEWER_INBOUND),
    ),
    (
        "its draft failed",
        {"draft": draft("failed", code="attempts_exhausted")},
        over(Code.ATTEMPTS_EXHAUSTED),
    ),
    (
        "its draft is held because the lead cannot be reached so",
        {"draft": draft("needs_review", code="no_thread")},
        over(Code.NO_THREAD),
    ),
    (
        "its draft is held because something is set up wrongly",
        {"draft": draft("needs_review", code="schedule_invalid")},
        Await(),
    ),
    # what ends it
    ("the lead is blacklisted", {"lead": {"blacklisted": True}}, End(CANCELLED, Code.BLACKLISTED)),
    ("the lead has booked", {"lead": {"booked": True}}, End(CANCELLED, Code.LEAD_BOOKED)),
    (
        "the lead opted out, on whatever channel",
        {"stops": {"email": Code.OPTED_OUT}},
        End(CANCELLED, Code.OPTED_OUT),
    ),
    (
        "an e-mail bounced",
        {"stops": {"email": Code.BOUNCED, "sms": Code.DO_NOT_DISTURB}},
        End(CANCELLED, Code.BOUNCED),
    ),
    (
        "the lead has booked while a step is on its way",
        {"lead": {"booked": True}, "draft": draft("sending", parts=1), "begun": True},
        Await(),
    ),
    (
        "the lead has booked between two parts of a step",
        {"lead": {"booked": True}, "draft": draft("approved", parts=2), "begun": True},
        Await(),
    ),
    (
        "the lead has booked, and the step has left",
        {"lead": {"booked": True}, "draft": draft("sent")},
        over(Code.STEP_SENT, NOW - 5),
    ),
    (
        "the lead has booked while a person has paused it",
        {**paused("paused_by_person"), "lead": {"booked": True}},
        End(CANCELLED, Code.LEAD_BOOKED),
    ),
    (
        "the sequence is gone",
        {"steps": Code.SEQUENCE_NOT_FOUND},
        End(CANCELLED, Code.SEQUENCE_NOT_FOUND),
    ),
    # what pauses it
    ("the sequence is off", {"steps": Code.SEQUENCE_INACTIVE}, Pause(Code.SEQUENCE_INACTIVE)),
    (
        "the sequence is off, and the step has left",
        {"steps": Code.SEQUENCE_INACTIVE, "draft": draft("sent")},
        Pause(Code.SEQUENCE_INACTIVE),
    ),
    (
        "the lead answered",
        {"lead": REPLIED},
        Pause(Code.LEAD_REPLIED, look_at=NOW + LOOK_ONCE_MORE),
    ),
    (
        "the lead answered while a step waits",
        {"lead": REPLIED, "draft": draft("approved")},
        Pause(Code.LEAD_REPLIED, look_at=NOW + LOOK_ONCE_MORE),
    ),
    (
        "the lead wrote again after our answer",
        {"lead": {**ANSWERED, "inbound_count": 2}},
        Pause(Code.LEAD_REPLIED, look_at=NOW + LOOK_ONCE_MORE),
    ),
    ("it is paused for that already", {**paused("lead_replied"), "lead": REPLIED}, Await()),
    (
        "the lead is away",
        {"lead": {"away_until": NOW + DAY}},
        Pause(Code.LEAD_AWAY, NOW + DAY),
    ),
    ("a value was missing", paused("variable_missing"), Await()),
    ("a person paused it", paused("paused_by_person"), Await()),
    (
        "a person paused it, and the lead was answered",
        {**paused("paused_by_person"), "lead": ANSWERED},
        Await(),
    ),
    ("everything is paused", {"paused": Code.PAUSED_ALL}, Later(NOW + LOOK_AGAIN, Code.PAUSED_ALL)),
    (
        "everything is paused, and no step is due",
        {"paused": Code.PAUSED_ALL, "enrolment": {"done": done(HELLO), "step": "again"}},
        Later(NOW + 2 * DAY, Code.STEP_NOT_DUE),
    ),
    # what lets it go on
    ("the lead was answered", {**paused("lead_replied"), "lead": ANSWERED}, GoOn(NOW)),
    (
        "the lead was answered since the step before",
        {
            "enrolment": {**PAUSED, "code": "lead_replied", "spaced_from": NOW - DAY},
            "lead": ANSWERED,
        },
        GoOn(NOW - 5),
    ),
    (
        "the lead is back",
        {**paused("lead_away"), "lead": {"away_until": NOW}},
        GoOn(NOW),
    ),
    (
        "a person of ours wrote",
        {
            "lead": {"human_outbound_count": 1, "last_outbound_at": NOW - 5},
            "enrolment": {"spaced_from": NOW - DAY},
        },
        GoOn(NOW - 5),
    ),
    # what is in the way of a step
    ("the channel is shut", SHUT, Later(NOW + SHUT_LADDER[0], Code.CHANNEL_SHUT, 1)),
    (
        "the channel is still shut",
        {**SHUT, "enrolment": {"attempts": 3, "code": "channel_shut", "until": NOW}},
        Later(NOW + SHUT_LADDER[3], Code.CHANNEL_SHUT, 4),
    ),
    (
        "the channel is shut, and it was woken by something else",
        {**SHUT, "enrolment": {"attempts": 2, "code": "channel_shut", "until": NOW + 9}},
        Later(NOW + 9, Code.CHANNEL_SHUT, 2),
    ),
    (
        "the channel was shut for long",
        {**SHUT, "enrolment": {"attempts": 4, "code": "channel_shut", "until": NOW}},
        over(Code.CHANNEL_SHUT),
    ),
    (
        "the provider refused the step",
        STOPPED,
        Later(NOW + SHUT_LADDER[0], Code.CHANNEL_SHUT, 1),
    ),
    (
        "the provider refused the step, and the channel is open again",
        {**STOPPED, "enrolment": {"attempts": 1, "code": "channel_shut", "until": NOW}},
        Anew(),
    ),
    (
        "the step was stopped before it was tried, and the channel is open again",
        {
            "draft": draft("failed", code="opted_out"),
            "enrolment": {"attempts": 1, "code": "channel_shut", "until": NOW},
        },
        Compose(HELLO),
    ),
    (
        "the provider refused the step again and again",
        {**STOPPED, "enrolment": {"attempts": 4}},
        over(Code.CHANNEL_SHUT),
    ),
    (
        "the provider refused the second half of the step",
        {**STOPPED, "begun": True},
        over(Code.DO_NOT_DISTURB),
    ),
    ("the lead has no number", {"lead": {"phone": None}}, over(Code.MISSING_PHONE)),
    # a sequence that was edited
    ("another step is next", {"enrolment": {"step": "gone"}}, Turn(HELLO)),
    (
        "another step is next, and the one that is gone waits",
        {"enrolment": {"step": "gone"}, "draft": draft("approved")},
        Turn(HELLO),
    ),
    (
        "a step left that is gone",
        {"enrolment": {"step": "gone"}, "draft": draft("sent")},
        Done("gone", (0, 0), Code.STEP_SENT, NOW - 5),
    ),
    # what it is only for
    (
        "its step is for those who have not answered, and they had before it began",
        {"steps": (QUIET,), "enrolment": {**SEEN, "started_inbounds": 1}, "lead": ANSWERED},
        Compose(QUIET),
    ),
    (
        "its step is for those who have not answered, and they have since",
        {"steps": (QUIET,), "enrolment": SEEN, "lead": ANSWERED},
        over(Code.CONDITION_FALSE),
    ),
    (
        "its step is for those with a phone, and they have none",
        {"steps": (only(Condition.HAS_PHONE),), "lead": {"phone": None}},
        over(Code.CONDITION_FALSE),
    ),
    (
        "its step is for those we are connected with, and we are not",
        {"steps": (only(Condition.CONNECTED),)},
        over(Code.CONDITION_FALSE),
    ),
    (
        "its step is for those we are connected with, and we are",
        {"steps": (only(Condition.CONNECTED),), "lead": {"linkedin_id": "ACoAADana"}},
        Compose(only(Condition.CONNECTED)),
    ),
    (
        "nothing is left",
        {"steps": (), "draft": draft("approved")},
        End(COMPLETED, Code.SEQUENCE_COMPLETED),
    ),
]


@pytest.mark.parametrize(
    ("changes", "move"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_if(changes: dict[str, Any], move: Move) -> None:
    assert next_move(view(**changes)) == move


@pytest.mark.parametrize(
    ("count", "answers", "is_so"),
    [
        (0, None, True),
        (1, None, False),
        (1, {0}, False),
        (1, {1}, True),
        (2, {1}, False),
        (2, {1, 2}, True),
    ],
)
def test_a_lead_is_answered_if_an_answer_saw_all_they_wrote(
    count: int, answers: set[int] | None, is_so: bool
) -> None:
    lead = Lead("acme:dana", inbound_count=count, answered_inbounds=answers)
    assert is_answered(lead) is is_so


def test_what_is_over_stays_so() -> None:
    assert {state: ENROLMENT_TRANSITIONS[state] for state in OVER} == dict.fromkeys(
        OVER, frozenset()
    )
    assert set(ENROLMENT_TRANSITIONS) == set(EnrolmentState)


def test_the_ladder_takes_days_and_grows() -> None:
    assert list(SHUT_LADDER) == sorted(SHUT_LADDER)
    assert 2 * DAY < sum(SHUT_LADDER) < 7 * DAY
    assert len(STEPS) == 2
