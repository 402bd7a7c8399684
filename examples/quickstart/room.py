"""The room around a sentence: the quiet before and after it, and the noise that is always there.

A synthesiser begins with the first sound of a sentence and has no noise. People press a button and wait, and
videos begin with silence. A model that has never heard any of it goes astray there, since features are
normalised by utterance: half a second of digital silence before 40 test sentences raised WER from 0 to 94 %.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

LONGEST = 0.6  # seconds of quiet before a sentence, and after it
NOISE = (-80.0, -45.0)  # of a room, in decibels below full scale
DIGITAL = 0.3  # share of the utterances with digital silence, as edited recordings have it


@dataclass(frozen=True)
class Room:
    """Seconds of quiet before and after, and noise in decibels below full scale, None for none at all."""

    before: float
    after: float
    noise: float | None


def draw(rng: random.Random) -> Room:
    """A room; half of the sides have no quiet, as where a recording was cut to the sentence."""
    before, after = (max(0.0, round(rng.uniform(-LONGEST, LONGEST), 2)) for _ in range(2))
    return Room(before, after, None if rng.random() < DIGITAL else round(rng.uniform(*NOISE), 1))


def put_into(samples: np.ndarray, rate: int, room: Room, seed: int) -> np.ndarray:
    """The sound of `samples`, (N,), full scale 1, in a room: (N + quiet,); `seed` draws the noise."""
    sound = np.pad(samples, (round(room.before * rate), round(room.after * rate)))
    if room.noise is None:
        return sound
    return sound + 10 ** (room.noise / 20) * np.random.default_rng(seed).standard_normal(len(sound))
