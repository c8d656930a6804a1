"""Instantly's webhooks: who may knock, and what the events say.

Source: the published page on webhook events. What is marked unconfirmed is not in it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from system_sender.automatic_subject import is_automatic
from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.email_text import new_text, to_plain
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.inbound_fields import (
    body_text,
    digest,
    identifier,
    iso_time,
    optional_identifier,
    optional_text,
    person_name,
    required,
    verify_secret,
)
from system_sender.providers import SignedRequest

NAME: Final = "instantly"

_WEBHOOK = "webhook"

_REPLY = "reply_received"
_AUTOMATIC_REPLY = "auto_reply_received"
# A label that people and Instantly's own classifier set; a message only if it brings one along.
_OUT_OF_OFFICE = "lead_out_of_office"
_SENT = "email_sent"
_BOUNCED = "email_bounced"
# Labels of one's own arrive as they are written, and this one leaves no doubt.
_UNSUBSCRIBED = frozenset({"lead_unsubscribed", "unsubscribed"})

_LONGEST_SUBJECT = 998


def authenticate(request: SignedRequest, secret: Callable[[], str | None]) -> str:
    """Check the shared secret, and return the kind of webhook.

    Instantly signs nothing, but sends the headers that one sets up with the webhook.

    Raises:
        EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    given = request.headers.get("x-webhook-secret") or bearer
    if not given:
        raise EventRefused(Code.SIGNATURE_MISSING)
    verify_secret(given, secret())
    return _WEBHOOK


def parse_event(body: Mapping[str, Any]) -> InboundEvent:
    """Read an event.

    The lead's own columns stand beside the event's fields and may have any name, so nothing is
    read but what the published page lists, and the lead's name.

    Raises:
        EventRefused: BODY_WRONG, with the field that is wrong.
    """
    name = required(body, "event_type").lower()
    if name in (_REPLY, _AUTOMATIC_REPLY):
        return _reply(body, name)
    if name == _OUT_OF_OFFICE and (body.get("reply_text") or body.get("reply_html")):
        return _reply(body, name)
    if name == _SENT and body.get("step") is None:
        return _sent(body)
    if name == _BOUNCED:
        return _bounce(body)
    if name in _UNSUBSCRIBED:
        return _unsubscribe(body)
    return ignored(NAME, optional_identifier(body, "workspace"), name)


# --- events --------------------------------------------------------------------------------------


def _reply(body: Mapping[str, Any], name: str) -> InboundEvent:
    """Read an answer, of a person or of a machine.

    The event does not say who wrote; it is taken to be the lead. One message may come as an
    answer and as an automatic one: the `email_id` makes them one event, whichever is first. So
    the subject has a say too.
    """
    account = identifier(body, "workspace")
    lead, mailbox = _lead(body), _mailbox(body)
    email_id = optional_identifier(body, "email_id")
    html = _text(body, "reply_html")
    plain = _text(body, "reply_text")
    if plain is None and html is None:
        plain = _text(body, "reply_text_snippet")
    text = body_text(new_text(text=plain, html=html))
    subject = _subject(body, "reply_subject") or _subject(body, "email_subject")
    handles = {"email_id": email_id, "mailbox": mailbox, "lead": lead}
    return InboundEvent(
        EventKind.MESSAGE,
        NAME,
        _identity("message", email_id, lead, body.get("timestamp"), text),
        account,
        channel="email",
        text=text,
        subject=subject,
        email=lead,
        first_name=person_name(body.get("first_name")) or person_name(body.get("firstName")),
        last_name=person_name(body.get("last_name")) or person_name(body.get("lastName")),
        sender=lead,
        to=(mailbox,) if mailbox else (),
        handles={key: value for key, value in handles.items() if value},
        provider_message_id=email_id,
        occurred_at=iso_time(body.get("timestamp")),
        automated=name != _REPLY or is_automatic(subject),
        out_of_office=name == _OUT_OF_OFFICE,
    )


def _sent(body: Mapping[str, Any]) -> InboundEvent:
    """Read an e-mail that left outside a campaign's steps: ours, or a person's.

    That only campaign mail has a step is what the published page suggests; whether Instantly
    tells of other mail at all is unconfirmed.
    """
    account = identifier(body, "workspace")
    lead, mailbox = _lead(body), _mailbox(body)
    email_id = optional_identifier(body, "email_id")
    html = _text(body, "email_html")
    # The whole of it: it is compared with what we sent, signature and all.
    text = body_text(_text(body, "email_text") or to_plain(html or ""))
    if email_id is None and not text:
        return ignored(NAME, account, _SENT)
    return InboundEvent(
        EventKind.ECHO,
        NAME,
        _identity("sent", email_id, lead, body.get("timestamp"), text),
        account,
        channel="email",
        text=text,
        subject=_subject(body, "email_subject"),
        email=lead,
        sender=mailbox,
        to=(lead,),
        provider_message_id=email_id,
        occurred_at=iso_time(body.get("timestamp")),
    )


def _bounce(body: Mapping[str, Any]) -> InboundEvent:
    lead = _lead(body)
    email_id = optional_identifier(body, "email_id")
    return InboundEvent(
        EventKind.STATUS,
        NAME,
        _identity("bounce", email_id, lead, body.get("timestamp")),
        identifier(body, "workspace"),
        channel="email",
        email=lead,
        provider_message_id=email_id,
        occurred_at=iso_time(body.get("timestamp")),
        status=DeliveryStatus.BOUNCED,
    )


def _unsubscribe(body: Mapping[str, Any]) -> InboundEvent:
    lead = _lead(body)
    return InboundEvent(
        EventKind.DO_NOT_DISTURB,
        NAME,
        # Its time, so that unsubscribing again after a person lifted it counts again.
        _identity("unsubscribe", None, lead, body.get("timestamp")),
        identifier(body, "workspace"),
        channel="email",
        email=lead,
        occurred_at=iso_time(body.get("timestamp")),
    )


def _identity(what: str, email_id: str | None, *parts: Any) -> str:
    """Prefer the e-mail's id. Without one, the event's own time tells two equal texts apart."""
    return f"{what}:{email_id}" if email_id is not None else f"{what}:hash:{digest(*parts)}"


def _lead(body: Mapping[str, Any]) -> str:
    lead = _address(body, "lead_email")
    if lead is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'lead_email' must be an e-mail address.")
    return lead


def _mailbox(body: Mapping[str, Any]) -> str | None:
    return _address(body, "email_account")


def _address(body: Mapping[str, Any], name: str) -> str | None:
    """Return an address as Instantly writes it, which is how it must be asked about it."""
    value = body.get(name)
    if not isinstance(value, str) or to_address(value) is None:
        return None
    return value.strip()


def _subject(body: Mapping[str, Any], name: str) -> str | None:
    text = _text(body, name)
    return text[:_LONGEST_SUBJECT] if text else None


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be a text.")
    return optional_text(value)
