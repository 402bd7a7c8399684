"""Sound of phones and videos (m4a, mp4, webm, mkv …), which libsndfile does not read, by PyAV.

PyAV brings FFmpeg's libraries with it. It is optional: ``pip install av``.
"""

import contextlib
import importlib
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from interactive_st.data.audio.channels import one_channel
from interactive_st.data.audio.refusals import cut_off, require_finite
from interactive_st.errors import DataError

#: Suffixes read by PyAV; files that libsndfile knows are left to it.
EXTENSIONS = frozenset(
    {".3g2", ".3gp", ".aac", ".ac3", ".amr", ".ape", ".asf", ".avi", ".dts", ".eac3", ".f4v", ".flv", ".m2ts"}
    | {".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".qt"}
    | {".ts", ".tta", ".vob", ".webm", ".wma", ".wmv", ".wv"}
)
#: FFmpeg's names of formats that it knows for certain by how a file begins; it takes noise for some others,
#: and playlists for what they name.
CERTAIN = "amr,ape,asf,avi,caf,flv,matroska,mov,mpegts,mxf,ogg,rm,tta,wv"
#: Where no sound is given for this long, there is silence, so that times remain those of the video (seconds).
GAP = 0.05
#: The longest that is filled where the file states no duration (seconds): damage makes gaps as well.
LONGEST_GAP = 3600.0
#: Undecodable packets tolerated before the first frame: recordings of broadcasts begin in the middle of one.
STRAY = 16
#: Sound that ends more than this before the stated duration was cut off (seconds); AAC frames last 23 ms.
CUT_OFF = 0.25
#: What is handed on at a time (seconds).
BLOCK = 10.0
#: Formats that know the length of each of their streams; others guess it, or know that of the longest.
EXACT = frozenset({"ape", "mp4", "tta", "wv"})
#: What `whole` returned last, by path and time of change.
_last: dict[tuple[str, int], tuple[np.ndarray, int]] = {}


def is_media(path: str | os.PathLike) -> bool:
    """Whether a file is read by PyAV, by its name."""
    return Path(path).suffix.lower() in EXTENSIONS


def is_recognised(path: str | os.PathLike) -> bool:
    """Whether a file holds sound that PyAV reads, by its content; False where PyAV is not installed."""
    try:
        with _opened(path, {"format_whitelist": CERTAIN}):
            return True
    except DataError:
        return False


def require_reader(
    path: str | os.PathLike, why: str = "files of this kind are read by PyAV, which is not installed"
) -> None:
    """Make sure that PyAV is there to read a file.

    Args:
        path: the file.
        why: what the message says of it.

    Raises:
        DataError: it is not installed, or not whole.
    """
    try:
        importlib.import_module("av")
    except ImportError as error:
        raise DataError(
            f"{path}: {why}: pip install av; or write it anew, as by ffmpeg -i FILE new.flac"
        ) from error


def estimated_seconds(path: str | os.PathLike) -> float:
    """Return how long a file says or seems to be, which takes no time; 0 where nothing is known.

    Raises:
        DataError: it is not readable, or holds no sound.
    """
    with _opened(path) as (container, _):
        return (container.duration or 0) / _microseconds()


def seconds(path: str | os.PathLike, longest: float = math.inf) -> float | None:
    """Return the duration; most containers do not state it exactly, and then the file is decoded once.

    Args:
        path: the file.
        longest: None is returned instead of decoding a file that seems to be longer than this.

    Raises:
        DataError: as `sound`.
    """
    with _opened(path) as (container, stream):
        earliest, latest = _promised(container, stream)
        seeming = (container.duration or 0) / _microseconds()
    if earliest == latest:
        return latest
    if seeming > longest:
        return None
    rate, blocks = sound(path)
    return sum(len(block) for block in blocks) / rate


def whole(path: str | os.PathLike) -> tuple[np.ndarray, int]:
    """Return the samples of a file, (N,), float32, not to be written to, and their rate in Hz.

    The last one is remembered: corpora cut one recording into many segments, listed one after the other, and
    places in compressed sound are exact from the beginning on only.

    Raises:
        DataError: as `sound`.
    """
    key = (os.fspath(path), os.stat(path).st_mtime_ns)
    found = _last.get(key)
    if found is None:
        _last.clear()  # before the next one comes: an hour takes 700 MB
        rate, blocks = sound(path)
        samples = np.concatenate([np.empty(0, dtype=np.float32), *blocks])
        samples.flags.writeable = False
        found = _last[key] = (samples, rate)
    return found


def sound(path: str | os.PathLike) -> tuple[int, Iterator[np.ndarray]]:
    """Return the rate of a file's sound in Hz, and its samples block by block.

    It is the stream that a player takes, its channels averaged: (n,), float32, full scale = 1.0. Sample 0 is
    where the video begins.

    Raises:
        DataError: it is not readable, holds no sound, or, while blocks are taken, is damaged or was cut off.
    """
    with _opened(path) as (_, stream):
        rate = stream.codec_context.sample_rate
    return rate, _blocks(path, rate)


def _blocks(path: str | os.PathLike, rate: int) -> Iterator[np.ndarray]:
    for block in _joined(_pieces(path, rate), round(BLOCK * rate)):
        require_finite(path, block)
        yield block


def _joined(pieces: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Join pieces to blocks of at least `size` samples, the last of which may be shorter."""
    waiting, count = [], 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        if count >= size:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if count:
        yield np.concatenate(waiting)


def _pieces(path: str | os.PathLike, rate: int) -> Iterator[np.ndarray]:
    """Yield the samples as they are decoded, silence where there are none."""
    import av

    with _opened(path) as (container, stream):
        begin = (container.start_time or 0) / _microseconds()
        end = (container.duration or 0) / _microseconds()
        earliest, latest = _promised(container, stream)
        kind, done = None, 0
        try:
            for frame in _frames(container, stream):
                place = done if frame.time is None else round((frame.time - begin) * rate)
                # a file that was written while it was recorded, as by a browser, does not know its end
                last = end * rate or done + LONGEST_GAP * rate
                if GAP * rate < place - done and place <= last:
                    yield from _silence(place - done, rate)
                    done = place
                new_kind = (frame.format.name, frame.layout.name, frame.sample_rate)
                if new_kind != kind:  # as in broadcasts and joined files; it takes frames of one kind
                    kind, resampler = new_kind, av.AudioResampler(format="fltp", rate=rate)
                for part in resampler.resample(frame):
                    samples = one_channel(part.to_ndarray())
                    if latest < math.inf:  # the last frame is filled up
                        samples = samples[: max(0, round(latest * rate) - done)]
                    yield samples
                    done += len(samples)
        except (av.FFmpegError, ValueError) as error:
            raise DataError(
                f"{path}: damaged, {done / rate:.2f} s could be read ({_reason(error)})"
            ) from error
        if earliest - done / rate > CUT_OFF:
            raise cut_off(path, done / rate, latest)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Yield what is decoded.

    What is not a frame is left out before the first one, and in mp3 files everywhere, as libsndfile does:
    those put behind each other have tags in the middle.

    Raises:
        av.FFmpegError: something else cannot be decoded, or nothing can.
    """
    import av

    began, failed = False, []
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            failed.append(error)
            if container.format.name != "mp3" and (began or len(failed) > STRAY):
                raise
            continue
        yield from frames
        began = began or bool(frames)
    if failed and not began:
        raise failed[0]


def _promised(container: Any, stream: Any) -> tuple[float, float]:
    """Return when the sound ends at the earliest and at the latest.

    Both are seconds from the beginning of the video. They differ where the sound begins late: if it was also
    trimmed by an editor, FFmpeg counts that time twice.
    """
    if EXACT.isdisjoint(container.format.name.split(",")) or stream.duration is None:
        return 0.0, math.inf
    start = float((stream.start_time or 0) * stream.time_base)
    latest = start + float(stream.duration * stream.time_base) - (container.start_time or 0) / _microseconds()
    return latest - max(0.0, start), latest


def _silence(count: int, rate: int) -> Iterator[np.ndarray]:
    size = round(BLOCK * rate)
    for done in range(0, count, size):
        yield np.zeros(min(size, count - done), dtype=np.float32)


@contextlib.contextmanager
def _opened(
    path: str | os.PathLike, options: Mapping[str, str] | None = None
) -> Iterator[tuple[Any, Any]]:
    """Open a file, with FFmpeg's options if need be; yields its container and its sound."""
    require_reader(path)
    import av

    try:
        # what stands before a colon in a name is not a protocol
        container = av.open(
            f"file:{os.fspath(path)}", metadata_errors="replace", options=dict(options or {})
        )
    except (av.FFmpegError, ValueError) as error:
        raise DataError(f"{path}: not readable as audio ({_reason(error)})") from error
    with container:
        stream = container.streams.best("audio")
        if stream is None:
            raise DataError(f"{path}: holds no sound")
        if stream.codec_context is None:  # a phone may write a second track that only itself can play
            stream = next((each for each in container.streams.audio if each.codec_context is not None), None)
        if stream is None:
            raise DataError(f"{path}: its sound is coded in a way that PyAV does not know; export it as AAC")
        if (container.format.name, stream.codec_context.name) == ("caf", "alac"):
            # its last frame is short, and FFmpeg takes off once more what it is short of
            stream.codec_context.flags2 |= av.codec.context.Flags2.skip_manual
        yield container, stream


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _microseconds() -> int:
    import av

    return av.time_base
