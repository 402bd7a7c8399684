"""Tables of utterances: tab-separated UTF-8 text, one header line, no quoting, no escapes.

This is how fairseq reads its TSV files, so a field can hold neither a tab nor a line break.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interactive_st.data.text_encoding import split_lines
from interactive_st.errors import BadRow, BadRowsError, DataError
from interactive_st.wording import counted
from interactive_st.writing import replacing

#: A field with one of these would break the table, or fairseq's reading of it.
FORBIDDEN = {"\t": "a tab", "\n": "a line break", "\r": "a carriage return", "\0": "a NUL"}

#: What spreadsheets write where a tab is needed.
SEPARATORS = {",": "commas", ";": "semicolons"}


@dataclass(frozen=True)
class Line:
    """A row of a manifest by column name, and its line number (the header is line 1)."""

    number: int
    fields: dict[str, str]


def scan_manifest(
    path: str | os.PathLike, split: str = "", required: Sequence[str] = ()
) -> tuple[list[str], list[Line], list[BadRow]]:
    """Read a manifest and collect, rather than raise, what is wrong with single rows.

    Empty lines at the end are left out; a byte order mark and CRLF line ends are accepted.

    Args:
        path: the file.
        split: the split that bad rows are reported for.
        required: columns that must be there.

    Returns:
        the columns, the well-formed rows and the bad ones, both in file order.

    Raises:
        DataError: the file cannot be read, or its header is wrong, so that no row has a meaning.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    lines = split_lines(path, content)
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError(f"{path}: is empty; a manifest begins with a header line")
    columns = _read_header(path, lines[0], required)
    rows, bad = [], []
    for number, raw in enumerate(lines[1:], start=2):
        try:
            rows.append(Line(number, _read_row(raw, columns)))
        except ValueError as error:
            first = raw.split(b"\t")[0].decode("utf-8", "replace").strip()
            bad.append(BadRow(split, str(path), number, first, str(error)))
    return columns, rows, bad


def read_manifest(path: str | os.PathLike) -> list[dict[str, str]]:
    """Return the rows of a manifest as dictionaries of strings, columns in file order.

    Raises:
        DataError: the file or its header cannot be read.
        BadRowsError: rows are malformed; all of them are listed.
    """
    _, rows, bad = scan_manifest(path)
    if bad:
        raise BadRowsError(bad, "correct these lines:")
    return [row.fields for row in rows]


def write_manifest(
    path: str | os.PathLike,
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[str] | None = None,
) -> None:
    """Write rows as a manifest; the file appears at once, when it is complete.

    Args:
        path: the file; one that exists is replaced.
        rows: one mapping per row; a column that a row lacks, or has as None, is left empty.
        columns: the columns in order; those of the first row if not given.

    Raises:
        DataError: a field holds a tab, a line break or a NUL, a row has a column that is not in
            `columns`, or there are neither rows nor columns.
    """
    rows = list(rows)
    if columns is None:
        if not rows:
            raise DataError(f"{path}: no rows and no columns to write; give `columns`")
        columns = list(rows[0])
    if len(columns) < 2:
        raise DataError(f"{path}: a manifest has at least two columns, got {list(columns)}")
    lines = ["\t".join(_check_field(path, 1, str(name), name) for name in columns)]
    for number, row in enumerate(rows, start=2):
        unknown = [name for name in row if name not in columns]
        if unknown:
            raise DataError(f"{path}:{number}: {unknown} not among the columns {list(columns)}")
        values = ((name, row.get(name)) for name in columns)
        fields = [
            _check_field(path, number, name, "" if value is None else str(value))
            for name, value in values
        ]
        lines.append("\t".join(fields))
    with replacing(Path(path)) as unfinished:
        unfinished.write_bytes(("\n".join(lines) + "\n").encode("utf-8"))


def clean_text(text: str) -> str:
    """Strip a field and make every white-space character in it a plain space.

    fairseq splits pieces at any white space, so a no-break space would break a piece in two.
    """
    return "".join(" " if character.isspace() else character for character in text).strip()


def check_separator(path: str | os.PathLike, columns: Sequence[str]) -> None:
    """Refuse a header whose columns are separated by commas or semicolons.

    Raises:
        DataError: it was.
    """
    for character, what in SEPARATORS.items():
        if len(columns) == 1 and character in columns[0]:
            raise DataError(
                f"{path}:1: columns are separated by tabs, not {what}; the header is {columns[0]!r}"
            )


def _read_header(path: str | os.PathLike, raw: bytes, required: Sequence[str]) -> list[str]:
    header = raw.removesuffix(b"\r")
    if b"\r" in header:
        raise DataError(f"{path}:1: a carriage return in the header; save the file with line feeds instead")
    try:
        columns = header.decode("utf-8").split("\t")
    except UnicodeDecodeError as error:
        reason = f"the header is not UTF-8 text ({error.reason}); save the file as UTF-8"
        raise DataError(f"{path}:1: {reason}") from error
    missing = [name for name in required if name not in columns]
    if missing:
        check_separator(path, columns)
        raise DataError(
            f"{path}:1: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; the "
            f"header, separated by tabs, has {', '.join(columns)}"
        )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise DataError(f"{path}:1: the header has {', '.join(twice)} twice; remove one")
    return columns


def _read_row(raw: bytes, columns: Sequence[str]) -> dict[str, str]:
    try:
        fields = raw.removesuffix(b"\r").decode("utf-8").split("\t")
    except UnicodeDecodeError as error:
        at = f"at byte {error.start + 1} of the line"
        raise ValueError(f"not UTF-8 text {at}; save the file as UTF-8") from error
    if len(fields) != len(columns):
        raise ValueError(
            f"{counted(len(fields), 'field')} where the header has {len(columns)} "
            "(a tab or a line break inside a field, or a column missing)"
        )
    for name, field in zip(columns, fields, strict=True):
        for character, what in FORBIDDEN.items():
            if character in field:
                raise ValueError(f"{what} in {name}")
    return dict(zip(columns, fields, strict=True))


def _check_field(path: str | os.PathLike, number: int, name: str, value: str) -> str:
    for character, what in FORBIDDEN.items():
        if character in value:
            raise DataError(f"{path}:{number}: {what} in {name}: {value!r}; remove it")
    return value
