"""E-mail addresses, written one way to be compared, and whom an answer goes to. Pure."""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

MOST_CC = 10

# The longest that is read: an address has at most 254 characters, the rest may be a name.
_LONGEST = 1_000
# Mail servers, which tell what did not arrive. Compared without the marks between words.
_SERVERS = ("mailerdaemon", "postmaster", "bounce", "bounces")
# With them, machines that send mail and read none.
_UNREAD = (*_SERVERS, "noreply", "donotreply", "nepasrepondre")
_MARKS = str.maketrans("", "", "-_.")


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom an answer goes to.

    Attributes:
        to: None when nobody is left to answer.
        cc: at most 10, each once, without `to` and without our own mailboxes.
    """

    to: str | None
    cc: tuple[str, ...] = ()


def to_address(value: str | None) -> str | None:
    """Return an address as it is stored and compared, or None when it cannot be one.

    Lower-cased throughout: the part before the @ may mean something in capitals by the standard,
    but no provider keeps to that, and a suppression must not be passed by writing it otherwise.
    Nothing is asked of the network, so that the address need not exist.

    Args:
        value: as a person or a provider wrote it; a name around it is left out.
    """
    if not value or len(value) > _LONGEST:
        return None
    bare = _bare(value.strip())
    if bare is None:
        return None
    from email_validator import EmailNotValidError, validate_email

    try:
        # Examples and tests have mailboxes too, on domains that never get mail.
        found = validate_email(bare, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        return None
    # Some letters are written with two marks once they are small.
    return unicodedata.normalize("NFC", found.normalized.lower())


def _bare(value: str) -> str | None:
    """Return the address without the name before it; None where there may be two addresses."""
    # A line break would end the header that the address is written into.
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in value):
        return None
    if not value.endswith(">"):
        return value
    return value[value.index("<") + 1 : -1] if value.count("<") == 1 else None


def reply_recipients(
    *,
    sender: str | None,
    lead_email: str | None,
    to: Sequence[str],
    cc: Sequence[str],
    own: Collection[str],
) -> Recipients:
    """Say whom to answer: the person who wrote last, with everyone else of the thread in copy.

    When a colleague of the lead answered, the answer goes to the colleague and the lead is the
    first in copy. Our own mailboxes, what is no address, and machines that read no mail leave.

    Args:
        sender: who wrote the message that is answered.
        to, cc: who else that message went to.
        own: every mailbox that is ours.
    """
    ours = set(_usable(own))
    wanted = [sender, lead_email, *to, *cc]
    people = [address for address in _usable(wanted) if address not in ours]
    people = [address for address in people if not reads_no_mail(address)]
    if not people:
        return Recipients(None)
    return Recipients(people[0], tuple(people[1 : 1 + MOST_CC]))


def _usable(values: Iterable[str | None]) -> list[str]:
    """Return the addresses among the values, each once, in their order."""
    return list(dict.fromkeys(filter(None, map(to_address, values))))


def reads_no_mail(address: str) -> bool:
    """Say whether nobody reads this address: a mail server, or a machine that only sends.

    Args:
        address: as :func:`to_address` returns it.
    """
    return _mailbox(address) in _UNREAD


def is_mail_server(address: str) -> bool:
    """Say whether this is the address that a mail server sends its notices from.

    Args:
        address: as :func:`to_address` returns it.
    """
    return _mailbox(address) in _SERVERS


def _mailbox(address: str) -> str:
    return address.rpartition("@")[0].partition("+")[0].translate(_MARKS)
