"""Finds what a text links to, and whether somebody with a say in it has named that. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from system_sender.drafting.conversation import Conversation

# Every repetition is bounded, so that no text makes the search slow.
_LABEL = r"[^\W_](?:[\w-]{0,62})"
_HOST = rf"(?:(?:{_LABEL}\.){{1,8}}[^\W\d_]{{2,24}}|(?:\d{{1,3}}\.){{3}}\d{{1,3}}|localhost)"
_LINK = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]{1,20}):/{1,3})?"
    r"(?:(?P<user>[\w.+%-]{1,64})@)?"
    rf"(?P<host>{_HOST})\.?(?![\w-])"
    r"(?P<port>:\d{1,5})?"
    r"(?P<path>[/?#][^\s<>\"']*)?",
    re.IGNORECASE,
)
# "acme dot com" is read aloud by nobody but for this.
_SPELLED = re.compile(
    r"[\w-]\s{0,3}[\[({]?\s{0,3}\bdot\b\s{0,3}[\])}]?\s{0,3}"
    r"(?:com|net|org|io|co|ai|me|app|dev|link|ly|info|biz)\b|\[\.\]|\(\.\)",
    re.IGNORECASE,
)
_ENDS = ".,;:!?)]}>*_"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a text leads: a host, and what stands behind it; or an e-mail address.

    Attributes:
        user: of an e-mail address; empty for anything else.
        path: begins with `/`, `?` or `#`, or is empty.
    """

    host: str
    path: str = ""
    user: str = ""


def invents_link(text: str, conversation: Conversation) -> bool:
    """Say whether a text links to what neither the agency nor the lead has named.

    A host that was named alone may be linked to with any path; a host that was named with a path,
    only with that path or one below it.
    """
    plain = _visible(text)
    if _SPELLED.search(plain) or _has_unreadable_link(plain):
        return True
    named = _named(conversation)
    return any(not _is_named(link, named) for link in links_of(text))


def links_of(text: str) -> list[Link]:
    """Return every link, host and e-mail address in a text."""
    return [
        Link(
            match["host"].casefold().removeprefix("www."),
            (match["path"] or "").rstrip(_ENDS).rstrip("/"),
            "" if match["scheme"] else (match["user"] or "").casefold(),
        )
        for match in _LINK.finditer(_visible(text))
    ]


def named_hosts(conversation: Conversation) -> list[str]:
    """Return what the agency lets its replies link to, as it wrote it down."""
    workspace = conversation.workspace
    of_workspace = workspace.links if workspace is not None else None
    return [str(link) for link in (*(of_workspace or ()), *(conversation.campaign.links or ()))]


def _visible(text: str) -> str:
    """Return the text as it is read: one width of letters, and nothing invisible in between."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")


def _has_unreadable_link(plain: str) -> bool:
    """Say whether something begins like a URL and is none that can be read."""
    rest = _LINK.sub(" ", plain)
    return "://" in rest or "www." in rest.casefold() or "\\@" in plain


def _named(conversation: Conversation) -> frozenset[Link]:
    campaign, lead, inbound = conversation.campaign, conversation.lead, conversation.inbound
    sources: Iterable[str | None] = (
        *named_hosts(conversation),
        campaign.reply_template,
        campaign.instructions,
        *conversation.said_by_lead,
        lead.email,
        inbound.sender,
    )
    return frozenset(link for source in sources for link in links_of(source or ""))


def _is_named(link: Link, named: frozenset[Link]) -> bool:
    return any(_covers(name, link) for name in named)


def _covers(name: Link, link: Link) -> bool:
    if name.host != link.host:
        return False
    if link.user or name.user:
        # An address is a person: named whole, or any at a host that may be linked to.
        return name.user in (link.user, "") and not name.path
    return not name.path or link.path == name.path or _is_below(link.path, name.path)


def _is_below(path: str, of: str) -> bool:
    return path.startswith(of) and path[len(of)] in "/?#"
