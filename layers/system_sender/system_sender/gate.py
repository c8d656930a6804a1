"""The one way out: read, judge, claim, request, settle. Every send of every path ends here."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)

from system_sender.budget import Budget
from system_sender.claim import queued_row
from system_sender.codes import Code, known_code
from system_sender.delivery import Delivery
from system_sender.drafts import DraftRefused, leave
from system_sender.followups.waking import is_answer, note_answer
from system_sender.hourly import share_for
from system_sender.ledger import ClaimBusy, ClaimRefused, DeliveryLedger
from system_sender.letter import Access, Letter
from system_sender.models import Draft, Message
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.policy import (
    Go,
    Refuse,
    Situation,
    Verdict,
    Wait,
    is_counted,
    may_send,
    wait_or_ask,
)
from system_sender.profiles import NotYet, linkedin_id_of
from system_sender.providers import provider_named
from system_sender.reading import (
    Account,
    Addressed,
    Reading,
    Unreadable,
    account_of,
    address_reading,
    is_to_be_found,
    read_around,
)
from system_sender.request import Guard, perform_request
from system_sender.result import SendOutcome, SendResult, which_part
from system_sender.settlement import UNHEALTHY_MILLISECONDS, DraftFate, Settled
from system_sender.sms_text import Span
from system_sender.states import MESSAGE_TRANSITIONS, DraftState, MessageState
from system_sender.switches import POST_WINDOW_SECONDS
from system_sender.telemetry import log
from system_sender.text_parts import parts_of

if TYPE_CHECKING:
    from system_sender.system import System

# How often a draft is read and judged again because its rows changed before the claim.
JUDGEMENTS = 4
# Two hosts' clocks differ a little; a draft that is due in a moment is due.
DUE_TOLERANCE = 1_000

# The payload is the delivery's own id. Nothing expires, nothing is cached, and the Lambda context
# stays out, so that no delivery is ever released by time.
_IDEMPOTENCY = IdempotencyConfig(raise_on_no_idempotency_key=True, hash_function="sha256")
# One prefix for every function: the default contains the function's name, and then a webhook and
# a cron would each send the same draft.
_KEY_PREFIX = "delivery"


class _Ended(Exception):
    """The draft's fate is known: leave the loop with this result."""

    def __init__(self, result: SendResult) -> None:
        super().__init__(result.code.value)
        self.result = result


def send_approved_draft(
    system: "System", draft_id: str, *, budget: Budget, draft: Draft | None = None
) -> SendResult:
    """Send an approved draft, each part at most once, and say what became of it.

    Args:
        draft: the row, where the caller has just read or written it; it is read otherwise.
    """
    held: str | None = None
    try:
        for judgement in range(JUDGEMENTS):
            draft = draft or _read_draft(system, draft_id)
            _end_if_not_sendable(system, draft, held)
            reading = _read(system, draft, again=judgement > 0)
            addressed = _judge(system, reading, again=judgement > 0)
            _send_parts(system, reading, addressed, budget)
            # A claim was refused. If parts went out before it, the draft is still ours.
            held = reading.draft.claim_id if reading.draft.state == DraftState.SENDING else None
            draft = None
    except _Ended as ended:
        return ended.result
    # Whoever kept changing the lead is still at it; the sweep tries again in a minute.
    return _waiting(draft_id, Code.BUSY, system.world.now())


# --- read ----------------------------------------------------------------------------------------


def _read_draft(system: "System", draft_id: str) -> Draft:
    draft = system.store.get(Draft, draft_id)
    if draft is None:
        raise _Ended(SendResult(SendOutcome.NOT_FOUND, Code.DRAFT_NOT_FOUND, draft_id))
    return draft


def _end_if_not_sendable(system: "System", draft: Draft, held: str | None) -> None:
    if draft.state == DraftState.SENDING and held is not None and draft.claim_id == held:
        return
    if draft.state != DraftState.APPROVED:
        raise _Ended(stored_result(draft))
    if draft.due_at is not None and draft.due_at - system.world.now() > DUE_TOLERANCE:
        code = known_code(draft.code, Code.NOT_DUE)
        raise _Ended(_waiting(draft.draft_id, code, int(draft.due_at)))


def stored_result(draft: Draft) -> SendResult:
    """Return what is known of a draft that is not approved, from its own row alone. Pure."""
    outcomes = {
        DraftState.SENT: SendOutcome.SENT,
        DraftState.SENDING: SendOutcome.IN_PROGRESS,
        DraftState.UNKNOWN: SendOutcome.UNKNOWN,
        DraftState.PENDING: SendOutcome.HELD,
        DraftState.NEEDS_REVIEW: SendOutcome.HELD,
        DraftState.APPROVED: SendOutcome.WAITING,
    }
    state = DraftState(draft.state)
    default = {
        DraftState.SENDING: Code.IN_PROGRESS,
        DraftState.PENDING: Code.AWAITING_PERSON,
        DraftState.REJECTED: Code.DRAFT_REJECTED,
    }
    result: dict[str, Any] = draft.result or {}
    code = default.get(state) or known_code(draft.code, Code.AWAITING_PERSON)
    return SendResult(
        outcomes.get(state, SendOutcome.REFUSED),
        code,
        draft.draft_id,
        message_id=result.get("message_id"),
        provider_ids=tuple(result.get("provider_ids", ())),
        detail=(
            ""
            if state is DraftState.SENT
            else which_part(result.get("part", 0), result.get("parts", 1))
        ),
        replayed=True,
        due_at=int(draft.due_at) if draft.due_at and state is DraftState.APPROVED else None,
    )


def _read(system: "System", draft: Draft, *, again: bool) -> Reading:
    try:
        return read_around(system, draft, again=again)
    except Unreadable as unreadable:
        raise _Ended(_hold(system, draft, unreadable.code)) from None


# --- judge ---------------------------------------------------------------------------------------


def _judge(system: "System", reading: Reading, *, again: bool) -> Addressed:
    """Return the letter only if it may go now; otherwise write down why not, and end."""
    if is_to_be_found(reading):
        _find_person(system, reading)
    addressed = address_reading(system, reading, look_at_copies=again)
    if isinstance(addressed, Code):
        raise _Ended(_hold(system, reading.draft, addressed))
    _end_unless_allowed(system, reading, addressed)
    return addressed


def _find_person(system: "System", reading: Reading) -> None:
    """Find out whom a first message goes to. Nobody is looked for whom nothing may go to."""
    draft = reading.draft
    account = account_of(system, reading)
    if isinstance(account, Code):
        raise _Ended(_hold(system, draft, account))
    situation = _end_unless_allowed(system, reading, account)
    try:
        found = linkedin_id_of(system, reading.lead, account)
    except NotYet as not_yet:
        wait = wait_or_ask(situation, Wait(not_yet.until, not_yet.code))
        raise _Ended(_apply(system, draft, wait)) from None
    if isinstance(found, Code):
        raise _Ended(_hold(system, draft, found))
    reading.lead.linkedin_id = found


def _end_unless_allowed(system: "System", reading: Reading, account: Account) -> Situation:
    situation = Situation(
        draft=reading.draft,
        lead=reading.lead,
        workspace=reading.workspace,
        campaign=reading.campaign,
        integration=account.integration,
        paused=reading.switches.paused,
        sent_by=_sent_by(reading.draft),
        continuing=reading.continuing,
        now=system.world.now(),
        hour=reading.hour,
        halted=reading.halted,
    )
    verdict = _obstacle(reading, account, situation) or may_send(situation)
    if not isinstance(verdict, Go):
        raise _Ended(_apply(system, reading.draft, verdict))
    return situation


def _obstacle(reading: Reading, account: Account, situation: Situation) -> Verdict | None:
    """Return what makes a send impossible rather than forbidden."""
    refusal = parts_of(reading.draft.channel, reading.text).refusal
    if refusal is not None and not reading.messages:
        return Refuse(refusal, DraftState.NEEDS_REVIEW)
    if account.access is None:
        until = situation.now + UNHEALTHY_MILLISECONDS
        return wait_or_ask(situation, Wait(until, Code.INTEGRATION_NOT_CONFIGURED))
    return None


def _sent_by(draft: Draft) -> str:
    return draft.sent_by or "ai"


def _apply(system: "System", draft: Draft, verdict: Wait | Refuse) -> SendResult:
    if isinstance(verdict, Wait):
        ready_at = verdict.until if verdict.planned else None
        fate = DraftFate(DraftState.APPROVED, verdict.code, verdict.until, ready_at)
    else:
        fate = DraftFate(verdict.becomes, verdict.code)
    return _put_aside(system, draft, fate)


def _hold(system: "System", draft: Draft, code: Code) -> SendResult:
    return _put_aside(system, draft, DraftFate(DraftState.NEEDS_REVIEW, code))


def _put_aside(system: "System", draft: Draft, fate: DraftFate) -> SendResult:
    """Give the draft the fate the policy chose, unless somebody moved it first.

    Between two parts, what is out stays out; what was not begun waits or goes with its draft.
    """
    if draft.state == DraftState.SENDING and fate.state is DraftState.NEEDS_REVIEW:
        # A person is asked about an approved draft, once it is one again.
        fate = DraftFate(DraftState.APPROVED, fate.code, system.world.now())
    dropped = _unsent_parts(system, draft) if fate.state is DraftState.FAILED else []
    try:
        leave(system.store, system.world, draft, fate, dropped=dropped)
    except DraftRefused:
        return SendResult(SendOutcome.IN_PROGRESS, Code.DRAFT_CHANGED, draft.draft_id)
    outcomes = {
        DraftState.APPROVED: SendOutcome.WAITING,
        DraftState.NEEDS_REVIEW: SendOutcome.HELD,
        DraftState.SENT: SendOutcome.SENT,
    }
    log.info("draft_put_aside", extra={"draft_id": draft.draft_id, "code": fate.code.value})
    return SendResult(
        outcomes.get(fate.state, SendOutcome.REFUSED),
        fate.code,
        draft.draft_id,
        due_at=fate.due_at,
    )


def _unsent_parts(system: "System", draft: Draft) -> list[int]:
    if not draft.parts:
        return []
    rows = system.store.read(*((Message, draft.draft_id, n) for n in range(int(draft.parts))))
    waiting = (MessageState.QUEUED, MessageState.NOT_SENT)
    return [int(row.part) for row in rows if row is not None and row.state in waiting]


# --- claim, request, settle ----------------------------------------------------------------------


def _send_parts(system: "System", reading: Reading, addressed: Addressed, budget: Budget) -> None:
    """Send what is missing, in order. Ends with a result, or returns to be read and judged anew."""
    spans = _spans(reading)
    sent = {n for n, row in reading.messages.items() if row.state == MessageState.SENT}
    missing = [part for part in range(len(spans)) if part not in sent]
    if not missing:
        raise _Ended(_finish(system, reading))
    for part in missing:
        if not _may_be_claimed(reading.messages.get(part)):
            # Taken between the reading of the draft and of its parts: the draft says by now.
            return
        delivery = _delivery(system, reading, addressed, spans, part, budget)
        if not _send_part(system, reading, delivery, budget):
            return


def _may_be_claimed(message: Message | None) -> bool:
    return (
        message is None or MessageState.SENDING in MESSAGE_TRANSITIONS[MessageState(message.state)]
    )


def _spans(reading: Reading) -> tuple[Span, ...]:
    """Cut the text; what a first claim wrote down holds, whatever a later version would do."""
    rows = [reading.messages[part] for part in sorted(reading.messages)]
    if rows:
        return tuple(Span(int(row.start), int(row.end)) for row in rows)
    return parts_of(reading.draft.channel, reading.text).spans


def _finish(system: "System", reading: Reading) -> SendResult:
    """Mark an approved draft sent whose every part is already out, by late evidence."""
    draft = reading.draft
    if any(is_answer(draft, row.sent_by) for row in reading.messages.values()):
        note_answer(system, reading.lead, int(draft.seen_inbounds))
    return _put_aside(system, draft, DraftFate(DraftState.SENT, Code.SENT))


def _delivery(
    system: "System",
    reading: Reading,
    addressed: Addressed,
    spans: tuple[Span, ...],
    part: int,
    budget: Budget,
) -> Delivery:
    world, draft, lead = system.world, reading.draft, reading.lead
    seconds = budget.request_seconds(world)
    if seconds is None or addressed.access is None:
        raise _Ended(_out_of_time(system, draft))
    ids = [reading.messages[n].provider_message_id for n in range(part) if n in reading.messages]
    letter = replace(addressed.letter, text=spans[part].of(reading.text))
    message = reading.messages.get(part)
    route, *others = _open_routes(addressed, addressed.access, letter, message)
    return Delivery(
        draft=draft,
        draft_state=DraftState(draft.state),
        lead=lead,
        lead_version=int(lead.version),
        workspace=reading.workspace,
        message=message,
        part=part,
        spans=spans,
        provider=addressed.provider.name,
        access=addressed.access,
        letter=replace(letter, route=route),
        has_next_route=bool(others),
        sent_by=_sent_by(draft),
        claim_id=world.new_id(),
        post_by=world.now() + int(POST_WINDOW_SECONDS * 1000),
        post_by_monotonic=world.monotonic() + POST_WINDOW_SECONDS,
        request_seconds=seconds,
        earlier_provider_ids=tuple(identifier for identifier in ids if identifier),
        hour_share=_hour_share(reading, world.now()),
    )


def _hour_share(reading: Reading, now: int) -> int | None:
    """Return where the draft counts in the workspace's hour; None where nothing is counted."""
    draft, cap = reading.draft, reading.workspace.automated_per_hour
    # What began as a person's goes on as it began, though their order was taken back meanwhile.
    if cap is None or reading.continuing or _sent_by(draft) != "ai":
        return None
    if is_counted(draft, reading.lead, reading.workspace, now):
        return None
    share = share_for(draft.draft_id, int(cap), reading.hour, now)
    # The clock may have gone on since the verdict: whether anything is left, the claim finds out.
    return share if share is not None else share_for(draft.draft_id, int(cap), None, now)


def _open_routes(
    addressed: Addressed, access: Access, letter: Letter, message: Message | None
) -> list[str]:
    """Return the ways that are left; once all were refused, it begins again with the first."""
    routes = list(addressed.provider.routes(access, letter))
    refused = Counter((message.refused_routes or ()) if message is not None else ())
    fewest = min(refused[route] for route in routes)
    return [route for route in routes if refused[route] == fewest]


def _out_of_time(system: "System", draft: Draft) -> SendResult:
    now = system.world.now()
    if draft.state == DraftState.SENDING:
        return _put_aside(system, draft, DraftFate(DraftState.APPROVED, Code.NO_TIME, now))
    return _waiting(draft.draft_id, Code.NO_TIME, int(draft.due_at or now))


def _send_part(system: "System", reading: Reading, delivery: Delivery, budget: Budget) -> bool:
    """Attempt one part. Returns whether the next part may follow at once; ends on an outcome."""
    ledger = DeliveryLedger(system.store, system.world, delivery, until=budget.ends_at)
    # Made before the claim: a mistake in making it must not leave a delivery in doubt.
    request = provider_named(delivery.provider).send_request(delivery.access, delivery.letter)
    guard = Guard(system, reading, delivery)
    outcome = _attempt(
        system,
        ledger,
        delivery,
        lambda: perform_request(system, ledger, delivery, request, guard),
    )
    if outcome is None:
        return False
    fields = {"message_id": delivery.id, "code": outcome.code.value, "attempt": delivery.attempt}
    log.info("delivery_attempted", extra=fields)
    if outcome.next_route and delivery.has_next_route and ledger.settled is Settled.WHOLE:
        return False
    if outcome.kind is OutcomeKind.SENT and not delivery.is_last:
        if ledger.settled is not Settled.WHOLE:
            raise _Ended(stored_result(_read_draft(system, delivery.draft.draft_id)))
        _remember_sent_part(reading, delivery, outcome)
        return True
    raise _Ended(_result_of(delivery, outcome, ledger))


def _attempt(
    system: "System",
    ledger: DeliveryLedger,
    delivery: Delivery,
    perform: Callable[[], Outcome],
) -> Outcome | None:
    """Claim, request and settle through Powertools. None: nothing was taken, judge anew."""

    @idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="delivery_id",
        persistence_store=ledger,
        config=_IDEMPOTENCY,
        key_prefix=_KEY_PREFIX,
    )
    def deliver(*, delivery_id: str) -> dict[str, Any]:  # noqa: ARG001 - the key
        return perform().to_dict()

    try:
        stored = deliver(delivery_id=delivery.id)
    except IdempotencyAlreadyInProgressError:
        _end_if_made_again(system, delivery)
        raise _Ended(_in_progress(delivery)) from None
    except IdempotencyPersistenceLayerError as error:
        return _after_ledger_trouble(system, ledger, delivery, error)
    if ledger.claimed:
        return Outcome.from_dict(stored)
    # A stored outcome means the part is settled already: read it as part of the draft.
    _end_if_made_again(system, delivery)
    return None


def _end_if_made_again(system: "System", delivery: Delivery) -> None:
    """Ask a person about a draft that knows nothing of its own delivery.

    A claim writes both, so the draft was deleted and made again under the same id. The delivery
    outlives it, and would turn every attempt away.
    """
    if delivery.message is not None:
        return
    draft = _read_draft(system, delivery.draft.draft_id)
    if draft.state == DraftState.APPROVED and not draft.parts:
        raise _Ended(_hold(system, draft, Code.DRAFT_CLAIMED))


def _after_ledger_trouble(
    system: "System",
    ledger: DeliveryLedger,
    delivery: Delivery,
    error: IdempotencyPersistenceLayerError,
) -> Outcome | None:
    """Unwrap what Powertools wrapped: a refused claim, or a settlement that was not written."""
    cause = error.__cause__
    if ledger.claimed:
        log.error("settlement_failed", extra={"message_id": delivery.id})
        return ledger.outcome
    if isinstance(cause, ClaimBusy):
        raise _Ended(_waiting(delivery.draft.draft_id, Code.BUSY, system.world.now()))
    if not isinstance(cause, ClaimRefused):
        raise cause or error
    if "suppression" in cause.failed:
        fate = DraftFate(DraftState.FAILED, Code.OPTED_OUT)
        raise _Ended(_put_aside(system, delivery.draft, fate))
    return None


def _remember_sent_part(reading: Reading, delivery: Delivery, outcome: Outcome) -> None:
    """Carry over what this part's claim and settlement changed, so that nothing is read again."""
    reading.lead.version = delivery.lead_version + 1
    draft = reading.draft
    if delivery.sent_by == "setter":
        reading.lead.human_outbound_count += 1
    draft.state = DraftState.SENDING.value
    draft.claim_id = delivery.claim_id
    draft.parts = len(delivery.spans)
    for part in range(delivery.part, len(delivery.spans)):
        if part not in reading.messages:
            reading.messages[part] = queued_row(delivery, part, delivery.post_by)
    row = reading.messages[delivery.part]
    row.state = MessageState.SENT.value
    row.provider_message_id = outcome.provider_message_id


def _result_of(delivery: Delivery, outcome: Outcome, ledger: DeliveryLedger) -> SendResult:
    outcomes = {
        OutcomeKind.SENT: SendOutcome.SENT,
        OutcomeKind.REJECTED: SendOutcome.REFUSED,
        OutcomeKind.UNKNOWN: SendOutcome.UNKNOWN,
        OutcomeKind.NOT_SENT: SendOutcome.WAITING,
    }
    fate = ledger.fate
    exhausted = fate is not None and fate.code is Code.ATTEMPTS_EXHAUSTED
    own = (outcome.provider_message_id,) if outcome.provider_message_id else ()
    return SendResult(
        SendOutcome.REFUSED if exhausted else outcomes[outcome.kind],
        fate.code if exhausted and fate else outcome.code,
        delivery.draft.draft_id,
        message_id=delivery.id,
        provider_ids=(*delivery.earlier_provider_ids, *own),
        detail=_detail(delivery, outcome),
        due_at=fate.due_at if fate is not None and outcome.kind is OutcomeKind.NOT_SENT else None,
    )


def _detail(delivery: Delivery, outcome: Outcome) -> str:
    if outcome.kind is OutcomeKind.SENT:
        return ""
    return which_part(delivery.part, len(delivery.spans))


def _in_progress(delivery: Delivery) -> SendResult:
    return SendResult(
        SendOutcome.IN_PROGRESS,
        Code.IN_PROGRESS,
        delivery.draft.draft_id,
        message_id=delivery.id,
        replayed=True,
    )


def _waiting(draft_id: str, code: Code, due_at: int) -> SendResult:
    return SendResult(SendOutcome.WAITING, code, draft_id, due_at=due_at)
