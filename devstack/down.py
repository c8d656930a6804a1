"""`make down`: ends what `make up` started."""

import json
import shutil

from devstack import servers
from devstack.up import STATE


def main() -> None:
    """End the servers that the last `make up` left running."""
    if not STATE.exists():
        print("Nothing was started with `make up`.")
        return
    state = json.loads(STATE.read_text())
    for server in state["servers"]:
        ended = servers.end_process_group(server["pid"], server["started"])
        print(f"{server['name']}: {'ended' if ended else 'had ended already'}")
    shutil.rmtree(state["scratch"], ignore_errors=True)
    STATE.unlink()


if __name__ == "__main__":
    main()
