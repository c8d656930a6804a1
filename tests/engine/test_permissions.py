"""The roles of the template allow what the functions do to DynamoDB, and nothing else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load
from pynamodb.connection import Connection

from devstack.dynamodb_local import DynamoDBLocal
from devstack.sandbox.provider import Fault, Kind, Sandbox
from devstack.sandbox.slack import SlackFault
from devstack.sandbox.slack_interactions import USER, click_on, save
from devstack.sandbox.unipile import provider_id_of
from devstack.sandbox.unipile_webhooks import message_received
from devstack.sandbox.webhooks import (
    Signer,
    Webhook,
    contact_dnd_update,
    inbound_email,
    inbound_message,
    outbound_message,
    workflow_reply,
)
from system_sender.budget import Budget, overdue_at
from system_sender.followups.performing import perform_enrolment
from system_sender.gate import send_approved_draft
from system_sender.models import (
    Alias,
    Campaign,
    Draft,
    Inbound,
    Lead,
    Suppression,
    Workspace,
    linkedin_alias,
    suppression_key,
)
from system_sender.slack.interactions import handle as handle_slack
from system_sender.slack.message import Action
from system_sender.slack.reviewing import CLAIM_MILLISECONDS, show_review
from system_sender.states import DraftState
from system_sender.store import Store, Write
from system_sender.sweep import send_and_show, sweep
from system_sender.switches import POST_WINDOW_SECONDS
from system_sender.transport import Answer, Guard, NoAnswer, Request
from system_sender.webhook import handle
from tests.support.clock import SteppingWorld
from tests.support.dashboard import Dashboard
from tests.support.permissions import ObservedConnection, granted
from tests.support.scene import ANY_HOUR, EMAIL, SECRET, SIGNING_SECRET, Scene
from tests.support.sequences import TWO_STEPS, Winter
from tests.support.tables import create_tables, rows
from tests.support.transport import SandboxTransport

TEMPLATE: dict[str, Any] = json.loads(
    json.dumps(load(str(Path(__file__).parents[2] / "template.yaml")))
)
LONG = "One text that needs two parts to go. " * 8


class Killed(BaseException):
    """The process is gone."""


class DyingTransport(SandboxTransport):
    """Hands the request over and dies."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        super().send(request, seconds=seconds, guard=guard)
        raise Killed


class NobodyGoes:
    """No function is there to be asked."""

    def go_now(self, draft_id: str) -> None:
        """Do nothing."""


class Stage:
    """A scene whose set-up is written without being observed."""

    def __init__(self, engine: DynamoDBLocal, name: str) -> None:
        options: dict[str, Any] = {
            "host": engine.endpoint_url,
            "region": "us-east-1",
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }
        self.unobserved = Connection(**options)
        create_tables(self.unobserved)
        self.observed = ObservedConnection(**options)
        self.world = SteppingWorld()
        self.signer = Signer()
        self.scene = Scene(
            Store(self.world, self.unobserved),
            self.world,
            Sandbox(clock=lambda: self.world.now() / 1000),
            name,
            public_key=self.signer.public_key(),
            quiet_hours=ANY_HOUR,
        ).seed()
        self.cap_the_hour()
        self.system = self.scene.system(store=Store(self.world, self.observed))

    def budget(self) -> Budget:
        return Budget.of_seconds(self.world, 28)

    def post(
        self, webhook: Webhook, *, provider: str = "gohighlevel", shared: bool = False
    ) -> None:
        event = {
            "resource": f"/webhooks/{provider}" + ("" if shared else "/{workspace}"),
            "headers": dict(webhook.headers),
            "body": webhook.body.decode(),
            "pathParameters": None if shared else {"workspace": self.scene.workspace},
        }
        assert handle(self.system, event, self.budget()).status == 200

    def text(self, text: str, contact: str | None = None, **fields: Any) -> Webhook:
        return inbound_message(
            self.signer,
            location_id=self.scene.location,
            contact_id=contact or self.scene.contact,
            text=text,
            **fields,
        )

    def email(self, text: str) -> Webhook:
        """Return an e-mail of the lead with somebody in copy."""
        return inbound_email(
            self.signer,
            location_id=self.scene.location,
            contact_id=self.scene.contact,
            text=text,
            cc=["lee@example.com"],
            **{"from": EMAIL},
        )

    def stop_copies(self) -> None:
        """Let whoever is in copy have asked not to be written to."""
        key = suppression_key(self.scene.workspace, "email", "lee@example.com")
        self.scene.put(Suppression(key, reason="opted_out", created_at=self.world.now()))

    def own_message(self, text: str) -> Webhook:
        """Return what Unipile tells of a message that left the LinkedIn account."""
        return message_received(
            secret=SECRET,
            account_id=f"unipile-{self.scene.workspace}",
            contact_id=self.scene.linkedin_id,
            text=text,
            own=True,
        )

    def confirm_by_echo(self) -> None:
        """Send a draft whose answer is lost, and let the provider tell that it left."""
        self.lift_suppressions()
        draft = self.scene.draft("confirmed", text="Did you get this?", sent_by="setter")
        self.fail(Kind.RESET_AFTER)
        send_approved_draft(self.system, draft.draft_id, budget=self.budget())
        self.post(
            outbound_message(
                self.signer,
                location_id=self.scene.location,
                contact_id=self.scene.contact,
                text="Did you get this?",
                dateAdded=self.iso(),
                timestamp=self.iso(),
            )
        )
        assert self.scene.draft_now(draft.draft_id).state == DraftState.SENT

    def iso(self) -> str:
        return datetime.fromtimestamp(self.world.now() / 1000, UTC).isoformat()

    def unfinished(self, name: str, **columns: Any) -> Inbound:
        """Return an event that was recorded by a function that died right after."""
        lead = self.scene.lead_now()
        return Inbound(
            f"{self.scene.workspace}:gohighlevel:message:{name}",
            **{
                "workspace": self.scene.workspace,
                "lead_id": lead.lead_id,
                "kind": "message",
                "provider": "gohighlevel",
                "channel": "sms",
                "text": "Hello?",
                "sequence": lead.inbound_count,
                "human_outbounds": lead.human_outbound_count,
                "received_at": self.world.now(),
                "due_shard": "0",
                "due_at": self.world.now(),
                **columns,
            },
        )

    def find_a_profile(self) -> None:
        """Write on LinkedIn to somebody of whom only the profile's URL is known.

        By what is found they are known as a lead already, who is no more.
        """
        url = "https://www.linkedin.com/in/dana-example"
        self.scene.seed(linkedin_id=None, linkedin_url=url)
        key = linkedin_alias(self.scene.workspace, provider_id_of("dana-example"))
        self.scene.put(Alias(key, lead_id=f"{self.scene.workspace}:long-gone"))
        self.scene.draft("profile", channel="linkedin", sent_by="setter")

    def retry_between_two_parts(self) -> None:
        """Send a text whose second part is refused for now, and send the rest later."""
        self.lift_suppressions()
        draft = self.scene.draft("two-parts", text=LONG, sent_by="setter")
        self.fail(Kind.REFUSE, refusal="too_many_requests", skip=1)
        send_approved_draft(self.system, draft.draft_id, budget=self.budget())
        self.world.step(3600)
        result = send_approved_draft(self.system, draft.draft_id, budget=self.budget())
        assert result.outcome == "sent"

    def lose_the_answer_of_a_claim(self) -> None:
        """Send a draft while DynamoDB's answer to the claim gets lost."""
        draft = self.scene.draft("lost-answer", sent_by="setter")
        self.observed.lose_next_claim = True
        result = send_approved_draft(self.system, draft.draft_id, budget=self.budget())
        assert result.outcome == "sent"

    def guess_a_workflow_secret(self) -> None:
        """Post a workflow's webhook to a function that has not read the secret yet."""
        webhook = workflow_reply(
            location_id=self.scene.location,
            contact_id=self.scene.contact,
            text="Hello?",
            secret="guessed",
        )
        event = {
            "headers": dict(webhook.headers),
            "body": webhook.body.decode(),
            "pathParameters": {"workspace": self.scene.workspace},
        }
        self.scene.secrets.at_hand = False
        assert handle(self.system, event, self.budget()).status == 401

    def hear(self, text: str) -> None:
        """Let the lead write, by a webhook that is not observed."""
        webhook = self.text(text)
        event = {
            "headers": dict(webhook.headers),
            "body": webhook.body.decode(),
            "pathParameters": {"workspace": self.scene.workspace},
        }
        assert handle(self.scene.system(), event, self.budget()).status == 200

    def ask_in_slack(self) -> None:
        """Let the workspace ask its people in Slack from here on."""
        actions = [Workspace.slack_channel.set("C0ASK"), Workspace.slack_approvers.set([USER])]
        write = Write(self.world.new_id())
        write.update("workspace", Workspace(self.scene.workspace), actions)
        self.scene.store.write(write)

    def held(self, name: str) -> Draft:
        """Return a draft that people are asked about."""
        return self.scene.draft(name, state=DraftState.NEEDS_REVIEW, sent_by=None)

    def press(self, action: Action) -> None:
        """Press a button of the newest question."""
        question = self.scene.sandbox.slack.messages()[-1]
        self.post_to_slack(click_on(question, action.value, SIGNING_SECRET, at=self.seconds))

    def save(self, text: str) -> None:
        """Save the form that was opened last."""
        view = self.scene.sandbox.slack.views()[-1]
        self.post_to_slack(save(view, SIGNING_SECRET, at=self.seconds, text=text))

    @property
    def seconds(self) -> float:
        return self.world.now() / 1000

    def post_to_slack(self, webhook: Webhook) -> None:
        event = {
            "headers": dict(webhook.headers),
            "body": webhook.body.decode(),
            "pathParameters": {"workspace": self.scene.workspace},
        }
        assert handle_slack(self.system, event, NobodyGoes()).status == 200

    def cap_the_hour(self) -> None:
        """Let what automation sends be counted."""
        write = Write(self.world.new_id())
        workspace = Workspace(self.scene.workspace)
        write.update("workspace", workspace, [Workspace.automated_per_hour.set(100)])
        self.scene.store.write(write)

    def lift_suppressions(self) -> None:
        """Let the lead be written to again."""
        write = Write(self.world.new_id())
        write.update("lead", Lead(self.scene.lead_id), [Lead.suppressed_channels.remove()])
        self.scene.store.write(write)
        for row in rows(self.unobserved, Suppression):
            row_key = {"suppression": {"S": row.suppression}}
            self.unobserved.dispatch(
                "DeleteItem", {"TableName": Suppression.Meta.table_name, "Key": row_key}
            )

    def write_by_model(self) -> None:
        """Let a model write the replies of the campaign, whether it can be reached or not."""
        campaign = Campaign(f"{self.scene.workspace}:autumn")
        write = Write(self.world.new_id())
        chosen = [Campaign.writer.set("openai"), Campaign.model.set("small")]
        write.update("campaign", campaign, chosen)
        self.scene.store.write(write)

    def step_to_approve(self) -> str:
        """Return the draft of a step that a person is asked about."""
        winter = self.begin_a_sequence({**TWO_STEPS[0], "approval": True})
        lead = Lead(self.scene.lead_id)
        write = Write(self.world.new_id())
        # Whatever the lead wrote on this stage is answered.
        write.update("lead", lead, [Lead.answered_inbounds.add({9})])
        self.scene.store.write(write)
        for _ in range(2):
            perform_enrolment(self.scene.system(), winter.enrolment_id, budget=self.budget())
        assert self.scene.draft_now(winter.draft_id("hello")).state == DraftState.NEEDS_REVIEW
        return winter.draft_id("hello")

    def follow_up(self) -> None:
        """Go through a sequence that an answer interrupts."""
        winter = self.begin_a_sequence()
        self.world.step(24 * 3600)
        self.sweep()
        assert winter.done == {"hello": "step_sent"}
        self.hear("Which day?")
        self.world.step(4 * 24 * 3600)
        for _ in range(3):
            self.sweep()
            self.world.step(24 * 3600)
        assert winter.done == {"hello": "step_sent", "again": "step_sent"}

    def begin_a_sequence(self, *steps: dict[str, Any]) -> Winter:
        """Enrol the lead in a sequence, unobserved."""
        return Winter(self.scene, self.scene.system()).write(*steps).enrol()

    def sweep(self) -> None:
        sweep(self.system, Budget.of_seconds(self.world, 120), workers=1)

    def die_after_sending(self, draft_id: str) -> None:
        """Send a draft with a process that ends before it can write down the answer."""
        send_approved_draft(
            self.scene.system(transport=DyingTransport(self.scene.sandbox)),
            draft_id,
            budget=self.budget(),
        )

    def fail(self, kind: Kind, **options: Any) -> None:
        self.scene.sandbox.program(Fault(kind, **options))


@pytest.fixture
def stage(dynamodb_local: DynamoDBLocal) -> Callable[[str], Stage]:
    return lambda name: Stage(dynamodb_local, name)


def test_the_webhooks_may_do_what_they_do_and_nothing_else(stage: Callable[[str], Stage]) -> None:
    s = stage("webhook-permissions")
    s.scene.integrate("unipile")
    s.begin_a_sequence()
    hello = s.text("Hello?")
    s.post(hello)
    s.post(hello, shared=True)
    s.stop_copies()
    s.post(s.email("Could you write to both of us?"))
    s.post(s.text("Who is this?", contact="somebody-new", **{"from": "+15550100099"}))
    s.scene.draft("waiting", due_at=s.world.now() + 10_000_000)
    s.fail(Kind.REFUSE, refusal="invalid_token")
    s.post(s.text("Still there?"))
    s.world.step(3600)
    s.fail(Kind.REFUSE, refusal="dnd_sms")
    s.post(s.text("Hello again"))
    s.post(contact_dnd_update(s.signer, location_id=s.scene.location, contact_id=s.scene.contact))
    s.post(s.text("STOP"))
    s.lift_suppressions()
    s.post(s.own_message("I wrote this myself"), provider="unipile")
    s.confirm_by_echo()
    s.retry_between_two_parts()
    s.lose_the_answer_of_a_claim()
    s.guess_a_workflow_secret()
    assert s.observed.observed == granted(TEMPLATE, "WebhookSmsRole")


@pytest.mark.parametrize("role", ["WebhookEmailRole", "WebhookLinkedinRole"])
def test_only_the_function_with_a_shared_path_may_look_up_owners(role: str) -> None:
    owners = {("GetItem", "owners")}
    assert granted(TEMPLATE, role) == granted(TEMPLATE, "WebhookSmsRole") - owners
    assert owners <= granted(TEMPLATE, "WebhookSmsRole")


def test_the_sweep_may_do_what_it_does_and_nothing_else(stage: Callable[[str], Stage]) -> None:
    s = stage("sweep-permissions")
    s.scene.integrate("unipile")
    s.scene.put(s.unfinished("one"))
    s.sweep()
    s.scene.draft("dies", sent_by="setter")
    s.fail(Kind.REFUSE, refusal="invalid_token")
    s.sweep()
    s.world.step(3600)
    s.scene.draft("waiting", due_at=s.world.now() + 10_000_000)
    s.scene.put(s.unfinished("another"))
    s.sweep()
    s.lose_the_answer_of_a_claim()
    s.scene.draft("refused", text=LONG, sent_by="setter")
    s.fail(Kind.REFUSE, refusal="dnd_sms", text_contains="One text")
    s.sweep()
    s.lift_suppressions()
    dead = s.scene.draft("dead", sent_by="setter")
    with pytest.raises(Killed):
        s.die_after_sending(dead.draft_id)
    s.world.step(overdue_at(int(POST_WINDOW_SECONDS * 1000)) / 1000 + 1)
    s.sweep()
    assert s.scene.draft_now(dead.draft_id).state == DraftState.UNKNOWN
    s.world.step(3600)
    s.sweep()
    assert s.scene.draft_now(dead.draft_id).state == DraftState.SENT
    s.stop_copies()
    s.scene.put(s.unfinished("email", channel="email", sender=EMAIL, cc=["lee@example.com"]))
    s.sweep()
    s.scene.put(s.unfinished("echo", kind="echo", provider_message_id="ms1"))
    s.sweep()
    s.find_a_profile()
    s.sweep()
    s.ask_in_slack()
    send_and_show(s.system, s.held("asked").draft_id, s.budget())
    s.held("asked too")
    s.scene.sandbox.slack.program(SlackFault(Kind.RESET_AFTER))
    s.sweep()
    s.world.step(CLAIM_MILLISECONDS / 1000 + 1)
    s.sweep()
    assert len(s.scene.sandbox.slack.messages()) == 2
    s.follow_up()
    s.write_by_model()
    s.scene.put(s.unfinished("for a model"))
    s.sweep()
    assert s.observed.observed == granted(TEMPLATE, "FollowupCronRole")


def test_a_worker_may_do_what_the_sweep_does_but_for_finding_it() -> None:
    finding = {
        ("Query", "drafts/index/due"),
        ("Query", "inbound/index/due"),
        ("Query", "reviews/index/due"),
        ("Query", "enrolments/index/due"),
        ("Query", "messages/index/attention"),
    }
    of_the_sweep = granted(TEMPLATE, "FollowupCronRole")
    assert granted(TEMPLATE, "SendWorkerRole") == of_the_sweep - finding
    assert len(of_the_sweep & finding) >= 4


def test_clicks_in_slack_may_do_what_they_do_and_nothing_else(
    stage: Callable[[str], Stage],
) -> None:
    s = stage("slack-permissions")
    s.ask_in_slack()
    s.scene.secrets.at_hand = False
    asking = s.scene.system()
    draft = s.held("asked")
    show_review(asking, draft.draft_id, s.budget())
    s.press(Action.EDIT)
    s.save("Does Wednesday work?")
    s.press(Action.REJECT)  # of the text before
    show_review(asking, draft.draft_id, s.budget())
    s.press(Action.APPROVE)
    s.press(Action.REJECT)
    rejected = s.held("rejected")
    show_review(asking, rejected.draft_id, s.budget())
    s.press(Action.REJECT)
    step = s.step_to_approve()
    show_review(asking, step, s.budget())
    s.press(Action.REJECT)
    overtaken = s.held("overtaken")
    show_review(asking, overtaken.draft_id, s.budget())
    s.hear("Never mind")
    s.press(Action.APPROVE)
    assert s.observed.observed == granted(TEMPLATE, "SlackInteractionsRole")


def test_dashboards_may_do_what_they_do_and_nothing_else(stage: Callable[[str], Stage]) -> None:
    s = stage("dashboard-permissions")
    s.scene.integrate("unipile")
    dashboard = Dashboard(s.system, s.scene.workspace)
    s.post(s.text("Is Tuesday free?"))
    s.post(s.email("Could you write to both of us?"))
    s.stop_copies()
    s.observed.observed.clear()
    message = {"lead_id": s.scene.lead_id, "channel": "sms", "text": "Yes, it is. Kim"}
    campaign = f"{s.scene.workspace}:autumn"
    dashboard.post("drafts", key="one", campaign_id=campaign, confidence=0.5, **message)
    one = f"{s.scene.workspace}:api:one"
    dashboard.post("draft/edit", draft_id=one, revision=1, text=LONG)
    dashboard.get("drafts", state="pending")
    dashboard.post("draft/approve", draft_id=one, revision=2, override_stale=True)
    dashboard.get("draft", draft_id=one)
    dashboard.post("draft/reject", draft_id=s.held("two").draft_id, revision=1)
    dashboard.post("draft/reject", draft_id=s.step_to_approve(), revision=1)
    dashboard.get("thread", lead_id=s.scene.lead_id)
    dashboard.get("switches")
    dashboard.post("switches/pause", channel="email")
    dashboard.post("switches/resume", channel="email")
    s.observed.lose_next_claim = True
    dashboard.post("messages", key="lost", **message)
    dashboard.post("messages", key="copies", **{**message, "channel": "email"})
    s.fail(Kind.REFUSE, refusal="invalid_token")
    dashboard.post("messages", key="refused", **message)
    s.world.step(3600)
    s.find_a_profile()
    profile = f"{s.scene.workspace}:profile"
    dashboard.post("draft/approve", draft_id=profile, revision=1, override_stale=True)
    s.fail(Kind.REFUSE, refusal="dnd_sms")
    dashboard.post("messages", key="unwanted", **message)
    assert s.observed.observed == granted(TEMPLATE, "DashboardApiRole")
