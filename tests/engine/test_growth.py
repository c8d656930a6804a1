"""What a round of the sweep costs depends on what is due, and not on who is enrolled."""

from benchmarks import scale_rows
from benchmarks.scale_rows import Person
from system_sender.followups.enrolment import enrol
from system_sender.followups.sequence import steps_of
from system_sender.models import Enrolment, Lead, Sequence
from tests.engine.stage import Stage

DUE = 4
WORKSPACES = 3
DAY = 24 * 60 * 60_000


def enrolled(stage: Stage, total: int) -> None:
    """Enrol so many, of whom a few are due now, and the others in the coming weeks."""
    now = stage.world.now()
    people = sorted(
        (
            Person(f"{stage.scene.workspace}{name}", number)
            for name in range(WORKSPACES)
            for number in range(total // WORKSPACES)
        ),
        key=lambda person: (person.number, person.workspace),
    )
    due, later = people[:DUE], people[DUE:]
    rows = [
        row
        for person in people[:WORKSPACES]
        for row in scale_rows.rows_of_workspace(person.workspace)
    ]
    rows += [row for person in due for row in scale_rows.rows_of_lead(person, now - DAY)]
    rows += [scale_rows.row_of_enrolment(person, now - 60_000) for person in due]
    rows += scale_rows.spread(later, now + 3 * DAY, now + 30 * DAY)
    scale_rows.put(stage.connection.client, rows)


def round_trips(stage: Stage, total: int) -> int:
    """Return what a round asks for in which the few who are due get their messages."""
    enrolled(stage, total)
    stage.world.effects.clear()
    assert stage.sweep().performed == DUE
    assert len(stage.sandbox.ledger.accepted()) == DUE
    return stage.world.round_trips()


def test_ten_times_the_enrolments_cost_a_round_no_more(stage: Stage) -> None:
    few = round_trips(stage, 30)
    many = round_trips(Stage.open(stage.connection), 300)
    assert many <= 1.2 * few


def test_what_nobody_is_due_for_costs_nothing_more(stage: Stage) -> None:
    stage.world.effects.clear()
    stage.sweep()
    empty = stage.world.round_trips()
    scale_rows.put(
        stage.connection.client,
        scale_rows.spread(
            [Person(stage.scene.workspace, number) for number in range(300)],
            stage.world.now() + DAY,
            stage.world.now() + 9 * DAY,
        ),
    )
    stage.world.effects.clear()
    assert stage.sweep().due == 0
    assert stage.world.round_trips() == empty


def test_the_benchmarks_rows_are_those_that_the_product_makes(stage: Stage) -> None:
    person = Person(stage.scene.workspace, 1)
    now = stage.world.now()
    for rows in (
        scale_rows.rows_of_workspace(person.workspace),
        scale_rows.rows_of_lead(person, now),
    ):
        stage.scene.put(*rows)
    sequence = stage.system.store.get(Sequence, scale_rows.sequence_of(person.workspace))
    lead = stage.system.store.get(Lead, person.lead_id)
    assert sequence is not None
    assert lead is not None
    made = enrol(
        stage.system,
        lead,
        sequence.sequence_id,
        steps_of(sequence.steps),
        time_zone="America/New_York",
    )
    ours = scale_rows.row_of_enrolment(person, now)
    assert made.enrolment_id == ours.enrolment_id
    different = {
        name for name in Enrolment.get_attributes() if getattr(made, name) != getattr(ours, name)
    }
    assert different == {"started_at"}, "the benchmark's began a day ago"
