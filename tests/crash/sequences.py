"""A lead's way through a sequence: what goes by itself over days, and what comes in between.

All that must leave are the texts of a story, each once and in order: a text is a draft here.
"""

from itertools import pairwise
from typing import Any

from system_sender.audit import entries_of
from system_sender.codes import Code
from system_sender.drafts import DraftRefused
from system_sender.followups.enrolment import draft_id_of, enrol, enrolment_key, step_draft_id
from system_sender.followups.lifecycle import ENROLMENT_TRANSITIONS, EnrolmentState
from system_sender.followups.sequence import steps_of
from system_sender.models import Draft, Enrolment, Sequence, Workspace, clear_due
from system_sender.replying import reply_draft_id
from system_sender.sending import approve_and_send_draft_system
from system_sender.states import DRAFT_OPEN, MAYBE_OUT, DraftState, MessageState
from system_sender.store import Write
from system_sender.word import settle_by_word
from tests.crash.faults import Fault
from tests.crash.stories import (
    MOST_DELIVERIES,
    MOST_ROUNDS,
    ONE_PART,
    ByQueue,
    SystemStory,
    delete_open,
    honest,
    want_a_pause,
)
from tests.crash.story import Verdict
from tests.crash.watch import Rows, Watch, look_together
from tests.crash.world import PAST_EVERY_DEADLINE, FaultyWorld

FIRST, SECOND = "Hi Dana, Acme here", "Still looking, Dana?"
_DAY = 24 * 3_600_000
# How long a settlement may take after its request began, and how far a clock may be set back.
_ROUGHLY = 3_600_000
_HELLO: dict[str, Any] = {
    "key": "hello",
    "day": 1,
    "channel": "sms",
    "template": "Hi {{ first_name }}, Acme here",
}
_AGAIN: dict[str, Any] = {
    "key": "again",
    "day": 3,
    "channel": "sms",
    "template": "Still looking, {{ first_name }}?",
}


class SequenceStory(SystemStory):
    """Two texts, two days apart, from the first to the last.

    Attributes:
        watches: those who look at the draft of each text, in the order in which the texts leave.
    """

    steps: tuple[dict[str, Any], ...] = (_HELLO, _AGAIN)

    def __init__(self, world: FaultyWorld) -> None:
        super().__init__(world)
        self._state: EnrolmentState | None = None
        event_id = self.event_id
        self.watches = {
            text: Watch(self.store, draft_id, event_id if number == 0 else None)
            for number, (text, draft_id) in enumerate(self.drafts.items())
        }
        world.watch = self._look

    # --- what the story is about

    @property
    def sequence_id(self) -> str:
        """The sequence."""
        return f"{self.world.name}:winter"

    @property
    def enrolment_id(self) -> str:
        """The lead's enrolment in it."""
        return enrolment_key(self.sequence_id, f"{self.world.name}:dana")

    @property
    def drafts(self) -> dict[str, str]:
        """The draft of each text, in the order in which the texts leave."""
        return {FIRST: self.step_draft("hello"), SECOND: self.step_draft("again")}

    def step_draft(self, step: str) -> str:
        """Return the id of a step's draft."""
        return step_draft_id(self.enrolment_id, step)

    @property
    def draft_id(self) -> str:
        return next(iter(self.drafts.values()))

    @property
    def parts(self) -> list[str]:
        return list(self.drafts)

    def seed(self) -> None:
        super().seed()
        row = Sequence(
            self.sequence_id, workspace=self.world.name, name="Winter", steps=list(self.steps)
        )
        self.scene.put(row)
        enrol(
            self.scene.system(),
            self.scene.lead_now(),
            self.sequence_id,
            steps_of(row.steps),
            time_zone="America/New_York",
        )

    # --- the course

    def deliver(self) -> bool:
        """Let the minute's sweep run: nobody else asks for anything."""
        self.world.advance(60_000)
        self.sweep()
        return True

    def sweep_until_quiet(self) -> None:
        for _ in range(2 * MOST_ROUNDS):
            due_at = self._due_at()
            if due_at is None:
                return
            self.world.advance_to(due_at + 1)
            self.sweep()
        self.world.problems.append("the sweeps never came to rest")

    def _due_at(self) -> int | None:
        enrolment = self.enrolment()
        times = [rows.due_at() for rows in self._all_rows()]
        times.append(None if enrolment.due_at is None else int(enrolment.due_at))
        return min((at for at in times if at is not None), default=None)

    def _go_on_without(self) -> None:
        self.recover()
        self._give_words()
        self.deliver()

    def settle(self) -> int:
        settled = 0
        for _ in range(MOST_ROUNDS):
            given = self._give_words()
            settled += given
            self.recover()
            if not given:
                return settled
        self.world.problems.append("what was settled was parked again and again")
        return settled

    def _give_words(self) -> int:
        """Let a person look at the provider's screen, and say what they saw."""
        parked = [n for n, rows in enumerate(self._all_rows()) if rows.parked()]
        if parked:
            # Nobody says "it did not leave" while the provider may still be at it.
            self.world.advance(PAST_EVERY_DEADLINE)
        for number in parked:
            self._give_word(number)
        return len(parked)

    def _settle(self, part: int, *, sent: bool) -> None:
        draft_id = self.drafts[self.parts[part]]
        try:
            settle_by_word(self.system(), draft_id, 0, sent=sent, resend=not sent)
        except DraftRefused:
            return  # their first try had been written, though it did not look so

    def close(self) -> None:
        self.deliver()
        self.world.advance(9 * _DAY)
        self.sweep()

    # --- looking

    def enrolment(self) -> Enrolment:
        """Return the enrolment's row."""
        row = self.store.get(Enrolment, self.enrolment_id)
        assert row is not None
        return row

    def _all_rows(self) -> list[Rows]:
        if any(watch.rows is None for watch in self.watches.values()):
            look_together(self.store, list(self.watches.values()))
        return [watch.rows for watch in self.watches.values() if watch.rows is not None]

    def rows(self) -> Rows:
        return self._all_rows()[0]

    def _look(self) -> None:
        key = (Enrolment, self.enrolment_id)
        (row,) = look_together(self.store, list(self.watches.values()), key)
        self._look_at_enrolment(row)

    def _look_at_enrolment(self, row: Enrolment) -> None:
        before, self._state = self._state, EnrolmentState(row.state)
        if before is not None and before is not self._state:
            legal = self._state in ENROLMENT_TRANSITIONS[before]
            if not legal:
                self._complain(f"the enrolment went from {before} to {self._state}")
        if self._state is not EnrolmentState.ACTIVE or row.due_at is not None:
            return
        # Nothing but the end of its step's draft wakes it.
        draft_id = draft_id_of(row)
        seen = (rows.draft for rows in self._all_rows() if rows.draft is not None)
        draft = next((one for one in seen if one.draft_id == draft_id), None)
        draft = draft or self.store.get(Draft, draft_id)
        if draft is None or draft.state not in DRAFT_OPEN | MAYBE_OUT:
            self._complain("the sequence is active, and waits for nothing")

    def _complain(self, problem: str) -> None:
        if problem not in self.world.problems:
            self.world.problems.append(problem)

    # --- judging

    def judge(self, faults: frozenset[Fault], *, final: bool) -> Verdict:
        counts = [len(self.accepted(part)) for part in range(len(self.parts))]
        problems = [*self.world.problems, *self._foreign_texts(), *self._unordered_attempts()]
        problems += [problem for watch in self.watches.values() for problem in watch.problems]
        problems += self._untold()
        problems += self._too_close()
        for number, rows in enumerate(self._all_rows()):
            row = rows.messages.get(0)
            if row is not None and not honest(MessageState(row.state), counts[number], final=final):
                problems.append(f"text {number} is {row.state}, and was accepted {counts[number]}x")
        return Verdict(
            duplicates=sum(max(0, count - 1) for count in counts),
            lost=int(not self._all_done(counts, faults, final=final)),
            parked=sum(len(rows.parked()) for rows in self._all_rows()),
            found=sum(len(watch.found) for watch in self.watches.values()),
            problems=tuple(problems),
        )

    def _all_done(self, counts: list[int], faults: frozenset[Fault], *, final: bool) -> bool:
        """Say whether every text left, or one is parked or refused and nothing else is open."""
        if self._due_at() is not None:
            return False
        states = [rows.draft.state if rows.draft else None for rows in self._all_rows()]
        if not final and DraftState.UNKNOWN in states:
            return any(rows.parked() for rows in self._all_rows())
        if Fault.REFUSED in faults:
            return self._may_end_with_refusal(states)
        return all(counts) and self.enrolment().state == EnrolmentState.COMPLETED

    def _may_end_with_refusal(self, states: list[str | None]) -> bool:
        """A step that was refused for good is skipped, with a record."""
        row = self.enrolment()
        if row.state != EnrolmentState.COMPLETED:
            return False
        return all(
            (states[list(self.drafts.values()).index(self.step_draft(key))] == DraftState.SENT)
            == (entry["code"] == "step_sent")
            for key, entry in row.done.items()
        )

    def _untold(self) -> list[str]:
        """Find what the audit does not tell of, of the drafts and of the sequence."""
        lead_id = self.scene.lead_id
        problems = [
            f"the audit does not tell that '{text}' became {state}"
            for text, watch in self.watches.items()
            for state in watch.untold(lead_id)
        ]
        told = [(str(e.draft_id), e.code) for e in entries_of(self.store, lead_id, 500)]
        row = self.enrolment()
        for key, entry in row.done.items():
            if told.count((f"{self.enrolment_id}#{key}", entry["code"])) != 1:
                problems.append(f"the audit does not tell once what became of the step {key}")
        return problems

    def _too_close(self) -> list[str]:
        """Find steps that follow each other faster than the sequence says."""
        left = [
            self.accepted(self.parts.index(text)) for text in (FIRST, SECOND) if text in self.parts
        ]
        times = [entries[0].began_at for entries in left if entries]
        close = any(later - earlier < 2 * _DAY - _ROUGHLY for earlier, later in pairwise(times))
        return ["the steps are too close to each other"] if close else []

    def clean(self) -> None:
        for rows in self._all_rows():
            delete_open(self.world, rows)
        write = Write(f"clean-{self.world.name}")
        write.update("enrolment", Enrolment(self.enrolment_id), clear_due(Enrolment))
        self.store.write(write)


class ApprovedStepStory(SequenceStory):
    """A person approves the first step, and the provider wants a pause before it takes it."""

    steps = ({**_HELLO, "approval": True}, _AGAIN)

    def seed(self) -> None:
        super().seed()
        want_a_pause(self.world, FIRST)

    def sweep(self) -> None:
        super().sweep()
        self._approve()

    def _approve(self) -> None:
        """Let a person approve what they are asked about: once, if nobody dies over it."""
        for _ in range(MOST_DELIVERIES):
            draft = self.store.get(Draft, self.draft_id)
            if draft is None or draft.state not in (DraftState.NEEDS_REVIEW, DraftState.PENDING):
                return
            if draft.parts and draft.code == Code.APPROVAL_REQUIRED:
                self._complain("what a person had let go was taken back from them")
            self.world.invoke(
                lambda: approve_and_send_draft_system(
                    self.draft_id, sent_by="setter", system=self.system(), budget=self.budget(25)
                )
            )
            self.world.advance(60_000)
        self._complain("the approval was never taken down")


class AnsweredSequenceStory(SequenceStory):
    """The lead answers between two steps; our reply lets the sequence go on, at its distance."""

    def __init__(self, world: FaultyWorld) -> None:
        super().__init__(world)
        self._heard = False

    @property
    def event_id(self) -> str:
        return self.through.event_id(self.scene, self.through.inbound_identity(self.scene))

    @property
    def drafts(self) -> dict[str, str]:
        return {
            FIRST: self.step_draft("hello"),
            ONE_PART: reply_draft_id(self.event_id),
            SECOND: self.step_draft("again"),
        }

    def sweep(self) -> None:
        super().sweep()
        self._hear()

    def _hear(self) -> None:
        """Let the lead write once their time has come, until the provider is content."""
        for _ in range(MOST_DELIVERIES):
            if self._heard or not self.writes():
                return
            self._heard = self.post(self._written())
            self.world.advance(60_000)
        self._complain("the provider was never content")

    def _written(self) -> dict[str, Any]:
        """Return the lead's one message, signed anew each time that the provider comes."""
        webhook = self.through.inbound(self.scene, "Sure, which day?", at=self.world.now())
        return self.through.event(self.scene, webhook)

    def writes(self) -> bool:
        """Say whether the lead writes now."""
        return "hello" in self.enrolment().done

    def close(self) -> None:
        if self._heard:
            self.post(self._written())
        super().close()

    def _all_done(self, counts: list[int], faults: frozenset[Fault], *, final: bool) -> bool:
        reply = self._all_rows()[self.parts.index(ONE_PART)].draft
        if Fault.REFUSED in faults and reply is not None and reply.state == DraftState.FAILED:
            # Nobody answered the lead, and so nothing goes on.
            row = self.enrolment()
            return row.state == EnrolmentState.PAUSED and row.due_at is None
        return super()._all_done(counts, faults, final=final)


class RewrittenStepStory(AnsweredSequenceStory):
    """A step that waits for its hour is overtaken by the lead's message, and written anew."""

    steps = (_HELLO,)

    @property
    def drafts(self) -> dict[str, str]:
        return {ONE_PART: reply_draft_id(self.event_id), FIRST: self.step_draft("hello")}

    def seed(self) -> None:
        super().seed()
        write = Write(f"hours-{self.world.name}")
        hours = {"mode": "CUSTOM", "start": "12:00", "end": "17:00", "days": list(range(7))}
        write.update("workspace", Workspace(self.world.name), [Workspace.schedule.set(hours)])
        self.store.write(write)

    def writes(self) -> bool:
        return self.store.get(Draft, self.step_draft("hello")) is not None


class SequenceByQueue(ByQueue, SequenceStory):
    """Each step is written and sent by workers, which the cron only tells of it."""
