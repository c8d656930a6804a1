"""`sender drafts` and `sender draft`: a person decides, and the functions send."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from system_sender.audit import entries_of
from system_sender.cli.operator import Operator
from system_sender.codes import Code
from system_sender.models import Inbound, Lead, Message, Revision, Workspace
from system_sender.states import DraftState
from system_sender.store import Write
from system_sender.transport import Request
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender

PENDING: dict[str, Any] = {"state": DraftState.PENDING, "sent_by": None}


def newer_inbound(scene: Scene) -> None:
    write = Write(scene.world.new_id())
    write.update("lead", Lead(scene.lead_id), [Lead.inbound_count.set(1), Lead.version.set(2)])
    scene.store.write(write)


# --- approve -------------------------------------------------------------------------------------


def test_approving_sets_the_draft_due_now_and_records_who_did_it(
    sender: Sender, scene: Scene
) -> None:
    scene.draft(**PENDING)
    before = scene.world.now()

    document = sender.json("draft", "approve", "acme:hello", "--user", "kim")

    draft = scene.draft_now("acme:hello")
    assert (draft.state, draft.sent_by, draft.user) == ("approved", "setter", "kim")
    assert before <= draft.due_at <= scene.world.now()
    assert draft.due_shard is not None, "no sweep would find it"
    assert document["draft"]["state"] == "approved"
    assert document["result"] is None


def test_approving_sends_nothing_itself(
    sender: Sender, scene: Scene, connections: list[Any]
) -> None:
    scene.draft(**PENDING)

    sender.json("draft", "approve", "acme:hello")

    assert connections == []
    assert scene.store.get(Message, "acme:hello", 0) is None


def test_the_command_has_no_way_to_a_provider(scene: Scene) -> None:
    request = Request("POST", "http://127.0.0.1/conversations/messages", {})

    with pytest.raises(RuntimeError, match="never calls a provider"):
        Operator().system.transport.send(request, seconds=1, guard=lambda: None)


def test_a_stale_draft_needs_the_override(sender: Sender, scene: Scene) -> None:
    scene.draft(**PENDING)
    newer_inbound(scene)

    refusal = sender.refuses("draft", "approve", "acme:hello")

    assert refusal["code"] == "stale_needs_word"
    assert "--even-if-stale" in refusal["message"]
    assert scene.draft_now("acme:hello").state == "pending"
    sender.json("draft", "approve", "acme:hello", "--even-if-stale")
    assert scene.draft_now("acme:hello").seen_inbounds == 1


def test_a_rejected_draft_cannot_be_approved(sender: Sender, scene: Scene) -> None:
    scene.draft(**PENDING)
    sender.json("draft", "reject", "acme:hello")

    assert sender.refuses("draft", "approve", "acme:hello")["code"] == "draft_rejected"


def test_a_draft_that_does_not_exist_is_named(sender: Sender, scene: Scene) -> None:
    refusal = sender.refuses("draft", "approve", "acme:none")

    assert refusal["code"] == "draft_not_found"
    assert "'acme:none'" in refusal["message"]


# --- approve --now -------------------------------------------------------------------------------


class Lambda:
    """A Lambda service with one function, which answers what it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.error: str | None = None
        self.answer: Any = {"code": "sent", "sentence": "The provider accepted the message."}
        self.invoked: list[tuple[str, Any]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.invoked.append((self.path, json.loads(body)))
                payload = json.dumps(service.answer).encode()
                self.send_response(service.status)
                if service.error:
                    self.send_header("X-Amz-Function-Error", service.error)
                if service.status != 200:
                    self.send_header("x-amzn-ErrorType", "ResourceNotFoundException")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output to themselves."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    service = Lambda()
    thread = Thread(target=service.server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service.url)
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


def test_now_asks_the_deployed_function_and_shows_its_answer(
    sender: Sender, scene: Scene, function: Lambda
) -> None:
    scene.draft(**PENDING)

    document = sender.json("draft", "approve", "acme:hello", "--now")

    path = "/2015-03-31/functions/system-sender-followup-cron/invocations"
    assert function.invoked == [(path, {"draft_id": "acme:hello"})]
    assert document["result"] == function.answer
    assert "The provider accepted the message." in sender.says(
        "draft", "approve", "acme:hello", "--now"
    )


@pytest.mark.parametrize(
    ("status", "error", "answer", "code"),
    [
        (200, "Unhandled", {"errorType": "Sandbox.Timedout"}, "function_failed"),
        (200, None, {"due": 1}, "function_failed"),
        (404, None, {"Message": "Function not found"}, "function_not_found"),
    ],
)
def test_a_function_that_does_not_answer_leaves_the_draft_approved_and_due(
    sender: Sender,
    scene: Scene,
    function: Lambda,
    status: int,
    error: str | None,
    answer: Any,
    code: str,
) -> None:
    scene.draft(**PENDING)
    function.status, function.error, function.answer = status, error, answer

    refusal = sender.refuses("draft", "approve", "acme:hello", "--now")

    assert refusal["code"] == code
    assert "due" in refusal["message"]
    assert scene.draft_now("acme:hello").state == "approved"


def test_an_unreachable_lambda_leaves_the_draft_approved_and_says_so(
    sender: Sender, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.draft(**PENDING)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")

    refusal = sender.refuses("draft", "approve", "acme:hello", "--now")

    assert refusal["code"] == "endpoint_unreachable"
    assert "stays due" in refusal["message"]


# --- edit and reject -----------------------------------------------------------------------------


def test_an_edit_is_a_new_revision_that_needs_approval_again(sender: Sender, scene: Scene) -> None:
    scene.draft()

    sender.json("draft", "edit", "acme:hello", "--text", "Hello Dana")

    draft = scene.draft_now("acme:hello")
    assert (draft.state, draft.revision) == ("pending", 2)
    assert draft.due_at is None
    revision = scene.store.get(Revision, "acme:hello", 2)
    assert revision is not None
    assert revision.text == "Hello Dana"


def test_the_text_of_a_file_or_of_standard_input_loses_one_line_break_only(
    sender: Sender, scene: Scene, tmp_path: Path
) -> None:
    scene.draft()
    file = tmp_path / "text"
    file.write_text("From a file \n\n")

    sender.json("draft", "edit", "acme:hello", "--file", str(file))
    assert sender.json("draft", "show", "acme:hello")["draft"]["text"] == "From a file \n"
    sender.json("draft", "edit", "acme:hello", text="مرحبا 🙂\n")
    assert sender.json("draft", "show", "acme:hello")["draft"]["text"] == "مرحبا 🙂"


@pytest.mark.parametrize(("text", "code"), [("  ", "empty_text"), ("x" * 481, "text_too_long")])
def test_a_text_that_cannot_be_sent_is_refused_at_once(
    sender: Sender, scene: Scene, text: str, code: str
) -> None:
    scene.draft()

    assert sender.refuses("draft", "edit", "acme:hello", "--text", text)["code"] == code
    assert scene.draft_now("acme:hello").revision == 1


EMAIL: dict[str, Any] = {"channel": "email", "subject": "Tuesday", **PENDING}


@pytest.mark.parametrize(("channel", "most"), [("email", 20_000), ("linkedin", 8_000)])
def test_how_long_a_text_may_be_depends_on_its_channel(
    sender: Sender, scene: Scene, channel: str, most: int
) -> None:
    scene.draft(channel=channel, **PENDING)

    sender.json("draft", "edit", "acme:hello", text="x" * most)
    refusal = sender.refuses("draft", "edit", "acme:hello", text="x" * (most + 1))

    assert refusal["code"] == "text_too_long"


def test_an_email_may_get_another_subject_alone(sender: Sender, scene: Scene) -> None:
    scene.draft(text="Hi Dana", **EMAIL)

    draft = sender.json("draft", "edit", "acme:hello", "--subject", "Wednesday")["draft"]

    assert (draft["subject"], draft["text"], draft["revision"]) == ("Wednesday", "Hi Dana", 2)


def test_an_email_may_get_another_text_and_keeps_its_subject(sender: Sender, scene: Scene) -> None:
    scene.draft(**EMAIL)

    draft = sender.json("draft", "edit", "acme:hello", "--text", "Hello")["draft"]

    assert (draft["subject"], draft["text"]) == ("Tuesday", "Hello")


def test_only_an_email_has_a_subject(sender: Sender, scene: Scene) -> None:
    scene.draft(**PENDING)

    arguments = ("draft", "edit", "acme:hello", "--subject", "Wednesday")
    assert sender.refuses(*arguments, exit_code=2)["code"] == "usage"
    assert scene.draft_now("acme:hello").revision == 1


def test_a_subject_is_one_line(sender: Sender, scene: Scene) -> None:
    scene.draft(**EMAIL)

    arguments = ("draft", "edit", "acme:hello", "--subject", "Two\nlines")
    assert sender.refuses(*arguments)["code"] == "subject_wrong"


def test_the_text_comes_from_one_place(sender: Sender, scene: Scene) -> None:
    scene.draft()

    refusal = sender.refuses(
        *("draft", "edit", "acme:hello", "--text", "a", "--file", "b"), exit_code=2
    )
    assert refusal["code"] == "usage"


def test_a_rejected_draft_is_out_of_the_way_until_an_edit(sender: Sender, scene: Scene) -> None:
    scene.draft()

    sender.json("draft", "reject", "acme:hello")

    assert scene.draft_now("acme:hello").state == "rejected"
    assert scene.draft_now("acme:hello").due_at is None
    sender.json("draft", "edit", "acme:hello", "--text", "Better")
    assert scene.draft_now("acme:hello").state == "pending"


# --- looking -------------------------------------------------------------------------------------


def test_drafts_lists_what_is_unfinished_with_its_text(sender: Sender, scene: Scene) -> None:
    scene.draft("one", "First", **PENDING)
    scene.draft("two", "Second")
    scene.draft("three", "Third", **PENDING)
    sender.json("draft", "reject", "acme:three")

    listed = sender.json("drafts")["drafts"]

    assert {row["draft_id"]: row["text"] for row in listed} == {
        "acme:one": "First",
        "acme:two": "Second",
    }


def test_drafts_are_chosen_by_state_and_workspace(sender: Sender, scene: Scene) -> None:
    scene.draft("one", "First", **PENDING)
    scene.draft("two", "Second")

    chosen = sender.json("drafts", "--workspace", "acme", "--state", "approved")["drafts"]

    assert [row["draft_id"] for row in chosen] == ["acme:two"]
    assert sender.refuses("drafts", "--workspace", "none")["code"] == "workspace_not_found"
    assert sender.refuses("drafts", "--state", "maybe", exit_code=2)["code"] == "usage"


def test_drafts_says_when_there_are_more_than_it_shows(sender: Sender, scene: Scene) -> None:
    for number in range(3):
        scene.draft(str(number), "Text")

    assert "3 drafts." in sender.says("drafts")
    assert "2 drafts, the latest; --limit shows more." in sender.says("drafts", "--limit", "2")


def test_show_tells_state_reason_and_text(sender: Sender, scene: Scene) -> None:
    scene.draft(text="Hi Dana, \x1b[31mred\x07 alert")

    shown = sender.says("draft", "show", "acme:hello")

    assert "acme:hello" in shown
    assert "approved" in shown
    assert "Hi Dana, \ufffd[31mred\ufffd alert" in shown, "a text could steer the terminal"


JUDGEMENT = {
    "confidence": 0.62,
    "safe_to_send": False,
    "needs_review": True,
    "reason": "It promises a price.",
    "writer": {"model": "gpt-oss-120b", "prompt": "write-3"},
    "evaluator": {"model": "gpt-oss-120b", "prompt": "judge-2"},
}


def held(scene: Scene) -> None:
    state: dict[str, Any] = {
        "state": DraftState.NEEDS_REVIEW,
        "sent_by": None,
        "code": Code.BELOW_THRESHOLD,
    }
    scene.draft(confidence=0.62, judgement=JUDGEMENT, **state)


def test_show_tells_what_was_thought_of_the_text_and_by_which_model_and_prompts(
    sender: Sender, scene: Scene
) -> None:
    held(scene)

    document = sender.json("draft", "show", "acme:hello")["draft"]

    assert (document["judgement"], document["confidence"]) == (JUDGEMENT, 0.62)
    shown = " ".join(sender.says("draft", "show", "acme:hello").split())
    assert "confidence 0.62 safe to send no" in shown
    assert "reason It promises a price." in shown
    assert "writer model gpt-oss-120b, prompt write-3" in shown
    assert "evaluator model gpt-oss-120b, prompt judge-2" in shown


def test_drafts_tells_why_each_stands_where_it_does(sender: Sender, scene: Scene) -> None:
    held(scene)

    shown = " ".join(sender.says("drafts").split())

    assert "below_threshold" in shown
    assert "It promises a price." in shown
    (listed,) = sender.json("drafts")["drafts"]
    assert listed["sentence"] == Code.BELOW_THRESHOLD.sentence


@pytest.mark.parametrize(
    ("zone", "there"),
    [
        ("Asia/Kathmandu", "2100-01-01 05:45:00 in Asia/Kathmandu"),
        # Nobody knows where the lead is: the workspace's clock stands in for theirs.
        (None, "2099-12-31 19:00:00 in America/New_York"),
    ],
)
def test_show_tells_until_when_it_waits_by_the_leads_clock_and_in_utc(
    sender: Sender, scene: Scene, zone: str | None, there: str
) -> None:
    write = Write(scene.world.new_id())
    known = Lead.time_zone.set(zone) if zone else Lead.time_zone.remove()
    write.update("lead", Lead(scene.lead_id), [known])
    scene.store.write(write)
    scene.draft(due_at=4_102_444_800_000, code=Code.QUIET_HOURS)

    shown = " ".join(sender.says("draft", "show", "acme:hello").split())

    assert f"waits until {there} (2100-01-01 00:00:00Z)" in shown
    assert Code.QUIET_HOURS.sentence in shown


@pytest.mark.parametrize(
    "arguments", [("edit", "acme:hello", "--text", "Hello"), ("reject", "acme:hello")]
)
def test_who_edits_or_rejects_is_on_record(
    sender: Sender, scene: Scene, arguments: tuple[str, ...]
) -> None:
    scene.draft(**PENDING)

    sender.json("draft", *arguments, "--user", "kim")

    assert entries_of(scene.store, scene.lead_id, 9)[-1].actor == "person:kim"


# --- where it goes -------------------------------------------------------------------------------


def heading(sender: Sender) -> Any:
    return sender.json("draft", "show", "acme:hello")["draft"]["heading"]


def test_show_tells_whom_an_answer_goes_to(sender: Sender, scene: Scene) -> None:
    scene.integrate("smartlead", bcc=["archive@example.com"])
    scene.put(
        Inbound(
            "acme:smartlead:reply-1",
            workspace="acme",
            lead_id=scene.lead_id,
            kind="message",
            provider="smartlead",
            channel="email",
            subject="Intro",
            sender="kim@example.com",
            sender_name="Kim Example",
            to=["sam@out.example.com"],
            cc=["lee@example.com"],
            handles={
                "campaign_id": "9",
                "stats_id": "8f7c2b10",
                "message_id": "<reply@mail.example.com>",
                "mailbox": "sam@out.example.com",
            },
            sequence=1,
            received_at=scene.world.now(),
        )
    )
    scene.draft(channel="email", reply_to="acme:smartlead:reply-1", **PENDING)

    assert heading(sender) == {
        "provider": "smartlead",
        "to": "kim@example.com",
        "to_name": "Kim Example",
        "cc": ["dana@example.com", "lee@example.com"],
        "bcc": ["archive@example.com"],
        "subject": "Re: Intro",
        "obstacle": None,
    }
    shown = sender.says("draft", "show", "acme:hello")
    assert "Kim Example <kim@example.com>" in shown
    assert "dana@example.com, lee@example.com" in shown
    assert "acme:smartlead:reply-1" in shown


def test_show_tells_what_keeps_a_draft_from_having_an_address(sender: Sender, scene: Scene) -> None:
    scene.draft(channel="linkedin", **PENDING)

    assert heading(sender)["obstacle"] == "no_provider"
    assert Code.NO_PROVIDER.sentence[:30] in sender.says("draft", "show", "acme:hello")


def test_show_tells_which_of_several_providers_sends(sender: Sender, scene: Scene) -> None:
    scene.integrate("unipile")
    scene.draft(channel="linkedin", **PENDING)

    assert heading(sender)["provider"] == "unipile"
    assert heading(sender)["to"] == scene.linkedin_id


def test_show_tells_that_a_provider_only_answers(sender: Sender, scene: Scene) -> None:
    scene.integrate("smartlead")
    write = Write(scene.world.new_id())
    chosen = [Workspace.email_provider.set("smartlead")]
    write.update("workspace", Workspace("acme"), chosen)
    scene.store.write(write)
    scene.draft(**EMAIL)

    assert heading(sender)["obstacle"] == "no_thread"
    assert heading(sender)["to"] == "dana@example.com"
    sender.json("draft", "reject", "acme:hello")
    assert heading(sender)["obstacle"] is None, "a draft that is not to go has no obstacle"
