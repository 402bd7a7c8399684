"""Tones in the place of recorded digits, in the layout of the Free Spoken Digit Dataset."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from examples.spoken_digits.corpus import RATE

#: Each speaker's lowest tone, in Hz.
SPEAKERS = {"ann": 200.0, "bob": 300.0, "cem": 400.0}


def write_takes(folder: Path, speakers: Iterable[str], takes: Iterable[int]) -> None:
    """Write these takes of every digit by every speaker, as tones of 0.1 s at the original's rate."""
    takes, time = tuple(takes), np.arange(RATE // 10) / RATE
    for speaker in speakers:
        for digit in range(10):
            for take in takes:
                tone = 0.3 * np.sin(2 * np.pi * (SPEAKERS[speaker] + 40 * digit + take) * time)
                soundfile.write(folder / f"{digit}_{speaker}_{take}.wav", tone, RATE)
