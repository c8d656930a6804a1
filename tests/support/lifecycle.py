"""Situations of an enrolment: an ordinary one, and what makes another of it."""

from dataclasses import replace
from typing import Any

from system_sender.followups.lifecycle import HOUR, View
from system_sender.followups.sequence import Step
from system_sender.models import Draft, Enrolment, Lead

NOW = 1_772_557_200_000
DAY = 24 * HOUR

HELLO = Step(key="hello", day=1, minute=0, channel="sms", template="Hi")
AGAIN = Step(key="again", day=3, minute=0, channel="sms", template="Still looking?")
STEPS = (HELLO, AGAIN)


def done(step: Step, code: str = "step_sent") -> dict[str, dict[str, Any]]:
    """Return the record of a step that is over."""
    return {step.key: {"code": code, "at": NOW, "day": step.day, "minute": step.minute}}


def draft(state: str, **columns: Any) -> Draft:
    """Return the draft of the first step."""
    values = {
        "workspace": "acme",
        "lead_id": "acme:dana",
        "channel": "sms",
        "state": state,
        "revision": 1,
        "parts": 0,
        "updated_at": NOW - 5,
        **columns,
    }
    return Draft("acme:followup:winter/dana:hello", **values)


def view(
    *, enrolment: dict[str, Any] | None = None, lead: dict[str, Any] | None = None, **changes: Any
) -> View:
    """Return an active enrolment whose first step is due, with changes."""
    row = Enrolment(
        "acme:winter/dana",
        **{
            "workspace": "acme",
            "lead_id": "acme:dana",
            "sequence_id": "acme:winter",
            "state": "active",
            "code": "step_not_due",
            "step": "hello",
            "done": {},
            "spaced_from": NOW,
            "started_inbounds": 0,
            "seen_inbounds": 0,
            **(enrolment or {}),
        },
    )
    person = Lead("acme:dana", **{"workspace": "acme", "phone": "+15550100001", **(lead or {})})
    usual = View(
        enrolment=row,
        lead=person,
        steps=STEPS,
        draft=None,
        begun=False,
        stops={},
        paused=None,
        time_zone="America/New_York",
        now=NOW,
    )
    return replace(usual, **changes)
