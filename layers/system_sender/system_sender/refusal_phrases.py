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
# "I don't text" and "agents don't text me" are habits, "you don't text me" complains, and "if you
# don't text me" wants the contrary. But "thank you don't text me" is two sentences.
HABITUAL = (
    r"\b(?:i|we|they|"
    r"(?<!\bthank )(?<!\bfuck )(?<!\bknow )(?<!\btold )(?<!\basked )(?<!\basking )you|"
    r"who|that|which|people|folks|all|everybody|everyone|nobody|"
    r"(?!(?:thanks|yes|pls|this|us|texts|emails|messages|calls|times)\b)\w+s) $"
)
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
_OR_CALL_ME = rf"(?: n?or {_WRITE_OR_CALL}{_TO_ME}*+)*+"
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
_WRITING_OR_SENDING = (
    rf"(?:with )?(?:{_WRITING}|"
    rf"sending (?:out )?(?:me|us|these|this|those|any|more|{_THINGS}))"
)
_DO_NOT = r"(?:do not|don t|dont)(?: ever)?"
_NEVER = rf"(?:{_DO_NOT}|(?:never|no longer)(?: ever)?)"
# "Quit" is also what somebody did, and "never" what somebody never does.
_QUIT = r"(?:quit|cease)"

_OFF = r"(?:from|off)\b(?! (?:the |that |your )?(?:waitlist|waiting list|hook|hold|speaker))"

# What refuses anywhere in a text, unless NEGATED stands before it,
UNLESS_NEGATED = (
    rf"unsubscribe (?:me|us)\b{_NOT_OF_SOMETHING}|"
    r"(?:remove|delete|take) (?:me|us|my (?:name|info|contact|email|"
    r"address|email address)|this (?:email|address|email address)) "
    rf"{_OFF}|(?:remove|delete) (?:me|us)$|"
    rf"(?:be|get) (?:removed|taken|unsubscribed) (?:from|off) (?:of )?{_LISTS}\b|"
    rf"(?:exclude|drop) (?:me|us) from {_LISTS}\b|"
    r"(?:revok(?:e|ing)|withdraw(?:ing)?) (?:my |all |our |any )?(?:prior )?(?:consent|permission)"
)
# unless TOLD does,
UNLESS_TOLD = (
    rf"opt(?:ing|ed)? ?(?:me |us |{_MY_NUMBER} )?out\b{_NOT_OF_SOMETHING}|"
    rf"stop {_WRITING_OR_SENDING}|"
    rf"(?:stop|end|cancel|quit) (?:with )?(?:(?:{_THE} )?(?:texts?|txts?|(?:text )?messages|msgs|"
    rf"sms|emails|mails)|{_THE} spam)\b(?! (?:board|app|thread)\b)|"
    rf"(?:stop|quit) (?:receiving|getting) (?:(?:any|all|more|these|those|your|the) )*{_THINGS}\b|"
    r"(?:stop|quit) (?:receiving|getting) (?:these|those|this)$"
)
# unless it is HABITUAL,
UNLESS_HABITUAL = (
    rf"(?:{_DO_NOT}|no longer(?: ever)?) {_WRITE}(?:{_TO_ME}|$){_OR_CALL_ME}{_NOT_ONLY_NOW}|"
    rf"{_NEVER} send (?:me |us )?(?:any |more |further |these |your )*{_THINGS}\b{_NOT_ONLY_NOW}"
)
# unless it is SAID_TO_THEM,
UNLESS_SAID_TO_THEM = (
    rf"{_NEVER} (?:want|wish|need) (?:to (?:get|receive) )?"
    r"(?:any |more |further |these |your )*"
    r"(?:texts|txts|messages|msgs|sms|emails|mails|(?<=any )email)\b"
    r"(?! to (?:be|get|go|fall|slip)\b)|"
    rf"{_NEVER} (?:want|wish) (?:to be (?:called n?or )?(?:contacted|emailed|texted|messaged)|"
    r"you to (?:call(?: me| us)? n?or )?(?:contact|email|text|txt|message|msg|write)"
    # "I don't want you to text my boss" is about the boss.
    rf"(?:{_TO_ME}++|(?= (?:at all|ever)\b)|$)|to hear from you)\b"
    rf"{_NOT_ONLY_NOW}(?! by (?:phone|telephone)\b)"
)
# and whatever stands before it.
IN_ANY_CASE = (
    r"unsubscribe (?:from|please|now)|"
    r"(?<!\bdon t want )(?<!\bdont want )(?<!\bnot )(?:to|please|me|do i|can i) unsubscribe\b|"
    r"please stop (?=(?:(?:i m|i am|im) not|not|no|wrong)\b)|stopall|"
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

# The number that is to be removed, unless NEGATED stands before it; as a clause of its own, too.
NUMBER_OFF = rf"(?:remove|delete|take) {_MY_NUMBER} {_OFF}|(?:remove|delete) {_MY_NUMBER}$"
NUMBER_ALONE = rf"(?:remove|delete) {_MY_NUMBER}"
# "Use 555 0100" wants what we write, at another number.
OTHER_NUMBER = (
    r"\b(?:(?:use|new|instead|replace|update|change|changed|switch|better|other|another)\b|"
    r"(?:is|s|at|on|to) \d{3})"
)

# What refuses as an order: where a clause begins with it or with another ("e-mail me and do not
# call or text me"), or after ORDERING. "My realtor quit
# texting me" and "they never text me" order nothing.
ORDERS = (
    rf"{_QUIT} {_WRITING_OR_SENDING}|"
    rf"never(?: ever)? {_WRITE}(?:{_TO_ME}|$){_OR_CALL_ME}{_NOT_ONLY_NOW}"
)
ANOTHER_ORDER = r"(?:\w+ (?:me|us) and )"
ORDERING = (
    r"(?:please|pls|plz|kindly|you (?:must|should|need to|have to|better)|demand (?:that )?you|"
    r"(?:i|we|ve|have|m|am|re|are) (?:already |just |really )?(?:asked|told|asking|telling|want|"
    r"need) you (?:(?!not\b)\w+ ){0,2}to)"
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
    rf"(?:remove|delete|take) (?:from|off)(?: of)? {_A_LIST}"
)

# What refuses where a clause begins with it; "no more emails from Bob yet" tells what came.
AT_THE_BEGINNING = (
    rf"(?:{PADDING} )*no (?:more|further) (?:{_THINGS}|contact|outreach)\b"
    r"(?!.*\b(?:yet|so far|came|have|has|since|left)\b)"
)

# "Stop" and why, in one breath: "Stop I have a realtor". It refuses as a clause of its own among
# ASIDES: "stop I have a question" goes on with the conversation, and so does "stop we have an
# agent but I'd love to hear more".
_WRONG = r"wrong (?:number|phone|person|guy|man|woman|lady|one|contact|house|family)"
_OF_THEIRS = (
    r"(?:(?:an?|my|our|another) (?:\w+ )?(?:realtor|agent|broker|attorney|lawyer|lender|contractor|"
    r"provider|vendor|supplier)|another (?:agency|company|firm|one))"
)
_A_FEW_WORDS = r"(?: (?!(?:but|so|though|and|or|if|unless|just|yes)\b)\w+){0,3}"
_REASONS = (
    rf"(?:i|we) (?:ve |have )?(?:already )?(?:have|got|found|hired|use|work with|"
    rf"(?:am|m|are|re) working with) {_OF_THEIRS}|"
    r"(?:i|we) (?:ve |have )?already (?:have|got|found|hired) one|"
    r"(?:i|we) (?:ve |have )?(?:already )?(?:(?:told|said)(?: you)? (?:no|not|to stop)|"
    r"no longer (?:own|need|want|live)|sold|"
    r"(?:never|do not|don t|dont|did not|didn t|didnt) "
    r"(?:want (?:this|these|it|any|your)|need|ask|asked|sign|signed|subscribe|subscribed|consent|"
    rf"consented|agree|agreed|give|gave|know (?:you|who))){_A_FEW_WORDS}|"
    rf"you (?:have|got|have got|ve got) (?:the |a )?{_WRONG}|"
    rf"you (?:are|re|keep) (?:{_WRITING}|{_CALLING}|annoying){_A_FEW_WORDS}|"
    rf"(?:this|it) is (?:the |a )?(?:{_WRONG}|harassment|spam)|"
    r"who (?:is|s) this|who are you|or (?:i|we) (?:ll|will) (?:report|block|sue) you"
)
STOP_AND_WHY = rf"(?:{PADDING} )*stop (?:{_REASONS})(?: {PADDING})*"
# Politeness, and a name.
ASIDES = rf"(?:{PADDING} )*+(?:{PADDING}|\w+)(?: {PADDING})*+"

# A refusal of calls, alone or in one breath with messages, from somebody who does not ask for
# texts in their place, unless TOLD,
_AND_WRITING = rf"(?:{_TO_ME}* (?:and|n?or) (?:{_CALLING}|{_WRITING}))*+"
CALLS_UNLESS_TOLD = (
    rf"stop {_CALLING}{_AND_WRITING}{_TO_ME}*+{_NOT_ONLY_NOW}(?! (?:it|him|her|them)\b)"
)
# unless it is HABITUAL,
CALLS_UNLESS_HABITUAL = rf"{_DO_NOT} {_CALL}{_TO_ME}++{_OR_CALL_ME}{_NOT_ONLY_NOW}"
# and as an order; at the end of a text, "do not call or text" is enough.
_NEITHER = rf"(?:{_DO_NOT}|never(?: ever)?) {_WRITE_OR_CALL}(?:{_TO_ME}* n?or {_WRITE_OR_CALL})++"
CALLS_ORDERS = (
    rf"{_QUIT} {_CALLING}{_AND_WRITING}(?:{_TO_ME}++{_NOT_ONLY_NOW}|(?: {PADDING})*$)|"
    rf"(?:{_NEITHER}|never(?: ever)? {_CALL}){_TO_ME}++{_OR_CALL_ME}{_NOT_ONLY_NOW}"
)
CALLS_AT_THE_END = rf"{_NEITHER}(?: {PADDING})*$"
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
    r"(?: \w++){0,5} (?:text|txt|sms|call|phone?|ring|contact|messag?e?|msg|e?mail|writ|dm|"
    r"reach|hear)(?:e|s|ed|d|ing)?\b"
)
