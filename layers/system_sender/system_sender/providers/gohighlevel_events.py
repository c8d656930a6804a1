"""GoHighLevel's webhooks: who may knock, and what the events say.

Sources: the webhook pages of HighLevel's public API documentation and its webhook integration
guide. What is marked unconfirmed was not seen in either.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import getaddresses, parseaddr
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from system_sender.automatic_subject import is_automatic
from system_sender.codes import Code
from system_sender.email_text import new_text, to_plain
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.inbound_fields import (
    LONGEST_TEXT,
    body_text,
    digest,
    identifier,
    iso_time,
    mapping,
    optional_identifier,
    optional_text,
    optional_wide_identifier,
    person_name,
    required,
    storable,
    verify_secret,
)
from system_sender.phone_number import known_region
from system_sender.providers import SignedRequest
from system_sender.settings import ed25519_key

if TYPE_CHECKING:
    from nacl.signing import VerifyKey

NAME: Final = "gohighlevel"
MARKETPLACE: Final = "marketplace"
WORKFLOW: Final = "workflow"

# The channel of a do-not-disturb that stops the lead on every channel.
EVERY_CHANNEL: Final = "*"

# What answers an e-mail in its thread: `replyMessageId` and `threadId` of a send.
EMAIL_MESSAGE_ID: Final = "email_message_id"
THREAD_ID: Final = "thread_id"

_SIGNATURE_BYTES: Final = 64

# The window is days wide because redeliveries come for hours and it is unconfirmed whether their
# timestamp is renewed. Deduplication, not the clock, keeps a replay from doing anything.
OLDEST_EVENT = 3 * 24 * 3600 * 1000
EARLIEST_FUTURE = 10 * 60 * 1000

# What a person's message in HighLevel's own app carries as its source; the others are machines,
# ourselves ("api") among them.
_HUMAN_SOURCE = "app"
_MACHINE_SOURCES = ("api", "workflow", "campaign", "bulk_actions")

# How `messageType`, `messageTypeString`, `messageTypeId` and a workflow's `message.type` call the
# two channels. In a body that a customer writes, a number may stand as a text.
_TYPES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("sms", ("SMS", "TYPE_SMS", 2, "2")),
    ("email", ("Email", "TYPE_EMAIL", 3, "3")),
)
# The channels' names in a contact's do-not-disturb settings.
_DND_NAMES = (("sms", "SMS"), ("email", "Email"))

# The events of the mail service behind HighLevel's e-mail. What is not here changes nothing.
_EMAIL_STATUS = {
    "delivered": DeliveryStatus.DELIVERED,
    "opened": DeliveryStatus.READ,
    "clicked": DeliveryStatus.READ,
    "rejected": DeliveryStatus.FAILED,
}
_EMAIL_STOPS = ("unsubscribed", "complained")

_TAG = re.compile(r"</?[A-Za-z!]")

_LONGEST_ADDRESSES = 10_000
_MOST_ADDRESSES = 50
_LONGEST_SUBJECT = 998


# --- authentication ------------------------------------------------------------------------------


def authenticate(
    request: SignedRequest, secret: Callable[[], str | None], keys: Sequence[str]
) -> str:
    """Return MARKETPLACE for a signed event, or WORKFLOW for one with the workspace's secret.

    Raises:
        EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID. A signature that does not hold is
            not made good by a secret.
    """
    if "x-ghl-signature" in request.headers:
        verify_signature(request.body, request.headers["x-ghl-signature"], keys)
        return MARKETPLACE
    # The simpler of HighLevel's two webhook actions cannot set headers, only the URL.
    given = request.headers.get("x-webhook-secret") or request.query.get("secret")
    if not given:
        raise EventRefused(Code.SIGNATURE_MISSING)
    verify_secret(given, secret())
    return WORKFLOW


def verify_signature(body: bytes, signature: str | None, public_keys: Sequence[str]) -> None:
    """Check the Ed25519 signature of a marketplace event over the raw body.

    Args:
        signature: the X-GHL-Signature header, base64.
        public_keys: base64 SPKI keys; any of them may match, so that keys can be rotated.

    Raises:
        EventRefused: when there is no signature or none of the keys made it.
    """
    from nacl.exceptions import BadSignatureError

    # "N/A" has been seen in place of a signature.
    if not signature or signature == "N/A":
        raise EventRefused(Code.SIGNATURE_MISSING)
    try:
        decoded = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise EventRefused(Code.SIGNATURE_INVALID) from None
    if len(decoded) != _SIGNATURE_BYTES:
        raise EventRefused(Code.SIGNATURE_INVALID)
    for key in public_keys:
        try:
            _public_key(key).verify(body, decoded)
        except BadSignatureError:
            continue
        return
    raise EventRefused(Code.SIGNATURE_INVALID)


@cache
def _public_key(encoded: str) -> "VerifyKey":
    from nacl.signing import VerifyKey

    return VerifyKey(ed25519_key(encoded))


# --- marketplace app events ----------------------------------------------------------------------


def parse_marketplace_event(body: Mapping[str, Any], now: int) -> InboundEvent:
    """Read a marketplace app event, flat or nested under `data` (both have been published)."""
    data = body.get("data")
    event = {**body, **data} if isinstance(data, dict) else dict(body)
    kind = required(event, "type")
    channel = _channel(*_types(event)) if kind in ("InboundMessage", "OutboundMessage") else None
    if channel is None and kind not in ("ContactDndUpdate", "LCEmailStats"):
        # An app is told of much else, and an endpoint that keeps refusing may be cut off.
        return ignored(NAME, None, kind, *_types(event))
    _refuse_stale(event.get("timestamp"), now)
    account = identifier(event, "locationId")
    if channel is not None:
        return _message(event, kind, account, channel)
    return _do_not_disturb(event, account) if kind == "ContactDndUpdate" else _stats(event, account)


def _types(event: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what says of what type a message is: a name and a number."""
    return event.get("messageType") or event.get("messageTypeString"), event.get("messageTypeId")


def _channel(*types: Any) -> str | None:
    """Return the channel that any of these types is of, as a name or as a number."""
    known = (channel for channel, names in _TYPES if any(kind in names for kind in types))
    return next(known, None)


def _refuse_stale(timestamp: Any, now: int) -> None:
    if timestamp is None:
        return  # absent from the published examples of message events
    at = iso_time(timestamp)
    if at is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'timestamp' must be an ISO 8601 time.")
    if not now - OLDEST_EVENT <= at <= now + EARLIEST_FUTURE:
        raise EventRefused(Code.EVENT_STALE)


def _message(event: Mapping[str, Any], name: str, account: str, channel: str) -> InboundEvent:
    message_id = optional_identifier(event, "messageId")
    if channel == "email":
        # A `messageId` is that of the whole thread: it tells no mail from another.
        message_id = optional_wide_identifier(event, "emailMessageId")
    kind = _kind(event, name)
    found = InboundEvent(
        kind,
        NAME,
        _identity(event, kind, message_id, account),
        account,
        identifier(event, "contactId"),
        channel=channel,
        provider_message_id=message_id,
        occurred_at=iso_time(event.get("dateAdded")),
        # Only its own word makes it a machine's.
        human=kind is not EventKind.ECHO or event.get("source") not in _MACHINE_SOURCES,
    )
    return _email(found, event) if channel == "email" else _text(found, event)


def _kind(event: Mapping[str, Any], name: str) -> EventKind:
    if name == "InboundMessage":
        return EventKind.MESSAGE
    source = event.get("source")
    human = source == _HUMAN_SOURCE or (source is None and bool(event.get("userId")))
    return EventKind.HUMAN_OUTBOUND if human else EventKind.ECHO


def _identity(
    event: Mapping[str, Any], kind: EventKind, message_id: str | None, account: str
) -> str:
    """Prefer the message's id: a redelivery may come under another webhook id."""
    echo = kind is EventKind.ECHO
    if message_id:
        return f"echo:{message_id}" if echo else f"message:{message_id}"
    webhook_id = optional_identifier(event, "webhookId")
    if webhook_id:
        identity = f"webhook:{webhook_id}"
    else:
        # The published example of an inbound text has neither id.
        text, subject = body_text(event.get("body")), event.get("subject")
        about = (account, event.get("contactId"), event.get("conversationId"))
        more = (subject,) if subject is not None else ()
        identity = "hash:" + digest(*about, event.get("dateAdded"), text, *more)
    return f"echo:{identity}" if echo else identity


def _text(found: InboundEvent, event: Mapping[str, Any]) -> InboundEvent:
    inbound = found.kind is EventKind.MESSAGE
    hashed = found.identity.startswith("hash:")
    return replace(
        found,
        text=body_text(event.get("body")),
        phone=optional_text(event.get("from" if inbound else "to")),
        # Without an id and a time of its own, only the provider can tell two equal texts apart.
        identified=not inbound or not hashed or bool(event.get("dateAdded")),
    )


def _email(found: InboundEvent, event: Mapping[str, Any]) -> InboundEvent:
    """Add what an e-mail has. Its `body` is HTML (the published schema).

    It always counts as identified: with the history that it quotes, its text is hardly ever that
    of another one.
    """
    inbound = found.kind is EventKind.MESSAGE
    html = event.get("body") or ""
    if not isinstance(html, str):
        raise EventRefused(Code.BODY_WRONG, "The message's text must be a text.")
    html = storable(html)
    to, cc = _addresses(event.get("to"), "to"), _addresses(event.get("cc"), "cc")
    sender_name, sender = _mailbox(event.get("from"))
    subject = (optional_text(event.get("subject")) or "").strip()[:_LONGEST_SUBJECT]
    handles = {
        EMAIL_MESSAGE_ID: optional_wide_identifier(event, "emailMessageId"),
        THREAD_ID: optional_wide_identifier(event, "threadId"),
    }
    return replace(
        found,
        text=_readable(html, whole=found.kind is EventKind.ECHO),
        subject=subject or None,
        email=sender if inbound else (to[0] if len(to) == 1 else None),
        sender=sender,
        sender_name=sender_name if inbound else None,
        to=to,
        cc=cc,
        handles={name: value for name, value in handles.items() if value is not None},
        automated=inbound and is_automatic(subject),
    )


def _readable(html: str, *, whole: bool = False) -> str:
    """Return the text of an e-mail's body, which may have no HTML in it after all.

    Args:
        whole: leave nothing out: our own text must be recognised, whatever in it looks like
            quoted history.
    """
    is_html = bool(_TAG.search(html))
    if whole:
        text = to_plain(html) if is_html else html
    else:
        text = new_text(text=None if is_html else html, html=html)
    return storable(text).strip()[:LONGEST_TEXT]


def _mailbox(value: Any) -> tuple[str | None, str | None]:
    text = optional_text(value)
    if text is None or len(text) > _LONGEST_ADDRESSES:
        return None, None
    name, address = parseaddr(text)
    return person_name(name), address or None


def _addresses(value: Any, name: str) -> tuple[str, ...]:
    """Return the bare addresses of a list, or of one text with commas in it."""
    given = [] if value is None or value == "" else value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in given):
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be a list of addresses.")
    texts = [storable(item) for item in given[:_MOST_ADDRESSES] if len(item) <= _LONGEST_ADDRESSES]
    # One by one: a text that cannot be read would take the others with it.
    found = [address for text in texts for _, address in getaddresses([text]) if address]
    return tuple(dict.fromkeys(found))[:_MOST_ADDRESSES]


def _do_not_disturb(event: Mapping[str, Any], account: str) -> InboundEvent:
    settings = event.get("dndSettings")
    stopped = [channel for channel, name in _DND_NAMES if _is_stopped(settings, name)]
    contact = identifier(event, "id")
    # `dnd` is about all channels, and false where it is absent (the published page). An event has
    # one channel here, so that a stop on both of ours is one on all: rather too quiet.
    if event.get("dnd") is True or len(stopped) == len(_DND_NAMES):
        stopped = [EVERY_CHANNEL]
    # Switching it off again is no consent to be written to: a person lifts a suppression.
    if not stopped:
        return ignored(NAME, account, "ContactDndUpdate")
    webhook_id = optional_identifier(event, "webhookId")
    identity = webhook_id or digest(account, contact, event.get("timestamp"), stopped[0])
    return InboundEvent(
        EventKind.DO_NOT_DISTURB,
        NAME,
        f"dnd:{identity}",
        account,
        contact,
        channel=stopped[0],
        phone=optional_text(event.get("phone")),
        email=optional_text(event.get("email")),
    )


def _is_stopped(settings: Any, name: str) -> bool:
    channel = settings.get(name) if isinstance(settings, dict) else None
    return isinstance(channel, dict) and channel.get("status") in ("active", "permanent")


def _stats(event: Mapping[str, Any], account: str) -> InboundEvent:
    """Read what became of an e-mail: an event of the mail service, wrapped.

    `lc-operations` names the mail as the send did (a user's report; absent from the schema).
    """
    told = mapping(event, "webhookPayload")
    name = told.get("event")
    status = _email_status(told)
    stops = name in _EMAIL_STOPS
    if status is None and not stops:
        return ignored(NAME, account, "LCEmailStats", name)
    message_id = optional_wide_identifier(mapping(told, "lc-operations"), "email_message_id")
    _, recipient = _mailbox(told.get("recipient"))
    identity = optional_wide_identifier(told, "id", "webhookPayload.id") or digest(
        account, message_id, recipient, name, str(told.get("timestamp"))
    )
    return InboundEvent(
        EventKind.DO_NOT_DISTURB if stops else EventKind.STATUS,
        NAME,
        f"email:{identity}",
        account,
        channel="email",
        email=recipient,
        provider_message_id=message_id,
        occurred_at=_unix_time(told.get("timestamp")),
        status=None if stops else status,
    )


def _email_status(told: Mapping[str, Any]) -> DeliveryStatus | None:
    name = told.get("event")
    if name != "failed":
        return _EMAIL_STATUS.get(name) if isinstance(name, str) else None
    severity = told.get("severity")
    if severity == "temporary":
        return None  # it is tried again
    code = mapping(told, "delivery-status").get("code")
    # The codes are those of SMTP: from 500 on, the other side does not want it.
    certain = isinstance(code, int) and 500 <= code < 600
    return DeliveryStatus.BOUNCED if severity == "permanent" or certain else DeliveryStatus.FAILED


def _unix_time(value: Any) -> int | None:
    """Return epoch seconds in milliseconds; None for what is no time of this century."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 4e9:
        return None
    return int(value * 1000)


# --- workflow action -----------------------------------------------------------------------------


def parse_workflow_event(body: Mapping[str, Any]) -> InboundEvent:
    """Read the payload of a workflow's webhook action.

    It has no message id. Two equal texts are told apart by the local date and time that the
    workflow puts into its custom data, to the second; without them the provider must be asked.

    A picture may come without a word. Of what says nothing else either, not even of what type it
    is, nobody knows whether it is a message.
    """
    custom = mapping(body, "customData")
    location = mapping(body, "location")
    message = mapping(body, "message")
    account = identifier(location, "id", "location.id")
    contact = optional_identifier(body, "contact_id") or identifier(custom, "ID", "contact_id")
    kind, date, time = message.get("type"), custom.get("Date"), custom.get("Time")
    channel = "sms" if kind is None else _channel(kind)
    text = body_text(message.get("body") or custom.get("Message"))
    is_exact = isinstance(date, str) and bool(date) and _has_seconds(time)
    # No text tells two such e-mails apart, and of e-mails the provider is not asked.
    may_be_wordless = kind is not None and (is_exact or channel == "sms")
    if channel is None or not (text or may_be_wordless):
        return ignored(NAME, account, "workflow", kind)
    workflow = mapping(body, "workflow").get("id")
    email = optional_text(body.get("email")) or optional_text(custom.get("Email"))
    found = InboundEvent(
        EventKind.MESSAGE,
        NAME,
        "workflow:" + digest(contact, workflow, date, time, text),
        account,
        contact,
        channel=channel,
        identified=is_exact,
        text=text,
        phone=optional_text(body.get("phone")) or optional_text(custom.get("Phone Number")),
        region=_region(body.get("country")),
        email=email,
        first_name=person_name(body.get("first_name")),
        last_name=person_name(body.get("last_name")),
    )
    if channel == "sms":
        return found
    return replace(found, text=_readable(text), sender=email, identified=True)


def _region(country: Any) -> str | None:
    """Return the contact's country where it is a code of ISO 3166, which is unconfirmed."""
    code = country.strip().upper() if isinstance(country, str) else ""
    return code if known_region(code) else None


def _has_seconds(time: Any) -> bool:
    """Say whether a local time is exact to the second: "10:04:05 AM" is, "10:04 AM" is not."""
    return isinstance(time, str) and bool(re.search(r"\d:\d\d:\d\d", time))
