"""Files of sound, written as phones and cameras do, by PyAV; and those that a folder has."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import soundfile

FRAME = 1024  # samples; of AAC


def write_media(
    path: Path,
    samples: np.ndarray,
    rate: int,
    codec: str = "aac",
    *,
    start: float = 0.0,
    video: float = 0.0,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a file whose name tells its format.

    Args:
        samples: (N,) or (channels, N), float32; one or two channels.
        start: when the sound begins, in seconds.
        video: seconds of moving pictures beside the sound; 0: none.
        options: of the format, as ``{"movflags": "+faststart"}``.
    """
    samples = np.atleast_2d(samples).astype(np.float32)
    layout = ("mono", "stereo")[len(samples) - 1]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options or {}) as container:
        pictures = container.add_stream("mpeg4", rate=10) if video else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream(codec, rate=rate, layout=layout)
        if pictures is not None:
            for _ in range(round(10 * video)):
                picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        resampler = av.AudioResampler(format=sound.format.name, layout=layout, rate=rate)
        for frame in frames(samples, rate, layout, round(start * rate)):
            for part in resampler.resample(frame):
                container.mux(sound.encode(part))
        container.mux(sound.encode(None))
    return path


def frames(samples: np.ndarray, rate: int, layout: str, first: int) -> Iterator[av.AudioFrame]:
    """Yield samples, (channels, N), as frames; the first is sample number `first` of the file."""
    for place in range(0, samples.shape[1], FRAME):
        part = np.ascontiguousarray(samples[:, place : place + FRAME])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, first + place
        yield frame


def write_silent_video(path: Path) -> Path:
    """Write a video without sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def piped_flac(path: Path, samples: np.ndarray, rate: int) -> Path:
    """Write a FLAC file as a program does that cannot go back to note its length."""
    soundfile.write(path, samples, rate)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # of STREAMINFO the number of samples, 36 bits
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path


def files(folder: Path) -> list[str]:
    """The files below a folder, by their places in it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
