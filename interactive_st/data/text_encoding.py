"""Lines of UTF-8 texts, and what is said of a text in another encoding."""

import codecs
import os
from pathlib import Path

from interactive_st.errors import DataError

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def refuse_utf16(path: str | os.PathLike, content: bytes) -> None:
    """Refuse UTF-16, recognised by a BOM or a NUL in the first line.

    Raises:
        DataError: it is UTF-16.
    """
    if content.startswith(_UTF16_MARKS) or b"\0" in content.split(b"\n", 1)[0]:
        raise DataError(f"{path}: is UTF-16 text; save it as UTF-8")


def split_lines(path: str | os.PathLike, content: bytes) -> list[bytes]:
    """Return what stands between the line feeds of a text, without a byte order mark.

    Raises:
        DataError: it is UTF-16.
    """
    refuse_utf16(path, content)
    return content.removeprefix(codecs.BOM_UTF8).split(b"\n")


def not_utf8(path: str | os.PathLike, error: UnicodeDecodeError) -> DataError:
    """Return the error for a file that could not be decoded; it names the line."""
    try:
        content = Path(path).read_bytes() if os.path.isfile(path) else b""  # a pipe is read only once
        refuse_utf16(path, content)
    except OSError:
        content = b""
    except DataError as refused:
        return refused
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return DataError(f"{path}:{number}: not UTF-8 text ({error.reason}); save the file as UTF-8")
    return DataError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8")
