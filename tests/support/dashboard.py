"""A dashboard in front of the API's handler, which gets what API Gateway would hand over."""

import base64
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from system_sender.budget import Budget
from system_sender.dashboard.handling import handle
from system_sender.system import System

ARN = "arn:aws:sts::123456789012:assumed-role/dashboards/kim"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `headers` by lower-case name."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body["code"])


@dataclass(frozen=True)
class Dashboard:
    """A caller of one workspace."""

    system: System
    workspace: str
    arn: str | None = ARN

    def get(self, operation: str, **query: Any) -> Answer:
        return self.call("GET", operation, query={k: str(v) for k, v in query.items()})

    def post(self, operation: str, **order: Any) -> Answer:
        return self.call("POST", operation, body=json.dumps(order).encode())

    def call(
        self,
        method: str,
        operation: str,
        *,
        body: bytes | None = None,
        query: dict[str, str] | None = None,
        **changes: Any,
    ) -> Answer:
        """Call as API Gateway does; `changes` replace parts of the event."""
        return self.hand_over({**self.event(method, operation, body, query), **changes})

    def hand_over(self, event: dict[str, Any]) -> Answer:
        """Invoke the handler."""
        context = SimpleNamespace(aws_request_id="request", function_name="dashboard-api")
        budget = Budget.of_seconds(self.system.world, 28)
        answer = handle(self.system, event, context, budget)
        headers = {k.lower(): v[0] for k, v in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], json.loads(answer["body"]), headers)

    def event(
        self,
        method: str,
        operation: str,
        body: bytes | None = None,
        query: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return a REST API proxy event, its body in base64 as every media type is binary."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return {
            "resource": "/api/{workspace}/{proxy+}",
            "path": f"/api/{self.workspace}/{operation}",
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": query or None,
            "multiValueQueryStringParameters": {k: [v] for k, v in (query or {}).items()} or None,
            "pathParameters": {"workspace": self.workspace, "proxy": operation},
            "stageVariables": None,
            "requestContext": {
                "identity": {"userArn": self.arn, "sourceIp": "192.0.2.1"},
                "requestId": "request",
                "stage": "v1",
            },
            "body": base64.b64encode(body).decode() if body is not None else None,
            "isBase64Encoded": body is not None,
        }
