"""Whether a person must look at a reply before it goes, and how much it is trusted. Pure."""

from dataclasses import dataclass
from typing import Any

from system_sender.classification import may_refuse
from system_sender.codes import Code
from system_sender.drafting.conversation import Conversation
from system_sender.drafting.judging import Judgement
from system_sender.drafting.writing import Written
from system_sender.policy import AI_AUTO_SEND, LONGEST_WAIT

_WANTS_CALL = "wants_call"
_CALL_REQUESTED = "Call Requested"
_NOT_INTERESTED = "Not Interested"
_BLACKLIST = "Blacklist"


@dataclass(frozen=True, slots=True)
class Considered:
    """A reply, and all that is thought of it.

    Attributes:
        written: the code, where nothing could be written.
        blocked: what the fixed rules say; None where they let it pass.
        judgement: the code, where nobody could judge it; None where nobody was asked.
    """

    written: Written | Code
    blocked: Code | None
    judgement: Judgement | Code | None

    @property
    def text(self) -> str:
        """Return the text, empty where there is none."""
        return self.written.text if isinstance(self.written, Written) else ""

    @property
    def confidence(self) -> float:
        """Return 0 to 1: what the evaluator says, and nothing where a rule or a failure stands."""
        judgement = self.judgement
        if self.blocked is not None or not isinstance(judgement, Judgement):
            return 0.0
        if not isinstance(self.written, Written) or self.written.hold is not None:
            return 0.0
        return judgement.confidence

    @property
    def sentiment(self) -> str | None:
        """Return how the message sounds to whoever wrote the reply."""
        return self.written.sentiment if isinstance(self.written, Written) else None


def hold_of(considered: Considered, conversation: Conversation, now: int) -> Code | None:
    """Return why a person must look at the reply before it goes, or None.

    Fixed rules first, then what the lead wants, then models, then the campaign: the code that is
    told is the one that weighs most.

    Args:
        now: epoch milliseconds, UTC.
    """
    written, campaign = considered.written, conversation.campaign
    if isinstance(written, Written) and written.hold is not None:
        return written.hold
    if considered.blocked is not None:
        return considered.blocked
    by_lead = _by_lead(conversation, considered.sentiment)
    if by_lead is not None:
        return by_lead
    by_models = _by_models(considered)
    if by_models is not None:
        return by_models
    if considered.confidence < campaign.confidence_threshold:
        return Code.BELOW_THRESHOLD
    if campaign.response_mode != AI_AUTO_SEND:
        return Code.SETTER_MANAGED
    if now - conversation.inbound.received_at > LONGEST_WAIT:
        # The work was delayed for a day or more: nobody expects a machine's answer any more.
        return Code.WAITED_TOO_LONG
    return None


def _by_lead(conversation: Conversation, heard: str | None) -> Code | None:
    inbound = conversation.inbound
    if inbound.reading == _WANTS_CALL or _CALL_REQUESTED in (inbound.sentiment, heard):
        return Code.WANTS_CALL
    if _BLACKLIST in (inbound.sentiment, heard) or _may_refuse(conversation):
        return Code.SUSPECTED_OPT_OUT
    if _NOT_INTERESTED in (inbound.sentiment, heard):
        return Code.NOT_INTERESTED
    return Code.LEAD_BOOKED if conversation.lead.booked else None


def _may_refuse(conversation: Conversation) -> bool:
    inbound = conversation.inbound
    return may_refuse(conversation.message, channel=inbound.channel, subject=inbound.subject)


def _by_models(considered: Considered) -> Code | None:
    written, judgement = considered.written, considered.judgement
    if isinstance(written, Code):
        return written
    if judgement is None:
        return Code.MODEL_FAILED
    if isinstance(judgement, Code):
        return judgement
    if not judgement.safe_to_send or judgement.needs_review:
        return Code.EVALUATOR_UNSURE
    return None


def record_of(considered: Considered) -> dict[str, Any]:
    """Return what is kept of it with the draft, as plain JSON values."""
    written, judgement = considered.written, considered.judgement
    known = judgement if isinstance(judgement, Judgement) else None
    return {
        "confidence": considered.confidence,
        "safe_to_send": known is not None and known.safe_to_send and considered.blocked is None,
        "needs_review": known is None or known.needs_review or considered.blocked is not None,
        "reason": _reason(considered),
        "writer": written.by if isinstance(written, Written) else None,
        "evaluator": known.by if known is not None else None,
        # The gate, too, lets no machine's draft go that has one.
        "block": considered.blocked.value if considered.blocked is not None else None,
    }


def _reason(considered: Considered) -> str:
    judgement = considered.judgement
    for code in (considered.blocked, considered.written, judgement):
        if isinstance(code, Code):
            return code.sentence
    return judgement.reason if isinstance(judgement, Judgement) else ""
