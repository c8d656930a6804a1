"""What a dashboard may do over HTTP: once, about the revision it saw, and in its own workspace."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.dashboard.handling import LARGEST_BODY
from system_sender.drafts import approve
from system_sender.models import Audit, Campaign, Draft, Revision, Switch, Workspace
from system_sender.states import DraftState
from system_sender.store import StorageUnavailable
from system_sender.world import Effect
from tests.crash.connection import reply_lost, throttled
from tests.engine.stage import Once, Stage, any_call, any_write, named
from tests.support.dashboard import ARN, Answer, Dashboard
from tests.support.tables import rows

USER = f"api:{ARN}"


@pytest.fixture
def dashboard(stage: Stage) -> Dashboard:
    return Dashboard(stage.system, stage.scene.workspace)


@pytest.fixture
def held(stage: Stage) -> Draft:
    """A draft that waits for a person."""
    return stage.scene.draft("hello", state=DraftState.NEEDS_REVIEW)


def submission(stage: Stage, **changes: Any) -> dict[str, Any]:
    return {
        "key": "writer-1",
        "lead_id": stage.scene.lead_id,
        "channel": "sms",
        "text": "Does 2pm Tuesday work?",
        "campaign_id": f"{stage.scene.workspace}:autumn",
        "confidence": 0.95,
        **changes,
    }


class TestLooking:
    def test_a_list_goes_on_where_its_page_ended(self, stage: Stage, dashboard: Dashboard) -> None:
        made = {stage.scene.draft(f"d{n}", state=DraftState.PENDING).draft_id for n in range(5)}
        seen: list[str] = []
        cursor = ""
        while True:
            page = dashboard.get("drafts", state="pending", limit=2, cursor=cursor)
            assert page.status == 200
            seen += [draft["draft_id"] for draft in page.body["drafts"]]
            cursor = page.body["cursor"]
            if cursor is None:
                break
        assert (len(seen), set(seen)) == (5, made)

    def test_a_cursor_of_another_workspace_leads_nowhere(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        for number in range(2):
            stage.scene.draft(f"d{number}", state=DraftState.PENDING)
        page = dashboard.get("drafts", state="pending", limit=1)
        stage.scene.put(Workspace("other", name="Other", region="US", time_zone="UTC"))
        other = Dashboard(stage.system, "other")
        answer = other.get("drafts", state="pending", cursor=page.body["cursor"])
        assert (answer.status, answer.code) == (422, Code.INVALID_REQUEST)

    @pytest.mark.parametrize("cursor", ["AAAA", "W10", "bnVsbA", "e30", "A"])
    def test_what_is_no_cursor_is_refused(self, dashboard: Dashboard, cursor: str) -> None:
        answer = dashboard.get("drafts", state="pending", cursor=cursor)
        assert (answer.status, answer.code) == (422, Code.INVALID_REQUEST)

    def test_a_draft_is_shown_with_its_text_and_what_was_sent_of_it(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        draft = stage.scene.draft("hello")
        stage.send(draft.draft_id)
        shown = dashboard.get("draft", draft_id=draft.draft_id).body
        assert (shown["draft"]["state"], shown["draft"]["text"]) == ("sent", "Hi Dana")
        (delivery,) = shown["deliveries"]
        assert (delivery["state"], delivery["sent_by"]) == ("sent", "ai")

    def test_a_thread_tells_what_came_in_what_left_and_who_decided(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        stage.post(stage.text("Is Tuesday free?"))
        dashboard.post("draft/approve", draft_id=held.draft_id, revision=1, override_stale=True)
        entries = dashboard.get("thread", lead_id=stage.scene.lead_id).body["entries"]
        assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
        kinds = {entry["kind"] for entry in entries}
        assert {"message", "draft", "decision", "outbound"} <= kinds
        actors = {entry["actor"] for entry in entries if entry["kind"] == "decision"}
        assert f"person:{USER}" in actors

    def test_what_does_not_exist_is_not_found(self, stage: Stage, dashboard: Dashboard) -> None:
        name = stage.scene.workspace
        assert dashboard.get("draft", draft_id=f"{name}:none").code == Code.DRAFT_NOT_FOUND
        assert dashboard.get("thread", lead_id=f"{name}:none").code == Code.LEAD_NOT_FOUND
        nobody = Dashboard(stage.system, "nobody")
        for answer in (nobody.get("drafts", state="sent"), nobody.post("switches/pause")):
            assert (answer.status, answer.code) == (404, Code.WORKSPACE_NOT_FOUND)


class TestSubmitting:
    def test_a_confident_draft_of_an_automatic_campaign_is_approved_and_leaves_with_a_sweep(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        answer = dashboard.post("drafts", **submission(stage))
        assert (answer.status, answer.body["state"]) == (200, "approved")
        assert answer.body["sent_by"] == "ai"
        stage.sweep()
        assert stage.scene.sent_texts() == ["Does 2pm Tuesday work?"]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"confidence": 0.5}, Code.BELOW_THRESHOLD),
            ({"confidence": None}, Code.AWAITING_PERSON),
            ({"campaign_id": None}, Code.AWAITING_PERSON),
            ({"text": "Hi {name}, does Tuesday work?"}, Code.PLACEHOLDER),
            ({"text": "See https://invented.example.net/now"}, Code.INVENTED_LINK),
        ],
        ids=["unsure", "no-confidence", "no-campaign", "placeholder", "link"],
    )
    def test_what_no_rule_lets_go_waits_for_a_person(
        self, stage: Stage, dashboard: Dashboard, changes: dict[str, Any], code: Code
    ) -> None:
        answer = dashboard.post("drafts", **submission(stage, **changes))
        assert (answer.status, answer.body["state"]) == (200, "needs_review")
        assert answer.body["code"] == code
        stage.sweep()
        assert stage.scene.sent_texts() == []

    def test_a_campaign_of_people_holds_whatever_the_confidence(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        campaign = Campaign(f"{stage.scene.workspace}:autumn")
        stage.update(campaign, Campaign.response_mode.set("SETTER_MANAGED"))
        answer = dashboard.post("drafts", **submission(stage, confidence=1))
        assert (answer.body["state"], answer.body["code"]) == ("needs_review", Code.SETTER_MANAGED)

    def test_the_same_key_and_text_return_the_stored_draft(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        first = dashboard.post("drafts", **submission(stage))
        stage.sweep()
        again = dashboard.post("drafts", **submission(stage))
        assert again.status == 200
        assert again.body["draft_id"] == first.body["draft_id"]
        assert again.body["state"] == "sent"
        assert len(stage.drafts()) == 1

    @pytest.mark.parametrize("change", [{"text": "Another text"}, {"channel": "linkedin"}])
    def test_the_same_key_with_another_text_is_refused(
        self, stage: Stage, dashboard: Dashboard, change: dict[str, str]
    ) -> None:
        dashboard.post("drafts", **submission(stage))
        answer = dashboard.post("drafts", **submission(stage, **change))
        assert (answer.status, answer.code) == (409, Code.KEY_REUSED)

    def test_a_lost_answer_of_the_engine_makes_no_second_draft(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        with stage.struck(reply_lost, any_write, times=1):
            answer = dashboard.post("drafts", **submission(stage))
        assert (answer.status, len(stage.drafts())) == (200, 1)

    def test_a_key_cannot_be_one_of_the_system_s_own(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        answer = dashboard.post("drafts", **submission(stage, key="reply:gohighlevel:1"))
        assert answer.body["draft_id"] == f"{stage.scene.workspace}:api:reply:gohighlevel:1"

    def test_an_answer_to_an_older_message_does_not_go(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        stage.update(
            Campaign(f"{stage.scene.workspace}:autumn"),
            Campaign.response_mode.set("SETTER_MANAGED"),
        )
        first = stage.post(stage.text("Is Tuesday free?")).fields["event_id"]
        stage.post(stage.text("Forget it, Wednesday?"))
        stage.update(
            Campaign(f"{stage.scene.workspace}:autumn"), Campaign.response_mode.set("AI_AUTO_SEND")
        )
        dashboard.post("drafts", **submission(stage, reply_to=first))
        stage.world.step(3600)
        stage.sweep()
        assert stage.scene.sent_texts() == []

    def test_a_message_of_another_lead_is_not_answered(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        unknown = f"{stage.scene.workspace}:gohighlevel:nothing"
        answer = dashboard.post("drafts", **submission(stage, reply_to=unknown))
        assert (answer.status, answer.code) == (422, Code.INVALID_REQUEST)

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"text": "x" * 481}, 422, Code.TEXT_TOO_LONG),
            ({"subject": "Hello"}, 422, Code.INVALID_REQUEST),
            ({"channel": "email", "subject": "a\nb"}, 422, Code.SUBJECT_WRONG),
            ({"channel": "fax"}, 422, Code.BODY_WRONG),
            ({"confidence": 1.1}, 422, Code.BODY_WRONG),
            ({"text": " \n"}, 422, Code.BODY_WRONG),
            ({"key": "two words"}, 422, Code.BODY_WRONG),
        ],
    )
    def test_what_cannot_be_sent_is_refused_and_not_stored(
        self,
        stage: Stage,
        dashboard: Dashboard,
        changes: dict[str, Any],
        status: int,
        code: Code,
    ) -> None:
        answer = dashboard.post("drafts", **submission(stage, **changes))
        assert (answer.status, answer.code) == (status, code)
        assert stage.drafts() == []


class TestDeciding:
    def test_an_approved_draft_leaves_at_once_and_the_user_is_recorded(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        answer = dashboard.post("draft/approve", draft_id=held.draft_id, revision=1)
        assert answer.body["result"]["outcome"] == "sent"
        assert stage.scene.sent_texts() == ["Hi Dana"]
        message = stage.scene.message_now(held.draft_id)
        assert (message.sent_by, message.user) == ("setter", USER)

    def test_a_draft_may_be_approved_for_later(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        due_at = stage.world.now() + 3_600_000
        answer = dashboard.post("draft/approve", draft_id=held.draft_id, revision=1, due_at=due_at)
        assert (answer.body["draft"]["due_at"], answer.body["result"]) == (due_at, None)
        assert stage.scene.sent_texts() == []
        stage.world.step(3601)
        stage.sweep()
        assert stage.scene.sent_texts() == ["Hi Dana"]

    def test_a_repeated_approval_returns_what_the_first_one_made(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        for _ in range(3):
            answer = dashboard.post("draft/approve", draft_id=held.draft_id, revision=1)
            assert (answer.status, answer.body["result"]["outcome"]) == (200, "sent")
        assert stage.scene.sent_texts() == ["Hi Dana"]

    def test_of_two_users_who_approve_at_once_one_is_told_that_the_other_did(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        def the_other() -> None:
            draft, lead = stage.scene.draft_now(held.draft_id), stage.scene.lead_now()
            approve(stage.system.store, stage.world, draft, lead, sent_by="setter", user="api:lee")
            stage.send(held.draft_id)

        stage.world.before = Once(named("write draft"), the_other)
        answer = dashboard.post("draft/approve", draft_id=held.draft_id, revision=1)
        assert (answer.status, answer.code) == (409, Code.DRAFT_CHANGED)
        assert stage.scene.sent_texts() == ["Hi Dana"]
        assert stage.scene.draft_now(held.draft_id).user == "api:lee"

    def test_a_second_user_is_told_that_it_left(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        dashboard.post("draft/approve", draft_id=held.draft_id, revision=1)
        other = Dashboard(stage.system, stage.scene.workspace, "arn:aws:iam::1:user/lee")
        answer = other.post("draft/approve", draft_id=held.draft_id, revision=1)
        assert (answer.status, answer.code) == (409, Code.DRAFT_SENT)

    @pytest.mark.parametrize("operation", ["approve", "edit", "reject"])
    def test_a_decision_about_an_older_text_is_refused(
        self, dashboard: Dashboard, stage: Stage, held: Draft, operation: str
    ) -> None:
        dashboard.post("draft/edit", draft_id=held.draft_id, revision=1, text="Hi again")
        text = {"text": "Something else"} if operation == "edit" else {}
        answer = dashboard.post(f"draft/{operation}", draft_id=held.draft_id, revision=1, **text)
        assert (answer.status, answer.code) == (409, Code.STALE_REVISION)
        assert stage.state(held.draft_id) == "pending"
        assert stage.scene.draft_now(held.draft_id).revision == 2

    def test_what_the_lead_wrote_meanwhile_must_be_known_to_who_approves(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        draft = stage.scene.draft("old", state=DraftState.NEEDS_REVIEW)
        stage.update(stage.scene.lead_now(), type(stage.scene.lead_now()).inbound_count.set(5))
        answer = dashboard.post("draft/approve", draft_id=draft.draft_id, revision=1)
        assert (answer.status, answer.code) == (409, Code.STALE_NEEDS_WORD)
        answer = dashboard.post(
            "draft/approve", draft_id=draft.draft_id, revision=1, override_stale=True
        )
        assert answer.body["result"]["outcome"] == "sent"

    def test_an_edit_that_is_repeated_makes_one_revision(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        for _ in range(2):
            answer = dashboard.post(
                "draft/edit", draft_id=held.draft_id, revision=1, text="Hi again"
            )
            assert (answer.status, answer.body["draft"]["revision"]) == (200, 2)
        assert len(rows(stage.connection, Revision)) == 2

    def test_a_rejected_draft_does_not_go_and_may_be_rejected_again(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        for _ in range(2):
            answer = dashboard.post("draft/reject", draft_id=held.draft_id, revision=1)
            assert (answer.status, answer.body["draft"]["state"]) == (200, "rejected")
        answer = dashboard.post("draft/approve", draft_id=held.draft_id, revision=1)
        assert (answer.status, answer.code) == (409, Code.DRAFT_REJECTED)

    def test_who_decided_is_in_the_audit(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        dashboard.post("draft/edit", draft_id=held.draft_id, revision=1, text="Hi again")
        dashboard.post("draft/reject", draft_id=held.draft_id, revision=2)
        entries = rows(stage.connection, Audit)
        by_person = [row.target for row in entries if row.actor == f"person:{USER}"]
        assert sorted(by_person) == ["pending", "rejected"]


class TestMessages:
    def message(self, stage: Stage, **changes: Any) -> dict[str, Any]:
        return {
            "key": "click-1",
            "lead_id": stage.scene.lead_id,
            "channel": "sms",
            "text": "See you on Tuesday. Kim",
            **changes,
        }

    def test_a_person_s_message_leaves_once_however_often_it_is_sent(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        answers = [dashboard.post("messages", **self.message(stage)) for _ in range(3)]
        assert [answer.body["outcome"] for answer in answers] == ["sent"] * 3
        assert [answer.body["replayed"] for answer in answers] == [False, True, True]
        assert stage.scene.sent_texts() == ["See you on Tuesday. Kim"]

    def test_its_key_is_not_for_another_text(self, stage: Stage, dashboard: Dashboard) -> None:
        dashboard.post("messages", **self.message(stage))
        answer = dashboard.post("messages", **self.message(stage, text="Another"))
        assert (answer.status, answer.code) == (409, Code.KEY_REUSED)

    def test_what_the_gate_says_is_an_outcome(self, stage: Stage, dashboard: Dashboard) -> None:
        stage.post(stage.text("STOP"))
        answer = dashboard.post("messages", **self.message(stage))
        assert (answer.status, answer.body["outcome"]) == (200, "refused")
        assert answer.body["code"] == Code.OPTED_OUT

    def test_nobody_writes_to_whom_they_cannot_name(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        lead_id = f"{stage.scene.workspace}:nobody"
        answer = dashboard.post("messages", **self.message(stage, lead_id=lead_id))
        assert (answer.status, answer.code) == (404, Code.LEAD_NOT_FOUND)


class TestSwitches:
    @pytest.mark.parametrize("channel", [None, "sms"])
    def test_after_a_pause_nothing_leaves_until_it_is_resumed(
        self, stage: Stage, dashboard: Dashboard, held: Draft, channel: str | None
    ) -> None:
        before = stage.world.monotonic()
        answer = dashboard.post("switches/pause", channel=channel)
        assert stage.world.monotonic() - before >= 6.5
        assert answer.body["paused"] is (channel is None)
        assert answer.body["paused_channels"] == ([channel] if channel else [])
        answer = dashboard.post("draft/approve", draft_id=held.draft_id, revision=1)
        assert answer.body["result"]["outcome"] == "waiting"
        dashboard.post("switches/resume", channel=channel)
        stage.world.step(120)
        stage.sweep()
        assert stage.scene.sent_texts() == ["Hi Dana"]

    def test_what_an_operator_paused_for_everybody_is_shown_and_stays(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        stage.scene.put(Switch("*", paused=True, changed_at=1))
        answer = dashboard.post("switches/resume")
        assert (answer.body["paused"], answer.body["everything_paused"]) == (False, True)
        assert dashboard.get("switches").body["everything_paused"] is True

    @pytest.mark.parametrize("workspace", ["*", "%2A", "", "a/b", "x" * 129])
    def test_the_switch_of_everything_is_no_workspace(self, stage: Stage, workspace: str) -> None:
        answer = Dashboard(stage.system, workspace).post("switches/pause")
        assert (answer.status, answer.code) == (404, Code.WORKSPACE_NOT_FOUND)
        assert rows(stage.connection, Switch) == []


class TestTenants:
    @pytest.mark.parametrize(
        "call",
        [
            lambda d, other: d.get("draft", draft_id=f"{other}:hello"),
            lambda d, other: d.get("thread", lead_id=f"{other}:dana"),
            lambda d, other: d.post("draft/approve", draft_id=f"{other}:hello", revision=1),
            lambda d, other: d.post("draft/edit", draft_id=f"{other}:hello", revision=1, text="x"),
            lambda d, other: d.post("draft/reject", draft_id=f"{other}:hello", revision=1),
            lambda d, other: d.post(
                "messages", key="k", lead_id=f"{other}:dana", channel="sms", text="x"
            ),
            lambda d, other: d.post(
                "drafts", key="k", lead_id=f"{other}:dana", channel="sms", text="x"
            ),
        ],
        ids=["draft", "thread", "approve", "edit", "reject", "message", "submit"],
    )
    def test_an_id_of_another_workspace_is_refused_and_nothing_is_read(
        self,
        stage: Stage,
        held: Draft,
        call: Callable[[Dashboard, str], Answer],
    ) -> None:
        # Its name begins as the other's does, which must not be enough.
        stranger = Dashboard(stage.system, stage.scene.workspace[:-1])
        stage.world.effects.clear()
        answer = call(stranger, stage.scene.workspace)
        assert (answer.status, answer.code) == (403, Code.FORBIDDEN)
        assert stage.world.effects == []
        assert stage.state(held.draft_id) == "needs_review"

    @pytest.mark.parametrize("name", ["campaign_id", "reply_to"])
    def test_a_draft_names_nothing_of_another_workspace(
        self, stage: Stage, dashboard: Dashboard, name: str
    ) -> None:
        answer = dashboard.post("drafts", **submission(stage, **{name: "other:autumn"}))
        assert (answer.status, answer.code) == (403, Code.FORBIDDEN)
        assert stage.drafts() == []

    def test_a_token_for_other_workspaces_opens_none_of_them_here(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        event = dashboard.event("GET", "switches")
        authorizer = {"principalId": "kim", "workspaces": json.dumps(["birch"])}
        answer = dashboard.hand_over({**event, "requestContext": {"authorizer": authorizer}})
        assert (answer.status, answer.code) == (403, Code.FORBIDDEN)

    def test_a_token_s_subject_is_recorded(
        self, stage: Stage, dashboard: Dashboard, held: Draft
    ) -> None:
        body = json.dumps({"draft_id": held.draft_id, "revision": 1}).encode()
        event = dashboard.event("POST", "draft/approve", body)
        workspaces = json.dumps([stage.scene.workspace])
        authorizer = {"principalId": "kim", "workspaces": workspaces}
        dashboard.hand_over({**event, "requestContext": {"authorizer": authorizer}})
        assert stage.scene.draft_now(held.draft_id).user == "api:kim"

    @pytest.mark.parametrize("arn", [None, "", "a\nb", "x" * 300])
    def test_nobody_acts_without_a_name(self, stage: Stage, arn: str | None) -> None:
        answer = Dashboard(stage.system, stage.scene.workspace, arn).get("switches")
        assert (answer.status, answer.code) == (401, Code.UNAUTHENTICATED)


class TestBadCalls:
    @pytest.mark.parametrize(
        "body", [b"{", b"\xff\xfe", b'{"channel": NaN}', b"[" * 100_000, b'"\xed\xa0\x80"']
    )
    def test_what_is_not_json_is_refused(self, dashboard: Dashboard, body: bytes) -> None:
        answer = dashboard.call("POST", "switches/resume", body=body)
        assert (answer.status, answer.code) == (400, Code.BODY_NOT_JSON)

    def test_what_is_not_base64_is_refused(self, dashboard: Dashboard) -> None:
        answer = dashboard.call("POST", "switches/resume", isBase64Encoded=True)
        assert answer.status == 422
        event = dashboard.event("POST", "switches/resume", b"{}")
        answer = dashboard.hand_over({**event, "body": "*not base64*"})
        assert (answer.status, answer.code) == (400, Code.BODY_NOT_JSON)

    def test_a_body_is_taken_as_it_is_as_well(self, dashboard: Dashboard) -> None:
        event = dashboard.event("POST", "switches/resume", b"")
        answer = dashboard.hand_over({**event, "body": "{}", "isBase64Encoded": False})
        assert answer.status == 200

    @pytest.mark.parametrize(
        ("more", "status", "code"),
        [(0, 400, Code.BODY_NOT_JSON), (1, 413, Code.BODY_TOO_LARGE)],
    )
    def test_an_oversize_body_is_refused_unread(
        self, dashboard: Dashboard, more: int, status: int, code: Code
    ) -> None:
        answer = dashboard.call("POST", "messages", body=b"x" * (LARGEST_BODY + more))
        assert (answer.status, answer.code) == (status, code)

    def test_the_longest_text_in_its_longest_spelling_fits(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        order = submission(stage, channel="email", text="😀" * 10_000)
        assert dashboard.post("drafts", **order).status == 200

    def test_another_content_type_is_refused(self, dashboard: Dashboard) -> None:
        event = dashboard.event("POST", "switches/resume", b"channel=sms")
        event["headers"] = {"content-type": "application/x-www-form-urlencoded"}
        answer = dashboard.hand_over(event)
        assert (answer.status, answer.code) == (415, Code.NOT_JSON_TYPE)

    def test_every_mistake_is_told_and_no_value_is_repeated(self, dashboard: Dashboard) -> None:
        answer = dashboard.post("messages", key="a secret", channel="fax", text=7, extra="hidden")
        assert (answer.status, answer.code) == (422, Code.BODY_WRONG)
        assert [line.partition(":")[0] for line in answer.body["detail"]] == [
            "key",
            "lead_id",
            "channel",
            "text",
            "extra",
        ]
        assert not any(said in str(answer.body) for said in ("a secret", "fax'", "hidden"))

    def test_an_unknown_operation_is_not_found(self, dashboard: Dashboard) -> None:
        answer = dashboard.get("nothing")
        assert (answer.status, answer.code) == (404, Code.ROUTE_NOT_FOUND)

    def test_another_method_is_told_which_there_are(self, dashboard: Dashboard) -> None:
        answer = dashboard.call("DELETE", "drafts")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")

    def test_a_path_in_front_of_the_api_s_changes_nothing(self, dashboard: Dashboard) -> None:
        path = "/sender/api/acme/switches"
        assert dashboard.call("GET", "switches", path=path).status == 200


class TestTrouble:
    def test_without_its_rows_it_asks_to_come_again(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        with stage.struck(throttled, any_call):
            answer = dashboard.get("switches")
        assert (answer.status, answer.code) == (503, Code.TRY_AGAIN)
        assert answer.headers["retry-after"] == "5"

    def test_a_fault_is_told_as_one_and_its_text_is_not_logged(
        self, stage: Stage, dashboard: Dashboard, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(effect: Effect, name: str) -> None:
            raise RuntimeError("Hi Dana, secret")

        stage.world.before = fail
        answer = dashboard.get("switches")
        assert (answer.status, answer.code) == (500, Code.CALL_FAILED)
        assert not any("secret" in str(vars(record)) for record in caplog.records)

    def test_storage_that_fails_in_mid_air_is_no_fault(
        self, stage: Stage, dashboard: Dashboard
    ) -> None:
        def fail(effect: Effect, name: str) -> None:
            raise StorageUnavailable("get: Throttled")

        stage.world.before = fail
        assert dashboard.get("switches").status == 503
