"""Judges a month by the provider's ledger; the rows have to agree with it."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise

from system_sender.models import Enrolment
from system_sender.states import DraftState
from tests.simulation.agencies import SEQUENCES, Person, StepRow
from tests.simulation.chronicle import BY_NAME, Arrival, Chronicle, text_of
from tests.simulation.hours import day_of, days_later, local, may_write, zone_of
from tests.simulation.lives import SNOOZED_FOR
from tests.simulation.month import History
from tests.simulation.plan import DAY, HOUR, Deed, Fate

SECOND = 1_000
# A claim that was judged just before its hours ended may begin its request so much later.
_BEGUN = 20 * SECOND
# The sweep that sees a moment pass, and the request of before it.
_TOLERANCE = 60 * SECOND
_AWAY_FOR = 3 * DAY

_EXPECTED = {
    Fate.UNTOUCHED: ("completed", "sequence_completed"),
    Fate.ANSWERED: ("completed", "sequence_completed"),
    Fate.AWAY: ("completed", "sequence_completed"),
    Fate.SNOOZED: ("completed", "sequence_completed"),
    Fate.DISTURBED: ("completed", "sequence_completed"),
    Fate.UNANSWERED: ("paused", "lead_replied"),
    Fate.UNKNOWN_TOPIC: ("paused", "variable_missing"),
    Fate.BOOKED: ("cancelled", "lead_booked"),
    Fate.OPTED_OUT: ("cancelled", "opted_out"),
    Fate.BOUNCED: ("cancelled", "bounced"),
    Fate.BLACKLISTED: ("cancelled", "blacklisted"),
}
_RESTING = {
    state.value
    for state in (
        DraftState.SENT,
        DraftState.FAILED,
        DraftState.REJECTED,
        DraftState.SUPERSEDED,
    )
}


def complaints(history: History) -> list[str]:
    """Return what is wrong with a month, in words; nothing, if the system is right."""
    chronicle = Chronicle(history)
    return [complaint for check in _CHECKS for complaint in check(chronicle)]


def _nothing_broke(chronicle: Chronicle) -> Iterator[str]:
    history = chronicle.history
    yield from dict.fromkeys(history.problems)
    if history.codes["internal_error"]:
        yield f"{history.codes['internal_error']} items broke"
    yield from (f"a message was for nobody: {one.text!r}" for one in chronicle.strangers)


def _once(chronicle: Chronicle) -> Iterator[str]:
    counts = Counter((one.key, one.channel, one.text) for one in chronicle.arrivals)
    for (key, channel, text), count in counts.items():
        lead_id, _, step = key
        person = next(one for one in chronicle.history.plan.people if one.lead_id == lead_id)
        most = 1 if step else len(chronicle.moments(person, Deed.WRITE.value))
        if count > most:
            yield f"{lead_id} got {text[:40]!r} by {channel} {count} times"


def _hours(chronicle: Chronicle) -> Iterator[str]:
    for one in chronicle.arrivals:
        if chronicle.is_by_person(one):
            continue
        agency, person = BY_NAME[one.person.agency], one.person
        written = chronicle.moments(person, Deed.WRITE.value)
        asked = any(at <= one.at <= at + HOUR for at in written)
        moments = (one.at, one.at - _BEGUN)
        if not any(may_write(agency, person, one.channel, at, asked=asked) for at in moments):
            shown = local(one.at, zone_of(agency, person))
            yield f"{one.key} went by {one.channel} at {shown:%a %d %b %H:%M:%S}, where they are"


def _caps(chronicle: Chronicle) -> Iterator[str]:
    days: dict[tuple[Person, date], set[object]] = {}
    for one in chronicle.arrivals:
        if not chronicle.is_by_person(one):
            day = day_of(one.at, zone_of(BY_NAME[one.person.agency], one.person))
            days.setdefault((one.person, day), set()).add(one.key if one.step else one)
    for (person, day), messages in days.items():
        if len(messages) > BY_NAME[person.agency].automated_per_day:
            yield f"{person.lead_id} got {len(messages)} messages on {day}"


def _one_a_day(chronicle: Chronicle) -> Iterator[str]:
    """Compare each step's first part with the others of its channel and day."""
    days: dict[tuple[Person, str, date], set[str]] = {}
    begun: set[object] = set()
    for one in chronicle.arrivals:
        if one.step and one.key not in begun and not chronicle.is_by_person(one):
            begun.add(one.key)
            day = day_of(one.at, zone_of(BY_NAME[one.person.agency], one.person))
            days.setdefault((one.person, one.channel, day), set()).add(one.step)
    for (person, channel, day), steps in days.items():
        if len(steps) > 1:
            yield f"{person.lead_id} got {sorted(steps)} by {channel} on {day}"


def _hourly_caps(chronicle: Chronicle) -> Iterator[str]:
    begun = Counter(
        (lead_id.split(":")[0], at // HOUR)
        for (lead_id, _, step), at in chronicle.requests.items()
        if step
    )
    for (name, hour), count in begun.items():
        cap = BY_NAME[name].automated_per_hour
        if cap is not None and count > cap:
            yield f"{name} began {count} messages in the hour {hour}"


def _silences(chronicle: Chronicle) -> Iterator[str]:
    for person in chronicle.history.plan.people:
        for began, ended, why in _silences_of(chronicle, person):
            for one in chronicle.arrivals:
                is_theirs = one.person == person and (one.step or why in _FOR_EVER)
                if is_theirs and began + _BEGUN < one.at < ended:
                    yield f"{one.key} went although: {why}"


_FOR_EVER = (Deed.BOOK.value, Deed.OPT_OUT.value, Deed.BLACKLIST.value)


def _silences_of(chronicle: Chronicle, person: Person) -> Iterator[tuple[int, int, str]]:
    """Return from when until when no step may go to a person, and why."""
    end = chronicle.history.ended_at + DAY
    for why in _FOR_EVER:
        yield from ((at, end, why) for at in chronicle.moments(person, why))
    for at in chronicle.moments(person, Deed.BOUNCE.value):
        yield at, end, Deed.BOUNCE.value
    for at in chronicle.moments(person, Deed.AWAY_NOTE.value):
        yield at, at + _AWAY_FOR - _TOLERANCE, Deed.AWAY_NOTE.value
    for at in chronicle.moments(person, Deed.SNOOZE.value):
        yield at, at + SNOOZED_FOR - _TOLERANCE, Deed.SNOOZE.value
    for at in chronicle.moments(person, Deed.WRITE.value):
        answered = [one for one in answers_to(chronicle, person) if one > at]
        yield at, min(answered, default=end), Deed.WRITE.value
    paused = chronicle.moments(person, Deed.PAUSE.value)
    resumed = chronicle.moments(person, Deed.RESUME.value)
    yield from ((at, until, Deed.PAUSE.value) for at, until in zip(paused, resumed, strict=True))


def answers_to(chronicle: Chronicle, person: Person) -> list[int]:
    """Return when our side answered a person: by hand, or by the template."""
    replies = [one.at for one in chronicle.arrivals if one.person == person and not one.step]
    return sorted([*chronicle.moments(person, Deed.ANSWER.value), *replies])


def _spacing(chronicle: Chronicle) -> Iterator[str]:
    for person in chronicle.history.plan.people:
        for sequence in person.sequences:
            yield from _spacing_of(chronicle, person, sequence)


def _spacing_of(chronicle: Chronicle, person: Person, sequence: str) -> Iterator[str]:
    zone = zone_of(BY_NAME[person.agency], person)
    out = [(step, got) for step, got in chronicle.steps(person, sequence) if got]
    for (before, earlier), (step, got) in pairwise(out):
        days, minutes = _offset(before, step)
        if got[0].at < days_later(earlier[0].at, days, minutes, zone) - _TOLERANCE:
            yield f"{got[0].key} came too soon after {before['key']}"
    steps = SEQUENCES[sequence]
    for step, got in out:
        number = next(n for n, one in enumerate(steps) if one["key"] == step["key"])
        days, minutes = _offset(steps[number - 1], step) if number else (0, 0)
        for at in answers_to(chronicle, person):
            # An answer that came after the step before it, or after what paused it.
            soon = days_later(at, days, minutes, zone) - _TOLERANCE
            if at < got[0].at < soon:
                yield f"{got[0].key} came too soon after an answer"


def _offset(before: StepRow, step: StepRow) -> tuple[int, int]:
    return step["day"] - before["day"], step.get("minute", 0) - before.get("minute", 0)


def _ends(chronicle: Chronicle) -> Iterator[str]:
    rows = {str(row.enrolment_id): row for row in chronicle.history.enrolments}
    for person in chronicle.history.plan.people:
        for sequence in person.sequences:
            name = person.lead_id.removeprefix(f"{person.agency}:")
            row = rows.get(f"{person.agency}:{sequence}/{name}")
            if row is None:
                yield f"{person.lead_id} is not enrolled in {sequence}"
                continue
            expected = _EXPECTED[chronicle.history.plan.fates[person.lead_id]]
            if (row.state, row.code) != expected:
                yield f"{row.enrolment_id} ended {row.state}, {row.code}, and not {expected}"
            yield from _records(chronicle, person, sequence, row)


def _records(chronicle: Chronicle, person: Person, sequence: str, row: Enrolment) -> Iterator[str]:
    """Compare what the enrolment says of its steps with what arrived of them."""
    for step, got in chronicle.steps(person, sequence):
        key = step["key"]
        record = row.done.get(key, {}).get("code")
        about = f"{row.enrolment_id}, step {key}"
        if (record == "step_sent") != bool(got):
            yield f"{about}: recorded as {record}, and {len(got)} parts of it arrived"
        if got and " ".join(one.text for one in got) != text_of(person, step):
            yield f"{about}: what arrived is not its text"
        if record is None and row.state == "completed":
            yield f"{about}: lost, without a record"


def _rest(chronicle: Chronicle) -> Iterator[str]:
    for draft in chronicle.history.drafts:
        if draft.state not in _RESTING:
            yield f"{draft.draft_id} is still {draft.state}, {draft.code}"
    for message in chronicle.history.messages:
        if message.attention is not None or message.state in ("sending", "unknown"):
            yield f"{message.draft_id}#{message.part} is still {message.state}"


def _clicks(chronicle: Chronicle) -> Iterator[str]:
    """Nothing that asks for approval goes before somebody has clicked."""
    needs = {
        (name, step["key"])
        for name, steps in SEQUENCES.items()
        for step in steps
        if step.get("approval")
    }
    for one in chronicle.arrivals:
        if (one.sequence, one.step) in needs and not _was_approved(chronicle, one):
            yield f"{one.key} went without approval"


def _was_approved(chronicle: Chronicle, one: Arrival) -> bool:
    # What is told of a click is told once its request has come back.
    return any(at - _TOLERANCE <= one.at for at in chronicle.moments(one.person, "approved"))


_CHECKS: tuple[Callable[[Chronicle], Iterator[str]], ...] = (
    _nothing_broke,
    _once,
    _hours,
    _caps,
    _one_a_day,
    _hourly_caps,
    _silences,
    _spacing,
    _ends,
    _rest,
    _clicks,
)
