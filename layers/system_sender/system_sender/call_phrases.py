"""The words that ask for a call, and what only looks like them. Plain.

Everything is as `wording.plain` has it: in lower case, without punctuation, one space between
words, so that "don't" is "don t".
"""

# "Call me at three", but not "call me Dana" or "call me a taxi".
_WHEN = (
    r"(?=$| (?:at|on|to|in|by|via|back|now|asap|please|pls|thanks|thank|tomorrow|today|tonight|"
    r"later|when|whenever|any|anytime|after|afterwards|before|between|around|about|if|instead|"
    r"this|next|first|early|sometime|soon|directly|and|or|so|for|re|regarding|from|mon\w*|"
    r"tue\w*|wed\w*|thu\w*|fri\w*|sat|saturday|sun|sunday|\d)\b)"
)
_KIND = r"(?:(?:a|quick|short|brief|phone|telephone|little|\d+|minute|min|intro\w*) ){0,4}"
_CALL = r"(?:call|phone call|phone|telephone|ring)"
_SOMEBODY = r"(?:you|someone|somebody|anyone|he|she|they)"

ASKED = (
    rf"(?:call|phone|ring|dial|telephone) (?:me|us){_WHEN}|"
    rf"(?:give|gimme) (?:(?:me|us) )?(?:a )?(?:quick |short )?(?:call|ring|buzz|bell){_WHEN}|"
    r"(?:call|phone|ring|dial) (?:(?:me|us) )?(?:(?:on|at) )?(?:my|our|the) "
    r"(?:cell|mobile|office|phone|number|line|desk|landline)\b|"
    r"(?:call|phone|ring|dial) (?:(?:me|us) )?(?:(?:on|at) )?(?:\+ ?)?\d(?: ?\d){5,14}\b|"
    r"(?:reach|get|catch|try) (?:me|us) (?:\w+ ){0,2}(?:(?:on|at|by) )?(?:my |our )?"
    r"(?:cell|mobile|office line|phone|landline)\b|"
    r"(?:reach|get|catch|try) (?:me|us) (?:\w+ ){0,2}(?:on|at) (?:\+ ?)?\d(?: ?\d){6,14}\b|"
    rf"(?:can|could|would|will) {_SOMEBODY} (?:please )?(?:just )?(?:call|phone|ring)"
    rf"(?: (?:me|us))?{_WHEN}|"
    r"(?:talk|speak|chat|connect|discuss(?: \w+){1,3}|do this|do it)(?: \w+){0,3} "
    r"(?:on|over|by|via) (?:the |a )?(?:phone|telephone)\b|"
    r"(?:can|could|may|shall|should|let s|lets|let us|want to|like to|love to|happy to|glad to|"
    r"prefer to|rather|free to|available to|able to|good to|please|open to) "
    r"(?:(?:we|you|i) )?(?:please )?(?:have|get|do|hop on|jump on|get on|schedule|set up|arrange|"
    rf"book|having|doing|scheduling) {_KIND}call\b|"
    rf"(?:free|available|open|up|time|ready) for {_KIND}call\b|"
    rf"(?:prefer|want|would like|d like|d love|need|request) {_KIND}call\b(?! center)|"
    r"(?:a|phone) call (?:is|would be|works|would work) (?:\w+ )?"
    r"(?:best|better|good|great|fine|easier|perfect|ideal|works|well)\b|"
    r"(?:easier|better|best|quicker|faster) (?:on|over|by) (?:the )?phone\b"
)

# As the beginning of a clause: "Call anytime", "please call back".
ORDERED = (
    r"(?:(?:please|pls|yes|ok|okay|sure|just|then|so|and|hi|hey|hello) ){0,4}call(?: back)?"
    r"(?:$| (?:please|pls|thanks|anytime|any time|now|asap|tomorrow|today|tonight|later|after \d|"
    r"before \d|at \d|whenever|when you)\b)"
)

# What makes the contrary of it, right before it: "don't want you to call me", "don't text or call
# me".
REFUSED = (
    r"(?<!why )\b(?:don t|dont|do not|not|never|stop|no need|no longer|didn t|doesn t|wouldn t|"
    r"shouldn t|can t|cannot|cant|won t|no reason|without|hate|refuse|rather not|nobody|no one)"
    r"(?: (?:ever|please|just|really|even|to|you|for you|want|need|have|like|wish|try|bother|"
    r"you to|anyone|let s|going|be able|able|a|any|have time|do|think|"
    r"(?:text|txt|message|msg|email|mail|contact|write|sms)(?: (?:to )?(?:me|us))? n?or)){0,6} ?$"
)
# And what tells of a call rather than asking for one: "they call me Sam", "he'll call me".
TOLD = (
    r"\b(?:(?:did|does|do) (?:you|anyone|someone|somebody|he|she|they|we)|they|people|friends|"
    r"everyone|everybody|he|she|who|will|ll|would|said you d|you d|before you|after you|"
    r"thanks for (?:\w+ )?|sorry i couldn t) ?$"
)
