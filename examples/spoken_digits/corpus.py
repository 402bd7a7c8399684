"""Utterances of spoken digits, made by joining recordings of the Free Spoken Digit Dataset.

A recording is one digit said by one speaker (``{digit}_{speaker}_{take}.wav``). Takes 0–4 are the
data set's own test set and are never used in training.
"""

from __future__ import annotations

import functools
import math
import multiprocessing
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from examples.spoken_digits.readings import transcript, translation

RATE = 8000  # Hz, of the recordings and of what is written here
TEST_TAKES = range(0, 5)
_NAME = re.compile(r"(\d)_([^_]+)_(\d+)\.wav")
_FRAME = RATE // 50  # samples in 20 ms
_LOUDEST = 0.97  # of full scale: what is louder after a gain is scaled down
GAIN = 3.0  # decibels that perturbed digits are louder or softer at most
SNR = (10.0, 50.0)  # decibels: from a noisy room to a studio
SLOPE = (0.0, 2.0)  # of the spectrum of the noise: from a hiss (white) to a rumble (brown)
_OWN_SPEED = 0.25  # of ``perturb``: what each digit's speed differs from its utterance's


@dataclass(frozen=True, order=True)
class Take:
    """One recording: ``digit`` said by ``speaker`` for the ``number``-th time."""

    speaker: str
    digit: int
    number: int
    path: Path


@dataclass(frozen=True)
class Utterance:
    """Recordings to join, with the pauses before them and what training does to the sound.

    ``pauses`` are seconds, one per take; ``gains`` are factors and ``speeds`` too, one per take: 1.1 is
    10 % faster and higher. ``snr`` is how many decibels the noise of another room is below the speech,
    infinite for none; its power falls with the frequency to the power of ``slope``. ``noise_seed``
    draws it and the noise in the pauses.
    """

    id: str
    speaker: str
    takes: tuple[Take, ...]
    pauses: tuple[float, ...]
    gains: tuple[float, ...]
    speeds: tuple[float, ...]
    snr: float
    slope: float
    noise_seed: int

    @property
    def digits(self) -> tuple[int, ...]:
        return tuple(take.digit for take in self.takes)

    def row(self, audio: str) -> dict[str, str]:
        """The manifest row of this utterance, its sound being in ``audio``."""
        return {
            "id": self.id,
            "audio": audio,
            "src_text": transcript(self.digits),
            "tgt_text": translation(self.digits),
            "speaker": self.speaker,
            "src_lang": "en",
            "tgt_lang": "de",
        }


@dataclass(frozen=True)
class Shape:
    """What utterances are like. Pauses in seconds; ``perturb`` and ``noisy`` are for training only.

    ``perturb`` = 0.2 plays each utterance at a speed between 0.8 and 1.2, each digit another quarter
    of that away from it, and up to 3 dB louder or softer: to a model every utterance is then another
    speaker. ``noisy`` is the share of utterances that get noise, ``SNR`` decibels below the speech.
    ``short`` draws n pairs with a probability of 1 / n, so that each length holds equally many
    digits: in what order a decoder has to read is learnt on short utterances first.
    """

    pairs: tuple[int, int] = (1, 5)
    pause: tuple[float, float] = (0.05, 0.25)
    perturb: float = 0.0
    noisy: float = 0.0
    short: bool = False


def list_takes(recordings: Path) -> list[Take]:
    """All recordings in a folder, sorted.

    Raises ``FileNotFoundError`` where it holds none.
    """
    matches = ((_NAME.fullmatch(path.name), path) for path in sorted(recordings.glob("*.wav")))
    takes = [Take(m[2], int(m[1]), int(m[3]), path) for m, path in matches if m]
    if not takes:
        raise FileNotFoundError(
            f"{recordings}: no recordings named like 7_george_12.wav; name the folder `recordings` "
            "of a checkout of the Free Spoken Digit Dataset "
            "(https://github.com/Jakobovski/free-spoken-digit-dataset)"
        )
    return sorted(takes)


def select(takes: Iterable[Take], speakers: Sequence[str], numbers: Iterable[int]) -> list[Take]:
    """The takes of some speakers with some take numbers."""
    numbers = frozenset(numbers)
    return [take for take in takes if take.speaker in speakers and take.number in numbers]


def draw(
    takes: Sequence[Take],
    split: str,
    count: int,
    seed: int,
    shape: Shape,
    avoid: frozenset[tuple[Take, ...]] = frozenset(),
) -> list[Utterance]:
    """``count`` utterances made of ``takes``, the speakers equally often.

    What a speaker says in a split depends on the seed, the split's name and the speaker alone, so
    adding speakers or lengthening another split changes nothing. Recordings are used evenly: all of
    a digit's takes once before any is used again. Utterances in ``avoid`` are drawn anew.

    Raises ``ValueError`` where a speaker has no recording of some digit.
    """
    by_speaker: dict[str, list[Take]] = defaultdict(list)
    for take in takes:
        by_speaker[take.speaker].append(take)
    speakers = sorted(by_speaker)
    if not speakers:
        raise ValueError(f"no recordings for the set {split!r}: check the speakers chosen")
    utterances: list[Utterance] = []
    for place, speaker in enumerate(speakers):
        share = count // len(speakers) + (place < count % len(speakers))
        drawn = _of_one_speaker(by_speaker[speaker], speaker, split, seed, shape)
        while share:
            utterance = next(drawn)
            if utterance.takes not in avoid:
                utterances.append(utterance)
                share -= 1
    return utterances


def render(utterance: Utterance) -> np.ndarray:
    """The sound of an utterance: (samples,) float32 at ``RATE``."""
    noise = np.random.default_rng(utterance.noise_seed)
    recordings = [_read(take.path) for take in utterance.takes]
    # A pause is as loud as the speaker's own silence: digital zero would mark the joints.
    level = float(np.median([quietest for _, quietest in recordings]))
    pieces = []
    joined = zip(recordings, utterance.pauses, utterance.gains, utterance.speeds, strict=True)
    for (samples, _), pause, gain, speed in joined:
        if speed != 1.0:
            samples = soxr.resample(samples, RATE * speed, RATE, quality="MQ")
        pieces += [level * noise.standard_normal(round(pause * RATE)), gain * samples]
    pieces.append(level * noise.standard_normal(round(utterance.pauses[0] * RATE)))
    sound = np.concatenate(pieces).astype(np.float32)
    if utterance.snr < math.inf:
        sound += _loudness(sound) * 10 ** (-utterance.snr / 20) * _hum(len(sound), utterance.slope, noise)
    return sound * min(1.0, _LOUDEST / max(float(np.abs(sound).max()), 1e-9))


def write_audio(
    utterances: Sequence[Utterance], folder: Path, inside: str, processes: int = 1
) -> Iterator[dict[str, str]]:
    """Write each utterance to ``folder/inside/<id>.flac`` (16 bit) and yield its manifest row.

    The manifest is meant to lie in ``folder``: paths in it are relative, so both can be moved.
    """
    (folder / inside).mkdir(parents=True, exist_ok=True)
    jobs = [(utterance, folder, f"{inside}/{utterance.id}.flac") for utterance in utterances]
    if processes == 1:
        yield from map(_write, jobs)
        return
    with multiprocessing.Pool(processes) as pool:
        yield from pool.imap(_write, jobs, chunksize=16)


def _write(job: tuple[Utterance, Path, str]) -> dict[str, str]:
    utterance, folder, audio = job
    soundfile.write(folder / audio, render(utterance), RATE, subtype="PCM_16")
    return utterance.row(audio)


def _of_one_speaker(
    takes: Sequence[Take], speaker: str, split: str, seed: int, shape: Shape
) -> Iterator[Utterance]:
    of_digit = [[take for take in takes if take.digit == digit] for digit in range(10)]
    for digit, found in enumerate(of_digit):
        if not found:
            raise ValueError(f"speaker {speaker!r}: no recording of digit {digit} for {split!r}")
    random = np.random.default_rng([seed, zlib.crc32(f"{split}:{speaker}".encode())])
    decks: list[list[Take]] = [[] for _ in range(10)]
    number = 0
    while True:
        if shape.short:
            lengths = np.arange(shape.pairs[0], shape.pairs[1] + 1)
            length = 2 * int(random.choice(lengths, p=(1 / lengths) / (1 / lengths).sum()))
        else:
            length = 2 * int(random.integers(shape.pairs[0], shape.pairs[1] + 1))
        chosen = []
        for digit in random.integers(10, size=length):
            if not decks[digit]:
                order = random.permutation(len(of_digit[digit]))
                decks[digit] = [of_digit[digit][i] for i in order]
            chosen.append(decks[digit].pop())
        decibels = random.uniform(-GAIN, GAIN, length) * (shape.perturb > 0)
        pauses = random.uniform(*shape.pause, length)
        voice = random.uniform(-1.0, 1.0)
        noise_seed = int(random.integers(2**31))
        # of its own seed, so that it can be left out or changed and the same is said all the same
        room = np.random.default_rng([noise_seed, 1])
        speeds = 1.0 + shape.perturb * (voice + _OWN_SPEED * room.uniform(-1.0, 1.0, length))
        yield Utterance(
            id=f"{split}_{speaker}_{number:05d}",
            speaker=speaker,
            takes=tuple(chosen),
            pauses=tuple(pauses.tolist()),
            gains=tuple((10.0 ** (decibels / 20.0)).tolist()),
            speeds=tuple(speeds.tolist()),
            snr=float(room.uniform(*SNR)) if room.random() < shape.noisy else math.inf,
            slope=float(room.uniform(*SLOPE)),
            noise_seed=noise_seed,
        )
        number += 1


def _loudness(sound: np.ndarray) -> float:
    """Root mean square of the speech in an utterance: that of its louder frames of 20 ms."""
    frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    return float(np.sqrt(np.percentile((frames**2).mean(axis=1), 90)))


def _hum(length: int, slope: float, random: np.random.Generator) -> np.ndarray:
    """Noise, (length,) float32 of root mean square 1; its power falls with frequency ** slope."""
    size = 1 << (length - 1).bit_length()  # other sizes take ten times as long
    spectrum = np.fft.rfft(random.standard_normal(size))
    # flat below 80 Hz, where recordings of speech hold nothing
    frequency = np.maximum(np.fft.rfftfreq(size, 1.0 / RATE), 80.0)
    hum = np.fft.irfft(spectrum * frequency ** (-slope / 2), size)[:length]
    return (hum / hum.std()).astype(np.float32)


@functools.lru_cache(maxsize=2048)  # each is used many times, and all of them are some 25 MB
def _read(path: Path) -> tuple[np.ndarray, float]:
    """The samples of a recording, and the root mean square of its quietest 20 ms.

    The latter is at least one step of 16-bit sound.
    """
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    frames = mono[: len(mono) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    levels = np.sqrt((frames**2).mean(axis=1))
    return mono, max(float(levels.min()) if len(levels) else 0.0, 1.0 / 32768)
