"""Every channel on the deployed template, from a provider's webhook to the provider's ledger."""

from typing import Any

import pytest

from devstack.sandbox import (
    emailbison_webhooks,
    instantly_webhooks,
    smartlead_webhooks,
    unipile_webhooks,
    webhooks,
)
from devstack.sandbox.provider import Fault, Kind
from devstack.sandbox.smartlead import stats_id
from devstack.sandbox.unipile import chat_with
from devstack.sandbox.webhooks import Webhook
from tests.e2e.conftest import REPLY, SECRET, Agency

COLLEAGUE = "kim@example.com"


def linkedin_message(agency: Agency, text: str, **fields: Any) -> Webhook:
    return unipile_webhooks.message_received(
        secret=SECRET,
        account_id=agency.account("unipile"),
        contact_id=agency.person,
        text=text,
        **fields,
    )


def smartlead_reply(agency: Agency, text: str, **fields: Any) -> Webhook:
    about = {"client_id": agency.account("smartlead"), **fields}
    return smartlead_webhooks.email_reply(SECRET, text=text, lead=agency.email, **about)


class TestEmail:
    def test_gohighlevel_answers_with_the_lead_s_colleague_in_copy(self, agency: Agency) -> None:
        webhook = webhooks.inbound_email(
            agency.system.signer,
            location_id=agency.location,
            contact_id=agency.contact,
            text="Is Tuesday free?",
            sender=f"Dana <{agency.email}>",
            cc=[COLLEAGUE],
        )
        assert agency.post(webhook).json()["outcome"] == "sent"
        (mail,) = agency.accepted(agency.email)
        assert (mail.text, mail.cc) == (REPLY, (COLLEAGUE,))
        assert agency.accepted() == []

    def test_emailbison_answers_the_reply_itself(self, agency: Agency) -> None:
        agency.connect("emailbison")
        webhook = emailbison_webhooks.lead_replied(
            SECRET,
            text="Is Tuesday free?",
            lead=agency.email,
            cc=[COLLEAGUE],
            workspace=agency.number,
        )
        assert agency.post(webhook, provider="emailbison").json()["outcome"] == "sent"
        (mail,) = agency.accepted(agency.email)
        assert (mail.text, mail.cc) == (REPLY, (COLLEAGUE,))
        assert mail.path.startswith("/api/replies/")

    def test_smartlead_answers_in_the_conversation(self, agency: Agency) -> None:
        agency.connect("smartlead")
        webhook = smartlead_reply(agency, "Is Tuesday free?", cc_emails=[COLLEAGUE])
        assert agency.post(webhook, provider="smartlead").json()["outcome"] == "sent"
        (mail,) = agency.accepted(agency.email)
        assert (mail.text, mail.cc) == (REPLY, (COLLEAGUE,))
        assert mail.conversation_id == stats_id(agency.email)

    def test_instantly_answers_in_the_thread(self, agency: Agency) -> None:
        agency.connect("instantly")
        webhook = instantly_webhooks.reply_received(
            SECRET,
            text="Is Tuesday free?",
            lead=agency.email,
            workspace=agency.account("instantly"),
        )
        assert agency.post(webhook, provider="instantly").json()["outcome"] == "sent"
        (mail,) = agency.accepted(agency.email)
        assert mail.text == REPLY


class TestLookUps:
    def test_a_lost_answer_is_found_in_the_provider_s_records(self, agency: Agency) -> None:
        agency.connect("smartlead")
        agency.system.sandbox().program(Fault(Kind.RESET_AFTER, contact_id=agency.email))
        webhook = smartlead_reply(agency, "Is Tuesday free?")
        answer = agency.post(webhook, provider="smartlead").json()
        assert answer["outcome"] == "unknown"

        agency.make_due(answer["draft_id"])
        assert "sent_by_evidence" in agency.sweep()["codes"]

        delivery = agency.delivery(answer["draft_id"])
        assert (delivery["state"], delivery["code"]) == ("sent", "sent_by_evidence")
        assert [look["finding"] for look in delivery["look_ups"]] == ["found"]
        assert len(agency.accepted(agency.email)) == 1

    def test_what_the_provider_never_took_stays_unknown_and_unsent(self, agency: Agency) -> None:
        agency.connect("smartlead")
        agency.system.sandbox().program(Fault(Kind.RESET_BEFORE, contact_id=agency.email))
        webhook = smartlead_reply(agency, "Is Tuesday free?")
        answer = agency.post(webhook, provider="smartlead").json()

        agency.make_due(answer["draft_id"])
        assert "looked_absent" in agency.sweep()["codes"]

        assert agency.delivery(answer["draft_id"])["state"] == "unknown"
        assert agency.accepted(agency.email) == []


class TestLinkedIn:
    def test_a_message_is_answered_in_its_chat_and_its_echo_is_ours(self, agency: Agency) -> None:
        agency.connect("unipile")
        webhook = linkedin_message(agency, "Is Tuesday free?")
        assert agency.post(webhook, provider="unipile").json()["outcome"] == "sent"
        (message,) = agency.accepted(agency.person)
        assert (message.text, message.conversation_id) == (REPLY, chat_with(agency.person))

        echo = linkedin_message(agency, REPLY, own=True, message_id=message.message_id)
        assert agency.post(echo, provider="unipile").json()["work"] == "echo_matched"
        assert len(agency.accepted(agency.person)) == 1

    def test_a_person_s_own_message_takes_the_place_of_a_waiting_draft(
        self, agency: Agency
    ) -> None:
        agency.connect("unipile")
        agency.sender("pause", "--workspace", agency.name)
        webhook = linkedin_message(agency, "Is Tuesday free?")
        draft = agency.post(webhook, provider="unipile").json()["draft_id"]
        agency.sender("resume", "--workspace", agency.name)

        by_hand = linkedin_message(agency, "Dana, I will call you. Kim", own=True)
        assert agency.post(by_hand, provider="unipile").json()["work"] == "human_replied"

        assert agency.sender("draft", "show", draft)["draft"]["state"] == "superseded"
        assert agency.accepted(agency.person) == []

    def test_a_stranger_is_asked_to_connect_once_every_other_way_is_refused(
        self, agency: Agency
    ) -> None:
        agency.connect("unipile")
        draft = f"{agency.name}:hello"
        hello = {
            "id": draft,
            "lead": agency.lead,
            "channel": "linkedin",
            "text": "Hi Dana, we met at the fair.",
        }
        agency.seed_with({"drafts": [hello]})
        agency.system.sandbox().program(
            Fault(Kind.REFUSE, refusal="not_connected", contact_id=agency.person),
            Fault(Kind.REFUSE, refusal="no_credits", contact_id=agency.person),
        )
        agency.sender("draft", "approve", draft, "--now")

        tried = agency.system.sandbox().ledger().sends(contact_id=agency.person)
        assert [(send.path, send.accepted) for send in tried] == [
            ("/api/v1/chats", False),
            ("/api/v1/chats", False),
            ("/api/v1/users/invite", True),
        ]
        delivery = agency.delivery(draft)
        assert (delivery["state"], delivery["sent_as"]) == ("sent", "connection_request")
        assert delivery["refused_routes"] == ["direct", "inmail"]

    def test_a_disconnected_account_stops_no_text_message(self, agency: Agency) -> None:
        agency.connect("unipile")
        agency.system.sandbox().program(
            Fault(Kind.REFUSE, refusal="disconnected", contact_id=agency.person)
        )
        webhook = linkedin_message(agency, "Is Tuesday free?")
        answer = agency.post(webhook, provider="unipile").json()
        assert (answer["outcome"], answer["outcome_code"]) == ("waiting", "account_disconnected")

        assert agency.post(agency.text("Hello?")).json()["outcome"] == "sent"
        assert len(agency.accepted()) == 1


@pytest.mark.parametrize("provider", ["emailbison", "smartlead", "instantly", "unipile"])
def test_a_guessed_secret_opens_no_door(agency: Agency, provider: str) -> None:
    agency.connect(provider)
    webhook = {
        "emailbison": lambda: emailbison_webhooks.lead_replied("guessed", text="Hello?"),
        "smartlead": lambda: smartlead_webhooks.email_reply("guessed", text="Hello?"),
        "instantly": lambda: instantly_webhooks.reply_received("guessed", text="Hello?"),
        "unipile": lambda: unipile_webhooks.message_received(
            secret="guessed", account_id="any", contact_id=agency.person, text="Hello?"
        ),
    }[provider]()
    answer = agency.post(webhook, provider=provider)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
