"""What GoHighLevel is asked, and what its look-up of inbound messages tells."""

import json
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.providers.gohighlevel import (
    PROVIDER,
    inbound_message_ids,
    inbound_request,
)
from system_sender.transport import Answer, NoAnswer


def test_a_send_is_the_published_request_with_the_text_byte_for_byte() -> None:
    text = ' "Hi" Dana,\n\u0645\u0631\u062d\u0628\u0627 \U0001f44b '
    request = PROVIDER.send_request(
        base_url="https://example.com", token="pit-1", contact_id="ct1", text=text
    )
    assert (request.method, request.url) == ("POST", "https://example.com/conversations/messages")
    assert request.headers == {
        "Authorization": "Bearer pit-1",
        "Version": "2021-04-15",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    assert json.loads(request.body or b"") == {"type": "SMS", "contactId": "ct1", "message": text}


def test_a_look_up_names_channel_contact_and_window() -> None:
    request = inbound_request(
        base_url="https://example.com", token="t", location_id="loc", contact_id="ct1", since=1000
    )
    assert request.method == "GET"
    assert request.query is not None
    wanted = {"locationId": "loc", "contactId": "ct1", "channel": "SMS", "startDate": "1000"}
    assert wanted.items() <= request.query.items()
    assert int(request.query["limit"]) >= 10, "the endpoint's smallest page"


def listing(*messages: Any) -> Answer:
    return Answer(200, {}, json.dumps({"messages": list(messages)}).encode())


def message(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"ms{number}",
        "direction": "inbound",
        "body": "yes",
        "dateAdded": f"2026-03-02T15:04:0{number}Z",
        **changes,
    }


def test_equal_texts_are_listed_oldest_first() -> None:
    answer = listing(message(2), message(1, body=" yes\n"), message(3, body="no"))
    assert inbound_message_ids(answer, "yes") == ["ms1", "ms2"]


def test_our_own_messages_and_odd_rows_are_not_the_leads() -> None:
    answer = listing(
        message(1, direction="outbound"),
        message(2, id=7),
        message(3, id="not an id"),
        message(4, body=None),
        "odd",
        None,
    )
    assert inbound_message_ids(answer, "yes") == []


@pytest.mark.parametrize(
    "answer",
    [
        NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT),
        NoAnswer(began=False, code=Code.UNREACHABLE),
        Answer(401, {}, b"{}"),
        Answer(500, {}, b"{}"),
        Answer(200, {}, b""),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b'{"messages": {}}'),
    ],
)
def test_could_not_look_is_not_an_empty_list(answer: Answer | NoAnswer) -> None:
    assert inbound_message_ids(answer, "yes") is None
