"""Unipile's webhook payloads, read into the one vocabulary."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.providers import SignedRequest
from system_sender.providers.unipile import PROVIDER

PAYLOADS = Path(__file__).parents[1] / "payloads" / "unipile"
NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
WROTE_AT = 1_772_463_845_002
DANA = "ACoAADANAEXAMPLE"
OWN = "ACoAAOWNEXAMPLE"
# What older set-ups and the published page do not have.
NEWER = ("account_info", "is_sender")


def payload(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    event = {**json.loads((PAYLOADS / f"{name}.json").read_bytes()), **changes}
    return {key: value for key, value in event.items() if key not in omit}


def read(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> InboundEvent:
    return PROVIDER.parse_event("webhook", payload(name, omit=omit, **changes), NOW)


def refusal(name: str, *, omit: tuple[str, ...] = (), **changes: Any) -> EventRefused:
    with pytest.raises(EventRefused) as refused:
        read(name, omit=omit, **changes)
    assert refused.value.code is Code.BODY_WRONG
    return refused.value


# --- authentication ------------------------------------------------------------------------------


def authenticate(headers: dict[str, str], secret: str | None = "secret-1") -> str:
    return PROVIDER.authenticate(SignedRequest(b"{}", headers, {}), lambda: secret, ())


def never() -> str | None:
    pytest.fail("The secret was read for a request that gives none.")


@pytest.mark.parametrize("header", ["x-webhook-secret", "x-unipile-secret", "unipile-auth"])
def test_the_secret_is_in_the_header_that_was_chosen_for_it(header: str) -> None:
    assert authenticate({header: "secret-1"}) == "webhook"


@pytest.mark.parametrize("secret", ["secret-2", "", None])
def test_another_secret_or_none_configured_is_refused(secret: str | None) -> None:
    with pytest.raises(EventRefused) as refused:
        authenticate({"unipile-auth": "secret-1"}, secret)
    assert refused.value.code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize("headers", [{}, {"unipile-auth": ""}, {"authorization": "secret-1"}])
def test_without_a_secret_the_configured_one_is_not_even_read(headers: dict[str, str]) -> None:
    with pytest.raises(EventRefused) as refused:
        PROVIDER.authenticate(SignedRequest(b"{}", headers, {}), never, ())
    assert refused.value.code is Code.SIGNATURE_MISSING


# --- the lead's messages -------------------------------------------------------------------------

MESSAGE = InboundEvent(
    EventKind.MESSAGE,
    "unipile",
    "message_received:mIn7Zq",
    "acc_Vf3",
    DANA,
    channel="linkedin",
    tracked=False,
    text="Tue works",
    linkedin_id=DANA,
    first_name="Dana",
    last_name="Example",
    sender_name="Dana Example",
    handles={"chat_id": "ch_8Xa", "account": "acc_Vf3"},
    provider_message_id="mIn7Zq",
    occurred_at=WROTE_AT,
)


def test_a_leads_message_is_read() -> None:
    assert read("message_received") == MESSAGE


def test_an_answer_to_an_inmail_is_a_message_like_any_other() -> None:
    inmail = read("message_received_inmail")
    assert (inmail.kind, inmail.identity) == (EventKind.MESSAGE, "message_received:mIn8Rt")


@pytest.mark.parametrize("name", ["message_received_published", "message_received_nested"])
def test_the_published_and_the_older_form_are_the_same_message(name: str) -> None:
    event = read(name)
    assert (event.kind, event.identity) == (MESSAGE.kind, MESSAGE.identity)
    assert (event.account, event.contact_id, event.linkedin_id) == ("acc_Vf3", DANA, DANA)
    assert (event.text, event.handles) == (MESSAGE.text, MESSAGE.handles)
    assert (event.first_name, event.last_name) == ("Dana", "Example")
    assert event.occurred_at == 1_772_463_845_000


def test_what_is_said_to_a_group_is_not_answered_in_the_group() -> None:
    event = read("message_received", is_group=True)
    assert (event.kind, event.contact_id, event.handles) == (EventKind.MESSAGE, DANA, {})


def test_a_message_without_text_is_still_the_leads() -> None:
    event = read("message_received", message=None, attachments=[{"type": "img"}])
    assert (event.kind, event.text) == (EventKind.MESSAGE, "")


def test_a_long_text_is_capped_and_a_lone_surrogate_replaced() -> None:
    event = read("message_received", message="\ud800" + "a" * 30_000)
    assert len(event.text) == 20_000
    assert event.text.startswith("?a")


def test_a_notice_in_a_chat_is_nobodys_message() -> None:
    assert read("message_received", is_event=1) == ignored("unipile", "acc_Vf3")


def test_a_company_is_no_lead() -> None:
    sender = payload("message_received")["sender"]
    sender["attendee_specifics"]["is_company"] = True
    assert read("message_received", sender=sender) == ignored("unipile", "acc_Vf3")


# --- our own messages come by the same event -----------------------------------------------------


@pytest.mark.parametrize("omit", [(), ("is_sender",), ("account_info",)])
def test_a_message_that_left_the_account_is_an_echo_for_the_lead(omit: tuple[str, ...]) -> None:
    echo = read("message_received_own", omit=omit)
    assert (echo.kind, echo.human) == (EventKind.ECHO, True)
    assert (echo.contact_id, echo.linkedin_id) == (DANA, DANA)
    assert echo.identity == "message_received:mOut4Kp"
    assert (echo.provider_message_id, echo.text) == ("mOut4Kp", "Tue at 2pm?")
    assert (echo.first_name, echo.sender_name) == ("Dana", None)


def test_one_sign_of_its_being_ours_is_enough() -> None:
    assert read("message_received_own", is_sender=False).kind is EventKind.ECHO
    other_product = {"user_id": "ACwAAOWNEXAMPLE"}
    assert read("message_received_own", account_info=other_product).kind is EventKind.ECHO


def test_without_any_sign_the_only_other_person_in_a_chat_is_the_lead() -> None:
    assert read("message_received", omit=NEWER).kind is EventKind.MESSAGE


def test_without_any_sign_a_sender_who_is_not_listed_is_not_the_lead() -> None:
    echo = read("message_received_own", omit=NEWER)
    assert (echo.kind, echo.contact_id) == (EventKind.ECHO, DANA)


def test_without_any_sign_one_of_several_is_not_taken_for_the_lead() -> None:
    both = [payload(name)["sender"] for name in ("message_received", "message_received_own")]
    echo = read("message_received", omit=NEWER, attendees=both)
    assert (echo.kind, echo.contact_id) == (EventKind.ECHO, DANA)


def test_ids_of_two_products_do_not_tell_whether_they_are_one_person() -> None:
    info = {"type": "LINKEDIN", "feature": "sales_navigator", "user_id": "ACwAAOWNEXAMPLE"}
    unclear = read("message_received_own", omit=("is_sender",), account_info=info)
    assert (unclear.kind, unclear.contact_id) == (EventKind.ECHO, DANA)


def test_a_nested_message_of_an_unknown_side_is_not_a_leads() -> None:
    echo = read("message_received_nested", omit=NEWER)
    assert (echo.kind, echo.contact_id) == (EventKind.ECHO, DANA)


def test_our_own_message_to_several_people_is_about_no_lead() -> None:
    person = payload("message_received")["sender"]
    several = [person, {**person, "attendee_provider_id": "ACoAAOTHEREXAMPLE"}]
    assert read("message_received_own", attendees=several) == ignored("unipile", "acc_Vf3")
    assert read("message_received_own", attendees=[]) == ignored("unipile", "acc_Vf3")


# --- what became of a message --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [("message_read", DeliveryStatus.READ), ("message_delivered", DeliveryStatus.DELIVERED)],
)
def test_a_message_of_ours_was_delivered_and_read(name: str, status: DeliveryStatus) -> None:
    assert read(name) == InboundEvent(
        EventKind.STATUS,
        "unipile",
        f"{name}:mOut4Kp",
        "acc_Vf3",
        DANA,
        channel="linkedin",
        linkedin_id=DANA,
        provider_message_id="mOut4Kp",
        occurred_at=WROTE_AT,
        status=status,
    )


def test_that_we_read_the_leads_message_changes_nothing() -> None:
    sender = payload("message_received")["sender"]
    assert read("message_read", sender=sender) == ignored("unipile", "acc_Vf3")
    assert read("message_read", omit=("message_id",)) == ignored("unipile", "acc_Vf3")


# --- what changes nothing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["message_reaction", "message_edited", "message_deleted", "account_status", "new_relation"],
)
def test_other_events_change_nothing(name: str) -> None:
    assert read(name) == ignored("unipile")
    called = "AccountStatus" if name == "account_status" else payload(name)["event"]
    assert read(name).called == called


@pytest.mark.parametrize("name", ["message_received", "message_received_nested", "message_read"])
def test_other_networks_are_not_linkedin(name: str) -> None:
    assert read(name, account_type="WHATSAPP") == ignored("unipile")


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["event", "account_id", "message_id"])
def test_an_event_without_what_names_it_is_refused_by_the_fields_name(field: str) -> None:
    assert f"'{field}'" in refusal("message_received", omit=(field,)).detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event", 7),
        ("account_id", "a b"),
        ("message_id", "../x"),
        ("chat_id", "ch/8"),
        ("sender", []),
        ("sender", {}),
        ("sender", {"attendee_provider_id": "a/b"}),
        ("account_info", "own"),
        ("message", 7),
    ],
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    assert refusal("message_received", **{field: value}).detail


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
)
CAPTURED = json.loads((PAYLOADS / "message_received.json").read_bytes())


@given(
    name=st.sampled_from(["message_received", "message.received", "message_read", "other"]),
    changes=st.dictionaries(st.sampled_from([*CAPTURED, "AccountStatus"]), JSON, max_size=4),
)
@example(name="message_received", changes={"account_info": {"user_id": []}})
@example(name="message_received", changes={"attendees": [{"attendee_provider_id": {}}]})
def test_any_event_is_read_or_refused(name: str, changes: dict[str, Any]) -> None:
    try:
        event = PROVIDER.parse_event("webhook", {**CAPTURED, "event": name, **changes}, NOW)
    except EventRefused as refused:
        assert refused.code is Code.BODY_WRONG
    else:
        assert event.kind is EventKind.IGNORED or event.contact_id
