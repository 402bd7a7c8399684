"""Rich's console as the command line needs it; imported where something is printed, as rich takes time."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

#: Characters that a column has at least: of numbers, as for 100.00, and of names.
NARROWEST = 6


class PipedConsole(Console):
    """A console that leaves a closed pipe to the program; rich's own ends it silently with status 1."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError on; rich calls this where it caught one."""
        raise


def score_table(name: str, numbers: Iterable[str]) -> Table:
    """An empty table of names and numbers; to be printed by `print_whole`.

    Args:
        name: head of the first column.
        numbers: heads of the others.
    """
    table = Table(box=box.SIMPLE)
    table.add_column(name, overflow="fold")
    for head in numbers:
        table.add_column(head, justify="right", overflow="fold")
    return table


def print_whole(console: Console, table: Table) -> None:
    """Print a `score_table`; wider than a narrow terminal, where rich would cut off digits."""
    least = (NARROWEST + 2) * len(table.columns) + 2
    if console.width < least:
        table.width = least
        for column in table.columns:
            column.min_width = NARROWEST
    console.print(table, crop=False, soft_wrap=False)
