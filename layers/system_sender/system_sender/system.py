"""Wires the parts together, once a process."""

import os
from dataclasses import dataclass
from functools import cache

from system_sender.replying import DraftWriter, TemplateDraftWriter
from system_sender.secrets import Secrets
from system_sender.settings import Settings
from system_sender.store import Store
from system_sender.transport import Answer, HttpTransport, NoAnswer, Request, Transport
from system_sender.world import Effect, World


@dataclass(frozen=True, slots=True)
class System:
    """Everything a unit of work needs. Tests build their own."""

    world: World
    store: Store
    secrets: Secrets
    transport: Transport
    settings: Settings
    writer: DraftWriter

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
    return System(
        world=world,
        store=Store(world),
        secrets=Secrets(world, settings.secrets_prefix),
        transport=HttpTransport(world),
        settings=settings,
        writer=TemplateDraftWriter(),
    )
