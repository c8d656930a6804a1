"""How every command runs: options that all share, one answer, and errors that people understand."""

import inspect
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from system_sender.cli import screen
from system_sender.cli.problem import Problem, Trouble, problem_of

if TYPE_CHECKING:
    from rich.console import RenderableType

DEFAULT_STACK = "system-sender"
# What CloudFormation allows as the name of a stack.
_STACK_LENGTH = 128

StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        show_default=False,
        help="The deployed stack: the name its tables start with.",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document, errors included.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found or did: a document for programs, something to look at for people."""

    document: Any
    shown: Sequence["RenderableType"] = field(default_factory=list)


@dataclass(slots=True)
class Shared:
    """The options that may stand before or after the command's name."""

    stack: str | None = None
    json: bool = False


def command(function: Callable[..., Answer]) -> Callable[..., None]:
    """Make a function that returns an answer into a command with the shared options.

    The stack is chosen before the function runs, so whatever knows table names must be imported
    inside it.
    """

    @wraps(function)
    def run(context: typer.Context, *, stack: str | None, json: bool, **arguments: Any) -> None:
        shared = context.find_object(Shared) or Shared()
        use_stack(stack or shared.stack or DEFAULT_STACK)
        answer = function(**arguments)
        if json or shared.json:
            _print_document(answer.document)
        else:
            console = screen.standard_output()
            for part in answer.shown:
                console.print(part)

    own = inspect.signature(function, eval_str=True).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
            ),
            *(parameter.replace(kind=keyword) for parameter in own),
            inspect.Parameter("stack", keyword, default=None, annotation=StackOption),
            inspect.Parameter("json", keyword, default=False, annotation=JsonOption),
        ]
    )
    return run


def use_stack(name: str) -> None:
    """Choose the stack of this process: table names are fixed when the models are imported.

    Raises:
        Problem: when this cannot be the name of a stack.
    """
    plain = name.replace("-", "")
    if not (plain.isascii() and plain.isalnum() and name[0].isalpha()) or len(name) > _STACK_LENGTH:
        raise usage(
            f"'{name}' cannot be the name of a stack: letters, digits and '-', beginning with a "
            "letter."
        )
    loaded = sys.modules.get("system_sender.models")
    if loaded is not None and loaded.table_name("drafts") != loaded.Draft.Meta.table_name:
        raise RuntimeError("TABLE_PREFIX changed after the models were imported.")
    if loaded is not None and loaded.Draft.Meta.table_name != f"{name}-drafts":
        raise RuntimeError("One process serves one stack: the models were imported for another.")
    os.environ["TABLE_PREFIX"] = name
    # boto3 reads the second of these only; people and Lambda know the first as well.
    if os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", os.environ["AWS_REGION"])


def usage(message: str) -> Problem:
    """Return the problem of a command that was called in a wrong way."""
    return Problem(Trouble.USAGE, message, exit_code=2)


class SenderGroup(TyperGroup):
    """The whole command: turns every failure into a code, a sentence and an exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run with the arguments of the process, or with `args` in a test."""
        arguments = extra.get("args", args[0] if args else None)
        given = list(sys.argv[1:] if arguments is None else arguments)
        as_json = "--json" in given
        try:
            exit_code = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.TyperException as error:
            _end(_called_wrongly(error, as_json=as_json), as_json=as_json)
        except typer.Abort:
            _end(Problem(Trouble.INTERRUPTED, "Interrupted.", exit_code=130), as_json=as_json)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            _end(problem, as_json=as_json)
        if exit_code == 130:
            _end(Problem(Trouble.INTERRUPTED, "Interrupted.", exit_code=130), as_json=as_json)
        sys.exit(exit_code or 0)


def _called_wrongly(error: typer.TyperException, *, as_json: bool) -> Problem:
    text = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if context is None:
        return usage(text)
    if not as_json and not text.startswith(("Usage", "Missing command")):
        screen.standard_error().print(screen.written(context.get_usage(), "dim"))
    if not text.endswith((".", "?")):
        text += "."
    return usage(f"{text} See `{context.command_path} --help`.")


def _end(problem: Problem, *, as_json: bool) -> NoReturn:
    if as_json:
        _print_document(problem.to_dict())
    else:
        console = screen.standard_error()
        code = (f" ({problem.code.value}): ", "red")
        console.print(screen.line(("Error", "bold red"), code, (problem.message, "")))
        for one in problem.problems:
            console.print(screen.line((f"  {one['path']}: ", "bold"), (one["problem"], "")))
    sys.exit(problem.exit_code)


def _print_document(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
