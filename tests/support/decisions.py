"""Situations in words, and what the policy says of them. The docs show this table; tests hold it.

Every situation is the usual one but for what its words say: see :func:`situation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from system_sender.codes import Code
from system_sender.hourly import HOUR, HourReading, next_hour
from system_sender.models import Campaign, Draft, Integration, Lead, Workspace
from system_sender.policy import DAY, LOOK_AGAIN, MINUTE, Go, Refuse, Situation, Verdict, Wait
from system_sender.states import DraftState

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str, zone: str = "America/New_York") -> int:
    """Return the epoch milliseconds of a wall clock's time, New York's if nothing is said."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


# A Tuesday.
NOW = at("2026-03-03T12:00")
USUAL = (
    "It is Tuesday, 3 March 2026, noon in New York. The lead Dana is in the campaign Autumn, which "
    "automation answers from a confidence of 0.9 on. Dana wrote yesterday and has had no answer. A "
    "text message to her is approved since noon; its confidence is 0.95. The workspace is in New "
    "York; it allows 5 automated messages a day and 3 in a row to a lead, and no schedule or cap "
    "an hour is set. Nobody knows Dana's time zone, and her number tells none."
)


def situation(
    *,
    draft: Mapping[str, Any] | None = None,
    lead: Mapping[str, Any] | None = None,
    workspace: Mapping[str, Any] | None = None,
    campaign: Mapping[str, Any] | None = None,
    integration: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Situation:
    """Return a situation in which nothing stands in the way, but for what is said.

    Args:
        no_campaign: the draft's campaign is gone.
    """
    gone = changes.pop("no_campaign", False)
    now = changes.get("now", NOW)
    values: dict[str, Any] = {
        "draft": Draft(
            "acme:hello",
            **{
                "workspace": "acme",
                "channel": "sms",
                "campaign_id": "acme:autumn",
                "confidence": 0.95,
                "seen_inbounds": 1,
                "seen_human_outbounds": 0,
                "ready_at": now,
                **(draft or {}),
            },
        ),
        "lead": Lead(
            "acme:dana",
            **{
                "campaign_id": "acme:autumn",
                "phone": "+15550100001",
                "inbound_count": 1,
                "last_inbound_at": now - DAY,
                **(lead or {}),
            },
        ),
        "workspace": Workspace(
            "acme", **{"region": "US", "time_zone": "America/New_York", **(workspace or {})}
        ),
        "campaign": Campaign(
            "acme:autumn",
            **{"name": "Autumn", "response_mode": "AI_AUTO_SEND", **(campaign or {})},
        ),
        "integration": Integration("acme:gohighlevel", **(integration or {})),
        "paused": None,
        "sent_by": "ai",
        "continuing": False,
        "now": now,
    }
    return Situation(**{**values, **({"campaign": None} if gone else {}), **changes})


# What whoever set up the hours or the sequence meant to happen.
PLANNED = {
    Code.QUIET_HOURS,
    Code.OUTSIDE_SCHEDULE,
    Code.CHANNEL_DAILY_CAP,
    Code.LEAD_AWAY,
}
SEQUENCE = {"enrolment_id": "acme:nurture:dana"}


def ask(code: Code) -> Refuse:
    """Return the verdict that a person decides."""
    return Refuse(code, DraftState.NEEDS_REVIEW)


def wait(text: str, code: Code, zone: str = "America/New_York") -> Wait:
    """Return the verdict of a wait until a wall clock's time; hours are planned waits."""
    return Wait(at(text, zone), code, planned=code in PLANNED)


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        says: the situation, in words.
        changes: the same, for :func:`situation`.
        machine: the verdict over automation.
        person: the verdict over a person who sends it.
    """

    says: str
    changes: Mapping[str, Any]
    machine: Verdict
    person: Verdict = field(default_factory=Go)


def alike(says: str, changes: Mapping[str, Any], verdict: Verdict) -> Case:
    """Return a case in which a person is bound as automation is."""
    return Case(says, changes, verdict, verdict)


def evening(text: str = "2026-03-03T20:00", **lead: Any) -> dict[str, Any]:
    """Return the usual situation at another time."""
    return {"now": at(text), "lead": lead}


def scheduled(schedule: Any, now: str, **more: Any) -> dict[str, Any]:
    """Return an e-mail in a workspace with a schedule: quiet hours do not concern it."""
    return {
        "now": at(now),
        "workspace": {"schedule": schedule},
        "draft": {"channel": "email"},
        **more,
    }


OFFICE = {"mode": "BUSINESS_HOURS"}
NIGHT = {"mode": "CUSTOM", "start": "22:00", "end": "06:00", "days": [0, 1, 2, 3, 4]}
USED_UP = HourReading(NOW, (1, 1, 0, 0, 0, 0, 0, 0))
HALF_USED = HourReading(NOW, (1, 0, 0, 0, 0, 0, 0, 0))
TOO_LONG = ask(Code.WAITED_TOO_LONG)

EVERYBODY = [
    alike("nothing is in the way", {}, Go()),
    alike(
        "everything is paused",
        {"paused": Code.PAUSED_ALL},
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_ALL),
    ),
    alike(
        "the workspace is paused",
        {"paused": Code.PAUSED_WORKSPACE},
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_WORKSPACE),
    ),
    alike(
        "text messages are paused",
        {"paused": Code.PAUSED_CHANNEL},
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_CHANNEL),
    ),
    alike(
        "Dana is blacklisted",
        {"lead": {"blacklisted": True}},
        Refuse(Code.BLACKLISTED, DraftState.FAILED),
    ),
    alike(
        "Dana opted out of text messages",
        {"lead": {"suppressed_channels": {"sms"}}},
        Refuse(Code.OPTED_OUT, DraftState.FAILED),
    ),
    alike("Dana opted out of e-mail alone", {"lead": {"suppressed_channels": {"email"}}}, Go()),
    alike(
        "Dana has written again",
        {"lead": {"inbound_count": 2}},
        Refuse(Code.NEWER_INBOUND, DraftState.SUPERSEDED),
    ),
    alike(
        "a person has answered",
        {"lead": {"human_outbound_count": 1}},
        Refuse(Code.HUMAN_REPLIED, DraftState.SUPERSEDED),
    ),
    alike(
        "the provider refuses the workspace's credentials until five past twelve",
        {"integration": {"unhealthy_until": NOW + 5 * MINUTE}},
        Wait(NOW + 5 * MINUTE, Code.INTEGRATION_UNHEALTHY),
    ),
    alike("the provider refused them until now", {"integration": {"unhealthy_until": NOW}}, Go()),
    alike(
        "the workspace has been paused since the draft was to go, 24 hours ago",
        {"paused": Code.PAUSED_WORKSPACE, "draft": {"ready_at": NOW - DAY}},
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_WORKSPACE),
    ),
    alike(
        "the workspace has been paused for longer than that",
        {"paused": Code.PAUSED_WORKSPACE, "draft": {"ready_at": NOW - DAY - 1}},
        TOO_LONG,
    ),
    alike(
        "the provider's refusals have held it for longer than 24 hours",
        {"draft": {"ready_at": NOW - DAY - 1, "code": "unauthorized"}},
        TOO_LONG,
    ),
    alike(
        "a limit of the provider has held it for 24 hours",
        {"draft": {"ready_at": NOW - DAY, "code": "rate_limited"}},
        Go(),
    ),
    alike(
        "a limit of the provider has held it for longer than that",
        {"draft": {"ready_at": NOW - DAY - 1, "code": "rate_limited"}},
        TOO_LONG,
    ),
    alike(
        "the same, and this is a step of a sequence, which answers nobody",
        {"draft": {**SEQUENCE, "ready_at": NOW - DAY - 1, "code": "rate_limited"}},
        Go(),
    ),
]

WHO_DECIDES = [
    Case(
        "this is a step of a sequence that a person paused during an earlier attempt",
        {"draft": SEQUENCE, "halted": Code.PAUSED_BY_PERSON},
        Refuse(Code.PAUSED_BY_PERSON, DraftState.SUPERSEDED),
    ),
    Case(
        "this is a step of a sequence, which was woken and has not looked yet",
        {"draft": SEQUENCE, "halted": Code.SEQUENCE_LOOKS},
        Wait(NOW + LOOK_AGAIN, Code.SEQUENCE_LOOKS),
    ),
    Case(
        "somebody seems to have just written to Dana from the provider's app",
        {"lead": {"echo_held_until": NOW + 2 * MINUTE}},
        Wait(NOW + 2 * MINUTE, Code.ECHO_HELD),
    ),
    Case(
        "the draft's campaign does not exist",
        {"no_campaign": True},
        ask(Code.CAMPAIGN_NOT_FOUND),
    ),
    Case(
        "Dana was taken out of every campaign",
        {"lead": {"campaign_id": None}},
        ask(Code.NO_CAMPAIGN),
    ),
    Case(
        "Dana was moved to another campaign",
        {"lead": {"campaign_id": "acme:winter"}},
        ask(Code.LEAD_MOVED),
    ),
    Case(
        "people answer the campaign",
        {"campaign": {"response_mode": "SETTER_MANAGED"}},
        ask(Code.SETTER_MANAGED),
    ),
    Case(
        "the campaign's mode is a word nobody knows",
        {"campaign": {"response_mode": "AUTO"}},
        ask(Code.SETTER_MANAGED),
    ),
    Case("the confidence is 0.899", {"draft": {"confidence": 0.899}}, ask(Code.BELOW_THRESHOLD)),
    Case("the confidence is 0.9", {"draft": {"confidence": 0.9}}, Go()),
    Case(
        "the draft belongs to no campaign",
        {"draft": {"campaign_id": None, "confidence": 0.1}},
        Go(),
    ),
    Case("Dana has booked", {"lead": {"booked": True}}, ask(Code.LEAD_BOOKED)),
    Case(
        "the text lacks a value of its template",
        {"draft": {"incomplete": True}},
        ask(Code.TEMPLATE_VARIABLE_MISSING),
    ),
    Case(
        "the text was not found safe to send, whatever the confidence",
        {"draft": {"judgement": {"safe_to_send": False}, "confidence": 1}},
        ask(Code.EVALUATOR_UNSURE),
    ),
    Case(
        "whoever judged the text asks for a person, whatever the confidence",
        {"draft": {"judgement": {"needs_review": True}, "confidence": 1}},
        ask(Code.EVALUATOR_UNSURE),
    ),
    Case(
        "the text was found safe, and needs nobody",
        {"draft": {"judgement": {"safe_to_send": True, "needs_review": False}}},
        Go(),
    ),
    Case(
        "Dana has had 3 automated messages in a row without an answer",
        {"lead": {"automated_in_a_row": 3}},
        ask(Code.CONSECUTIVE_CAP),
    ),
    Case("Dana has had 2 in a row", {"lead": {"automated_in_a_row": 2}}, Go()),
    Case(
        "Dana has had 3 in a row, and this is a step of a sequence",
        {"draft": SEQUENCE, "lead": {"automated_in_a_row": 3}},
        Go(),
    ),
    Case(
        "Dana is away until Thursday at nine, and this is a step of a sequence",
        {"draft": SEQUENCE, "lead": {"away_until": at("2026-03-05T09:00")}},
        wait("2026-03-05T09:00", Code.LEAD_AWAY),
    ),
    Case(
        "the same, and this answers what she has just written",
        {"lead": {"away_until": at("2026-03-05T09:00")}},
        Go(),
    ),
    Case(
        "Dana was away until now, and this is a step of a sequence",
        {"draft": SEQUENCE, "lead": {"away_until": at("2026-03-03T12:00")}},
        Go(),
    ),
    Case(
        "this very draft was the third in a row, and is tried again",
        {"draft": {"counted_on": "2026-03-03"}, "lead": {"automated_in_a_row": 3}},
        Go(),
    ),
]

HOURS = [
    Case(
        "the hours are Monday to Friday, 9 to 17; it is Tuesday, 16:59",
        scheduled(OFFICE, "2026-03-03T16:59"),
        Go(),
    ),
    Case(
        "the same at 17:00",
        scheduled(OFFICE, "2026-03-03T17:00"),
        wait("2026-03-04T09:00", Code.OUTSIDE_SCHEDULE),
    ),
    Case(
        "the same on Friday at 18:00",
        scheduled(OFFICE, "2026-03-06T18:00"),
        wait("2026-03-09T09:00", Code.OUTSIDE_SCHEDULE),
    ),
    Case(
        "the same at noon, but Dana is in Sydney, where it is four in the morning",
        scheduled(OFFICE, "2026-03-03T12:00", lead={"time_zone": "Australia/Sydney"}),
        wait("2026-03-04T09:00", Code.OUTSIDE_SCHEDULE, "Australia/Sydney"),
    ),
    Case(
        "the same, but the campaign's own schedule is ALWAYS",
        scheduled(OFFICE, "2026-03-06T18:00", campaign={"schedule": {"mode": "ALWAYS"}}),
        Go(),
    ),
    Case(
        "the workspace is closed on 3 March",
        scheduled({"mode": "ALWAYS", "blackout_dates": ["2026-03-03"]}, "2026-03-03T12:00"),
        wait("2026-03-04T00:00", Code.OUTSIDE_SCHEDULE),
    ),
    Case(
        "the workspace is closed on 3 March, the campaign from the 4th to the 6th",
        scheduled(
            {"mode": "BUSINESS_HOURS", "blackout_dates": ["2026-03-03"]},
            "2026-03-03T12:00",
            campaign={"schedule": {"blackout_ranges": [["2026-03-04", "2026-03-06"]]}},
        ),
        wait("2026-03-09T09:00", Code.OUTSIDE_SCHEDULE),
    ),
    Case(
        "American holidays are free; it is Friday, 3 July 2026, and the 4th is a Saturday",
        scheduled({"mode": "BUSINESS_HOURS", "holidays": {"country": "US"}}, "2026-07-03T12:00"),
        wait("2026-07-06T09:00", Code.OUTSIDE_SCHEDULE),
    ),
    Case(
        "the hours are weekday nights, 22 to 6; it is Saturday, 05:59, Friday's night",
        scheduled(NIGHT, "2026-03-07T05:59"),
        Go(),
    ),
    Case(
        "the same at 06:00",
        scheduled(NIGHT, "2026-03-07T06:00"),
        wait("2026-03-09T22:00", Code.OUTSIDE_SCHEDULE),
    ),
    Case(
        "the schedule cannot be understood",
        scheduled({"mode": "SOMETIMES"}, "2026-03-03T12:00"),
        ask(Code.SCHEDULE_INVALID),
    ),
    Case(
        "the workspace is closed for the whole year",
        scheduled(
            {"mode": "ALWAYS", "blackout_ranges": [["2026-01-01", "2026-12-31"]]},
            "2026-03-03T12:00",
        ),
        ask(Code.NEVER_OPEN),
    ),
    Case("it is 19:59", evening("2026-03-03T19:59"), Go()),
    Case(
        "it is 20:00",
        evening("2026-03-03T20:00"),
        wait("2026-03-04T09:00", Code.QUIET_HOURS),
    ),
    Case("it is 20:00, and this is an e-mail", {**evening(), "draft": {"channel": "email"}}, Go()),
    Case(
        "it is 23:00, and Dana wrote an hour ago",
        evening("2026-03-03T23:00", last_inbound_at=at("2026-03-03T22:00")),
        Go(),
    ),
    Case(
        "it is 23:00, and Dana wrote a minute earlier than that",
        evening("2026-03-03T23:00", last_inbound_at=at("2026-03-03T21:59")),
        wait("2026-03-04T09:00", Code.QUIET_HOURS),
    ),
    Case(
        "it is Sunday, 11:00",
        evening("2026-03-01T11:00"),
        wait("2026-03-01T12:00", Code.QUIET_HOURS),
    ),
    Case(
        "it is noon, but Dana is in Berlin, where it is 18:00",
        {"lead": {"time_zone": "Europe/Berlin"}},
        Go(),
    ),
    Case(
        "it is 14:00, but Dana's number is German, and there it is 20:00",
        {"now": at("2026-03-03T14:00"), "lead": {"phone": "+4915112345678"}},
        wait("2026-03-04T09:00", Code.QUIET_HOURS, "Europe/Berlin"),
    ),
    Case(
        "it is 18:00, and Dana's number is an Australian mobile's: it is 10:00 in Sydney, but "
        "5:30 on the Cocos Islands",
        {"now": at("2026-03-03T18:00"), "lead": {"phone": "+61412345678"}},
        wait("2026-03-04T09:00", Code.QUIET_HOURS, "Indian/Cocos"),
    ),
    Case(
        "the workspace's quiet hours begin at 18:00; it is 18:00",
        {
            "now": at("2026-03-03T18:00"),
            "workspace": {"quiet_hours": {"start": "18:00", "end": "10:00"}},
        },
        wait("2026-03-04T10:00", Code.QUIET_HOURS),
    ),
    Case(
        "the quiet hours are written the wrong way round",
        {"workspace": {"quiet_hours": {"start": "09:00", "end": "20:00"}}},
        ask(Code.SCHEDULE_INVALID),
    ),
    Case(
        "the schedule is open at night alone, and this is a text",
        {"workspace": {"schedule": NIGHT}},
        ask(Code.NEVER_OPEN),
    ),
    Case(
        "the draft was to go on Friday, and the hours have held it since; it is Monday, 09:00",
        {
            "now": at("2026-03-09T09:00"),
            "workspace": {"schedule": OFFICE},
            "draft": {"ready_at": at("2026-03-09T09:00")},
        },
        Go(),
    ),
]

CAPS = [
    Case(
        "automation has texted Dana today, and this is a step of a sequence",
        {"draft": SEQUENCE, "lead": {"automated_on": {"sms": "2026-03-03"}}},
        wait("2026-03-04T09:00", Code.CHANNEL_DAILY_CAP),
    ),
    Case(
        "the same, and this step was the one, and did not leave",
        {
            "draft": {**SEQUENCE, "counted_on": "2026-03-03"},
            "lead": {"automated_on": {"sms": "2026-03-03"}},
        },
        Go(),
    ),
    Case(
        "the same, but this step did not leave yesterday",
        {
            "draft": {**SEQUENCE, "counted_on": "2026-03-02"},
            "lead": {"automated_on": {"sms": "2026-03-03"}},
        },
        wait("2026-03-04T09:00", Code.CHANNEL_DAILY_CAP),
    ),
    Case(
        "the same, and this is a reply",
        {"lead": {"automated_on": {"sms": "2026-03-03"}}},
        Go(),
    ),
    Case(
        "automation wrote Dana an e-mail today and texted her yesterday; this is a sequence's text",
        {
            "draft": SEQUENCE,
            "lead": {"automated_on": {"sms": "2026-03-02", "email": "2026-03-03"}},
        },
        Go(),
    ),
    Case(
        "Dana has had 5 automated messages today",
        {"lead": {"automated_today": 5, "automated_day": "2026-03-03"}},
        wait("2026-03-04T09:00", Code.DAILY_CAP),
    ),
    Case(
        "Dana had 5 automated messages yesterday",
        {"lead": {"automated_today": 5, "automated_day": "2026-03-02"}},
        Go(),
    ),
    Case(
        "Dana has had 5 messages on 3 March, but in Auckland, where she is, it is the 4th",
        {
            "draft": {"channel": "email"},
            "lead": {
                "automated_today": 5,
                "automated_day": "2026-03-03",
                "time_zone": "Pacific/Auckland",
            },
        },
        Go(),
    ),
    Case(
        "the workspace allows 2 automated messages an hour, and this hour has seen 1",
        {"workspace": {"automated_per_hour": 2}, "hour": HALF_USED},
        Go(),
    ),
    Case(
        "this hour has seen 2",
        {"workspace": {"automated_per_hour": 2}, "hour": USED_UP},
        Wait(next_hour("acme:hello", NOW), Code.HOURLY_CAP),
    ),
    Case(
        "the hour before had seen 2",
        {"workspace": {"automated_per_hour": 2}, "hour": HourReading(NOW - HOUR, USED_UP.used)},
        Go(),
    ),
    Case(
        "caps have held it for longer than 24 hours",
        {
            "draft": {"ready_at": NOW - DAY - 1},
            "workspace": {"automated_per_hour": 2},
            "hour": USED_UP,
        },
        TOO_LONG,
    ),
]


def continuing(says: str, changes: Mapping[str, Any], machine: Verdict, person: Verdict) -> Case:
    """Return a case in which the first part of the text is out."""
    return Case(says, {**changes, "continuing": True}, machine, person)


PARTS = [
    continuing("Dana has written again", {"lead": {"inbound_count": 2}}, Go(), Go()),
    continuing("a person has answered", {"lead": {"human_outbound_count": 1}}, Go(), Go()),
    continuing(
        "people answer the campaign from now on",
        {"campaign": {"response_mode": "SETTER_MANAGED"}},
        Go(),
        Go(),
    ),
    continuing(
        "Dana opted out of text messages",
        {"lead": {"suppressed_channels": {"sms"}}},
        Refuse(Code.OPTED_OUT, DraftState.FAILED),
        Refuse(Code.OPTED_OUT, DraftState.FAILED),
    ),
    continuing(
        "everything is paused",
        {"paused": Code.PAUSED_ALL},
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_ALL),
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_ALL),
    ),
    continuing(
        "it is 20:00",
        evening(),
        wait("2026-03-04T09:00", Code.QUIET_HOURS),
        Go(),
    ),
    continuing(
        "it is outside the schedule's hours",
        {"workspace": {"schedule": NIGHT}},
        Go(),
        Go(),
    ),
]

TWO_REASONS = [
    alike(
        "everything is paused, and Dana opted out",
        {"paused": Code.PAUSED_ALL, "lead": {"suppressed_channels": {"sms"}}},
        Wait(NOW + LOOK_AGAIN, Code.PAUSED_ALL),
    ),
    alike(
        "Dana opted out, and has written again",
        {"lead": {"suppressed_channels": {"sms"}, "inbound_count": 2}},
        Refuse(Code.OPTED_OUT, DraftState.FAILED),
    ),
    Case(
        "people answer the campaign, and it is 20:00",
        {**evening(), "campaign": {"response_mode": "SETTER_MANAGED"}},
        ask(Code.SETTER_MANAGED),
    ),
    Case(
        "it is 20:00, the hours are Monday to Friday, 9 to 17, and Dana has had 5 messages today",
        {
            **evening(automated_today=5, automated_day="2026-03-03"),
            "workspace": {"schedule": OFFICE},
        },
        wait("2026-03-04T09:00", Code.OUTSIDE_SCHEDULE),
    ),
]

SECTIONS: dict[str, list[Case]] = {
    "What binds everybody": EVERYBODY,
    "What a person must decide": WHO_DECIDES,
    "Hours": HOURS,
    "Caps": CAPS,
    "When the first part of a long text is out": PARTS,
    "Two reasons at once": TWO_REASONS,
}
CASES = [case for cases in SECTIONS.values() for case in cases]
