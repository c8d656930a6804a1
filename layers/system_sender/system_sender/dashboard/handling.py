"""One call: who it is from, whether it can be read, what it does, and the answer."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestValidationError,
)

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.dashboard.api import PREFIX, api
from system_sender.dashboard.caller import Caller
from system_sender.dashboard.refusal import Refused
from system_sender.drafts import DraftRefused
from system_sender.store import StorageError
from system_sender.telemetry import emit_failure, log

if TYPE_CHECKING:
    from system_sender.system import System

# The longest text in JSON's longest spelling, and room for the rest.
LARGEST_BODY = 256 * 1024
_JSON = "application/json"
_COME_AGAIN_SECONDS = "5"
_METHOD_NOT_ALLOWED = 405


def handle(
    system: "System", event: Mapping[str, Any], context: Any, budget: Budget
) -> dict[str, Any]:
    """Answer one REST API proxy event. Every answer is JSON, whatever comes in."""
    try:
        caller = Caller.of_event(event)
        readable = _readable(event)
    except Refused as refused:
        log.warning("dashboard_refused", extra={"code": refused.code.value})
        return _proxy(_problem(refused))
    api.context.update(system=system, caller=caller, budget=budget)
    answer: dict[str, Any] = api.resolve(readable, context)
    fields = {
        "workspace": caller.workspace,
        # Only an operation's own name: a stranger's path could hold anything.
        "operation": _operation(event) if _methods_of(readable["path"]) else None,
        "method": event.get("httpMethod"),
        "status": answer["statusCode"],
    }
    log.info("dashboard_answered", extra=fields)
    return answer


# --- reading --------------------------------------------------------------------------------------


def _readable(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with its path as the routes are written and its body as JSON text.

    A custom domain may put something in front of a path; what the route caught is the same.
    """
    workspace = event["pathParameters"]["workspace"]
    return {
        **event,
        "path": PREFIX.replace("<workspace>", workspace) + f"/{_operation(event)}",
        "body": _json_text(event),
        "isBase64Encoded": False,
    }


def _operation(event: Mapping[str, Any]) -> str:
    return str((event.get("pathParameters") or {}).get("proxy") or "").strip("/")


def _json_text(event: Mapping[str, Any]) -> str | None:
    """Return the body, where there is one."""
    if not event.get("body"):
        return None
    if _media_type(event) != _JSON:
        raise Refused(Code.NOT_JSON_TYPE)
    try:
        body = _body(event)
        if len(body) > LARGEST_BODY:
            raise Refused(Code.BODY_TOO_LARGE)
        text = body.decode()
        json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused(Code.BODY_NOT_JSON) from None
    return text


def _body(event: Mapping[str, Any]) -> bytes:
    """Return the bytes that were sent: API Gateway hands them over in base64 or as they are."""
    written = str(event["body"])
    if event.get("isBase64Encoded"):
        return base64.b64decode(written, validate=True)
    return written.encode()


def _media_type(event: Mapping[str, Any]) -> str:
    """Return what the body says it is; without a word it is what it must be."""
    headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
    return headers.get("content-type", _JSON).partition(";")[0].strip().lower()


def _no_number(written: str) -> float:
    raise ValueError(f"{written} is not JSON.")


# --- answering ------------------------------------------------------------------------------------


def _problem(refused: Refused, status: int | None = None) -> Response[str]:
    problem = {"code": refused.code.value, "message": refused.code.sentence}
    body = {**problem, "detail": list(refused.detail)}
    status = status or refused.status
    headers = {"Retry-After": _COME_AGAIN_SECONDS} if status == 503 else {}
    return Response(status, content_type=_JSON, body=json.dumps(body), headers=headers)


def _proxy(response: Response[str]) -> dict[str, Any]:
    """Return an answer that no route has made as the REST API wants it."""
    return {
        "statusCode": response.status_code,
        "multiValueHeaders": {"Content-Type": [_JSON]},
        "body": response.body,
        "isBase64Encoded": False,
    }


def _refused(refused: Refused) -> Response[str]:
    return _problem(refused)


def _draft_refused(refused: DraftRefused) -> Response[str]:
    return _problem(Refused(refused.code))


def _storage_error(error: StorageError) -> Response[str]:
    log.error("dashboard_not_stored", extra={"error": type(error).__name__})
    return _problem(Refused(Code.TRY_AGAIN))


def _invalid(error: RequestValidationError) -> Response[str]:
    if any(one["loc"][:1] == ("response",) for one in error.errors()):
        return _unexpected(error)
    return _problem(Refused(Code.BODY_WRONG, *map(_sentence, error.errors())))


def _not_found(_: NotFoundError) -> Response[str]:
    allowed = _methods_of(api.current_event.path)
    if not allowed:
        return _problem(Refused(Code.ROUTE_NOT_FOUND))
    response = _problem(Refused(Code.ROUTE_NOT_FOUND), _METHOD_NOT_ALLOWED)
    response.headers["Allow"] = ", ".join(allowed)
    return response


def _unexpected(error: Exception) -> Response[str]:
    # Only the type: the text of an exception may hold what was being sent.
    log.error("dashboard_failed_unexpectedly", extra={"error": type(error).__name__})
    emit_failure()
    return _problem(Refused(Code.CALL_FAILED))


def _methods_of(path: str) -> list[str]:
    routes: Iterable[Any] = (*api._static_routes, *api._dynamic_routes)
    return sorted(
        {route.method for route in routes if route.rule.match(path)},
    )


def _sentence(error: Mapping[str, Any]) -> str:
    """Say where a value is wrong, and how; never what it was."""
    where = ".".join(str(step) for step in error["loc"] if step not in ("body", "query", "path"))
    return f"{where or 'body'}: {error['msg']}."


_ANSWERS: Mapping[type[Exception], Callable[[Any], Response[str]]] = {
    Refused: _refused,
    DraftRefused: _draft_refused,
    StorageError: _storage_error,
    RequestValidationError: _invalid,
    NotFoundError: _not_found,
    Exception: _unexpected,
}
for _kind, _answer in _ANSWERS.items():
    api.exception_handler(_kind)(_answer)
