"""The deployed template over HTTP: API Gateway, Lambda, the layer, DynamoDB, SSM, the provider."""

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from devstack.demo import OVERDUE_SECONDS
from devstack.sandbox.provider import Fault, Kind
from devstack.sandbox.webhooks import Signer, Webhook, inbound_message, workflow_reply
from tests.e2e.conftest import PHONE, Agency, wait_until


@dataclass(frozen=True)
class Frozen:
    """A text that the provider took from a function which has stood still ever since.

    Attributes:
        answer: what API Gateway says once the function's own timeout has killed it.
    """

    agency: Agency
    webhook: Webhook
    answer: "Future[requests.Response]"


@pytest.fixture(scope="module", autouse=True)
def frozen(agencies: Callable[[], Agency]) -> Iterator[Frozen]:
    """Stands still while all the other tests of this file run: nobody waits for its timeout."""
    agency = agencies().seed()
    agency.system.sandbox().program(Fault(Kind.FREEZE_CLIENT, contact_id=agency.contact))
    webhook = agency.text("Do you also work on Saturdays?")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(agency.post, webhook)
        wait_until(lambda: len(agency.accepted()) == 1)
        yield Frozen(agency, webhook, answer)


def test_an_inbound_text_is_answered_by_the_approved_reply(agency: Agency) -> None:
    answer = agency.post(agency.text("Is Tuesday free?"))
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "sent"
    assert [entry.text for entry in agency.accepted()] == ["Hi Dana, does 2pm Tuesday work?"]


def test_the_same_webhook_again_and_at_once_sends_nothing_more(agency: Agency) -> None:
    webhook = agency.text("Hello?")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: agency.post(webhook), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert agency.post(webhook).json()["code"] == "duplicate_event"
    assert len(agency.accepted()) == 1


def test_a_shared_app_is_routed_by_its_location(agency: Agency) -> None:
    answer = agency.post(agency.text("Hello?"), workspace=None)
    assert answer.json()["outcome"] == "sent"


def test_a_workflow_webhook_is_authenticated_by_its_secret(
    agencies: Callable[[], Agency],
) -> None:
    agency = agencies()
    agency.seed(integrations={"gohighlevel": {"account": agency.location, "webhook": "workflow"}})
    secret = ("secret", agency.name, "webhook_secret", "--provider", "gohighlevel")
    agency.sender(*secret, stdin="long-and-random\n")
    good, bad = (
        workflow_reply(
            location_id=agency.location,
            contact_id=agency.contact,
            text="Hello?",
            secret=secret,
            phone=PHONE,
        )
        for secret in ("long-and-random", "guessed")
    )
    assert agency.post(bad).status_code == 401
    assert agency.post(good).json()["outcome"] == "sent"
    assert len(agency.accepted()) == 1


class TestTheFrontDoor:
    def test_an_unsigned_event_is_refused(self, agency: Agency) -> None:
        webhook = Webhook(agency.text("Hello?").body, {"Content-Type": "application/json"})
        answer = agency.post(webhook)
        assert answer.status_code == 401
        assert answer.json()["code"] == "signature_missing"

    def test_another_key_s_signature_is_refused(self, agency: Agency) -> None:
        forged = inbound_message(
            Signer(), location_id=agency.location, contact_id=agency.contact, text="Hello?"
        )
        assert agency.post(forged).json()["code"] == "signature_invalid"

    def test_an_unknown_workspace_is_not_found(self, agency: Agency) -> None:
        answer = agency.post(agency.text("Hello?"), workspace="nobody")
        assert answer.status_code == 404

    def test_another_workspace_s_location_is_refused(
        self, agency: Agency, agencies: Callable[[], Agency]
    ) -> None:
        other = agencies().seed()
        answer = agency.post(other.text("Hello?"))
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_account")
        assert other.accepted() == []

    def test_an_oversized_body_is_refused(self, agency: Agency) -> None:
        # E-mail may be large, with its history and pictures in it; a chat message is not.
        answer = agency.post(agency.text("x" * 300_000), provider="unipile")
        assert answer.status_code == 413

    def test_text_beyond_ascii_arrives_and_is_signed_over_its_bytes(self, agency: Agency) -> None:
        answer = agency.post(agency.text("שלום 👋 قهوة؟"))
        assert answer.json()["code"] == "recorded"
        thread = agency.sender("thread", agency.lead)
        assert "שלום 👋 قهوة؟" in str(thread["entries"])

    @pytest.mark.parametrize("body", [b"", b"not json", b"[1,2]", b"\xff\xfe\x00"])
    def test_what_is_not_an_event_is_refused(self, agency: Agency, body: bytes) -> None:
        signature = agency.system.signer.signature(body)
        webhook = Webhook(body, {"X-GHL-Signature": signature, "Content-Type": "application/json"})
        answer = agency.post(webhook)
        assert answer.status_code in (400, 401)
        assert agency.accepted() == []


class TestTheSweep:
    def test_a_rate_limited_reply_stays_due(self, agency: Agency) -> None:
        agency.system.sandbox().program(
            Fault(
                Kind.REFUSE,
                refusal="too_many_requests",
                contact_id=agency.contact,
                retry_after="1",
            )
        )
        answer = agency.post(agency.text("Hello?")).json()
        assert (answer["outcome"], answer["outcome_code"]) == ("waiting", "rate_limited")
        assert agency.accepted() == []
        draft = agency.sender("draft", "show", answer["draft_id"])
        assert draft["draft"]["state"] == "approved"

    def test_an_operator_sends_an_approved_draft_now(self, agency: Agency) -> None:
        agency.sender("pause", "--workspace", agency.name)
        answer = agency.post(agency.text("Hello?")).json()
        assert answer["outcome_code"] == "paused_workspace"
        assert agency.accepted() == []
        agency.sender("resume", "--workspace", agency.name)
        agency.sender("draft", "approve", answer["draft_id"], "--now")
        assert len(agency.accepted()) == 1

    def test_a_round_with_nothing_due_finishes_and_says_so(self, agency: Agency) -> None:
        report = agency.sweep()
        assert report["failed"] == 0
        assert "SweepFinished" in "\n".join(agency.system.log_lines("followup-cron"))


def test_nothing_personal_is_in_the_logs(agency: Agency) -> None:
    webhook = agency.text("My very private words")
    agency.post(webhook)
    signature = webhook.headers["X-GHL-Signature"]
    logs = "\n".join(
        agency.system.log_lines("webhook-sms") + agency.system.log_lines("followup-cron")
    )
    assert "webhook_answered" in logs
    for secret in ("private words", PHONE, "does 2pm", "pit-for-tests", signature):
        assert secret not in logs


def test_a_base64_body_is_verified_over_its_decoded_bytes(agency: Agency) -> None:
    webhook = agency.text("Hello?")
    event = {
        "resource": "/webhooks/gohighlevel/{workspace}",
        "headers": dict(webhook.headers),
        "pathParameters": {"workspace": agency.name},
        "body": base64.b64encode(webhook.body).decode(),
        "isBase64Encoded": True,
    }
    assert agency.invoke_webhook(event)["statusCode"] == 200
    assert len(agency.accepted()) == 1


def test_what_a_timeout_killed_in_mid_send_is_parked_and_never_sent_twice(frozen: Frozen) -> None:
    agency = frozen.agency
    # AWS makes 429 of it, as the template says; the local gateway does not know how.
    assert frozen.answer.result().status_code in (429, 502)

    def drafts(*states: str) -> list[dict[str, Any]]:
        named = [word for state in states for word in ("--state", state)]
        listed = agency.sender("drafts", "--workspace", agency.name, *named)["drafts"]
        return [draft for draft in listed if draft["lead_id"] == agency.lead]

    def is_found() -> bool:
        agency.sweep()
        return drafts("sending") == []

    wait_until(is_found, OVERDUE_SECONDS + 30)
    (draft,) = drafts("unknown", "sent")
    assert "interrupted" in str(agency.sender("thread", agency.lead)), "it was parked"
    # Sweeps of the other tests may have looked it up since, and found that it left.
    delivery = agency.delivery(draft["draft_id"])
    settled = [("unknown", "interrupted"), ("sent", "sent_by_evidence")]
    assert (delivery["state"], delivery["code"]) in settled
    assert agency.post(frozen.webhook).status_code == 200
    assert agency.sweep()["failed"] == 0
    assert len(agency.accepted()) == 1
