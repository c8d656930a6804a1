"""Recognises a text, or an e-mail, that asks not to be written to again. Pure."""

import re
from collections.abc import Callable

from system_sender import refusal_phrases as phrases
from system_sender.email_text import reply_subject
from system_sender.wording import LONGEST, clauses, pattern, plain, with_or

_PADDED = pattern(rf"(?:{phrases.PADDING} )*(?P<word>.+?)(?: {phrases.PADDING})*$")
_REPEATED = pattern(r"(?P<word>\w+)(?: (?P=word))+$")
# Where a text is longer, it is not one word with politeness around it.
_LONGEST_PADDED = 300

_Pattern = Callable[[], re.Pattern[str]]
# What refuses, each with what makes another thing of it when it stands right before it.
_Refusals = tuple[tuple[_Pattern, _Pattern | None], ...]


def _refusals(*pairs: tuple[str, str | None]) -> _Refusals:
    return tuple(
        (pattern(rf"\b(?:{phrase})"), pattern(unless) if unless else None)
        for phrase, unless in pairs
    )


def _order(phrase: str) -> _Pattern:
    """Return what finds a phrase in a clause, where it is said to us and not told of others."""
    # "They came, and never text me back" goes on telling.
    begins = rf"^(?!and )(?:{phrases.PADDING} )*+{phrases.ANOTHER_ORDER}?"
    # Only so much politeness: looking at all of it after each "please" would take too long.
    return pattern(rf"(?:{begins}|\b{phrases.ORDERING} )(?:{phrases.PADDING} ){{0,4}}(?:{phrase})")


_ANYWHERE = _refusals(
    (phrases.IN_ANY_CASE, None),
    (phrases.UNLESS_NEGATED, phrases.NEGATED),
    (phrases.UNLESS_TOLD, phrases.TOLD),
    (phrases.UNLESS_HABITUAL, phrases.HABITUAL),
    (phrases.UNLESS_SAID_TO_THEM, phrases.SAID_TO_THEM),
)
_AT_THE_END = _refusals((phrases.AT_THE_END, phrases.NEGATED))
_NUMBER_OFF = _refusals((phrases.NUMBER_OFF, phrases.NEGATED))
_CALLS = _refusals(
    (phrases.CALLS_UNLESS_HABITUAL, phrases.HABITUAL),
    (phrases.CALLS_UNLESS_TOLD, phrases.TOLD),
)
_CALLS_ORDERS = _refusals((phrases.CALLS_ORDERS, None))
_CALLS_AT_THE_END = _refusals((phrases.CALLS_AT_THE_END, None))
# More than what stands before a refusal and changes it.
_BEFORE = 40
_ALONE = pattern(phrases.ALONE)
_AT_THE_BEGINNING = pattern(phrases.AT_THE_BEGINNING)
_NUMBER_ALONE = pattern(phrases.NUMBER_ALONE)
_OTHER_NUMBER = pattern(phrases.OTHER_NUMBER)
_STOP_AND_WHY = pattern(phrases.STOP_AND_WHY)
_ASIDE = pattern(phrases.ASIDES)
_ORDERED = _order(phrases.ORDERS)
_CALLS_ORDERED = _order(phrases.CALLS_ORDERS)
_NEITHER_ORDERED = _order(phrases.CALLS_AT_THE_END)
_TEXTS_WANTED = pattern(phrases.TEXTS_WANTED)
_EMAILS_WANTED = pattern(phrases.EMAILS_WANTED)
_WRITTEN_BY_MAIL_PROGRAM = pattern(phrases.WRITTEN_BY_MAIL_PROGRAM)
_DOUBTFUL = pattern(rf"\b(?:{phrases.DOUBTFUL})")


def is_opt_out(text: str) -> bool:
    """Say whether the sender of this text asks not to be written to again.

    A word of refusal counts alone or with nothing but politeness around it ("STOP PLEASE"), or,
    where it can mean nothing else, as a clause of its own ("Stop. Not interested."); a phrase
    counts anywhere ("please stop texting me"). "Stop by at 3" is none of these.
    """
    return _refuses_any(text[:LONGEST], _TEXTS_WANTED)


def is_opt_out_email(text: str, subject: str | None) -> bool:
    """Say whether the sender of this e-mail asks not to be written to again.

    The subject counts where nothing else is said, and only as a word of refusal alone: mostly it
    is what we wrote ourselves.

    Args:
        text: what is new in it, without quoted history.
        subject: as it came; what answers put before it is left out.
    """
    text = text[:LONGEST]
    if _refuses_any(text, _TEXTS_WANTED, _EMAILS_WANTED):
        return True
    said = plain(text)
    if said and not _WRITTEN_BY_MAIL_PROGRAM().match(said):
        return False
    return _core(plain(reply_subject(subject).removeprefix("Re:"))) in phrases.SUBJECTS


def may_be_opt_out(text: str) -> bool:
    """Say whether there are words of refusal in a text, whatever they are about.

    Most opt-outs have one, and so have honest texts: this is for asking a person, not for
    suppressing an address. All of a long text is looked at.
    """
    return _DOUBTFUL().search(plain(text)) is not None


def _refuses_any(text: str, *wanted: _Pattern) -> bool:
    # "Opt/out" counts as it stands, "call/text" with the stroke written out.
    return any(
        _refuses_messages(said, parts) or _refuses_calls(said, parts, *wanted)
        for said, parts in ((plain(each), clauses(each)) for each in (text, with_or(text)))
    )


def _refuses_messages(said: str, parts: list[str]) -> bool:
    core = _core(said)
    if core in phrases.WORDS or _has(said, _ANYWHERE) or _has(core, _ANYWHERE):
        return True
    return any(map(_refuses, parts)) or _removes_number(said, parts) or _stops_and_says_why(parts)


def _refuses(clause: str) -> bool:
    core = _core(clause)
    if _ALONE().fullmatch(core) or _has(core, _AT_THE_END):
        return True
    return bool(_AT_THE_BEGINNING().match(clause) or _ORDERED().search(clause))


def _removes_number(said: str, parts: list[str]) -> bool:
    """Say whether a number is to be removed, and none to be used in its place."""
    removed = _has(said, _NUMBER_OFF) or _has(_core(said), _NUMBER_OFF)
    removed = removed or any(_NUMBER_ALONE().fullmatch(_core(part)) for part in parts)
    return removed and not _OTHER_NUMBER().search(said)


def _stops_and_says_why(parts: list[str]) -> bool:
    """Say whether there is nothing but "stop" and why. More goes on with the conversation."""
    rest = [part for part in parts if not _STOP_AND_WHY().fullmatch(part)]
    return len(rest) < len(parts) and all(_ASIDE().fullmatch(part) for part in rest)


def _refuses_calls(said: str, parts: list[str], *wanted: _Pattern) -> bool:
    """Say whether calls are refused, and nothing that we could write is wanted in their place."""
    if not (_has(said, _CALLS) or any(_CALLS_ORDERED().search(part) for part in parts)):
        at_the_end = _has(said, _CALLS_AT_THE_END)
        if not (at_the_end and any(_NEITHER_ORDERED().search(part) for part in parts)):
            return False
    for phrase, _ in (*_CALLS, *_CALLS_ORDERS):
        # "Don't call me or text me" asks for no text.
        said = phrase().sub("", said)
    return not any(other().search(said) for other in wanted)


def _has(said: str, refusals: _Refusals) -> bool:
    return any(
        unless is None or not unless().search(said, max(0, found.start() - _BEFORE), found.start())
        for phrase, unless in refusals
        for found in phrase().finditer(said)
    )


def _core(said: str) -> str:
    """Return a text without politeness around it, and a repeated word once."""
    padded = _PADDED().match(said) if len(said) <= _LONGEST_PADDED else None
    core = padded["word"] if padded else said
    repeated = _REPEATED().match(core)
    return repeated["word"] if repeated else core
