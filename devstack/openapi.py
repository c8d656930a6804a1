"""Writes docs/openapi.json from the code, so that the description cannot say anything else.

`python -m devstack.openapi` rewrites it; the bytes are the same each time.
"""

import json
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import (
    APIKey,
    HTTPBearer,
    Server,
    ServerVariable,
)

from devstack import paths
from system_sender.dashboard.api import api

FILE = paths.PROJECT / "docs" / "openapi.json"

_DESCRIPTION = (
    "Drafts, threads, decisions, messages and switches of one workspace. Times are epoch "
    "milliseconds, UTC. Every id begins with its workspace. docs/api.md shows every call."
)
# Values for a person who tries a parameter out.
_EXAMPLES = {
    "workspace": "acme",
    "draft_id": "acme:reply:42",
    "lead_id": "acme:dana",
    "state": "needs_review",
    "cursor": "WzE3NzI1NTcyMDAwMDAsICJhY21lOnJlcGx5OjQyIl0",
    "limit": 25,
}
# Powertools' own words for what is answered as a problem here.
_NEVER_ANSWERED = ("HTTPValidationError", "ValidationError")


def description() -> dict[str, Any]:
    """Return the API's description, OpenAPI 3.1."""
    made = api.get_openapi_json_schema(
        title="system-sender for dashboards",
        version="1",
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        servers=[
            Server(
                url="https://{api}.execute-api.{region}.amazonaws.com/v1",
                description="The stack's output ApiUrl, up to the stage.",
                variables={
                    "api": ServerVariable(default="abcde12345"),
                    "region": ServerVariable(default="us-east-1"),
                },
            )
        ],
        security_schemes={
            "AWS_IAM": APIKey.model_validate(
                {
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4, service execute-api.",
                }
            ),
            "JWT": HTTPBearer(bearerFormat="JWT", description="A token of the issuer."),
        },
        security=[{"AWS_IAM": []}, {"JWT": []}],
    )
    document: dict[str, Any] = json.loads(made)
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation["parameters"]:
                parameter["example"] = _EXAMPLES[parameter["name"]]
    for unused in _NEVER_ANSWERED:
        del document["components"]["schemas"][unused]
    return document


def written() -> str:
    """Return the description as its file's text."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
