"""Reads tables as pandas writes them with ``escapechar="\\\\"``: tabs, no quoting, backslash escapes.

This is how fairseq's recipes read and write theirs: a quotation mark in a sentence may be ``\\"`` there.
"""

import csv
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from interactive_st.data.manifest import check_separator
from interactive_st.data.text_encoding import not_utf8, refuse_utf16
from interactive_st.errors import DataError
from interactive_st.wording import counted


def read_escaped_table(
    path: str | os.PathLike,
    required: Sequence[str],
    *,
    exact: bool = False,
    watch: Callable[[Iterable[str]], Iterable[str]] = iter,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the fields of each row by column, escapes undone.

    Args:
        path: the table; its first line names the columns.
        required: columns that must be there.
        exact: refuse rows without a field for each column; else the required ones are enough.
        watch: is given the lines of the file and passes them on.

    Raises:
        DataError: it cannot be read, lacks a column, or a row has too few fields.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            refuse_utf16(path, first.encode())
            lines = watch(itertools.chain([first], file))
            reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\")
            header = next(reader, [])
            missing = [name for name in required if name not in header]
            if missing:
                check_separator(path, header)
                raise DataError(
                    f"{path}:1: no column {', '.join(missing)}; the header has {', '.join(header)}"
                )
            needed = 1 + max(header.index(name) for name in required)
            for fields in reader:
                if not fields:  # an empty line, which fairseq's reader passes over too
                    continue
                if len(fields) < needed or (exact and len(fields) != len(header)):
                    found = counted(len(fields), "field")
                    raise DataError(
                        f"{path}:{reader.line_num}: {found} where the header has {len(header)}; "
                        "correct the line"
                    )
                yield reader.line_num, dict(zip(header, fields, strict=False))
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: cannot be read ({error}); correct the line") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error
