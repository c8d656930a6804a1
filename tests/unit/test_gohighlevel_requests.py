"""What GoHighLevel is asked, and what its look-up of inbound messages tells."""

import json
from dataclasses import replace
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.email_text import to_html
from system_sender.letter import Access, Letter
from system_sender.providers import Provider, provider_named
from system_sender.providers.gohighlevel import (
    PROVIDER,
    inbound_message_ids,
    inbound_request,
)
from system_sender.transport import Answer, NoAnswer

ACCESS = Access("https://example.com", "pit-1", "loc1")
TEXT = Letter("sms", "Hi Dana", "+15550100001", contact_id="ct1", route="send")
EMAIL = Letter(
    "email",
    "Hi Dana,\n\nTue & Wed\nat 2?",
    "dana@example.com",
    contact_id="ct1",
    subject="Re: Intro",
    route="send",
)


def body_of(letter: Letter) -> dict[str, Any]:
    request = PROVIDER.send_request(ACCESS, letter)
    body: dict[str, Any] = json.loads(request.body or b"")
    return body


def test_it_keeps_to_the_protocol_and_is_found_by_its_name() -> None:
    provider: Provider = PROVIDER
    assert provider_named("gohighlevel") is provider
    assert provider.routes(ACCESS, TEXT) == provider.routes(ACCESS, EMAIL) == ("send",)
    assert provider.base_url == "https://services.leadconnectorhq.com"


def test_all_is_sent_by_contact_so_that_without_one_nothing_is() -> None:
    assert PROVIDER.refusal(replace(EMAIL, contact_id=None)) is Code.MISSING_CONTACT
    assert PROVIDER.refusal(replace(TEXT, contact_id="")) is Code.MISSING_CONTACT
    assert PROVIDER.refusal(TEXT) is None


def test_a_send_is_the_published_request_with_the_text_byte_for_byte() -> None:
    text = ' "Hi" Dana,\n\u0645\u0631\u062d\u0628\u0627 \U0001f44b '
    request = PROVIDER.send_request(ACCESS, replace(TEXT, text=text))
    assert (request.method, request.url) == ("POST", "https://example.com/conversations/messages")
    assert request.headers == {
        "Authorization": "Bearer pit-1",
        "Version": "2021-04-15",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    assert json.loads(request.body or b"") == {"type": "SMS", "contactId": "ct1", "message": text}


def test_an_email_is_html_with_its_subject_to_one_address_of_the_contact() -> None:
    assert body_of(EMAIL) == {
        "type": "Email",
        "contactId": "ct1",
        "subject": "Re: Intro",
        "html": to_html(EMAIL.text),
        "emailTo": "dana@example.com",
    }
    assert "Tue &amp; Wed" in body_of(EMAIL)["html"]


def test_copies_are_named_only_where_there_are_some() -> None:
    body = body_of(replace(EMAIL, cc=("kim@example.com",), bcc=("crm@example.com",)))
    assert (body["emailCc"], body["emailBcc"]) == (["kim@example.com"], ["crm@example.com"])


def test_an_answer_stays_in_its_thread_and_adds_no_recipient_of_the_providers_choice() -> None:
    handles = {"email_message_id": "em1", "thread_id": "th1"}
    body = body_of(replace(EMAIL, handles=handles, cc=("kim@example.com",)))
    assert body["replyMessageId"] == "em1"
    assert body["threadId"] == "th1"
    assert body["emailReplyMode"] == "reply"


def test_the_mode_of_an_answer_is_left_out_where_no_message_is_named() -> None:
    body = body_of(replace(EMAIL, handles={"thread_id": "th1"}))
    assert body["threadId"] == "th1"
    assert not {"replyMessageId", "emailReplyMode"} & set(body)


# --- the inbound messages of a contact -----------------------------------------------------------


def test_a_look_up_names_channel_contact_and_window() -> None:
    request = inbound_request(
        base_url="https://example.com", token="t", location_id="loc", contact_id="ct1", since=1000
    )
    assert request.method == "GET"
    assert request.query is not None
    wanted = {"locationId": "loc", "contactId": "ct1", "channel": "SMS", "startDate": "1000"}
    assert wanted.items() <= request.query.items()
    assert int(request.query["limit"]) >= 10, "the endpoint's smallest page"
    assert request.query["sortOrder"] == "desc", "of more than a page, the newest count"


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


def test_a_picture_without_a_word_is_listed_with_or_without_a_body() -> None:
    bare = {name: value for name, value in message(3).items() if name != "body"}
    answer = listing(message(1, body=""), message(2, body=None), bare, message(4))
    assert inbound_message_ids(answer, "") == ["ms1", "ms2", "ms3"]


def test_a_list_one_level_deeper_is_read_too() -> None:
    body = {"messages": {"lastMessageId": "ms1", "messages": [message(1)]}}
    assert inbound_message_ids(Answer(200, {}, json.dumps(body).encode()), "yes") == ["ms1"]


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
