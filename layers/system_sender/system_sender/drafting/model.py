"""The one seam below writing and judging: a model that answers in JSON, or says that it cannot."""

import json
from typing import Any, Protocol

from system_sender.codes import Code
from system_sender.drafting.fields import Unusable
from system_sender.drafting.prompt import Prompt
from system_sender.store import StorageError
from system_sender.telemetry import log


class Model(Protocol):
    """Answers a prompt once. Whoever implements it performs the request through the world."""

    def complete(self, prompt: Prompt, *, seconds: float) -> dict[str, Any] | Code:
        """Return the answer's JSON object, not yet validated, or why there is none.

        Args:
            seconds: the total time limit.

        Returns:
            MODEL_FAILED: no answer, or none that can be read. MODEL_NOT_CONFIGURED: the model
            cannot be asked as it is set up.
        """
        ...


def ask(model: Model | None, prompt: Prompt, *, seconds: float) -> dict[str, Any] | Code:
    """Ask a model. However it breaks, the answer is a code: a person decides.

    Raises:
        StorageError: a secret could not be read; asking again later is safe.
    """
    if model is None or not prompt.model:
        return Code.MODEL_NOT_CONFIGURED
    try:
        answer: object = model.complete(prompt, seconds=seconds)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - a model that breaks never stands in a lead's way
        log.error("model_broke", extra={"prompt": prompt.name, "error": type(error).__name__})
        return Code.MODEL_FAILED
    return answer if isinstance(answer, dict | Code) else Code.MODEL_FAILED


def json_object(text: str) -> dict[str, Any]:
    """Read a model's text, which must be one JSON object and nothing else.

    Raises:
        Unusable: it is something else, says one thing twice, or has a number that is none.
    """
    try:
        value = json.loads(text, object_pairs_hook=_said_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unusable("The answer is no JSON object.") from None
    if not isinstance(value, dict):
        raise Unusable("The answer is no JSON object.")
    return value


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; one that says the same thing twice contradicts itself."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field is there twice")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
