"""``python -m devstack.sandbox``: runs the provider sandbox until it is told to stop."""

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Event

from devstack.sandbox.contract import Settings
from devstack.sandbox.provider import Sandbox
from devstack.sandbox.server import SandboxServer


def main() -> int:
    """Starts the server, prints its URL, and waits for SIGINT or SIGTERM."""
    options = _parser().parse_args()
    sandbox = Sandbox(settings=Settings(delay_ms=options.delay_ms))
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = SandboxServer(
            sandbox, port=options.port, log=None if options.quiet else sys.stderr
        )
    except OSError as problem:
        print(
            f"Port {options.port} cannot be used ({problem.strerror}). "
            "Choose another with --port, or 0 for a free one.",
            file=sys.stderr,
        )
        return 1
    with server:
        if options.port_file is not None:
            _write_whole(options.port_file, f"{server.port}\n")
        print(server.url, flush=True)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devstack.sandbox",
        description="A local stand-in for the messaging providers, on 127.0.0.1.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument("--port-file", type=Path, help="a file to write the port number into")
    parser.add_argument(
        "--delay-ms", type=float, default=0.0, help="milliseconds that every request takes"
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    return parser


def _write_whole(path: Path, text: str) -> None:
    """Writes a file that nobody can see half-written."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
