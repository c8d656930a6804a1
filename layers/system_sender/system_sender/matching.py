"""Is this the text that we sent? Pure; providers trim, re-wrap and sign what they are given."""

from system_sender.email_text import to_plain

# A shorter text is too common to be recognised by how it begins.
_LEAST_PREFIX = 20


def same_text(ours: str, theirs: str, *, html: bool = False) -> bool:
    """Say whether a provider's record of a message holds our text.

    White space does not count, because providers trim and re-wrap. A record may go on after our
    text, with a signature or the quoted history, where our text is long enough to be told by its
    beginning.

    Args:
        theirs: the record's text; with `html`, its HTML.
    """
    wanted = _collapsed(ours)
    seen = _collapsed(to_plain(theirs) if html else theirs)
    if not wanted:
        return False
    if seen == wanted:
        return True
    return len(wanted) >= _LEAST_PREFIX and seen.startswith(wanted + " ")


def _collapsed(text: str) -> str:
    return " ".join(text.split())
