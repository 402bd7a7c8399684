"""Tells errors raised by standard output from other OSErrors, and lets a process outlive its reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any, TextIO

#: Attribute of a stream whose errors are marked, and of these errors.
MARK = "_of_standard_output"


def mark_errors() -> None:
    """Let what standard output raises from now on be told by `is_of_standard_output`."""

    def mark(error: Exception, *written: Any) -> None:
        setattr(error, MARK, True)
        raise error

    _intercept(sys.stdout, MARK, mark)


def replace_closed_errors() -> None:
    """Give what is written to standard error a place where that succeeds, if it is closed: progress bars
    and libraries in C write to whatever has its number."""
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def outlive_reader(stream: TextIO) -> None:
    """Let a process go on when nobody reads its output any more, as in ``fairseq-generate … | head``.

    Writing to a closed pipe raises BrokenPipeError, which would end the decoding before its other
    results are complete. From the first such error on, what is written to the stream is dropped.
    The stream itself is changed, since fairseq's tools and logging hold on to it.

    Args:
        stream: ``sys.stdout``; one that is not a file of the operating system is left as it is.
    """

    def drop(error: Exception, *written: Any) -> int | None:
        if not isinstance(error, BrokenPipeError):
            raise error
        _send_nowhere(stream)  # also what is still in the buffer, flushed when the process ends
        return len(written[0]) if written else None

    _intercept(stream, "_outlives_reader", drop)


def _intercept(stream: TextIO | None, mark: str, answer: Callable[..., Any]) -> None:
    """Let a stream of the operating system call `answer` with an error and what was to be written.

    Args:
        stream: others are left as they are.
        mark: attribute of a stream that says that this was done.
        answer: returns what `write` or `flush` would, or raises.
    """
    if isinstance(stream, TextIOWrapper) and not hasattr(stream, mark):
        setattr(stream, mark, True)
        for name in ("write", "flush"):
            setattr(stream, name, _answering(getattr(stream, name), answer))


def _answering(method: Callable[..., Any], answer: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        try:
            return method(*args)
        except (OSError, UnicodeEncodeError) as error:
            return answer(error, *args)

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
    _send_nowhere(sys.stdout)


def _send_nowhere(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
