"""What everybody in the month stands on: the world, the agencies' desks, and what is told."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from system_sender.budget import Budget
from system_sender.store import Store
from system_sender.system import System
from system_sender.world import World
from tests.crash.connection import FaultyConnection
from tests.crash.world import WorldSecrets
from tests.simulation.agencies import AGENCIES, Agency
from tests.simulation.plan import FIRST_DAY, Fate, Plan
from tests.simulation.post import Post
from tests.simulation.world import MonthWorld, WeatherTransport
from tests.support.correspondents import signer
from tests.support.scene import Scene

# How often a person tries again, or a provider delivers again.
MOST_TRIES = 8
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened beside what the ledger shows.

    Attributes:
        at: epoch milliseconds, UTC.
        what: a deed; or "approved", "word", "deployment", "crash", "overlap".
        who: a lead's id, or an agency's name.
        about: a channel, a draft's id, a word.
    """

    at: int
    what: str
    who: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """One agency at work."""

    agency: Agency
    scene: Scene
    post: Post


@dataclass
class Floor:
    """The world of one month, and how anybody acts in it.

    Attributes:
        store: what the simulation looks at passes by the world's effects.
        chance: decides what no plan can: it is asked in the order of happening.
    """

    plan: Plan
    connection: FaultyConnection
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        beginning = int(FIRST_DAY.timestamp() * 1000)
        # DynamoDB remembers tokens for ten minutes: no two months may have the same.
        name = f"month{next(_numbers)}"
        self.world = MonthWorld(name, self.connection, beginning, self.plan.seed)
        self.store = Store(World(), self.connection)
        self.chance = Random(f"{self.plan.seed}/course")
        self.people = {person.lead_id: person for person in self.plan.people}
        self.desks = {agency.name: self._desk(agency) for agency in AGENCIES}
        self._transport = WeatherTransport(
            self.world,
            self.plan.troubles,
            undisturbed=frozenset(
                person.contact
                for person in self.plan.people
                if self.plan.fates[person.lead_id] is Fate.DISTURBED
            ),
        )

    def _desk(self, agency: Agency) -> Desk:
        key = signer().public_key()
        scene = Scene(self.store, self.world, self.world.sandbox, agency.name, public_key=key)
        return Desk(agency, scene, Post(scene))

    def system(self) -> System:
        """Return the system as a new process makes it."""
        world = self.world
        return self.desks[AGENCIES[0].name].scene.system(
            world=world,
            store=Store(world, world.connection),
            secrets=WorldSecrets(world),
            transport=self._transport,
        )

    def budget(self, seconds: float) -> Budget:
        """Return the budget of an invocation."""
        return Budget.of_seconds(self.world, seconds)

    def surely(self, call: Callable[[], object]) -> None:
        """Do what a person repeats until it is done."""
        for _ in range(MOST_TRIES):
            if self.world.invoke(call):
                return
        self.world.problems.append("what a person did could not be written down")

    def tell(self, what: str, who: str = "", about: str = "") -> None:
        """Note what happened now."""
        self.told.append(Told(self.world.now(), what, who, about))
