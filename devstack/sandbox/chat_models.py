"""Models behind an OpenAI-compatible ``/v1/chat/completions``, which answer as they are told.

Untold, they are what one hopes for: they write a plain reply, and find it safe. A request with
tools is answered by a call of the first of them, as local runtimes do.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from threading import RLock
from typing import Any

from devstack.sandbox.wire import Break, Broken, Request, Response, json_response

PATH = "/v1/chat/completions"


class ChatKind(StrEnum):
    """How a model answers."""

    ANSWER = "answer"
    """With ``content``: an object as JSON, or a text as it is."""
    REFUSAL = "refusal"
    """It refuses, in the field that is there for it; ``content`` stands beside that."""
    TRUNCATED = "truncated"
    """It ends in the middle, at its limit of tokens."""
    FILTERED = "filtered"
    """A filter takes its answer away."""
    STATUS = "status"
    """An HTTP error, ``status``."""
    MALFORMED = "malformed"
    """HTTP 200 with something that is no chat completion."""
    STALL = "stall"
    """Silence for ``seconds``, then the ordinary answer."""
    DRIP = "drip"
    """The answer's bytes come one by one over ``seconds``."""
    RESET = "reset"
    """The connection is reset."""
    REDIRECT = "redirect"
    """A redirect to this same server."""


@dataclass(frozen=True)
class ChatAnswer:
    """One answer that is planned.

    Attributes:
        kind: how.
        content: what; ``None``: what one hopes for.
        about: only for requests with this text in them; ``None``: any.
        times: how many requests get it; ``None``: all, until it is forgotten.
        status: of an HTTP error.
        seconds: how long a stall or a drip lasts.
    """

    kind: ChatKind = ChatKind.ANSWER
    content: Any = None
    about: str | None = None
    times: int | None = 1
    status: int = 500
    seconds: float = 60.0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ChatAnswer":
        """Reads an answer from JSON fields; raises ``ValueError`` on an unknown kind."""
        return cls(**{**values, "kind": ChatKind(values.get("kind", ChatKind.ANSWER))})

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON-ready fields."""
        return asdict(self)


class ChatModels:
    """Every model there is; ``tokens`` are those that are let in, ``None``: any."""

    def __init__(self) -> None:
        self.tokens: set[str] | None = None
        self._lock = RLock()
        self._plan: list[ChatAnswer] = []
        self._asked: list[dict[str, Any]] = []

    def serves(self, request: Request) -> bool:
        """Whether the path is the one that models answer at."""
        return request.path == PATH

    def handle(self, request: Request) -> Response | Broken:
        """Answers, as a model would or as was planned."""
        try:
            body = json.loads(request.body)
            (*_, question) = [message["content"] for message in body["messages"]]
        except (ValueError, TypeError, KeyError):
            return _error(400, "The request is no chat completion.")
        token = request.header("Authorization").removeprefix("Bearer ")
        with self._lock:
            self._asked.append(body)
            if self.tokens is not None and token not in self.tokens:
                return _error(401, "Incorrect API key provided.")
            plan = self._take(json.dumps(body, ensure_ascii=False))
        content = _hoped_for(question) if plan.content is None else plan.content
        return _behave(plan, body, content)

    def plan(self, *answers: ChatAnswer, first: bool = False) -> None:
        """Plans answers, to be given in this order; `first`: before those planned earlier."""
        with self._lock:
            self._plan = [*answers, *self._plan] if first else [*self._plan, *answers]

    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all requests, in order of arrival; never a token."""
        with self._lock:
            return list(self._asked)

    def clear(self) -> None:
        """Forgets what was asked and planned."""
        with self._lock:
            self._plan.clear()
            self._asked.clear()

    def _take(self, said: str) -> ChatAnswer:
        for place, planned in enumerate(self._plan):
            if planned.about is not None and planned.about not in said:
                continue
            if planned.times is not None and planned.times > 1:
                self._plan[place] = replace(planned, times=planned.times - 1)
            elif planned.times is not None:
                del self._plan[place]
            return planned
        return ChatAnswer()


def _hoped_for(question: str) -> dict[str, Any]:
    """What a good model says to a writer's or an evaluator's question."""
    try:
        data = json.loads(question)
    except ValueError:
        data = {}
    if "reply_to_judge" in data:
        return {
            "reason": "It answers what was asked, and promises nothing.",
            "needs_review": False,
            "safe_to_send": True,
            "confidence": 0.97,
        }
    name = (data.get("lead") or {}).get("first_name")
    greeting = f"Hi {name}, thanks" if name else "Thanks"
    text = f"{greeting} for your message. Does 2pm on Tuesday work for a short call?"
    return {"sentiment": "Interested", "text": text}


def _behave(plan: ChatAnswer, body: Mapping[str, Any], content: Any) -> Response | Broken:
    ordinary = _completion(body, content)
    match plan.kind:
        case ChatKind.ANSWER:
            return ordinary
        case ChatKind.STALL:
            return Broken(Break.STALL, False, plan.seconds, lambda: ordinary)
        case ChatKind.DRIP:
            return Broken(Break.DRIP, False, plan.seconds, lambda: ordinary)
        case ChatKind.RESET:
            return Broken(Break.RESET, accepted=False)
        case ChatKind.STATUS:
            return _error(plan.status, "Planned.")
        case ChatKind.REDIRECT:
            return Response(307, {"Location": PATH})
        case _:
            return _say_less(plan, body, content)


def _say_less(plan: ChatAnswer, body: Mapping[str, Any], content: Any) -> Response:
    text = content if isinstance(content, str) else json.dumps(content)
    return {
        ChatKind.REFUSAL: _completion(body, plan.content, refusal="I can't help with that."),
        ChatKind.TRUNCATED: _completion(body, text[: len(text) // 2], ended="length"),
        ChatKind.FILTERED: _completion(body, "", ended="content_filter"),
        ChatKind.MALFORMED: json_response(200, {"object": "chat.completion", "choices": []}),
    }[plan.kind]


def _completion(
    body: Mapping[str, Any], content: Any, *, ended: str = "stop", refusal: str | None = None
) -> Response:
    text = content if isinstance(content, str | None) else json.dumps(content, ensure_ascii=False)
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": refusal}
    if body.get("tools") and isinstance(content, dict):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": text}
        call = {"id": "call_1", "type": "function", "function": function}
        message, ended = {**message, "content": None, "tool_calls": [call]}, "tool_calls"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": ended}
    return json_response(
        200,
        {
            "id": "chatcmpl-sandbox",
            "object": "chat.completion",
            "created": 1_772_557_200,
            "model": body.get("model"),
            "choices": [choice],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
        },
    )


def _error(status: int, message: str) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return json_response(status, {"error": {"message": message, "type": kind, "code": None}})
