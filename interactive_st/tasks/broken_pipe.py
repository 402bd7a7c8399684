"""Standard output whose reader may leave before the end, as in ``fairseq-generate … | head``."""

import os
from io import TextIOWrapper
from typing import Any, TextIO


def outlive_reader(stream: TextIO) -> None:
    """Let a process go on when nobody reads its output any more.

    Writing to a closed pipe raises BrokenPipeError, which would end the decoding before its other
    results are complete. From the first such error on, what is written to the stream is dropped.
    The stream itself is changed, since fairseq's tools and logging hold on to it.

    Args:
        stream: ``sys.stdout``; one that is not a file of the operating system is left as it is.
    """
    if not isinstance(stream, TextIOWrapper) or hasattr(stream, "_outlives_reader"):
        return
    stream._outlives_reader = True
    for name in ("write", "flush"):
        setattr(stream, name, _tolerant(stream, getattr(stream, name)))


def _tolerant(stream: TextIOWrapper, method: Any) -> Any:
    def call(*args: Any) -> Any:
        try:
            return method(*args)
        except BrokenPipeError:
            # also what is still in the buffer, flushed when the process ends, has to go somewhere
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            return len(args[0]) if args else None

    return call
