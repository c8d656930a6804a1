"""`python -m benchmarks.run`: measures everything and writes benchmarks/results.json."""

import argparse
import gc
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import layer_size, rows, startup
from benchmarks.rows import Row
from devstack import dynamodb_local, paths, servers
from devstack.sandbox.client import SandboxClient

RESULTS = paths.PROJECT / "benchmarks" / "results.json"
_LIBRARIES = ("aws-lambda-powertools", "boto3", "pynamodb", "requests", "urllib3")


def main() -> int:
    """Measure, print the table, write the file. A missed bound is said, not an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions: a rough look")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write")
    options = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 120)
    measured = _measure(console, quick=options.quick)
    rows.write(measured, _machine(), options.output)
    rows.show(measured, console)
    console.print(f"[dim]{options.output.name} has the same figures.[/dim]")
    return 0


def _measure(console: Console, *, quick: bool) -> list[Row]:
    measured: list[Row] = []
    with dynamodb_local.running() as engine, _sandbox() as sandbox:
        environment = servers.clean_environment(
            **engine.environment, TABLE_PREFIX="benchmark", POWERTOOLS_SERVICE_NAME="benchmark"
        )
        os.environ.clear()
        os.environ.update(environment)
        console.print("Cold starts, in fresh interpreters ...")
        measured += startup.measure(environment, 5 if quick else startup.REPETITIONS)
        measured += _measure_sends(console, sandbox, quick=quick)
    console.print("The layer, built and zipped ...")
    return measured + layer_size.measure()


def _measure_sends(console: Console, sandbox: SandboxClient, *, quick: bool) -> list[Row]:
    # Imported here: the tables take their names from the environment when they are imported.
    from benchmarks import naive, round_trips, sends
    from benchmarks.agency import TOKEN, Agency, log_into
    from system_sender.store import shared_connection
    from tests.support.tables import create_tables

    create_tables(shared_connection())
    naive.create_idempotency_table(naive.Naive(sandbox.url, TOKEN).dynamodb)
    agency = Agency()
    measured: list[Row] = []
    gc.freeze()  # as the handlers do, for all contestants alike
    with Path(os.devnull).open("w") as nowhere:
        log_into(lambda: nowhere)
        for delay in (0, 150):
            sandbox.configure(delay_ms=delay)
            console.print(f"Sends, provider at {delay} ms ...")
            measured += sends.measure(agency, sandbox.url, TOKEN, delay, quick=quick)
            measured += sends.measure_rates(agency, sandbox.url, TOKEN, delay, quick=quick)
        sandbox.configure(delay_ms=0)
        measured += round_trips.measure(agency, sandbox.url, TOKEN)
    return measured


@contextmanager
def _sandbox() -> Iterator[SandboxClient]:
    """Run the provider sandbox in a process of its own, so that its CPU is not counted as ours."""
    port = servers.free_port()
    server = servers.Server.start(
        f"sandbox-{port}",
        [paths.VENV / "bin" / "python", "-m", "devstack.sandbox", "--quiet", "--port", str(port)],
        environment=servers.clean_environment(),
    )
    client = SandboxClient(f"http://{servers.HOST}:{port}")
    try:
        client.wait_until_ready()
        yield client
    finally:
        client.close()
        server.stop()


def _machine() -> dict[str, Any]:
    """Say what two files must share for their milliseconds to be comparable; ratios travel."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


if __name__ == "__main__":
    raise SystemExit(main())
