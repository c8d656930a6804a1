"""The kill switches, and how much is due, failed or parked."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from math import ceil
from typing import Any

from pynamodb.indexes import GlobalSecondaryIndex

from system_sender.cli import screen
from system_sender.cli.accounts import account_document
from system_sender.cli.command import Answer
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem, Trouble
from system_sender.models import SHARDS, Draft, Inbound, Message, Switch, state_key
from system_sender.states import DraftState
from system_sender.switches import EVERYTHING, SETTLING_SECONDS, pause, resume

# What is counted a shard, or of a workspace; more than this is "at least".
_MOST_COUNTED = 1000
# What waits for a person.
_FOR_PEOPLE = ("drafts_failed", "parked")
# A failed draft is told of for so long.
_FAILED_WITHIN = 7 * 24 * 3_600_000


def pause_sending(
    operator: Operator,
    workspace: str | None,
    channel: str | None,
    *,
    waiting: Callable[[str], AbstractContextManager[Any]],
) -> Answer:
    """Throw a switch, and return once nothing that it stops can start any more."""
    scope = _scope(operator, workspace)
    what = _what(workspace, channel)
    try:
        with waiting(
            f"The switch for {what} is thrown. Waiting {ceil(SETTLING_SECONDS)} seconds for what "
            "had its permission already."
        ):
            pause(operator.store, operator.world, scope, channel)
    except KeyboardInterrupt:
        raise Problem(
            Trouble.INTERRUPTED,
            f"Interrupted while waiting. The switch for {what} may be thrown already, and a "
            "request that had its permission may still start. Repeat it to be certain.",
            exit_code=130,
        ) from None
    said = (
        f"Paused: {what}. No request starts any more; what is approved waits for `sender resume`."
    )
    return Answer(_document(scope, channel, paused=True), [said])


def resume_sending(operator: Operator, workspace: str | None, channel: str | None) -> Answer:
    """Release a switch."""
    scope = _scope(operator, workspace)
    resume(operator.store, operator.world, scope, channel)
    what = _what(workspace, channel)
    said = f"Resumed: {what}. Held drafts leave with the sweeps of the next two minutes."
    shown = [said]
    rows = operator.rows([(Switch, EVERYTHING), (Switch, scope)])
    still = [switch_words(row) for row in rows if row is not None and _is_thrown(row)]
    if still:
        shown.append("Still thrown: " + "; ".join(sorted(set(still))) + ".")
    return Answer(_document(scope, channel, paused=False), shown)


def _scope(operator: Operator, workspace: str | None) -> str:
    return EVERYTHING if workspace is None else str(operator.workspace(workspace).workspace)


def _what(workspace: str | None, channel: str | None) -> str:
    where = "every workspace" if workspace is None else f"the workspace {workspace}"
    return f"{where}, {channel} only" if channel else where


def _document(scope: str, channel: str | None, *, paused: bool) -> dict[str, Any]:
    return {"scope": scope, "channel": channel, "paused": paused}


def switch_words(row: Switch) -> str:
    """Say which sending a switch row stops."""
    where = "every workspace" if row.scope == EVERYTHING else f"workspace {row.scope}"
    if row.paused:
        return where
    return f"{where} ({', '.join(sorted(row.paused_channels or ()))})"


def _is_thrown(row: Switch) -> bool:
    return bool(row.paused or row.paused_channels)


# --- status --------------------------------------------------------------------------------------


def status(operator: Operator) -> Answer:
    """Show the switches, and how many items are due, scheduled and parked."""
    now = operator.world.now()
    workspaces = operator.workspaces()
    scopes = [EVERYTHING, *(str(row.workspace) for row in workspaces)]
    switches = dict(zip(scopes, operator.rows((Switch, scope) for scope in scopes), strict=True))
    drafts = _count(operator, Draft.due_index, upto=now)
    counts = {
        "drafts_due": drafts,
        "drafts_scheduled": max(0, _count(operator, Draft.due_index) - drafts),
        "drafts_failed": _count_failed(operator, scopes[1:], since=now - _FAILED_WITHIN),
        "events_due": _count(operator, Inbound.due_index, upto=now),
        "parked": _count(operator, Message.attention_index),
    }
    accounts = [account_document(row, now) for row in operator.integrations(scopes[1:])]
    document = {
        "switches": [_switch(scope, switches[scope]) for scope in scopes],
        "workspaces": [
            {
                "workspace": row.workspace,
                "name": row.name,
                "integrations": [one for one in accounts if one["workspace"] == row.workspace],
            }
            for row in workspaces
        ],
        "counts": counts,
    }
    return Answer(document, [_status_table(document, switches), _count_facts(counts)])


def _count(operator: Operator, index: GlobalSecondaryIndex[Any], upto: int | None = None) -> int:
    return sum(
        len(operator.store.query(index, str(shard), upto=upto, limit=_MOST_COUNTED))
        for shard in range(SHARDS)
    )


def _count_failed(operator: Operator, workspaces: Iterable[str], since: int) -> int:
    """Count the drafts that failed since then (epoch milliseconds, UTC), and still stand so."""
    return sum(
        key["updated_at"] >= since
        for workspace in workspaces
        for key in operator.store.query(
            Draft.state_index,
            state_key(workspace, DraftState.FAILED),
            newest_first=True,
            limit=_MOST_COUNTED,
        )
    )


def _switch(scope: str, row: Switch | None) -> dict[str, Any]:
    return {
        "scope": scope,
        "paused": bool(row.paused) if row is not None else False,
        "paused_channels": sorted(row.paused_channels or ()) if row is not None else [],
        "changed_at": int(row.changed_at) if row is not None else None,
    }


def _status_table(document: dict[str, Any], switches: dict[str, Switch | None]) -> Any:
    workspaces = {row["workspace"]: row for row in document["workspaces"]}
    rows = []
    for scope, row in switches.items():
        words = _sending_words(scope, row, switches[EVERYTHING])
        known = workspaces.get(scope, {"name": None, "integrations": []})
        rows.append(
            (
                screen.written("all" if scope == EVERYTHING else scope),
                screen.written(known["name"]),
                screen.written(words, "green" if words == "sending" else "bold yellow"),
                screen.written(_refusals(known["integrations"]), "red"),
            )
        )
    return screen.table(("workspace", "name", "sending", "refused by"), rows)


def _refusals(accounts: list[dict[str, Any]]) -> str:
    refused = [one for one in accounts if not one["healthy"]]
    return ", ".join(f"{one['provider']} ({one['unhealthy_code']})" for one in refused)


def _sending_words(scope: str, row: Switch | None, everything: Switch | None) -> str:
    """Say what really leaves under this switch: the one of everything stands above the others."""
    if row is not None and row.paused:
        return "paused"
    stopped = set(row.paused_channels or ()) if row is not None else set()
    if scope != EVERYTHING and everything is not None:
        if everything.paused:
            return "paused, as everything is"
        stopped |= set(everything.paused_channels or ())
    return f"paused: {', '.join(sorted(stopped))}" if stopped else "sending"


def _count_facts(counts: dict[str, int]) -> Any:
    names = {
        "drafts_due": "drafts due now",
        "drafts_scheduled": "drafts due later, on their way, or to be looked up",
        "drafts_failed": "drafts that failed within seven days (`sender drafts --state failed`)",
        "events_due": "recorded events to be finished",
        "parked": "parked deliveries (`sender parked`)",
    }
    return screen.facts(
        [
            (
                words,
                screen.written(
                    counts[name], "bold yellow" if name in _FOR_PEOPLE and counts[name] else ""
                ),
            )
            for name, words in names.items()
        ]
    )
