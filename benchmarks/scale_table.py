"""The figures of a run at scale, each step's beside its baseline, against how many were due."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row
from benchmarks.scale_steps import Figure


def show(figures: Sequence[Figure], rows: Sequence[Row], console: Console) -> None:
    """Print a table whose columns are the numbers that were due, and what stands apart from it."""
    console.print(_against_due(figures))
    for row in rows:
        verdict = {None: "", True: " [green]within[/green]", False: " [bold red]missed[/bold red]"}
        console.print(
            f"{row.group}: {row.name}: [bold]{number(row.value)}[/bold] {row.unit}"
            f" [dim]({row.baseline_name}: {number(row.baseline)})[/dim]{verdict[row.within]}"
        )


def _against_due(figures: Sequence[Figure]) -> Table:
    levels = sorted({figure.due for figure in figures})
    cells = {(figure.step, figure.name, figure.due): figure for figure in figures}
    table = Table(title="system-sender: what a cron run takes, against what is due")
    table.add_column("figure")
    for due in levels:
        table.add_column(f"{due:,} due", justify="right")
    group = None
    for step, name in dict.fromkeys((figure.step, figure.name) for figure in figures):
        if step != group:
            group = step
            table.add_section()
            baselines = dict.fromkeys(one.baseline_name for one in figures if one.step == step)
            table.add_row(f"[bold]{step}[/bold]\n[dim]against {'; '.join(baselines)}[/dim]")
        table.add_row(name, *(_cell(cells.get((step, name, due))) for due in levels))
    return table


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{number(figure.value)} {figure.unit}\n[dim]{number(figure.baseline)}[/dim]"


def number(value: float) -> str:
    """Return a number with as many places as mean something."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}"
