"""A step's text for one lead."""

from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.followups.filling import Blocked, Filled, fill_step, known_values
from system_sender.followups.sequence import Step
from system_sender.models import Enrolment, Lead, Workspace

ENROLMENT = Enrolment("acme:winter/dana", facts={"product": "pumps", "count": 3, "nothing": None})
LEAD = Lead("acme:dana", first_name="Dana", email="dana@example.com")
ACME = Workspace("acme", name="Acme")


def step(template: str, **columns: Any) -> Step:
    return Step(key="hello", day=1, minute=0, channel="email", template=template, **columns)


def fill(one: Step, enrolment: Enrolment = ENROLMENT) -> Filled | Blocked:
    return fill_step(enrolment, one, known_values(enrolment, LEAD, ACME))


def test_a_template_knows_the_lead_the_agency_and_the_enrolments_facts() -> None:
    text = step("{{ first_name }}, {{ email }}: {{ product }} of {{ agency }}")
    assert fill(text) == Filled("Dana, dana@example.com: pumps of Acme", None)


def test_a_subject_is_filled_in_too() -> None:
    assert fill(step("Hi", subject="For {{ first_name }}")) == Filled("Hi", "For Dana")


@pytest.mark.parametrize("name", ["phone", "last_name", "company", "count", "nothing"])
def test_what_is_not_known_or_no_text_blocks_and_is_named(name: str) -> None:
    assert fill(step(f"{{{{ {name} }}}}")) == Blocked(Code.VARIABLE_MISSING, name)


def test_what_text_and_subject_miss_is_named_together() -> None:
    one = step("{{ company }}", subject="{{ phone }} {{ company }}")
    assert fill(one) == Blocked(Code.VARIABLE_MISSING, "company, phone")


def test_a_template_that_cannot_be_used_blocks_the_step() -> None:
    blocked = fill(step("{{ first_name.x }}"))
    assert isinstance(blocked, Blocked)
    assert blocked.code is Code.TEMPLATE_WRONG


def test_facts_that_are_no_object_are_no_facts() -> None:
    odd = Enrolment("acme:winter/lee", facts=["pumps"])
    assert fill(step("Hi {{ first_name }}"), odd) == Filled("Hi Dana", None)


def test_each_step_and_lead_has_variants_of_its_own() -> None:
    one = step("{{ variant('a', 'b', 'c', 'd') }}")
    texts = {str(fill(one, Enrolment(f"acme:winter/{n}"))) for n in range(40)}
    assert len(texts) == 4
