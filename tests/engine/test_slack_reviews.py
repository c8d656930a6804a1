"""People are asked in Slack about what is held, once, and see what becomes of it."""

from collections.abc import Callable

import pytest

from devstack.sandbox.faults import Kind
from devstack.sandbox.slack import SlackFault
from system_sender.codes import Code
from system_sender.drafts import approve, edit, reject
from system_sender.models import Campaign, Review, Workspace
from system_sender.slack.message import Action
from system_sender.slack.reviewing import CLAIM_MILLISECONDS, MOST_LOOKS, show_review
from system_sender.store import StorageError
from system_sender.sweep import sweep
from system_sender.world import Effect
from tests.engine.slack_stage import CHANNEL, SlackStage, buttons_of, words
from tests.engine.stage import Once, Stage, named

pytestmark = pytest.mark.engine
DECIDING = {Action.APPROVE.value, Action.EDIT.value, Action.REJECT.value}
POST, UPDATE, LOOK = "chat.postMessage", "chat.update", "conversations.history"


@pytest.fixture
def s(stage: Stage) -> SlackStage:
    """A workspace that asks in a channel."""
    return SlackStage(stage).open()


class Died(Exception):
    """The process is gone."""


def die() -> None:
    """End the process here."""
    raise Died


class TestAsking:
    def test_the_sweep_asks_once_about_what_is_held(self, s: SlackStage) -> None:
        draft = s.hold()
        assert s.stage.sweep().codes == {Code.REVIEW_SHOWN: 1}
        assert s.stage.sweep().due == 0
        assert buttons_of(s.question()) == DECIDING
        assert s.row(draft).message == s.question().ts

    def test_the_question_has_what_a_person_needs(self, s: SlackStage) -> None:
        assert s.stage.post(s.stage.text("Is *Tuesday* <free>?")).status == 200
        (inbound,) = s.stage.inbound()
        s.asked(
            reply_to=inbound.event_id, campaign_id=f"{s.stage.scene.workspace}:autumn", key="reply"
        )
        posted = next(one for one in s.slack.messages() if buttons_of(one) >= DECIDING)
        shown = words(posted)
        for said in (
            "Dana",
            "text message",
            "Autumn",
            "Is *Tuesday* <free>?",
            "Hi Dana, 2pm Tuesday?",
            "0.72",
            Code.BELOW_THRESHOLD.sentence,
        ):
            assert said in shown
        assert s.stage.scene.lead_now().phone not in shown
        assert "Tuesday" not in posted.text

    def test_what_is_not_held_is_not_asked_about(self, s: SlackStage) -> None:
        s.stage.scene.draft()
        s.stage.sweep()
        assert s.slack.calls() == []

    def test_without_a_channel_nobody_is_asked_until_the_draft_changes(self, s: SlackStage) -> None:
        s.stage.update(Workspace(s.stage.scene.workspace), Workspace.slack_channel.remove())
        draft = s.hold()
        assert s.show(draft) is Code.REVIEW_NOT_CONFIGURED
        report = s.stage.sweep()
        assert (report.due, report.unshown) == (0, 0)
        assert s.row(draft).code == Code.REVIEW_NOT_CONFIGURED
        s.open()
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Hi again")
        s.stage.sweep()
        assert "Hi again" in words(s.question())

    def test_two_sweeps_at_once_ask_once(self, s: SlackStage) -> None:
        draft = s.hold()
        world = s.stage.world
        world.before = Once(named("post"), lambda: s.show(draft))
        assert s.show(draft) is Code.REVIEW_SHOWN
        world.before = Once(named("write review"), lambda: s.show(draft))
        assert s.show(draft) is Code.REVIEW_SHOWN
        assert len(s.slack.calls(POST)) == 1

    def test_of_two_that_read_the_same_one_asks(self, s: SlackStage) -> None:
        draft = s.hold()
        s.stage.world.before = Once(named("write review"), lambda: s.show(draft))
        assert s.show(draft) is Code.IN_PROGRESS
        assert len(s.slack.calls(POST)) == 1
        assert s.row(draft).due_at is None

    def test_a_claim_whose_outcome_is_unknown_stands_in_the_way_of_another(
        self, s: SlackStage
    ) -> None:
        draft = s.hold()
        s.fail(SlackFault(Kind.RESET_AFTER, method=POST))
        s.stage.world.before = Once(named("write review"), lambda: s.show(draft))
        assert s.show(draft) is Code.IN_PROGRESS
        assert len(s.slack.calls(POST)) == 1

    def test_a_deleted_draft_is_not_asked_about(self, s: SlackStage) -> None:
        draft = s.hold()
        s.stage.delete(type(draft), draft.draft_id)
        assert s.show(draft) is Code.REVIEW_SHOWN
        assert s.slack.messages() == []
        assert s.stage.sweep().due == 0

    def test_what_ended_before_anybody_was_asked_is_not_asked_about(self, s: SlackStage) -> None:
        draft = s.hold()
        reject(s.stage.scene.store, s.stage.world, draft)
        s.show(draft)
        assert s.slack.calls() == []
        assert s.stage.sweep().due == 0

    def test_a_long_email_is_cut_and_says_so(self, s: SlackStage) -> None:
        s.asked(channel="email", text="<&> word " * 2_000, subject="Hello")
        assert "of 18,000 characters" in words(s.question())

    @pytest.mark.parametrize("seconds", [4, 5.9])
    def test_without_time_nothing_is_begun(self, s: SlackStage, seconds: float) -> None:
        draft = s.hold()
        code = show_review(s.stage.system, draft.draft_id, s.stage.budget(seconds))
        assert code is Code.NO_TIME
        assert s.row(draft).claim_id is None


class TestShowingWhatBecameOfIt:
    def test_an_edit_elsewhere_shows_the_new_text_with_buttons(self, s: SlackStage) -> None:
        draft = s.asked()
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?", user="kim")
        s.stage.sweep()
        assert "Wednesday?" in words(s.question())
        assert buttons_of(s.question()) == DECIDING

    def test_an_approval_elsewhere_takes_the_buttons_away(self, s: SlackStage) -> None:
        draft = s.asked()
        lead = s.stage.scene.lead_now()
        store, world = s.stage.scene.store, s.stage.world
        approve(store, world, s.draft(draft), lead, sent_by="setter", user="kim")
        s.stage.sweep()
        s.stage.sweep()
        shown = words(s.question())
        assert "Approved by kim." in shown
        assert "*Sent.*" in shown
        assert buttons_of(s.question()) == set()

    def test_a_newer_message_of_the_lead_takes_the_buttons_away(self, s: SlackStage) -> None:
        draft = s.asked()
        s.stage.update(
            Campaign(f"{s.stage.scene.workspace}:autumn"), Campaign.reply_template.remove()
        )
        s.stage.post(s.stage.text("Never mind, Thursday"))
        s.stage.sweep()
        overtaken = next(one for one in s.slack.messages() if one.ts == s.row(draft).message)
        assert Code.NEWER_INBOUND.sentence in words(overtaken)
        assert buttons_of(overtaken) == set()

    def test_a_change_while_it_is_shown_is_shown_next(self, s: SlackStage) -> None:
        draft = s.hold()

        def change() -> None:
            edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?")
            # It is due again, and still the business of whoever is at it.
            assert s.show(draft) is Code.IN_PROGRESS

        s.stage.world.before = Once(named("post"), change)
        assert s.show(draft) is Code.REVIEW_SHOWN
        assert "Wednesday?" not in words(s.question())
        s.stage.sweep()
        assert "Wednesday?" in words(s.question())
        assert (len(s.slack.calls(POST)), s.slack.calls(LOOK)) == (1, [])
        assert s.stage.sweep().due == 0

    def test_a_deleted_draft_leaves_nothing_of_it_in_the_channel(self, s: SlackStage) -> None:
        draft = s.asked()
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?")
        s.stage.delete(type(draft), draft.draft_id)
        s.stage.sweep()
        assert "deleted" in words(s.question())
        assert "Dana" not in words(s.question()) + s.question().text

    def test_a_question_that_was_removed_is_asked_anew(self, s: SlackStage) -> None:
        draft = s.asked()
        s.slack.remove(s.question())
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?")
        s.stage.sweep()
        s.stage.sweep()
        assert "Wednesday?" in words(s.question())
        assert s.stage.sweep().due == 0

    def test_a_removed_message_about_what_is_decided_stays_away(self, s: SlackStage) -> None:
        draft = s.asked()
        s.slack.remove(s.question())
        reject(s.stage.scene.store, s.stage.world, s.draft(draft))
        s.stage.sweep()
        s.stage.sweep()
        assert s.slack.messages() == []
        assert s.stage.sweep().due == 0


class TestAnAnswerThatIsLost:
    @pytest.mark.parametrize(
        "kind", [Kind.RESET_AFTER, Kind.STALL_AFTER, Kind.SERVER_ERROR_AFTER, Kind.EMPTY_SUCCESS]
    )
    def test_what_was_posted_is_found_and_not_posted_again(self, s: SlackStage, kind: Kind) -> None:
        draft = s.hold()
        s.fail(SlackFault(kind, method=POST))
        assert s.show(draft) is Code.REVIEW_FAILED
        s.stage.world.step(CLAIM_MILLISECONDS / 1000 + 1)
        assert s.stage.sweep().codes == {Code.REVIEW_SHOWN: 1}
        assert len(s.slack.calls(POST)) == 1
        assert s.row(draft).message == s.question().ts
        assert s.stage.sweep().due == 0

    @pytest.mark.parametrize(
        "kind", [Kind.RESET_BEFORE, Kind.STALL_BEFORE, Kind.SERVER_ERROR_BEFORE]
    )
    def test_what_was_not_posted_is_looked_for_and_posted(self, s: SlackStage, kind: Kind) -> None:
        s.hold()
        s.fail(SlackFault(kind, method=POST))
        s.stage.sweep()
        s.stage.world.step(CLAIM_MILLISECONDS / 1000 + 1)
        s.stage.sweep()
        assert [call.method for call in s.slack.calls()] == [POST, LOOK, POST]
        assert buttons_of(s.question()) == DECIDING

    def test_a_process_that_dies_after_posting_is_found_out(self, s: SlackStage) -> None:
        draft = s.hold()
        s.stage.world.after = Once(named("post"), die)
        with pytest.raises(Died):
            s.show(draft)
        assert s.show(draft) is Code.IN_PROGRESS
        s.stage.world.step(CLAIM_MILLISECONDS / 1000 + 1)
        assert s.show(draft) is Code.REVIEW_SHOWN
        assert len(s.slack.calls(POST)) == 1

    def test_a_question_among_many_is_found(self, s: SlackStage) -> None:
        draft = s.hold()
        s.fail(SlackFault(Kind.RESET_AFTER, method=POST))
        s.show(draft)
        for number in range(450):
            arguments = {"channel": CHANNEL, "text": f"chatter {number}"}
            s.stage.system.slack.call(POST, arguments, token="xoxb", seconds=1)
        s.stage.world.step(CLAIM_MILLISECONDS / 1000 + 1)
        assert s.show(draft) is Code.REVIEW_SHOWN
        assert len(s.slack.calls(LOOK)) == 3
        assert len([one for one in s.slack.messages() if buttons_of(one)]) == 1

    def test_where_nobody_can_look_it_is_asked_again_after_some_tries(self, s: SlackStage) -> None:
        draft = s.hold()
        s.slack.scopes.remove("channels:history")
        s.fail(SlackFault(Kind.RESET_AFTER, method=POST))
        s.show(draft)
        for _ in range(MOST_LOOKS):
            s.stage.world.step(3_700)
            s.stage.sweep()
        assert len(s.slack.calls(LOOK)) <= MOST_LOOKS
        assert len([one for one in s.slack.messages() if buttons_of(one)]) == 2
        assert s.row(draft).message == s.slack.messages()[-1].ts
        assert s.stage.sweep().due == 0

    def test_a_lost_answer_to_an_update_is_only_another_update(self, s: SlackStage) -> None:
        draft = s.asked()
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?")
        s.fail(SlackFault(Kind.RESET_BEFORE, method=UPDATE))
        s.stage.sweep()
        assert "Wednesday?" not in words(s.question())
        s.stage.world.step(CLAIM_MILLISECONDS / 1000 + 1)
        s.stage.sweep()
        assert "Wednesday?" in words(s.question())
        assert s.slack.calls(LOOK) == []


class TestAWordThatComesThroughLate:
    def test_an_old_word_over_a_newer_one_is_said_anew(self, s: SlackStage) -> None:
        draft = s.asked()
        store, world = s.stage.scene.store, s.stage.world
        edited = edit(store, world, s.draft(draft), "Wednesday?")

        def go_on() -> None:
            world.step(CLAIM_MILLISECONDS / 1000 + 1)
            approve(store, world, edited, s.stage.scene.lead_now(), sent_by="setter", user="kim")
            s.stage.sweep()
            s.stage.sweep()
            assert buttons_of(s.question()) == set()

        # The request of a process that was frozen over its claim comes through after the others'.
        world.before = Once(named("update"), go_on)
        s.show(s.draft(draft))
        assert buttons_of(s.question()) == DECIDING
        s.stage.sweep()
        assert "*Sent.*" in words(s.question())
        assert buttons_of(s.question()) == set()
        assert s.stage.sweep().due == 0


class TestWhatSlackRefuses:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            ("missing_scope", Code.REVIEW_MISSING_SCOPE),
            ("channel_not_found", Code.REVIEW_NO_CHANNEL),
            ("not_in_channel", Code.REVIEW_NO_CHANNEL),
            ("is_archived", Code.REVIEW_NO_CHANNEL),
            ("invalid_auth", Code.REVIEW_NOT_AUTHORIZED),
            ("token_revoked", Code.REVIEW_NOT_AUTHORIZED),
            ("invalid_blocks", Code.REVIEW_FAILED),
        ],
    )
    def test_it_is_counted_until_it_is_shown(self, s: SlackStage, error: str, code: Code) -> None:
        draft = s.hold()
        s.fail(SlackFault(Kind.REFUSE, error=error, times=2))
        report = s.stage.sweep()
        assert (report.codes, report.unshown) == ({code: 1}, 1)
        assert s.row(draft).code == code
        report = s.stage.sweep()
        assert (report.due, report.unshown) == (0, 1)
        s.stage.world.step(61)
        assert s.stage.sweep().unshown == 1
        s.stage.world.step(301)
        report = s.stage.sweep()
        assert (report.codes, report.unshown) == ({Code.REVIEW_SHOWN: 1}, 0)
        assert [call.method for call in s.slack.calls()] == [POST, POST, POST]

    def test_tries_go_apart_up_to_an_hour_and_never_end(self, s: SlackStage) -> None:
        draft = s.hold()
        s.fail(SlackFault(Kind.REFUSE, error="missing_scope", times=None))
        waits = []
        for _ in range(6):
            s.stage.sweep()
            waits.append(round((s.row(draft).due_at - s.stage.world.now()) / 60_000))
            s.stage.world.step(waits[-1] * 60 + 1)
        assert waits == [1, 5, 15, 60, 60, 60]

    def test_a_pause_that_slack_asks_for_is_kept(self, s: SlackStage) -> None:
        draft = s.hold()
        s.fail(SlackFault(Kind.REFUSE, error="ratelimited", retry_after="240"))
        s.stage.sweep()
        s.stage.world.step(239)
        assert s.stage.sweep().due == 0
        s.stage.world.step(2)
        assert s.stage.sweep().codes == {Code.REVIEW_SHOWN: 1}
        assert s.row(draft).code is None

    def test_without_a_token_it_is_counted_too(self, s: SlackStage) -> None:
        draft = s.hold()
        s.stage.scene.secrets.token = None
        assert s.stage.sweep().unshown == 1
        assert s.row(draft).code == Code.REVIEW_NOT_AUTHORIZED
        s.stage.scene.secrets.token = "xoxb-test"
        s.stage.world.step(61)
        assert s.stage.sweep().unshown == 0
        assert buttons_of(s.question()) == DECIDING

    def test_one_workspaces_trouble_is_not_anothers(self, s: SlackStage) -> None:
        s.slack.channels = {CHANNEL}
        s.hold()
        other = f"{s.stage.scene.workspace}b"
        s.stage.scene.put(
            Workspace(other, name="B", region="US", time_zone="UTC", slack_channel="C0GONE"),
            Review(
                f"{other}:hello",
                workspace=other,
                version=1,
                channel="C0GONE",
                message="1.0",
                due_shard="0",
                due_at=s.stage.world.now(),
            ),
        )
        report = s.stage.sweep()
        assert report.codes == {Code.REVIEW_SHOWN: 1, Code.REVIEW_NO_CHANNEL: 1}

    def test_a_new_change_does_not_wait_for_the_back_off(self, s: SlackStage) -> None:
        draft = s.hold()
        s.fail(SlackFault(Kind.REFUSE, error="missing_scope"))
        s.stage.sweep()
        edit(s.stage.scene.store, s.stage.world, s.draft(draft), "Wednesday?")
        s.stage.sweep()
        assert "Wednesday?" in words(s.question())


class TestStorage:
    @pytest.mark.parametrize(
        "label", ["batch_get", "get", "query", "write review"], ids=lambda label: label
    )
    def test_a_storage_error_leaves_it_due(self, s: SlackStage, label: str) -> None:
        draft = s.hold()

        def fail() -> None:
            raise StorageError("down")

        s.stage.world.before = Once(
            lambda effect, name: effect is not Effect.CHAT and name.startswith(label), fail
        )
        if label == "get":
            s.show(draft)
        else:
            with pytest.raises(StorageError):
                s.show(draft)
        s.stage.world.step(3_600)
        sweep(s.stage.system, s.stage.budget(120), workers=1)
        s.stage.sweep()
        assert buttons_of(s.question()) == DECIDING
        assert s.stage.sweep().due == 0


def test_nothing_is_asked_of_slack_but_through_the_seam(s: SlackStage) -> None:
    s.asked()
    performed: list[Callable[[], object] | str] = [
        name for effect, name in s.stage.world.effects if effect is Effect.CHAT
    ]
    assert performed == ["post"]
