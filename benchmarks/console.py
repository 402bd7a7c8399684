"""What the benchmarks show and write: progress on standard error, tables on standard output, results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

WIDTH = 140  # of a table, at least: numbers are never cut


def say(text: str) -> None:
    """Report progress on standard error."""
    print(text, file=sys.stderr, flush=True)


def run_command(main: Callable[[], int]) -> int:
    """Call a command's ``main``; returns its status, 130 where it was interrupted, 2 where data are wrong."""
    from interactive_st.errors import UserError

    try:
        return main()
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except UserError as error:
        say(f"error: {error}")
        return 2


def number(value: float | None, digits: int = 2) -> str:
    """A number for a table; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], note: str = "") -> None:
    """Print a table, the first column to the left and the others to the right, and a note under it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, title_justify="left", title=title)
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.width = max(console.width, WIDTH)
    console.print(table)
    if note:
        console.print(note)


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as Markdown, the first column to the left and the others to the right."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_result(path: Path | None, value: Any) -> None:
    """Write results as JSON in one step, so that a run that is stopped leaves the file readable.

    Args:
        path: the value of --json; its folder is made. No path means no file.
        value: what JSON can hold.

    Raises:
        OSError: the file cannot be written.
    """
    from interactive_st.writing import write_whole

    if path is not None:
        write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
