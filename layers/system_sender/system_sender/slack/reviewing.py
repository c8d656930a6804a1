"""Asks people about a draft, and keeps showing them what became of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from system_sender.asking import show_again
from system_sender.budget import SETTLE_SECONDS, Budget
from system_sender.codes import Code, known_code
from system_sender.models import Draft, Review, Workspace, clear_due, shard_of
from system_sender.slack.conversation import Conversation
from system_sender.slack.message import Shape, gone_message, review_message
from system_sender.slack.outcome import GONE, Later, Outcome, Refused, Shown, Unknown
from system_sender.slack.question import Question, read_workspace_and_question
from system_sender.states import DraftState
from system_sender.store import ConditionsFailed, Write
from system_sender.telemetry import log

if TYPE_CHECKING:
    from system_sender.system import System

# The longest silence of one call that is waited through, and the least that makes a call worth it.
_CALL_SECONDS = 8.0
_LEAST_SECONDS = 2.0
# A request to post is over by then, whatever became of it and of its process.
CLAIM_MILLISECONDS = 90_000
# After so many looks in vain the question is asked again: asked twice does less harm than never.
MOST_LOOKS = 3
_BACK_OFF_MINUTES = (1, 5, 15, 60)
# Once so, nothing is left to ask or to warn of; if nobody was asked, nobody need be told.
_MOOT = frozenset({DraftState.SENT, DraftState.SUPERSEDED, DraftState.REJECTED})


def back_off(attempts: int) -> int:
    """Return how long to wait after so many tries in vain, in milliseconds. Pure."""
    place = min(max(attempts, 1), len(_BACK_OFF_MINUTES)) - 1
    return _BACK_OFF_MINUTES[place] * 60_000


def show_review(system: "System", draft_id: str, budget: Budget) -> Code:
    """Ask about a draft, or show at the question what it is now, if that is due.

    Any number of these at once do no harm: who is to speak is a claim, and every claim is
    conditional on what was read.

    Returns:
        REVIEW_SHOWN where people see what there is to see; IN_PROGRESS where somebody else is at
        it; NO_TIME; or why it could not be shown, which is written down and tried again.
    """
    review, draft = system.store.read((Review, draft_id), (Draft, draft_id))
    if review is None or review.due_at is None:
        return Code.REVIEW_SHOWN
    now = system.world.now()
    if review.due_at > now:
        return known_code(review.code, Code.IN_PROGRESS)
    if review.claim_id is not None and int(review.claimed_at) + CLAIM_MILLISECONDS > now:
        return Code.IN_PROGRESS
    seconds = min(_CALL_SECONDS, budget.left(system.world) - SETTLE_SECONDS)
    if seconds < _LEAST_SECONDS:
        return Code.NO_TIME
    if draft is None:
        (workspace,), question = system.store.read((Workspace, str(review.workspace))), None
    else:
        workspace, question = read_workspace_and_question(system, draft)
    return _Showing(system, review, question, seconds).show(workspace)


def ask_again(system: "System", draft: Draft) -> None:
    """Let a question be shown anew although its draft has not changed: what stands there is old."""
    now = system.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        show_again(write, draft, draft.state, now)
        return write

    if draft.asked:
        system.store.write_patiently(build)


@dataclass(slots=True)
class _Showing:
    """One try to show one version of one question.

    Attributes:
        review: as it was read; changed only as its row is.
        question: None where the draft is gone.
    """

    system: "System"
    review: Review
    question: Question | None
    seconds: float

    def show(self, workspace: Workspace | None) -> Code:
        """Find out where, and say it there."""
        channel = None if workspace is None else workspace.slack_channel
        if channel is None:
            return self._rest(Code.REVIEW_NOT_CONFIGURED)
        token = self.system.secrets.get(str(self.review.workspace), "slack", "token")
        if token is None:
            return self._put_off(Refused(Code.REVIEW_NOT_AUTHORIZED, "no_token"))
        slack = Conversation(self.system, token, seconds=self.seconds)
        if self._place is None and self.review.claim_id is not None:
            found = self._look(slack, channel)
            if found is not None:
                return found
        if self._place is None and self._is_moot:
            return self._rest(None)
        return self._say(slack, channel)

    @property
    def _place(self) -> Shown | None:
        review = self.review
        if review.channel is None or review.message is None:
            return None
        return Shown(str(review.channel), str(review.message))

    @property
    def _is_moot(self) -> bool:
        return self.question is None or self.question.draft.state in _MOOT

    # --- look

    def _look(self, slack: Conversation, channel: str) -> Code | None:
        """Look for a question that may have been posted; a code where nothing more is to be done.

        Nothing is claimed for it: looking changes nothing.
        """
        since = int(self.review.claimed_at)
        found = slack.find(channel, str(self.review.draft_id), since)
        if found is None:
            return None
        if isinstance(found, Shown):
            return self._remember(found)
        if int(self.review.attempts) < MOST_LOOKS:
            return self._put_off(found)
        log.warning("review_asked_again", extra={"draft_id": self.review.draft_id})
        return None

    def _remember(self, place: Shown) -> Code | None:
        actions = [
            Review.channel.set(place.channel),
            Review.message.set(place.message),
            *_let_go(),
        ]
        if not self._write(actions, self._as_claimed()):
            return Code.IN_PROGRESS
        self.review.channel, self.review.message = place.channel, place.message
        self.review.claim_id = None
        return None

    # --- say

    def _say(self, slack: Conversation, channel: str) -> Code:
        place, now = self._place, self.system.world.now()
        claim_id, as_read = self.system.world.new_id(), self._as_read()
        claim = [
            Review.claim_id.set(claim_id),
            Review.claimed_at.set(now),
            Review.attempts.set(int(self.review.attempts) + 1),
            *_due_at(self.review, now + CLAIM_MILLISECONDS),
        ]
        if not self._write(claim, as_read):
            return Code.IN_PROGRESS
        self.review.claim_id, self.review.claimed_at = claim_id, now
        self.review.attempts = int(self.review.attempts) + 1
        draft_id, shape = str(self.review.draft_id), self._shape()
        if place is None:
            return self._settle(slack.post(channel, draft_id, shape))
        return self._settle(slack.update(place, draft_id, shape))

    def _shape(self) -> Shape:
        return gone_message() if self.question is None else review_message(self.question)

    def _settle(self, outcome: Outcome) -> Code:
        if isinstance(outcome, Shown):
            return self._shown(outcome)
        if isinstance(outcome, Refused) and outcome.word in GONE:
            return self._removed()
        return self._not_shown(outcome)

    def _shown(self, place: Shown) -> Code:
        actions = [
            Review.channel.set(place.channel),
            Review.message.set(place.message),
            Review.shown_version.set(int(self.review.version)),
            Review.attempts.set(0),
            Review.code.remove(),
            *_let_go(),
        ]
        unchanged = self._as_claimed() & (Review.version == int(self.review.version))
        if self._write([*actions, *clear_due(Review)], unchanged):
            return Code.REVIEW_SHOWN
        # The draft went on meanwhile: what is shown is remembered, and stays due.
        if not self._write(actions, self._as_claimed()):
            self._say_once_more()
        return Code.REVIEW_SHOWN

    def _say_once_more(self) -> None:
        """Somebody else spoke as well, maybe before this came through: an old word may stand."""
        if self.question is not None and self._place is not None:
            ask_again(self.system, self.question.draft)

    def _removed(self) -> Code:
        """Somebody removed the message. What is still to be decided is asked anew."""
        if self._is_moot:
            return self._rest(None)
        now = self.system.world.now()
        actions = [
            Review.channel.remove(),
            Review.message.remove(),
            *_let_go(),
            *_due_at(self.review, now),
        ]
        self._write(actions, self._as_claimed())
        return Code.IN_PROGRESS

    def _rest(self, code: Code | None) -> Code:
        """Leave it be until the draft changes again."""
        actions = [*clear_due(Review), *_let_go()]
        actions.append(Review.code.remove() if code is None else Review.code.set(code.value))
        self._write(actions, self._as_read())
        return code or Code.REVIEW_SHOWN

    def _put_off(self, outcome: Outcome) -> Code:
        """Write down why it could not be found out or tried, and when it is tried again.

        A claim that is there stays: what came of it is still unknown.
        """
        attempts = int(self.review.attempts) + 1
        code, due_at = self._trouble(outcome, attempts)
        actions = [
            Review.code.set(code.value),
            Review.attempts.set(attempts),
            *_due_at(self.review, due_at),
        ]
        self._write(actions, self._as_read())
        return code

    def _not_shown(self, outcome: Outcome) -> Code:
        """Write down why our own request failed, and when it is tried again."""
        code, due_at = self._trouble(outcome, int(self.review.attempts))
        actions = [Review.code.set(code.value)]
        if isinstance(outcome, Unknown):
            due_at = max(due_at, int(self.review.claimed_at) + CLAIM_MILLISECONDS)
        else:
            actions += _let_go()
        self._write([*actions, *_due_at(self.review, due_at)], self._as_claimed())
        return code

    def _trouble(self, outcome: Outcome, attempts: int) -> tuple[Code, int]:
        """Return what is written down of a failure, and when it is tried again."""
        code = outcome.code if isinstance(outcome, Refused) else Code.REVIEW_FAILED
        fields = {"draft_id": self.review.draft_id, "code": code.value}
        if isinstance(outcome, Refused):
            fields |= {"slack": outcome.word, "needed": outcome.needed}
        log.warning("review_not_shown", extra=fields)
        if isinstance(outcome, Later):
            return code, outcome.until
        return code, self.system.world.now() + back_off(attempts)

    # --- rows

    def _as_claimed(self) -> Any:
        return Review.claim_id == self.review.claim_id

    def _as_read(self) -> Any:
        held = (
            Review.claim_id.does_not_exist() if self.review.claim_id is None else self._as_claimed()
        )
        shown = Review.shown_version == int(self.review.shown_version)
        if not self.review.shown_version:
            shown |= Review.shown_version.does_not_exist()
        # Somebody else may have claimed, shown and let go since: then it would be shown twice.
        return held & shown & (Review.version == int(self.review.version))

    def _write(self, actions: list[Any], condition: Any) -> bool:
        """Change the row unless somebody else has meanwhile; say whether it was changed."""

        def build(token: str) -> Write:
            write = Write(token)
            write.update("review", Review(self.review.draft_id), actions, condition)
            return write

        try:
            self.system.store.write_patiently(build)
        except ConditionsFailed:
            return False
        return True


def _let_go() -> list[Any]:
    return [Review.claim_id.remove(), Review.claimed_at.remove()]


def _due_at(review: Review, moment: int) -> list[Any]:
    return [Review.due_shard.set(shard_of(str(review.draft_id))), Review.due_at.set(moment)]
