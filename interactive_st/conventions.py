"""Names and numbers that all parts share; light, so that the command line can import them."""

from collections.abc import Mapping
from typing import Any

#: What fairseq knows the task and the criterion of this package by.
TASK, CRITERION = "joint_speech_to_text", "joint_label_smoothed_cross_entropy"
#: The streams of text, by index, everywhere.
TRANSCRIPT, TRANSLATION = 0, 1
#: What each stream is called.
STREAM_NAMES = ("transcript", "translation")
#: The same for short: in options and logs, and for a model of that stream alone.
STREAM_CODES = ("asr", "st")
#: The streams of a model that writes both texts.
BOTH = (TRANSCRIPT, TRANSLATION)
#: How two beams are kept, see `interactive_st.search`.
SEARCHES = RANK, JOINT = ("rank", "joint")
#: Frame rate of Kaldi filterbanks (10 ms shift).
FRAMES_PER_SECOND = 100


def option_name(name: str) -> str:
    """Return the option of a command line whose value argparse calls `name`."""
    return "--" + name.replace("_", "-")


def given(args: object, options: Mapping[str, Any]) -> list[str]:
    """Return those of the options that are given, as they are written: ``--mt-path``.

    Args:
        args: has them, or some of them, as attributes.
        options: their names, with what they are without being given; None always is.
    """
    values = ((name, getattr(args, name, usual), usual) for name, usual in options.items())
    return [option_name(name) for name, value, usual in values if value not in (usual, None)]
