"""`make requirements`: pins every requirement file again, from its `.in` file, with `uv`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from devstack import paths
from devstack.interpreters import OLDEST

# What the Lambda runtime has, so that the layer need not bring it; pip installs the layer's file
# without looking for dependencies.
PROVIDED_BY_RUNTIME = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six")
# What a library needs only for what no function asks of it: addresses are read without the DNS.
NEVER_USED = ("dnspython",)


def main() -> None:
    """Pin the layer's libraries, the functions' own, and every environment of this machine."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("`uv` is not on PATH. Install it, for example with `pipx install uv`.")
    left_out = [f"--no-emit-package={name}" for name in (*PROVIDED_BY_RUNTIME, *NEVER_USED)]
    _pin(uv, paths.LAYER / "requirements.in", *left_out)
    # A function has the layer, so it brings only what that does not.
    of_layer = [f"--no-emit-package={name}" for name in _pinned(paths.LAYER / "requirements.txt")]
    for source in sorted(paths.FUNCTIONS.glob("*/requirements.in")):
        _pin(uv, source, *of_layer)
    for source in sorted(paths.REQUIREMENTS.glob("*.in")):
        _pin(uv, source)


def _pinned(requirements: Path) -> list[str]:
    """Return the names of the packages in a requirement file."""
    return re.findall(r"^([a-z0-9][\w.-]*)==", requirements.read_text(), re.MULTILINE)


def _pin(uv: str, source: Path, *options: str) -> None:
    print(f"pinning {source.relative_to(paths.PROJECT)} ...", flush=True)
    oldest = ".".join(map(str, OLDEST))
    subprocess.run(
        [
            *(uv, "pip", "compile", str(source.relative_to(paths.PROJECT)), "--quiet"),
            *("--output-file", str(source.with_suffix(".txt").relative_to(paths.PROJECT))),
            *("--generate-hashes", "--universal", "--python-version", oldest),
            # No address of anybody's package index in the files.
            *("--no-emit-index-url", "--no-header", "--upgrade", *options),
        ],
        cwd=paths.PROJECT,
        check=True,
    )


if __name__ == "__main__":
    main()
