"""The rows of a split's table as the dataset needs them: column by column.

A dictionary for each row, as fairseq has it, takes more memory than all that is in it, and Python keeps that
memory for as long as the dataset lives.
"""

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

from interactive_st.data.folder.layout import COLUMNS, LANGUAGE_COLUMNS
from interactive_st.data.manifest import Line

#: Columns of few values, each of which is kept once.
OF_FEW_VALUES = ("n_frames", "speaker", *LANGUAGE_COLUMNS)


class Places(Sequence[str]):
    """Where rows come from, for messages, such as ``train.tsv:7 (theo_3)``; made when they are asked for.

    Args:
        path: the table.
        lines: the line of each row.
        ids: the id of each row.
    """

    def __init__(self, path: Path, lines: array, ids: Sequence[str]) -> None:
        self._path, self._lines, self._ids = path, lines, ids

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, row: int) -> str:
        """Return the place of one row."""
        return f"{self._path}:{self._lines[row]} ({self._ids[row]})"


class Samples:
    """Rows of one table.

    Attributes:
        path: the table.
        lines: the line of each row.
        columns: by name the values of each of `COLUMNS`, stripped; empty where the table has no such column.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = array("q")
        self.columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
        self._known: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.lines)

    def add(self, line: Line) -> None:
        """Add a row."""
        self.lines.append(line.number)
        for name, values in self.columns.items():
            value = line.fields.get(name, "").strip()
            values.append(self._known.setdefault(value, value) if name in OF_FEW_VALUES else value)

    def only(self, rows: Iterable[int]) -> "Samples":
        """Return some of the rows."""
        rows, other = list(rows), Samples(self.path)
        other.lines = array("q", (self.lines[row] for row in rows))
        other.columns = {name: [values[row] for row in rows] for name, values in self.columns.items()}
        return other

    def places(self) -> Places:
        """Return where each row comes from."""
        return Places(self.path, self.lines, self.columns["id"])
