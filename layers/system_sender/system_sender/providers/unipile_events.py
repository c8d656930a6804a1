"""Unipile's webhooks: who may knock, and what the events say.

Sources: the published guide to webhooks for new messages, and users' captured events, which have
more fields than it names.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.inbound_fields import (
    body_text,
    identifier,
    is_identifier_text,
    iso_time,
    mapping,
    optional_identifier,
    optional_text,
    person_name,
    required,
    verify_secret,
)

NAME: Final = "unipile"

_WEBHOOK = "webhook"
_CHANNEL = "linkedin"

_RECEIVED = "message_received"
# An older set-up's name for it, with the message in an object of its own.
_RECEIVED_NESTED = "message.received"
_STATUSES: Mapping[str, DeliveryStatus] = {
    "message_delivered": DeliveryStatus.DELIVERED,
    "message_read": DeliveryStatus.READ,
}
# The header is whatever was chosen when the webhook was made; these are the usual ones.
_SECRET_HEADERS = ("x-webhook-secret", "x-unipile-secret", "unipile-auth")


def authenticate(headers: Mapping[str, str], secret: Callable[[], str | None]) -> str:
    """Check the static header that was given to Unipile with the webhook. It signs nothing.

    Raises:
        EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID.
    """
    given = next(filter(None, map(headers.get, _SECRET_HEADERS)), None)
    if given is None:
        raise EventRefused(Code.SIGNATURE_MISSING)
    verify_secret(given, secret())
    return _WEBHOOK


def parse(body: Mapping[str, Any]) -> InboundEvent:
    """Read an event; a message of our own account is one, too, and comes as an echo.

    Reactions, edits and deletions change nothing. Neither do the account's own events: a
    disconnected account shows at the next request, which waits, and needs no event for that.
    A new relation is not an answer.

    Raises:
        EventRefused: BODY_WRONG, with which field is wrong and why.
    """
    if isinstance(body.get("AccountStatus"), dict):
        return ignored(NAME, None, "AccountStatus")
    name = required(body, "event")
    of_linkedin = str(body.get("account_type") or "LINKEDIN").upper() == "LINKEDIN"
    if name == _RECEIVED and of_linkedin:
        return _received(body)
    if name == _RECEIVED_NESTED and of_linkedin:
        return _received(_flattened(body))
    if name in _STATUSES and of_linkedin:
        return _status(body, name)
    return ignored(NAME, None, name)


def _received(body: Mapping[str, Any]) -> InboundEvent:
    account = identifier(body, "account_id")
    message_id = identifier(body, "message_id")
    chat = optional_identifier(body, "chat_id")
    text = body_text(body.get("message"), "message")
    sender = mapping(body, "sender")
    sender_id = identifier(sender, "attendee_provider_id", "sender.attendee_provider_id")
    own = _is_own(body, sender_id)
    lead = _lead(body, sender_id, own=own)
    # A notice in a chat ("... joined") is nobody's message, and a company is no person.
    if lead is None or body.get("is_event") in (1, True) or _is_company(lead):
        return ignored(NAME, account, _RECEIVED)
    lead_id = identifier(lead, "attendee_provider_id", "attendees.attendee_provider_id")
    name = person_name(lead.get("attendee_name"))
    first, _, last = (name or "").strip().partition(" ")
    # What is said to a group is answered to the person alone.
    handles = {"chat_id": chat, "account": account} if chat and not _is_group(body) else {}
    return InboundEvent(
        EventKind.MESSAGE if own is False else EventKind.ECHO,
        NAME,
        f"{_RECEIVED}:{message_id}",
        account,
        lead_id,
        channel=_CHANNEL,
        tracked=False,
        text=text,
        linkedin_id=lead_id,
        first_name=first or None,
        last_name=last.strip() or None,
        sender_name=name if own is False else None,
        handles=handles,
        provider_message_id=message_id,
        occurred_at=iso_time(body.get("timestamp")),
    )


def _status(body: Mapping[str, Any], name: str) -> InboundEvent:
    account = identifier(body, "account_id")
    message_id = optional_identifier(body, "message_id")
    sender_id = optional_identifier(mapping(body, "sender"), "attendee_provider_id")
    own = _is_own(body, sender_id) if sender_id else None
    lead = _lead(body, sender_id, own=own)
    # That we read what the lead wrote is nothing that became of a message of ours.
    if own is False or lead is None or message_id is None:
        return ignored(NAME, account, name)
    lead_id = identifier(lead, "attendee_provider_id", "attendees.attendee_provider_id")
    return InboundEvent(
        EventKind.STATUS,
        NAME,
        f"{name}:{message_id}",
        account,
        lead_id,
        channel=_CHANNEL,
        linkedin_id=lead_id,
        provider_message_id=message_id,
        occurred_at=iso_time(body.get("timestamp")),
        status=_STATUSES[name],
    )


def _is_own(body: Mapping[str, Any], sender: str) -> bool | None:
    """Say whether our account sent it, by every sign there is; None where there is none.

    `account_info.user_id` is the account's own provider id (users' code), and `is_sender` came
    with captured events; the published page has neither. Ids of two LinkedIn products differ for
    the same person, so that unequal ones of two kinds say nothing. Without these, a chat whose
    only listed attendee is the sender is one with the sender: the account itself is not listed
    (captured). What is still unclear must not be taken for a lead's answer, because the answer to
    it would be an answer to ourselves.
    """
    user, told = _user(body), body.get("is_sender")
    if user == sender or told in (1, True):
        return True
    if told in (0, False) or (user is not None and user[:3] == sender[:3]):
        return False
    ids = [each["attendee_provider_id"] for each in _attendees(body)]
    return False if ids == [sender] else None


def _lead(
    body: Mapping[str, Any], sender: str | None, *, own: bool | None
) -> Mapping[str, Any] | None:
    """Return whom the conversation is with; None where that is several people or nobody.

    Of a message that may be ours or theirs, whoever sent it, so that it stands with somebody.
    """
    if own is False:
        return mapping(body, "sender")
    ours = {_user(body), sender if own else None}
    others = {each["attendee_provider_id"]: each for each in _attendees(body)}
    others = {person: each for person, each in others.items() if person not in ours}
    if own is None and sender is not None and (not others or sender in others):
        return mapping(body, "sender")
    return next(iter(others.values())) if len(others) == 1 else None


def _user(body: Mapping[str, Any]) -> str | None:
    """Return our own account's provider id, where the event has it."""
    return optional_text(mapping(body, "account_info").get("user_id"))


def _attendees(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    value = body.get("attendees")
    items = value if isinstance(value, list) else []
    return [
        item
        for item in items
        if isinstance(item, dict) and is_identifier_text(item.get("attendee_provider_id"))
    ]


def _is_group(body: Mapping[str, Any]) -> bool:
    return body.get("is_group") in (1, True)


def _is_company(attendee: Mapping[str, Any]) -> bool:
    specifics = attendee.get("attendee_specifics")
    return isinstance(specifics, dict) and specifics.get("is_company") is True


def _flattened(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the older, nested form of a message as if it were the published one."""
    message = mapping(body, "message")
    sender = {
        "attendee_provider_id": message.get("sender_id"),
        "attendee_name": message.get("sender_name"),
    }
    is_sender = message.get("is_sender")
    return {
        **body,
        "message_id": message.get("id"),
        "chat_id": message.get("chat_id"),
        "message": message.get("text"),
        "timestamp": message.get("timestamp"),
        "sender": sender,
        "is_sender": is_sender if is_sender is not None else body.get("is_sender"),
        "attendees": body.get("attendees") or message.get("attendees"),
    }
