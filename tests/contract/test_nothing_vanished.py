"""How many cases each provider is held to: nobody's may vanish without being noticed."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest

from system_sender.providers import CHANNELS_OF
from tests.contract import test_answers, test_front_door, test_inbound, test_look_ups
from tests.contract import test_send_requests as test_requests
from tests.contract.case import Case, Door, Events

# The smallest numbers with which a provider is still held to the whole contract.
LEAST = {
    test_answers: 165,
    test_front_door: 50,
    test_inbound: 65,
    test_look_ups: 55,
    test_requests: 95,
}
DESCRIBED = (Case, Door, Events)


def marks_of(test: Any) -> list[Sequence[Any]]:
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    return [mark.kwargs.get("argvalues") or mark.args[1] for mark in marks]


def whose(value: Any) -> str | None:
    """Return the provider that a parameter, or one of a row of them, is about."""
    values = getattr(value, "values", None)
    for each in values if isinstance(values, tuple) else (value,):
        if isinstance(each, DESCRIBED):
            return each.provider_name
    return None


def cases_in(module: ModuleType) -> Counter[str]:
    """Count the cases of a file by provider: the product of its parameters, test by test."""
    found: Counter[str] = Counter()
    for name, test in vars(module).items():
        if name.startswith("test_"):
            found.update(dict(cases_of(marks_of(test))))
    return found


def cases_of(marks: list[Sequence[Any]]) -> Iterator[tuple[str, int]]:
    for number, values in enumerate(marks):
        providers = Counter(filter(None, map(whose, values)))
        others = math.prod(len(mark) for place, mark in enumerate(marks) if place != number)
        for provider, count in providers.items():
            yield provider, count * others


@pytest.mark.parametrize("module", LEAST, ids=lambda module: module.__name__.rpartition(".")[2])
@pytest.mark.parametrize("provider", CHANNELS_OF)
def test_a_provider_is_held_to_enough_cases(provider: str, module: ModuleType) -> None:
    assert cases_in(module)[provider] >= LEAST[module]


@pytest.mark.parametrize("module", LEAST, ids=lambda module: module.__name__.rpartition(".")[2])
def test_no_case_is_left_out(module: ModuleType) -> None:
    """Neither as a whole nor one by one."""
    left_out = {"skip", "skipif", "xfail"}
    for name, test in vars(module).items():
        if name.startswith("test_"):
            assert not left_out & {mark.name for mark in getattr(test, "pytestmark", ())}
            for values in marks_of(test):
                marks = [mark.name for value in values for mark in getattr(value, "marks", ())]
                assert not left_out & set(marks)
