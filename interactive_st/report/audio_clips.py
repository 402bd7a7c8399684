"""Recordings of utterances as short clips inside a page."""

import io
from collections.abc import Iterable
from pathlib import Path

from interactive_st.data.audio.suffixes import is_recording
from interactive_st.data.manifest import clean_text, set_apart, stream_manifest
from interactive_st.data.utterances import read_times
from interactive_st.errors import DataError
from interactive_st.report.html import data_url, escape

HIGHEST_RATE = 16000


def clip(path: Path, offset: float = 0.0, duration: float | None = None, longest: float = 15.0) -> str:
    """An audio player with the recording, or a segment of it, as FLAC of at most 16 kHz.

    Args:
        path: the file.
        offset: start of the segment in seconds.
        duration: its length in seconds; None = to the end.
        longest: seconds of the clip; what is longer is cut off, and the page says so.

    Raises:
        DataError: the file cannot be read.
    """
    import soundfile
    import soxr

    from interactive_st.data.audio.waveform import load_audio

    samples, rate = load_audio(path, None, offset, duration)
    cut = len(samples) > longest * rate
    if cut:
        samples = samples[: int(longest * rate)]
    if rate > HIGHEST_RATE:
        samples, rate = soxr.resample(samples, rate, HIGHEST_RATE, quality="HQ"), HIGHEST_RATE
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format="FLAC", subtype="PCM_16")
    note = f'<span class="soft">the first {longest:g} s</span>' if cut else ""
    return f'<audio controls preload="none" src="{data_url("audio/flac", content.getvalue())}"></audio>{note}'


class Recordings:
    """Where the recordings of utterances are, from manifests.

    Args:
        manifests: tables with the columns ``id`` and ``audio``, and maybe ``offset`` and ``duration``;
            relative paths are relative to the manifest. Rows whose audio is not a recording (features in
            an archive) are passed over, and so are bad ones; of two rows with one id the first counts.

    Raises:
        DataError: a manifest cannot be read.
    """

    def __init__(self, manifests: Iterable[Path]) -> None:
        #: Whether manifests have rows that name features in place of recordings.
        self.names_features = False
        #: The first file that a manifest names and that is not there.
        self.gone: Path | None = None
        #: or why there is none
        self._places: dict[str, tuple[Path, float, float | None] | DataError] = {}
        for manifest in manifests:
            for line in set_apart(stream_manifest(manifest)[1], []):
                row = line.fields
                name = row.get("audio", "").strip()
                if "id" not in row or not is_recording(name):
                    self.names_features |= bool(name)
                    continue
                try:
                    place = (manifest.parent / name, *read_times(row))
                except DataError as error:
                    place = DataError(f"{manifest}:{line.number}: {error}")
                self._places.setdefault(clean_text(row["id"]), place)

    def player(self, utterance: str, longest: float) -> str:
        """HTML of the utterance's player, or why it has none; empty where there is no recording of it."""
        place = self._places.get(utterance)
        if isinstance(place, DataError):
            return _lacking(place)
        if place is None:
            return ""
        if not place[0].is_file():
            self.gone = self.gone or place[0]
            return ""
        try:
            return clip(*place, longest=longest)
        except DataError as error:
            return _lacking(error)


def _lacking(error: DataError) -> str:
    return f'<p class="soft">no recording: {escape(str(error))}</p>'
