"""Several ways to the same person: the next one only after the one before was definitely refused.

On LinkedIn: a direct message, an InMail, a connection request. Through EmailBison: the mailbox
that was written to, then those that may stand in for it.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit
from system_sender.models import Draft, Inbound, Lead, Suppression, suppression_key
from system_sender.result import SendOutcome
from system_sender.settlement import MOST_ATTEMPTS
from system_sender.switches import pause, resume
from system_sender.system import System
from system_sender.transport import Answer, Guard, NoAnswer, Request, Withheld
from system_sender.word import settle_by_word
from tests.engine.stage import Once, Stage, is_claim, is_send, is_settlement, named, nothing
from tests.support.correspondents import CORRESPONDENTS
from tests.support.scene import EMAIL
from tests.support.transport import SandboxTransport

CHAT = CORRESPONDENTS["unipile"]
HELLO = "Hi Dana, does 2pm Tuesday work?"
WAYS = ("direct", "inmail", "invitation")
CLOSED = {"direct": "not_connected", "inmail": "no_credits"}
MINUTE = 60
HOUR = 3600


class Watched(SandboxTransport):
    """The sandbox, with a note of which way each request to send took."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ways: list[str] = []

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request; see :class:`system_sender.transport.Transport`."""
        if request.method == "POST":
            self.ways.append(way_of(request))
        return super().send(request, seconds=seconds, guard=guard)


def way_of(request: Request) -> str:
    if request.url.endswith("/users/invite"):
        return "invitation"
    if request.url.endswith("/messages"):
        return "chat"
    return "inmail" if b"linkedin[inmail]" in (request.body or b"") else "direct"


@pytest.fixture
def stage(stage: Stage) -> Stage:
    CHAT.integrate(stage.scene)
    stage.system = stage.scene.system(transport=Watched(stage.sandbox))
    return stage


def ways(stage: Stage) -> list[str]:
    transport = stage.system.transport
    assert isinstance(transport, Watched)
    return transport.ways


def on_linkedin(stage: Stage, **changes: Any) -> Draft:
    return stage.scene.draft(**{"text": HELLO, "channel": "linkedin", **changes})


def close(stage: Stage, *closed: str) -> None:
    """Let LinkedIn refuse these ways, in their order."""
    stage.sandbox.program(*(Fault(Kind.REFUSE, refusal=CLOSED[way]) for way in closed))


def before(way: str) -> tuple[str, ...]:
    """Return the ways that come before this one."""
    return WAYS[: WAYS.index(way)]


def accepted(stage: Stage) -> int:
    return len(stage.sandbox.ledger.accepted())


# --- one way after the other ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "sent_as"),
    [("direct", None), ("inmail", "inmail"), ("invitation", "connection_request")],
)
def test_the_first_way_that_is_open_is_taken_at_once(
    stage: Stage, way: str, sent_as: str | None
) -> None:
    close(stage, *before(way))
    draft = on_linkedin(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, ways(stage)) == (SendOutcome.SENT, [*before(way), way])
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.route, row.sent_as) == ("sent", way, sent_as)
    assert tuple(row.refused_routes or ()) == before(way)
    assert row.provider_message_id == stage.sandbox.ledger.accepted()[0].message_id
    assert accepted(stage) == 1
    assert stage.state(draft.draft_id) == "sent"


def test_every_way_is_a_claim_of_its_own_and_one_message_to_the_lead(stage: Stage) -> None:
    close(stage, "direct", "inmail")
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    assert sum(is_claim(*effect) for effect in stage.world.effects) == 3
    row, lead = stage.scene.message_now(draft.draft_id), stage.scene.lead_now()
    assert (row.attempt, stage.scene.draft_now(draft.draft_id).attempts) == (3, 0)
    assert (lead.automated_today, lead.automated_in_a_row) == (1, 1)


def test_without_a_way_left_it_fails_with_what_was_said_last(stage: Stage) -> None:
    close(stage, "direct", "inmail")
    stage.fail(Kind.REFUSE, refusal="already_invited")
    draft = on_linkedin(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.ALREADY_INVITED)
    assert (stage.state(draft.draft_id), ways(stage)) == ("failed", list(WAYS))
    stage.world.step(24 * HOUR)
    assert (stage.sweep().due, accepted(stage)) == (0, 0)


def test_a_text_too_long_for_a_note_is_not_sent_as_a_connection_request(stage: Stage) -> None:
    close(stage, "direct", "inmail")
    draft = on_linkedin(stage, text="word " * 41)
    assert stage.send(draft.draft_id).code is Code.NO_INMAIL
    assert (ways(stage), stage.state(draft.draft_id)) == (["direct", "inmail"], "failed")


# --- every other answer ends it ------------------------------------------------------------------

at_every_step = pytest.mark.parametrize("way", WAYS)

UNKNOWNS = [
    Fault(Kind.RESET_BEFORE),
    Fault(Kind.RESET_AFTER),
    Fault(Kind.STALL_BEFORE, seconds=60),
    Fault(Kind.STALL_AFTER, seconds=60),
    Fault(Kind.SERVER_ERROR_BEFORE),
    Fault(Kind.SERVER_ERROR_AFTER),
    Fault(Kind.SERVER_ERROR_AFTER, status=503),
    Fault(Kind.SERVER_ERROR_AFTER, status=504),
    Fault(Kind.SERVER_ERROR_REFUSAL, refusal="not_connected"),
    Fault(Kind.REFUSE, refusal="limit_as_500"),
    Fault(Kind.EMPTY_SUCCESS),
    Fault(Kind.HTML_SUCCESS),
    Fault(Kind.DUPLICATE, status=422),
]


@at_every_step
@pytest.mark.parametrize(
    "fault", UNKNOWNS, ids=lambda fault: f"{fault.kind}-{fault.refusal or fault.status}"
)
def test_what_may_have_left_on_one_way_is_not_tried_on_another(
    stage: Stage, way: str, fault: Fault
) -> None:
    close(stage, *before(way))
    stage.sandbox.program(fault)
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.route, row.attention) == ("unknown", way, "parked")
    stage.sandbox.settings.visibility_delay_s = 1_000_000
    for seconds in (60, 600, 4 * HOUR, 48 * HOUR):
        stage.world.step(seconds)
        stage.sweep()
    assert (ways(stage), stage.state(draft.draft_id)) == ([*before(way), way], "unknown")


@at_every_step
@pytest.mark.parametrize("refusal", ["too_many_characters", "not_found"])
def test_a_final_refusal_closes_every_way(stage: Stage, way: str, refusal: str) -> None:
    close(stage, *before(way))
    stage.fail(Kind.REFUSE, refusal=refusal)
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.REFUSED
    assert (ways(stage), stage.state(draft.draft_id)) == ([*before(way), way], "failed")


@at_every_step
@pytest.mark.parametrize(
    ("refusal", "code", "seconds"),
    [
        ("too_many_requests", Code.RATE_LIMITED, 4 * HOUR),
        ("disconnected", Code.ACCOUNT_DISCONNECTED, 10 * MINUTE),
        ("account_not_found", Code.ACCOUNT_DISCONNECTED, 10 * MINUTE),
    ],
)
def test_what_certainly_did_not_leave_is_tried_again_on_the_same_way(
    stage: Stage, way: str, refusal: str, code: Code, seconds: float
) -> None:
    close(stage, *before(way))
    stage.fail(Kind.REFUSE, refusal=refusal, retry_after=None)
    draft = on_linkedin(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, code)
    tried = [*before(way), way]
    assert ways(stage) == tried
    stage.world.step(seconds - 60)
    stage.sweep()
    assert ways(stage) == tried
    stage.world.step(120)
    stage.sweep()
    assert (ways(stage), accepted(stage)) == ([*tried, way], 1)
    assert stage.scene.message_now(draft.draft_id).route == way


@at_every_step
def test_what_a_limit_of_a_day_has_held_up_is_for_a_person(stage: Stage, way: str) -> None:
    close(stage, *before(way))
    stage.fail(Kind.REFUSE, refusal="cannot_resend_yet", retry_after=None)
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).code is Code.RATE_LIMITED
    tried = [*before(way), way]
    stage.world.step(24 * HOUR - 60)
    assert stage.sweep().codes == {}
    stage.world.step(120)
    stage.sweep()
    assert (ways(stage), accepted(stage)) == (tried, 0)
    held = stage.scene.draft_now(draft.draft_id)
    assert (held.state, held.code) == ("needs_review", "waited_too_long")
    lead = stage.scene.lead_now()
    approve(stage.scene.store, stage.world, held, lead, sent_by="setter", user="kim")
    stage.sweep()
    assert (ways(stage), accepted(stage)) == ([*tried, way], 1)


# --- between two ways ----------------------------------------------------------------------------


def between(stage: Stage, call: Callable[[], object]) -> None:
    """Let something happen right after the first way was refused, and that is written down."""
    stage.world.after = Once(is_settlement, call)


def test_a_pause_between_two_ways_stops_the_second(stage: Stage) -> None:
    close(stage, "direct")
    between(stage, lambda: pause(stage.system.store, stage.world, "*", None))
    draft = on_linkedin(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.PAUSED_ALL)
    assert ways(stage) == ["direct"]
    resume(stage.system.store, stage.world, "*", None)
    stage.world.step(MINUTE)
    stage.sweep()
    assert (ways(stage), accepted(stage)) == (["direct", "inmail"], 1)


def opt_out(stage: Stage) -> None:
    webhook = CHAT.inbound(stage.scene, "STOP", at=stage.world.now())
    assert stage.post(webhook, resource="/webhooks/unipile/{workspace}").status == 200


def suppress_address(stage: Stage) -> None:
    key = suppression_key(stage.scene.workspace, "linkedin", stage.scene.linkedin_id)
    stage.scene.put(Suppression(key, reason="opted_out", created_at=0))


def blacklist(stage: Stage) -> None:
    lead = Lead(stage.scene.lead_id)
    stage.update(lead, Lead.blacklisted.set(True), Lead.version.add(1))


@pytest.mark.parametrize("stop", [opt_out, suppress_address, blacklist])
def test_a_stop_between_two_ways_ends_it(stage: Stage, stop: Callable[[Stage], None]) -> None:
    close(stage, "direct")
    between(stage, lambda: stop(stage))
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.REFUSED
    assert (ways(stage), stage.state(draft.draft_id)) == (["direct"], "failed")


def test_a_stop_right_before_the_second_claim_ends_it(stage: Stage) -> None:
    close(stage, "direct")
    claims: list[str] = []

    def stop_the_second(effect: Any, name: str) -> None:
        if is_claim(effect, name):
            claims.append(name)
            if len(claims) == 2:
                suppress_address(stage)

    stage.world.before = stop_the_second
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).code is Code.OPTED_OUT
    assert (ways(stage), len(claims)) == (["direct"], 2)


def test_an_answer_of_the_lead_between_two_ways_ends_it(stage: Stage) -> None:
    close(stage, "direct")

    def answer() -> None:
        stage.world.after = nothing
        stage.update(Lead(stage.scene.lead_id), Lead.inbound_count.add(1), Lead.version.add(1))

    between(stage, answer)
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).code is Code.NEWER_INBOUND
    assert (ways(stage), stage.state(draft.draft_id)) == (["direct"], "superseded")


def test_nobody_edits_between_two_ways(stage: Stage) -> None:
    close(stage, "direct")
    draft = on_linkedin(stage)
    refused: list[Code] = []

    def try_to_edit() -> None:
        with pytest.raises(DraftRefused) as refusal:
            edit(stage.scene.store, stage.world, stage.scene.draft_now(draft.draft_id), "Other")
        refused.append(refusal.value.code)

    between(stage, try_to_edit)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert refused == [Code.DRAFT_CLAIMED]


def die() -> None:
    raise KeyboardInterrupt


def test_a_crash_between_two_ways_goes_on_with_the_second(stage: Stage) -> None:
    close(stage, "direct")
    between(stage, die)
    draft = on_linkedin(stage)
    with pytest.raises(KeyboardInterrupt):
        stage.send(draft.draft_id)
    stage.world.after = nothing
    stage.sweep()
    assert (ways(stage), accepted(stage)) == (["direct", "inmail"], 1)
    assert stage.state(draft.draft_id) == "sent"


def test_a_crash_before_a_refusal_is_written_down_parks_it(stage: Stage) -> None:
    """Nobody knows any more that it was one."""
    close(stage, "direct")
    stage.world.before = Once(is_settlement, die)
    draft = on_linkedin(stage)
    with pytest.raises(KeyboardInterrupt):
        stage.send(draft.draft_id)
    stage.world.before = nothing
    for _ in range(10):
        stage.world.step(MINUTE)
        stage.sweep()
    assert (ways(stage), stage.state(draft.draft_id)) == (["direct"], "unknown")


def test_two_invocations_take_each_way_once(stage: Stage) -> None:
    close(stage, "direct")
    draft = on_linkedin(stage)

    def the_other() -> None:
        stage.world.after = nothing
        assert stage.send(draft.draft_id).outcome is SendOutcome.SENT

    between(stage, the_other)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.replayed) == (SendOutcome.SENT, True)
    assert (ways(stage), accepted(stage)) == (["direct", "inmail"], 1)


def test_an_invocation_that_is_overtaken_before_its_second_claim_sends_nothing(
    stage: Stage,
) -> None:
    close(stage, "direct")
    draft = on_linkedin(stage)
    claims: list[str] = []

    def let_the_other_go_first(effect: Any, name: str) -> None:
        if is_claim(effect, name):
            claims.append(name)
            if len(claims) == 2:
                stage.world.before = nothing
                assert stage.send(draft.draft_id).outcome is SendOutcome.SENT

    stage.world.before = let_the_other_go_first
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert (ways(stage), accepted(stage)) == (["direct", "inmail"], 1)


def test_too_little_time_for_the_second_way_leaves_it_to_the_next_minute(stage: Stage) -> None:
    close(stage, "direct")
    stage.world.after = Once(is_send, lambda: stage.world.step(22))
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).code is Code.NO_TIME
    assert ways(stage) == ["direct"]
    stage.sweep()
    assert (ways(stage), accepted(stage)) == (["direct", "inmail"], 1)


# --- the look-up takes the way of the request -----------------------------------------------------


@pytest.mark.parametrize(
    ("way", "path"),
    [
        ("direct", "/api/v1/chat_attendees/{}/messages"),
        ("inmail", "/api/v1/chat_attendees/{}/messages"),
        ("invitation", "/api/v1/users/invite/sent"),
    ],
)
def test_a_parked_way_is_looked_up_where_it_would_show(stage: Stage, way: str, path: str) -> None:
    close(stage, *before(way))
    stage.fail(Kind.RESET_AFTER)
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    stage.world.step(30)
    assert stage.sweep().codes == {"sent_by_evidence": 1}
    requests = stage.sandbox.ledger.requests()
    looked = [entry.path for entry in requests if entry.operation is Operation.LOOK_UP]
    assert looked == [path.format(stage.scene.linkedin_id)]
    row = stage.scene.message_now(draft.draft_id)
    assert row.provider_message_id == stage.sandbox.ledger.accepted()[0].message_id


@pytest.mark.parametrize(
    ("way", "sent_as"), [("inmail", "inmail"), ("invitation", "connection_request")]
)
def test_what_a_look_up_finds_is_recorded_as_what_it_left_as(
    stage: Stage, way: str, sent_as: str
) -> None:
    close(stage, *before(way))
    stage.fail(Kind.RESET_AFTER)
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    stage.world.step(30)
    stage.sweep()
    assert stage.scene.message_now(draft.draft_id).sent_as == sent_as


def test_an_invitation_found_does_not_settle_an_inmail(stage: Stage) -> None:
    """They stand in different lists, and only the list of the way is asked."""
    close(stage, "direct", "inmail")
    first = on_linkedin(stage, key="first")
    assert stage.send(first.draft_id).outcome is SendOutcome.SENT
    close(stage, "direct")
    stage.fail(Kind.RESET_BEFORE)
    second = on_linkedin(stage, key="second")
    stage.send(second.draft_id)
    stage.world.step(30)
    assert stage.sweep().codes == {"looked_absent": 1}


def test_a_new_attempt_that_a_person_orders_takes_the_way_that_was_open(stage: Stage) -> None:
    close(stage, "direct")
    stage.fail(Kind.RESET_BEFORE)
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    stage.sweep()
    assert (ways(stage), accepted(stage)) == (["direct", "inmail", "inmail"], 1)


# --- mailboxes that stand in ---------------------------------------------------------------------

INVALID = {"message": "The selected sender email id is invalid."}
REPLIED = {"data": {"success": True, "message": "Sent", "reply": {"id": 4711}}}


class Scripted:
    """A provider that answers as written down, with a note of each request."""

    def __init__(self, *answers: Answer | NoAnswer) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def forget_connections(self) -> None:
        """There are none."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request; see :class:`system_sender.transport.Transport`."""
        try:
            guard()
        except Withheld as withheld:
            return NoAnswer(began=False, code=withheld.code)
        self.requests.append(request)
        return self.answers.pop(0)

    def mailboxes(self) -> list[int]:
        """Return the mailbox of each request to send, in order."""
        bodies = [json.loads(each.body or b"{}") for each in self.requests if each.body]
        return [body["sender_email_id"] for body in bodies]


def answer(status: int, body: Any) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


REFUSED = answer(422, INVALID)
SENT = answer(200, REPLIED)


def through_emailbison(stage: Stage, *answers: Answer | NoAnswer) -> tuple[Scripted, System, Draft]:
    """Return an approved answer to a lead's e-mail, with two mailboxes that may stand in."""
    stage.scene.integrate("emailbison", senders=["58", "59"])
    event = f"{stage.scene.workspace}:emailbison:reply:1"
    stage.scene.put(
        Inbound(
            event,
            workspace=stage.scene.workspace,
            lead_id=stage.scene.lead_id,
            kind="message",
            provider="emailbison",
            channel="email",
            text="How much?",
            subject="Prices",
            sender=EMAIL,
            to=["sam@out.example.com"],
            handles={"reply_id": "11", "sender_email_id": "57", "lead_id": "5"},
            sequence=0,
            received_at=stage.world.now(),
        )
    )
    transport = Scripted(*answers)
    draft = stage.scene.draft(text=HELLO, channel="email", reply_to=event)
    return transport, stage.scene.system(transport=transport), draft


def test_a_refused_mailbox_is_stood_in_for(stage: Stage) -> None:
    transport, system, draft = through_emailbison(stage, REFUSED, SENT)
    assert stage.send(draft.draft_id, system=system).outcome is SendOutcome.SENT
    assert transport.mailboxes() == [57, 58]
    row = stage.scene.message_now(draft.draft_id)
    assert (row.route, row.refused_routes) == ("sender:58", ["sender:57"])


@pytest.mark.parametrize(
    "unsure",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        NoAnswer(began=True, code=Code.PROVIDER_RESET),
        answer(500, INVALID),
        answer(502, {}),
        Answer(200, {}, b""),
    ],
    ids=["timeout", "reset", "500 with its words", "502", "empty"],
)
def test_a_mailbox_that_may_have_sent_is_not_stood_in_for(
    stage: Stage, unsure: Answer | NoAnswer
) -> None:
    transport, system, draft = through_emailbison(stage, REFUSED, unsure)
    assert stage.send(draft.draft_id, system=system).outcome is SendOutcome.UNKNOWN
    assert transport.mailboxes() == [57, 58]
    assert stage.scene.message_now(draft.draft_id).route == "sender:58"


def test_once_every_mailbox_is_refused_it_begins_again_later_and_ever_later(stage: Stage) -> None:
    transport, system, draft = through_emailbison(stage, *[REFUSED] * 3 * MOST_ATTEMPTS)
    began = stage.world.now()
    rounds: list[tuple[list[int], float]] = []
    stage.send(draft.draft_id, system=system)
    while stage.state(draft.draft_id) == "approved" and len(rounds) < 20:
        rounds.append((transport.mailboxes(), (stage.world.now() - began) / 1000))
        transport.requests.clear()
        due_at = stage.scene.draft_now(draft.draft_id).due_at
        assert due_at is not None
        assert due_at > stage.world.now()
        stage.world.step((due_at - stage.world.now()) / 1000)
        stage.send(draft.draft_id, system=system)
    assert [tried for tried, _ in rounds] == [[57, 58, 59]] * 7
    assert [at for _, at in rounds] == [0, 30, 90, 210, 450, 930, 1890]
    now = stage.scene.draft_now(draft.draft_id)
    assert (now.state, now.code) == ("failed", "attempts_exhausted")
    assert transport.answers == []


def test_a_mailbox_that_is_well_again_sends(stage: Stage) -> None:
    transport, system, draft = through_emailbison(stage, *[REFUSED] * 3, SENT)
    assert stage.send(draft.draft_id, system=system).outcome is SendOutcome.WAITING
    stage.world.step(30)
    assert stage.send(draft.draft_id, system=system).outcome is SendOutcome.SENT
    assert transport.mailboxes() == [57, 58, 59, 57]


def test_more_mailboxes_than_one_round_judges_are_all_tried_in_time(stage: Stage) -> None:
    transport, system, draft = through_emailbison(stage, *[REFUSED] * 6, SENT)
    stage.update(
        *_senders(stage, ["58", "59", "60", "61", "62", "63"]),
    )
    stage.send(draft.draft_id, system=system)
    for _ in range(3):
        stage.world.step(MINUTE)
        stage.send(draft.draft_id, system=system)
    assert transport.mailboxes() == [57, 58, 59, 60, 61, 62, 63]
    assert stage.state(draft.draft_id) == "sent"


def _senders(stage: Stage, senders: list[str]) -> tuple[Any, Any]:
    from system_sender.models import Integration, integration_key

    row = Integration(integration_key(stage.scene.workspace, "emailbison"))
    return row, Integration.senders.set(senders)


def test_the_settlement_of_a_refused_way_that_is_lost_for_good_parks_it(stage: Stage) -> None:
    transport, system, draft = through_emailbison(stage, REFUSED, SENT)
    stage.world.before = Once(named("write message+draft"), die)
    with pytest.raises(KeyboardInterrupt):
        stage.send(draft.draft_id, system=system)
    stage.world.before = nothing
    assert transport.mailboxes() == [57]
    assert stage.state(draft.draft_id) == "sending"
