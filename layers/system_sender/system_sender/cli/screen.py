"""What people see: tables on a terminal, plain lines elsewhere, never a text's control codes."""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

# A pipe has no width; wide enough that ids and sentences stay on one line.
_WIDTH_OF_A_PIPE = 220

_STYLES = {
    "sent": "green",
    "approved": "cyan",
    "sending": "cyan",
    "queued": "cyan",
    "unknown": "bold yellow",
    "parked": "bold yellow",
    "paused": "bold yellow",
    "needs_review": "yellow",
    "failed": "red",
    "rejected": "red",
    "not_sent": "red",
    "dropped": "dim",
    "superseded": "dim",
}


def standard_output() -> "Console":
    """Return the console for results, as standard output is right now."""
    return _console(sys.stdout)


def standard_error() -> "Console":
    """Return the console for errors, questions and progress."""
    return _console(sys.stderr)


def _console(file: Any) -> "Console":
    from rich.console import Console

    console = Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_PIPE
    return console


def written(value: object, style: str = "") -> "Text":
    """Return a value as text that can only be read: control characters are replaced.

    A lead's message could otherwise move the operator's cursor or set the window's title.
    """
    from rich.text import Text

    text = "" if value is None else str(value)
    safe = "".join("\ufffd" if _is_control(character) else character for character in text)
    return Text(safe, style=style)


def as_it_is(document: str) -> "RenderableType":
    """Return a document of our own making, to be printed without being wrapped."""
    from rich.syntax import Syntax

    return Syntax(document.rstrip("\n"), "text", background_color="default", word_wrap=False)


def line(*parts: tuple[str, str]) -> "Text":
    """Return one line of texts, each in its own style."""
    from rich.text import Text

    return Text.assemble(*(written(text, style) for text, style in parts))


def _is_control(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs")


def state(value: str) -> "Text":
    """Return a state in its colour."""
    return written(value, _STYLES.get(value, ""))


def moment(at: int | float | None) -> str:
    """Return a time (epoch milliseconds, UTC) as people read it, to the second."""
    if at is None:
        return "-"
    return datetime.fromtimestamp(int(at) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def moment_in(at: int | float, zone: tzinfo) -> str:
    """Return a time (epoch milliseconds, UTC) by the clocks of a zone, and in UTC."""
    there = datetime.fromtimestamp(int(at) / 1000, zone)
    return f"{there:%Y-%m-%d %H:%M:%S} in {zone} ({moment(at)})"


def table(
    columns: Sequence[str], rows: Iterable[Sequence["RenderableType"]], *, title: str | None = None
) -> "Table":
    """Return a table whose first column never wraps: it holds what the next command needs."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        made.add_row(*row)
    return made


def facts(pairs: Iterable[tuple[str, "RenderableType"]]) -> "Table":
    """Return names and values below each other, without lines."""
    from rich.table import Table

    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        made.add_row(name, value)
    return made
