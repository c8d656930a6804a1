"""What left through the account comes back as an event: ours confirms, a person's overtakes."""

from typing import Any

import pytest

from devstack.sandbox.faults import Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.unipile_webhooks import message_status
from devstack.sandbox.webhooks import Webhook, email_stats
from system_sender import echoes
from system_sender.codes import Code
from system_sender.models import (
    Alias,
    Draft,
    Evidence,
    Inbound,
    Lead,
    email_alias,
    suppression_key,
)
from system_sender.replying import perform_inbound
from system_sender.result import SendOutcome
from system_sender.states import DraftState
from system_sender.webhook import WebhookResponse
from system_sender.word import settle_by_word
from tests.engine.stage import Once, Stage, is_claim, is_settlement, named, nothing
from tests.support.correspondents import CORRESPONDENTS, iso
from tests.support.scene import EMAIL, SECRET
from tests.support.tables import rows

CHAT = CORRESPONDENTS["unipile"]
HELLO = "Hi Dana, does 2pm Tuesday work?"
BY_HAND = "Dana, I shall call you in a minute."
DAY = 24 * 3600


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """The workspace has a LinkedIn account, whose events do not say who wrote a message."""
    CHAT.integrate(stage.scene)
    return stage


def on_linkedin(stage: Stage, key: str = "hello", text: str = HELLO, **changes: Any) -> Draft:
    return stage.scene.draft(key, text, channel="linkedin", **changes)


def waiting(stage: Stage, key: str = "other") -> Draft:
    """Return a draft that nobody approved yet."""
    return on_linkedin(stage, key, "Another text", state=DraftState.PENDING, sent_by=None)


def echo_of(stage: Stage, text: str, message_id: str = "own1", at: int | None = None) -> Webhook:
    webhook = CHAT.echo(
        stage.scene, text, message_id=message_id, at=stage.world.now() if at is None else at
    )
    assert webhook is not None
    return webhook


def post(stage: Stage, webhook: Webhook, provider: str = "unipile") -> WebhookResponse:
    answer = stage.post(webhook, resource=f"/webhooks/{provider}/{{workspace}}")
    assert answer.status == 200
    return answer


def tell(stage: Stage, text: str, message_id: str = "own1", at: int | None = None) -> str:
    """Post the echo of a message on LinkedIn; return what its work came to."""
    return str(post(stage, echo_of(stage, text, message_id, at)).fields["work"])


def parked(stage: Stage, kind: Kind = Kind.RESET_AFTER, **changes: Any) -> Draft:
    draft = on_linkedin(stage, **changes)
    stage.fail(kind)
    assert stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    return draft


def accepted_id(stage: Stage) -> str:
    return str(stage.sandbox.ledger.accepted()[-1].message_id)


def humans(stage: Stage) -> int:
    return int(stage.scene.lead_now().human_outbound_count)


def finished(stage: Stage) -> list[str | None]:
    return [row.finished_code for row in stage.inbound()]


def later(stage: Stage, seconds: float = 61) -> dict[str, int]:
    stage.world.step(seconds)
    return stage.sweep().codes


# --- our own -------------------------------------------------------------------------------------


def test_our_own_message_is_recognised_after_it_was_sent(stage: Stage) -> None:
    other = waiting(stage)
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    version = stage.scene.lead_now().version
    assert tell(stage, HELLO, accepted_id(stage)) == "echo_matched"
    assert (humans(stage), stage.scene.lead_now().version) == (0, version)
    assert stage.state(other.draft_id) == "pending"
    assert finished(stage) == ["echo_matched"]
    assert stage.sweep().due == 0


def test_our_own_message_is_recognised_by_its_id_whatever_became_of_its_text(stage: Stage) -> None:
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    assert tell(stage, "Shortened on its way", accepted_id(stage)) == "echo_matched"
    assert humans(stage) == 0


def test_an_echo_that_overtakes_the_settlement_is_held_and_then_recognised(stage: Stage) -> None:
    other = waiting(stage)
    draft = on_linkedin(stage)
    told: list[str] = []

    def come_early() -> None:
        told.append(tell(stage, HELLO, accepted_id(stage)))
        assert stage.scene.message_now(draft.draft_id).state == "sending"

    stage.world.before = Once(is_settlement, come_early)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert told == ["echo_held"]
    assert later(stage) == {"echo_matched": 1}
    assert (humans(stage), stage.state(other.draft_id)) == (0, "pending")
    assert len(stage.sandbox.ledger.sends()) == 1


def test_an_echo_settles_what_a_dead_process_left_as_sending(stage: Stage) -> None:
    draft = on_linkedin(stage)

    def die() -> None:
        raise KeyboardInterrupt

    stage.world.before = Once(is_settlement, die)
    with pytest.raises(KeyboardInterrupt):
        stage.send(draft.draft_id)
    stage.world.before = nothing
    assert tell(stage, HELLO, accepted_id(stage)) == "echo_held"
    for _ in range(5):
        later(stage)
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.provider_message_id) == ("sent", accepted_id(stage))
    assert (stage.state(draft.draft_id), humans(stage)) == ("sent", 0)
    assert finished(stage) == ["echo_matched"]
    assert len(stage.sandbox.ledger.sends()) == 1


def test_an_echo_settles_a_delivery_whose_outcome_was_unknown(stage: Stage) -> None:
    draft = parked(stage)
    assert tell(stage, HELLO, "own1") == "echo_matched"
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.code, row.provider_message_id) == ("sent", "sent_by_evidence", "own1")
    assert row.attention is None
    assert (stage.state(draft.draft_id), humans(stage)) == ("sent", 0)
    assert not stage.scene.lead_now().open_drafts
    [used] = rows(stage.connection, Evidence)
    assert (used.delivery, used.source) == (f"{draft.draft_id}#0", "echo")
    again = stage.approve_and_send(draft.draft_id, "setter")
    assert (again.outcome, again.provider_ids) == (SendOutcome.SENT, ("own1",))
    later(stage, 3700)
    assert not [
        entry for entry in stage.sandbox.ledger.requests() if entry.operation is Operation.LOOK_UP
    ]


def test_an_echo_of_the_machines_kind_settles_a_text_message(stage: Stage) -> None:
    draft = stage.scene.draft(text=HELLO)
    stage.fail(Kind.RESET_AFTER)
    stage.send(draft.draft_id)
    webhook = stage.human_text(HELLO, source="api", messageId="sms1")
    assert stage.post(webhook).fields["work"] == "echo_matched"
    row = stage.scene.message_now(draft.draft_id)
    assert (row.state, row.provider_message_id) == ("sent", "sms1")


def test_an_echo_of_one_part_lets_the_rest_of_the_text_go(stage: Stage) -> None:
    long = "alpha " * 25 + "bravo " * 25 + "gamma " * 20
    draft = stage.scene.draft(text=long)
    stage.fail(Kind.RESET_AFTER, skip=1)
    stage.send(draft.draft_id)
    [_, second] = stage.scene.sent_texts()
    stage.post(stage.human_text(second, source="api", messageId="sms1"))
    stage.sweep()
    texts = stage.scene.sent_texts()
    assert (len(texts), " ".join(" ".join(texts).split())) == (3, " ".join(long.split()))


def test_an_echo_settles_one_of_two_equal_texts_only_when_it_is_certain_which(stage: Stage) -> None:
    first = parked(stage, Kind.RESET_BEFORE, key="first")
    second = parked(stage, Kind.RESET_AFTER, key="second")
    assert tell(stage, HELLO, "own1") == "echo_held"
    assert (stage.state(first.draft_id), stage.state(second.draft_id)) == ("unknown", "unknown")
    settle_by_word(stage.system, first.draft_id, 0, sent=False, resend=False)
    assert later(stage, 61)["echo_matched"] == 1
    assert stage.state(second.draft_id) == "sent"


def test_an_echo_of_what_nobody_can_tell_apart_does_not_wait_for_ever(stage: Stage) -> None:
    drafts = [parked(stage, Kind.RESET_AFTER, key=key) for key in ("first", "second")]
    tell(stage, HELLO, "own1")
    later(stage, 3 * 3600)
    assert finished(stage) == ["echo_matched"]
    assert humans(stage) == 0
    assert [stage.state(draft.draft_id) for draft in drafts] == ["unknown", "unknown"]


def test_one_echo_settles_one_delivery(stage: Stage) -> None:
    first = parked(stage, key="first")
    tell(stage, HELLO, "own1")
    second = parked(stage, Kind.RESET_BEFORE, key="second")
    assert tell(stage, HELLO, "own1") == "echo_matched"
    assert (stage.state(first.draft_id), stage.state(second.draft_id)) == ("sent", "unknown")


def test_an_echo_of_an_older_message_with_the_same_text_settles_nothing(stage: Stage) -> None:
    yesterday = stage.world.now() - DAY * 1000
    draft = parked(stage, Kind.RESET_BEFORE)
    assert tell(stage, HELLO, "own1", at=yesterday) == "human_replied"
    assert stage.state(draft.draft_id) == "unknown"


def test_a_send_without_an_id_may_be_what_an_echo_tells_of(stage: Stage) -> None:
    """One echo, and two deliveries that it could be: only one of them is in doubt."""
    stage.fail(Kind.SUCCESS_WITHOUT_ID)
    known = on_linkedin(stage, "known")
    assert stage.send(known.draft_id).outcome is SendOutcome.SENT
    draft = parked(stage, Kind.RESET_BEFORE, key="second")
    assert tell(stage, HELLO, "own1") == "echo_held"
    assert stage.state(draft.draft_id) == "unknown"


def test_an_echo_gives_a_send_without_an_id_its_id(stage: Stage) -> None:
    stage.fail(Kind.SUCCESS_WITHOUT_ID)
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    assert tell(stage, HELLO, "own1") == "echo_matched"
    assert stage.scene.message_now(draft.draft_id).provider_message_id == "own1"
    later(stage, 600)
    assert len(rows(stage.connection, Evidence)) == 1


def test_an_echo_of_a_send_without_an_id_is_not_taken_for_one_that_waits(stage: Stage) -> None:
    stage.fail(Kind.SUCCESS_WITHOUT_ID)
    stage.send(on_linkedin(stage, "known").draft_id)
    draft = on_linkedin(stage, "second")
    stage.fail(Kind.REFUSE, refusal="too_many_requests")
    assert stage.send(draft.draft_id).code is Code.RATE_LIMITED
    tell(stage, HELLO, "own1")
    assert stage.state(draft.draft_id) == "approved"


def test_late_evidence_ends_an_attempt_that_a_person_took_for_lost(stage: Stage) -> None:
    draft = parked(stage)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    assert tell(stage, HELLO, "own1") == "echo_matched"
    stage.sweep()
    assert stage.state(draft.draft_id) == "sent"
    assert len(stage.sandbox.ledger.sends()) == 1


def test_a_persons_message_through_us_is_counted_once(stage: Stage) -> None:
    draft = on_linkedin(stage, sent_by="setter")
    stage.send(draft.draft_id)
    assert humans(stage) == 1
    assert tell(stage, HELLO, accepted_id(stage)) == "echo_matched"
    assert humans(stage) == 1


# --- a person's ----------------------------------------------------------------------------------


def test_a_persons_own_message_overtakes_every_open_draft(stage: Stage) -> None:
    drafts = [waiting(stage, "one"), waiting(stage, "two")]
    version = stage.scene.lead_now().version
    assert tell(stage, BY_HAND) == "human_replied"
    lead = stage.scene.lead_now()
    assert (lead.human_outbound_count, lead.version) == (1, version + 1)
    assert lead.automated_in_a_row == 0
    assert [stage.state(draft.draft_id) for draft in drafts] == ["superseded"] * 2
    assert not lead.open_drafts


def test_a_persons_message_is_counted_once_however_often_it_is_told(stage: Stage) -> None:
    webhook = echo_of(stage, BY_HAND)
    works = [post(stage, webhook).fields["work"] for _ in range(3)]
    assert (works, humans(stage)) == (["human_replied"] * 3, 1)
    assert len(stage.inbound()) == 1


def test_a_persons_message_that_is_counted_twice_at_once_is_counted_once(stage: Stage) -> None:
    def again() -> None:
        stage.world.before = nothing
        [event] = stage.inbound()
        perform_inbound(stage.system, event.event_id, budget=stage.budget(), may_call_models=True)

    stage.world.before = Once(named("write lead+event"), again)
    assert tell(stage, BY_HAND) == "human_replied"
    assert humans(stage) == 1


def test_a_persons_message_between_the_judgement_and_the_claim_wins(stage: Stage) -> None:
    draft = on_linkedin(stage)
    stage.world.before = Once(is_claim, lambda: tell(stage, BY_HAND))
    result = stage.send(draft.draft_id)
    assert result.code is Code.HUMAN_REPLIED
    assert stage.state(draft.draft_id) == "superseded"
    assert stage.sandbox.ledger.sends() == []


def test_a_crash_between_counting_and_overtaking_lets_nothing_out(stage: Stage) -> None:
    draft = on_linkedin(stage)

    def die() -> None:
        raise KeyboardInterrupt

    stage.world.before = Once(named("write draft0"), die)
    with pytest.raises(KeyboardInterrupt):
        tell(stage, BY_HAND)
    stage.world.before = nothing
    later(stage)
    assert (stage.state(draft.draft_id), humans(stage)) == ("superseded", 1)
    assert stage.sandbox.ledger.sends() == []


def test_while_a_delivery_is_undecided_a_persons_message_is_held(stage: Stage) -> None:
    """A provider may have changed our text on its way."""
    draft = parked(stage, Kind.RESET_BEFORE)
    assert tell(stage, BY_HAND) == "echo_held"
    assert humans(stage) == 0
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=False)
    other = waiting(stage)
    assert later(stage)["human_replied"] == 1
    assert (humans(stage), stage.state(other.draft_id)) == (1, "superseded")


def test_while_a_persons_message_is_held_no_machine_talks_over_them(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    assert tell(stage, BY_HAND) == "echo_held"
    machines = on_linkedin(stage, "machines", "Just following up")
    result = stage.send(machines.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.ECHO_HELD)
    persons = on_linkedin(stage, "persons", "Here I am", sent_by="setter")
    assert stage.send(persons.draft_id).outcome is SendOutcome.SENT
    settle_by_word(stage.system, draft.draft_id, 0, sent=True, resend=False)
    later(stage, 121)
    assert stage.state(machines.draft_id) == "superseded"


def test_a_persons_message_that_is_held_between_the_judgement_and_the_claim_wins(
    stage: Stage,
) -> None:
    parked(stage, Kind.RESET_BEFORE)
    machines = on_linkedin(stage, "machines", "Just following up")

    def hold() -> None:
        stage.world.before = nothing
        assert tell(stage, BY_HAND) == "echo_held"

    stage.world.before = Once(is_claim, hold)
    result = stage.send(machines.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.ECHO_HELD)


def test_a_persons_message_that_the_lead_has_answered_since_overtakes_nothing(
    stage: Stage,
) -> None:
    wrote_at = stage.world.now()
    stage.world.step(600)
    stage.update(Lead(stage.scene.lead_id), Lead.campaign_id.remove())
    post(stage, CHAT.inbound(stage.scene, "How much is it?", number=1, at=stage.world.now()))
    answer = waiting(stage)
    assert tell(stage, BY_HAND, at=wrote_at) == "recorded"
    assert (humans(stage), stage.state(answer.draft_id)) == (0, "pending")


def test_a_persons_message_that_is_counted_as_the_lead_writes_overtakes_nothing(
    stage: Stage,
) -> None:
    wrote_at = stage.world.now()
    stage.world.step(600)
    stage.update(Lead(stage.scene.lead_id), Lead.campaign_id.remove())
    answers: list[Draft] = []

    def write() -> None:
        inbound = CHAT.inbound(stage.scene, "How much is it?", number=1, at=stage.world.now())
        post(stage, inbound)
        answers.append(waiting(stage))

    stage.world.before = Once(named("write lead+event"), write)
    assert tell(stage, BY_HAND, at=wrote_at) == "recorded"
    [answer] = answers
    assert (humans(stage), stage.state(answer.draft_id)) == (0, "pending")


def test_a_second_message_with_the_words_of_ours_is_a_persons(stage: Stage) -> None:
    stage.send(on_linkedin(stage).draft_id)
    assert tell(stage, HELLO, accepted_id(stage)) == "echo_matched"
    assert tell(stage, HELLO, "by-hand") == "human_replied"


def test_a_first_attempt_that_left_after_all_is_an_alarm_when_the_next_one_left_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarms: list[None] = []
    monkeypatch.setattr(echoes, "emit_contradiction", lambda: alarms.append(None))
    draft = parked(stage)
    first = accepted_id(stage)
    settle_by_word(stage.system, draft.draft_id, 0, sent=False, resend=True)
    stage.world.step(400)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    began = stage.world.now() - 400_000
    assert tell(stage, HELLO, first, at=began) == "echo_matched"
    assert (len(alarms), humans(stage)) == (1, 0)


def test_a_persons_message_during_a_send_is_counted_once_that_is_settled(stage: Stage) -> None:
    other = waiting(stage)
    draft = on_linkedin(stage)
    told: list[str] = []
    stage.world.before = Once(is_settlement, lambda: told.append(tell(stage, BY_HAND)))
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert (told, humans(stage)) == (["echo_held"], 0)
    assert later(stage) == {"human_replied": 1}
    assert (humans(stage), stage.state(other.draft_id)) == (1, "superseded")


def test_a_persons_message_is_not_held_for_longer_than_two_hours(stage: Stage) -> None:
    draft = parked(stage, Kind.RESET_BEFORE)
    tell(stage, BY_HAND)
    later(stage, 3600)
    assert humans(stage) == 0
    later(stage, 3600)
    assert (humans(stage), stage.state(draft.draft_id)) == (1, "unknown")


def test_a_persons_message_long_after_a_delivery_was_parked_is_not_held(stage: Stage) -> None:
    parked(stage, Kind.RESET_BEFORE)
    later(stage, 3600)
    assert tell(stage, BY_HAND) == "human_replied"


def test_the_text_of_a_refused_draft_that_a_person_sends_by_hand_is_theirs(stage: Stage) -> None:
    stage.fail(Kind.REFUSE, refusal="not_found")
    draft = on_linkedin(stage)
    assert stage.send(draft.draft_id).outcome is SendOutcome.REFUSED
    other = waiting(stage)
    assert tell(stage, HELLO, "own1") == "human_replied"
    row = stage.scene.message_now(draft.draft_id)
    assert row.state == "rejected"
    assert row.provider_message_id is None
    assert stage.state(other.draft_id) == "superseded"


def test_an_echo_never_counts_as_an_answer_of_the_lead(stage: Stage) -> None:
    tell(stage, BY_HAND)
    lead = stage.scene.lead_now()
    assert lead.inbound_count == 0
    assert lead.last_inbound_at is None
    assert lead.latest_inbound is None
    assert stage.drafts() == []


# --- nobody's ------------------------------------------------------------------------------------


def test_a_machines_message_is_looked_at_even_if_nothing_of_ours_is_open(stage: Stage) -> None:
    """A delivery that a person took for lost is listed nowhere, and its echo proves them wrong."""
    stage.send(stage.scene.draft().draft_id)
    version = stage.scene.lead_now().version
    answer = stage.post(stage.human_text("A campaign's text", source="workflow", messageId="x1"))
    assert (answer.status, answer.fields["work"]) == (200, "event_ignored")
    assert (finished(stage), stage.scene.lead_now().version) == (["event_ignored"], version)


def test_a_machines_message_that_is_none_of_ours_overtakes_nothing(stage: Stage) -> None:
    other = stage.scene.draft("other", "Hm?", state=DraftState.PENDING, sent_by=None)
    webhook = stage.human_text("A campaign's text", source="workflow", messageId="x1")
    assert stage.post(webhook).fields["work"] == "event_ignored"
    assert (humans(stage), stage.state(other.draft_id)) == (0, "pending")


def test_an_echo_to_somebody_who_is_no_lead_makes_none(stage: Stage) -> None:
    webhook = echo_of(stage, BY_HAND)
    body = webhook.body.replace(stage.scene.linkedin_id.encode(), b"ACoAAstranger01")
    answer = post(stage, Webhook(body, webhook.headers))
    assert answer.code is Code.EVENT_IGNORED
    assert (len(stage.leads()), stage.inbound()) == (1, [])


def test_an_echo_whose_lead_is_gone_comes_to_an_end(stage: Stage) -> None:
    parked(stage, Kind.RESET_BEFORE)
    tell(stage, BY_HAND)
    stage.delete(Lead, stage.scene.lead_id)
    later(stage)
    assert finished(stage) == ["lead_not_found"]


# --- what became of it ---------------------------------------------------------------------------


def status(stage: Stage, message_id: str, event: str, at: int) -> str:
    webhook = message_status(
        secret=SECRET,
        account_id=CHAT.account(stage.scene),
        contact_id=stage.scene.linkedin_id,
        message_id=message_id,
        event=event,
        timestamp=iso(at),
    )
    return str(post(stage, webhook).fields["work"])


@pytest.mark.parametrize("order", [("delivered", "read"), ("read", "delivered")])
def test_the_latest_word_about_a_message_stands_in_whatever_order_it_comes(
    stage: Stage, order: tuple[str, str]
) -> None:
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    version, now = stage.scene.lead_now().version, stage.world.now()
    times = {"delivered": now + 1_000, "read": now + 9_000}
    for name in order:
        told = status(stage, accepted_id(stage), f"message_{name}", times[name])
        assert told == "status_recorded"
    row = stage.scene.message_now(draft.draft_id)
    assert (row.delivery_status, row.delivery_status_at) == ("read", times["read"])
    assert (row.state, stage.scene.lead_now().version) == ("sent", version)
    assert stage.sweep().due == 0


def test_a_status_that_comes_again_changes_nothing(stage: Stage) -> None:
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    now = stage.world.now()
    for _ in range(3):
        status(stage, accepted_id(stage), "message_read", now)
    assert len(stage.inbound()) == 1


def test_two_statuses_at_once_leave_the_later_one(stage: Stage) -> None:
    draft = on_linkedin(stage)
    stage.send(draft.draft_id)
    message_id, now = accepted_id(stage), stage.world.now()

    def read() -> None:
        stage.world.before = nothing
        status(stage, message_id, "message_read", now + 9_000)

    stage.world.before = Once(named("write message+event"), read)
    status(stage, message_id, "message_delivered", now + 1_000)
    assert stage.scene.message_now(draft.draft_id).delivery_status == "read"
    assert finished(stage) == ["status_recorded"] * 2


def test_a_status_that_overtakes_the_settlement_is_kept_for_it(stage: Stage) -> None:
    draft = on_linkedin(stage)
    told: list[str] = []

    def come_early() -> None:
        now = stage.world.now()
        told.append(status(stage, accepted_id(stage), "message_delivered", now))

    stage.world.before = Once(is_settlement, come_early)
    stage.send(draft.draft_id)
    assert told == ["echo_held"]
    assert later(stage) == {"status_recorded": 1}
    assert stage.scene.message_now(draft.draft_id).delivery_status == "delivered"


def test_a_status_of_anothers_message_does_not_wait_for_ever(stage: Stage) -> None:
    parked(stage, Kind.RESET_BEFORE)
    assert status(stage, "theirs1", "message_read", stage.world.now()) == "echo_held"
    later(stage, 2 * 3600)
    assert finished(stage) == ["status_unmatched"]


def test_a_status_of_a_message_that_is_not_ours_is_recorded_as_such(stage: Stage) -> None:
    stage.send(on_linkedin(stage).draft_id)
    assert status(stage, "theirs1", "message_read", stage.world.now()) == "status_unmatched"
    assert humans(stage) == 0


def mail_event(stage: Stage, event: str, recipient: str = EMAIL, **fields: Any) -> WebhookResponse:
    webhook = email_stats(
        stage.signer,
        location_id=stage.scene.location,
        recipient=recipient,
        event=event,
        timestamp=iso(stage.world.now()),
        **fields,
    )
    return post(stage, webhook, "gohighlevel")


def mailed(stage: Stage, key: str = "mail") -> Draft:
    return stage.scene.draft(key, HELLO, channel="email", subject="Tuesday")


def email_key(stage: Stage, address: str) -> str:
    return suppression_key(stage.scene.workspace, "email", address)


def test_a_bounce_stands_with_its_message_and_stops_the_address(stage: Stage) -> None:
    draft = mailed(stage)
    stage.send(draft.draft_id)
    mail_event(stage, "failed", severity="permanent", email_message_id=accepted_id(stage))
    row = stage.scene.message_now(draft.draft_id)
    assert (row.delivery_status, row.state) == ("bounced", "sent")
    assert stage.suppressions() == {email_key(stage, EMAIL)}
    second = mailed(stage, "second")
    assert stage.send(second.draft_id).code is Code.OPTED_OUT
    third = stage.scene.draft("third")
    assert stage.send(third.draft_id).outcome is SendOutcome.SENT


def test_the_bounce_of_a_copy_does_not_stop_the_lead(stage: Stage) -> None:
    draft = mailed(stage)
    stage.send(draft.draft_id)
    mail_event(
        stage,
        "failed",
        "colleague@example.com",
        severity="permanent",
        email_message_id=accepted_id(stage),
    )
    assert email_key(stage, EMAIL) not in stage.suppressions()
    assert stage.send(mailed(stage, "second").draft_id).outcome is SendOutcome.SENT


def test_a_bounce_that_is_only_temporary_stops_nobody(stage: Stage) -> None:
    mail_event(stage, "failed", severity="temporary")
    assert stage.suppressions() == set()


def test_an_unsubscription_between_the_judgement_and_the_claim_wins(stage: Stage) -> None:
    draft = mailed(stage)
    stage.world.before = Once(is_claim, lambda: mail_event(stage, "unsubscribed"))
    result = stage.send(draft.draft_id)
    assert (result.code, stage.state(draft.draft_id)) == (Code.OPTED_OUT, "failed")
    assert stage.sandbox.ledger.sends() == []


def test_an_unsubscription_of_nobody_we_know_stops_the_claim_all_the_same(stage: Stage) -> None:
    """The law is the row of the address, not the person it is known to belong to."""
    draft = mailed(stage)
    stage.delete(Alias, email_alias(stage.scene.workspace, EMAIL))
    stage.world.before = Once(is_claim, lambda: mail_event(stage, "complained"))
    assert stage.send(draft.draft_id).code is Code.OPTED_OUT
    assert stage.sandbox.ledger.accepted() == []


def test_held_events_are_due_each_minute_and_no_sooner(stage: Stage) -> None:
    parked(stage, Kind.RESET_BEFORE)
    tell(stage, BY_HAND)
    [event] = [row for row in rows(stage.connection, Inbound) if row.kind == "echo"]
    assert event.due_at == stage.world.now() + 60_000
