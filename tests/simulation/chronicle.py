"""What was accepted of every step, by the provider's ledger: what judge and drawing go by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from devstack.sandbox.ledger import Entry
from tests.simulation.agencies import AGENCIES, SEQUENCES, Agency, Person, StepRow
from tests.simulation.month import History
from tests.simulation.staff import words_of

BY_NAME: Mapping[str, Agency] = {agency.name: agency for agency in AGENCIES}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that a provider took.

    Attributes:
        sequence, step: empty of an answer that no sequence wrote.
        at: when its request began (epoch milliseconds, UTC).
    """

    person: Person
    channel: str
    sequence: str
    step: str
    text: str
    at: int

    @property
    def key(self) -> tuple[str, str, str]:
        """Return which step of which enrolment it is."""
        return self.person.lead_id, self.sequence, self.step


class Chronicle:
    """A month's arrivals, in order, each known for what it is.

    Attributes:
        strangers: messages that are neither a step's nor an answer's, or went to nobody known.
        requests: when each step was first asked of a provider.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self._whose = {
            recipient: (person, channel)
            for person in history.plan.people
            for recipient, channel in person.recipients().items()
        }
        self.strangers: list[Entry] = []
        self.arrivals: list[Arrival] = []
        self.requests: dict[tuple[str, str, str], int] = {}
        for entry in history.entries:
            self._read(entry)

    def _read(self, entry: Entry) -> None:
        if entry.operation != "send":
            return
        arrival = self._arrival(entry)
        if arrival is None:
            self.strangers.append(entry)
            return
        self.requests.setdefault(arrival.key, arrival.at)
        if entry.accepted:
            self.arrivals.append(arrival)

    def _arrival(self, entry: Entry) -> Arrival | None:
        person, channel = self._whose.get(entry.contact_id, (None, ""))
        if person is None:
            return None
        text = words_of(entry.text)
        for sequence in person.sequences:
            for step in SEQUENCES[sequence]:
                if step["channel"] == channel and text in text_of(person, step):
                    return Arrival(person, channel, sequence, step["key"], text, entry.began_at)
        if "A colleague will have the details" in text:
            return Arrival(person, channel, "", "", text, entry.began_at)
        return None

    def steps(self, person: Person, sequence: str) -> Iterator[tuple[StepRow, list[Arrival]]]:
        """Return a person's steps, each with what arrived of it."""
        for step in SEQUENCES[sequence]:
            key = (person.lead_id, sequence, step["key"])
            yield step, [one for one in self.arrivals if one.key == key]

    def moments(self, person: Person, *what: str) -> list[int]:
        """Return when these things were told of a person or of their agency."""
        whom = (person.lead_id, person.agency)
        return [one.at for one in self.history.told if one.what in what and one.who in whom]

    def is_by_person(self, arrival: Arrival) -> bool:
        """Say whether somebody clicked for this very message, whom no hours and caps bind."""
        if not arrival.step:
            return False
        draft_id = draft_id_of(arrival.person, arrival.sequence, arrival.step)
        return any(
            one.what in ("approved", "ordered anew") and one.about == draft_id
            for one in self.history.told
        )


def draft_id_of(person: Person, sequence: str, step: str) -> str:
    """Return the key of a step's draft."""
    name = person.lead_id.removeprefix(f"{person.agency}:")
    return f"{person.agency}:followup:{sequence}/{name}:{step}"


def text_of(person: Person, step: StepRow) -> str:
    """Return a step's text for a person, its white space evened out."""
    filled = str(step["template"]).replace("{{ first_name }}", person.first_name)
    return words_of(filled.replace("{{ topic }}", person.topic))
