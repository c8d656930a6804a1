"""Evidence from several sides at once, or late: one message settles one delivery, once."""

import pytest

from devstack.sandbox.faults import Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.webhooks import Webhook
from system_sender.codes import Code
from system_sender.drafts import DraftRefused
from system_sender.models import Draft, Evidence
from system_sender.replying import perform_inbound
from system_sender.result import SendOutcome
from system_sender.states import DraftState
from system_sender.webhook import WebhookResponse, handle
from system_sender.word import settle_by_word
from tests.engine.stage import Once, Stage, is_settlement, named, nothing
from tests.support.correspondents import CORRESPONDENTS, Correspondent, signer
from tests.support.tables import rows

CHAT = CORRESPONDENTS["unipile"]
HELLO = "Hi Dana, does 2pm Tuesday work?"
HOUR = 3600

writes_evidence = named("write evidence")


@pytest.fixture
def stage(stage: Stage) -> Stage:
    CHAT.integrate(stage.scene)
    return stage


def parked(stage: Stage, kind: Kind = Kind.RESET_AFTER, key: str = "hello") -> Draft:
    draft = stage.scene.draft(key, HELLO, channel="linkedin")
    stage.fail(kind)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    return draft


def true_id(stage: Stage) -> str:
    return str(stage.sandbox.ledger.accepted()[-1].message_id)


def tell(stage: Stage, message_id: str, at: int | None = None) -> str:
    at = stage.world.now() if at is None else at
    echo = CHAT.echo(stage.scene, HELLO, message_id=message_id, at=at)
    assert echo is not None
    answer = stage.post(echo, resource="/webhooks/unipile/{workspace}")
    assert answer.status == 200
    return str(answer.fields["work"])


def later(stage: Stage, seconds: float) -> dict[str, int]:
    stage.world.step(seconds)
    return stage.sweep().codes


def evidence(stage: Stage) -> list[tuple[str, str]]:
    return [(row.delivery, row.source) for row in rows(stage.connection, Evidence)]


def assert_settled_once(stage: Stage, draft: Draft, source: str) -> None:
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.provider_message_id) == ("sent", true_id(stage))
    assert row.attention is None
    assert evidence(stage) == [(f"{draft.draft_id}#0", source)]
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.result["provider_ids"]) == ("sent", [true_id(stage)])
    assert stage.scene.lead_now().human_outbound_count == 0
    assert len(stage.sandbox.ledger.sends()) == 1
    later(stage, 2 * HOUR)
    later(stage, 2 * HOUR)
    assert stage.sweep().due == 0
    assert evidence(stage) == [(f"{draft.draft_id}#0", source)]


# --- an echo and a look-up -----------------------------------------------------------------------


def test_an_echo_while_it_is_looked_up_settles_it_once(stage: Stage) -> None:
    draft = parked(stage)
    works: list[str] = []

    def come() -> None:
        stage.world.before = nothing
        works.append(tell(stage, true_id(stage)))

    stage.world.before = Once(writes_evidence, come)
    assert later(stage, 30) == {"draft_changed": 1}
    assert works == ["echo_matched"]
    assert_settled_once(stage, draft, "echo")


def test_a_look_up_while_an_echo_is_worked_on_settles_it_once(stage: Stage) -> None:
    draft = parked(stage)
    codes: list[dict[str, int]] = []
    stage.world.step(30)

    def look() -> None:
        stage.world.before = nothing
        codes.append(stage.sweep().codes)

    stage.world.before = Once(writes_evidence, look)
    assert tell(stage, true_id(stage)) == "echo_matched"
    assert codes == [{"sent_by_evidence": 1, "echo_matched": 1}]
    assert_settled_once(stage, draft, "look_up")


def test_an_echo_after_the_look_up_is_recognised(stage: Stage) -> None:
    draft = parked(stage)
    later(stage, 30)
    assert tell(stage, true_id(stage)) == "echo_matched"
    assert_settled_once(stage, draft, "look_up")


def test_two_performances_of_an_echo_settle_it_once(stage: Stage) -> None:
    draft = parked(stage)

    def again() -> None:
        stage.world.before = nothing
        [event] = stage.inbound()
        performed = perform_inbound(
            stage.system, event.event_id, budget=stage.budget(), may_call_models=True
        )
        assert performed.code is Code.ECHO_MATCHED

    stage.world.before = Once(writes_evidence, again)
    tell(stage, true_id(stage))
    assert_settled_once(stage, draft, "echo")


def test_a_crash_after_an_echo_settled_it_ends_the_event_all_the_same(stage: Stage) -> None:
    draft = parked(stage)

    def die() -> None:
        raise KeyboardInterrupt

    stage.world.after = Once(writes_evidence, die)
    with pytest.raises(KeyboardInterrupt):
        tell(stage, true_id(stage))
    stage.world.after = nothing
    assert later(stage, 61) == {"echo_matched": 1}
    assert_settled_once(stage, draft, "echo")


def told_without_an_id(stage: Stage) -> str:
    """Post an echo that names no message, as the provider's own example does not."""
    webhook = stage.human_text(HELLO, source="api", omit=("messageId",))
    return str(stage.post(webhook).fields["work"])


def test_an_echo_that_names_no_message_settles_it_and_makes_no_name_up(stage: Stage) -> None:
    draft = stage.scene.draft("hello", HELLO)
    stage.fail(Kind.RESET_AFTER)
    stage.send(draft.draft_id)
    assert told_without_an_id(stage) == "echo_matched"
    row = stage.scene.message_now(draft.draft_id)
    assert row.state == "sent"
    assert row.provider_message_id is None
    assert stage.approve_and_send(draft.draft_id).provider_ids == ()


def test_the_record_behind_a_nameless_echo_settles_no_other_delivery(stage: Stage) -> None:
    first = stage.scene.draft("first", HELLO)
    stage.fail(Kind.RESET_AFTER)
    stage.send(first.draft_id)
    told_without_an_id(stage)
    second = stage.scene.draft("second", HELLO)
    stage.fail(Kind.RESET_BEFORE)
    stage.send(second.draft_id)
    assert later(stage, 30) == {"looked_ambiguous": 1}
    assert (stage.state(first.draft_id), stage.state(second.draft_id)) == ("sent", "unknown")


# --- an answer that comes late -------------------------------------------------------------------


def test_an_answer_after_the_echo_settled_it_changes_nothing(stage: Stage) -> None:
    """Its process slept so long that it was parked, and an echo told what it could not."""
    draft = stage.scene.draft("hello", HELLO, channel="linkedin")

    def sleep() -> None:
        stage.world.step(120)
        stage.sweep()
        assert stage.state(draft.draft_id) == "unknown"
        assert tell(stage, true_id(stage)) == "echo_matched"

    stage.world.before = Once(is_settlement, sleep)
    stage.send(draft.draft_id)
    assert_settled_once(stage, draft, "echo")


def test_an_answer_while_it_is_looked_up_stands(stage: Stage) -> None:
    """It is better than a look-up, and says the same."""
    draft = stage.scene.draft("hello", HELLO, channel="linkedin")

    def sleep() -> None:
        stage.world.step(120)
        stage.sweep()
        stage.world.step(30)
        stage.sweep()
        assert stage.state(draft.draft_id) == "sent"

    stage.world.before = Once(is_settlement, sleep)
    stage.send(draft.draft_id)
    assert_settled_once(stage, draft, "look_up")


# --- a person's word -----------------------------------------------------------------------------


def test_an_echo_corrects_a_person_who_took_it_for_lost(stage: Stage) -> None:
    draft = parked(stage)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)
    assert stage.state(draft.draft_id) == "failed"
    assert tell(stage, true_id(stage)) == "echo_matched"
    assert_settled_once(stage, draft, "echo")


def test_a_word_while_an_echo_is_worked_on_is_corrected_by_it(stage: Stage) -> None:
    draft = parked(stage)

    def decide() -> None:
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)

    stage.world.before = Once(writes_evidence, decide)
    assert tell(stage, true_id(stage)) == "echo_held"
    stage.sweep()
    # The person's order came first: a second request is what they asked for.
    assert len(stage.sandbox.ledger.sends()) == 2
    assert later(stage, 61) == {"echo_matched": 1}
    assert stage.scene.lead_now().human_outbound_count == 0
    assert stage.state(draft.draft_id) == "sent"


def test_the_echo_of_a_first_attempt_during_the_second_is_not_a_persons(stage: Stage) -> None:
    draft = parked(stage)
    first_id = true_id(stage)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    stage.world.before = Once(is_settlement, lambda: tell(stage, first_id))
    stage.sweep()
    later(stage, 61)
    assert stage.state(draft.draft_id) == "sent"
    assert stage.scene.lead_now().human_outbound_count == 0
    assert len(stage.sandbox.ledger.sends()) == 2


def test_a_word_that_it_left_is_not_asked_for_twice(stage: Stage) -> None:
    draft = parked(stage)
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    assert tell(stage, true_id(stage)) == "echo_matched"
    row = stage.scene.message_now(draft.draft_id)
    assert (row.code, row.provider_message_id) == ("sent_by_word", true_id(stage))
    with pytest.raises(DraftRefused) as refused:
        settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    assert refused.value.code is Code.NOT_PARKED


def test_the_record_of_a_first_attempt_is_no_evidence_of_a_later_one(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_AFTER)
    stage.world.step(20)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)
    stage.world.step(600)
    other = parked(stage, Kind.RESET_BEFORE, key="other")
    assert later(stage, 30) == {"looked_absent": 1}
    assert stage.state(other.draft_id) == "unknown"


# --- never again ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.RESET_BEFORE, Kind.RESET_AFTER])
@pytest.mark.parametrize("looks", ["work", "fail"])
@pytest.mark.parametrize("told", [False, True])
def test_whatever_evidence_comes_there_is_one_request(
    stage: Stage, kind: Kind, looks: str, told: bool
) -> None:
    draft, left_at = parked(stage, kind), stage.world.now()
    if looks == "fail":
        stage.fail(Kind.RESET_BEFORE, operation=Operation.LOOK_UP, times=None)
    for number in range(8):
        if told and number == 3 and kind is Kind.RESET_AFTER:
            tell(stage, true_id(stage), left_at)
        later(stage, 30 * 3**number)
        stage.approve_and_send(draft.draft_id, "setter")
    known = kind is Kind.RESET_AFTER and (told or looks == "work")
    assert stage.state(draft.draft_id) == (DraftState.SENT if known else DraftState.UNKNOWN)
    assert len(stage.sandbox.ledger.sends()) == 1


# --- every provider ------------------------------------------------------------------------------


@pytest.fixture(params=sorted(CORRESPONDENTS))
def other(stage: Stage, request: pytest.FixtureRequest) -> Correspondent:
    """Each provider in turn, with an account of the workspace."""
    correspondent = CORRESPONDENTS[request.param]
    if correspondent.provider not in ("gohighlevel", "unipile"):
        correspondent.integrate(stage.scene)
    stage.scene.public_key = signer().public_key()
    stage.system = stage.scene.system()
    return correspondent


def post(stage: Stage, other: Correspondent, webhook: Webhook) -> WebhookResponse:
    event = other.event(stage.scene, webhook)
    return handle(stage.system, event, stage.budget())


def answered(stage: Stage, other: Correspondent, kind: Kind) -> Draft:
    """Return the machine's answer to the lead's message, which met a fault."""
    stage.fail(kind)
    webhook = other.inbound(stage.scene, "How much is it?", at=stage.world.now())
    assert post(stage, other, webhook).status == 200
    [draft] = stage.drafts()
    return draft


def test_a_parked_answer_is_found_in_the_records_of_every_provider(
    stage: Stage, other: Correspondent
) -> None:
    draft = answered(stage, other, Kind.RESET_AFTER)
    assert stage.state(draft.draft_id) == "unknown"
    assert later(stage, 30) == {"sent_by_evidence": 1}
    assert stage.scene.message_now(draft.draft_id).provider_message_id
    assert evidence(stage) == [(f"{draft.draft_id}#0", "look_up")]
    past = [later(stage, seconds) for seconds in (HOUR, HOUR)]
    assert (past, len(stage.sandbox.ledger.sends())) == ([{}, {}], 1)


def test_a_parked_answer_that_did_not_leave_is_found_nowhere(
    stage: Stage, other: Correspondent
) -> None:
    draft = answered(stage, other, Kind.RESET_BEFORE)
    assert later(stage, 30) == {"looked_absent": 1}
    assert later(stage, HOUR) == {"looked_absent": 1}
    assert (stage.state(draft.draft_id), len(stage.sandbox.ledger.sends())) == ("unknown", 1)


@pytest.mark.parametrize("other", sorted({*CORRESPONDENTS} - {"smartlead"}), indirect=True)
def test_the_echo_of_an_answer_is_never_a_persons(stage: Stage, other: Correspondent) -> None:
    draft = answered(stage, other, Kind.RESET_AFTER)
    text = stage.sandbox.ledger.accepted()[0].text
    echo = other.echo(stage.scene, text, message_id=true_id(stage), at=stage.world.now())
    assert echo is not None
    assert post(stage, other, echo).fields["work"] == "echo_matched"
    assert stage.state(draft.draft_id) == "sent"
    assert post(stage, other, echo).status == 200
    later(stage, HOUR)
    assert stage.scene.lead_now().human_outbound_count == 0
    assert evidence(stage) == [(f"{draft.draft_id}#0", "echo")]
    assert len(stage.sandbox.ledger.sends()) == 1


def test_an_id_that_an_answer_lacked_is_filled_in_once_at_every_provider(
    stage: Stage, other: Correspondent
) -> None:
    """One of them never names what it took."""
    draft = answered(stage, other, Kind.SUCCESS_WITHOUT_ID)
    assert stage.state(draft.draft_id) == "sent"
    looks = []
    for seconds in (119, 1, 60, HOUR, 24 * HOUR):
        later(stage, seconds)
        requests = stage.sandbox.ledger.requests()
        looks.append(sum(entry.operation is Operation.LOOK_UP for entry in requests))
    assert looks[0] == 0
    assert looks[1] >= 1
    assert looks[1:] == [looks[1]] * 4
    assert stage.scene.message_now(draft.draft_id).provider_message_id
    assert evidence(stage) == [(f"{draft.draft_id}#0", "look_up")]
    assert len(stage.sandbox.ledger.sends()) == 1
