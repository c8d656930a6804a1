"""What an event forbids: addresses that must not be written to any more. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from system_sender.codes import Code
from system_sender.email_address import reads_no_mail, to_address
from system_sender.inbound import DeliveryStatus, EventKind, InboundEvent
from system_sender.models import Lead
from system_sender.opt_out import is_opt_out, is_opt_out_email
from system_sender.person import addresses_known, addresses_said
from system_sender.providers import CHANNELS

# An event that stops every channel, not only its own.
EVERY_CHANNEL = "*"


@dataclass(frozen=True, slots=True)
class Stop:
    """What an event stops: addresses by the law of their rows, and channels of its lead.

    Attributes:
        addresses: (channel, address) of each suppression row.
        channels: of the lead, whatever address they may get there later.
    """

    reason: Code
    addresses: tuple[tuple[str, str], ...]
    channels: frozenset[str]


def stop_of(event: InboundEvent, lead: Lead | None, region: str) -> Stop | None:
    """Return what an event stops, or None.

    Args:
        lead: whom it is about, if that is known.
        region: that the workspace's phone numbers without a country are read in.
    """
    reason = _reason(event)
    if reason is None:
        return None
    known, said = addresses_known(lead, region), addresses_said(event, region)
    if reason is Code.BOUNCED:
        return _bounce(known.get("email"), said.get("email"))
    channels = CHANNELS if event.channel == EVERY_CHANNEL else (event.channel,)
    # Whoever asks for silence need not be the lead.
    asker = to_address(event.sender) if reason is Code.OPTED_OUT else None
    books = (known, said, {"email": asker} if asker else {})
    return Stop(reason, _pairs(channels, *books), frozenset(channels))


def _reason(event: InboundEvent) -> Code | None:
    if event.kind is EventKind.DO_NOT_DISTURB:
        return Code.DO_NOT_DISTURB
    if event.kind is EventKind.STATUS and event.status is DeliveryStatus.BOUNCED:
        return Code.BOUNCED
    return Code.OPTED_OUT if opts_out(event) else None


def opts_out(event: InboundEvent) -> bool:
    """Say whether a person asks for silence. A machine's note may tell how to unsubscribe."""
    if event.kind is not EventKind.MESSAGE or is_automated(event):
        return False
    if event.channel == "email":
        return is_opt_out_email(event.text, event.subject)
    return is_opt_out(event.text)


def is_automated(event: InboundEvent) -> bool:
    """Say whether a machine wrote it, in its person's place or not.

    A mail server's notice comes as an ordinary message from providers that look at no sender.
    """
    return event.automated or event.out_of_office or _is_from_machine(event)


def _is_from_machine(event: InboundEvent) -> bool:
    sender = to_address(event.sender) if event.channel == "email" else None
    is_message = event.kind is EventKind.MESSAGE
    return is_message and sender is not None and reads_no_mail(sender)


def _bounce(known: str | None, bounced: str | None) -> Stop | None:
    if bounced is None:
        return None
    # A copy that bounced says nothing against writing to the lead.
    channels = frozenset({"email"}) if bounced == known else frozenset[str]()
    return Stop(Code.BOUNCED, (("email", bounced),), channels)


def _pairs(channels: Iterable[str], *books: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    pairs = [(channel, book[channel]) for channel in channels for book in books if channel in book]
    return tuple(dict.fromkeys(pairs))
