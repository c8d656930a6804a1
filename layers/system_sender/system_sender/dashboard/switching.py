"""A workspace's own switches. The one that stops everything is an operator's."""

from typing import TYPE_CHECKING

from system_sender.dashboard.caller import Caller
from system_sender.dashboard.rows import check_workspace
from system_sender.dashboard.views import SwitchState
from system_sender.switches import pause, resume, switch_keys

if TYPE_CHECKING:
    from system_sender.system import System


def show_switches(system: "System", caller: Caller) -> SwitchState:
    """Show what is paused."""
    check_workspace(system.store, caller)
    return _state(system, caller)


def pause_sending(system: "System", caller: Caller, channel: str | None) -> SwitchState:
    """Pause, and return once nothing that this stops can start any more: after some seconds."""
    check_workspace(system.store, caller)
    pause(system.store, system.world, caller.workspace, channel)
    return _state(system, caller)


def resume_sending(system: "System", caller: Caller, channel: str | None) -> SwitchState:
    """Go on. Held drafts leave with the sweeps of the next two minutes."""
    check_workspace(system.store, caller)
    resume(system.store, system.world, caller.workspace, channel)
    return _state(system, caller)


def _state(system: "System", caller: Caller) -> SwitchState:
    everything, own = system.store.read(*switch_keys(caller.workspace))
    return SwitchState.of(caller.workspace, everything, own)
