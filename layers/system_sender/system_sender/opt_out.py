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


_ANYWHERE = _refusals(
    (phrases.IN_ANY_CASE, None),
    (phrases.UNLESS_NEGATED, phrases.NEGATED),
    (phrases.UNLESS_TOLD, phrases.TOLD),
    (phrases.UNLESS_HABITUAL, phrases.HABITUAL),
    (phrases.UNLESS_SAID_TO_THEM, phrases.SAID_TO_THEM),
)
_AT_THE_END = _refusals((phrases.AT_THE_END, phrases.NEGATED))
_CALLS = _refusals(
    (phrases.CALLS_UNLESS_HABITUAL, phrases.HABITUAL),
    (phrases.CALLS_UNLESS_TOLD, phrases.TOLD),
)
_CALLS_AT_THE_END = _refusals((phrases.CALLS_AT_THE_END, phrases.HABITUAL))
# More than what stands before a refusal and changes it.
_BEFORE = 40
_ALONE = pattern(phrases.ALONE)
_AT_THE_BEGINNING = pattern(phrases.AT_THE_BEGINNING)
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
    text = with_or(text[:LONGEST])
    said = plain(text)
    return _refuses_messages(text, said) or _refuses_calls(said, _TEXTS_WANTED)


def is_opt_out_email(text: str, subject: str | None) -> bool:
    """Say whether the sender of this e-mail asks not to be written to again.

    The subject counts where nothing else is said, and only as a word of refusal alone: mostly it
    is what we wrote ourselves.

    Args:
        text: what is new in it, without quoted history.
        subject: as it came; what answers put before it is left out.
    """
    text = with_or(text[:LONGEST])
    said = plain(text)
    if _refuses_messages(text, said) or _refuses_calls(said, _TEXTS_WANTED, _EMAILS_WANTED):
        return True
    if said and not _WRITTEN_BY_MAIL_PROGRAM().match(said):
        return False
    return _core(plain(reply_subject(subject).removeprefix("Re:"))) in phrases.SUBJECTS


def may_be_opt_out(text: str) -> bool:
    """Say whether there are words of refusal in a text, whatever they are about.

    Most opt-outs have one, and so have honest texts: this is for asking a person, not for
    suppressing an address. All of a long text is looked at.
    """
    return _DOUBTFUL().search(plain(text)) is not None


def _refuses_messages(text: str, said: str) -> bool:
    core = _core(said)
    if core in phrases.WORDS or _has(said, _ANYWHERE) or _has(core, _ANYWHERE):
        return True
    return any(map(_refuses, clauses(text)))


def _refuses(clause: str) -> bool:
    core = _core(clause)
    if _ALONE().fullmatch(core) or _has(core, _AT_THE_END):
        return True
    return _AT_THE_BEGINNING().match(clause) is not None


def _refuses_calls(said: str, *wanted: _Pattern) -> bool:
    """Say whether calls are refused, and nothing that we could write is wanted in their place."""
    if not (_has(said, _CALLS) or _has(_core(said), _CALLS_AT_THE_END)):
        return False
    for phrase, _ in _CALLS:
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
