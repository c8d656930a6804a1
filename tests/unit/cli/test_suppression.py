"""`sender suppression lift`: an opt-out ends by a person's act, with a reason on record."""

from typing import Any

import pytest

from system_sender.models import Lead, Suppression, suppression_key
from system_sender.sending import approve_and_send_draft_system
from system_sender.store import Write, shared_connection
from tests.support.scene import EMAIL, PHONE, Scene
from tests.support.tables import rows
from tests.unit.cli.conftest import Sender

AGAIN = ("--reason", "Asked for it on the phone")


def stop(scene: Scene, channel: str, address: str, *, flagged: bool = True) -> None:
    """Suppress an address, and flag the lead as an opt-out does."""
    key = suppression_key("acme", channel, address)
    scene.put(Suppression(key, reason="opted_out", created_at=scene.world.now()))
    if flagged:
        flag(scene, channel)


def flag(scene: Scene, channel: str) -> None:
    write = Write(scene.world.new_id())
    write.update("lead", Lead(scene.lead_id), [Lead.suppressed_channels.add({channel})])
    scene.store.write(write)


def suppression(scene: Scene, channel: str, address: str) -> Any:
    return scene.store.get(Suppression, suppression_key("acme", channel, address))


@pytest.mark.parametrize(
    ("channel", "written", "stored"),
    [
        ("sms", "(555) 010-0001", PHONE),
        ("email", "Dana@Example.com", EMAIL),
        ("linkedin", "ACoAAacme", "ACoAAacme"),
    ],
)
def test_lifting_takes_the_address_and_its_lead_off_the_list(
    sender: Sender, scene: Scene, channel: str, written: str, stored: str
) -> None:
    stop(scene, channel, stored)
    flag(scene, "fax")
    before = scene.lead_now()

    document = sender.json("suppression", "lift", "acme", channel, written, *AGAIN)

    assert (document["address"], document["lead_id"]) == (stored, "acme:dana")
    assert document["was"] == "opted_out"
    assert suppression(scene, channel, stored) is None
    lead = scene.lead_now()
    assert lead.suppressed_channels == {"fax"}
    assert lead.version == before.version + 1


def test_what_was_stopped_may_leave_again_once_it_is_approved(sender: Sender, scene: Scene) -> None:
    stop(scene, "sms", PHONE)
    scene.draft(sent_by="setter")
    system = scene.system()
    refused = approve_and_send_draft_system("acme:hello", sent_by="setter", system=system)
    assert refused.code == "opted_out"

    sender.json("suppression", "lift", "acme", "sms", PHONE, *AGAIN)
    sender.json("draft", "approve", "acme:hello")

    sent = approve_and_send_draft_system("acme:hello", sent_by="setter", system=system)
    assert sent.code == "sent"


def test_who_lifted_it_and_why_stays_on_record(sender: Sender, scene: Scene) -> None:
    stop(scene, "sms", PHONE)

    sender.json("suppression", "lift", "acme", "sms", PHONE, *AGAIN, "--user", "kim")

    (record,) = rows(shared_connection(), Suppression)
    assert record.suppression.startswith(f"acme:sms:{PHONE}:lifted:")
    assert record.reason == "lifted by kim: Asked for it on the phone (was opted_out)"


def test_another_address_stays_stopped(sender: Sender, scene: Scene) -> None:
    stop(scene, "sms", PHONE)
    stop(scene, "sms", "+15550100002", flagged=False)

    sender.json("suppression", "lift", "acme", "sms", "+15550100002", *AGAIN)

    assert suppression(scene, "sms", PHONE) is not None
    assert scene.lead_now().suppressed_channels == {"sms"}


def test_a_channel_that_only_the_lead_is_flagged_for_is_lifted_as_well(
    sender: Sender, scene: Scene
) -> None:
    flag(scene, "sms")

    sender.json("suppression", "lift", "acme", "sms", PHONE, *AGAIN)

    assert not scene.lead_now().suppressed_channels


def test_there_must_be_something_to_lift(sender: Sender, scene: Scene) -> None:
    refusal = sender.refuses("suppression", "lift", "acme", "sms", PHONE, *AGAIN)

    assert refusal["code"] == "not_suppressed"
    assert rows(shared_connection(), Suppression) == []


def test_a_reason_is_given(sender: Sender, scene: Scene) -> None:
    stop(scene, "sms", PHONE)
    lift = ("suppression", "lift", "acme", "sms", PHONE)

    assert sender.refuses(*lift, exit_code=2)["code"] == "usage"
    assert sender.refuses(*lift, "--reason", "  ", exit_code=2)["code"] == "usage"
    assert suppression(scene, "sms", PHONE) is not None


@pytest.mark.parametrize(
    ("channel", "address", "code"),
    [
        ("sms", "12", "invalid_phone"),
        ("email", "dana", "invalid_email"),
        ("linkedin", "dana-example", "missing_linkedin"),
    ],
)
def test_an_address_that_is_none_is_said_so(
    sender: Sender, scene: Scene, channel: str, address: str, code: str
) -> None:
    refusal = sender.refuses("suppression", "lift", "acme", channel, address, *AGAIN)

    assert refusal["code"] == code
    assert f"'{address}'" in refusal["message"]
