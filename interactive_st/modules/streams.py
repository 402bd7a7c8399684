"""The streams of text that a system writes, and their names in options and checkpoints."""

from .wait_k import TRANSCRIPT, TRANSLATION

Streams = tuple[int, ...]

#: ``both`` texts, the transcript alone (``asr``), or the translation alone (``st``).
STREAMS: dict[str, Streams] = {
    "both": (TRANSCRIPT, TRANSLATION),
    "asr": (TRANSCRIPT,),
    "st": (TRANSLATION,),
}


def parse_streams(name: str) -> Streams:
    """The streams that ``name`` stands for.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in STREAMS:
        raise ValueError(f"streams must be one of {', '.join(STREAMS)}, not {name!r}; set it by --arch")
    return STREAMS[name]
