"""Tables of utterances: tab-separated UTF-8 text, one header line, no quoting, no escapes.

This is how fairseq reads its TSV files, so a field can hold neither a tab nor a line break.
"""

import codecs
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interactive_st.data.text_encoding import refuse_utf16
from interactive_st.errors import BadRow, BadRowsError, DataError
from interactive_st.wording import counted
from interactive_st.writing import replacing

#: A field with one of these would break the table, or fairseq's reading of it.
FORBIDDEN = {"\t": "a tab", "\n": "a line break", "\r": "a carriage return", "\0": "a NUL"}

#: What spreadsheets write where a tab is needed.
SEPARATORS = {",": "commas", ";": "semicolons"}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a manifest by column name, and its line number (the header is line 1)."""

    number: int
    fields: dict[str, str]


def stream_manifest(
    path: str | os.PathLike, split: str = "", required: Sequence[str] = ()
) -> tuple[list[str], Iterator[Line | BadRow]]:
    """Read the header of a manifest, and row after row as they are asked for, bad ones among them.

    Empty lines at the end are left out; a byte order mark and CRLF line ends are accepted.

    Args:
        path: the file.
        split: the split that bad rows are reported for.
        required: columns that must be there.

    Returns:
        the columns, and the rows in file order.

    Raises:
        DataError: the file cannot be read, which may turn out later, or its header is wrong, so that no row
            has a meaning.
    """
    lines = _raw_lines(path)
    header = next(lines, None)
    if header is None:
        raise DataError(f"{path}: is empty; a manifest begins with a header line")
    columns = _read_header(path, header, required)
    return columns, (_line(path, split, columns, number, raw) for number, raw in enumerate(lines, start=2))


def set_apart(rows: Iterable[Line | BadRow], bad: list[BadRow]) -> Iterator[Line]:
    """Yield the good rows of `stream_manifest`, and put the others into `bad` on the way."""
    for row in rows:
        if isinstance(row, Line):
            yield row
        else:
            bad.append(row)


def read_manifest(path: str | os.PathLike) -> list[dict[str, str]]:
    """Return the rows of a manifest as dictionaries of strings, columns in file order.

    Raises:
        DataError: the file or its header cannot be read.
        BadRowsError: rows are malformed; all of them are listed.
    """
    bad: list[BadRow] = []
    rows = [line.fields for line in set_apart(stream_manifest(path)[1], bad)]
    if bad:
        raise BadRowsError(bad, "correct these lines:")
    return rows


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
    rows = iter(rows)
    if columns is None:
        first = next(rows, None)
        if first is None:
            raise DataError(f"{path}: no rows and no columns to write; give `columns`")
        columns, rows = list(first), itertools.chain([first], rows)
    if len(columns) < 2:
        raise DataError(f"{path}: a manifest has at least two columns, got {list(columns)}")
    header = dict(zip(columns, columns, strict=True))
    with replacing(Path(path)) as unfinished, open(unfinished, "wb") as file:
        for number, row in enumerate(itertools.chain([header], rows), start=1):
            unknown = [name for name in row if name not in columns]
            if unknown:
                raise DataError(f"{path}:{number}: {unknown} not among the columns {list(columns)}")
            values = ((name, row.get(name)) for name in columns)
            fields = [
                _check_field(path, number, name, "" if value is None else str(value))
                for name, value in values
            ]
            file.write(("\t".join(fields) + "\n").encode("utf-8"))


def clean_text(text: str) -> str:
    """Strip a field and make every white-space character in it a plain space.

    fairseq splits pieces at any white space, so a no-break space would break a piece in two.
    """
    return re.sub(r"\s", " ", text).strip()


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


def _raw_lines(path: str | os.PathLike) -> Iterator[bytes]:
    """Yield what stands between the line feeds of a file, without a byte order mark and empty lines at its
    end."""
    empty: list[bytes] = []  # lines that are left out where nothing comes after them
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file):
                if number == 0:
                    refuse_utf16(path, line)
                    line = line.removeprefix(codecs.BOM_UTF8)
                line = line.removesuffix(b"\n")
                if line.strip():
                    yield from empty
                    empty.clear()
                    yield line
                else:
                    empty.append(line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def _line(path: str | os.PathLike, split: str, columns: list[str], number: int, raw: bytes) -> Line | BadRow:
    try:
        return Line(number, _read_row(raw, columns))
    except ValueError as error:
        first = raw.split(b"\t")[0].decode("utf-8", "replace").strip()
        return BadRow(split, str(path), number, first, str(error))


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
