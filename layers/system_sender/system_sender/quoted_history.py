"""Tells what a person wrote in an e-mail from the history and signature under it. Pure.

Losing a person's words ("please stop writing to me") is worse than keeping some of the history,
so that whatever could be either stays. Every line is looked at a fixed number of times, however
a hostile one is written; the published parsers for this are neither.
"""

import re
import unicodedata

from system_sender.mail_phrases import (
    CLOSINGS,
    DIVIDERS,
    FROM_LABELS,
    INTRODUCTIONS,
    MOBILE_SIGNATURES,
    SENT_LABELS,
    SMALL_WORDS,
    TO_OR_SUBJECT_LABELS,
    WROTE,
    WROTE_IN_SCRIPTS_WITHOUT_SPACES,
)
from system_sender.opt_out import is_opt_out

# The sentence ends in a colon, which Chinese has a character of its own for.
_COLONS = (":", "\uff1a")
_WROTE = re.compile(rf"\b(?:{'|'.join(WROTE)})\b|{'|'.join(WROTE_IN_SCRIPTS_WITHOUT_SPACES)}")
_INTRODUCTION = re.compile(rf"(?:{'|'.join(INTRODUCTIONS)})\b|\d")
_SURE_INTRODUCTION = re.compile(r"(?:on|am|le|el|il|em|op|den|dne|dnia) ")
_ADDRESS = re.compile(r"<[^<>\s]{1,200}@[^<>\s]{1,200}>")
_TIME = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}")
_WHEN_OR_WHO = re.compile(rf"{_TIME.pattern}|@")
_LONGEST_ATTRIBUTION = 300
_ATTRIBUTION_LINES = 3

# "From:", with "Sent:" and "To:" or "Subject:" under it, is how Outlook begins what it quotes.
_LABEL = re.compile(r"[*_ ]{0,3}([^\W\d_][^:\uff1a*]{0,20}?)[*_ ]{0,3}[:\uff1a]")
_HEADER_LINES = 6

_LONGEST_MOBILE = 70
_LONGEST_CLOSING = 40
_SIGNATURE_LINES = 15
_LONGEST_SIGNATURE_LINE = 100
_POSTSCRIPT = re.compile(r"p\.?\s?s\b", re.IGNORECASE)


def new_lines(text: str) -> str:
    """Return the text without quoted history and signature; empty when nothing else is in it.

    Answers between quoted lines, and under them, stay.
    """
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return _joined(_without_signature(_without_history(lines)))


# --- history -------------------------------------------------------------------------------------


def _without_history(lines: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    quoting = False
    while at < len(lines):
        line = lines[at]
        introduced = _attribution(lines, at)
        if introduced:
            at += introduced
            # A program that marks what it quotes also shows where that ends.
            if not _next_is_quoted(lines, at):
                break
            quoting = True
        elif _is_divider(line) or _is_header_block(lines, at):
            break
        else:
            quoting = _is_quoted(line, quoting)
            if not quoting:
                kept.append(line)
            at += 1
    return kept


def _is_quoted(line: str, quoting: bool) -> bool:
    # ">50 people" is somebody's own line, unless it goes on with a quote.
    return line.startswith(">") and (quoting or len(line) == 1 or line[1] in " \t>\u00a0")


def _next_is_quoted(lines: list[str], at: int) -> bool:
    # Programs leave a line or two between, never many.
    following = next((line for line in lines[at : at + 4] if line), "")
    return following.startswith(">")


def _attribution(lines: list[str], at: int) -> int:
    """Return how many lines from here on say who wrote what follows, 0 if they say no such thing.

    Programs wrap the sentence at some 70 characters.
    """
    for count in range(1, _ATTRIBUTION_LINES + 1):
        wrapped = lines[at : at + count]
        if not all(wrapped) or sum(map(len, wrapped)) > _LONGEST_ATTRIBUTION:
            break
        if _says_who_wrote(" ".join(wrapped)):
            # Where a whole such sentence is within it, the line before is the person's own.
            inside = (" ".join(wrapped[start:]) for start in range(1, count))
            return 0 if any(_surely_says_who_wrote(rest) for rest in inside) else count
    return int(_surely_says_who_wrote(lines[at]))


def _says_who_wrote(sentence: str) -> bool:
    """Recognise "On 2 March 2026 Sam <sam@example.com> wrote:"."""
    folded = _folded(sentence.lstrip("> "))
    return bool(_INTRODUCTION.match(folded) and _WHEN_OR_WHO.search(folded)) and _reports(folded)


def _surely_says_who_wrote(sentence: str) -> bool:
    """Recognise also "Sam <sam@example.com> wrote on 2 March 2026, 15:04:"."""
    folded = _folded(sentence[:_LONGEST_ATTRIBUTION].lstrip("> "))
    by_name = bool(_ADDRESS.search(folded) and _TIME.search(folded)) and _reports(folded)
    return by_name or (bool(_SURE_INTRODUCTION.match(folded)) and _says_who_wrote(folded))


def _reports(folded: str) -> bool:
    return (
        folded.endswith(_COLONS)
        and any(letter.isdigit() for letter in folded)
        and bool(_WROTE.search(folded))
    )


def _is_divider(line: str) -> bool:
    words = _folded(line.strip("-_=*>– \t:"))
    return words in DIVIDERS and (line[0] in "-_=*>–" or line.endswith(":"))


def _is_header_block(lines: list[str], at: int) -> bool:
    if _label(lines[at]) not in FROM_LABELS:
        return False
    block = [line for line in lines[at + 1 : at + 1 + _HEADER_LINES] if line]
    labels = {_label(line) for line in block}
    return not labels.isdisjoint(SENT_LABELS) and not labels.isdisjoint(TO_OR_SUBJECT_LABELS)


def _label(line: str) -> str:
    found = _LABEL.match(_folded(line[:60].lstrip("> ")))
    return found[1].strip() if found else ""


def _folded(line: str) -> str:
    """Fold case and every kind of white space; programs put hard spaces and marks in a date."""
    return " ".join(unicodedata.normalize("NFC", line).casefold().split())


# --- signature -----------------------------------------------------------------------------------


def _without_signature(lines: list[str]) -> list[str]:
    lines = [line for line in lines if not _is_mobile_signature(line)]
    while lines and not lines[-1].strip("-_=*"):
        lines.pop()
    marked = next((at for at, line in enumerate(lines) if line == "--"), None)
    # The mark is a convention between mail programs; a person may also part two texts with it.
    if marked and sum(map(bool, lines[marked:])) <= _SIGNATURE_LINES and any(lines[:marked]):
        lines = lines[:marked]
    for at in range(len(lines) - 1, 0, -1):
        end = _end_of_signature(lines, at) if _is_closing(lines[at]) else at
        if end > at:
            return lines[:at] + lines[end:]
    return lines


def _is_mobile_signature(line: str) -> bool:
    return len(line) <= _LONGEST_MOBILE and _folded(line).startswith(MOBILE_SIGNATURES)


def _is_closing(line: str) -> bool:
    return len(line) <= _LONGEST_CLOSING and _folded(line.rstrip(" ,.!;:")) in CLOSINGS


def _end_of_signature(lines: list[str], closing: int) -> int:
    """Return where the names, titles and numbers under a closing end; `closing` if there are none.

    A sentence among them is something the person says, and stays.
    """
    end = closing
    for at in range(closing + 1, min(len(lines), closing + 1 + 2 * _SIGNATURE_LINES)):
        if lines[at]:
            if not _names_somebody(lines[at]):
                break
            end = at + 1
    return end


def _names_somebody(line: str) -> bool:
    if len(line) > _LONGEST_SIGNATURE_LINE or line.endswith("?"):
        return False
    if _POSTSCRIPT.match(line) or is_opt_out(line):
        return False
    return all(
        word.casefold() in SMALL_WORDS
        or not word[0].isalpha()
        or word[0].isupper()
        or any(mark in word for mark in "@./")
        for word in line.split()
    )


def _joined(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
