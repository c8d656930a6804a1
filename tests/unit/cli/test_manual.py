"""docs/sender.md tells of every command, option, seed field and code that there is."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from devstack import paths
from system_sender.cli.app import Channel, ProviderName, app
from system_sender.cli.enrolment_file import EnrolmentItem
from system_sender.cli.problem import Trouble
from system_sender.cli.seed_integrations import (
    EmailBison,
    GoHighLevel,
    Instantly,
    Integrations,
    SmartLead,
    Unipile,
)
from system_sender.cli.seed_schedule import Holidays, QuietHours, Schedule
from system_sender.cli.seed_schema import (
    CampaignSeed,
    Contacts,
    Delay,
    DraftSeed,
    LeadSeed,
    Slack,
    WorkspaceSeed,
)
from system_sender.cli.sequence_file import SequenceItem, StepItem
from system_sender.providers import CHANNELS, CHANNELS_OF

MANUAL = (paths.PROJECT / "docs" / "sender.md").read_text()


def leaves(command: Any, name: str = "sender") -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, child in below.items():
        yield from leaves(child, f"{name} {word}")


COMMANDS = dict(leaves(get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_manual_tells_of_the_command_and_its_options(name: str) -> None:
    assert name in MANUAL
    for parameter in COMMANDS[name].params:
        for option in parameter.opts:
            if option.startswith("--"):
                assert f"{option}" in MANUAL, f"{name} {option} is not in the manual"


ITEMS = [WorkspaceSeed, CampaignSeed, LeadSeed, DraftSeed]
ACCOUNTS = [Integrations, GoHighLevel, EmailBison, SmartLead, Instantly, Unipile]
RULES = [Schedule, Holidays, QuietHours, Slack, Delay]
FOLLOWUPS = [SequenceItem, StepItem, EnrolmentItem]


@pytest.mark.parametrize("model", [*ITEMS, *ACCOUNTS, *RULES, *FOLLOWUPS])
def test_the_manual_tells_of_every_field_of_the_files(model: Any) -> None:
    for name, field in model.model_fields.items():
        assert f"`{field.alias or name}`" in MANUAL


def test_the_seed_and_the_options_know_every_provider_and_channel() -> None:
    names = list(CHANNELS_OF)

    assert list(Integrations.model_fields) == list(Contacts.model_fields) == names
    assert [provider.value for provider in ProviderName] == [*names, "slack", "openai"]
    assert [channel.value for channel in Channel] == list(CHANNELS)


@pytest.mark.parametrize("code", list(Trouble))
def test_the_manual_explains_every_code_of_the_command(code: Trouble) -> None:
    assert f"| `{code.value}` | " in MANUAL
