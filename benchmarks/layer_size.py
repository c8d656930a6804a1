"""How large the built layer is, zipped, against a plain pip install of the same requirements."""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.rows import Against, Bound, Row
from devstack import interpreters, paths

MEGABYTE = 1_000_000
AT_MOST_MEGABYTES = 12.0


class BuildError(Exception):
    """A layer could not be built; the text is the builder's own."""


def measure() -> list[Row]:
    """Build both for the Lambda runtime and zip them."""
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = Path(folder) / "layer", Path(folder) / "plain"
        # A Python of the runtime's version, where there is one, also compiles the layer.
        runtime = interpreters.for_local_stack().path.parent
        _run(
            ["make", "build-SystemSenderLayer", "--directory", str(paths.LAYER)],
            ARTIFACTS_DIR=str(ours),
            LAYER_PYTHON=sys.executable,
            PATH=os.pathsep.join([str(runtime), os.environ["PATH"]]),
        )
        _install_plainly(plain / "python")
        sizes = [_zipped(each) / MEGABYTE for each in (ours, plain)]
        compiled = any(ours.rglob("*.pyc"))
    return [
        Row(
            group="layer",
            name=f"zipped, {'with' if compiled else 'without'} bytecode",
            value=sizes[0],
            unit="MB",
            baseline=sizes[1],
            baseline_name="pip install of the same requirements, with botocore, no bytecode",
            bound=Bound(Against.VALUE, AT_MOST_MEGABYTES),
        )
    ]


def _install_plainly(target: Path) -> None:
    version = interpreters.deployed_version()
    platforms = (f"manylinux_{glibc}_aarch64" for glibc in ("2_34", "2_28", "2_17"))
    _run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--only-binary=:all:", "--no-compile", "--python-version", version),
            *("--implementation", "cp"),
            *(f"--platform={platform}" for platform in (*platforms, "manylinux2014_aarch64")),
            *("--target", str(target), "--requirement", str(paths.LAYER / "requirements.in")),
        ]
    )


def _run(command: list[str], **variables: str) -> None:
    finished = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise BuildError(finished.stderr)


def _zipped(folder: Path) -> int:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for path in sorted(folder.rglob("*")):
            content.write(path, path.relative_to(folder))
    return archive.stat().st_size
