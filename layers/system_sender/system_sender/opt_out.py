"""Recognises a text that asks not to be written to again. Pure."""

import re
import unicodedata

# The words carriers and regulators name. They opt out as a whole message: "cancel Tuesday" is
# about Tuesday, and "stop by at 3" about a visit.
_WORDS = frozenset(
    {
        "stop",
        "stopall",
        "stop all",
        "end all",
        "cancel all",
        "stop it",
        "stop this",
        "quit",
        "quit it",
        "end",
        "revoke",
        "cancel",
        "unsubscribe",
        "unsub",
        "optout",
        "opt out",
    }
)
# Of these, the ones that mean nothing else when they stand alone in a clause: "Stop. Not
# interested." But "Cancel. Let's do Wednesday." is about a day.
_UNMISTAKABLE = frozenset({"stop", "stopall", "stop all", "unsubscribe", "optout", "opt out"})

# What politeness and impatience put around such a word without changing it.
_PADDING = (
    r"(?:please|pls|plz|kindly|now|already|immediately|thanks|thank you|thx|ok|okay|no|yes|hi|"
    r"hello|hey|just|sorry|sir|maam|and|i said|(?:can|could|would|will) you|"
    r"i (?:asked|told|want) you to|you need to)"
)
_PADDED = re.compile(rf"^(?:{_PADDING} )*(?P<word>.+?)(?: {_PADDING})*$")
_REPEATED = re.compile(r"^(?P<word>\w+)(?: (?P=word))+$")

# "Don't stop texting me" and "I'll stop calling" refuse nothing; nor does "I never opted out".
_NOT_MEANT = (
    r"(?<!\bi )(?<!\bwe )(?<!\bll )(?<!\bi will )(?<!\bwe will )"
    r"(?<!\bdon t )(?<!\bdont )(?<!\bnot )(?<!\bnever )(?<!\bdidn t )(?<!\bdid you )"
    r"(?<!\bdid they )(?<!\bcan t )(?<!\bwon t )(?<!\bnot to )(?<!\bdon t want to )"
    r"(?<!\bdont want to )"
)
# "Don't text me before nine" asks for another time, not for silence.
_NOT_ONLY_NOW = (
    r"(?! (?:before|until|till|while|during|between|yet|unless|when|today|tomorrow|tonight|"
    r"at (?:\d|work|night|noon|home)|after (?:\d|hours|work|midnight)|so (?:late|early)|"
    r"too (?:late|early)|late|early|off|that|sir|on (?:the weekend|weekends|mon|tue|wed|thu|fri|"
    r"sat|sun)|this (?:week|month|morning|afternoon|evening))\b)"
)
# "Opt out of the insurance" is about something else than these messages.
_NOT_OF_SOMETHING = (
    r"(?! of (?:the|my|our|that) "
    r"(?!texts?|messages?|sms|(?:mailing )?list|communications?|marketing|campaign))"
)
_ME = r"(?:me|us|this number|again|anymore|any more)"
_PHRASES = re.compile(
    r"\b(?:"
    rf"unsubscribe (?:me|us|from|please|now)|(?:to|please|me|do i|can i) unsubscribe\b|"
    r"please stop (?=(?:i|im|not|no|wrong)\b)|"
    rf"{_NOT_MEANT}opt(?:ing|ed)? ?(?:me |us |this number )?out\b{_NOT_OF_SOMETHING}|"
    r"stopall|"
    rf"{_NOT_MEANT}(?:stop|quit|cease) (?:with )?(?:texting|messaging|contacting|writing|spamming|"
    r"bothering|harassing|pestering|sending (?:me|us|these|this|those|any|more|texts?|messages?))|"
    rf"{_NOT_MEANT}(?:stop|end|cancel|quit) (?:with )?(?:this|these|those|all|your|the|any|my|"
    r"sending)? ?(?:text|texts|messages|text messages|sms|spam)\b(?! (?:board|app|thread)\b)|"
    rf"(?:do not|don t|dont|never) (?:ever )?(?:text|message|contact|write|sms)"
    rf"(?:(?: to)? {_ME}\b|$)"
    rf"{_NOT_ONLY_NOW}|"
    r"(?:remove|delete|take) (?:me|us|my (?:number|name|info|contact)|this number|our number) "
    r"(?:from|off)\b(?! (?:the |that |your )?(?:waitlist|waiting list|hook|hold|speaker))|"
    r"(?:remove|delete) (?:me|my number|this number)$|"
    r"^(?:please )?no more (?:texts?|messages?|sms)|"
    r"(?:want|send|get|receive)(?: me| us)? no more (?:texts?|messages?|sms)|"
    r"(?:do not|don t|dont) (?:want|wish|need) (?:to (?:get|receive) )?(?:any |any more |more |"
    r"these |your )*(?:texts|messages|sms)\b|"
    r"revoke (?:my |all )?(?:consent|permission)|"
    r"leave (?:me|us) alone|lose (?:my|this) number"
    r")"
)
# A refusal of calls, from somebody who does not ask for texts in their place.
_CALLS = re.compile(
    rf"\b(?:{_NOT_MEANT}stop (?:calling|phoning)|"
    rf"(?:do not|don t|dont|never) (?:ever )?(?:call|phone|ring)(?: to)? {_ME}\b{_NOT_ONLY_NOW})"
)
_TEXTS_WANTED = re.compile(
    r"\b(?:(?:text|message|sms)(?:ing)? (?:me|us|instead|only|is|works|would)|"
    r"(?:just|only|please|rather|by|via|can|could) (?:text|message|sms))\b"
)


# A text message is shorter; whatever is longer says what it wants at its beginning.
_LONGEST = 2_000


def is_opt_out(text: str) -> bool:
    """Say whether the sender of this text asks not to be written to again.

    A word of refusal counts alone or with nothing but politeness around it ("STOP PLEASE"), or,
    where it can mean nothing else, as a clause of its own ("Stop. Not interested."); a phrase
    counts anywhere ("please stop texting me"). "Stop by at 3" is none of these.
    """
    text = text[:_LONGEST]
    plain = _plain(text)
    if not plain:
        return False
    return (
        _core(plain) in _WORDS
        or any(_core(_plain(clause)) in _UNMISTAKABLE for clause in _clauses(text))
        or bool(_PHRASES.search(plain))
        or bool(_CALLS.search(plain) and not _TEXTS_WANTED.search(plain))
    )


def _core(plain: str) -> str:
    """Return the text without politeness around it, and a repeated word once."""
    padded = _PADDED.match(plain)
    core = padded["word"] if padded else plain
    repeated = _REPEATED.match(core)
    return repeated["word"] if repeated else core


def _clauses(text: str) -> list[str]:
    return re.split(r"[.,;:!?\n\r()\u2013\u2014]+|\s-+\s", unicodedata.normalize("NFKC", text))


def _plain(text: str) -> str:
    """Fold case and width, and turn everything but letters and digits into single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    seen = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return " ".join(re.sub(r"[^\w]+|_", " ", seen).split())
