"""Reads what came in: what kind of message it is, and how it sounds. Pure.

Only rules decide here. Where they cannot tell how a message sounds, a model may say so later, and
never against them.
"""

from dataclasses import dataclass
from enum import StrEnum

from system_sender.automatic_subject import is_automatic, is_away, is_notice
from system_sender.away import is_away_note, is_machines_note, says_away
from system_sender.email_address import is_mail_server, reads_no_mail, to_address
from system_sender.interest import is_interested, is_not_interested
from system_sender.opt_out import is_opt_out, is_opt_out_email, may_be_opt_out
from system_sender.reaction import is_reaction
from system_sender.wants_call import wants_call

# Whoever answers under more history than this is not heard, if the caller has not left it out.
_LONGEST = 50_000


class ReadingKind(StrEnum):
    """What kind of message came in.

    OPT_OUT: asks not to be written to again. BOUNCE: a mail server's notice. OUT_OF_OFFICE: a
    machine's note that somebody is away. AUTOMATED: whatever else a machine wrote. WANTS_CALL:
    asks to be called. MESSAGE: anything else.
    """

    OPT_OUT = "opt_out"
    BOUNCE = "bounce"
    AUTOMATED = "automated"
    OUT_OF_OFFICE = "out_of_office"
    WANTS_CALL = "wants_call"
    MESSAGE = "message"


class Sentiment(StrEnum):
    """How a message sounds: the whole vocabulary. NEW is what nobody has judged."""

    NEW = "New"
    MEETING_BOOKED = "Meeting Booked"
    MEETING_REQUESTED = "Meeting Requested"
    CALL_REQUESTED = "Call Requested"
    INFORMATION_REQUESTED = "Information Requested"
    OBJECTION = "Objection"
    NOT_INTERESTED = "Not Interested"
    BLACKLIST = "Blacklist"
    FOLLOW_UP = "Follow Up"
    OUT_OF_OFFICE = "Out of Office"
    AUTOMATED_REPLY = "Automated Reply"
    INTERESTED = "Interested"
    NEUTRAL = "Neutral"
    SNOOZED = "Snoozed"


# What nobody wrote who could feel anything about us.
MACHINES = frozenset({ReadingKind.BOUNCE, ReadingKind.AUTOMATED, ReadingKind.OUT_OF_OFFICE})

_SOUNDS = {
    ReadingKind.OPT_OUT: Sentiment.BLACKLIST,
    ReadingKind.BOUNCE: Sentiment.AUTOMATED_REPLY,
    ReadingKind.AUTOMATED: Sentiment.AUTOMATED_REPLY,
    ReadingKind.OUT_OF_OFFICE: Sentiment.OUT_OF_OFFICE,
    ReadingKind.WANTS_CALL: Sentiment.CALL_REQUESTED,
}
_BY_NAME = {sentiment.casefold(): sentiment for sentiment in Sentiment}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules read in a message.

    Attributes:
        sentiment: None where they cannot tell.
        by_machine: the message itself apart, its sender, its subject or its provider says that a
            machine wrote it.
    """

    kind: ReadingKind
    sentiment: Sentiment | None
    by_machine: bool = False

    @property
    def own_words(self) -> bool:
        """Say whether a person wrote it, so that it tells how the lead feels."""
        return self.kind not in MACHINES


def classify(
    text: str,
    *,
    channel: str,
    subject: str | None = None,
    sender: str | None = None,
    automated: bool = False,
    out_of_office: bool = False,
) -> Reading:
    """Read a message. The first of these that holds is its kind.

    A mail server's notice; a machine's note, by its provider, its sender or its subject; a word of
    refusal; a note that says what it is in its text; a wish for a call.

    Args:
        text: plain. Quoted history is left out, if the caller has not done so.
        channel: "sms", "email" or "linkedin".
        subject: of an e-mail.
        sender: an e-mail's; a name around the address is fine.
        automated: the provider says that a machine wrote it.
        out_of_office: the provider says that it is an out-of-office note.
    """
    subject, sender = (subject, sender) if channel == "email" else (None, None)
    said = _said(text, channel)
    machine = _machines_kind(said, subject, sender, automated, out_of_office)
    if machine is not None:
        return Reading(machine, _SOUNDS[machine], by_machine=True)
    kind = _persons_kind(said, channel, subject)
    return Reading(kind, _SOUNDS[kind] if kind in _SOUNDS else _sound(said))


def may_refuse(text: str, *, channel: str, subject: str | None = None) -> bool:
    """Say whether words of refusal are in a message that was not read as an opt-out.

    They may be about anything: whether they are one, a person says.

    Args:
        text, channel, subject: as :func:`classify` reads them; the subject of an e-mail counts
            where nothing else is said.
    """
    said = _said(text, channel)
    if channel == "email" and not said.strip():
        said = subject or ""
    return may_be_opt_out(said)


def merge(reading: Reading, by_model: str | None) -> Sentiment:
    """Return how a message sounds by the rules or, only where they cannot tell, by a model.

    A text alone is no evidence of a booking: "Meeting Booked" is a meeting requested. What is not
    in the vocabulary is not heard; where nobody has a word, it is NEW.

    Args:
        by_model: what a model said, in any case; None where none was asked or it failed.
    """
    by_rules = _SOUNDS.get(reading.kind, reading.sentiment)
    found = by_rules or _BY_NAME.get(" ".join((by_model or "").split()).casefold(), Sentiment.NEW)
    return Sentiment.MEETING_REQUESTED if found is Sentiment.MEETING_BOOKED else found


# --- what the person said -------------------------------------------------------------------------


def _said(text: str, channel: str) -> str:
    """Return the text without what it quotes. Empty where nothing else is in it."""
    if channel != "email":
        return "" if is_reaction(text) else text
    from system_sender.quoted_history import new_lines

    return new_lines(text[:_LONGEST])


# --- kinds ----------------------------------------------------------------------------------------


def _machines_kind(
    said: str, subject: str | None, sender: str | None, automated: bool, out_of_office: bool
) -> ReadingKind | None:
    address = to_address(sender)
    if (address is not None and is_mail_server(address)) or is_notice(subject):
        return ReadingKind.BOUNCE
    unread = address is not None and reads_no_mail(address)
    if not (automated or out_of_office or unread or is_automatic(subject)):
        return None
    away = out_of_office or is_away(subject) or says_away(said)
    return ReadingKind.OUT_OF_OFFICE if away else ReadingKind.AUTOMATED


def _persons_kind(said: str, channel: str, subject: str | None) -> ReadingKind:
    """Return the kind of what a person seems to have written."""
    refuses = is_opt_out_email(said, subject) if channel == "email" else is_opt_out(said)
    if refuses:
        return ReadingKind.OPT_OUT
    if is_away_note(said):
        return ReadingKind.OUT_OF_OFFICE
    if is_machines_note(said):
        return ReadingKind.AUTOMATED
    return ReadingKind.WANTS_CALL if wants_call(said) else ReadingKind.MESSAGE


# --- sentiments -----------------------------------------------------------------------------------


def _sound(said: str) -> Sentiment | None:
    """Return what a person's message surely sounds like."""
    if is_not_interested(said):
        return Sentiment.NOT_INTERESTED
    return Sentiment.INTERESTED if is_interested(said) else None
