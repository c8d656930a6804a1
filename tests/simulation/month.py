"""Lives a planned month through, from one moment at which something is due to the next.

python -m tests.simulation.month        # what comes of the whole month, in numbers
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pynamodb.indexes import GlobalSecondaryIndex

from devstack import dynamodb_local
from devstack.sandbox.ledger import Entry
from system_sender.models import Audit, Draft, Enrolment, Inbound, Message, Review
from system_sender.sweep import SweepReport, sweep
from system_sender.world import Effect
from tests.crash.connection import FaultyConnection
from tests.crash.harness import prepared
from tests.crash.world import Killed
from tests.simulation.floor import Floor, Told
from tests.simulation.lives import Lives
from tests.simulation.plan import FIRST_DAY, Plan, make_plan
from tests.simulation.rows import rows_of, rows_of_person
from tests.simulation.staff import MINUTE, Staff, next_visit
from tests.simulation.world import nth
from tests.support.tables import create_tables, empty_tables, rows

# Whatever is still due then is never done.
_LAST_MOMENT = int((FIRST_DAY + timedelta(days=75)).timestamp() * 1000)
_NEVER = 2**53
_SWEEP_SECONDS = 120
# One round in so many has a second one beside it.
_OVERLAP_ONE_IN = 4
_LONGEST_ORDER = 600


@dataclass(frozen=True, slots=True)
class History:
    """What came of a month: the provider's ledger, what was told, and the rows at its end.

    Attributes:
        codes: what the sweeps' items came to.
        ended_at: epoch milliseconds, UTC.
    """

    plan: Plan
    entries: list[Entry]
    told: list[Told]
    enrolments: list[Enrolment]
    drafts: list[Draft]
    messages: list[Message]
    audit: list[Audit]
    codes: Counter[str]
    sweeps: int
    problems: list[str]
    ended_at: int


@dataclass
class Month:
    """A plan, and the cron that carries it out."""

    floor: Floor
    codes: Counter[str] = field(default_factory=Counter)
    sweeps: int = 0

    def __post_init__(self) -> None:
        plan = self.floor.plan
        self.world = self.floor.world
        self._lives = Lives(self.floor)
        self._staff = Staff(self.floor)
        self._deployments = list(plan.deployments)
        self._crashes = list(plan.crashes)

    def live(self) -> History:
        """Live the month through until nothing more is to come."""
        self._seed()
        while (moment := self._next_moment()) is not None:
            self.world.advance(max(1, moment - self.world.now()))
            self._lives.go_on()
            if self._next_due() <= self.world.now():
                self._round()
            self._staff.go_on()
            self.world.forget()
        return self._history()

    def _seed(self) -> None:
        empty_tables(self.floor.connection)
        for desk in self.floor.desks.values():
            desk.scene.put(*rows_of(desk.agency, desk.scene))
        for person in self.floor.plan.people:
            desk = self.floor.desks[person.agency]
            desk.scene.put(*rows_of_person(desk.agency, person, self.world.now()))

    # --- when

    def _next_moment(self) -> int | None:
        """Return the next moment at which anybody does anything; None at the end."""
        now = self.world.now()
        # A sweep comes each minute.
        sweep_at = (max(self._next_due(), now) // MINUTE + 1) * MINUTE
        happens_at = self._lives.next_at()
        moment = sweep_at if happens_at is None else min(sweep_at, happens_at)
        if moment >= _NEVER and not self._staff.has_work():
            return None
        moment = min(moment, next_visit(now))
        if moment > _LAST_MOMENT:
            self.world.problems.append("something is still to be done long after the month")
            return None
        return moment

    def _next_due(self) -> int:
        """Return when the next row is due; `_NEVER` where none is."""
        indexes: tuple[GlobalSecondaryIndex[Any], ...] = (
            Draft.due_index,
            Inbound.due_index,
            Enrolment.due_index,
            Review.due_index,
        )
        found = [row for index in indexes for row in self.floor.store.query(index, "0", limit=1)]
        return min((int(row["due_at"]) for row in found), default=_NEVER)

    # --- the cron

    def _round(self) -> None:
        """Let the minute's sweep run, alone or beside another; some end in the middle."""
        deployment = bool(self._deployments) and self._deployments[0] <= self.world.now()
        crash = bool(self._crashes) and self._crashes[0][0] <= self.world.now()
        if deployment:
            first = len(self._deployments) == len(self.floor.plan.deployments)
            self.world.doom(_is_send if first else _is_claim, lands=True)
        elif crash:
            lands = self.floor.chance.random() < 0.5
            self.world.doom(nth(self._crashes[0][1]), lands=lands)
        if deployment or self.floor.chance.randrange(_OVERLAP_ONE_IN) == 0:
            self._sweep_side_by_side()
        else:
            self.world.invoke(self._sweep)
        if self.world.spare():
            self.floor.tell("deployment" if deployment else "crash")
            del (self._deployments if deployment else self._crashes)[0]

    def _sweep(self) -> None:
        budget = self.floor.budget(_SWEEP_SECONDS)
        report: SweepReport = sweep(self.floor.system(), budget, workers=1)
        self.sweeps += 1
        self.codes.update(report.codes)

    def _sweep_side_by_side(self) -> None:
        order = [self.floor.chance.randrange(2) for _ in range(_LONGEST_ORDER)]
        sweep_or_die = _mortal(self._sweep)
        self.world.side_by_side(order, [sweep_or_die, sweep_or_die])
        self.floor.tell("overlap")

    # --- what is left

    def _history(self) -> History:
        connection = self.floor.connection
        return History(
            plan=self.floor.plan,
            entries=self.world.sandbox.ledger.requests(),
            told=self.floor.told,
            enrolments=rows(connection, Enrolment),
            drafts=rows(connection, Draft),
            messages=rows(connection, Message),
            audit=rows(connection, Audit),
            codes=self.codes,
            sweeps=self.sweeps,
            problems=list(self.world.problems),
            ended_at=self.world.now(),
        )


def _mortal(call: Callable[[], object]) -> Callable[[], None]:
    """Let an invocation end where its process does."""

    def live() -> None:
        try:
            call()
        except Killed:
            return

    return live


def _is_send(effect: Effect, name: str) -> bool:
    return effect is Effect.PROVIDER and name == "send"


def _is_claim(effect: Effect, name: str) -> bool:
    return effect is Effect.DATABASE_WRITE and name.startswith("write suppression+")


def live_month(plan: Plan, connection: FaultyConnection) -> History:
    """Live a plan through on an engine that has every table."""
    with prepared():
        return Month(Floor(plan, connection)).live()


def live_alone(plan: Plan) -> History:
    """Live a plan through on an engine of its own."""
    with dynamodb_local.running() as engine:
        connection = FaultyConnection(engine)
        create_tables(connection)
        try:
            return live_month(plan, connection)
        finally:
            connection.close()


def main() -> None:
    """Print what came of the month."""
    history = live_alone(make_plan())
    for enrolment in history.enrolments:
        print(enrolment.enrolment_id, enrolment.state, enrolment.code, enrolment.detail or "")
    print(history.codes)
    print(Counter(history.problems))


if __name__ == "__main__":
    main()
