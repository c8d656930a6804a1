"""Lifting an opt-out: a person's act, with the reason on record."""

from dataclasses import dataclass
from typing import Any

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.operator import Operator
from system_sender.cli.problem import Problem, Trouble
from system_sender.codes import Code
from system_sender.email_address import to_address
from system_sender.linkedin import is_provider_id
from system_sender.models import (
    Alias,
    Lead,
    Suppression,
    Workspace,
    email_alias,
    linkedin_alias,
    phone_alias,
    suppression_key,
)
from system_sender.phone_number import to_e164
from system_sender.store import ConditionsFailed, Key, Write

# A webhook may change the lead between its reading and its writing.
_TRIES = 8

_ALIASES = {"sms": phone_alias, "email": email_alias, "linkedin": linkedin_alias}


@dataclass(frozen=True, slots=True)
class _Stop:
    """What keeps an address from being written to.

    Attributes:
        row: the suppression, which the claim looks at; None where there is none.
        lead: whose address it is; None where it is nobody's.
        flagged: the channel is stopped on the lead's row.
    """

    row: Suppression | None
    lead: Lead | None
    flagged: bool


def lift_suppression(
    operator: Operator, workspace: str, channel: str, address: str, reason: str, user: str | None
) -> Answer:
    """Let an address be written to again on a channel of a workspace.

    Args:
        user: who lifts it.
    """
    owner = operator.workspace(workspace)
    stored = _as_stored(owner, channel, address)
    for _ in range(_TRIES):
        stop = _read(operator, owner, channel, stored)
        if stop.row is None and not stop.flagged:
            raise Problem(
                Trouble.NOT_SUPPRESSED,
                f"Nothing keeps {workspace} from writing to {stored} by {channel}. Is the address "
                "right? `sender lead show` lists what is stopped.",
            )
        record = f"lifted by {user}: {reason}" if user else f"lifted: {reason}"
        if _lifted(operator, owner, channel, stored, stop, record):
            return _answer(workspace, channel, stored, stop, record)
    raise Problem(
        Trouble.STORAGE_FAILED,
        "The lead kept changing while it was written; nothing was changed. Repeat the command.",
    )


def _as_stored(workspace: Workspace, channel: str, address: str) -> str:
    """Return an address in the form in which a claim looks for it."""
    found = {
        "sms": lambda: to_e164(address, workspace.region),
        "email": lambda: to_address(address),
        "linkedin": lambda: address if is_provider_id(address) else None,
    }[channel]()
    if found is None:
        problem = {
            "sms": Code.INVALID_PHONE,
            "email": Code.INVALID_EMAIL,
            "linkedin": Code.MISSING_LINKEDIN,
        }[channel]
        words = {"sms": "phone number", "email": "e-mail address", "linkedin": "LinkedIn id"}
        raise Problem(problem, f"'{address}' is no {words[channel]} in {workspace.workspace}.")
    return found


def _read(operator: Operator, workspace: Workspace, channel: str, address: str) -> _Stop:
    name = str(workspace.workspace)
    keys: list[Key] = [
        (Suppression, suppression_key(name, channel, address)),
        (Alias, _ALIASES[channel](name, address)),
    ]
    row, alias = operator.rows(keys)
    lead = operator.store.get(Lead, alias.lead_id) if alias is not None else None
    flagged = lead is not None and channel in (lead.suppressed_channels or ())
    return _Stop(row, lead, flagged)


def _lifted(
    operator: Operator, workspace: Workspace, channel: str, address: str, stop: _Stop, record: str
) -> bool:
    """Write it, and say whether everything was still as it was read."""
    key = suppression_key(str(workspace.workspace), channel, address)
    now = operator.world.now()

    def build(token: str) -> Write:
        write = Write(token)
        if stop.row is not None:
            same = Suppression.created_at == stop.row.created_at
            write.delete("suppression", Suppression(key), same)
        # The opt-out is gone, and that it was there, who lifted it and why is not.
        was = f"{record} (was {stop.row.reason})" if stop.row is not None else record
        write.put("record", Suppression(f"{key}:lifted:{now}", reason=was, created_at=now))
        if stop.lead is not None:
            version = int(stop.lead.version)
            actions: list[Any] = [Lead.version.set(version + 1)]
            if stop.flagged:
                actions.append(Lead.suppressed_channels.delete({channel}))
            write.update("lead", Lead(stop.lead.lead_id), actions, Lead.version == version)
        return write

    try:
        operator.store.write_patiently(build)
    except ConditionsFailed:
        return False
    return True


def _answer(workspace: str, channel: str, address: str, stop: _Stop, record: str) -> Answer:
    document = {
        "workspace": workspace,
        "channel": channel,
        "address": address,
        "lead_id": stop.lead.lead_id if stop.lead is not None else None,
        "was": stop.row.reason if stop.row is not None else None,
        "record": record,
    }
    said = (
        f"{address} may be written to again by {channel}; the reason is on record. Drafts that the "
        "opt-out had ended stay ended: approve those that shall go."
    )
    return Answer(document, [screen.written(said)])
