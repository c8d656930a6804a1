"""Writes events/: what each function is invoked with, by `make invoke` or `sam local invoke`.

GoHighLevel's marketplace webhooks are signed with the key of every local stack, which is public on
purpose: a function accepts them only where GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS holds its public half.
The others carry a secret, which `make up` stores. GoHighLevel's message events have no
`timestamp`, as in its published examples: with one they would soon be refused as stale. Ids and
times are fixed, so the second invocation with a file is a redelivery.

Slack's signatures hold for five minutes only: `make invoke` signs its events anew.

`python -m devstack.events` rewrites the folder. The bytes are the same each time.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from devstack import paths
from devstack.deployment import local_signer
from devstack.sandbox import (
    emailbison_webhooks,
    instantly_webhooks,
    slack_interactions,
    smartlead_webhooks,
    unipile_webhooks,
    webhooks,
)
from devstack.sandbox.emailbison import reply_id
from devstack.sandbox.webhooks import Webhook
from system_sender.dispatching import message_of
from system_sender.slack.message import EDIT_FORM, Action
from system_sender.work import WorkItem, WorkKind
from system_sender.work_queue import QueueMessage

FOLDER = paths.PROJECT / "events"

# They fit devstack/seeds/example.json.
_WORKSPACE, _LOCATION, _CONTACT = "acme", "acme-location", "contact-dana"
_CLIENT, _INSTANTLY, _CONNECTED = 301, "acme-instantly", "acme-linkedin"
_DRAFT, _LEAD = "acme:hello", "acme:dana"
_CHANNEL, _CLICKED_AT = "C01APPROVALS", 1_768_471_200
_PHONE, _EMAIL, _PERSON = "+15550100001", "dana@example.com", "ACoAADanaExample"
# Of every provider that signs nothing; `make up` stores it, elsewhere `sender secret` does.
WEBHOOK_SECRET = "example-webhook-secret"
SIGNING_SECRET = "example-signing-secret"
# It can set neither a header nor a field.
SECRET_IN_URL = frozenset({"emailbison"})
_WHEN = "2026-01-15T10:00:00.000Z"

Event = dict[str, Any]


def events() -> dict[str, Event]:
    """Return every event by the name of its file."""
    return {
        **_gohighlevel(),
        **_of("webhook_email-emailbison", "emailbison", _emailbison()),
        **_of("webhook_email-smartlead", "smartlead", _smartlead()),
        **_of("webhook_email-instantly", "instantly", _instantly()),
        **_of("webhook_linkedin-unipile", "unipile", _unipile()),
        **_slack(),
        **_dashboard(),
        "followup_cron-sweep.json": {},
        "followup_cron-draft.json": {"draft_id": _DRAFT},
        **_queued(),
    }


def _of(prefix: str, provider: str, made: Mapping[str, Webhook]) -> dict[str, Event]:
    return {
        f"{prefix}-{kind}.json": _request(webhook, _WORKSPACE, provider)
        for kind, webhook in made.items()
    }


def written(event: Event) -> str:
    """Return an event as its file's text."""
    return json.dumps(event, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Rewrite the folder."""
    FOLDER.mkdir(exist_ok=True)
    for name, event in events().items():
        (FOLDER / name).write_text(written(event), encoding="utf-8")


# --- the queue ---------------------------------------------------------------------------------


def _queued() -> dict[str, Event]:
    """Return what Lambda makes of messages: work, and what is no work."""
    item = WorkItem(WorkKind.DRAFT, _DRAFT, _CLICKED_AT * 1000)
    return {
        "send_worker-draft.json": _records(message_of(item)),
        "send_worker-no-work.json": _records(QueueMessage(_WORKSPACE, "by-hand", "not work")),
    }


def _records(*messages: QueueMessage) -> Event:
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "MessageGroupId": message.group,
                    "MessageDeduplicationId": message.deduplication,
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:system-sender-work.fifo",
                "awsRegion": "us-east-1",
            }
            for number, message in enumerate(messages)
        ]
    }


# --- GoHighLevel ---------------------------------------------------------------------------------


def _gohighlevel() -> dict[str, Event]:
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
        "webhook_sms-echo.json": _request(_echo(), _WORKSPACE),
        "webhook_sms-email-inbound.json": _request(_email_inbound(), _WORKSPACE),
        "webhook_sms-email-echo.json": _request(_email_echo(), _WORKSPACE),
        "webhook_sms-email-bounce.json": _request(_email_bounce(), _WORKSPACE),
    }


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


def _echo() -> Webhook:
    return webhooks.outbound_message(
        local_signer(),
        location_id=_LOCATION,
        contact_id=_CONTACT,
        text="Hi Dana, shall we talk on Tuesday?",
        omit=("timestamp",),
        webhookId="webhook-echo",
        messageId="message-echo",
        to=_PHONE,
        dateAdded=_WHEN,
    )


def _email_inbound() -> Webhook:
    return webhooks.inbound_email(
        local_signer(),
        location_id=_LOCATION,
        contact_id=_CONTACT,
        text="Is Tuesday still free?",
        omit=("timestamp",),
        webhookId="webhook-email-inbound",
        emailMessageId="email-inbound",
        dateAdded=_WHEN,
    )


def _email_echo() -> Webhook:
    return webhooks.outbound_email(
        local_signer(),
        location_id=_LOCATION,
        contact_id=_CONTACT,
        text="Hi Dana,\n\nshall we talk on Tuesday?",
        omit=("timestamp",),
        webhookId="webhook-email-echo",
        emailMessageId="email-echo",
        messageId="thread-dana",
        dateAdded=_WHEN,
    )


def _email_bounce() -> Webhook:
    return webhooks.email_stats(
        local_signer(),
        location_id=_LOCATION,
        omit=("timestamp",),
        webhookId="webhook-email-bounce",
        webhookPayload={
            "event": "failed",
            "id": "email-stats-bounce",
            "timestamp": 1_768_471_200,
            "recipient": _EMAIL,
            "severity": "permanent",
            "delivery-status": {"code": 550, "message": "refused"},
            "lc-operations": {"location_id": _LOCATION, "email_message_id": "email-echo"},
        },
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
        secret=WEBHOOK_SECRET,
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


# --- providers of e-mail and LinkedIn ------------------------------------------------------------


def _emailbison() -> dict[str, Webhook]:
    """Without their secret: EmailBison can send no header, and posts it in the URL."""
    happened = {"id": 5001, "created_at": _WHEN}
    scheduled = {"id": 7001}
    return {
        "reply": emailbison_webhooks.lead_replied(
            None, text="Is Tuesday still free?", **_numbered(1)
        ),
        "auto-reply": emailbison_webhooks.automated_reply(
            None, text="I am out of the office until Monday.", **_numbered(2)
        ),
        "echo": emailbison_webhooks.manual_email_sent(
            None, text="Hi Dana, I just called you. Kim", **_numbered(3)
        ),
        "bounce": emailbison_webhooks.email_bounced(
            None, campaign_event=happened, scheduled_email=scheduled
        ),
        "unsubscribe": emailbison_webhooks.lead_unsubscribed(
            None, campaign_event=happened, scheduled_email=scheduled
        ),
    }


def _numbered(number: int) -> dict[str, Any]:
    return {
        "id": reply_id(_EMAIL, number),
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "date_received": _WHEN,
        "created_at": _WHEN,
    }


def _smartlead() -> dict[str, Webhook]:
    common: dict[str, Any] = {"client_id": _CLIENT, "event_timestamp": _WHEN}
    return {
        "reply": smartlead_webhooks.email_reply(
            WEBHOOK_SECRET,
            text="Is Tuesday still free?",
            reply_message=_mail("reply", "Is Tuesday still free?"),
            **common,
        ),
        "untracked-reply": smartlead_webhooks.untracked_reply(
            WEBHOOK_SECRET,
            text="Is this the right address?",
            reply_message=_mail("untracked", "Is this the right address?"),
            **common,
        ),
        "bounce": smartlead_webhooks.email_bounce(
            WEBHOOK_SECRET,
            bounce_message={"message_id": "<bounce@mailer.example.com>", "text": "No such user"},
            **common,
        ),
        "unsubscribe": smartlead_webhooks.lead_unsubscribed(WEBHOOK_SECRET, **common),
    }


def _mail(name: str, text: str) -> dict[str, str]:
    return {
        "message_id": f"<{name}@mail.example.com>",
        "html": f"<div>{text}</div>",
        "text": text,
        "time": _WHEN,
    }


def _instantly() -> dict[str, Webhook]:
    common: dict[str, Any] = {"workspace": _INSTANTLY, "timestamp": _WHEN}
    return {
        "reply": instantly_webhooks.reply_received(
            WEBHOOK_SECRET, text="Is Tuesday still free?", email_id=_email_id(1), **common
        ),
        "auto-reply": instantly_webhooks.reply_received(
            WEBHOOK_SECRET,
            text="I am out of the office until Monday.",
            event_type="auto_reply_received",
            email_id=_email_id(2),
            **common,
        ),
        "echo": instantly_webhooks.email_sent(
            WEBHOOK_SECRET,
            text="Hi Dana, I just called you. Kim",
            email_id=_email_id(3),
            **common,
        ),
        "bounce": instantly_webhooks.email_bounced(WEBHOOK_SECRET, email_id=_email_id(4), **common),
        "unsubscribe": instantly_webhooks.lead_unsubscribed(WEBHOOK_SECRET, **common),
    }


def _email_id(number: int) -> str:
    """Return an id of the lead's that the sandbox knows again."""
    return f"{number:08d}-{_EMAIL.encode().hex()}"


def _unipile() -> dict[str, Webhook]:
    common: dict[str, Any] = {
        "secret": WEBHOOK_SECRET,
        "account_id": _CONNECTED,
        "contact_id": _PERSON,
        "timestamp": _WHEN,
    }
    return {
        "message": unipile_webhooks.message_received(
            text="Is Tuesday still free?", **_called("message"), **common
        ),
        "echo": unipile_webhooks.message_received(
            text="Hi Dana, I just called you. Kim", own=True, **_called("echo"), **common
        ),
        "read": unipile_webhooks.message_status(**_called("read"), **common),
        "account-disconnected": unipile_webhooks.account_status(
            secret=WEBHOOK_SECRET, account_id=_CONNECTED
        ),
    }


def _called(name: str) -> dict[str, Any]:
    return {"message_id": f"message-{name}", "provider_message_id": f"2-message-{name}"}


# --- Slack ---------------------------------------------------------------------------------------


def _slack() -> dict[str, Event]:
    made = {
        action.name.lower(): _click(action)
        for action in (Action.APPROVE, Action.EDIT, Action.REJECT)
    }
    form = {
        "callback_id": EDIT_FORM,
        "private_metadata": json.dumps({"draft": _DRAFT, "revision": 1, "channel": _CHANNEL}),
    }
    made["submission"] = slack_interactions.save(
        form, SIGNING_SECRET, at=_CLICKED_AT, text="Hi Dana, shall we talk on Wednesday?"
    )
    return {f"slack_interactions-{kind}.json": _posted(webhook) for kind, webhook in made.items()}


def _click(action: Action) -> Webhook:
    value = json.dumps({"draft": _DRAFT, "revision": 1})
    button = {"action_id": action.value, "value": value}
    return slack_interactions.click(button, SIGNING_SECRET, channel=_CHANNEL, at=_CLICKED_AT)


def _posted(webhook: Webhook) -> Event:
    return _handed_over(webhook, "/slack/interactions", _WORKSPACE, None)


def signed_now(event: Event) -> Event:
    """Return an event of Slack under a signature of this moment; any other as it is."""
    if not str(event.get("resource")).startswith("/slack/"):
        return event
    return _posted(slack_interactions.signed(event["body"].encode(), SIGNING_SECRET))


# --- dashboards ----------------------------------------------------------------------------------


def _dashboard() -> dict[str, Event]:
    """Return calls that API Gateway has let in: signed with AWS credentials, or with a token."""
    approval = {"draft_id": _DRAFT, "revision": 1}
    edit = {**approval, "text": "Hi Dana, shall we talk on Wednesday?"}
    message = {"key": "example", "lead_id": _LEAD, "channel": "sms", "text": "See you then. Kim"}
    listed = _call("GET", "drafts", query={"state": "pending"})
    token = {"principalId": "kim", "workspaces": json.dumps([_WORKSPACE])}
    return {
        "dashboard_api-list.json": listed,
        "dashboard_api-list-token.json": {
            **listed,
            "requestContext": {**listed["requestContext"], "authorizer": token},
        },
        "dashboard_api-thread.json": _call("GET", "thread", query={"lead_id": _LEAD}),
        "dashboard_api-edit.json": _call("POST", "draft/edit", edit),
        "dashboard_api-approve.json": _call("POST", "draft/approve", approval),
        "dashboard_api-message.json": _call("POST", "messages", message),
    }


def _call(
    method: str,
    operation: str,
    order: Mapping[str, Any] | None = None,
    query: dict[str, str] | None = None,
) -> Event:
    path = f"/api/{_WORKSPACE}/{operation}"
    headers = {"Accept": "*/*", "Content-Type": "application/json", "Host": "api.example.com"}
    identity = {"userArn": "arn:aws:sts::123456789012:assumed-role/dashboards/kim"}
    context = _context(path)
    event: Event = {
        "resource": "/api/{workspace}/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": query and {key: [query[key]] for key in query},
        "pathParameters": {"workspace": _WORKSPACE, "proxy": operation},
        "stageVariables": None,
        "requestContext": {
            **context,
            "httpMethod": method,
            "identity": {**context["identity"], **identity},
        },
        "body": None if order is None else json.dumps(order),
        "isBase64Encoded": False,
    }
    return event if order is None else _as_base64(event)


# --- as API Gateway hands them over --------------------------------------------------------------


def _request(webhook: Webhook, workspace: str | None, provider: str = "gohighlevel") -> Event:
    """Return what API Gateway's REST API hands to the function for a posted webhook."""
    query = {"secret": WEBHOOK_SECRET} if provider in SECRET_IN_URL else None
    return _handed_over(webhook, f"/webhooks/{provider}", workspace, query)


def _handed_over(
    webhook: Webhook, shared: str, workspace: str | None, query: dict[str, str] | None
) -> Event:
    path = shared if workspace is None else f"{shared}/{workspace}"
    headers = {"Accept": "*/*", "Host": "api.example.com", **webhook.headers}
    return {
        "resource": shared if workspace is None else f"{shared}/{{workspace}}",
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": query and {key: [query[key]] for key in query},
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
