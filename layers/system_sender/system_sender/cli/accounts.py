"""A workspace's accounts at its providers: whether each lets us in, and what to do if not."""

from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.documents import sentence_of
from system_sender.cli.operator import Operator
from system_sender.models import Integration
from system_sender.providers import CHANNELS_OF


def integrations(operator: Operator, workspace: str) -> Answer:
    """Show the provider accounts of a workspace."""
    row = operator.workspace(workspace)
    now = operator.world.now()
    accounts = [account_document(one, now) for one in operator.integrations([str(row.workspace)])]
    document = {
        "workspace": row.workspace,
        "email_provider": row.email_provider,
        "integrations": accounts,
    }
    return Answer(document, _shown(document))


def account_document(row: Integration, now: int) -> dict[str, Any]:
    """Return an account as plain JSON values; times are epoch milliseconds, UTC."""
    refused = row.unhealthy_until is not None and int(row.unhealthy_until) > now
    return {
        "workspace": row.workspace,
        "provider": row.provider,
        "channels": list(CHANNELS_OF.get(str(row.provider), ())),
        "account": row.account,
        "base_url": row.base_url,
        "webhook": row.webhook,
        "senders": list(row.senders or ()),
        "bcc": list(row.bcc or ()),
        "mailboxes": list(row.mailboxes or ()),
        "healthy": not refused,
        "unhealthy_until": int(row.unhealthy_until) if refused else None,
        "unhealthy_code": row.unhealthy_code if refused else None,
        "sentence": sentence_of(row.unhealthy_code) if refused else None,
    }


def _shown(document: dict[str, Any]) -> list[Any]:
    accounts = document["integrations"]
    if not accounts:
        return ["This workspace has no provider account; `sender seed` gives it one."]
    shown: list[Any] = [
        screen.table(
            ("provider", "channels", "account", "host", "health", "what to do"),
            [
                (
                    screen.written(one["provider"]),
                    screen.written(", ".join(one["channels"])),
                    screen.written(one["account"]),
                    screen.written(one["base_url"] or "the usual one"),
                    screen.written(*_health(one)),
                    screen.written(one["sentence"] or "-"),
                )
                for one in accounts
            ],
        ),
    ]
    if document["email_provider"]:
        shown.append(f"E-mails that answer nothing go by {document['email_provider']}.")
    return shown


def _health(account: dict[str, Any]) -> tuple[str, str]:
    if account["healthy"]:
        return "no refusal", "green"
    until = screen.moment(account["unhealthy_until"])
    return f"refused ({account['unhealthy_code']}), tried again at {until}", "red"
