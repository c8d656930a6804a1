"""Reads the files that the command takes: JSON, with every mistake named by its path."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from system_sender.cli import screen
from system_sender.cli.command import Answer
from system_sender.cli.problem import Problem, Trouble
from system_sender.codes import Code

F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong, and where: `leads[0].phone`."""

    path: str
    problem: str

    def to_dict(self) -> dict[str, str]:
        """Return plain JSON values."""
        return {"path": self.path, "problem": self.problem}


def invalid_file(
    mistakes: Sequence[Mistake], code: Code | Trouble = Trouble.INVALID_FILE
) -> Problem:
    """Return the problem of a file with these mistakes; nothing of it was written."""
    message = None if isinstance(code, Code) else "The file has mistakes; nothing was written."
    return Problem(code, message, problems=[mistake.to_dict() for mistake in mistakes])


def read_json(path: Path, code: Code | Trouble = Trouble.INVALID_FILE) -> Any:
    """Read a file's JSON.

    Raises:
        Problem: when it cannot be read; with `code`, when it is no JSON.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise invalid_file([Mistake(where, f"is not JSON: {error.msg}")], code) from None
    except (UnicodeDecodeError, RecursionError):
        raise invalid_file([Mistake("the file", "is not JSON in UTF-8")], code) from None


def unreadable(path: Path, error: OSError) -> Problem:
    """Return the problem of a file that the machine does not give out, or does not take."""
    return Problem(Trouble.FILE_UNREADABLE, f"The file {path} cannot be read: {error.strerror}.")


def parsed(model: type[F], raw: Any) -> F:
    """Return what a file says, by its model.

    Raises:
        Problem: with every mistake at once.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise invalid_file([mistake_of(detail) for detail in error.errors()]) from None


def mistake_of(detail: Any) -> Mistake:
    """Return one of pydantic's errors as people read it."""
    path = ""
    for step in detail["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    said = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        said = "is no field of this file"
    elif detail["type"] == "missing":
        said = "is missing"
    elif detail["type"] == "string_pattern_mismatch":
        said = f"must match {detail['ctx']['pattern']}"
    return Mistake(path or "the file", said)


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a file."""
    schema = model.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_answer(model: type[BaseModel]) -> Answer:
    """Return the JSON schema of a file as a command's answer."""
    schema = schema_of(model)
    return Answer(schema, [screen.as_it_is(json.dumps(schema, indent=2))])
