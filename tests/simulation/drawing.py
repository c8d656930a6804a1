"""Draws a month: a row for each person, time to the right."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from system_sender.models import Audit
from tests.simulation.agencies import AGENCIES, Person
from tests.simulation.chronicle import Arrival, Chronicle, draft_id_of
from tests.simulation.plan import DAY, FIRST_DAY, Deed, Trouble
from tests.simulation.svg import document, group, polygon, shape, text, titled

_WIDTH, _LEFT, _RIGHT = 1460, 178, 116
_ROW, _GAP, _TOP = 21, 24, 108
_INK, _SOFT, _FAINT = "#2b2f36", "#8a9099", "#e4e7eb"
_COLOURS = {"sms": "#1769aa", "email": "#2e8b57", "linkedin": "#8e44ad"}
_THEIRS, _OURS, _UNKNOWN, _PAUSED = "#c8102e", "#e08e0b", "#111111", "#f5c26b"
_BEGINNING = int(FIRST_DAY.timestamp() * 1000)
_PROVIDERS = {"gohighlevel": "GoHighLevel", "unipile": "Unipile"}
_NEVER_KNOWN = ("sent_by_evidence", "sent_by_word")
_WORDS = {
    "sequence_completed": "",
    "lead_booked": "booked",
    "opted_out": "opted out",
    "bounced": "bounced",
    "blacklisted": "blacklisted",
    "lead_replied": "waits for an answer",
    "variable_missing": "a value is missing",
}


class Drawing:
    """Where everything is."""

    def __init__(self, chronicle: Chronicle) -> None:
        self._chronicle = chronicle
        self._history = chronicle.history
        ends = [int(one["at"]) for row in self._history.enrolments for one in row.done.values()]
        last = max(ends, default=_BEGINNING)
        self._days = (last - _BEGINNING) // DAY + 1
        self._scale = (_WIDTH - _LEFT - _RIGHT) / (self._days * DAY)
        self._lines: dict[str, float] = {}
        at: float = _TOP
        self._heads: list[tuple[str, float]] = []
        for agency in AGENCIES:
            people = [one for one in self._history.plan.people if one.agency == agency.name]
            self._heads.append((agency.name.title(), at + 12))
            at += _GAP
            for person in people:
                self._lines[person.lead_id] = at + _ROW / 2
                at += _ROW
        self._bottom = at + 6

    def to_svg(self) -> str:
        """Return the drawing."""
        parts = [
            shape("rect", width=_WIDTH, height=self._bottom + 84, fill="white"),
            *self._calendar(),
            *self._weather(),
            *self._processes(),
            *(
                text(12, y, name, font_size=12, font_weight="bold", fill=_INK)
                for name, y in self._heads
            ),
            *(self._person(person) for person in self._history.plan.people),
            *self._legend(),
        ]
        title = "A simulated month: what left, when, and what came in between"
        return document(_WIDTH, self._bottom + 84, parts, title)

    def _x(self, at: int) -> float:
        return _LEFT + (at - _BEGINNING) * self._scale

    # --- what is behind the rows

    def _calendar(self) -> Iterator[str]:
        for number in range(int(self._days) + 1):
            day = FIRST_DAY + timedelta(days=number)
            x = self._x(int(day.timestamp() * 1000))
            if day.weekday() == 5:
                width = min(2, self._days - number) * DAY * self._scale
                yield shape(
                    "rect",
                    x=x,
                    y=_TOP - 6,
                    width=width,
                    height=self._bottom - _TOP + 6,
                    fill="#f5f6f8",
                )
            monday = day.weekday() == 0
            yield shape(
                "line",
                x1=x,
                x2=x,
                y1=_TOP - (12 if monday else 6),
                y2=self._bottom,
                stroke="#cfd4da" if monday else _FAINT,
                stroke_width=1,
            )
            if monday and number < self._days:
                yield text(x + 3, 20, f"{day:%a} {day.day} {day:%B}", font_size=11, fill=_INK)

    def _weather(self) -> Iterator[str]:
        for line, (provider, name) in enumerate(_PROVIDERS.items()):
            y = 32 + 18 * line
            yield text(12, y + 10, name, font_size=11, fill=_SOFT)
            for trouble in self._history.plan.troubles:
                if trouble.provider == provider:
                    yield from self._trouble(trouble, y)

    def _trouble(self, trouble: Trouble, y: float) -> Iterator[str]:
        x = self._x(trouble.start)
        width = max(3.0, self._x(trouble.end) - x)
        yield shape(
            "rect",
            x=x,
            y=_TOP - 6,
            width=width,
            height=self._bottom - _TOP + 6,
            fill=_THEIRS,
            fill_opacity=0.07,
        )
        bar = shape("rect", x=x, y=y, width=width, height=12, fill=_THEIRS, fill_opacity=0.55)
        yield titled(bar, f"{_PROVIDERS[trouble.provider]}: {trouble.weather.value}")
        yield text(x + width + 3, y + 10, trouble.weather.value, font_size=9, fill=_THEIRS)

    def _processes(self) -> Iterator[str]:
        y = 68
        yield text(12, y + 10, "our processes", font_size=11, fill=_SOFT)
        for one in self._history.told:
            x = self._x(one.at)
            if one.what == "overlap":
                yield shape(
                    "line", x1=x, x2=x, y1=y + 4, y2=y + 10, stroke="#b5bac1", stroke_width=1
                )
            elif one.what == "crash":
                yield titled(_cross(x, y + 7, 3, _INK), "a process dies")
            elif one.what == "deployment":
                yield shape(
                    "line",
                    x1=x,
                    x2=x,
                    y1=y + 12,
                    y2=self._bottom,
                    stroke=_INK,
                    stroke_width=1,
                    stroke_dasharray="4 3",
                )
                yield polygon([(x - 5, y), (x + 5, y), (x, y + 10)], fill=_INK)
                yield text(x + 7, y - 1, "deployment", font_size=9, fill=_INK)

    # --- rows

    def _person(self, person: Person) -> str:
        y = self._lines[person.lead_id]
        zone = (person.time_zone or "not known").split("/")[-1].replace("_", " ")
        children = [
            text(22, y + 4, person.first_name, font_size=11, fill=_INK),
            text(70, y + 4, zone, font_size=10, fill=_SOFT),
        ]
        for number, sequence in enumerate(person.sequences):
            shift = 4.0 * number - 2.0 * (len(person.sequences) - 1)
            children += self._way(person, sequence, y + shift)
        for one in self._chronicle.arrivals:
            if one.person == person:
                children.append(self._mark(one, y))
        for at in self._chronicle.moments(person, *_BY_LEAD):
            children.append(_triangle(self._x(at), y - 9, down=True, fill=_THEIRS))
        for at in self._chronicle.moments(person, Deed.ANSWER.value):
            children.append(_triangle(self._x(at), y + 9, down=False, fill=_OURS))
        return group(children)

    def _way(self, person: Person, sequence: str, y: float) -> Iterator[str]:
        """Draw a person's way through a sequence, its pauses, its skipped steps and its end."""
        name = person.lead_id.removeprefix(f"{person.agency}:")
        row = next(
            one
            for one in self._history.enrolments
            if one.enrolment_id == f"{person.agency}:{sequence}/{name}"
        )
        notes = self._notes(str(row.enrolment_id), person)
        begins, ends = int(row.started_at), int(notes[-1].at)
        yield shape(
            "line",
            x1=self._x(begins),
            x2=self._x(ends),
            y1=y,
            y2=y,
            stroke="#b5bac1",
            stroke_width=2,
        )
        for note, following in zip(notes, [*notes[1:], None], strict=True):
            if note.target == "paused":
                until = int(following.at) if following is not None else self._history.ended_at
                x = self._x(int(note.at))
                width = min(self._x(until), _WIDTH - _RIGHT) - x
                bar = shape("rect", x=x, y=y - 3, width=max(1.0, width), height=6, fill=_PAUSED)
                yield titled(bar, f"paused: {note.code}")
        for key, record in row.done.items():
            if record["code"] != "step_sent":
                x = self._x(int(record["at"]))
                dot = shape(
                    "circle", cx=x, cy=y, r=3.2, fill="white", stroke=_SOFT, stroke_width=1.3
                )
                yield titled(dot, f"{key}: {record['code']}")
        yield shape(
            "line",
            x1=self._x(ends),
            x2=self._x(ends),
            y1=y - 5,
            y2=y + 5,
            stroke=_INK,
            stroke_width=1.5,
        )
        words = _WORDS.get(str(row.code), str(row.code))
        last = row.state == "paused"
        x = min(self._x(self._history.ended_at if last else ends), _WIDTH - _RIGHT)
        yield text(x + 6, y + 3.5, words, font_size=9.5, fill=_INK)

    def _notes(self, enrolment_id: str, person: Person) -> list[Audit]:
        found = [
            one
            for one in self._history.audit
            if one.lead_id == person.lead_id and str(one.draft_id).split("#")[0] == enrolment_id
        ]
        return sorted(found, key=lambda one: str(one.entry))

    def _mark(self, one: Arrival, y: float) -> str:
        x, colour = self._x(one.at), _COLOURS[one.channel]
        stroke = {"stroke": "white", "stroke_width": 0.8}
        if self._was_unknown(one):
            stroke = {"stroke": _UNKNOWN, "stroke_width": 1.6}
        if not one.step:
            return titled(_triangle(x, y + 9, down=False, fill=_OURS), "the template's answer")
        shown = datetime.fromtimestamp(one.at / 1000, UTC)
        title = f"{one.sequence}, {one.step}: {shown:%d %b %H:%M} UTC"
        return titled(_symbol(one.channel, x, y, fill=colour, **stroke), title)

    def _was_unknown(self, one: Arrival) -> bool:
        draft_id = draft_id_of(one.person, one.sequence, one.step)
        return any(
            row.draft_id == draft_id and (row.code in _NEVER_KNOWN or int(row.attempt) > 1)
            for row in self._history.messages
        )

    # --- what the signs mean

    def _legend(self) -> Iterator[str]:
        y, x = self._bottom + 24, float(_LEFT)
        signs = [
            *(
                (_symbol(name, 0, 0, fill=colour), words, width)
                for (name, colour), words, width in zip(
                    _COLOURS.items(),
                    ("text message", "e-mail", "LinkedIn"),
                    (100, 68, 80),
                    strict=True,
                )
            ),
            (
                _symbol("email", 0, 0, fill=_COLOURS["email"], stroke=_UNKNOWN, stroke_width=1.6),
                "at first nobody knew whether it had left",
                238,
            ),
            (
                shape("circle", cx=0, cy=0, r=3.2, fill="white", stroke=_SOFT, stroke_width=1.3),
                "skipped, with a record",
                144,
            ),
            (_triangle(0, 0, down=True, fill=_THEIRS), "the person wrote, or booked", 170),
            (_triangle(0, 0, down=False, fill=_OURS), "our side answered", 118),
            (shape("rect", x=-8, y=-3, width=16, height=6, fill=_PAUSED), "paused", 70),
        ]
        for sign, words, width in signs:
            yield group(
                [sign, text(11, 4, words, font_size=11, fill=_INK)],
                transform=f"translate({x:.0f} {y:.0f})",
            )
            x += width + 14
        y += 24
        yield text(
            _LEFT - 6,
            y + 4,
            "red: a provider in trouble  ·  cross: a process dies in the middle of an "
            "effect  ·  tick: two sweeps overlap  ·  dashed: a deployment ends every "
            "process at once  ·  days are those of UTC; a step's hours are the person's "
            "own",
            font_size=11,
            fill=_SOFT,
        )


_BY_LEAD = (
    Deed.WRITE.value,
    Deed.OPT_OUT.value,
    Deed.AWAY_NOTE.value,
    Deed.BOOK.value,
    Deed.BOUNCE.value,
)


def _symbol(channel: str, x: float, y: float, **paint: object) -> str:
    if channel == "sms":
        return shape("circle", cx=x, cy=y, r=4.6, **paint)
    if channel == "email":
        return shape("rect", x=x - 4.2, y=y - 4.2, width=8.4, height=8.4, **paint)
    return polygon([(x, y - 5.8), (x + 5.8, y), (x, y + 5.8), (x - 5.8, y)], **paint)


def _triangle(x: float, y: float, *, down: bool, fill: str) -> str:
    tip = 3.5 if down else -3.5
    return polygon([(x - 3.8, y - tip), (x + 3.8, y - tip), (x, y + tip)], fill=fill)


def _cross(x: float, y: float, size: float, colour: str) -> str:
    return group(
        [
            shape("line", x1=x - size, y1=y - size, x2=x + size, y2=y + size),
            shape("line", x1=x - size, y1=y + size, x2=x + size, y2=y - size),
        ],
        stroke=colour,
        stroke_width=1.5,
    )
