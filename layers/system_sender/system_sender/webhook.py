"""The front door for every provider: authenticate, record, perform, answer. In that order."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from system_sender.budget import Budget
from system_sender.codes import Code
from system_sender.inbound import EventKind, EventRefused, InboundEvent
from system_sender.models import Integration, Owner, Workspace, integration_key, owner_key
from system_sender.providers import CHANNELS_OF, Provider, SignedRequest, provider_named
from system_sender.recording import Look, Recorded, look, record
from system_sender.replying import perform_inbound
from system_sender.store import StorageError
from system_sender.telemetry import emit_webhook_not_stored, emit_webhook_refused, log

if TYPE_CHECKING:
    from system_sender.system import System

# An e-mail brings its pictures and its whole thread. Lambda takes no request of more than 6 MB,
# and base64 makes four bytes of three: a larger body does not come this far, whatever stands here.
LARGEST_BODY = 4_600_000
# No message without an e-mail in it is larger.
LARGEST_BODY_WITHOUT_EMAIL = 256 * 1024

# The provider whose one marketplace app serves many workspaces, on a path without any of them.
_SHARED = "gohighlevel"
# An event that was made by hand may leave its route out; API Gateway never does.
_ROUTE = f"/webhooks/{_SHARED}/{{workspace}}"

# What a workspace in a path may look like: it becomes part of a parameter's name and of keys.
_WORKSPACE = re.compile(r"[A-Za-z0-9._-]{1,128}")

_STATUS = {
    Code.SIGNATURE_MISSING: 401,
    Code.SIGNATURE_INVALID: 401,
    Code.WORKSPACE_NOT_FOUND: 404,
    Code.WRONG_ACCOUNT: 403,
    Code.WRONG_WEBHOOK_KIND: 409,
    Code.BODY_TOO_LARGE: 413,
    Code.EVENT_STALE: 400,
    Code.BODY_NOT_JSON: 400,
    Code.BODY_WRONG: 400,
}
# HighLevel delivers again after a 429 under every reading of its documentation, and after a 5xx
# only under some. The others deliver again after any 5xx.
_STORAGE_TROUBLE = {"gohighlevel": 429}
_STORAGE_TROUBLE_ELSEWHERE = 503


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request as API Gateway hands it over, with its body as the bytes that were signed.

    Attributes:
        provider: from the path; it need not be one we know.
        workspace: from the path; None on the path that a shared marketplace app uses.
        headers: by lower-case name.
    """

    provider: str
    workspace: str | None
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    @classmethod
    def of_api_gateway(cls, event: Mapping[str, Any]) -> "WebhookRequest":
        """Read a REST API proxy event, whose body may be text or base64.

        Raises:
            EventRefused: when the body says it is base64 and is not.
        """
        headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
        text = event.get("body") or ""
        try:
            body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
        except (binascii.Error, ValueError):
            raise EventRefused(Code.BODY_NOT_JSON) from None
        return cls(
            provider=provider_of_route(event),
            workspace=workspace_of_path(event),
            headers=headers,
            query=event.get("queryStringParameters") or {},
            body=body,
        )


def provider_of_route(event: Mapping[str, Any]) -> str:
    """Return which provider the route of a REST API proxy event is for.

    The route as the template names it, because a custom domain may put something in front of a
    path.
    """
    _, _, rest = str(event.get("resource") or _ROUTE).partition("/webhooks/")
    return rest.partition("/")[0]


def workspace_of_path(event: Mapping[str, Any]) -> str | None:
    """Return the workspace that a REST API proxy event's path names, if it names one."""
    workspace: str | None = (event.get("pathParameters") or {}).get("workspace")
    return workspace


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """An answer to the provider."""

    status: int
    code: Code
    detail: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    def to_api_gateway(self) -> dict[str, Any]:
        """Return the REST API proxy response."""
        sentence = f"{self.code.sentence} {self.detail}".strip()
        body = {"code": self.code.value, "message": sentence, **self.fields}
        headers = {"Content-Type": "application/json"}
        if self.status in (429, 503):
            headers["Retry-After"] = "60"
        return {"statusCode": self.status, "headers": headers, "body": json.dumps(body)}


def handle(system: "System", event: Mapping[str, Any], budget: Budget) -> WebhookResponse:
    """Answer one webhook request: 200 only once its event is durable, and never another 2xx.

    Every function takes every channel: a provider may have one URL for several.
    """
    try:
        recorded = _take(system, WebhookRequest.of_api_gateway(event))
    except EventRefused as refusal:
        _report_refusal(system, event, refusal.code)
        return WebhookResponse(_STATUS[refusal.code], refusal.code, refusal.detail)
    except StorageError as error:
        log.error("webhook_not_stored", extra={"error": type(error).__name__})
        emit_webhook_not_stored()
        status = _STORAGE_TROUBLE.get(provider_of_route(event), _STORAGE_TROUBLE_ELSEWHERE)
        return WebhookResponse(status, Code.STORAGE_TROUBLE)
    if isinstance(recorded, Code):
        return WebhookResponse(200, recorded)
    return _perform(system, recorded, budget)


def _report_refusal(system: "System", event: Mapping[str, Any], code: Code) -> None:
    fields: dict[str, Any] = {"code": code.value}
    if _was_meant_for_us(system, event, code):
        # A stranger may have put anything into the path; this one is an account's.
        fields |= {"provider": provider_of_route(event), "workspace": workspace_of_path(event)}
        emit_webhook_refused()
    log.warning("webhook_refused", extra=fields)


def _was_meant_for_us(system: "System", event: Mapping[str, Any], code: Code) -> bool:
    """Say whether a refused event was probably a provider's, of an account that we have.

    Few providers bring again what was refused, so it is lost. Strangers may knock at paths that
    they invent, and nobody need hear of them.
    """
    if code is Code.WORKSPACE_NOT_FOUND:
        return False
    workspace = workspace_of_path(event)
    if workspace is None:
        return True
    try:
        return _is_integrated(system, workspace, provider_of_route(event))
    except StorageError:
        return True


def _take(system: "System", request: WebhookRequest) -> Recorded | Code:
    """Authenticate, parse, route and record, in that order; a code where no work follows."""
    inbound, kind = _accept(system, request)
    if inbound.kind is EventKind.IGNORED:
        _report_no_work(request.workspace, inbound, Code.EVENT_IGNORED)
        return Code.EVENT_IGNORED
    name = _workspace_name(system, request, inbound)
    found = look(system, name, inbound)
    workspace, integration = _route(found, inbound, kind)
    recorded = record(system, workspace, integration, inbound, found)
    if isinstance(recorded, Code):
        _report_no_work(name, inbound, recorded)
    return recorded


def _report_no_work(workspace: str | None, event: InboundEvent, code: Code) -> None:
    """Log an event of which no row tells, so that nobody looks for it in vain."""
    fields = {
        "code": code.value,
        "provider": event.provider,
        "workspace": workspace,
        "event_type": event.called or event.kind.value,
    }
    log.info("webhook_answered", extra=fields)


# --- accept: authenticate, then parse -------------------------------------------------------------


def _accept(system: "System", request: WebhookRequest) -> tuple[InboundEvent, str]:
    provider = _provider(request)
    if len(request.body) > _largest_body(provider):
        raise EventRefused(Code.BODY_TOO_LARGE)
    kind = _authenticate(system, request, provider)
    body = _json_object(request.body)
    return provider.parse_event(kind, body, system.world.now()), kind


def _largest_body(provider: Provider) -> int:
    return LARGEST_BODY if "email" in CHANNELS_OF[provider.name] else LARGEST_BODY_WITHOUT_EMAIL


def _provider(request: WebhookRequest) -> Provider:
    if request.provider not in CHANNELS_OF:
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    if request.workspace is None:
        if request.provider != _SHARED:
            raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    elif not _WORKSPACE.fullmatch(request.workspace):
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    return provider_named(request.provider)


def _authenticate(system: "System", request: WebhookRequest, provider: Provider) -> str:
    """Authenticate the raw bytes, and return the kind of webhook this proves it to be."""

    def secret() -> str | None:
        if request.workspace is None:
            # Whose secret would it be? Only a signature vouches for the account in a body.
            raise EventRefused(Code.SIGNATURE_MISSING)
        which = (request.workspace, provider.name, "webhook_secret")
        if not system.secrets.is_at_hand(*which) and not _is_integrated(system, *which[:2]):
            # Strangers may invent names as they like, and the parameter store's quota is small.
            raise EventRefused(Code.WORKSPACE_NOT_FOUND)
        return system.secrets.get(*which)

    signed = SignedRequest(request.body, request.headers, request.query)
    return provider.authenticate(signed, secret, system.settings.gohighlevel_webhook_public_keys)


def _is_integrated(system: "System", workspace: str, provider: str) -> bool:
    return system.store.get(Integration, integration_key(workspace, provider)) is not None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise EventRefused(Code.BODY_NOT_JSON) from None
    if not isinstance(value, dict):
        raise EventRefused(Code.BODY_NOT_JSON)
    return value


# --- route: the path, the account and the body must agree -----------------------------------------


def _workspace_name(system: "System", request: WebhookRequest, event: InboundEvent) -> str:
    if request.workspace is not None:
        return request.workspace
    # One marketplace app serves many locations; HighLevel's signature vouches for the id.
    owner = system.store.get(Owner, owner_key(event.provider, event.account or "-"))
    if owner is None:
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    return owner.workspace


def _route(found: Look, event: InboundEvent, kind: str) -> tuple[Workspace, Integration]:
    """Return whose event it is; the route and the body must agree on it."""
    workspace, integration = found.workspace, found.integration
    if workspace is None or integration is None:
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    if event.account is not None and event.account != integration.account:
        raise EventRefused(Code.WRONG_ACCOUNT)
    if integration.webhook is not None and integration.webhook != kind:
        # Both kinds at once would tell us of every text twice, under different identities.
        raise EventRefused(Code.WRONG_WEBHOOK_KIND)
    return workspace, integration


# --- perform -------------------------------------------------------------------------------------


def _perform(system: "System", recorded: Recorded, budget: Budget) -> WebhookResponse:
    """Do the event's work. It is durable, so whatever happens now, the answer is 200."""
    code = Code.RECORDED if recorded.fresh else Code.DUPLICATE_EVENT
    event_id = recorded.inbound.event_id
    fields: dict[str, Any] = {"event_id": event_id}
    try:
        performed = perform_inbound(
            system,
            event_id,
            budget=budget,
            may_call_models=False,
            inbound=recorded.inbound,
            lead=recorded.lead,
        )
        fields["work"] = "due" if performed.left_due else performed.code.value
        if performed.result is not None:
            fields["draft_id"] = performed.result.draft_id
            fields["outcome"] = performed.result.outcome.value
            fields["outcome_code"] = performed.result.code.value
            fields["replayed"] = performed.result.replayed
    except Exception as error:  # noqa: BLE001 - recorded and due: the sweep does it again
        log.error("work_left_to_sweep", extra={"event_id": event_id, "error": type(error).__name__})
        fields["work"] = "due"
    log.info("webhook_answered", extra={"code": code.value, **fields})
    return WebhookResponse(200, code, fields=fields)
