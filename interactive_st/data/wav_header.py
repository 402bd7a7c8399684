"""Compares the header of a WAV file with what is there.

libsndfile reads a file that was cut off as a shorter one, without a word, and one whose header was never
finished as an empty one.
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


def is_unfinished(path: str | os.PathLike) -> bool:
    """Whether a WAV file says that it holds nothing, as the first thing a recorder writes, and goes on.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return False
        (size,) = struct.unpack_from("<I", head, 4)
        while len(chunk := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", chunk)
            if name == b"data":
                place = file.tell()
                # chunks that follow an empty one are counted by the file
                is_last = size + 8 <= place or size >= UNKNOWN_SIZE
                return length == 0 and is_last and place < os.fstat(file.fileno()).st_size
            file.seek(length + length % 2, os.SEEK_CUR)
    return False


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
