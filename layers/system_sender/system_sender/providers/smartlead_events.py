"""SmartLead's webhooks: who may knock, and what the events say.

Sources: the published API reference and the help pages on webhooks, which contradict each other
in places, and users' reports. Unconfirmed is what only the last of these, or none, say.
"""

from collections.abc import Callable, Iterator, Mapping
from email.utils import getaddresses
from typing import Any, Final

from system_sender.answers import read_json
from system_sender.automatic_subject import is_automatic
from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.email_text import new_text
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.inbound_fields import (
    body_text,
    digest,
    iso_time,
    mapping,
    optional_identifier,
    optional_text,
    person_name,
    verify_secret,
)
from system_sender.providers import SignedRequest

NAME: Final = "smartlead"

_WEBHOOK = "webhook"

# The two generations of the documentation name the same events differently.
_REPLIES = frozenset({"EMAIL_REPLY", "EMAIL_REPLIED"})
_UNTRACKED = frozenset({"UNTRACKED_REPLIES"})
_BOUNCES = frozenset({"EMAIL_BOUNCE", "EMAIL_BOUNCED"})
_UNSUBSCRIBES = frozenset({"LEAD_UNSUBSCRIBED", "EMAIL_UNSUBSCRIBED"})

# What an event calls its own time.
_TIMES = ("event_timestamp", "time_replied", "timestamp")

_MOST_ADDRESSES = 50
_LONGEST_ADDRESSES = 10_000
# RFC 5322 allows no longer line.
_LONGEST_MESSAGE_ID = 998
_LONGEST_SUBJECT = 998


def authenticate(request: SignedRequest, secret: Callable[[], str | None]) -> str:
    """Check the shared secret, and return the kind of webhook.

    SmartLead puts the secret into the body and signs nothing. A proxy in front may bring it in a
    header instead.

    Raises:
        EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID.
    """
    given = _header_secret(request.headers) or _body_secret(request.body)
    if not given:
        raise EventRefused(Code.SIGNATURE_MISSING)
    verify_secret(given, secret())
    return _WEBHOOK


def parse_event(body: Mapping[str, Any]) -> InboundEvent:
    """Read an event, flat or with the older nested `lead` and `reply`.

    EMAIL_SENT is campaign mail. Whether it is sent for an answer by the API, or for a person's in
    SmartLead's inbox, is unconfirmed, and nothing in it would tell them apart; so it is no echo.

    Raises:
        EventRefused: BODY_WRONG, with the field that is wrong.
    """
    name = _event_name(body)
    account = optional_identifier(body, "client_id")
    if name in _REPLIES:
        return _reply(body, account)
    if name in _UNTRACKED:
        return _untracked_reply(body, account)
    if name in _BOUNCES:
        return _bounce(body, account)
    if name in _UNSUBSCRIBES:
        return _unsubscribe(body, account)
    return ignored(NAME, account, name)


# --- authentication ------------------------------------------------------------------------------


def _header_secret(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    return headers.get("x-webhook-secret") or bearer or None


def _body_secret(body: bytes) -> str | None:
    value = read_json(body)
    given = value.get("secret_key") if isinstance(value, dict) else None
    return given if isinstance(given, str) else None


# --- events --------------------------------------------------------------------------------------


def _event_name(body: Mapping[str, Any]) -> str:
    name = body.get("event_type") or body.get("event")
    if not isinstance(name, str):
        raise EventRefused(Code.BODY_WRONG, "Field 'event_type' must be a text.")
    return name.upper()


def _reply(body: Mapping[str, Any], account: str | None) -> InboundEvent:
    """Read an answer. `from_email` is our mailbox and `to_email` whoever answered (help page)."""
    lead = mapping(body, "lead")
    reply = mapping(body, "reply_message") or mapping(body, "reply")
    email = _lead_email(body)
    sender, mailbox = _ends(body, email)
    if sender is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'to_email' must be an e-mail address.")
    text = _new_text(body, reply)
    subject = _subject(body.get("subject") or reply.get("subject"))
    message_id = _message_id(reply.get("message_id") or body.get("message_id"))
    contact = optional_identifier(body, "sl_email_lead_id") or optional_identifier(body, "lead_id")
    handles = {
        "campaign_id": optional_identifier(body, "campaign_id"),
        "stats_id": optional_identifier(body, "stats_id"),
        "message_id": message_id,
        "mailbox": mailbox,
        "lead_id": contact,
    }
    return InboundEvent(
        EventKind.MESSAGE,
        NAME,
        _reply_identity(body, reply, sender, text),
        account,
        contact,
        channel="email",
        text=text,
        subject=subject,
        email=email or sender,
        first_name=person_name(lead.get("first_name")),
        last_name=person_name(lead.get("last_name")),
        sender=sender,
        sender_name=person_name(body.get("to_name")),
        to=(mailbox,) if mailbox else (),
        cc=_addresses(body.get("cc_emails")),
        handles={name: value for name, value in handles.items() if value},
        provider_message_id=message_id,
        occurred_at=_time(reply.get("time"), body),
        automated=is_automatic(subject),
    )


def _untracked_reply(body: Mapping[str, Any], account: str | None) -> InboundEvent:
    """Read a message that SmartLead ties to no campaign: recorded, but it cannot be answered."""
    reply = mapping(body, "reply_message")
    sender = _address(body.get("sender_detail"))
    if sender is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'sender_detail' must be an e-mail address.")
    text = _new_text(body, reply)
    subject = _subject(body.get("subject"))
    return InboundEvent(
        EventKind.MESSAGE,
        NAME,
        _reply_identity(body, reply, sender, text),
        account,
        channel="email",
        tracked=False,
        text=text,
        subject=subject,
        email=sender,
        sender=sender,
        to=_addresses(body.get("recipient_detail")),
        cc=_addresses(body.get("cc")),
        provider_message_id=_message_id(reply.get("message_id")),
        occurred_at=_time(reply.get("time"), body),
        automated=is_automatic(subject),
    )


def _bounce(body: Mapping[str, Any], account: str | None) -> InboundEvent:
    sent, bounce = mapping(body, "sent_message"), mapping(body, "bounce_message")
    email = _lead_email(body, "to_email")
    if email is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'to_email' must be an e-mail address.")
    message_id = _message_id(sent.get("message_id") or body.get("message_id"))
    returned = _message_id(bounce.get("message_id") or body.get("bounce_reply_message_id"))
    campaign = optional_identifier(body, "campaign_id")
    stats = optional_identifier(body, "stats_id")
    return InboundEvent(
        EventKind.STATUS,
        NAME,
        "bounce:" + digest(email, campaign, stats, message_id, returned),
        account,
        optional_identifier(body, "sl_email_lead_id"),
        channel="email",
        email=email,
        provider_message_id=message_id,
        occurred_at=_time(bounce.get("time"), body),
        status=DeliveryStatus.BOUNCED,
    )


def _unsubscribe(body: Mapping[str, Any], account: str | None) -> InboundEvent:
    email = _lead_email(body, "to_email")
    if email is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'to_email' must be an e-mail address.")
    # The event's own time, so that unsubscribing again after a person lifted it counts again.
    at = body.get("event_timestamp") or body.get("timestamp")
    return InboundEvent(
        EventKind.DO_NOT_DISTURB,
        NAME,
        "unsubscribe:" + digest(email, at),
        account,
        optional_identifier(body, "sl_email_lead_id"),
        channel="email",
        email=email,
        occurred_at=_time(None, body),
    )


# --- reading fields ------------------------------------------------------------------------------


def _correspondence(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return who was written to and who answered; its key has been seen in both spellings."""
    return mapping(body, "leadCorrespondence") or mapping(body, "lead_correspondence")


def _lead_email(body: Mapping[str, Any], *more: str) -> str | None:
    """Return the address of the lead whom the campaign wrote to."""
    candidates = (
        _correspondence(body).get("targetLeadEmail"),
        body.get("sl_lead_email"),
        mapping(body, "lead").get("email"),
        *(body.get(name) for name in more),
        body.get("lead_email"),
    )
    return next(filter(None, map(_address, candidates)), None)


def _ends(body: Mapping[str, Any], lead: str | None) -> tuple[str | None, str | None]:
    """Return who answered, and our mailbox that they answered to."""
    ours, theirs = _address(body.get("from_email")), _address(body.get("to_email"))
    if lead is not None and ours == lead:
        # A sender that has the two the wrong way round must not make us answer ourselves.
        ours, theirs = theirs, ours
    answered = _address(_correspondence(body).get("replyReceivedFrom"))
    return answered or theirs or lead, ours


def _reply_identity(
    body: Mapping[str, Any], reply: Mapping[str, Any], sender: str, text: str
) -> str:
    """Prefer the answer's own Message-ID, unless it is that of what was answered.

    The `stats_id` is one for a lead and a step, so two answers share it; and the deprecated
    `message_id` beside it may be of either message.
    """
    own = _message_id(reply.get("message_id"))
    if own is not None and own != _message_id(mapping(body, "sent_message").get("message_id")):
        return "message:" + digest(own.strip("<>"))
    campaign = optional_identifier(body, "campaign_id")
    stats = optional_identifier(body, "stats_id")
    times = (reply.get("time"), *(body.get(name) for name in _TIMES))
    at = next(filter(None, times), None)
    return "reply:" + digest(campaign, stats, own, sender, at, text)


def _new_text(body: Mapping[str, Any], reply: Mapping[str, Any]) -> str:
    """Return the new text; `preview_text` may be cut, so it comes last."""
    html = reply.get("html") or reply.get("body") or body.get("reply_body")
    text = reply.get("text")
    if text is None and html is None:
        text = body.get("visible_text") or body.get("preview_text")
    for name, value in (("text", text), ("html", html)):
        if value is not None and not isinstance(value, str):
            raise EventRefused(Code.BODY_WRONG, f"The message's {name} must be a text.")
    return body_text(new_text(text=optional_text(text), html=optional_text(html)))


def _subject(value: Any) -> str | None:
    text = optional_text(value)
    return text[:_LONGEST_SUBJECT] if text else None


def _message_id(value: Any) -> str | None:
    """Return a Message-ID. Its form is the business of whoever wrote it: it is only passed on."""
    if value is not None and not isinstance(value, str):
        raise EventRefused(Code.BODY_WRONG, "Field 'message_id' must be a text.")
    text = (optional_text(value) or "").strip()
    return text if 0 < len(text) <= _LONGEST_MESSAGE_ID else None


def _time(value: Any, body: Mapping[str, Any]) -> int | None:
    times = (value, *(body.get(name) for name in _TIMES))
    return next((at for at in map(iso_time, times) if at is not None), None)


def _address(value: Any) -> str | None:
    return to_address(value) if isinstance(value, str) else None


def _addresses(value: Any) -> tuple[str, ...]:
    """Return the addresses of a list, or of a text with commas; other things are none."""
    found = dict.fromkeys(filter(None, map(to_address, _written(value))))
    return tuple(found)[:_MOST_ADDRESSES]


def _written(value: Any) -> Iterator[str]:
    for item in value[:_MOST_ADDRESSES] if isinstance(value, list) else [value]:
        text = item.get("email") or item.get("address") if isinstance(item, dict) else item
        if isinstance(text, str):
            for _, address in getaddresses([text[:_LONGEST_ADDRESSES]]):
                yield address
