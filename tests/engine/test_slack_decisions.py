"""People decide in Slack: authenticated, authorised, once, and told honestly what came of it."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devstack.sandbox.faults import Kind
from devstack.sandbox.slack import SlackFault
from devstack.sandbox.slack_interactions import click, payload, signed
from devstack.sandbox.webhooks import Webhook
from system_sender.codes import Code
from system_sender.drafts import edit, overtake
from system_sender.models import Draft, Workspace
from system_sender.slack.message import Action, button_value
from system_sender.states import DraftState
from system_sender.store import StorageError
from tests.crash.connection import reply_lost, request_lost
from tests.engine.slack_stage import CHANNEL, KIM, SAM, STRANGER, SlackStage, buttons_of, words
from tests.engine.stage import Once, Stage, any_write, named
from tests.support.scene import SIGNING_SECRET

pytestmark = pytest.mark.engine


@pytest.fixture
def s(stage: Stage) -> SlackStage:
    """A workspace that asks in a channel, where Sam and Kim may decide."""
    return SlackStage(stage).open()


class TestApproving:
    def test_a_click_sends_once_as_a_person_and_the_question_shows_it(self, s: SlackStage) -> None:
        draft = s.asked()
        reply = s.press(Action.APPROVE)
        assert (reply.status, reply.to_api_gateway()["body"]) == (200, "")
        assert s.stage.scene.sent_texts() == []
        s.go()
        assert s.stage.scene.sent_texts() == ["Hi Dana, 2pm Tuesday?"]
        row = s.draft(draft)
        assert (row.state, row.sent_by, row.user) == ("sent", "setter", f"slack:{SAM}")
        assert f"Approved by <@{SAM}>. *Sent.*" in words(s.question())
        assert buttons_of(s.question()) == set()
        assert s.told() == []

    def test_a_lost_request_to_go_now_leaves_it_to_the_sweep(self, s: SlackStage) -> None:
        s.asked()
        s.press(Action.APPROVE)
        s.stage.sweep()
        assert len(s.stage.scene.sent_texts()) == 1

    def test_a_double_click_sends_once_and_says_what_it_is(self, s: SlackStage) -> None:
        s.asked()
        question = s.question()
        s.press(Action.APPROVE, question)
        s.press(Action.APPROVE, question)
        s.go()
        s.press(Action.APPROVE, question)
        s.go()
        assert len(s.stage.scene.sent_texts()) == 1
        assert [f"Approved by <@{SAM}>" in told for told in s.told()] == [True, True]
        assert "*Sent.*" in s.told()[-1]

    def test_of_two_approvers_at_once_the_second_is_told_who_was_first(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()
        s.stage.world.before = Once(
            named("write draft"), lambda: s.press(Action.APPROVE, question, KIM)
        )
        assert s.press(Action.APPROVE, question, SAM).status == 200
        s.go()
        assert len(s.stage.scene.sent_texts()) == 1
        assert s.draft(draft).user == f"slack:{KIM}"
        (call,) = s.slack.told()
        assert call["user"] == SAM
        assert f"Approved by <@{KIM}>" in call["text"]

    def test_approved_and_rejected_at_once_is_what_came_first(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()
        s.stage.world.before = Once(
            named("write draft"), lambda: s.press(Action.REJECT, question, KIM)
        )
        s.press(Action.APPROVE, question, SAM)
        s.go()
        assert s.stage.state(draft.draft_id) == DraftState.REJECTED
        assert s.stage.scene.sent_texts() == []
        assert f"Rejected by <@{KIM}>" in s.told()[0]

    def test_a_click_that_slack_delivers_again_changes_nothing_more(self, s: SlackStage) -> None:
        s.asked()
        webhook = s.clicked(Action.APPROVE)
        s.post(webhook)
        s.go()
        again = Webhook(webhook.body, {**webhook.headers, "X-Slack-Retry-Num": "1"})
        assert s.post(again).status == 200
        s.go()
        assert len(s.stage.scene.sent_texts()) == 1

    def test_what_the_gate_holds_is_shown_with_when_it_goes(self, s: SlackStage) -> None:
        s.asked()
        s.stage.fail(Kind.REFUSE, refusal="too_many_requests", retry_after="600")
        s.press(Action.APPROVE)
        s.go()
        shown = words(s.question())
        assert Code.RATE_LIMITED.sentence in shown
        assert "<!date^" in shown

    def test_what_is_unknown_is_shown_as_unknown_and_then_as_found(self, s: SlackStage) -> None:
        s.asked()
        s.stage.fail(Kind.RESET_AFTER)
        s.press(Action.APPROVE)
        s.go()
        assert "not known whether it left" in words(s.question())
        s.stage.world.step(60)
        s.stage.sweep()
        s.stage.sweep()
        assert Code.SENT_BY_EVIDENCE.sentence in words(s.question())
        assert len(s.stage.scene.sent_texts()) == 1

    def test_an_incomplete_draft_has_no_button_to_approve(self, s: SlackStage) -> None:
        draft = s.asked(code=Code.TEMPLATE_VARIABLE_MISSING)
        assert buttons_of(s.question()) == {Action.EDIT.value, Action.REJECT.value}
        s.post(self._forged(s, draft, Action.APPROVE))
        assert s.told() == [Code.TEMPLATE_VARIABLE_MISSING.sentence]
        assert s.draft(draft).state == DraftState.NEEDS_REVIEW

    @staticmethod
    def _forged(s: SlackStage, draft: Draft, action: Action) -> Webhook:
        button = {"action_id": action.value, "value": button_value(draft)}
        return click(button, SIGNING_SECRET, channel=CHANNEL, user=SAM, at=s.now)


class TestAConversationThatMovedOn:
    def test_the_click_is_refused_with_a_button_to_send_anyway(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()
        self._write_again(s, "Never mind, Thursday")
        sent = len(s.stage.scene.sent_texts())
        assert s.press(Action.APPROVE, question).code is Code.STALE_NEEDS_WORD
        (told,) = s.slack.told()
        assert "Never mind, Thursday" in str(told["blocks"])
        assert s.cron.drafts == []
        s.press_told()
        s.go()
        assert s.draft(draft).state == DraftState.SENT
        assert s.stage.scene.sent_texts()[sent:] == ["Hi Dana, 2pm Tuesday?"]

    def test_a_still_newer_message_asks_again(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()
        self._write_again(s, "Never mind, Thursday")
        s.press(Action.APPROVE, question)
        self._write_again(s, "Or rather Friday")
        assert s.press_told().code is Code.STALE_NEEDS_WORD
        assert "Or rather Friday" in str(s.slack.told()[-1]["blocks"])
        assert s.draft(draft).state == DraftState.SUPERSEDED

    @staticmethod
    def _write_again(s: SlackStage, text: str) -> None:
        assert s.stage.post(s.stage.text(text)).status == 200

    def test_a_forged_order_without_what_was_seen_is_none(self, s: SlackStage) -> None:
        draft = s.asked()
        self._write_again(s, "Never mind")
        button = {"action_id": Action.APPROVE_ANYWAY.value, "value": button_value(draft)}
        webhook = click(button, SIGNING_SECRET, channel=CHANNEL, user=SAM, at=s.now)
        assert s.post(webhook).code is Code.STALE_NEEDS_WORD


class TestRejecting:
    def test_it_is_rejected_and_shown_with_who_it_was(self, s: SlackStage) -> None:
        draft = s.asked()
        s.press(Action.REJECT, user=KIM)
        s.go()
        assert s.stage.state(draft.draft_id) == DraftState.REJECTED
        assert f"Rejected by <@{KIM}>" in words(s.question())
        assert buttons_of(s.question()) == set()

    def test_what_was_sent_cannot_be_rejected(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()
        s.press(Action.APPROVE, question)
        s.go()
        s.press(Action.REJECT, question, KIM)
        assert s.draft(draft).state == DraftState.SENT
        assert "*Sent.*" in s.told()[0]


class TestEditing:
    def test_the_new_text_waits_for_approval_and_is_what_leaves(self, s: SlackStage) -> None:
        draft = s.asked()
        s.press(Action.EDIT)
        view = s.slack.views()[0]
        assert view["blocks"][0]["element"]["initial_value"] == "Hi Dana, 2pm Tuesday?"
        assert s.save(text="Wednesday at 3?").body == {}
        row = s.draft(draft)
        assert (row.state, row.revision) == (DraftState.PENDING, 2)
        s.go()
        assert s.stage.scene.sent_texts() == []
        assert "Wednesday at 3?" in words(s.question())
        s.press(Action.APPROVE, user=KIM)
        s.go()
        assert s.stage.scene.sent_texts() == ["Wednesday at 3?"]

    def test_a_message_from_before_the_edit_decides_nothing_and_is_renewed(
        self, s: SlackStage
    ) -> None:
        draft = s.asked()
        old = s.question()
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?")
        s.show(draft)
        before = s.question().edits
        for action in (Action.APPROVE, Action.REJECT, Action.EDIT):
            assert s.press(action, old).code is Code.STALE_REVISION
        assert s.told() == [Code.STALE_REVISION.sentence] * 3
        assert s.slack.views() == []
        s.go()
        assert s.question().edits > before
        assert s.draft(draft).state == DraftState.PENDING
        assert s.stage.scene.sent_texts() == []

    def test_a_form_from_before_an_edit_overwrites_nothing(self, s: SlackStage) -> None:
        draft = s.asked()
        s.press(Action.EDIT)
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?")
        reply = s.save(text="Thursday?")
        assert reply.body["errors"] == {"text": Code.STALE_REVISION.sentence}
        assert s.draft(draft).revision == 2

    def test_of_two_forms_at_once_one_is_saved(self, s: SlackStage) -> None:
        draft = s.asked()
        s.press(Action.EDIT)
        s.stage.world.before = Once(named("write revision"), lambda: s.save(KIM, text="Thursday?"))
        reply = s.save(SAM, text="Friday?")
        assert reply.body["response_action"] == "errors"
        assert s.draft(draft).revision == 2
        s.go()
        assert "Thursday?" in words(s.question())

    def test_the_same_form_again_is_the_same_edit(self, s: SlackStage) -> None:
        draft = s.asked()
        s.press(Action.EDIT)
        assert s.save(text="Wednesday?").body == {}
        assert s.save(text="Wednesday?").body == {}
        assert s.draft(draft).revision == 2

    @pytest.mark.parametrize(
        ("text", "code"),
        [("", Code.EMPTY_TEXT), (" \n", Code.EMPTY_TEXT), ("x" * 481, Code.TEXT_TOO_LONG)],
    )
    def test_a_text_that_cannot_be_sent_keeps_the_form_open(
        self, s: SlackStage, text: str, code: Code
    ) -> None:
        draft = s.asked()
        s.press(Action.EDIT)
        reply = s.save(text=text or None)
        assert reply.status == 200
        assert reply.body == {"response_action": "errors", "errors": {"text": code.sentence}}
        assert s.draft(draft).revision == 1

    def test_an_email_has_its_subject_in_the_form(self, s: SlackStage) -> None:
        draft = s.asked(channel="email", subject="Tuesday")
        s.press(Action.EDIT)
        reply = s.save(text="Hello", subject="two\nlines")
        assert reply.body["errors"] == {"subject": Code.SUBJECT_WRONG.sentence}
        assert s.save(text="Hello", subject="Wednesday").body == {}
        assert s.save(text="Hello", subject="Wednesday").body == {}
        s.show(draft)
        assert "Subject: Wednesday" in words(s.question())

    def test_a_text_longer_than_a_form_is_edited_elsewhere(self, s: SlackStage) -> None:
        s.asked(channel="email", text="word " * 700, subject="Hello")
        s.press(Action.EDIT)
        assert s.slack.views() == []
        assert "3,000 characters" in s.told()[0]

    def test_a_form_that_cannot_be_opened_is_told(self, s: SlackStage) -> None:
        s.asked()
        s.fail(SlackFault(Kind.REFUSE, method="views.open", error="expired_trigger_id"))
        assert s.press(Action.EDIT).status == 200
        assert "click Edit again" in s.told()[0]

    def test_what_was_decided_meanwhile_is_not_edited(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()
        s.press(Action.EDIT)
        s.press(Action.APPROVE, question, KIM)
        assert s.save(text="Thursday?").body["errors"] == {"text": Code.DRAFT_CHANGED.sentence}
        s.press(Action.EDIT, question)
        assert f"Approved by <@{KIM}>" in s.told()[0]
        assert s.draft(draft).revision == 1


class TestWhoMayDecide:
    @pytest.mark.parametrize("action", [Action.APPROVE, Action.EDIT, Action.REJECT])
    def test_a_stranger_is_told_and_changes_nothing(self, s: SlackStage, action: Action) -> None:
        draft = s.asked()
        assert s.press(action, user=STRANGER).code is Code.NOT_AN_APPROVER
        assert s.told() == [Code.NOT_AN_APPROVER.sentence]
        assert (s.draft(draft).state, s.slack.views()) == (DraftState.NEEDS_REVIEW, [])

    def test_a_stranger_cannot_save_a_form(self, s: SlackStage) -> None:
        draft = s.asked()
        s.press(Action.EDIT)
        reply = s.save(STRANGER, text="Wednesday?")
        assert reply.body["errors"] == {"text": Code.NOT_AN_APPROVER.sentence}
        assert s.draft(draft).revision == 1

    @pytest.mark.parametrize("approvers", [None, [], "U0SAM", {"U0SAM": True}, [["U0SAM"]]])
    def test_where_nobody_is_named_nobody_may(self, s: SlackStage, approvers: Any) -> None:
        draft = s.asked()
        workspace = Workspace(s.stage.scene.workspace)
        change = (
            Workspace.slack_approvers.remove()
            if approvers is None
            else Workspace.slack_approvers.set(approvers)
        )
        s.stage.update(workspace, change)
        s.press(Action.APPROVE)
        assert s.draft(draft).state == DraftState.NEEDS_REVIEW

    def test_another_workspaces_draft_is_out_of_reach(self, s: SlackStage) -> None:
        s.asked()
        value = json.dumps({"draft": "other:hello", "revision": 1})
        button = {"action_id": Action.APPROVE.value, "value": value}
        reply = s.post(click(button, SIGNING_SECRET, channel=CHANNEL, user=SAM, at=s.now))
        assert (reply.status, reply.code) == (403, Code.FORBIDDEN)

    def test_a_click_on_another_workspaces_path_is_none_of_ours(self, s: SlackStage) -> None:
        s.asked()
        webhook = s.clicked(Action.APPROVE)
        s.stage.scene.put(Workspace("other", name="B", region="US", time_zone="UTC"))
        reply = s.post(webhook, pathParameters={"workspace": "other"})
        assert (reply.status, reply.code) == (403, Code.FORBIDDEN)


class TestTheDoor:
    @pytest.mark.parametrize("missing", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
    def test_without_a_signature_nobody_enters(self, s: SlackStage, missing: str) -> None:
        s.asked()
        webhook = s.clicked(Action.APPROVE)
        headers = {name: value for name, value in webhook.headers.items() if name != missing}
        reply = s.post(Webhook(webhook.body, headers))
        assert (reply.status, reply.code) == (401, Code.SIGNATURE_MISSING)

    @pytest.mark.parametrize(
        "changes",
        [
            {"X-Slack-Signature": "v0=" + "0" * 64},
            {"X-Slack-Signature": "v0=é"},
            {"X-Slack-Signature": "nonsense"},
            {"X-Slack-Request-Timestamp": "NaN"},
            {"X-Slack-Request-Timestamp": "1e9"},
            {"X-Slack-Request-Timestamp": "9" * 5000},
            {"X-Slack-Request-Timestamp": "-1"},
        ],
    )
    def test_a_wrong_signature_or_time_is_refused(
        self, s: SlackStage, changes: dict[str, str]
    ) -> None:
        draft = s.asked()
        webhook = s.clicked(Action.APPROVE)
        reply = s.post(Webhook(webhook.body, {**webhook.headers, **changes}))
        assert (reply.status, reply.code) == (401, Code.SIGNATURE_INVALID)
        assert s.draft(draft).state == DraftState.NEEDS_REVIEW

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_a_request_of_another_time_is_refused(self, s: SlackStage, seconds: int) -> None:
        s.asked()
        webhook = s.clicked(Action.APPROVE)
        s.stage.world.step(seconds)
        assert s.post(webhook).status == 401

    def test_the_signature_is_over_the_bytes(self, s: SlackStage) -> None:
        s.asked()
        webhook = s.clicked(Action.APPROVE)
        assert s.post(Webhook(webhook.body + b"&x=1", webhook.headers)).status == 401

    def test_another_apps_secret_does_not_open(self, s: SlackStage) -> None:
        s.asked()
        s.stage.scene.secrets.signing_secret = "another"
        assert s.press(Action.APPROVE).status == 401
        s.stage.scene.secrets.signing_secret = None
        assert s.press(Action.APPROVE).status == 401

    def test_an_unknown_workspace_costs_no_secret(self, s: SlackStage) -> None:
        s.asked()
        s.stage.scene.secrets.at_hand = False
        webhook = s.clicked(Action.APPROVE)
        for name in ("nobody", "../x", "", None):
            reply = s.post(webhook, pathParameters={"workspace": name})
            assert (reply.status, reply.code) == (404, Code.WORKSPACE_NOT_FOUND)

    def test_a_body_in_base64_is_the_same_body(self, s: SlackStage) -> None:
        draft = s.asked()
        webhook = s.clicked(Action.APPROVE)
        body = base64.b64encode(webhook.body).decode()
        assert s.post(webhook, body=body, isBase64Encoded=True).status == 200
        assert s.draft(draft).state == DraftState.APPROVED

    def test_a_huge_body_is_refused_before_it_is_read(self, s: SlackStage) -> None:
        reply = s.post(signed(b"payload=" + b"x" * 300_000, SIGNING_SECRET, s.now))
        assert (reply.status, reply.code) == (413, Code.BODY_TOO_LARGE)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"payload=",
            b"payload=[]",
            b"payload=" + b"[" * 50_000,
            b"payload=" + b"9" * 5_000,
            b"&".join([b"a=1"] * 50),
            b"\xff\xfe",
            b"payload=%7B%22type%22%3A1%7D",
        ],
    )
    def test_what_cannot_be_read_is_refused(self, s: SlackStage, body: bytes) -> None:
        reply = s.post(signed(body, SIGNING_SECRET, s.now))
        assert reply.status in {400, 401}

    @pytest.mark.parametrize(
        "values",
        [
            {"type": "view_closed"},
            {"type": "shortcut"},
            {"type": "block_actions"},
            {"type": "block_actions", "actions": [{"action_id": "another_app"}]},
            {"type": "block_actions", "actions": [{"action_id": ["review_approve"]}]},
            {"type": "view_submission", "view": {"callback_id": "another"}},
        ],
    )
    def test_what_is_not_about_a_question_is_ignored(self, s: SlackStage, values: Any) -> None:
        reply = s.post(payload(values, SIGNING_SECRET, s.now))
        assert (reply.status, reply.code) == (200, Code.EVENT_IGNORED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["type", "user", "channel", "actions", "view", "trigger_id", "container", "team"]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.dictionaries(FIELDS, JSON, max_size=3), value=JSON, kind=st.booleans())
def test_no_signed_body_whatever_is_in_it_makes_an_error_of_ours(
    s: SlackStage, changes: dict[str, Any], value: Any, kind: bool
) -> None:
    action = {"action_id": "review_approve", "value": json.dumps(value)}
    view = {
        "callback_id": "review_edit",
        "private_metadata": json.dumps(value),
        "state": {"values": value},
    }
    values = {
        "type": "block_actions" if kind else "view_submission",
        "user": {"id": SAM},
        "channel": {"id": CHANNEL},
        "trigger_id": "1",
        "actions": [action],
        "view": view,
        **changes,
    }
    reply = s.post(payload(values, SIGNING_SECRET, s.now))
    assert reply.status in {200, 400, 403}


class TestTrouble:
    def test_storage_that_is_down_is_an_error_that_slack_shows(self, s: SlackStage) -> None:
        draft = s.asked()
        webhook = s.clicked(Action.APPROVE)
        with s.stage.struck(request_lost, any_write):
            reply = s.post(webhook)
        assert (reply.status, reply.code) == (503, Code.STORAGE_TROUBLE)
        assert s.draft(draft).state == DraftState.NEEDS_REVIEW
        assert s.post(webhook).status == 200
        s.go()
        assert len(s.stage.scene.sent_texts()) == 1

    def test_an_approval_whose_answer_was_lost_stands_and_sends_once(self, s: SlackStage) -> None:
        s.asked()
        webhook = s.clicked(Action.APPROVE)
        with s.stage.struck(reply_lost, any_write):
            s.post(webhook)
        assert s.post(webhook).status == 200
        s.go()
        s.stage.sweep()
        assert len(s.stage.scene.sent_texts()) == 1

    def test_a_person_who_cannot_be_told_has_decided_all_the_same(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()
        s.press(Action.APPROVE, question)
        s.fail(SlackFault(Kind.STALL_BEFORE, method="chat.postEphemeral"))
        assert s.press(Action.APPROVE, question).status == 200
        s.stage.scene.secrets.token = None
        assert s.press(Action.APPROVE, question).status == 200
        assert s.draft(draft).state == DraftState.APPROVED

    def test_nothing_is_sent_by_the_function_that_slack_waits_for(self, s: SlackStage) -> None:
        s.asked()
        s.stage.world.effects.clear()
        s.press(Action.APPROVE)
        kinds = [str(kind) for kind, _ in s.stage.world.effects]
        assert "provider" not in kinds
        assert len(kinds) <= 6

    def test_a_draft_that_is_gone_is_told(self, s: SlackStage) -> None:
        draft = s.asked()
        s.stage.delete(Draft, draft.draft_id)
        assert s.press(Action.APPROVE).code is Code.DRAFT_NOT_FOUND
        assert s.press(Action.EDIT).code is Code.DRAFT_NOT_FOUND
        assert s.told() == [Code.DRAFT_NOT_FOUND.sentence] * 2

    def test_a_change_of_the_policys_while_a_person_clicks_is_told(self, s: SlackStage) -> None:
        draft = s.asked()
        question = s.question()

        def supersede() -> None:
            moves = [(s.draft(draft), Code.HUMAN_REPLIED)]
            overtake(s.stage.scene.store, s.stage.world, draft.lead_id, moves)

        s.stage.world.before = Once(named("write draft"), supersede)
        s.press(Action.APPROVE, question)
        assert Code.HUMAN_REPLIED.sentence in s.told()[0]
        assert s.stage.scene.sent_texts() == []

    def test_storage_errors_are_not_swallowed(self, s: SlackStage) -> None:
        s.asked()
        webhook = s.clicked(Action.APPROVE)

        def fail() -> None:
            raise StorageError("down")

        s.stage.world.before = Once(named("get"), fail)
        assert s.post(webhook).status == 503
