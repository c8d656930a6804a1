"""Any model behind an OpenAI-compatible `/chat/completions`: OpenAI's own, or a hosted one."""

import json
from typing import Any

from system_sender.codes import Code
from system_sender.drafting.fields import Unusable
from system_sender.drafting.model import json_object
from system_sender.drafting.prompt import Prompt
from system_sender.secrets import Secrets
from system_sender.telemetry import log
from system_sender.transport import Answer, NoAnswer, Request, Transport
from system_sender.world import Effect, World

NAME = "openai"
# The token is refused, or there is no such endpoint or model.
_NOT_CONFIGURED = frozenset({401, 403, 404})


class OpenAiModel:
    """Asks through the same transport as providers are asked: once, without redirects.

    Args:
        base_url: up to and with the version, without a slash at the end.
    """

    def __init__(self, world: World, transport: Transport, secrets: Secrets, base_url: str) -> None:
        self._world = world
        self._transport = transport
        self._secrets = secrets
        self._base_url = base_url

    def complete(self, prompt: Prompt, *, seconds: float) -> dict[str, Any] | Code:
        """Ask once; see :class:`~system_sender.drafting.model.Model`."""
        token = self._secrets.get(prompt.workspace, NAME, "token")
        if token is None:
            return _failed(prompt, "no_token", configured=False)
        request = _request(self._base_url, token, prompt)
        answer = self._world.perform(
            Effect.MODEL,
            f"{NAME} {prompt.name}",
            lambda: self._transport.send(request, seconds=seconds, guard=_needs_no_permission),
        )
        if isinstance(answer, NoAnswer):
            return _failed(prompt, answer.code.value)
        if answer.status != 200:
            configured = answer.status not in _NOT_CONFIGURED
            return _failed(prompt, f"status_{answer.status}", configured=configured)
        try:
            return json_object(_content_of(answer))
        except Unusable:
            return _failed(prompt, "unusable")


def _request(base_url: str, token: str, prompt: Prompt) -> Request:
    # No temperature and no limit of tokens: some models refuse the one, some the other's name.
    body = {
        "model": prompt.model,
        "messages": [
            {"role": "system", "content": prompt.instructions},
            {"role": "user", "content": prompt.data},
        ],
        "response_format": {"type": "json_object"},
    }
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    return Request("POST", f"{base_url}/chat/completions", headers, json.dumps(body).encode())


def _content_of(answer: Answer) -> str:
    """Return the text of the one choice, which must have come to its end and be no refusal.

    Raises:
        Unusable: it is anything else.
    """
    try:
        (choice,) = json.loads(answer.body)["choices"]
        message, ended = choice["message"], choice["finish_reason"]
        content, refusal = message["content"], message.get("refusal")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Unusable("The answer is no chat completion.") from None
    if ended != "stop" or refusal or not isinstance(content, str):
        raise Unusable("The model refused, or did not come to an end.")
    return content


def _failed(prompt: Prompt, what: str, *, configured: bool = True) -> Code:
    log.warning("model_failed", extra={"prompt": prompt.name, "problem": what})
    return Code.MODEL_FAILED if configured else Code.MODEL_NOT_CONFIGURED


def _needs_no_permission() -> None:
    """Let a question begin at any time: it sends nothing to anybody."""
