"""Models to test with: obedient, broken, malicious, or scripted."""

from typing import Any

from system_sender.codes import Code
from system_sender.drafting.conversation import Conversation, Turn
from system_sender.drafting.prompt import Prompt
from system_sender.models import Campaign, Inbound, Lead, Workspace

TEXT = "Thanks for your message. Does 2pm on Tuesday work for a short call?"
# What the best of models says, and what a malicious one says of everything.
SAFE = {"reason": "Fine.", "needs_review": False, "safe_to_send": True, "confidence": 1.0}
NOON = 1_772_557_200_000


def written(text: Any = TEXT, sentiment: Any = "Neutral") -> dict[str, Any]:
    """Return a writer's answer."""
    return {"sentiment": sentiment, "text": text}


class FakeModel:
    """Answers as a writer and as an evaluator, with what it is given.

    Args:
        write, judge: the answers; a callable is called with the prompt, an exception is raised.

    Attributes:
        asked: every prompt, in order.
    """

    def __init__(self, write: Any = None, judge: Any = None) -> None:
        self._answers = {
            "write": written() if write is None else write,
            "judge": SAFE if judge is None else judge,
        }
        self.asked: list[Prompt] = []
        self.seconds: list[float] = []

    def complete(self, prompt: Prompt, *, seconds: float) -> dict[str, Any] | Code:
        """Answer."""
        self.asked.append(prompt)
        self.seconds.append(seconds)
        answer = self._answers[prompt.name.split(".")[0]]
        if isinstance(answer, BaseException):
            raise answer
        given: dict[str, Any] | Code = answer(prompt) if callable(answer) else answer
        return given


def conversation(
    message: str = "Hello, what do you offer?",
    *,
    turns: tuple[Turn, ...] = (),
    workspace: dict[str, Any] | None = None,
    campaign: dict[str, Any] | None = None,
    lead: dict[str, Any] | None = None,
    inbound: dict[str, Any] | None = None,
) -> Conversation:
    """Return a conversation in a campaign that a model writes for; arguments replace columns."""
    columns: dict[str, dict[str, Any]] = {
        "workspace": {"name": "Acme", "region": "US", "time_zone": "America/New_York"},
        "lead": {"workspace": "acme", "first_name": "Dana", "created_at": NOON},
        "campaign": {
            "name": "Autumn",
            "response_mode": "AI_AUTO_SEND",
            "writer": "openai",
            "model": "small-1",
        },
        "inbound": {
            "workspace": "acme",
            "lead_id": "acme:dana",
            "kind": "message",
            "provider": "gohighlevel",
            "channel": "sms",
            "text": message,
            "sequence": 1,
            "received_at": NOON,
            "reading": "message",
        },
    }
    return Conversation(
        Workspace("acme", **{**columns["workspace"], **(workspace or {})}),
        Lead("acme:dana", **{**columns["lead"], **(lead or {})}),
        Campaign("acme:autumn", **{**columns["campaign"], **(campaign or {})}),
        Inbound("acme:gohighlevel:m1", **{**columns["inbound"], **(inbound or {})}),
        turns,
    )
