"""What people say to a machine, and never to an agency. As `wording.plain` writes it."""

from system_sender.wording import pattern

_RULES = (
    r"(?:rules?|instructions?|prompts?|guidelines?|directives?|programming|constraints?|"
    r"restrictions?|safeguards?|system message)"
)
_WHOSE = (
    r"(?:(?:all|any|of|the|your|these|those|my|our|previous|prior|above|earlier|preceding|every|"
    r"other|system|safety|initial|original|current|existing|and) ){0,6}"
)
_SECRETS = (
    r"(?:(?:all|of|back|the|your|exact|full|whole|initial|original|hidden|secret|system) ){1,6}"
    r"(?:prompts?|instructions|rules|guidelines|api keys?|passwords?|credentials)"
)

_PHRASES = (
    # It is told to forget what it was told.
    rf"(?:ignore|disregard|forget|override|bypass|overrule) {_WHOSE}{_RULES}",
    r"(?:ignore|disregard|forget) (?:everything|anything|all) (?:above|before|previous|prior|you)",
    r"(?:new|updated) (?:system )?(?:instructions|prompt)",
    r"system (?:prompt|message|override|instructions?)",
    r"developer (?:mode|message)",
    r"prompt injection",
    r"jail ?break(?:ed|ing)?",
    # It is told who it is.
    r"you are (?:now|no longer) (?!(?:booked|confirmed|scheduled|registered|subscribed|connected|"
    r"on|free|able|late|my|in|at|the)\b)\w+",
    r"from now on you",
    r"(?:pretend|imagine) (?:to be|that you|you)",
    r"act as (?:if you|though you|an? (?:ai|assistant|bot|chat ?bot|system|admin\w*|developer|"
    r"expert|different|new|unrestricted|\w*gpt))",
    r"role ?play",
    r"(?:as|you are|youre) an? (?:ai|llm|language model|chat ?bot|assistant)",
    # It is told what to say.
    rf"(?:repeat|print|reveal|output|display|leak) (?:me |us )?{_SECRETS}",
    rf"(?:show|tell|send|give) (?:me |us )?(?:all |of ){{0,2}}your {_SECRETS}",
    r"(?:show|tell|send|give|what is|whats) (?:me |us )?your "
    r"(?:prompts?|instructions|rules|guidelines|api keys?)",
    r"(?:reply|respond|answer|write back)(?: to (?:me|this))? (?:only |exactly |just )?with "
    r"(?:only|exactly|nothing but|the (?:exact )?words?)",
    r"(?:output|print|repeat) (?:exactly|only|the following|verbatim|after me)",
    # It is told how to judge.
    r"safe to send",
    r"(?:set|report|return|rate|output)(?: the| your| a)? confidence",
    r"confidence (?:score |level |of |is |to |as |at )*(?:1|1 0|100|0 9\d*)",
    r"(?:mark|approve|rate|flag|classify|label|treat) (?:this|it|the|my|your)(?: \w+){0,2} (?:as )?"
    r"(?:safe|approved|confident)",
    r"(?:no|without) human (?:review|approval|moderation)",
    r"(?:skip|bypass|avoid) (?:the |any |human )*(?:review|approval|moderation)",
    r"(?:automatically|auto) approve",
    # The first of these in the languages that are met most.
    r"(?:ignora|ignore|olvida|omite)(?: todas?| todos?)? (?:las|tus|sus|los|estas|as|suas|le|tue) "
    r"(?:\w+ ){0,2}(?:instrucciones|reglas|instruções|regras|istruzioni|regole)",
    r"(?:ignorez?|oubliez?)(?: toutes?| tous)? (?:les|tes|vos|ces) (?:\w+ ){0,2}"
    r"(?:instructions|règles|consignes)",
    r"(?:ignorier\w*|vergiss|missachte) (?:\w+ ){0,4}(?:anweisungen|regeln|vorgaben)",
    r"negeer (?:\w+ ){0,4}(?:instructies|regels)",
)

TO_THE_MACHINE = pattern(rf"\b(?:{'|'.join(_PHRASES)})\b")
