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
        except OSError as error:
            setattr(error, MARK, True)
            raise

    return call


def is_of_standard_output(error: BaseException) -> bool:
    """Return whether standard output raised it."""
    return hasattr(error, MARK)


def drop_output() -> None:
    """Give what Python flushes once more at exit a place where that succeeds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
