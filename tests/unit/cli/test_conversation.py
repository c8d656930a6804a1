"""`sender thread`: one lead's conversation in the order of time."""

from typing import Any

import pytest

from system_sender.models import Inbound
from system_sender.sending import approve_and_send_draft_system
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender


def inbound(scene: Scene, key: str, text: str, at: int, **changes: Any) -> Inbound:
    event = {
        "workspace": "acme",
        "lead_id": scene.lead_id,
        "kind": "message",
        "provider": "gohighlevel",
        "channel": "sms",
        "text": text,
        "sequence": 1,
        "received_at": at,
        "finished_code": "setter_managed",
    }
    return Inbound(f"acme:gohighlevel:{key}", **{**event, **changes})


def test_a_thread_holds_messages_drafts_and_deliveries_with_their_texts(
    sender: Sender, scene: Scene
) -> None:
    now = scene.world.now()
    scene.put(inbound(scene, "later", "Thanks", now + 60_000))
    scene.put(inbound(scene, "first", "Hello?", now - 60_000))
    scene.draft(text="word " * 60)
    approve_and_send_draft_system("acme:hello", sent_by="ai", system=scene.system())

    document = sender.json("thread", "acme:dana")

    entries = document["entries"]
    assert [entry["kind"] for entry in entries] == [
        "message",
        "draft",
        "outbound",
        "outbound",
        "message",
    ]
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    first, draft, part_0, part_1, _ = entries
    assert first["text"] == "Hello?"
    assert (draft["state"], draft["text"]) == ("sent", "word " * 60)
    assert (part_0["id"], part_1["id"]) == ("acme:hello#0", "acme:hello#1")
    assert part_0["state"] == part_1["state"] == "sent"
    assert [part_0["text"], part_1["text"]] == scene.sent_texts()
    assert document["lead"]["phone"] == "+15550100001"


def test_a_thread_holds_the_messages_of_every_channel(sender: Sender, scene: Scene) -> None:
    now = scene.world.now()
    email = {"provider": "emailbison", "channel": "email", "subject": "Re: Intro"}
    scene.put(inbound(scene, "text", "By SMS", now))
    scene.put(
        inbound(scene, "mail", "By e-mail", now + 1, sender="kim@example.com", **email),
        inbound(scene, "chat", "On LinkedIn", now + 2, provider="unipile", channel="linkedin"),
    )

    entries = sender.json("thread", "acme:dana")["entries"]

    assert [entry["channel"] for entry in entries] == ["sms", "email", "linkedin"]
    assert (entries[1]["subject"], entries[1]["sender"]) == ("Re: Intro", "kim@example.com")
    shown = sender.says("thread", "acme:dana")
    assert "from kim@example.com" in shown
    assert "Re: Intro" in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"automated": True}, "← automatic reply"),
        ({"kind": "human_outbound"}, "→ by hand"),
        ({"kind": "do_not_disturb"}, "← do not disturb"),
        ({"kind": "status", "status": "bounced"}, "· bounced"),
        ({"kind": "echo", "finished_code": "echo_matched"}, "· echo of a delivery"),
        ({"kind": "echo", "finished_code": "human_replied"}, "→ by hand"),
        ({"kind": "echo", "finished_code": None}, "· echo, not matched yet"),
    ],
)
def test_an_event_is_called_by_what_it_turned_out_to_be(
    sender: Sender, scene: Scene, changes: Any, words: str
) -> None:
    scene.put(inbound(scene, "one", "Hello", scene.world.now(), **changes))

    (entry,) = sender.json("thread", "acme:dana")["entries"]

    assert entry["what"] == words


def test_a_delivery_tells_how_it_left_and_what_became_of_it(sender: Sender, scene: Scene) -> None:
    scene.draft(text="Hi Dana")
    approve_and_send_draft_system("acme:hello", sent_by="ai", system=scene.system())
    message = scene.message_now("acme:hello")
    message.sent_as = "connection_request"
    message.delivery_status, message.delivery_status_at = "read", 1_800_000_000_000
    scene.put(message)

    delivery = sender.json("thread", "acme:dana")["entries"][-1]

    assert delivery["what"].endswith("as a connection request")
    assert delivery["message"]["delivery_status"] == "read"
    assert "sent, read" in sender.says("thread", "acme:dana")
    assert "read 2027-01-15 08:00:00Z" in sender.says("draft", "show", "acme:hello")


def test_the_limit_keeps_the_latest(sender: Sender, scene: Scene) -> None:
    now = scene.world.now()
    for number in range(5):
        scene.put(inbound(scene, str(number), f"text {number}", now + number))

    entries = sender.json("thread", "acme:dana", "--limit", "2")["entries"]

    assert [entry["text"] for entry in entries] == ["text 3", "text 4"]


def test_people_read_who_it_is_and_what_was_said(sender: Sender, scene: Scene) -> None:
    scene.put(inbound(scene, "first", "Hello?", scene.world.now()))

    shown = sender.says("thread", "acme:dana")

    assert "Dana" in shown
    assert "dana@example.com" in shown
    assert "Hello?" in shown
    assert "setter_managed" in shown


def test_a_lead_without_any_event_is_said_so(sender: Sender, scene: Scene) -> None:
    assert "Nothing has happened" in sender.says("thread", "acme:dana")
    assert sender.json("thread", "acme:dana")["entries"] == []


def test_an_unknown_lead_is_named(sender: Sender, scene: Scene) -> None:
    refusal = sender.refuses("thread", "acme:nobody")

    assert refusal["code"] == "lead_not_found"
    assert "'acme:nobody'" in refusal["message"]
