"""The words that ask not to be written to again, and what only looks like them. Plain.

Everything is as `wording.plain` has it: in lower case, without punctuation, one space between
words, so that "don't" is "don t".
"""

# The words carriers and regulators name, and what people make of them. They opt out as a whole
# message: "cancel Tuesday" is about Tuesday, and "stop by at 3" about a visit.
WORDS = frozenset(
    (
        *("stop", "stopall", "stop all", "stop it", "stop this", "stop everything", "stopp"),
        *("stop 2", "stop2end", "stop to end", "stop to quit", "stop to cancel", "stop spam"),
        *("stop sending", "make it stop", "make this stop", "make them stop", "said stop"),
        *("end", "end all", "end it", "end this", "quit", "quit it", "quit this"),
        *("cancel", "cancel all", "cancel this", "cancel everything"),
        *("revoke", "i revoke", "cease", "cease and desist", "remove"),
        *("unsubscribe", "unsub", "unsubscribed", "unsubscribe all", "unsubscribe this"),
        *("unsuscribe", "unsubcribe", "unsubscibe", "optout", "opt out"),
    )
)
# Of these, the ones that mean nothing else when they stand alone in a clause: "Stop. Not
# interested." But "Cancel. Let's do Wednesday." is about a day.
UNMISTAKABLE = frozenset(
    (
        *("stop", "stopall", "stop all", "unsubscribe", "unsubscribe all", "unsubscribed"),
        *("optout", "opt out", "remove me", "take me off", "cease and desist"),
    )
)
# The ones that count as the subject of an e-mail with nothing in it, which is what the
# unsubscribe buttons of mail programs make of a List-Unsubscribe header.
SUBJECTS = UNMISTAKABLE | {"unsub", "unsubscribe me", "opt me out"}

# What politeness, impatience and a lack of interest put around such a word without changing it.
PADDING = (
    r"(?:please|pls|plz|kindly|now|already|immediately|thanks|thank you|thx|ty|ok|okay|no|yes|hi|"
    r"hello|hey|just|sorry|sir|maam|bro|dude|mate|guys|and|again|hereby|i (?:already )?said|"
    r"(?:can|could|would|will) you|(?:i m|i am|im) asking you to|"
    r"i (?:already |just )?(?:asked|told|want|would like|d like) you to|you need to|"
    r"i (?:want|wish|would like|d like) to|"
    r"(?:(?:i m|im|i am|we re|we are) )?(?:not|no longer) interested|wrong (?:number|person))"
)

# What makes the contrary of a phrase, right before it: "don't remove me".
_NEGATED = (
    r"(?:don t|dont|not|never|didn t|did i|did you|did they|can t|won t|not to|to not|"
    r"don t want to|dont want to|didn t ask you to)"
)
NEGATED = rf"\b{_NEGATED} $"
# Nor do "I'll stop calling" and "we stop texting" refuse anything.
TOLD = rf"\b(?:(?:i|we|ll|i will|we will)|{_NEGATED}) $"
# "I don't text" is a habit.
HABITUAL = r"\b(?:i|we|they) $"
# "If you don't want any more texts" is what we write.
SAID_TO_THEM = r"\byou $"

# "Don't text me before nine" asks for another time, not for silence.
_NOT_ONLY_NOW = (
    r"(?! (?:before|until|till|while|during|between|yet|unless|when|today|tomorrow|tonight|"
    r"at (?:\d|work|night|noon|home)|after (?:\d|hours|work|midnight)|so (?:late|early)|"
    r"too (?:late|early)|late|early|off|that|sir|on (?:the weekend|weekends|mon|tue|wed|thu|fri|"
    r"sat|sun)|this (?:week|month|morning|afternoon|evening)|"
    r"(?:the|a|an|your) (?:docs?|documents?|files?|contract|invoice|quote|link|pdf|report))\b)"
)
# "Opt out of the insurance" and "unsubscribe me from the old plan" are about something else.
_OURS = r"(?:texts?|messages?|sms|emails?|(?:\w+ )?lists?|communications?|marketing|campaign)"
_NOT_OF_SOMETHING = rf"(?! (?:of|from) (?:the|my|our|that) (?!{_OURS}))"
_ME = r"(?:me|us|this (?:number|email|address|inbox)|again|anymore|any more)"
_THINGS = r"(?:texts?|messages?|sms|emails?|mails?|dms?|inmails?)"
_THE = r"(?:this|these|those|all|your|the|any|my|our|sending)"
_LISTS = rf"(?:(?:{_THE}|future|further|mailing) )*(?:\w+ )?(?:lists?|mailings?|{_THINGS})"
_WRITING = (
    r"(?:texting|messaging|contacting|writing|spamming|bothering|harassing|pestering|emailing|"
    r"mailing|inmailing|dming|pinging|reaching out|following up|soliciting)"
)
_NEVER = r"(?:do not|don t|dont|never|no longer)(?: ever)?"

# What refuses anywhere in a text, unless NEGATED stands before it,
UNLESS_NEGATED = (
    rf"unsubscribe (?:me|us)\b{_NOT_OF_SOMETHING}|"
    r"(?:remove|delete|take) (?:me|us|my (?:number|name|info|contact|email|"
    r"address|email address)|this (?:number|email|address|email address)|our number) "
    r"(?:from|off)\b(?! (?:the |that |your )?(?:waitlist|waiting list|hook|hold|speaker))|"
    r"(?:remove|delete) (?:me|my number|this number)$|"
    rf"(?:be|get) (?:removed|taken|unsubscribed) (?:from|off) (?:of )?{_LISTS}\b|"
    rf"(?:exclude|drop) (?:me|us) from {_LISTS}\b|"
    r"(?:revok(?:e|ing)|withdraw(?:ing)?) (?:my |all |our |any )?(?:prior )?(?:consent|permission)"
)
# unless TOLD does,
UNLESS_TOLD = (
    rf"opt(?:ing|ed)? ?(?:me |us |this number )?out\b{_NOT_OF_SOMETHING}|"
    rf"(?:stop|quit|cease) (?:with )?(?:{_WRITING}|"
    rf"sending (?:out )?(?:me|us|these|this|those|any|more|{_THINGS}))|"
    rf"(?:stop|end|cancel|quit) (?:with )?(?:(?:{_THE} )?(?:texts?|messages|text messages|sms|"
    rf"emails|mails)|{_THE} spam)\b(?! (?:board|app|thread)\b)|"
    rf"(?:stop|quit) (?:receiving|getting) (?:(?:any|all|more|these|those|your|the) )*{_THINGS}\b|"
    r"(?:stop|quit) (?:receiving|getting) (?:these|those|this)$"
)
# unless it is HABITUAL,
UNLESS_HABITUAL = (
    rf"{_NEVER} (?:text|message|contact|write|sms|email|mail|dm|ping|reach out)"
    rf"(?:(?: to)? {_ME}\b|$){_NOT_ONLY_NOW}|"
    rf"{_NEVER} send (?:me |us )?(?:any |more |further |these |your )*{_THINGS}\b{_NOT_ONLY_NOW}"
)
# unless it is SAID_TO_THEM,
UNLESS_SAID_TO_THEM = (
    rf"{_NEVER} (?:want|wish|need) (?:to (?:get|receive) )?"
    r"(?:any |more |further |these |your )*(?:texts|messages|sms|emails|mails|(?<=any )email)\b"
    r"(?! to (?:be|get|go|fall|slip)\b)|"
    rf"{_NEVER} (?:want|wish) (?:to be (?:contacted|emailed|texted|messaged)|"
    r"you to (?:contact|email|text|message|write)(?: me| us)?+|to hear from you)\b"
    rf"{_NOT_ONLY_NOW}(?! by (?:phone|telephone)\b)"
)
# and whatever stands before it.
IN_ANY_CASE = (
    r"unsubscribe (?:from|please|now)|"
    r"(?<!\bdon t want )(?<!\bdont want )(?<!\bnot )(?:to|please|me|do i|can i) unsubscribe\b|"
    r"please stop (?=(?:i|im|not|no|wrong)\b)|stopall|"
    rf"(?:refrain|desist) from (?:{_WRITING}|calling|sending)|"
    r"how (?:do|can|could|would) (?:i|we) (?:stop|end|cancel|quit) (?:receiving |getting )?"
    rf"(?:{_THE} )?{_THINGS}\b|"
    r"get me off (?:of )?(?:this|your|the) (?:\w+ )?(?:list|thread|chain)\b|"
    r"(?:put|add|place) (?:me|us|my number|this number) (?:on|to|in) (?:your |the |a )?"
    r"(?:(?:do not|don t) (?:call|contact|text|email|disturb)|dnc)\b|"
    rf"(?:want|send|(?:to|please|can i) (?:get|receive))(?: me| us)? no more {_THINGS}\b|"
    r"(?:i|we|ve|have) (?:already )?(?:revoked|withdrew|withdrawn) (?:my|our|all) "
    r"(?:consent|permission)|"
    r"leave (?:me|us) alone|lose (?:my|this) number"
)

# What refuses where a clause ends with it, unless NEGATED stands before it: "end this
# conversation", but not "end this conversation with a handshake".
AT_THE_END = (
    r"(?:(?:cancel|end|stop|quit) (?:my|this|the|our) subscription"
    rf"(?: (?:to|for|from) (?:{_THE} )?(?:\w+ )?(?:lists?|newsletter|updates|alerts|{_THINGS}))?|"
    rf"(?:stop|end|quit|cease) (?:with )?(?:{_THE} )?(?:conversation|thread|"
    r"communications?|correspondence|outreach|contact)(?: with (?:me|us))?|"
    rf"to be (?:removed|unsubscribed)|{_NEVER} send (?:me |us )?(?:any ?more|these|those))$"
)

# A clause of its own; "no more emails from Bob yet" tells what came.
NO_MORE = (
    rf"(?:{PADDING} )*no (?:more|further) (?:{_THINGS}|contact|outreach)\b"
    r"(?!.*\b(?:yet|so far|came|have|has|since|left)\b)"
)

# A refusal of calls, from somebody who does not ask for texts in their place, unless TOLD,
CALLS_UNLESS_TOLD = r"stop (?:calling|phoning)"
# and in any case.
CALLS = rf"(?:do not|don t|dont|never) (?:ever )?(?:call|phone|ring)(?: to)? {_ME}\b{_NOT_ONLY_NOW}"
TEXTS_WANTED = (
    r"\b(?:(?:text|message|sms)(?:ing)? (?:me|us|instead|only|is|works|would)|"
    r"(?:just|only|please|rather|by|via|can|could) (?:text|message|sms))\b"
)
# In a text message, "email me instead" is no wish for texts.
EMAILS_WANTED = (
    r"\b(?:email(?:ing)? (?:me|us|instead|only|is|works|would)|"
    r"(?:just|only|please|rather|by|via|can|could) email)\b"
)

# What mail programs write into the e-mail that their unsubscribe button sends: Gmail, and
# Apple's, which adds a subject.
WRITTEN_BY_MAIL_PROGRAM = (
    r"(?:this message was automatically generated by gmail$|"
    r"apple mail sent this email to unsubscribe\b)"
)
