"""Compares the header of a WAV file with what is there.

libsndfile reads a file that was cut off as a shorter one, without a word.
"""

import os
import struct
from typing import BinaryIO

#: Programs that write to a pipe do not know the length: they write 0, or a size from here on.
UNKNOWN_SIZE = 0x7FFF0000


def missing_seconds(path: str | os.PathLike) -> float:
    """Return how much sound the header of a WAV file promises beyond its end; 0 for other files.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0.0
        return _missing_seconds(file)


def _missing_seconds(file: BinaryIO) -> float:
    bytes_per_second = 0
    while len(chunk := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            missing = file.tell() + size - os.fstat(file.fileno()).st_size
            known = 0 < size < UNKNOWN_SIZE and bytes_per_second
            return max(0, missing) / bytes_per_second if known else 0.0
        start = file.tell()
        if name == b"fmt ":
            # kind and channels, 2 bytes each; samples a second, bytes a second
            fields = file.read(12)
            bytes_per_second = struct.unpack("<HHII", fields)[3] if len(fields) == 12 else 0
        file.seek(start + size + size % 2)
    return 0.0
