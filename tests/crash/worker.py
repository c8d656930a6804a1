"""``python -m tests.crash.worker``: a real process that sends, to be killed while it does.

It finds its work as the deployed functions do: in the due index (`cron`), or by a draft's id
(`direct`). It ends by itself when its standard input is closed.
"""

import argparse
import logging
import sys
import threading

from system_sender.budget import Budget
from system_sender.models import Draft, state_key
from system_sender.providers import CHANNELS_OF
from system_sender.sending import approve_and_send_draft_system
from system_sender.settings import Settings
from system_sender.states import DraftState
from system_sender.store import Store
from system_sender.sweep import sweep
from system_sender.system import System
from system_sender.telemetry import log
from system_sender.transport import HttpTransport
from system_sender.world import World
from tests.support.scene import FixedSecrets

_AT_ONCE = 4
_PAUSE_SECONDS = 0.01


def real_system(world: World, store: Store, base_url: str) -> System:
    """Return a system as deployed, but for its secrets and for where the provider is."""
    return System(
        world=world,
        store=store,
        secrets=FixedSecrets(),  # type: ignore[arg-type]
        transport=HttpTransport(world),
        settings=Settings(
            secrets_prefix="/test",
            base_urls=dict.fromkeys(CHANNELS_OF, base_url),
            gohighlevel_webhook_public_keys=(),
        ),
    )


def main() -> int:
    """Send until standard input is closed."""
    options = _parser().parse_args()
    log.setLevel(logging.CRITICAL)
    world = World()
    system = real_system(world, Store(world), options.base_url)
    told_to_stop = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(told_to_stop,), daemon=True).start()
    print("ready", flush=True)
    while not told_to_stop.wait(_PAUSE_SECONDS):
        if options.mode == "cron":
            sweep(system, Budget.of_seconds(world, 60), workers=_AT_ONCE)
        else:
            _send_what_is_approved(system, options.workspace)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.worker", description=__doc__)
    parser.add_argument("mode", choices=("cron", "direct"))
    parser.add_argument("workspace")
    parser.add_argument("base_url")
    return parser


def _send_what_is_approved(system: System, workspace: str) -> None:
    partition = state_key(workspace, DraftState.APPROVED)
    for row in system.store.query(Draft.state_index, partition, newest_first=True, limit=20):
        approve_and_send_draft_system(row["draft_id"], sent_by="ai", system=system)


def _wait_for_the_end(told_to_stop: threading.Event) -> None:
    sys.stdin.read()
    told_to_stop.set()


if __name__ == "__main__":
    sys.exit(main())
