"""Writes events/: what each function is invoked with, by `make invoke` or `sam local invoke`.

Marketplace webhooks are signed with the key of every local stack, which is public on purpose: a
function accepts them only where GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS holds its public half. Message
events carry no `timestamp`, as in GoHighLevel's published examples: with one they would soon be
refused as stale. Ids are fixed, so the second invocation with a file is a redelivery.

`python -m devstack.events` rewrites the folder. The bytes are the same each time.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from devstack import paths
from devstack.deployment import local_signer
from devstack.sandbox import webhooks
from devstack.sandbox.webhooks import Webhook

FOLDER = paths.PROJECT / "events"

# They fit devstack/seeds/example.json.
_WORKSPACE, _LOCATION, _CONTACT = "acme", "acme-location", "contact-dana"
_DRAFT = "acme:hello"
_PHONE = "+15550100001"
# Of the workspace whose texts come by a workflow; store it with `sender secret`.
WORKFLOW_SECRET = "example-webhook-secret"
_WHEN = "2026-01-15T10:00:00.000Z"

Event = dict[str, Any]


def events() -> dict[str, Event]:
    """Return every event by the name of its file."""
    inbound = _inbound("inbound", "Is Tuesday still free?")
    return {
        "webhook_sms-inbound.json": _request(inbound, _WORKSPACE),
        "webhook_sms-inbound-base64.json": _as_base64(
            _request(_inbound("inbound-base64", "Is Wednesday free, too? 🙂"), _WORKSPACE)
        ),
        "webhook_sms-inbound-shared-app.json": _request(
            _inbound("inbound-shared-app", "Or Thursday?"), None
        ),
        "webhook_sms-opt-out.json": _request(_inbound("opt-out", "STOP"), _WORKSPACE),
        "webhook_sms-human-outbound.json": _request(_human_outbound(), _WORKSPACE),
        "webhook_sms-do-not-disturb.json": _request(_do_not_disturb(), _WORKSPACE),
        "webhook_sms-workflow.json": _request(_workflow(), "birch"),
        "followup_cron-sweep.json": {},
        "followup_cron-draft.json": {"draft_id": _DRAFT},
    }


def written(event: Event) -> str:
    """Return an event as its file's text."""
    return json.dumps(event, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Rewrite the folder."""
    FOLDER.mkdir(exist_ok=True)
    for name, event in events().items():
        (FOLDER / name).write_text(written(event), encoding="utf-8")


def _inbound(name: str, text: str) -> Webhook:
    return webhooks.inbound_message(
        local_signer(),
        location_id=_LOCATION,
        contact_id=_CONTACT,
        text=text,
        omit=("timestamp",),
        **{"webhookId": f"webhook-{name}", "messageId": f"message-{name}", "from": _PHONE},
        dateAdded=_WHEN,
    )


def _human_outbound() -> Webhook:
    return webhooks.outbound_message(
        local_signer(),
        location_id=_LOCATION,
        contact_id=_CONTACT,
        text="Dana, I just called you. Kim",
        source="app",
        omit=("timestamp",),
        webhookId="webhook-by-hand",
        messageId="message-by-hand",
        to=_PHONE,
        dateAdded=_WHEN,
        userId="user-kim",
    )


def _do_not_disturb() -> Webhook:
    return webhooks.contact_dnd_update(
        local_signer(),
        location_id=_LOCATION,
        contact_id=_CONTACT,
        omit=("timestamp",),
        webhookId="webhook-do-not-disturb",
        phone=_PHONE,
    )


def _workflow() -> Webhook:
    return webhooks.workflow_reply(
        secret=WORKFLOW_SECRET,
        location_id="birch-location",
        contact_id="contact-eli",
        text="Monday is best.",
        phone="+15550100003",
        first_name="Eli",
        full_name="Eli Example",
        email="eli@example.com",
        country="GB",
        location={"id": "birch-location", "name": "Birch"},
        customData={
            "ID": "contact-eli",
            "Phone Number": "+15550100003",
            "First Name": "Eli",
            "Message": "Monday is best.",
            "Date": "1/15/2026",
            "Time": "10:00:00 AM",
        },
    )


def _request(webhook: Webhook, workspace: str | None) -> Event:
    """Return what API Gateway's REST API hands to the function for a posted webhook."""
    shared = "/webhooks/gohighlevel"
    path = shared if workspace is None else f"{shared}/{workspace}"
    headers = {"Accept": "*/*", "Host": "api.example.com", **webhook.headers}
    return {
        "resource": shared if workspace is None else f"{shared}/{{workspace}}",
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None if workspace is None else {"workspace": workspace},
        "stageVariables": None,
        "requestContext": _context(path),
        "body": webhook.body.decode(),
        "isBase64Encoded": False,
    }


def _context(path: str) -> Mapping[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "example",
        "httpMethod": "POST",
        "identity": {"sourceIp": "192.0.2.1", "userAgent": "example"},
        "path": f"/v1{path}",
        "protocol": "HTTP/1.1",
        "requestId": "00000000-0000-4000-8000-000000000001",
        "stage": "v1",
    }


def _as_base64(event: Event) -> Event:
    """Return the request as AWS hands it over where every media type counts as binary."""
    body = base64.b64encode(event["body"].encode()).decode()
    return {**event, "body": body, "isBase64Encoded": True}


if __name__ == "__main__":
    write()
