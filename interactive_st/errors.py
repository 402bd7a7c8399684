"""What this package raises when data or arguments, rather than the program, are wrong."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from interactive_st.wording import counted

#: How many bad rows a message shows; `--skip-bad` writes all of them to a file.
SHOWN = 50


class UserError(Exception):
    """Something the user can mend; the message says what is wrong, where, and how to fix it.

    Commands show it as ``interactive-st COMMAND: error: MESSAGE`` without a traceback; the exit
    status is 2.
    """


class DataError(UserError, ValueError):
    """Data that cannot be used; the message says what is wrong, where, and what to do."""


class SettingError(UserError, ValueError):
    """Options that contradict each other, the model or the data; the message names them and the way out.

    A ``ValueError`` too, as fairseq has for such; its tools show it with a traceback.
    """


def require_file(path: str | os.PathLike, what: str) -> None:
    """Make sure that a file is there.

    Raises:
        DataError: it is not, or the system refuses to look, as for a name that is too long.
    """
    try:
        there = stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        there = False
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if not there:
        raise DataError(f"{path}: no such {what}")


@dataclass(frozen=True)
class BadRow:
    """A row of an input manifest that cannot be used; ``id`` is empty where it is unknown."""

    split: str
    file: str
    line: int
    id: str
    reason: str

    def __str__(self) -> str:
        name = f" ({self.id})" if self.id else ""
        return f"{self.file}:{self.line}{name}: {self.reason}"


class BadRowsError(DataError):
    """Some rows of the input are bad; ``rows`` holds all of them, the message the first ones."""

    def __init__(self, rows: Sequence[BadRow], advice: str) -> None:
        self.rows = list(rows)
        shown = [str(row) for row in self.rows[:SHOWN]]
        if len(self.rows) > SHOWN:
            shown.append(f"and {len(self.rows) - SHOWN} more")
        super().__init__("\n  ".join([f"{counted(len(self.rows), 'bad row')}; {advice}", *shown]))
