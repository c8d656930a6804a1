"""Writes the month's drawing and its page's numbers.

python -m tests.simulation.page
"""

from collections import Counter
from collections.abc import Mapping

from devstack import paths
from tests.simulation.agencies import SEQUENCES
from tests.simulation.chronicle import Chronicle
from tests.simulation.drawing import Drawing
from tests.simulation.judge import complaints
from tests.simulation.month import History, live_alone
from tests.simulation.plan import make_plan

PAGE = paths.PROJECT / "docs" / "month.md"
DRAWING = paths.PROJECT / "docs" / "month.svg"
_BEGIN, _END = "<!-- numbers -->\n", "<!-- end of numbers -->\n"


def numbers(history: History) -> Mapping[str, str]:
    """Return what is counted of a month, each number with its name."""
    chronicle = Chronicle(history)
    told = Counter(one.what for one in history.told)
    steps = {one.key: one.channel for one in chronicle.arrivals if one.step}
    answers = len([one for one in chronicle.arrivals if not one.step])
    by_channel = Counter(steps.values())
    ends = Counter(f"{row.state}, {row.code}" for row in history.enrolments)
    records = [record["code"] for row in history.enrolments for record in row.done.values()]
    skipped = Counter(code for code in records if code != "step_sent")
    settled = Counter(row.code for row in history.messages)
    outside = [one for one in complaints(history) if "where they are" in one]
    return {
        "people, enrolments": f"{len(history.plan.people)}, {len(history.enrolments)}",
        "steps that left": f"{len(steps)}: {_listed(by_channel)}",
        "answers of the template": str(answers),
        "steps skipped, with a record": f"{sum(skipped.values())}: {_listed(skipped)}",
        "how enrolments ended": _listed(ends),
        "sweeps that came to their end": str(history.sweeps),
        "rounds with two sweeps, interleaved": str(told["overlap"]),
        "processes that died in the middle of an effect": (
            f"{told['crash'] + told['deployment']}, {told['deployment']} times all of them at once"
        ),
        "unknown, then settled by a look-up": str(settled["sent_by_evidence"]),
        "unknown, then settled by a person's word": (
            f"{told['word']}, of which {told['ordered anew']} had not left and were ordered anew"
        ),
        "**left twice**": str(_twice(chronicle)),
        "**left outside their hours**": str(len(outside)),
        "**lost without a record**": str(_lost(history)),
    }


def _twice(chronicle: Chronicle) -> int:
    counts = Counter((one.key, one.text) for one in chronicle.arrivals if one.step)
    return sum(count - 1 for count in counts.values())


def _lost(history: History) -> int:
    return sum(
        step["key"] not in row.done
        for row in history.enrolments
        if row.state == "completed"
        for step in SEQUENCES[str(row.sequence_id).split(":")[1]]
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def with_numbers(page: str, history: History) -> str:
    """Return the page with a month's numbers in their place."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    lines = ["| in this month | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in numbers(history).items()]
    return f"{before}{_BEGIN}" + "\n".join(lines) + f"\n{_END}{after}"


def drawing(history: History) -> str:
    """Return a month's drawing."""
    return Drawing(Chronicle(history)).to_svg()


def main() -> None:
    """Live the month, and write down what came of it."""
    history = live_alone(make_plan())
    for complaint in complaints(history):
        print(complaint)
    DRAWING.write_text(drawing(history))
    PAGE.write_text(with_numbers(PAGE.read_text(), history))


if __name__ == "__main__":
    main()
