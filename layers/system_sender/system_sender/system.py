"""Wires the parts together, once a process."""

import os
from dataclasses import dataclass, field
from functools import cache

from system_sender.drafting.bedrock import BedrockModel
from system_sender.drafting.judging import CampaignEvaluator, Evaluator
from system_sender.drafting.model import Model
from system_sender.drafting.openai_compatible import OpenAiModel
from system_sender.drafting.writing import CampaignWriter, DraftWriter
from system_sender.secrets import Secrets
from system_sender.settings import Settings
from system_sender.slack.port import SlackClient, SlackPort
from system_sender.store import Store
from system_sender.transport import Answer, HttpTransport, NoAnswer, Request, Transport
from system_sender.world import Effect, World


@dataclass(frozen=True, slots=True)
class System:
    """Everything a unit of work needs. Tests build their own.

    Attributes:
        writer, evaluator: by default, without a model: templates only.
    """

    world: World
    store: Store
    secrets: Secrets
    transport: Transport
    settings: Settings
    writer: DraftWriter = field(default_factory=CampaignWriter)
    evaluator: Evaluator = field(default_factory=CampaignEvaluator)
    slack: SlackPort = field(default_factory=SlackClient)

    def ask(self, request: Request, *, seconds: float) -> Answer | NoAnswer:
        """Ask a provider something that sends nothing to anybody, and so needs no permission.

        Args:
            seconds: the total time limit.
        """
        return self.world.perform(
            Effect.PROVIDER,
            "look_up",
            lambda: self.transport.send(request, seconds=seconds, guard=_needs_no_permission),
        )


def _needs_no_permission() -> None:
    """Let a question begin at any time."""


@cache
def system() -> System:
    """Return the system of this process, made from its environment."""
    settings = Settings.from_environment(os.environ)
    world = World()
    secrets, transport = Secrets(world, settings.secrets_prefix), HttpTransport(world)
    # By what a campaign calls its writer.
    models: dict[str, Model] = {
        "bedrock": BedrockModel(world),
        "openai": OpenAiModel(world, transport, secrets, settings.openai_base_url),
    }
    return System(
        world=world,
        store=Store(world),
        secrets=secrets,
        transport=transport,
        settings=settings,
        writer=CampaignWriter(models),
        evaluator=CampaignEvaluator(models),
        slack=SlackClient(settings.slack_base_url),
    )
