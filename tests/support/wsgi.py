"""The dashboards' API as a WSGI application: each request becomes what API Gateway hands over."""

import base64
from collections.abc import Callable, Iterable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from system_sender.budget import Budget
from system_sender.dashboard.handling import handle
from system_sender.system import System
from tests.support.dashboard import ARN

# What API Gateway would let in, and tell the function whose it is.
AUTHORIZATION = "Bearer of-tests"

StartResponse = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def application(system: Callable[[], System]) -> Application:
    """Return the application; `system` is called for each request."""

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        event = event_of(environ)
        now = system()
        context = SimpleNamespace(aws_request_id="request", function_name="dashboard-api")
        response = handle(now, event, context, Budget.of_seconds(now.world, 28))
        status = HTTPStatus(response["statusCode"])
        headers = [(k, v) for k, values in response["multiValueHeaders"].items() for v in values]
        start_response(f"{status.value} {status.phrase}", headers)
        return [response["body"].encode()]

    return answer


def event_of(environ: dict[str, Any]) -> dict[str, Any]:
    """Return a REST API proxy event; bodies are in base64, as every media type is binary."""
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    workspace, _, operation = path.removeprefix("/api/").partition("/")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").title(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    user = ARN if headers.get("Authorization") == AUTHORIZATION else None
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return {
        "resource": "/api/{workspace}/{proxy+}",
        "path": path,
        "httpMethod": environ["REQUEST_METHOD"],
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {k: v[-1] for k, v in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"workspace": workspace, "proxy": operation},
        "requestContext": {"identity": {"userArn": user, "sourceIp": "192.0.2.1"}, "stage": "v1"},
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }
