"""The webhooks that GoHighLevel would post."""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from devstack.sandbox.webhooks import (
    Signer,
    Webhook,
    contact_dnd_update,
    inbound_message,
    outbound_message,
    workflow_reply,
)


def verify(signer: Signer, webhook: Webhook) -> None:
    key = load_der_public_key(base64.b64decode(signer.public_key()))
    assert isinstance(key, Ed25519PublicKey)
    key.verify(base64.b64decode(webhook.headers["X-GHL-Signature"]), webhook.body)


def event(webhook: Webhook) -> Any:
    return json.loads(webhook.body)


def test_the_signature_is_over_the_raw_bytes() -> None:
    signer = Signer()
    webhook = inbound_message(signer, location_id="loc1", contact_id="ct1", text="Tue works 👋 ")
    verify(signer, webhook)
    assert "👋".encode() in webhook.body
    with pytest.raises(InvalidSignature):
        verify(signer, Webhook(webhook.body + b" ", webhook.headers))
    with pytest.raises(InvalidSignature):
        verify(Signer(), webhook)


def test_the_public_key_is_a_published_one_in_shape() -> None:
    octets = base64.b64decode(Signer().public_key())
    assert len(octets) == 44
    assert octets.startswith(bytes.fromhex("302a300506032b6570032100"))


def test_a_signer_can_be_kept() -> None:
    signer = Signer()
    assert Signer.from_seed(signer.seed()).public_key() == signer.public_key()
    with pytest.raises(ValueError, match="32 bytes"):
        Signer.from_seed("c2hvcnQ=")


def test_an_inbound_message_is_a_leads_text() -> None:
    first, second = (
        event(inbound_message(Signer(), location_id="loc1", contact_id="ct1", text=" yes "))
        for _ in range(2)
    )
    assert (first["type"], first["direction"]) == ("InboundMessage", "inbound")
    assert (first["locationId"], first["contactId"]) == ("loc1", "ct1")
    assert (first["body"], first["messageTypeString"]) == (" yes ", "TYPE_SMS")
    assert first["messageId"] != second["messageId"]
    assert first["webhookId"] != second["webhookId"]


def test_fields_can_be_replaced_added_and_left_out() -> None:
    webhook = inbound_message(
        Signer(),
        location_id="loc1",
        contact_id="ct1",
        text="yes",
        messageId="ms1",
        surprise=True,
        omit=("webhookId", "timestamp"),
    )
    fields = event(webhook)
    assert (fields["messageId"], fields["surprise"]) == ("ms1", True)
    assert not {"webhookId", "timestamp"} & set(fields)


def test_an_outbound_message_tells_a_person_from_the_api() -> None:
    ours, theirs = (
        event(
            outbound_message(
                Signer(), location_id="loc1", contact_id="ct1", text="Hi", source=source
            )
        )
        for source in ("api", "app")
    )
    assert (ours["type"], ours["direction"]) == ("OutboundMessage", "outbound")
    assert "userId" not in ours
    assert theirs["userId"]


def test_a_dnd_update_names_its_channels() -> None:
    signer = Signer()
    webhook = contact_dnd_update(signer, location_id="loc1", contact_id="ct1")
    verify(signer, webhook)
    fields = event(webhook)
    assert (fields["type"], fields["id"], fields["dnd"]) == ("ContactDndUpdate", "ct1", True)
    assert fields["dndSettings"]["SMS"]["status"] == "active"
    lifted = contact_dnd_update(signer, location_id="loc1", contact_id="ct1", dnd=False)
    assert event(lifted)["dndSettings"]["SMS"]["status"] == "inactive"


def test_a_workflow_reply_has_a_secret_and_no_message_id() -> None:
    webhook = workflow_reply(secret="s3cret", location_id="loc1", contact_id="ct1", text="Tue ")
    fields = event(webhook)
    assert webhook.headers["X-Webhook-Secret"] == "s3cret"
    assert (fields["location"]["id"], fields["contact_id"]) == ("loc1", "ct1")
    assert (fields["message"]["body"], fields["customData"]["Message"]) == ("Tue ", "Tue")
    assert not {"messageId", "webhookId", "conversationId"} & set(fields)
    bare = workflow_reply(secret=None, location_id="loc1", contact_id="ct1", text="Tue")
    assert "X-Webhook-Secret" not in bare.headers
