"""What an event forbids: addresses that must not be written to any more. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from system_sender.classification import Reading, ReadingKind, classify
from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.inbound import DeliveryStatus, EventKind, InboundEvent
from system_sender.models import Lead
from system_sender.person import addresses_known, addresses_said, numbers_said
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


def reading_of(event: InboundEvent) -> Reading | None:
    """Read what somebody wrote; None where the event tells of something else."""
    if event.kind is not EventKind.MESSAGE:
        return None
    return classify(
        event.text,
        channel=event.channel,
        subject=event.subject,
        sender=event.sender,
        automated=event.automated,
        out_of_office=event.out_of_office,
    )


def stop_of(
    event: InboundEvent, reading: Reading | None, lead: Lead | None, region: str
) -> Stop | None:
    """Return what an event stops, or None.

    Args:
        reading: what :func:`reading_of` says of it.
        lead: whom it is about, if that is known.
        region: that the workspace's phone numbers without a country are read in.
    """
    reason = _reason(event, reading)
    if reason is None:
        return None
    known, said = addresses_known(lead, region), addresses_said(event, region)
    if reason is Code.BOUNCED:
        return _bounce(known.get("email"), said.get("email"))
    channels = CHANNELS if event.channel == EVERY_CHANNEL else (event.channel,)
    # Whoever asks for silence need not be the lead.
    asker = to_address(event.sender) if reason is Code.OPTED_OUT else None
    books = [known, said, {"email": asker} if asker else {}]
    # Where it is not sure which number it is, none of them is written to.
    books += [{"sms": number} for number in numbers_said(event, region)]
    return Stop(reason, _pairs(channels, *books), frozenset(channels))


def _reason(event: InboundEvent, reading: Reading | None) -> Code | None:
    if event.kind is EventKind.DO_NOT_DISTURB:
        return Code.DO_NOT_DISTURB
    if event.kind is EventKind.STATUS and event.status is DeliveryStatus.BOUNCED:
        return Code.BOUNCED
    # A machine's note may tell how to unsubscribe, and is read as a machine's.
    refuses = reading is not None and reading.kind is ReadingKind.OPT_OUT
    return Code.OPTED_OUT if refuses else None


def _bounce(known: str | None, bounced: str | None) -> Stop | None:
    if bounced is None:
        return None
    # A copy that bounced says nothing against writing to the lead.
    channels = frozenset({"email"}) if bounced == known else frozenset[str]()
    return Stop(Code.BOUNCED, (("email", bounced),), channels)


def _pairs(channels: Iterable[str], *books: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    pairs = [(channel, book[channel]) for channel in channels for book in books if channel in book]
    return tuple(dict.fromkeys(pairs))
