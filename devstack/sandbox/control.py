"""The control API under ``/_sandbox/``: what a test, a demo or a benchmark tells the sandbox.

====== ========= =======================================================================
GET    health    ``{"status": "ok", "providers": [...]}``
GET    ledger    ``{"entries": [...]}``, every request in order of arrival
GET    faults    ``{"faults": [...]}``, those not used up
POST   faults    one fault, or a list of them
DELETE faults    forgets them
POST   reset     forgets ledger, messages and faults; thaws frozen clients
POST   inbound   puts a message into a provider's store, to be found by look-ups
GET    settings  the settings, without the tokens
PUT    settings  changes the settings that are named
GET    frozen    the client processes that ``freeze_client`` stopped
POST   thaw      lets them go on
GET    slack     what stands in Slack's channels, what single people were told, and every call
POST   slack     lets Slack misbehave: one fault, or a list of them
GET    models    what models were asked
POST   models    plans an answer of a model, or a list of them
====== ========= =======================================================================
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from devstack.sandbox.chat_models import ChatAnswer
from devstack.sandbox.contract import Injected, Settings
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.freezer import Freezer
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.slack import SlackFault
from devstack.sandbox.wire import Request, Response, json_response

PREFIX = "/_sandbox/"


class Control:
    """Answers the control API."""

    def __init__(self, sandbox: Sandbox, freezer: Freezer) -> None:
        self._sandbox = sandbox
        self._freezer = freezer
        self._routes: dict[tuple[str, str], Callable[[bytes], Response]] = {
            ("GET", "health"): self._health,
            ("GET", "ledger"): self._ledger,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._program,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "reset"): self._reset,
            ("POST", "inbound"): self._inject,
            ("GET", "settings"): self._settings,
            ("PUT", "settings"): self._configure,
            ("GET", "frozen"): self._frozen,
            ("POST", "thaw"): self._thaw,
            ("GET", "slack"): self._slack,
            ("POST", "slack"): self._program_slack,
            ("GET", "models"): self._models,
            ("POST", "models"): self._plan,
        }

    def answer(self, request: Request) -> Response:
        """Does what was asked; 400 or 404 with a sentence when that makes no sense."""
        route = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if route is None:
            message = f"The sandbox has no {request.method} {request.path}."
            return _problem(404, "not_found", message)
        try:
            return route(request.body)
        except (ValueError, TypeError) as problem:
            reason = str(problem).rstrip(".")
            return _problem(400, "invalid_request", f"The request was not understood: {reason}.")

    def _health(self, _: bytes) -> Response:
        names = [provider.name for provider in self._sandbox.providers]
        return json_response(200, {"status": "ok", "providers": names})

    def _ledger(self, _: bytes) -> Response:
        return json_response(200, {"entries": self._sandbox.ledger.to_json()})

    def _faults(self, _: bytes) -> Response:
        return json_response(200, {"faults": [fault.to_json() for fault in self._sandbox.faults()]})

    def _program(self, body: bytes) -> Response:
        values = json.loads(body)
        listed = values if isinstance(values, list) else [values]
        self._sandbox.program(*[Fault.from_json(_object(value)) for value in listed])
        return self._faults(body)

    def _clear_faults(self, body: bytes) -> Response:
        self._sandbox.clear_faults()
        return self._faults(body)

    def _reset(self, body: bytes) -> Response:
        self._sandbox.reset()
        return self._thaw(body)

    def _inject(self, body: bytes) -> Response:
        message = dict(_object(json.loads(body)))
        provider = message.pop("provider", self._sandbox.providers[0].name)
        accepted = self._sandbox.inject(Injected(**message), provider=provider)
        return json_response(201, asdict(accepted))

    def _settings(self, _: bytes) -> Response:
        shown = asdict(self._sandbox.settings)
        del shown["tokens"]
        return json_response(200, shown)

    def _configure(self, body: bytes) -> Response:
        self._sandbox.settings = _changed(self._sandbox.settings, _object(json.loads(body)))
        return self._settings(body)

    def _frozen(self, _: bytes) -> Response:
        return json_response(200, {"frozen": [asdict(one) for one in self._freezer.frozen()]})

    def _thaw(self, _: bytes) -> Response:
        return json_response(200, {"thawed": [asdict(one) for one in self._freezer.thaw()]})

    def _slack(self, _: bytes) -> Response:
        slack = self._sandbox.slack
        shown = {
            "messages": [posted.to_json() for posted in slack.messages()],
            "told": slack.told(),
            "views": slack.views(),
            "calls": [asdict(call) for call in slack.calls()],
        }
        return json_response(200, shown)

    def _program_slack(self, body: bytes) -> Response:
        values = json.loads(body)
        listed = values if isinstance(values, list) else [values]
        faults = [dict(_object(value)) for value in listed]
        slack = self._sandbox.slack
        slack.program(*(SlackFault(**{**one, "kind": Kind(one["kind"])}) for one in faults))
        return self._slack(body)

    def _models(self, _: bytes) -> Response:
        return json_response(200, {"asked": self._sandbox.models.asked()})

    def _plan(self, body: bytes) -> Response:
        values = json.loads(body)
        listed = values if isinstance(values, list) else [values]
        self._sandbox.models.plan(*(ChatAnswer.from_json(_object(value)) for value in listed))
        return self._models(body)


def _changed(settings: Settings, values: Mapping[str, Any]) -> Settings:
    known = {field.name for field in fields(Settings)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(
            f"There is no setting {', '.join(unknown)}; there are {', '.join(sorted(known))}."
        )
    for name in ("delay_ms", "visibility_delay_s"):
        value = values.get(name, 0)
        if not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name} must be a number that is not negative.")
    for name in ("tokens", "contacts"):
        if values.get(name) is not None:
            _object(values[name])
    return replace(settings, **values)


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("A JSON object was expected here.")  # noqa: TRY004  one kind of refusal
    return value


def _problem(status: int, code: str, message: str) -> Response:
    return json_response(status, {"code": code, "message": message})
