"""Recordings to decode: files, read whole or block by block, and samples in memory."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import soundfile
import soxr

from interactive_st.data.audio import media
from interactive_st.data.audio.channels import one_channel
from interactive_st.data.audio.file_size import require_whole
from interactive_st.data.audio.refusals import cut_off, require_audio_file, require_finite, unreadable
from interactive_st.data.audio.wav_header import missing_seconds
from interactive_st.data.audio.waveform import SLACK, load_audio, needs_pyav
from interactive_st.errors import DataError

#: What is read at a time from a long file.
BLOCK_SECONDS = 10.0
#: Media files that seem to be longer than this (seconds) are decoded once only: it is known at their end how
#: long they are. Whether others are is decided by their exact length.
SEEMS_LONG = 600.0
#: Samples in memory that reach this (full scale = 1.0) are whole numbers that became floats, as fairseq's
#: `get_waveform` returns them.
NOT_SCALED = 100.0


class Source(Protocol):
    """A recording of one channel at any rate."""

    name: str | None
    #: seconds; of a long one it may be an estimate until it was read
    duration: float

    def whole(self, rate: int) -> np.ndarray:
        """Return all samples at `rate`, shape (N,), float32, full scale = 1.0."""

    def blocks(self, rate: int) -> Iterator[np.ndarray]:
        """Yield the same samples piece by piece."""


def open_file(path: str | os.PathLike) -> Source:
    """Return a file's recording; what `FileSource` and `MediaSource` raise is raised."""
    _check_file(os.fspath(path))
    with _reading(path):
        require_whole(path)
        return (MediaSource if needs_pyav(path) else FileSource)(path)


class _File:
    """What recordings in files have in common."""

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = os.fspath(path)
        self.name: str | None = self.path
        _check_file(self.path)

    def whole(self, rate: int) -> np.ndarray:
        return load_audio(self.path, rate)[0]


class MediaSource(_File):
    """A file that PyAV reads, as of a phone or a video.

    Raises:
        DataError: it is missing or not readable, holds no sound, or PyAV is not installed.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__(path)
        exact = media.seconds(self.path, SEEMS_LONG)
        self._is_estimate = exact is None
        self.duration = media.estimated_seconds(self.path) if exact is None else exact
        self._require_sound()

    def whole(self, rate: int) -> np.ndarray:
        samples = super().whole(rate)
        if self._is_estimate:
            self.duration = len(samples) / rate
        return samples

    def blocks(self, rate: int) -> Iterator[np.ndarray]:
        own_rate, blocks = media.sound(self.path)
        yield from _resampled(self._counted(blocks, own_rate), own_rate, rate)

    def _counted(self, blocks: Iterator[np.ndarray], rate: int) -> Iterator[np.ndarray]:
        count = 0
        for block in blocks:
            count += len(block)
            yield block
        if self._is_estimate:
            self.duration = count / rate
            self._require_sound()

    def _require_sound(self) -> None:
        if not self.duration:
            raise DataError(f"{self.path}: zero length")


class FileSource(_File):
    """A file that soundfile reads.

    Raises:
        DataError: it is missing, no audio, empty, or a WAV file that was cut off.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__(path)
        with _reading(self.path):
            info, missing = soundfile.info(self.path), missing_seconds(self.path)
        if missing > SLACK:
            raise cut_off(self.path, info.duration, info.duration + missing)
        if not info.frames:
            raise DataError(f"{self.path}: zero length")
        self.duration = info.frames / info.samplerate

    def blocks(self, rate: int) -> Iterator[np.ndarray]:
        with _reading(self.path), soundfile.SoundFile(self.path) as file:
            yield from _resampled(self._read(file), file.samplerate, rate)

    def _read(self, file: soundfile.SoundFile) -> Iterator[np.ndarray]:
        size, done = round(BLOCK_SECONDS * file.samplerate), 0
        # not file.blocks, which fills what cannot be read with the samples of the block before
        while len(block := file.read(size, dtype="float32", always_2d=True)):
            require_finite(self.path, block)
            done += len(block)
            yield one_channel(block.T)
        if file.frames - done > SLACK * file.samplerate:
            raise cut_off(self.path, done / file.samplerate, file.frames / file.samplerate)


class ArraySource:
    """Samples in memory.

    Args:
        samples: a numpy array or a tensor, shape (N,), (channels, N) or (N, channels), the shorter
            side being taken for the channels; floats with full scale = 1.0, or integers of at most 32 bits.
        sample_rate: their rate in Hz.

    Raises:
        DataError: these are not samples, or floats far beyond full scale.
    """

    name = None

    def __init__(self, samples: Any, sample_rate: int) -> None:
        if hasattr(samples, "detach"):  # a tensor; numpy has no bfloat16
            samples = samples.detach().cpu()
            samples = (samples.float() if samples.is_floating_point() else samples).numpy()
        samples = np.asarray(samples)
        if samples.dtype.kind == "i" and samples.itemsize == 8:
            raise DataError(
                "samples of type int64, which numpy and torch make of a list of whole numbers: no recording "
                "has 64 bits, so full scale is not known; give them in their own type, as int16 or int32"
            )
        if samples.dtype.kind not in "if":
            raise DataError(f"samples of type {samples.dtype}: floats or signed integers are expected")
        full_scale = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1.0
        if samples.ndim == 2 and samples.size:
            samples = samples.mean(axis=int(samples.shape[1] <= samples.shape[0]))
        if samples.ndim != 1 or not samples.size:
            raise DataError(f"samples of shape {samples.shape}: (N,) or (channels, N) is expected")
        with np.errstate(over="ignore"):
            # before the check: a large number of 64 bits is infinite in 32
            samples = np.ascontiguousarray(samples, dtype=np.float32)
        if full_scale != 1.0:  # here, so that whole numbers become no floats of 64 bits on the way
            samples /= np.float32(full_scale)
        if not np.isfinite(samples).all():
            raise DataError("the samples hold NaN, or values that are infinite as 32-bit numbers")
        largest = max(samples.max(), -samples.min())
        if largest >= NOT_SCALED:
            raise DataError(
                f"the samples reach {largest:g}, and full scale of floats is 1.0; divide them by that of the "
                "whole numbers that they were, 32768 of int16"
            )
        self.samples, self.rate = samples, sample_rate
        self.duration = len(samples) / sample_rate

    def whole(self, rate: int) -> np.ndarray:
        if rate == self.rate:
            return self.samples
        return soxr.resample(self.samples, self.rate, rate, quality="HQ")

    def blocks(self, rate: int) -> Iterator[np.ndarray]:
        size = round(BLOCK_SECONDS * self.rate)
        pieces = (self.samples[i : i + size] for i in range(0, len(self.samples), size))
        yield from _resampled(pieces, self.rate, rate)


def _resampled(blocks: Iterator[np.ndarray], rate: int, wanted: int) -> Iterator[np.ndarray]:
    if rate == wanted:
        yield from blocks
        return
    resampler = soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)


@contextlib.contextmanager
def _reading(path: str | os.PathLike) -> Iterator[None]:
    """Raise DataError for what soundfile and the system raise of a file in the block."""
    try:
        yield
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise unreadable(path, error) from error


def _check_file(path: str) -> None:
    """Raise DataError if it is not a file, or has a name that neither soundfile takes nor a document."""
    require_audio_file(path)
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{path!r}: its name is not {error.encoding} text; rename it") from error
