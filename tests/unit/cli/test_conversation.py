"""`sender thread`: one lead's conversation in the order of time."""

from typing import Any

import pytest

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.followups.performing import perform_enrolment
from system_sender.models import Audit, Inbound, Lead, Sequence
from system_sender.sending import approve_and_send_draft_system
from system_sender.states import DraftState
from system_sender.store import Write
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender

UNSURE = Code.EVALUATOR_UNSURE


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


def without_moves(document: Any) -> list[Any]:
    """Return the entries of a thread that are no moves of drafts."""
    return [entry for entry in document["entries"] if entry["kind"] != "move"]


def moves(document: Any) -> list[Any]:
    """Return the moves of drafts in a thread."""
    return [entry for entry in document["entries"] if entry["kind"] == "move"]


def test_a_thread_holds_messages_drafts_and_deliveries_with_their_texts(
    sender: Sender, scene: Scene
) -> None:
    now = scene.world.now()
    scene.put(inbound(scene, "later", "Thanks", now + 60_000))
    scene.put(inbound(scene, "first", "Hello?", now - 60_000))
    scene.draft(text="word " * 60)
    approve_and_send_draft_system("acme:hello", sent_by="ai", system=scene.system())

    document = sender.json("thread", "acme:dana")

    assert [entry["at"] for entry in document["entries"]] == sorted(
        entry["at"] for entry in document["entries"]
    )
    entries = without_moves(document)
    assert [entry["kind"] for entry in entries] == [
        "message",
        "draft",
        "outbound",
        "outbound",
        "message",
    ]
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

    delivery = without_moves(sender.json("thread", "acme:dana"))[-1]

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


# --- why each message went, and why each other one did not ----------------------------------------


def test_a_thread_tells_how_a_message_came_to_go(sender: Sender, scene: Scene) -> None:
    scene.draft(state=DraftState.NEEDS_REVIEW, sent_by=None, confidence=0.7, code=UNSURE)
    sender.json("draft", "approve", "acme:hello", "--user", "kim")
    approve_and_send_draft_system("acme:hello", sent_by="setter", system=scene.system())
    message = scene.message_now("acme:hello")

    written, approved, sent = moves(sender.json("thread", "acme:dana"))

    assert (written["source"], written["target"]) == (None, "needs_review")
    assert (written["code"], written["sentence"]) == (UNSURE.value, UNSURE.sentence)
    assert (written["confidence"], written["revision"]) == (0.7, 1)
    assert written["text_hash"] == scene.draft_now("acme:hello").text_hash
    assert (approved["actor"], approved["what"]) == ("person:kim", "· kim, a person")
    assert (approved["source"], approved["target"]) == ("needs_review", "approved")
    assert (sent["id"], sent["part"], sent["attempt"]) == ("acme:hello#0", 0, 1)
    assert sent["provider_message_id"] == message.provider_message_id
    shown = sender.says("thread", "acme:dana")
    assert "needs_review → approved" in shown
    assert "sending → sent" in shown
    assert f"text {written['text_hash'][:8]}" in " ".join(shown.split())


def test_a_thread_tells_why_a_message_did_not_go(sender: Sender, scene: Scene) -> None:
    scene.draft()
    sender.json("lead", "mark", "acme:dana", "--blacklisted")
    approve_and_send_draft_system("acme:hello", sent_by="ai", system=scene.system())

    refused = moves(sender.json("thread", "acme:dana"))[-1]

    assert (refused["source"], refused["target"]) == ("approved", "failed")
    assert (refused["actor"], refused["code"]) == ("policy", "blacklisted")
    assert "The lead is blacklisted; nothing is sent to them." in sender.says("thread", "acme:dana")


def test_moves_of_one_moment_stand_in_the_order_in_which_they_were_made(
    sender: Sender, scene: Scene
) -> None:
    for number in range(4):
        scene.put(move(scene, f"{1_800_000_000_000}#{number}", revision=number))

    shown = moves(sender.json("thread", "acme:dana"))

    assert [entry["revision"] for entry in shown] == [0, 1, 2, 3]


def test_a_move_of_a_draft_that_is_gone_is_shown_all_the_same(sender: Sender, scene: Scene) -> None:
    scene.put(move(scene, "1800000000000#1", code="a_later_code", until=1_800_000_060_000))

    (entry,) = moves(sender.json("thread", "acme:dana"))

    assert (entry["draft_id"], entry["channel"]) == ("acme:gone", None)
    shown = " ".join(sender.says("thread", "acme:dana").split())
    assert "a_later_code" in shown
    assert "until 2027-01-15 08:01:00Z" in shown


def move(scene: Scene, entry: str, **changes: Any) -> Audit:
    columns = {
        "workspace": "acme",
        "draft_id": "acme:gone",
        "at": 1_800_000_000_000,
        "actor": "policy",
        "source": "approved",
        "target": "approved",
        "revision": 1,
        "text_hash": "0" * 64,
    }
    return Audit(scene.lead_id, entry, **{**columns, **changes})


# --- sequences -----------------------------------------------------------------------------------


def test_a_thread_tells_what_a_sequence_did(sender: Sender, scene: Scene) -> None:
    steps = [
        {"key": "day1-email", "day": 1, "channel": "email", "template": "Hi"},
        {"key": "day1-sms", "day": 1, "channel": "sms", "template": "Hi {{ event }}"},
    ]
    scene.put(Sequence("acme:winter", workspace="acme", name="Winter", steps=steps))
    write = Write(scene.world.new_id())
    write.update("lead", Lead("acme:dana"), [Lead.email.remove()])
    scene.store.write(write)
    sender.json("enrol", "acme:dana", "acme:winter", "--user", "kim")
    budget = Budget.of_seconds(scene.world, 20)
    perform_enrolment(scene.system(), "acme:winter/dana", budget=budget)

    enrolled, skipped, paused = moves(sender.json("thread", "acme:dana"))

    assert {entry["id"] for entry in (enrolled, skipped, paused)} == {"acme:winter/dana"}
    assert (enrolled["actor"], enrolled["step"], enrolled["draft_id"]) == ("person:kim", None, None)
    assert (skipped["step"], skipped["code"]) == ("day1-email", "missing_email")
    assert (paused["step"], paused["code"]) == ("day1-sms", "variable_missing")
    assert (enrolled["revision"], enrolled["text_hash"]) == (None, None)
    shown = sender.says("thread", "acme:dana")
    assert "new → active" in shown
    assert "step day1-email skipped" in shown
    assert Code.MISSING_EMAIL.sentence in " ".join(shown.split())
    assert "active → paused" in shown
    assert "paused before the step day1-sms" in shown
    assert "revision" not in shown


@pytest.mark.parametrize(
    ("source", "target", "code", "words"),
    [
        ("active", "active", "step_sent", "step one sent"),
        ("active", "completed", "step_sent", "step one sent"),
        ("paused", "paused", "step_sent", "step one sent"),
        ("active", "completed", "sequence_completed", "all steps are done"),
        ("active", "completed", "condition_false", "step one skipped"),
        ("paused", "paused", "rejected_by_provider", "step one skipped"),
        ("active", "paused", "lead_replied", "paused before the step one"),
        ("paused", "paused", "lead_away", "paused before the step one"),
        ("paused", "active", "step_not_due", "step one is next"),
        ("active", "cancelled", "lead_booked", "ended before the step one"),
    ],
)
def test_what_became_of_a_step_is_said_in_words(
    sender: Sender, scene: Scene, source: str, target: str, code: str, words: str
) -> None:
    about = {"draft_id": "acme:winter/dana#one", "revision": 0, "text_hash": "-"}
    facts = {"source": source, "target": target, "code": code}
    scene.put(move(scene, "1800000000000#1", **about, **facts))

    assert words in sender.says("thread", "acme:dana")
