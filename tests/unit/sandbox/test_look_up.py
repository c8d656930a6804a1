"""Look-ups: what an unknown outcome or an inbound without an id is settled with."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from devstack.sandbox.client import SandboxClient
from devstack.sandbox.contract import Injected
from devstack.sandbox.ledger import Operation

Send = Callable[..., requests.Response]
LookUp = Callable[..., requests.Response]


def test_an_accepted_message_is_found_by_export(send: Send, look_up: LookUp) -> None:
    sent = send("Tue 2pm?").json()
    send("other", contact_id="ct2")
    found = look_up("messages/export", locationId="loc1", contactId="ct1", channel="SMS").json()
    assert (found["total"], found["nextCursor"]) == (1, None)
    [message] = found["messages"]
    assert message["id"] == sent["messageId"]
    assert message["conversationId"] == sent["conversationId"]
    assert (message["body"], message["direction"]) == ("Tue 2pm?", "outbound")
    assert (message["source"], message["messageType"]) == ("api", "TYPE_SMS")
    assert message["locationId"] == "loc1"


def test_export_is_bounded_by_time(look_up: LookUp, control: SandboxClient) -> None:
    for minute in (0, 10, 20):
        moment = datetime(2026, 3, 2, 15, minute, tzinfo=UTC).timestamp()
        control.inject(Injected("loc1", "ct1", f"at {minute}", added_at=moment))

    def bodies(**query: str | int) -> list[str]:
        found = look_up("messages/export", locationId="loc1", contactId="ct1", **query).json()
        return [message["body"] for message in found["messages"]]

    assert bodies() == ["at 20", "at 10", "at 0"]
    assert bodies(sortOrder="asc") == ["at 0", "at 10", "at 20"]
    assert bodies(startDate="2026-03-02T15:05:00Z") == ["at 20", "at 10"]
    assert bodies(startDate="2026-03-02T15:05:00Z", endDate="2026-03-02T15:15:00Z") == ["at 10"]
    epoch = int(datetime(2026, 3, 2, 15, 15, tzinfo=UTC).timestamp() * 1000)
    assert bodies(startDate=epoch) == ["at 20"]


def test_export_is_paged(look_up: LookUp, control: SandboxClient) -> None:
    for number in range(25):
        control.inject(Injected("loc1", "ct1", f"{number}", added_at=1_000.0 + number))
    query = {"locationId": "loc1", "limit": "10", "sortOrder": "asc"}
    pages = [look_up("messages/export", **query).json()]
    while (cursor := pages[-1]["nextCursor"]) is not None:
        pages.append(look_up("messages/export", **query, cursor=cursor).json())
    assert [len(page["messages"]) for page in pages] == [10, 10, 5]
    bodies = [message["body"] for page in pages for message in page["messages"]]
    assert bodies == [str(number) for number in range(25)]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"locationId": "loc1", "limit": "9"},
        {"locationId": "loc1", "limit": "501"},
        {"locationId": "loc1", "limit": "few"},
        {"locationId": "loc1", "startDate": "yesterday"},
    ],
)
def test_export_refuses_what_it_does_not_understand(
    query: dict[str, str], look_up: LookUp, control: SandboxClient
) -> None:
    assert look_up("messages/export", **query).status_code == 422
    [entry] = control.ledger().requests()
    assert (entry.operation, entry.status) == (Operation.LOOK_UP, 422)


def test_a_conversation_is_found_and_read(
    send: Send, look_up: LookUp, control: SandboxClient
) -> None:
    first = send("one").json()
    control.inject(Injected("loc1", "ct1", "a reply"))
    search = look_up("search", locationId="loc1", contactId="ct1").json()
    assert search["total"] == 1
    [conversation] = search["conversations"]
    assert conversation["id"] == first["conversationId"]
    assert conversation["lastMessageBody"] == "a reply"
    nested = look_up(f"{conversation['id']}/messages", type="TYPE_SMS").json()["messages"]
    assert [message["body"] for message in nested["messages"]] == ["a reply", "one"]
    assert nested["nextPage"] is False


def test_a_conversation_is_paged_by_its_last_message(send: Send, look_up: LookUp) -> None:
    first, *_ = [send(text).json() for text in ("one", "two", "three")]
    conversation = first["conversationId"]
    page = look_up(f"{conversation}/messages", limit=2).json()["messages"]
    assert ([message["body"] for message in page["messages"]], page["nextPage"]) == (
        ["three", "two"],
        True,
    )
    rest = look_up(f"{conversation}/messages", lastMessageId=page["lastMessageId"]).json()
    assert [message["body"] for message in rest["messages"]["messages"]] == ["one"]


def test_a_message_is_read_by_its_id(send: Send, look_up: LookUp) -> None:
    sent = send("one").json()
    message = look_up(f"messages/{sent['messageId']}").json()
    assert (message["body"], message["status"]) == ("one", "pending")
    assert look_up("messages/unknown").status_code == 404
    assert look_up("unknown/messages").status_code == 404


def test_an_inbound_without_an_id_can_be_resolved_to_its_real_one(
    look_up: LookUp, control: SandboxClient
) -> None:
    accepted = control.inject(Injected("loc1", "ct1", "yes", message_id="ms-real"))
    assert accepted.message_id == "ms-real"
    [message] = look_up("messages/export", locationId="loc1", contactId="ct1").json()["messages"]
    assert (message["id"], message["direction"]) == ("ms-real", "inbound")
    assert control.ledger().accepted() == []


def test_a_persons_own_text_is_told_from_the_apis(
    send: Send, look_up: LookUp, control: SandboxClient
) -> None:
    send("same words")
    control.inject(Injected("loc1", "ct1", "same words", direction="outbound", source="app"))
    messages = look_up("messages/export", locationId="loc1").json()["messages"]
    assert sorted(message["source"] for message in messages) == ["api", "app"]


def test_a_message_stays_invisible_for_the_visibility_delay(
    send: Send, look_up: LookUp, control: SandboxClient
) -> None:
    control.configure(visibility_delay_s=60)
    send("hidden")
    assert look_up("messages/export", locationId="loc1").json()["total"] == 0
    control.configure(visibility_delay_s=0)
    assert look_up("messages/export", locationId="loc1").json()["total"] == 1


def test_a_configured_token_sees_its_own_location_only(
    send: Send, look_up: LookUp, control: SandboxClient
) -> None:
    control.configure(tokens={"pit-example": "loc1"})
    sent = send("ours").json()
    theirs = control.inject(Injected("loc2", "ct9", "theirs"))
    assert look_up("messages/export", locationId="loc2").status_code == 403
    assert look_up(f"messages/{theirs.message_id}").status_code == 404
    assert look_up(f"messages/{sent['messageId']}").json()["locationId"] == "loc1"
    control.configure(tokens={"another": "loc1"})
    assert look_up("messages/export", locationId="loc1").status_code == 401
