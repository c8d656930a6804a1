"""Every operation answers as docs/openapi.json says, whatever is sent to it.

Schemathesis makes the calls from the description: valid ones, broken ones and odd ones.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import positive_data_acceptance

from devstack.openapi import FILE, written
from system_sender.codes import Code
from system_sender.states import DraftState
from system_sender.system import System
from tests.engine.stage import Stage
from tests.support.scene import Scene
from tests.support.wsgi import AUTHORIZATION, Application, StartResponse, application

# The workspace that the description's examples are about, so that some of them find rows.
WORKSPACE = "acme"
EXAMPLES = 30


class Front:
    """The application of whichever stage is open; it also hands out the description."""

    def __init__(self) -> None:
        self.system: System | None = None

    def __call__(self, environ: dict[str, object], start_response: StartResponse) -> object:
        if environ["PATH_INFO"] == "/openapi.json":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(description()).encode()]
        return self._application()(environ, start_response)

    def _application(self) -> Application:
        def system() -> System:
            assert self.system is not None
            return self.system

        return application(system)


def description() -> dict[str, object]:
    """Return the description without its servers: the application is the server."""
    document: dict[str, object] = json.loads(FILE.read_text(encoding="utf-8"))
    return {**document, "servers": [{"url": "/"}]}


FRONT = Front()
schema = from_wsgi("/openapi.json", FRONT)


def calls_that_fit_are_not_called_wrong(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Let rows stand in the way, and what depends on the channel; never the call's own form.

    In the place of schemathesis's own check, to which every 422 is about the form.
    """
    made_to_fit = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if made_to_fit and response.status_code == 422:
        assert response.json()["code"] != Code.BODY_WRONG


def test_the_description_says_what_the_code_says() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "Run: python -m devstack.openapi"


@pytest.fixture
def front(stage: Stage) -> Iterator[None]:
    agency = Scene(stage.scene.store, stage.world, stage.sandbox, WORKSPACE).seed()
    agency.draft("reply:42", state=DraftState.NEEDS_REVIEW)
    FRONT.system = agency.system()
    yield
    FRONT.system = None


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_an_operation_answers_as_it_is_described(front: None, case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(
        headers={"Authorization": AUTHORIZATION},
        additional_checks=[calls_that_fit_are_not_called_wrong],
        excluded_checks=[positive_data_acceptance],
    )
