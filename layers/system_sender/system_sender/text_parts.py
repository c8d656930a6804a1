"""What a text becomes on each channel: parts for SMS, one piece everywhere else. Pure."""

from collections.abc import Mapping

from system_sender.codes import Code
from system_sender.sms_text import SmsText, Span, split_sms

# Code points. LinkedIn's own box ends there; nobody reads a longer e-mail from a stranger.
LONGEST: Mapping[str, int] = {"email": 20_000, "linkedin": 8_000}


def parts_of(channel: str, text: str) -> SmsText:
    """Return the spans that a text leaves in, or the code that says why it cannot be sent."""
    if channel == "sms":
        return split_sms(text)
    if not text.strip():
        return SmsText((), Code.EMPTY_TEXT)
    if len(text) > LONGEST.get(channel, 0):
        return SmsText((), Code.TEXT_TOO_LONG)
    return SmsText((Span(0, len(text)),))
