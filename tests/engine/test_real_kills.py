"""P1 and P2 with real processes, real HTTP and real time: killed, raced and paused."""

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from pynamodb.connection import Connection

from devstack import paths, servers
from devstack.dynamodb_local import DynamoDBLocal
from devstack.sandbox.provider import Sandbox, Settings
from devstack.sandbox.server import SandboxServer
from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.drafts import NewDraft, draft_row
from system_sender.models import (
    Draft,
    Integration,
    Lead,
    Message,
    Revision,
    Workspace,
    integration_key,
)
from system_sender.result import SendOutcome
from system_sender.sending import SendMeta, approve_and_send_draft_system, send_sms_system
from system_sender.states import DraftState, MessageState
from system_sender.store import Store, Write
from system_sender.sweep import sweep
from system_sender.switches import pause
from system_sender.system import System
from system_sender.word import settle_by_word
from system_sender.world import World
from tests.crash.worker import real_system
from tests.support.scene import ANY_HOUR, LOCATION
from tests.support.tables import empty_tables

KILLS = 36
DRAFTS_A_KILL = 8
_SEED = 20_260
_READY_SECONDS = 60.0
_MOST_ROUNDS = 20
_numbers = itertools.count(1)


class ShiftedWorld(World):
    """The real world, some time from now."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> int:
        """Return the shifted wall clock, epoch milliseconds, UTC."""
        return super().now() + int(self._seconds * 1000)

    def monotonic(self) -> float:
        """Return the shifted monotonic clock, seconds."""
        return super().monotonic() + self._seconds


@dataclass
class Agency:
    """A workspace with as many leads as drafts, so that only what is tested is in the way."""

    store: Store
    sandbox: Sandbox
    base_url: str
    name: str = field(default_factory=lambda: f"real{next(_numbers)}")
    texts: dict[str, str] = field(default_factory=dict)

    def seed(self) -> "Agency":
        """Write the workspace, without caps."""
        self._put(
            Workspace(
                self.name,
                name="Acme",
                region="US",
                time_zone="America/New_York",
                quiet_hours=ANY_HOUR,
                automated_per_day=1_000_000,
                automated_in_a_row=1_000_000,
            ),
            Integration(
                integration_key(self.name, "gohighlevel"),
                workspace=self.name,
                provider="gohighlevel",
                account=f"{LOCATION}-{self.name}",
            ),
        )
        return self

    def lead(self, number: int) -> str:
        """Write a lead, and return its id."""
        lead_id = f"{self.name}:lead{number}"
        self._put(
            Lead(
                lead_id,
                workspace=self.name,
                first_name="Dana",
                phone="+15550100001",
                contacts={"gohighlevel": f"contact{number}-{self.name}"},
                created_at=World().now(),
            )
        )
        return lead_id

    def approve(self, count: int) -> list[str]:
        """Write approved drafts, each with a lead and a text of its own; return their ids."""
        made = []
        for _ in range(count):
            number = len(self.texts)
            draft_id, text = f"{self.name}:draft{number}", f"Text number {number} of {self.name}"
            self._approve(draft_id, text, self.lead(number))
            self.texts[draft_id] = text
            made.append(draft_id)
        return made

    def _approve(self, draft_id: str, text: str, lead_id: str) -> None:
        now = World().now()
        draft = draft_row(
            NewDraft(
                draft_id=draft_id,
                workspace=self.name,
                lead_id=lead_id,
                channel="sms",
                text=text,
                state=DraftState.APPROVED,
                origin="test",
                seen_inbounds=0,
                seen_human_outbounds=0,
                sent_by="ai",
            ),
            now,
        )
        self._put(draft, Revision(draft_id, 1, text=text, created_at=now))

    def _put(self, *rows: Workspace | Integration | Lead | Draft | Revision) -> None:
        write = Write(World().new_id())
        for number, row in enumerate(rows):
            write.put(str(number), row)
        self.store.write(write)

    def system(self, world: World | None = None) -> System:
        """Return a system that sends over HTTP."""
        return real_system(world or World(), self.store, self.base_url)

    def accepted(self, draft_id: str) -> int:
        """Return how often the provider accepted the draft's text."""
        return len(self.sandbox.ledger.accepted(text=self.texts[draft_id]))

    def draft(self, draft_id: str) -> Draft:
        """Return the draft's row."""
        row = self.store.get(Draft, draft_id)
        assert row is not None
        return row


@pytest.fixture
def agency(engine_connection: Connection) -> Iterator[Agency]:
    """An agency whose provider is a real HTTP server that takes its time."""
    empty_tables(engine_connection)
    sandbox = Sandbox(settings=Settings(delay_ms=15))
    with SandboxServer(sandbox) as server:
        yield Agency(Store(World(), engine_connection), sandbox, server.url).seed()


# --- killed --------------------------------------------------------------------------------------


class Workers:
    """Two real processes at work: one as the cron, one as the direct function."""

    def __init__(self, agency: Agency, engine: DynamoDBLocal) -> None:
        self._agency = agency
        self._environment = servers.clean_environment(**engine.environment)
        self._modes = itertools.cycle(("cron", "direct"))
        self._running: list[subprocess.Popen[bytes]] = []
        self.killed = 0

    def start(self) -> None:
        """Start one more, and wait until it works."""
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.crash.worker"),
                *(next(self._modes), self._agency.name, self._agency.base_url),
            ],
            cwd=paths.PROJECT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._running.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n", "the worker did not start"

    def kill_the_oldest(self) -> None:
        """Kill the one that works longest, as Lambda does at its timeout: without a word."""
        worker = self._running.pop(0)
        worker.send_signal(signal.SIGKILL)
        self._close(worker)
        self.killed += worker.returncode == -signal.SIGKILL

    def stop(self) -> None:
        """Let the others finish what they are at."""
        for worker in self._running:
            self._close(worker)
            assert worker.returncode == 0, "a worker that nobody killed failed"
        self._running.clear()

    @staticmethod
    def _close(worker: "subprocess.Popen[bytes]") -> None:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.close()
        worker.wait(_READY_SECONDS)
        worker.stdout.close()


@contextmanager
def _working(agency: Agency, engine: DynamoDBLocal) -> Iterator[Workers]:
    workers = Workers(agency, engine)
    try:
        workers.start()
        workers.start()
        yield workers
    finally:
        workers.stop()


def test_processes_killed_in_mid_send_neither_send_twice_nor_lose(
    agency: Agency, dynamodb_local: DynamoDBLocal
) -> None:
    moments = random.Random(_SEED)
    with _working(agency, dynamodb_local) as workers:
        for _ in range(KILLS):
            begun = len(agency.sandbox.ledger.sends())
            agency.approve(DRAFTS_A_KILL)
            _wait_until(partial(_sends_exceed, agency, begun))
            time.sleep(moments.uniform(0, 0.12))  # the seeded moment of the kill itself
            workers.kill_the_oldest()
            workers.start()
    assert workers.killed == KILLS >= 30
    parked = _recover(agency)
    _settle(agency, parked)
    print(f"kills {workers.killed}, drafts {len(agency.texts)}, parked {len(parked)}")
    assert Counter(agency.accepted(draft_id) for draft_id in agency.texts) == {
        1: KILLS * DRAFTS_A_KILL
    }
    states = Counter(agency.draft(draft_id).state for draft_id in agency.texts)
    assert states == {DraftState.SENT.value: KILLS * DRAFTS_A_KILL}


def _sends_exceed(agency: Agency, count: int) -> bool:
    return len(agency.sandbox.ledger.sends()) > count


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "nothing was sent for a minute"
        time.sleep(0.002)


def _recover(agency: Agency) -> list[Message]:
    """Sweep past every deadline, check that all is sent or parked, and return what is parked."""
    system = agency.system(ShiftedWorld(300))
    _sweep_until_quiet(system)
    parked = []
    for draft_id in agency.texts:
        draft, accepted = agency.draft(draft_id), agency.accepted(draft_id)
        assert accepted <= 1, f"{draft_id} was sent {accepted} times"
        if draft.state == DraftState.SENT:
            assert accepted == 1, f"{draft_id} says sent, and the provider never saw it"
            continue
        message = agency.store.get(Message, draft_id, 0)
        assert draft.state == DraftState.UNKNOWN, f"{draft_id} is {draft.state}"
        assert message is not None
        assert (message.state, message.attention) == (MessageState.UNKNOWN, "parked")
        parked.append(message)
    return parked


def _settle(agency: Agency, parked: list[Message]) -> None:
    system = agency.system(ShiftedWorld(600))
    for message in parked:
        sent = agency.accepted(message.draft_id) == 1
        settle_by_word(system, message.draft_id, 0, sent=sent, resend=not sent)
    _sweep_until_quiet(system)


def _sweep_until_quiet(system: System) -> None:
    for _ in range(_MOST_ROUNDS):
        if not sweep(system, Budget.of_seconds(system.world, 100)).due:
            return
    raise AssertionError("the sweeps never came to rest")


# --- raced ---------------------------------------------------------------------------------------


def test_sixty_four_calls_at_once_over_http_send_one_draft_once(agency: Agency) -> None:
    (draft_id,) = agency.approve(1)
    system = agency.system()
    together = threading.Barrier(64)

    def call(_: int) -> "tuple[bool, SendOutcome, Code]":
        together.wait()
        result = approve_and_send_draft_system(draft_id, sent_by="ai", system=system)
        return result.replayed, result.outcome, result.code

    with ThreadPoolExecutor(64) as pool:
        results = Counter(pool.map(call, range(64)))
    assert agency.accepted(draft_id) == 1
    assert results.pop((False, SendOutcome.SENT, Code.SENT)) == 1
    assert sum(results.values()) == 63
    assert all(
        replayed or outcome is SendOutcome.IN_PROGRESS for replayed, outcome, _ in results
    ), results
    again = approve_and_send_draft_system(draft_id, sent_by="ai", system=system)
    assert (again.replayed, again.outcome) == (True, SendOutcome.SENT)


# --- paused --------------------------------------------------------------------------------------


def test_after_pause_has_returned_no_request_begins_under_thirty_two_senders(
    agency: Agency,
) -> None:
    system = agency.system()
    leads = [agency.lead(number) for number in range(32)]
    over = threading.Event()
    answers: list[Code] = []

    def send_on_and_on(lead_id: str) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            meta = SendMeta(key=f"{lead_id.rpartition(':')[2]}-{number}")
            result = send_sms_system(lead_id, f"{number} to {lead_id}", meta, system=system)
            answers.append(result.code)

    with ThreadPoolExecutor(32) as pool:
        senders = [pool.submit(send_on_and_on, lead_id) for lead_id in leads]
        try:
            _wait_until(partial(_sends_exceed, agency, 64))
            pause(agency.store, World(), agency.name, None)
            returned_at = World().now()
            at_it_still = len(answers) + 64
            _wait_until(lambda: len(answers) >= at_it_still)
        finally:
            over.set()
        for sender in senders:
            sender.result()
    assert [one for one in agency.sandbox.ledger.sends() if one.began_at > returned_at] == []
    codes = Counter(answers)
    assert codes[Code.SENT] >= 32
    assert codes[Code.PAUSED_WORKSPACE] >= 64
    assert agency.sandbox.ledger.sends() == agency.sandbox.ledger.accepted()
