"""Tells errors of writing to standard output from all others; networks fail without a file name too."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

#: Attribute of a stream whose errors are marked, and of these errors.
MARK = "_of_standard_output"


def mark_errors() -> None:
    """Let what standard output raises from now on be told by `is_of_standard_output`."""
    stream = sys.stdout
    if isinstance(stream, TextIOWrapper) and not hasattr(stream, MARK):
        setattr(stream, MARK, True)
        for name in ("write", "flush"):
            setattr(stream, name, _marking(getattr(stream, name)))


def _marking(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        try:
            return method(*args)
        except (OSError, UnicodeEncodeError) as error:
            setattr(error, MARK, True)
            raise

    return call


def is_of_standard_output(error: BaseException) -> bool:
    """Return whether standard output raised it."""
    return hasattr(error, MARK)


def why_not_written(error: OSError | UnicodeEncodeError) -> str:
    """Return what is wrong with standard output, and how to fix it."""
    if isinstance(error, UnicodeEncodeError):
        encoding, character = error.encoding, ascii(error.object[error.start])
        return f"standard output is {encoding} text, without {character}; set PYTHONIOENCODING=utf-8:replace"
    return f"standard output cannot be written ({error.strerror}); send it elsewhere"


def drop_output() -> None:
    """Give what Python flushes once more at exit a place where that succeeds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
