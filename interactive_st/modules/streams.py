"""The streams of text that a system writes, and their names in options and checkpoints."""

from interactive_st.conventions import BOTH, STREAM_CODES
from interactive_st.errors import SettingError

Streams = tuple[int, ...]

#: ``both`` texts, the transcript alone (``asr``), or the translation alone (``st``).
STREAMS: dict[str, Streams] = {
    "both": BOTH,
    **{name: (stream,) for stream, name in enumerate(STREAM_CODES)},
}


def parse_streams(name: str) -> Streams:
    """The streams that ``name`` stands for.

    Raises:
        SettingError: for an unknown name.
    """
    if name not in STREAMS:
        raise SettingError(f"streams must be one of {', '.join(STREAMS)}, not {name!r}; set it by --arch")
    return STREAMS[name]
