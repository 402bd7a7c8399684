"""Compares the size that a file says it has with what is there.

libsndfile and FFmpeg read a file of these formats that was cut off as a shorter one, silently.

Sources: Apple's AIFF-C draft of 1991 and Core Audio Format Specification, EBU Tech 3306 (RF64), RFC 8794
(EBML, Matroska), RFC 3533 (Ogg), and for Wave64, AU and NIST SPHERE libsndfile's src/w64.c, src/au.c and
src/nist.c.
"""

import os
import struct
from typing import BinaryIO

from interactive_st.errors import DataError

#: Programs that write to a pipe do not know the size: they write 0, or a size from here on.
UNKNOWN_SIZE = 0x7F000000
#: Tolerated difference (bytes): writers disagree on whether header and padding count.
TOLERATED = 64
HEAD_BYTES = 1024
SPHERE = b"NIST_1A\n"
W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
#: An Ogg page begins with this and its version; it has this many bytes before its table, and at most so many.
OGG_PAGE, OGG_HEAD_BYTES, OGG_PAGE_BYTES = b"OggS\x00", 27, 65307
#: Where in a page its flags are, the one of a stream's first page, and where the number of its stream is.
OGG_FLAGS, OGG_FIRST, OGG_STREAM = 5, 2, slice(14, 18)
#: What a CAF file begins with, and each of its chunks: a kind and a size, -1 if that was not known.
CAF, CAF_HEAD_BYTES, CHUNK = b"caff\x00\x01", 8, struct.Struct(">4sq")
EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def require_whole(path: str | os.PathLike) -> None:
    """Make sure that an AIFF, CAF, W64, RF64, AU, AVI, Matroska or SPHERE file has the size that it says, and
    that the last page of an Ogg file is whole, and of a stream that the file begins with.

    Raises:
        DataError: it was cut off, or libsndfile would read the first of several recordings alone.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        head, size, tolerated = file.read(HEAD_BYTES), os.fstat(file.fileno()).st_size, TOLERATED
        if head.startswith(OGG_PAGE):
            (promised, stream), tolerated = _last_page(file, size), 0
        elif head.startswith(CAF):
            promised, stream = _promised_bytes_of_caf(file, size), b""
        else:
            promised, stream = _promised_bytes(head), b""
    if promised - size > tolerated:
        raise DataError(
            f"{path}: damaged or cut off, {size} of {promised} bytes are there; copy it anew, or write "
            "what is there to a new file, as by ffmpeg -i FILE new.flac"
        )
    if stream and (first := _first_streams(head)) and stream not in first:
        raise DataError(
            f"{path}: holds several recordings, one behind the other, of which the first alone would be "
            "read; join them, as by ffmpeg -i FILE new.flac"
        )


def _promised_bytes(head: bytes) -> int:
    """Return the size of the file with this beginning; at most 8 if it does not say."""
    if len(head) < 28:
        return 0
    if head[:4] == EBML:
        return _promised_bytes_of_matroska(head)
    if head.startswith(SPHERE):
        return _promised_bytes_of_sphere(head)
    if head[:16] == W64:
        return struct.unpack_from("<q", head, 16)[0]
    if head[:4] in (b"RF64", b"BW64") and head[8:16] == b"WAVEds64":
        return struct.unpack_from("<q", head, 20)[0] + 8
    before, size = 8, 0
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        (size,) = struct.unpack_from(">I", head, 4)
    elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        (size,) = struct.unpack_from("<I", head, 4)
    elif head[:4] == b".snd":
        before, size = struct.unpack_from(">II", head, 4)
    return before + size if 0 < size < UNKNOWN_SIZE else 0


def _promised_bytes_of_caf(file: BinaryIO, size: int) -> int:
    """Return where the samples end, 0 if it does not say; chunks of any size may stand before them."""
    end, kind, length = CAF_HEAD_BYTES, b"", 1
    while kind != b"data" and length > 0 and end + CHUNK.size <= size:
        file.seek(end)
        kind, length = CHUNK.unpack(file.read(CHUNK.size))
        end += CHUNK.size + length
    return end if length > 0 else 0


def _last_page(file: BinaryIO, size: int) -> tuple[int, bytes]:
    """Return where the last page of an Ogg file ends, and the number of its stream; 0 and nothing if there is
    none near the end of the file."""
    start = max(0, size - OGG_PAGE_BYTES)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(OGG_PAGE)
    if place < 0:
        return 0, b""
    page = tail[place:]
    return start + place + _page_bytes(page), page[OGG_STREAM]


def _page_bytes(page: bytes) -> int:
    segments = page[OGG_HEAD_BYTES - 1] if len(page) >= OGG_HEAD_BYTES else 0
    end = OGG_HEAD_BYTES + segments
    return end + sum(page[OGG_HEAD_BYTES:end])


def _first_streams(head: bytes) -> set[bytes]:
    """Return the numbers of the streams that an Ogg file begins with; none if there may be more of them."""
    found, page = set(), head
    while len(page) >= OGG_HEAD_BYTES and page[OGG_FLAGS] & OGG_FIRST:
        found.add(page[OGG_STREAM])
        page = page[_page_bytes(page) :]
    return found if len(page) >= OGG_HEAD_BYTES else set()


def _promised_bytes_of_matroska(head: bytes) -> int:
    length, place = _variable(head, 4)
    place += length
    if head[place : place + 4] != SEGMENT:
        return 0
    size, place = _variable(head, place + 4)
    return place + size if size else 0


def _promised_bytes_of_sphere(head: bytes) -> int:
    """The header is text: its own size, then a name, a type and a value in each line."""
    lines = [line.split() for line in head.partition(b"end_head")[0].splitlines()]
    fields = {line[0]: line[2] for line in lines if len(line) == 3}
    if b"," in fields.get(b"sample_coding", b""):  # compressed, which libsndfile refuses
        return 0
    try:
        before = int(lines[1][0])
        each = int(fields[b"sample_n_bytes"]) * int(fields.get(b"channel_count", 1))
        return before + each * int(fields[b"sample_count"])
    except (IndexError, KeyError, ValueError):
        return 0


def _variable(head: bytes, place: int) -> tuple[int, int]:
    """Return a number of variable length, 0 for an unknown one, and the place behind it."""
    count = 9 - head[place : place + 1].rjust(1, b"\0")[0].bit_length()
    bits = 7 * count
    number = int.from_bytes(head[place : place + count], "big") & ((1 << bits) - 1)
    return (0 if number == (1 << bits) - 1 else number), place + count
