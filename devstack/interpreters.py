"""Which Python interpreters this machine really has.

The local stack runs the functions on the interpreter that MiniStack runs on, and `sam build` wants
one of the deployed version on PATH. A version manager's shim can be named `python3.13` and start
another version or none, so every candidate is asked.

Needs nothing but the standard library: `make setup` uses it before anything is installed.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devstack.paths import TEMPLATE

OLDEST = (3, 11)
# Where installers and version managers keep interpreters that are not on PATH.
_ELSEWHERE = (
    "~/.pyenv/versions/{version}*/bin",
    "~/.local/share/uv/python/cpython-{version}*/bin",
    "~/.asdf/installs/python/{version}*/bin",
    "~/.local/share/mise/installs/python/{version}*/bin",
    "/opt/homebrew/opt/python@{version}/bin",
    "/usr/local/bin",
    "/usr/bin",
)
_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"


@dataclass(frozen=True)
class Interpreter:
    """A working Python with its own venv module. `version` is "3.13", `path` its executable."""

    version: str
    path: Path

    @property
    def is_deployed_version(self) -> bool:
        """Whether Lambda runs the functions on this minor version."""
        return self.version == deployed_version()


@cache
def deployed_version() -> str:
    """The minor version that the template names as the runtime, such as "3.13"."""
    found = re.search(r"^\s*Runtime:\s*python(3\.\d+)\s*$", TEMPLATE.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{TEMPLATE.name} names no runtime such as `Runtime: python3.13`.")
    return found.group(1)


@cache
def for_local_stack() -> Interpreter:
    """The deployed minor version where the machine has it, else the Python that is running."""
    version = deployed_version()
    for candidate in _candidates(version):
        found = _ask(candidate)
        if found is not None and found.version == version:
            return found
    return running()


def running() -> Interpreter:
    """The Python that runs this: what its virtual environment, if any, was made from."""
    base = getattr(sys, "_base_executable", sys.executable)
    return Interpreter(".".join(map(str, sys.version_info[:2])), Path(base).resolve())


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    if running().version == version:
        yield running().path
    folders = [Path(folder) for folder in os.get_exec_path()]
    for pattern in _ELSEWHERE:
        folder = Path(pattern.format(version=version)).expanduser()
        folders += sorted(folder.parent.parent.glob(f"{folder.parent.name}/{folder.name}"))
    for folder in folders:
        candidate = folder / name
        if os.access(candidate, os.X_OK):
            yield candidate


def _ask(candidate: Path) -> Interpreter | None:
    try:
        answer = subprocess.run(
            [candidate, "-c", _PROBE], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None  # a shim without its version, or an interpreter without venv
    version, executable = answer.stdout.split("\n")[:2]
    return Interpreter(version, Path(executable))


if __name__ == "__main__":
    print(for_local_stack().path.parent)
