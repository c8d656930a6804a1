"""Writes an enrolment's moves down: each conditional on the row it was decided from."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pynamodb.expressions.condition import size

from system_sender import audit
from system_sender.change import Change
from system_sender.codes import Code
from system_sender.followups.lifecycle import (
    ENROLMENT_TRANSITIONS,
    OVER,
    Anew,
    Await,
    Done,
    End,
    EnrolmentState,
    GoOn,
    Later,
    Pause,
    Turn,
    is_answered,
    is_open,
    may_be_sent_by_person,
)
from system_sender.followups.sequence import Step, due_at, step_after
from system_sender.followups.waking import FOLLOWUP_KEY, MOST_WOKEN, wake
from system_sender.models import Audit, Draft, Enrolment, Lead, Message, shard_of, state_key
from system_sender.settlement import DraftFate, draft_actions
from system_sender.states import (
    DraftState,
    IllegalTransition,
    MessageState,
    check_draft_move,
)
from system_sender.store import ConditionsFailed, Write

if TYPE_CHECKING:
    from system_sender.system import System

# Deliveries of which nothing can have left, or be about to.
_NOT_OUT = frozenset(
    {MessageState.QUEUED, MessageState.NOT_SENT, MessageState.REJECTED, MessageState.DROPPED}
)
# How often a person's word is tried again because the enrolment moved at that moment.
_TRIES = 8


class EnrolmentRefused(Exception):
    """The enrolment cannot make this move; nothing changed. The code says why."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.sentence)
        self.code = code


def enrolment_key(sequence_id: str, lead_id: str) -> str:
    """Return the id of a lead's enrolment in a sequence: a lead is in each once."""
    workspace, name = sequence_id.split(":", 1)
    return f"{workspace}:{name}/{lead_id.split(':', 1)[1]}"


def step_draft_id(enrolment_id: str, step: str, number: int = 1) -> str:
    """Return the id of a step's draft: one step has one draft, however often it is due.

    Args:
        number: 2 and more are behind drafts that a provider refused for good, and that can never
            leave any more.
    """
    workspace, rest = enrolment_id.split(":", 1)
    again = f":{number}" if number > 1 else ""
    return f"{workspace}:{FOLLOWUP_KEY}{rest}:{step}{again}"


def draft_id_of(enrolment: Enrolment) -> str:
    """Return the id of the draft of the step that an enrolment stands at."""
    return step_draft_id(
        str(enrolment.enrolment_id), str(enrolment.step or "-"), int(enrolment.drafts)
    )


def is_enrolled(lead: Lead | None, enrolment: Enrolment) -> bool:
    """Say whether a lead is on their way through it. Pure."""
    return lead is not None and enrolment.enrolment_id in (lead.enrolments or ())


def is_begun(system: "System", draft: Draft | None) -> bool:
    """Say whether a part of a step's text is out, or may be: the first part is the first to go."""
    if draft is None or not draft.parts:
        return False
    first = system.store.get(Message, str(draft.draft_id), 0)
    # Without its row nothing tells.
    return first is None or first.state not in _NOT_OUT


def enrol(
    system: "System",
    lead: Lead,
    sequence_id: str,
    steps: Sequence[Step],
    *,
    time_zone: str,
    user: str | None = None,
    facts: Mapping[str, str] | None = None,
    starts_at: int | None = None,
) -> Enrolment:
    """Enrol a lead in a sequence.

    What the lead wrote before, and nobody has answered yet, is answered first.

    Args:
        time_zone: the lead's, IANA.
        user: who enrols.
        facts: values for the templates.
        starts_at: when the sequence begins (epoch milliseconds, UTC); now by default.

    Raises:
        EnrolmentRefused: the lead is or was enrolled, is in too many sequences, or does not exist.
    """
    now = system.world.now()
    began = starts_at or now
    first, seen = steps[0], int(lead.inbound_count)
    enrolment = Enrolment(
        enrolment_key(sequence_id, lead.lead_id),
        workspace=lead.workspace,
        lead_id=lead.lead_id,
        sequence_id=sequence_id,
        state=EnrolmentState.ACTIVE.value,
        state_key=state_key(lead.workspace, EnrolmentState.ACTIVE),
        facts=dict(facts) if facts else None,
        step=first.key,
        done={},
        spaced_from=began,
        started_inbounds=seen,
        seen_inbounds=seen if is_answered(lead) else seen - 1,
        seen_human_outbounds=lead.human_outbound_count,
        started_at=now,
        code=Code.STEP_NOT_DUE.value,
        **_due(enrolment_key(sequence_id, lead.lead_id), due_at(first, (0, 0), began, time_zone)),
    )

    def build(token: str) -> Write:
        write = Write(token)
        # What happens around a deleted enrolment may have left a row that says nothing.
        write.put("enrolment", enrolment, Enrolment.lead_id.does_not_exist())
        mention = [Lead.enrolments.add({enrolment.enrolment_id})]
        few = Lead.enrolments.does_not_exist() | (size(Lead.enrolments) < MOST_WOKEN)  # type: ignore[no-untyped-call]
        there = Lead.lead_id.exists() & few
        write.update("lead", Lead(lead.lead_id), mention, there, return_old=True)
        _note(write, enrolment, None, EnrolmentState.ACTIVE, audit.person(user), now, None)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed as refusal:
        raise EnrolmentRefused(_why_not(refusal)) from None
    return enrolment


def _why_not(refusal: ConditionsFailed) -> Code:
    if "enrolment" in refusal.failed:
        return Code.ALREADY_ENROLLED
    return Code.LEAD_NOT_FOUND if refusal.failed["lead"] is None else Code.TOO_MANY_SEQUENCES


# --- a person's word ------------------------------------------------------------------------------


def pause_by_person(system: "System", enrolment_id: str, *, user: str | None) -> None:
    """Pause an enrolment until a person resumes it, and take back what has not left.

    Raises:
        EnrolmentRefused: there is none, it is over, or it keeps moving.
    """
    _decide(system, enrolment_id, user, lambda change: change.pause(Pause(Code.PAUSED_BY_PERSON)))


def cancel_by_person(system: "System", enrolment_id: str, *, user: str | None) -> None:
    """End an enrolment, and take back what has not left.

    Raises:
        EnrolmentRefused: there is none, it is over, or it keeps moving.
    """
    end = End(EnrolmentState.CANCELLED, Code.CANCELLED_BY_PERSON)
    _decide(system, enrolment_id, user, lambda change: change.end(end))


def resume_by_person(system: "System", enrolment_id: str, *, user: str | None) -> None:
    """Let a paused enrolment go on, whatever it was paused for; an active one is left as it is.

    A step whose time came meanwhile goes next. Where the lead waits for an answer, the person knows
    that, and the distance to the next step counts from now.

    Raises:
        EnrolmentRefused: there is none, it is over, it keeps moving, or the lead is away.
    """
    for _ in range(_TRIES):
        enrolment = _read(system, enrolment_id)
        if enrolment.state == EnrolmentState.ACTIVE:
            return
        lead = system.store.get(Lead, enrolment.lead_id)
        if lead is None:
            raise EnrolmentRefused(Code.LEAD_NOT_FOUND)
        now = system.world.now()
        if int(lead.away_until or 0) > now:
            raise EnrolmentRefused(Code.LEAD_AWAY)
        change = EnrolmentChange(system, enrolment, actor=audit.person(user))
        if enrolment.code == Code.LEAD_REPLIED:
            change.go_on(GoOn(now), lead)
        else:
            change.resume()
        if change.write():
            return
    raise EnrolmentRefused(Code.BUSY)


def withdraw_order(system: "System", draft: Draft) -> None:
    """Let the sequence say whether a step goes, where a person had let it go: it looks at once.

    Raises:
        EnrolmentRefused: the draft keeps moving.
    """
    latest: Draft | None = draft
    for _ in range(_TRIES):
        if latest is None or not may_be_sent_by_person(latest):
            return
        ordered = latest

        def build(token: str, ordered: Draft = ordered) -> Write:
            write = Write(token)
            now = system.world.now()
            _withdraw(write, ordered, now)
            wake(write, str(ordered.enrolment_id), now)
            return write

        try:
            system.store.write_patiently(build)
        except ConditionsFailed:
            latest = system.store.get(Draft, draft.draft_id)
        else:
            return
    raise EnrolmentRefused(Code.BUSY)


def _decide(
    system: "System",
    enrolment_id: str,
    user: str | None,
    move: "Callable[[EnrolmentChange], EnrolmentChange]",
) -> None:
    for _ in range(_TRIES):
        enrolment = _read(system, enrolment_id)
        draft = system.store.get(Draft, draft_id_of(enrolment))
        change = move(EnrolmentChange(system, enrolment, actor=audit.person(user)))
        if draft is not None and is_open(draft, begun=is_begun(system, draft)):
            change.take_back(draft)
        elif draft is not None:
            change.beside(draft)
        if change.write():
            return
    raise EnrolmentRefused(Code.BUSY)


def _read(system: "System", enrolment_id: str) -> Enrolment:
    enrolment = system.store.get(Enrolment, enrolment_id)
    if enrolment is None or not enrolment.lead_id:
        raise EnrolmentRefused(Code.ENROLMENT_NOT_FOUND)
    if enrolment.state in OVER:
        raise EnrolmentRefused(Code.ENROLMENT_OVER)
    return enrolment


# --- moves ----------------------------------------------------------------------------------------


class EnrolmentChange:
    """A move of an enrolment as a transaction, to which a draft's steps may be added."""

    def __init__(
        self, system: "System", enrolment: Enrolment, *, actor: str = audit.POLICY
    ) -> None:
        self._enrolment = enrolment
        self._now = system.world.now()
        self._system = system
        self._actor = actor
        self._actions: list[Any] = [Enrolment.version.set(int(enrolment.version) + 1)]
        self._target = EnrolmentState(enrolment.state)
        self._code = Code.SUPERSEDED
        self._told: list[tuple[str, Code]] = []
        self._taken_back: Draft | None = None
        self._beside: Draft | None = None
        self._lead_is_gone = False

    def rest(self, _move: Await) -> "EnrolmentChange":
        """Let nothing be due until the enrolment is woken."""
        return self._set(due=None)

    def later(self, move: Later) -> "EnrolmentChange":
        """Let it be due later."""
        until = move.until if move.code is Code.CHANNEL_SHUT else None
        return self._set(due=move.until, code=move.code, until=until, attempts=move.attempts)

    def pause(self, move: Pause, detail: str | None = None) -> "EnrolmentChange":
        """Pause it."""
        self._go(EnrolmentState.PAUSED, move.code)
        due = move.until if move.until is not None else move.look_at
        return self._set(due=due, code=move.code, until=move.until, detail=detail)

    def go_on(self, move: GoOn, lead: Lead) -> "EnrolmentChange":
        """Let it be active, with all that was said until now behind it."""
        self.resume()
        return self._set(
            spaced_from=move.spaced_from,
            seen_inbounds=int(lead.inbound_count),
            seen_human_outbounds=int(lead.human_outbound_count),
        )

    def resume(self) -> "EnrolmentChange":
        """Let it be active, and look at once what that means."""
        self._go(EnrolmentState.ACTIVE, Code.STEP_NOT_DUE)
        return self._set(
            due=self._now, code=Code.STEP_NOT_DUE, until=None, detail=None, drafted=False
        )

    def done(self, move: Done, steps: Sequence[Step], time_zone: str) -> "EnrolmentChange":
        """Take the step as over, and let the next one be due at its distance."""
        enrolment = self._enrolment
        days, minute = move.offset
        entry = {"code": move.code.value, "at": move.at, "day": days + 1, "minute": minute}
        done = {**enrolment.done, move.key: entry}
        following = step_after(steps, done)
        spaced_from = max(move.at, int(enrolment.spaced_from))
        self._told.append((move.key, move.code))
        self._code = move.code
        self._set(done=done, spaced_from=spaced_from)
        if following is None:
            self._set(step=None)
            return self.end(End(EnrolmentState.COMPLETED, Code.SEQUENCE_COMPLETED))
        self._stand_at(following, due=due_at(following, move.offset, spaced_from, time_zone))
        return self if self._is_paused() else self._set(code=Code.STEP_NOT_DUE, until=None)

    def turn(self, move: Turn) -> "EnrolmentChange":
        """Go on with another step."""
        return self._stand_at(move.step, due=self._now)

    def anew(self, _move: Anew) -> "EnrolmentChange":
        """Let the step have one more draft."""
        drafts = int(self._enrolment.drafts) + 1
        return self._set(drafts=drafts, drafted=False, code=Code.STEP_NOT_DUE, due=self._now)

    def drafted(self) -> "EnrolmentChange":
        """Wait for the step's draft, which goes its own way."""
        return self._set(due=None, code=Code.STEP_WAITS, until=None, drafted=True)

    def end(self, move: End) -> "EnrolmentChange":
        """End it for ever."""
        self._go(move.state, move.code)
        return self._set(due=None, code=move.code, until=None)

    def take_back(self, draft: Draft) -> "EnrolmentChange":
        """Take back the step's draft, of which nothing has left, together with the move."""
        check_draft_move(DraftState(draft.state), DraftState.SUPERSEDED)
        self._taken_back = draft
        return self

    def beside(self, draft: Draft) -> "EnrolmentChange":
        """Leave the step's draft to its attempt, if it still is as it was read.

        An attempt under way may end any moment, and the draft could be taken back after all. Should
        it certainly not leave, the sequence says what follows, whoever had ordered it.
        """
        self._beside = draft
        return self

    def without_lead(self) -> "EnrolmentChange":
        """Touch no lead: there is none any more."""
        self._lead_is_gone = True
        return self

    def add_to(self, write: Write) -> None:
        """Add the move to a transaction; it fails where the enrolment is not as it was read."""
        enrolment = self._enrolment
        as_read = Enrolment.version == enrolment.version
        write.update("enrolment", Enrolment(enrolment.enrolment_id), self._actions, as_read)
        for step, code in self._told:
            _note(write, enrolment, step, self._target, self._actor, self._now, code)

    def write(self) -> bool:
        """Write the move down. False: the enrolment or its draft was moved or woken meanwhile."""

        def build(token: str) -> Write:
            write = Write(token)
            self.add_to(write)
            if self._taken_back is not None:
                self._add_taking_back(write, self._taken_back)
            if self._beside is not None and may_be_sent_by_person(self._beside):
                _withdraw(write, self._beside, self._now)
            elif self._beside is not None:
                write.check("draft", Draft, self._beside.draft_id, as_it_was(self._beside))
            mentions = self._mentions()
            if mentions and not self._lead_is_gone:
                lead = Lead(self._enrolment.lead_id)
                write.update("lead", lead, mentions, Lead.lead_id.exists())
            return write

        try:
            self._system.store.write_patiently(build)
        except ConditionsFailed:
            return False
        return True

    def _add_taking_back(self, write: Write, draft: Draft) -> None:
        fate = DraftFate(DraftState.SUPERSEDED, self._code)
        write.update(
            "draft", Draft(draft.draft_id), draft_actions(draft, fate, self._now), as_it_was(draft)
        )
        Change(fate, self._actor, self._now, wakes=False).tell(write, draft)

    def _mentions(self) -> list[Any]:
        """Return what is taken off the lead's lists."""
        mentions: list[Any] = []
        if self._taken_back is not None:
            mentions.append(Lead.open_drafts.delete({self._taken_back.draft_id}))
        if self._target in OVER:
            mentions.append(Lead.enrolments.delete({self._enrolment.enrolment_id}))
        return mentions

    def _stand_at(self, step: Step, *, due: int) -> "EnrolmentChange":
        return self._set(step=step.key, due=due, drafted=False, drafts=1, attempts=0)

    def _is_paused(self) -> bool:
        return self._target is EnrolmentState.PAUSED

    def _go(self, target: EnrolmentState, code: Code) -> None:
        source = EnrolmentState(self._enrolment.state)
        if target not in ENROLMENT_TRANSITIONS[source]:
            raise IllegalTransition(f"An enrolment cannot go from {source} to {target}.")
        self._target = target
        self._code = code
        self._told.append((str(self._enrolment.step), code))
        self._actions += [
            Enrolment.state.set(target.value),
            Enrolment.state_key.set(state_key(self._enrolment.workspace, target)),
        ]

    def _set(self, **values: Any) -> "EnrolmentChange":
        for name, value in values.items():
            if name == "due":
                self._actions += _due_actions(self._enrolment.enrolment_id, value)
                continue
            plain = value.value if isinstance(value, Code) else value
            attribute = getattr(Enrolment, name)
            self._actions.append(attribute.remove() if plain is None else attribute.set(plain))
        return self


def _withdraw(write: Write, draft: Draft, now: int) -> None:
    """Add what lets the sequence say whether a step goes that a person had let go.

    A claim that was decided by the order fails on the draft's time.
    """
    later = max(now, int(draft.updated_at) + 1)
    actions = [Draft.sent_by.set("ai"), Draft.updated_at.set(later)]
    write.update("draft", Draft(draft.draft_id), actions, as_it_was(draft))


def as_it_was(draft: Draft) -> Any:
    """Return the condition that a step's draft is as it was read, and nobody claimed it since."""
    return (
        (Draft.state == draft.state)
        & (Draft.revision == draft.revision)
        & (Draft.updated_at == draft.updated_at)
    )


def _due(enrolment_id: str, due: int) -> dict[str, Any]:
    return {"due_at": due, "due_shard": shard_of(enrolment_id)}


def _due_actions(enrolment_id: str, due: int | None) -> list[Any]:
    if due is None:
        return [Enrolment.due_shard.remove(), Enrolment.due_at.remove()]
    return [Enrolment.due_shard.set(shard_of(enrolment_id)), Enrolment.due_at.set(due)]


def _note(
    write: Write,
    enrolment: Enrolment,
    step: str | None,
    target: EnrolmentState,
    actor: str,
    at: int,
    code: Code | None,
) -> None:
    """Tell of a move in the audit, where the lead's other moves are told of."""
    about = enrolment.enrolment_id if step is None else f"{enrolment.enrolment_id}#{step}"
    write.note(
        Audit(
            enrolment.lead_id,
            f"{at:013d}#{write.token}#{write.notes}",
            workspace=enrolment.workspace,
            draft_id=about,
            at=at,
            actor=actor,
            source=enrolment.state if step is not None else None,
            target=target.value,
            code=code.value if code is not None else None,
            revision=0,
            text_hash="-",
        )
    )
