"""Asks the deployed function to send one approved draft now."""

import json
import os
from typing import Any

from system_sender.cli.problem import Problem, Trouble, problem_of
from system_sender.world import Effect, World

# The function itself may take two minutes; asking twice would do no harm, but say nothing new.
_ANSWER_SECONDS = 130
_STILL_DUE = "The draft is approved and stays due: it leaves with the next sweep, within a minute."


def function_name() -> str:
    """Return the name of the function that sends what is due."""
    return f"{os.environ['TABLE_PREFIX']}-followup-cron"


def send_now(world: World, draft_id: str) -> dict[str, Any]:
    """Invoke the function with this draft, and return its answer.

    Raises:
        Problem: when it could not be asked or failed; the approval stands either way.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(read_timeout=_ANSWER_SECONDS, retries={"total_max_attempts": 1})
    try:
        client = boto3.client("lambda", config=config)
        body = json.dumps({"draft_id": draft_id}).encode()
        answer = world.perform(
            Effect.INVOKE,
            "send now",
            lambda: client.invoke(FunctionName=function_name(), Payload=body),
        )
        payload = json.loads(answer["Payload"].read())
    except ClientError as error:
        raise _refused(error) from None
    except BotoCoreError as error:
        problem = problem_of(error)
        if problem is None:
            raise Problem(
                Trouble.FUNCTION_FAILED, f"{function_name()} could not be asked. {_STILL_DUE}"
            ) from error
        raise Problem(problem.code, f"{problem.message} {_STILL_DUE}") from None
    except ValueError:
        raise _failed("its answer is not JSON") from None
    if answer.get("FunctionError"):
        raise _failed(str(payload.get("errorType") or answer["FunctionError"]))
    if not isinstance(payload, dict) or "code" not in payload or "sentence" not in payload:
        raise _failed("it answered something else than a result; is it this version?")
    return payload


def _refused(error: Any) -> Problem:
    if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
        return Problem(
            Trouble.FUNCTION_NOT_FOUND,
            f"There is no function {function_name()}; check --stack and the region. {_STILL_DUE}",
        )
    problem = problem_of(error)
    code = problem.code if problem else Trouble.FUNCTION_FAILED
    message = problem.message if problem else f"{function_name()} could not be asked."
    return Problem(code, f"{message} {_STILL_DUE}")


def _failed(why: str) -> Problem:
    return Problem(
        Trouble.FUNCTION_FAILED,
        f"The function {function_name()} failed ({why}); its log group says more. Ask `sender "
        "draft show`: the draft is sent, parked, or still due.",
    )
