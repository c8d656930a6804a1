"""EmailBison's webhooks: who may knock, and what the events say.

Sources: the provider's pages on webhooks, a copy of its published API description, and payloads
that users report. Unconfirmed is what none of these say.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from system_sender.codes import Code
from system_sender.email_address import reads_no_mail, to_address
from system_sender.email_text import new_text, to_plain
from system_sender.inbound import DeliveryStatus, EventKind, EventRefused, InboundEvent, ignored
from system_sender.inbound_fields import (
    body_text,
    digest,
    identifier,
    iso_time,
    mapping,
    optional_identifier,
    optional_text,
    person_name,
    verify_secret,
)
from system_sender.providers import SignedRequest

NAME: Final = "emailbison"

_WEBHOOK = "webhook"

# The second comes for the same reply as the first, when it is marked as interested.
_REPLIES = frozenset({"LEAD_REPLIED", "LEAD_INTERESTED", "UNTRACKED_REPLY_RECEIVED"})
# The pages name it "Manual Email Sent" only; how its type is spelled is unconfirmed.
_MANUAL = frozenset({"MANUAL_EMAIL_SENT", "MANUAL_EMAIL", "MANUAL_REPLY_SENT"})

_MOST_ADDRESSES = 50
_LONGEST_SUBJECT = 998


def authenticate(request: SignedRequest, secret: Callable[[], str | None]) -> str:
    """Check the shared secret, and return the kind of webhook.

    EmailBison signs nothing and sends no secret of its own (its pages on webhooks): the secret is
    in the address that it is given, or a proxy in front brings it in a header.

    Raises:
        EventRefused: SIGNATURE_MISSING or SIGNATURE_INVALID.
    """
    given = request.headers.get("x-webhook-secret") or request.query.get("secret")
    if not given:
        raise EventRefused(Code.SIGNATURE_MISSING)
    verify_secret(given, secret())
    return _WEBHOOK


def parse_event(body: Mapping[str, Any]) -> InboundEvent:
    """Read an event.

    EMAIL_SENT is campaign mail; what the API sends is announced as a manual e-mail (the page on
    when webhooks are triggered).

    Raises:
        EventRefused: BODY_WRONG, with the field that is wrong.
    """
    event, data = mapping(body, "event"), mapping(body, "data")
    name = _event_name(event)
    account = optional_identifier(event, "workspace_id", "event.workspace_id")
    if name in _REPLIES:
        return _reply(data, account)
    if name in _MANUAL:
        return _echo(data, account)
    if name == "EMAIL_BOUNCED":
        return _bounce(data, account)
    if name == "LEAD_UNSUBSCRIBED":
        return _unsubscribe(data, account)
    return ignored(NAME, account, name)


# --- events --------------------------------------------------------------------------------------


def _event_name(event: Mapping[str, Any]) -> str:
    name = event.get("type") or event.get("name")
    if not isinstance(name, str):
        raise EventRefused(Code.BODY_WRONG, "Field 'event.type' must be a text.")
    return name.strip().upper().replace(" ", "_")


def _reply(data: Mapping[str, Any], account: str | None) -> InboundEvent:
    reply, lead = mapping(data, "reply"), mapping(data, "lead")
    folder, email = _folder(reply), _address(lead.get("email"))
    # Our own mail has the type "Untracked Reply" (the published sample), so the folder decides.
    if folder == "sent":
        return _echo(data, account)
    sender = _address(reply.get("from_email_address"))
    if sender is None:
        raise EventRefused(
            Code.BODY_WRONG, "Field 'reply.from_email_address' must be an e-mail address."
        )
    # What the lead wrote is no bounce, wherever EmailBison filed it.
    if folder == "bounced" and sender != email:
        return _returned(data, account)
    # Mail servers tell of delays as well as of failures.
    from_server = reads_no_mail(sender)
    if from_server and email is None:
        return ignored(NAME, account, "reply", folder)
    reply_id = identifier(reply, "id", "reply.id")
    lead_id = optional_identifier(lead, "id", "lead.id")
    html = _html(reply)
    return InboundEvent(
        EventKind.MESSAGE,
        NAME,
        f"reply-{reply_id}",
        account,
        lead_id,
        channel="email",
        tracked=lead_id is not None,
        text=body_text(new_text(text=_text(reply, "text_body"), html=html)),
        subject=_subject(reply),
        email=email or sender,
        first_name=person_name(lead.get("first_name")),
        last_name=person_name(lead.get("last_name")),
        sender=sender,
        sender_name=person_name(reply.get("from_name")),
        to=addresses(reply.get("to")),
        cc=addresses(reply.get("cc")),
        handles=_handles(data, reply_id),
        provider_message_id=reply_id,
        occurred_at=_time(reply),
        automated=from_server or reply.get("automated_reply") is True,
    )


def _returned(data: Mapping[str, Any], account: str | None) -> InboundEvent:
    """Read a mail that EmailBison filed as a bounce: of a known lead, or of nobody we know."""
    reply, lead = mapping(data, "reply"), mapping(data, "lead")
    email = _address(lead.get("email"))
    if email is None:
        return ignored(NAME, account, "reply", "bounced")
    return InboundEvent(
        EventKind.STATUS,
        NAME,
        "reply-" + identifier(reply, "id", "reply.id"),
        account,
        optional_identifier(lead, "id", "lead.id"),
        channel="email",
        email=email,
        occurred_at=_time(reply),
        status=DeliveryStatus.BOUNCED,
    )


def _echo(data: Mapping[str, Any], account: str | None) -> InboundEvent:
    """Read a mail that left: by the API or by a person in the provider's inbox, it does not say.

    What the payload holds is unconfirmed; a reply's fields are expected, or a scheduled e-mail's.
    Without the id of either, nothing would tell it from its redelivery.
    """
    reply, lead = mapping(data, "reply"), mapping(data, "lead")
    scheduled = mapping(data, "scheduled_email")
    reply_id = optional_identifier(reply, "id", "reply.id")
    scheduled_id = optional_identifier(scheduled, "id", "scheduled_email.id")
    if reply_id is not None:
        mail, identity = reply, f"sent-{reply_id}"
    elif scheduled_id is not None:
        mail, identity = scheduled, f"scheduled-{scheduled_id}"
    else:
        return ignored(NAME, account, "sent")
    to, html = addresses(mail.get("to")), _html(mail)
    return InboundEvent(
        EventKind.ECHO,
        NAME,
        identity,
        account,
        optional_identifier(lead, "id", "lead.id"),
        channel="email",
        # The whole of it: it is compared with what we sent, signature and all.
        text=body_text(_text(mail, "text_body") or to_plain(html or "")),
        subject=_subject(mail),
        email=_address(lead.get("email")) or next(iter(to), None),
        sender=_address(mail.get("from_email_address"))
        or _address(mapping(data, "sender_email").get("email")),
        to=to,
        cc=addresses(mail.get("cc")),
        provider_message_id=reply_id,
        occurred_at=_time(mail),
    )


def _bounce(data: Mapping[str, Any], account: str | None) -> InboundEvent:
    lead, email = _lead(data)
    mails = (mapping(data, "scheduled_email"), mapping(data, "reply"))
    ids = [optional_identifier(mail, "id") for mail in mails]
    moment = mapping(data, "campaign_event")
    return InboundEvent(
        EventKind.STATUS,
        NAME,
        "bounce-" + digest(email, *ids, _own_time(moment)),
        account,
        lead,
        channel="email",
        email=email,
        occurred_at=_time(moment),
        status=DeliveryStatus.BOUNCED,
    )


def _unsubscribe(data: Mapping[str, Any], account: str | None) -> InboundEvent:
    lead, email = _lead(data)
    moment = mapping(data, "campaign_event")
    # With its own id and time: unsubscribing again after a person lifted it counts again.
    own = optional_identifier(moment, "id", "campaign_event.id")
    return InboundEvent(
        EventKind.DO_NOT_DISTURB,
        NAME,
        "unsubscribe-" + digest(email, own, _own_time(moment)),
        account,
        lead,
        channel="email",
        email=email,
        occurred_at=_time(moment),
    )


# --- reading fields ------------------------------------------------------------------------------


def _lead(data: Mapping[str, Any]) -> tuple[str | None, str]:
    lead = mapping(data, "lead")
    email = _address(lead.get("email"))
    if email is None:
        raise EventRefused(Code.BODY_WRONG, "Field 'lead.email' must be an e-mail address.")
    return optional_identifier(lead, "id", "lead.id"), email


def _handles(data: Mapping[str, Any], reply_id: str) -> Mapping[str, str]:
    handles = {
        "reply_id": reply_id,
        "sender_email_id": _number(mapping(data, "sender_email"), "sender_email.id"),
        "mailbox": _address(mapping(data, "sender_email").get("email")),
        "lead_id": optional_identifier(mapping(data, "lead"), "id", "lead.id"),
        "campaign_id": optional_identifier(mapping(data, "campaign"), "id", "campaign.id"),
    }
    return {name: value for name, value in handles.items() if value}


def _number(value: Mapping[str, Any], shown: str) -> str | None:
    """Return an id that a request carries as a number."""
    text = optional_identifier(value, "id", shown)
    if text is not None and not (text.isdecimal() and len(text) <= 18):
        raise EventRefused(Code.BODY_WRONG, f"Field '{shown}' must be a whole number.")
    return text


def _folder(reply: Mapping[str, Any]) -> str:
    folder = reply.get("folder")
    return folder.strip().lower() if isinstance(folder, str) else ""


def _html(mail: Mapping[str, Any]) -> str | None:
    """Return the HTML; a scheduled e-mail has it under a name of its own."""
    return _text(mail, "html_body") or _text(mail, "email_body")


def _text(mail: Mapping[str, Any], name: str) -> str | None:
    value = mail.get(name)
    if value is not None and not isinstance(value, str):
        raise EventRefused(Code.BODY_WRONG, f"Field '{name}' must be a text.")
    return optional_text(value)


def _subject(mail: Mapping[str, Any]) -> str | None:
    """Return the subject, which webhooks and the API spell differently."""
    text = optional_text(mail.get("email_subject")) or optional_text(mail.get("subject"))
    return text[:_LONGEST_SUBJECT] if text else None


def _time(mail: Mapping[str, Any]) -> int | None:
    times = (mail.get(name) for name in ("date_received", "sent_at", "created_at"))
    return next((at for at in map(iso_time, times) if at is not None), None)


def _own_time(moment: Mapping[str, Any]) -> str | None:
    at = moment.get("created_at")
    return at if isinstance(at, str) else None


def _address(value: Any) -> str | None:
    return to_address(value) if isinstance(value, str) else None


def addresses(value: Any) -> tuple[str, ...]:
    """Return the addresses of a list of {"address", "name"}; other things are none."""
    items = value[:_MOST_ADDRESSES] if isinstance(value, list) else []
    written = (item.get("address") if isinstance(item, dict) else item for item in items)
    return tuple(dict.fromkeys(filter(None, map(_address, written))))
