"""What a cold start costs: import and client set-up, in fresh interpreters with warm bytecode.

Each is compared with the baseline of its own turn, and the median of these ratios counts: a machine
that is slower for some seconds is so for both.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from operator import truediv
from statistics import median

from benchmarks.rows import Against, Bound, Row
from devstack import paths, servers

REPETITIONS = 15
GROUP = "import and client set-up, CPU"

_CLOCK = """
import time
started = time.process_time()
{imports}
print(time.process_time() - started)
"""
_BASELINE = """
import boto3
boto3.client("dynamodb")
import requests
"""
# The handlers make their client while they are imported; asking again costs nothing and makes sure.
_HANDLER = """
import app
app.SYSTEM.store.connect()
"""
_FUNCTIONS = {"webhook": "webhook_sms", "cron": "followup_cron"}


def measure(environment: Mapping[str, str], repetitions: int = REPETITIONS) -> list[Row]:
    """Measure both handlers against boto3's client and requests, turn by turn."""
    codes = {name: (_HANDLER, folder) for name, folder in _FUNCTIONS.items()}
    codes["baseline"] = (_BASELINE, _FUNCTIONS["webhook"])
    times: dict[str, list[float]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory() as bytecode:
        for repetition in range(repetitions + 1):
            for name, (imports, folder) in codes.items():
                seconds = _seconds(imports, folder, bytecode, environment)
                if repetition:  # the first one compiles
                    times[name].append(seconds * 1000)
    baseline = median(times["baseline"])
    return [
        Row(
            group=GROUP,
            name=f"{name} handler",
            value=baseline * median(map(truediv, times[name], times["baseline"])),
            unit="ms",
            baseline=baseline,
            baseline_name='boto3.client("dynamodb") and requests',
            bound=Bound(Against.RATIO, 1.35),
        )
        for name in _FUNCTIONS
    ]


def _seconds(imports: str, folder: str, bytecode: str, environment: Mapping[str, str]) -> float:
    path = os.pathsep.join([str(paths.PROJECT / "functions" / folder), str(paths.LAYER)])
    variables = {
        **environment,
        "PYTHONPATH": path,
        "PYTHONPYCACHEPREFIX": bytecode,
    }
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    finished = subprocess.run(
        [sys.executable, "-c", _CLOCK.format(imports=imports)],
        env=variables,
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise servers.ServerError(f"A handler cannot be imported:\n{finished.stderr}")
    return float(finished.stdout)
