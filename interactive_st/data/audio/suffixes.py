"""Which files are recordings, by their names."""

import os
from pathlib import Path

from interactive_st.data.audio import media

#: What soundfile or PyAV reads and people call recordings, by the end of the name.
RECORDINGS = frozenset(
    {".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".nist", ".oga", ".ogg", ".opus"}
    | {".rf64", ".snd", ".sph", ".voc", ".w64", ".wav"}
    | media.EXTENSIONS
)


def is_recording(path: str | os.PathLike) -> bool:
    """Whether a file is one that `interactive_st.data.audio.waveform.load_audio` reads, by its name."""
    return Path(path).suffix.lower() in RECORDINGS
