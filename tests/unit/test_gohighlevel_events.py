"""GoHighLevel's webhook payloads, read into the one vocabulary."""

from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.inbound import EventKind, EventRefused, InboundEvent
from system_sender.providers.gohighlevel_events import (
    EARLIEST_FUTURE,
    OLDEST_EVENT,
    parse_marketplace_event,
    parse_workflow_event,
)

NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z

# As published, with the fields that live events were seen to add.
INBOUND: dict[str, Any] = {
    "type": "InboundMessage",
    "webhookId": "wh-5b0c",
    "timestamp": "2026-03-02T15:04:06Z",
    "appId": "ap1",
    "locationId": "loc7Kq",
    "contactId": "ct8Qm",
    "conversationId": "cv3Jd",
    "messageId": "ms2In",
    "messageType": "SMS",
    "messageTypeId": 2,
    "messageTypeString": "TYPE_SMS",
    "direction": "inbound",
    "status": "delivered",
    "contentType": "text/plain",
    "body": "Tue works ",
    "attachments": [],
    "from": "+15550100001",
    "to": "+15550100002",
    "dateAdded": "2026-03-02T15:04:05.120Z",
}
WORKFLOW: dict[str, Any] = {
    "contact_id": "ct8Qm",
    "first_name": "Dana",
    "last_name": "Example",
    "phone": "+15550100001",
    "date_created": "2026-01-10T09:00:00.000Z",
    "location": {"id": "loc7Kq", "name": "Acme"},
    "message": {"type": 2, "body": "Tue works "},
    "workflow": {"id": "wf1", "name": "SMS reply"},
    "customData": {
        "ID": "ct8Qm",
        "Message": "Tue works",
        "Date": "3/2/2026",
        "Time": "10:04:05 AM",
    },
}


def marketplace(*, omit: tuple[str, ...] = (), **changes: Any) -> InboundEvent:
    event = {**INBOUND, **changes}
    return parse_marketplace_event({k: v for k, v in event.items() if k not in omit}, NOW)


def workflow(*, omit: tuple[str, ...] = (), **changes: Any) -> InboundEvent:
    event = {**WORKFLOW, **changes}
    return parse_workflow_event({k: v for k, v in event.items() if k not in omit})


def refusal(call: Any, *arguments: Any, **changes: Any) -> EventRefused:
    with pytest.raises(EventRefused) as refused:
        call(*arguments, **changes)
    return refused.value


# --- marketplace ---------------------------------------------------------------------------------


def test_an_inbound_text_is_read() -> None:
    assert marketplace() == InboundEvent(
        EventKind.MESSAGE,
        "gohighlevel",
        "message:ms2In",
        "loc7Kq",
        "ct8Qm",
        text="Tue works",
        phone="+15550100001",
        provider_message_id="ms2In",
        occurred_at=1_772_463_845_120,
    )


def test_an_event_nested_under_data_reads_the_same() -> None:
    envelope = ("type", "timestamp", "webhookId")
    outer = {name: INBOUND[name] for name in envelope}
    inner = {name: value for name, value in INBOUND.items() if name not in envelope}
    assert parse_marketplace_event({**outer, "data": inner}, NOW) == marketplace()


def test_the_same_message_under_another_webhook_id_is_the_same_event() -> None:
    assert marketplace(webhookId="wh-other").identity == marketplace().identity


def test_without_a_message_id_the_webhook_id_identifies_it() -> None:
    assert marketplace(omit=("messageId",)).identity == "webhook:wh-5b0c"
    assert marketplace(messageId="").identity == "webhook:wh-5b0c"


def test_with_neither_id_the_message_itself_does() -> None:
    bare = ("messageId", "webhookId", "timestamp")
    first = marketplace(omit=bare)
    assert first.identity.startswith("hash:")
    assert first == marketplace(omit=bare)
    later = marketplace(omit=bare, dateAdded="2026-03-02T15:04:07.000Z")
    other = marketplace(omit=bare, body="Wed works")
    assert len({first.identity, later.identity, other.identity}) == 3
    assert "Tue" not in first.identity


def test_unknown_fields_change_nothing() -> None:
    assert marketplace(brandNew={"deep": [1, 2]}, extra="x" * 1000) == marketplace()


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "ContactUpdate"},
        {"type": "OpportunityCreate"},
        {"messageType": "CALL", "messageTypeString": "TYPE_CALL", "messageTypeId": 1},
        {"messageType": None, "messageTypeString": None, "messageTypeId": None},
    ],
)
def test_other_events_and_channels_are_ignored(changes: dict[str, Any]) -> None:
    assert marketplace(**changes).kind is EventKind.IGNORED


@pytest.mark.parametrize(
    "spelling",
    [
        {"messageType": "SMS", "messageTypeString": None, "messageTypeId": None},
        {"messageType": "TYPE_SMS", "messageTypeId": None},
        {"messageType": None, "messageTypeString": "TYPE_SMS", "messageTypeId": None},
        {"messageType": None, "messageTypeString": None, "messageTypeId": 2},
        {"messageType": None, "messageTypeString": None, "messageTypeId": "2"},
        {"messageType": "2", "messageTypeString": None, "messageTypeId": None},
    ],
)
def test_a_text_is_known_by_any_of_its_type_fields(spelling: dict[str, Any]) -> None:
    assert marketplace(**spelling).kind is EventKind.MESSAGE


def outbound(**changes: Any) -> InboundEvent:
    return marketplace(type="OutboundMessage", **changes)


@pytest.mark.parametrize("source", ["api", "workflow", "campaign", "bulk_actions"])
def test_what_machines_sent_is_an_echo_and_no_persons_reply(source: str) -> None:
    event = outbound(source=source, userId="us1")
    assert (event.kind, event.human, event.identity) == (EventKind.ECHO, False, "echo:ms2In")
    assert (event.text, event.provider_message_id) == ("Tue works", "ms2In")
    assert (event.contact_id, event.channel, event.phone) == ("ct8Qm", "sms", INBOUND["to"])
    assert event.occurred_at == 1_772_463_845_120


@pytest.mark.parametrize("source", [None, "", "brand_new", 7, ["api"]])
def test_only_the_providers_own_word_makes_it_a_machines(source: Any) -> None:
    event = outbound(source=source)
    assert (event.kind, event.human) == (EventKind.ECHO, True)


def test_an_echo_without_a_message_id_is_still_one_event_and_no_message() -> None:
    bare = ("messageId",)
    assert marketplace(type="OutboundMessage", omit=bare).identity == "echo:webhook:wh-5b0c"
    barer = ("messageId", "webhookId")
    identity = marketplace(type="OutboundMessage", omit=barer).identity
    assert identity.startswith("echo:hash:")
    assert identity != marketplace(omit=barer).identity


def test_what_a_person_sent_in_the_app_is_a_human_message() -> None:
    event = outbound(source="app", direction="outbound")
    assert event.kind is EventKind.HUMAN_OUTBOUND
    assert event.phone == INBOUND["to"], "the lead's number is where it went"
    assert (event.human, event.identity) == (True, "message:ms2In")
    assert outbound(userId="us1").kind is EventKind.HUMAN_OUTBOUND


def test_the_published_outbound_example_that_calls_itself_inbound_goes_by_its_type() -> None:
    assert outbound(source="app", direction="inbound").kind is EventKind.HUMAN_OUTBOUND


def dnd(**changes: Any) -> InboundEvent:
    body = {
        "type": "ContactDndUpdate",
        "locationId": "loc7Kq",
        "id": "ct8Qm",
        "webhookId": "wh-9",
        "phone": "+15550100001",
        **changes,
    }
    return parse_marketplace_event(body, NOW)


@pytest.mark.parametrize(
    ("changes", "channel"),
    [
        ({"dnd": True}, "*"),
        ({"dnd": True, "dndSettings": "odd"}, "*"),
        ({"dnd": True, "dndSettings": {"SMS": {"status": "active"}}}, "*"),
        ({"dnd": False, "dndSettings": {"SMS": {"status": "active"}}}, "sms"),
        (
            {"dndSettings": {"SMS": {"status": "permanent"}, "Email": {"status": "inactive"}}},
            "sms",
        ),
        ({"dndSettings": {"Email": {"status": "active"}}}, "email"),
        ({"dndSettings": {"SMS": {"status": "active"}, "Email": {"status": "active"}}}, "*"),
    ],
)
def test_do_not_disturb_is_heard_for_its_channel(changes: dict[str, Any], channel: str) -> None:
    event = dnd(email="dana@example.com", **changes)
    assert (event.kind, event.channel) == (EventKind.DO_NOT_DISTURB, channel)
    assert (event.contact_id, event.identity) == ("ct8Qm", "dnd:wh-9")
    assert (event.phone, event.email) == ("+15550100001", "dana@example.com")


@pytest.mark.parametrize(
    "changes",
    [
        {"dnd": False},
        {"dnd": False, "dndSettings": {"SMS": {"status": "inactive"}}},
        {"dndSettings": {"WhatsApp": {"status": "active"}}},
        {"dndSettings": {"SMS": "active"}},
        {},
    ],
)
def test_lifting_it_or_another_channel_is_no_consent_and_no_stop(changes: dict[str, Any]) -> None:
    assert dnd(**changes).kind is EventKind.IGNORED


def test_do_not_disturb_without_a_webhook_id_is_still_one_event() -> None:
    one = {"dnd": True, "webhookId": None, "timestamp": "2026-03-02T15:04:06Z"}
    assert dnd(**one).identity == dnd(**one).identity
    assert dnd(**{**one, "timestamp": "2026-03-02T15:05:06Z"}).identity != dnd(**one).identity


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": None}, "type"),
        ({"type": 7}, "type"),
        ({"locationId": None}, "locationId"),
        ({"locationId": 7.5}, "locationId"),
        ({"locationId": "a b"}, "locationId"),
        ({"contactId": None}, "contactId"),
        ({"contactId": ["ct"]}, "contactId"),
        ({"contactId": "x" * 129}, "contactId"),
        ({"contactId": "ct\n"}, "contactId"),
        ({"messageId": {"id": 1}}, "messageId"),
        ({"messageId": "a:b"}, "messageId"),
        ({"body": 5}, "text"),
        ({"body": ["Hi"]}, "text"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 1_772_463_846}, "timestamp"),
        ({"timestamp": "2026-03-02T15:04:06"}, "timestamp"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_is_not_repeated(
    changes: dict[str, Any], field: str
) -> None:
    refused = refusal(marketplace, **changes)
    assert refused.code is Code.BODY_WRONG
    assert field in refused.detail
    assert str(next(iter(changes.values()))) not in refused.detail.replace(field, "")


@pytest.mark.parametrize(
    ("timestamp", "fine"),
    [
        ("2026-02-27T15:04:06Z", True),
        ("2026-02-27T15:04:05Z", False),
        ("2026-03-02T15:14:06Z", True),
        ("2026-03-02T15:14:07Z", False),
        ("2026-03-02T10:04:06-05:00", True),
        ("1970-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00+14:00", False),
        ("9999-12-31T23:59:59-14:00", False),
    ],
)
def test_the_window_is_three_days_wide_and_ten_minutes_ahead(timestamp: str, fine: bool) -> None:
    assert OLDEST_EVENT == 3 * 24 * 3600 * 1000
    assert EARLIEST_FUTURE == 600_000
    if fine:
        assert marketplace(timestamp=timestamp).kind is EventKind.MESSAGE
    else:
        assert refusal(marketplace, timestamp=timestamp).code is Code.EVENT_STALE


def test_the_published_example_without_a_timestamp_is_taken() -> None:
    assert marketplace(omit=("timestamp",)).kind is EventKind.MESSAGE


def test_a_picture_without_a_text_is_still_a_message() -> None:
    assert marketplace(body=None).text == ""
    assert marketplace(omit=("body",)).kind is EventKind.MESSAGE


def test_lone_surrogates_and_endless_texts_become_storable() -> None:
    text = marketplace(body="\ud83d broken " + "x" * 50_000).text
    text.encode()
    assert len(text) == 20_000


def test_emoji_and_right_to_left_texts_stay_as_they_are() -> None:
    text = "\u0645\u0631\u062d\u0628\u0627 \U0001f44b\U0001f3fd"
    assert marketplace(body=text).text == text


# --- workflow ------------------------------------------------------------------------------------


def test_a_workflow_reply_is_read() -> None:
    event = workflow()
    assert event.identity.startswith("workflow:")
    assert (event.kind, event.account, event.contact_id, event.text, event.identified) == (
        EventKind.MESSAGE,
        "loc7Kq",
        "ct8Qm",
        "Tue works",
        True,
    )
    assert (event.first_name, event.last_name, event.phone) == ("Dana", "Example", "+15550100001")


def test_the_contacts_creation_date_does_not_identify_a_message() -> None:
    assert workflow(date_created="2026-03-02T15:04:06Z").identity == workflow().identity


def test_two_equal_texts_at_different_times_are_two_messages() -> None:
    later = {**WORKFLOW["customData"], "Time": "10:04:06 AM"}
    assert workflow(customData=later).identity != workflow().identity
    assert workflow().identity == workflow().identity


@pytest.mark.parametrize("missing", ["Date", "Time"])
def test_without_date_or_time_the_provider_must_be_asked(missing: str) -> None:
    custom = {name: value for name, value in WORKFLOW["customData"].items() if name != missing}
    assert not workflow(customData=custom).identified
    assert not workflow(omit=("customData",)).identified


def test_the_text_may_stand_in_the_custom_data_alone() -> None:
    assert workflow(omit=("message",)).text == "Tue works"
    assert workflow(message={"type": 2, "body": ""}).text == "Tue works"


def test_without_any_text_there_is_nothing_to_record() -> None:
    assert workflow(omit=("message", "customData")).kind is EventKind.IGNORED


def test_a_picture_without_a_word_is_a_message_where_its_type_says_so() -> None:
    event = workflow(message={"type": 2, "body": ""}, omit=("customData",))
    assert (event.kind, event.channel, event.text) == (EventKind.MESSAGE, "sms", "")
    assert not event.identified, "the provider tells it from the next one"
    exact = {"Date": "3/2/2026", "Time": "10:04:05 AM"}
    assert workflow(message={"type": "2"}, customData=exact).identified
    assert workflow(message={"body": ""}, customData=exact).kind is EventKind.IGNORED


def test_an_email_without_a_word_is_a_message_where_something_tells_it_from_the_next() -> None:
    exact = {"Date": "3/2/2026", "Time": "10:04:05 AM"}
    assert workflow(message={"type": 3}, customData=exact).channel == "email"
    later = workflow(message={"type": 3}, customData={**exact, "Time": "10:04:06 AM"})
    assert later.identity != workflow(message={"type": 3}, customData=exact).identity
    inexact = {**exact, "Time": "10:04 AM"}
    assert workflow(message={"type": 3}, customData=inexact).kind is EventKind.IGNORED


@pytest.mark.parametrize(("kind", "channel"), [("2", "sms"), ("3", "email"), ("SMS", "sms")])
def test_a_workflows_type_may_be_a_name_or_a_number_in_a_text(kind: str, channel: str) -> None:
    assert workflow(message={"type": kind, "body": "Hi"}).channel == channel


def test_the_phone_may_stand_in_the_custom_data_or_be_missing() -> None:
    custom = {**WORKFLOW["customData"], "Phone Number": "+15550100009"}
    assert workflow(omit=("phone",), customData=custom).phone == "+15550100009"
    assert workflow(omit=("phone",)).phone is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"location": None}, "location.id"),
        ({"location": "loc7Kq"}, "location"),
        ({"location": {"id": True}}, "id"),
        ({"message": "Tue works"}, "message"),
        ({"message": {"body": 7}}, "text"),
        ({"customData": []}, "customData"),
        ({"contact_id": {"id": "x"}}, "contact_id"),
        ({"workflow": "wf1"}, "workflow"),
    ],
)
def test_a_wrong_workflow_field_is_named(changes: dict[str, Any], field: str) -> None:
    refused = refusal(workflow, **changes)
    assert refused.code is Code.BODY_WRONG
    assert field in refused.detail


@pytest.mark.parametrize(
    ("country", "region"),
    [("GB", "GB"), (" de ", "DE"), ("Great Britain", None), ("XX", None), ("", None), (7, None)],
)
def test_a_workflow_says_where_its_contact_is(country: Any, region: str | None) -> None:
    assert workflow(country=country).region == region
    assert workflow(omit=("country",)).region is None


def test_a_workflow_without_any_contact_is_refused() -> None:
    custom = {name: value for name, value in WORKFLOW["customData"].items() if name != "ID"}
    assert "contact_id" in refusal(workflow, omit=("contact_id",), customData=custom).detail


@pytest.mark.parametrize("kind", [1, 11, "CALL", True, ["SMS"], {}])
def test_a_workflow_of_another_channel_is_ignored(kind: Any) -> None:
    assert workflow(message={"type": kind, "body": "Hi"}).kind is EventKind.IGNORED


@pytest.mark.parametrize(
    ("kind", "called"),
    [
        (11, "workflow 11"),
        ("TYPE_CALL", "workflow TYPE_CALL"),
        ("+15550100001", "workflow"),
        ("15550100001", "workflow"),
        ("call me on friday", "workflow"),
        ("dana@example.com", "workflow"),
        ({"name": "Dana"}, "workflow"),
        ("x" * 41, "workflow"),
    ],
)
def test_what_is_ignored_says_what_it_is_and_nothing_personal(kind: Any, called: str) -> None:
    assert workflow(message={"type": kind, "body": "Hi"}).called == called


def test_what_is_ignored_of_an_app_says_what_it_is() -> None:
    bare = ("messageType", "messageTypeString", "messageTypeId")
    assert marketplace(type="ContactUpdate", omit=bare).called == "ContactUpdate"
    assert marketplace(messageType="CALL", messageTypeId=1).called == "InboundMessage CALL 1"


def test_a_workflows_email_is_one_and_its_html_is_read() -> None:
    event = workflow(
        message={"type": 3, "body": "<p>Tue <b>works</b></p>"}, email="dana@example.com"
    )
    assert (event.kind, event.channel) == (EventKind.MESSAGE, "email")
    assert (event.text, event.sender) == ("Tue works", "dana@example.com")
    assert not event.handles, "the payload has nothing to answer in the thread with"


def test_odd_names_are_left_out_and_long_ones_cut() -> None:
    assert workflow(first_name=7, last_name="x" * 500).first_name is None
    assert workflow(last_name="x" * 500).last_name == "x" * 200
