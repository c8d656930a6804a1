"""Anything in any order, on every channel: webhooks, duplicates, crashes, people, switches, time.

After each step the promises are compared with the provider's ledger; see :mod:`agency`.
"""

from dataclasses import replace
from typing import Any

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pynamodb.connection import Connection

from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from system_sender.codes import Code
from system_sender.drafts import DraftRefused, approve, edit, reject
from system_sender.models import Draft, Lead
from system_sender.states import DraftState, MessageState
from system_sender.switches import pause, resume
from system_sender.word import settle_by_word
from tests.property.agency import THROUGH, Agency, Posted

LONG = " ".join(f"{{0}}, sentence {n} of many." for n in range(12))

kills = st.one_of(st.none(), st.none(), st.integers(1, 10))
senders = st.sampled_from(["ai", "setter"])
channels = st.sampled_from(["sms", "sms", "email", "linkedin"])
# A refusal is called by its meaning here: each provider has its own name for it.
faults = st.sampled_from(
    [
        None,
        None,
        Fault(Kind.RESET_BEFORE),
        Fault(Kind.RESET_AFTER),
        Fault(Kind.RESET_AFTER, skip=1),
        Fault(Kind.STALL_AFTER, seconds=60),
        Fault(Kind.SERVER_ERROR_BEFORE),
        Fault(Kind.SERVER_ERROR_AFTER),
        Fault(Kind.EMPTY_SUCCESS),
        Fault(Kind.SUCCESS_WITHOUT_ID),
        Fault(Kind.REFUSE, refusal="rate_limited"),
        Fault(Kind.REFUSE, refusal="rate_limited", skip=1),
        Fault(Kind.REFUSE, refusal="rate_limited", times=6),
        Fault(Kind.REFUSE, refusal="unauthorized"),
        Fault(Kind.REFUSE, refusal="refused"),
        Fault(Kind.REFUSE, refusal="refused", skip=1),
        Fault(Kind.REFUSE, refusal="not_connected"),
        Fault(Kind.RESET_BEFORE, operation=Operation.LOOK_UP),
        Fault(Kind.REFUSE, refusal="unauthorized", operation=Operation.LOOK_UP),
    ]
)
scopes = st.sampled_from([("*", None), ("*", "email"), ("own", None), ("own", "sms")])


class AnyOrder(Agency):
    """Everything that may happen to the agency."""

    drafts_made = Bundle("drafts_made")
    webhooks = Bundle("webhooks")

    @initialize()
    def begin(self) -> None:
        """Count what is made."""
        self.made = 0

    # --- the lead, the providers, and a person in their apps

    def _inbound(self, channel: str, text: str) -> Posted:
        self.made += 1
        through = THROUGH[channel]
        now = self.stage.world.now()
        webhook = through.inbound(self.stage.scene, text, number=self.made, at=now)
        return Posted(through, webhook)

    @rule(
        target=webhooks,
        channel=channels,
        text=st.sampled_from(["Hello?", "Tue works", "Stop by at 3", "yes", "yes"]),
        deliver=st.booleans(),
        kill=kills,
        after=st.booleans(),
    )
    def the_lead_writes(
        self, channel: str, text: str, deliver: bool, kill: int | None, after: bool
    ) -> Any:
        posted = self._inbound(channel, text)
        if deliver:
            self.deliver(posted, kill, after=after)
        return posted

    @rule(posted=webhooks, kill=kills, after=st.booleans())
    def a_webhook_arrives_again_or_late(
        self, posted: Posted, kill: int | None, after: bool
    ) -> None:
        self.deliver(posted, kill, after=after)

    @rule(target=webhooks, linkedin=st.booleans(), kill=kills)
    def a_person_answers_in_the_app(self, linkedin: bool, kill: int | None) -> Any:
        self.made += 1
        name = f"ms{self.made}"
        self.by_people.add(name)
        posted = (
            self._echo("linkedin", "I'll take it", name, self.stage.world.now())
            if linkedin
            else Posted(
                THROUGH["sms"],
                self.stage.human_text("I'll take it", messageId=name, webhookId=f"wh{name}"),
            )
        )
        self.deliver(posted, kill, after=True)
        return posted

    @precondition(lambda self: self.stage.sandbox.ledger.accepted())
    @rule(target=webhooks, data=st.data(), deliver=st.booleans(), kill=kills, after=st.booleans())
    def a_provider_tells_of_what_left(
        self, data: st.DataObject, deliver: bool, kill: int | None, after: bool
    ) -> Any:
        entry = data.draw(st.sampled_from(self.stage.sandbox.ledger.accepted()))
        channel = self.channel_of(entry)
        posted = self._echo(channel, entry.text, str(entry.message_id), entry.began_at)
        if deliver:
            self.deliver(posted, kill, after=after)
        return posted

    def _echo(self, channel: str, text: str, message_id: str, at: int) -> Posted:
        through = THROUGH[channel]
        webhook = through.echo(self.stage.scene, text, message_id=message_id, at=at)
        assert webhook is not None
        return Posted(through, webhook)

    @precondition(lambda self: self.made > 6)
    @rule(
        channel=channels,
        word=st.sampled_from(["STOP", "please stop texting me", "dnd"]),
        kill=kills,
    )
    def the_lead_opts_out(self, channel: str, word: str, kill: int | None) -> None:
        posted = self._inbound(channel, word)
        if word == "dnd":
            posted = Posted(THROUGH["sms"], self.stage.dnd(webhookId=f"wh{self.made}"))
        self.deliver(posted, kill, after=True)

    # --- drafts and people

    @rule(
        target=drafts_made,
        channel=channels,
        state=st.sampled_from([DraftState.APPROVED, DraftState.PENDING, DraftState.NEEDS_REVIEW]),
        sent_by=senders,
        long=st.booleans(),
        later=st.sampled_from([None, None, 120]),
    )
    def a_draft_is_made(
        self, channel: str, state: DraftState, sent_by: str, long: bool, later: int | None
    ) -> Any:
        return self._made_draft(state, sent_by, channel=channel, long=long, later=later)

    def _made_draft(
        self,
        state: DraftState,
        sent_by: str,
        *,
        long: bool,
        later: int | None = None,
        channel: str = "sms",
    ) -> str:
        self.made += 1
        text = f"Draft {self.made}"
        due_at = None if later is None else self.stage.world.now() + later * 1000
        draft = self.act(
            lambda: self.stage.scene.draft(
                f"d{self.made}",
                text=LONG.format(text) if long else text,
                state=state,
                sent_by=sent_by,
                due_at=due_at,
                channel=channel,
                subject="Tuesday" if channel == "email" else None,
            )
        )
        return str(draft.draft_id)

    @rule(
        target=drafts_made,
        channel=channels,
        fault=faults,
        long=st.booleans(),
        kill=kills,
        after=st.booleans(),
    )
    def a_person_writes_and_sends(
        self, channel: str, fault: Fault | None, long: bool, kill: int | None, after: bool
    ) -> Any:
        draft_id = self._made_draft(DraftState.PENDING, "setter", channel=channel, long=long)
        self.somebody_approves_and_sends(draft_id, "setter", fault, kill, after)
        return draft_id

    @rule(
        target=drafts_made,
        refusal=st.sampled_from(["refused", "rate_limited", None]),
        skip=st.integers(0, 2),
        kill=kills,
    )
    def a_long_text_is_interrupted(self, refusal: str | None, skip: int, kill: int | None) -> Any:
        draft_id = self._made_draft(DraftState.PENDING, "setter", long=True)
        fault = (
            Fault(Kind.RESET_AFTER, skip=skip)
            if refusal is None
            else Fault(Kind.REFUSE, refusal=refusal, skip=skip)
        )
        self.somebody_approves_and_sends(draft_id, "setter", fault, kill, True)
        return draft_id

    @rule(draft_id=drafts_made, fault=faults, kill=kills, after=st.booleans())
    def the_cron_sends(
        self, draft_id: str, fault: Fault | None, kill: int | None, after: bool
    ) -> None:
        self._misbehave(fault)
        self.act(lambda: self.stage.send(draft_id), kill, after=after)

    @rule(draft_id=drafts_made, sent_by=senders, fault=faults, kill=kills, after=st.booleans())
    def somebody_approves_and_sends(
        self, draft_id: str, sent_by: str, fault: Fault | None, kill: int | None, after: bool
    ) -> None:
        self._misbehave(fault)
        self.act(lambda: self.stage.approve_and_send(draft_id, sent_by), kill, after=after)

    def _misbehave(self, fault: Fault | None) -> None:
        sandbox = self.stage.sandbox
        sandbox.clear_faults()
        if fault is None:
            return
        if fault.refusal is None:
            sandbox.program(fault)
            return
        for through in THROUGH.values():
            name = getattr(through.refusals, fault.refusal, None)
            if name is None and through.channel == "linkedin":
                name = fault.refusal
            if name is not None:
                contact = through.recipient(self.stage.scene)
                sandbox.program(replace(fault, refusal=name, contact_id=contact))

    @rule(data=st.data(), sent_by=senders, override=st.booleans())
    def somebody_approves(self, data: st.DataObject, sent_by: str, override: bool) -> None:
        draft = self._any_draft(data)
        if draft is None:
            return
        failed_by_word = draft.code == Code.SETTLED_NOT_SENT
        approved = self._by_hand(
            lambda: approve(
                self.stage.system.store,
                self.stage.world,
                draft,
                self.stage.scene.lead_now(),
                sent_by=sent_by,
                override_stale=override,
            )
        )
        if approved and failed_by_word:
            self._order_anew(str(draft.draft_id))

    @rule(data=st.data())
    def somebody_edits(self, data: st.DataObject) -> None:
        draft = self._any_draft(data)
        if draft is not None:
            self.made += 1
            text = f"Edited {self.made}"
            store = self.stage.system.store
            self._by_hand(lambda: edit(store, self.stage.world, draft, text))

    @rule(data=st.data())
    def somebody_rejects(self, data: st.DataObject) -> None:
        draft = self._any_draft(data)
        if draft is not None:
            self._by_hand(lambda: reject(self.stage.system.store, self.stage.world, draft))

    def _any_draft(self, data: st.DataObject) -> Draft | None:
        drafts = self.drafts()
        return data.draw(st.sampled_from(drafts)) if drafts else None

    def _by_hand(self, call: Any, *, before_the_check: Any = None) -> bool:
        """Let a person act; whether it was allowed."""

        def try_it() -> bool:
            try:
                call()
            except DraftRefused:
                return False
            if before_the_check is not None:
                before_the_check()
            return True

        return bool(self.act(try_it))

    def _order_anew(self, draft_id: str) -> None:
        for row in self.messages():
            delivery = (str(row.draft_id), int(row.part))
            if delivery[0] == draft_id and delivery in self.words:
                self.orders[delivery] += row.state == MessageState.NOT_SENT

    # --- parked deliveries

    @precondition(lambda self: any(row.attention for row in self.messages()))
    @rule(data=st.data(), sent=st.booleans(), resend=st.booleans(), override=st.booleans())
    def a_person_gives_their_word(
        self, data: st.DataObject, sent: bool, resend: bool, override: bool
    ) -> None:
        parked = [row for row in self.messages() if row.attention]
        row = data.draw(st.sampled_from(parked))
        delivery = (str(row.draft_id), int(row.part))
        resend = resend and not sent
        settled = self._by_hand(
            lambda: settle_by_word(
                self.stage.system, *delivery, sent=sent, resend=resend, override_stale=override
            ),
            before_the_check=lambda: self._take_the_word(delivery, resend=resend),
        )
        # Only a resend past a newer message asks for more than the word.
        assert settled or (resend and not override), "what is parked can be settled"

    def _take_the_word(self, delivery: tuple[str, int], *, resend: bool) -> None:
        self.words.add(delivery)
        self.orders[delivery] += resend

    # --- operators, time and misfortune

    @precondition(lambda self: self.made > 3)
    @rule(scope=scopes)
    def an_operator_pauses(self, scope: tuple[str, str | None]) -> None:
        self._switch(pause, scope)

    @rule(scope=scopes)
    def an_operator_resumes(self, scope: tuple[str, str | None]) -> None:
        self._switch(resume, scope)

    def _switch(self, change: Any, scope: tuple[str, str | None]) -> None:
        name = "*" if scope[0] == "*" else self.stage.scene.workspace
        self.act(lambda: change(self.stage.system.store, self.stage.world, name, scope[1]))

    @precondition(lambda self: self.made > 8)
    @rule(blacklisted=st.sampled_from([True, False, False, False]))
    def an_operator_sets_the_blacklist(self, blacklisted: bool) -> None:
        self.act(
            lambda: self.stage.update(
                Lead(self.stage.scene.lead_id),
                Lead.blacklisted.set(blacklisted),
                Lead.version.set(Lead.version + 1),
            )
        )

    @rule(fault=faults, kill=kills, after=st.booleans())
    def the_minute_is_over(self, fault: Fault | None, kill: int | None, after: bool) -> None:
        self._misbehave(fault)
        self.stage.world.step(60)
        self.act(self.stage.sweep, kill, after=after)

    @rule(seconds=st.sampled_from([1, 10, 90, 700, 3600, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.stage.world.step(seconds)

    def teardown(self) -> None:
        """Wait until it is quiet, and judge once more."""
        if hasattr(self, "made"):
            self.settle_down()


STATES = {f"draft {state.value}" for state in DraftState}
STATES |= {f"message {state.value}" for state in MessageState}
STATES |= {f"sent on {channel}" for channel in THROUGH}
STATES |= {"settled by evidence", "echo matched"}
ROUNDS = 6


def test_the_promises_hold_whatever_happens_in_whatever_order(lean_connection: Connection) -> None:
    """Two rounds at least, and more until every state that there is has been reached."""
    AnyOrder.connection = lean_connection
    AnyOrder.seen, AnyOrder.moves = set(), set()
    profile = settings.default
    assert profile is not None
    if not profile.derandomize:
        run_state_machine_as_test(AnyOrder, settings=profile)
        return
    for number in range(ROUNDS):
        run_state_machine_as_test(
            seed(number)(AnyOrder), settings=settings(max_examples=20, stateful_step_count=30)
        )
        if number and AnyOrder.seen == STATES:
            return
    assert AnyOrder.seen == STATES, f"never reached: {STATES - AnyOrder.seen}"
