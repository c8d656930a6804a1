"""How a question looks in Slack, whatever is in it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.sandbox.slack import Refusal, _content, _length
from system_sender.codes import Code
from system_sender.models import Campaign, Draft, Inbound, Lead, Revision
from system_sender.slack.message import (
    LONGEST_EDITED,
    Action,
    edit_form,
    escaped,
    gone_message,
    review_message,
    send_anyway,
    status,
)
from system_sender.slack.question import Question, Word, word_of
from system_sender.states import DraftState


def draft(**columns: Any) -> Draft:
    values = {
        "workspace": "acme",
        "lead_id": "acme:dana",
        "channel": "sms",
        "state": "needs_review",
        "revision": 3,
        "text_hash": "x",
        "first_text_hash": "x",
        "origin": "test",
        "code": Code.BELOW_THRESHOLD.value,
        "confidence": 0.715,
        "seen_inbounds": 0,
        "seen_human_outbounds": 0,
        "created_at": 0,
        "updated_at": 0,
        **columns,
    }
    return Draft("acme:hello", **values)


def lead(**columns: Any) -> Lead:
    return Lead(
        "acme:dana",
        **{
            "workspace": "acme",
            "first_name": "Dana",
            "phone": "+15550100001",
            "email": "dana@example.com",
            "inbound_count": 2,
            "created_at": 0,
            **columns,
        },
    )


def inbound(text: str) -> Inbound:
    return Inbound("acme:event", text=text)


def question(text: str = "Tuesday?", **parts: Any) -> Question:
    subject = parts.pop("subject", None)
    values: dict[str, Any] = {
        "draft": draft(),
        "revision": Revision("acme:hello", 3, text=text, subject=subject),
        "lead": lead(),
        "campaign": Campaign("acme:autumn", name="Autumn"),
        **parts,
    }
    return Question(**values)


def actions(shape: Any) -> list[str]:
    return [
        element["action_id"]
        for block in shape.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def shown(shape: Any) -> str:
    return json.dumps(shape.blocks, ensure_ascii=False)


class TestTheQuestion:
    def test_it_says_what_is_asked_and_why(self) -> None:
        shape = review_message(
            question(
                inbound=inbound("Is Tuesday free?"),
                draft=draft(judgement={"reason": "It promises <a discount>."}),
            )
        )
        said = shown(shape)
        for part in ("Dana", "Autumn", "text message", "Is Tuesday free?", "Tuesday?", "0.7"):
            assert part in said
        assert Code.BELOW_THRESHOLD.sentence in said
        assert "promises &lt;a discount&gt;" in said
        assert actions(shape) == [Action.APPROVE, Action.EDIT, Action.REJECT]

    def test_neither_phone_nor_address_is_in_it(self) -> None:
        said = shown(review_message(question()))
        assert "555" not in said
        assert "@" not in said

    def test_a_notification_does_not_tell_what_the_lead_wrote(self) -> None:
        shape = review_message(question("secret answer", inbound=inbound("secret question")))
        assert "secret" not in shape.text
        assert shape.text == "Draft for Dana (text message, Autumn) waits for a decision."

    def test_what_came_in_since_is_told_apart(self) -> None:
        shape = review_message(question(inbound=inbound("Tuesday?"), newest=inbound("No, Friday")))
        assert "since then" in shown(shape)
        assert "No, Friday" in shown(shape)

    def test_names_can_neither_mention_nor_link(self) -> None:
        named = lead(first_name="<!channel>", last_name="<@U1> &")
        shape = review_message(question(lead=named))
        for text in (shape.text, shown(shape)):
            assert "<!channel>" not in text
            assert "<@U1>" not in text
            assert "&lt;!channel&gt; &lt;@U1&gt; &amp;" in text

    def test_texts_are_shown_as_they_are(self) -> None:
        text = "*not bold* <!channel> <https://example.com|click> & :smile:"
        blocks = review_message(question(text, inbound=inbound(text))).blocks
        plain = [one["text"] for one in blocks if one.get("text", {}).get("type") == "plain_text"]
        assert plain == [{"type": "plain_text", "text": text, "emoji": False}] * 2

    def test_buttons_carry_the_draft_and_the_revision_that_was_shown(self) -> None:
        (row,) = [one for one in review_message(question()).blocks if one["type"] == "actions"]
        values = {element["value"] for element in row["elements"]}
        assert {json.dumps(json.loads(value)) for value in values} == {
            '{"draft": "acme:hello", "revision": 3}'
        }

    def test_a_text_of_the_longest_form_is_whole(self) -> None:
        text = "".join(chr(0x4E00 + n) for n in range(5_400))
        shape = review_message(question(text))
        plain = [b["text"]["text"] for b in shape.blocks if b.get("text", {}).get("emoji") is False]
        assert "".join(plain) == text

    def test_a_longer_one_says_that_it_is_cut(self) -> None:
        said = shown(review_message(question("x" * 20_000)))
        assert "5,400 of 20,000 characters" in said
        assert "sender draft show acme:hello" in said

    def test_an_erased_text_says_so(self) -> None:
        assert "erased" in shown(review_message(question(revision=None)))

    def test_of_a_deleted_draft_nothing_is_left(self) -> None:
        assert actions(gone_message()) == []
        assert "deleted" in gone_message().text


ANY = st.text(max_size=400) | st.sampled_from(["<" * 400, "&" * 30_000, "\n" * 50, " ", "\u200b"])


@given(text=ANY, came=ANY, since=ANY, name=ANY, subject=st.none() | ANY, reason=ANY)
def test_slack_takes_every_question(
    text: str, came: str, since: str, name: str, subject: str | None, reason: str
) -> None:
    shape = review_message(
        question(
            text,
            subject=None if subject is None else subject[:255],
            inbound=inbound(came * 20),
            newest=inbound(since * 20),
            lead=lead(first_name=name),
            campaign=Campaign("acme:autumn", name=name),
            draft=draft(judgement={"reason": reason}),
        )
    )
    try:
        _content({"text": shape.text, "blocks": list(shape.blocks)})
    except Refusal as refusal:
        pytest.fail(f"Slack says {refusal}")
    assert actions(shape) == [Action.APPROVE, Action.EDIT, Action.REJECT]


@pytest.mark.parametrize("text", ["&" * 30_000, "x" * 30_000, "<>" * 15_000])
def test_the_longest_question_of_all_is_well_below_slacks_limit(text: str) -> None:
    shape = review_message(
        question(
            text,
            subject=text[:255],
            inbound=inbound(text),
            newest=inbound(text),
            lead=lead(first_name=text),
            campaign=Campaign("acme:autumn", name=text),
            draft=draft(judgement={"reason": text}, code=max(Code, key=lambda c: len(c.sentence))),
        )
    )
    assert sum(map(_length, shape.blocks)) < 9_000


class TestWhatBecameOfIt:
    @pytest.mark.parametrize(
        "state", [state for state in DraftState if state not in {"pending", "needs_review"}]
    )
    def test_a_decided_draft_has_no_buttons_and_says_what_it_is(self, state: DraftState) -> None:
        shape = review_message(question(draft=draft(state=state.value)))
        assert actions(shape) == []
        assert "is decided" in shape.text

    def test_a_pending_one_still_has_them(self) -> None:
        assert actions(review_message(question(draft=draft(state="pending"))))

    def test_who_decided_is_named(self) -> None:
        sent = draft(state="sent", code="sent", sent_by="setter")
        assert status(sent, Word("slack:U1", DraftState.APPROVED)).startswith(
            "Approved by <@U1>. *Sent.*"
        )
        assert "Approved by kim &lt;3." in status(sent, Word("kim <3", DraftState.APPROVED))
        assert "Approved by a person." in status(sent, Word("", DraftState.APPROVED))
        rejected = draft(state="rejected", code="draft_rejected")
        assert "Rejected by <@U2>." in status(rejected, Word("slack:U2", DraftState.REJECTED))

    def test_what_left_by_itself_was_no_persons_word(self) -> None:
        assert status(draft(state="sent", sent_by="ai"), None).startswith("Approved by the policy.")
        assert "Approved" not in status(draft(state="superseded"), None)

    def test_a_wait_says_until_when_in_the_readers_own_zone(self) -> None:
        waiting = draft(state="approved", code="daily_cap", due_at=1_772_557_200_000)
        said = status(waiting, Word("slack:U1", DraftState.APPROVED))
        assert Code.DAILY_CAP.sentence in said
        assert "<!date^1772557200^{date_short_pretty} at {time}|2026-03-03 17:00 UTC>" in said

    def test_a_code_of_a_newer_version_is_no_error(self) -> None:
        assert status(draft(state="failed", code="of_the_future"), None)


class TestWhoseWordItWas:
    def entry(self, actor: str, target: str, draft_id: str = "acme:hello") -> Any:
        from system_sender.models import Audit

        return Audit("acme:dana", actor, actor=actor, target=target, draft_id=draft_id)

    def test_the_latest_word_of_a_person_about_this_draft_counts(self) -> None:
        entries = [
            self.entry("person:slack:U1", "pending"),
            self.entry("person:slack:U2", "approved"),
            self.entry("provider", "sent"),
            self.entry("person:slack:U3", "rejected", "acme:other"),
        ]
        assert word_of(entries, "acme:hello") == Word("slack:U2", DraftState.APPROVED)

    def test_without_one_there_is_none(self) -> None:
        assert word_of([self.entry("policy", "approved")], "acme:hello") is None


class TestForms:
    def test_a_form_brings_back_what_was_shown(self) -> None:
        view = edit_form(draft(), "Tuesday?", None, "C1")
        about = json.loads(view["private_metadata"])
        assert about == {"draft": "acme:hello", "revision": 3, "channel": "C1"}
        assert [block["block_id"] for block in view["blocks"][:-1]] == ["text"]
        assert view["blocks"][0]["element"]["max_length"] == LONGEST_EDITED
        assert len(view["title"]["text"]) <= 24

    def test_an_email_has_a_subject(self) -> None:
        view = edit_form(draft(channel="email"), "Tuesday?", "Hello", "C1")
        fields = {block["block_id"]: block for block in view["blocks"][:-1]}
        assert fields["subject"]["element"]["initial_value"] == "Hello"
        assert fields["subject"]["optional"] is True

    def test_an_order_to_send_anyway_carries_what_was_seen(self) -> None:
        *_, row = send_anyway(draft(), lead(), "No, Friday")
        value = json.loads(row["elements"][0]["value"])
        assert value == {"draft": "acme:hello", "revision": 3, "seen": [2, 0]}


@given(st.text())
def test_nothing_that_is_escaped_begins_a_mention(text: str) -> None:
    assert not {"<", ">"} & set(escaped(text))
