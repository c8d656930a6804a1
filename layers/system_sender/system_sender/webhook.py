"""The front door for GoHighLevel: authenticate, record, perform, answer. In that order."""

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
from system_sender.models import Owner, Workspace
from system_sender.providers import gohighlevel
from system_sender.recording import Look, Recorded, look, record
from system_sender.replying import perform_inbound
from system_sender.store import StorageError
from system_sender.telemetry import log

if TYPE_CHECKING:
    from system_sender.system import System

LARGEST_BODY = 256 * 1024
MARKETPLACE = "marketplace"
WORKFLOW = "workflow"

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
    # HighLevel delivers again after a 429 under every reading of its documentation, and after a
    # 5xx only under some.
    Code.STORAGE_TROUBLE: 429,
}


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request as API Gateway hands it over, with its body as the bytes that were signed.

    Attributes:
        workspace: from the path; None on the path that a shared marketplace app uses.
        headers: by lower-case name.
    """

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
            workspace=(event.get("pathParameters") or {}).get("workspace"),
            headers=headers,
            query=event.get("queryStringParameters") or {},
            body=body,
        )


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
        if self.status == 429:
            headers["Retry-After"] = "60"
        return {"statusCode": self.status, "headers": headers, "body": json.dumps(body)}


def handle(system: "System", event: Mapping[str, Any], budget: Budget) -> WebhookResponse:
    """Answer one webhook request: 2xx only once its event is durable."""
    try:
        request = WebhookRequest.of_api_gateway(event)
        inbound = _accept(system, request)
        if inbound.kind is EventKind.IGNORED:
            return WebhookResponse(200, Code.EVENT_IGNORED)
        found = look(system, _workspace_name(system, request, inbound), inbound)
        workspace = _workspace(found, inbound, request)
        recorded = record(system, workspace, inbound, found)
    except EventRefused as refusal:
        log.warning("webhook_refused", extra={"code": refusal.code.value})
        return WebhookResponse(_STATUS[refusal.code], refusal.code, refusal.detail)
    except StorageError as error:
        log.error("webhook_not_stored", extra={"error": type(error).__name__})
        return WebhookResponse(_STATUS[Code.STORAGE_TROUBLE], Code.STORAGE_TROUBLE)
    return _perform(system, recorded, budget)


# --- accept: authenticate, then parse, then route ------------------------------------------------


def _accept(system: "System", request: WebhookRequest) -> InboundEvent:
    if len(request.body) > LARGEST_BODY:
        raise EventRefused(Code.BODY_TOO_LARGE)
    if request.workspace is not None and not _WORKSPACE.fullmatch(request.workspace):
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    kind = _authenticate(system, request)
    body = _json_object(request.body)
    if kind == WORKFLOW:
        return gohighlevel.parse_workflow_event(body)
    return gohighlevel.parse_marketplace_event(body, system.world.now())


def _kind(request: WebhookRequest) -> str:
    signed = "x-ghl-signature" in request.headers or request.workspace is None
    return MARKETPLACE if signed else WORKFLOW


def _authenticate(system: "System", request: WebhookRequest) -> str:
    """Authenticate the raw bytes, and return the kind of webhook this proves it to be."""
    kind = _kind(request)
    if kind == MARKETPLACE:
        signature = request.headers.get("x-ghl-signature")
        keys = system.settings.gohighlevel_webhook_public_keys
        gohighlevel.verify_signature(request.body, signature, keys)
    else:
        _verify_secret(system, request)
    return kind


def _verify_secret(system: "System", request: WebhookRequest) -> None:
    workspace = request.workspace or ""
    # The simpler of HighLevel's two webhook actions cannot set headers, only the URL.
    given = request.headers.get("x-webhook-secret") or request.query.get("secret")
    if not given:
        raise EventRefused(Code.SIGNATURE_MISSING)
    which = (workspace, gohighlevel.NAME, "webhook_secret")
    if not system.secrets.is_at_hand(*which) and not _exists(system, workspace):
        # Strangers may invent names as they like, and the parameter store's quota is small.
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    expected = system.secrets.get(*which)
    if expected is None:
        raise EventRefused(Code.SIGNATURE_INVALID)
    gohighlevel.verify_secret(given, expected)


def _exists(system: "System", workspace: str) -> bool:
    return system.store.get(Workspace, workspace) is not None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise EventRefused(Code.BODY_NOT_JSON) from None
    if not isinstance(value, dict):
        raise EventRefused(Code.BODY_NOT_JSON)
    return value


def _workspace_name(system: "System", request: WebhookRequest, event: InboundEvent) -> str:
    if request.workspace is not None:
        return request.workspace
    # One marketplace app serves many locations; HighLevel's signature vouches for the id.
    owner = system.store.get(Owner, owner_key(event.account))
    if owner is None:
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    return owner.workspace


def _workspace(found: Look, event: InboundEvent, request: WebhookRequest) -> Workspace:
    """Return the workspace the event belongs to; the route and the body must agree on it."""
    workspace = found.workspace
    if workspace is None:
        raise EventRefused(Code.WORKSPACE_NOT_FOUND)
    if workspace.gohighlevel_location_id != event.account:
        raise EventRefused(Code.WRONG_ACCOUNT)
    if workspace.sms_webhook != _kind(request):
        # Both kinds at once would tell us of every text twice, under different identities.
        raise EventRefused(Code.WRONG_WEBHOOK_KIND)
    return workspace


def owner_key(account: str) -> str:
    """Return the key of the row that says which workspace owns a GoHighLevel location."""
    return f"{gohighlevel.NAME}:{account}"


# --- perform -------------------------------------------------------------------------------------


def _perform(system: "System", recorded: Recorded, budget: Budget) -> WebhookResponse:
    """Do the event's work. It is durable, so whatever happens now, the answer is 200."""
    code = Code.RECORDED if recorded.fresh else Code.DUPLICATE_EVENT
    event_id = recorded.inbound.event_id
    fields: dict[str, Any] = {"event_id": event_id}
    try:
        performed = perform_inbound(
            system, event_id, budget=budget, inbound=recorded.inbound, lead=recorded.lead
        )
        fields["work"] = performed.code.value
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
