"""Runs a command for as long as whoever started it lives: `python -m devstack.tether COMMAND...`.

Its standard input is a pipe that the starter holds open and never writes to. When the starter ends,
however it ends, the pipe closes, and the command and all its children end too. Needs nothing but
the standard library.
"""

import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 5.0


def main() -> None:
    """Run the command of the command line, and exit as it does."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    threading.Thread(target=_exit_with, args=(process,), daemon=True).start()
    try:
        sys.stdin.buffer.read()
    finally:
        end_group(process)


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a process that leads its own group, and the group: politely first, then at once."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _exit_with(process: "subprocess.Popen[bytes]") -> None:
    process.wait()
    end_group(process)
    os._exit(process.returncode if process.returncode >= 0 else 1)


if __name__ == "__main__":
    main()
