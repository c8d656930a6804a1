"""What differs between two versions of a sequence, and what it does to leads on their way. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from system_sender.followups.sequence import Step

# Not quoted: they are long, and the file has them.
_TEXTS = frozenset({"template", "subject"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a lead stands on its way.

    Attributes:
        step: the key of the next step; empty where there is none.
        done: the keys of the steps behind it.
        reached: the distance of the last of them from the beginning, in days and minutes.
        drafted: the next step's message is written.
    """

    step: str
    done: frozenset[str]
    reached: tuple[int, int]
    drafted: bool


@dataclass(frozen=True, slots=True)
class Hazards:
    """What a person should know of a change, and what would send a step twice."""

    warnings: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def changes_between(before: tuple[Step, ...], after: tuple[Step, ...]) -> list[str]:
    """Say step by step what is new, gone or different."""
    old = {step.key: step for step in before}
    new = {step.key: step for step in after}
    said = [f"step {key}: gone" for key in old if key not in new]
    for key, step in new.items():
        if key not in old:
            said.append(f"step {key}: new")
        elif step != old[key]:
            said.append(f"step {key}: {', '.join(_differences(old[key], step))}")
    kept = [key for key in old if key in new]
    if kept != [key for key in new if key in old]:
        said.append("the order of the steps")
    return said


def _differences(old: Step, new: Step) -> list[str]:
    changed = [
        (one.name, getattr(old, one.name), getattr(new, one.name))
        for one in fields(Step)
        if getattr(old, one.name) != getattr(new, one.name)
    ]
    return [
        name if name in _TEXTS else f"{name} {_plain(was)} → {_plain(is_now)}"
        for name, was, is_now in changed
    ]


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def hazards(
    before: tuple[Step, ...], after: tuple[Step, ...], standing: Iterable[Standing]
) -> Hazards:
    """Return what a change does to the leads on their way.

    A step's key is what keeps it from going twice. So a step that lives on under another key is a
    mistake wherever a lead had it, and one that is gone leaves leads without their next step.
    """
    old, new = {step.key for step in before}, {step.key for step in after}
    gone, added = old - new, [step for step in after if step.key not in old]
    if not gone and not added:
        return Hazards()
    at, written, had, past = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for one in standing:
        at.update({one.step} & gone)
        written.update({one.step} & gone if one.drafted else ())
        had.update(gone & (one.done | ({one.step} if one.drafted else set())))
        past.update(step.key for step in added if step.offset < one.reached)
    renamed = _renamed(before, after, gone)
    return Hazards(
        warnings=[
            *(_gone(key, at[key], written[key]) for key in sorted(at)),
            *(_past(key, past[key]) for key in sorted(past)),
        ],
        mistakes=[
            f"call the step '{was}' '{key}': {had[was]} leads had it, and would get it again. A "
            "step keeps its key for ever"
            for was, key in renamed
            if had[was]
        ],
    )


def _renamed(
    before: tuple[Step, ...], after: tuple[Step, ...], gone: set[str]
) -> list[tuple[str, str]]:
    known = {step.key for step in before}
    return [
        (was.key, step.key)
        for was in before
        if was.key in gone
        for step in after
        if step.key not in known
        and (step.channel, step.template, step.subject) == (was.channel, was.template, was.subject)
    ]


def _gone(key: str, count: int, written: int) -> str:
    said = f"{count} enrolments stand at the step '{key}', which is gone: the next one follows."
    if written:
        said += f" For {written} of them its message is written, and may leave before that."
    return said


def _past(key: str, count: int) -> str:
    return (
        f"The new step '{key}' stands before where {count} enrolments are: nobody goes back, and "
        "those leads do not get it."
    )
