"""E-mail: whom an answer goes to, in which conversation, under which subject, through whom."""

import json
from typing import Any

import pytest

from devstack.sandbox import emailbison_webhooks, instantly_webhooks, smartlead_webhooks
from devstack.sandbox.gohighlevel_messages import MAILBOX
from devstack.sandbox.webhooks import inbound_email
from system_sender.codes import Code
from system_sender.models import (
    Draft,
    Integration,
    Lead,
    Suppression,
    Workspace,
    integration_key,
    suppression_key,
)
from system_sender.result import SendOutcome, SendResult
from system_sender.sending import SendMeta, send_email_system
from system_sender.transport import Answer, Guard, NoAnswer, Request
from tests.engine.stage import Once, Stage, is_claim
from tests.support.correspondents import CORRESPONDENTS, iso
from tests.support.scene import EMAIL, SECRET
from tests.support.transport import SandboxTransport

HELLO = "Does 2pm Tuesday work?"
COLLEAGUE = "lee@example.com"
OTHER = "kim@example.com"


class Noted(SandboxTransport):
    """The sandbox, with a note of each request that sends."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.bodies: list[dict[str, Any]] = []
        self.urls: list[str] = []

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request; see :class:`system_sender.transport.Transport`."""
        if request.method == "POST":
            self.bodies.append(json.loads(request.body or b""))
            self.urls.append(request.url)
        return super().send(request, seconds=seconds, guard=guard)


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.system = stage.scene.system(transport=Noted(stage.sandbox))
    # What comes in is answered by the test, not by the campaign.
    lead = Lead(stage.scene.lead_id)
    stage.update(lead, Lead.campaign_id.remove())
    return stage


def noted(stage: Stage) -> Noted:
    transport = stage.system.transport
    assert isinstance(transport, Noted)
    return transport


def write(stage: Stage, **fields: Any) -> None:
    """Let the lead, or somebody of their thread, write an e-mail."""
    webhook = inbound_email(
        stage.signer,
        location_id=stage.scene.location,
        contact_id=stage.scene.contact,
        timestamp=iso(stage.world.now()),
        dateAdded=iso(stage.world.now()),
        **{
            "text": "How much is it?",
            "emailMessageId": "mail1",
            "threadId": "thread1",
            "subject": "Prices",
            **fields,
        },
    )
    answer = stage.post(webhook, resource="/webhooks/gohighlevel/{workspace}")
    assert (answer.status, answer.fields["work"]) == (200, "no_campaign")


def send(
    stage: Stage, body: str = HELLO, subject: str | None = None, key: str = "key"
) -> SendResult:
    return send_email_system(
        stage.scene.lead_id,
        body,
        subject,
        meta=SendMeta(key),
        system=stage.system,
        budget=stage.budget(),
    )


def sent(stage: Stage, **changes: Any) -> dict[str, Any]:
    """Send an e-mail, and return the one request that did."""
    assert send(stage, **changes).outcome is SendOutcome.SENT
    [body] = noted(stage).bodies
    return body


def held(stage: Stage, draft: Draft) -> str:
    """Send a draft that nobody can address; return why."""
    result = stage.send(draft.draft_id)
    assert (result.outcome, stage.state(draft.draft_id)) == (SendOutcome.HELD, "needs_review")
    assert noted(stage).bodies == []
    return result.code.value


def suppress(stage: Stage, address: str) -> None:
    key = suppression_key(stage.scene.workspace, "email", address)
    stage.scene.put(Suppression(key, reason="opted_out", created_at=0))


def change_account(stage: Stage, *actions: Any) -> None:
    key = integration_key(stage.scene.workspace, "gohighlevel")
    stage.update(Integration(key), *actions)


# --- in the conversation -------------------------------------------------------------------------


def test_an_answer_stays_in_the_thread_and_under_its_subject(stage: Stage) -> None:
    write(stage)
    body = sent(stage)
    assert (body["replyMessageId"], body["threadId"]) == ("mail1", "thread1")
    assert (body["subject"], body["emailTo"]) == ("Re: Prices", EMAIL)
    [accepted] = stage.sandbox.ledger.accepted()
    assert (accepted.contact_id, accepted.text) == (EMAIL, HELLO)


def test_an_answer_answers_the_latest_message(stage: Stage) -> None:
    write(stage)
    write(stage, emailMessageId="mail2", threadId="thread2", subject="Re: Re: AW: Delivery")
    body = sent(stage)
    assert (body["replyMessageId"], body["subject"]) == ("mail2", "Re: Delivery")


def test_what_was_written_in_answer_to_one_message_stays_with_it(stage: Stage) -> None:
    write(stage)
    reply_to = stage.scene.lead_now().latest_inbound["email"]
    write(stage, emailMessageId="mail2", threadId="thread2", subject="Delivery")
    draft = stage.scene.draft(text=HELLO, channel="email", reply_to=reply_to)
    assert stage.send(draft.draft_id).outcome is SendOutcome.SENT
    assert noted(stage).bodies[0]["replyMessageId"] == "mail1"


def test_a_text_message_does_not_change_which_e_mail_is_answered(stage: Stage) -> None:
    write(stage)
    stage.post(stage.text("And by phone?"))
    assert sent(stage)["replyMessageId"] == "mail1"


def test_a_subject_of_ones_own_is_taken(stage: Stage) -> None:
    write(stage)
    assert sent(stage, subject="Your offer")["subject"] == "Your offer"


def test_line_breaks_in_the_leads_subject_do_not_reach_ours(stage: Stage) -> None:
    write(stage, subject="Prices\r\nBcc: everybody@example.com")
    assert sent(stage)["subject"] == "Re: Prices Bcc: everybody@example.com"


def test_without_a_conversation_a_subject_is_needed(stage: Stage) -> None:
    result = send(stage)
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.SUBJECT_MISSING)
    assert noted(stage).bodies == []


@pytest.mark.parametrize(
    "subject",
    [
        "Prices\nBcc: everybody@example.com",
        "Prices\r\nBcc: everybody@example.com",
        "Prices\x00",
        "Prices\u2028Bcc: everybody@example.com",
        "Prices\x85Bcc: everybody@example.com",
        "P" * 256,
    ],
)
def test_a_subject_that_would_begin_another_header_is_refused(stage: Stage, subject: str) -> None:
    result = send(stage, subject=subject)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.SUBJECT_WRONG)
    assert stage.drafts() == []
    draft = stage.scene.draft(text=HELLO, channel="email", subject=subject)
    assert held(stage, draft) == "subject_wrong"


def test_a_text_is_sent_as_it_was_approved(stage: Stage) -> None:
    text = "Dear Dana,\n\n<b>5 & 6 > 4</b> \u00e9\u4e2d\U0001f600\n-- \nSam"
    assert send(stage, text, "Prices").outcome is SendOutcome.SENT
    [body] = noted(stage).bodies
    assert "<b>5" not in body["html"]
    assert "&lt;b&gt;5 &amp; 6 &gt; 4&lt;/b&gt; \u00e9\u4e2d\U0001f600" in body["html"]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 20_001])
def test_an_empty_or_endless_text_is_refused(stage: Stage, text: str) -> None:
    assert send(stage, text, "Prices").outcome is SendOutcome.REFUSED
    assert stage.drafts() == []


def test_the_same_key_with_another_subject_is_refused(stage: Stage) -> None:
    assert send(stage, HELLO, "Prices").outcome is SendOutcome.SENT
    assert send(stage, HELLO, "Prices").replayed
    assert send(stage, HELLO, "Other").code is Code.KEY_REUSED
    assert len(noted(stage).bodies) == 1


# --- to whom -------------------------------------------------------------------------------------


def test_it_goes_to_whoever_wrote_last_with_the_others_in_copy(stage: Stage) -> None:
    write(stage, **{"from": f"Lee <{COLLEAGUE}>", "to": [MAILBOX, EMAIL], "cc": [OTHER]})
    body = sent(stage)
    assert (body["emailTo"], body["emailCc"]) == (COLLEAGUE, [EMAIL, OTHER])
    assert stage.scene.message_now(f"{stage.scene.workspace}:key").address == COLLEAGUE


def test_our_own_mailboxes_and_machines_get_no_copy(stage: Stage) -> None:
    change_account(stage, Integration.mailboxes.set(["pat@acme.example.com"]))
    write(
        stage,
        to=[MAILBOX],
        cc=["Pat@acme.example.com", "no-reply@example.com", EMAIL.upper(), OTHER, OTHER.upper()],
    )
    body = sent(stage)
    assert (body["emailTo"], body["emailCc"]) == (EMAIL, [OTHER])


def test_a_message_of_our_own_other_mailbox_is_not_answered(stage: Stage) -> None:
    stage.scene.seed()
    change_account(stage, Integration.mailboxes.set(["pat@acme.example.com"]))
    webhook = inbound_email(
        stage.signer,
        location_id=stage.scene.location,
        contact_id=stage.scene.contact,
        timestamp=iso(stage.world.now()),
        dateAdded=iso(stage.world.now()),
        text="Hi Dana, does 2pm work?",
        emailMessageId="mail1",
        **{"from": "Pat <pat@acme.example.com>"},
    )
    assert stage.post(webhook, resource="/webhooks/gohighlevel/{workspace}").status == 200
    [event] = stage.inbound()
    assert event.automated is True
    assert noted(stage).bodies == []


def test_who_asked_not_to_be_written_to_gets_no_copy(stage: Stage) -> None:
    suppress(stage, OTHER)
    write(stage, cc=[OTHER, COLLEAGUE])
    assert sent(stage)["emailCc"] == [COLLEAGUE]


def test_a_copy_that_is_stopped_right_before_the_claim_is_left_out(stage: Stage) -> None:
    write(stage, cc=[OTHER, COLLEAGUE])
    stage.world.before = Once(is_claim, lambda: suppress(stage, OTHER))
    assert sent(stage)["emailCc"] == [COLLEAGUE]


def test_an_addressee_that_is_stopped_right_before_the_claim_ends_it(stage: Stage) -> None:
    write(stage, **{"from": COLLEAGUE, "cc": [EMAIL]})
    stage.world.before = Once(is_claim, lambda: suppress(stage, COLLEAGUE))
    result = send(stage)
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, Code.OPTED_OUT)
    assert noted(stage).bodies == []


def test_an_addressee_that_was_stopped_long_ago_is_not_written_to(stage: Stage) -> None:
    suppress(stage, EMAIL)
    assert send(stage, HELLO, "Prices").code is Code.OPTED_OUT
    assert noted(stage).bodies == []


def test_a_copy_of_ones_own_goes_out_hidden_and_once(stage: Stage) -> None:
    change_account(
        stage, Integration.bcc.set(["crm@acme.example.com", "CRM@acme.example.com", OTHER, "?"])
    )
    write(stage, cc=[OTHER], bcc=["secret@example.com"])
    body = sent(stage)
    assert (body["emailCc"], body["emailBcc"]) == ([OTHER], ["crm@acme.example.com"])
    assert "secret" not in json.dumps(body)


def test_a_hidden_copy_that_is_stopped_is_left_out(stage: Stage) -> None:
    change_account(stage, Integration.bcc.set(["crm@acme.example.com"]))
    suppress(stage, "crm@acme.example.com")
    assert "emailBcc" not in sent(stage, subject="Prices")


def test_without_an_address_a_person_is_asked(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.email.set("dana at example"))
    draft = stage.scene.draft(text=HELLO, channel="email", subject="Prices")
    assert held(stage, draft) == "missing_email"


def test_an_opt_out_of_a_colleague_stops_the_conversation(stage: Stage) -> None:
    write(stage, **{"from": COLLEAGUE, "cc": [EMAIL]})
    webhook_fields = {"from": COLLEAGUE, "emailMessageId": "mail2", "text": "Unsubscribe"}
    with pytest.raises(AssertionError, match="opted_out"):
        write(stage, **webhook_fields)
    assert suppression_key(stage.scene.workspace, "email", COLLEAGUE) in stage.suppressions()
    assert send(stage).outcome is SendOutcome.REFUSED
    assert noted(stage).bodies == []


# --- through whom --------------------------------------------------------------------------------


def begun(stage: Stage) -> Draft:
    return stage.scene.draft(text=HELLO, channel="email", subject="Prices")


def test_between_two_providers_nobody_guesses(stage: Stage) -> None:
    stage.scene.integrate("smartlead")
    assert held(stage, begun(stage)) == "email_provider_unclear"


def test_the_workspace_says_which_provider_begins(stage: Stage) -> None:
    stage.scene.integrate("smartlead")
    stage.update(Workspace(stage.scene.workspace), Workspace.email_provider.set("gohighlevel"))
    assert stage.send(begun(stage).draft_id).outcome is SendOutcome.SENT
    assert stage.sandbox.ledger.accepted()[0].provider == "gohighlevel"


def test_a_provider_that_can_only_answer_begins_nothing(stage: Stage) -> None:
    stage.scene.integrate("smartlead")
    stage.update(Workspace(stage.scene.workspace), Workspace.email_provider.set("smartlead"))
    assert held(stage, begun(stage)) == "no_thread"


def test_without_a_provider_a_person_is_asked(stage: Stage) -> None:
    stage.delete(Integration, integration_key(stage.scene.workspace, "gohighlevel"))
    assert held(stage, begun(stage)) == "no_provider"


MAIL_PROVIDERS = sorted(name for name, each in CORRESPONDENTS.items() if each.channel == "email")


@pytest.mark.parametrize("name", MAIL_PROVIDERS)
@pytest.mark.parametrize("default", [None, "gohighlevel", "smartlead"])
def test_an_answer_leaves_through_the_provider_it_came_by(
    stage: Stage, name: str, default: str | None
) -> None:
    for other in ("smartlead", "instantly"):
        stage.scene.integrate(other)
    correspondent = CORRESPONDENTS[name]
    if correspondent.provider not in ("gohighlevel", "smartlead", "instantly"):
        correspondent.integrate(stage.scene)
    if default:
        stage.update(Workspace(stage.scene.workspace), Workspace.email_provider.set(default))
    stage.system = stage.scene.system(
        transport=Noted(stage.sandbox),
        settings=_with_signer(stage),
    )
    webhook = correspondent.inbound(stage.scene, "How much is it?", at=stage.world.now())
    answer = stage.post(
        webhook,
        resource=f"/webhooks/{correspondent.provider}/{{workspace}}",
        queryStringParameters=correspondent.event(stage.scene, webhook)["queryStringParameters"],
    )
    assert answer.status == 200, answer
    assert send(stage).outcome is SendOutcome.SENT
    [accepted] = stage.sandbox.ledger.accepted()
    assert (accepted.provider, accepted.contact_id, accepted.text) == (
        correspondent.provider,
        EMAIL,
        HELLO,
    )


def _with_signer(stage: Stage) -> Any:
    """Return settings that know the correspondents' key, too."""
    from dataclasses import replace

    from tests.support.correspondents import signer

    known = stage.system.settings
    keys = (*known.gohighlevel_webhook_public_keys, signer().public_key())
    return replace(known, gohighlevel_webhook_public_keys=keys)


# --- they left the list --------------------------------------------------------------------------


def leave(stage: Stage, provider: str, event: str) -> None:
    """Let the provider tell that the lead unsubscribed, or that a mail to them came back."""
    told = {
        ("smartlead", "unsubscribed"): lambda account: smartlead_webhooks.lead_unsubscribed(
            SECRET, client_id=account
        ),
        ("smartlead", "bounced"): lambda account: smartlead_webhooks.email_bounce(
            SECRET, client_id=account
        ),
        ("instantly", "unsubscribed"): lambda account: instantly_webhooks.lead_unsubscribed(
            SECRET, workspace=account
        ),
        ("instantly", "bounced"): lambda account: instantly_webhooks.email_bounced(
            SECRET, workspace=account
        ),
        ("emailbison", "unsubscribed"): lambda account: emailbison_webhooks.lead_unsubscribed(
            None, workspace=account
        ),
        ("emailbison", "bounced"): lambda account: emailbison_webhooks.email_bounced(
            None, workspace=account
        ),
    }
    correspondent = CORRESPONDENTS[provider]
    webhook = told[provider, event](correspondent.account(stage.scene))
    answer = stage.post(
        webhook,
        resource=f"/webhooks/{provider}/{{workspace}}",
        queryStringParameters={"secret": SECRET} if provider == "emailbison" else None,
    )
    assert answer.status == 200, answer


@pytest.mark.parametrize("event", ["unsubscribed", "bounced"])
@pytest.mark.parametrize("provider", ["smartlead", "instantly", "emailbison"])
def test_who_left_the_list_is_not_written_to_from_the_next_claim_on(
    stage: Stage, provider: str, event: str
) -> None:
    CORRESPONDENTS[provider].integrate(stage.scene)
    stage.update(Workspace(stage.scene.workspace), Workspace.email_provider.set("gohighlevel"))
    draft = begun(stage)
    stage.world.before = Once(is_claim, lambda: leave(stage, provider, event))
    assert stage.send(draft.draft_id).code is Code.OPTED_OUT
    assert noted(stage).bodies == []
    assert stage.suppressions() == {suppression_key(stage.scene.workspace, "email", EMAIL)}
    assert stage.send(stage.scene.draft("sms").draft_id).outcome is SendOutcome.SENT


# --- how often DynamoDB is asked -----------------------------------------------------------------


def test_a_first_send_by_draft_id_takes_at_most_four_round_trips(stage: Stage) -> None:
    draft = begun(stage)
    stage.world.effects.clear()
    assert stage.approve_and_send(draft.draft_id).outcome is SendOutcome.SENT
    assert stage.world.round_trips() <= 4


def test_an_answer_with_copies_takes_at_most_four_as_well(stage: Stage) -> None:
    write(stage, cc=[OTHER, COLLEAGUE])
    reply_to = stage.scene.lead_now().latest_inbound["email"]
    draft = stage.scene.draft(text=HELLO, channel="email", reply_to=reply_to)
    stage.world.effects.clear()
    assert stage.approve_and_send(draft.draft_id).outcome is SendOutcome.SENT
    assert stage.world.round_trips() <= 4
    assert noted(stage).bodies[0]["emailCc"] == [OTHER, COLLEAGUE]
