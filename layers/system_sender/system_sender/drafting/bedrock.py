"""Amazon Bedrock's models, asked through Converse.

The answer is asked for as the input of a tool, because Bedrock then holds the model to its schema.
With one tool, `any` is that tool, and more models know it than a choice by name.
"""

from threading import Lock
from typing import Any

from system_sender.codes import Code
from system_sender.drafting.prompt import Prompt
from system_sender.telemetry import log
from system_sender.world import Effect, World

_TOOL = "answer"
_MOST_TOKENS = 4_096
_CONNECT_SECONDS = 2.0
# A client has its time limits for life: one for each of these, the longest that still fits.
_READ_SECONDS = (2, 4, 6, 8, 12, 16, 22)

# Who must set something up: rights, the model's name or its access, credentials, the region.
_NOT_CONFIGURED = frozenset(
    {
        "AccessDeniedException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "NoCredentialsError",
        "NoRegionError",
        "ParamValidationError",
    }
)


class BedrockModel:
    """Asks a model of Amazon Bedrock in the function's own region, with the function's own role."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = Lock()
        self._clients: dict[int, Any] = {}

    def complete(self, prompt: Prompt, *, seconds: float) -> dict[str, Any] | Code:
        """Ask once; see :class:`~system_sender.drafting.model.Model`."""
        from botocore.exceptions import BotoCoreError, ClientError

        limits = [limit for limit in _READ_SECONDS if limit + _CONNECT_SECONDS <= seconds]
        if not limits:
            return _failed(prompt, "NoTime")
        try:
            client = self._client(limits[-1])
            answer = self._world.perform(
                Effect.MODEL,
                f"bedrock {prompt.name}",
                lambda: client.converse(**_request(prompt)),
            )
        except ClientError as error:
            # Its text may quote what was asked; its code does not.
            return _failed(prompt, str(error.response.get("Error", {}).get("Code")))
        except BotoCoreError as error:
            return _failed(prompt, type(error).__name__)
        return _input_of(answer) or _failed(prompt, str(answer.get("stopReason")))

    def _client(self, read_seconds: int) -> Any:
        # Imported here because it takes a third of a second, which no template should pay.
        import boto3
        from botocore.config import Config

        with self._lock:
            if read_seconds not in self._clients:
                config = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=read_seconds,
                    retries={"total_max_attempts": 1, "mode": "standard"},
                )
                self._clients[read_seconds] = boto3.client("bedrock-runtime", config=config)
            return self._clients[read_seconds]


def _request(prompt: Prompt) -> dict[str, Any]:
    tool = {
        "name": _TOOL,
        "description": "Takes your whole answer.",
        "inputSchema": {"json": dict(prompt.schema)},
    }
    return {
        "modelId": prompt.model,
        "system": [{"text": prompt.instructions}],
        "messages": [{"role": "user", "content": [{"text": prompt.data}]}],
        "inferenceConfig": {"maxTokens": _MOST_TOKENS},
        "toolConfig": {"tools": [{"toolSpec": tool}], "toolChoice": {"any": {}}},
    }


def _input_of(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Return the one tool input of an answer that came to its end, or None."""
    if answer.get("stopReason") != "tool_use":
        return None
    blocks = answer.get("output", {}).get("message", {}).get("content", [])
    uses = [block["toolUse"] for block in blocks if "toolUse" in block]
    if len(uses) != 1 or uses[0].get("name") != _TOOL or not isinstance(uses[0].get("input"), dict):
        return None
    found: dict[str, Any] = uses[0]["input"]
    return found


def _failed(prompt: Prompt, what: str) -> Code:
    log.warning("model_failed", extra={"prompt": prompt.name, "problem": what})
    return Code.MODEL_NOT_CONFIGURED if what in _NOT_CONFIGURED else Code.MODEL_FAILED
