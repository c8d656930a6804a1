"""What people do, and what the agencies do about them, each deed at its moment."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from system_sender.followups.enrolment import enrol
from system_sender.followups.sequence import steps_of
from system_sender.followups.waking import leave_alone, wake_all
from system_sender.models import Lead
from system_sender.store import Write
from system_sender.switches import pause, resume
from system_sender.webhook import handle
from tests.simulation.agencies import SEQUENCES, Person
from tests.simulation.floor import MOST_TRIES, Floor
from tests.simulation.plan import DAY, HOUR, Deed, Happening
from tests.simulation.post import Letter

SNOOZED_FOR = 5 * DAY
# A bounce needs a mail that bounces.
_NOT_YET = 6 * HOUR
_WEBHOOK_SECONDS = 28
# One event in so many is delivered twice.
_TWICE_ONE_IN = 3


class Lives:
    """Does what the plan says."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._waiting = list(floor.plan.happenings)

    def next_at(self) -> int | None:
        """Return when the next thing happens (epoch milliseconds, UTC); None after the last."""
        return self._waiting[0].at if self._waiting else None

    def go_on(self) -> None:
        """Let everything happen whose time has come."""
        while self._waiting and self._waiting[0].at <= self._floor.world.now():
            self._do(self._waiting.pop(0))

    def _do(self, one: Happening) -> None:
        deed: Callable[[Happening], bool | None] = _DEEDS[one.deed].__get__(self)
        if deed(one) is False:
            later = Happening(one.at + _NOT_YET, one.deed, one.who, one.channel)
            self._waiting = sorted([*self._waiting, later], key=lambda each: each.at)
            return
        self._floor.tell(one.deed.value, one.who, one.channel)

    # --- the agency's deeds

    def _pause(self, one: Happening) -> None:
        self._switch(pause, one)

    def _resume(self, one: Happening) -> None:
        self._switch(resume, one)

    def _switch(self, switch: Callable[..., None], one: Happening) -> None:
        floor = self._floor
        floor.surely(lambda: switch(floor.system().store, floor.world, one.who, None))

    def _enrol(self, one: Happening) -> None:
        person = self._floor.people[one.who]
        for name in person.sequences:
            self._floor.surely(partial(self._enrol_in, person, name))

    def _enrol_in(self, person: Person, name: str) -> None:
        lead = self._lead(person)
        enrol(
            self._floor.system(),
            lead,
            f"{person.agency}:{name}",
            steps_of([dict(step) for step in SEQUENCES[name]]),
            time_zone=person.time_zone or self._floor.desks[person.agency].agency.time_zone,
            facts={"topic": person.topic} if person.has_topic else None,
        )

    def _book(self, one: Happening) -> None:
        self._change(one, Lead.booked.set(True))

    def _blacklist(self, one: Happening) -> None:
        self._change(one, Lead.blacklisted.set(True))

    def _snooze(self, one: Happening) -> None:
        floor, person = self._floor, self._floor.people[one.who]
        until = one.at + SNOOZED_FOR
        floor.surely(lambda: leave_alone(floor.system(), self._lead(person), until))

    def _change(self, one: Happening, action: Any) -> None:
        """Change a lead as other software of the agency does: its version grows with it."""
        lead = self._lead(self._floor.people[one.who])
        write = Write(self._floor.world.new_id())
        actions = [action, Lead.version.add(1)]
        write.update("lead", Lead(lead.lead_id), actions, Lead.lead_id.exists())
        wake_all(write, lead, self._floor.world.now())
        self._floor.store.write(write)

    def _answer(self, one: Happening) -> None:
        person = self._floor.people[one.who]
        text = "This is Kim: Tuesday at two? I have sent you an invitation."
        self._deliver(person, self._post(person).answered(person, one.channel, text, one.at))

    # --- the people's

    def _write(self, one: Happening) -> None:
        self._say(one, "That sounds useful. When could we talk about it?")

    def _opt_out(self, one: Happening) -> None:
        self._say(one, "Please stop writing to me. Unsubscribe.")

    def _away_note(self, one: Happening) -> None:
        text = "I am out of the office until Thursday and will answer when I return."
        self._say(one, text, subject="Automatic reply: out of office")

    def _say(self, one: Happening, text: str, **more: Any) -> None:
        person = self._floor.people[one.who]
        letter = self._post(person).written(person, one.channel, text, one.at, **more)
        self._deliver(person, letter)

    def _bounce(self, one: Happening) -> bool:
        person = self._floor.people[one.who]
        mails = self._floor.world.sandbox.ledger.accepted(contact_id=person.email)
        if not mails:
            return False
        letter = self._post(person).bounced(person, str(mails[-1].message_id), one.at)
        self._deliver(person, letter)
        return True

    # --- helpers

    def _lead(self, person: Person) -> Lead:
        lead = self._floor.store.get(Lead, person.lead_id)
        assert lead is not None, f"{person.lead_id} is gone"
        return lead

    def _post(self, person: Person) -> Any:
        return self._floor.desks[person.agency].post

    def _deliver(self, person: Person, letter: Letter) -> None:
        """Post a webhook until it is taken, and once in a while again."""
        floor = self._floor
        event = letter.through.event(floor.desks[person.agency].scene, letter.webhook)
        statuses: list[int] = []

        def post() -> None:
            statuses.append(handle(floor.system(), event, floor.budget(_WEBHOOK_SECONDS)).status)

        wanted = 2 if floor.chance.randrange(_TWICE_ONE_IN) == 0 else 1
        for _ in range(MOST_TRIES):
            floor.world.invoke(post)
            if statuses.count(200) == wanted:
                return
        floor.world.problems.append(f"a webhook was never taken: {statuses}")


_DEEDS: Mapping[Deed, Any] = {
    Deed.ENROL: Lives._enrol,
    Deed.WRITE: Lives._write,
    Deed.ANSWER: Lives._answer,
    Deed.BOOK: Lives._book,
    Deed.OPT_OUT: Lives._opt_out,
    Deed.BOUNCE: Lives._bounce,
    Deed.AWAY_NOTE: Lives._away_note,
    Deed.SNOOZE: Lives._snooze,
    Deed.BLACKLIST: Lives._blacklist,
    Deed.PAUSE: Lives._pause,
    Deed.RESUME: Lives._resume,
}
