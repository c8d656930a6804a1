"""What a step says to one lead: its templates with what is known of them. Pure."""

from dataclasses import dataclass

from system_sender.codes import Code
from system_sender.followups.sequence import Step
from system_sender.models import Enrolment, Lead, Workspace


@dataclass(frozen=True, slots=True)
class Filled:
    """A step's text with its values."""

    text: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a step has no text; the detail names values, and quotes nothing."""

    code: Code
    detail: str


def known_values(enrolment: Enrolment, lead: Lead, workspace: Workspace) -> dict[str, str | None]:
    """Return what a template may use: what is known of the lead, the agency, and the enrolment."""
    facts = enrolment.facts if isinstance(enrolment.facts, dict) else {}
    return {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "email": lead.email,
        "phone": lead.phone,
        "agency": workspace.name,
        **{name: value for name, value in facts.items() if isinstance(value, str)},
    }


def fill_step(enrolment: Enrolment, step: Step, values: dict[str, str | None]) -> Filled | Blocked:
    """Fill in a step's text and subject. The same enrolment always gets the same variants."""
    from system_sender.followups.template import Missing, TemplateWrong, fill_in

    seed = f"{enrolment.enrolment_id}#{step.key}"
    texts: list[str] = []
    missing: list[str] = []
    for template in (step.template, *([step.subject] if step.subject is not None else [])):
        try:
            text = fill_in(template, values, seed=seed)
        except TemplateWrong as wrong:
            return Blocked(Code.TEMPLATE_WRONG, str(wrong))
        if isinstance(text, Missing):
            missing += text.names
        else:
            texts.append(text)
    if missing:
        return Blocked(Code.VARIABLE_MISSING, ", ".join(dict.fromkeys(missing)))
    return Filled(texts[0], texts[1] if step.subject is not None else None)
