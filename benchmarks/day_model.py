"""A day under a virtual clock: the sweep, the queue, the workers' pace and the providers. Pure.

It is a model, and not the system: it counts what is due, minute by minute and tenant by tenant, and
moves it as the system would. What is due in a minute is found by the sweep that begins the next.
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.day_load import DAY_MINUTES, Load, arrivals, is_within
from system_sender.dispatching import MOST_DISPATCHED
from system_sender.due import MOST_FOUND_A_SHARD
from system_sender.models import SHARDS
from system_sender.pacing import REQUESTS_A_MINUTE, SLOT_SECONDS
from system_sender.settlement import MOST_ATTEMPTS
from system_sender.sweep import MOST_ITEMS
from system_sender.sweep import WORKERS as SWEEP_AT_ONCE
from system_sender.work_queue import BATCH
from system_sender.working import WORKERS as WORKER_AT_ONCE

MINUTE = 60.0
# What one message takes: half a second at the provider, and fourteen round trips to DynamoDB of
# seven milliseconds. Assumed: the engine on this machine is no measure of AWS's.
SEND_SECONDS = 0.6
# What GoHighLevel takes of a location in any ten seconds, and in a day.
WINDOW_SECONDS, MOST_IN_WINDOW, MOST_IN_DAY = 10.0, 100, 200_000
# From the sweep's beginning to the first request.
_FOUND_SECONDS = 5.0
_FIRST_RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Setup:
    """How the system is set up.

    Attributes:
        queue: workers perform what is due; otherwise the sweep does.
        workers: how many of them run at once.
        seen: so many of the oldest of each kind does a sweep see.
        attempts: after so many that certainly failed, a message is given up.
    """

    name: str
    queue: bool = True
    workers: int = 20
    seen: int = MOST_FOUND_A_SHARD * SHARDS
    attempts: int = MOST_ATTEMPTS

    @property
    def batch_seconds(self) -> float:
        """Return how long a worker takes for a batch, at one tenant's pace or at its own."""
        return BATCH * max(SEND_SECONDS / WORKER_AT_ONCE, SLOT_SECONDS)

    @property
    def most_a_minute(self) -> int:
        """Return how many messages all together can be tried in a minute."""
        if not self.queue:
            return MOST_ITEMS
        return min(MOST_DISPATCHED, int(self.workers * BATCH * MINUTE / self.batch_seconds))

    @property
    def most_of_each(self) -> int:
        """Return how many of one tenant: its batches follow one another."""
        if not self.queue:
            return MOST_ITEMS
        return min(REQUESTS_A_MINUTE, int(BATCH * MINUTE / self.batch_seconds))

    def gap_seconds(self, tenants: int) -> float:
        """Return the distance of one tenant's requests while so many tenants have some."""
        if self.queue:
            return self.batch_seconds / BATCH
        return tenants * SEND_SECONDS / SWEEP_AT_ONCE


@dataclass(order=True, slots=True)
class Waiting:
    """Messages of one tenant that are due in the same minute.

    Attributes:
        since: the minute in which they were due first.
        failed: how often they certainly did not leave.
    """

    due: int
    since: int
    failed: int
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """Requests of one tenant, at one distance from each other.

    Attributes:
        begins: seconds of the day.
    """

    begins: float
    gap: float
    count: int

    def moments(self) -> Iterator[float]:
        """Return when each request begins."""
        return (self.begins + number * self.gap for number in range(self.count))


@dataclass(slots=True)
class Tenant:
    """One tenant's day so far.

    Attributes:
        new, again: what was never tried, in order; and what certainly did not leave, a heap.
        waiting, fresh: how many are in both, and in the first.
        latest_request, closest_seconds: when the latest began, and the least distance of two.
    """

    due_in: list[int]
    new: deque[Waiting] = field(default_factory=deque)
    again: list[Waiting] = field(default_factory=list)
    waiting: int = 0
    fresh: int = 0
    sent: int = 0
    given_up: int = 0
    requests: int = 0
    age_seconds: float = 0.0
    oldest_seconds: float = 0.0
    latest_request: float = -MINUTE
    closest_seconds: float = MINUTE

    @property
    def mean_age(self) -> float:
        """Return how many seconds after it was due a message left, on average."""
        return self.age_seconds / self.sent if self.sent else 0.0


class Seen:
    """Of all that is due of one kind, the oldest that a sweep sees."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: Counter[int] = Counter()
        self._all = 0

    def add(self, minute: int, count: int) -> None:
        """Note that so many more, or fewer, are due in a minute."""
        self._counts[minute] += count
        self._all += count
        if not self._counts[minute]:
            del self._counts[minute]

    def upto(self, now: int) -> int:
        """Return the last minute of which a sweep sees what is due."""
        if self._all <= self._most:
            return now
        seen = 0
        for minute in sorted(self._counts):
            seen += self._counts[minute]
            if seen >= self._most:
                return min(minute, now)
        return now


@dataclass
class Day:
    """A day of one setup.

    Attributes:
        ages: how many messages left so many whole minutes after they were due.
        waiting, left: by minute, how many waited at its end, and how many left in it.
        refused: requests that a provider refused or never got.
        runs: each tenant's requests, if they are to be kept.
    """

    load: Load
    setup: Setup
    keeps_runs: bool = False
    tenants: list[Tenant] = field(init=False)
    ages: Counter[int] = field(default_factory=Counter)
    waiting: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    sent: int = 0
    refused: int = 0
    runs: list[list[Run]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing due."""
        self.tenants = [Tenant(due_in) for due_in in arrivals(self.load)]
        self.runs = [[] for _ in self.tenants]
        self._seen = {kind: Seen(self.setup.seen) for kind in ("new", "again")}

    def live(self) -> "Day":
        """Live the day through."""
        for now in range(1, DAY_MINUTES + 1):
            self._arrive(now - 1)
            self._work(now)
        return self

    # --- what is due

    def _arrive(self, minute: int) -> None:
        for tenant in self.tenants:
            count = tenant.due_in[minute]
            if count:
                tenant.new.append(Waiting(minute, minute, 0, count))
                tenant.waiting += count
                tenant.fresh += count
                self._seen["new"].add(minute, count)

    def _work(self, now: int) -> None:
        """Do what the sweep of a minute sees, as far as the minute suffices."""
        upto = {kind: seen.upto(now - 1) for kind, seen in self._seen.items()}
        wanted = {
            number: count
            for number, tenant in enumerate(self.tenants)
            if tenant.waiting and (count := self._wanted(tenant, upto))
        }
        before = self.sent
        gap, taken = self.setup.gap_seconds(len(wanted)), self._most_taken(now)
        for number, count in in_turns(wanted, self.setup.most_a_minute, now).items():
            self._perform(number, Run(self._begins(number, gap, now), gap, count), taken, upto, now)
        self.left.append(self.sent - before)
        self.waiting.append(sum(tenant.waiting for tenant in self.tenants))

    def _most_taken(self, now: int) -> int:
        """Return how many requests of a tenant the provider takes in this minute."""
        if is_within(now, self.load.outages):
            return 0
        slow = 2 if is_within(now, self.load.throttled) else 1
        return int(MOST_IN_WINDOW / slow * MINUTE / WINDOW_SECONDS)

    def _begins(self, number: int, gap: float, now: int) -> float:
        return max(now * MINUTE + _FOUND_SECONDS, self.tenants[number].latest_request + gap)

    def _wanted(self, tenant: Tenant, upto: dict[str, int]) -> int:
        count, most = 0, self.setup.most_of_each
        for some in tenant.again:
            if some.due <= upto["again"]:
                count += some.count
        if tenant.new and tenant.new[-1].due <= upto["new"]:
            return min(count + tenant.fresh, most)
        for some in tenant.new:
            if some.due > upto["new"] or count >= most:
                break
            count += some.count
        return min(count, most)

    # --- what is done

    def _perform(
        self, number: int, run: Run, most_taken: int, upto: dict[str, int], now: int
    ) -> None:
        """Make a tenant's requests, the longest waiting first."""
        tenant, done = self.tenants[number], 0
        self._note(number, run)
        taken = min(most_taken, MOST_IN_DAY - tenant.requests)
        # What finds no provider does not count in its day.
        tenant.requests += run.count if most_taken else 0
        while done < run.count:
            some = self._take(tenant, run.count - done, upto)
            well = max(0, min(some.count, taken - done))
            if well:
                self._leave(tenant, some, well, run.begins + run.gap * (done + well / 2))
            if well < some.count:
                self._fail(tenant, some, some.count - well, now)
            done += some.count

    def _note(self, number: int, run: Run) -> None:
        """Keep what tells whether a tenant's requests come too close."""
        tenant = self.tenants[number]
        between = run.begins - tenant.latest_request
        within = run.gap if run.count > 1 else MINUTE
        tenant.closest_seconds = min(tenant.closest_seconds, between, within)
        tenant.latest_request = run.begins + run.gap * (run.count - 1)
        if self.keeps_runs:
            self.runs[number].append(run)

    def _take(self, tenant: Tenant, most: int, upto: dict[str, int]) -> Waiting:
        """Take the longest waiting that a sweep saw, of the same minute, at most so many."""
        retried = bool(tenant.again) and tenant.again[0].due <= upto["again"]
        fresh = bool(tenant.new) and tenant.new[0].due <= upto["new"]
        is_retry = retried and (not fresh or tenant.again[0].due < tenant.new[0].due)
        first = tenant.again[0] if is_retry else tenant.new[0]
        count = min(first.count, most)
        first.count -= count
        if not first.count:
            if is_retry:
                heapq.heappop(tenant.again)
            else:
                tenant.new.popleft()
        tenant.waiting -= count
        tenant.fresh -= 0 if is_retry else count
        self._seen["again" if is_retry else "new"].add(first.due, -count)
        return Waiting(first.due, first.since, first.failed, count)

    def _leave(self, tenant: Tenant, some: Waiting, count: int, moment: float) -> None:
        # Due in the middle of its minute, on average.
        age = moment - (some.since + 0.5) * MINUTE
        tenant.sent += count
        self.sent += count
        tenant.age_seconds += age * count
        tenant.oldest_seconds = max(tenant.oldest_seconds, age)
        self.ages[int(age // MINUTE)] += count

    def _fail(self, tenant: Tenant, some: Waiting, count: int, now: int) -> None:
        self.refused += count
        failed = some.failed + 1
        if failed >= self.setup.attempts:
            tenant.given_up += count
            return
        wait = max(1, round(_FIRST_RETRY_SECONDS * 2 ** (failed - 1) / MINUTE))
        heapq.heappush(tenant.again, Waiting(now + wait - 1, some.since, failed, count))
        tenant.waiting += count
        self._seen["again"].add(now + wait - 1, count)


def in_turns(wanted: dict[int, int], most: int, first: int) -> dict[int, int]:
    """Deal what can be done out to all in turns, until nobody wants more. Pure.

    Args:
        first: where the last, incomplete turn begins: not always with the same.
    """
    if sum(wanted.values()) <= most:
        return wanted
    level, left, many = 0, most, len(wanted)
    for size in sorted(wanted.values()):
        if (size - level) * many > left:
            break
        left -= (size - level) * many
        level, many = size, many - 1
    whole, rest = divmod(left, many)
    dealt = {number: min(count, level + whole) for number, count in wanted.items()}
    more = [number for number, count in wanted.items() if count > dealt[number]]
    start = first * rest % len(more)
    for number in [*more[start:], *more[:start]][:rest]:
        dealt[number] += 1
    return {number: count for number, count in dealt.items() if count}
