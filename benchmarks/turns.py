"""Takes turns between contestants, so that a machine's moods fall on all of them alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Turn:
    """One call: milliseconds on the wall clock, and of this process's CPU, all threads."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """A way to send. `prepare` makes what one call needs, outside the measurement."""

    name: str
    prepare: Callable[[], str]
    send: Callable[[str], object]


def in_turns(contestants: Sequence[Contestant], rounds: int) -> Mapping[str, Turn]:
    """Return the median of each contestant's calls, after a warm-up of half as many.

    The engine is a Java program: it takes some thousand requests to reach its speed.
    """
    turns: dict[str, list[Turn]] = {contestant.name: [] for contestant in contestants}
    warm_up = rounds // 2
    for number in range(warm_up + rounds):
        first = number % len(contestants)  # nobody always goes first
        for contestant in (*contestants[first:], *contestants[:first]):
            turn = _turn(contestant)
            if number >= warm_up:
                turns[contestant.name].append(turn)
    return {
        name: Turn(median(turn.wall for turn in taken), median(turn.cpu for turn in taken))
        for name, taken in turns.items()
    }


def _turn(contestant: Contestant) -> Turn:
    key = contestant.prepare()
    wall, cpu = time.perf_counter(), time.process_time()
    contestant.send(key)
    return Turn((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)


def rates(
    contestants: Sequence[Contestant], threads: int, calls: int, rounds: int
) -> Mapping[str, float]:
    """Return each contestant's median of calls a second, with this many threads at once."""
    measured: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    for number in range(rounds + 1):
        for contestant in contestants:
            rate = _rate(contestant, threads, calls)
            if number:  # the first round warms up
                measured[contestant.name].append(rate)
    return {name: median(values) for name, values in measured.items()}


def _rate(contestant: Contestant, threads: int, calls: int) -> float:
    keys = [contestant.prepare() for _ in range(calls)]
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        for _ in pool.map(contestant.send, keys):
            pass
        return calls / (time.perf_counter() - started)
