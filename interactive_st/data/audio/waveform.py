"""Reads audio, whole or a segment of it, as one channel at a chosen rate."""

import functools
import os

import numpy as np
import soundfile
import soxr

from interactive_st.data.audio import media
from interactive_st.data.audio.channels import one_channel
from interactive_st.data.audio.file_size import require_whole
from interactive_st.data.audio.mp3_frames import says_its_length, seconds_of_frames
from interactive_st.data.audio.refusals import cut_off, require_audio_file, require_finite, unreadable
from interactive_st.data.audio.wav_header import is_unfinished, missing_seconds
from interactive_st.errors import DataError

#: Corpora give times rounded to hundredths of a second: a segment may end this much after its
#: recording (seconds) and is then cut at the end.
SLACK = 0.010
#: Tolerated difference between the frames of an mp3 file and its header (seconds): encoders pad both ends.
ENCODER_PADDING = 1.0
#: libsndfile gives 2^63 - 1 frames where a header does not say how many: from here on, none are believed.
UNKNOWN_FRAMES = 2**40


def load_audio(
    path: str | os.PathLike,
    sample_rate: int | None = None,
    offset: float = 0.0,
    duration: float | None = None,
) -> tuple[np.ndarray, int]:
    """Read a wav, flac, ogg or mp3 file, or a segment of it, of any rate and channel count.

    So are other formats of libsndfile, and with PyAV m4a, mp4 and those of `interactive_st.data.audio.media`.
    Of libsndfile's only the segment is read. Channels are averaged, then resampled by soxr (HQ).

    Args:
        path: the file.
        sample_rate: wanted rate in Hz; the file's own if None.
        offset: start of the segment in seconds.
        duration: length of the segment in seconds; to the end of the file if None.

    Returns:
        samples, shape (N,), float32, full scale = 1.0, and their rate in Hz.

    Raises:
        DataError: the file is missing, unreadable, empty, holds NaN or infinite samples, or
            the segment is not inside it; or PyAV is needed and not installed.
    """
    _check_times(path, offset, duration)
    require_audio_file(path)
    try:
        require_whole(path)
        mono, rate = (_read_media if needs_pyav(path) else _read_file)(path, offset, duration)
        if sample_rate is not None and sample_rate != rate:
            mono = soxr.resample(mono, rate, sample_rate, quality="HQ")
            rate = sample_rate
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    # soundfile raises TypeError for headerless formats, which it knows by the file name; a damaged header may
    # promise more than fits into the memory, or than numpy can count
    except (soundfile.SoundFileError, TypeError, ValueError, MemoryError) as error:
        raise unreadable(path, error) from error
    return np.ascontiguousarray(mono, dtype=np.float32), rate


def _read_media(path: str | os.PathLike, offset: float, duration: float | None) -> tuple[np.ndarray, int]:
    samples, rate = media.whole(path)
    start, length = _locate(path, len(samples), rate, offset, duration)
    return samples[start : start + length].copy(), rate


def _read_file(path: str | os.PathLike, offset: float, duration: float | None) -> tuple[np.ndarray, int]:
    missing = missing_seconds(path)
    with soundfile.SoundFile(path) as file:
        rate = file.samplerate
        frames = file.frames + round(missing * rate)
        start, length = _locate(path, frames, rate, offset, duration)
        if start:
            file.seek(min(start, file.frames))
        samples = file.read(length, dtype="float32", always_2d=True)
    if length - len(samples) > SLACK * rate:
        raise cut_off(path, len(samples) / rate, length / rate)
    require_finite(path, samples)
    return one_channel(samples.T), rate


@functools.lru_cache(maxsize=1)
def _is_misjudged(path: str, changed: int) -> bool:
    try:
        why = _why_misjudged(path)
    except soundfile.LibsndfileError:
        if not media.is_recognised(path):
            raise
        return True
    if why:
        media.require_reader(path, f"{why}; PyAV reads it")
    return bool(why)


def _why_misjudged(path: str) -> str:
    """What libsndfile does not see of a file; empty where it sees it all."""
    if is_unfinished(path):
        return (
            "its header says that it holds nothing, as of a WAV file that was written to a pipe or not "
            "finished"
        )
    there, info = seconds_of_frames(path), soundfile.info(path)
    if not there:  # no mp3 file
        unknown = "its header does not say how long it is, as of a FLAC file that was written to a pipe"
        return unknown if info.frames >= UNKNOWN_FRAMES else ""
    announced = info.duration
    a_part = there - announced > ENCODER_PADDING
    # one that says it was cut off
    too_long = announced - there > ENCODER_PADDING and not says_its_length(path)
    if not (a_part or too_long):
        return ""
    return (
        f"holds {there:.2f} s and libsndfile takes it for {announced:.2f} s, as mp3 files put one behind the "
        "other, or some without a header"
    )


def needs_pyav(path: str | os.PathLike) -> bool:
    """Whether a file is one for `interactive_st.data.audio.media`: by its name, as an mp3 file of which
    libsndfile would read a part, or expect more than there is, as a WAV file that it would take for empty, as
    a FLAC file of which it would not know the length, or as one that libsndfile cannot read and PyAV can.

    Raises:
        DataError: it is such an mp3, WAV or FLAC file, and PyAV is not installed.
        OSError, soundfile.SoundFileError: it cannot be read.
    """
    return media.is_media(path) or _is_misjudged(os.fspath(path), os.stat(path).st_mtime_ns)


def _check_times(path: str | os.PathLike, offset: float, duration: float | None) -> None:
    if not (np.isfinite(offset) and offset >= 0):
        raise DataError(f"{path}: offset must be at least 0 seconds, got {offset}")
    if duration is not None and not (np.isfinite(duration) and duration > 0):
        raise DataError(f"{path}: duration must be more than 0 seconds, got {duration}")


def _locate(
    path: str | os.PathLike, frames: int, rate: int, offset: float, duration: float | None
) -> tuple[int, int]:
    """Return the first sample of a segment and how many it has."""
    if frames == 0:
        raise DataError(f"{path}: zero length")
    start = round(min(offset * rate, UNKNOWN_FRAMES))  # 1e308 s are infinitely many samples
    if start >= frames:
        raise DataError(
            f"{path}: offset {offset:g} s is beyond the end of the audio ({frames / rate:.2f} s)"
        )
    if duration is None:
        return start, frames - start
    length = round(min(duration * rate, UNKNOWN_FRAMES))
    if start + length - frames > SLACK * rate:
        raise DataError(
            f"{path}: the segment ends at {offset + duration:g} s, beyond the end of the audio "
            f"({frames / rate:.2f} s)"
        )
    return start, min(length, frames - start)
