"""Who is behind a profile URL: asked only when a letter may go, and never about another's lead."""

from collections.abc import Callable
from typing import Any

import pytest

from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.unipile import provider_id_of
from system_sender.codes import Code
from system_sender.models import (
    Alias,
    Draft,
    Integration,
    Lead,
    Switch,
    Workspace,
    integration_key,
    linkedin_alias,
)
from system_sender.result import SendOutcome
from tests.engine.stage import Once, Stage, named
from tests.support.correspondents import CORRESPONDENTS
from tests.support.tables import rows

CHAT = CORRESPONDENTS["unipile"]
HELLO = "Hi Dana, does 2pm Tuesday work?"
DANA = provider_id_of("dana-example")
HOUR = 3_600_000
TEN_MINUTES = 600_000


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """The lead is known by the address of their profile alone."""
    CHAT.integrate(stage.scene)
    url = "https://www.linkedin.com/in/dana-example/"
    lead = Lead(stage.scene.lead_id)
    stage.update(lead, Lead.linkedin_id.remove(), Lead.linkedin_url.set(url))
    return stage


def hello(stage: Stage, key: str = "hello", text: str = HELLO, **changes: Any) -> Draft:
    return stage.scene.draft(key, text, channel="linkedin", **changes)


def looks(stage: Stage) -> int:
    requests = stage.sandbox.ledger.requests()
    return [entry.path for entry in requests].count("/api/v1/users/dana-example")


def sends(stage: Stage) -> int:
    requests = stage.sandbox.ledger.requests()
    return sum(entry.operation is Operation.SEND for entry in requests)


def alias(stage: Stage) -> str:
    return linkedin_alias(stage.scene.workspace, DANA)


def owner(stage: Stage) -> str | None:
    return {str(row.alias): str(row.lead_id) for row in rows(stage.connection, Alias)}.get(
        alias(stage)
    )


def another(stage: Stage) -> str:
    return f"{stage.scene.workspace}:other"


def another_lead(stage: Stage, **columns: Any) -> Lead:
    return Lead(
        another(stage),
        workspace=stage.scene.workspace,
        first_name="Dana",
        linkedin_id=DANA,
        created_at=0,
        **columns,
    )


def integration(stage: Stage) -> Integration:
    row = stage.system.store.get(Integration, integration_key(stage.scene.workspace, "unipile"))
    assert row is not None
    return row


# --- whose name it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [{}, {"blacklisted": True}, {"suppressed_channels": {"linkedin"}}],
    ids=["lives", "blacklisted", "opted out"],
)
def test_a_person_who_is_another_lead_is_not_written_to_as_this_one(
    stage: Stage, columns: dict[str, Any]
) -> None:
    stage.scene.put(another_lead(stage, **columns), Alias(alias(stage), lead_id=another(stage)))
    draft = hello(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.HELD, Code.KNOWN_AS_ANOTHER_LEAD)
    assert (stage.state(draft.draft_id), sends(stage)) == ("needs_review", 0)
    assert owner(stage) == another(stage)
    assert stage.scene.lead_now().linkedin_id is None


def test_the_name_of_a_lead_that_is_gone_is_taken_over(stage: Stage) -> None:
    stage.scene.put(Alias(alias(stage), lead_id=another(stage)))
    assert stage.send(hello(stage).draft_id).outcome is SendOutcome.SENT
    assert owner(stage) == stage.scene.lead_id
    assert stage.scene.lead_now().linkedin_id == DANA


def test_a_lead_that_comes_back_keeps_its_name(stage: Stage) -> None:
    stage.scene.put(Alias(alias(stage), lead_id=another(stage)))
    stage.world.before = Once(named("write former+"), lambda: stage.scene.put(another_lead(stage)))
    assert stage.send(hello(stage).draft_id).code is Code.KNOWN_AS_ANOTHER_LEAD
    assert (owner(stage), sends(stage)) == (another(stage), 0)


def test_the_leads_own_name_is_kept_with_it(stage: Stage) -> None:
    stage.scene.put(Alias(alias(stage), lead_id=stage.scene.lead_id))
    assert stage.send(hello(stage, "one").draft_id).outcome is SendOutcome.SENT
    assert stage.scene.lead_now().linkedin_id == DANA
    assert stage.send(hello(stage, "two").draft_id).outcome is SendOutcome.SENT
    assert looks(stage) == 1


def test_a_lead_that_is_deleted_while_it_is_looked_for_gets_nothing(stage: Stage) -> None:
    stage.world.before = Once(
        named("write alias+lead"), lambda: stage.delete(Lead, stage.scene.lead_id)
    )
    assert stage.send(hello(stage).draft_id).code is Code.LEAD_NOT_FOUND
    assert (owner(stage), sends(stage)) == (None, 0)


def test_an_id_that_somebody_wrote_down_meanwhile_holds(stage: Stage) -> None:
    theirs = provider_id_of("dana-corrected")
    lead = Lead(stage.scene.lead_id)
    stage.world.before = Once(
        named("write alias+lead"), lambda: stage.update(lead, Lead.linkedin_id.set(theirs))
    )
    assert stage.send(hello(stage).draft_id).outcome is SendOutcome.SENT
    assert [entry.contact_id for entry in stage.sandbox.ledger.accepted()] == [theirs]


# --- nobody is looked for whom nothing may go to -------------------------------------------------


def paused(stage: Stage) -> None:
    stage.scene.put(Switch("*", paused=True, changed_at=0))
    stage.world.step(2)


def blacklisted(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.blacklisted.set(True))


def opted_out(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.suppressed_channels.set({"linkedin"}))


def unhealthy(stage: Stage) -> None:
    until = stage.world.now() + TEN_MINUTES
    stage.update(integration(stage), Integration.unhealthy_until.set(until))


def answered_by_a_person(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.human_outbound_count.set(9))


def capped(stage: Stage) -> None:
    stage.update(Workspace(stage.scene.workspace), Workspace.automated_per_day.set(0))


@pytest.mark.parametrize(
    ("obstacle", "code"),
    [
        (paused, Code.PAUSED_ALL),
        (blacklisted, Code.BLACKLISTED),
        (opted_out, Code.OPTED_OUT),
        (unhealthy, Code.INTEGRATION_UNHEALTHY),
        (answered_by_a_person, Code.HUMAN_REPLIED),
        (capped, Code.DAILY_CAP),
    ],
)
def test_nobody_is_looked_for_whom_nothing_may_go_to(
    stage: Stage, obstacle: Callable[[Stage], None], code: Code
) -> None:
    draft = hello(stage)
    obstacle(stage)
    assert stage.send(draft.draft_id).code is code
    assert stage.sandbox.ledger.requests() == []


def test_nobody_is_looked_for_because_of_a_text_that_cannot_be_sent(stage: Stage) -> None:
    assert stage.send(hello(stage, text="long " * 2000).draft_id).code is Code.TEXT_TOO_LONG
    assert stage.sandbox.ledger.requests() == []


def test_what_was_looked_for_before_has_an_address(stage: Stage) -> None:
    stage.fail(Kind.RESET_AFTER, operation=Operation.SEND)
    assert stage.send(hello(stage).draft_id).outcome is SendOutcome.UNKNOWN
    stage.update(Lead(stage.scene.lead_id), Lead.linkedin_id.remove())
    stage.world.step(30)
    assert stage.sweep().codes == {"sent_by_evidence": 1}
    assert looks(stage) == 1


# --- nobody hammers ------------------------------------------------------------------------------


@pytest.mark.parametrize(("retry_after", "pause"), [(None, 4 * HOUR), ("7200", 2 * HOUR)])
def test_a_limit_on_looking_is_waited_out(
    stage: Stage, retry_after: str | None, pause: int
) -> None:
    stage.fail(
        Kind.REFUSE,
        operation=Operation.LOOK_UP,
        refusal="too_many_requests",
        retry_after=retry_after,
    )
    draft = hello(stage)
    result = stage.send(draft.draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, Code.RATE_LIMITED)
    assert result.due_at == stage.world.now() + pause
    stage.world.step(pause / 1000 - 1)
    assert (stage.sweep().due, looks(stage)) == (0, 1)
    stage.world.step(1)
    assert stage.sweep().codes == {"sent": 1}


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        ("invalid_key", Code.UNAUTHORIZED),
        ("disconnected", Code.ACCOUNT_DISCONNECTED),
        ("account_not_found", Code.ACCOUNT_DISCONNECTED),
    ],
)
def test_an_account_that_is_refused_lets_all_its_drafts_wait(
    stage: Stage, refusal: str, code: Code
) -> None:
    stage.sandbox.program(Fault(Kind.REFUSE, operation=Operation.LOOK_UP, refusal=refusal))
    drafts = [hello(stage, key, f"{HELLO} {key}") for key in "abc"]
    result = stage.send(drafts[0].draft_id)
    assert (result.outcome, result.code) == (SendOutcome.WAITING, code)
    row = integration(stage)
    assert (row.unhealthy_code, row.unhealthy_until) == (code, stage.world.now() + TEN_MINUTES)
    assert stage.sweep().codes == {"integration_unhealthy": 2}
    assert looks(stage) == 1
    stage.world.step(TEN_MINUTES / 1000 + 1)
    stage.sweep()
    stage.world.step(1)
    stage.sweep()
    assert {stage.state(draft.draft_id) for draft in drafts} == {"sent"}


def test_an_account_that_is_taken_away_meanwhile_is_not_marked(stage: Stage) -> None:
    stage.fail(Kind.REFUSE, operation=Operation.LOOK_UP, refusal="disconnected")
    key = integration_key(stage.scene.workspace, "unipile")
    stage.world.before = Once(named("write integration"), lambda: stage.delete(Integration, key))
    draft = hello(stage)
    assert stage.send(draft.draft_id).code is Code.ACCOUNT_DISCONNECTED
    assert stage.state(draft.draft_id) == "approved"
    assert stage.system.store.get(Integration, key) is None
