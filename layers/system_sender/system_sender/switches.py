"""The kill switches: everything, a workspace, or a channel of either."""

from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.expressions.update import Action

from system_sender.codes import Code
from system_sender.models import Switch
from system_sender.store import Key, Store, Write
from system_sender.world import World

EVERYTHING = "*"

# How old a reading of the switches may be when a request starts, and how long after its claim a
# request may still start. `pause` waits for both, so that nothing starts after it has returned.
MAX_AGE_SECONDS = 1.0
POST_WINDOW_SECONDS = 5.0
CLOCK_SKEW_SECONDS = 0.5
SETTLING_SECONDS = MAX_AGE_SECONDS + POST_WINDOW_SECONDS + CLOCK_SKEW_SECONDS


@dataclass(frozen=True, slots=True)
class SwitchReading:
    """What the switches said, and when the question was asked, on both clocks.

    The wall clock may be set back, and the monotonic one may sleep with a suspended host.
    """

    paused: Code | None
    asked_at: float
    asked_at_wall: int

    def is_fresh(self, world: World) -> bool:
        """Say whether a request may start on this reading now."""
        age = world.monotonic() - self.asked_at
        age_by_wall = (world.now() - self.asked_at_wall) / 1000
        return age <= MAX_AGE_SECONDS and 0 <= age_by_wall <= MAX_AGE_SECONDS


def switch_keys(workspace: str) -> tuple[Key, Key]:
    """Return the rows that decide over one workspace."""
    return (Switch, EVERYTHING), (Switch, workspace)


def judge_switches(rows: Iterable[Switch | None], channel: str) -> Code | None:
    """Return the code of the switch that is thrown for this channel, or None. Pure."""
    for row in rows:
        if row is None:
            continue
        if row.paused:
            return Code.PAUSED_ALL if row.scope == EVERYTHING else Code.PAUSED_WORKSPACE
        if channel in (row.paused_channels or ()):
            return Code.PAUSED_CHANNEL
    return None


def read_switches(store: Store, world: World, workspace: str, channel: str) -> SwitchReading:
    """Read the switches of a workspace now, strongly consistently."""
    asked_at, asked_at_wall = world.monotonic(), world.now()
    rows = store.read(*switch_keys(workspace))
    return SwitchReading(judge_switches(rows, channel), asked_at, asked_at_wall)


def pause(store: Store, world: World, scope: str, channel: str | None) -> None:
    """Throw a switch and return once no request can start on an older reading of it."""
    _set(store, world, scope, channel, paused=True)
    world.wait(SETTLING_SECONDS)


def resume(store: Store, world: World, scope: str, channel: str | None) -> None:
    """Release a switch. Held drafts look again within a minute."""
    _set(store, world, scope, channel, paused=False)


def _set(store: Store, world: World, scope: str, channel: str | None, *, paused: bool) -> None:
    now = world.now()

    def build(token: str) -> Write:
        write = Write(token)
        actions: list[Action] = [Switch.changed_at.set(now)]
        if channel is None:
            actions.append(Switch.paused.set(paused))
        elif paused:
            actions.append(Switch.paused_channels.add({channel}))
        else:
            actions.append(Switch.paused_channels.delete({channel}))
        write.update("switch", Switch(scope), actions)
        return write

    store.write_patiently(build)
