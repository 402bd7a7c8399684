"""Counts what an mp3 file holds, beside what it says that it holds.

libsndfile believes the header of the first frame, or guesses from the size of the file where there is none:
of files put behind each other it silently reads the first alone, and of others a part.

Source of the tables: ISO/IEC 11172-3, section 2.4.2.3, and 13818-3, section 2.4.2.3 (layer III).
"""

import os
from collections.abc import Iterator

#: kbit/s by the four bits of a frame's header; 0 stands for a rate that it does not tell.
KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
#: Hz by the two header bits for the rate (MPEG-1), and its divisor by those for the version.
RATES = (44100, 48000, 32000)
DIVISORS = {3: 1, 2: 2, 0: 4}
ID3V1_BYTES = 128
#: In the first frame: of LAME and its like, for variable and constant rates, and of Fraunhofer's encoder.
HEADERS = (b"Xing", b"Info", b"VBRI")


def seconds_of_frames(path: str | os.PathLike) -> float:
    """Return how long the frames of an mp3 file are together; 0 for other files.

    It ends at the first thing that is neither frame nor tag, so it is what is there for certain.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(4)
        # so that of a large file that is something else not more than that is read
        if head[:3] != b"ID3" and _frame(head) is None:
            return 0.0
        return sum(samples / rate for samples, rate in _frames(head + file.read()))


def says_its_length(path: str | os.PathLike) -> bool:
    """Whether the first frame is a Xing/Info/VBRI header instead of sound.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        place, head = 0, file.read(10)
        while head[:3] == b"ID3" and len(head) == 10:
            place += _id3v2_bytes(head)
            file.seek(place)
            head = file.read(10)
        frame = _frame(head)
        return frame is not None and any(name in file.read(frame[0] - len(head)) for name in HEADERS)


def _frames(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the samples and the rate of each frame."""
    place = 0
    while len(head := content[place : place + 10]) >= 4:
        frame = _frame(head)
        if frame is not None:
            size, samples, rate = frame
            if place + size > len(content):
                return
            yield samples, rate
            place += size
        elif head[:3] == b"ID3" and len(head) == 10:
            place += _id3v2_bytes(head)
        elif head[:3] == b"TAG":
            place += ID3V1_BYTES
        else:
            return


def _frame(head: bytes) -> tuple[int, int, int] | None:
    """Bytes, samples and rate of the frame with this header; None if it is none of layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in DIVISORS or not 0 < bits < 15 or rate == 3:
        return None
    hertz = RATES[rate] // DIVISORS[version]
    kbits, samples = (KBITS_1[bits], 1152) if version == 3 else (KBITS_2[bits], 576)
    return samples // 8 * kbits * 1000 // hertz + (head[2] >> 1 & 1), samples, hertz


def _id3v2_bytes(head: bytes) -> int:
    size = 0
    for byte in head[6:10]:  # seven bits each
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)  # a footer
