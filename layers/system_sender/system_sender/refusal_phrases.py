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
        *("optout", "opt out", "remove me", "remove us", "take me off", "take us off"),
        # The last are French: carriers in Canada name them, too.
        *("cease and desist", "arret", "arrêt"),
    )
)
# The ones that count as the subject of an e-mail with nothing in it, which is what the
# unsubscribe buttons of mail programs make of a List-Unsubscribe header.
SUBJECTS = UNMISTAKABLE | {"unsub", "unsubscribe me", "opt me out"}

# What politeness, impatience and a lack of interest put around such a word without changing it.
PADDING = (
    r"(?:please|pls|plz|kindly|now|already|immediately|thanks|thank you|thx|ty|ok|okay|no|yes|hi|"
    r"hello|hey|just|sorry|sir|maam|bro|dude|mate|guys|and|again|hereby|i (?:already )?said|"
    r"right now|at once|asap|for the (?:last|final|second|third) time|"
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
# "I don't text" is a habit, and "if you don't text me" wants the contrary.
HABITUAL = r"\b(?:i|we|they|if you|when you) $"
# "If you don't want any more texts" is what we write.
SAID_TO_THEM = r"\byou $"

_NUMBER = r"(?:(?:cell|mobile|phone|telephone|cellphone) ){0,2}number"
_MY_NUMBER = rf"(?:my|our|this) {_NUMBER}"
_ME = rf"(?:me|us|this (?:{_NUMBER}|email|address|inbox)|again|anymore|any more)"
_TO_ME = rf"(?:(?: to)? {_ME}\b)"
_WRITE = r"(?:text|txt|message|msg|contact|write|sms|email|mail|dm|ping|reach out)"
_CALL = r"(?:call|phone|ring)"
_WRITE_OR_CALL = rf"(?:{_WRITE}|{_CALL})"
# "Don't text me before nine" asks for another time, not for silence, and so does "don't text me
# or call me before nine".
_OR_CALL_ME = rf"(?: n?or {_WRITE_OR_CALL}{_TO_ME}?)*+"
_NOT_ONLY_NOW = (
    r"(?! (?:before|until|till|while|during|between|yet|unless|when|today|tomorrow|tonight|"
    r"at (?:\d|work|night|noon|home)|after (?:\d|hours|work|midnight)|so (?:late|early)|"
    r"too (?:late|early)|late|early|off|that|sir|"
    r"on (?:the weekend|weekends|(?:mon|tue|wed|thu|fri|sat|sun)\w*)|"
    r"this (?:week|month|morning|afternoon|evening)|"
    r"(?:the|a|an|your) (?:docs?|documents?|files?|contract|invoice|quote|link|pdf|report))\b)"
)
# "Opt out of the insurance" and "unsubscribe me from the old plan" are about something else.
_THINGS = r"(?:texts?|txts?|messages?|msgs?|sms|emails?|mails?|dms?|inmails?)"
_OURS = rf"(?:{_THINGS}|(?:\w+ )?lists?|communications?|marketing|campaign)"
_NOT_OF_SOMETHING = rf"(?! (?:of|from) (?:the|my|our|that) (?!{_OURS}))"
_THE = r"(?:this|these|those|all|your|the|any|my|our|sending)"
_LISTS = rf"(?:(?:{_THE}|future|further|mailing) )*(?:\w+ )?(?:lists?|mailings?|{_THINGS})"
_CALLING = r"(?:calling|phoning)"
_WRITING = (
    r"(?:texting|txting|messaging|msging|contacting|writing|spamming|bothering|harassing|"
    r"pestering|emailing|mailing|inmailing|dming|pinging|reaching out|following up|soliciting)"
)
_DO_NOT = r"(?:do not|don t|dont|never)(?: ever)?"
_NEVER = rf"(?:{_DO_NOT}|no longer(?: ever)?)"

# What refuses anywhere in a text, unless NEGATED stands before it,
UNLESS_NEGATED = (
    rf"unsubscribe (?:me|us)\b{_NOT_OF_SOMETHING}|"
    rf"(?:remove|delete|take) (?:me|us|{_MY_NUMBER}|my (?:name|info|contact|email|"
    r"address|email address)|this (?:email|address|email address)) "
    r"(?:from|off)\b(?! (?:the |that |your )?(?:waitlist|waiting list|hook|hold|speaker))|"
    rf"(?:remove|delete) (?:me|us|{_MY_NUMBER})$|"
    rf"(?:be|get) (?:removed|taken|unsubscribed) (?:from|off) (?:of )?{_LISTS}\b|"
    rf"(?:exclude|drop) (?:me|us) from {_LISTS}\b|"
    r"(?:revok(?:e|ing)|withdraw(?:ing)?) (?:my |all |our |any )?(?:prior )?(?:consent|permission)"
)
# unless TOLD does,
UNLESS_TOLD = (
    rf"opt(?:ing|ed)? ?(?:me |us |{_MY_NUMBER} )?out\b{_NOT_OF_SOMETHING}|"
    rf"(?:stop|quit|cease) (?:with )?(?:{_WRITING}|"
    rf"sending (?:out )?(?:me|us|these|this|those|any|more|{_THINGS}))|"
    rf"(?:stop|end|cancel|quit) (?:with )?(?:(?:{_THE} )?(?:texts?|txts?|(?:text )?messages|msgs|"
    rf"sms|emails|mails)|{_THE} spam)\b(?! (?:board|app|thread)\b)|"
    rf"(?:stop|quit) (?:receiving|getting) (?:(?:any|all|more|these|those|your|the) )*{_THINGS}\b|"
    r"(?:stop|quit) (?:receiving|getting) (?:these|those|this)$"
)
# unless it is HABITUAL,
UNLESS_HABITUAL = (
    rf"{_NEVER} {_WRITE}(?:{_TO_ME}|$){_OR_CALL_ME}{_NOT_ONLY_NOW}|"
    rf"{_NEVER} send (?:me |us )?(?:any |more |further |these |your )*{_THINGS}\b{_NOT_ONLY_NOW}"
)
# unless it is SAID_TO_THEM,
UNLESS_SAID_TO_THEM = (
    rf"{_NEVER} (?:want|wish|need) (?:to (?:get|receive) )?"
    r"(?:any |more |further |these |your )*"
    r"(?:texts|txts|messages|msgs|sms|emails|mails|(?<=any )email)\b"
    r"(?! to (?:be|get|go|fall|slip)\b)|"
    rf"{_NEVER} (?:want|wish) (?:to be (?:called n?or )?(?:contacted|emailed|texted|messaged)|"
    r"you to (?:call(?: me| us)? n?or )?(?:contact|email|text|txt|message|msg|write)(?: me| us)?+|"
    r"to hear from you)\b"
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
    rf"(?:put|add|place) (?:me|us|{_MY_NUMBER}) (?:on|to|in) (?:your |the |a )?"
    r"(?:(?:do not|don t) (?:call|contact|text|email|disturb)|dnc)\b|"
    rf"(?:want|send|(?:to|please|can i) (?:get|receive))(?: me| us)? no more {_THINGS}\b|"
    r"(?:i|we|ve|have) (?:already )?(?:revoked|withdrew|withdrawn) (?:my|our|all) "
    r"(?:consent|permission)|"
    rf"leave (?:me|us) alone|lose {_MY_NUMBER}"
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

# What refuses as a clause of its own: one of those words or several, "stop or unsubscribe", and
# what says no more than "remove from list".
_A_LIST = (
    r"(?:(?:your|the|this|all) )*(?:(?:contact|call|calling|mailing|marketing|email|text|texting|"
    r"phone|sms) )?lists?"
)
ALONE = (
    rf"(?:{'|'.join(sorted(UNMISTAKABLE))})(?: (?:and |or )?(?:{'|'.join(sorted(WORDS))}))*|"
    rf"(?:remove|delete|take) (?:from|off)(?: of)? {_A_LIST}|"
    rf"(?:remove|delete) {_MY_NUMBER}"
)

# Why somebody says "stop", where it stands in one breath with it: "Stop I have a realtor". But
# "stop I have a question" goes on with the conversation.
_WRONG = r"wrong (?:number|phone|person|guy|man|woman|lady|one|contact|house|family)"
_OF_THEIRS = (
    r"(?:realtor|agent|broker|attorney|lawyer|lender|contractor|provider|vendor|supplier|agency|"
    r"company|firm|one)"
)
_REASONS = (
    r"(?:i|we) (?:already|ve already|have already|no longer|(?:ve |have )?sold|"
    r"(?:never|do not|don t|dont|did not|didn t|didnt) "
    r"(?:want (?:this|these|it|any|your)|need|ask|asked|sign|signed|subscribe|subscribed|consent|"
    r"consented|agree|agreed|give|gave|know (?:you|who))|"
    r"(?:have|got|ve got|have got|found|hired|use|work with|(?:am|m|are|re) working with) "
    rf"(?:an?|my|our|another) (?:\w+ )?{_OF_THEIRS})|"
    rf"you (?:have|got|have got|ve got) (?:the |a )?{_WRONG}|"
    rf"you (?:are|re|keep) (?:{_WRITING}|{_CALLING}|annoying)|"
    rf"(?:this|it) is (?:the |a )?(?:{_WRONG}|harassment|spam)|"
    r"who (?:is|s) this|who are you|or (?:i|we|else)"
)
# What refuses where a clause begins with it; "no more emails from Bob yet" tells what came.
AT_THE_BEGINNING = (
    rf"(?:{PADDING} )*(?:no (?:more|further) (?:{_THINGS}|contact|outreach)\b"
    rf"(?!.*\b(?:yet|so far|came|have|has|since|left)\b)|stop (?:{_REASONS})\b)"
)

# A refusal of calls, alone or in one breath with messages, from somebody who does not ask for
# texts in their place, unless TOLD,
CALLS_UNLESS_TOLD = (
    rf"(?:stop|quit|cease) {_CALLING}"
    rf"(?:{_TO_ME}* (?:and|n?or) (?:{_CALLING}|{_WRITING}))*+{_TO_ME}*"
)
# and unless it is HABITUAL; at the end of a text, "do not call or text" is enough.
_NEITHER = rf"{_DO_NOT} {_WRITE_OR_CALL}(?:{_TO_ME}* n?or {_WRITE_OR_CALL})++"
CALLS_UNLESS_HABITUAL = rf"(?:{_NEITHER}|{_DO_NOT} {_CALL}){_TO_ME}{_OR_CALL_ME}{_NOT_ONLY_NOW}"
CALLS_AT_THE_END = rf"{_NEITHER}$"
# "If you text me again, I'll tell" wants none.
TEXTS_WANTED = (
    r"(?<!\bif you )(?<!\bnot to )"
    r"\b(?:(?:text|txt|message|msg|sms)(?:ing)? (?:me|us|instead|only|is|works|would)|"
    r"(?:just|only|please|rather|by|via|can|could) (?:text|txt|message|msg|sms))\b"
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

# Words of refusal, whatever they are about, and a negation near a verb of writing. Only the visit
# of "stop by" is no word of refusal at all.
DOUBTFUL = (
    r"stop\w*+(?! (?:by|in|over)\b)|unsub|opt(?:ing|ed|s)?(?: \w++)? ?out\b|remov|delet|cease\b|"
    r"desist|arr[eê]t|harass|leave (?:me|us) (?:alone|be|out)\b|lose (?:my|our|this)\b|"
    r"(?:take|taken|get|strike|cross)(?: \w++){1,4} off\b|"
    r"(?:do not|don t|dont|never|no longer|no more|no further|not to|not be|you not|quit)"
    r"(?: \w++){0,5} (?:text|txt|sms|call|phone?|contact|messag?e?|msg|e?mail|writ|dm|reach|hear)"
    r"(?:e|s|ed|d|ing)?\b"
)
