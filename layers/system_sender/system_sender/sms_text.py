"""Cuts a text into the parts of a multi-part SMS. Pure."""

from dataclasses import dataclass

from system_sender.codes import Code

PART_LENGTH = 160
MAX_PARTS = 3


@dataclass(frozen=True, slots=True)
class Span:
    """A part as the half-open range of code points that it takes from the text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the part's own text."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class SmsText:
    """The spans of a text, or the code that says why it cannot be sent."""

    spans: tuple[Span, ...]
    refusal: Code | None = None


def split_sms(text: str) -> SmsText:
    """Split a text at white space into at most 3 parts of at most 160 code points.

    A text that fits into one part leaves exactly as it is. Otherwise the white space before the
    first part and at each cut is left out, so that no part is blank, and nothing else is changed,
    added or counted twice. A single word longer than a part is cut where the part is full.
    """
    if not text.strip():
        return SmsText((), Code.EMPTY_TEXT)
    spans: list[Span] = []
    position = 0 if len(text) <= PART_LENGTH else _skip_space(text, 0)
    while position < len(text):
        if len(spans) == MAX_PARTS:
            return SmsText((), Code.TEXT_TOO_LONG)
        cut = _cut(text, position)
        spans.append(Span(position, cut))
        position = _skip_space(text, cut)
    return SmsText(tuple(spans))


def _cut(text: str, start: int) -> int:
    if len(text) - start <= PART_LENGTH:
        return len(text)
    full = start + PART_LENGTH
    # The part may end right before white space, so the character after it is looked at as well.
    for cut in range(full, start, -1):
        if text[cut].isspace() and text[start:cut].strip():
            return start + len(text[start:cut].rstrip())
    return full


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
