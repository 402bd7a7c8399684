"""Compares the header of a WAV file with what is there.

libsndfile silently reads a file that was cut off as a shorter one, and one whose header was never finished
as an empty one.
"""

import os
import struct
from typing import NamedTuple

from interactive_st.data.audio.file_size import UNKNOWN_SIZE


class DataChunk(NamedTuple):
    """The samples of a WAV file, in bytes: ``place`` and ``there`` as they are, ``promised`` as its header
    says, and so ``riff``, the size of the file without its first 8 bytes."""

    place: int
    promised: int
    riff: int
    there: int
    bytes_per_second: int


def missing_seconds(path: str | os.PathLike) -> float:
    """Return how much sound the header of a WAV file promises beyond its end; 0 for other files.

    Raises:
        OSError: the file cannot be read.
    """
    chunk = _data_chunk(path)
    if chunk is None or not 0 < chunk.promised < UNKNOWN_SIZE or not chunk.bytes_per_second:
        return 0.0
    return max(0, chunk.promised - chunk.there) / chunk.bytes_per_second


def is_unfinished(path: str | os.PathLike) -> bool:
    """Whether a WAV file says that it holds nothing, as the first thing a recorder writes, and goes on.

    Raises:
        OSError: the file cannot be read.
    """
    chunk = _data_chunk(path)
    if chunk is None or chunk.promised or not chunk.there:
        return False
    # chunks that follow an empty one are counted by the file
    return chunk.riff + 8 <= chunk.place or chunk.riff >= UNKNOWN_SIZE


def _data_chunk(path: str | os.PathLike) -> DataChunk | None:
    """Return where the samples of a file are; None if it is not a WAV file, or has none."""
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        (riff,), bytes_per_second = struct.unpack_from("<I", head, 4), 0
        while len(chunk := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", chunk)
            start = file.tell()
            if name == b"data":
                there = os.fstat(file.fileno()).st_size - start
                return DataChunk(start, size, riff, there, bytes_per_second)
            if name == b"fmt ":
                # kind and channels, 2 bytes each; samples per second, bytes per second
                fields = file.read(12)
                bytes_per_second = struct.unpack("<HHII", fields)[3] if len(fields) == 12 else 0
            file.seek(start + size + size % 2)
    return None
