"""`sam build` and `sam deploy` of the real template, against the local AWS."""

import fcntl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devstack import interpreters, paths, prepare, servers
from devstack.ministack import REGION

OUTPUT = paths.BUILD / "sam"


class SamError(Exception):
    """SAM could not build or deploy; the text names its log and ends with its last lines."""


def build() -> str:
    """Build functions and layer for the interpreter that the local stack runs on.

    The output of `sam build` for AWS (.aws-sam) is left alone: the two layers hold wheels for
    different processors, and one must never be deployed in the other's place.

    Returns:
        A sentence to show where the local stack runs another Python than AWS, else an empty text.

    Raises:
        SamError: a build step failed.
    """
    prepare.prepare("sam", "ministack")
    interpreter = interpreters.for_local_stack()
    # SAM's cache knows the sources of a layer, not which interpreter its wheels are for.
    cache = paths.BUILD / f"cache-{interpreter.version}"
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    _run(
        "build",
        *("--template-file", str(paths.TEMPLATE), "--build-dir", str(OUTPUT)),
        *("--cached", "--cache-dir", str(cache)),
        environment=servers.clean_environment(
            AWS_DEFAULT_REGION=REGION,
            LAYER_PYTHON=str(paths.MINISTACK_VENV / "bin" / "python"),
            LAYER_TARGET="host",
        ),
    )
    deployed = interpreters.deployed_version()
    if interpreter.is_deployed_version:
        return ""
    return (
        f"No working python{deployed} on this machine: the local stack runs the functions on "
        f"Python {interpreter.version}. AWS runs them on {deployed} as the template says."
    )


def deploy(stack_name: str, parameters: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Deploy what `build` made.

    Args:
        stack_name: the stack, made or updated.
        parameters: values for the template's parameters.
        environment: AWS variables that lead to the account, here the local one.

    Raises:
        SamError: the deployment failed.
    """
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    _run(
        "deploy",
        *("--template-file", str(OUTPUT / "template.yaml"), "--stack-name", stack_name),
        *("--capabilities", "CAPABILITY_IAM", "--resolve-s3", "--no-progressbar"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *(["--parameter-overrides", *overrides] if overrides else []),
        environment=servers.clean_environment(**environment),
    )


@contextmanager
def alone() -> Iterator[None]:
    """One build and deployment at a time on this machine: they share a build folder."""
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    with (paths.BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: str, *arguments: str, environment: Mapping[str, str]) -> None:
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    log = paths.LOGS / f"sam-{command}.log"
    with log.open("wb") as output:
        result = subprocess.run(
            [paths.SAM_VENV / "bin" / "sam", command, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            cwd=paths.BUILD,
            check=False,
        )
    if result.returncode != 0:
        raise SamError(f"`sam {command}` failed; its log is {log}:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-25:])
