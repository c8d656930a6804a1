"""Writes an enrolment's moves down: each conditional on the row it was decided from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from system_sender import audit
from system_sender.codes import Code
from system_sender.followups.lifecycle import (
    ENROLMENT_TRANSITIONS,
    OVER,
    Await,
    Done,
    End,
    EnrolmentState,
    GoOn,
    Later,
    Pause,
)
from system_sender.followups.sequence import Step, due_at, step_after
from system_sender.models import Audit, Enrolment, Lead, shard_of, state_key
from system_sender.states import IllegalTransition
from system_sender.store import ConditionsFailed, Write

if TYPE_CHECKING:
    from system_sender.system import System


class EnrolmentRefused(Exception):
    """The enrolment cannot make this move; nothing changed. The code says why."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.sentence)
        self.code = code


def enrolment_key(sequence_id: str, lead_id: str) -> str:
    """Return the id of a lead's enrolment in a sequence: a lead is in each once."""
    workspace, name = sequence_id.split(":", 1)
    return f"{workspace}:{name}/{lead_id.split(':', 1)[1]}"


def step_draft_id(enrolment_id: str, step: str) -> str:
    """Return the id of a step's draft: one step has one draft, however often it is due."""
    workspace, rest = enrolment_id.split(":", 1)
    return f"{workspace}:followup:{rest}:{step}"


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

    Args:
        time_zone: the lead's, IANA.
        user: who enrols.
        facts: values for the templates.
        starts_at: when the sequence begins (epoch milliseconds, UTC); now by default.

    Raises:
        EnrolmentRefused: the lead is or was enrolled, or does not exist.
    """
    now = system.world.now()
    began = starts_at or now
    first = steps[0]
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
        started_inbounds=lead.inbound_count,
        seen_inbounds=lead.inbound_count,
        started_at=now,
        code=Code.STEP_NOT_DUE.value,
        **_due(enrolment_key(sequence_id, lead.lead_id), due_at(steps, first, began, time_zone)),
    )

    def build(token: str) -> Write:
        write = Write(token)
        write.put("enrolment", enrolment, Enrolment.enrolment_id.does_not_exist())
        mention = [Lead.enrolments.add({enrolment.enrolment_id})]
        write.update("lead", Lead(lead.lead_id), mention, Lead.lead_id.exists())
        _note(write, enrolment, None, EnrolmentState.ACTIVE, audit.person(user), now, None)
        return write

    try:
        system.store.write_patiently(build)
    except ConditionsFailed as refusal:
        gone = "enrolment" not in refusal.failed
        raise EnrolmentRefused(Code.LEAD_NOT_FOUND if gone else Code.ALREADY_ENROLLED) from None
    return enrolment


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
        self._told: tuple[str, Code] | None = None

    def rest(self, _move: Await) -> "EnrolmentChange":
        """Let nothing be due until the enrolment is woken."""
        return self._set(due=None)

    def later(self, move: Later) -> "EnrolmentChange":
        """Let it be due later."""
        return self._set(due=move.until, code=move.code, attempts=move.attempts)

    def pause(self, move: Pause, detail: str | None = None) -> "EnrolmentChange":
        """Pause it."""
        self._go(EnrolmentState.PAUSED, move.code)
        return self._set(due=move.until, code=move.code, until=move.until, detail=detail)

    def go_on(self, move: GoOn, seen_inbounds: int) -> "EnrolmentChange":
        """Let it be active again; what overtook the step's draft has been answered."""
        self._go(EnrolmentState.ACTIVE, Code.STEP_NOT_DUE)
        return self._set(
            due=self._now,
            code=Code.STEP_NOT_DUE,
            until=None,
            detail=None,
            spaced_from=move.spaced_from,
            seen_inbounds=seen_inbounds,
            drafted=False,
        )

    def done(self, move: Done, steps: Sequence[Step], time_zone: str) -> "EnrolmentChange":
        """Take the step as over, and let the next one be due at its distance."""
        enrolment = self._enrolment
        entry = {"code": move.code.value, "at": move.at}
        done = {**enrolment.done, move.step.key: entry}
        following = step_after(steps, set(done))
        self._told = (move.step.key, move.code)
        self._set(
            done=done,
            step=following.key if following is not None else None,
            spaced_from=move.at,
            drafted=False,
            attempts=0,
        )
        if following is None:
            return self.end(End(EnrolmentState.COMPLETED, Code.SEQUENCE_COMPLETED))
        due = due_at(steps, following, move.at, time_zone)
        return self._set(due=due, code=Code.STEP_NOT_DUE)

    def drafted(self, step: Step) -> "EnrolmentChange":
        """Wait for the step's draft, which goes its own way."""
        return self._set(due=None, code=Code.STEP_WAITS, step=step.key, drafted=True)

    def end(self, move: End) -> "EnrolmentChange":
        """End it for ever."""
        self._go(move.state, move.code)
        return self._set(due=None, code=move.code, until=None)

    def add_to(self, write: Write) -> None:
        """Add the move to a transaction; it fails where the enrolment is not as it was read."""
        enrolment = self._enrolment
        as_read = Enrolment.version == enrolment.version
        write.update("enrolment", Enrolment(enrolment.enrolment_id), self._actions, as_read)
        if self._told is not None:
            step, code = self._told
            _note(write, enrolment, step, self._target, self._actor, self._now, code)

    def write(self) -> bool:
        """Write the move down. False: the enrolment was moved or woken meanwhile."""

        def build(token: str) -> Write:
            write = Write(token)
            self.add_to(write)
            if self._target in OVER:
                mention = [Lead.enrolments.delete({self._enrolment.enrolment_id})]
                write.update("lead", Lead(self._enrolment.lead_id), mention, Lead.lead_id.exists())
            return write

        try:
            self._system.store.write_patiently(build)
        except ConditionsFailed:
            return False
        return True

    def _go(self, target: EnrolmentState, code: Code) -> None:
        source = EnrolmentState(self._enrolment.state)
        if target not in ENROLMENT_TRANSITIONS[source]:
            raise IllegalTransition(f"An enrolment cannot go from {source} to {target}.")
        self._target = target
        self._told = self._told or (str(self._enrolment.step), code)
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
